//! Bytes that Python objects hold, borrowed where nothing can change them while Python's lock is released.
//!
//! **Unsafe**: the exporter of a buffer promises its bytes until it is released, which the slice does not outlive; what can
//! be written to is copied while Python's lock is held, but for Arrow arrays, whose format forbids it.

use eventsieve::Batch;
use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::{PyBufferError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView, PyString};

use std::ops::Range;

/// The bytes of one object.
pub(crate) enum Bytes<'a> {
    /// In an object that cannot change, which the caller holds.
    Held(&'a [u8]),
    /// A copy, of what can be written to.
    Copied(Vec<u8>),
    /// In a buffer that is exported as read-only.
    Shared(Shared),
}

impl<'a> Bytes<'a> {
    /// The bytes of a record: `bytes`, `bytearray`, `memoryview` or another buffer, or the UTF-8 of a `str`.
    pub(crate) fn of(object: &'a Bound<'_, PyAny>) -> PyResult<Bytes<'a>> {
        if let Ok(bytes) = object.cast::<PyBytes>() {
            return Ok(Bytes::Held(bytes.as_bytes()));
        }
        if let Ok(text) = object.cast::<PyString>() {
            return match text.to_str() {
                Ok(text) => Ok(Bytes::Held(text.as_bytes())),
                // Half a surrogate pair. Written as three bytes it is no UTF-8, so the record is malformed, and the
                // place that `check` names is right.
                Err(_) => {
                    let encoded = text.call_method1("encode", ("utf-8", "surrogatepass"))?;
                    Ok(Bytes::Copied(encoded.cast_into::<PyBytes>()?.as_bytes().to_vec()))
                }
            };
        }
        Self::of_buffer(object)
    }

    /// The bytes of an object with a buffer; `str` is none.
    pub(crate) fn of_buffer(object: &'a Bound<'_, PyAny>) -> PyResult<Bytes<'a>> {
        let shared = Shared::of(object)?;
        // A copy costs a fraction of an evaluation, and spares every caller the question who else may write.
        let constant = shared.buffer.readonly() && is_constant_below(object)?;
        Ok(if constant { Bytes::Shared(shared) } else { Bytes::Copied(shared.as_slice().to_vec()) })
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Bytes::Held(bytes) => bytes,
            Bytes::Copied(bytes) => bytes,
            Bytes::Shared(shared) => shared.as_slice(),
        }
    }
}

/// Whether what a `memoryview` looks at is read-only by itself: `memoryview(bytearray(…)).toreadonly()` is not.
fn is_constant_below(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    match object.cast::<PyMemoryView>() {
        Ok(view) => {
            let below = view.getattr("obj")?;
            Ok(!below.is_none() && Shared::of(&below)?.buffer.readonly())
        }
        Err(_) => Ok(true),
    }
}

/// A buffer of one piece. Held until this is dropped: the exporter neither frees nor moves it before.
pub(crate) struct Shared {
    buffer: PyUntypedBuffer,
}

impl Shared {
    /// The buffer of an object, for reading.
    pub(crate) fn of(object: &Bound<'_, PyAny>) -> PyResult<Shared> {
        let buffer = PyUntypedBuffer::get(object).map_err(|error| {
            if error.is_instance_of::<PyTypeError>(object.py()) {
                let class = object.get_type();
                let message = format!("bytes, bytearray, memoryview or str is needed, not {class}");
                return PyTypeError::new_err(message);
            }
            error
        })?;
        if !buffer.is_c_contiguous() {
            return Err(PyBufferError::new_err(
                "the buffer has gaps; pass one that is contiguous, for instance bytes(…)",
            ));
        }
        Ok(Shared { buffer })
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        let len = self.buffer.len_bytes();
        // An empty buffer may have a null pointer.
        if len == 0 {
            return &[];
        }
        // SAFETY: the exporter promises `len` readable bytes at `buf_ptr` until the buffer is released, which `self`
        // does when it is dropped, after the slice's lifetime; `Shared::of` saw that they are one piece, so all of them
        // are in that range. That nobody writes meanwhile is known where it is used: `Bytes::of_buffer` copies what is
        // writable before Python's lock is released, and keeps this only of buffers exported as read-only; `Pieces`
        // takes those of Arrow arrays, which the format forbids to change. Python can state no more than that: memory
        // that is read-only here and written elsewhere (a shared mapping) is excluded by the package's documentation.
        unsafe { std::slice::from_raw_parts(self.buffer.buf_ptr().cast::<u8>().cast_const(), len) }
    }
}

/// Integers that lie in a buffer, as indices.
pub(crate) fn offsets(object: &Bound<'_, PyAny>) -> PyResult<Vec<usize>> {
    let shared = Shared::of(object)?;
    let format = shared.buffer.format().to_bytes();
    let native = if cfg!(target_endian = "little") { b'<' } else { b'>' };
    let kind = match format {
        [b'@' | b'=', kind] => *kind,
        [order, kind] if *order == native => *kind,
        [kind] => *kind,
        _ => 0,
    };
    let width = match (kind, shared.buffer.item_size()) {
        (b'i' | b'l' | b'q', 4) => Width::I32,
        (b'i' | b'l' | b'q', 8) => Width::I64,
        (b'I' | b'L' | b'Q', 4) => Width::U32,
        (b'I' | b'L' | b'Q', 8) => Width::U64,
        _ => {
            let message = "offsets must be a buffer of int32, int64, uint32 or uint64: an array.array, a numpy array, \
                or memoryview(…).cast(\"q\")";
            return Err(PyTypeError::new_err(message));
        }
    };
    indices(shared.as_slice(), width)
}

/// How an offset is written.
#[derive(Clone, Copy)]
pub(crate) enum Width {
    I32,
    U32,
    I64,
    U64,
}

/// Offsets in native byte order; none may be negative.
pub(crate) fn indices(bytes: &[u8], width: Width) -> PyResult<Vec<usize>> {
    fn read<const N: usize>(bytes: &[u8], one: impl Fn([u8; N]) -> Option<usize>) -> Option<Vec<usize>> {
        let (items, _) = bytes.as_chunks::<N>();
        items.iter().map(|item| one(*item)).collect()
    }
    let read = match width {
        Width::I32 => read(bytes, |item| i32::from_ne_bytes(item).try_into().ok()),
        Width::U32 => read(bytes, |item| u32::from_ne_bytes(item).try_into().ok()),
        Width::I64 => read(bytes, |item| i64::from_ne_bytes(item).try_into().ok()),
        Width::U64 => read(bytes, |item| u64::from_ne_bytes(item).try_into().ok()),
    };
    read.ok_or_else(|| PyValueError::new_err("an offset is negative or too large"))
}

/// The batch that offsets cut a buffer into.
pub(crate) fn cut<'b>(buffer: &'b [u8], offsets: &'b [usize]) -> PyResult<Batch<'b>> {
    Batch::from_offsets(buffer, offsets).ok_or_else(|| {
        let message = format!("offsets must ascend and stay within the buffer, which has {} bytes", buffer.len());
        PyValueError::new_err(message)
    })
}

/// One chunk of an Arrow array, as its buffers: `(width, validity, heads, values, offset, length)`.
///
/// `width` tells the layout: 4 or 8 bytes an offset into the only buffer of values, or 16 bytes a view of any of
/// several.
#[derive(FromPyObject)]
pub(crate) struct Chunk<'py>(
    usize,
    Option<Bound<'py, PyAny>>,
    Option<Bound<'py, PyAny>>,
    Vec<Bound<'py, PyAny>>,
    usize,
    usize,
);

/// A chunk, ready to be evaluated without Python.
pub(crate) struct Pieces {
    places: Places,
    values: Vec<Shared>,
    heads: Option<Shared>,
    /// Records that are null.
    pub(crate) nulls: Vec<usize>,
}

enum Places {
    /// Into the only buffer of values.
    Offsets(Vec<usize>),
    /// The same, around nulls, which may have bytes of their own.
    Ranges(Vec<Range<usize>>),
    /// Into the buffers of values, or, where that is `None`, into the views themselves.
    Views(Vec<(Option<usize>, Range<usize>)>),
}

const BROKEN: &str = "the Arrow array is broken: it names bytes that its buffers do not have";

impl Pieces {
    /// Takes the buffers of a chunk and finds its records.
    pub(crate) fn of(chunk: &Chunk<'_>) -> PyResult<Pieces> {
        let Chunk(width, validity, heads, values, offset, length) = chunk;
        let broken = || PyValueError::new_err(BROKEN);
        let values = values.iter().map(Shared::of).collect::<PyResult<Vec<_>>>()?;
        let heads = heads.as_ref().map(Shared::of).transpose()?;
        let nulls = match validity {
            Some(validity) => nulls(Shared::of(validity)?.as_slice(), *offset, *length).ok_or_else(broken)?,
            None => Vec::new(),
        };
        let head_bytes = heads.as_ref().map_or(&[][..], Shared::as_slice);
        let heads_of = |offset: usize, len: usize| {
            let (start, end) = (offset.checked_mul(*width)?, offset.checked_add(len)?.checked_mul(*width)?);
            Some((start, head_bytes.get(start..end)?))
        };
        let offsets = |width: Width| {
            let (_, bytes) = heads_of(*offset, length.checked_add(1).ok_or_else(broken)?).ok_or_else(broken)?;
            Ok::<_, PyErr>(around(indices(bytes, width)?, &nulls))
        };
        let places = match *width {
            // An empty array may come without any buffer.
            _ if *length == 0 => Places::Offsets(Vec::new()),
            4 => offsets(Width::I32)?,
            8 => offsets(Width::I64)?,
            VIEW => {
                let (first, bytes) = heads_of(*offset, *length).ok_or_else(broken)?;
                Places::Views(views(bytes, first, &values, &nulls).ok_or_else(broken)?)
            }
            _ => return Err(broken()),
        };
        Ok(Pieces { places, values, heads, nulls })
    }

    /// Hands over the records as a batch; an error if they do not lie within the buffers.
    pub(crate) fn with_batch<T>(&self, run: impl FnOnce(&Batch<'_>) -> T) -> PyResult<T> {
        let buffer = self.values.first().map_or(&[][..], Shared::as_slice);
        match &self.places {
            Places::Offsets(offsets) => Ok(run(&cut(buffer, offsets)?)),
            Places::Ranges(ranges) => match Batch::from_ranges(buffer, ranges) {
                Some(batch) => Ok(run(&batch)),
                None => Err(PyValueError::new_err(BROKEN)),
            },
            Places::Views(places) => {
                let heads = self.heads.as_ref().map_or(&[][..], Shared::as_slice);
                // `views` has seen that all of them are within bounds.
                let slices: Vec<&[u8]> = places
                    .iter()
                    .map(|(buffer, range)| match buffer {
                        Some(buffer) => &self.values[*buffer].as_slice()[range.clone()],
                        None => &heads[range.clone()],
                    })
                    .collect();
                Ok(run(&Batch::from_slices(&slices)))
            }
        }
    }
}

/// The places that offsets name, nothing at nulls.
fn around(offsets: Vec<usize>, nulls: &[usize]) -> Places {
    if nulls.is_empty() {
        return Places::Offsets(offsets);
    }
    let mut ranges: Vec<Range<usize>> = offsets.windows(2).map(|pair| pair[0]..pair[1]).collect();
    for &null in nulls {
        ranges[null].end = ranges[null].start;
    }
    Places::Ranges(ranges)
}

/// Bytes of a view in an Arrow array of the layouts `binary_view` and `string_view`.
const VIEW: usize = 16;

/// Records that a validity bitmap says are null.
fn nulls(bitmap: &[u8], offset: usize, length: usize) -> Option<Vec<usize>> {
    let end = offset.checked_add(length)?;
    if bitmap.len() < end.div_ceil(8) {
        return None;
    }
    Some((0..length).filter(|record| bitmap[(offset + record) / 8] >> ((offset + record) % 8) & 1 == 0).collect())
}

/// Where views point: up to 12 bytes lie in the view, more in one of the buffers. `first` is where `heads` begin in the
/// buffer that they are a part of.
fn views(heads: &[u8], first: usize, values: &[Shared], nulls: &[usize]) -> Option<Vec<(Option<usize>, Range<usize>)>> {
    let word = |at: usize| usize::try_from(i32::from_ne_bytes(*heads.get(at..)?.first_chunk()?)).ok();
    let mut nulls = nulls.iter().peekable();
    let mut places = Vec::with_capacity(heads.len() / VIEW);
    for view in 0..heads.len() / VIEW {
        let at = view * VIEW;
        if nulls.next_if_eq(&&view).is_some() {
            places.push((None, first..first));
            continue;
        }
        let length = word(at)?;
        if length <= VIEW - 4 {
            places.push((None, first + at + 4..first + at + 4 + length));
        } else {
            let (buffer, start) = (word(at + 8)?, word(at + 12)?);
            let end = start.checked_add(length)?;
            if values.get(buffer)?.as_slice().len() < end {
                return None;
            }
            places.push((Some(buffer), start..end));
        }
    }
    Some(places)
}
