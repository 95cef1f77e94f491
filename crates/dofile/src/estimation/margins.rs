//! The numbers of `margins`: averages of predictions and of their derivatives over a sample, with
//! analytic derivatives in the parameters for the delta method ([R] margins, Methods and formulas).

use crate::error::{Result, StataError};
use crate::estimation::linear::{Grid, Parameters};
use crate::estimation::response::Response;

/// Averaged quantity.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// The prediction.
    Level,
    /// The derivative in a continuous variable, in one of four forms.
    Slope(String, Form),
    /// The change of the prediction, or of its logarithm, when a factor moves from a base level to a level.
    Change {
        /// The factor variable.
        variable: String,
        /// The level.
        level: i64,
        /// The base level.
        base: i64,
        /// Whether the change is that of the logarithm (ey/dx).
        log: bool,
    },
}

/// Forms of a derivative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// dy/dx.
    Plain,
    /// d(ln y)/d(ln x).
    Elasticity,
    /// d(ln y)/dx.
    SemiY,
    /// dy/d(ln x).
    SemiX,
}

/// A value with its derivatives in all parameters.
#[derive(Debug, Clone)]
pub struct Margin {
    /// The average.
    pub value: f64,
    /// Derivatives.
    pub gradient: Vec<f64>,
    /// Share of each row in the deviation from the average, `w (f - value) / sum of w`; empty unless it was asked for.
    pub shares: Vec<f64>,
}

/// Rows and weights of an average, and the fixed values of a scenario already set in the grid.
pub struct Scenario<'a, 'g> {
    /// Values of the variables.
    pub grid: Grid<'g>,
    /// Weight of each row of the grid; rows outside a subgroup have weight zero.
    pub weights: &'a [f64],
    /// Whether the shares of the rows are kept.
    pub keep: bool,
}

impl Scenario<'_, '_> {
    /// Averages an effect over the rows.
    pub fn average(&self, parameters: &Parameters, response: &Response, effect: &Effect) -> Result<Margin> {
        match effect {
            Effect::Level => self.level(parameters, response, false),
            Effect::Slope(variable, form) => self.slope(parameters, response, variable, *form),
            Effect::Change { variable, level, base, log } => {
                let at = |value: i64| {
                    let mut grid = self.grid.clone();
                    grid.fix_factor(variable, value);
                    Scenario { grid, weights: self.weights, keep: self.keep }
                        .level(parameters, response, *log)
                };
                let (up, down) = (at(*level)?, at(*base)?);
                let gradient = up.gradient.iter().zip(&down.gradient).map(|(a, b)| a - b).collect();
                let shares = up.shares.iter().zip(&down.shares).map(|(a, b)| a - b).collect();
                Ok(Margin { value: up.value - down.value, gradient, shares })
            }
        }
    }

    /// What the model adds to its first index in a row.
    fn offset(&self, response: &Response, row: usize) -> f64 {
        if response.shifted { self.grid.offset(row) } else { 0.0 }
    }

    /// Number of rows whose shares are kept.
    fn kept(&self) -> usize {
        if self.keep { self.weights.len() } else { 0 }
    }

    /// The mean prediction, or the mean of its logarithm.
    ///
    /// # Errors
    /// r(459) if the logarithm of a prediction that is not positive is asked for.
    fn level(&self, parameters: &Parameters, response: &Response, log: bool) -> Result<Margin> {
        let designs = response.designs(&self.grid, parameters);
        let mut sum = Sum::new(parameters.b.len(), self.kept());
        let mut eta = vec![0.0; designs.len()];
        for (row, weight) in self.weights.iter().enumerate().filter(|(_, w)| **w != 0.0) {
            indices(parameters, response, &designs, row, &mut eta);
            eta[0] += self.offset(response, row);
            response.carry(&self.grid, row, &mut eta);
            let d = response.at(&eta);
            if log && d.value <= 0.0 {
                return Err(StataError::new(459, "a prediction is not positive and has no logarithm"));
            }
            sum.add(row, *weight, if log { d.value.ln() } else { d.value });
            let weight = if log { weight / d.value } else { *weight };
            for ((positions, design), first) in response.indices.iter().zip(&designs).zip(&d.first) {
                for (position, column) in positions.iter().zip(design) {
                    sum.gradient[*position] += weight * first * column[row];
                }
            }
        }
        Ok(sum.finish())
    }

    fn slope(
        &self,
        parameters: &Parameters,
        response: &Response,
        variable: &str,
        form: Form,
    ) -> Result<Margin> {
        let designs = response.designs(&self.grid, parameters);
        // Derivative of every design column in the variable.
        let slopes: Vec<Vec<Vec<f64>>> = response
            .indices
            .iter()
            .enumerate()
            .map(|(e, positions)| {
                let grid = response.grid_of(e, &self.grid);
                positions
                    .iter()
                    .map(|p| match &parameters.terms[*p] {
                        Some(term) if !term.is_omitted() => grid.term_derivative(term, variable),
                        _ => vec![0.0; self.weights.len()],
                    })
                    .collect()
            })
            .collect();
        let x = self.grid.variable(variable).map(<[f64]>::to_vec);
        let width = designs.len();
        let size = parameters.b.len();
        let mut sum = Sum::new(size, self.kept());
        let (mut eta, mut move_) = (vec![0.0; width], vec![0.0; width]);
        let (mut d_value, mut d_slope) = (vec![0.0; size], vec![0.0; size]);
        for (row, weight) in self.weights.iter().enumerate().filter(|(_, w)| **w != 0.0) {
            indices(parameters, response, &designs, row, &mut eta);
            indices(parameters, response, &slopes, row, &mut move_);
            eta[0] += self.offset(response, row);
            response.carry(&self.grid, row, &mut eta);
            let d = response.at(&eta);
            let slope: f64 = d.first.iter().zip(&move_).map(|(f, m)| f * m).sum();
            d_value.fill(0.0);
            d_slope.fill(0.0);
            for (e, positions) in response.indices.iter().enumerate() {
                let curve: f64 = (0..width).map(|k| d.second[e * width + k] * move_[k]).sum();
                for (j, position) in positions.iter().enumerate() {
                    d_value[*position] += d.first[e] * designs[e][j][row];
                    d_slope[*position] += curve * designs[e][j][row] + d.first[e] * slopes[e][j][row];
                }
            }
            let at_x = x.as_ref().map_or(1.0, |x| x[row]);
            let scale = if matches!(form, Form::Elasticity | Form::SemiX) { at_x } else { 1.0 };
            let by_value = matches!(form, Form::Elasticity | Form::SemiY);
            let divisor = if by_value { d.value } else { 1.0 };
            sum.add(row, *weight, scale * slope / divisor);
            for (cell, (dv, ds)) in sum.gradient.iter_mut().zip(d_value.iter().zip(&d_slope)) {
                let through_value = if by_value { slope * dv / (divisor * divisor) } else { 0.0 };
                *cell += weight * scale * (ds / divisor - through_value);
            }
        }
        Ok(sum.finish())
    }
}

/// Linear indices (or their derivatives) of one row.
fn indices(
    parameters: &Parameters,
    response: &Response,
    columns: &[Vec<Vec<f64>>],
    row: usize,
    out: &mut [f64],
) {
    for (cell, (positions, design)) in out.iter_mut().zip(response.indices.iter().zip(columns)) {
        *cell = positions.iter().zip(design).map(|(p, column)| parameters.b[*p] * column[row]).sum();
    }
}

/// A weighted mean in the making.
struct Sum {
    value: f64,
    error: f64,
    weight: f64,
    gradient: Vec<f64>,
    /// Weight and value of each row, if they are kept.
    each: Vec<(f64, f64)>,
}

impl Sum {
    fn new(size: usize, kept: usize) -> Self {
        let each = vec![(0.0, 0.0); kept];
        Self { value: 0.0, error: 0.0, weight: 0.0, gradient: vec![0.0; size], each }
    }

    fn add(&mut self, row: usize, weight: f64, value: f64) {
        let (sum, lost) = estimators::real::two_sum(self.value, weight * value);
        self.value = sum;
        self.error += lost;
        self.weight += weight;
        if let Some(cell) = self.each.get_mut(row) {
            *cell = (weight, value);
        }
    }

    fn finish(self) -> Margin {
        let total = self.weight;
        let value = (self.value + self.error) / total;
        Margin {
            value,
            gradient: self.gradient.into_iter().map(|g| g / total).collect(),
            shares: self.each.into_iter().map(|(w, v)| w * (v - value) / total).collect(),
        }
    }
}
