//! The instruments of `gmm`: `instruments()` and `winitial()`, the sample, and the independent columns of each residual
//! equation.

use super::expression::Substitutable;
use super::mlexp::variables;
use crate::error::{Result, StataError};
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::estimation::post;
use crate::estimation::sample::OpenSample;
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::{ParsedCommand, WeightKind, top_level_comma};
use crate::syntax::{Design, FvList};
use estimators::gmm::Initial;
use estimators::qr::{Design as Columns, choose_columns};

/// Instruments of one equation.
pub(super) struct Instruments {
    /// Names of the columns.
    pub names: Vec<String>,
    /// Columns in the rows of the sample.
    pub columns: Vec<Vec<f64>>,
    /// Whether a constant is among them.
    pub constant: bool,
}

impl Instruments {
    /// The names with `_cons`.
    pub(super) fn text(&self) -> String {
        let constant = self.constant.then_some("_cons");
        self.names.iter().map(String::as_str).chain(constant).collect::<Vec<_>>().join(" ")
    }
}

/// The list of an equation as it was typed.
pub(super) struct Listed {
    list: String,
    constant: bool,
}

/// Takes every `instruments()` out of the text of options; returns the lists of the equations and the other options.
///
/// # Errors
/// r(198) for an option within that is not `noconstant`, or a name that is no equation.
pub(super) fn taken(text: &str, equations: &[&str]) -> Result<(Vec<Listed>, String)> {
    let mut lists: Vec<Listed> =
        equations.iter().map(|_| Listed { list: String::new(), constant: true }).collect();
    let mut rest = Vec::new();
    for (name, argument) in split_options(text)? {
        match argument {
            Some(a) if abbreviates(&name, "INSTruments") => add(&a, equations, &mut lists)?,
            Some(a) => rest.push(format!("{name}({a})")),
            None => rest.push(name),
        }
    }
    Ok((lists, rest.join(" ")))
}

fn add(text: &str, equations: &[&str], lists: &mut [Listed]) -> Result<()> {
    let (list, constant) = match top_level_comma(text) {
        Some(at) if is_short(&text[at + 1..], "noconstant", 6) => (&text[..at], false),
        Some(at) => {
            return Err(StataError::invalid(format!("{} not allowed in instruments()", &text[at + 1..])));
        }
        None => (text, true),
    };
    let (named, list) = match list.split_once(':') {
        Some((names, list)) => (places(names, equations)?, list),
        None => ((0..lists.len()).collect(), list),
    };
    for at in named {
        lists[at].list.push(' ');
        lists[at].list.push_str(list.trim());
        lists[at].constant &= constant;
    }
    Ok(())
}

/// Equations by name or number.
fn places(names: &str, equations: &[&str]) -> Result<Vec<usize>> {
    let place = |name: &str| {
        let named = equations.iter().position(|e| *e == name);
        let number = name.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        named
            .or(number.filter(|n| *n < equations.len()))
            .ok_or_else(|| StataError::invalid(format!("instruments(): equation {name} not found")))
    };
    names.split_whitespace().map(place).collect()
}

/// The weight matrix of the first step.
///
/// # Errors
/// What the engine has not is named.
pub(super) fn initial(text: Option<&str>) -> Result<(Initial, &'static str)> {
    let Some(text) = text else { return Ok((Initial::Joint, "Unadjusted")) };
    let (kind, independent) = match text.split_once(',') {
        Some((kind, rest)) if is_short(rest, "independent", 6) => (kind, true),
        Some(_) => return Err(refused(text)),
        None => (text, false),
    };
    if is_short(kind, "unadjusted", 2) {
        return Ok((if independent { Initial::Independent } else { Initial::Joint }, "Unadjusted"));
    }
    if is_short(kind, "identity", 1) { Ok((Initial::Identity, "Identity")) } else { Err(refused(text)) }
}

fn refused(text: &str) -> StataError {
    StataError::unsupported_option("gmm", &format!("winitial({text})"))
}

/// The sample, where no variable of a residual and no instrument is missing, and the instruments in it.
///
/// # Errors
/// r(2000) for no observations; those of the lists.
pub(super) fn read(
    s: &mut Session,
    cmd: &ParsedCommand,
    expression: &Substitutable,
    lists: &[Listed],
    vce: VceSpec,
) -> Result<(Model, Vec<Instruments>)> {
    let reading = Reading {
        vce: Some(vce),
        weight_kinds: &[WeightKind::Frequency, WeightKind::Probability],
        ..Reading::new(cmd)
    };
    let mut open = OpenSample::open(s, cmd, &reading).map_err(|error| match error.code {
        101 => StataError::unsupported_command("gmm with aweights or iweights"),
        _ => error,
    })?;
    let texts = std::iter::once(&expression.text).chain(&expression.further);
    let mut used: Vec<usize> = texts.flat_map(|text| variables(s, text)).collect();
    if let Some(list) = cmd.options.text("variables") {
        used.extend(s.varlist(list)?);
    }
    s.markout(&used, &mut open.touse, false)?;
    let mut parsed = Vec::new();
    for listed in lists {
        let z = FvList::parse(&s.frame, &listed.list, s.settings.varabbrev)?;
        z.markout(&s.frame, &mut open.touse)?;
        parsed.push(z);
    }
    if !open.touse.iter().any(|t| *t) {
        return Err(StataError::no_observations());
    }
    let mut designs = Vec::new();
    for z in &parsed {
        designs.push(Design::build(&s.frame, z, &open.touse)?);
    }
    let found = designs.iter().zip(lists).map(|(design, listed)| independent(s, design, listed.constant));
    let instruments = found.collect::<Result<Vec<Instruments>>>()?;
    let zeros = vec![0.0; s.frame.n_rows()];
    Ok((open.close(s, String::new(), &zeros, designs.remove(0), false), instruments))
}

/// Instruments without those that are collinear with others.
fn independent(s: &mut Session, design: &Design, constant: bool) -> Result<Instruments> {
    let active = design.active();
    let all: Vec<&[f64]> = active.iter().filter_map(|i| design.column(*i)).collect();
    let (kept, dropped) = choose_columns(Columns { columns: &all, weights: None, constant });
    let name = |p: &usize| design.terms[active[*p]].name();
    let omitted: Vec<String> = dropped.iter().map(name).collect();
    post::note_omitted(s, &omitted);
    if kept.is_empty() && !constant {
        return Err(StataError::new(102, "too few variables specified in instruments()"));
    }
    Ok(Instruments {
        names: kept.iter().map(name).collect(),
        columns: kept.iter().map(|p| all[*p].to_vec()).collect(),
        constant,
    })
}

/// Whether a word is `full` or an abbreviation of at least `least` letters.
pub(super) fn is_short(word: &str, full: &str, least: usize) -> bool {
    let word = word.trim();
    word.len() >= least && full.starts_with(word)
}
