//! `estat aroots` after `arima`: the inverse roots of the autoregressive and moving-average polynomials, in tables and in
//! the unit circle ([TS] estat aroots).

use super::arima::State;
use super::stability::{circle, eigenvalue_table};
use crate::error::{Result, StataError};
use crate::matrix::Matrix;
use crate::ops::estat::Call;
use crate::ops::graphs::plain::{Plain, RawOption, show};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use estimators::arima::Arima;
use estimators::matrix::Mat;
use estimators::schur::eigenvalues;
use figure::{Series, Shape, Style};

/// Documented options that are not here.
const DOCUMENTED: &[&str] = &["DLABel", "MODlabel", "PGRID", "NOGRID", "RLOPts", "ROPts"];

/// Runs `estat aroots`.
pub(super) fn aroots(session: &mut Session, call: &Call) -> Result<()> {
    call.no_list()?;
    let (mut graph, mut rest): (bool, Vec<RawOption>) = (true, Vec::new());
    for option in split_options(&call.option_text)? {
        match &option.1 {
            None if abbreviates(&option.0, "NOGRaph") => graph = false,
            _ if DOCUMENTED.iter().any(|d| abbreviates(&option.0, d)) => {
                return Err(StataError::unsupported_option("estat aroots", &option.0));
            }
            _ => rest.push(option),
        }
    }
    let held = session.e.extra.clone();
    let Some(state) = held.as_ref().and_then(|e| e.downcast_ref::<State>()) else {
        return Err(StataError::no_estimates());
    };
    let b = session.e.b().map(|b| b.values().to_vec()).unwrap_or_default();
    let count = state.regressors.len() + usize::from(state.constant);
    let model = Arima { y: &[], x: vec![&[][..]; count], factors: state.factors.clone(), conditional: false };
    let (ar, ma) = model.polynomials(&b);
    let ma: Vec<f64> = ma.iter().map(|m| -m).collect();
    if ar.is_empty() && ma.is_empty() {
        return Err(StataError::new(198, "the model has no autoregressive or moving-average terms"));
    }
    let mut results = Results::default();
    let mut series = circle();
    let parts = [
        (
            "ar",
            &ar,
            "AR parameters satisfy stability condition.",
            "AR parameters do not satisfy stability condition.",
        ),
        (
            "ma",
            &ma,
            "MA parameters satisfy invertibility condition.",
            "MA parameters do not satisfy invertibility condition.",
        ),
    ];
    for (number, (name, polynomial, good, bad)) in parts.into_iter().enumerate() {
        if polynomial.is_empty() {
            continue;
        }
        let values = roots(polynomial)?;
        eigenvalue_table(session, &values);
        if values.iter().all(|v| v.0.hypot(v.1) < 1.0) {
            session.print("   All the eigenvalues lie inside the unit circle.");
            session.print(format!("   {good}"));
        } else {
            session.print("   At least one eigenvalue is at least 1.0.");
            session.print(format!("   {bad}"));
        }
        let row = |f: fn(&(f64, f64)) -> f64| Matrix::new(1, values.len(), values.iter().map(f).collect());
        results.matrix(&format!("Re_{name}"), row(|v| v.0)).matrix(&format!("Im_{name}"), row(|v| v.1));
        results.matrix(&format!("Modulus_{name}"), row(|v| v.0.hypot(v.1)));
        results.matrix(name, companion_matrix(polynomial));
        series.push(Series {
            label: format!("{} roots", name.to_uppercase()),
            number: number + 1,
            shape: Shape::Points { points: values },
            style: Style::default(),
        });
    }
    session.r = results;
    if !graph {
        return rest.first().map_or(Ok(()), |option| Err(StataError::option_not_allowed(&option.0)));
    }
    let figure = Plain {
        series,
        title: "Inverse roots of ARMA polynomials".to_string(),
        x_title: "Real".to_string(),
        y_title: "Imaginary".to_string(),
        ..Plain::default()
    };
    show(session, figure, &rest)
}

/// The companion matrix of `1 - c_1 z - ... - c_p z^p`.
fn companion(c: &[f64]) -> Mat {
    Mat::from_fn(c.len(), c.len(), |i, j| if i == 0 { c[j] } else { f64::from(u8::from(j + 1 == i)) })
}

fn companion_matrix(c: &[f64]) -> Matrix {
    Matrix::new(c.len(), c.len(), companion(c).data().to_vec())
}

fn roots(c: &[f64]) -> Result<Vec<(f64, f64)>> {
    eigenvalues(&companion(c)).ok_or_else(|| StataError::new(498, "the eigenvalues could not be computed"))
}
