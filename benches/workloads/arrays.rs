//! Records with three long arrays of strings, and a filter that all strings of the first two pass and few of the third:
//! engines that try all combinations take seconds for one record.

use std::fmt::Write as _;

use eventsieve::Source;

use super::{Role, Workload, records};
use crate::payload::Payload;

/// Three arrays of `length` strings, 1 % match.
pub fn three(bytes: usize, length: usize) -> Workload {
    let (records, expected) = records(7, bytes, 10, |random, _, role, text| {
        for (at, name) in ["a", "b", "c"].into_iter().enumerate() {
            let _ = write!(text, "{}\"{name}\":[", if at == 0 { "{" } else { "," });
            let chosen = random.below(length as u64) as usize;
            for element in 0..length {
                let comma = if element == 0 { "" } else { "," };
                match at == 2 && element == chosen && role == Role::Hit {
                    true => drop(write!(text, "{comma}\"last\"")),
                    false => drop(write!(text, "{comma}\"v{:05}\"", random.below(100_000))),
                }
            }
            text.push(']');
        }
        text.push('}');
    });
    let patterns = vec![r#"{"a":[{"anything-but":["none"]}],"b":[{"anything-but":["none"]}],"c":["last"]}"#.to_owned()];
    Workload {
        name: String::new(),
        source: Source::Raw,
        payload: Payload::Whole,
        patterns,
        literal: None,
        records,
        expected,
    }
}
