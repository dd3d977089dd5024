//! The built `eventsieve` command, run as a person would run it.

mod cases;
mod checks;
mod corpus;
mod criteria;
mod filter;
mod help;
mod layout;
mod programs;
mod sources;

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run came to.
#[derive(Debug)]
struct Run {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Run {
    /// Asserts status and stdout; the rest of the run is shown if they differ.
    #[track_caller]
    fn gives(&self, status: i32, stdout: &str) -> &Run {
        assert!(
            self.status == status && self.stdout == stdout,
            "expected status {status} and {stdout:?}, got {self:#?}"
        );
        self
    }

    /// Asserts that nothing was said.
    #[track_caller]
    fn silently(&self) -> &Run {
        assert_eq!(self.stderr, "", "{self:#?}");
        self
    }

    /// Asserts all of stderr.
    #[track_caller]
    fn saying(&self, stderr: &str) -> &Run {
        assert_eq!(self.stderr, stderr, "{self:#?}");
        self
    }
}

/// The command, ready for arguments.
fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eventsieve"));
    command.env_remove("NO_COLOR").current_dir(top());
    command
}

/// Runs the command with `stdin` as its input.
fn run_with(stdin: impl AsRef<[u8]>, args: &[impl AsRef<OsStr>]) -> Run {
    let mut child = command()
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut pipe = child.stdin.take().expect("stdin is piped");
    let input = stdin.as_ref().to_vec();
    // From a thread of its own: the command may write before it has read all. It may also not read at all.
    let feeder = std::thread::spawn(move || drop(pipe.write_all(&input)));
    let output = child.wait_with_output().expect("the command ends");
    feeder.join().expect("the feeder ends");
    Run {
        status: output.status.code().expect("the command is not killed"),
        stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
    }
}

/// Runs the command without input.
fn run(args: &[impl AsRef<OsStr>]) -> Run {
    run_with("", args)
}

/// The top of the project.
fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A directory for the files of one test.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Files {
        Files(tempfile::tempdir().expect("a directory for the test"))
    }

    /// Writes a file; its path.
    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("the test's directory can be written");
        path
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("the test's directory has a plain name").to_owned()
    }
}
