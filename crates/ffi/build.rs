//! Gives the shared library the name that programs ask the loader for.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let family = std::env::var("CARGO_CFG_TARGET_FAMILY").unwrap_or_default();
    match os.as_str() {
        "macos" => println!("cargo::rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libeventsieve.0.dylib"),
        // Linkers of the ELF systems. The number changes when a function is taken away or changes meaning.
        _ if family == "unix" => println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libeventsieve.so.0"),
        _ => {}
    }
}
