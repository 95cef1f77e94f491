//! Builds and posts the results of an estimation: `e(b)`, `e(V)` with their names, and the
//! scalars and texts that all estimators share.

use crate::estimation::model::{Model, VceSpec};
use crate::matrix::{Matrix, Stripe};
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::value::{MISSING, clean};
use estimators::matrix::Mat;
use estimators::weights::WeightKind;

/// State for predictions after several sets of absorbed effects, in addition to `e()`.
pub struct AbsorbState {
    /// Residuals in the rows of the sample.
    pub residuals: Vec<f64>,
}

/// Estimated parameters among all parameters, omitted ones included.
#[derive(Debug, Clone)]
pub struct Parameters {
    /// Names of all parameters.
    pub stripe: Vec<Stripe>,
    /// Estimates; zero where omitted.
    pub b: Vec<f64>,
    /// Covariance; zero where omitted.
    pub v: Mat,
}

impl Parameters {
    /// Spreads estimates over all names; `estimated[i]` is the position of estimate `i`.
    pub fn spread(stripe: Vec<Stripe>, estimated: &[usize], b: &[f64], v: &Mat) -> Self {
        let mut full = vec![0.0; stripe.len()];
        for (position, value) in estimated.iter().zip(b) {
            full[*position] = *value;
        }
        Self { b: full, v: spread_square(stripe.len(), estimated, v), stripe }
    }

    /// `e(b)`.
    pub fn b_matrix(&self) -> Matrix {
        Matrix::row_vector(self.b.clone(), self.stripe.clone())
    }

    /// `e(V)`.
    pub fn v_matrix(&self) -> Matrix {
        Matrix::square(self.v.data().to_vec(), self.stripe.clone())
    }
}

/// Puts a small square matrix into a larger one at given positions; zero elsewhere.
pub fn spread_square(size: usize, positions: &[usize], small: &Mat) -> Mat {
    let mut out = Mat::zeros(size, size);
    for (i, row) in positions.iter().enumerate() {
        for (j, col) in positions.iter().enumerate() {
            out[(*row, *col)] = small[(i, j)];
        }
    }
    out
}

/// Names without an equation.
pub fn plain_stripe(names: Vec<String>) -> Vec<Stripe> {
    names.into_iter().map(Stripe::term).collect()
}

/// Names of one equation.
pub fn equation_stripe(equation: &str, names: Vec<String>) -> Vec<Stripe> {
    names.into_iter().map(|n| Stripe::with_eq(equation, n)).collect()
}

/// A Stata number: not-a-number and infinities become missing.
pub fn stata(x: f64) -> f64 {
    if x.is_nan() { MISSING } else { clean(x) }
}

/// The kernels' matrix from a named one.
pub fn kernel(matrix: &Matrix) -> Mat {
    Mat::from_rows(matrix.rows(), matrix.cols(), matrix.values().to_vec())
}

/// Starts the results of a command: parameters, weights and covariance texts.
pub fn begin(cmd: &str, cmdline: &str, parameters: &Parameters, model: &Model) -> Estimation {
    let mut est = Estimation::default();
    let results = &mut est.results;
    results.matrix("b", parameters.b_matrix()).matrix("V", parameters.v_matrix());
    results.text("cmd", cmd).text("cmdline", cmdline).text("depvar", &model.depvar);
    covariance_texts(results, model);
    est
}

fn covariance_texts(results: &mut Results, model: &Model) {
    if let Some((kind, expression)) = &model.weight_text {
        results.text("wtype", kind).text("wexp", expression);
    }
    let implied = model.weights.as_ref().is_some_and(|w| w.kind == WeightKind::Probability);
    let (vce, title) = match &model.vce {
        VceSpec::Default if implied => ("robust", "Robust"),
        VceSpec::Default => ("", ""),
        VceSpec::Robust => ("robust", "Robust"),
        VceSpec::Hc2 => ("hc2", "Robust HC2"),
        VceSpec::Hc3 => ("hc3", "Robust HC3"),
        VceSpec::Cluster(_) => ("cluster", "Robust"),
        VceSpec::OuterProducts => ("opg", "OPG"),
    };
    if !vce.is_empty() {
        results.text("vce", vce).text("vcetype", title);
    }
    if let Some(clusters) = &model.clusters {
        results.text("clustvar", &clusters.name).scalar("N_clust", clusters.count as f64);
    }
}

/// The command line as `e(cmdline)` keeps it.
pub fn command_line(cmd: &crate::syntax::split::ParsedCommand) -> String {
    format!("{} {}", cmd.name, cmd.raw.trim()).trim_end().to_string()
}

/// Prints the notes about omitted regressors.
pub fn note_omitted(session: &mut Session, names: &[String]) {
    for name in names {
        session.print(format!(
            "note: {} omitted because of collinearity.",
            name.replace("o.", ".").trim_start_matches('.')
        ));
    }
}
