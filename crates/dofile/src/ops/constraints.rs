//! Numbered linear constraints: their state, and how a command reads them for its parameters.

use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::estimation::linear_form::{self, LinearForm};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::session::{Extension, Session};
use crate::syntax::numlist;
use std::collections::BTreeMap;

/// The defined constraints by number.
#[derive(Debug, Default)]
pub(crate) struct Constraints(pub(crate) Table);

impl Extension for Constraints {}

/// Texts by number.
pub(crate) type Table = BTreeMap<i64, String>;

/// A copy of the defined constraints.
pub(crate) fn table(s: &Session) -> Table {
    s.extensions.get::<Constraints>().map(|c| c.0.clone()).unwrap_or_default()
}

/// The texts of the constraints with the given numbers, in their order; r(412) for one that is not defined.
pub(crate) fn constraints(s: &Session, numbers: &str) -> Result<Vec<(i64, String)>> {
    let table = table(s);
    let mut out = Vec::new();
    for x in numlist::expand(numbers)? {
        let number = x as i64;
        let text = table
            .get(&number)
            .ok_or_else(|| StataError::new(412, format!("constraint {number} is not defined")))?;
        out.push((number, text.clone()));
    }
    Ok(out)
}

/// Reads constraints on named parameters and prints them; a constraint holds where its form is zero.
pub(crate) fn forms(
    session: &mut Session,
    parameters: &Parameters,
    wanted: &[(i64, String)],
) -> Result<Vec<LinearForm>> {
    let mut forms = Vec::new();
    for (number, text) in wanted {
        let form = match text.split_once('=') {
            Some((left, right)) => {
                let left = linear_form::parse(left.trim(), parameters)?;
                left.minus(&linear_form::parse(right.trim().trim_start_matches('='), parameters)?)
            }
            None => linear_form::parse(text, parameters)?,
        };
        if form.weights.iter().all(|w| *w == 0.0) {
            return Err(StataError::new(412, format!("constraint {number} has no coefficient of the model")));
        }
        session.print(format!(
            " ({:>2})  {} = {}",
            forms.len() + 1,
            form.text(parameters),
            format::bare("%9.0g", -form.constant + 0.0).trim()
        ));
        forms.push(form);
    }
    Ok(forms)
}

/// `e(Cns)`: one row for each constraint, its target in the last column.
pub(crate) fn matrix(forms: &[LinearForm], stripe: Vec<Stripe>) -> Matrix {
    let cells = forms.iter().flat_map(|f| f.weights.iter().copied().chain([-f.constant])).collect();
    let mut matrix = Matrix::new(forms.len(), stripe.len() + 1, cells);
    matrix.col_names = stripe.into_iter().chain([Stripe::term("_r")]).collect();
    matrix.row_names = (1..=forms.len()).map(|i| Stripe::term(format!("r{i}"))).collect();
    matrix
}
