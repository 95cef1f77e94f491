//! `summarize` of factor variables ([R] summarize): a line for the indicator of each level but the base.

use super::moments::Sample;
use super::summarize::{print_cells, print_line, results, sample};
use crate::error::{Result, StataError};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{ParsedCommand, WeightKind};
use crate::value::is_missing;

/// Which levels of a factor are shown.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Levels {
    /// All but the lowest one.
    ButLowest,
    /// All but this one.
    But(f64),
    /// All.
    All,
    /// This one.
    Only(f64),
}

/// A variable, and how its levels are shown where it is a factor.
pub(super) struct Term {
    variable: usize,
    levels: Option<Levels>,
}

/// The terms of a list with factor variables; nothing for a list without them.
///
/// # Errors
/// r(199) for products, r(198) for an operator that is none.
pub(super) fn terms(s: &Session, list: &str) -> Result<Option<Vec<Term>>> {
    let is_factor = |word: &str| word.contains('#') || operator(word).is_some();
    if !list.split_whitespace().any(is_factor) {
        return Ok(None);
    }
    let mut out = Vec::new();
    for word in list.split_whitespace() {
        if word.contains('#') {
            return Err(StataError::unsupported_option("summarize", "a product of variables"));
        }
        let (levels, name) = operator(word).unwrap_or((None, word));
        let name = name.trim_start_matches('(').trim_end_matches(')');
        let found = s.varlist(name)?;
        out.extend(found.into_iter().map(|variable| Term { variable, levels }));
    }
    Ok(Some(out))
}

/// The operator of a word and the name behind it.
fn operator(word: &str) -> Option<(Option<Levels>, &str)> {
    let (before, name) = word.split_once('.')?;
    // a base in the operator has a point of its own only for first, last and freq
    let levels = match before {
        "c" => None,
        "i" => Some(Levels::ButLowest),
        "ibn" | "bn" => Some(Levels::All),
        _ => {
            let digits = before.trim_start_matches('i');
            match digits.strip_prefix('b') {
                Some(base) => Some(Levels::But(base.trim_matches(['(', ')']).parse().ok()?)),
                None => Some(Levels::Only(digits.parse().ok()?)),
            }
        }
    };
    Some((levels, name))
}

/// `summarize` of terms.
pub(super) fn run(s: &mut Session, cmd: &ParsedCommand, terms: &[Term]) -> Result<()> {
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Analytic, &mut touse)?;
    let (only_mean, own_format) = (cmd.has("meanonly"), cmd.has("format"));
    if cmd.has("detail") {
        return Err(StataError::unsupported_option("summarize", "detail with factor variables"));
    }
    let heading = "    Variable |        Obs        Mean    Std. dev.       Min        Max";
    let rule = "-------------+---------------------------------------------------------";
    let lines = |s: &mut Session, line: &str| {
        if !only_mean {
            s.print(line);
        }
    };
    lines(s, "");
    lines(s, heading);
    lines(s, rule);
    let mut last = Results::default();
    for (k, term) in terms.iter().enumerate() {
        let Some(levels) = term.levels else {
            let own = sample(s, term.variable, &touse, weights.as_ref());
            if k > 0 && terms[k - 1].levels.is_some() && !cmd.has("vsquish") {
                lines(s, "             |");
            }
            if !only_mean {
                print_line(s, term.variable, &own, own_format);
            }
            last = results(&own, false, only_mean);
            continue;
        };
        if k > 0 && !cmd.has("vsquish") {
            lines(s, "             |");
        }
        let name = format::right(&format::abbrev(&s.frame.var(term.variable).name, 12), 12);
        lines(s, &format!("{name} |"));
        for level in shown(s, term.variable, levels, &touse)? {
            let indicator = |i: usize| f64::from(u8::from(s.frame.num_at(term.variable, i) == level));
            let rows =
                (0..touse.len()).filter(|&i| touse[i] && !is_missing(s.frame.num_at(term.variable, i)));
            let weight = |i: usize| weights.as_ref().map_or(1.0, |w| w.values[i]);
            let mut own = Sample::new(rows.map(|i| (indicator(i), weight(i))));
            own.frequency = weights
                .as_ref()
                .is_some_and(|w| matches!(w.kind, WeightKind::Frequency | WeightKind::Importance));
            if !only_mean {
                let label = if cmd.has("nofvlabel") { None } else { label(s, term.variable, level) };
                let text = label.unwrap_or_else(|| format::macro_text(level));
                let text = format::right(&format::short_label(&text, 11), 11);
                print_cells(s, &format!("{text}  |"), term.variable, &own, own_format);
            }
            last = results(&own, false, only_mean);
        }
    }
    s.r = last;
    Ok(())
}

fn label(s: &Session, variable: usize, level: f64) -> Option<String> {
    s.frame.labels_of(variable).and_then(|set| set.get(level)).map(str::to_string)
}

/// The levels that are shown, ascending.
fn shown(s: &Session, variable: usize, levels: Levels, touse: &[bool]) -> Result<Vec<f64>> {
    if s.frame.var(variable).is_string() {
        return Err(StataError::type_mismatch());
    }
    let values = (0..touse.len()).filter(|&i| touse[i]).map(|i| s.frame.num_at(variable, i));
    let mut all: Vec<f64> = values.filter(|x| !is_missing(*x)).collect();
    if all.iter().any(|x| *x < 0.0 || x.fract() != 0.0) {
        let name = &s.frame.var(variable).name;
        return Err(StataError::new(
            452,
            format!("{name}:  factor variables may not contain noninteger values"),
        ));
    }
    all.sort_by(f64::total_cmp);
    all.dedup();
    Ok(match levels {
        Levels::All => all,
        Levels::ButLowest => all.into_iter().skip(1).collect(),
        Levels::But(base) => all.into_iter().filter(|x| *x != base).collect(),
        Levels::Only(level) => vec![level],
    })
}
