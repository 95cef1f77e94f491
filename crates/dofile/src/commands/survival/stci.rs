//! `stci`: means and percentiles of survival time ([ST] stci).

use super::sts::Curves;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::post::stata;
use crate::estimation::survival::{Settings, show};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, WeightKind};
use crate::value::MISSING;
use estimators::distributions::normal_quantile;
use estimators::survivor::{Point, SurvivalTime, mean_time, percentile};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("by"),
    OptSpec::flag("Median"),
    OptSpec::real("p"),
    OptSpec::flag("Rmean"),
    OptSpec::flag("Emean"),
    OptSpec::real("Level"),
    OptSpec::flag("noShow"),
])
.unsupported(&["ccorr", "dd", "Graph", "TMAx"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "stci",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "stci [if] [in] [, by(varlist) median p(#) rmean emean level(#) noshow]",
    notes: "stores r(N_sub) r(p#) r(se) r(lb) r(ub), or r(rmean), r(emean); with by() of the whole sample, and r(table) with one row per group and one for the whole; [ST] stci",
    examples: &[Example {
        run: "set obs 4\ngenerate t = _n\nstset t\nstci\nscalar m = r(p50)\nstci, rmean",
        // S is 3/4, 1/2, 1/4, 0: half have failed at 2; the area is the mean of 1 to 4, its variance 1.25 / 4.
        expect: &[("m", 2.0), ("r(rmean)", 2.5), ("r(se)^2", 0.3125)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !cmd.list.is_empty() {
        return Err(StataError::standard(101));
    }
    let what = What::of(cmd)?;
    let level = level(s, cmd)?;
    let settings = Settings::of(&s.frame)?;
    let whole = Curves::read(s, cmd, None)?;
    let curves = match cmd.options.text("by") {
        Some(by) => Some(Curves::read(s, cmd, Some(by))?),
        None => None,
    };
    // Standard errors and limits count subjects.
    let sampled = matches!(&whole.records.weights, Some((WeightKind::Probability, _)));
    let compute = |table: &[Point]| -> SurvivalTime {
        let found = what.estimate(table, level);
        if sampled { SurvivalTime { time: found.time, ..SurvivalTime::default() } } else { found }
    };
    if !cmd.has("noshow") {
        show(s, &settings);
    }
    let name = curves.as_ref().map_or(String::new(), |c| c.groups.variables.join(" "));
    head(s, &name, &what.heading(), level);
    let mut rows = Vec::new();
    let mut names = Vec::new();
    if let Some(curves) = &curves {
        for (g, table) in curves.tables.iter().enumerate() {
            let part = curves.records.select(&curves.groups.members(g));
            let found = compute(table);
            let n = part.subjects(&s.frame, &settings);
            line(s, &curves.groups.labels[g].join(" "), n, found);
            rows.extend(values(n, found));
            names.push(Stripe::term(curves.groups.labels[g].join(" ")));
        }
        s.print(RULE);
    }
    let found = compute(&whole.tables[0]);
    let n = whole.records.subjects(&s.frame, &settings);
    line(s, "Total", n, found);
    rows.extend(values(n, found));
    names.push(Stripe::term("Total"));
    if what == What::Restricted && whole.tables[0].last().is_some_and(|p| p.survivor > 0.0) {
        s.print("(*) largest observed analysis time is censored, mean is underestimated");
    }
    let mut r = Results::default();
    let [_, time, se, low, high] = values(n, found);
    let key = what.key();
    r.scalar("N_sub", n).scalar(&key, time).scalar("se", se).scalar("lb", low).scalar("ub", high);
    let mut table = Matrix::new(names.len(), 5, rows);
    table.row_names = names;
    table.col_names = ["N_sub", &key, "se", "lb", "ub"].map(Stripe::term).to_vec();
    r.matrix("table", table);
    s.r = r;
    Ok(())
}

/// What is estimated.
#[derive(Clone, Copy, PartialEq)]
enum What {
    /// The time at which so many percent have failed.
    Percentile(f64),
    /// The mean up to the longest time.
    Restricted,
    /// The mean of a curve that is extended exponentially.
    Extended,
}

impl What {
    fn of(cmd: &ParsedCommand) -> Result<Self> {
        if ["median", "p", "rmean", "emean"].iter().filter(|o| cmd.has(o)).count() > 1 {
            return Err(StataError::invalid("only one of median, p(), rmean and emean is allowed"));
        }
        let percent = cmd.options.real("p").unwrap_or(50.0);
        match () {
            () if cmd.has("rmean") => Ok(Self::Restricted),
            () if cmd.has("emean") => Ok(Self::Extended),
            () if percent > 0.0 && percent < 100.0 => Ok(Self::Percentile(percent)),
            () => Err(StataError::invalid("p() must be between 0 and 100")),
        }
    }

    fn estimate(self, table: &[Point], level: f64) -> SurvivalTime {
        if let Self::Percentile(percent) = self {
            return percentile(table, percent, level);
        }
        let (mean, se) = mean_time(table, self == Self::Extended);
        let half = normal_quantile(0.5 + level / 200.0) * se;
        let known = |x: f64| Some(x).filter(|x| x.is_finite());
        SurvivalTime { time: known(mean), se: known(se), low: known(mean - half), high: known(mean + half) }
    }

    fn heading(self) -> String {
        match self {
            Self::Percentile(percent) => format!("\n{}%", format::bare("%5.0g", percent)),
            Self::Restricted => "Restricted\nmean".to_string(),
            Self::Extended => "Extended\nmean".to_string(),
        }
    }

    /// Name of its result.
    fn key(self) -> String {
        match self {
            Self::Percentile(percent) => format!("p{}", format::bare("%5.0g", percent)),
            Self::Restricted => "rmean".to_string(),
            Self::Extended => "emean".to_string(),
        }
    }
}

fn values(n: f64, found: SurvivalTime) -> [f64; 5] {
    let number = |x: Option<f64>| stata(x.unwrap_or(MISSING));
    [n, number(found.time), number(found.se), number(found.low), number(found.high)]
}

/// Between the heading, the groups and the whole sample.
const RULE: &str = "-------------+-------------------------------------------------------------";

fn head(s: &mut Session, name: &str, heading: &str, level: f64) {
    let (upper, lower) = heading.split_once('\n').unwrap_or(("", heading));
    s.print("");
    s.print(format!("{:>13}|{:>10} {upper:>11}", "", "Number of").trim_end());
    s.print(format!(
        "{:<13}|{:>10} {lower:>11}{:>15}{:>24}",
        format::abbrev(name, 12),
        "subjects",
        "Std. err.",
        format!("[{}% conf. interval]", format::bare("%5.0g", level))
    ));
    s.print(RULE);
}

fn line(s: &mut Session, label: &str, n: f64, found: SurvivalTime) {
    let [n, time, se, low, high] = values(n, found).map(|x| format::bare("%9.0g", x));
    s.print(format!("{:>12} |{n:>10} {time:>11}{se:>14}{low:>13}{high:>11}", format::abbrev(label, 12)));
}
