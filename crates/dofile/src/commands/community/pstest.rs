//! `pstest`: balance of covariates before and after matching. Written from the help file (Leuven and Sianesi 2003,
//! Statistical Software Components S432001).

use super::pstest_graph;
use super::pstest_show::{show_rows, show_summary};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::ops::run::quietly;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};
use estimators::distributions::{chi2_tail, f_inverse_tail, t_two_sided};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("TREATed"),
    OptSpec::text("SUPport"),
    OptSpec::text("MWeight"),
    OptSpec::flag("BOTH"),
    OptSpec::flag("RAW"),
    OptSpec::flag("LABel"),
    OptSpec::flag("ONLYsig"),
    OptSpec::flag("RUBin"),
    OptSpec::flag("noTABle"),
    OptSpec::flag("GRAPH"),
])
.unsupported(&["HIST", "SCATTER", "DENSITY", "BOX", "DIST", "ATU", "NODist", "T"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "pstest",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "pstest varlist [if] [in] [, both raw treated(varname) support(varname) mweight(varname) label onlysig rubin notable graph]",
    notes: "after psmatch2; with raw the groups before matching alone; stores r(meanbiasbef medbiasbef r2bef chiprobbef Bbef Rbef) and the same with aft; e() is empty afterwards; Leuven and Sianesi (2003)",
    examples: &[Example {
        // 100 (3 - 2) / sqrt((1 + 1)/2)
        run: "input t x\n1 2\n1 3\n1 4\n0 1\n0 2\n0 3\nend\npstest x, raw treated(t)",
        expect: &[("r(meanbiasbef)", 100.0), ("r(medbiasbef)", 100.0)],
    }],
};

/// A covariate in one sample.
#[derive(Clone, Copy)]
pub(super) struct Side {
    /// Means of treated and control rows.
    pub means: [f64; 2],
    /// Standardised difference in percent.
    pub bias: f64,
    /// Test of equal means.
    pub t: f64,
    /// Its p-value.
    pub p: f64,
    /// Variance of the treated over that of the controls; missing for a binary covariate.
    pub ratio: f64,
}

/// A covariate before and after matching.
pub(super) struct Row {
    /// Its name or label.
    pub name: String,
    /// Before matching.
    pub before: Side,
    /// After matching.
    pub after: Option<Side>,
}

/// Numbers of a whole sample.
#[derive(Clone, Copy, Default)]
pub(super) struct Summary {
    /// Pseudo R2 of the probit model of the treatment.
    pub r2: f64,
    /// Its test.
    pub chi2: f64,
    /// P-value of the test.
    pub p: f64,
    /// Mean of the absolute differences.
    pub mean: f64,
    /// Median of the absolute differences.
    pub median: f64,
    /// Rubin's B.
    pub b: f64,
    /// Rubin's R.
    pub r: f64,
}

/// Weights of the rows of a sample, zero outside, and which rows are treated.
struct Sample {
    weight: Vec<f64>,
    treated: Vec<bool>,
}

struct Moments {
    n: f64,
    mean: f64,
    variance: f64,
}

impl Sample {
    /// Weighted moments of a group; the variance divides by the sum of weights less one.
    fn moments(&self, x: &[f64], treated: bool) -> Moments {
        let rows = || (0..x.len()).filter(|i| self.weight[*i] > 0.0 && self.treated[*i] == treated);
        let n: f64 = rows().map(|i| self.weight[i]).sum();
        let mean = rows().map(|i| self.weight[i] * x[i]).sum::<f64>() / n;
        let squares: f64 = rows().map(|i| self.weight[i] * (x[i] - mean).powi(2)).sum();
        Moments { n, mean, variance: squares / (n - 1.0) }
    }

    /// A covariate, given the standard deviation that its difference is measured in.
    fn side(&self, x: &[f64], deviation: f64, binary: bool) -> Side {
        let (a, b) = (self.moments(x, true), self.moments(x, false));
        // the regression on the treatment with these weights as counts
        let df = (a.n + b.n).floor() - 2.0;
        let pooled = ((a.n - 1.0) * a.variance + (b.n - 1.0) * b.variance) / df;
        let t = (a.mean - b.mean) / (pooled * (1.0 / a.n + 1.0 / b.n)).sqrt();
        Side {
            means: [a.mean, b.mean],
            bias: stata(100.0 * (a.mean - b.mean) / deviation),
            t: stata(t),
            p: stata(t_two_sided(df, t)),
            ratio: if binary { MISSING } else { stata(a.variance / b.variance) },
        }
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let variables = s.varlist(&cmd.list)?;
    if variables.is_empty() {
        return Err(StataError::standard(100));
    }
    let treatment = named(s, cmd, "treated", "_treated")?;
    let treatment_name = s.frame.var(treatment).name.clone();
    let mut touse = s.rows(cmd)?;
    let mut needed = variables.clone();
    needed.push(treatment);
    s.markout(&needed, &mut touse, false)?;
    if !touse.contains(&true) {
        return Err(StataError::no_observations());
    }
    let rows = touse.len();
    let treated: Vec<bool> = (0..rows).map(|i| s.frame.num_at(treatment, i) == 1.0).collect();
    let whole =
        Sample { weight: touse.iter().map(|u| f64::from(u8::from(*u))).collect(), treated: treated.clone() };
    let matched = if cmd.has("raw") { None } else { Some(matched_sample(s, cmd, &touse, treated)?) };
    for sample in std::iter::once(&whole).chain(&matched) {
        for group in [true, false] {
            if !(0..rows).any(|i| sample.weight[i] > 0.0 && sample.treated[i] == group) {
                return Err(StataError::no_observations());
            }
        }
    }
    let balance = |v: &usize| row(s, cmd, *v, &touse, &whole, matched.as_ref());
    let table: Vec<Row> = variables.iter().map(balance).collect::<Result<_>>()?;
    let names: Vec<String> = variables.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    let before = summary(s, &treatment_name, &names, &whole, table.iter().map(|r| r.before.bias).collect())?;
    let after = match &matched {
        Some(sample) => {
            let biases = table.iter().filter_map(|r| Some(r.after?.bias)).collect();
            Some(summary(s, &treatment_name, &names, sample, biases)?)
        }
        None => None,
    };
    let n1 = whole.moments(&vec![0.0; rows], true).n;
    let m1 = matched.as_ref().map_or(n1, |m| m.moments(&vec![0.0; rows], true).n);
    let limits = [n1, m1].map(|n| [0.975, 0.025].map(|p| f_inverse_tail(n - 1.0, n - 1.0, p)));
    if !cmd.has("notable") {
        show_rows(s, cmd, &table, limits);
        show_summary(s, cmd, &before, after.as_ref());
    }
    if cmd.has("graph") {
        pstest_graph::balance(s, &table, cmd.has("both"))?;
    }
    store(s, &before, after.as_ref());
    Ok(())
}

/// The variable of an option, or the one that `psmatch2` makes.
fn named(s: &Session, cmd: &ParsedCommand, option: &str, default: &str) -> Result<usize> {
    s.numeric_variable(cmd.options.text(option).unwrap_or(default).trim())
}

/// Rows on the common support with their weights as matches.
fn matched_sample(s: &Session, cmd: &ParsedCommand, touse: &[bool], treated: Vec<bool>) -> Result<Sample> {
    let weight = named(s, cmd, "mweight", "_weight")?;
    let support = named(s, cmd, "support", "_support")?;
    let value = |i: usize| {
        let w = s.frame.num_at(weight, i);
        if touse[i] && s.frame.num_at(support, i) == 1.0 && !is_missing(w) { w } else { 0.0 }
    };
    Ok(Sample { weight: (0..touse.len()).map(value).collect(), treated })
}

/// A covariate in both samples.
fn row(
    s: &Session,
    cmd: &ParsedCommand,
    v: usize,
    touse: &[bool],
    whole: &Sample,
    matched: Option<&Sample>,
) -> Result<Row> {
    let x = s.frame.numeric(v)?;
    let binary = (0..x.len()).all(|i| !touse[i] || x[i] == 0.0 || x[i] == 1.0);
    let (a, b) = (whole.moments(&x, true), whole.moments(&x, false));
    let deviation = (0.5 * (a.variance + b.variance)).sqrt();
    let var = s.frame.var(v);
    let name = if cmd.has("label") && !var.label.is_empty() { var.label.clone() } else { var.name.clone() };
    Ok(Row {
        name,
        before: whole.side(&x, deviation, binary),
        after: matched.map(|m| m.side(&x, deviation, binary)),
    })
}

/// The probit model of the treatment with the weights of the sample, and the balance of its linear index.
fn summary(
    s: &mut Session,
    treatment: &str,
    names: &[String],
    sample: &Sample,
    biases: Vec<f64>,
) -> Result<Summary> {
    let mut sizes: Vec<f64> = biases.iter().filter(|b| !is_missing(**b)).map(|b| b.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let count = sizes.len();
    let median = match count {
        0 => MISSING,
        _ if count % 2 == 1 => sizes[count / 2],
        _ => 0.5 * (sizes[count / 2 - 1] + sizes[count / 2]),
    };
    let mut out =
        Summary { mean: stata(sizes.iter().sum::<f64>() / count as f64), median, ..Summary::default() };
    let weight = s.fresh_name();
    s.frame.add(crate::frame::Variable::new(&weight, crate::frame::Column::Double(sample.weight.clone())))?;
    let text = format!("probit {treatment} {} if {weight} > 0 [iweight = {weight}], nolog", names.join(" "));
    let fitted = quietly(s, &text);
    let position = s.frame.position(&weight)?;
    s.frame.drop_vars(&[position]);
    let scalar = |s: &Session, name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    if fitted.is_ok() {
        let (chi2, df) = (scalar(s, "chi2"), scalar(s, "df_m"));
        (out.r2, out.chi2) = (scalar(s, "r2_p"), chi2);
        out.p = if df > 0.0 && !is_missing(chi2) { chi2_tail(df, chi2) } else { MISSING };
        let index = linear_index(s)?;
        let (a, b) = (sample.moments(&index, true), sample.moments(&index, false));
        out.b = stata((100.0 * (a.mean - b.mean) / (0.5 * (a.variance + b.variance)).sqrt()).abs());
        out.r = stata(a.variance / b.variance);
    } else {
        (out.r2, out.chi2, out.p, out.b, out.r) = (MISSING, MISSING, MISSING, MISSING, MISSING);
    }
    s.e = crate::results::Estimation::default();
    Ok(out)
}

/// The linear prediction of the active probit model on all rows.
fn linear_index(s: &Session) -> Result<Vec<f64>> {
    let stored = crate::estimation::linear::Parameters::of(&s.e)?;
    let equation = stored.equations().into_iter().next().unwrap_or_default();
    let rows: Vec<usize> = (0..s.frame.n_rows()).collect();
    crate::estimation::linear::predict(&s.frame, &stored, &equation, &rows)
}

fn store(s: &mut Session, before: &Summary, after: Option<&Summary>) {
    let mut r = Results::default();
    for (suffix, x) in [("bef", Some(before)), ("aft", after)] {
        let Some(x) = x else { continue };
        let names = ["meanbias", "medbias", "r2", "chiprob", "B", "R"];
        for (name, value) in names.into_iter().zip([x.mean, x.median, x.r2, x.p, x.b, x.r]) {
            r.scalar(&format!("{name}{suffix}"), value);
        }
    }
    s.r = r;
}
