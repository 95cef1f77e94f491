//! `khb`: the part of an effect in a nonlinear model that goes through other variables (Karlson, Holm and Breen 2012,
//! Sociological Methodology 42; Kohler, Karlson and Holm 2011, Stata Journal 11). Written from the articles.

use super::condition;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::header::{Fact, show};
use crate::estimation::ml_command::{Look, table};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::run::quietly;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, WeightKind};
use crate::value::MISSING;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Concomitant"),
    OptSpec::flag("Summary"),
    OptSpec::flag("Disentangle"),
    OptSpec::flag("VERBose"),
    OptSpec::text("vce"),
    OptSpec::flag("OR"),
    OptSpec::flag("notable"),
    OptSpec::real("Level"),
])
.weights(&[WeightKind::Frequency, WeightKind::Probability])
.unsupported(&[
    "APE",
    "APETable",
    "Xstandard",
    "Zstandard",
    "OUTcome",
    "BASEoutcome",
    "CONTinuous",
    "KEEP",
    "GROup",
]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "khb",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "khb model depvar keyvars || zvars [if] [in] [fweight pweight] [, concomitant(varlist) summary disentangle vce(robust|cluster v) or notable level(#)]; model: regress logit probit cloglog ologit oprobit",
    notes: "the reduced model has the residuals of zvars on keyvars and concomitants instead of zvars; the variance of the difference is that of Sobel for several mediators; e(b) with the equations of the key variables: Reduced Full Diff, their covariances between these are not kept; stores e(N pseudo_r2) and the matrices e(summary) (confounding ratio, percentage, rescaling factor) and e(disentangle); factor variables, ape and standardised variables are refused",
    examples: &[Example {
        run: "set obs 60\ngenerate x = mod(_n, 7)\ngenerate z = x + mod(_n, 5)\ngenerate y = mod(_n * 7, 11) + x + z > 12\nkhb logit y x || z, summary\nscalar full = [x]_b[Full]\nscalar gap = [x]_b[Diff]\nscalar se = [x]_se[Diff]\nregress z x\nscalar g = _b[x]\nscalar sg = _se[x]\nlogit y x z",
        expect: &[
            ("reldif(full, _b[x]) < 1e-10", 1.0),
            ("reldif(gap, g * _b[z]) < 1e-7", 1.0),
            ("reldif(se, sqrt(g^2*_se[z]^2 + _b[z]^2*sg^2)) < 1e-7", 1.0),
        ],
    }],
};

const MODELS: &[&str] = &["regress", "logit", "probit", "cloglog", "ologit", "oprobit"];
const RESIDUAL: &str = "__khb";

/// The parts of the call.
struct Call {
    model: String,
    y: String,
    x: Vec<String>,
    z: Vec<String>,
    c: Vec<String>,
    tail: String,
    options: String,
}

/// What is estimated.
#[derive(Default)]
struct Found {
    /// Reduced, full, difference of each key variable: estimates and variances.
    rows: Vec<[(f64, f64); 3]>,
    /// Coefficients of the key variables without z.
    naive: Vec<f64>,
    /// Indirect part of each key variable through each z: estimate and variance.
    parts: Vec<Vec<(f64, f64)>>,
    n: f64,
    r2: f64,
    sample: Vec<bool>,
}

fn parse(s: &Session, cmd: &ParsedCommand) -> Result<Call> {
    let (front, z) = cmd.list.split_once("||").ok_or_else(|| StataError::invalid("|| required"))?;
    let mut words = front.split_whitespace();
    let model = words.next().unwrap_or("").to_string();
    let full = MODELS.iter().find(|m| **m == model || (model.len() >= 3 && m.starts_with(&model)));
    let model =
        (*full.ok_or_else(|| StataError::unsupported_option("khb", &format!("model {model}")))?).to_string();
    let names = |list: &str| -> Result<Vec<String>> {
        if list.contains("i.") || list.contains('#') {
            return Err(StataError::unsupported_option("khb", "factor variables"));
        }
        let vars = s.varlist(list)?;
        Ok(vars.iter().map(|v| s.frame.var(*v).name.clone()).collect())
    };
    let y = names(words.next().unwrap_or(""))?.pop().ok_or_else(|| StataError::standard(102))?;
    let x = names(&words.collect::<Vec<_>>().join(" "))?;
    let z = names(z)?;
    if x.is_empty() || z.is_empty() {
        return Err(StataError::standard(102));
    }
    let c = names(cmd.options.text("concomitant").unwrap_or(""))?;
    let weight = cmd
        .weight
        .as_ref()
        .map(|w| format!(" [{}={}]", w.kind.unwrap_or(WeightKind::Frequency).name(), w.exp));
    let vce = cmd.options.text("vce").map(|v| format!("vce({v})")).unwrap_or_default();
    Ok(Call { model, y, x, z, c, tail: weight.unwrap_or_default(), options: vce })
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    let call = parse(s, cmd)?;
    let held = s.hold_estimates();
    let found = estimate(s, &call, &condition(cmd));
    for name in (0..call.z.len()).map(|k| format!("{RESIDUAL}{k}")).chain([RESIDUAL.to_string()]) {
        if let Some(v) = s.frame.find(&name) {
            s.frame.drop_vars(&[v]);
        }
    }
    s.restore_estimates(held);
    post(s, cmd, &call, found?)?;
    display(s, cmd, &call, level)
}

fn coefficient(s: &Session, name: &str) -> Result<f64> {
    let b = s.e.b().ok_or_else(StataError::no_estimates)?;
    let at = b.col_names.iter().position(|c| c.name == name);
    Ok(b.get(0, at.ok_or_else(|| StataError::new(498, format!("{name} was omitted")))?))
}

fn covariance(s: &Session, a: &str, b: &str) -> f64 {
    let Some(v) = s.e.v() else { return MISSING };
    let at = |name: &str| v.col_names.iter().position(|c| c.name == name);
    at(a).zip(at(b)).map_or(MISSING, |(i, j)| v.get(i, j))
}

fn estimate(s: &mut Session, call: &Call, condition: &str) -> Result<Found> {
    let (x, z, c) = (call.x.join(" "), call.z.join(" "), call.c.join(" "));
    let Call { model, y, tail, options, .. } = call;
    quietly(s, &format!("{model} {y} {x} {z} {c}{condition}{tail}, {options}"))?;
    quietly(s, &format!("generate byte {RESIDUAL} = e(sample)"))?;
    let scalar = |s: &Session, name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let mut found = Found {
        n: scalar(s, "N"),
        r2: s.e.results.get_scalar("r2_p").unwrap_or(scalar(s, "r2")),
        ..Found::default()
    };
    found.sample = s.estimation_sample().map(|m| m.to_vec()).unwrap_or_default();
    let beta: Vec<f64> = call.z.iter().map(|z| coefficient(s, z)).collect::<Result<_>>()?;
    let of_beta: Vec<Vec<f64>> =
        call.z.iter().map(|a| call.z.iter().map(|b| covariance(s, a, b)).collect()).collect();
    let full: Vec<(f64, f64)> =
        call.x.iter().map(|x| Ok((coefficient(s, x)?, covariance(s, x, x)))).collect::<Result<_>>()?;
    let sample = format!(" if {RESIDUAL}{tail}");
    let (mut gamma, mut spread) = (Vec::new(), Vec::new());
    for (k, z) in call.z.iter().enumerate() {
        quietly(s, &format!("regress {z} {x} {c}{sample}, {options}"))?;
        gamma.push(call.x.iter().map(|x| coefficient(s, x)).collect::<Result<Vec<f64>>>()?);
        let rmse = scalar(s, "rmse");
        spread.push(call.x.iter().map(|x| covariance(s, x, x) / (rmse * rmse)).collect::<Vec<f64>>());
        quietly(s, &format!("predict double {RESIDUAL}{k} if {RESIDUAL}, residuals"))?;
    }
    let residuals: Vec<String> = (0..call.z.len()).map(|k| format!("{RESIDUAL}{k}")).collect();
    let errors = cross(s, &residuals, call)?;
    quietly(s, &format!("{model} {y} {x} {} {c}{sample}, {options}", residuals.join(" ")))?;
    let reduced: Vec<(f64, f64)> =
        call.x.iter().map(|x| Ok((coefficient(s, x)?, covariance(s, x, x)))).collect::<Result<_>>()?;
    quietly(s, &format!("{model} {y} {x} {c}{sample}, {options}"))?;
    found.naive = call.x.iter().map(|x| coefficient(s, x)).collect::<Result<_>>()?;
    let count = call.z.len();
    for j in 0..call.x.len() {
        let mut variance = 0.0;
        for a in 0..count {
            for b in 0..count {
                // regressions on the same columns: covariances are those of the errors times the common matrix
                let common = if a == b { spread[a][j] } else { (spread[a][j] * spread[b][j]).sqrt() };
                variance +=
                    gamma[a][j] * gamma[b][j] * of_beta[a][b] + beta[a] * beta[b] * errors[a][b] * common;
            }
        }
        let gap: f64 = (0..count).map(|k| beta[k] * gamma[k][j]).sum();
        found.rows.push([reduced[j], full[j], (gap, variance)]);
        found.parts.push(
            (0..count)
                .map(|k| {
                    let own =
                        gamma[k][j].powi(2) * of_beta[k][k] + beta[k].powi(2) * errors[k][k] * spread[k][j];
                    (beta[k] * gamma[k][j], own)
                })
                .collect(),
        );
    }
    Ok(found)
}

/// Covariances of the errors of the regressions of z.
fn cross(s: &Session, residuals: &[String], call: &Call) -> Result<Vec<Vec<f64>>> {
    let mark = s.frame.position(RESIDUAL)?;
    let rows: Vec<usize> = (0..s.frame.n_rows()).filter(|r| s.frame.num_at(mark, *r) == 1.0).collect();
    let df = s.e.results.get_scalar("df_r").unwrap_or(rows.len() as f64);
    let at: Vec<usize> = residuals.iter().map(|n| s.frame.position(n)).collect::<Result<_>>()?;
    let weights = !call.tail.is_empty() || !call.options.is_empty();
    let rmse = s.e.results.get_scalar("rmse").unwrap_or(MISSING);
    Ok((0..at.len())
        .map(|a| {
            (0..at.len())
                .map(|b| {
                    let sum: f64 =
                        rows.iter().map(|r| s.frame.num_at(at[a], *r) * s.frame.num_at(at[b], *r)).sum();
                    let own: f64 = rows.iter().map(|r| s.frame.num_at(at[a], *r).powi(2)).sum();
                    // with weights or robust errors the scale is that of the last regression
                    if weights && at.len() == 1 { rmse * rmse * sum / own } else { sum / df }
                })
                .collect()
        })
        .collect())
}

fn post(s: &mut Session, cmd: &ParsedCommand, call: &Call, found: Found) -> Result<()> {
    if (!call.options.is_empty() || !call.tail.is_empty()) && call.z.len() > 1 {
        return Err(StataError::unsupported_option("khb", "vce() or weights with several z-variables"));
    }
    let parts = ["Reduced", "Full", "Diff"];
    let stripe: Vec<Stripe> =
        call.x.iter().flat_map(|x| parts.map(|p| Stripe::with_eq(x.as_str(), p))).collect();
    let flat: Vec<(f64, f64)> = found.rows.iter().flatten().copied().collect();
    let k = flat.len();
    let mut v = vec![0.0; k * k];
    flat.iter().enumerate().for_each(|(i, f)| v[i * k + i] = f.1);
    let mut est = Estimation::default();
    let results = &mut est.results;
    results.matrix("b", Matrix::row_vector(flat.iter().map(|f| f.0).collect(), stripe.clone()));
    results.matrix("V", Matrix::square(v, stripe));
    results.text("cmd", "khb").text("cmdline", crate::estimation::post::command_line(cmd));
    results.text("depvar", call.y.as_str()).text("model", call.model.as_str());
    results.text("key", call.x.join(" ")).text("z", call.z.join(" ")).text("concomitant", call.c.join(" "));
    results.scalar("N", found.n).scalar("pseudo_r2", found.r2);
    let summary: Vec<f64> = found
        .rows
        .iter()
        .zip(&found.naive)
        .flat_map(|(r, naive)| [r[0].0 / r[1].0, 100.0 * r[2].0 / r[0].0, r[0].0 / naive])
        .collect();
    let mut m = Matrix::new(call.x.len(), 3, summary);
    m.row_names = call.x.iter().map(|x| Stripe::term(x.as_str())).collect();
    m.col_names = ["Conf_ratio", "Conf_Pct", "Resc_Fact"].map(Stripe::term).to_vec();
    results.matrix("summary", m);
    let lines: Vec<f64> = found
        .parts
        .iter()
        .zip(&found.rows)
        .flat_map(|(parts, row)| {
            parts
                .iter()
                .flat_map(|(b, v)| [*b, v.sqrt(), 100.0 * b / row[2].0, 100.0 * b / row[0].0])
                .collect::<Vec<_>>()
        })
        .collect();
    let mut m = Matrix::new(call.x.len() * call.z.len(), 4, lines);
    m.row_names = call
        .x
        .iter()
        .flat_map(|x| call.z.iter().map(move |z| Stripe::with_eq(x.as_str(), z.as_str())))
        .collect();
    m.col_names = ["Coef", "Std_Err", "P_Diff", "P_Reduced"].map(Stripe::term).to_vec();
    results.matrix("disentangle", m);
    let mut touse = found.sample;
    touse.resize(s.frame.n_rows(), false);
    s.post_estimation(est, touse);
    Ok(())
}

fn display(s: &mut Session, cmd: &ParsedCommand, call: &Call, _level: f64) -> Result<()> {
    let scalar = |s: &Session, name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let r2 = if call.model == "regress" { "R-squared" } else { "Pseudo R2" };
    let facts = [Fact::observations(scalar(s, "N")), Fact::new(r2, "%8.2f", scalar(s, "pseudo_r2"))];
    let mut left = vec![
        format!("Model-Type:  {}", call.model),
        format!("Variables of Interest: {}", call.x.join(" ")),
        format!("Z-variable(s): {}", call.z.join(" ")),
    ];
    if !call.c.is_empty() {
        left.push(format!("Concomitant: {}", call.c.join(" ")));
    }
    s.print("");
    s.print("Decomposition using the KHB-Method");
    s.print("");
    show(s, &left, &facts, 16, 10);
    if !cmd.has("notable") {
        let eform = cmd.has("or").then_some("Odds ratio");
        table(s, cmd, &Look { equations: true, eform, ..Look::default() })?;
    }
    if cmd.has("summary") {
        s.print("");
        s.print("Summary of confounding");
        matrix(s, "summary", &["Conf_ratio", "Conf_Pct", "Resc_Fact"], "Variable");
    }
    if cmd.has("disentangle") {
        s.print("");
        s.print("Components of Difference");
        matrix(s, "disentangle", &["Coef", "Std_Err", "P_Diff", "P_Reduced"], "Z-Variable");
    }
    Ok(())
}

fn matrix(s: &mut Session, name: &str, heads: &[&str], title: &str) {
    let Some(m) = s.e.results.matrices.get(name).cloned() else { return };
    let rule = format!("{}+{}", "-".repeat(13), "-".repeat(11 * heads.len() + 1));
    s.print("");
    s.print(format!("{title:>12} |{}", heads.iter().map(|h| format!("{h:>11}")).collect::<String>()));
    s.print(&rule);
    let mut before = String::new();
    for i in 0..m.rows() {
        let stripe = &m.row_names[i];
        if stripe.eq != before && !stripe.eq.is_empty() {
            s.print(format!("{:<12} |", format::abbrev(&stripe.eq, 12)));
        }
        before.clone_from(&stripe.eq);
        let cells: String =
            (0..m.cols()).map(|j| format::right(&format::bare("%9.0g", m.get(i, j)), 11)).collect();
        s.print(format!("{} |{cells}", format::right(&format::abbrev(&stripe.name, 12), 12)));
    }
    s.print(&rule);
}
