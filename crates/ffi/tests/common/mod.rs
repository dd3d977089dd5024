//! Compilers, and the libraries that `cargo test` has left beside the test.
#![allow(dead_code, reason = "each test uses its part")]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) fn manifest_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An empty folder for a test's files.
pub(crate) fn fresh_dir(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("ffi-{name}"));
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    dir
}

/// The promised symbols.
pub(crate) fn symbols() -> Vec<String> {
    let text = fs::read_to_string(manifest_dir().join("symbols.txt")).expect("symbols.txt");
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(str::to_owned).collect()
}

/// The shared and the static library of this build, under the names they are installed by.
pub(crate) fn libraries(dir: &Path) -> (PathBuf, PathBuf) {
    let deps = std::env::current_exe().unwrap().parent().unwrap().to_path_buf();
    let lib = dir.join("lib");
    fs::create_dir_all(&lib).unwrap();
    let (shared, archive) = (lib.join("libeventsieve.so.0"), lib.join("libeventsieve.a"));
    let place = |from: &Path, to: &Path| {
        assert!(from.exists(), "cargo has left no {}", from.display());
        let _ = fs::remove_file(to);
        fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop)).unwrap();
    };
    place(&deps.join("libeventsieve_ffi.so"), &shared);
    place(&deps.join("libeventsieve_ffi.a"), &archive);
    let link = lib.join("libeventsieve.so");
    let _ = fs::remove_file(&link);
    place(&shared, &link);
    (shared, archive)
}

/// What the static library needs of the system.
pub(crate) const NATIVE_LIBRARIES: [&str; 4] = ["-lgcc_s", "-lpthread", "-lm", "-ldl"];

/// A C or C++ compiler.
pub(crate) struct Toolchain {
    program: &'static str,
}

impl Toolchain {
    /// The C compiler. Where tests must not be skipped (`CI` is set), a missing one is a failure.
    pub(crate) fn gcc() -> Option<Toolchain> {
        let found = Toolchain { program: "gcc" }.if_there();
        assert!(found.is_some() || std::env::var_os("CI").is_none(), "gcc is missing; apt-get install gcc");
        found
    }

    /// The C++ compiler.
    pub(crate) fn gxx() -> Option<Toolchain> {
        Toolchain { program: "g++" }.if_there()
    }

    fn if_there(self) -> Option<Toolchain> {
        if is_there(self.program) {
            return Some(self);
        }
        eprintln!("skipped: {} is not installed", self.program);
        None
    }

    /// Warnings are errors, and the header is found.
    pub(crate) fn command(&self, standard: &str) -> Command {
        let mut command = Command::new(self.program);
        command.arg(format!("-std={standard}")).args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g", "-O1"]);
        command.arg("-I").arg(manifest_dir().join("include"));
        command
    }

    pub(crate) fn compile_only(&self, source: &Path, standard: &str) {
        run(self.command(standard).arg("-c").arg(source).arg("-o").arg(source.with_extension("o")));
    }

    /// Whether the compiler and its libraries know a flag.
    pub(crate) fn takes(&self, flags: &[&str]) -> bool {
        let dir = fresh_dir("flags");
        let source = dir.join("flags.c");
        fs::write(&source, "int main(void) { return 0; }\n").unwrap();
        let output = Command::new(self.program).args(flags).arg(&source).arg("-o").arg(dir.join("flags")).output();
        output.is_ok_and(|output| output.status.success())
            && Command::new(dir.join("flags")).status().is_ok_and(|status| status.success())
    }
}

/// Whether a program can be started.
pub(crate) fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

/// Runs a command that must succeed, and shows what it said if it does not.
pub(crate) fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}\n{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// The folder of a library for the loader.
pub(crate) fn library_path(shared: &Path) -> OsString {
    shared.parent().unwrap().as_os_str().to_owned()
}
