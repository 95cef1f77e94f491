//! Kernel weights and balance of `diff`: matching on the propensity score of the first period (Heckman, Ichimura and Todd
//! 1997, Review of Economic Studies 64).

use crate::error::{Result, StataError};
use crate::format;
use crate::frame::{Column, Variable};
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::value::{MISSING, is_missing};
use std::collections::HashMap;

/// Name of the variable with the weights.
pub(super) const WEIGHTS: &str = "_weights";
const SCORE: &str = "_ps";

fn kernel(name: &str) -> Result<fn(f64) -> f64> {
    Ok(match name {
        "epanechnikov" => |u| if u.abs() < 1.0 { 0.75 * (1.0 - u * u) } else { 0.0 },
        "gaussian" => |u| (-0.5 * u * u).exp(),
        "biweight" => |u| if u.abs() < 1.0 { (1.0 - u * u).powi(2) } else { 0.0 },
        "uniform" => |u| f64::from(u8::from(u.abs() < 1.0)),
        "tricube" => |u| if u.abs() < 1.0 { (1.0 - u.abs().powi(3)).powi(3) } else { 0.0 },
        _ => return Err(StataError::invalid(format!("ktype({name}) is no kernel of diff"))),
    })
}

fn replace(s: &mut Session, name: &str, label: &str, values: Vec<f64>) -> Result<()> {
    if let Some(old) = s.frame.find(name) {
        s.frame.drop_vars(&[old]);
    }
    let mut variable = Variable::new(name, Column::Double(values));
    variable.label = label.to_string();
    s.frame.add(variable).map(|_| ())
}

/// The propensity score of the rows: of the first period, or of each with `rcs`.
fn scores(s: &mut Session, cmd: &ParsedCommand, t: &str, p: &str, cov: &str, list: &str) -> Result<Vec<f64>> {
    if let Some(name) = cmd.options.text("pscore") {
        let v = s.numeric_variable(name.trim())?;
        return Ok(s.frame.numeric(v)?.to_vec());
    }
    if cov.trim().is_empty() {
        return Err(StataError::invalid("option kernel needs cov() or pscore()"));
    }
    let model = if cmd.has("logit") { "logit" } else { "probit" };
    let and = if list.contains(" if ") { format!("{list} & ") } else { format!("{list} if ") };
    let only = if cmd.has("rcs") { list.to_string() } else { format!("{and}{p} == 0") };
    if list.contains(" in ") && !cmd.has("rcs") {
        return Err(StataError::unsupported_option("diff", "kernel with in"));
    }
    quietly(s, &format!("{model} {t} {cov}{only}"))?;
    quietly(s, "predict double __score if e(sample), pr")?;
    let v = s.frame.position("__score")?;
    let values = s.frame.numeric(v)?.to_vec();
    s.frame.drop_vars(&[v]);
    replace(s, SCORE, "Propensity score", values.clone())?;
    Ok(values)
}

/// Makes the weights: one for the treated, for a control the sum of its shares in the matches of the treated.
pub(super) fn weigh(
    s: &mut Session,
    cmd: &ParsedCommand,
    t: &str,
    p: &str,
    cov: &str,
    list: &str,
) -> Result<()> {
    let repeated = cmd.has("rcs");
    let id = match (cmd.options.text("id"), repeated) {
        (Some(id), false) => Some(s.variable(id.trim())?),
        (None, true) => None,
        _ => return Err(StataError::invalid("option kernel needs id() or rcs")),
    };
    let kernel = kernel(cmd.options.text("ktype").map_or("epanechnikov", str::trim))?;
    let width = cmd.options.real("bw").unwrap_or(0.06);
    if width <= 0.0 {
        return Err(StataError::invalid("bw() must be positive"));
    }
    let mut score = scores(s, cmd, t, p, cov, list)?;
    let (t, p) = (s.frame.position(t)?, s.frame.position(p)?);
    let n = score.len();
    let of = |v: usize, r: usize| s.frame.num_at(v, r);
    let scored = |r: &usize| !is_missing(score[*r]) && (repeated || of(p, *r) == 0.0);
    let usable: Vec<usize> = (0..n).filter(scored).collect();
    let mut weights = vec![MISSING; n];
    let periods: &[f64] = if repeated { &[0.0, 1.0] } else { &[0.0] };
    let with = |value: f64, period: f64| -> Vec<usize> {
        usable.iter().copied().filter(|r| of(t, *r) == value && of(p, *r) == period).collect()
    };
    if cmd.has("support") {
        let controls: Vec<f64> = periods.iter().flat_map(|q| with(0.0, *q)).map(|r| score[r]).collect();
        let treated: Vec<f64> = periods.iter().flat_map(|q| with(1.0, *q)).map(|r| score[r]).collect();
        let low = |x: &[f64]| x.iter().copied().fold(f64::INFINITY, f64::min);
        let high = |x: &[f64]| x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (from, to) = (low(&controls).max(low(&treated)), high(&controls).min(high(&treated)));
        score.iter_mut().filter(|x| **x < from || **x > to).for_each(|x| *x = MISSING);
    }
    // with rcs the treated of the first period are matched to each of the other three cells
    let base: Vec<usize> = with(1.0, 0.0).into_iter().filter(|r| !is_missing(score[*r])).collect();
    base.iter().for_each(|r| weights[*r] = 1.0);
    let mut cells = vec![(0.0, 0.0)];
    if repeated {
        cells.extend([(0.0, 1.0), (1.0, 1.0)]);
    }
    for (group, period) in cells {
        let members: Vec<usize> =
            with(group, period).into_iter().filter(|r| !is_missing(score[*r])).collect();
        members.iter().for_each(|r| weights[*r] = 0.0);
        for i in &base {
            let shares: Vec<f64> = members.iter().map(|j| kernel((score[*i] - score[*j]) / width)).collect();
            let sum: f64 = shares.iter().sum();
            if sum > 0.0 {
                members.iter().zip(&shares).for_each(|(j, k)| weights[*j] += k / sum);
            }
        }
    }
    if let Some(id) = id {
        let key = |r: usize| match s.frame.var(id).is_string() {
            true => s.frame.str_at(id, r).to_string(),
            false => of(id, r).to_bits().to_string(),
        };
        let known: HashMap<String, f64> =
            (0..n).filter(|r| !is_missing(weights[*r])).map(|r| (key(r), weights[r])).collect();
        for r in (0..n).filter(|r| of(p, *r) == 1.0) {
            weights[r] = known.get(&key(r)).copied().unwrap_or(MISSING);
        }
    }
    replace(s, WEIGHTS, "Weights of kernel matching", weights)
}

/// Means of the covariates in the first period and tests of their differences.
pub(super) fn balance(
    s: &mut Session,
    (t, p): (&str, &str),
    cov: &str,
    list: &str,
    kernel: bool,
) -> Result<()> {
    let names: Vec<String> = s.varlist(cov)?.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    let and = if list.contains(" if ") { format!("{list} & ") } else { format!("{list} if ") };
    let weight = if kernel { format!(" [aw={WEIGHTS}]") } else { String::new() };
    s.print("");
    s.print("TWO-SAMPLE T TEST");
    s.print("");
    let rule = "-".repeat(84);
    s.print("t-test at period = 0:");
    s.print(&rule);
    s.print("Variable(s)         |   Mean Control   | Mean Treated |    Diff.   |   |t|   |  Pr(|T|>|t|)");
    s.print(&rule);
    for name in names {
        quietly(s, &format!("regress {name} {t}{and}{p} == 0{weight}"))?;
        let (a, b) = (s.eval_num("_b[_cons]")?, s.eval_num(&format!("_b[{t}]"))?);
        let se = s.eval_num(&format!("_se[{t}]"))?;
        let prob = estimators::wald::p_value(b / se, s.e.results.get_scalar("df_r"));
        let mark = match prob {
            p if p < 0.01 => "***",
            p if p < 0.05 => "**",
            p if p < 0.1 => "*",
            _ => "",
        };
        let cell = |x: f64, w: usize| format::left(&format::bare("%9.3f", x), w);
        s.print(format!(
            "{:<20}| {} | {} | {} | {} | {}{mark}",
            format::abbrev(&name, 19),
            cell(a, 16),
            cell(a + b, 12),
            cell(b, 10),
            cell((b / se).abs(), 7),
            format::bare("%6.4f", prob)
        ));
    }
    s.print(&rule);
    s.print("*** p<0.01; ** p<0.05; * p<0.1");
    Ok(())
}
