//! A problem in the coordinates of its linear combinations (`combination_scales.rs`), and the way back.

use super::{Problem, Shape, Values};
use crate::combination_scales::{Combination, Scales};
use crate::ml::MlFit;

/// Values at parameters that are given by their coordinates.
pub(super) struct Scaled<'v, V> {
    pub values: &'v mut V,
    pub scales: &'v Scales,
}

impl<V: Values> Values for Scaled<'_, V> {
    type Error = V::Error;

    fn at(&mut self, b: &[f64], shift: &[f64]) -> Result<Option<Vec<f64>>, Self::Error> {
        self.values.at(&self.scales.to_raw.times_vector(b), shift)
    }
}

impl<'a> Problem<'a> {
    /// Takes differences in each parameter, for programs that read their coefficients themselves.
    pub fn in_parameters(&mut self) {
        self.shape = Shape::Parameters(self.size(), self.combinations());
    }

    fn combinations(&self) -> Vec<Combination<'a>> {
        let indices = match &self.shape {
            Shape::Parameters(_, combinations) => return combinations.clone(),
            Shape::Indices(indices) => indices,
        };
        let mut from = 0;
        let own = indices.iter().map(|columns| {
            let first = from;
            from += columns.len();
            columns.iter().enumerate().map(|(j, column)| (first + j, *column)).collect()
        });
        own.collect()
    }

    /// The scales of the parameters.
    pub(super) fn scales(&self) -> Scales {
        Scales::of(self.size(), &self.combinations())
    }

    /// Columns of the indices in the coordinates; none where rows depend on the parameters directly.
    pub(super) fn standard_columns(&self, scales: &Scales) -> Vec<Vec<Vec<f64>>> {
        let Shape::Indices(indices) = &self.shape else { return Vec::new() };
        let mut parameter = 0;
        let mut moved = |column: &&[f64]| {
            parameter += 1;
            scales.column(parameter - 1, column)
        };
        indices.iter().map(|columns| columns.iter().map(&mut moved).collect()).collect()
    }

    /// A fit and its gradient for the parameters, from those of the coordinates.
    pub(super) fn raw(scales: &Scales, (fit, gradient): (MlFit, Vec<f64>)) -> (MlFit, Vec<f64>) {
        let gradient = scales.to_standard.transpose().times_vector(&gradient);
        let ((b, v), v_model) = (scales.raw(&fit.b, &fit.v), scales.to_raw.sandwich(&fit.v_model));
        (MlFit { b, v, v_model, ..fit }, gradient)
    }

    /// The same problem in the coordinates.
    pub(super) fn in_coordinates<'c>(&self, scales: &Scales, columns: &'c [Vec<Vec<f64>>]) -> Problem<'c>
    where
        'a: 'c,
    {
        let shape = match &self.shape {
            Shape::Parameters(size, _) => Shape::Parameters(*size, Vec::new()),
            Shape::Indices(_) => {
                let slices = |own: &'c Vec<Vec<f64>>| own.iter().map(Vec::as_slice).collect();
                Shape::Indices(columns.iter().map(slices).collect())
            }
        };
        let allowed = self.allowed.as_ref().map(|a| a.in_coordinates(&scales.to_standard));
        Problem { shape, sample: self.sample, allowed }
    }
}
