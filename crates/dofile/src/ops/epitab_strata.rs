//! The stratified tables of the epidemiological commands: strata, crude, pooled, standardised and combined measures.

use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::ops::epitab::{Sample, store};
use crate::ops::record_groups::Grouping;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;
use estimators::distributions::chi2_tail;
use estimators::epidemiology::{Combined, Interval};
use estimators::epidemiology_standard::Pooled;

/// The weights of a standardised measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Standard {
    /// Those of the exposed.
    Internal,
    /// Those of the unexposed.
    External,
    /// A variable's.
    Given,
}

impl Standard {
    /// The standard that the options name.
    ///
    /// # Errors
    /// r(198) for more than one of them, for one of them or `pool` without `by()`, and for a difference without them.
    pub(crate) fn of(cmd: &ParsedCommand, difference: &str) -> Result<Option<Self>> {
        let named = [("istandard", Self::Internal), ("estandard", Self::External), ("standard", Self::Given)];
        let found: Vec<&(&str, Self)> = named.iter().filter(|(name, _)| cmd.has(name)).collect();
        if let [first, second, ..] = found[..] {
            return Err(StataError::invalid(format!("only one of {} and {} is allowed", first.0, second.0)));
        }
        let single = cmd.options.text("by").is_none_or(|by| by.trim().is_empty());
        let lone = found.first().map(|f| f.0).or(cmd.has("pool").then_some("pool"));
        if let Some(option) = lone.filter(|_| single) {
            return Err(StataError::invalid(format!("option {option} requires by()")));
        }
        if found.is_empty() && !difference.is_empty() && cmd.has(difference) {
            let text = format!("option {difference} requires estandard, istandard or standard()");
            return Err(StataError::invalid(text));
        }
        Ok(found.first().map(|f| f.1))
    }

    /// The weight of each stratum: of the exposed, of the unexposed, or the given ones.
    pub(crate) fn weights<T>(self, strata: &[T], given: &[f64], of: impl Fn(&T) -> (f64, f64)) -> Vec<f64> {
        match self {
            Self::Internal => strata.iter().map(|s| of(s).0).collect(),
            Self::External => strata.iter().map(|s| of(s).1).collect(),
            Self::Given => given.to_vec(),
        }
    }
}

impl Sample {
    /// The value of `standard()` in each group; empty without the option.
    ///
    /// # Errors
    /// r(459) where it varies within a group, r(411) where it is negative, missing or zero everywhere.
    pub(crate) fn standard(&self, s: &Session, cmd: &ParsedCommand, groups: &Grouping) -> Result<Vec<f64>> {
        let Some(name) = cmd.options.text("standard") else { return Ok(Vec::new()) };
        let variable = s.numeric_variable(name.trim())?;
        let mut out = vec![f64::NAN; groups.count()];
        for (i, &row) in self.rows.iter().enumerate() {
            let (own, x) = (&mut out[groups.of[i]], s.frame.num_at(variable, row));
            if is_missing(x) || x < 0.0 {
                return Err(StataError::new(411, "standard() has missing or negative values"));
            }
            if own.is_finite() && *own != x {
                return Err(StataError::new(459, "standard() is not constant within strata"));
            }
            *own = x;
        }
        match out.iter().sum::<f64>() > 0.0 {
            true => Ok(out),
            false => Err(StataError::new(411, "standard() is zero in all strata")),
        }
    }
}

/// The lines under the strata of a table.
pub(crate) struct Summary<'a> {
    /// The measure without strata.
    pub(crate) crude: Interval,
    /// That of Mantel and Haenszel, which is shown unless there is a standardised one.
    pub(crate) combined: &'a Combined,
    /// The directly pooled one.
    pub(crate) pooled: Option<Pooled>,
    /// The standardised one.
    pub(crate) standardised: Option<Interval>,
}

impl Summary<'_> {
    /// Stores all but the final measure.
    pub(crate) fn store(&self, r: &mut Results) {
        store(r, "crude", self.crude);
        if let Some(pooled) = &self.pooled {
            store(r, "pooled", pooled.estimate);
            r.scalar("chi2_p", stata(pooled.homogeneity.0)).scalar("df", pooled.homogeneity.1);
        }
    }

    /// The standardised measure, or that of Mantel and Haenszel.
    pub(crate) fn last(&self) -> Interval {
        self.standardised.unwrap_or(self.combined.ratio)
    }
}

/// A row of a stratified table: label, measure, weight.
pub(crate) type StratumRow = (String, Interval, f64);

/// Prints the strata, the crude measure unless the command has `nocrude`, the pooled one, and the standardised measure, or the combined
/// one with the tests of homogeneity unless the command has `nohom`.
pub(crate) fn stratified(
    s: &mut Session,
    (by, measure, note): (&str, &str, &str),
    level: f64,
    rows: &[StratumRow],
    summary: &Summary<'_>,
    cmd: &ParsedCommand,
) {
    let number = |x: f64| format::right(&format::bare("%9.0g", stata(x)), 12);
    let interval = |x: Interval| format!("{}{}{}", number(x.value), number(x.low), number(x.high));
    let level = format::bare("%5.0g", level);
    let weight = if summary.standardised.is_some() { "Weight" } else { "M–H weight" };
    let by = format::abbrev(by, 16);
    s.print("");
    s.print(format!("{by:>16} | {measure:>11}    [{level}% conf. interval]  {weight:>12}"));
    let rule = format!("-----------------+{}", "-".repeat(54));
    s.print(&rule);
    for (label, x, weight) in rows {
        s.print(format!("{:>16} |{}{} {note}", format::abbrev(label, 16), interval(*x), number(*weight)));
    }
    s.print(&rule);
    if !cmd.has("nocrude") {
        s.print(format!("{:>16} |{}{} {note}", "Crude", interval(summary.crude), ""));
    }
    if let Some(pooled) = &summary.pooled {
        s.print(format!("{:>16} |{}", "Pooled (direct)", interval(pooled.estimate)));
    }
    let name = match summary.standardised {
        Some(_) if cmd.has("istandard") => "I. Standardized",
        Some(_) if cmd.has("estandard") => "E. Standardized",
        Some(_) => "Standardized",
        None => "M–H combined",
    };
    s.print(format!("{name:>16} |{}", interval(summary.last())));
    s.print(rule);
    if cmd.has("nohom") {
        return;
    }
    if let Some(pooled) = &summary.pooled {
        homogeneity_line(s, "direct", pooled.homogeneity.0, pooled.homogeneity.1);
    }
    if summary.standardised.is_none() {
        homogeneity_line(s, "M–H", summary.combined.homogeneity.0, summary.combined.homogeneity.1);
    }
}

/// Prints a test of homogeneity over strata.
pub(crate) fn homogeneity_line(s: &mut Session, name: &str, chi2: f64, df: f64) {
    let p = if df > 0.0 { chi2_tail(df, chi2) } else { f64::NAN };
    s.print(format!(
        "{:<28} chi2({df}) = {}  Pr>chi2 = {}",
        format!("Test of homogeneity ({name})"),
        format::right(&format::bare("%8.3f", stata(chi2)), 8),
        format::bare("%6.4f", stata(p))
    ));
}
