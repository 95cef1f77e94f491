//! Numbered linear constraints: their state, and how a command reads them for its parameters.

use crate::error::{Result, StataError};
use crate::estimation::equation_forms;
use crate::estimation::linear::Parameters;
use crate::estimation::linear_form::LinearForm;
use crate::estimation::table::parse_term;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::session::{Extension, Session};
use crate::syntax::numlist;
use estimators::matrix::Mat;
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

/// The numbers of `constraints()`: a numlist, or numbers joined by commas and dashes as in [P] makecns.
fn numbers_of(text: &str) -> Result<Vec<f64>> {
    numlist::expand(&text.replace(',', " ").replace('-', "/"))
}

/// The texts of the constraints with the given numbers, in their order; r(412) for one that is not defined.
pub(crate) fn constraints(s: &Session, numbers: &str) -> Result<Vec<(i64, String)>> {
    let table = table(s);
    let mut out = Vec::new();
    for x in numbers_of(numbers)? {
        let number = x as i64;
        let text = table
            .get(&number)
            .ok_or_else(|| StataError::new(412, format!("constraint {number} is not defined")))?;
        out.push((number, text.clone()));
    }
    Ok(out)
}

/// Parameters without values, in which constraints are read.
pub(crate) fn named(stripe: Vec<Stripe>) -> Parameters {
    let size = stripe.len();
    Parameters {
        terms: stripe
            .iter()
            .map(|n| if n.eq.starts_with('/') { None } else { parse_term(&n.name) })
            .collect(),
        stripe,
        b: vec![0.0; size],
        v: Mat::zeros(size, size),
    }
}

/// Reads constraints on named parameters; a constraint holds where its forms are zero. As in Stata, a constraint on
/// a coefficient that the model lacks is left out with a note.
pub(crate) fn forms(
    session: &mut Session,
    parameters: &Parameters,
    wanted: &[(i64, String)],
) -> Result<Vec<LinearForm>> {
    let mut forms = Vec::new();
    for (number, text) in wanted {
        match equation_forms::restrictions(text, parameters, equation_forms::Options::default()) {
            Ok(found) if found.iter().any(LinearForm::is_number) => {
                return Err(StataError::new(
                    412,
                    format!("constraint {number} has no coefficient of the model"),
                ));
            }
            Ok(found) => forms.extend(found),
            Err(error) if matches!(error.code, 111 | 303) => {
                session.print(format!("(note: constraint number {number} caused error r({}))", error.code));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(forms)
}

/// `e(Cns)`: one row for each constraint, its target in the last column.
pub(crate) fn matrix(forms: &[LinearForm], stripe: Vec<Stripe>) -> Matrix {
    let cells = forms.iter().flat_map(|f| f.weights.iter().copied().chain([-f.constant])).collect();
    labelled(forms.len(), cells, stripe)
}

/// `e(Cns)` from its numbers.
pub(crate) fn labelled(rows: usize, cells: Vec<f64>, stripe: Vec<Stripe>) -> Matrix {
    let mut matrix = Matrix::new(rows, stripe.len() + 1, cells);
    matrix.col_names = stripe.into_iter().chain([Stripe::term("_r")]).collect();
    matrix.row_names = (1..=rows).map(|i| Stripe::term(format!("r{i}"))).collect();
    matrix
}

/// Prints the constraints of the active results, unless `nocnsreport` was given.
pub(crate) fn show(session: &mut Session) {
    let Some(cns) = session.e.results.matrices.get("Cns").cloned() else { return };
    if session.settings.search.no_report {
        return;
    }
    let last = cns.cols() - 1;
    let parameters = named(cns.col_names[..last].to_vec());
    for i in 0..cns.rows() {
        let form = LinearForm { weights: (0..last).map(|j| cns.get(i, j)).collect(), constant: 0.0 };
        let target = format::bare("%9.0g", cns.get(i, last) + 0.0);
        session.print(format!(" ({:>2})  {} = {}", i + 1, form.text(&parameters), target.trim()));
    }
}
