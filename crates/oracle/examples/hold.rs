//! Another implementation, in whatever language, held against case files:
//! `cargo run -p eventsieve-oracle --example hold -- corpus/conformance/*.ndjson -- COMMAND [ARGUMENT…]`.
//!
//! The command reads one JSON object a line, with `pattern`, `event` (both texts) and `dialect`, and answers each with a line: the
//! answer in the words of case files (`match`, `no-match`, `invalid-pattern`, `invalid-event`). Wrapping an implementation in
//! Rust takes no process: [`eventsieve_oracle::Engine`] is all there is to it.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, ExitCode, Stdio};

use eventsieve_cases::CaseFile;
use eventsieve_oracle::trial::quoted;
use eventsieve_oracle::{Answer, CaseOptions, Engine, run_cases};

struct Peer {
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Engine for Peer {
    fn answer(&mut self, pattern: &str, event: &[u8], options: &CaseOptions<'_>) -> Answer {
        let event = String::from_utf8_lossy(event);
        let [pattern, event, dialect] = [pattern, &event, options.dialect].map(quoted);
        let mut line = format!("{{\"pattern\":{pattern},\"event\":{event},\"dialect\":{dialect}}}\n");
        let asked = self.to.write_all(line.as_bytes()).and_then(|()| self.to.flush());
        line.clear();
        asked.and_then(|()| self.from.read_line(&mut line)).expect("the command still runs");
        let known = [Answer::Match, Answer::NoMatch, Answer::InvalidPattern, Answer::InvalidEvent];
        let answer = known.into_iter().find(|answer| answer.to_string() == line.trim_end());
        answer.unwrap_or_else(|| panic!("{}: the command answered {line:?}", options.name))
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut parts = arguments.split(|argument| argument == "--");
    let (Some(files), Some([command, rest @ ..])) = (parts.next(), parts.next()) else {
        eprintln!("usage: hold FILE… -- COMMAND [ARGUMENT…]");
        return ExitCode::from(2);
    };
    let mut child =
        Command::new(command).args(rest).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let (to, from) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
    let mut peer = Peer { to, from: BufReader::new(from) };
    let mut failed = false;
    for name in files {
        let report = run_cases(&mut peer, &CaseFile::read(name).expect("a case file"));
        println!("{name}: {report}");
        failed |= !report.failures.is_empty();
    }
    // Its input is at an end, so the command ends too.
    drop(peer);
    child.wait().expect("it can be waited for");
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
