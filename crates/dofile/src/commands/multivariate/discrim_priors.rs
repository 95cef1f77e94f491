//! Prior probabilities, ties and names of groups, for every kind of discriminant analysis.

use crate::commands::Interpreter;
use crate::error::{Result, StataError};
use crate::matrix::Stripe;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::discriminant::Groups;

/// The same probability for each group.
pub(super) fn equal(count: usize) -> Vec<f64> {
    vec![1.0 / count as f64; count]
}

/// Labels with blanks in quotes.
pub(super) fn quoted(labels: &[String]) -> String {
    let one = |l: &String| if l.contains(' ') { format!("\"{l}\"") } else { l.clone() };
    labels.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// `ties()`, where it is given.
pub(super) fn ties(cmd: &ParsedCommand) -> Result<Option<&'static str>> {
    cmd.options.text("ties").map(ties_of).transpose()
}

pub(super) fn ties_of(text: &str) -> Result<&'static str> {
    let word = text.trim();
    let is = |full: &str| !word.is_empty() && full.starts_with(word);
    match () {
        () if is("missing") => Ok("missing"),
        () if is("first") => Ok("first"),
        () if is("random") || is("nearest") => {
            Err(StataError::unsupported_option("discrim", &format!("ties({word})")))
        }
        () => Err(StataError::invalid(format!("ties({word}) invalid"))),
    }
}

/// `priors()`, where it is given.
pub(super) fn priors(s: &mut Session, cmd: &ParsedCommand, groups: &Groups) -> Result<Option<Vec<f64>>> {
    cmd.options.text("priors").map(|text| priors_of(s, text, groups)).transpose()
}

pub(super) fn priors_of(s: &mut Session, text: &str, groups: &Groups) -> Result<Vec<f64>> {
    let (word, count) = (text.trim(), groups.counts.len());
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    if is("equal", 2) {
        return Ok(equal(count));
    }
    if is("proportional", 4) {
        return Ok(groups.counts.iter().map(|c| c / groups.n()).collect());
    }
    let name = "__priors";
    s.run_expanded(&format!("matrix {name} = ({word})"))?;
    let m = s.matrices.remove(name).ok_or_else(StataError::syntax)?;
    let values = m.values().to_vec();
    let vector = m.rows() == 1 || m.cols() == 1;
    let sum: f64 = values.iter().sum();
    if !vector || values.len() != count {
        return Err(StataError::new(503, format!("priors() must be a vector of {count} probabilities")));
    }
    if values.iter().any(|p| !(0.0..=1.0).contains(p)) || (sum - 1.0).abs() > 1e-6 {
        return Err(StataError::invalid("priors() must be probabilities that sum to one"));
    }
    Ok(values)
}

/// Names of the groups as rows and columns of stored matrices.
pub(super) fn group_stripes(labels: &[String]) -> Vec<Stripe> {
    labels.iter().map(|l| Stripe::term(l.replace([' ', '.'], "_"))).collect()
}
