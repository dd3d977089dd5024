//! The rules one by one, each with the smallest pair that shows it.

use super::*;

#[track_caller]
fn check(pattern: &str, event: &str, expected: Answer) {
    assert_eq!(answer(pattern, event.as_bytes()), expected, "{pattern} on {event}");
}

#[track_caller]
fn check_all(pattern: &str, matching: &[&str], other: &[&str]) {
    for event in matching {
        check(pattern, event, Answer::Match);
    }
    for event in other {
        check(pattern, event, Answer::NoMatch);
    }
}

#[test]
fn exact_values_have_types() {
    check_all(r#"{"a":["1"]}"#, &[r#"{"a":"1"}"#], &[r#"{"a":1}"#, "{}"]);
    check_all(r#"{"a":[1]}"#, &[r#"{"a":1.0}"#, r#"{"a":[2,[1]]}"#], &[r#"{"a":"1"}"#, r#"{"a":true}"#]);
    check_all(r#"{"a":[null]}"#, &[r#"{"a":null}"#], &[r#"{"a":"null"}"#, "{}", r#"{"a":[]}"#]);
}

#[test]
fn addresses_compare_as_addresses_unless_exactly_is_asked() {
    check_all(r#"{"a":["10.0.0.1"]}"#, &[r#"{"a":"010.0.0.1"}"#, r#"{"a":"::ffff:a00:1"}"#], &[r#"{"a":"10.0.0.2"}"#]);
    check_all(r#"{"a":[{"exactly":"::1"}]}"#, &[r#"{"a":"::1"}"#], &[r#"{"a":"0::1"}"#]);
}

#[test]
fn cidr_keeps_to_strings_of_its_family() {
    check_all(r#"{"a":[{"cidr":"0.0.0.0/0"}]}"#, &[r#"{"a":"1.2.3.4"}"#], &[r#"{"a":"::1"}"#, r#"{"a":5}"#]);
    check_all(r#"{"a":[10000001,{"cidr":"1.0.0.0/8"}]}"#, &[r#"{"a":1.0000001e7}"#], &[r#"{"a":"16.0.0.1"}"#]);
}

#[test]
fn incomparable_numbers_compare_by_spelling() {
    check_all(r#"{"a":[9007199254740993]}"#, &[r#"{"a":9007199254740993}"#], &[r#"{"a":9007199254740993.0}"#]);
    check_all(r#"{"a":[{"numeric":[">",5]}]}"#, &[r#"{"a":6}"#], &[r#"{"a":9007199254740993}"#, r#"{"a":5}"#]);
    check_all(r#"{"a":[{"anything-but":5}]}"#, &[r#"{"a":9007199254740993}"#, r#"{"a":"5"}"#], &[r#"{"a":5.0}"#]);
    check(r#"{"a":[{"numeric":["=",1e309]}]}"#, "{}", Answer::InvalidPattern);
    check(r#"{"a":[{"numeric":[">=",1.7976931348623157e308]}]}"#, "{}", Answer::InvalidPattern);
    // A replaced list is not asked whether its range has room, but everything else about it must be right.
    check(r#"{"a":[{"numeric":[">=",1.7976931348623157e308]}],"a":["x"]}"#, r#"{"a":"x"}"#, Answer::Match);
    check(r#"{"a":[{"numeric":[">",5,"<",5]}],"a":["x"]}"#, r#"{"a":"x"}"#, Answer::InvalidPattern);
}

#[test]
fn quotes_leak_into_prefix_and_suffix() {
    check_all(r#"{"a":[{"prefix":"abc\""}]}"#, &[r#"{"a":"abc"}"#], &[r#"{"a":"abcd"}"#]);
    check_all(r#"{"a":[{"suffix":"\""}]}"#, &[r#"{"a":""}"#], &[r#"{"a":"x"}"#]);
}

#[test]
fn suffix_does_not_see_numbers() {
    check_all(
        r#"{"a":[{"suffix":""},{"numeric":["=",5]}]}"#,
        &[r#"{"a":5}"#, r#"{"a":"x"}"#],
        &[r#"{"a":20.5761757294705}"#],
    );
}

#[test]
fn folding_is_one_way_and_by_unit() {
    check_all(
        r#"{"a":[{"equals-ignore-case":"ß"}]}"#,
        &[r#"{"a":"SS"}"#, r#"{"a":"ß"}"#],
        &[r#"{"a":"ss"}"#, r#"{"a":"ẞ"}"#],
    );
    check_all(r#"{"a":[{"equals-ignore-case":"\u212a"}]}"#, &[r#"{"a":"k"}"#], &[r#"{"a":"K"}"#]);
    check_all(r#"{"a":[{"equals-ignore-case":"😀"}]}"#, &[r#"{"a":"??"}"#], &[r#"{"a":"😀"}"#]);
    check_all(r#"{"a":[{"suffix":{"equals-ignore-case":"bC"}}]}"#, &[r#"{"a":"aBc"}"#], &[r#"{"a":"bca"}"#]);
}

#[test]
fn wildcards() {
    check_all(r#"{"a":[{"wildcard":"a*b"}]}"#, &[r#"{"a":"ab"}"#, r#"{"a":"a\nb"}"#], &[r#"{"a":"aXbc"}"#]);
    check_all(r#"{"a":[{"wildcard":"\\*"}]}"#, &[r#"{"a":"*"}"#], &[r#"{"a":"x"}"#]);
    check_all(r#"{"a":[{"wildcard":"*"}]}"#, &[r#"{"a":""}"#], &[r#"{"a":1}"#]);
    for bad in [r"a**b", r"\\a", r"a\\"] {
        check(&format!(r#"{{"a":[{{"wildcard":"{bad}"}}]}}"#), "{}", Answer::InvalidPattern);
    }
}

#[test]
fn anything_but_wants_a_leaf_that_escapes() {
    let others = [r#"{"a":1}"#, r#"{"a":null}"#, r#"{"a":["a","b"]}"#, r#"{"a":[["b"]]}"#];
    check_all(r#"{"a":[{"anything-but":"a"}]}"#, &others, &["{}", r#"{"a":[]}"#, r#"{"a":{"b":1}}"#, r#"{"a":"a"}"#]);
    for empty in ["[]", r#"{"prefix":[]}"#, r#"{"wildcard":[]}"#, r#"{"prefix":""}"#] {
        check(&format!(r#"{{"a":["z",{{"anything-but":{empty}}}]}}"#), r#"{"a":"z"}"#, Answer::InvalidPattern);
    }
}

#[test]
fn lone_surrogates_are_themselves_or_question_marks() {
    check_all(r#"{"a":["\ud83d"]}"#, &[r#"{"a":"\ud83d"}"#], &[r#"{"a":"?"}"#]);
    check_all(r#"{"a":["?","?x"]}"#, &[r#"{"a":"?"}"#], &[r#"{"a":"\ud83d"}"#]);
    check_all(r#"{"a":[{"prefix":"?"}]}"#, &[r#"{"a":"\ud83dx"}"#], &[r#"{"a":"x"}"#]);
    check_all(r#"{"a":[{"anything-but":"?"}]}"#, &[r#"{"a":"\ud83d"}"#], &[r#"{"a":"?"}"#]);
}

#[test]
fn fields_of_different_elements_do_not_combine() {
    let pattern = r#"{"a":{"b":["x"],"c":["y"]}}"#;
    check_all(pattern, &[r#"{"a":[{"b":"q"},{"b":"x","c":["w","y"]}]}"#], &[r#"{"a":[{"b":"x"},{"c":"y"}]}"#]);
    check_all(r#"{"a":["x"],"b":["y"]}"#, &[r#"{"a":["z","x"],"b":["y","w"]}"#], &[]);
}

#[test]
fn absence_is_judged_within_earlier_paths() {
    check(r#"{"a":{"b":[{"exists":false}],"c":["x"]}}"#, r#"{"a":[{"b":1},{"c":"x"}]}"#, Answer::NoMatch);
    check(r#"{"a":{"z":[{"exists":false}],"c":["x"]}}"#, r#"{"a":[{"z":1},{"c":"x"}]}"#, Answer::Match);
    check_all(r#"{"a":[{"exists":false}]}"#, &["{}", r#"{"a":[[]]}"#, r#"{"a":{"b":1}}"#], &[r#"{"a":null}"#]);
}

#[test]
fn or_multiplies_and_the_last_writing_of_a_path_wins() {
    check_all(r#"{"c":["z"],"$or":[{"a":["x"]},{"b":["y"]}]}"#, &[r#"{"a":"x","c":"z"}"#], &[r#"{"a":"x"}"#]);
    check_all(r#"{"a":["1"],"$or":[{"a":["x"]},{"b":["y"]}]}"#, &[r#"{"a":"x"}"#], &[r#"{"a":"1"}"#]);
    check_all(r#"{"$or":[{"a":["x"]},{"b":["y"]}],"a":["1"]}"#, &[r#"{"a":"1"}"#], &[r#"{"a":"x"}"#]);
    for bad in [r#"["x"]"#, "[]", r#"[{"a":["x"]}]"#, r#"[{"a":["x"]},{}]"#, r#"[{"a":["x"]},{"prefix":["y"]}]"#] {
        check(&format!(r#"{{"$or":{bad}}}"#), "{}", Answer::InvalidPattern);
    }
    check(r#"{"prefix":["y"]}"#, r#"{"prefix":"y"}"#, Answer::Match);
}

#[test]
fn dotted_and_nested_keys_are_one_path() {
    check_all(
        r#"{"a.b":["x"]}"#,
        &[r#"{"a":{"b":"x"}}"#, r#"{"a.b":"x"}"#, r#"{"a":{"b":"q"},"a.b":"x"}"#],
        &[r#"{"a":"x"}"#],
    );
    check_all(r#"{"a.b":["x"],"a":{"b":["y"]}}"#, &[r#"{"a":{"b":"y"}}"#], &[r#"{"a":{"b":"x"}}"#]);
}

#[test]
fn events_are_one_json_object_in_utf8() {
    let pattern = r#"{"a":["x"]}"#;
    for event in [
        "",
        "[]",
        "\"x\"",
        r#"{"a":"x"}x"#,
        r#"{"a":"x"} {}"#,
        r#"{"a":"x",}"#,
        r#"{"a":"x","b":01}"#,
        r#"{"a":"x","b":"\q"}"#,
        r#"{"a":"x","b":tru}"#,
        "{\"a\":\"x\",\"b\":\"\n\"}",
        "\u{feff}{\"a\":\"x\"}",
        r#"{"a":"x","b":.5}"#,
        r#"{"a":"x","b":5.}"#,
    ] {
        check(pattern, event, Answer::InvalidEvent);
    }
    assert_eq!(answer(pattern, b"{\"a\":\"x\",\"b\":\"\xed\xa0\x80\"}"), Answer::InvalidEvent);
    check(pattern, " \r\n\t{\"a\":\"x\",\"b\":\"\\ud800\"}\n", Answer::Match);
}

#[test]
fn limits_of_a_record() {
    let pattern = r#"{"a":["x"]}"#;
    let nested = |depth: usize| format!(r#"{{"a":"x","b":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    check(pattern, &nested(1_000), Answer::Match);
    check(pattern, &nested(1_001), Answer::InvalidEvent);
    check(pattern, &format!(r#"{{"a":"x","b":{}}}"#, "1".repeat(1_000)), Answer::Match);
    check(pattern, &format!(r#"{{"a":"x","b":1.{}}}"#, "1".repeat(1_000)), Answer::InvalidEvent);
    check(pattern, &format!(r#"{{"a":"x","{}":1}}"#, "k".repeat(50_000)), Answer::Match);
    check(pattern, &format!(r#"{{"a":"x","{}":1}}"#, "k".repeat(50_001)), Answer::InvalidEvent);
    check(pattern, &format!(r#"{{"a":"x","{}":1}}"#, "😀".repeat(25_000)), Answer::Match);
    check(pattern, &format!(r#"{{"a":"x","{}":1}}"#, "😀".repeat(25_001)), Answer::InvalidEvent);
}

#[test]
fn limits_of_a_pattern() {
    let paths = |count: usize| {
        let paths: Vec<String> = (0..count).map(|path| format!(r#""p{path}":[{{"exists":false}}]"#)).collect();
        format!("{{{}}}", paths.join(","))
    };
    check(&paths(256), "{}", Answer::Match);
    check(&paths(257), "{}", Answer::InvalidPattern);
    check(r#"{"a":["x"]}x"#, "{}", Answer::InvalidPattern);
    check("{}", "{}", Answer::InvalidPattern);
}

#[test]
fn exponential_cases_are_given_up() {
    let or = r#""$or":[{"a":["x"]},{"b":["y"]}]"#;
    let pattern = format!("{{{}}}", vec![or; 24].join(","));
    check(&pattern, "{}", Answer::TooExpensive);
    let many = vec!["\"x\""; 200].join(",");
    let event = format!(r#"{{"a":[{many}],"b":[{many}],"c":[{many}],"d":"y"}}"#);
    check(r#"{"a":["x"],"b":["x"],"c":["x"],"d":["x"]}"#, &event, Answer::TooExpensive);
}

#[test]
fn what_is_left_open_is_said() {
    let mixed = judge(r#"{"k":{"a":["1"],"b":["2"]}}"#, br#"{"k":[{"a":"1"},{"b":"9"}],"k":{"b":"2"}}"#);
    assert!(mixed.mixed_membership && mixed.uneven_paths && !mixed.is_settled());
    let plain = judge(r#"{"k":{"a":["1"],"b":["2"]}}"#, br#"{"k":[{"a":"1","b":"2"}]}"#);
    assert!(plain.is_settled() && !plain.uneven_paths);
    assert!(judge(r#"{"a.":["1"]}"#, b"{}").empty_steps);
}
