//! Calls of the C library in any order, right ones and wrong ones. Every status must be the one that the header promises, every
//! answer that of the facade, and a sanitizer must find nothing to say.
//!
//! A caller may not do everything: handles must be what their type says and must not be used when freed. Everything else that C
//! makes possible is done here: NULL, lengths that fit nothing, sizes of other versions, numbers that mean nothing, scratches
//! of other programs, buffers that are too small. Buffers are allocations of their own, so that no byte may lie beside them.
//!
//! This is no module of the library, which forbids unsafe code: `regressions.rs` and the fuzz target include it.
#![allow(unsafe_code, reason = "functions of a C library are unsafe to call")]

use std::ptr::{null, null_mut};

use eventsieve::{Batch, Checks, DropReason, Envelope, FilterCriteria, Program, Sieve, Source, Verdict};
use eventsieve_ffi::*;
use eventsieve_oracle::generate::{Rng, random_pair};
use eventsieve_oracle::trial::{Tally, Trial, quoted};

/// The trial.
#[allow(dead_code, reason = "the fuzz target needs only `run`")]
pub(crate) const TRIAL: Trial = Trial {
    name: "ffi_sequence",
    branches: &[
        "compiled",
        "refused",
        "program loaded",
        "program refused",
        "slices",
        "offsets",
        "offsets32",
        "ranges",
        "pieces",
        "misused",
        "more pieces than there are",
        "buffer too small",
        "foreign scratch",
        "envelope filtered",
        "no envelope",
        "live",
        "errors read",
        "record checked",
        "text",
        "freed",
    ],
    run,
    example: |rng| {
        let mut bytes = rng.next().to_le_bytes().to_vec();
        bytes.extend((0..rng.below(40)).map(|_| rng.below(256) as u8));
        bytes
    },
};

/// The sources, as the header numbers them.
const SOURCES: [Source; 9] = [
    Source::Raw,
    Source::Sqs,
    Source::Kinesis,
    Source::DynamoDb,
    Source::Msk,
    Source::Kafka,
    Source::ActiveMq,
    Source::RabbitMq,
    Source::DocumentDb,
];

/// Runs one sequence.
pub(crate) fn run(bytes: &[u8], tally: &mut Tally) {
    let mut rng = Rng::steered(bytes);
    let len = 3 + rng.below(30);
    let mut caller = Caller {
        rng,
        tally,
        sieves: Vec::new(),
        programs: Vec::new(),
        scratches: Vec::new(),
        lives: Vec::new(),
        errors: Vec::new(),
    };
    for _ in 0..len {
        caller.step();
    }
}

/// What a C program holds, each handle with what must be behind it.
struct Caller<'t> {
    rng: Rng,
    tally: &'t mut Tally,
    sieves: Vec<(*mut eventsieve_sieve, Sieve<'static>)>,
    programs: Vec<(*mut eventsieve_program, Program<'static>)>,
    /// Each with the program it is for.
    scratches: Vec<(*mut eventsieve_scratch, u64)>,
    lives: Vec<(*mut eventsieve_live, Sieve<'static>)>,
    /// Each with how many there are.
    errors: Vec<(*mut eventsieve_errors, usize)>,
}

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        // SAFETY: all of these are from the library and are freed once.
        unsafe {
            self.sieves.drain(..).for_each(|(handle, _)| eventsieve_sieve_free(handle));
            self.programs.drain(..).for_each(|(handle, _)| eventsieve_program_free(handle));
            self.lives.drain(..).for_each(|(handle, _)| eventsieve_live_free(handle));
            self.scratches.drain(..).for_each(|(handle, _)| eventsieve_scratch_free(handle));
            self.errors.drain(..).for_each(|(handle, _)| eventsieve_errors_free(handle));
        }
    }
}

/// One thing that is wrong with a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    None,
    NullHandle,
    NullScratch,
    NullAnswers,
    NullData,
    Size,
    Room,
    Value,
    Length,
}

impl Caller<'_> {
    fn step(&mut self) {
        match self.rng.weighted(&[4, 2, 3, 2, 4, 8, 2, 4, 4, 3, 2, 2, 3]) {
            0 => self.compile(),
            1 => self.program_of_sieve(),
            2 => self.load_program(),
            3 => self.sieve_of_program(),
            4 => self.new_scratch(),
            5 => self.evaluate(None),
            6 => self.free_one(),
            7 => self.filter_envelope(),
            8 => self.live(),
            9 => self.read_errors(),
            10 => self.check_record(),
            11 => self.names(),
            _ => self.texts(),
        }
    }

    /// Mostly nothing.
    fn fault(&mut self, among: &[Fault]) -> Fault {
        if self.rng.percent(75) { Fault::None } else { self.rng.pick(among) }
    }

    fn misused(&mut self, fault: Fault) {
        self.tally.add_if(fault != Fault::None && fault != Fault::Room, "misused");
        self.tally.add_if(fault == Fault::Room, "buffer too small");
    }

    /// Which of so many; `None` of none.
    fn any(&mut self, len: usize) -> Option<usize> {
        (len > 0).then(|| self.rng.below(len))
    }

    fn keep_errors(&mut self, status: eventsieve_status, errors: *mut eventsieve_errors, len: Option<usize>) {
        let Some(len) = len else { return assert!(errors.is_null(), "{status:?} with errors") };
        assert!(!errors.is_null(), "{status:?} without errors");
        self.errors.push((errors, len));
    }

    // --------------------------------------------------------------------------------------------------------------
    // Sieves and programs.

    fn criteria(&mut self, source: Source) -> Vec<u8> {
        let mut patterns: Vec<String> =
            (0..self.rng.weighted(&[1, 6, 2])).map(|_| random_pair(self.rng.next()).0).collect();
        let payload = match source {
            Source::Sqs => Some("body"),
            Source::Kinesis | Source::ActiveMq | Source::RabbitMq => Some("data"),
            Source::Msk | Source::Kafka => Some("value"),
            _ => None,
        };
        if let Some(key) = payload.filter(|_| self.rng.percent(70)) {
            patterns.iter_mut().for_each(|pattern| *pattern = format!("{{\"{key}\":{pattern}}}"));
        }
        if self.rng.percent(20) {
            patterns.push("{\"n\":[{\"numeric\":[\">=\",3]}]}".to_owned());
        }
        let filters: Vec<String> = patterns.iter().map(|text| format!("{{\"Pattern\":{}}}", quoted(text))).collect();
        let mut text = format!("{{\"Filters\":[{}]}}", filters.join(",")).into_bytes();
        if self.rng.one_in(12) {
            let at = self.rng.below(text.len());
            text[at] = self.rng.pick(b"\xff{}\"[");
        }
        text
    }

    fn compile(&mut self) {
        let fault = self.fault(&[Fault::NullHandle, Fault::NullData, Fault::Size, Fault::Value, Fault::Length]);
        let source = self.rng.below(SOURCES.len());
        let text = self.criteria(SOURCES[source]).into_boxed_slice();
        let checks = self.rng.below(2) as u32;
        let mut options = eventsieve_compile_options {
            size: size_of::<eventsieve_compile_options>(),
            source: source as u32,
            dialect: 3,
            strict: 0,
            checks,
            complexity_limit: u32::MAX,
            reserved: 0,
        };
        match fault {
            Fault::Size => options.size = self.rng.pick(&[0, 8, 31, 513, usize::MAX]),
            Fault::Value => match self.rng.below(5) {
                0 => options.source = 9,
                1 => options.dialect = 4,
                2 => options.strict = 2,
                3 => options.checks = 3,
                _ => options.reserved = 1,
            },
            _ => {}
        }
        let (data, len) = match fault {
            Fault::NullData => (null(), text.len()),
            Fault::Length => (text.as_ptr(), usize::MAX),
            _ => (text.as_ptr(), text.len()),
        };
        let (mut sieve, mut errors) = (null_mut(), null_mut());
        let wants_errors = self.rng.percent(80);
        let errors_out = if wants_errors { &raw mut errors } else { null_mut() };
        let options_in = if fault == Fault::NullHandle { null() } else { &raw const options };
        // SAFETY: an array, a struct and outputs, or what the library must refuse.
        let status = unsafe { eventsieve_sieve_compile(data, len, options_in, &raw mut sieve, errors_out) };
        self.misused(fault);
        let expected = facade(&text, SOURCES[source], checks);
        match (fault, &expected) {
            (Fault::NullHandle | Fault::NullData, _) => assert_eq!(status, eventsieve_status::NullPointer),
            (Fault::Size, _) => assert_eq!(status, eventsieve_status::WrongSize),
            (Fault::Value, _) => assert_eq!(status, eventsieve_status::InvalidValue),
            (Fault::Length, _) => assert_eq!(status, eventsieve_status::InvalidLength),
            (_, Ok(_)) => assert_eq!(status, eventsieve_status::Ok),
            (_, Err(_)) => assert_eq!(status, eventsieve_status::InvalidCriteria),
        }
        assert_eq!(sieve.is_null(), status != eventsieve_status::Ok);
        self.tally.add(if sieve.is_null() { "refused" } else { "compiled" });
        let len = match (status, &expected) {
            (eventsieve_status::InvalidCriteria, Err(len)) => wants_errors.then_some(*len),
            _ => None,
        };
        self.keep_errors(status, errors, len);
        if let (false, Ok(expected)) = (sieve.is_null(), expected) {
            self.sieves.push((sieve, expected));
        }
    }

    fn program_of_sieve(&mut self) {
        let Some(at) = self.any(self.sieves.len()) else { return };
        let (handle, sieve) = &self.sieves[at];
        let (mut program, mut bytes) = (null_mut(), eventsieve_slice { data: null(), len: 0 });
        let (mut filters, mut source) = (usize::MAX, u32::MAX);
        // SAFETY: a handle and outputs; the bytes are looked at while the program lives.
        unsafe {
            assert_eq!(eventsieve_sieve_program(*handle, &raw mut program), eventsieve_status::Ok);
            assert_eq!(eventsieve_program_bytes(program, &raw mut bytes), eventsieve_status::Ok);
            assert_eq!(std::slice::from_raw_parts(bytes.data, bytes.len), sieve.program().as_bytes());
            assert_eq!(eventsieve_sieve_filter_len(*handle, &raw mut filters), eventsieve_status::Ok);
            assert_eq!(eventsieve_program_source(program, &raw mut source), eventsieve_status::Ok);
        }
        assert_eq!(filters, sieve.filter_len());
        assert_eq!(SOURCES[source as usize], sieve.source());
        self.programs.push((program, sieve.program().clone()));
    }

    fn load_program(&mut self) {
        let Some(at) = self.any(self.sieves.len()) else { return };
        let mut bytes = self.sieves[at].1.program().as_bytes().to_vec();
        match self.rng.below(5) {
            0 => {
                let at = self.rng.below(bytes.len());
                bytes[at] ^= 1 << self.rng.below(8);
            }
            1 => bytes.truncate(self.rng.below(bytes.len())),
            _ => {}
        }
        let bytes = bytes.into_boxed_slice();
        let (mut program, mut errors) = (null_mut(), null_mut());
        // SAFETY: an array and outputs.
        let status =
            unsafe { eventsieve_program_from_bytes(bytes.as_ptr(), bytes.len(), &raw mut program, &raw mut errors) };
        match Program::from_bytes(bytes.to_vec()) {
            Ok(expected) => {
                self.tally.add("program loaded");
                assert_eq!(status, eventsieve_status::Ok);
                self.keep_errors(status, errors, None);
                self.programs.push((program, expected));
            }
            Err(_) => {
                self.tally.add("program refused");
                assert_eq!(status, eventsieve_status::InvalidProgram);
                assert!(program.is_null());
                self.keep_errors(status, errors, Some(1));
            }
        }
    }

    fn sieve_of_program(&mut self) {
        let Some(at) = self.any(self.programs.len()) else { return };
        let fault = self.fault(&[Fault::NullHandle, Fault::Size, Fault::Value]);
        let mut options = eventsieve_run_options {
            size: size_of::<eventsieve_run_options>(),
            checks: self.rng.below(2) as u32,
            reserved: 0,
        };
        match fault {
            Fault::Size => options.size -= 1,
            Fault::Value => options.checks = 7,
            _ => {}
        }
        let (handle, program) = &self.programs[at];
        let handle = if fault == Fault::NullHandle { null() } else { handle.cast_const() };
        let mut sieve = null_mut();
        // SAFETY: a handle or NULL, a struct and an output.
        let status = unsafe { eventsieve_sieve_from_program(handle, &raw const options, &raw mut sieve) };
        let expected = match fault {
            Fault::NullHandle => eventsieve_status::NullPointer,
            Fault::Size => eventsieve_status::WrongSize,
            Fault::Value => eventsieve_status::InvalidValue,
            _ => eventsieve_status::Ok,
        };
        assert_eq!(status, expected);
        if !sieve.is_null() {
            let expected = Sieve::from_program(program.clone()).with_checks(checks(options.checks));
            self.sieves.push((sieve, expected));
        }
        self.misused(fault);
    }

    fn new_scratch(&mut self) {
        let Some(at) = self.any(self.sieves.len()) else { return };
        let (handle, sieve) = &self.sieves[at];
        let mut scratch = null_mut();
        // SAFETY: handles and outputs, NULL among them.
        unsafe {
            assert_eq!(eventsieve_scratch_new(*handle, null_mut()), eventsieve_status::NullPointer);
            assert_eq!(eventsieve_scratch_new(null(), &raw mut scratch), eventsieve_status::NullPointer);
            assert!(scratch.is_null());
            assert_eq!(eventsieve_scratch_new(*handle, &raw mut scratch), eventsieve_status::Ok);
        }
        self.scratches.push((scratch, sieve.program().id()));
    }

    // --------------------------------------------------------------------------------------------------------------
    // Evaluation.

    fn records(&mut self) -> Vec<Box<[u8]>> {
        (0..self.rng.weighted(&[1, 4, 3, 2]))
            .map(|_| match self.rng.below(5) {
                0 => b"{\"n\":4,\"body\":\"{\\\"a\\\":[1]}\",\"data\":\"e30=\"}".as_slice().into(),
                1 => Box::default(),
                _ => random_pair(self.rng.next()).1.into(),
            })
            .collect()
    }

    /// Evaluates some batch, with a sieve and scratch of the caller's or those that it is given.
    fn evaluate(&mut self, loaded: Option<(*const eventsieve_sieve, Sieve<'static>, *mut eventsieve_scratch)>) {
        let (handle, sieve, scratch, is_own) = match loaded {
            Some((handle, sieve, scratch)) => (handle, sieve, scratch, true),
            None => {
                let (Some(at), Some(with)) = (self.any(self.sieves.len()), self.any(self.scratches.len())) else {
                    return;
                };
                let ((handle, sieve), (scratch, program)) = (&self.sieves[at], self.scratches[with]);
                (handle.cast_const(), sieve.clone(), scratch, program == sieve.program().id())
            }
        };
        let fault = self.fault(&[
            Fault::NullHandle,
            Fault::NullScratch,
            Fault::NullAnswers,
            Fault::NullData,
            Fault::Size,
            Fault::Room,
            Fault::Value,
            Fault::Length,
        ]);
        let records = self.records();
        let len = records.len();
        let slices: Box<[eventsieve_slice]> =
            records.iter().map(|record| eventsieve_slice { data: record.as_ptr(), len: record.len() }).collect();
        let row = sieve.filter_len().div_ceil(64);
        let (wants_filters, wants_reasons) = (self.rng.percent(50), self.rng.percent(50));
        let room = if fault == Fault::Room { len.saturating_sub(1) } else { len + self.rng.below(2) };
        let mut verdicts = vec![0xee_u8; room].into_boxed_slice();
        let mut filters = vec![u64::MAX; if wants_filters { len * row } else { 0 }].into_boxed_slice();
        let mut reasons = vec![0xee_u8; if wants_reasons { len } else { 0 }].into_boxed_slice();
        let mut answers = eventsieve_answers {
            size: size_of::<eventsieve_answers>(),
            verdicts: verdicts.as_mut_ptr(),
            verdicts_len: verdicts.len(),
            filters: if wants_filters { filters.as_mut_ptr() } else { null_mut() },
            filters_len: filters.len(),
            reasons: if wants_reasons { reasons.as_mut_ptr() } else { null_mut() },
            reasons_len: reasons.len(),
            record_len: 77,
            matched_len: 77,
        };
        if fault == Fault::Size {
            answers.size = self.rng.pick(&[0, 71, 513]);
        }
        let handle = if fault == Fault::NullHandle { null() } else { handle };
        let scratch = if fault == Fault::NullScratch { null_mut() } else { scratch };
        let answers_in = if fault == Fault::NullAnswers { null_mut() } else { &raw mut answers };

        let bytes: Box<[u8]> = records.concat().into();
        let ends = records.iter().scan(0, |end, record| {
            *end += record.len();
            Some(*end)
        });
        let mut offsets: Vec<usize> = std::iter::once(0).chain(ends).collect();
        // Data that is not there, or an offset that leads nowhere.
        let no_data = fault == Fault::NullData;
        let bad_value = fault == Fault::Value;
        let way = self.rng.below(5);
        if bad_value && (way == 1 || way == 2) {
            let at = self.rng.below(offsets.len());
            offsets[at] = bytes.len() + 1;
        }
        // As many records as a length can say.
        let too_many = fault == Fault::Length;
        let many = |len: usize| if too_many { usize::MAX - len } else { len };
        let data = if no_data { null() } else { bytes.as_ptr() };
        // SAFETY: handles, arrays and structs, or what the library must refuse.
        let (status, name) = unsafe {
            match way {
                0 => {
                    let slices = if no_data { null() } else { slices.as_ptr() };
                    (eventsieve_sieve_evaluate_slices(handle, scratch, slices, many(len), answers_in), "slices")
                }
                1 => {
                    let (at, many) = (offsets.as_ptr(), many(offsets.len()));
                    (
                        eventsieve_sieve_evaluate_offsets(handle, scratch, data, bytes.len(), at, many, answers_in),
                        "offsets",
                    )
                }
                2 => {
                    let offsets: Box<[i32]> = offsets.iter().map(|&offset| offset as i32).collect();
                    let (at, many) = (offsets.as_ptr(), many(offsets.len()));
                    let status =
                        eventsieve_sieve_evaluate_offsets32(handle, scratch, data, bytes.len(), at, many, answers_in);
                    (status, "offsets32")
                }
                3 => {
                    let mut bounds: Vec<usize> = offsets.windows(2).flatten().copied().collect();
                    if bad_value {
                        bounds.push(0);
                    }
                    let (at, many) = (bounds.as_ptr(), many(bounds.len()));
                    (
                        eventsieve_sieve_evaluate_ranges(handle, scratch, data, bytes.len(), at, many, answers_in),
                        "ranges",
                    )
                }
                _ => {
                    let pieces = eventsieve_pieces {
                        size: size_of::<eventsieve_pieces>(),
                        record_len: many(len),
                        // Without a column, nothing but the number says how many there are.
                        delivered: if too_many { null() } else { slices.as_ptr() },
                        metadata: null(),
                        payload: null(),
                        key: null(),
                        payload_encoding: if bad_value { 2 } else { 0 },
                        key_encoding: 1,
                    };
                    let pieces = if no_data { null() } else { &raw const pieces };
                    (eventsieve_sieve_evaluate_pieces(handle, scratch, pieces, answers_in), "pieces")
                }
            }
        };
        self.tally.add(name);
        self.tally.add_if(too_many && way == 4, "more pieces than there are");
        self.misused(fault);
        // Of an empty batch nothing is missing.
        let data_missing = no_data && (way == 4 || if way == 0 { len > 0 } else { !bytes.is_empty() });
        let wrong = match fault {
            Fault::NullHandle | Fault::NullScratch | Fault::NullAnswers => eventsieve_status::NullPointer,
            Fault::NullData if data_missing => eventsieve_status::NullPointer,
            Fault::Length if way == 4 => eventsieve_status::NullPointer,
            Fault::Length => eventsieve_status::InvalidLength,
            Fault::Size => eventsieve_status::WrongSize,
            Fault::Room if len > 0 => eventsieve_status::BufferTooSmall,
            Fault::Value if way == 4 => eventsieve_status::InvalidValue,
            Fault::Value if way != 0 => eventsieve_status::InvalidOffsets,
            _ => eventsieve_status::Ok,
        };
        if !is_own && (wrong == eventsieve_status::Ok || status != wrong) {
            self.tally.add("foreign scratch");
            return assert_eq!(status, eventsieve_status::ForeignScratch, "{name}, {fault:?}");
        }
        assert_eq!(status, wrong, "{name}, {fault:?}, {len} records");
        if status == eventsieve_status::BufferTooSmall {
            assert_eq!(answers.record_len, len);
        }
        if status != eventsieve_status::Ok {
            return assert!(verdicts.iter().all(|&byte| byte == 0xee), "{status:?}, yet verdicts were written");
        }
        let slices: Vec<&[u8]> = records.iter().map(|record| &**record).collect();
        let mut memory = sieve.scratch();
        let outcome = sieve.evaluate_sets(&mut memory, &Batch::from_slices(&slices)).expect("its scratch");
        assert_eq!(answers.record_len, len);
        let mut matched = 0;
        for (record, &verdict) in outcome.verdicts().iter().enumerate() {
            let code =
                [Verdict::NoMatch, Verdict::Match, Verdict::Malformed].iter().position(|&known| known == verdict);
            matched += usize::from(verdict == Verdict::Match);
            // Unless all records are proved, a malformed one may be either of two things.
            if verdicts.len() >= len {
                let found = usize::from(verdicts[record]);
                assert!(Some(found) == code || (found != 1 && code != Some(1)), "{found}, not {verdict:?}");
            }
            if wants_filters {
                let bits = |filter: &usize| filters[record * row + filter / 64] >> (filter % 64) & 1 == 1;
                let set: Vec<usize> = (0..sieve.filter_len()).filter(bits).collect();
                assert_eq!(set, outcome.filters(record).iter().collect::<Vec<_>>());
            }
            if wants_reasons {
                let code = match outcome.drop_reason(record) {
                    None => 0,
                    Some(DropReason::FilteredOut) => 1,
                    Some(DropReason::PayloadNotJson) => 2,
                    Some(DropReason::Malformed) => 3,
                };
                let found = reasons[record];
                assert!(found == code || (found != 0 && code != 0), "{found}, not {code}");
            }
        }
        assert_eq!(answers.matched_len, matched);
    }

    fn filter_envelope(&mut self) {
        let (Some(at), Some(with)) = (self.any(self.sieves.len()), self.any(self.scratches.len())) else { return };
        let ((handle, sieve), (scratch, program)) = (&self.sieves[at], self.scratches[with]);
        let (handle, sieve) = (*handle, sieve.clone());
        let records: Vec<String> = (0..self.rng.below(4)).map(|n| format!("{{\"n\":{},\"a\":[{n}]}}", n + 2)).collect();
        let list = records.join(" , ");
        let mut event = match sieve.source() {
            Source::Msk | Source::Kafka => format!("{{\"records\":{{\"t-0\":[{list}],\"t-1\":[]}}}}"),
            Source::RabbitMq => format!("{{\"rmqMessagesByQueue\":{{\"q\":[{list}]}}}}"),
            Source::ActiveMq => format!("{{\"messages\":[{list}]}}"),
            Source::DocumentDb => format!("{{\"events\":[{list}]}}"),
            _ => format!("{{\"Records\":[{list}]}}"),
        };
        if self.rng.one_in(6) {
            event.truncate(self.rng.below(event.len()));
        }
        let event = event.into_bytes().into_boxed_slice();
        let room = if self.rng.percent(70) { event.len() } else { self.rng.below(event.len() + 1) };
        let mut buffer = vec![0xee_u8; room].into_boxed_slice();
        let (mut needed, mut kept, mut errors) = (usize::MAX, u32::MAX, null_mut());
        // SAFETY: handles, an array, a buffer and outputs.
        let status = unsafe {
            eventsieve_sieve_filter_envelope(
                handle,
                scratch,
                event.as_ptr(),
                event.len(),
                buffer.as_mut_ptr(),
                buffer.len(),
                &raw mut needed,
                &raw mut kept,
                &raw mut errors,
            )
        };
        let Ok(envelope) = Envelope::parse_as(&event, sieve.source()) else {
            self.tally.add("no envelope");
            assert_eq!(status, eventsieve_status::InvalidEnvelope);
            return self.keep_errors(status, errors, Some(1));
        };
        self.keep_errors(status, errors, None);
        if program != sieve.program().id() {
            self.tally.add("foreign scratch");
            return assert_eq!(status, eventsieve_status::ForeignScratch);
        }
        let left = envelope.filter(&sieve, &mut sieve.scratch()).expect("its scratch").unwrap_or_default();
        let whole = left.len() == event.len();
        assert_eq!((needed, kept), (left.len(), if left.is_empty() { 0 } else { 1 + u32::from(whole) }));
        let fits = left.is_empty() || whole || left.len() <= room;
        assert_eq!(status, if fits { eventsieve_status::Ok } else { eventsieve_status::BufferTooSmall });
        self.tally.add("envelope filtered");
        if fits && kept == 1 {
            assert_eq!(buffer[..needed], left);
        } else {
            assert!(buffer.iter().all(|&byte| byte == 0xee), "nothing was to be written");
        }
    }

    fn live(&mut self) {
        let Some(at) = self.any(self.sieves.len()) else { return };
        let (handle, sieve) = (self.sieves[at].0, self.sieves[at].1.clone());
        if self.lives.is_empty() || self.rng.one_in(5) {
            let mut live = null_mut();
            // SAFETY: a handle and an output.
            assert_eq!(unsafe { eventsieve_live_new(handle, &raw mut live) }, eventsieve_status::Ok);
            self.lives.push((live, sieve));
            return;
        }
        let which = self.rng.below(self.lives.len());
        let live = self.lives[which].0;
        if self.rng.percent(50) {
            // SAFETY: handles.
            assert_eq!(unsafe { eventsieve_live_replace(live, handle) }, eventsieve_status::Ok);
            self.lives[which].1 = sieve;
        }
        let current = self.lives[which].1.clone();
        if self.scratches.is_empty() || self.rng.percent(40) {
            let mut scratch = null_mut();
            // SAFETY: a handle and an output.
            assert_eq!(unsafe { eventsieve_scratch_new_live(live, &raw mut scratch) }, eventsieve_status::Ok);
            self.scratches.push((scratch, current.program().id()));
        }
        let with = self.rng.below(self.scratches.len());
        let scratch = self.scratches[with].0;
        let mut loaded = null_mut();
        // SAFETY: handles and an output.
        unsafe {
            assert_eq!(eventsieve_live_load(live, null_mut(), &raw mut loaded), eventsieve_status::NullPointer);
            assert_eq!(eventsieve_live_load(live, scratch, &raw mut loaded), eventsieve_status::Ok);
        }
        self.scratches[with].1 = current.program().id();
        self.tally.add("live");
        self.evaluate(Some((loaded.cast_const(), current, scratch)));
        // SAFETY: a handle, used no more.
        unsafe { eventsieve_sieve_free(loaded) };
    }

    // --------------------------------------------------------------------------------------------------------------
    // The rest.

    fn read_errors(&mut self) {
        let Some(at) = self.any(self.errors.len()) else { return };
        let (handle, expected) = self.errors[at];
        let (mut len, mut needed) = (usize::MAX, usize::MAX);
        let index = self.rng.below(expected + 2);
        // SAFETY: a handle, a struct, outputs and buffers; views are looked at while the errors live.
        unsafe {
            assert_eq!(eventsieve_errors_len(handle, &raw mut len), eventsieve_status::Ok);
            assert_eq!(len, expected);
            let mut error: eventsieve_error = std::mem::zeroed();
            assert_eq!(eventsieve_errors_get(handle, index, &raw mut error), eventsieve_status::WrongSize);
            error.size = size_of::<eventsieve_error>();
            let status = eventsieve_errors_get(handle, index, &raw mut error);
            if index >= len {
                return assert_eq!(status, eventsieve_status::OutOfRange);
            }
            assert_eq!(status, eventsieve_status::Ok);
            for text in [error.message, error.code, error.help, error.aws_message, error.lambda_message] {
                if !text.data.is_null() {
                    std::str::from_utf8(std::slice::from_raw_parts(text.data, text.len)).expect("texts are UTF-8");
                }
            }
            assert!(error.message.len > 0 && error.code.len > 0);
            let index = if self.rng.percent(50) { usize::MAX } else { index };
            let name = self.rng.pick(&[b"criteria.json".as_slice(), b"", b"\xff"]);
            let status =
                eventsieve_errors_draw(handle, index, name.as_ptr(), name.len(), null_mut(), 0, &raw mut needed);
            if name == b"\xff" {
                return assert_eq!(status, eventsieve_status::InvalidValue);
            }
            assert_eq!(status, eventsieve_status::BufferTooSmall);
            let mut buffer = vec![0_u8; needed].into_boxed_slice();
            let (to, room) = (buffer.as_mut_ptr(), buffer.len());
            let status = eventsieve_errors_draw(handle, index, name.as_ptr(), name.len(), to, room, &raw mut needed);
            assert_eq!(status, eventsieve_status::Ok);
            assert!(std::str::from_utf8(&buffer).is_ok_and(|text| !text.is_empty()));
        }
        self.tally.add("errors read");
    }

    fn check_record(&mut self) {
        let Some(at) = self.any(self.sieves.len()) else { return };
        let (handle, sieve) = (self.sieves[at].0, self.sieves[at].1.clone());
        let mut record = random_pair(self.rng.next()).1;
        if self.rng.percent(60) {
            record.truncate(self.rng.below(record.len() + 1));
        }
        let record = record.into_boxed_slice();
        let mut buffer = vec![0_u8; self.rng.pick(&[0, 5, 128])].into_boxed_slice();
        let (mut offset, mut needed) = (usize::MAX, usize::MAX);
        // SAFETY: a handle, an array, a buffer and outputs.
        let status = unsafe {
            let (to, room) = (buffer.as_mut_ptr(), buffer.len());
            let (offset, needed) = (&raw mut offset, &raw mut needed);
            eventsieve_sieve_check(handle, record.as_ptr(), record.len(), offset, to, room, needed)
        };
        self.tally.add("record checked");
        match sieve.check(&record) {
            Ok(()) => assert_eq!((status, offset, needed), (eventsieve_status::Ok, 0, 0)),
            Err(malformed) => {
                let reason = malformed.to_string();
                assert_eq!((status, offset, needed), (eventsieve_status::Malformed, malformed.offset(), reason.len()));
                let written = reason.len().min(buffer.len());
                assert_eq!(buffer[..written], reason.as_bytes()[..written]);
            }
        }
    }

    fn names(&mut self) {
        let number = self.rng.below(300) as u32;
        let mut name = eventsieve_slice { data: null(), len: 0 };
        // SAFETY: outputs; names are valid for ever.
        unsafe {
            for of in [eventsieve_status_name, eventsieve_status_text, eventsieve_source_name, eventsieve_dialect_name]
            {
                assert_eq!(of(number, null_mut()), eventsieve_status::NullPointer);
                if of(number, &raw mut name) == eventsieve_status::Ok {
                    let text = std::slice::from_raw_parts(name.data, name.len);
                    assert!(std::str::from_utf8(text).is_ok_and(|text| !text.is_empty()));
                }
            }
        }
    }

    fn texts(&mut self) {
        let Some(at) = self.any(self.programs.len()) else { return };
        let (handle, program) = &self.programs[at];
        let listing = program.disasm();
        let room = if self.rng.percent(60) { listing.len() } else { self.rng.below(listing.len()) };
        let mut buffer = vec![0xee_u8; room].into_boxed_slice();
        let mut needed = usize::MAX;
        // SAFETY: a handle, a buffer and an output.
        let status = unsafe { eventsieve_program_disasm(*handle, buffer.as_mut_ptr(), room, &raw mut needed) };
        assert_eq!(needed, listing.len());
        self.tally.add("text");
        if room == listing.len() {
            assert_eq!(status, eventsieve_status::Ok);
            assert_eq!(*buffer, *listing.as_bytes());
        } else {
            assert_eq!(status, eventsieve_status::BufferTooSmall);
            assert!(buffer.iter().all(|&byte| byte == 0xee), "nothing was to be written");
        }
    }

    fn free_one(&mut self) {
        self.tally.add("freed");
        // SAFETY: NULL, or handles that are forgotten here.
        unsafe {
            match self.rng.below(6) {
                0 if !self.sieves.is_empty() => {
                    let at = self.rng.below(self.sieves.len());
                    eventsieve_sieve_free(self.sieves.swap_remove(at).0);
                }
                1 if !self.programs.is_empty() => {
                    let at = self.rng.below(self.programs.len());
                    eventsieve_program_free(self.programs.swap_remove(at).0);
                }
                2 if !self.scratches.is_empty() => {
                    let at = self.rng.below(self.scratches.len());
                    eventsieve_scratch_free(self.scratches.swap_remove(at).0);
                }
                3 if !self.lives.is_empty() => {
                    let at = self.rng.below(self.lives.len());
                    eventsieve_live_free(self.lives.swap_remove(at).0);
                }
                4 if !self.errors.is_empty() => {
                    let at = self.rng.below(self.errors.len());
                    eventsieve_errors_free(self.errors.swap_remove(at).0);
                }
                _ => {
                    eventsieve_sieve_free(null_mut());
                    eventsieve_program_free(null_mut());
                    eventsieve_scratch_free(null_mut());
                    eventsieve_live_free(null_mut());
                    eventsieve_errors_free(null_mut());
                }
            }
        }
    }
}

fn checks(code: u32) -> Checks {
    if code == 1 { Checks::Every } else { Checks::Matches }
}

/// The sieve, or how many errors there are.
fn facade(text: &[u8], source: Source, code: u32) -> Result<Sieve<'static>, usize> {
    let text = std::str::from_utf8(text).map_err(|_| 1_usize)?;
    let criteria = FilterCriteria::from_json(text).map_err(|errors| errors.len())?;
    let mut limits = eventsieve::Limits::of(eventsieve::Dialect::EventBridge);
    limits.wildcard_complexity = None;
    let builder = Sieve::builder(source).dialect(eventsieve::Dialect::EventBridge).limits(limits).checks(checks(code));
    builder.compile(&criteria).map_err(|errors| errors.len())
}
