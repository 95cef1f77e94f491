//! Coordinates in which the regressors of a linear combination have mean zero and deviation one: searches and differences in
//! them tell a coefficient from its constant however far from zero a regressor lies, and whatever its unit.

use super::matrix::Mat;
use super::real::stable_sum;

/// The parameters of one linear combination with their columns; the constant has a column of ones.
pub type Combination<'a> = Vec<(usize, &'a [f64])>;

/// The way between parameters and coordinates.
pub struct Scales {
    /// Maps coordinates to parameters.
    pub to_raw: Mat,
    /// Maps parameters to coordinates.
    pub to_standard: Mat,
    /// What is subtracted from the column of each parameter, and what the difference is divided by.
    parts: Vec<(f64, f64)>,
}

impl Scales {
    /// Means and standard deviations of the columns, the means zero in combinations without a constant.
    pub fn of(size: usize, combinations: &[Combination<'_>]) -> Self {
        let mut out = Self::identity(size);
        for combination in combinations {
            let constant = combination.iter().find(|(_, c)| c.iter().all(|v| *v == 1.0)).map(|(j, _)| *j);
            for (j, column) in combination.iter().filter(|(j, _)| Some(*j) != constant) {
                out.set(*j, column, constant.is_some(), constant.as_slice());
            }
        }
        out
    }

    /// Parameters that are their own coordinates.
    pub fn identity(size: usize) -> Self {
        Self { to_raw: Mat::identity(size), to_standard: Mat::identity(size), parts: vec![(0.0, 1.0); size] }
    }

    /// Sets the scale of a parameter by its column. `centred` says whether the mean is subtracted; the parameters
    /// `constants` take it up, none where something else does.
    pub fn set(&mut self, parameter: usize, column: &[f64], centred: bool, constants: &[usize]) {
        if let Some(part) = moments(column.iter().copied(), column.len(), centred) {
            self.put(parameter, part, constants.iter().map(|c| (*c, 1.0)));
        }
    }

    /// Sets what is subtracted from the column of a parameter and what the difference is divided by; the parameters
    /// `constants` take up what is subtracted, with the sign that they have in the linear combination.
    pub fn put(
        &mut self,
        parameter: usize,
        (mean, spread): (f64, f64),
        constants: impl IntoIterator<Item = (usize, f64)>,
    ) {
        self.parts[parameter] = (mean, spread);
        self.to_raw[(parameter, parameter)] = 1.0 / spread;
        self.to_standard[(parameter, parameter)] = spread;
        for (constant, sign) in constants {
            self.to_raw[(constant, parameter)] = -sign * mean / spread;
            self.to_standard[(constant, parameter)] = sign * mean;
        }
    }

    /// What is subtracted from the column of a parameter and what the difference is divided by.
    pub fn part(&self, parameter: usize) -> (f64, f64) {
        self.parts[parameter]
    }

    /// The column of a parameter in the coordinates.
    pub fn column(&self, parameter: usize, column: &[f64]) -> Vec<f64> {
        let (mean, spread) = self.parts[parameter];
        column.iter().map(|v| (v - mean) / spread).collect()
    }

    /// The columns of the first parameters in the coordinates.
    pub fn columns(&self, columns: &[&[f64]]) -> Vec<Vec<f64>> {
        columns.iter().enumerate().map(|(parameter, column)| self.column(parameter, column)).collect()
    }

    /// The coordinates of parameters.
    pub fn coordinates(&self, b: &[f64]) -> Vec<f64> {
        self.to_standard.times_vector(b)
    }

    /// Parameters and their covariance from those of the coordinates.
    pub fn raw(&self, b: &[f64], v: &Mat) -> (Vec<f64>, Mat) {
        (self.to_raw.times_vector(b), self.to_raw.sandwich(v))
    }
}

/// Share of a mean below which a standard deviation is the arithmetic's noise.
const NOISE: f64 = 1e-14;

/// Mean and standard deviation of `count` values, the mean zero where it is not subtracted; nothing where the values do not
/// vary or are not finite.
pub fn moments(values: impl Iterator<Item = f64> + Clone, count: usize, centred: bool) -> Option<(f64, f64)> {
    let n = count as f64;
    let mean = if centred { stable_sum(values.clone()) / n } else { 0.0 };
    let spread = (stable_sum(values.map(|v| (v - mean).powi(2))) / n).sqrt();
    (spread > NOISE * mean.abs() && spread.is_finite()).then_some((mean, spread))
}
