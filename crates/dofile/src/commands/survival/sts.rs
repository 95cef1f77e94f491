//! `sts`: finds the subcommand; `sts list` is here.

use super::sts_saving::Rows;
use super::{sts_compare, sts_generate, sts_graph, sts_test};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::model::number_groups;
use crate::estimation::survival::{Records, Settings, show};
use crate::format;
use crate::ops::record_groups::Grouping;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::syntax::{OptSpec, numlist};
use crate::value::MISSING;
use estimators::survivor::{Point, Spans, at_time, life_table};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "sts",
    min: 3,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "sts list [if] [in] [, by(varlist) survival|failure|cumhaz at(numlist) compare enter saving(filename [, replace]) level(#) noshow] | sts generate newvar = function [...] [if] [in] [, by(varlist) level(#)] | sts test varlist [if] [in] [, logrank|wilcoxon|tware|peto|cox|fh(p q) strata(varlist) trend detail mat(name name)] | sts graph [if] [in] [, by(varlist) survival|failure|cumhaz ci censored(single|number|multiple) tmax(#) per(#) noorigin adjustfor(varlist) plot#opts(line_options) risktable[(numlist, ...)] level(#) twoway_options]",
    notes: "functions of sts generate: s se(s) se(lns) lb(s) ub(s) na se(na) lb(na) ub(na) h n d; limits on the scale of ln(-ln S); cox: likelihood-ratio test of the groups in a Cox regression (Wald with pweights), hazards relative to the first group; saving() has the variables of by(), time, begin, fail, net_lost (with enter lost and enter, with at() neither), survivor, failure or cumhaz, std_err, lb, ub; sts test stores r(df) r(chi2) r(df_tr) r(chi2_tr); [ST] sts",
    examples: &[
        Example {
            // S by hand: 3/4, then one censored, then 1/2 of the rest
            run: "set obs 4\ngenerate t = _n\ngenerate f = _n != 2\nstset t, failure(f)\nsts generate s = s h = na n = n\nsts list",
            expect: &[("s[1]", 0.75), ("s[2]", 0.75), ("s[3]", 0.375), ("h[3]", 0.75), ("n[3]", 2.0)],
        },
        Example {
            run: "set obs 4\ngenerate t = _n\ngenerate g = _n > 2\nstset t\nsts test g",
            // observed 2 and expected 1/2 + 1/3 in the first group, variance 1/4 + 2/9
            expect: &[("r(chi2)", 2.882_352_941_176_470_7), ("r(df)", 1.0)],
        },
    ],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let end = raw.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(raw.len());
    let (word, rest) = (&raw[..end], &raw[end..]);
    let is = |full: &str| !word.is_empty() && full.starts_with(word);
    let split = |exp: bool| ParsedCommand::split("sts", rest, exp);
    match word {
        w if is("list") && w != "lis" => list(s, split(false)?),
        _ if is("test") => sts_test::run(s, split(false)?),
        w if is("generate") && w.len() >= 3 || w == "g" && rest.contains('=') => {
            sts_generate::generate(s, rest)
        }
        "" | "if" | "in" => sts_graph::run(s, ParsedCommand::split("sts", raw, false)?),
        _ if is("graph") => sts_graph::run(s, split(false)?),
        _ => Err(StataError::invalid(format!("unknown sts subcommand {word}"))),
    }
}

/// Records, groups and their survivor functions.
pub(super) struct Curves {
    /// Groups.
    pub groups: Grouping,
    /// All records.
    pub records: Records,
    /// One life table for each group.
    pub tables: Vec<Vec<Point>>,
}

impl Curves {
    /// Reads records and estimates the functions by groups.
    pub(super) fn read(s: &Session, cmd: &ParsedCommand, by: Option<&str>) -> Result<Self> {
        let settings = Settings::of(&s.frame)?;
        let mut touse = s.rows(cmd)?;
        let variables = match by {
            Some(list) => Grouping::positions(s, list, &mut touse)?,
            None => Vec::new(),
        };
        let records = Records::read(s, &settings, &mut touse)?;
        if matches!(&records.weights, Some((WeightKind::Importance, _))) {
            return Err(StataError::new(101, "iweights not allowed"));
        }
        let groups = Grouping::of(s, &variables, &records);
        let id = s.frame.find(&settings.id);
        let mut tables: Vec<Vec<Point>> = (0..groups.count())
            .map(|g| {
                let part = records.select(&groups.members(g));
                let subject = id.map(|id| number_groups(&s.frame, id, &part.rows).0);
                let spans = Spans {
                    t0: &part.t0,
                    t: &part.t,
                    d: &part.d,
                    w: part.weights.as_ref().map(|w| w.1.as_slice()),
                };
                life_table(spans, subject.as_deref())
            })
            .collect();
        if matches!(&records.weights, Some((WeightKind::Probability, _))) {
            // The formulas of Greenwood and Aalen take weights for counts of subjects.
            for point in tables.iter_mut().flatten() {
                (point.greenwood, point.hazard_variance) = (f64::NAN, f64::NAN);
            }
        }
        Ok(Self { groups, records, tables })
    }
}

/// Which function is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    /// Survivor.
    Survivor,
    /// One minus it.
    Failure,
    /// Nelson–Aalen.
    Hazard,
}

impl Function {
    /// From the options; r(198) for two of them.
    pub(super) fn of(has: impl Fn(&str) -> bool) -> Result<Self> {
        let chosen = [
            (has("survival"), Self::Survivor),
            (has("failure"), Self::Failure),
            (has("cumhaz") || has("na"), Self::Hazard),
        ];
        let mut found = chosen.iter().filter(|c| c.0).map(|c| c.1);
        let first = found.next().unwrap_or(Self::Survivor);
        if found.next().is_some() {
            return Err(StataError::invalid("only one of survival, failure and cumhaz is allowed"));
        }
        Ok(first)
    }

    /// Value, standard error and limits at a point.
    pub(super) fn at(self, p: &Point, level: f64) -> (f64, f64, Option<(f64, f64)>) {
        match self {
            Self::Survivor => (p.survivor, p.survivor_se(), p.survivor_limits(level)),
            Self::Failure => (
                1.0 - p.survivor,
                p.survivor_se(),
                p.survivor_limits(level).map(|(low, high)| (1.0 - high, 1.0 - low)),
            ),
            Self::Hazard => (p.hazard, p.hazard_variance.sqrt(), p.hazard_limits(level)),
        }
    }

    /// Title of the function.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Survivor => "Kaplan–Meier survivor function",
            Self::Failure => "Kaplan–Meier failure function",
            Self::Hazard => "Nelson–Aalen cumulative hazard",
        }
    }
}

fn list(s: &mut Session, mut cmd: ParsedCommand) -> Result<()> {
    cmd.check_options(
        &[
            OptSpec::text("by"),
            OptSpec::flag("SURvival"),
            OptSpec::flag("Failure"),
            OptSpec::flag("CUMHaz"),
            OptSpec::flag("na"),
            OptSpec::text("at"),
            OptSpec::flag("Enter"),
            OptSpec::flag("Compare"),
            OptSpec::real("Level"),
            OptSpec::flag("noShow"),
            OptSpec::text("SAVing"),
        ],
        &["STrata", "ADjustfor"],
    )?;
    if !cmd.list.is_empty() {
        return Err(StataError::standard(101));
    }
    if cmd.has("compare") && cmd.options.text("by").is_none() {
        return Err(StataError::invalid("compare requires by()"));
    }
    let (level, function) = (level(s, &cmd)?, Function::of(|o| cmd.has(o))?);
    let settings = Settings::of(&s.frame)?;
    let curves = Curves::read(s, &cmd, cmd.options.text("by"))?;
    let at = match cmd.options.text("at") {
        Some(text) => Some(times(&numlist::expand(text)?, &curves)),
        None => None,
    };
    if !cmd.has("noshow") {
        show(s, &settings);
    }
    if cmd.has("compare") {
        if cmd.has("saving") {
            return Err(StataError::unsupported_option("sts list", "saving() with compare"));
        }
        sts_compare::show(s, &curves, function, at);
    } else {
        let rows = Rows { curves: &curves, function, at: at.as_deref(), enter: cmd.has("enter"), level };
        if let Some(text) = cmd.options.text("saving") {
            rows.write(s, text)?;
        }
        print_rows(s, &rows);
    }
    s.r = Results::default();
    Ok(())
}

fn print_rows(s: &mut Session, rows: &Rows<'_>) {
    let Rows { curves, function, at, enter, level } = *rows;
    s.print("");
    s.print(function.title());
    if !curves.groups.variables.is_empty() {
        s.print(format!("By variable: {}", curves.groups.variables.join(" ")));
    }
    s.print("");
    let rule = "-".repeat(72);
    let (first, second) = match function {
        Function::Survivor => ("Survivor", "function"),
        Function::Failure => ("Failure", "function"),
        Function::Hazard => ("Cumulative", "hazard"),
    };
    let lost = match (at.is_some(), enter) {
        (true, _) => ("", ""),
        (false, true) => ("", "Lost   Enter"),
        (false, false) => ("Net", "lost"),
    };
    // the entries take a column of their own
    let column = if enter && at.is_none() { 15 } else { 7 };
    s.print(format!("             At{:>width$}{first:>12}      Std.", lost.0, width = column + 7));
    s.print(format!(
        "  Time     risk   Fail{:>column$}{second:>12}     error     [{}% conf. int.]",
        lost.1,
        format::bare("%5.0g", level)
    ));
    s.print(&rule);
    for (g, table) in curves.tables.iter().enumerate() {
        if !curves.groups.variables.is_empty() {
            s.print(curves.groups.labels[g].join(" "));
        }
        match at {
            None => table.iter().for_each(|p| line(s, p.time, p, function, level, enter)),
            Some(times) => at_lines(s, table, times, function, level),
        }
    }
    s.print(&rule);
    if at.is_some() {
        s.print("Note: Survivor function is calculated over full data and evaluated at indicated");
        s.print("      times; it is not calculated from aggregates shown at left.");
    }
}

/// The times of `at()`: a single number above one asks for that many equal steps.
fn times(given: &[f64], curves: &Curves) -> Vec<f64> {
    match given {
        [steps] if *steps > 1.0 && steps.fract() == 0.0 => {
            let last = curves.tables.iter().flatten().map(|p| p.time).fold(0.0, f64::max);
            (1..=*steps as usize).map(|i| last * i as f64 / steps).collect()
        }
        _ => given.to_vec(),
    }
}

fn cells(p: &Point, function: Function, level: f64) -> String {
    let (value, se, limits) = function.at(p, level);
    let four = |x: f64| format::number("%9.4f", if x.is_finite() { x } else { MISSING });
    let (low, high) = limits.unwrap_or((f64::NAN, f64::NAN));
    format!("{} {}  {} {}", four(value), four(se), four(low), four(high))
}

fn line(s: &mut Session, time: f64, p: &Point, function: Function, level: f64, enter: bool) {
    let count = |x: f64| format::number("%7.0g", x);
    let lost = if enter {
        format!("{} {}", count(p.censored), count(p.entered))
    } else {
        count(p.censored - p.entered)
    };
    s.print(format!(
        "{}  {}{}{lost}   {}",
        format::number("%6.0g", time),
        count(p.at_risk),
        count(p.failures),
        cells(p, function, level)
    ));
}

/// Lines at chosen times with the failures since the time before.
fn at_lines(s: &mut Session, table: &[Point], times: &[f64], function: Function, level: f64) {
    let mut last = f64::NEG_INFINITY;
    for &time in times {
        let failures: f64 =
            table.iter().filter(|p| p.time > last && p.time <= time).map(|p| p.failures).sum();
        // those at risk at the last time of the data up to here
        let known = table.iter().rev().find(|p| p.time <= time).or(table.first());
        let over = table.last().is_none_or(|p| time > p.time);
        let at_risk = known.filter(|_| !over).map_or(0.0, |p| p.at_risk);
        let start = Point { survivor: 1.0, ..Point::default() };
        let beyond = table.last().is_none_or(|p| time > p.time && p.survivor > 0.0);
        let p = at_time(table, time).copied().unwrap_or(start);
        let count = |x: f64| format::number("%7.0g", x);
        let shown = if beyond {
            format!("{:>9}{:>10}{:>11}{:>10}", ".", ".", ".", ".")
        } else {
            cells(&p, function, level)
        };
        s.print(format!(
            "{}  {}{}{:>7}   {shown}",
            format::number("%6.0g", time),
            count(at_risk),
            count(failures),
            ""
        ));
        last = time;
    }
}
