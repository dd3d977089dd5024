//! `--limit NAME=N`: a bound, chosen by name.

use eventsieve::{Limit, RecordLimits};

/// `NAME=N`, or `NAME=off`.
pub(crate) fn parse(text: &str) -> Result<Limit, String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=N")?;
    // An unknown name is told before a value that is no number.
    Limit::new(name, Some(0)).map_err(|error| error.to_string())?;
    let value = match value {
        "off" => None,
        number => Some(number.parse().map_err(|_| format!("{name} takes a whole number, not {number}"))?),
    };
    Limit::new(name, value).map_err(|error| error.to_string())
}

/// Default bounds on records, with those among these.
pub(crate) fn records(chosen: &[Limit]) -> RecordLimits {
    let mut limits = RecordLimits::default();
    for limit in chosen {
        limit.apply_to_records(&mut limits);
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_a_name_and_a_number_or_off() {
        assert_eq!(parse("record-bytes=7"), Ok(Limit::new("record-bytes", Some(7)).unwrap()));
        assert_eq!(parse("filters=off"), Ok(Limit::new("filters", None).unwrap()));
    }

    #[test]
    fn what_is_no_limit_is_told() {
        let refused = |text: &str| parse(text).unwrap_err();
        assert!(refused("filters").contains("NAME=N"));
        assert!(refused("filter=5").contains("there are filters, pattern-chars"));
        assert!(refused("filter=many").contains("there are filters, pattern-chars"));
        assert!(refused("filters=many").contains("not many"));
        assert!(refused("paths=off").contains("cannot be off"));
    }
}
