//! Runs the models in the sample and in its resamples.

use crate::error::{Result, StataError};
use crate::ops::run::{quietly, shown};
use crate::session::Session;
use crate::value::is_missing;
use estimators::distributions::{normal_tail, normal_two_sided, t_tail, t_two_sided};

/// A coefficient that is tested.
#[derive(Clone)]
pub(super) struct Coefficient {
    /// Position of its model.
    pub(super) model: usize,
    pub(super) name: String,
    pub(super) null: f64,
}

/// Estimates of the tested coefficients of a model.
#[derive(Clone, Copy)]
pub(super) struct Estimate {
    pub(super) b: f64,
    pub(super) se: f64,
    /// Residual degrees of freedom, none for z.
    pub(super) df: Option<f64>,
}

impl Estimate {
    /// The statistic against a value.
    pub(super) fn ratio(&self, null: f64) -> f64 {
        (self.b - null) / self.se
    }

    /// p-value against a value, of both sides or of one.
    pub(super) fn p(&self, null: f64, side: Side) -> f64 {
        let t = self.ratio(null);
        match (side, self.df) {
            (Side::Both, Some(df)) => t_two_sided(df, t),
            (Side::Both, None) => normal_two_sided(t),
            (Side::Positive, Some(df)) => t_tail(df, -t),
            (Side::Positive, None) => normal_tail(-t),
            (Side::Negative, Some(df)) => t_tail(df, t),
            (Side::Negative, None) => normal_tail(t),
        }
    }
}

/// Hypotheses of both sides, or that a parameter is at least (`Positive`) or at most (`Negative`) its value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Both,
    Positive,
    Negative,
}

impl Side {
    /// A statistic that is large where the hypothesis is wrong.
    pub(super) fn statistic(self, t: f64) -> f64 {
        match self {
            Self::Both => t.abs(),
            Self::Positive => -t,
            Self::Negative => t,
        }
    }

    pub(super) fn read(text: Option<&str>) -> Result<Self> {
        match text.map(str::trim) {
            None => Ok(Self::Both),
            Some("positive") => Ok(Self::Positive),
            Some("negative") => Ok(Self::Negative),
            Some(other) => {
                Err(StataError::invalid(format!("onesided({other}) must be positive or negative")))
            }
        }
    }
}

/// How resamples are drawn.
pub(super) struct Plan {
    pub(super) reps: usize,
    pub(super) strata: String,
    pub(super) cluster: String,
    /// Name of the resampled clusters; models with `cluster()` of the variable use it.
    pub(super) idcluster: String,
    pub(super) dots: bool,
    /// Shows the models of the sample.
    pub(super) verbose: bool,
    /// Leaves out resamples without valid statistics, which are an error otherwise.
    pub(super) use_valid: bool,
}

/// Estimates of the coefficients in the sample, and in each resample.
pub(super) struct Runs {
    pub(super) sample: Vec<Estimate>,
    pub(super) draws: Vec<Vec<Estimate>>,
}

/// Runs every model once and reads its coefficients.
fn estimates(
    s: &mut Session,
    models: &[String],
    wanted: &[Coefficient],
    verbose: bool,
) -> Result<Vec<Estimate>> {
    let mut out: Vec<Option<Estimate>> = vec![None; wanted.len()];
    for (k, model) in models.iter().enumerate() {
        if verbose {
            shown(s, model)?
        } else {
            quietly(s, model)?
        };
        let df = s.e.results.get_scalar("df_r").filter(|x| !is_missing(*x));
        for (j, c) in wanted.iter().enumerate().filter(|(_, c)| c.model == k) {
            let (Some(b), Some(v)) = (s.e.b(), s.e.v()) else {
                return Err(StataError::new(301, format!("{model}: no coefficients")));
            };
            let at =
                b.find_col(&c.name).ok_or_else(|| StataError::new(111, format!("[{}] not found", c.name)))?;
            out[j] = Some(Estimate { b: b.get(0, at), se: v.get(at, at).sqrt(), df });
        }
    }
    Ok(out.into_iter().flatten().collect())
}

/// The models in the sample and in its resamples. The data, and the active estimates, stay what they were.
pub(super) fn run(s: &mut Session, models: &[String], wanted: &[Coefficient], plan: &Plan) -> Result<Runs> {
    let held = s.hold_estimates();
    let frame = s.frame.clone();
    let done = run_all(s, models, wanted, plan);
    s.frame = frame;
    s.restore_estimates(held);
    done
}

fn run_all(s: &mut Session, models: &[String], wanted: &[Coefficient], plan: &Plan) -> Result<Runs> {
    let sample = estimates(s, models, wanted, plan.verbose)?;
    if sample.iter().any(|e| e.se <= 0.0 || !e.se.is_finite()) {
        return Err(StataError::new(498, "a tested coefficient has no standard error"));
    }
    let within: Vec<String> = models.iter().map(|m| clustered_by(m, plan)).collect();
    let mut options = String::new();
    for (name, text) in [("strata", &plan.strata), ("cluster", &plan.cluster), ("idcluster", &plan.idcluster)]
    {
        if !text.is_empty() {
            options.push_str(&format!(" {name}({text})"));
        }
    }
    s.print(format!("Bootstrap replications ({}). This may take some time.", plan.reps));
    if plan.dots {
        s.print("----+--- 1 ---+--- 2 ---+--- 3 ---+--- 4 ---+--- 5");
    }
    let frame = s.frame.clone();
    let mut draws = Vec::with_capacity(plan.reps);
    let mut line = String::new();
    for rep in 1..=plan.reps {
        if s.interrupted() {
            return Err(StataError::standard(1));
        }
        s.frame = frame.clone();
        quietly(s, &format!("bsample,{options}"))?;
        let found = estimates(s, &within, wanted, false);
        let valid = |e: &Vec<Estimate>| e.iter().all(|e| e.se > 0.0 && e.ratio(0.0).is_finite());
        let failed = match found {
            Ok(found) if valid(&found) => {
                draws.push(found);
                false
            }
            Err(error) if error.code == 1 || !plan.use_valid => return Err(error),
            Ok(_) if !plan.use_valid => {
                return Err(StataError::new(
                    498,
                    "a resample has no valid statistic; specify usevalid to leave it out",
                ));
            }
            _ => true,
        };
        line.push(if failed { 'x' } else { '.' });
        if plan.dots && (rep % 50 == 0 || rep == plan.reps) {
            let count = if rep % 50 == 0 { format!("     {rep}") } else { String::new() };
            s.print(format!("{line}{count}"));
            line.clear();
        }
    }
    if draws.is_empty() {
        return Err(StataError::new(498, "no resample has valid statistics"));
    }
    Ok(Runs { sample, draws })
}

/// A model with the resampled clusters instead of the original ones.
fn clustered_by(model: &str, plan: &Plan) -> String {
    if plan.idcluster.is_empty() || plan.cluster.is_empty() {
        return model.to_string();
    }
    let (old, new) = (plan.cluster.trim(), plan.idcluster.trim());
    let mut out = model.to_string();
    for prefix in ["cluster(", "cluster ", "cl(", "cl ", "clust(", "clust "] {
        out = out.replace(&format!("{prefix}{old})"), &format!("{prefix}{new})"));
    }
    out
}
