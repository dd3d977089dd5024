//! The reference shares no code with what is held against it.

use std::path::Path;

#[test]
fn the_reference_names_no_engine_crate() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/reference");
    let mut read = 0;
    for file in std::fs::read_dir(folder).expect("the folder") {
        let path = file.expect("it can be read").path();
        let text = std::fs::read_to_string(&path).expect("a source file");
        let code = text.lines().map(|line| line.split("//").next().unwrap_or_default()).enumerate();
        for (line, code) in code {
            // Case files are data, and the words for answers are theirs.
            let code = code.replace("eventsieve_cases::", "");
            let foreign = ["eventsieve", "simd_json", "serde", "crate::trial", "crate::generate"];
            let named = foreign.iter().find(|name| code.contains(**name));
            assert_eq!(named, None, "{}:{}: the reference must not know it", path.display(), line + 1);
        }
        read += 1;
    }
    assert!(read >= 8, "only {read} files were read");
}
