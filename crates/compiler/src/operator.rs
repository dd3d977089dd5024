//! The operators: their names, where they are documented, and what people write instead of them.

use eventsieve_program::Dialect;

/// What an object in the list of a field can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Exactly,
    Prefix,
    Suffix,
    Fold,
    Wildcard,
    Numeric,
    Exists,
    Cidr,
    AnythingBut,
}

impl Operator {
    /// All that are worth suggesting; `exactly` is known but says no more than a plain string.
    const NAMES: [(&'static str, Operator); 9] = [
        ("prefix", Operator::Prefix),
        ("suffix", Operator::Suffix),
        ("equals-ignore-case", Operator::Fold),
        ("wildcard", Operator::Wildcard),
        ("numeric", Operator::Numeric),
        ("exists", Operator::Exists),
        ("cidr", Operator::Cidr),
        ("anything-but", Operator::AnythingBut),
        ("exactly", Operator::Exactly),
    ];

    pub(crate) fn find(name: &[u8]) -> Option<Operator> {
        Self::NAMES.iter().find(|(known, _)| known.as_bytes() == name).map(|&(_, operator)| operator)
    }

    pub(crate) fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, operator)| *operator == self).map_or("", |(name, _)| name)
    }
}

/// A form of an operator that not every dialect has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Exactly,
    Cidr,
    Wildcard,
    AffixIgnoringCase,
    AnythingButInner,
}

/// What a dialect makes of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Documented,
    Undocumented,
    Refused,
}

impl Form {
    pub(crate) fn standing(self, dialect: Dialect) -> Standing {
        match (dialect, self) {
            (Dialect::Lambda, _) | (Dialect::Pipes, Form::Exactly) => Standing::Undocumented,
            (Dialect::Pipes, Form::Wildcard | Form::AnythingButInner) => Standing::Refused,
            _ => Standing::Documented,
        }
    }
}

/// Names that cannot be fields inside `$or`, beside those of the operators.
const RESERVED: [&str; 15] = [
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

/// Whether a field inside `$or` cannot have this name.
pub(crate) fn is_reserved(name: &[u8]) -> bool {
    Operator::find(name).is_some() || RESERVED.iter().any(|known| known.as_bytes() == name)
}

/// What is written instead of operators, without punctuation and case, and what to do.
const HABITS: [(&[&str], &str); 9] = [
    (&["beginswith", "startswith", "begins", "starts", "start", "begin"], "the operator for this is \"prefix\""),
    (&["endswith", "ends", "end"], "the operator for this is \"suffix\""),
    (&["contains", "like", "glob", "match", "matches", "substring"], "write {\"wildcard\":\"*part*\"}"),
    (&["regex", "regexp"], "there are no regular expressions; \"wildcard\" knows \"*\""),
    (
        &["not", "notequals", "notequal", "ne", "neq", "notin", "!", "!=", "except", "isnot"],
        "the operator for this is \"anything-but\"",
    ),
    (
        &["equals", "equal", "eq", "is", "in", "=", "==", "anyof", "oneof", "or"],
        "equality needs no operator: list the values",
    ),
    (&["equalsignorecase", "ignorecase", "iequals"], "the operator for this is \"equals-ignore-case\""),
    (
        &["<", "<=", ">", ">=", "between", "range", "gt", "gte", "ge", "lt", "lte", "le", "number"],
        "comparisons stand inside \"numeric\", as in {\"numeric\":[\">\",0,\"<=\",5]}",
    ),
    (&["exist", "present", "null", "isnull", "empty"], "presence is {\"exists\":true}; null and \"\" are values"),
];

/// What to write instead of a name that is no operator.
pub(crate) fn suggest(name: &str) -> Option<String> {
    if name.chars().count() > 40 {
        return None;
    }
    let plain: String = name.chars().filter(|char| !"-_ $".contains(*char)).flat_map(char::to_lowercase).collect();
    let close = |known: &str| {
        let known: String = known.chars().filter(|char| *char != '-').collect();
        let distance = distance(&plain, &known);
        (distance <= 2 && distance * 3 <= known.len()).then_some(distance)
    };
    let best = Operator::NAMES[..8].iter().filter_map(|(known, _)| Some((close(known)?, known))).min();
    if let Some((_, known)) = best {
        return Some(format!("did you mean \"{known}\"?"));
    }
    HABITS.iter().find(|(names, _)| names.contains(&plain.as_str())).map(|(_, help)| (*help).to_owned())
}

/// Insertions, deletions, substitutions and swaps of neighbours between two short texts.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let mut best =
                (rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1])).min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_and_habits_are_understood() {
        for (name, part) in [
            ("Prefix", "\"prefix\"?"),
            ("PREFIX", "\"prefix\"?"),
            ("pefix", "\"prefix\"?"),
            ("surfix", "\"suffix\"?"),
            ("anythingBut", "\"anything-but\"?"),
            ("anything_but", "\"anything-but\"?"),
            ("equals-ignorecase", "\"equals-ignore-case\"?"),
            ("exits", "\"exists\"?"),
            ("begins-with", "\"prefix\""),
            ("endsWith", "\"suffix\""),
            ("contains", "wildcard"),
            ("not", "anything-but"),
            (">=", "numeric"),
        ] {
            assert!(suggest(name).is_some_and(|help| help.contains(part)), "{name}");
        }
        for name in ["", "foo", "detail", "é", &"x".repeat(100)] {
            assert_eq!(suggest(name), None, "{name}");
        }
        // Punctuation alone makes a name longer, not other; a very long one is not looked at.
        assert!(suggest(&format!("prefix{}", "-".repeat(34))).is_some());
        assert_eq!(suggest(&format!("prefix{}", "-".repeat(35))), None);
    }

    #[test]
    fn a_slip_is_one_letter_more_less_other_or_two_swapped() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("abc", "abcd", 1),
            ("abcd", "bcd", 1),
            ("abcd", "abxd", 1),
            ("abcd", "abdc", 1),
            ("bacd", "abcd", 1),
            ("abcdef", "badcfe", 3),
            ("abab", "baba", 2),
            ("aabb", "bbaa", 3),
            ("kitten", "sitting", 3),
            ("éa", "aé", 1),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
        // Two slips are too many for a short name.
        assert!(suggest("cidrs").is_some() && suggest("ciders").is_none());
        assert!(suggest("prefixxx").is_some() && suggest("prefixxxx").is_none());
    }

    #[test]
    fn dialects_differ_in_forms() {
        assert_eq!(Form::Wildcard.standing(Dialect::Pipes), Standing::Refused);
        assert_eq!(Form::Wildcard.standing(Dialect::Lambda), Standing::Undocumented);
        assert_eq!(Form::Wildcard.standing(Dialect::EventBridge), Standing::Documented);
        assert_eq!(Form::Cidr.standing(Dialect::Pipes), Standing::Documented);
    }
}
