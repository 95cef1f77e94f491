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
        variables: Vec::new(),
    }
}

/// Reads constraints on named parameters; a constraint holds where its forms are zero. As in Stata, a constraint on
/// a coefficient that the model lacks is left out with a note.
pub(crate) fn forms(
    session: &mut Session,
    parameters: &Parameters,
    wanted: &[(i64, String)],
) -> Result<Vec<LinearForm>> {
    let (forms, notes) = accepted(parameters, wanted)?;
    notes.iter().for_each(|note| session.print(note));
    Ok(forms)
}

/// The forms of constraints, and the notes on those that are left out.
pub(crate) fn accepted(
    parameters: &Parameters,
    wanted: &[(i64, String)],
) -> Result<(Vec<LinearForm>, Vec<String>)> {
    let (mut forms, mut notes) = (Vec::new(), Vec::new());
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
                notes.push(format!("(note: constraint number {number} caused error r({}))", error.code));
            }
            Err(error) => return Err(error),
        }
    }
    Ok((forms, notes))
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
    if session.settings.search.no_report {
        return;
    }
    for (i, text) in texts(session).iter().enumerate() {
        session.print(format!(" ({:>2})  {text}", i + 1));
    }
}

/// The constraints of the active results as they are shown. Those that hold a base or an omitted coefficient at zero
/// are not: nobody asked for them.
pub(crate) fn texts(session: &Session) -> Vec<String> {
    let Some(cns) = session.e.results.matrices.get("Cns") else { return Vec::new() };
    let last = cns.cols() - 1;
    let parameters = named(cns.col_names[..last].to_vec());
    let omitted = |j: &usize| parameters.terms[*j].as_ref().is_some_and(|t| t.is_omitted());
    (0..cns.rows())
        .filter(|i| !(0..last).filter(|j| cns.get(*i, *j) != 0.0).all(|j| omitted(&j)))
        .map(|i| {
            let form = LinearForm { weights: (0..last).map(|j| cns.get(i, j)).collect(), constant: 0.0 };
            let target = format::bare("%9.0g", cns.get(i, last) + 0.0);
            format!("{} = {}", form.text(&parameters), target.trim())
        })
        .collect()
}
