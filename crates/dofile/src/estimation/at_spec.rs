//! The values at which `margins` evaluates predictions: `at(x=(1 2) (mean) z)` and `atmeans`.

use crate::error::{Result, StataError};
use crate::estimation::factors::Factor;
use crate::estimation::linear::Grid;
use crate::syntax::numlist;
use crate::syntax::options::abbreviates;
use crate::syntax::split::matching_paren;
use crate::value::{MISSING, is_missing};

/// A summary that replaces a variable's values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// Mean.
    Mean,
    /// Percentile (50 is the median).
    Percentile(f64),
    /// Zero.
    Zero,
    /// The base level of a factor.
    Base,
    /// Smallest value.
    Min,
    /// Largest value.
    Max,
    /// Each row keeps its own value.
    AsObserved,
    /// Every level of a factor has the same share.
    Balanced,
}

/// Value of one variable.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// A summary of the sample.
    Summary(Statistic),
    /// An expression, `generate(exp)`, with its value in each row of the data (empty until it is computed).
    Generated(String, Vec<f64>),
}

/// One scenario: settings by variable name, `_all` for the rest.
pub type Setting = Vec<(String, Value)>;

/// Reads the text of one `at()` into scenarios; several values of several variables are crossed.
pub fn parse(text: &str) -> Result<Vec<Setting>> {
    let bad = || StataError::new(198, format!("invalid at() option: {text}"));
    let mut choices: Vec<(String, Vec<Value>)> = Vec::new();
    let mut statistic: Option<Statistic> = None;
    let mut rest = text.trim();
    while !rest.is_empty() {
        if rest.starts_with('(') {
            let close = matching_paren(rest, 0).ok_or_else(bad)?;
            statistic = Some(parse_statistic(rest[1..close].trim())?.ok_or_else(bad)?);
            rest = rest[close + 1..].trim_start();
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
        let name = rest[..end].to_string();
        rest = rest[end..].trim_start();
        let Some(after) = rest.strip_prefix('=') else {
            let statistic = statistic.ok_or_else(bad)?;
            choices.push((name, vec![Value::Summary(statistic)]));
            continue;
        };
        let after = after.trim_start();
        if let Some((exp, left)) = generated(after) {
            choices.push((name, vec![Value::Generated(exp.trim().to_string(), Vec::new())]));
            rest = left.trim_start();
            continue;
        }
        let (values, left) = if after.starts_with('(') {
            let close = matching_paren(after, 0).ok_or_else(bad)?;
            (numlist::expand(&after[1..close])?, &after[close + 1..])
        } else {
            let end = after.find(char::is_whitespace).unwrap_or(after.len());
            (numlist::expand(&after[..end])?, &after[end..])
        };
        if values.is_empty() {
            return Err(bad());
        }
        choices.push((name, values.into_iter().map(Value::Number).collect()));
        rest = left.trim_start();
    }
    let mut out: Vec<Setting> = vec![Vec::new()];
    for (name, values) in choices {
        out = out
            .iter()
            .flat_map(|setting| {
                values.iter().map(|v| {
                    let mut next = setting.clone();
                    next.push((name.clone(), v.clone()));
                    next
                })
            })
            .collect();
    }
    Ok(out)
}

/// The expression of `generate(exp)` at the start of a text, and what follows.
fn generated(text: &str) -> Option<(&str, &str)> {
    let open = text.find('(').filter(|k| abbreviates(&text[..*k], "GENerate"))?;
    let close = matching_paren(text, open)?;
    Some((&text[open + 1..close], &text[close + 1..]))
}

fn parse_statistic(text: &str) -> Result<Option<Statistic>> {
    let percentile = |text: &str| {
        let p = text.strip_prefix('p')?.parse().ok().filter(|p: &f64| (1.0..=99.0).contains(p))?;
        Some(Statistic::Percentile(p))
    };
    let plain = |text: &str| match text {
        "mean" | "means" => Some(Statistic::Mean),
        "median" | "medians" => Some(Statistic::Percentile(50.0)),
        "min" => Some(Statistic::Min),
        "max" => Some(Statistic::Max),
        _ => percentile(text),
    };
    // an o before a statistic takes it over the whole sample where over() forms groups
    if text.strip_prefix('o').is_some_and(|rest| plain(rest).is_some()) {
        return Err(StataError::unsupported_option("margins", &format!("at(({text}))")));
    }
    Ok(match text {
        "zero" => Some(Statistic::Zero),
        "base" => Some(Statistic::Base),
        "asobserved" => Some(Statistic::AsObserved),
        "asbalanced" => Some(Statistic::Balanced),
        _ => plain(text),
    })
}

/// The name of a summary in the legend.
pub fn statistic_name(statistic: Statistic) -> String {
    match statistic {
        Statistic::Mean => "mean".to_string(),
        Statistic::Percentile(50.0) => "median".to_string(),
        Statistic::Percentile(p) => format!("p{p}"),
        Statistic::Zero => "zero".to_string(),
        Statistic::Base => "base".to_string(),
        Statistic::Min => "min".to_string(),
        Statistic::Max => "max".to_string(),
        Statistic::AsObserved => "asobserved".to_string(),
        Statistic::Balanced => "asbalanced".to_string(),
    }
}

/// A summary of values with weights (percentiles as `summarize, detail` finds them).
pub fn summary(statistic: Statistic, values: &[f64], weights: &[f64]) -> f64 {
    let used: Vec<usize> = (0..values.len()).filter(|i| weights[*i] != 0.0).collect();
    let fold = |f: fn(f64, f64) -> f64, start: f64| used.iter().fold(start, |m, i| f(m, values[*i]));
    match statistic {
        Statistic::Mean => {
            let v: Vec<f64> = used.iter().map(|i| values[*i]).collect();
            let w: Vec<f64> = used.iter().map(|i| weights[*i]).collect();
            estimators::qr::weighted_mean(&v, Some(&w))
        }
        Statistic::Zero => 0.0,
        Statistic::Min => fold(f64::min, f64::INFINITY),
        Statistic::Max => fold(f64::max, f64::NEG_INFINITY),
        Statistic::AsObserved | Statistic::Balanced | Statistic::Base => f64::NAN,
        Statistic::Percentile(p) => {
            let mut order = used;
            order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
            let total: f64 = order.iter().map(|i| weights[*i]).sum();
            let target = total * p / 100.0;
            let mut reached = 0.0;
            for (position, i) in order.iter().enumerate() {
                reached += weights[*i];
                if (reached - target).abs() <= 1e-12 * total && position + 1 < order.len() {
                    return (values[*i] + values[order[position + 1]]) / 2.0;
                }
                if reached > target {
                    return values[*i];
                }
            }
            order.last().map_or(f64::NAN, |i| values[*i])
        }
    }
}

/// Sets a variable to the values of an expression in the rows of the grid.
fn set_generated(
    grid: &mut Grid<'_>,
    name: &str,
    exp: &str,
    values: &[f64],
    weights: &[f64],
) -> Result<(String, f64, String)> {
    let own: Vec<f64> = grid.rows().iter().map(|r| values[*r]).collect();
    if own.iter().zip(weights).any(|(x, w)| *w != 0.0 && is_missing(*x)) {
        return Err(StataError::new(459, format!("generate({exp}) has missing values in the sample")));
    }
    grid.set(name, own);
    Ok((name.to_string(), MISSING, format!("={exp}")))
}

fn not_a_factor(name: &str, statistic: &str) -> StataError {
    StataError::invalid(format!("{name} is not a factor variable; {statistic} not allowed"))
}

/// Sets a factor to its base level.
fn set_base(grid: &mut Grid<'_>, name: &str, factor: Option<&Factor>) -> Result<(String, f64, String)> {
    let factor = factor.ok_or_else(|| not_a_factor(name, "base"))?;
    let level = factor.levels[factor.reference()];
    grid.fix_factor(name, level);
    Ok((name.to_string(), level as f64, statistic_name(Statistic::Base)))
}

/// Applies a scenario to a grid. `factors` lists the factor variables with their levels.
/// Returns what was set, for the legend: variable, value, and the name of a summary or `=` and an expression.
///
/// # Errors
/// r(198) for an expression of a factor, r(459) for a level that is not in the data and for an expression that is
/// missing, r(322) for a variable that is not in the model.
pub fn apply(
    grid: &mut Grid<'_>,
    setting: &Setting,
    variables: &[String],
    factors: &[Factor],
    weights: &[f64],
) -> Result<Vec<(String, f64, String)>> {
    let mut legend = Vec::new();
    for name in variables {
        let factor = factors.iter().find(|f| f.name == *name);
        let levels = factor.map(|f| &f.levels);
        let class = if levels.is_some() { "_factor" } else { "_continuous" };
        let own = setting
            .iter()
            .rev()
            .find(|(n, _)| n == name)
            .or_else(|| setting.iter().rev().find(|(n, _)| n == "_all" || n == class));
        let Some((_, value)) = own else { continue };
        let rows = grid.rows().len();
        match (value, levels) {
            (Value::Summary(Statistic::AsObserved), _) => {}
            (Value::Generated(..), Some(_)) => {
                return Err(StataError::invalid(format!(
                    "{name} is a factor variable; generate() not allowed"
                )));
            }
            (Value::Generated(exp, x), None) => legend.push(set_generated(grid, name, exp, x, weights)?),
            (Value::Number(x), Some(levels)) => {
                if !levels.iter().any(|l| *l as f64 == *x) {
                    return Err(StataError::new(459, format!("'{x}' is not a level of {name}")));
                }
                grid.fix_factor(name, *x as i64);
                legend.push((name.clone(), *x, String::new()));
            }
            (Value::Number(x), None) => {
                grid.set(name, vec![*x; rows]);
                legend.push((name.clone(), *x, String::new()));
            }
            (Value::Summary(Statistic::Balanced), Some(levels)) => {
                let share = 1.0 / levels.len() as f64;
                for level in levels {
                    grid.set_share(name, *level, share);
                    legend.push((format!("{level}.{name}"), share, statistic_name(Statistic::Balanced)));
                }
            }
            (Value::Summary(Statistic::Balanced), None) => return Err(not_a_factor(name, "asbalanced")),
            (Value::Summary(Statistic::Base), _) => legend.push(set_base(grid, name, factor)?),
            (Value::Summary(Statistic::Mean), Some(levels)) => {
                let values = grid.variable(name).map(<[f64]>::to_vec).unwrap_or_default();
                for level in levels {
                    let is: Vec<f64> =
                        values.iter().map(|v| f64::from(u8::from(*v == *level as f64))).collect();
                    let share = summary(Statistic::Mean, &is, weights);
                    grid.set_share(name, *level, share);
                    legend.push((format!("{level}.{name}"), share, "mean".to_string()));
                }
            }
            (Value::Summary(statistic), _) => {
                let values = grid.variable(name).map(<[f64]>::to_vec).unwrap_or_default();
                let x = summary(*statistic, &values, weights);
                grid.set(name, vec![x; rows]);
                legend.push((name.clone(), x, statistic_name(*statistic)));
            }
        }
    }
    let class = |n: &String| ["_all", "_factor", "_continuous"].contains(&n.as_str());
    if let Some((name, _)) = setting.iter().find(|(n, _)| !class(n) && !variables.contains(n)) {
        return Err(StataError::new(322, format!("variable {name} not found in list of covariates")));
    }
    Ok(legend)
}
