//! `mhodds`: odds ratio of case–control and cohort data controlled for other variables by Mantel and Haenszel.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::ops::epitab::{Sample, interval_level, test_line, zero_one};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::syntax::{OptSpec, numlist};
use estimators::distributions::chi2_tail;
use estimators::epidemiology::{Interval, Table, mantel_haenszel_score};
use estimators::epidemiology_trend::{Levels, adjusted_trend};

const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::text("by"), OptSpec::text("Compare"), OptSpec::real("Level")])
        .weights(&[WeightKind::Frequency])
        .unsupported(&["BINomial"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "mhodds",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "mhodds var_case expvar [vars_adjust] [if] [in] [fweight] [, by(varlist) compare(v1,v2) level(#)]",
    notes: "var_case is 0 or 1; exposure with two values, the larger one (or v1) against the smaller one (or v2); with more values a score test for a trend and the ratio for a step of one; stores r(or) r(lb_or) r(ub_or) r(chi2) r(p), with by() r(chi2_hom) r(df_hom); limits from sqrt(V/(QR)); [R] Epitab",
    examples: &[Example {
        run: "set obs 4\ngenerate case = _n <= 2\ngenerate x = mod(_n, 2)\ngenerate n = cond(_n == 1, 20, cond(_n == 2, 10, cond(_n == 3, 15, 30)))\nmhodds case x [fweight = n]",
        expect: &[("r(or)", 4.0)],
    }],
};

/// The trend over an exposure with several values: `exp(u/v)` approximates the odds ratio of a step of one, with limits
/// from the standard error `1/sqrt(v)` of its log (Clayton and Hills 1993).
fn trend(s: &mut Session, variables: &[usize], sample: &Sample, by: &[usize], level: f64) -> Result<()> {
    if !by.is_empty() {
        return Err(StataError::unsupported_option("mhodds", "by() with a trend"));
    }
    let levels = sample.groups(s, &variables[1..2]);
    let layers = sample.groups(s, &variables[2..]);
    let empty = Levels { counts: vec![(0.0, 0.0); levels.count()], scores: levels.values() };
    let mut strata = vec![empty; layers.count()];
    for (i, &row) in sample.rows.iter().enumerate() {
        let cell = &mut strata[layers.of[i]].counts[levels.of[i]];
        let side = if s.frame.num_at(variables[0], row) != 0.0 { &mut cell.0 } else { &mut cell.1 };
        *side += sample.weights[i];
    }
    let (u, v) = adjusted_trend(&strata);
    let odds = Interval::logarithmic((u / v).exp(), v.sqrt().recip(), level);
    let (chi2, p) = (u * u / v, chi2_tail(1.0, u * u / v));
    let exposure = s.frame.var(variables[1]).name.clone();
    s.print("");
    s.print(format!("Score test for trend of odds with {exposure}"));
    if variables.len() > 2 {
        let controls: Vec<String> = variables[2..].iter().map(|v| s.frame.var(*v).name.clone()).collect();
        s.print(format!("controlling for {}", controls.join(" ")));
    }
    s.print("");
    let heading = format!("[{}% conf. interval]", format::bare("%5.0g", level));
    s.print(format!("{:>15}{:>13}{:>14}{heading:>27}", "Odds ratio", "chi2(1)", "P>chi2"));
    s.print("-".repeat(72));
    let cell = |fmt: &str, x: f64, w: usize| format::right(&format::bare(fmt, stata(x)), w);
    s.print(format!(
        "{}{}{}{}{}",
        cell("%9.6f", odds.value, 15),
        cell("%8.2f", chi2, 13),
        cell("%6.4f", p, 14),
        cell("%9.6f", odds.low, 14),
        cell("%9.6f", odds.high, 13)
    ));
    s.print("-".repeat(72));
    s.print("note: The odds ratio is an approximation to the odds ratio for a one-unit increase.");
    let mut r = Results::default();
    crate::ops::epitab::store(&mut r, "or", odds);
    r.scalar("chi2", stata(chi2)).scalar("p", stata(p));
    s.r = r;
    Ok(())
}

/// Odds ratio over strata with the Mantel–Haenszel test.
struct Estimate {
    odds: Interval,
    chi2: f64,
    variance: f64,
}

fn estimate(tables: &[Table], level: f64) -> Estimate {
    let sum = |f: &dyn Fn(&Table) -> f64| tables.iter().filter(|t| t.total() > 0.0).map(f).sum::<f64>();
    let q = sum(&|t| t.a * t.d / t.total());
    let r = sum(&|t| t.b * t.c / t.total());
    let (u, v) = mantel_haenszel_score(tables);
    let variance = v / (q * r);
    Estimate { odds: Interval::logarithmic(q / r, variance.sqrt(), level), chi2: u * u / v, variance }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let variables = s.varlist(&cmd.list)?;
    if variables.len() < 2 {
        return Err(StataError::standard(102));
    }
    if variables[..2].iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let by = match cmd.options.text("by") {
        Some(list) => s.varlist(list)?,
        None => Vec::new(),
    };
    let level = interval_level(s, cmd)?;
    let all: Vec<usize> = variables.iter().chain(&by).copied().collect();
    let sample = Sample::read(s, cmd, &all)?;
    zero_one(s, variables[0], &sample.rows)?;
    let exposure: Vec<f64> = sample.rows.iter().map(|&r| s.frame.num_at(variables[1], r)).collect();
    let mut values = exposure.clone();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let (high, low) = match cmd.options.text("compare") {
        Some(text) => match numlist::expand(text)?[..] {
            [a, b] => (a, b),
            _ => return Err(StataError::invalid("compare() takes two values")),
        },
        None => match values[..] {
            [low, high] => (high, low),
            [_] => return Err(StataError::new(459, "exposure variable does not vary")),
            _ => return trend(s, &variables, &sample, &by, level),
        },
    };
    let layers = sample.groups(s, &variables[2..]);
    let groups = sample.groups(s, &by);
    let mut tables = vec![vec![Table::default(); layers.count()]; groups.count()];
    for (i, &row) in sample.rows.iter().enumerate() {
        let t = &mut tables[groups.of[i]][layers.of[i]];
        let case = s.frame.num_at(variables[0], row) != 0.0;
        let cell = match (case, exposure[i]) {
            (true, x) if x == high => &mut t.a,
            (true, x) if x == low => &mut t.b,
            (false, x) if x == high => &mut t.c,
            (false, x) if x == low => &mut t.d,
            _ => continue,
        };
        *cell += sample.weights[i];
    }
    show(s, &variables, (high, low), &tables, &groups.labels, &groups.variables, level)
}

fn show(
    s: &mut Session,
    variables: &[usize],
    (high, low): (f64, f64),
    tables: &[Vec<Table>],
    labels: &[Vec<String>],
    by: &[String],
    level: f64,
) -> Result<()> {
    let name = |v: usize| s.frame.var(v).name.clone();
    let exposure = name(variables[1]);
    let controls: Vec<String> = variables[2..].iter().map(|v| name(*v)).collect();
    s.print("");
    s.print(if controls.is_empty() && by.is_empty() {
        "Maximum likelihood estimate of the odds ratio".to_string()
    } else {
        "Mantel–Haenszel estimate of the odds ratio".to_string()
    });
    let number = |x: f64| format::bare("%9.0g", x);
    s.print(format!("Comparing {exposure}=={} vs. {exposure}=={}", number(high), number(low)));
    if !controls.is_empty() {
        s.print(format!("Controlling for {}", controls.join(" ")));
    }
    if !by.is_empty() {
        s.print(format!("by {}", by.join(" ")));
    }
    s.print("");
    let heading = if by.is_empty() { String::new() } else { format::abbrev(&by.join(" "), 12) };
    s.print(format!(
        "{heading:>12}   Odds ratio    chi2(1)        P>chi2     [{}% conf. interval]",
        format::bare("%5.0g", level)
    ));
    s.print("-".repeat(76));
    let line = |s: &mut Session, label: &str, e: &Estimate| {
        let cell = |fmt: &str, x: f64, w: usize| format::right(&format::bare(fmt, stata(x)), w);
        s.print(format!(
            "{:>12} {}{}{}{}{}",
            format::abbrev(label, 12),
            cell("%9.0g", e.odds.value, 12),
            cell("%8.2f", e.chi2, 11),
            cell("%6.4f", chi2_tail(1.0, e.chi2), 14),
            cell("%9.0g", e.odds.low, 14),
            cell("%9.0g", e.odds.high, 12)
        ));
    };
    let mut parts = Vec::new();
    for (group, label) in tables.iter().zip(labels) {
        let e = estimate(group, level);
        line(s, &label.join(" "), &e);
        parts.push(e);
    }
    let flat: Vec<Table> = tables.iter().flatten().copied().collect();
    let combined = estimate(&flat, level);
    let mut r = Results::default();
    if !by.is_empty() {
        s.print("-".repeat(76));
        line(s, "Combined", &combined);
        let used: Vec<&Estimate> =
            parts.iter().filter(|e| e.odds.value > 0.0 && e.variance.is_finite()).collect();
        let middle = combined.odds.value.ln();
        let chi2: f64 = used.iter().map(|e| (e.odds.value.ln() - middle).powi(2) / e.variance).sum();
        let df = (used.len() as f64 - 1.0).max(0.0);
        let p = if df > 0.0 { chi2_tail(df, chi2) } else { f64::NAN };
        s.print("");
        test_line(s, &format!("Test of homogeneity of ORs (approx): chi2({df})"), chi2, p);
        r.scalar("chi2_hom", stata(chi2)).scalar("df_hom", df).scalar("p_hom", stata(p));
    }
    s.print("-".repeat(76));
    crate::ops::epitab::store(&mut r, "or", combined.odds);
    r.scalar("chi2", stata(combined.chi2)).scalar("p", stata(chi2_tail(1.0, combined.chi2)));
    s.r = r;
    Ok(())
}
