//! `kappa`, and `kap` of more than two raters: agreement of raters who need not be the same for all subjects.
//! Formulas: [R] kappa (Landis and Koch 1977; Fleiss and Cuzick 1979; Fleiss, Nee and Landis 1979).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;
use estimators::distributions::normal_tail;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "kappa",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "kappa varlist [if] [in]",
    notes: "each variable counts the ratings of a subject in one category; z for the test of kappa 0 (combined: only with the same number of raters for all subjects); stores r(N) r(kappa) r(z), with more categories also r(kappa_#) r(z_#); [R] kappa",
    examples: &[Example {
        // two subjects rated 2:0 and 0:2, two rated 1:1: agreement .5 of .5 expected
        run: "input a b\n2 0\n0 2\n1 1\n1 1\nend\nkappa a b",
        expect: &[("round(r(kappa), 1e-12)", 0.0), ("r(N)", 4.0)],
    }],
};

/// Counts of the ratings of each subject by category.
struct Counts {
    labels: Vec<String>,
    /// One row per subject.
    rows: Vec<Vec<f64>>,
}

/// Kappa and its z; z is NaN where there is none.
type Kappa = (f64, f64);

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let variables = s.varlist(&cmd.list)?;
    if variables.len() < 2 {
        return Err(StataError::standard(102));
    }
    if variables.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let mut touse = s.rows(cmd)?;
    s.markout(&variables, &mut touse, false)?;
    let mut rows = Vec::new();
    for r in (0..touse.len()).filter(|r| touse[*r]) {
        let row: Vec<f64> = variables.iter().map(|v| s.frame.num_at(*v, r)).collect();
        if row.iter().any(|x| *x < 0.0 || x.fract() != 0.0) {
            return Err(StataError::invalid("the numbers of ratings must be nonnegative integers"));
        }
        rows.push(row);
    }
    let labels = variables.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    report(s, Counts { labels, rows })
}

/// `kap` of more than two variables, one for each rating of a subject.
pub(super) fn several(s: &mut Session, cmd: &ParsedCommand, variables: &[usize]) -> Result<()> {
    if cmd.weight.is_some() {
        return Err(StataError::new(101, "weights not allowed with more than two raters"));
    }
    if let Some((option, _)) = cmd.options.iter().next() {
        return Err(StataError::invalid(format!("option {option} not allowed with more than two raters")));
    }
    if variables.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let touse = s.rows(cmd)?;
    let ratings: Vec<Vec<f64>> = (0..touse.len())
        .filter(|r| touse[*r])
        .map(|r| variables.iter().map(|v| s.frame.num_at(*v, r)).filter(|x| !is_missing(*x)).collect())
        .collect();
    let mut levels: Vec<f64> = ratings.iter().flatten().copied().collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    if levels.len().saturating_mul(ratings.len()) > 50_000_000 {
        return Err(StataError::standard(134));
    }
    let rows = ratings
        .iter()
        .map(|own| {
            let mut row = vec![0.0; levels.len()];
            own.iter().for_each(|x| row[levels.partition_point(|l| l < x)] += 1.0);
            row
        })
        .collect();
    let text = |x: &f64| {
        let labels = s.frame.labels_of(variables[0]);
        labels.and_then(|l| l.get(*x)).map_or_else(|| format::bare("%9.0g", *x), str::to_string)
    };
    let labels = levels.iter().map(text).collect();
    report(s, Counts { labels, rows })
}

/// Kappa of one category: `x` of `m` ratings of each subject are in it.
fn category(x: &[f64], m: &[f64]) -> Kappa {
    let n = m.len() as f64;
    let mean = m.iter().sum::<f64>() / n;
    let harmonic = n / m.iter().map(|m| 1.0 / m).sum::<f64>();
    let p = x.iter().sum::<f64>() / (n * mean);
    let q = 1.0 - p;
    let pairs = || x.iter().zip(m);
    let between = pairs().map(|(x, m)| (x - m * p).powi(2) / m).sum::<f64>() / n;
    let within = pairs().map(|(x, m)| x * (m - x) / m).sum::<f64>() / (n * (mean - 1.0));
    let kappa = (between - within) / (between + (mean - 1.0) * within);
    let spread = 2.0 * (harmonic - 1.0) + (mean - harmonic) * (1.0 - 4.0 * p * q) / (mean * p * q);
    let se = spread.sqrt() / ((mean - 1.0) * (n * harmonic).sqrt());
    (kappa, kappa / se)
}

/// Kappa over all categories; its standard error is known for equal numbers of ratings.
fn combined(each: &[Kappa], shares: &[f64], n: f64, m: Option<f64>) -> Kappa {
    let weight: f64 = shares.iter().map(|p| p * (1.0 - p)).sum();
    let kappa = each
        .iter()
        .zip(shares)
        .filter(|(_, p)| **p > 0.0 && **p < 1.0)
        .map(|(k, p)| p * (1.0 - p) * k.0)
        .sum::<f64>()
        / weight;
    let Some(m) = m else { return (kappa, f64::NAN) };
    let skew: f64 = shares.iter().map(|p| p * (1.0 - p) * (1.0 - 2.0 * p)).sum();
    let se = (2.0_f64).sqrt() / (weight * (n * m * (m - 1.0)).sqrt()) * (weight * weight - skew).sqrt();
    (kappa, kappa / se)
}

fn report(s: &mut Session, mut counts: Counts) -> Result<()> {
    counts.rows.retain(|r| r.iter().sum::<f64>() > 0.0);
    if counts.rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let m: Vec<f64> = counts.rows.iter().map(|r| r.iter().sum()).collect();
    let (least, most) = m.iter().fold((f64::INFINITY, 0.0_f64), |(a, b), x| (a.min(*x), b.max(*x)));
    if most < 2.0 {
        return Err(StataError::new(459, "no subject has more than one rating"));
    }
    let total: f64 = m.iter().sum();
    let k = counts.labels.len();
    let column = |j: usize| -> Vec<f64> { counts.rows.iter().map(|r| r[j]).collect() };
    let shares: Vec<f64> = (0..k).map(|j| column(j).iter().sum::<f64>() / total).collect();
    if shares.iter().filter(|p| **p > 0.0).count() < 2 {
        return Err(StataError::new(459, "ratings do not vary"));
    }
    let each: Vec<Kappa> = (0..k).map(|j| category(&column(j), &m)).collect();
    let n = m.len() as f64;
    s.print("");
    let row = |label: &str, (kappa, z): Kappa| {
        let cell = |fmt: &str, x: f64, w: usize| format::right(&format::bare(fmt, stata(x)), w);
        format!(
            "{:>16} |{}{}{}",
            format::abbrev(label, 16),
            cell("%7.4f", kappa, 10),
            cell("%8.2f", z, 11),
            cell("%6.4f", normal_tail(z), 11)
        )
    };
    if k == 2 {
        s.print("Two-outcomes, multiple raters:");
        s.print("");
    } else if least == most {
        s.print(format!("There are {most} raters per subject:"));
        s.print("");
    } else {
        s.print(format!("There are between {least} and {most} raters per subject:"));
        s.print("");
    }
    let mut r = Results::default();
    let rule = format!("-----------------+{}", "-".repeat(33));
    s.print("         Outcome |     Kappa          Z     Prob>Z");
    s.print(&rule);
    r.scalar("N", n);
    let whole = if k == 2 { each[1] } else { combined(&each, &shares, n, (least == most).then_some(most)) };
    if k > 2 {
        for (j, own) in each.iter().enumerate() {
            s.print(row(&counts.labels[j], *own));
            r.scalar(&format!("kappa_{}", j + 1), stata(own.0)).scalar(&format!("z_{}", j + 1), stata(own.1));
        }
        s.print(&rule);
    }
    s.print(row("combined", whole));
    if whole.1.is_nan() {
        s.print("");
        s.print("Note: Number of ratings per subject varies; cannot calculate test statistics.");
    }
    r.scalar("kappa", stata(whole.0)).scalar("z", stata(whole.1));
    s.r = r;
    Ok(())
}
