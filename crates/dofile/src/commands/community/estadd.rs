//! `estadd`: adds scalars, texts and matrices to stored estimation results.

use super::eststo::Kept;
use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, front_and_options, top_level_colon, unquote, words};
use crate::value::{MISSING, Value, is_missing};

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "adds to e() of the active or the named results; ysumm adds e(ymean ysd ymin ymax ysumw); a name that is taken needs replace; see estout (SSC)",
    examples: &[Example {
        run: "set obs 6\ngen x = _n\ngen y = cond(mod(_n,2), _n+1, _n-1)\neststo m1: quietly regress y x\nestadd scalar two = 1 + 1\nestadd local fe \"Yes\": m1\nestadd ysumm",
        expect: &[("e(two)", 2.0), ("e(ymean)", 3.5), ("e(ymax)", 6.0)],
    }],
    ..CommandSpec::raw(
        "estadd",
        6,
        run,
        "estadd {scalar name [=] exp | local name [=] text | matrix [name =] matrix | ysumm} [, replace prefix(text)] [: names]",
    )
};

/// One addition.
enum Addition {
    Scalar(String, f64),
    Text(String, String),
    Matrix(String, crate::matrix::Matrix),
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (body, names) = match top_level_colon(&cmd.raw) {
        Some(i) => (cmd.raw[..i].trim(), Some(cmd.raw[i + 1..].trim())),
        None => (cmd.raw.trim(), None),
    };
    let (body, options) = front_and_options(body);
    let (mut prefix, mut replace) = (String::new(), false);
    for (name, value) in crate::syntax::options::split_options(options)? {
        match (name.as_str(), value) {
            ("replace" | "r", None) => replace = true,
            ("quietly", None) => {}
            ("prefix" | "p", Some(text)) => prefix = text,
            _ => return Err(StataError::unsupported_option("estadd", &name)),
        }
    }
    let targets = targets(s, names)?;
    let (word, rest) = body.split_once(char::is_whitespace).unwrap_or((body, ""));
    for target in targets {
        let additions = additions(s, word, rest.trim(), &target)?;
        let e = match &target {
            Some(name) => s.stored.iter().find(|(n, _)| n == name).map(|(_, e)| e.clone()),
            None => Some(s.e.clone()),
        };
        let Some(mut e) = e else { continue };
        for addition in additions {
            addition.put(&mut e.results, &prefix, replace)?;
        }
        put(s, &target, e);
    }
    Ok(())
}

impl Addition {
    /// Adds to results; r(110) when the name is taken and not replaced.
    fn put(self, results: &mut Results, prefix: &str, replace: bool) -> Result<()> {
        let (Self::Scalar(name, _) | Self::Text(name, _) | Self::Matrix(name, _)) = &self;
        let name = format!("{prefix}{name}");
        if results.has(&name) {
            if !replace {
                return Err(StataError::new(110, format!("e({name}) already defined")));
            }
            results.remove(&name);
        }
        match self {
            Self::Scalar(_, x) => results.scalar(&name, x),
            Self::Text(_, text) => results.text(&name, text),
            Self::Matrix(_, m) => results.matrix(&name, m),
        };
        Ok(())
    }
}

/// Stored names, or nothing for the active results.
fn targets(s: &mut Session, names: Option<&str>) -> Result<Vec<Option<String>>> {
    let Some(names) = names else {
        if s.e.cmd().is_empty() {
            return Err(StataError::no_estimates());
        }
        return Ok(vec![None]);
    };
    let list: Vec<String> = match names {
        "" | "*" | "_all" => s.extensions.state::<Kept>().names.clone(),
        list => list.split_whitespace().map(str::to_string).collect(),
    };
    for name in &list {
        if s.stored.get(name).is_none() {
            return Err(StataError::new(111, format!("estimation result {name} not found")));
        }
    }
    Ok(list.into_iter().map(Some).collect())
}

/// Stores changed results; the active ones also where they are kept under the same name.
fn put(s: &mut Session, target: &Option<String>, e: Estimation) {
    match target {
        Some(name) => {
            if s.e.results.get_text("_estimates_name") == Some(name.as_str()) {
                s.e = e.clone();
            }
            s.stored.set(name.as_str(), e);
        }
        None => {
            let kept = e.results.get_text("_estimates_name").map(str::to_string);
            s.e = e;
            if let Some(name) = kept.filter(|n| s.stored.get(n).is_some()) {
                s.stored.set(name, s.e.clone());
            }
        }
    }
}

/// Name and value of `name = exp` or `name exp`.
fn assignment(rest: &str) -> Result<(&str, &str)> {
    let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
    let (name, value) = (&rest[..end], rest[end..].trim());
    if name.is_empty() {
        return Err(StataError::syntax());
    }
    Ok((name, value.strip_prefix('=').unwrap_or(value).trim()))
}

/// Evaluates with the results of a model active.
fn with_active<T>(
    s: &mut Session,
    target: &Option<String>,
    run: impl FnOnce(&mut Session) -> Result<T>,
) -> Result<T> {
    let Some(found) = target.as_ref().and_then(|n| s.stored.get(n)).cloned() else { return run(s) };
    let before = std::mem::replace(&mut s.e, found);
    let result = run(s);
    s.e = before;
    result
}

fn additions(s: &mut Session, word: &str, rest: &str, target: &Option<String>) -> Result<Vec<Addition>> {
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    if is("scalar", 2) {
        let (name, value) = assignment(rest)?;
        let value = with_active(s, target, |s| s.eval_num(value))?;
        return Ok(vec![Addition::Scalar(name.into(), value)]);
    }
    if is("local", 3) || word == "macro" {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (name, value) = (&rest[..end], rest[end..].trim());
        let text = match value.strip_prefix('=') {
            Some(exp) => match with_active(s, target, |s| s.eval(exp.trim()))? {
                Value::Str(text) => text.to_string(),
                other => crate::format::macro_text(other.as_num().unwrap_or(MISSING)),
            },
            None => unquote(value).to_string(),
        };
        return Ok(vec![Addition::Text(name.into(), text)]);
    }
    if is("matrix", 3) {
        let (name, value) = assignment(rest)?;
        // `estadd matrix A` adds the matrix A under its own name
        let value = if value.is_empty() { name } else { value };
        let matrix =
            s.matrix(value).ok_or_else(|| StataError::new(111, format!("matrix {value} not found")))?;
        return Ok(vec![Addition::Matrix(name.into(), (*matrix).clone())]);
    }
    match word {
        "ysumm" => with_active(s, target, outcome_summary),
        _ => Err(StataError::unsupported_option("estadd", words(word).first().unwrap_or(&""))),
    }
}

/// Mean, standard deviation and range of the outcome in the estimation sample.
fn outcome_summary(s: &mut Session) -> Result<Vec<Addition>> {
    let depvar = s.e.results.get_text("depvar").unwrap_or("").to_string();
    let variable = s.numeric_variable(&depvar)?;
    let sample = s.required_estimation_sample()?;
    let values: Vec<f64> = (0..s.frame.n_rows())
        .filter(|r| sample.get(*r).copied().unwrap_or(false))
        .map(|r| s.frame.num_at(variable, r))
        .filter(|x| !is_missing(*x))
        .collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let sd = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let (low, high) =
        values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
    Ok([("ymean", mean), ("ysd", sd), ("ymin", low), ("ymax", high), ("ysumw", n)]
        .into_iter()
        .map(|(name, x)| Addition::Scalar(name.into(), crate::estimation::post::stata(x)))
        .collect())
}
