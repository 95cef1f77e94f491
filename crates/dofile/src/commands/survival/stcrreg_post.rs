//! Postestimation of `stcrreg`: relative subhazards and the baseline, which `stcurve` uses too ([ST] stcrreg
//! postestimation).

use crate::error::Result;
use crate::estimation::linear::Parameters;
use crate::estimation::survival::{Records, Settings};
use crate::ops::predict::{Prediction, design};
use crate::session::Session;
use crate::syntax::numlist;
use crate::value::{MISSING, is_missing};
use estimators::subhazard::{End, Step, Subjects, baseline};

/// Statistics of `predict`.
pub(super) const STATISTICS: &[&str] = &["shr", "basecif", "basecshazard"];

/// The sample of the active model with the steps of its baseline.
pub(super) struct SubhazardSample {
    /// Records.
    pub records: Records,
    /// Steps of the cumulative subhazard at regressors of zero, in the order of time.
    pub steps: Vec<Step>,
}

/// Position and coefficient of the regressors that are in the model.
fn active(parameters: &Parameters) -> Vec<usize> {
    let omitted = |i: &usize| parameters.terms[*i].as_ref().is_some_and(|t| t.is_omitted());
    (0..parameters.b.len()).filter(|i| !omitted(i)).collect()
}

impl SubhazardSample {
    /// Reads the sample again from the data.
    ///
    /// # Errors
    /// r(119) when the data are no longer `st`, r(322) without an estimation sample, r(111) without a regressor.
    pub(super) fn read(s: &Session) -> Result<Self> {
        let settings = Settings::of(&s.frame)?;
        let sample = s.required_estimation_sample()?;
        let records = Records::read(s, &settings, &mut sample.to_vec())?;
        let text = |name: &str| s.e.results.get_text(name).unwrap_or("").to_string();
        let values = match text("compete").split_once("==") {
            Some((_, codes)) => numlist::expand(codes)?,
            None => Vec::new(),
        };
        let variable = s.numeric_variable(&text("crevent"))?;
        let end = |(row, failed): (&usize, &bool)| {
            let x = s.frame.num_at(variable, *row);
            let other = !is_missing(x) && if values.is_empty() { x != 0.0 } else { values.contains(&x) };
            match (failed, other) {
                (true, _) => End::Event,
                (false, true) => End::Competing,
                (false, false) => End::Censored,
            }
        };
        let ends: Vec<End> = records.rows.iter().zip(&records.d).map(end).collect();
        let parameters = Parameters::of(&s.e)?;
        let own = active(&parameters);
        let columns = design(&s.frame, &parameters, &own, &records.rows)?;
        let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let b: Vec<f64> = own.iter().map(|&i| parameters.b[i]).collect();
        let steps = baseline(&Subjects::new(&records.t, &ends, &slices), &b);
        Ok(Self { records, steps })
    }

    /// Cumulative subhazard at regressors of zero after each step.
    pub(super) fn totals(&self) -> Vec<f64> {
        let add = |total: &mut f64, step: &Step| {
            *total += step.hazard;
            Some(*total)
        };
        self.steps.iter().scan(0.0, add).collect()
    }
}

/// A statistic on rows of the data.
///
/// # Errors
/// Those of [`SubhazardSample::read`].
pub(super) fn predict(s: &Session, statistic: &str, rows: &[usize]) -> Result<Prediction> {
    if statistic == "shr" {
        let parameters = Parameters::of(&s.e)?;
        let own = active(&parameters);
        let columns = design(&s.frame, &parameters, &own, rows)?;
        let index = |i: usize| columns.iter().zip(&own).map(|(c, j)| c[i] * parameters.b[*j]).sum::<f64>();
        let complete = |i: usize| columns.iter().all(|c| !is_missing(c[i]));
        let values = (0..rows.len()).map(|i| if complete(i) { index(i).exp() } else { MISSING }).collect();
        return Ok(Prediction { values, label: "Predicted subhazard ratio".to_string() });
    }
    let sample = SubhazardSample::read(s)?;
    let mut all = vec![MISSING; s.frame.n_rows()];
    let totals = sample.totals();
    for (row, time) in sample.records.rows.iter().zip(&sample.records.t) {
        let passed = sample.steps.partition_point(|s| s.time <= *time);
        let cumulative = if passed == 0 { 0.0 } else { totals[passed - 1] };
        all[*row] = if statistic == "basecif" { -(-cumulative).exp_m1() } else { cumulative };
    }
    let label = if statistic == "basecif" { "Baseline CIF" } else { "Cumulative baseline subhazard" };
    Ok(Prediction { values: rows.iter().map(|r| all[*r]).collect(), label: label.to_string() })
}
