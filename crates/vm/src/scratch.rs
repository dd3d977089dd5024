//! The memory one thread evaluates with.

use simd_json::{Buffers, Tape};

use crate::engine::Verdict;
use crate::index::Index;
use crate::irregular::Search;
use crate::judge::Texts;
use crate::lately::{Rate, Reach};
use crate::plan;
use crate::prefilter::Adaptive;
use crate::resolve::Resolve;
use crate::tape_cursor::Open;
use crate::view::PayloadFormat;
use crate::walk::Trail;

/// All mutable state of evaluation: make one per thread and reuse it.
///
/// It grows to the largest record and batch seen and then never allocates again. Nothing in it outlives a
/// call. It belongs to the program it was made for; use with another is reported, never trusted.
pub struct Scratch {
    pub(crate) program_id: u64,
    pub(crate) trail: Trail,
    pub(crate) resolve: Resolve,
    pub(crate) search: Search,
    pub(crate) plan: plan::Memory,
    pub(crate) parse: Parse,
    /// Bitmaps of the record or payload at hand.
    pub(crate) index: Index,
    /// Whether searching records, and decoded payloads, for literals pays.
    pub(crate) adaptive: Adaptive,
    pub(crate) payload_adaptive: Adaptive,
    pub(crate) rate: Rate,
    pub(crate) reach: Reach,
    /// Which records of a window have to be read.
    pub(crate) candidates: Vec<bool>,
    /// The decoded payload.
    pub(crate) payload: Vec<u8>,
    /// Decoded bytes of a member beside it.
    pub(crate) beside: Vec<u8>,
    pub(crate) texts: Texts,
    /// Payload formats of a batch.
    pub(crate) formats: Vec<Option<PayloadFormat>>,
    pub(crate) verdicts: Vec<Verdict>,
    /// Filters that matched, record after record.
    pub(crate) matched: Vec<u32>,
    /// Where each record's filters begin in `matched`; one entry more than records.
    pub(crate) matched_start: Vec<usize>,
}

/// Buffers of the tape parser.
pub(crate) struct Parse {
    pub(crate) buffer: Vec<u8>,
    pub(crate) buffers: Buffers,
    /// Kept empty between records, for its allocation.
    pub(crate) tape: Option<Tape<'static>>,
    pub(crate) ends: Vec<u32>,
    /// Containers of a caller's tape.
    pub(crate) open: Vec<Open>,
}

impl Default for Parse {
    fn default() -> Parse {
        Parse {
            buffer: Vec::new(),
            buffers: Buffers::default(),
            tape: Some(Tape::null().reset()),
            ends: Vec::new(),
            open: Vec::new(),
        }
    }
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scratch").field("program_id", &self.program_id).finish_non_exhaustive()
    }
}
