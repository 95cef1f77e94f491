//! `margins` after a kernel regression: its margins have no derivatives in parameters, so their errors come from samples that
//! are drawn from the observations, each with a regression of its own ([R] npregress kernel postestimation).

use super::formula::Target;
use super::{Cell, Comparing, Request, compute};
use crate::error::{Result, StataError};
use crate::estimation::kernel_model::KernelModel;
use crate::estimation::linear::Parameters;
use crate::ops::dots::Dots;
use crate::ops::resampling::{Intervals, complete_covariance, count, draw_counts, seed};
use crate::session::{OwnLimits, Session};
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::matrix::Mat;
use std::sync::Arc;

/// The kernel regression behind the active results.
pub(super) fn model(session: &Session) -> Option<Arc<KernelModel>> {
    session.e.extra.clone()?.downcast::<KernelModel>().ok()
}

/// The parameters of the model; regressors alone after a kernel regression.
pub(super) fn parameters(session: &Session) -> Result<Parameters> {
    model(session).map_or_else(|| Parameters::of(&session.e), |m| Ok(m.as_parameters()))
}

/// Whether the text of `vce()` is that of a bootstrap.
pub(super) fn is_bootstrap(text: &str) -> bool {
    abbreviates(text.split(',').next().unwrap_or("").trim(), "BOOTstrap")
}

fn asked(cmd: &ParsedCommand) -> bool {
    cmd.options.has("reps") || cmd.options.text("vce").is_some_and(is_bootstrap)
}

/// Whether the margins stand alone: after a kernel regression without a bootstrap.
pub(super) fn without_errors(session: &Session, cmd: &ParsedCommand) -> bool {
    model(session).is_some() && !asked(cmd)
}

/// A bootstrap of margins.
pub(super) struct Plan {
    reps: usize,
    seed: Option<String>,
    dots: bool,
}

impl Plan {
    /// Reads `reps()`, `seed()` and `vce(bootstrap)`.
    ///
    /// # Errors
    /// r(198) after another command.
    pub(super) fn read(session: &Session, cmd: &ParsedCommand) -> Result<Option<Self>> {
        if !asked(cmd) {
            return match cmd.options.has("seed") {
                true => Err(StataError::invalid("option seed() requires reps()")),
                false => Ok(None),
            };
        }
        if model(session).is_none() {
            return Err(StataError::invalid("reps() and vce(bootstrap) of margins need npregress kernel"));
        }
        if cmd.options.has("nose") {
            return Err(StataError::invalid("options nose and reps() may not be combined"));
        }
        let (mut reps, mut dots) = (cmd.options.int("reps"), !cmd.has("nodots"));
        let mut seed = cmd.options.text("seed").map(str::to_string);
        let inner = cmd.options.text("vce").and_then(|t| t.split_once(',')).map_or("", |t| t.1);
        for (name, argument) in split_options(inner)? {
            match argument {
                Some(a) if abbreviates(&name, "Reps") => {
                    let n = parse_number(&a).filter(|n| n.fract() == 0.0);
                    reps =
                        Some(n.ok_or_else(|| StataError::invalid("option reps() incorrectly specified"))?
                            as i64);
                }
                Some(a) if abbreviates(&name, "SEed") => seed = Some(a),
                None if abbreviates(&name, "noDots") => dots = false,
                _ => {
                    return Err(StataError::unsupported_option(
                        "margins",
                        &format!("vce(bootstrap, {name})"),
                    ));
                }
            }
        }
        Ok(Some(Self { reps: count(reps, 50)?, seed, dots }))
    }

    /// Covariance of the margins over the replications, and percentiles.
    pub(super) fn covariance(
        &self,
        session: &mut Session,
        parameters: &Parameters,
        request: &Request,
        targets: &[Target],
        rows: &[usize],
        cells: &[Cell],
    ) -> Result<(Mat, OwnLimits)> {
        let [Target::Kernel(model)] = targets else { return Err(StataError::syntax()) };
        if !matches!(request.comparing, Comparing::Nothing) {
            return Err(StataError::unsupported_option("margins", "comparisons with reps()"));
        }
        seed(session, self.seed.as_deref())?;
        let mut dots = self.dots.then(|| Dots::begin(session, "Bootstrap replications", self.reps));
        let mut replications = Vec::with_capacity(self.reps);
        for _ in 0..self.reps {
            if session.interrupted() {
                return Err(StataError::standard(1));
            }
            let mut drawn = KernelModel::clone(model);
            drawn.data.counts = draw_counts(session, model.rows.len());
            let mut of_row = vec![1.0; session.frame.n_rows()];
            drawn.rows.iter().zip(&drawn.data.counts).for_each(|(r, c)| of_row[*r] = *c);
            let weights: Vec<f64> = rows.iter().map(|r| of_row[*r]).collect();
            let targets = [Target::Kernel(Arc::new(drawn))];
            let found = compute::compute(session, parameters, request, &targets, rows, &weights);
            let values: Vec<f64> = match found {
                Ok((cells, ..)) => cells.iter().map(|c| c.margin.value).collect(),
                Err(_) => vec![MISSING; cells.len()],
            };
            if let Some(dots) = &mut dots {
                dots.dot(session, values.contains(&MISSING));
            }
            replications.push(values);
        }
        if let Some(dots) = dots {
            dots.end(session);
        }
        let k = cells.len();
        let (v, complete) = complete_covariance(&replications, k)?;
        let limits = (0..k)
            .map(|j| {
                let own = complete.iter().map(|r| r[j]).collect();
                Intervals::of(own, cells[j].margin.value, v[j * k + j].sqrt(), request.level).percentile
            })
            .collect();
        Ok((Mat::from_rows(k, k, v), ("Percentile", limits)))
    }
}
