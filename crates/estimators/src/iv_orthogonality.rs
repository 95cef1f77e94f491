//! The test of orthogonality conditions after the generalised method of moments: are the endogenous regressors exogenous?
//! Hayashi (2000), Econometrics, pages 218-221; [R] ivregress postestimation, Methods and formulas.

use super::iv::{IvRequest, coordinates, point};
use super::iv_tests::{Test, join};
use super::ols::FitError;
use super::weights::Weights;

/// The C statistic: Hansen's J where the endogenous regressors are instruments too, less the J without these moments, whose
/// weight matrix is the inverse of the same moments' part of the former covariance, so that the difference is not negative.
///
/// # Errors
/// `Insufficient` where a matrix of moments is singular.
pub fn c_statistic(request: &IvRequest<'_>) -> Result<Test, FitError> {
    let effective = request.weights.map(Weights::effective);
    let weights = effective.as_ref().map(|(w, _)| w.as_slice());
    let wider = join(request.instruments, request.endogenous);
    let all = IvRequest { instruments: &wider, ..*request };
    let at = coordinates(&all, weights);
    let inside = at.inside();
    let weight = point(&all, &at, &inside, weights)?.weight.ok_or(FitError::Insufficient)?;
    let moments = weight.inverse_definite().ok_or(FitError::Insufficient)?;
    // the columns of the basis span the instruments one after the other
    let j = |count: usize| -> Result<f64, FitError> {
        let rows: Vec<usize> = (0..count).collect();
        let columns: Vec<usize> = (0..at.x.cols()).collect();
        let x = at.x.select(&rows, &columns);
        let weight = moments.select(&rows, &rows).inverse_definite().ok_or(FitError::Insufficient)?;
        let left = x.transpose().times(&weight);
        let bread = left.times(&x).symmetrised().inverse_definite().ok_or(FitError::Insufficient)?;
        let b = bread.times_vector(&left.times_vector(&at.y[..count]));
        let away: Vec<f64> =
            x.times_vector(&b).iter().zip(&at.y).map(|(fit, y)| (y - fit) * at.y_scale).collect();
        Ok(weight.quadratic(&away))
    };
    let m = request.endogenous.len();
    let statistic = j(at.instruments)? - j(at.instruments - m)?;
    Ok(Test::chi2(statistic.max(0.0), m as f64))
}
