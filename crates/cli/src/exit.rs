//! What the status of the process is.
//!
//! 0 is yes, 1 is no, 2 is trouble, for every subcommand. A reader that goes away (`eventsieve filter … | head`)
//! is neither: the run ends at once, without a word, with status 0.

use std::io;
use std::process::ExitCode;

use crate::output;

/// The answer of a run that could be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// A record matched, all cases passed, the file was written.
    Yes,
    /// No record matched, a case failed.
    No,
    /// Something was wrong and has been said, but the rest of the work was done.
    Trouble,
}

/// Why a run could not go on.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What the trouble is.
    Trouble(String),
    /// What clap has to say: bad usage, or the help that was asked for.
    Usage(Box<clap::Error>),
    /// Nobody reads stdout any more.
    BrokenPipe,
}

impl Failure {
    /// Trouble with something that has a name: a file, a flag.
    pub(crate) fn with(name: &str, error: impl std::fmt::Display) -> Failure {
        Failure::Trouble(format!("{name}: {error}"))
    }

    /// A write to stdout that failed.
    pub(crate) fn from_write(error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::BrokenPipe,
            _ => Failure::with("stdout", error),
        }
    }

    /// Says what is left to say; the status.
    fn end(self) -> u8 {
        match self {
            Failure::Trouble(message) => {
                output::complain(&message);
                2
            }
            Failure::Usage(error) => {
                // Help goes to stdout and may meet a closed pipe; there is nobody to tell.
                let _ = error.print();
                u8::try_from(error.exit_code()).unwrap_or(2)
            }
            Failure::BrokenPipe => 0,
        }
    }

    /// Ends the process here and now.
    ///
    /// For a thread that cannot return, because another one sits in a read from stdin that may never end.
    pub(crate) fn end_process(self) -> ! {
        std::process::exit(i32::from(self.end()))
    }
}

/// The status of a finished run.
pub(crate) fn code_of(outcome: Result<Exit, Failure>) -> ExitCode {
    ExitCode::from(match outcome {
        Ok(Exit::Yes) => 0,
        Ok(Exit::No) => 1,
        Ok(Exit::Trouble) => 2,
        Err(failure) => failure.end(),
    })
}
