//! The words a person types, and their help.
//!
//! Flags that several subcommands share are defined once, so that they read the same everywhere.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::PossibleValuesParser;
use clap::{Args, ColorChoice, Parser, Subcommand, ValueEnum};
use eventsieve::{Checks, Dialect, Limit, Source};

use crate::exit::Failure;
use crate::limits;

/// Parses the process's arguments.
pub(crate) fn parse() -> Result<Cli, Failure> {
    Cli::try_parse().map_err(|error| Failure::Usage(Box::new(error)))
}

/// Evaluates AWS Lambda event filters exactly as AWS does.
///
/// Records that pass go to stdout byte for byte; everything else that is said goes to stderr.
#[derive(Debug, Parser)]
#[command(name = "eventsieve", version, arg_required_else_help = true, after_help = CLI_EXAMPLE)]
pub(crate) struct Cli {
    /// When to colour what goes to stderr (the variable NO_COLOR is respected)
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const CLI_EXAMPLE: &str = r#"Example:
  echo '{"state":"paid","total":120}' |
    eventsieve filter --pattern '{"state":["paid"],"total":[{"numeric":[">",100]}]}'

Exit status of every subcommand: 0 yes, 1 no (no record matched, a case failed), 2 trouble."#;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Filter(FilterArgs),
    Compile(CompileArgs),
    Disasm(DisasmArgs),
    Test(TestArgs),
}

/// Prints the records that match.
///
/// A record is one line of JSON (NDJSON); blank lines are skipped. A file whose documents span lines, or stand on
/// one line without breaks, is read as a stream of JSON documents. Matching records are written byte for byte in
/// the order of the input, with the line ending they had.
///
/// With a source, a document may also be an envelope, the event a function receives: it comes out with the records
/// that match and all its other bytes, or not at all if none does.
///
/// A malformed record never stops the run: it counts as dropped and is named on stderr.
#[derive(Debug, Args)]
#[command(after_help = FILTER_EXAMPLE)]
pub(crate) struct FilterArgs {
    #[command(flatten)]
    pub(crate) chosen: ChosenArgs,
    /// Print the valid records that do not match instead (needs --checks every)
    #[arg(long)]
    pub(crate) invert: bool,
    /// Print only how many records would be printed
    #[arg(long)]
    pub(crate) count: bool,
    /// Print one JSON line for every record: which filters matched it
    ///
    /// Fields: `file` (if several files were named), `line` (where the record begins, counted from 1), `record` (which
    /// one of an envelope, counted from 0), `match`
    /// (whether it passes), `filters` (those that matched, counted from 0, ascending) and, for a malformed record
    /// only, `malformed` (the reason).
    #[arg(long, conflicts_with_all = ["count", "invert", "null"])]
    pub(crate) which: bool,
    /// End each printed record with a NUL byte instead of its line ending
    #[arg(long, short = '0', conflicts_with = "count")]
    pub(crate) null: bool,
    /// Split aggregates of the Kinesis Producer Library first, as enhanced fan-out does
    ///
    /// Standard polling hands an aggregate over as one opaque record, which a filter on `data` drops.
    #[arg(long)]
    pub(crate) deaggregate: bool,
    /// Which records are proved to be JSON
    ///
    /// The proof costs more than filtering. A record that is printed without --invert always has it.
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = ChecksChoice::Every)]
    pub(crate) checks: ChecksChoice,
    /// End with status 2 if any record was malformed (needs --checks every)
    #[arg(long)]
    pub(crate) fail_on_malformed: bool,
    /// Print a summary to stderr, also where stderr is no terminal
    #[arg(long)]
    pub(crate) stats: bool,
    /// Form of the summary; records and counts are JSON in both
    ///
    /// `json` gives one object with the fields `records`, `matched`, `dropped` (malformed ones included),
    /// `malformed`, `payload_not_json` (dropped though a filter asks for JSON: likely broken rather than unwanted),
    /// `bytes` and `seconds`.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) threads: ThreadsArg,
    /// Files to read; `-`, or none, is stdin
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

const FILTER_EXAMPLE: &str = r#"Example:
  printf '{"state":"paid"}\n{"state":"open"}\n' | eventsieve filter --pattern '{"state":["paid"]}'

Status: 0 if a record was printed or counted (with --which: if one matched), 1 if none was, 2 on trouble."#;

/// Writes criteria as a compiled program.
///
/// The program carries its source and dialect, is checked whenever it is loaded, and is what `--program` takes.
/// The file appears whole or not at all.
#[derive(Debug, Args)]
#[command(after_help = COMPILE_EXAMPLE, group = clap::ArgGroup::new("chosen").required(true))]
pub(crate) struct CompileArgs {
    #[command(flatten)]
    pub(crate) criteria: CriteriaArgs,
    /// File to write; `-` is stdout
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

const COMPILE_EXAMPLE: &str = r#"Example:
  eventsieve compile --pattern '{"state":["paid"]}' -o paid.esprog
  echo '{"state":"paid"}' | eventsieve filter --program paid.esprog"#;

/// Shows a program as a listing.
#[derive(Debug, Args)]
#[command(after_help = DISASM_EXAMPLE, group = clap::ArgGroup::new("chosen").required(true))]
pub(crate) struct DisasmArgs {
    #[command(flatten)]
    pub(crate) criteria: CriteriaArgs,
    /// A compiled program
    #[arg(long, value_name = "FILE", group = "chosen")]
    pub(crate) program: Option<PathBuf>,
    /// A compiled program, or criteria to compile first; `-` is stdin
    #[arg(value_name = "FILE", group = "chosen")]
    pub(crate) file: Option<PathBuf>,
    /// Form of the listing
    ///
    /// `json` gives one object with the fields `source`, `dialect`, `filters` (how many), `bytes` (size of the
    /// program) and `listing`.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

const DISASM_EXAMPLE: &str = r#"Example:
  eventsieve disasm --pattern '{"state":["paid",{"prefix":"re"}]}'"#;

/// Runs case files.
///
/// A case file holds one JSON case a line (or one YAML or JSON list): a pattern with the event and the answer that
/// is expected. Failures are printed with what came instead, then the tally of each file, then the total alone on
/// the last line.
#[derive(Debug, Args)]
#[command(after_help = TEST_EXAMPLE)]
pub(crate) struct TestArgs {
    /// Wildcard complexity above which a pattern is refused (default: that of the case's dialect)
    #[arg(long, value_name = "N|off")]
    pub(crate) complexity_limit: Option<ComplexityLimit>,
    /// Warnings of the dialect are errors
    #[arg(long)]
    pub(crate) strict: bool,
    /// Form of the report
    ///
    /// `json` gives one object a line, each with the field `type`: `failure` (`file`, `line` or `item`, `name`,
    /// `expected`, `got`, `detail`), then `file` for each file (`file`, `passed`, `failed`, `skipped`), then one
    /// `total` (`passed`, `failed`, `skipped`).
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) threads: ThreadsArg,
    /// Case files
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
}

const TEST_EXAMPLE: &str = r#"Example:
  echo '{"name":"paid","pattern":{"a":[1]},"event":{"a":1.0},"expect":"match"}' > cases.ndjson
  eventsieve test cases.ndjson

Status: 0 if every case passed or was skipped, 1 if one failed, 2 if a file could not be read."#;

/// Criteria in any form, a compiled program included.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("chosen").required(true))]
pub(crate) struct ChosenArgs {
    #[command(flatten)]
    pub(crate) criteria: CriteriaArgs,
    /// A compiled program; it carries its source and dialect
    #[arg(long, value_name = "FILE", group = "chosen", conflicts_with_all = ["dialect", "complexity_limit", "strict"])]
    pub(crate) program: Option<PathBuf>,
}

/// Criteria as text, and what they are compiled for.
#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct CriteriaArgs {
    /// Filter criteria: `{"Filters":[{"Pattern":…}]}`, a list of patterns or one pattern; `-` is stdin
    #[arg(long, value_name = "FILE", group = "chosen")]
    pub(crate) criteria: Option<PathBuf>,
    /// One pattern; give it again for more, of which one must match
    #[arg(long = "pattern", value_name = "JSON", group = "chosen")]
    pub(crate) patterns: Vec<String>,
    /// Where records come from; `auto` tells it from the records
    #[arg(long, value_name = "SOURCE", default_value = SourceChoice::AUTO, value_parser = source_parser())]
    pub(crate) source: SourceChoice,
    /// Which operators and limits are legal (default: lambda, but eventbridge for the source raw)
    #[arg(long, value_name = "DIALECT", value_parser = dialect_parser())]
    pub(crate) dialect: Option<Dialect>,
    /// Wildcard complexity above which a pattern is refused (default: the dialect's)
    #[arg(long, value_name = "N|off")]
    pub(crate) complexity_limit: Option<ComplexityLimit>,
    /// Another bound than the default one; give it again for more
    ///
    /// Bounds on criteria: filters, pattern-chars, wildcard-complexity (all three also `off`), or-alternatives, paths,
    /// path-segments, depth, number-digits, key-chars, automaton-bytes, program-bytes. Bounds on records, for `filter`:
    /// record-bytes, record-depth, record-number-digits, record-key-chars.
    #[arg(long = "limit", value_name = "NAME=N", value_parser = limits::parse)]
    pub(crate) limits: Vec<Limit>,
    /// Warnings of the dialect are errors
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct ThreadsArg {
    /// Threads to work with (default: one for each core); the order of the output is the same with any number
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

impl ThreadsArg {
    /// How many threads.
    pub(crate) fn len(&self) -> usize {
        self.threads.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
    }
}

/// `--checks`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ChecksChoice {
    /// All of them, so that every malformed record is named
    Every,
    /// Those that would match: faster; malformed ones among the others are dropped, and need not be named
    Matches,
}

impl From<ChecksChoice> for Checks {
    fn from(choice: ChecksChoice) -> Checks {
        match choice {
            ChecksChoice::Every => Checks::Every,
            ChecksChoice::Matches => Checks::Matches,
        }
    }
}

/// How answers are spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For scripts: JSON with stable field names
    Json,
}

/// `--source`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SourceChoice {
    /// Told from the records.
    Auto,
    /// Said by the user.
    Fixed(Source),
}

impl SourceChoice {
    const AUTO: &str = "auto";
}

impl FromStr for SourceChoice {
    type Err = <Source as FromStr>::Err;
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        if word == Self::AUTO { Ok(Self::Auto) } else { word.parse().map(Self::Fixed) }
    }
}

fn source_parser() -> impl clap::builder::TypedValueParser<Value = SourceChoice> {
    use clap::builder::TypedValueParser;
    let words = Source::NAMES.iter().copied().chain([SourceChoice::AUTO]);
    PossibleValuesParser::new(words).try_map(|word| word.parse::<SourceChoice>())
}

fn dialect_parser() -> impl clap::builder::TypedValueParser<Value = Dialect> {
    use clap::builder::TypedValueParser;
    PossibleValuesParser::new(Dialect::NAMES.iter().copied()).try_map(|word| word.parse::<Dialect>())
}

/// `--complexity-limit`: a number, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ComplexityLimit(pub(crate) Option<u32>);

impl FromStr for ComplexityLimit {
    type Err = String;
    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "off" => Ok(Self(None)),
            _ => match word.parse() {
                Ok(limit) => Ok(Self(Some(limit))),
                Err(_) => Err("give a whole number, or off".to_owned()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn definition_of_the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn complexity_limit_is_a_number_or_off() {
        assert_eq!("off".parse(), Ok(ComplexityLimit(None)));
        assert_eq!("12".parse(), Ok(ComplexityLimit(Some(12))));
        assert!("-1".parse::<ComplexityLimit>().is_err() && "many".parse::<ComplexityLimit>().is_err());
    }
}
