//! `ineqdeco`: indices of inequality with decomposition by subgroup (Jenkins, SSC). Formulas: its help file; Shorrocks
//! (1984) for the entropy indices, Blackorby, Donaldson and Auersperg (1981) for those of Atkinson.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::results::Results;
use crate::session::{Session, Weights};
use crate::syntax::split::WeightKind;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;
use estimators::descriptive::Sample;
use std::collections::BTreeMap;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("BYgroup"),
    OptSpec::text("by"),
    OptSpec::flag("Welfare"),
    OptSpec::flag("SUMMarize"),
])
.weights(&[WeightKind::Frequency, WeightKind::Analytic, WeightKind::Importance]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ineqdeco",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "ineqdeco varname [if] [in] [weight] [, by(groupvar) welfare summarize]",
    notes: "values of zero or less are left out; stores r(gem1 ge0 ge1 ge2 gini ahalf a1 a2), r(p90p10 p90p50 p10p50 p75p25 p75p50 p25p50), r(mean sd min max N sumw), with by() also r(within_* between_*), for each group r(v_# mean_# lambda_# theta_# lgmean_#) and its indices, with welfare r(edehalf ede1 ede2); aweights are scaled to the number of observations",
    examples: &[Example {
        // the Gini index of 1, 2, 3 is 2/9; half the squared coefficient of variation is 1/12
        run: "set obs 4\ngenerate x = _n\nreplace x = 0 in 4\nineqdeco x",
        expect: &[("r(gini)", 2.0 / 9.0), ("r(ge2)", 1.0 / 12.0), ("r(N)", 3.0)],
    }],
};

/// Names of the entropy indices with their parameters.
const ENTROPY: [(&str, f64); 4] = [("gem1", -1.0), ("ge0", 0.0), ("ge1", 1.0), ("ge2", 2.0)];
/// Names of the Atkinson indices with their parameters.
const ATKINSON: [(&str, f64); 3] = [("ahalf", 0.5), ("a1", 1.0), ("a2", 2.0)];

/// Incomes in their order with weights.
pub(super) struct Incomes {
    pub(super) values: Vec<(f64, f64)>,
    pub(super) total: f64,
    pub(super) mean: f64,
}

impl Incomes {
    pub(super) fn new(mut values: Vec<(f64, f64)>) -> Self {
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total = values.iter().map(|v| v.1).sum();
        let mean = values.iter().map(|(y, w)| y * w).sum::<f64>() / total;
        Self { values, total, mean }
    }

    /// Mean of a function of the incomes relative to their mean.
    fn relative(&self, f: impl Fn(f64) -> f64) -> f64 {
        self.values.iter().map(|(y, w)| w * f(y / self.mean)).sum::<f64>() / self.total
    }

    pub(super) fn entropy(&self, a: f64) -> f64 {
        match a {
            0.0 => self.relative(|r| -r.ln()),
            1.0 => self.relative(|r| r * r.ln()),
            a => (self.relative(|r| r.powf(a)) - 1.0) / (a * (a - 1.0)),
        }
    }

    /// The income that gives the same welfare to everybody.
    fn equal(&self, e: f64) -> f64 {
        let share = if e == 1.0 {
            self.relative(f64::ln).exp()
        } else {
            self.relative(|r| r.powf(1.0 - e)).powf(1.0 / (1.0 - e))
        };
        self.mean * share
    }

    fn atkinson(&self, e: f64) -> f64 {
        1.0 - self.equal(e) / self.mean
    }

    pub(super) fn gini(&self) -> f64 {
        let mut below = 0.0;
        let mut sum = 0.0;
        for (y, w) in &self.values {
            // ranks from the top of w equal incomes
            sum += y * (w * (self.total - below) - w * (w - 1.0) / 2.0);
            below += w;
        }
        1.0 + 1.0 / self.total - 2.0 * sum / (self.mean * self.total * self.total)
    }

    /// All indices with their names.
    fn indices(&self) -> Vec<(&'static str, f64)> {
        let entropy = ENTROPY.iter().map(|(name, a)| (*name, self.entropy(*a)));
        let atkinson = ATKINSON.iter().map(|(name, e)| (*name, self.atkinson(*e)));
        entropy.chain([("gini", self.gini())]).chain(atkinson).collect()
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let variable = s.numeric_variable(cmd.list.trim())?;
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    let group = match cmd.options.text("by").or(cmd.options.text("bygroup")) {
        Some(name) => Some(s.numeric_variable(name.trim())?),
        None => None,
    };
    let values = &s.frame.var(variable).data;
    let known = |i: &usize| {
        touse[*i] && !is_missing(values.num(*i)) && group.is_none_or(|g| !is_missing(s.frame.num_at(g, *i)))
    };
    let rows: Vec<usize> = (0..touse.len()).filter(known).collect();
    let (zero, negative) = rows.iter().fold((0, 0), |(z, n), i| match values.num(*i) {
        y if y < 0.0 => (z, n + 1),
        0.0 => (z + 1, n),
        _ => (z, n),
    });
    let rows: Vec<usize> = rows.into_iter().filter(|i| values.num(*i) > 0.0).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let weight = scaled(weights.as_ref(), &rows);
    let all: Vec<(f64, f64)> = rows.iter().map(|&i| (values.num(i), weight(i))).collect();
    let mut groups: BTreeMap<i64, Vec<(f64, f64)>> = BTreeMap::new();
    if let Some(g) = group {
        for (&i, pair) in rows.iter().zip(&all) {
            let level = s.frame.num_at(g, i);
            if level.fract() != 0.0 || level < 0.0 {
                return Err(StataError::new(
                    459,
                    "by() needs a variable of whole numbers that are not negative",
                ));
            }
            groups.entry(level as i64).or_default().push(*pair);
        }
    }
    for (count, what) in [(zero, "= 0"), (negative, "< 0")] {
        if count > 0 {
            let name = s.frame.var(variable).name.clone();
            s.print(format!("Warning: {name} has {count} values {what}. Not used in calculations"));
        }
    }
    let all = Incomes::new(all);
    let mut r = overall(&all, rows.len() as f64, cmd.has("welfare"));
    show(s, cmd, variable, &all, &r);
    if group.is_some() {
        let groups: Vec<(i64, Incomes)> = groups.into_iter().map(|(k, v)| (k, Incomes::new(v))).collect();
        decompose(s, &all, &groups, &mut r);
    }
    s.r = r;
    Ok(())
}

/// Weights by row; analytic ones add up to the number of observations.
pub(super) fn scaled<'a>(weights: Option<&'a Weights>, rows: &[usize]) -> impl Fn(usize) -> f64 + 'a {
    let scale = match weights {
        Some(w) if w.kind == WeightKind::Analytic => {
            rows.len() as f64 / rows.iter().map(|i| w.values[*i]).sum::<f64>()
        }
        _ => 1.0,
    };
    move |i| weights.map_or(1.0, |w| w.values[i] * scale)
}

fn overall(all: &Incomes, n: f64, welfare: bool) -> Results {
    let mut r = Results::default();
    let sample = Sample::new(all.values.iter().copied(), Some(estimators::weights::WeightKind::Frequency));
    let at = |p: f64| sample.percentile(p);
    for p in [5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0] {
        r.scalar(&format!("p{p}"), at(p));
    }
    for (high, low) in RATIOS {
        r.scalar(&format!("p{high}p{low}"), at(high) / at(low));
    }
    let variance =
        all.values.iter().map(|(y, w)| w * (y - all.mean).powi(2)).sum::<f64>() / (all.total - 1.0);
    r.scalar("mean", all.mean).scalar("Var", variance).scalar("sd", variance.sqrt());
    r.scalar("min", all.values[0].0).scalar("max", all.values[all.values.len() - 1].0);
    r.scalar("N", n).scalar("sumw", all.total);
    for (name, value) in all.indices() {
        r.scalar(name, value);
    }
    if welfare {
        for (name, e) in [("edehalf", 0.5), ("ede1", 1.0), ("ede2", 2.0)] {
            r.scalar(name, all.equal(e));
        }
    }
    r
}

pub(super) const RATIOS: [(f64, f64); 6] =
    [(90.0, 10.0), (90.0, 50.0), (10.0, 50.0), (75.0, 25.0), (75.0, 50.0), (25.0, 50.0)];

pub(super) const RULE: usize = 70;

/// A line of numbers behind a label.
pub(super) fn line(s: &mut Session, label: &str, numbers: impl Iterator<Item = f64>) {
    line_as(s, label, "%9.5f", numbers);
}

fn line_as(s: &mut Session, label: &str, fmt: &str, numbers: impl Iterator<Item = f64>) {
    let cells: String = numbers.map(|x| format!("{:>11}", format::bare(fmt, x).trim())).collect();
    s.print(format!("{label:>12} |{cells}"));
}

pub(super) fn head(s: &mut Session, label: &str, names: &[&str]) {
    s.print("-".repeat(RULE));
    let cells: String = names.iter().map(|name| format!("{name:>11}")).collect();
    s.print(format!("{label:>12} |{cells}"));
    s.print(format!("{}+{}", "-".repeat(13), "-".repeat(RULE - 14)));
}

const GE_NAMES: [&str; 5] = ["GE(-1)", "GE(0)", "GE(1)", "GE(2)", "Gini"];
const A_NAMES: [&str; 3] = ["A(0.5)", "A(1)", "A(2)"];

fn show(s: &mut Session, cmd: &ParsedCommand, variable: usize, all: &Incomes, r: &Results) {
    let get = |name: &str| r.get_scalar(name).unwrap_or(f64::NAN);
    let name = s.frame.var(variable).name.clone();
    if cmd.has("summarize") {
        s.print(format!("Summary statistics for {name}"));
        head(s, "", &["N", "Mean", "Std. dev.", "Min", "Max"]);
        line_as(
            s,
            &format::abbrev(&name, 12),
            "%9.0g",
            ["N", "mean", "sd", "min", "max"].map(get).into_iter(),
        );
    }
    s.print("");
    s.print(format!("Percentile ratios for the distribution of {name}"));
    let names: Vec<String> = RATIOS.iter().map(|(a, b)| format!("p{a}/p{b}")).collect();
    s.print("-".repeat(RULE));
    s.print(names.iter().map(|n| format!("{n:>11}")).collect::<String>());
    s.print("-".repeat(RULE));
    let ratios = RATIOS.iter().map(|(a, b)| get(&format!("p{a}p{b}")));
    s.print(ratios.map(|x| format!("{:>11}", format::bare("%9.3f", x).trim())).collect::<String>());
    s.print("");
    s.print(
        "Generalized entropy indices GE(a), a = sensitivity to differences of incomes, and Gini coefficient",
    );
    head(s, "All obs", &GE_NAMES);
    line(s, "", ENTROPY.iter().map(|e| all.entropy(e.1)).chain([all.gini()]));
    s.print("");
    s.print("Atkinson indices A(e), e > 0 = aversion to inequality");
    head(s, "All obs", &A_NAMES);
    line(s, "", ATKINSON.iter().map(|a| all.atkinson(a.1)));
}

/// Indices of the groups, and the parts within and between them.
fn decompose(s: &mut Session, all: &Incomes, groups: &[(i64, Incomes)], r: &mut Results) {
    let share = |g: &Incomes| g.total / all.total;
    let relative = |g: &Incomes| g.mean / all.mean;
    s.print("");
    s.print("Subgroup summary statistics");
    head(s, "Group", &["Pop. share", "Mean", "Rel. mean", "Inc. share", "log(mean)"]);
    for (k, g) in groups {
        let numbers = [share(g), g.mean, relative(g), share(g) * relative(g), g.mean.ln()];
        line(s, &k.to_string(), numbers.into_iter());
        for (name, x) in ["v", "mean", "lambda", "theta", "lgmean"].iter().zip(numbers) {
            r.scalar(&format!("{name}_{k}"), x);
        }
        for (name, x) in g.indices() {
            r.scalar(&format!("{name}_{k}"), x);
        }
    }
    s.print("");
    s.print("Subgroup indices: GE(a) and Gini");
    head(s, "Group", &GE_NAMES);
    for (k, g) in groups {
        line(s, &k.to_string(), ENTROPY.iter().map(|e| g.entropy(e.1)).chain([g.gini()]));
    }
    let within = ENTROPY
        .map(|(_, a)| groups.iter().map(|(_, g)| share(g) * relative(g).powf(a) * g.entropy(a)).sum::<f64>());
    parts(s, r, "GE(a)", &GE_NAMES[..4], &ENTROPY.map(|e| e.0), &within, |k| {
        all.entropy(ENTROPY[k].1) - within[k]
    });
    s.print("");
    s.print("Subgroup indices: A(e)");
    head(s, "Group", &A_NAMES);
    for (k, g) in groups {
        line(s, &k.to_string(), ATKINSON.iter().map(|a| g.atkinson(a.1)));
    }
    let equal = ATKINSON.map(|(_, e)| groups.iter().map(|(_, g)| share(g) * g.equal(e)).sum::<f64>());
    let within = equal.map(|x| 1.0 - x / all.mean);
    let between = |k: usize| 1.0 - all.equal(ATKINSON[k].1) / equal[k];
    parts(s, r, "A(e)", &A_NAMES, &ATKINSON.map(|a| a.0), &within, between);
    s.print("Note: A(e) = within + between - within * between");
}

fn parts(
    s: &mut Session,
    r: &mut Results,
    index: &str,
    heads: &[&str],
    names: &[&str],
    within: &[f64],
    between: impl Fn(usize) -> f64,
) {
    for (what, values) in
        [("within", within.to_vec()), ("between", (0..names.len()).map(between).collect::<Vec<f64>>())]
    {
        s.print("");
        s.print(format!("{}-group inequality, {index}", crate::ops::means::capital(what)));
        head(s, "All obs", heads);
        line(s, "", values.iter().copied());
        for (name, x) in names.iter().zip(&values) {
            r.scalar(&format!("{what}_{name}"), *x);
        }
    }
}
