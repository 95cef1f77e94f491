//! `covariance()`, `variance()`, `means()` and `covstructure()` of `sem`.

use super::sem_model::{Builder, covariance};
use super::sem_paths::{Bound, Lists, items, unsupported};
use crate::error::{Result, StataError};
use crate::syntax::split::{ParsedCommand, top_level_comma};
use estimators::sem::Cell;

/// The variable of `e.y` or `x`, which must be the error of an endogenous or an exogenous variable.
fn member(builder: &Builder, option: &str, name: &str) -> Result<usize> {
    let (error, bare) = name.strip_prefix("e.").map_or((false, name), |n| (true, n));
    if bare.starts_with('(') {
        return Err(unsupported(&format!("{option}({name}): a list in parentheses is")));
    }
    let v = builder.names.number(bare)?;
    if error != builder.names.endogenous[v] {
        let message = if error {
            format!("{option}(): {name} is not allowed because {bare} is exogenous and has no error")
        } else {
            format!("{option}(): {name} is not allowed because {bare} is endogenous; use e.{bare}")
        };
        return Err(StataError::invalid(message));
    }
    Ok(v)
}

fn covariances(builder: &mut Builder, text: &str) -> Result<()> {
    for item in items(text)? {
        let Some((a, b)) = item.name.split_once('*') else {
            return Err(StataError::invalid(format!("covariance(): {} invalid, a*b expected", item.name)));
        };
        let (a, b) = (member(builder, "covariance", a)?, member(builder, "covariance", b)?);
        if builder.names.endogenous[a] != builder.names.endogenous[b] {
            return Err(StataError::invalid(format!(
                "covariance(): {} invalid, an error and an exogenous variable may not be correlated",
                item.name
            )));
        }
        builder.set(covariance(a, b), Some(item.bound.unwrap_or(Bound::Free)), true);
    }
    Ok(())
}

fn variances(builder: &mut Builder, text: &str) -> Result<()> {
    for item in items(text)? {
        let v = member(builder, "variance", &item.name)?;
        if matches!(item.bound, Some(Bound::Fixed(x)) if x < 0.0) {
            return Err(StataError::invalid(format!(
                "variance(): the variance of {} may not be negative",
                item.name
            )));
        }
        builder.set(covariance(v, v), Some(item.bound.unwrap_or(Bound::Free)), true);
    }
    Ok(())
}

fn means(builder: &mut Builder, cmd: &ParsedCommand, text: &str) -> Result<()> {
    if cmd.has("nomeans") {
        return Err(StataError::invalid("means() and nomeans may not be combined"));
    }
    for item in items(text)? {
        let v = member(builder, "means", &item.name)?;
        if builder.names.endogenous[v] {
            return Err(StataError::invalid(format!("means(): {} is not an exogenous variable", item.name)));
        }
        builder.set(Cell::Mean(v), Some(item.bound.unwrap_or(Bound::Free)), true);
    }
    Ok(())
}

/// Variables of the first argument of `covstructure()`.
fn group(builder: &Builder, text: &str) -> Result<Vec<usize>> {
    let names = &builder.names;
    let of = |keep: &dyn Fn(usize) -> bool| (0..names.all.len()).filter(|v| keep(*v)).collect::<Vec<_>>();
    let endogenous = |v: usize| names.endogenous[v];
    let latent = |v: usize| names.is_latent(v);
    let mut out = Vec::new();
    for word in text.split_whitespace() {
        match word {
            "_Ex" => out.extend(of(&|v| !endogenous(v))),
            "_OEx" => out.extend(of(&|v| !endogenous(v) && !latent(v))),
            "_LEx" => out.extend(of(&|v| !endogenous(v) && latent(v))),
            "e._En" => out.extend(of(&|v| endogenous(v))),
            "e._OEn" => out.extend(of(&|v| endogenous(v) && !latent(v))),
            "e._LEn" => out.extend(of(&|v| endogenous(v) && latent(v))),
            name => out.push(member(builder, "covstructure", name)?),
        }
    }
    if out.iter().any(|v| endogenous(*v) != endogenous(out[0])) {
        return Err(StataError::invalid(
            "covstructure(): errors and exogenous variables may not be combined",
        ));
    }
    Ok(out)
}

fn structure(builder: &mut Builder, text: &str, number: usize) -> Result<()> {
    let Some(comma) = top_level_comma(text) else {
        return Err(StataError::invalid(format!("covstructure({text}) invalid: a structure is required")));
    };
    let variables = group(builder, &text[..comma])?;
    let word = text[comma + 1..].trim();
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    let shared = |what: &str| Bound::Named(format!("covstructure {number} {what}"));
    let (variance, other) = if is("diagonal", 2) {
        (Bound::Free, Bound::Fixed(0.0))
    } else if is("unstructured", 2) {
        (Bound::Free, Bound::Free)
    } else if is("identity", 2) {
        (shared("variance"), Bound::Fixed(0.0))
    } else if is("exchangeable", 2) {
        (shared("variance"), shared("covariance"))
    } else if is("zero", 2) {
        (Bound::Fixed(0.0), Bound::Fixed(0.0))
    } else if word.starts_with("pattern(") || word.starts_with("fixed(") {
        return Err(unsupported(&format!("covstructure(, {word}) is")));
    } else {
        return Err(StataError::invalid(format!("covstructure({text}) invalid: {word} is no structure")));
    };
    for a in &variables {
        for b in variables.iter().filter(|b| *b <= a) {
            let bound = if a == b { &variance } else { &other };
            builder.set(covariance(*a, *b), Some(bound.clone()), false);
        }
    }
    Ok(())
}

/// Applies the options; names of single parameters win over structures.
pub(super) fn apply(builder: &mut Builder, cmd: &ParsedCommand, lists: &Lists) -> Result<()> {
    for (number, text) in lists.structure.iter().enumerate() {
        structure(builder, text, number)?;
    }
    for text in &lists.covariance {
        covariances(builder, text)?;
    }
    for text in &lists.variance {
        variances(builder, text)?;
    }
    for text in &lists.means {
        means(builder, cmd, text)?;
    }
    Ok(())
}
