//! `expression()` of `margins`: a formula of `predict()`, `xb()`, parameters and data, its averages, and their derivatives
//! for the delta method. The formula is any expression of the language, so the derivatives are central differences that
//! are extrapolated twice.

use super::super::lincom::restore;
use crate::error::{Result, StataError};
use crate::estimation::kernel_model::KernelModel;
use crate::estimation::linear::{Grid, Parameters};
use crate::estimation::margins::{Effect, Form, Margin};
use crate::estimation::response::Response;
use crate::frame::{Column, Frame, Variable};
use crate::session::Session;
use crate::value::is_missing;
use estimators::real::stable_sum;
use std::sync::Arc;

/// What is averaged.
pub(super) enum Target {
    /// A prediction of the model.
    Prediction(Response),
    /// `expression()`.
    Formula(Formula),
    /// The mean of a kernel regression.
    Kernel(Arc<KernelModel>),
}

impl Target {
    /// The targets that a command asks for: one for each `predict()`.
    pub(super) fn all(
        session: &Session,
        parameters: &Parameters,
        predict: &[String],
        expression: Option<&str>,
    ) -> Result<Vec<Self>> {
        if let Some(model) = super::resampled::model(session) {
            return match (predict, expression) {
                ([], None) => Ok(vec![Self::Kernel(model)]),
                ([text], None) if matches!(text.trim(), "" | "mean") => Ok(vec![Self::Kernel(model)]),
                _ => Err(StataError::unsupported_option(
                    "margins",
                    "predictions other than mean after npregress",
                )),
            };
        }
        let of = |predict: Option<&str>| -> Result<Vec<Self>> {
            Ok(Response::of(session, parameters, predict)?.into_iter().map(Self::Prediction).collect())
        };
        match (predict, expression) {
            ([], None) => of(None),
            ([], Some(text)) => Ok(vec![Self::Formula(Formula::parse(session, parameters, text)?)]),
            (_, Some(_)) => Err(StataError::invalid("only one of predict() and expression() is allowed")),
            (texts, None) => {
                let found: Result<Vec<Vec<Self>>> = texts.iter().map(|t| of(Some(t))).collect();
                Ok(found?.into_iter().flatten().collect())
            }
        }
    }

    /// How it was asked for, `predict(pr)` or the formula.
    pub(super) fn request(&self) -> &str {
        match self {
            Self::Prediction(response) => &response.request,
            Self::Formula(formula) => &formula.given,
            Self::Kernel(_) => "predict()",
        }
    }

    /// The name of a prediction, `Pr(y)`; a formula has none.
    pub(super) fn label(&self) -> Option<&str> {
        match self {
            Self::Prediction(response) => Some(&response.label),
            Self::Formula(_) => None,
            Self::Kernel(_) => Some("Mean function"),
        }
    }
}

/// Name of the column that holds a prediction of the formula.
const PLACE: &str = "__prediction";

/// A formula.
pub(super) struct Formula {
    /// The text as it was given.
    pub given: String,
    /// The text with a column name in place of each prediction.
    text: String,
    /// The predictions in the order of their columns.
    predictions: Vec<Response>,
}

impl Formula {
    /// Reads the text of `expression()`.
    pub(super) fn parse(session: &Session, parameters: &Parameters, given: &str) -> Result<Self> {
        let mut out = Self { given: given.trim().to_string(), text: String::new(), predictions: Vec::new() };
        let mut rest = given;
        while let Some((before, function, argument, after)) = next_call(rest)? {
            out.text.push_str(before);
            out.text.push_str(&format!("{PLACE}{}", out.predictions.len()));
            out.predictions.push(prediction(session, parameters, function, argument)?);
            rest = after;
        }
        out.text.push_str(rest);
        Ok(out)
    }

    /// Averages an effect over the rows of a grid that was made from `frame`.
    pub(super) fn average(
        &self,
        session: &mut Session,
        frame: &Frame,
        parameters: &Parameters,
        grid: &Grid<'_>,
        weights: &[f64],
        effect: &Effect,
    ) -> Result<Margin> {
        let mut scene = Scene { formula: self, session, frame, grid, weights };
        let each = scene.each(parameters, effect)?;
        let value = scene.weighted_mean(&each);
        let total = stable_sum(weights.iter().copied());
        let shares = weights
            .iter()
            .zip(&each)
            .map(|(w, v)| if *w == 0.0 { 0.0 } else { w * (v - value) / total })
            .collect();
        let mut gradient = vec![0.0; parameters.b.len()];
        for (j, cell) in gradient.iter_mut().enumerate() {
            let spread = parameters.v[(j, j)];
            if spread <= 0.0 {
                continue;
            }
            let step = 1e-3 * parameters.b[j].abs().max(spread.sqrt());
            *cell = extrapolated(step, |h| {
                let mut moved = parameters.clone();
                moved.b[j] += h;
                scene.mean(&moved, effect)
            })?;
        }
        restore(scene.session, &parameters.b);
        Ok(Margin { value, gradient, shares })
    }
}

/// Central difference at three widths, extrapolated twice.
fn extrapolated(step: f64, mut at: impl FnMut(f64) -> Result<f64>) -> Result<f64> {
    let mut central = |h: f64| Ok::<f64, StataError>((at(h)? - at(-h)?) / (2.0 * h));
    let (d1, d2, d3) = (central(step)?, central(step / 2.0)?, central(step / 4.0)?);
    let (e1, e2) = ((4.0 * d2 - d1) / 3.0, (4.0 * d3 - d2) / 3.0);
    Ok((16.0 * e2 - e1) / 15.0)
}

/// A formula on the rows of a scenario.
struct Scene<'a> {
    formula: &'a Formula,
    session: &'a mut Session,
    frame: &'a Frame,
    grid: &'a Grid<'a>,
    weights: &'a [f64],
}

impl Scene<'_> {
    /// The average of an effect at some parameters.
    fn mean(&mut self, parameters: &Parameters, effect: &Effect) -> Result<f64> {
        let values = self.each(parameters, effect)?;
        Ok(self.weighted_mean(&values))
    }

    /// An effect at some parameters in each row.
    fn each(&mut self, parameters: &Parameters, effect: &Effect) -> Result<Vec<f64>> {
        match effect {
            Effect::Level => self.values(parameters, self.grid),
            Effect::Change { variable, level, base, log } => {
                let mut at = |value: i64| {
                    let mut grid = self.grid.clone();
                    grid.fix_factor(variable, value);
                    self.values(parameters, &grid)
                };
                let (up, down) = (at(*level)?, at(*base)?);
                if *log {
                    return self.log_ratio(&up, &down);
                }
                Ok(up.iter().zip(&down).map(|(a, b)| a - b).collect())
            }
            Effect::Slope(variable, form) => self.slopes(parameters, variable, *form),
        }
    }

    fn weighted_mean(&self, values: &[f64]) -> f64 {
        let used = || self.weights.iter().zip(values).filter(|(w, _)| **w != 0.0);
        stable_sum(used().map(|(w, v)| w * v)) / stable_sum(used().map(|(w, _)| *w))
    }

    /// The change of the logarithm in each row; r(459) where a value is not positive.
    fn log_ratio(&self, up: &[f64], down: &[f64]) -> Result<Vec<f64>> {
        let used = |(i, x): (usize, &f64)| self.weights[i] != 0.0 && *x <= 0.0;
        if up.iter().enumerate().chain(down.iter().enumerate()).any(used) {
            return Err(StataError::new(459, "a prediction is not positive and has no logarithm"));
        }
        Ok(up.iter().zip(down).map(|(a, b)| (a / b).ln()).collect())
    }

    /// Derivatives in a continuous variable, row by row.
    fn slopes(&mut self, parameters: &Parameters, variable: &str, form: Form) -> Result<Vec<f64>> {
        let x = self.grid.variable(variable).map(<[f64]>::to_vec).unwrap_or_default();
        let largest = x.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        let step = 1e-3 * if largest > 0.0 { largest } else { 1.0 };
        let mut central = |h: f64| -> Result<Vec<f64>> {
            let mut at = |h: f64| {
                let mut grid = self.grid.clone();
                grid.set(variable, x.iter().map(|v| v + h).collect());
                self.values(parameters, &grid)
            };
            let (up, down) = (at(h)?, at(-h)?);
            Ok(up.iter().zip(&down).map(|(u, d)| (u - d) / (2.0 * h)).collect())
        };
        let (d1, d2, d3) = (central(step)?, central(step / 2.0)?, central(step / 4.0)?);
        let levels = match form {
            Form::Elasticity | Form::SemiY => self.values(parameters, self.grid)?,
            Form::Plain | Form::SemiX => vec![1.0; x.len()],
        };
        let scaled = matches!(form, Form::Elasticity | Form::SemiX);
        Ok((0..x.len())
            .map(|i| {
                let (e1, e2) = ((4.0 * d2[i] - d1[i]) / 3.0, (4.0 * d3[i] - d2[i]) / 3.0);
                (16.0 * e2 - e1) / 15.0 * if scaled { x[i] } else { 1.0 } / levels[i]
            })
            .collect())
    }

    /// Values of the formula on every row; r(459) where it is missing in a row with weight.
    fn values(&mut self, parameters: &Parameters, grid: &Grid<'_>) -> Result<Vec<f64>> {
        let mut data = Frame::new();
        for (place, response) in self.formula.predictions.iter().enumerate() {
            let column = predictions(response, parameters, grid);
            data.add(Variable::new(&format!("{PLACE}{place}"), Column::Double(column)))?;
        }
        for name in used_variables(&self.formula.text, self.frame) {
            let position = self.frame.position(name)?;
            let values = match grid.variable(name) {
                Some(values) => values.to_vec(),
                None => grid.rows().iter().map(|r| self.frame.num_at(position, *r)).collect(),
            };
            data.add(Variable::new(name, Column::Double(values)))?;
        }
        if data.n_vars() == 0 {
            data.set_n_rows(grid.rows().len());
        }
        restore(self.session, &parameters.b);
        let before = std::mem::replace(&mut self.session.frame, data);
        let found = self.session.compile(&self.formula.text).map(|compiled| {
            let ctx = self.session.ctx();
            (0..grid.rows().len()).map(|row| compiled.num(&ctx, row)).collect::<Vec<f64>>()
        });
        self.session.frame = before;
        let found = found?;
        if found.iter().zip(self.weights).any(|(v, w)| *w != 0.0 && is_missing(*v)) {
            return Err(StataError::new(459, "expression() has missing values in the estimation sample"));
        }
        Ok(found)
    }
}

/// A prediction on every row of a grid.
fn predictions(response: &Response, parameters: &Parameters, grid: &Grid<'_>) -> Vec<f64> {
    let designs = response.designs(grid, parameters);
    let mut eta = vec![0.0; designs.len()];
    (0..grid.rows().len())
        .map(|row| {
            for (cell, (positions, design)) in eta.iter_mut().zip(response.indices.iter().zip(&designs)) {
                *cell = positions.iter().zip(design).map(|(p, column)| parameters.b[*p] * column[row]).sum();
            }
            if response.shifted {
                eta[0] += grid.offset(row);
            }
            response.carry(grid, row, &mut eta);
            response.at(&eta).value
        })
        .collect()
}

/// Numeric variables of the data whose full names stand in a text.
fn used_variables<'a>(text: &str, frame: &'a Frame) -> Vec<&'a str> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let words: Vec<&str> = text.split(|c| !is_name(c)).collect();
    (0..frame.n_vars())
        .map(|i| frame.var(i))
        .filter(|v| !v.is_string() && words.contains(&v.name.as_str()))
        .map(|v| v.name.as_str())
        .collect()
}

/// Splits a text at its first `predict(...)` or `xb(...)`: what stands before, the name, the argument, the rest.
fn next_call(text: &str) -> Result<Option<(&str, &str, &str, &str)>> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let found = ["predict", "xb"]
        .iter()
        .flat_map(|word| text.match_indices(word))
        .filter(|(at, word)| {
            !text[..*at].ends_with(is_name) && text[at + word.len()..].trim_start().starts_with('(')
        })
        .min_by_key(|(at, _)| *at);
    let Some((at, word)) = found else { return Ok(None) };
    let open = at + word.len() + text[at + word.len()..].find('(').unwrap_or(0);
    let mut depth = 0_usize;
    for (i, c) in text[open..].char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let close = open + i;
            return Ok(Some((&text[..at], word, text[open + 1..close].trim(), &text[close + 1..])));
        }
    }
    Err(StataError::new(198, "expression() has parentheses that do not match"))
}

/// The prediction of `predict(argument)` or `xb(equation)`.
fn prediction(
    session: &Session,
    parameters: &Parameters,
    function: &str,
    argument: &str,
) -> Result<Response> {
    if function == "xb" {
        let equation = match argument.strip_prefix('#').and_then(|n| n.parse::<usize>().ok()) {
            Some(number) => parameters.equations().into_iter().nth(number.wrapping_sub(1)),
            None if argument.is_empty() => parameters.equations().into_iter().next(),
            None => Some(argument.to_string()),
        };
        let positions = equation.map(|e| parameters.positions(&e)).unwrap_or_default();
        if positions.is_empty() {
            return Err(StataError::new(303, format!("equation [{argument}] not found")));
        }
        return Ok(Response::formula("Linear prediction", "xb", [positions], |[x]| x));
    }
    let request = Some(argument).filter(|a| !a.is_empty());
    let mut found = Response::of(session, parameters, request)?;
    if found.len() > 1 {
        return Err(StataError::new(198, "expression() needs predict(outcome(#)) after this command"));
    }
    found.pop().ok_or_else(StataError::syntax)
}
