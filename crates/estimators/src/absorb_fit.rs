//! Linear regression on columns without the effects of several sets, with the degrees of freedom of the Stata
//! package reghdfe (Correia 2016, 2017) and covariances by one or several sets of clusters (Cameron, Gelbach and Miller
//! 2011).

use super::absorb::{Absorber, NotConverged, Slopes};
use super::matrix::Mat;
use super::ols::{self, FitError, OlsFit, Request};
use super::panel::Units;
use super::qr::weighted_mean;
use super::vce::{Clusters, Vce};
use super::weights::Weights;

/// The covariance of the coefficients.
pub enum Covariance<'a> {
    /// Errors of equal variance.
    Classical,
    /// Huber/White.
    Robust,
    /// Sums within the clusters of one or several variables.
    Clusters(&'a [Units]),
}

/// Coefficients of one set of effects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetCount {
    /// Groups.
    pub levels: usize,
    /// Coefficients that do not count.
    pub redundant: usize,
    /// Whether the groups are nested within a cluster, in which case no coefficient counts.
    pub nested: bool,
    /// Whether `redundant` is exact or a lower bound.
    pub exact: bool,
}

impl SetCount {
    fn new(units: &Units, redundant: usize, exact: bool, clusters: &[Units]) -> Self {
        let (levels, nested) = (units.count(), clusters.iter().any(|c| nested(units, c)));
        Self { levels, redundant: if nested { levels } else { redundant }, nested, exact: exact || nested }
    }

    /// Coefficients that count.
    pub fn counted(&self) -> usize {
        self.levels - self.redundant
    }
}

/// Which redundant effects are looked for (option `dofadjustments()`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adjustments {
    /// Connected parts of each set with the earlier ones; without, each further set has one redundant effect.
    pub pairwise: bool,
    /// Only the second set is compared, with the first.
    pub first_pair: bool,
    /// Sets nested within clusters do not count.
    pub clusters: bool,
    /// Slopes of variables that are constant in a group do not count.
    pub continuous: bool,
}

impl Adjustments {
    /// All of them.
    pub const ALL: Self = Self { pairwise: true, first_pair: false, clusters: true, continuous: true };
}

/// What is fitted.
pub struct AbsorbRequest<'a> {
    /// The outcome.
    pub y: &'a [f64],
    /// The regressors.
    pub columns: &'a [&'a [f64]],
    /// Weights of the rows.
    pub weights: Option<&'a Weights>,
    /// Intercepts of groups; at least one set.
    pub sets: &'a [Units],
    /// Slopes of groups.
    pub slopes: &'a [Slopes],
    /// The covariance of the coefficients.
    pub covariance: &'a Covariance<'a>,
    /// How degrees of freedom are counted.
    pub adjustments: Adjustments,
}

impl<'a> AbsorbRequest<'a> {
    /// A regression without weights and slopes.
    pub fn new(
        y: &'a [f64],
        columns: &'a [&'a [f64]],
        sets: &'a [Units],
        covariance: &'a Covariance<'a>,
    ) -> Self {
        Self { y, columns, weights: None, sets, slopes: &[], covariance, adjustments: Adjustments::ALL }
    }
}

/// A regression with absorbed effects.
pub struct AbsorbedFit {
    /// Coefficients and constant with the covariance that was asked for; `df_r` is that of the tests.
    pub ols: OlsFit,
    /// The sets in the order given.
    pub sets: Vec<SetCount>,
    /// The slopes in the order given.
    pub slopes: Vec<SetCount>,
    /// Coefficients of the effects that count, those of sets nested within clusters excluded.
    pub df_a: f64,
    /// Coefficients of sets nested within clusters.
    pub df_a_nested: f64,
    /// Rows less all coefficients, the degrees of freedom of the mean squared error.
    pub df_residual: f64,
    /// Total sum of squares around the mean, and after the effects are removed.
    pub total: (f64, f64),
    /// Number of clusters of each variable.
    pub clusters: Vec<usize>,
    /// Whether negative eigenvalues of the covariance were set to zero.
    pub repaired: bool,
}

/// Whether every group of `inner` lies within one group of `outer`.
pub fn nested(inner: &Units, outer: &Units) -> bool {
    let mut seen = vec![u32::MAX; inner.count()];
    inner.of_row.iter().zip(&outer.of_row).all(|(i, o)| {
        let slot = &mut seen[*i as usize];
        if *slot == u32::MAX {
            *slot = *o;
        }
        *slot == *o
    })
}

/// Numbers the combinations of several groupings.
pub fn intersection(all: &[&Units]) -> Units {
    let mut numbers = std::collections::HashMap::new();
    let rows = all.first().map_or(0, |u| u.of_row.len());
    let of_row = (0..rows)
        .map(|r| {
            let key: Vec<u32> = all.iter().map(|u| u.of_row[r]).collect();
            let next = numbers.len() as u32;
            *numbers.entry(key).or_insert(next)
        })
        .collect();
    Units::new(of_row)
}

/// Rows that are alone in a group of some set, found again until none is left.
pub fn singletons(sets: &[Units]) -> Vec<usize> {
    let rows = sets.first().map_or(0, |s| s.of_row.len());
    let mut sizes: Vec<Vec<usize>> = sets.iter().map(|s| s.sizes.clone()).collect();
    let mut dropped = vec![false; rows];
    loop {
        let mut found = false;
        for row in 0..rows {
            let alone = |sizes: &[Vec<usize>]| {
                sets.iter().zip(sizes).any(|(set, sizes)| sizes[set.of_row[row] as usize] == 1)
            };
            if !dropped[row] && alone(&sizes) {
                dropped[row] = true;
                found = true;
                for (set, sizes) in sets.iter().zip(&mut sizes) {
                    sizes[set.of_row[row] as usize] -= 1;
                }
            }
        }
        if !found {
            return (0..rows).filter(|r| dropped[*r]).collect();
        }
    }
}

/// Coefficients of the groups of each set.
pub type Coefficients = Vec<Vec<f64>>;

/// Coefficients of `column`, the part of an outcome that the effects explain: for each set those of its groups, then the
/// slopes. All sets but the largest have a mean of zero over the rows.
pub fn effects(
    column: &[f64],
    weights: Option<&[f64]>,
    sets: &[Units],
    slopes: &[Slopes],
) -> Result<(Coefficients, Coefficients), FitError> {
    let (order, sorted) = largest_first(sets);
    let found = Absorber::with_slopes(&sorted, slopes, weights).effects(column);
    let mut found = found.map_err(|NotConverged| FitError::NotConverged)?;
    let of_slopes = found.split_off(sets.len());
    let mut of_sets = vec![Vec::new(); sets.len()];
    order.into_iter().zip(found).for_each(|(k, values)| of_sets[k] = values);
    for (slope, coefficients) in slopes.iter().zip(&of_slopes) {
        if let Some(set) = slope.set {
            let means = coefficients.iter().zip(&slope.means);
            of_sets[set].iter_mut().zip(means).for_each(|(effect, (b, mean))| *effect -= b * mean);
        }
    }
    Ok((of_sets, of_slopes))
}

fn copy(set: &Units) -> Units {
    Units { of_row: set.of_row.clone(), sizes: set.sizes.clone() }
}

/// The sets with the largest first, which is eliminated exactly, and their places.
fn largest_first(sets: &[Units]) -> (Vec<usize>, Vec<Units>) {
    let mut order: Vec<usize> = (0..sets.len()).collect();
    order.sort_by_key(|k| std::cmp::Reverse(sets[*k].count()));
    let sorted = order.iter().map(|k| copy(&sets[*k])).collect();
    (order, sorted)
}

/// The columns of a regression without the effects, and the coefficients that these cost.
pub struct Cleaned {
    /// The columns, with their means.
    pub columns: Vec<Vec<f64>>,
    /// The sets in the order given.
    pub sets: Vec<SetCount>,
    /// The slopes in the order given.
    pub slopes: Vec<SetCount>,
    /// Coefficients that count, those nested within clusters excluded.
    pub df_a: f64,
    /// All coefficients.
    pub every: usize,
    /// Coefficients that count next to the constant.
    pub beside_constant: usize,
}

/// Takes the effects out of columns. The redundant effects count in the order of the sets, which matters for nothing else.
pub fn clean(
    columns: &[&[f64]],
    weights: Option<&[f64]>,
    sets: &[Units],
    slopes: &[Slopes],
    clusters: &[Units],
    adjustments: Adjustments,
) -> Result<Cleaned, FitError> {
    let nests = if adjustments.clusters { clusters } else { &[] };
    // Sets nested within clusters are not among those that the redundant effects of the others are counted against.
    let free: Vec<usize> = (0..sets.len()).filter(|k| !nests.iter().any(|c| nested(&sets[*k], c))).collect();
    let apart: Vec<Units> = free.iter().map(|k| copy(&sets[*k])).collect();
    let mut lost: Vec<usize> = match (adjustments.pairwise, adjustments.first_pair) {
        _ if apart.is_empty() => Vec::new(),
        (true, _) => Absorber::new(&apart, None).redundant(),
        (_, true) => {
            let pair = Absorber::new(&apart[..apart.len().min(2)], None).redundant();
            (0..apart.len()).map(|k| pair.get(k).copied().unwrap_or(1)).collect()
        }
        _ => (0..apart.len()).map(|k| usize::from(k > 0)).collect(),
    };
    // The constant lies among the effects of a nested set, and so among those of the first that counts.
    if free.len() < sets.len()
        && let Some(first) = lost.first_mut()
    {
        *first += 1;
    }
    let place = |k: usize| free.iter().position(|f| *f == k);
    let (_, sorted) = largest_first(sets);
    let absorber = Absorber::with_slopes(&sorted, slopes, weights);
    let cleaned = absorber.clean(columns, weights).map_err(|NotConverged| FitError::NotConverged)?;
    let all = |slope: &Slopes| if adjustments.continuous { slope.redundant } else { 0 };
    let count = |exact: bool, (units, lost): (&Units, usize)| SetCount::new(units, lost, exact, nests);
    let table: Vec<SetCount> = (0..sets.len())
        .map(|k| match place(k) {
            Some(at) => count(at < 2, (&sets[k], lost[at])),
            None => count(true, (&sets[k], 0)),
        })
        .collect();
    let of_slopes: Vec<SetCount> = slopes.iter().map(|s| count(false, (&s.units, all(s)))).collect();
    let counted = table.iter().chain(&of_slopes).map(SetCount::counted).sum::<usize>();
    let intercepts = table.iter().map(|t| if t.nested { t.levels } else { t.counted() });
    let every = intercepts.chain(slopes.iter().map(|s| s.units.count() - all(s))).sum();
    // Without nested sets the first one has the constant among its effects.
    let beside_constant = if free.len() < sets.len() { counted } else { counted - 1 };
    Ok(Cleaned {
        columns: cleaned,
        sets: table,
        slopes: of_slopes,
        df_a: counted as f64,
        every,
        beside_constant,
    })
}

/// Fits the regression.
pub fn fit(asked: &AbsorbRequest<'_>) -> Result<AbsorbedFit, FitError> {
    let AbsorbRequest { y, columns, weights, sets, slopes, covariance, adjustments } = *asked;
    let effective = weights.map(Weights::effective);
    let w = effective.as_ref().map(|(w, _)| w.as_slice());
    let all: Vec<&[f64]> = columns.iter().copied().chain([y]).collect();
    let clusters: &[Units] = match covariance {
        Covariance::Clusters(units) => units,
        _ => &[],
    };
    let counts = clean(&all, w, sets, slopes, clusters, adjustments)?;
    let mut cleaned = counts.columns;
    let outcome = cleaned.pop().expect("the outcome is the last column");
    let slices: Vec<&[f64]> = cleaned.iter().map(Vec::as_slice).collect();
    let request = |vce: Vce<'_>, absorbed: usize| {
        ols::fit(&Request {
            weights,
            vce,
            absorbed,
            absorbed_in_cluster: true,
            ..Request::new(&outcome, &slices)
        })
    };
    let classical = request(Vce::Classical, counts.every - 1)?;
    let df_residual = classical.df_residual;
    let sizes: Vec<usize> = clusters.iter().map(Units::count).collect();
    let (fitted, repaired) = match covariance {
        Covariance::Classical => (classical, false),
        Covariance::Robust => (request(Vce::Robust, counts.every - 1)?, false),
        Covariance::Clusters(units) => {
            by_clusters(units, |clusters| request(Vce::Cluster(clusters), counts.beside_constant))?
        }
    };
    let squares = |values: &[f64]| {
        let mean = weighted_mean(values, w);
        let weight = |i: usize| w.map_or(1.0, |w| w[i]);
        values.iter().enumerate().map(|(i, v)| weight(i) * (v - mean).powi(2)).sum::<f64>()
    };
    let total = (squares(y), squares(&outcome));
    Ok(AbsorbedFit {
        ols: fitted,
        sets: counts.sets,
        slopes: counts.slopes,
        df_a: counts.df_a,
        df_a_nested: counts.every as f64 - counts.df_a,
        df_residual,
        total,
        clusters: sizes,
        repaired,
    })
}

/// The covariance by one or several sets of clusters: those of every combination of the sets are added where it has an
/// odd number of sets and subtracted otherwise. All have the factor of the set with the fewest clusters.
fn by_clusters(
    units: &[Units],
    fit: impl Fn(Clusters<'_>) -> Result<OlsFit, FitError>,
) -> Result<(OlsFit, bool), FitError> {
    let smallest = units.iter().map(Units::count).min().unwrap_or(0);
    let factor = |g: usize| g as f64 / (g as f64 - 1.0);
    let mut found: Option<(OlsFit, Mat)> = None;
    for choice in 1..1_u32 << units.len() {
        let chosen: Vec<&Units> =
            (0..units.len()).filter(|k| choice & (1 << k) != 0).map(|k| &units[k]).collect();
        let both = intersection(&chosen);
        let one = fit(both.clusters())?;
        let scale = factor(smallest) / factor(both.count());
        let part = one.v.clone().scaled(if chosen.len() % 2 == 1 { scale } else { -scale });
        found = Some(match found {
            None => (one, part),
            Some((first, sum)) => (first, sum.plus(&part)),
        });
    }
    let (mut out, v) = found.ok_or(FitError::OneCluster)?;
    let (v, repaired) = if units.len() > 1 { semidefinite(&v) } else { (v, false) };
    out.v = v;
    out.df_r = smallest as f64 - 1.0;
    Ok((out, repaired))
}

/// The matrix with its negative eigenvalues set to zero.
pub fn semidefinite(v: &Mat) -> (Mat, bool) {
    let (values, vectors) = v.symmetrised().symmetric_eigen();
    let largest = values.iter().copied().fold(0.0, f64::max);
    if values.iter().all(|x| *x >= -1e-14 * largest) {
        return (v.clone(), false);
    }
    let size = values.len();
    let repaired = Mat::from_fn(size, size, |i, j| {
        (0..size).map(|k| vectors[(i, k)] * values[k].max(0.0) * vectors[(j, k)]).sum()
    });
    (repaired, true)
}
