//! The search for members: where a filter has no literal, a record without a key whose value passes is not read.

use eventsieve::{Batch, FilterCriteria, Isa, Limits, Sieve, Source, Verdict};

/// Patterns without a literal, and whether they need a member that can be searched for.
const PATTERNS: &[(&str, bool)] = &[
    (r#"{"total":[{"numeric":[">",100]}]}"#, true),
    (r#"{"order":{"total":[{"numeric":[">",100,"<=",200.5]}]}}"#, true),
    (r#"{"total":[150,{"numeric":["<",0]}]}"#, true),
    (r#"{"state":[{"anything-but":["open"]}]}"#, true),
    (r#"{"state":[{"anything-but":{"prefix":"op"}}]}"#, true),
    (r#"{"state":[null]}"#, true),
    (r#"{"flag":[true]}"#, true),
    (r#"{"order":{"state":{"S":[{"anything-but":["open"]}]}}}"#, true),
    (r#"{"total":{"N":[{"numeric":["=",7]}]}}"#, true),
    (r#"{"total":[{"numeric":[">",100]}],"state":[{"anything-but":["open"]}]}"#, true),
    (r#"{"total":[{"numeric":[">",100]}],"gone":[{"exists":false}]}"#, true),
    (r#"{"items":{"total":[{"numeric":[">",100]}],"flag":[false]}}"#, true),
    (r#"{"$or":[{"total":[{"numeric":[">",100]}]},{"flag":[true]}]}"#, true),
    ("{\"total\":[{\"numeric\":[\">\",100]}]}\n{\"order\":{\"total\":[{\"numeric\":[\"<\",5]}]}}", true),
    ("{\"total\":[{\"numeric\":[\">\",100]}]}\n{\"state\":[\"paid\"]}", true),
    (r#"{"addr":[{"cidr":"10.0.0.0/8"}]}"#, true),
    // Any value would do, none is needed, or the key is too short or can be written in other ways.
    (r#"{"total":[{"exists":true}]}"#, false),
    (r#"{"total":[{"exists":false}]}"#, false),
    (r#"{"n":[{"numeric":[">",100]}]}"#, false),
    (r#"{"a/b":[{"numeric":[">",100]}]}"#, false),
    ("{\"total\":[{\"numeric\":[\">\",100]}]}\n{\"gone\":[{\"exists\":false}]}", false),
    // More keys than are searched for at once.
    ("{\"aaa\":[1]}\n{\"bbb\":[1]}\n{\"ccc\":[1]}\n{\"ddd\":[1]}", false),
];

/// Those, and some that ask for one of more texts than are searched for.
fn patterns() -> Vec<(String, bool)> {
    let texts: Vec<String> = (0..100).map(|number| format!("\"text-{number}\"")).collect();
    let many = format!("\"open\",\"paid\",{}", texts.join(","));
    let lines = |pattern: &str, end: &str| -> String {
        ["open", "paid", ""]
            .into_iter()
            .map(str::to_owned)
            .chain((0..97).map(|number| format!("text-{number}")))
            .map(|text| format!("{{{pattern}[\"{text}\"]{end}}}\n"))
            .collect()
    };
    let own = [
        (format!(r#"{{"state":[{many}]}}"#), true),
        (format!(r#"{{"order":{{"state":[{many}]}},"flag":[{{"exists":true}}]}}"#), true),
        (format!(r#"{{"state":[{many}],"total":[{{"exists":false}}]}}"#), true),
        (format!(r#"{{"n":[{many}],"total":[{{"exists":true}}]}}"#), false),
        (format!(r#"{{"state":[{many},{{"anything-but":["x"]}}]}}"#), false),
        (lines(r#""state":"#, ""), true),
        (lines(r#""order":{"state":"#, r#"},"flag":[true]"#), true),
        // One of them asks for nothing like that.
        (lines(r#""state":"#, "") + r#"{"total":[{"exists":true}]}"#, false),
    ];
    PATTERNS.iter().map(|&(patterns, searched)| (patterns.to_owned(), searched)).chain(own).collect()
}

const KEYS: &[&str] = &[
    "\"total\"",
    "\"order\"",
    "\"state\"",
    "\"flag\"",
    "\"items\"",
    "\"addr\"",
    "\"subtotal\"",
    "\"total_\"",
    "\"n\"",
    "\"S\"",
    "\"N\"",
    "\"order.total\"",
    "\"order.state.S\"",
    "\"state.S\"",
    "\"items.total\"",
    "\"total.N\"",
    r#""tot\u0061l""#,
    r#""st\u0061te""#,
    "\"gone\"",
    "\"\"",
    r#""x\"total""#,
    "\"total \"",
];

const VALUES: &[&str] = &[
    "150",
    "1.5e2",
    "100",
    "-1",
    "7",
    "200.50",
    "0",
    "99999999999999999999",
    "true",
    "false",
    "null",
    "\"open\"",
    "\"paid\"",
    "\"op\\u0065n\"",
    "\"op\\/en\"",
    "\"total\\\":150\"",
    "\"10.1.2.3\"",
    "\"\"",
    "\"a \\\"total\\\" : 7\"",
    "[]",
    "{}",
];

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % bound
    }

    fn pick<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }

    fn space(&mut self) -> &'static str {
        self.pick(&["", "", "", "", " ", "\n\t "])
    }

    fn value(&mut self, depth: usize, text: &mut String) {
        match self.below(if depth == 0 { 4 } else { 8 }) {
            0..4 => text.push_str(self.pick(VALUES)),
            4 => {
                text.push('[');
                for at in 0..self.below(3) {
                    text.push_str(if at == 0 { "" } else { "," });
                    self.value(depth - 1, text);
                }
                text.push(']');
            }
            _ => self.object(depth - 1, text),
        }
    }

    fn object(&mut self, depth: usize, text: &mut String) {
        text.push('{');
        for at in 0..1 + self.below(3) {
            text.push_str(if at == 0 { "" } else { "," });
            text.push_str(self.space());
            text.push_str(self.pick(KEYS));
            text.push_str(self.space());
            text.push(':');
            text.push_str(self.space());
            self.value(depth, text);
            text.push_str(self.space());
        }
        text.push('}');
    }
}

fn sieve(patterns: &str) -> Sieve<'static> {
    let criteria = FilterCriteria::from_patterns(patterns.lines());
    Sieve::builder(Source::Raw)
        .limits(Limits::none())
        .compile(&criteria)
        .unwrap_or_else(|errors| panic!("{patterns}: {}", errors.render(None)))
}

fn verdicts(sieve: &Sieve<'_>, batch: &Batch<'_>) -> Vec<Verdict> {
    sieve.evaluate(&mut sieve.scratch(), batch).unwrap().to_vec()
}

#[test]
fn verdicts_are_those_of_records_that_are_read() {
    let mut random = Random(0x5EED_FA11);
    let mut matched = 0;
    for (patterns, _) in &patterns() {
        let records: Vec<String> = (0..3_000)
            .map(|_| {
                let mut record = String::new();
                random.object(3, &mut record);
                record
            })
            .collect();
        let slices: Vec<&[u8]> = records.iter().map(String::as_bytes).collect();
        let sieve = sieve(patterns);
        let expected = verdicts(&sieve.clone().with_prefilter(false), &Batch::from_slices(&slices));
        matched += expected.iter().filter(|&&verdict| verdict == Verdict::Match).count();
        let lines = records.join("\n") + "\n";
        let mut ends = vec![0];
        records.iter().for_each(|record| ends.push(ends[ends.len() - 1] + record.len() + 1));
        for isa in Isa::available() {
            let sieve = sieve.clone().with_isa(isa);
            for batch in [Batch::from_slices(&slices), Batch::from_offsets(lines.as_bytes(), &ends).unwrap()] {
                let found = verdicts(&sieve, &batch);
                for ((record, expected), found) in records.iter().zip(&expected).zip(found) {
                    assert_eq!(found, *expected, "{patterns} on {record} with {}", isa.name());
                }
            }
        }
    }
    assert!(matched > 5_000, "{matched}");
}

#[test]
fn a_record_is_dropped_unread_where_a_member_is_needed() {
    for (patterns, searched) in &patterns() {
        // No object, which is found out as soon as it is read.
        let records: [&[u8]; 1] = [br#"["total","order"]"#];
        let verdict = verdicts(&sieve(patterns), &Batch::from_slices(&records))[0];
        assert_eq!(verdict, if *searched { Verdict::NoMatch } else { Verdict::Malformed }, "{patterns}");
    }
}
