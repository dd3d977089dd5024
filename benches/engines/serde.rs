//! serde_json in three ways: a tree of values and a loop; only the fields that filters ask for, the way a struct with those
//! members would be read; and a pass that keeps nothing.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::{Answer, Engine, Prepared, Validates};
use crate::payload::Payload;
use crate::plain::{Filters, Found, Scalar, Tree};
use crate::workloads::{View, Workload};

/// `Value`, then a loop over the filters.
pub struct Whole;

/// Only the fields; everything else is read as `IgnoredAny`.
pub struct Fields;

/// `IgnoredAny` alone: what validation costs.
pub struct Ignored;

/// What is asked of one document: whether it matches, or is valid.
type Ask = fn(&Filters, &[u8]) -> bool;

/// An engine that is no more than a function.
macro_rules! engine {
    ($type:ty, $mode:literal, $answer:expr, $ask:expr) => {
        impl Engine for $type {
            fn name(&self) -> &'static str {
                "serde_json"
            }

            fn mode(&self) -> &'static str {
                $mode
            }

            fn validates(&self) -> Validates {
                Validates::Records
            }

            fn answer(&self) -> Answer {
                $answer
            }

            fn prepare(&self, workload: &Workload) -> Result<Box<dyn Prepared>, String> {
                let filters = Filters::parse(&workload.payload_patterns());
                Ok(Box::new(Ready { payload: workload.payload, decoded: Vec::new(), filters, ask: $ask }))
            }
        }
    };
}

engine!(Whole, "Value and loop", Answer::Matches, |filters, document| {
    serde_json::from_slice::<Value>(document).is_ok_and(|value| filters.match_value(&value))
});
engine!(Fields, "fields only", Answer::Matches, |filters, document| {
    let mut found = Found::new();
    let mut deserializer = serde_json::Deserializer::from_slice(document);
    let read = Read { tree: filters.tree(), found: &mut found }.deserialize(&mut deserializer);
    read.and_then(|()| deserializer.end()).is_ok() && filters.match_found(&found)
});
engine!(Ignored, "IgnoredAny", Answer::Valid, |_, document| serde_json::from_slice::<IgnoredAny>(document).is_ok());

struct Ready {
    payload: Payload,
    decoded: Vec<u8>,
    filters: Filters,
    ask: Ask,
}

impl Prepared for Ready {
    fn run(&mut self, records: View<'_>) -> usize {
        let mut count = 0;
        for record in records.iter() {
            let Some(document) = self.payload.decode(record, &mut self.decoded) else { continue };
            count += usize::from((self.ask)(&self.filters, document));
        }
        count
    }
}

/// Reads a value at a node of the tree of paths.
struct Read<'f, 't, 'd> {
    tree: &'t Tree,
    found: &'f mut Found<'d>,
}

impl<'d> DeserializeSeed<'d> for Read<'_, '_, 'd> {
    type Value = ();

    fn deserialize<D: Deserializer<'d>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'d> Read<'_, '_, 'd> {
    fn leaf(self, scalar: Scalar<'d>) {
        self.found.extend(self.tree.path.map(|path| (path, scalar)));
    }
}

impl<'d> Visitor<'d> for Read<'_, '_, 'd> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_map<A: MapAccess<'d>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(child) = members.next_key_seed(Key(self.tree))? {
            match child {
                Member::Wanted(tree) => members.next_value_seed(Read { tree, found: self.found })?,
                Member::Other => drop(members.next_value::<IgnoredAny>()?),
                Member::Number => {
                    let digits: Cow<'_, str> = members.next_value()?;
                    let number = digits.parse().map_err(Error::custom)?;
                    self.found.extend(self.tree.path.map(|path| (path, Scalar::Number(number))));
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'d>>(self, mut elements: A) -> Result<(), A::Error> {
        while elements.next_element_seed(Read { tree: self.tree, found: self.found })?.is_some() {}
        Ok(())
    }

    fn visit_borrowed_str<E>(self, text: &'d str) -> Result<(), E> {
        self.leaf(Scalar::Text(Cow::Borrowed(text)));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.leaf(Scalar::Text(Cow::Owned(text.to_owned())));
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.leaf(Scalar::Number(number as f64));
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.leaf(Scalar::Number(number as f64));
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.leaf(Scalar::Number(number));
        Ok(())
    }

    fn visit_bool<E>(self, bool: bool) -> Result<(), E> {
        self.leaf(Scalar::Bool(bool));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.leaf(Scalar::Null);
        Ok(())
    }
}

/// What a key stands for.
enum Member<'t> {
    /// It is on the way to a field.
    Wanted(&'t Tree),
    /// It is not.
    Other,
    /// The "object" is a number: with its feature `arbitrary_precision` serde_json hands numbers over in this disguise.
    Number,
}

/// Reads a key and says what it stands for.
struct Key<'t>(&'t Tree);

impl<'d, 't> DeserializeSeed<'d> for Key<'t> {
    type Value = Member<'t>;

    fn deserialize<D: Deserializer<'d>>(self, deserializer: D) -> Result<Member<'t>, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'t> Visitor<'_> for Key<'t> {
    type Value = Member<'t>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Member<'t>, E> {
        Ok(match self.0.child(key) {
            Some(tree) => Member::Wanted(tree),
            None if key == "$serde_json::private::Number" => Member::Number,
            None => Member::Other,
        })
    }
}
