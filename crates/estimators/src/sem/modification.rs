//! Modification indices: score tests of cells that a model fixes, and the change of the parameter that is expected if it is
//! estimated, both with the expected information. Formulas: Sörbom (1989, Psychometrika 54).

use super::likelihood::Problem;
use super::sample::Sample;
use super::{Cell, Model, Value};

/// A score test of one cell.
#[derive(Debug, Clone, Copy)]
pub struct Index {
    /// The cell.
    pub cell: Cell,
    /// Chi-squared statistic with one degree of freedom.
    pub chi2: f64,
    /// Expected change of the cell.
    pub change: f64,
}

/// Share of its information below which a cell is not identified beside the parameters of the model.
const IDENTIFIED: f64 = 1e-8;

/// Tests cells, which keep their values, at the maximum `point` of the problem. Cells that cannot be estimated beside the
/// others are left out.
pub fn modification_indices(
    model: &Model,
    sample: &Sample,
    point: &[f64],
    cells: &[Cell],
) -> Option<Vec<Index>> {
    let mut extended = model.clone();
    let mut at = point.to_vec();
    for cell in cells {
        let parameter = Value::Free(extended.parameters);
        extended.parameters += 1;
        match extended.cells.iter_mut().find(|(c, _)| c == cell) {
            Some((_, value)) => {
                at.push(match *value {
                    Value::Fixed(x) => x,
                    Value::Free(k) => point[k],
                });
                *value = parameter;
            }
            None => {
                at.push(0.0);
                extended.cells.push((*cell, parameter));
            }
        }
    }
    let problem = Problem::new(&extended, sample);
    let gradient = problem.derivatives(&at)?.gradient;
    let information = problem.expected(&at)?;
    let own: Vec<usize> = (0..model.parameters).collect();
    let inverse = information.select(&own, &own).inverse_definite()?;
    let mut out = Vec::new();
    for (i, cell) in cells.iter().enumerate() {
        let k = model.parameters + i;
        let cross: Vec<f64> = own.iter().map(|j| information[(*j, k)]).collect();
        let full = information[(k, k)];
        let left = full - inverse.quadratic(&cross);
        if left > IDENTIFIED * full.abs() {
            let g = gradient[k];
            out.push(Index { cell: *cell, chi2: g * g / left, change: g / left });
        }
    }
    Some(out)
}
