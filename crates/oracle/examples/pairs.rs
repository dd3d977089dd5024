//! Prints random pairs with the reference's answer, one JSON object a line, for looking at and for holding other
//! implementations against: `cargo run -p eventsieve-oracle --example pairs -- SEED COUNT`.
//!
//! `event` is the record's text; a record that is not UTF-8 comes as `event_hex` instead.

use std::io::{BufWriter, Write};
use std::process::ExitCode;

use eventsieve_oracle::generate::random_pair;
use eventsieve_oracle::reference::judge;

fn main() -> ExitCode {
    let numbers: Option<Vec<u64>> = std::env::args().skip(1).map(|argument| argument.parse().ok()).collect();
    let Some([seed, count]) = numbers.as_deref() else {
        eprintln!("usage: pairs SEED COUNT");
        return ExitCode::from(2);
    };
    match print(*seed, *count) {
        Ok(()) => ExitCode::SUCCESS,
        // A reader that has seen enough is no trouble.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pairs: {error}");
            ExitCode::from(2)
        }
    }
}

fn print(first: u64, count: u64) -> std::io::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for seed in (0..count).map(|index| first.wrapping_add(index)) {
        let (pattern, record) = random_pair(seed);
        let judged = judge(&pattern, &record);
        let event = match std::str::from_utf8(&record) {
            Ok(text) => format!("\"event\":{}", quoted(text)),
            Err(_) => {
                format!("\"event_hex\":\"{}\"", record.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
            }
        };
        writeln!(
            out,
            "{{\"seed\":{seed},\"pattern\":{},{event},\"answer\":\"{}\",\"mixed\":{},\"uneven\":{},\"empty_steps\":{}}}",
            quoted(&pattern),
            judged.answer,
            judged.mixed_membership,
            judged.uneven_paths,
            judged.empty_steps
        )?;
    }
    out.flush()
}

/// The text as a JSON string in ASCII.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte @ (b'"' | b'\\')) => quoted.extend(['\\', char::from(byte)]),
            Ok(byte @ b' '..=b'~') => quoted.push(char::from(byte)),
            _ => quoted.push_str(&format!("\\u{unit:04x}")),
        }
    }
    quoted + "\""
}
