//! Events of every source, made, given and damaged: what is left of one is every byte but those of dropped records.
//!
//! The engine finds what to cut out. Here the event is written anew from what stays, by another reader of JSON, after the
//! same words: the text before the first record, each kept record with the separator that stood before it (the first
//! kept one without), the text after the last; topics and queues that lose all their records are left out likewise.

use eventsieve::{Envelope, EnvelopeErrorKind, FilterCriteria, Sieve, Source, Verdict};

use super::{Tally, Trial};
use crate::generate::{Rng, random_pair};
use crate::reference::json::{Inside, Placed, place_object, text};

/// The trial.
pub const TRIAL: Trial = Trial {
    name: "envelope_splice",
    branches: &[
        "some kept, some dropped",
        "all kept",
        "none kept",
        "a group emptied",
        "list",
        "groups",
        "several lists of one name",
        "malformed",
        "no records",
        "not a record",
        "filtered",
        "source told",
    ],
    run,
    example,
};

/// The sources that have envelopes: name of the member that holds records, and whether it holds groups of them.
const SOURCES: [(Source, &str, bool, &str); 8] = [
    (Source::Sqs, "Records", false, "aws:sqs"),
    (Source::Kinesis, "Records", false, "aws:kinesis"),
    (Source::DynamoDb, "Records", false, "aws:dynamodb"),
    (Source::Msk, "records", true, "aws:kafka"),
    (Source::Kafka, "records", true, "SelfManagedKafka"),
    (Source::ActiveMq, "messages", false, "aws:mq"),
    (Source::RabbitMq, "rmqMessagesByQueue", true, "aws:rmq"),
    (Source::DocumentDb, "events", false, "aws:docdb"),
];

/// The event as the slow splicer sees it.
struct Slow {
    /// Every list of records, in order: where it stands, and its records.
    lists: Vec<Placed>,
    /// Every object of groups, in order: where its members stand, and which list each holds.
    groups: Vec<Vec<(std::ops::Range<usize>, Option<usize>)>>,
    /// Some element of a list is no object.
    not_a_record: bool,
}

fn run(bytes: &[u8], tally: &mut Tally) {
    let event = if bytes.first() == Some(&b'{') { bytes.to_vec() } else { made(bytes) };
    let place = place_object(&event);
    tally.add_if(place.is_none(), "malformed");
    for (source, name, grouped, _) in SOURCES {
        let slow = place.as_ref().map(|event| Slow::find(event, name, grouped));
        match (Envelope::parse_as(&event, source), slow) {
            (Ok(envelope), Some(slow)) => {
                assert_eq!(envelope.source(), source);
                slow.hold(&envelope, &event, tally);
                tally.add(if grouped { "groups" } else { "list" });
                tally.add_if(slow.groups.len() > 1 || (!grouped && slow.lists.len() > 1), "several lists of one name");
                if Envelope::parse(&event).is_ok_and(|told| told.source() == source) {
                    tally.add("source told");
                    filter(&envelope, &slow, &event, tally);
                }
            }
            (Err(error), slow) => {
                let (expected, branch) = match (&slow, error.kind()) {
                    (None, EnvelopeErrorKind::Malformed(_)) => (true, "malformed"),
                    (Some(slow), EnvelopeErrorKind::NoRecords { member, .. }) => {
                        let none = if grouped { slow.groups.is_empty() } else { slow.lists.is_empty() };
                        (none && *member == name, "no records")
                    }
                    (Some(slow), EnvelopeErrorKind::NotARecord { offset }) => {
                        (slow.not_a_record && *offset < event.len(), "not a record")
                    }
                    _ => (false, ""),
                };
                assert!(expected, "{source}: {error:?} for {}", event.escape_ascii());
                assert!(!error.to_string().is_empty() && error.offset().is_none_or(|offset| offset <= event.len()));
                tally.add(branch);
            }
            (Ok(_), None) => panic!("{source}: an envelope in malformed JSON: {}", event.escape_ascii()),
        }
    }
    let told = Envelope::source_of(&event);
    let parsed = Envelope::parse(&event);
    assert!(
        parsed.as_ref().is_err() || told == parsed.ok().map(|envelope| envelope.source()),
        "{}",
        event.escape_ascii()
    );
}

impl Slow {
    fn find(event: &Placed, name: &str, grouped: bool) -> Slow {
        let mut slow = Slow { lists: Vec::new(), groups: Vec::new(), not_a_record: false };
        let Inside::Members(members) = &event.inside else { return slow };
        for member in members.iter().filter(|member| member.key == text(name)) {
            match &member.value.inside {
                Inside::Elements(_) if !grouped => slow.list(&member.value),
                Inside::Members(groups) if grouped => {
                    let mut found = Vec::new();
                    for group in groups {
                        let is_list = matches!(group.value.inside, Inside::Elements(_));
                        if is_list {
                            slow.list(&group.value);
                        }
                        found.push((group.range.clone(), is_list.then(|| slow.lists.len() - 1)));
                    }
                    slow.groups.push(found);
                }
                _ => {}
            }
        }
        slow
    }

    fn list(&mut self, list: &Placed) {
        self.not_a_record |= elements(list).iter().any(|element| !matches!(element.inside, Inside::Members(_)));
        self.lists.push(list.clone());
    }

    /// Holds an envelope against this, for some choices of records to keep.
    fn hold(&self, envelope: &Envelope<'_>, event: &[u8], tally: &mut Tally) {
        assert!(!self.not_a_record, "an element that is no record was taken: {}", event.escape_ascii());
        let records: Vec<_> = self.lists.iter().flat_map(elements).map(|record| record.range.clone()).collect();
        let found: Vec<_> = (0..envelope.len()).map(|index| envelope.range(index)).collect();
        assert_eq!(found, records, "other records in {}", event.escape_ascii());
        let mut rng = Rng::new(event.len() as u64);
        for turn in 0..6 {
            let percent = [0, 100, 50, 50, 15, 85][turn];
            let keep: Vec<bool> = records.iter().map(|_| rng.percent(percent)).collect();
            let mut out = b"before".to_vec();
            let left = envelope.splice(|record| keep[record], &mut out);
            let expected = self.write(event, &keep);
            assert_eq!(
                (left, out.strip_prefix(b"before".as_slice())),
                (expected.is_some(), Some(expected.as_deref().unwrap_or_default())),
                "{keep:?} kept of {}\n    cut     {}\n    written {}",
                event.escape_ascii(),
                out.escape_ascii(),
                expected.as_deref().unwrap_or_default().escape_ascii()
            );
            let kept = keep.iter().filter(|&&keep| keep).count();
            tally.add(match kept {
                0 => "none kept",
                _ if kept == records.len() => "all kept",
                _ => "some kept, some dropped",
            });
            let Some(expected) = expected else { continue };
            assert!(kept < records.len() || expected == event, "all kept, yet changed: {}", event.escape_ascii());
            tally.add_if(
                !self.groups.is_empty() && (0..self.lists.len()).any(|list| self.emptied(list, &keep)),
                "a group emptied",
            );
            // What is left is an envelope of the records that were kept.
            let again = Envelope::parse_as(&expected, envelope.source()).expect("what is left is an envelope");
            let texts: Vec<&[u8]> = (0..again.len()).map(|index| again.record(index)).collect();
            let wanted: Vec<&[u8]> =
                records.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(range, _)| &event[range.clone()]).collect();
            assert_eq!(texts, wanted);
        }
    }

    /// Which records of all are those of a list.
    fn numbers(&self, list: usize) -> std::ops::Range<usize> {
        let first = self.lists[..list].iter().map(|list| elements(list).len()).sum();
        first..first + elements(&self.lists[list]).len()
    }

    /// Whether a list had records and has none now.
    fn emptied(&self, list: usize, keep: &[bool]) -> bool {
        let numbers = self.numbers(list);
        !numbers.is_empty() && !numbers.into_iter().any(|record| keep[record])
    }

    /// The event with what is kept; `None` if nothing is.
    fn write(&self, event: &[u8], keep: &[bool]) -> Option<Vec<u8>> {
        keep.contains(&true).then(|| {
            let mut out = Vec::new();
            let mut at = 0;
            if self.groups.is_empty() {
                for list in 0..self.lists.len() {
                    out.extend_from_slice(&event[at..self.lists[list].range.start]);
                    out.extend(self.write_list(event, list, keep));
                    at = self.lists[list].range.end;
                }
            }
            for members in self.groups.iter().filter(|members| !members.is_empty()) {
                let items: Vec<_> = members.iter().map(|(range, _)| range.clone()).collect();
                let stays = |item: usize| !members[item].1.is_some_and(|list| self.emptied(list, keep));
                let write = |item: usize| match members[item].1 {
                    Some(list) => {
                        let key = &event[items[item].start..self.lists[list].range.start];
                        [key, &self.write_list(event, list, keep)].concat()
                    }
                    None => event[items[item].clone()].to_vec(),
                };
                out.extend_from_slice(&event[at..items[0].start]);
                out.extend(write_items(event, &items, stays, write));
                at = items[items.len() - 1].end;
            }
            out.extend_from_slice(&event[at..]);
            out
        })
    }

    /// A list, from bracket to bracket.
    fn write_list(&self, event: &[u8], list: usize, keep: &[bool]) -> Vec<u8> {
        let range = self.lists[list].range.clone();
        let items: Vec<_> = elements(&self.lists[list]).iter().map(|element| element.range.clone()).collect();
        let [first, .., last] = items.as_slice() else {
            return match items.as_slice() {
                [only] if !keep[self.numbers(list).start] => {
                    [&event[range.start..only.start], &event[only.end..range.end]].concat()
                }
                _ => event[range].to_vec(),
            };
        };
        let numbers = self.numbers(list);
        let written =
            write_items(event, &items, |item| keep[numbers.start + item], |item| event[items[item].clone()].to_vec());
        [&event[range.start..first.start], &written, &event[last.end..range.end]].concat()
    }
}

/// Items that stay, each with the separator that stood before it, the first one without.
fn write_items(
    event: &[u8],
    items: &[std::ops::Range<usize>],
    stays: impl Fn(usize) -> bool,
    write: impl Fn(usize) -> Vec<u8>,
) -> Vec<u8> {
    let mut out = Vec::new();
    for item in (0..items.len()).filter(|&item| stays(item)) {
        if !out.is_empty() {
            out.extend_from_slice(&event[items[item - 1].end..items[item].start]);
        }
        out.extend(write(item));
    }
    out
}

fn elements(list: &Placed) -> &[Placed] {
    match &list.inside {
        Inside::Elements(elements) => elements,
        _ => &[],
    }
}

/// Filters the event by a criteria that some of its records match.
fn filter(envelope: &Envelope<'_>, slow: &Slow, event: &[u8], tally: &mut Tally) {
    let criteria = FilterCriteria::from_patterns([r#"{"n":[{"numeric":[">=",3]}]}"#, r#"{"b":[{"exists":true}]}"#]);
    let builder = Sieve::builder(envelope.source()).dialect(eventsieve::Dialect::EventBridge);
    let sieve = builder.compile(&criteria).expect("a filter on metadata");
    let mut scratch = sieve.scratch();
    let kept = envelope.filter(&sieve, &mut scratch).expect("its scratch");
    let outcome = envelope.evaluate(&sieve, &mut scratch).expect("its scratch");
    let keep: Vec<bool> = outcome.verdicts().iter().map(|&verdict| verdict == Verdict::Match).collect();
    assert_eq!(kept, slow.write(event, &keep), "filtered {}", event.escape_ascii());
    tally.add_if(kept.is_some_and(|kept| kept.len() < event.len()), "filtered");
}

/// An event from choices.
fn made(bytes: &[u8]) -> Vec<u8> {
    let mut rng = Rng::steered(bytes);
    rng.next();
    let (_, name, grouped, event_source) = rng.pick(&SOURCES);
    let mut maker = Maker { rng };
    let mut event = maker.event(name, grouped, event_source).into_bytes();
    for _ in 0..maker.rng.weighted(&[80, 12, 8]) {
        let at = maker.rng.below(event.len() + 1);
        match maker.rng.below(3) {
            0 => event.truncate(at),
            1 => drop(event.splice(at..at, maker.rng.pick(&["\"", "\\", "{", "}", "[", "]", ",", ":", "0"]).bytes())),
            _ if at < event.len() => event[at] = maker.rng.below(256) as u8,
            _ => {}
        }
    }
    event
}

struct Maker {
    rng: Rng,
}

impl Maker {
    fn space(&mut self) -> &'static str {
        self.rng.pick(&["", "", "", " ", "\n", "\t \r\n"])
    }

    fn event(&mut self, name: &str, grouped: bool, event_source: &str) -> String {
        // One character of the name may be written as an escape.
        let name = match self.rng.below(4) {
            0 => format!("\\u{:04x}{}", u32::from(name.as_bytes()[0]), &name[1..]),
            _ => name.to_owned(),
        };
        let mut members = vec![self.records(&name, grouped)];
        if self.rng.percent(80) {
            members.push(format!("\"eventSource\":\"{event_source}\""));
        }
        if self.rng.percent(30) {
            members.push("\"other\":[{\"a\":[\"]}\",1]},{}]".to_owned());
        }
        match self.rng.below(12) {
            0 => members.push(self.records(&name, grouped)),
            1 => members.push(self.records(&name, !grouped)),
            2 => members.push(format!("\"{name}\":\"[{{}}]\"")),
            3 => members[0] = "\"Recordz\":[{}]".to_owned(),
            _ => {}
        }
        if self.rng.percent(50) {
            members.reverse();
        }
        self.join('{', '}', &members)
    }

    fn records(&mut self, name: &str, grouped: bool) -> String {
        let value = if grouped {
            let groups: Vec<String> = (0..self.rng.weighted(&[1, 2, 4, 3]))
                .map(|group| {
                    let value = if self.rng.one_in(12) { "{\"a\":1}".to_owned() } else { self.list() };
                    format!("\"topic-\\\"{group}\":{}{value}", self.space())
                })
                .collect();
            self.join('{', '}', &groups)
        } else {
            self.list()
        };
        format!("\"{name}\"{}:{}{value}", self.space(), self.space())
    }

    fn list(&mut self) -> String {
        let records: Vec<String> = (0..self.rng.weighted(&[1, 3, 4, 4, 2])).map(|_| self.record()).collect();
        self.join('[', ']', &records)
    }

    fn record(&mut self) -> String {
        match self.rng.below(40) {
            0 => "1".to_owned(),
            1 => "[{}]".to_owned(),
            2..8 => String::from_utf8(random_pair(self.rng.next()).1)
                .ok()
                .filter(|text| place_object(text.as_bytes()).is_some() && text.len() < 400)
                .map_or("{}".to_owned(), |text| text.trim().to_owned()),
            number => format!("{{\"n\":{},\"s\":\"]}},\\\"\"}}", number % 6),
        }
    }

    fn join(&mut self, open: char, close: char, items: &[String]) -> String {
        let mut out = String::from(open);
        out.push_str(self.space());
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                out.push_str(self.space());
                out.push(',');
                out.push_str(self.space());
            }
            out.push_str(item);
        }
        out.push_str(self.space());
        out.push(close);
        out
    }
}

fn example(rng: &mut Rng) -> Vec<u8> {
    let bytes = super::choices(rng);
    // As text half of the time, for a fuzzer to work on it.
    if rng.percent(50) { made(&bytes) } else { bytes }
}
