//! `install.sh`, and what programs in other languages make of what it installs.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use common::{Toolchain, fresh_dir, is_there, manifest_dir, run};

/// Where the library of this build is installed, once for all tests.
fn prefix() -> &'static Path {
    static PREFIX: OnceLock<PathBuf> = OnceLock::new();
    PREFIX.get_or_init(|| {
        let prefix = fresh_dir("prefix");
        install(&prefix, "");
        prefix
    })
}

fn install(prefix: &Path, destdir: &str) {
    let deps = std::env::current_exe().unwrap().parent().unwrap().to_path_buf();
    let mut command = Command::new(manifest_dir().join("install.sh"));
    run(command.arg(prefix).env("BUILT", deps).env("DESTDIR", destdir));
}

fn example(path: &str) -> PathBuf {
    manifest_dir().join("examples").join(path)
}

/// Whether a tool is there; if not, says so.
fn found(tool: &str) -> bool {
    let found = is_there(tool);
    if !found {
        eprintln!("skipped: {tool} is not installed");
    }
    found
}

fn run_example(program: &Path) {
    let mut command = Command::new(program);
    command.arg(example("batch")).env("LD_LIBRARY_PATH", prefix().join("lib"));
    let output = run(&mut command);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "c: 9 of 21 records match\n");
}

/// The flags that pkg-config gives for the library.
fn flags(of: &[&str]) -> Vec<String> {
    let mut command = Command::new("pkg-config");
    command.args(of).arg("eventsieve").env("PKG_CONFIG_PATH", prefix().join("lib/pkgconfig"));
    let output = run(&mut command);
    String::from_utf8(output.stdout).unwrap().split_whitespace().map(str::to_owned).collect()
}

#[test]
fn pkg_config_finds_the_library() {
    let Some(gcc) = Toolchain::gcc() else { return };
    if !found("pkg-config") {
        return;
    }
    assert_eq!(flags(&["--modversion"]), [env!("CARGO_PKG_VERSION")]);
    let program = fresh_dir("pkg-config").join("filter");
    let compile = |linked: &[String]| {
        let mut command = gcc.command("c11");
        run(command.args(flags(&["--cflags"])).arg(example("c/filter.c")).args(linked).arg("-o").arg(&program));
    };
    compile(&flags(&["--libs"]));
    run_example(&program);
    // The archive in place of the shared library.
    let linked: Vec<String> = flags(&["--libs", "--static"])
        .into_iter()
        .map(|flag| if flag == "-leventsieve" { "-l:libeventsieve.a".to_owned() } else { flag })
        .collect();
    compile(&linked);
    run_example(&program);
}

#[test]
fn cmake_finds_the_library() {
    if !found("cmake") || !found("gcc") {
        return;
    }
    let dir = fresh_dir("cmake");
    let lists = format!(
        "cmake_minimum_required(VERSION 3.10)\nproject(filter C)\nfind_package(eventsieve {} REQUIRED CONFIG)\n\
         foreach(kind eventsieve static)\n  add_executable(filter-${{kind}} {})\n  \
         target_link_libraries(filter-${{kind}} eventsieve::${{kind}})\nendforeach()\n",
        env!("CARGO_PKG_VERSION"),
        example("c/filter.c").display()
    );
    fs::write(dir.join("CMakeLists.txt"), lists).unwrap();
    let build = dir.join("build");
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(&dir).arg("-B").arg(&build).arg(format!("-DCMAKE_PREFIX_PATH={}", prefix().display()));
    run(&mut configure);
    run(Command::new("cmake").arg("--build").arg(&build));
    run_example(&build.join("filter-eventsieve"));
    run_example(&build.join("filter-static"));
}

#[test]
fn a_package_is_laid_out_elsewhere() {
    let stage = fresh_dir("stage");
    install(Path::new("/usr"), stage.to_str().unwrap());
    for file in [
        "include/eventsieve.h",
        "include/eventsieve.hpp",
        "lib/libeventsieve.so",
        "lib/libeventsieve.so.0",
        "lib/libeventsieve.a",
        "lib/cmake/eventsieve/eventsieve-config.cmake",
        "lib/cmake/eventsieve/eventsieve-config-version.cmake",
    ] {
        assert!(stage.join("usr").join(file).exists(), "{file}");
    }
    let pkg_config = fs::read_to_string(stage.join("usr/lib/pkgconfig/eventsieve.pc")).unwrap();
    assert!(pkg_config.starts_with("prefix=/usr\n"), "{pkg_config}");
    assert!(pkg_config.contains(concat!("Version: ", env!("CARGO_PKG_VERSION"), "\n")), "{pkg_config}");
}

#[test]
fn the_cpp_wrapper_moves_throws_and_answers() {
    let Some(gxx) = Toolchain::gxx() else { return };
    let program = fresh_dir("wrapper").join("wrapper");
    let source = manifest_dir().join("tests/cpp/wrapper.cpp");
    let mut command = gxx.command("c++17");
    command.arg(source).arg("-L").arg(prefix().join("lib")).arg("-leventsieve").arg("-o").arg(&program);
    run(&mut command);
    run(Command::new(&program).env("LD_LIBRARY_PATH", prefix().join("lib")));
}

fn run_language(language: &str) {
    let mut command = Command::new(example("run.sh"));
    let output = run(command.arg(language).env("EVENTSIEVE_PREFIX", prefix()));
    let told = String::from_utf8_lossy(&output.stdout);
    let answer = format!("{language}: 9 of 21 records match\n");
    let skipped = told.strip_prefix("skipped: ").is_some_and(|rest| rest.starts_with(language));
    assert!(told == answer || skipped, "{told}{}", String::from_utf8_lossy(&output.stderr));
    eprint!("{told}");
    assert!(!(skipped && language == "c" && std::env::var_os("CI").is_some()), "gcc is missing");
}

macro_rules! examples {
    ($($language:ident $name:ident,)*) => {$(
        #[test]
        fn $name() {
            run_language(stringify!($language));
        }
    )*};
}

examples! {
    c the_example_in_c_agrees,
    cpp the_example_in_cpp_agrees,
    go the_example_in_go_agrees,
    java the_example_in_java_agrees,
    node the_example_in_node_agrees,
}

#[test]
fn the_batch_is_that_of_the_samples() {
    for (here, there) in [("criteria.json", "orders.criteria.json"), ("records.ndjson", "orders.ndjson")] {
        let there = manifest_dir().join("../../corpus/samples").join(there);
        assert!(fs::read(example("batch").join(here)).unwrap() == fs::read(there).unwrap(), "{here}");
    }
}
