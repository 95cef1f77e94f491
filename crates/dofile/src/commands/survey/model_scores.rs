//! Scores of the models behind `svy`: derivatives of the log likelihood of each row in each parameter, without weights.

use crate::error::{Result, StataError};
use crate::estimation::linear::{Grid, Parameters};
use crate::ops::equation_scores;
use crate::session::Session;

/// Whether `svy` takes a command here.
pub(super) fn supported(name: &str) -> bool {
    matches!(
        name,
        "regress"
            | "logit"
            | "logistic"
            | "probit"
            | "cloglog"
            | "poisson"
            | "nbreg"
            | "glm"
            | "ologit"
            | "oprobit"
            | "mlogit"
    )
}

/// Derivatives in the estimated parameters at `places`, one vector over `rows` for each.
pub(super) fn contributions(
    s: &Session,
    name: &str,
    parameters: &Parameters,
    places: &[usize],
    rows: &[usize],
) -> Result<Vec<Vec<f64>>> {
    let mut grid = Grid::new(&s.frame, rows.to_vec());
    grid.load(places.iter().filter_map(|p| parameters.terms[*p].as_ref()))?;
    let design = grid.design(parameters, places);
    // the score of the index of each parameter's equation, or of the parameter itself
    let of_equation = equation_scores::of_equations(s, name, parameters, rows)?;
    let missing = || StataError::new(498, "scores of an equation are not known");
    places
        .iter()
        .zip(design)
        .map(|(p, column)| {
            let stripe = &parameters.stripe[*p];
            let own = if stripe.eq == "/" { format!("/{}", stripe.name) } else { stripe.eq.clone() };
            let (_, scores) = of_equation.iter().find(|(e, _)| *e == own).ok_or_else(missing)?;
            if stripe.eq == "/" {
                return Ok(scores.clone());
            }
            Ok(column.iter().zip(scores).map(|(x, u)| x * u).collect())
        })
        .collect()
}
