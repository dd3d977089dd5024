//! The header is the one that the source gives, and compiles alone.

mod common;

use std::fs;

use common::{Toolchain, manifest_dir};

/// The files of the library in the order in which the header presents them.
const FILES: [&str; 10] =
    ["structs", "status", "errors", "program", "sieve", "scratch", "evaluate", "envelope", "live", "about"];

/// The macros that say the version, which has its home in Cargo.
fn version_macros() -> String {
    let number = |part: &str| part.parse::<u32>().unwrap();
    let [major, minor, patch] =
        [env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"), env!("CARGO_PKG_VERSION_PATCH")].map(number);
    format!(
        "\n#define EVENTSIEVE_VERSION \"{}\"\n#define EVENTSIEVE_VERSION_NUMBER \
         ({major} << 16 | {minor} << 8 | {patch})\n",
        env!("CARGO_PKG_VERSION")
    )
}

fn generated() -> String {
    let mut config = cbindgen::Config::from_file(manifest_dir().join("cbindgen.toml")).expect("a valid configuration");
    config.after_includes = Some(version_macros() + &config.after_includes.unwrap_or_default());
    let mut builder = cbindgen::Builder::new().with_config(config);
    for file in FILES {
        builder = builder.with_src(manifest_dir().join("src").join(file).with_extension("rs"));
    }
    let mut text = Vec::new();
    builder.generate().expect("the source has nothing that cbindgen does not know").write(&mut text);
    String::from_utf8(text).unwrap()
}

#[test]
fn the_header_is_the_one_that_the_source_gives() {
    let path = manifest_dir().join("include/eventsieve.h");
    let generated = generated();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    if let Some((line, (committed, generated))) =
        committed.lines().zip(generated.lines()).enumerate().find(|(_, (committed, generated))| committed != generated)
    {
        panic!(
            "line {} of eventsieve.h is\n    {committed}\nbut the source gives\n    {generated}\n\
             run with BLESS=1 to rewrite it",
            line + 1
        );
    }
    assert_eq!(committed.len(), generated.len(), "one of the headers is longer; run with BLESS=1 to rewrite it");
}

#[test]
fn every_function_is_in_the_header() {
    let header = generated();
    for symbol in common::symbols() {
        assert!(header.contains(&format!(" {symbol}(")) || header.contains(&format!("*{symbol}(")), "{symbol}");
    }
}

#[test]
fn the_header_compiles_alone() {
    let Some(gcc) = Toolchain::gcc() else { return };
    let dir = common::fresh_dir("header");
    let source = dir.join("alone.c");
    fs::write(&source, "#include \"eventsieve.h\"\nint eventsieve_is_alone;\n").unwrap();
    for standard in ["c99", "c11", "c17"] {
        gcc.compile_only(&source, standard);
    }
    let Some(gxx) = Toolchain::gxx() else { return };
    let source = dir.join("alone.cpp");
    fs::write(&source, "#include \"eventsieve.hpp\"\n#include \"eventsieve.h\"\nint eventsieve_is_alone;\n").unwrap();
    for standard in ["c++17", "c++20"] {
        gxx.compile_only(&source, standard);
    }
}
