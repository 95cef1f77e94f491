//! Equations of `forecast` and the iterations that solve them for one period: (damped) Gauss-Seidel, and Newton's method with
//! numerical derivatives ([TS] forecast solve, Methods and formulas; [M-5] solvenl()).

use super::forecast_model::{Endogenous, Model, Source};
use super::forecast_options::Asked;
use crate::error::{Result, StataError};
use crate::estimation::linear::{Parameters, predict};
use crate::expr::Compiled;
use crate::session::Session;
use crate::syntax::Term;
use crate::value::{MISSING, is_missing};
use estimators::matrix::Mat;

/// How the value of a variable is computed.
enum Rule {
    /// Coefficients and what they multiply.
    Sum(Vec<(f64, Option<Compiled>)>),
    /// An equation with factor variables.
    Equation(Box<Parameters>, String),
    /// An identity.
    Expression(Compiled),
}

/// An adjustment: value and condition.
type Change = (Compiled, Option<Compiled>);

/// An endogenous variable while the model is solved.
pub(super) struct Unknown {
    /// Its variable.
    pub place: usize,
    rule: Rule,
    changes: Vec<Change>,
}

/// The endogenous variables of a model with their rules.
pub(super) fn unknowns(session: &Session, model: &Model) -> Result<Vec<Unknown>> {
    let one = |variable: &Endogenous| -> Result<Unknown> {
        let rule = match &variable.source {
            Source::Identity(value) => Rule::Expression(session.compile_numeric(value)?),
            Source::Estimates(number, equation) => {
                linear(session, Parameters::of(&model.estimated[*number].results)?, equation)?
            }
        };
        let own = model.adjustments.iter().filter(|a| a.variable == variable.name);
        let changes = own.map(|a| {
            let condition = a.condition.as_ref().map(|c| session.compile_numeric(c)).transpose()?;
            Ok((session.compile_numeric(&a.value)?, condition))
        });
        Ok(Unknown {
            place: session.frame.position(&variable.name)?,
            rule,
            changes: changes.collect::<Result<_>>()?,
        })
    };
    model.endogenous.iter().map(one).collect()
}

/// The terms of an equation as expressions, which look up lags faster than a design does.
fn linear(session: &Session, parameters: Parameters, equation: &str) -> Result<Rule> {
    let positions = parameters.positions(equation);
    let simple =
        positions.iter().all(|p| parameters.terms[*p].as_ref().is_none_or(|t| t.family().is_empty()));
    if !simple {
        return Ok(Rule::Equation(Box::new(parameters), equation.to_string()));
    }
    let mut parts = Vec::new();
    for p in positions {
        match &parameters.terms[p] {
            None => parts.push((parameters.b[p], None)),
            Some(term) if term.is_omitted() => {}
            Some(term) => {
                let product: Vec<String> =
                    term.atoms.iter().map(|a| Term { atoms: vec![a.clone()], empty: false }.name()).collect();
                parts.push((parameters.b[p], Some(session.compile_numeric(&product.join("*"))?)));
            }
        }
    }
    Ok(Rule::Sum(parts))
}

impl Unknown {
    /// The value that the rule and the adjustments give in a row. With adjustments the row then holds what the last of them saw.
    fn value(&self, session: &mut Session, row: usize) -> Result<f64> {
        let mut value = match &self.rule {
            Rule::Expression(expression) => expression.num(&session.ctx(), row),
            Rule::Equation(parameters, equation) => predict(&session.frame, parameters, equation, &[row])?[0],
            Rule::Sum(parts) => {
                let ctx = session.ctx();
                parts.iter().fold(0.0, |sum, (b, x)| {
                    let x = x.as_ref().map_or(1.0, |x| x.num(&ctx, row));
                    if is_missing(sum) || is_missing(x) { MISSING } else { sum + b * x }
                })
            }
        };
        for (change, condition) in &self.changes {
            put(session, self.place, row, value);
            let ctx = session.ctx();
            if condition.as_ref().is_none_or(|c| c.num(&ctx, row) != 0.0) {
                value = change.num(&ctx, row);
            }
        }
        Ok(value)
    }
}

/// Sets the value of a variable in a row.
pub(super) fn put(session: &mut Session, place: usize, row: usize, value: f64) {
    session.frame.column_mut(place).set_num(row, value);
}

fn unsolved(missing: bool) -> StataError {
    if missing {
        StataError::new(416, "missing values encountered while the model was solved")
    } else {
        StataError::new(430, "convergence not achieved")
    }
}

/// Iterations until the values move by less than the tolerance, each variable from the newest values of the others.
pub(super) fn gauss_seidel(
    session: &mut Session,
    asked: &Asked,
    damping: f64,
    parts: &[&Unknown],
    row: usize,
) -> Result<usize> {
    for iteration in 1..=asked.most as usize {
        let mut moved = 0.0_f64;
        for unknown in parts {
            let old = session.frame.num_at(unknown.place, row);
            let value = unknown.value(session, row)?;
            if is_missing(value) {
                return Err(unsolved(true));
            }
            let new = (1.0 - damping) * value + damping * old;
            put(session, unknown.place, row, new);
            moved = moved.max((new - old).abs() / (old.abs() + 1.0));
        }
        if moved < asked.values {
            return Ok(iteration);
        }
    }
    Err(unsolved(false))
}

/// Newton's method on the differences between the rules and the values.
pub(super) fn newton(session: &mut Session, asked: &Asked, parts: &[&Unknown], row: usize) -> Result<usize> {
    let size = parts.len();
    let mut at: Vec<f64> = parts.iter().map(|u| session.frame.num_at(u.place, row)).collect();
    for iteration in 1..=asked.most as usize {
        let gaps = gaps_at(session, parts, row, &at)?;
        let mut jacobian = Mat::zeros(size, size);
        for j in 0..size {
            let step = 1e-6 * at[j].abs().max(1.0);
            let moved = |sign: f64| {
                let mut to = at.clone();
                to[j] += sign * step;
                to
            };
            let high = gaps_at(session, parts, row, &moved(1.0))?;
            let low = gaps_at(session, parts, row, &moved(-1.0))?;
            (0..size).for_each(|i| jacobian[(i, j)] = (high[i] - low[i]) / (2.0 * step));
        }
        let inverse = jacobian.inverse().ok_or_else(|| unsolved(false))?;
        let change = inverse.times_vector(&gaps);
        let moved = change.iter().zip(&at).map(|(c, a)| c.abs() / (a.abs() + 1.0)).fold(0.0, f64::max);
        at.iter_mut().zip(&change).for_each(|(a, c)| *a -= c);
        let left = gaps_at(session, parts, row, &at)?.iter().fold(0.0_f64, |m, g| m.max(g.abs()));
        let scale = at.iter().fold(1.0_f64, |m, a| m.max(a.abs()));
        if moved < asked.values || left < asked.zero * scale {
            return Ok(iteration);
        }
    }
    Err(unsolved(false))
}

/// Differences between the rules at `at` and `at`; the row then holds `at`.
fn gaps_at(session: &mut Session, parts: &[&Unknown], row: usize, at: &[f64]) -> Result<Vec<f64>> {
    let mut out = Vec::with_capacity(parts.len());
    for (k, unknown) in parts.iter().enumerate() {
        parts.iter().zip(at).for_each(|(u, a)| put(session, u.place, row, *a));
        let value = unknown.value(session, row)?;
        if is_missing(value) {
            return Err(unsolved(true));
        }
        out.push(value - at[k]);
    }
    parts.iter().zip(at).for_each(|(u, a)| put(session, u.place, row, *a));
    Ok(out)
}
