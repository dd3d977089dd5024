//! `corpus/README.md` tells how many cases each file holds. It must tell the truth.

use std::collections::BTreeMap;
use std::path::Path;

use eventsieve_cases::CaseFile;

#[test]
fn the_readme_counts_right() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus");
    let readme = std::fs::read_to_string(corpus.join("README.md")).expect("the README");
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for file in std::fs::read_dir(corpus.join("conformance")).expect("the folder") {
        let path = file.expect("it can be read").path();
        let cases = CaseFile::read(&path).expect("a case file");
        assert_eq!(cases.others().count(), 0, "{} holds rows that are no cases", path.display());
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        counted.insert(name, cases.patterns().count() + cases.mappings().count());
    }
    let rows = readme.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = cells.next()?.strip_suffix('`')?.to_owned();
        Some((name, cells.next()?.parse().ok()?))
    });
    let told: BTreeMap<String, usize> = rows.collect();
    assert_eq!(told, counted);
    let total = format!("{} cases", counted.values().sum::<usize>());
    assert!(readme.contains(&total), "the README does not speak of {total}");
}
