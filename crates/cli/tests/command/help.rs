//! `--help` and `--version`.

use crate::run;

const SUBCOMMANDS: [&str; 4] = ["filter", "compile", "disasm", "test"];

#[test]
fn help_goes_to_stdout_with_status_0() {
    let help = run(&["--help"]);
    assert!(help.status == 0 && help.stderr.is_empty(), "{help:#?}");
    for subcommand in SUBCOMMANDS {
        assert!(help.stdout.contains(&format!("\n  {subcommand}")), "{subcommand}");
        for flag in ["-h", "--help"] {
            let help = run(&[subcommand, flag]);
            assert!(help.status == 0 && help.stderr.is_empty() && help.stdout.contains("Example:\n"), "{help:#?}");
        }
    }
}

#[test]
fn version_is_that_of_the_crate() {
    run(&["--version"]).gives(0, concat!("eventsieve ", env!("CARGO_PKG_VERSION"), "\n")).silently();
}

/// The lines below `Example:` of a help text, up to an empty line.
fn example(help: &str) -> String {
    let lines = help.lines().skip_while(|line| *line != "Example:").skip(1);
    lines.take_while(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect()
}

#[cfg(unix)]
#[test]
fn examples_in_the_help_work() {
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_eventsieve")).parent().expect("the command is in a directory");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let top = vec!["--help"];
    let all = SUBCOMMANDS.iter().map(|subcommand| vec![*subcommand, "--help"]).chain([top]);
    for args in all {
        let script = example(&run(&args).stdout);
        assert!(script.contains("eventsieve "), "{args:?}: {script}");
        let files = crate::Files::new();
        let output = std::process::Command::new("sh")
            .args(["-e", "-c", &script])
            .env("PATH", &path)
            .current_dir(files.path("."))
            .output()
            .expect("there is a shell");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && !output.stdout.is_empty(), "{args:?}: {script}{said}");
    }
}
