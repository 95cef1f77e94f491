//! A fitted kernel regression as commands after it see it: its regressors by name, and means and derivatives at any values of
//! them. Numbers: `estimators::kernel_regression`.

use crate::error::Result;
use crate::estimation::linear::{Grid, Parameters};
use crate::estimation::margins::{Effect, Form};
use crate::frame::Frame;
use crate::matrix::Stripe;
use crate::syntax::{Atom, Term};
use crate::tsset::TsOp;
use crate::value::{MISSING, is_missing};
use estimators::kernel_regression::{KernelRegression, PointFit, Widths};
use estimators::matrix::Mat;

/// A regressor.
#[derive(Debug, Clone)]
pub enum Regressor {
    /// A continuous variable, possibly with time-series operators.
    Continuous(Term),
    /// A factor variable.
    Discrete {
        /// Name of the variable.
        name: String,
        /// Levels in the sample, ascending.
        levels: Vec<i64>,
        /// The base level of effects.
        base: i64,
    },
}

impl Regressor {
    /// Name of the term or of the variable.
    pub fn name(&self) -> String {
        match self {
            Self::Continuous(term) => term.name(),
            Self::Discrete { name, .. } => name.clone(),
        }
    }

    /// Whether it is continuous.
    pub fn is_continuous(&self) -> bool {
        matches!(self, Self::Continuous(_))
    }
}

/// The model.
#[derive(Debug, Clone)]
pub struct KernelModel {
    /// Data and kernels.
    pub data: KernelRegression,
    /// Regressors in the order of the command.
    pub regressors: Vec<Regressor>,
    /// Bandwidths of means and of contrasts of factors.
    pub mean: Widths,
    /// Bandwidths of derivatives; nothing where they were not asked for.
    pub effect: Option<Widths>,
    /// Rows of the data.
    pub rows: Vec<usize>,
}

/// Continuous and discrete values of one point.
pub type Point = (Vec<f64>, Vec<f64>);

impl KernelModel {
    /// Names of the effects: derivatives by the term, contrasts of factors as `r1vs0.a`.
    pub fn effect_names(&self) -> Vec<String> {
        let mut out = Vec::new();
        for regressor in &self.regressors {
            match regressor {
                Regressor::Continuous(term) if self.effect.is_some() => out.push(term.name()),
                Regressor::Continuous(_) => {}
                Regressor::Discrete { name, levels, base } if self.effect.is_some() => {
                    let others = levels.iter().filter(|l| *l != base);
                    out.extend(others.map(|level| format!("r{level}vs{base}.{name}")));
                }
                Regressor::Discrete { .. } => {}
            }
        }
        out
    }

    /// The regressors as parameters without values, for the lists and scenarios of `margins`.
    pub fn as_parameters(&self) -> Parameters {
        let mut terms = Vec::new();
        for regressor in &self.regressors {
            match regressor {
                Regressor::Continuous(term) => terms.push(term.clone()),
                Regressor::Discrete { name, levels, base } => {
                    terms.extend(levels.iter().map(|level| level_term(name, *level, level == base)));
                }
            }
        }
        let size = terms.len();
        Parameters {
            stripe: terms.iter().map(|t| Stripe::term(t.name())).collect(),
            terms: terms.into_iter().map(Some).collect(),
            b: vec![0.0; size],
            v: Mat::zeros(size, size),
            variables: Vec::new(),
        }
    }

    /// Values of the regressors on rows of the data.
    ///
    /// # Errors
    /// r(111) where a variable is gone.
    pub fn points(&self, frame: &Frame, rows: &[usize]) -> Result<Vec<Point>> {
        let mut grid = Grid::new(frame, rows.to_vec());
        let parameters = self.as_parameters();
        grid.load(parameters.terms.iter().flatten())?;
        Ok(self.points_of(&grid))
    }

    /// Values of the regressors on the rows of a grid.
    pub fn points_of(&self, grid: &Grid<'_>) -> Vec<Point> {
        let mut out = vec![(Vec::new(), Vec::new()); grid.rows().len()];
        for regressor in &self.regressors {
            match regressor {
                Regressor::Continuous(term) => {
                    out.iter_mut().zip(grid.term(term)).for_each(|(point, x)| point.0.push(x));
                }
                Regressor::Discrete { name, .. } => {
                    let values = grid.variable(name).unwrap_or(&[]);
                    out.iter_mut().zip(values).for_each(|(point, z)| point.1.push(*z));
                }
            }
        }
        out
    }

    fn fit(&self, widths: &Widths, centre: f64, point: &Point) -> Option<PointFit> {
        if point.0.iter().chain(&point.1).any(|x| is_missing(*x)) {
            return None;
        }
        self.data.at(widths, centre, &point.0, &point.1)
    }

    /// Mean at a point; missing where it is not identified.
    pub fn mean_at(&self, centre: f64, point: &Point) -> f64 {
        self.fit(&self.mean, centre, point).map_or(MISSING, |f| f.mean)
    }

    /// Derivatives in the continuous regressors; nothing where they are not identified or were not asked for.
    pub fn gradient_at(&self, centre: f64, point: &Point) -> Option<Vec<f64>> {
        self.fit(self.effect.as_ref()?, centre, point).map(|f| f.gradient)
    }

    /// Mean at a point with a factor at one level.
    pub fn at_level(&self, centre: f64, point: &Point, name: &str, level: i64) -> f64 {
        let mut moved = point.clone();
        if let Some(place) = self.discrete_place(name) {
            moved.1[place] = level as f64;
        }
        self.mean_at(centre, &moved)
    }

    fn discrete_place(&self, name: &str) -> Option<usize> {
        self.regressors.iter().filter(|r| !r.is_continuous()).position(|r| r.name() == name)
    }

    /// Place of a continuous regressor among the continuous ones.
    pub fn continuous_place(&self, name: &str) -> Option<usize> {
        self.regressors.iter().filter(|r| r.is_continuous()).position(|r| r.name() == name)
    }

    /// All effects at a point in the order of [`Self::effect_names`]; missing where they are not identified.
    pub fn effects_at(&self, centre: f64, point: &Point) -> Vec<f64> {
        let gradient = self.gradient_at(centre, point);
        let mut place = 0;
        let mut out = Vec::new();
        for regressor in &self.regressors {
            match regressor {
                Regressor::Continuous(_) => {
                    out.push(gradient.as_ref().map_or(MISSING, |g| g[place]));
                    place += 1;
                }
                Regressor::Discrete { name, levels, base } => {
                    let from = self.at_level(centre, point, name, *base);
                    for level in levels.iter().filter(|l| *l != base) {
                        let to = self.at_level(centre, point, name, *level);
                        out.push(if is_missing(to) || is_missing(from) { MISSING } else { to - from });
                    }
                }
            }
        }
        out
    }

    /// Weighted average of an effect over the points where it is identified; missing where it is nowhere.
    pub fn average(&self, points: &[Point], weights: &[f64], effect: &Effect) -> f64 {
        let centre = self.data.centre();
        let (mut sum, mut total) = (0.0, 0.0);
        for (point, weight) in points.iter().zip(weights).filter(|(_, w)| **w != 0.0) {
            let value = self.value_of(centre, point, effect);
            if is_missing(value) || value.is_nan() {
                continue;
            }
            sum += weight * value;
            total += weight;
        }
        if total > 0.0 { sum / total } else { MISSING }
    }

    fn value_of(&self, centre: f64, point: &Point, effect: &Effect) -> f64 {
        match effect {
            Effect::Level => self.mean_at(centre, point),
            Effect::Change { variable, level, base, log } => {
                let to = self.at_level(centre, point, variable, *level);
                let from = self.at_level(centre, point, variable, *base);
                match (is_missing(to) || is_missing(from), log) {
                    (true, _) => MISSING,
                    (false, false) => to - from,
                    (false, true) if to > 0.0 && from > 0.0 => (to / from).ln(),
                    (false, true) => MISSING,
                }
            }
            Effect::Slope(variable, form) => {
                let Some(place) = self.continuous_place(variable) else { return MISSING };
                let Some(gradient) = self.gradient_at(centre, point) else { return MISSING };
                let (slope, x) = (gradient[place], point.0[place]);
                let mean = || self.mean_at(centre, point);
                let over = |slope: f64, mean: f64| if is_missing(mean) { MISSING } else { slope / mean };
                match form {
                    Form::Plain => slope,
                    Form::SemiX => slope * x,
                    Form::SemiY => over(slope, mean()),
                    Form::Elasticity => over(slope * x, mean()),
                }
            }
        }
    }
}

/// The indicator of a level.
fn level_term(name: &str, level: i64, base: bool) -> Term {
    let atom = Atom::Level {
        var: name.to_string(),
        ts: TsOp::default(),
        level,
        base,
        no_base: false,
        omitted: false,
    };
    Term { atoms: vec![atom], empty: false }
}
