//! The table of `unsafe` in the chapter on trust is what the source says: `BLESS=1` writes it anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const BEGIN: &str = "<!-- unsafe: begin -->\n";
const END: &str = "<!-- unsafe: end -->\n";
/// How the module documentation of such a file introduces what its soundness rests on.
const PROOF: &str = "//! **Unsafe**: ";

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Rust files below a directory, but for tests, benches and examples.
fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Code without comments and strings, roughly: enough to find a keyword.
fn code(text: &str) -> String {
    let without_strings = |line: &str| {
        let line = line.split("//").next().unwrap_or_default();
        line.split('"').step_by(2).collect::<Vec<_>>().join("\"")
    };
    text.lines().map(without_strings).collect::<Vec<_>>().join("\n")
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    blocks: usize,
    functions: usize,
    impls: usize,
}

fn count(text: &str) -> Count {
    let code = code(text);
    let words: Vec<&str> = code.split_whitespace().collect();
    let mut count = Count::default();
    for pair in words.windows(2) {
        if pair[0].ends_with("unsafe") && !pair[0].ends_with("_unsafe") {
            match pair[1] {
                "fn" | "extern" => count.functions += 1,
                "impl" | "trait" => count.impls += 1,
                _ if pair[1].starts_with('{') => count.blocks += 1,
                _ => {}
            }
        }
    }
    count
}

/// What the module documentation says.
fn proof(text: &str) -> Option<String> {
    let mut lines = text.lines().skip_while(|line| !line.starts_with(PROOF));
    let first = lines.next()?.strip_prefix(PROOF)?;
    let rest = lines.map_while(|line| line.strip_prefix("//! ")).take_while(|line| !line.is_empty());
    Some(std::iter::once(first).chain(rest).collect::<Vec<_>>().join(" "))
}

fn table() -> String {
    let top = top();
    let mut rows = BTreeMap::new();
    for entry in fs::read_dir(top.join("crates")).unwrap().flatten() {
        let mut files = Vec::new();
        sources(&entry.path().join("src"), &mut files);
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            let count = count(&text);
            if count != Count::default() {
                let name = file.strip_prefix(&top).unwrap().to_string_lossy().replace('\\', "/");
                let proof = proof(&text).unwrap_or_else(|| {
                    panic!("{name} has `unsafe` and does not say in its module documentation ({PROOF}…) what makes it sound")
                });
                rows.insert(name, (count, proof));
            }
        }
    }
    let mut table =
        "| file | blocks | functions | impls | what makes it sound |\n|---|---:|---:|---:|---|\n".to_owned();
    for (name, (Count { blocks, functions, impls }, proof)) in rows {
        table.push_str(&format!("| `{name}` | {blocks} | {functions} | {impls} | {proof} |\n"));
    }
    table
}

#[test]
fn inventory_of_unsafe_is_what_the_source_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/trust.md");
    let chapter = fs::read_to_string(&path).unwrap();
    let (before, rest) = chapter.split_once(BEGIN).expect("the chapter has a place for the table");
    let (found, after) = rest.split_once(END).expect("the place ends");
    let table = table();
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, [before, BEGIN, &table, END, after].concat()).unwrap();
    } else {
        assert!(found == table, "run with BLESS=1 and look at the difference; the source says\n{table}");
    }
}

#[test]
fn keywords_are_counted_and_words_in_texts_are_not() {
    let text = r#"
        // unsafe { in a comment }
        unsafe fn f() {}
        pub unsafe extern "C" fn g() {}
        unsafe impl Send for X {}
        let a = unsafe { f() };
        let b = "unsafe { in a text }";
        #![deny(unsafe_code)]
        #[unsafe(no_mangle)]
    "#;
    assert_eq!(count(text), Count { blocks: 1, functions: 2, impls: 1 });
}
