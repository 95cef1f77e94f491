//! Postestimation of `stcox`: predictions and concordance. Formulas: [ST] stcox postestimation.

use super::cox_influence;
use super::stcox::{repeated, strata_of};
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::estimation::post::stata;
use crate::estimation::survival::{Records, Settings, residual};
use crate::format;
use crate::ops::estat::Call;
use crate::ops::predict::{Prediction, design};
use crate::ops::scores::offset;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::WeightKind;
use crate::value::MISSING;
use estimators::concordance::{goenen_heller, harrell};
use estimators::cox::CoxData;
use estimators::cox_after::{Baseline, baseline, cumulative, schoenfeld};
use estimators::matrix::Mat;

/// The estimation sample of the active Cox model, read again from the data.
pub(crate) struct CoxSample {
    /// Records, without repetition.
    pub records: Records,
    /// Stratum of each record.
    pub stratum: Vec<u32>,
    /// Estimated regressors.
    pub columns: Vec<Vec<f64>>,
    /// Their coefficients.
    pub b: Vec<f64>,
    /// Their model-based covariance.
    pub v: Mat,
    /// Their names.
    pub names: Vec<String>,
    efron: bool,
    /// A term of the index with coefficient one; zero without an offset.
    offset: Vec<f64>,
    /// Settings of the data.
    pub settings: Settings,
}

impl CoxSample {
    /// Reads the sample.
    pub(crate) fn read(s: &Session) -> Result<Self> {
        if s.e.results.get_text("tvc").is_some() {
            return Err(StataError::new(198, "not allowed after estimation with tvc()"));
        }
        if s.e.results.get_text("shared").is_some() {
            return Err(StataError::unsupported_option(
                "predict",
                "this statistic after stcox with shared()",
            ));
        }
        let settings = Settings::of(&s.frame)?;
        let sample = s.required_estimation_sample()?;
        let mut touse = sample.to_vec();
        let records = Records::read(s, &settings, &mut touse)?;
        let text = |name: &str| s.e.results.get_text(name).unwrap_or("").to_string();
        let strata = match text("strata") {
            t if t.is_empty() => Vec::new(),
            t => s.varlist(&t)?,
        };
        let parameters = Parameters::of(&s.e)?;
        let omitted = |i: &usize| parameters.terms[*i].as_ref().is_some_and(|t| t.is_omitted());
        let active: Vec<usize> = (0..parameters.b.len()).filter(|i| !omitted(i)).collect();
        let columns = design(&s.frame, &parameters, &active, &records.rows)?;
        let model_v = match s.e.results.matrices.get("V_modelbased") {
            Some(m) => crate::estimation::post::kernel(m),
            None => parameters.v.clone(),
        };
        Ok(Self {
            stratum: strata_of(s, &strata, &records),
            columns,
            b: active.iter().map(|&i| parameters.b[i]).collect(),
            v: model_v.select(&active, &active),
            names: active.iter().map(|&i| parameters.stripe[i].name.clone()).collect(),
            efron: text("ties") == "efron",
            offset: offset(s, &records.rows)?,
            records,
            settings,
        })
    }

    /// Linear index of each record.
    pub(crate) fn eta(&self) -> Vec<f64> {
        (0..self.records.rows.len())
            .map(|i| self.offset[i] + self.columns.iter().zip(&self.b).map(|(c, b)| c[i] * b).sum::<f64>())
            .collect()
    }

    /// Runs a kernel on the records, those with frequency weights repeated.
    pub(super) fn with<T>(&self, work: impl FnOnce(CoxData<'_>, &[usize]) -> T) -> T {
        let at = repeated(&self.records);
        let records = self.records.select(&at);
        let stratum: Vec<u32> = at.iter().map(|&i| self.stratum[i]).collect();
        let w = match &records.weights {
            Some((kind, w)) if *kind != WeightKind::Frequency => Some(w.as_slice()),
            _ => None,
        };
        let offset: Vec<f64> = at.iter().map(|&i| self.offset[i]).collect();
        let data = CoxData {
            offset: Some(&offset),
            t0: &records.t0,
            t: &records.t,
            d: &records.d,
            stratum: &stratum,
            w,
            efron: self.efron,
        };
        work(data, &at)
    }

    pub(super) fn repeated_columns(&self, at: &[usize]) -> Vec<Vec<f64>> {
        self.columns.iter().map(|c| at.iter().map(|&i| c[i]).collect()).collect()
    }

    /// Baseline functions as `(stratum, time, cumulative hazard, contribution, survivor)` steps.
    pub(crate) fn baseline(&self) -> Vec<Baseline> {
        let eta = self.eta();
        self.with(|data, at| baseline(data, &at.iter().map(|&i| eta[i]).collect::<Vec<_>>()))
    }

    /// Cumulative hazards and failures, added up over the records of a subject and shown at its last one, or of each record.
    fn cox_snell(&self, s: &Session, partial: bool) -> (Vec<f64>, Vec<f64>) {
        let eta = self.eta();
        let mut own = vec![0.0; eta.len()];
        self.with(|data, at| {
            let repeated_eta: Vec<f64> = at.iter().map(|&i| eta[i]).collect();
            for (position, value) in at.iter().zip(cumulative(data, &repeated_eta)) {
                own[*position] = value;
            }
        });
        let deaths: Vec<f64> = self.records.d.iter().map(|d| f64::from(u8::from(*d))).collect();
        if partial {
            return (own, deaths);
        }
        let total = |values: &[f64]| self.records.at_last(&s.frame, &self.settings, values);
        (total(&own), total(&deaths))
    }
}

/// Statistics of `predict` after `stcox` that need the whole sample.
pub(crate) const STATISTICS: &[&str] =
    &["basesurv", "basechazard", "basehc", "csnell", "mgale", "deviance", "schoenfeld", "scaledsch"];

/// Predictions after `stcox` on rows of the data; several for a stub. `partial`: residuals of records, not of subjects.
pub(crate) fn predict(
    s: &Session,
    statistic: &str,
    partial: bool,
    rows: &[usize],
) -> Result<Vec<Prediction>> {
    let summed = ["csnell", "mgale", "deviance"];
    if partial && !summed.contains(&statistic) && !cox_influence::STATISTICS.contains(&statistic) {
        return Err(StataError::new(198, format!("option partial not allowed with {statistic}")));
    }
    let sample = CoxSample::read(s)?;
    let n = s.frame.n_rows();
    let spread = |values: &[f64]| -> Vec<f64> {
        let mut all = vec![MISSING; n];
        sample.records.rows.iter().zip(values).for_each(|(row, v)| all[*row] = stata(*v));
        rows.iter().map(|&r| all[r]).collect()
    };
    let made = |values: Vec<f64>, label: &str| vec![Prediction { values, label: label.to_string() }];
    let at = |pick: &dyn Fn(&Baseline) -> f64, none: f64| -> Vec<f64> {
        let steps = sample.baseline();
        let value = |i: usize| {
            let key = (sample.stratum[i], sample.records.t[i]);
            let upto = steps.partition_point(|b| (b.stratum, b.time) <= key);
            let first = steps.partition_point(|b| b.stratum < key.0);
            if upto > first { pick(&steps[upto - 1]) } else { none }
        };
        (0..sample.records.rows.len()).map(value).collect()
    };
    let residuals = || -> Vec<f64> {
        let (hazards, deaths) = sample.cox_snell(s, partial);
        hazards.iter().zip(&deaths).map(|(h, d)| residual(statistic, *h, *d)).collect()
    };
    Ok(match statistic {
        "basesurv" => made(spread(&at(&|b| b.survivor, 1.0)), "Baseline survivor"),
        "basechazard" => made(spread(&at(&|b| b.cumulative, 0.0)), "Cumulative baseline hazard"),
        "basehc" => {
            let mut values = at(&|b| b.contribution, MISSING);
            values.iter_mut().zip(&sample.records.d).for_each(|(v, d)| {
                if !d {
                    *v = MISSING;
                }
            });
            made(spread(&values), "Baseline hazard contribution")
        }
        "csnell" => made(spread(&residuals()), "Cox-Snell residual"),
        "mgale" => made(spread(&residuals()), "Martingale residual"),
        "deviance" => made(spread(&residuals()), "Deviance residual"),
        _ => by_regressor(s, &sample, statistic, partial)
            .into_iter()
            .map(|(v, label)| Prediction { values: spread(&v), label })
            .collect(),
    })
}

/// Residuals with one value for each regressor, and the measures of influence.
fn by_regressor(s: &Session, sample: &CoxSample, statistic: &str, partial: bool) -> Vec<(Vec<f64>, String)> {
    if cox_influence::STATISTICS.contains(&statistic) {
        return cox_influence::predict(s, sample, statistic, partial);
    }
    let (n, k) = (sample.records.rows.len(), sample.b.len());
    let mut values = vec![vec![MISSING; n]; k];
    let (residuals, d) = residuals(sample);
    for (i, r) in residuals {
        let scaled = sample.v.times_vector(&r);
        for j in 0..k {
            values[j][i] = if statistic == "schoenfeld" { r[j] } else { sample.b[j] + d * scaled[j] };
        }
    }
    let what = if statistic == "schoenfeld" { "Schoenfeld" } else { "Scaled Schoenfeld" };
    values.into_iter().zip(&sample.names).map(|(v, name)| (v, format!("{what} - {name}"))).collect()
}

/// Schoenfeld residuals by record and the number of failures.
pub(super) fn residuals(sample: &CoxSample) -> (Vec<(usize, Vec<f64>)>, f64) {
    sample.with(|data, at| {
        let found = schoenfeld(data, &sample.repeated_columns(at), &sample.b);
        let d = found.len() as f64;
        (found.into_iter().map(|(i, r)| (at[i], r)).collect(), d)
    })
}

/// `estat concordance [, harrell gheller noshow]`.
pub(crate) fn concordance(s: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(
        &[OptSpec::flag("Harrell"), OptSpec::flag("GHeller"), OptSpec::flag("noShow")],
        &["se", "all"],
    )?;
    let sample = CoxSample::read(s)?;
    if sample.records.t0.iter().any(|t| *t > 0.0) {
        return Err(StataError::new(
            498,
            "estat concordance may not be used with delayed entries, gaps or several records per subject",
        ));
    }
    if sample.records.weights.is_some() {
        return Err(StataError::new(404, "estat concordance may not be used with weighted data"));
    }
    if !options.has("noshow") {
        crate::estimation::survival::show(s, &sample.settings);
    }
    let eta = sample.eta();
    let n = eta.len() as f64;
    let mut r = Results::default();
    r.scalar("N", n);
    if options.has("harrell") || !options.has("gheller") {
        let pairs = harrell(&sample.records.t, &sample.records.d, &eta);
        let c = stata((pairs.concordant + pairs.tied / 2.0) / pairs.comparable);
        let somers = stata(2.0 * c - 1.0);
        s.print("");
        s.print("Harrell's C concordance statistic");
        s.print("");
        for (label, fmt, x) in [
            ("  Number of subjects (N)", "%9.0g", n),
            ("  Number of comparison pairs (P)", "%9.0g", pairs.comparable),
            ("  Number of orderings as expected (E)", "%9.0g", pairs.concordant),
            ("  Number of tied predictions (T)", "%9.0g", pairs.tied),
            ("         Harrell's C = (E + T/2) / P", "%6.4f", c),
            ("                           Somers' D", "%6.4f", somers),
        ] {
            s.print(format!("{label:<40} = {}", format::right(&format::bare(fmt, x), 9)));
        }
        r.scalar("n_P", pairs.comparable).scalar("n_E", pairs.concordant).scalar("n_T", pairs.tied);
        r.scalar("C", c).scalar("D", somers);
    }
    if options.has("gheller") {
        let k = goenen_heller(&eta);
        s.print("");
        s.print("Gönen and Heller's K concordance statistic");
        s.print("");
        s.print(format!("  Number of subjects (N) = {}", format::bare("%9.0g", n)));
        s.print(format!("      Gönen and Heller's K = {}", format::bare("%6.4f", k)));
        s.print(format!("                 Somers' D = {}", format::bare("%6.4f", 2.0 * k - 1.0)));
        r.scalar("K", k).scalar("K_D", 2.0 * k - 1.0);
    }
    s.r = r;
    Ok(())
}
