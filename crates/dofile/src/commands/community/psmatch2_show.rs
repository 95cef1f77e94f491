//! The table of effects of `psmatch2` and its results.

use super::psmatch2::Matched;
use crate::commands::Interpreter;
use crate::error::Result;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::value::{MISSING, is_missing};
use estimators::real::stable_sum;

/// The outcomes.
pub(super) struct Effects<'a> {
    /// Names.
    pub names: &'a [String],
    /// Values in every row.
    pub values: &'a [Vec<f64>],
    /// Whether untreated rows have matches too.
    pub ate: bool,
    /// The regressors of the score.
    pub exog: &'a str,
}

fn mean(values: &[f64]) -> f64 {
    stable_sum(values.iter().copied()) / values.len() as f64
}

fn variance(values: &[f64]) -> f64 {
    let centre = mean(values);
    stable_sum(values.iter().map(|v| (v - centre).powi(2))) / (values.len() as f64 - 1.0)
}

/// One line: means of both groups, difference and standard error.
struct Line {
    treated: f64,
    others: f64,
    difference: f64,
    error: f64,
}

/// Effects of one outcome.
struct Found {
    unmatched: Line,
    treated: Line,
    untreated: Option<Line>,
    all: f64,
}

fn effects(m: &Matched, y: &[f64], matched: &[f64], ate: bool) -> Found {
    let pick = |group: f64, on_support: bool, from: &[f64]| -> Vec<f64> {
        (0..y.len())
            .filter(|i| m.treated[*i] == group && (!on_support || m.support[*i]))
            .map(|i| from[i])
            .collect()
    };
    let (one, zero) = (pick(1.0, false, y), pick(0.0, false, y));
    let (n1, n0) = (one.len() as f64, zero.len() as f64);
    let pooled = ((n1 - 1.0) * variance(&one) + (n0 - 1.0) * variance(&zero)) / (n1 + n0 - 2.0);
    let line =
        |treated: f64, others: f64, error: f64| Line { treated, others, difference: treated - others, error };
    let unmatched = line(mean(&one), mean(&zero), (pooled * (1.0 / n1 + 1.0 / n0)).sqrt());
    let on = pick(1.0, true, y);
    // controls that are a match, with their weights; independent outcomes of equal variance within groups
    let used: Vec<usize> =
        (0..y.len()).filter(|i| m.treated[*i] == 0.0 && !is_missing(m.weight[*i])).collect();
    let controls: Vec<f64> = used.iter().map(|i| y[*i]).collect();
    let squares = stable_sum(used.iter().map(|i| m.weight[*i] * m.weight[*i]));
    let count = on.len() as f64;
    let error = (variance(&on) / count + variance(&controls) * squares / (count * count)).sqrt();
    let treated = line(mean(&on), mean(&pick(1.0, true, matched)), error);
    let untreated = ate.then(|| line(mean(&pick(0.0, true, matched)), mean(&pick(0.0, true, y)), f64::NAN));
    let others = pick(0.0, true, y).len() as f64;
    let all = untreated
        .as_ref()
        .map_or(f64::NAN, |u| (treated.difference * count + u.difference * others) / (count + others));
    Found { unmatched, treated, untreated, all }
}

/// Prints the table and the counts on the support; stores the effects.
pub(super) fn show(s: &mut Session, m: &Matched, effects_of: &Effects<'_>) -> Result<()> {
    let mut results = Results::default();
    if !effects_of.exog.is_empty() {
        results.text("exog", effects_of.exog);
    }
    if effects_of.names.is_empty() {
        s.r = results;
        return Ok(());
    }
    results.text("depvar", effects_of.names.join(" "));
    let rule = |c: &str| format!("{}{c}{}", "-".repeat(28), "-".repeat(59));
    s.print(rule("+"));
    s.print("        Variable     Sample |    Treated     Controls   Difference         S.E.   T-stat");
    s.print(rule("+"));
    for (k, name) in effects_of.names.iter().enumerate() {
        let found = effects(m, &effects_of.values[k], &m.outcomes[k], effects_of.ate);
        print_outcome(s, name, &found);
        s.print(rule("+"));
        let mut put = |what: &str, value: f64| {
            let value = if value.is_finite() { value } else { MISSING };
            results.scalar(what, value).scalar(&format!("{what}_{name}"), value);
        };
        put("att", found.treated.difference);
        put("seatt", found.treated.error);
        if let Some(untreated) = &found.untreated {
            put("atu", untreated.difference);
            put("ate", found.all);
            put("seatu", f64::NAN);
            put("seate", f64::NAN);
        }
    }
    s.print("Note: S.E. does not take into account that the propensity score is estimated.");
    s.run_expanded("tabulate _treated _support")?;
    s.r = results;
    Ok(())
}

fn print_outcome(s: &mut Session, name: &str, found: &Found) {
    let cell = |x: f64, fmt: &str, width: usize| {
        format::right(&format::bare(fmt, if x.is_finite() { x } else { MISSING }), width)
    };
    let numbers = |l: &Line| {
        [l.treated, l.others, l.difference, l.error].map(|x| cell(x, "%11.0g", 11)).join("  ")
            + &cell(l.difference / l.error, "%7.2f", 9)
    };
    s.print(format!("{:>16}  Unmatched |{}", format::abbrev(name, 16), numbers(&found.unmatched)));
    s.print(format!("{:>27} |{}", "ATT", numbers(&found.treated)));
    if let Some(untreated) = &found.untreated {
        // the untreated stand first: their outcome without and with the treatment
        let turned = Line { treated: untreated.others, others: untreated.treated, ..*untreated };
        s.print(format!("{:>27} |{}", "ATU", numbers(&turned)));
        s.print(format!("{:>27} |{:>26}{}", "ATE", "", cell(found.all, "%11.0g", 11)));
    }
}
