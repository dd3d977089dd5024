//! What is written to stdout and stderr, and how it looks.

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use clap::ColorChoice;
use serde::Serialize;

use crate::exit::Failure;

// Decided once from `--color`, the environment and the terminal, before anything is said.
static COLOR: OnceLock<bool> = OnceLock::new();

/// Settles whether stderr is coloured.
pub(crate) fn choose_color(choice: ColorChoice) {
    let colored = match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        // An empty NO_COLOR counts as unset, as its convention has it.
        ColorChoice::Auto => {
            std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && io::stderr().is_terminal()
        }
    };
    let _ = COLOR.set(colored);
}

const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[1;33m";
const CYAN: &str = "\x1b[36m";
const PLAIN: &str = "\x1b[0m";

fn colored() -> bool {
    COLOR.get().copied().unwrap_or(false)
}

/// One line on stderr. Where even that fails there is nobody left to tell.
pub(crate) fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// One line of trouble on stderr.
pub(crate) fn complain(message: &str) {
    if colored() {
        note(&format!("{RED}eventsieve:{PLAIN} {message}"));
    } else {
        note(&format!("eventsieve: {message}"));
    }
}

/// Something drawn over several lines (errors and warnings of criteria), on stderr.
pub(crate) fn show_drawing(drawing: &str) {
    let text = if colored() { paint(drawing) } else { drawing.to_owned() };
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Colours the headline of each block, the carets below it and the help.
fn paint(drawing: &str) -> String {
    let mut out = String::with_capacity(drawing.len() + 64);
    let mut headline = true;
    let mut color = RED;
    for line in drawing.split_inclusive('\n') {
        let (text, end) = line.strip_suffix('\n').map_or((line, ""), |text| (text, "\n"));
        if headline {
            color = if text.starts_with("warning:") { YELLOW } else { RED };
        }
        let shade = match text.trim_start() {
            _ if headline => color,
            text if text.starts_with('^') => color,
            text if text.starts_with("help:") => CYAN,
            _ => "",
        };
        out.push_str(shade);
        out.push_str(text);
        out.push_str(if shade.is_empty() { "" } else { PLAIN });
        out.push_str(end);
        headline = text.is_empty();
    }
    out
}

/// Writes to stdout and hands it on at once.
pub(crate) fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| Failure::from_write(&error))
}

/// One JSON document on a line.
pub(crate) fn json_line(document: &impl Serialize) -> String {
    // Only maps with keys that are no strings and failing writers can fail, and we have neither.
    let mut line = serde_json::to_string(document).unwrap_or_default();
    line.push('\n');
    line
}

/// `1 filter`, `2 filters`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// What a run of `filter` did.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Summary {
    /// Records read, malformed ones included.
    pub(crate) records: u64,
    /// Records that at least one filter matched.
    pub(crate) matched: u64,
    /// All others.
    pub(crate) dropped: u64,
    /// Those among the dropped that were no valid records.
    pub(crate) malformed: u64,
    /// Those among the dropped whose payload is no JSON although a filter asks for JSON.
    pub(crate) payload_not_json: u64,
    /// Bytes read.
    pub(crate) bytes: u64,
    /// Wall time.
    pub(crate) seconds: f64,
}

impl Summary {
    /// For people.
    pub(crate) fn text(&self) -> String {
        let speed = if self.seconds > 0.0 { self.bytes as f64 / 1e9 / self.seconds } else { 0.0 };
        let payloads = match self.payload_not_json {
            0 => String::new(),
            count => format!(", {count} with a payload that is no JSON"),
        };
        format!(
            "{} records: {} matched, {} dropped ({} malformed{payloads}); {} bytes in {:.3} s, {speed:.3} GB/s",
            self.records, self.matched, self.dropped, self.malformed, self.bytes, self.seconds
        )
    }
}

/// How far a long run is, on one line of a terminal that is wiped when there is something to say.
///
/// Silent for the first second, and altogether where records go to the same terminal or stderr is none.
#[derive(Debug)]
pub(crate) struct Progress {
    on: bool,
    started: Instant,
    shown: Option<Instant>,
    total_bytes: Option<u64>,
}

impl Progress {
    /// `total_bytes` where it is known how much there is to read.
    pub(crate) fn new(total_bytes: Option<u64>) -> Progress {
        let on = io::stderr().is_terminal() && !io::stdout().is_terminal();
        Progress { on, started: Instant::now(), shown: None, total_bytes }
    }

    /// Says how far we are, if it is time to.
    pub(crate) fn tick(&mut self, bytes: u64) {
        const QUIET: Duration = Duration::from_secs(1);
        const STEP: Duration = Duration::from_millis(100);
        let due = self.on && self.started.elapsed() >= QUIET && self.shown.is_none_or(|shown| shown.elapsed() >= STEP);
        if !due {
            return;
        }
        self.shown = Some(Instant::now());
        let speed = bytes as f64 / 1e9 / self.started.elapsed().as_secs_f64();
        let bar = self.total_bytes.filter(|total| *total > 0).map_or(String::new(), |total| {
            let done = (bytes as f64 / total as f64).min(1.0);
            let full = (done * 30.0) as usize;
            format!("[{}{}] {:3.0} %  ", "#".repeat(full), ".".repeat(30 - full), done * 100.0)
        });
        let _ = write!(io::stderr(), "\r\x1b[K{bar}{:.2} GB  {speed:.2} GB/s", bytes as f64 / 1e9);
    }

    /// Wipes the line, before something else is said.
    pub(crate) fn clear(&mut self) {
        if self.shown.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
            self.shown = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn painting_keeps_the_text() {
        let drawing = "filter 0: bad\n    {\"a\":1}\n     ^^^ byte 1\n    help: write [1]\n\nwarning: doubtful\n";
        let painted = paint(drawing);
        assert!(painted.starts_with("\x1b[1;31mfilter 0: bad\x1b[0m\n    {\"a\":1}\n"));
        assert!(painted.contains("\x1b[1;33mwarning: doubtful\x1b[0m\n"));
        let plain = [RED, YELLOW, CYAN, PLAIN].iter().fold(painted, |text, code| text.replace(code, ""));
        assert_eq!(plain, drawing);
    }

    #[test]
    fn summary_is_one_line() {
        let summary = Summary {
            records: 3,
            matched: 1,
            dropped: 2,
            malformed: 1,
            bytes: 2_000_000_000,
            seconds: 2.0,
            ..Summary::default()
        };
        assert_eq!(
            summary.text(),
            "3 records: 1 matched, 2 dropped (1 malformed); 2000000000 bytes in 2.000 s, 1.000 GB/s"
        );
    }
}
