//! Specifications of `test` and `constraint`, those after models of several equations included; [R] test, special
//! syntaxes after multiple-equation estimation.

use crate::error::{Result, StataError};
use crate::estimation::linear::{Parameters, same_term};
use crate::estimation::linear_form::{self, LinearForm};

/// Options for the coefficients that an equation stands for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Options {
    /// Only those that all equations have.
    pub(crate) common: bool,
    /// The constants too.
    pub(crate) constant: bool,
}

/// Forms of `[eq]: coeflist`, `[eq1 = eq2 = ...]` and `[eq1 = eq2 = ...]: coeflist`; nothing for
/// any other specification. Coefficients of the later equations less those of the first are zero.
///
/// # Errors
/// r(303) where an equation is absent, r(111) where it lacks a coefficient.
fn of_equations(spec: &str, parameters: &Parameters, options: Options) -> Result<Option<Vec<LinearForm>>> {
    let Some((inside, behind)) = spec.trim().strip_prefix('[').and_then(|s| s.split_once(']')) else {
        return Ok(None);
    };
    // `[eq] = 0` says the same as `[eq]`
    let behind = behind.trim();
    let zero = behind.strip_prefix('=').is_some_and(|b| b.trim_start_matches('=').trim() == "0");
    if zero && !inside.contains('=') {
        return whole(inside.trim(), parameters, options).map(Some);
    }
    let names = behind.strip_prefix(':').map(|list| list.split_whitespace().collect::<Vec<_>>());
    let equations: Vec<&str> = inside.split('=').map(str::trim).collect();
    if names.is_none() && (!behind.is_empty() || equations.len() == 1) {
        return Ok(None);
    }
    let (first, others) = equations.split_first().expect("one equation at least");
    let names: Vec<String> = match names {
        Some(names) => names.into_iter().map(str::to_string).collect(),
        None => shared(&equations, parameters, options)?,
    };
    let size = parameters.b.len();
    let form = |equation: &str, name: &str| -> Result<LinearForm> {
        position(equation, name, parameters).map(|p| unit(p, size))
    };
    let mut out = Vec::new();
    for name in &names {
        let one = form(first, name)?;
        if others.is_empty() {
            out.push(one);
            continue;
        }
        for equation in others {
            out.push(one.clone().minus(&form(equation, name)?));
        }
    }
    Ok(Some(out))
}

/// Names of the coefficients of the first equation that the others have too.
fn shared(equations: &[&str], parameters: &Parameters, options: Options) -> Result<Vec<String>> {
    let mut out = Vec::new();
    for at in slopes(equations[0], parameters, options)? {
        let name = parameters.stripe[at].name.clone();
        let lacking = equations.iter().find(|e| position(e, &name, parameters).is_err());
        match lacking {
            None => out.push(name),
            Some(_) if options.common => {}
            Some(equation) => return Err(StataError::new(111, format!("[{equation}]{name} not found"))),
        }
    }
    for equation in &equations[1..] {
        for at in slopes(equation, parameters, options)? {
            let name = &parameters.stripe[at].name;
            if !options.common && position(equations[0], name, parameters).is_err() {
                return Err(StataError::new(111, format!("[{}]{name} not found", equations[0])));
            }
        }
    }
    Ok(out)
}

/// Positions of the coefficients that an equation stands for.
fn slopes(equation: &str, parameters: &Parameters, options: Options) -> Result<Vec<usize>> {
    let out: Vec<usize> = parameters
        .positions(equation)
        .into_iter()
        .filter(|p| {
            let constant = options.constant && parameters.stripe[*p].name == "_cons";
            constant || parameters.terms[*p].as_ref().is_some_and(|t| !t.is_omitted())
        })
        .collect();
    if out.is_empty() {
        return Err(StataError::new(303, format!("equation {equation} not found")));
    }
    Ok(out)
}

fn position(equation: &str, name: &str, parameters: &Parameters) -> Result<usize> {
    parameters
        .find(&format!("{equation}:{name}"))
        .ok_or_else(|| StataError::new(111, format!("[{equation}]{name} not found")))
}

/// All slopes of an equation are zero.
fn whole(equation: &str, parameters: &Parameters, options: Options) -> Result<Vec<LinearForm>> {
    let size = parameters.b.len();
    Ok(slopes(equation, parameters, options)?.into_iter().map(|p| unit(p, size)).collect())
}

/// A coefficient is zero: that of its equation, or where none is named that of every equation.
fn coefficient(word: &str, parameters: &Parameters) -> Result<Vec<LinearForm>> {
    let named = word.starts_with(['[', '/']) || word.contains(':');
    let Some(at) = parameters.find(word).filter(|_| !named) else {
        return Ok(vec![linear_form::parse(word, parameters)?]);
    };
    let alike = |p: &usize| match (&parameters.terms[at], &parameters.terms[*p]) {
        (Some(a), Some(b)) => same_term(a, b),
        _ => parameters.stripe[at].name == parameters.stripe[*p].name,
    };
    let size = parameters.b.len();
    Ok((0..size).filter(alike).map(|p| unit(p, size)).collect())
}

/// The restrictions of one specification.
pub(crate) fn restrictions(
    spec: &str,
    parameters: &Parameters,
    equations: Options,
) -> Result<Vec<LinearForm>> {
    let named = linear_form::ancillary_names(spec);
    let spec = named.as_str();
    if let Some(forms) = of_equations(spec, parameters, equations)? {
        return Ok(forms);
    }
    let sides: Vec<&str> = spec.split('=').map(str::trim).filter(|s| !s.is_empty()).collect();
    if spec.contains('=') {
        if sides.len() < 2 {
            return Err(StataError::syntax());
        }
        let forms: Result<Vec<LinearForm>> =
            sides.iter().map(|s| linear_form::parse(s, parameters)).collect();
        let forms = forms?;
        let (first, others) = forms.split_first().expect("two sides at least");
        return Ok(others.iter().map(|o| first.clone().minus(o)).collect());
    }
    let mut out = Vec::new();
    for word in spec.split_whitespace() {
        if let Some(equation) = word.strip_prefix('[').and_then(|w| w.strip_suffix(']')) {
            out.extend(whole(equation, parameters, equations)?);
        } else if parameters.find_exactly(word).is_none() && parameters.equations().iter().any(|e| e == word)
        {
            out.extend(whole(word, parameters, equations)?);
        } else {
            out.extend(coefficient(word, parameters)?);
        }
    }
    Ok(out)
}

/// The form that is one parameter.
pub(crate) fn unit(position: usize, size: usize) -> LinearForm {
    let mut weights = vec![0.0; size];
    weights[position] = 1.0;
    LinearForm { weights, constant: 0.0 }
}
