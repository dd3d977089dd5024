//! Evaluation: a batch in, answers into the caller's buffers. One call a batch.
//!
//! **Unsafe**: pointers come from C; `convert` makes references of them for the duration of a call, on the conditions of
//! the header.

use eventsieve::{Batch, DropReason, Encoded, RecordView, Scratch, Sieve, Verdict};

use crate::convert::{Buffer, Output, array, buffer, output, read_sized, shared};
use crate::guard::{Mapped, guard};
use crate::scratch::{BatchMemory, Memory, recycled};
use crate::{
    eventsieve_answers, eventsieve_encoding, eventsieve_pieces, eventsieve_reason, eventsieve_scratch,
    eventsieve_sieve, eventsieve_slice, eventsieve_status, eventsieve_verdict,
};

/// Evaluates records that lie anywhere, one a slice.
///
/// A record of a source that has payloads is what a function receives, one JSON object with the payload inside; for
/// payloads alone, as a poller gets them, there is `eventsieve_sieve_evaluate_pieces`.
///
/// `records`: `record_len` slices; neither they nor the bytes are kept. A slice without `data` is an empty record.
/// `answers`: where the answers go.
///
/// Allocates nothing once the scratch has met a batch and a record as large.
///
/// Returns OK (also for malformed records, which are a verdict), BUFFER_TOO_SMALL (`record_len` of the answers is set,
/// nothing is evaluated), WRONG_SIZE, INVALID_LENGTH, FOREIGN_SCRATCH, SCRATCH_IN_USE, SCRATCH_RETIRED, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_sieve_evaluate_slices(
    sieve: *const eventsieve_sieve,
    scratch: *mut eventsieve_scratch,
    records: *const eventsieve_slice,
    record_len: usize,
    answers: *mut eventsieve_answers,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: handles, an array and a struct that says its size, as the header asks.
        let (call, records) = unsafe { (Call::new(sieve, scratch, answers)?, array(records, record_len)?) };
        call.run(|call, Memory { scratch, batch: memory, .. }| {
            let mut slices: Vec<&[u8]> = std::mem::take(&mut memory.slices);
            let filled = fill(&mut slices, records, |record| {
                // SAFETY: each slice is one that the caller vouches for, as the header asks.
                unsafe { record.bytes() }
            });
            let done = filled.and_then(|()| call.answer(scratch, &Batch::from_slices(&slices)));
            memory.slices = recycled(slices);
            done
        })
    })
}

/// Evaluates records that lie one behind the other in one buffer: record `i` is the bytes from `offsets[i]` up to
/// `offsets[i + 1]`.
///
/// `offsets`: one more than there are records, ascending; neither they nor the bytes are kept. None at all is an empty
/// batch. The first need not be 0.
/// `answers`: where the answers go.
///
/// This is the fastest form: the buffer is searched as a whole, and nothing is converted. Allocates nothing once the
/// scratch is warm.
///
/// Returns what `eventsieve_sieve_evaluate_slices` returns, and INVALID_OFFSETS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_sieve_evaluate_offsets(
    sieve: *const eventsieve_sieve,
    scratch: *mut eventsieve_scratch,
    data: *const u8,
    data_len: usize,
    offsets: *const usize,
    offsets_len: usize,
    answers: *mut eventsieve_answers,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: handles, arrays and a struct that says its size, as the header asks.
        let (call, data, offsets) =
            unsafe { (Call::new(sieve, scratch, answers)?, array(data, data_len)?, array(offsets, offsets_len)?) };
        call.run(|call, memory| {
            let batch = Batch::from_offsets(data, offsets).ok_or(eventsieve_status::InvalidOffsets)?;
            call.answer(&mut memory.scratch, &batch)
        })
    })
}

/// As `eventsieve_sieve_evaluate_offsets`, with offsets as Apache Arrow's `Utf8` and `Binary` arrays have them. The
/// offsets are converted into memory of the scratch, the bytes stay where they are.
///
/// An array that is a slice of another passes its offsets from its own first element on, and the whole buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_sieve_evaluate_offsets32(
    sieve: *const eventsieve_sieve,
    scratch: *mut eventsieve_scratch,
    data: *const u8,
    data_len: usize,
    offsets: *const i32,
    offsets_len: usize,
    answers: *mut eventsieve_answers,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: handles, arrays and a struct that says its size, as the header asks.
        let (call, data, offsets) =
            unsafe { (Call::new(sieve, scratch, answers)?, array(data, data_len)?, array(offsets, offsets_len)?) };
        call.run(|call, memory| call.answer_offsets(memory, data, offsets))
    })
}

/// As `eventsieve_sieve_evaluate_offsets`, with offsets as Apache Arrow's `LargeUtf8` and `LargeBinary` arrays have
/// them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_sieve_evaluate_offsets64(
    sieve: *const eventsieve_sieve,
    scratch: *mut eventsieve_scratch,
    data: *const u8,
    data_len: usize,
    offsets: *const i64,
    offsets_len: usize,
    answers: *mut eventsieve_answers,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: handles, arrays and a struct that says its size, as the header asks.
        let (call, data, offsets) =
            unsafe { (Call::new(sieve, scratch, answers)?, array(data, data_len)?, array(offsets, offsets_len)?) };
        call.run(|call, memory| call.answer_offsets(memory, data, offsets))
    })
}

/// Evaluates records that lie in one buffer with other bytes between them: those that `eventsieve_find_lines` has
/// found, say.
///
/// `bounds`: two numbers a record, where it begins and where it ends; they ascend and records do not overlap. Not kept.
/// `bounds_len`: twice the number of records.
/// `answers`: where the answers go.
///
/// Returns what `eventsieve_sieve_evaluate_slices` returns, and INVALID_OFFSETS (also for an odd number of bounds).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_sieve_evaluate_ranges(
    sieve: *const eventsieve_sieve,
    scratch: *mut eventsieve_scratch,
    data: *const u8,
    data_len: usize,
    bounds: *const usize,
    bounds_len: usize,
    answers: *mut eventsieve_answers,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: handles, arrays and a struct that says its size, as the header asks.
        let (call, data, bounds) =
            unsafe { (Call::new(sieve, scratch, answers)?, array(data, data_len)?, array(bounds, bounds_len)?) };
        call.run(|call, Memory { scratch, batch: BatchMemory { ranges, .. }, .. }| {
            let (pairs, rest) = bounds.as_chunks::<2>();
            if !rest.is_empty() {
                return Err(eventsieve_status::InvalidOffsets);
            }
            ranges.clear();
            ranges.extend(pairs.iter().map(|&[start, end]| start..end));
            let batch = Batch::from_ranges(data, ranges).ok_or(eventsieve_status::InvalidOffsets)?;
            call.answer(scratch, &batch)
        })
    })
}

/// Evaluates records as a poller holds them: delivered, or in pieces that are not put together for this.
///
/// `pieces`: columns of slices; neither they nor the bytes are kept. If there are records, one column at least.
/// `answers`: where the answers go.
///
/// Allocates nothing once the scratch is warm.
///
/// Returns what `eventsieve_sieve_evaluate_slices` returns, and INVALID_VALUE (an encoding that is none, or a delivered
/// record with other pieces).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_sieve_evaluate_pieces(
    sieve: *const eventsieve_sieve,
    scratch: *mut eventsieve_scratch,
    pieces: *const eventsieve_pieces,
    answers: *mut eventsieve_answers,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: handles and structs that say their sizes, as the header asks.
        let (call, pieces) = unsafe { (Call::new(sieve, scratch, answers)?, Pieces::new(read_sized(pieces)?)?) };
        call.run(|call, Memory { scratch, batch: memory, .. }| {
            let mut views: Vec<RecordView<'_>> = std::mem::take(&mut memory.views);
            let filled = fill(&mut views, 0..pieces.record_len, |record| pieces.view(record));
            let done = filled.and_then(|()| call.answer(scratch, &Batch::from_views(&views)));
            memory.views = recycled(views);
            done
        })
    })
}

/// Finds the records of a text that has one a line (NDJSON). Lines that hold nothing but white space are none.
///
/// `bounds`: gets two numbers a record, where it begins and where it ends, for `eventsieve_sieve_evaluate_ranges`. The
/// line feed is not part of a record, a carriage return before it is (and is white space to JSON).
/// `bounds_len`: how many numbers there is room for. `record_len_out`: is set to the number of records.
///
/// Returns OK, BUFFER_TOO_SMALL (twice `record_len_out` numbers are needed), INVALID_LENGTH, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_find_lines(
    data: *const u8,
    data_len: usize,
    bounds: *mut usize,
    bounds_len: usize,
    record_len_out: *mut usize,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: an array, a buffer and an output, as the header asks.
        let (data, mut bounds, record_len_out) =
            unsafe { (array(data, data_len)?, buffer::<usize>(bounds, bounds_len)?, output(record_len_out)?) };
        let batch = Batch::from_lines(data);
        record_len_out.set(batch.len());
        bounds.check_room(batch.len() * 2)?;
        let mut at = 0;
        for record in batch.iter() {
            let start = record.as_ptr() as usize - data.as_ptr() as usize;
            at = bounds.copy(at, &[start, start + record.len()]);
        }
        Ok(())
    })
}

/// What every evaluation is given.
struct Call<'a> {
    sieve: &'a Sieve<'static>,
    scratch: &'a crate::scratch::Cell,
    answers: Answers<'a>,
}

/// Where answers go.
struct Answers<'a> {
    given: eventsieve_answers,
    place: Output<eventsieve_answers>,
    verdicts: Buffer<'a, u8>,
    filters: Buffer<'a, u64>,
    reasons: Buffer<'a, u8>,
}

impl<'a> Call<'a> {
    /// # Safety NULLs, or handles and a struct that says its size and whose buffers are as large as it says.
    unsafe fn new(
        sieve: *const eventsieve_sieve,
        scratch: *mut eventsieve_scratch,
        answers: *mut eventsieve_answers,
    ) -> Mapped<Call<'a>> {
        // SAFETY: the contract of this function.
        let (sieve, scratch, given) =
            unsafe { (shared(sieve)?, shared(scratch.cast_const())?, read_sized(answers.cast_const())?) };
        // SAFETY: as above; no two of the buffers overlap, as the header asks of all that is written to.
        let answers = unsafe {
            Answers {
                given,
                place: output(answers)?,
                verdicts: buffer(given.verdicts, given.verdicts_len)?,
                filters: buffer(given.filters, given.filters_len)?,
                reasons: buffer(given.reasons, given.reasons_len)?,
            }
        };
        Ok(Call { sieve, scratch, answers })
    }

    /// Takes the scratch, and calls `evaluate`.
    fn run(mut self, evaluate: impl FnOnce(&mut Call<'a>, &mut Memory) -> Mapped<()>) -> Mapped<()> {
        self.scratch.with(|memory| evaluate(&mut self, memory))
    }

    /// Offsets of another width.
    fn answer_offsets<T: Copy + TryInto<usize>>(
        &mut self,
        memory: &mut Memory,
        data: &[u8],
        given: &[T],
    ) -> Mapped<()> {
        let Memory { scratch, batch: BatchMemory { offsets, .. }, .. } = memory;
        fill(offsets, given, |&offset| offset.try_into().map_err(|_| eventsieve_status::InvalidOffsets))?;
        let batch = Batch::from_offsets(data, offsets).ok_or(eventsieve_status::InvalidOffsets)?;
        self.answer(scratch, &batch)
    }

    /// Evaluates a batch and writes the answers that are wanted.
    fn answer(&mut self, scratch: &mut Scratch, batch: &Batch<'_>) -> Mapped<()> {
        let Answers { given, place, verdicts, filters, reasons } = &mut self.answers;
        let record_len = batch.len();
        let told = |matched_len: usize| eventsieve_answers { record_len, matched_len, ..*given };
        place.set(told(0));
        let row_len = self.sieve.filter_len().div_ceil(64);
        // A buffer whose length was forgotten is too small, and no buffer that is not wanted.
        let wants_filters = !given.filters.is_null();
        let wants_reasons = !given.reasons.is_null();
        if !given.verdicts.is_null() {
            verdicts.check_room(record_len)?;
        }
        if wants_filters {
            filters.check_room(record_len.checked_mul(row_len).ok_or(eventsieve_status::BufferTooSmall)?)?;
        }
        if wants_reasons {
            reasons.check_room(record_len)?;
        }
        // No other error than a foreign scratch can come of it.
        let foreign = |_| eventsieve_status::ForeignScratch;
        if !wants_filters && !wants_reasons {
            let found = self.sieve.evaluate(scratch, batch).map_err(foreign)?;
            place.set(told(write_verdicts(verdicts, found)));
            return Ok(());
        }
        let outcome = self.sieve.evaluate_sets(scratch, batch).map_err(foreign)?;
        let matched_len = write_verdicts(verdicts, outcome.verdicts());
        if wants_filters {
            let words = filters.fill(record_len * row_len, 0);
            for (record, row) in words.chunks_exact_mut(row_len.max(1)).enumerate() {
                for filter in outcome.filters(record).iter() {
                    row[filter / 64] |= 1 << (filter % 64);
                }
            }
        }
        if wants_reasons {
            for record in 0..record_len {
                reasons.set(record, reason(outcome.drop_reason(record)));
            }
        }
        place.set(told(matched_len));
        Ok(())
    }
}

/// Writes verdicts, if they are wanted, and counts the matches.
fn write_verdicts(buffer: &mut Buffer<'_, u8>, verdicts: &[Verdict]) -> usize {
    if !buffer.is_absent() {
        for (record, &verdict) in verdicts.iter().enumerate() {
            buffer.set(record, self::verdict(verdict));
        }
    }
    verdicts.iter().filter(|&&verdict| verdict == Verdict::Match).count()
}

fn verdict(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::NoMatch => eventsieve_verdict::NoMatch as u8,
        Verdict::Match => eventsieve_verdict::Match as u8,
        Verdict::Malformed => eventsieve_verdict::Malformed as u8,
    }
}

fn reason(reason: Option<DropReason>) -> u8 {
    match reason {
        None => eventsieve_reason::Delivered as u8,
        Some(DropReason::FilteredOut) => eventsieve_reason::FilteredOut as u8,
        Some(DropReason::PayloadNotJson) => eventsieve_reason::PayloadNotJson as u8,
        Some(DropReason::Malformed) => eventsieve_reason::Malformed as u8,
    }
}

/// Puts what `convert` makes of each item into an empty vector.
fn fill<T, U>(
    into: &mut Vec<T>,
    items: impl IntoIterator<Item = U, IntoIter: ExactSizeIterator>,
    mut convert: impl FnMut(U) -> Mapped<T>,
) -> Mapped<()> {
    into.clear();
    let items = items.into_iter();
    into.reserve(items.len());
    for item in items {
        into.push(convert(item)?);
    }
    Ok(())
}

/// Columns of pieces.
struct Pieces<'a> {
    record_len: usize,
    delivered: Option<&'a [eventsieve_slice]>,
    metadata: Option<&'a [eventsieve_slice]>,
    payload: Option<&'a [eventsieve_slice]>,
    key: Option<&'a [eventsieve_slice]>,
    encode_payload: fn(&'a [u8]) -> Encoded<'a>,
    encode_key: fn(&'a [u8]) -> Encoded<'a>,
}

impl<'a> Pieces<'a> {
    /// # Safety Every column that is not NULL has as many slices as there are records, and they are vouched for by the
    /// caller.
    unsafe fn new(given: eventsieve_pieces) -> Mapped<Pieces<'a>> {
        let column = |column: *const eventsieve_slice| {
            if column.is_null() {
                return Ok(None);
            }
            // SAFETY: the contract of this function.
            unsafe { array(column, given.record_len) }.map(Some)
        };
        let [delivered, metadata, payload, key] =
            [column(given.delivered)?, column(given.metadata)?, column(given.payload)?, column(given.key)?];
        // Nothing else vouches for the number of records, for which memory is taken.
        if given.record_len > 0 && [delivered, metadata, payload, key].iter().all(Option::is_none) {
            return Err(eventsieve_status::NullPointer);
        }
        Ok(Pieces {
            record_len: given.record_len,
            delivered,
            metadata,
            payload,
            key,
            encode_payload: encoding(given.payload_encoding)?,
            encode_key: encoding(given.key_encoding)?,
        })
    }

    fn piece(column: Option<&'a [eventsieve_slice]>, record: usize) -> Mapped<Option<&'a [u8]>> {
        let Some(slice) = column.map(|column| column[record]) else { return Ok(None) };
        if slice.data.is_null() && slice.len == 0 {
            return Ok(None);
        }
        // SAFETY: whoever made the column by `Pieces::new` vouched for its slices.
        unsafe { slice.bytes() }.map(Some)
    }

    fn view(&self, record: usize) -> Mapped<RecordView<'a>> {
        let delivered = Self::piece(self.delivered, record)?;
        let metadata = Self::piece(self.metadata, record)?;
        let payload = Self::piece(self.payload, record)?;
        let key = Self::piece(self.key, record)?;
        if let Some(delivered) = delivered {
            let alone = metadata.is_none() && payload.is_none() && key.is_none();
            return if alone { Ok(RecordView::delivered(delivered)) } else { Err(eventsieve_status::InvalidValue) };
        }
        let mut view = RecordView::pieces();
        if let Some(metadata) = metadata {
            view = view.metadata(metadata);
        }
        if let Some(key) = key {
            view = view.decoded("key", (self.encode_key)(key));
        }
        if let Some(payload) = payload {
            view = view.payload((self.encode_payload)(payload));
        }
        Ok(view)
    }
}

fn encoding<'a>(code: u32) -> Mapped<fn(&'a [u8]) -> Encoded<'a>> {
    const PLAIN: u32 = eventsieve_encoding::Plain as u32;
    const BASE64: u32 = eventsieve_encoding::Base64 as u32;
    match code {
        PLAIN => Ok(Encoded::plain),
        BASE64 => Ok(Encoded::base64),
        _ => Err(eventsieve_status::InvalidValue),
    }
}
