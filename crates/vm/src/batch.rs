//! A batch of records, as a caller holds them.

use std::ops::Range;

use memchr::memchr_iter;
use simd_json::Tape;

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
    Offsets(&'b [u8], &'b [usize]),
    Ranges(&'b [u8], &'b [Range<usize>]),
    Lines(&'b [u8], Vec<Range<usize>>),
    Views(&'b [RecordView<'b>]),
    Tapes(&'b [Tape<'b>]),
}

/// A record of a batch: whole, or in pieces.
#[derive(Clone, Copy)]
pub(crate) enum Item<'b> {
    Whole(&'b [u8]),
    View(&'b RecordView<'b>),
    Tape(&'b Tape<'b>),
}

impl<'b> Item<'b> {
    /// The record in one text, if that is all of it.
    pub(crate) fn text(&self) -> Option<&'b [u8]> {
        match self {
            Item::Whole(record) => Some(record),
            Item::View(view) => view.whole(),
            Item::Tape(_) => None,
        }
    }
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
            (!line.trim_ascii().is_empty()).then_some(end - line.len()..end)
        });
        Batch { records: Records::Lines(buffer, lines.collect()) }
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

    /// Record `i` is `buffer[ranges[i]]`; anything may lie between records.
    ///
    /// # Errors
    /// `None` if ranges overlap, descend or leave the buffer.
    ///
    /// ```
    /// use eventsieve_vm::Batch;
    /// let batch = Batch::from_ranges(b"{}\n{\"a\":1}\n", &[0..2, 3..10]).unwrap();
    /// assert_eq!(batch.record(1), b"{\"a\":1}");
    /// assert!(Batch::from_ranges(b"{}\n{}", &[3..5, 0..2]).is_none());
    /// ```
    pub fn from_ranges(buffer: &'b [u8], ranges: &'b [Range<usize>]) -> Option<Batch<'b>> {
        let ordered = ranges.iter().all(|range| range.start <= range.end);
        let apart = ranges.windows(2).all(|pair| pair[0].end <= pair[1].start);
        let inside = ranges.last().is_none_or(|last| last.end <= buffer.len());
        (ordered && apart && inside).then_some(Batch { records: Records::Ranges(buffer, ranges) })
    }

    /// One record a view: whole, or in the pieces a poller holds.
    pub fn from_views(views: &'b [RecordView<'b>]) -> Batch<'b> {
        Batch { records: Records::Views(views) }
    }

    /// One record a tape, for pollers that have parsed their records with simd-json already; there is no gain in
    /// parsing them for this.
    ///
    /// The text is gone, so records are judged as simd-json understood them: a number with a fraction or an exponent is
    /// the double that the tape holds (written with more digits than that double has, its text would be equal to nothing
    /// but the same text; too small for a double, it is zero), and [`RecordLimits::number_digits`](crate::RecordLimits::number_digits) is not looked at. What
    /// simd-json refuses and JSON allows (half a surrogate pair, `1e999`) has no tape.
    ///
    /// ```
    /// use eventsieve_vm::{Batch, Tape};
    /// let mut text = br#"{"total":1.50}"#.to_vec();
    /// let tape: Tape<'_> = simd_json::to_tape(&mut text)?;
    /// assert_eq!(Batch::from_tapes(&[tape]).len(), 1);
    /// # Ok::<(), simd_json::Error>(())
    /// ```
    pub fn from_tapes(tapes: &'b [Tape<'b>]) -> Batch<'b> {
        Batch { records: Records::Tapes(tapes) }
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        match &self.records {
            Records::Slices(slices) => slices.len(),
            Records::Lines(_, ranges) => ranges.len(),
            Records::Offsets(_, offsets) => offsets.len().saturating_sub(1),
            Records::Ranges(_, ranges) => ranges.len(),
            Records::Views(views) => views.len(),
            Records::Tapes(tapes) => tapes.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Record number `index`; of a record in pieces, the JSON object among them (or nothing); nothing of a tape.
    ///
    /// # Panics
    /// If there is none.
    pub fn record(&self, index: usize) -> &'b [u8] {
        match self.item(index) {
            Item::Whole(record) => record,
            Item::View(view) => view.delivered.or(view.metadata).unwrap_or_default(),
            Item::Tape(_) => &[],
        }
    }

    /// The records in order, as [`Batch::record`] gives them.
    pub fn iter(&self) -> impl Iterator<Item = &'b [u8]> {
        (0..self.len()).map(|index| self.record(index))
    }

    pub(crate) fn item(&self, index: usize) -> Item<'b> {
        match &self.records {
            Records::Slices(slices) => Item::Whole(slices[index]),
            Records::Lines(buffer, ranges) => Item::Whole(&buffer[ranges[index].clone()]),
            Records::Offsets(buffer, offsets) => Item::Whole(&buffer[offsets[index]..offsets[index + 1]]),
            Records::Ranges(buffer, ranges) => Item::Whole(&buffer[ranges[index].clone()]),
            Records::Views(views) => Item::View(&views[index]),
            Records::Tapes(tapes) => Item::Tape(&tapes[index]),
        }
    }

    /// Some of the records.
    ///
    /// # Panics
    /// If there are not as many.
    pub fn slice(&self, records: Range<usize>) -> Batch<'_> {
        let records = match &self.records {
            Records::Slices(slices) => Records::Slices(&slices[records]),
            Records::Offsets(buffer, offsets) => {
                assert!(records.end <= self.len(), "the batch has {} records", self.len());
                Records::Offsets(buffer, &offsets[records.start..records.end + usize::from(!offsets.is_empty())])
            }
            Records::Ranges(buffer, ranges) => Records::Ranges(buffer, &ranges[records]),
            Records::Lines(buffer, ranges) => Records::Ranges(buffer, &ranges[records]),
            Records::Views(views) => Records::Views(&views[records]),
            Records::Tapes(tapes) => Records::Tapes(&tapes[records]),
        };
        Batch { records }
    }

    /// The buffer that all records are ranges of.
    pub(crate) fn buffer(&self) -> Option<&'b [u8]> {
        match &self.records {
            Records::Offsets(buffer, _) | Records::Ranges(buffer, _) | Records::Lines(buffer, _) => Some(buffer),
            Records::Slices(_) | Records::Views(_) | Records::Tapes(_) => None,
        }
    }

    /// Where a record lies in [`Batch::buffer`].
    pub(crate) fn range(&self, index: usize) -> Range<usize> {
        match &self.records {
            Records::Offsets(_, offsets) => offsets[index]..offsets[index + 1],
            Records::Ranges(_, ranges) => ranges[index].clone(),
            Records::Lines(_, ranges) => ranges[index].clone(),
            Records::Slices(_) | Records::Views(_) | Records::Tapes(_) => 0..0,
        }
    }

    /// The record behind as many from `first` on as have about `bytes` together; at least one.
    pub(crate) fn window(&self, first: usize, bytes: usize) -> usize {
        let mut behind = first;
        let mut taken = 0;
        while behind < self.len() && taken < bytes {
            taken += match self.item(behind) {
                Item::Whole(record) => record.len().max(1),
                Item::View(view) => view.whole().map_or(1024, <[u8]>::len).max(1),
                Item::Tape(_) => 1024,
            };
            behind += 1;
        }
        behind
    }

    pub(crate) fn items(&self) -> impl Iterator<Item = Item<'b>> {
        (0..self.len()).map(|index| self.item(index))
    }
}
