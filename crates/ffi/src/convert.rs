//! Every pointer that comes from C, and which Rust type is behind which handle.
//!
//! The functions here are unsafe for one reason: a pointer cannot be asked whether it is valid. The introduction of the
//! header puts the conditions to the caller, and NULL, lengths and values are checked, so what is left is this: *a
//! pointer that is not NULL points to as many readable (for outputs: writable) and aligned elements as the length says,
//! for the duration of the call, and a handle came from this library and was not freed.* The proofs at the call sites
//! appeal to that. The references that come out live no longer than the call, by the shape of every function: none
//! stores one.
//!
//! **Unsafe**: the conditions of the header, above; handles are `Arc`s whose type is fixed by `Handle`.

use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::Arc;

use eventsieve::{LiveSieve, Program, Sieve};

use crate::errors::Errors;
use crate::guard::Mapped;
use crate::scratch::Cell;
use crate::{
    eventsieve_errors, eventsieve_live, eventsieve_program, eventsieve_scratch, eventsieve_sieve, eventsieve_slice,
    eventsieve_status,
};

/// An opaque type of the header. A pointer to one is a pointer to [`Handle::Inner`], which lies in an [`Arc`].
///
/// All handles are `Arc`s: freeing one is giving up a reference, so that a sieve that a [`LiveSieve`] has let go of
/// lives on while a scratch still holds it. Nothing behind a handle changes but through its own synchronisation.
pub(crate) trait Handle {
    /// What is behind the pointer.
    type Inner: Send + Sync;
}

macro_rules! handles {
    ($($handle:ty => $inner:ty,)*) => {
        $(impl Handle for $handle {
            type Inner = $inner;
        })*
    };
}

handles! {
    eventsieve_errors => Errors,
    eventsieve_program => Program<'static>,
    eventsieve_sieve => Sieve<'static>,
    eventsieve_scratch => Cell,
    eventsieve_live => LiveSieve,
}

/// The pointer that C gets for a value: the reference it holds is its own.
pub(crate) fn into_handle<H: Handle>(inner: Arc<H::Inner>) -> *mut H {
    Arc::into_raw(inner).cast_mut().cast()
}

/// A handle as what is behind it.
///
/// # Safety NULL, or a handle that this library made and that is not freed during `'a`.
pub(crate) unsafe fn shared<'a, H: Handle>(handle: *const H) -> Mapped<&'a H::Inner> {
    // SAFETY: not NULL, so by the contract it came from `into_handle` and still counts as a reference of the `Arc`.
    unsafe { handle.cast::<H::Inner>().as_ref() }.ok_or(eventsieve_status::NullPointer)
}

/// Gives up a handle; NULL is none.
///
/// # Safety NULL, or a handle that this library made for the caller to free, and that is not used again.
pub(crate) unsafe fn free<H: Handle>(handle: *mut H) {
    if !handle.is_null() {
        let inner = handle.cast_const().cast::<H::Inner>();
        // SAFETY: by the contract it came from `into_handle`, whose reference is taken back here, once.
        drop(unsafe { Arc::from_raw(inner) });
    }
}

/// An array of the caller; NULL with length 0 is empty.
///
/// # Safety NULL, or `len` readable, initialised and aligned elements that nobody changes during `'a`.
pub(crate) unsafe fn array<'a, T>(data: *const T, len: usize) -> Mapped<&'a [T]> {
    if len == 0 {
        return Ok(&[]);
    }
    check_len::<T>(len)?;
    if data.is_null() {
        return Err(eventsieve_status::NullPointer);
    }
    // SAFETY: not NULL and not too long; the rest is the contract.
    Ok(unsafe { std::slice::from_raw_parts(data, len) })
}

fn check_len<T>(len: usize) -> Mapped<()> {
    match len.checked_mul(size_of::<T>()) {
        Some(bytes) if isize::try_from(bytes).is_ok() => Ok(()),
        _ => Err(eventsieve_status::InvalidLength),
    }
}

impl eventsieve_slice {
    /// A slice for C; it must not outlive `bytes`, which the documentation of the function says.
    pub(crate) fn of(bytes: impl AsRef<[u8]>) -> eventsieve_slice {
        let bytes = bytes.as_ref();
        eventsieve_slice { data: bytes.as_ptr(), len: bytes.len() }
    }

    /// The absent slice.
    pub(crate) const NONE: eventsieve_slice = eventsieve_slice { data: std::ptr::null(), len: 0 };

    /// The bytes; a NULL with length 0 is empty.
    ///
    /// # Safety As [`array`].
    pub(crate) unsafe fn bytes<'a>(self) -> Mapped<&'a [u8]> {
        // SAFETY: the contract is that of `array`.
        unsafe { array(self.data, self.len) }
    }
}

/// A place of the caller that a result goes to, not necessarily initialised.
pub(crate) struct Output<T>(NonNull<T>);

impl<T> Output<T> {
    /// Sets it.
    pub(crate) fn set(&self, value: T) {
        // SAFETY: who made this, by `output` or `optional_output`, promised room for a `T`. What was there is not
        // dropped.
        unsafe { self.0.write(value) }
    }
}

/// A place that must be there.
///
/// # Safety NULL, or aligned and writable room for a `T` that nobody else uses as long as the output is.
pub(crate) unsafe fn output<T>(place: *mut T) -> Mapped<Output<T>> {
    NonNull::new(place).map(Output).ok_or(eventsieve_status::NullPointer)
}

/// A place that may be left out.
///
/// # Safety As [`output`].
pub(crate) unsafe fn optional_output<T>(place: *mut T) -> Option<Output<T>> {
    NonNull::new(place).map(Output)
}

/// A buffer of the caller that results go to, not necessarily initialised.
pub(crate) struct Buffer<'a, T>(&'a mut [MaybeUninit<T>]);

impl<T: Copy> Buffer<'_, T> {
    /// Whether there is none.
    pub(crate) fn is_absent(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether so many elements fit; otherwise the buffer is to be left alone.
    pub(crate) fn check_room(&self, len: usize) -> Mapped<()> {
        if len <= self.0.len() { Ok(()) } else { Err(eventsieve_status::BufferTooSmall) }
    }

    /// Sets element number `index`.
    ///
    /// # Panics If there is none; [`Buffer::check_room`] comes first.
    pub(crate) fn set(&mut self, index: usize, value: T) {
        self.0[index].write(value);
    }

    /// Copies values to the place `at` and returns the place behind them.
    ///
    /// # Panics If they do not fit; [`Buffer::check_room`] comes first.
    pub(crate) fn copy(&mut self, at: usize, values: &[T]) -> usize {
        let end = at + values.len();
        for (place, &value) in self.0[at..end].iter_mut().zip(values) {
            place.write(value);
        }
        end
    }

    /// Sets the first `len` elements to `value` and returns them.
    ///
    /// # Panics As [`Buffer::copy`].
    pub(crate) fn fill(&mut self, len: usize, value: T) -> &mut [T] {
        let places = &mut self.0[..len];
        places.fill(MaybeUninit::new(value));
        // SAFETY: every one of them was just written, and `MaybeUninit<T>` has the layout of `T`.
        unsafe { &mut *(std::ptr::from_mut(places) as *mut [T]) }
    }
}

/// A buffer; NULL with length 0 is none.
///
/// # Safety NULL, or aligned and writable room for `len` elements that nobody else uses during `'a`.
pub(crate) unsafe fn buffer<'a, T>(data: *mut T, len: usize) -> Mapped<Buffer<'a, T>> {
    if len == 0 {
        return Ok(Buffer(&mut []));
    }
    check_len::<T>(len)?;
    if data.is_null() {
        return Err(eventsieve_status::NullPointer);
    }
    // SAFETY: not NULL and not too long; the rest is the contract, and uninitialised elements are not read.
    Ok(Buffer(unsafe { std::slice::from_raw_parts_mut(data.cast(), len) }))
}

/// Text for a caller's buffer: its size is told in any case, and it is written if it fits.
pub(crate) fn write_text(text: &str, mut buffer: Buffer<'_, u8>, needed_out: Output<usize>) -> Mapped<()> {
    needed_out.set(text.len());
    buffer.check_room(text.len())?;
    buffer.copy(0, text.as_bytes());
    Ok(())
}

/// A struct of the header whose first member is its own size, so that it can grow.
///
/// # Safety `repr(C)`, the first member is a `usize`, there is no padding, and every bit pattern is a value.
pub(crate) unsafe trait Growing: Copy {}

/// Largest `size` that is believed.
const LARGEST: usize = 512;

/// The size that a struct of the caller says it has. It may be that of a later header if all that this library does not
/// know is zero. The members that it knows are not read.
///
/// # Safety NULL, or a `size_t` that says how many bytes are readable from there on, itself included; aligned. What is
/// behind a `T` is initialised.
pub(crate) unsafe fn check_sized<T: Growing>(place: *const T) -> Mapped<usize> {
    if place.is_null() {
        return Err(eventsieve_status::NullPointer);
    }
    // SAFETY: the first member is the size, which the caller has set, and a `T` is at least as aligned as that.
    let size = unsafe { place.cast::<usize>().read() };
    if size < size_of::<T>() || size > LARGEST {
        return Err(eventsieve_status::WrongSize);
    }
    // SAFETY: as many bytes are readable as the size says, which is at least a `T`; `place.add(1)` is behind that.
    let news = unsafe { std::slice::from_raw_parts(place.add(1).cast::<u8>(), size - size_of::<T>()) };
    if news.iter().any(|&byte| byte != 0) {
        return Err(eventsieve_status::WrongSize);
    }
    Ok(size)
}

/// Reads a struct of the caller, as [`check_sized`] allows it.
///
/// # Safety As [`check_sized`], and all members are initialised.
pub(crate) unsafe fn read_sized<T: Growing>(place: *const T) -> Mapped<T> {
    // SAFETY: the contract of `check_sized` is part of this one.
    unsafe { check_sized(place)? };
    // SAFETY: it is not NULL and its size is at least that of a `T`, of which every bit pattern is a value.
    Ok(unsafe { place.read() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_empty_only_with_length_zero() {
        // SAFETY: NULL, a dangling pointer with length 0, and an array.
        unsafe {
            assert_eq!(array::<u8>(std::ptr::null(), 0), Ok(&[] as &[u8]));
            assert_eq!(array::<u64>(std::ptr::null(), 1), Err(eventsieve_status::NullPointer));
            assert_eq!(array::<u64>(std::ptr::null(), usize::MAX), Err(eventsieve_status::InvalidLength));
            assert_eq!(
                array::<u64>(std::ptr::dangling(), isize::MAX as usize / 8 + 1),
                Err(eventsieve_status::InvalidLength)
            );
            assert_eq!(array([1_u32, 2].as_ptr(), 2), Ok(&[1, 2][..]));
            assert!(matches!(buffer::<u8>(std::ptr::null_mut(), 1), Err(eventsieve_status::NullPointer)));
            assert!(buffer::<u8>(std::ptr::null_mut(), 0).is_ok_and(|none| none.is_absent()));
        }
    }

    #[test]
    fn a_later_struct_is_taken_if_its_news_are_zero() {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(C)]
        struct Now {
            size: usize,
            value: usize,
        }
        // SAFETY: as the trait asks.
        unsafe impl Growing for Now {}
        let word = size_of::<usize>();
        let read = |words: &[usize]| {
            assert!(words.len() > 2);
            // SAFETY: the sizes below that are read to the end are those of the arrays.
            unsafe { read_sized(words.as_ptr().cast::<Now>()) }
        };
        assert_eq!(read(&[3 * word, 7, 0]), Ok(Now { size: 3 * word, value: 7 }));
        assert_eq!(read(&[2 * word, 7, 1]), Ok(Now { size: 2 * word, value: 7 }));
        for wrong in [&[3 * word, 7, 1], &[word, 7, 0], &[0, 7, 0], &[LARGEST + 1, 7, 0], &[usize::MAX, 7, 0]] {
            assert_eq!(read(wrong), Err(eventsieve_status::WrongSize), "{wrong:?}");
        }
    }

    #[test]
    fn freeing_gives_up_one_reference() {
        let errors = Arc::new(Errors::default());
        let handle: *mut eventsieve_errors = into_handle(Arc::clone(&errors));
        assert_eq!(Arc::strong_count(&errors), 2);
        // SAFETY: a handle that was just made, then NULL.
        unsafe {
            assert!(shared(handle.cast_const()).is_ok());
            free(handle);
            free::<eventsieve_errors>(std::ptr::null_mut());
        }
        assert_eq!(Arc::strong_count(&errors), 1);
    }
}
