//! The two parts of `twopm`: reads their commands and runs them.

use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType, Variable};
use crate::ops::run::{quietly, with_notes};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::leading_groups;
use crate::syntax::split::{ParsedCommand, front_and_options};
use crate::value::MISSING;

/// A command with its options.
pub(super) struct Part {
    pub(super) command: &'static str,
    pub(super) options: String,
}

/// Reads `firstpart()` or `secondpart()`; `log` is an option of `regress` here.
pub(super) fn part(text: Option<&str>, option: &str, known: &[&'static str]) -> Result<Part> {
    let text = text.ok_or_else(|| StataError::invalid(format!("option {option}() required")))?;
    let (name, options) = front_and_options(text);
    let least = |k: &&&str| name.len() >= 3.min(k.len()) && k.starts_with(name);
    let command = known
        .iter()
        .find(least)
        .ok_or_else(|| StataError::invalid(format!("{option}() must be {}", known.join(" or "))))?;
    let log = *command == "regress" && options.split_whitespace().any(|w| w == "log");
    let options: Vec<&str> = options.split_whitespace().filter(|w| !(log && *w == "log")).collect();
    if options.iter().any(|w| w.starts_with("vce(") || w.starts_with("r") && "robust".starts_with(w)) {
        return Err(StataError::invalid("vce() is an option of twopm"));
    }
    Ok(Part { command: if log { "regress_log" } else { command }, options: options.join(" ") })
}

/// The outcome and the regressors of both parts.
pub(super) fn lists(text: &str) -> Result<(String, [String; 2])> {
    let text = text.trim();
    if !text.starts_with('(') {
        let (y, x) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        if y.is_empty() {
            return Err(StataError::standard(100));
        }
        return Ok((y.to_string(), [x.trim().to_string(), x.trim().to_string()]));
    }
    let (groups, rest) = leading_groups(text).ok_or_else(StataError::syntax)?;
    let equation = |group: &&str| {
        let inner = group.replace('=', " ");
        let (y, x) = inner.trim().split_once(char::is_whitespace).unwrap_or((inner.trim(), ""));
        (y.to_string(), x.trim().to_string())
    };
    let out: Vec<(String, String)> = groups.iter().map(equation).collect();
    let [(y, first), (other, second)] = &out[..] else { return Err(StataError::syntax()) };
    if !rest.is_empty() || y != other {
        return Err(StataError::invalid("both equations must have the same outcome"));
    }
    Ok((y.clone(), [first.clone(), second.clone()]))
}

/// Names of the variables that exist while the parts run.
const MADE: [&str; 3] = ["__twopm_use", "__twopm_any", "__twopm_log"];
/// Name of the analytic weights with the mean one.
const WEIGHT: &str = "__twopm_weight";

/// Estimates of both parts and the rows of the first one.
pub(super) struct Fitted {
    pub(super) first: Estimation,
    pub(super) second: Estimation,
    pub(super) touse: Vec<bool>,
    /// Mean of the exponentiated residuals of the log (Duan 1983).
    pub(super) smear: Option<f64>,
}

/// Runs both parts.
pub(super) fn fit(
    s: &mut Session,
    cmd: &ParsedCommand,
    (y, lists): &(String, [String; 2]),
    parts: &[Part; 2],
    vce: &str,
) -> Result<Fitted> {
    let v = s.numeric_variable(y)?;
    let mut touse = s.rows(cmd)?;
    s.markout(&[v], &mut touse, false)?;
    for list in lists {
        let list = crate::syntax::FvList::parse(&s.frame, list, s.settings.varabbrev)?;
        list.markout(&s.frame, &mut touse)?;
    }
    let values = s.frame.numeric(v)?.to_vec();
    if touse.iter().zip(&values).any(|(t, y)| *t && *y < 0.0) {
        return Err(StataError::new(459, format!("{y} must not be negative")));
    }
    if !touse.iter().any(|t| *t) {
        return Err(StataError::no_observations());
    }
    let kept = |f: &dyn Fn(f64) -> f64| -> Vec<f64> {
        touse.iter().zip(&values).map(|(t, y)| if *t { f(*y) } else { MISSING }).collect()
    };
    let columns = [
        kept(&|_| 1.0),
        kept(&|y| f64::from(u8::from(y > 0.0))),
        kept(&|y| if y > 0.0 { y.ln() } else { MISSING }),
    ];
    for (name, values) in MADE.iter().zip(columns) {
        s.frame.add(Variable::new(name, Column::from_f64(StorageType::Double, &values)))?;
    }
    let weight = cmd
        .weight
        .as_ref()
        .map_or(String::new(), |w| format!(" [{} = {}]", w.kind.map_or("aweight", |k| k.name()), w.exp));
    let done = run_parts(s, y, lists, parts, &weight, vce);
    let made: Vec<usize> = MADE.iter().chain([&WEIGHT]).filter_map(|n| s.frame.find(n)).collect();
    s.frame.drop_vars(&made);
    let (first, second, smear) = done?;
    Ok(Fitted { first, second, touse, smear })
}

/// The weights of the first part: a binary model takes no analytic ones, which do not depend on their unit, so that they
/// are importance weights with the mean one.
fn weight_of_binary(s: &mut Session, weight: &str) -> Result<String> {
    let Some(text) = weight.trim().strip_prefix("[aweight =").and_then(|w| w.strip_suffix(']')) else {
        return Ok(weight.to_string());
    };
    quietly(s, &format!("generate double {WEIGHT} = {text} if {} == 1", MADE[0]))?;
    let at = s.frame.position(WEIGHT)?;
    let values = s.frame.numeric(at)?.to_vec();
    let used = || values.iter().filter(|w| !crate::value::is_missing(**w) && **w != 0.0);
    let mean = used().sum::<f64>() / used().count().max(1) as f64;
    let scaled = values.iter().map(|w| if crate::value::is_missing(*w) { *w } else { w / mean }).collect();
    s.frame.set_column(at, Column::Double(scaled));
    Ok(format!(" [iweight = {WEIGHT}]"))
}

type Runs = (Estimation, Estimation, Option<f64>);

fn run_parts(
    s: &mut Session,
    y: &str,
    lists: &[String; 2],
    parts: &[Part; 2],
    weight: &str,
    vce: &str,
) -> Result<Runs> {
    let [a, b] = parts;
    let weight_of_first = weight_of_binary(s, weight)?;
    with_notes(
        s,
        &format!(
            "{} {} {} if {} == 1{weight_of_first}, {} {vce}",
            a.command, MADE[1], lists[0], MADE[0], a.options
        ),
    )?;
    let first = s.e.clone();
    let (command, outcome) = match b.command {
        "regress_log" => ("regress", MADE[2]),
        command => (command, y),
    };
    with_notes(
        s,
        &format!("{command} {outcome} {} if {} == 1{weight}, {} {vce}", lists[1], MADE[1], b.options),
    )?;
    let second = s.e.clone();
    let mut smear = None;
    if b.command == "regress_log" {
        quietly(s, "predict double __twopm_e if e(sample), residuals")?;
        let at = s.frame.position("__twopm_e")?;
        let e: Vec<f64> =
            s.frame.numeric(at)?.iter().copied().filter(|x| !crate::value::is_missing(*x)).collect();
        smear = Some(e.iter().map(|e| e.exp()).sum::<f64>() / e.len() as f64);
        s.frame.drop_vars(&[at]);
    }
    Ok((first, second, smear))
}
