//! Builds the wheel, installs it where nothing else is, and runs Python's tests against it.
//!
//! Needs python3 (3.11 or later) with venv and pip, and a package index for what `requirements.txt` names. Where
//! something of that is missing the test says so and is skipped; with `CI` set it fails and names the step.

#![cfg(unix)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

#[test]
fn the_wheel_passes_the_tests_of_python() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wheel");
    match prepare(&folder) {
        Ok(tools) => tools.build_and_test(),
        Err(missing) if env::var_os("CI").is_some() => panic!("{missing}"),
        // Not `println!`: the reason is to be seen although the test passes.
        Err(missing) => writeln!(std::io::stderr(), "skipped: the tests of the Python package: {missing}").unwrap(),
    }
}

/// Two environments: one to build in, kept from run to run, and a fresh one to install to.
struct Tools {
    folder: PathBuf,
}

/// Makes the environments. An error is a step that cannot be taken here.
fn prepare(folder: &Path) -> Result<Tools, String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let tools = Tools { folder: folder.to_owned() };
    let version = "import sys; sys.exit(sys.version_info < (3, 11))";
    take("finding python3, 3.11 or later", Command::new("python3").args(["-c", version]))?;

    let requirements = fs::read_to_string(Tools::requirements()).expect("it lies beside this file");
    let stamp = folder.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == requirements) && tools.build("pip").exists() {
        // Nothing to do: the same was installed by an earlier run.
    } else {
        let venv = ["-m", "venv", "--clear"];
        take("making a virtual environment", Command::new("python3").args(venv).arg(folder.join("build")))?;
        tools.pip(&tools.build("python"), "installing maturin (needs pip and a package index)", &["maturin"])?;
    }
    let bare = ["-m", "venv", "--clear", "--without-pip"];
    take("making a fresh virtual environment", Command::new("python3").args(bare).arg(folder.join("fresh")))?;
    let packages: Vec<&str> = requirements
        .lines()
        .filter_map(|line| line.split_once("==").map(|(name, _)| name))
        .filter(|&name| name != "maturin")
        .collect();
    tools.pip(&tools.fresh(), "installing what the tests use (needs a package index)", &packages)?;
    fs::write(&stamp, requirements).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(tools)
}

impl Tools {
    fn package() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    fn requirements() -> PathBuf {
        Tools::package().join("tests/requirements.txt")
    }

    fn build(&self, program: &str) -> PathBuf {
        self.folder.join("build/bin").join(program)
    }

    fn fresh(&self) -> PathBuf {
        self.folder.join("fresh/bin/python")
    }

    /// Installs packages, in the versions of `requirements.txt`, for a Python.
    fn pip(&self, python: &Path, step: &str, packages: &[&str]) -> Result<(), String> {
        let quiet = ["--quiet", "--disable-pip-version-check", "--no-input"];
        let mut pip = Command::new(self.build("python"));
        pip.args(["-m", "pip", "--python"]).arg(python).args(quiet);
        pip.args(["install", "--only-binary", ":all:", "--constraint"]).arg(Tools::requirements()).args(packages);
        take(step, &mut pip)
    }

    fn build_and_test(&self) {
        let wheels = self.folder.join("wheels");
        let _ = fs::remove_dir_all(&wheels);
        // The lock on the target directory is free while tests run, and nearly all that is needed lies there.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it lies in the target directory");
        let mut maturin = Command::new(self.build("maturin"));
        maturin.current_dir(Tools::package()).args(["build", "--quiet"]);
        maturin.arg("--interpreter").arg(self.build("python"));
        maturin.arg("--target-dir").arg(target).arg("--out").arg(&wheels);
        if !cfg!(debug_assertions) {
            maturin.arg("--release");
        }
        take("building the wheel", &mut maturin).unwrap_or_else(|error| panic!("{error}"));

        let built: Vec<PathBuf> =
            fs::read_dir(&wheels).expect("maturin has made it").map(|entry| entry.unwrap().path()).collect();
        let [wheel] = built.as_slice() else { panic!("one wheel was to be built, not {built:?}") };
        let wheel = wheel.to_str().expect("names of wheels are ASCII, and the folder's name is UTF-8");
        assert!(wheel.contains("-cp311-abi3-"), "{wheel} does not serve all of CPython 3.11 and later");
        self.pip(&self.fresh(), "installing the wheel", &["--no-index", "--no-deps", wheel])
            .unwrap_or_else(|error| panic!("{error}"));

        // Its output goes where ours goes, the summary at its end too.
        let mut pytest = Command::new(self.fresh());
        pytest.current_dir(Tools::package()).env("PYTHONDONTWRITEBYTECODE", "1");
        pytest.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]);
        let status = pytest.status().expect("the environment was made above");
        assert!(status.success(), "pytest: {status}");
    }
}

/// Runs a command; an error says which step failed and how.
fn take(step: &str, command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{step}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    Err(format!("{step}: {}\n{}", output.status, text.trim_end()))
}
