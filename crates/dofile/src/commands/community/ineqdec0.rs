//! `ineqdec0` and `sumdist`: inequality and quantile shares of incomes that may be zero or negative (Jenkins, SSC).
//! Formulas: their help files; Shorrocks (1984) for the decomposition.

use super::ineqdeco::{Incomes, RATIOS, RULE, head, line, scaled};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::WeightKind;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;
use estimators::descriptive::Sample;
use std::collections::BTreeMap;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[OptSpec::text("BYgroup"), OptSpec::text("by")])
    .weights(&[WeightKind::Frequency, WeightKind::Analytic, WeightKind::Importance])
    .unsupported(&["Welfare", "SUMMarize"]);

const SHARES: StandardSyntax = StandardSyntax::new(&[OptSpec::int("Ngps")])
    .weights(&[WeightKind::Frequency, WeightKind::Analytic, WeightKind::Importance])
    .unsupported(&["QGP", "PVAR", "LVAR", "GLVAR"]);

/// `ineqdec0`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ineqdec0",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "ineqdec0 varname [if] [in] [weight] [, by(groupvar)]",
    notes: "values of zero and below count; stores r(ge2) r(gini), r(p90p10 p90p50 p10p50 p75p25 p75p50 p25p50), r(mean sd min max N sumw), with by() r(within_ge2 between_ge2) and for each group r(v_# mean_# lambda_# theta_# ge2_# gini_#)",
    examples: &[Example {
        // 0, 1, 2, 3: half the squared coefficient of variation is 1.25/(2*2.25), the Gini index 5/12
        run: "set obs 4\ngenerate x = _n - 1\nineqdec0 x",
        expect: &[("r(ge2)", 1.25 / 4.5), ("r(gini)", 5.0 / 12.0), ("r(N)", 4.0)],
    }],
};

/// `sumdist`.
pub(super) const SPEC_SHARES: CommandSpec = CommandSpec {
    name: "sumdist",
    min: 7,
    form: Form::Standard(&SHARES),
    by: ByRule::EachGroup,
    run: run_shares,
    syntax: "sumdist varname [if] [in] [weight] [, ngps(#)]",
    notes: "quantile groups, 10 by default: upper bound, share of the total, cumulative share and generalised Lorenz ordinate; values equal to a quantile belong to the group below it; stores r(q#) r(sh#) r(cush#) r(gl#) and r(mean) r(median) r(N) r(sumw) r(ngps)",
    examples: &[Example {
        run: "set obs 4\ngenerate x = _n\nsumdist x, ngps(2)",
        expect: &[("r(q1)", 2.5), ("r(sh1)", 0.3), ("r(cush2)", 1.0), ("r(gl1)", 0.75)],
    }],
};

/// Values with their weights.
type Weighted = Vec<(f64, f64)>;

/// The rows of a command with values and weights, missing ones left out.
fn read(s: &Session, cmd: &ParsedCommand, group: Option<usize>) -> Result<(Vec<usize>, Weighted)> {
    let variable = s.numeric_variable(cmd.list.trim())?;
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    let values = &s.frame.var(variable).data;
    let known = |i: &usize| {
        touse[*i] && !is_missing(values.num(*i)) && group.is_none_or(|g| !is_missing(s.frame.num_at(g, *i)))
    };
    let rows: Vec<usize> = (0..touse.len()).filter(known).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let weight = scaled(weights.as_ref(), &rows);
    let pairs = rows.iter().map(|&i| (values.num(i), weight(i))).collect();
    Ok((rows, pairs))
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let group = match cmd.options.text("by").or(cmd.options.text("bygroup")) {
        Some(name) => Some(s.numeric_variable(name.trim())?),
        None => None,
    };
    let (rows, pairs) = read(s, cmd, group)?;
    let mut groups: BTreeMap<i64, Weighted> = BTreeMap::new();
    if let Some(g) = group {
        for (row, pair) in rows.iter().zip(&pairs) {
            let level = s.frame.num_at(g, *row);
            if level.fract() != 0.0 || level < 0.0 {
                return Err(StataError::new(
                    459,
                    "by() needs a variable of whole numbers that are not negative",
                ));
            }
            groups.entry(level as i64).or_default().push(*pair);
        }
    }
    let sample = Sample::new(pairs.iter().copied(), Some(estimators::weights::WeightKind::Frequency));
    let all = Incomes::new(pairs);
    let mut r = Results::default();
    for (high, low) in RATIOS {
        r.scalar(&format!("p{high}p{low}"), sample.percentile(high) / sample.percentile(low));
    }
    r.scalar("mean", all.mean).scalar("sd", sample.sd()).scalar("min", sample.min());
    r.scalar("max", sample.max()).scalar("N", rows.len() as f64).scalar("sumw", all.total);
    r.scalar("ge2", all.entropy(2.0)).scalar("gini", all.gini());
    let name = s.frame.var(s.numeric_variable(cmd.list.trim())?).name.clone();
    s.print("");
    s.print(format!("Percentile ratios for the distribution of {name}"));
    s.print("-".repeat(RULE));
    s.print(RATIOS.map(|(a, b)| format!("{:>11}", format!("p{a}/p{b}"))).concat());
    s.print("-".repeat(RULE));
    let ratio = |(a, b): (f64, f64)| r.get_scalar(&format!("p{a}p{b}")).unwrap_or(f64::NAN);
    s.print(RATIOS.map(|p| format!("{:>11}", format::bare("%9.3f", ratio(p)).trim())).concat());
    s.print("");
    s.print("GE(2) is half the squared coefficient of variation");
    head(s, "All obs", &["GE(2)", "Gini"]);
    line(s, "", [all.entropy(2.0), all.gini()].into_iter());
    if group.is_some() {
        let groups: Vec<(i64, Incomes)> = groups.into_iter().map(|(k, v)| (k, Incomes::new(v))).collect();
        decompose(s, &all, &groups, &mut r);
    }
    s.r = r;
    Ok(())
}

fn decompose(s: &mut Session, all: &Incomes, groups: &[(i64, Incomes)], r: &mut Results) {
    let share = |g: &Incomes| g.total / all.total;
    let relative = |g: &Incomes| g.mean / all.mean;
    s.print("");
    s.print("Subgroup summary statistics");
    head(s, "Group", &["Pop. share", "Mean", "Rel. mean", "Inc. share", "GE(2)"]);
    for (k, g) in groups {
        let numbers = [share(g), g.mean, relative(g), share(g) * relative(g), g.entropy(2.0)];
        line(s, &k.to_string(), numbers.into_iter());
        for (name, x) in ["v", "mean", "lambda", "theta", "ge2"].iter().zip(numbers) {
            r.scalar(&format!("{name}_{k}"), x);
        }
        r.scalar(&format!("gini_{k}"), g.gini());
    }
    let within: f64 = groups.iter().map(|(_, g)| share(g) * relative(g).powi(2) * g.entropy(2.0)).sum();
    let between = all.entropy(2.0) - within;
    for (name, x) in [("Within", within), ("Between", between)] {
        s.print("");
        s.print(format!("{name}-group inequality"));
        head(s, "All obs", &["GE(2)"]);
        line(s, "", [x].into_iter());
        r.scalar(&format!("{}_ge2", name.to_lowercase()), x);
    }
}

fn run_shares(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let n = cmd.options.int("ngps").unwrap_or(10);
    if !(2..=100).contains(&n) {
        return Err(StataError::invalid("ngps() must be between 2 and 100"));
    }
    let (rows, pairs) = read(s, cmd, None)?;
    let sample = Sample::new(pairs.iter().copied(), Some(estimators::weights::WeightKind::Frequency));
    let all = Incomes::new(pairs);
    let median = sample.percentile(50.0);
    let mut r = Results::default();
    r.scalar("N", rows.len() as f64).scalar("sumw", all.total).scalar("mean", all.mean);
    r.scalar("median", median).scalar("ngps", n as f64);
    let name = s.frame.var(s.numeric_variable(cmd.list.trim())?).name.clone();
    s.print("");
    s.print(format!("Distributional summary statistics, {n} quantile groups"));
    s.print("");
    s.print(format!("Variable: {name}"));
    s.print("-".repeat(RULE));
    s.print(format!(
        "{:>9} |{:>11}{:>12}{:>12}{:>12}{:>10}",
        "Group", "Quantile", "% of median", "Share, %", "L(p), %", "GL(p)"
    ));
    s.print(format!("{}+{}", "-".repeat(10), "-".repeat(RULE - 11)));
    let total = all.mean * all.total;
    let mut before = 0.0;
    for k in 1..=n {
        let bound = (k < n).then(|| sample.percentile(100.0 * k as f64 / n as f64));
        let up: f64 =
            all.values.iter().filter(|v| bound.is_none_or(|q| v.0 <= q)).map(|v| v.0 * v.1).sum::<f64>()
                / total;
        let share = up - before;
        before = up;
        let number = |x: f64, w: usize| format::right(format::bare("%9.3f", x).trim(), w);
        let quantile =
            bound.map_or(" ".repeat(23), |q| format!("{}{}", number(q, 11), number(100.0 * q / median, 12)));
        s.print(format!(
            "{k:>9} |{quantile}{}{}{}",
            number(100.0 * share, 12),
            number(100.0 * up, 12),
            number(up * all.mean, 10)
        ));
        if let Some(q) = bound {
            r.scalar(&format!("q{k}"), q);
        }
        r.scalar(&format!("sh{k}"), share).scalar(&format!("cush{k}"), up);
        r.scalar(&format!("gl{k}"), up * all.mean);
    }
    s.print("-".repeat(RULE));
    s.print("Share = quantile group share of total; L(p) = cumulative share; GL(p) = L(p) * mean");
    s.r = r;
    Ok(())
}
