//! Criteria in, program out: the stages in a row.

use eventsieve_program::format::WHEN_ANY;
use eventsieve_program::{Dialect, Program};

use crate::ast::Span;
use crate::criteria::{self, FilterCriteria};
use crate::emit::{EmitError, Emitter};
use crate::error::{CompileError, CompileErrors, Diagnostics, ErrorKind, order};
use crate::lower::{self, LowerError};
use crate::options::{Limits, Options};
use crate::parse::parse_pattern;
use crate::payload::{self, Variant};

/// A compiled criteria.
#[derive(Debug)]
#[non_exhaustive]
pub struct Compiled {
    /// The program.
    pub program: Program<'static>,
    /// What the dialect had to say about it.
    pub warnings: Vec<CompileError>,
}

/// Compiles criteria for a source and dialect.
///
/// Deterministic: the same criteria and options give the same bytes on every platform.
///
/// ```
/// use eventsieve_compiler::{FilterCriteria, Options, compile};
/// use eventsieve_program::Source;
///
/// let criteria = FilterCriteria::from_patterns([r#"{"state":[{"prefx":"run"}]}"#]);
/// let errors = compile(&criteria, &Options::new(Source::Raw)).unwrap_err();
/// assert_eq!(errors.first().span(), Some(11..18)); // "prefx"
/// assert!(errors.first().help().unwrap().contains("prefix"));
/// ```
///
/// Patterns that nest more than a hundred levels deep are compiled by a thread made for that, whose stack is large enough for
/// [`Limits::MAX_DEPTH`](crate::Limits::MAX_DEPTH) wherever this is called from.
///
/// # Errors
/// Everything wrong with the criteria, in one go, ordered as the service would meet it.
pub fn compile(criteria: &FilterCriteria, options: &Options) -> Result<Compiled, CompileErrors> {
    /// Some 500 bytes a level in a release, three times that otherwise.
    const STACK_BYTES: usize = 8 << 20;
    if criteria.patterns().any(|pattern| depth(pattern) > 100) {
        let compiled = std::thread::scope(|scope| {
            let builder = std::thread::Builder::new().stack_size(STACK_BYTES);
            let spawned = builder.spawn_scoped(scope, || compile_here(criteria, options)).ok()?;
            // A panic is a broken promise of ours, and stays one.
            Some(spawned.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        // Where there are no threads, the stack at hand has to do.
        if let Some(compiled) = compiled {
            return compiled;
        }
    }
    compile_here(criteria, options)
}

/// How deep brackets nest, whether or not the text is JSON.
fn depth(pattern: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in pattern.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn compile_here(criteria: &FilterCriteria, options: &Options) -> Result<Compiled, CompileErrors> {
    let mut diagnostics = Diagnostics::new(criteria, options.strict);
    criteria::check_limits(criteria, options, &mut diagnostics);
    if !options.filterable && options.dialect != Dialect::EventBridge && !criteria.is_empty() {
        diagnostics.push(
            CompileError::new(
                ErrorKind::NotFilterable,
                format!("the service takes no filters for the source {}", options.source),
            )
            .with_help(
                "leave the criteria out; under the dialect eventbridge they work here as an extension".to_owned(),
            ),
        );
    }
    let mut emitter = Emitter::new(options.source, options.dialect);
    for (filter, pattern) in criteria.patterns().enumerate() {
        let Some(object) = parse_pattern(pattern, options, filter, &mut diagnostics) else { continue };
        let span = object.span.clone();
        let variants = match &options.payload {
            None => vec![(WHEN_ANY, Variant::Pattern(object))],
            Some(rule) => {
                payload::check(&object, rule, filter, options, &mut diagnostics);
                payload::variants(object, rule)
            }
        };
        emitter.filter(filter as u32);
        for (when, variant) in variants {
            match variant {
                Variant::Never => {}
                Variant::Always => emitter.always(filter as u32, when),
                Variant::Pattern(object) => match lower::lower(&object, &options.limits) {
                    Ok(alternatives) => emitter.alternatives(filter as u32, when, &alternatives),
                    Err(error) => {
                        diagnostics.push(lower_error(error, filter, span.clone()));
                        break;
                    }
                },
            }
        }
        // Not only at the end, lest memory runs out before.
        let bytes = emitter.least_bytes();
        if bytes > options.limits.program_bytes {
            let error = too_large(&format!("have more than {bytes} bytes"), &options.limits);
            diagnostics.push(error.in_filter(filter, Some(span)));
            break;
        }
    }
    let warnings = diagnostics.finish()?;
    match emitter.finish(criteria.is_empty(), &options.limits) {
        Ok(program) => Ok(Compiled { program, warnings }),
        Err(error) => {
            let mut diagnostics = Diagnostics::new(criteria, options.strict);
            diagnostics.push(match error {
                EmitError::Limit { found } => too_large(&format!("have {found} bytes"), &options.limits),
                EmitError::Format(error) => CompileError::new(
                    ErrorKind::ProgramTooLarge,
                    format!("the program would be larger than its format can hold: {error}"),
                )
                .with_help(SPLIT.to_owned()),
            });
            Err(diagnostics.finish().err().unwrap_or_else(|| unreachable!("an error was pushed")))
        }
    }
}

const SPLIT: &str = "split the criteria into several programs";

fn too_large(what: &str, limits: &Limits) -> CompileError {
    let limit = limits.program_bytes;
    CompileError::new(ErrorKind::ProgramTooLarge, format!("the program would {what}; the limit is {limit}"))
        .with_help(SPLIT.to_owned())
}

fn lower_error(error: LowerError, filter: usize, span: Span) -> CompileError {
    match error {
        LowerError::EmptyRange { span } => {
            return CompileError::new(
                ErrorKind::EmptyRange,
                "no number lies beyond this bound, and the service fails on it".to_owned(),
            )
            .with_reason("Index 10 out of bounds for length 10")
            .in_filter(filter, Some(span))
            .with_order(order::BUILD);
        }
        LowerError::PathTooDeep { found, limit } => CompileError::new(
            ErrorKind::PathTooDeep,
            format!("a path of the pattern has {found} segments (nested keys and dots); the limit is {limit}"),
        )
        .with_help("use keys with fewer dots".to_owned()),
        LowerError::TooManyPaths { found, limit } => CompileError::new(
            ErrorKind::TooManyPaths,
            format!("the pattern has {found} different fields in one alternative; the limit is {limit}"),
        )
        .with_reason(format!("Size of rule exceeds max value of {limit}"))
        .with_help("test fewer fields, or split the pattern into several filters".to_owned()),
        LowerError::TooManyAlternatives { limit, paths } => {
            let names: Vec<String> = paths.iter().map(|path| format!("`{}`", String::from_utf8_lossy(path))).collect();
            CompileError::new(
                ErrorKind::TooManyAlternatives,
                format!(
                    "the pattern has to be multiplied out to more than {limit} alternatives, at fields {}",
                    names.join(", ")
                ),
            )
            .with_help(
                "`$or`s that write the same fields or fields below one key are multiplied with each other, and so are \
                 `$or`s below one key with an `exists: false` in them; write alternatives as one list of values, or \
                 as several filters"
                    .to_owned(),
            )
        }
    }
    .in_filter(filter, Some(span))
    .with_order(order::BUILD)
}

#[cfg(test)]
mod tests {
    use super::depth;

    #[test]
    fn brackets_nest_outside_strings_only() {
        for (text, deepest) in [
            ("", 0),
            ("{}", 1),
            ("{}[]{}", 1),
            (r#"{"a":[{"b":[1]}]}"#, 4),
            (r#"{"[[[[":["{{{{"]}"#, 2),
            (r#"{"]]]]":{"}}}}":[1]}}"#, 3),
            (r#"{"a\"[[":["\\"]}"#, 2),
            (r#"["\\",[[]]]"#, 3),
            ("[[]][[[", 3),
            ("]]]]]][[", 2),
            // No string has begun where a backslash stands.
            (r#"\"[[["[\"#, 1),
        ] {
            assert_eq!(depth(text), deepest, "{text}");
        }
        assert_eq!(depth(&"[".repeat(5_000)), 5_000);
    }
}
