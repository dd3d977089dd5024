//! All the ways a sieve can be asked about records that are held whole. They must agree.

use eventsieve::{Batch, Checks, DropReason, FrontEnd, Isa, Program, Scratch, Sieve, Verdict};

/// Verdict of one record, and the filters that matched it.
pub type Found = (Verdict, Vec<usize>);

/// What a sieve says, with the promises about an outcome held.
///
/// # Panics
/// If one of them is broken.
pub fn sets(sieve: &Sieve<'_>, scratch: &mut Scratch, batch: &Batch<'_>) -> Vec<Found> {
    let outcome = sieve.evaluate_sets(scratch, batch).expect("the scratch is this sieve's");
    assert_eq!(outcome.verdicts().len(), batch.len());
    let verdicts = outcome.verdicts().iter().enumerate();
    let of = |(at, &verdict): (usize, &Verdict)| {
        let filters: Vec<usize> = outcome.filters(at).iter().collect();
        assert!(filters.is_sorted_by(|a, b| a < b) && filters.iter().all(|&filter| filter < sieve.filter_len()));
        let reason = outcome.drop_reason(at);
        assert_eq!(reason.is_none(), verdict == Verdict::Match);
        assert_eq!(reason == Some(DropReason::Malformed), verdict == Verdict::Malformed);
        (verdict, filters)
    };
    verdicts.map(of).collect()
}

/// Asks a sieve for all records in every way there is: front ends, instruction sets, batches of every make, warm and cold
/// memory, fresh and reloaded program, with and without the prefilter, all records proved or only matches.
///
/// # Errors
/// Which way differs, and from what.
///
/// # Panics
/// As [`sets`].
pub fn ways(sieve: &Sieve<'_>, records: &[Vec<u8>]) -> Result<Vec<Found>, String> {
    let slices: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
    let batch = Batch::from_slices(&slices);
    let expected = sets(&sieve.clone().with_checks(Checks::Every), &mut sieve.scratch(), &batch);
    let verdicts: Vec<Verdict> = expected.iter().map(|found| found.0).collect();
    let same = |way: &str, front_end: FrontEnd, found: bool| {
        let differs = || format!("asked another way ({way}, {front_end:?}) the answer differs from {expected:?}");
        found.then_some(()).ok_or_else(differs)
    };

    let bytes = sieve.program().as_bytes();
    let reload = |bytes| Program::from_bytes(bytes).map_err(|error| format!("the program cannot be loaded: {error}"));
    // One byte before it: never where an aligned reader would like it.
    let shifted = [&[0xff], bytes].concat();
    let loaded = [("reloaded", reload(bytes)?), ("reloaded at an odd address", reload(&shifted[1..])?)];
    let joined = records.concat();
    let mut offsets = vec![0];
    offsets.extend(records.iter().scan(0, |end, record| {
        *end += record.len();
        Some(*end)
    }));
    let adjoining = Batch::from_offsets(&joined, &offsets).expect("offsets ascend");
    // Between two records lies what would matter most if it were read.
    let mut gaps = Vec::new();
    let ranges: Vec<_> = records
        .iter()
        .map(|record| {
            gaps.extend_from_slice(b"\\\"{[");
            let start = gaps.len();
            gaps.extend_from_slice(record);
            start..gaps.len()
        })
        .collect();
    gaps.extend_from_slice(b"\"}]");
    let apart = Batch::from_ranges(&gaps, &ranges).expect("ranges ascend");

    for front_end in [FrontEnd::Index, FrontEnd::Tape, FrontEnd::Text] {
        let fresh = sieve.clone().with_front_end(front_end).with_checks(Checks::Every);
        let mut warm = fresh.scratch();
        same("sets", front_end, sets(&fresh, &mut warm, &batch) == expected)?;
        same("warm", front_end, sets(&fresh, &mut warm, &adjoining) == expected)?;
        same("ranges", front_end, sets(&fresh, &mut warm, &apart) == expected)?;
        same("verdicts", front_end, fresh.evaluate(&mut warm, &batch).expect("its scratch") == verdicts)?;
        let mut into = vec![Verdict::Malformed; verdicts.len()];
        fresh.evaluate_into(&mut warm, &batch, &mut into).expect("its scratch, its length");
        same("verdicts into a slice", front_end, into == verdicts)?;
        for (slice, expected) in slices.chunks(1).zip(&expected).rev() {
            let batch = Batch::from_slices(slice);
            let cold = sets(&fresh, &mut fresh.scratch(), &batch);
            same("one record, cold", front_end, cold == std::slice::from_ref(expected))?;
            let warm = sets(&fresh, &mut warm, &batch);
            same("one record, warm", front_end, warm == std::slice::from_ref(expected))?;
        }
        for (way, program) in &loaded {
            let sieve = Sieve::from_program(program.clone()).with_front_end(front_end).with_checks(Checks::Every);
            same(way, front_end, sets(&sieve, &mut sieve.scratch(), &batch) == expected)?;
        }
    }
    as_tapes(sieve, records, &expected)?;
    // Where only matches are proved, a malformed record may pass for one that does not match, and nothing else.
    for isa in Isa::available() {
        for prefilter in [true, false] {
            let quick = sieve.clone().with_checks(Checks::Matches).with_isa(isa).with_prefilter(prefilter);
            let mut scratch = quick.scratch();
            for batch in [&batch, &adjoining, &apart] {
                let found = sets(&quick, &mut scratch, batch);
                let agrees = |(found, expected): (&Found, &Found)| {
                    let dropped = found.0 == Verdict::NoMatch && expected.0 == Verdict::Malformed;
                    found == expected || (dropped && found.1.is_empty())
                };
                let way = format!("matches proved, {}, prefilter {prefilter}", isa.name());
                same(&way, FrontEnd::Index, found.iter().zip(&expected).all(agrees))?;
            }
            let exact = quick.with_checks(Checks::Every);
            same(isa.name(), FrontEnd::Index, sets(&exact, &mut scratch, &batch) == expected)?;
        }
    }
    Ok(expected)
}

/// The same records parsed by simd-json, as far as that is able to.
fn as_tapes(sieve: &Sieve<'_>, records: &[Vec<u8>], expected: &[Found]) -> Result<(), String> {
    let mut buffers: Vec<Vec<u8>> = records.to_vec();
    let (mut places, mut tapes) = (Vec::new(), Vec::new());
    for (at, buffer) in buffers.iter_mut().enumerate() {
        let record = &records[at];
        if let Some(tape) = simd_json::to_tape(buffer).ok().filter(|_| !has_long_number(record)) {
            places.push(at);
            tapes.push(tape);
        }
    }
    let found = sets(sieve, &mut sieve.scratch(), &Batch::from_tapes(&tapes));
    for (found, at) in found.iter().zip(places) {
        if *found != expected[at] {
            let record = records[at].escape_ascii();
            return Err(format!("as a tape {found:?}, as text {:?}\n    record  {record}", expected[at]));
        }
    }
    Ok(())
}

/// Whether some number may have more digits than a double keeps, or an exponent at the far ends of its range.
fn has_long_number(record: &[u8]) -> bool {
    let digits = |run: &[u8]| run.iter().filter(|byte| byte.is_ascii_digit()).count();
    let part = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    record.split(|byte| !part(byte)).any(|run| {
        let exponent = run.iter().position(|byte| b"eE".contains(byte)).map_or(0, |e| digits(&run[e..]));
        digits(run) > 15 || exponent > 2
    })
}
