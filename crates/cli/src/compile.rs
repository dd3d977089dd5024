//! `compile`: criteria to a program file.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use crate::args::CompileArgs;
use crate::criteria::{compile, is_stdin};
use crate::exit::{Exit, Failure};
use crate::output::{self, counted};

pub(crate) fn run(args: &CompileArgs) -> Result<Exit, Failure> {
    let to_stdout = is_stdin(&args.output);
    if to_stdout && io::stdout().is_terminal() {
        return Err(Failure::Trouble(
            "a program is binary and would garble the terminal; redirect stdout, or name a file with -o".to_owned(),
        ));
    }
    let sieve = compile(&args.criteria)?;
    let program = sieve.program();
    let name = if to_stdout { "<stdout>".to_owned() } else { args.output.display().to_string() };
    if to_stdout {
        output::print(program.as_bytes())?;
    } else {
        write_whole(&args.output, program.as_bytes()).map_err(|error| Failure::with(&name, error))?;
    }
    output::note(&format!(
        "{name}: {}, {} bytes, source {}, dialect {}",
        counted(sieve.filter_len(), "filter"),
        program.as_bytes().len(),
        program.source(),
        program.dialect()
    ));
    Ok(Exit::Yes)
}

/// Writes a file so that nobody ever sees half of it: beside the target first, then renamed over it.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = match fs::canonicalize(path) {
        // A link stays a link: what it leads to is replaced. A device or a pipe cannot be replaced, only written.
        Ok(target) if target.is_file() => target,
        Ok(target) => return fs::OpenOptions::new().write(true).open(target)?.write_all(bytes),
        Err(_) => path.to_path_buf(),
    };
    let beside = beside(&target)?;
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            if let Ok(old) = fs::metadata(&target) {
                file.set_permissions(old.permissions())?;
            }
            file.sync_all()
        })
        .and_then(|()| fs::rename(&beside, &target));
    if written.is_err() {
        // The first error is the one to report; what is left over may not even exist.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// A name next to `target` that nobody else uses.
fn beside(target: &Path) -> io::Result<PathBuf> {
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::IsADirectory))?);
    name.push(format!(".{}.tmp", std::process::id()));
    Ok(target.with_file_name(name))
}
