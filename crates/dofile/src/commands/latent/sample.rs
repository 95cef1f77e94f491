//! What item response models and latent classes read alike: the rows with answers, and how the scores are summed.

use crate::error::{Result, StataError};
use crate::estimation::model::{LIKELIHOOD_VCE, Model, Reading};
use crate::estimation::sample::OpenSample;
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::is_missing;
use estimators::latent::patterns::Robust;
use estimators::vce::Vce;
use estimators::weights::WeightKind as Kind;

/// The sample: rows with an answer to one of the items, under `listwise` to all.
pub(super) fn answered(s: &mut Session, cmd: &ParsedCommand, items: &[usize]) -> Result<Model> {
    use WeightKind::{Frequency, Importance, Probability};
    let reading = Reading {
        plain_vce: LIKELIHOOD_VCE,
        ..Reading::likelihood(cmd, &[Frequency, Importance, Probability])
    };
    let mut open = OpenSample::open(s, cmd, &reading)?;
    for (row, used) in open.touse.iter_mut().enumerate().filter(|(_, used)| **used) {
        let mut known = items.iter().map(|v| !is_missing(s.frame.num_at(*v, row)));
        *used = if cmd.has("listwise") { known.all(|k| k) } else { known.any(|k| k) };
    }
    open.close_without_terms(s)
}

/// How the sandwich of a model is formed; none for the observed information.
pub(super) fn robust<'a>(
    model: &'a Model,
    weights: Option<&(Vec<f64>, Kind)>,
    n: f64,
) -> Result<Option<Robust<'a>>> {
    Ok(match model.kernel_vce() {
        Vce::Cluster(c) => Some(Robust::Clusters(c.of_row, c.count)),
        Vce::Classical if !model.is_robust() => None,
        Vce::Classical | Vce::Robust => {
            let frequency = weights.is_some_and(|(_, kind)| *kind == Kind::Frequency);
            Some(Robust::Rows { frequency, n })
        }
        _ => return Err(StataError::invalid("vce(hc2) and vce(hc3) not allowed")),
    })
}
