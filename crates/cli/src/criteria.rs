//! `--criteria`, `--pattern` or `--program` to a [`Sieve`] or a [`Program`].

use std::io::Read;
use std::path::Path;

use eventsieve::{CompileErrors, Dialect, FilterCriteria, Limits, Program, Sieve, Source};

use crate::args::{ChosenArgs, ComplexityLimit, CriteriaArgs, SourceChoice};
use crate::exit::Failure;
use crate::{limits, output};

/// The sieve that the flags describe.
///
/// `told` is the source that the records tell, for where none was given.
pub(crate) fn sieve(args: &ChosenArgs, told: Option<Source>) -> Result<Sieve<'static>, Failure> {
    let chosen = &args.criteria.limits;
    let sieve = match &args.program {
        Some(path) => {
            if let Some(limit) = chosen.iter().find(|limit| !limit.is_of_records()) {
                let name = limit.name();
                return Err(Failure::Trouble(format!("--limit {name}: a program is compiled already")));
            }
            sieve_of_program(path, args.criteria.source)?
        }
        None => compile_for(&args.criteria, told)?,
    };
    Ok(sieve.with_record_limits(limits::records(chosen)))
}

/// Whether the source is to be told from the records.
pub(crate) fn is_source_open(args: &ChosenArgs) -> bool {
    args.program.is_none() && args.criteria.source == SourceChoice::Auto
}

/// Whether the criteria or the program come from stdin, which then cannot hold records.
pub(crate) fn reads_stdin(args: &ChosenArgs) -> bool {
    [&args.program, &args.criteria.criteria].into_iter().flatten().any(|path| is_stdin(path))
}

/// `-` is stdin.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Compiles criteria that were given as text, with no records in sight. Warnings and errors are drawn here.
pub(crate) fn compile(args: &CriteriaArgs) -> Result<Sieve<'static>, Failure> {
    no_record_limits(args)?;
    compile_for(args, None)
}

/// Bounds on records mean nothing where there are none.
fn no_record_limits(args: &CriteriaArgs) -> Result<(), Failure> {
    match args.limits.iter().find(|limit| limit.is_of_records()) {
        Some(limit) => Err(Failure::Trouble(format!("--limit {}: no records are read here", limit.name()))),
        None => Ok(()),
    }
}

fn compile_for(args: &CriteriaArgs, told: Option<Source>) -> Result<Sieve<'static>, Failure> {
    match &args.criteria {
        Some(path) => compile_bytes(&name_of(path), read(path)?, args, told),
        None => compile_criteria(&Ok(FilterCriteria::from_patterns(args.patterns.iter().cloned())), None, args, told),
    }
}

/// Compiles the text of a criteria file, with no records in sight.
pub(crate) fn compile_text(name: &str, bytes: Vec<u8>, args: &CriteriaArgs) -> Result<Sieve<'static>, Failure> {
    no_record_limits(args)?;
    compile_bytes(name, bytes, args, None)
}

fn compile_bytes(
    name: &str,
    bytes: Vec<u8>,
    args: &CriteriaArgs,
    told: Option<Source>,
) -> Result<Sieve<'static>, Failure> {
    if Program::from_bytes(bytes.as_slice()).is_ok() {
        return Err(Failure::Trouble(format!("{name}: is a compiled program; give it with --program")));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::Trouble(format!("{name}: not UTF-8 at byte {at}"))
    })?;
    // Windows editors put a byte order mark in front; nobody means it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    compile_criteria(&FilterCriteria::from_json(text), Some(name), args, told)
}

fn compile_criteria(
    criteria: &Result<FilterCriteria, CompileErrors>,
    name: Option<&str>,
    args: &CriteriaArgs,
    told: Option<Source>,
) -> Result<Sieve<'static>, Failure> {
    let source = match args.source {
        SourceChoice::Fixed(source) => source,
        SourceChoice::Auto => told.unwrap_or(Source::Raw),
    };
    let dialect = args.dialect.unwrap_or_else(|| source.default_dialect());
    let mut bounds = limits(dialect, args.complexity_limit);
    for limit in &args.limits {
        limit.apply_to_criteria(&mut bounds);
    }
    let builder = Sieve::builder(source).dialect(dialect).limits(bounds).strict(args.strict);
    let compiled = match criteria {
        Ok(criteria) => builder.compile(criteria).map_err(|errors| refuse(&errors, name))?,
        Err(errors) => return Err(refuse(errors, name)),
    };
    for warning in compiled.warnings() {
        output::show_drawing(&warning.render(name));
    }
    Ok(compiled)
}

/// Draws every error, and says how many.
fn refuse(errors: &CompileErrors, name: Option<&str>) -> Failure {
    output::show_drawing(&errors.render(name));
    Failure::Trouble(format!("{} in {}", output::counted(errors.len(), "error"), name.unwrap_or("the pattern")))
}

/// The limits of a dialect, with the one the user may set.
pub(crate) fn limits(dialect: Dialect, complexity: Option<ComplexityLimit>) -> Limits {
    let mut limits = Limits::of(dialect);
    if let Some(ComplexityLimit(limit)) = complexity {
        limits.wildcard_complexity = limit;
    }
    limits
}

fn sieve_of_program(path: &Path, choice: SourceChoice) -> Result<Sieve<'static>, Failure> {
    let name = name_of(path);
    let program = program(&name, read(path)?)?;
    if let SourceChoice::Fixed(source) = choice
        && source != program.source()
    {
        let compiled = program.source();
        return Err(Failure::Trouble(format!("{name}: compiled for source {compiled}, not for {source}")));
    }
    Ok(Sieve::from_program(program))
}

/// The program in the bytes of a file.
pub(crate) fn program(name: &str, bytes: Vec<u8>) -> Result<Program<'static>, Failure> {
    Program::from_bytes(bytes).map_err(|error| Failure::with(name, error))
}

/// Whether bytes can only be a program, intact or not: there is one among its first bytes that no JSON text has.
pub(crate) fn is_binary(bytes: &[u8]) -> bool {
    bytes.contains(&0)
}

/// All of a file, or of stdin.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    if is_stdin(path) {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    }
    .map_err(|error| Failure::with(&name_of(path), error))
}

/// What a file is called in messages.
pub(crate) fn name_of(path: &Path) -> String {
    if is_stdin(path) { "<stdin>".to_owned() } else { path.display().to_string() }
}
