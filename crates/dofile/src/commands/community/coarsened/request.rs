//! What `cem` and `imb` read: variables with their cutpoints, and the two groups.

use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::numlist;
use crate::syntax::split::matching_paren;
use crate::value::is_missing;
use estimators::coarsening::Cutpoints;

/// Splits a list into names, each with the text in parentheses that follows it.
pub(super) fn pieces(list: &str) -> Result<Vec<(String, Option<String>)>> {
    let mut out: Vec<(String, Option<String>)> = Vec::new();
    let mut rest = list.trim_start();
    while !rest.is_empty() {
        if rest.starts_with('(') {
            let end = matching_paren(rest, 0).ok_or_else(|| StataError::new(132, "unmatched parentheses"))?;
            match out.last_mut() {
                Some(last) if last.1.is_none() => last.1 = Some(rest[1..end].trim().to_string()),
                _ => return Err(StataError::syntax()),
            }
            rest = rest[end + 1..].trim_start();
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(rest.len());
            out.push((rest[..end].to_string(), None));
            rest = rest[end..].trim_start();
        }
    }
    if out.is_empty() { Err(StataError::standard(100)) } else { Ok(out) }
}

/// The rule of that name.
pub(super) fn rule(command: &str, option: &str, text: &str) -> Result<Cutpoints> {
    match text.trim() {
        "sturges" => Ok(Cutpoints::Sturges),
        "scott" => Ok(Cutpoints::Scott),
        name @ ("fd" | "ss") => Err(StataError::unsupported_option(command, &format!("{option}({name})"))),
        other => Err(StataError::invalid(format!("{option}({other}): unknown rule for cutpoints"))),
    }
}

/// The cutpoints of one variable: `#k`, a rule, or numbers.
pub(super) fn cutpoints(name: &str, text: &str) -> Result<Cutpoints> {
    if let Some(count) = text.strip_prefix('#') {
        return match count.trim().parse::<usize>() {
            Ok(0) => Ok(Cutpoints::Exact),
            Ok(1) | Err(_) => Err(StataError::invalid(format!("{name}: #{count} is no number of cutpoints"))),
            Ok(count) => Ok(Cutpoints::Count(count)),
        };
    }
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return rule("cem", name, text);
    }
    let mut points = numlist::expand(text)?;
    if points.is_empty() {
        return Err(StataError::invalid(format!("{name}: cutpoints expected in parentheses")));
    }
    points.sort_by(f64::total_cmp);
    points.dedup();
    Ok(Cutpoints::At(points))
}

/// The two groups of a sample: which rows are treated, and the two values.
pub(super) fn groups(s: &Session, variable: usize, rows: &[usize]) -> Result<(Vec<bool>, [f64; 2])> {
    let values: Vec<f64> = rows.iter().map(|r| s.frame.num_at(variable, *r)).collect();
    let mut levels = values.clone();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    if levels.iter().any(|x| is_missing(*x)) {
        return Err(StataError::unsupported_option("cem", "missing values of the treatment"));
    }
    match levels[..] {
        [low, high] => Ok((values.iter().map(|x| *x == high).collect(), [low, high])),
        [] | [_] => Err(StataError::new(420, format!("{} groups found, 2 required", levels.len()))),
        _ => Err(StataError::unsupported_option("cem", "treatments with more than two values")),
    }
}

/// Values of a variable in some rows; missing ones are NaN.
pub(super) fn values(s: &Session, variable: usize, rows: &[usize]) -> Vec<f64> {
    let of = |r: &usize| s.frame.num_at(variable, *r);
    rows.iter().map(of).map(|x| if is_missing(x) { f64::NAN } else { x }).collect()
}
