//! A batch of records, as a caller holds them.

use memchr::memchr_iter;

use crate::view::RecordView;

/// Records to evaluate together: slices, lines, or ranges of one buffer. Nothing is copied.
///
/// ```
/// use eventsieve_vm::Batch;
/// let batch = Batch::from_lines(b"{\"a\":1}\n\n{\"a\":2}\r\n");
/// assert_eq!(batch.len(), 2);
/// assert_eq!(batch.record(1), b"{\"a\":2}\r");
/// ```
#[derive(Debug, Clone)]
pub struct Batch<'b> {
    records: Records<'b>,
}

#[derive(Debug, Clone)]
enum Records<'b> {
    Slices(&'b [&'b [u8]]),
    Owned(Vec<&'b [u8]>),
    Offsets(&'b [u8], &'b [usize]),
    Views(&'b [RecordView<'b>]),
}

/// A record of a batch: whole, or in pieces.
#[derive(Clone, Copy)]
pub(crate) enum Item<'b> {
    Whole(&'b [u8]),
    View(&'b RecordView<'b>),
}

impl<'b> Batch<'b> {
    /// One record a slice.
    pub fn from_slices(slices: &'b [&'b [u8]]) -> Batch<'b> {
        Batch { records: Records::Slices(slices) }
    }

    /// One record a line (NDJSON). Lines that hold nothing but white space are no records; the line feed is
    /// not part of a record, a carriage return before it is (and is white space to JSON).
    pub fn from_lines(buffer: &'b [u8]) -> Batch<'b> {
        let mut start = 0;
        let ends = memchr_iter(b'\n', buffer).chain(std::iter::once(buffer.len()));
        let lines = ends.filter_map(|end| {
            let line = buffer.get(start..end)?;
            start = end + 1;
            (!line.trim_ascii().is_empty()).then_some(line)
        });
        Batch { records: Records::Owned(lines.collect()) }
    }

    /// Record `i` is `buffer[offsets[i]..offsets[i + 1]]`; `offsets` has one entry more than there are records.
    ///
    /// # Errors
    /// `None` if the offsets descend or leave the buffer.
    pub fn from_offsets(buffer: &'b [u8], offsets: &'b [usize]) -> Option<Batch<'b>> {
        let ordered = offsets.windows(2).all(|pair| pair[0] <= pair[1]);
        let inside = offsets.last().is_none_or(|&last| last <= buffer.len());
        (ordered && inside).then_some(Batch { records: Records::Offsets(buffer, offsets) })
    }

    /// One record a view: whole, or in the pieces a poller holds.
    pub fn from_views(views: &'b [RecordView<'b>]) -> Batch<'b> {
        Batch { records: Records::Views(views) }
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        match &self.records {
            Records::Slices(slices) => slices.len(),
            Records::Owned(slices) => slices.len(),
            Records::Offsets(_, offsets) => offsets.len().saturating_sub(1),
            Records::Views(views) => views.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Record number `index`; of a record in pieces, the JSON object among them (or nothing).
    ///
    /// # Panics
    /// If there is none.
    pub fn record(&self, index: usize) -> &'b [u8] {
        match self.item(index) {
            Item::Whole(record) => record,
            Item::View(view) => view.delivered.or(view.metadata).unwrap_or_default(),
        }
    }

    /// The records in order, as [`Batch::record`] gives them.
    pub fn iter(&self) -> impl Iterator<Item = &'b [u8]> {
        (0..self.len()).map(|index| self.record(index))
    }

    pub(crate) fn item(&self, index: usize) -> Item<'b> {
        match &self.records {
            Records::Slices(slices) => Item::Whole(slices[index]),
            Records::Owned(slices) => Item::Whole(slices[index]),
            Records::Offsets(buffer, offsets) => Item::Whole(&buffer[offsets[index]..offsets[index + 1]]),
            Records::Views(views) => Item::View(&views[index]),
        }
    }

    pub(crate) fn items(&self) -> impl Iterator<Item = Item<'b>> {
        (0..self.len()).map(|index| self.item(index))
    }
}
