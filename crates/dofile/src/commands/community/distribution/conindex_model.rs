//! Numbers of `conindex`: fractional ranks and the convenient regression on them.

use estimators::ols::{OlsFit, Request, fit};
use estimators::vce::{Clusters, Vce};
use estimators::weights::Weights;

/// Which index.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Index {
    /// Concentration index, or Gini without a variable of ranks.
    Standard,
    /// Times the mean.
    Generalized,
    /// Of a variable whose lower limit is this number.
    Modified(f64),
    /// Divided by one less the mean.
    Wagstaff,
    /// Times four means.
    Erreygers,
    /// With the weight v of the poor.
    Extended(f64),
    /// With the weight beta of both ends.
    Symmetric(f64),
    /// Of absolute differences.
    ExtendedGeneralized(f64),
    /// Of absolute differences.
    SymmetricGeneralized(f64),
}

/// Mean and weighted fractional ranks of a sample. Equal values share the mean of their ranks.
pub(super) struct Ranked {
    pub(super) rank: Vec<f64>,
    pub(super) mean: f64,
    /// Variance of the ranks, divided by the sum of weights.
    pub(super) variance: f64,
    pub(super) distinct: usize,
}

/// Ranks of `by`, mean of `h`.
pub(super) fn ranked(h: &[f64], by: &[f64], w: &[f64]) -> Ranked {
    let mut order: Vec<usize> = (0..by.len()).collect();
    order.sort_by(|a, b| by[*a].total_cmp(&by[*b]));
    let total: f64 = w.iter().sum();
    let mut rank = vec![0.0; by.len()];
    let (mut below, mut distinct) = (0.0, 0);
    for run in order.chunk_by(|a, b| by[*a] == by[*b]) {
        let own: f64 = run.iter().map(|i| w[*i]).sum();
        run.iter().for_each(|i| rank[*i] = (below + own / 2.0) / total);
        below += own;
        distinct += 1;
    }
    let weighted = |f: &dyn Fn(usize) -> f64| (0..h.len()).map(|i| w[i] * f(i)).sum::<f64>() / total;
    let mean = weighted(&|i| h[i]);
    let centre = weighted(&|i| rank[i]);
    let variance = weighted(&|i| (rank[i] - centre).powi(2));
    Ranked { rank, mean, variance, distinct }
}

impl Index {
    /// The factor that makes it of the standard index.
    fn factor(self, mean: f64) -> f64 {
        match self {
            Self::Generalized => mean,
            Self::Modified(low) => mean / (mean - low),
            Self::Wagstaff => 1.0 / (1.0 - mean),
            Self::Erreygers => 4.0 * mean,
            _ => 1.0,
        }
    }

    /// The outcome of the convenient regression, whose slope is the index.
    pub(super) fn outcome(self, h: &[f64], r: &Ranked) -> Vec<f64> {
        let scale = 2.0 * r.variance / r.mean * self.factor(r.mean);
        h.iter().map(|h| scale * h).collect()
    }

    /// Indices that are weighted sums without a regression.
    pub(super) fn direct(self, h: &[f64], r: &Ranked, w: &[f64]) -> Option<f64> {
        let total: f64 = w.iter().sum();
        let mean =
            |f: &dyn Fn(f64) -> f64| (0..h.len()).map(|i| w[i] * h[i] * f(r.rank[i])).sum::<f64>() / total;
        let extended = |v: f64| mean(&|x| 1.0 - v * (1.0 - x).powf(v - 1.0));
        let symmetric = |b: f64| {
            let weight = |x: f64| {
                let d = x - 0.5;
                if d == 0.0 { 0.0 } else { b * 2f64.powf(b - 2.0) * d.abs().powf(b - 2.0) * d }
            };
            mean(&weight)
        };
        Some(match self {
            Self::Extended(v) => extended(v) / r.mean,
            Self::ExtendedGeneralized(v) => v.powf(v / (v - 1.0)) / (v - 1.0) * extended(v),
            Self::Symmetric(b) => symmetric(b) / r.mean,
            Self::SymmetricGeneralized(b) => 4.0 * symmetric(b),
            _ => return None,
        })
    }

    /// Its name before the word index.
    pub(super) fn label(self, own_ranks: bool) -> String {
        let name = if own_ranks { "Gini" } else { "CI" };
        match self {
            Self::Standard => name.to_string(),
            Self::Generalized => format!("Gen. {name}"),
            Self::Modified(_) => format!("Modified {name}"),
            Self::Wagstaff => format!("Wagstaff norm. {name}"),
            Self::Erreygers => format!("Erreygers norm. {name}"),
            Self::Extended(_) => format!("Extended {name}"),
            Self::Symmetric(_) => format!("Symmetric {name}"),
            Self::ExtendedGeneralized(_) => format!("Gen. extended {name}"),
            Self::SymmetricGeneralized(_) => format!("Gen. symmetric {name}"),
        }
    }
}

/// How the regression is weighted and its covariance.
pub(super) struct Design<'a> {
    pub(super) weights: Option<&'a Weights>,
    pub(super) robust: bool,
    pub(super) clusters: Option<(&'a [u32], usize)>,
}

/// An index with its standard error.
pub(super) struct Estimate {
    pub(super) n: f64,
    pub(super) value: f64,
    pub(super) se: Option<f64>,
    pub(super) df: f64,
}

/// The slope of the convenient regression (Kakwani, Wagstaff and van Doorslaer 1997).
pub(super) fn estimate(outcome: &[f64], rank: &[f64], design: &Design<'_>) -> Option<Estimate> {
    let columns = [rank];
    let vce = match design.clusters {
        Some((of_row, count)) => Vce::Cluster(Clusters::new(of_row, count)),
        None if design.robust => Vce::Robust,
        None => Vce::Classical,
    };
    let request = Request { weights: design.weights, vce, ..Request::new(outcome, &columns) };
    let OlsFit { b, v, n, df_r, .. } = fit(&request).ok().filter(|f| f.b.len() == 2)?;
    Some(Estimate { n, value: b[0], se: Some(v[(0, 0)].sqrt()), df: df_r })
}
