//! Hostile bytes behind a valid header: refused with a reason, or safe to run and to list.
#![no_main]

use eventsieve::{Batch, Program, Sieve};
use eventsieve_program::assemble;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, &[u8])| {
    let (mut bytes, record) = input;
    if let Some(magic) = bytes.get_mut(..8) {
        magic.copy_from_slice(b"ESVPROG\0");
    }
    assemble::seal(&mut bytes);
    let Ok(program) = Program::from_bytes(bytes) else { return };
    let _ = program.disasm();
    let sieve = Sieve::from_program(program);
    let mut scratch = sieve.scratch();
    let records: [&[u8]; 2] = [record, br#"{"a":{"b":[1,"x",{"c":null}]}}"#];
    let _ = sieve.evaluate_sets(&mut scratch, &Batch::from_slices(&records));
});
