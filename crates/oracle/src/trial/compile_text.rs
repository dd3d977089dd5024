//! Any bytes as criteria: a program or errors that keep their promises, and the same opinion as the reference.

use eventsieve::{
    Batch, CompileError, CompileErrors, Dialect, ErrorKind, FilterCriteria, Limits, Program, Sieve, Source,
};

use super::{Tally, Trial, quoted, text_of, text_or_choices};
use crate::generate::{Rng, random_pair};
use crate::reference::json::{Json, read_container, text as units};
use crate::reference::{Answer, judge_within};

/// The trial.
pub const TRIAL: Trial = Trial {
    name: "compile_text",
    branches: &["no text", "no criteria", "compiled", "refused", "warned", "several filters", "no filters", "judged"],
    run,
    example: |rng| text_or_choices(rng, made),
};

/// Longer texts are left to the higher rungs: here the reference's time would be wasted on them.
const LONGEST: usize = 8_192;
/// Steps of the reference, fewer than usual: what is too expensive for it is not compared.
const STEPS: u64 = 200_000;

fn run(bytes: &[u8], tally: &mut Tally) {
    let bytes = text_of(bytes, made);
    let Ok(text) = std::str::from_utf8(&bytes) else { return tally.add("no text") };
    if text.len() > LONGEST {
        return;
    }
    match FilterCriteria::from_json(text) {
        Ok(criteria) => {
            tally.add_if(criteria.is_empty(), "no filters");
            tally.add_if(criteria.len() > 1, "several filters");
            // One source and dialect for each text, so that a fuzzer has one thing to look at.
            let source = Source::ALL[text.len() % Source::ALL.len()];
            for dialect in [Dialect::EventBridge, Dialect::Lambda, Dialect::Pipes] {
                let compiled = compile(&criteria, source, dialect);
                tally.add(if compiled.is_some() { "compiled" } else { "refused" });
                tally.add_if(compiled.is_some_and(|sieve| !sieve.warnings().is_empty()), "warned");
            }
        }
        Err(errors) => {
            tally.add("no criteria");
            hold_errors(&errors, text, None);
        }
    }
    judge_pattern(text, tally);
}

/// The text as one pattern: the reference must be of one mind with the compiler about it.
pub(super) fn judge_pattern(pattern: &str, tally: &mut Tally) {
    let judged = judge_within(pattern, b"{}", STEPS);
    let compiled = compile_one(pattern);
    let at_a_limit = compiled.as_ref().is_err_and(|errors| errors.iter().any(is_limit));
    if judged.answer == Answer::TooExpensive || at_a_limit {
        return;
    }
    tally.add("judged");
    let refused = judged.answer == Answer::InvalidPattern;
    assert_eq!(
        compiled.is_err(),
        refused,
        "reference {}, compiler {}\n    pattern {pattern}",
        judged.answer,
        compiled.map_or_else(|errors| errors.render(None), |_| "compiled".to_owned())
    );
}

fn compile_one(pattern: &str) -> Result<Sieve<'static>, CompileErrors> {
    let criteria = FilterCriteria::from_patterns([pattern]);
    Sieve::builder(Source::Raw).dialect(Dialect::EventBridge).limits(Limits::none()).compile(&criteria)
}

/// Whether an error is about a limit that the reference does not have.
fn is_limit(error: &CompileError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::TooManyAlternatives | ErrorKind::PathTooDeep | ErrorKind::ProgramTooLarge | ErrorKind::TooManyPaths
    )
}

/// Records that a program is run on, whatever it is for.
const RECORDS: [&[u8]; 3] =
    [br#"{"a":{"b":[1,"x",{"c":null}]},"body":"{\"a\":1}","data":"e30=","value":"eyJhIjoxfQ=="}"#, b"{}", b"{\"a\":"];

/// Compiles criteria and holds what is promised, whichever way it goes.
pub(super) fn compile(criteria: &FilterCriteria, source: Source, dialect: Dialect) -> Option<Sieve<'static>> {
    let builder = || Sieve::builder(source).dialect(dialect);
    let text = criteria.text().unwrap_or_default();
    match builder().compile(criteria) {
        Ok(sieve) => {
            sieve.warnings().iter().for_each(|warning| hold_error(warning, text, Some(criteria)));
            let program = sieve.program();
            assert_eq!((program.source(), program.dialect()), (source, dialect));
            // Once is enough for what does not depend on the dialect.
            if dialect == Dialect::EventBridge || !sieve.warnings().is_empty() {
                let strict = builder().strict(true).compile(criteria);
                let as_told = strict.is_ok_and(|strict| strict.program() == program) == sieve.warnings().is_empty();
                assert!(
                    as_told,
                    "strict differs otherwise than by warnings, or the same criteria give other bytes: {text}"
                );
            }
            let loaded = Program::from_bytes(program.as_bytes()).expect("what the compiler writes is a program");
            assert_eq!(loaded.disasm(), program.disasm());
            assert_eq!(loaded.filter_len(), criteria.len());
            let loaded = Sieve::from_program(loaded);
            let batch = Batch::from_slices(&RECORDS);
            let found = super::sets(&loaded, &mut loaded.scratch(), &batch);
            assert_eq!(found, super::sets(&sieve, &mut sieve.scratch(), &batch), "reloaded: {text}");
            Some(sieve)
        }
        Err(errors) => {
            hold_errors(&errors, text, Some(criteria));
            None
        }
    }
}

fn hold_errors(errors: &CompileErrors, text: &str, criteria: Option<&FilterCriteria>) {
    assert!(errors.len() > 0 && !errors.to_string().is_empty());
    assert!(!errors.render(Some("criteria.json")).is_empty() && !errors.aws_message().is_empty());
    errors.iter().for_each(|error| hold_error(error, text, criteria));
}

fn hold_error(error: &CompileError, text: &str, criteria: Option<&FilterCriteria>) {
    assert!(!error.to_string().is_empty() && !error.render(None).is_empty() && !error.aws_message().is_empty());
    if let Some(span) = error.outer_span() {
        assert!(text.get(span.clone()).is_some(), "{span:?} does not lie on characters of {text:?}");
    }
    if let (Some(span), Some(filter)) = (error.span(), error.filter()) {
        let pattern = criteria.and_then(|criteria| criteria.patterns().nth(filter)).expect("the filter exists");
        let pointed = pattern.get(span.clone());
        assert!(pointed.is_some(), "{span:?} does not lie on characters of filter {filter}: {text:?}");
        // The place in the criteria reads the same, as it stands or as the string that the pattern was written in. What an
        // escape stands for has no finer place than the escape, and half a surrogate pair is no text.
        if let (Some(outer), Some(pointed)) = (error.outer_span(), pointed) {
            let outer = &text[outer];
            let unescaped = read_container(format!("[\"{outer}\"]").as_bytes());
            let same = outer == pointed || unescaped == Some(Json::Array(vec![Json::Text(units(pointed))]));
            assert!(
                same || outer.contains("\\u"),
                "{span:?} of filter {filter} is {pointed:?}, in the criteria {outer:?}"
            );
        }
    }
}

fn made(rng: &mut Rng) -> Vec<u8> {
    let mut pattern = random_pair(rng.next()).0;
    let mut others: Vec<String> = (0..rng.below(3)).map(|_| random_pair(rng.next()).0).collect();
    let mut text = match rng.below(6) {
        0 | 1 => pattern,
        2 => {
            others.push(pattern);
            format!("[{}]", others.join(","))
        }
        3 | 4 => {
            others.push(pattern);
            let filters: Vec<String> = others.iter().map(|text| format!("{{\"Pattern\":{}}}", quoted(text))).collect();
            format!("{{\"Filters\": [{}]}}", filters.join(", "))
        }
        _ => {
            pattern.insert_str(0, "{\"Filters\":");
            rng.pick(&["{}", "{\"Filters\":null}", "{\"Filters\":[]}", &pattern]).to_owned()
        }
    }
    .into_bytes();
    if rng.percent(20) && !text.is_empty() {
        let at = rng.below(text.len());
        text[at] = rng.pick(b"\"\\{}[]:,0-.eE \x00\xff*");
    }
    text
}
