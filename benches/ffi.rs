//! What does the way through C cost? The C functions against the Rust ones, on the same records, by batch size.
//!
//! ```sh
//! cargo bench -p eventsieve-benches --bench ffi
//! ```
//!
//! Both sides get one buffer with offsets, or one slice a record, and write one verdict a record into memory of the caller's.
//! They take turns pass by pass; the ratio is that of the turns' middle. Verdicts are compared before the clock starts.

use std::hint::black_box;
use std::ptr;
use std::time::Instant;

use clap::Parser;
use eventsieve::{Batch, FilterCriteria, Sieve, Verdict};
use eventsieve_benches::measure::median;
use eventsieve_benches::report::processor;
use eventsieve_benches::workloads::{Workload, named};
use eventsieve_ffi::{
    eventsieve_answers, eventsieve_program, eventsieve_program_free, eventsieve_program_from_bytes,
    eventsieve_run_options, eventsieve_scratch, eventsieve_scratch_free, eventsieve_scratch_new, eventsieve_sieve,
    eventsieve_sieve_evaluate_offsets, eventsieve_sieve_evaluate_slices, eventsieve_sieve_free,
    eventsieve_sieve_from_program, eventsieve_slice, eventsieve_status,
};

/// Compares the C entry with the Rust entry.
#[derive(Parser)]
#[command(name = "ffi", version)]
struct Arguments {
    /// Passes of each side for each row.
    #[arg(long, value_name = "PASSES", default_value_t = 41)]
    passes: usize,
    /// What cargo passes to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let arguments = Arguments::parse();
    println!(
        "{}, one thread; nanoseconds a record, and how many times the Rust entry the C entry takes\n",
        processor()
    );
    println!("{:20}{:>8}{:>12}{:>10}{:>10}{:>8}", "", "batch", "form", "Rust", "C", "ratio");
    for name in ["sqs-1%", "sqs-numeric-1%", "kinesis-100%"] {
        let workload = named(name, 2 << 20);
        let handles = Handles::new(&workload);
        for batch in [1, 10, 1000] {
            for form in [Form::Offsets, Form::Slices] {
                let [rust, c] = handles.time(&workload, batch, form, arguments.passes);
                let ratio = median(rust.iter().zip(&c).map(|(rust, c)| c / rust).collect());
                let records = workload.expected.len() as f64;
                let [rust, c] = [rust, c].map(|passes| median(passes) / records * 1e9);
                println!("{name:20}{batch:>8}{:>12}{rust:>10.1}{c:>10.1}{ratio:>8.3}", form.name());
            }
        }
    }
}

/// How a batch is handed over.
#[derive(Clone, Copy)]
enum Form {
    Offsets,
    Slices,
}

impl Form {
    fn name(self) -> &'static str {
        match self {
            Form::Offsets => "offsets",
            Form::Slices => "slices",
        }
    }
}

/// The same program on both sides.
struct Handles {
    sieve: Sieve<'static>,
    c_sieve: *mut eventsieve_sieve,
    c_scratch: *mut eventsieve_scratch,
}

impl Handles {
    fn new(workload: &Workload) -> Handles {
        let criteria = FilterCriteria::from_patterns(workload.patterns.iter().cloned());
        let builder = Sieve::builder(workload.source).limits(eventsieve::Limits::none());
        let sieve = builder.compile(&criteria).expect("criteria of workloads are valid");
        let bytes = sieve.program().as_bytes();
        let mut program: *mut eventsieve_program = ptr::null_mut();
        let (mut c_sieve, mut c_scratch) = (ptr::null_mut(), ptr::null_mut());
        let options = eventsieve_run_options { size: size_of::<eventsieve_run_options>(), checks: 0, reserved: 0 };
        // SAFETY: the bytes outlive the call, outputs are variables of this function, handles are used before they are freed.
        unsafe {
            let loaded = eventsieve_program_from_bytes(bytes.as_ptr(), bytes.len(), &mut program, ptr::null_mut());
            assert_eq!(loaded, eventsieve_status::Ok);
            assert_eq!(eventsieve_sieve_from_program(program, &options, &mut c_sieve), eventsieve_status::Ok);
            eventsieve_program_free(program);
            assert_eq!(eventsieve_scratch_new(c_sieve, &mut c_scratch), eventsieve_status::Ok);
        }
        Handles { sieve, c_sieve, c_scratch }
    }

    /// Seconds of each pass over all records, of the Rust side and of the C side.
    fn time(&self, workload: &Workload, batch: usize, form: Form, passes: usize) -> [Vec<f64>; 2] {
        let view = workload.records.view();
        let slices: Vec<&[u8]> = view.iter().collect();
        let c_slices: Vec<eventsieve_slice> =
            slices.iter().map(|record| eventsieve_slice { data: record.as_ptr(), len: record.len() }).collect();
        let mut scratch = self.sieve.scratch();
        let mut verdicts = vec![Verdict::NoMatch; slices.len()];
        let mut c_verdicts = vec![0_u8; slices.len()];
        let mut rust = || {
            for (chunk, verdicts) in (0..).step_by(batch).zip(verdicts.chunks_mut(batch)) {
                let end = chunk + verdicts.len();
                let batch = match form {
                    Form::Offsets => Batch::from_offsets(view.bytes, &view.offsets[chunk..=end]).expect("they ascend"),
                    Form::Slices => Batch::from_slices(&slices[chunk..end]),
                };
                self.sieve.evaluate_into(&mut scratch, black_box(&batch), verdicts).expect("its own scratch");
            }
            verdicts.iter().map(|&verdict| verdict == Verdict::Match).collect::<Vec<_>>()
        };
        let mut c = || {
            let mut answers = eventsieve_answers {
                size: size_of::<eventsieve_answers>(),
                verdicts: ptr::null_mut(),
                verdicts_len: 0,
                filters: ptr::null_mut(),
                filters_len: 0,
                reasons: ptr::null_mut(),
                reasons_len: 0,
                record_len: 0,
                matched_len: 0,
            };
            for (chunk, verdicts) in (0..).step_by(batch).zip(c_verdicts.chunks_mut(batch)) {
                (answers.verdicts, answers.verdicts_len) = (verdicts.as_mut_ptr(), verdicts.len());
                // SAFETY: handles that live as long as `self`; arrays and buffers with their lengths, all borrowed here.
                let status = unsafe {
                    match form {
                        Form::Offsets => eventsieve_sieve_evaluate_offsets(
                            self.c_sieve,
                            self.c_scratch,
                            view.bytes.as_ptr(),
                            view.bytes.len(),
                            view.offsets[chunk..].as_ptr(),
                            verdicts.len() + 1,
                            &mut answers,
                        ),
                        Form::Slices => eventsieve_sieve_evaluate_slices(
                            self.c_sieve,
                            self.c_scratch,
                            c_slices[chunk..].as_ptr(),
                            verdicts.len(),
                            &mut answers,
                        ),
                    }
                };
                assert_eq!(status, eventsieve_status::Ok);
            }
            c_verdicts.iter().map(|&verdict| verdict == 1).collect::<Vec<_>>()
        };
        assert_eq!(rust(), workload.expected);
        assert_eq!(c(), workload.expected);
        let mut seconds = [Vec::with_capacity(passes), Vec::with_capacity(passes)];
        for pass in 0..passes {
            // Who goes first changes, so that neither always finds the records in the cache.
            for side in if pass % 2 == 0 { [0, 1] } else { [1, 0] } {
                let start = Instant::now();
                black_box(if side == 0 { rust() } else { c() });
                seconds[side].push(start.elapsed().as_secs_f64());
            }
        }
        seconds
    }
}

impl Drop for Handles {
    fn drop(&mut self) {
        // SAFETY: both were made by `new` and are freed once.
        unsafe {
            eventsieve_scratch_free(self.c_scratch);
            eventsieve_sieve_free(self.c_sieve);
        }
    }
}
