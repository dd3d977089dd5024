//! `compile`, `disasm` and `--program`.

use crate::{Files, command, run, run_with};

const PAID: &str = r#"{"state":["paid"]}"#;

#[test]
fn compiled_program_filters_as_its_criteria_do() {
    let files = Files::new();
    let program = files.path("paid.esprog");
    let run = run(&["compile", "--pattern", PAID, "-o", &program]);
    run.gives(0, "");
    let size = std::fs::metadata(&program).unwrap().len();
    run.saying(&format!("{program}: 1 filter, {size} bytes, source raw, dialect eventbridge\n"));
    run_with("{\"state\":\"paid\"}\n{}\n", &["filter", "--program", &program])
        .gives(0, "{\"state\":\"paid\"}\n")
        .silently();
    run_with("{\"state\":\"paid\"}\n", &["filter", "--program", &program, "--source", "raw"])
        .gives(0, "{\"state\":\"paid\"}\n");
}

#[test]
fn same_criteria_give_the_same_bytes_on_stdout() {
    let args = ["compile", "--criteria", "corpus/samples/orders.criteria.json", "-o", "-"];
    let compile = || command().args(args).output().unwrap();
    let (one, two) = (compile(), compile());
    assert_eq!(one.status.code(), Some(0));
    assert!(one.stdout == two.stdout && one.stdout.len() > 100);
    let said = String::from_utf8(one.stderr).unwrap();
    assert!(said.starts_with("<stdout>: 3 filters, "), "{said}");
}

#[test]
fn compiling_replaces_a_file_or_leaves_it_alone() {
    let files = Files::new();
    let program = files.write("p", "old");
    assert_eq!(run(&["compile", "--pattern", "{}", "-o", &program]).status, 2);
    assert_eq!(std::fs::read(&program).unwrap(), b"old");
    assert_eq!(run(&["compile", "--pattern", PAID, "-o", &program]).status, 0);
    assert_ne!(std::fs::read(&program).unwrap(), b"old");
    let left: Vec<_> = std::fs::read_dir(files.path(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["p"], "nothing else is left behind");
    let nowhere = files.path("no/such/directory/p");
    let run = run(&["compile", "--pattern", PAID, "-o", &nowhere]);
    assert!(run.status == 2 && run.stderr.contains("no/such/directory/p: "), "{run:#?}");
}

#[cfg(unix)]
#[test]
fn compiling_writes_through_links_and_into_devices() {
    let files = Files::new();
    let target = files.write("target", "old");
    let link = files.path("link");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    assert_eq!(run(&["compile", "--pattern", PAID, "-o", &link]).status, 0);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_ne!(std::fs::read(&target).unwrap(), b"old");
    assert_eq!(run(&["compile", "--pattern", PAID, "-o", "/dev/null"]).status, 0);
}

#[test]
fn disasm_lists_programs_and_criteria_alike() {
    let files = Files::new();
    let program = files.path("paid.esprog");
    run(&["compile", "--pattern", PAID, "-o", &program]);
    let criteria = files.write("paid.json", PAID);
    let listing = run(&["disasm", &program]);
    assert!(
        listing.status == 0 && listing.stdout.contains("\"paid\"") && listing.stdout.ends_with('\n'),
        "{listing:#?}"
    );
    for args in [
        &["disasm", "--program", &program][..],
        &["disasm", &criteria],
        &["disasm", "--criteria", &criteria],
        &["disasm", "--pattern", PAID],
    ] {
        run(args).gives(0, &listing.stdout).silently();
    }
    run_with(PAID, &["disasm", "-"]).gives(0, &listing.stdout).silently();
    let json: serde_json::Value = serde_json::from_str(&run(&["disasm", &program, "--format", "json"]).stdout).unwrap();
    assert_eq!(json["listing"], listing.stdout.as_str());
    assert_eq!(
        (json["source"].as_str(), json["dialect"].as_str(), json["filters"].as_u64()),
        (Some("raw"), Some("eventbridge"), Some(1))
    );
    assert_eq!(json["bytes"].as_u64(), Some(std::fs::metadata(&program).unwrap().len()));
}

#[test]
fn damaged_programs_are_refused() {
    let files = Files::new();
    let program = files.path("paid.esprog");
    run(&["compile", "--pattern", PAID, "-o", &program]);
    let intact = std::fs::read(&program).unwrap();
    let mut flipped = intact.clone();
    flipped[intact.len() / 2] ^= 1;
    let cut = &intact[..intact.len() - 1];
    for (name, bytes) in [("flipped", flipped.as_slice()), ("cut", cut), ("empty", b""), ("text", PAID.as_bytes())] {
        let file = files.write(name, bytes);
        let run = run_with("{}", &["filter", "--program", &file]);
        run.gives(2, "");
        assert!(run.stderr.starts_with(&format!("eventsieve: {file}: ")), "{run:#?}");
    }
}

#[test]
fn programs_and_criteria_are_not_mixed_up() {
    let files = Files::new();
    let program = files.path("paid.esprog");
    run(&["compile", "--pattern", PAID, "-o", &program]);
    run(&["filter", "--criteria", &program])
        .gives(2, "")
        .saying(&format!("eventsieve: {program}: is a compiled program; give it with --program\n"));
    run(&["filter", "--program", &program, "--source", "sqs"])
        .gives(2, "")
        .saying(&format!("eventsieve: {program}: compiled for source raw, not for sqs\n"));
    for flag in [&["--dialect", "lambda"][..], &["--strict"], &["--complexity-limit", "off"]] {
        assert_eq!(run(&[&["filter", "--program", &program], flag].concat()).status, 2, "{flag:?}");
    }
}
