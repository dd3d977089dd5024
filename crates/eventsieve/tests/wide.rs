//! Filters that ask more of one array element than a gate can count: such an AND is a tree of gates, and nothing of it may get
//! lost.

use eventsieve::{Batch, FilterCriteria, Limits, Sieve, Source, Verdict};

fn element(fields: impl Iterator<Item = usize>) -> String {
    let members: Vec<String> = fields.map(|field| format!("\"k{field}\":1")).collect();
    format!("{{{}}}", members.join(","))
}

#[test]
fn an_and_of_any_width_holds_in_one_element_or_not_at_all() {
    for width in (2..6).chain(31..35).chain([48, 60]).chain(61..68).chain(124..131).chain([200, 256]) {
        let tests: Vec<String> = (0..width).map(|field| format!("\"k{field}\":[1]")).collect();
        let criteria = FilterCriteria::from_patterns([format!("{{\"l\":{{{}}}}}", tests.join(","))]);
        let sieve =
            Sieve::builder(Source::Raw).limits(Limits::none()).compile(&criteria).expect("the pattern is valid");
        let mut scratch = sieve.scratch();
        // The elements beside the one that matters make the array one that is walked element by element.
        let mut records = vec![format!("{{\"l\":[{{}},{},{{}}]}}", element(0..width))];
        let lacking = (0..width).filter(|&field| width < 100 || field % (width / 10) < 2 || field + 2 > width);
        for without in lacking {
            let others = element((0..width).filter(|&field| field != without));
            records.push(format!("{{\"l\":[{{}},{others}]}}"));
            records.push(format!("{{\"l\":[{others},{}]}}", element([without].into_iter())));
        }
        let slices: Vec<&[u8]> = records.iter().map(String::as_bytes).collect();
        let verdicts = sieve.evaluate(&mut scratch, &Batch::from_slices(&slices)).expect("its scratch");
        for (at, (verdict, record)) in verdicts.iter().zip(&records).enumerate() {
            let expected = if at == 0 { Verdict::Match } else { Verdict::NoMatch };
            assert_eq!(*verdict, expected, "{width} fields: {}", &record[..record.len().min(400)]);
        }
    }
}
