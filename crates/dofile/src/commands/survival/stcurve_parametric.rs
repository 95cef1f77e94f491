//! Curves of `stcurve` after `streg`: functions of the fitted distribution ([ST] stcurve).

use super::stcurve::{Curve, Fixed, Function, means};
use super::streg_fitted::{Averaging, Fitted};
use super::streg_post::belongs;
use crate::error::Result;
use crate::estimation::survival::{Records, Settings};
use crate::session::Session;

/// A curve for each scenario, and the number of records that they average over.
pub(super) fn curves(
    s: &Session,
    function: Function,
    sets: &[Fixed],
    range: Option<(f64, f64)>,
    averaging: Averaging,
) -> Result<(Vec<Curve>, usize)> {
    let fitted = Fitted::of(s, averaging)?;
    let settings = Settings::of(&s.frame)?;
    let sample = s.required_estimation_sample()?;
    let records = Records::read(s, &settings, &mut sample.to_vec())?;
    let ends = (
        records.t0.iter().copied().fold(f64::INFINITY, f64::min),
        records.t.iter().copied().fold(0.0, f64::max),
    );
    let (low, high) = range.unwrap_or(ends);
    let mut out = Vec::new();
    for set in sets {
        let (parameters, mean) = means(s, &records.rows, set)?;
        let part = |main: bool| -> f64 {
            (0..parameters.b.len())
                .filter(|i| belongs(&parameters.stripe[*i], main))
                .map(|i| {
                    let constant = parameters.terms[i].is_none();
                    parameters.b[i] * if constant { 1.0 } else { mean[i] }
                })
                .sum()
        };
        let (eta, ancillary) = (part(true), part(false));
        let steps = 100;
        let curve = (0..=steps)
            .map(|i| low + (high - low) * f64::from(i) / f64::from(steps))
            .filter(|t| *t > 0.0 || function != Function::Hazard)
            .map(|t| {
                let h = if t > 0.0 { fitted.hazard(t, eta, ancillary) } else { 0.0 };
                (t, function.of(fitted.cumulative(t, eta, ancillary), h))
            })
            .collect();
        out.push(curve);
    }
    Ok((out, records.rows.len()))
}
