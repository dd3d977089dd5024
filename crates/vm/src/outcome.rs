//! What came of a batch, record by record.

#[cfg(doc)]
use crate::engine::Checks;
use crate::engine::Verdict;
use crate::view::PayloadFormat;

/// Why a record is not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// No filter matched it.
    FilteredOut,
    /// No filter matched it, and its payload is no JSON although a filter asks for JSON: more likely a broken
    /// message than an unwanted one. SQS deletes it all the same. To tell this of payloads that begin like JSON and
    /// break off later, and of those that no filter could have taken for the record's metadata, ask for
    /// [`Checks::Every`].
    PayloadNotJson,
    /// The record itself is malformed.
    Malformed,
}

/// Verdicts of a batch, and which filters matched each record.
#[derive(Debug, Clone, Copy)]
pub struct Outcome<'s> {
    pub(crate) verdicts: &'s [Verdict],
    /// The filters of all records, one record after another.
    pub(crate) matched: &'s [u32],
    /// Where each record's filters begin; one more than there are records.
    pub(crate) starts: &'s [usize],
    pub(crate) formats: &'s [Option<PayloadFormat>],
    pub(crate) asks_json: bool,
}

impl<'s> Outcome<'s> {
    /// The format of a record's payload; `None` if the source has none, no filter looks at it, or it was not decoded, or
    /// looks like JSON and was not proved to be, because no filter could match ([`Checks::Matches`]).
    ///
    /// # Panics
    /// If there is no such record.
    pub fn payload_format(&self, record: usize) -> Option<PayloadFormat> {
        self.formats[record]
    }

    /// Why a record is not delivered; `None` if it is.
    ///
    /// # Panics
    /// If there is no such record.
    pub fn drop_reason(&self, record: usize) -> Option<DropReason> {
        let not_json = matches!(self.formats[record], Some(PayloadFormat::Plain | PayloadFormat::Undecodable));
        match self.verdicts[record] {
            Verdict::Match => None,
            Verdict::Malformed => Some(DropReason::Malformed),
            Verdict::NoMatch if self.asks_json && not_json => Some(DropReason::PayloadNotJson),
            Verdict::NoMatch => Some(DropReason::FilteredOut),
        }
    }

    /// One verdict a record.
    pub fn verdicts(&self) -> &'s [Verdict] {
        self.verdicts
    }

    /// The filters that matched record number `record`. Empty for a record that passed because there are no
    /// filters at all.
    ///
    /// # Panics
    /// If there is no such record.
    pub fn filters(&self, record: usize) -> FilterSet<'s> {
        FilterSet { ids: &self.matched[self.starts[record]..self.starts[record + 1]] }
    }
}

/// Filters, by their place in the criteria, ascending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilterSet<'s> {
    ids: &'s [u32],
}

impl<'s> FilterSet<'s> {
    /// Number of filters.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Whether filter number `filter` is one of them.
    pub fn contains(&self, filter: usize) -> bool {
        u32::try_from(filter).is_ok_and(|filter| self.ids.binary_search(&filter).is_ok())
    }

    /// The filters, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + use<'s> {
        self.ids.iter().map(|&id| id as usize)
    }
}
