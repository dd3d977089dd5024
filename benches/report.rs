//! The table that is printed and the rows that are written.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::engines::{Answer, Engine};
use crate::measure::{Outcome, Timing};
use crate::workloads::{Group, Workload};

/// One engine on one workload.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Shape and share of matches.
    pub workload: String,
    /// Name and version.
    pub engine: &'static str,
    /// How it was used.
    pub mode: &'static str,
    /// `records`, `matches`, `partly` or `nothing`.
    pub validates: &'static str,
    /// What it counts: `matches`, `candidates` or `valid` records.
    pub counts: &'static str,
    /// Best pass.
    pub gb_per_s: Option<f64>,
    /// Middle pass.
    pub gb_per_s_median: Option<f64>,
    /// Best pass.
    pub events_per_s: Option<f64>,
    /// Its rate by ours in the default mode, the middle of the turns: below 1, we are faster.
    pub ratio_to_ours: Option<f64>,
    /// What it answered, right or wrong.
    pub matches: Option<usize>,
    /// For how many records.
    pub records: Option<usize>,
    /// Why there is no time.
    pub note: Option<String>,
}

/// Collects outcomes, prints a line for each workload as it comes.
pub struct Report<'e> {
    engines: &'e [&'e dyn Engine],
    rows: Vec<Row>,
    notes: BTreeMap<String, Vec<String>>,
    /// Ours by quamina.
    ratios: Vec<(Group, f64)>,
}

const NAME_WIDTH: usize = 23;
const WIDTH: usize = 11;

impl<'e> Report<'e> {
    /// Prints the head of the table. The first engine is the one that others are compared with.
    pub fn new(engines: &'e [&'e dyn Engine]) -> Report<'e> {
        let line = |first: &str, second: &str, cells: Vec<&str>| {
            let cells: String = cells.iter().map(|cell| format!("{cell:>WIDTH$}")).collect();
            println!("{first:NAME_WIDTH$}{second:>9}{cells}");
        };
        let split = |engine: &&dyn Engine| engine.mode().split_once(' ').map_or((engine.mode(), ""), |parts| parts);
        line(
            "GB/s, best pass",
            "matches",
            engines.iter().map(|engine| short(engine.name())).chain(["ours by", "ours by"]).collect(),
        );
        line("", "", engines.iter().map(|engine| split(engine).0).chain(["quamina", "memmem"]).collect());
        line("", "", engines.iter().map(|engine| split(engine).1).collect());
        Report { engines, rows: Vec::new(), notes: BTreeMap::new(), ratios: Vec::new() }
    }

    /// Takes the outcomes of a workload and prints its line.
    pub fn add(&mut self, workload: &Workload, group: Group, outcomes: &[Outcome]) {
        let total = workload.expected.len();
        let ours = timing(outcomes.first());
        let cells: String =
            outcomes.iter().zip(self.engines).map(|(outcome, engine)| cell(*engine, outcome, total)).collect();
        let against = |name: &str| {
            let at = self.engines.iter().position(|engine| engine.name().starts_with(name))?;
            Some(ours?.ratio_to(timing(outcomes.get(at))?))
        };
        let (quamina, memmem) = (against("quamina"), against("memmem"));
        let ratio = |ratio: Option<f64>| ratio.map_or("-".to_owned(), |ratio| format!("{}x", number(ratio)));
        println!(
            "{:NAME_WIDTH$}{:>9}{cells}{:>WIDTH$}{:>WIDTH$}",
            workload.name,
            workload.matches(),
            ratio(quamina),
            ratio(memmem)
        );
        self.ratios.extend(quamina.map(|ratio| (group, ratio)));
        for (engine, outcome) in self.engines.iter().zip(outcomes) {
            let row = row(workload, *engine, outcome, ours);
            if let Some(note) = &row.note {
                let place = format!("{}, {}: {note}", engine.name(), engine.mode());
                self.notes.entry(place).or_default().push(workload.name.clone());
            }
            self.rows.push(row);
        }
    }

    /// Prints what belongs under the table and gives the rows away.
    pub fn finish(self) -> Vec<Row> {
        self.means();
        println!("\n*  stops at the last field it needs, or trusts what it skips: a match may be malformed JSON");
        println!("v  validates, and looks at no filter");
        println!("c  finds records that hold the literal, and parses nothing");
        println!("~  was asked about the first records only: all would take too long");
        for (note, workloads) in &self.notes {
            println!("-  {note}: {}", workloads.join(", "));
        }
        self.rows
    }

    /// Prints geometric means.
    fn means(&self) {
        let print = |what: &str, ratios: Vec<f64>| {
            if !ratios.is_empty() {
                let mean = (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp();
                println!("{:>8}  {what} ({} of the workloads)", format!("{mean:.2}x"), ratios.len());
            }
        };
        let of = |wanted: &dyn Fn(Group) -> bool| {
            self.ratios.iter().filter(|(group, _)| wanted(*group)).map(|(_, ratio)| *ratio).collect()
        };
        println!("\nGeometric means, where there are any:");
        print("ours by quamina, with and without a literal to look for", of(&Group::in_mean));
        let groups: BTreeSet<Group> = self.ratios.iter().map(|(group, _)| *group).collect();
        for group in groups {
            print(&format!("ours by quamina, {}", group.label()), of(&|other| other == group));
        }
        print("our check alone by simd-json's tape alone", self.between("check alone", "tape alone"));
        print("our check alone by serde_json's IgnoredAny", self.between("check alone", "IgnoredAny"));
    }

    /// The rate in one mode by that in another, for each workload that has both.
    fn between(&self, mode: &str, other: &str) -> Vec<f64> {
        let of = |row: &&Row, wanted: &str| row.mode == wanted && row.ratio_to_ours.is_some();
        let pairs = self.rows.iter().filter(|row| of(row, mode)).filter_map(|row| {
            let other =
                self.rows.iter().find(|candidate| of(candidate, other) && candidate.workload == row.workload)?;
            Some(row.ratio_to_ours? / other.ratio_to_ours?)
        });
        pairs.collect()
    }
}

/// A name that fits a column.
fn short(name: &str) -> &str {
    match name {
        "eventsieve" => "ours",
        "quamina 0.7" => "quamina",
        other => other,
    }
}

fn timing(outcome: Option<&Outcome>) -> Option<&Timing> {
    match outcome {
        Some(Outcome::Timed(timing)) => Some(timing),
        _ => None,
    }
}

fn cell(engine: &dyn Engine, outcome: &Outcome, total: usize) -> String {
    let text = match outcome {
        Outcome::Timed(timing) => {
            let mark = match engine.answer() {
                Answer::Matches if engine.validates().is_sound() => " ",
                Answer::Matches => "*",
                Answer::Valid => "v",
                Answer::Candidates => "c",
            };
            let part = if timing.records < total { "~" } else { "" };
            format!("{part}{}{mark}", number(timing.best()))
        }
        Outcome::Wrong { .. } => "wrong ".to_owned(),
        Outcome::Unable(_) => "- ".to_owned(),
    };
    format!("{text:>WIDTH$}")
}

/// Three digits or so.
pub fn number(number: f64) -> String {
    match number {
        number if number >= 100.0 => format!("{number:.0}"),
        number if number >= 10.0 => format!("{number:.1}"),
        number if number >= 0.1 => format!("{number:.2}"),
        number => format!("{number:.4}"),
    }
}

fn row(workload: &Workload, engine: &dyn Engine, outcome: &Outcome, ours: Option<&Timing>) -> Row {
    let timing = timing(Some(outcome));
    let (matches, records, note) = match outcome {
        Outcome::Timed(timing) => (Some(timing.answer), Some(timing.records), None),
        Outcome::Wrong { answer, records } => {
            let expected = workload.matches_among(*records);
            let note = format!("answers {answer} where {expected} of {records} records match, so it is not timed");
            (Some(*answer), Some(*records), Some(note))
        }
        Outcome::Unable(why) => (None, None, Some(why.clone())),
    };
    Row {
        workload: workload.name.clone(),
        engine: engine.name(),
        mode: engine.mode(),
        validates: engine.validates().label(),
        counts: match engine.answer() {
            Answer::Matches => "matches",
            Answer::Candidates => "candidates",
            Answer::Valid => "valid",
        },
        gb_per_s: timing.map(Timing::best),
        gb_per_s_median: timing.map(Timing::median),
        events_per_s: timing.map(Timing::records_per_second),
        ratio_to_ours: timing.zip(ours).map(|(timing, ours)| timing.ratio_to(ours)),
        matches,
        records,
        note,
    }
}

/// The processor's name, as far as the system tells it.
pub fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}
