//! Stepdown p-values from statistics of the sample and of its resamples.

/// Adjusted p-values of each hypothesis.
pub(super) struct Adjusted {
    /// Share of the own resampled statistics that are as large.
    pub(super) resampled: Vec<f64>,
    /// Share of the largest statistics among the hypotheses that are not more significant.
    pub(super) stepdown: Vec<f64>,
}

/// Romano and Wolf (2016), algorithm 4.1 and equation (2.3): large statistics speak against the hypothesis. `draws` has a
/// list of statistics for each resample; with `plus_one` the sample counts as one of them.
pub(super) fn stepdown(statistics: &[f64], draws: &[Vec<f64>], plus_one: bool) -> Adjusted {
    let extra = f64::from(u8::from(plus_one));
    let share = |count: usize| (count as f64 + extra) / (draws.len() as f64 + extra);
    let resampled = statistics
        .iter()
        .enumerate()
        .map(|(j, t)| share(draws.iter().filter(|d| d[j] >= *t).count()))
        .collect();
    let mut order: Vec<usize> = (0..statistics.len()).collect();
    order.sort_by(|a, b| statistics[*b].total_cmp(&statistics[*a]));
    let mut stepdown = vec![0.0; statistics.len()];
    let mut before = 0.0f64;
    for (step, j) in order.iter().enumerate() {
        let largest = |d: &Vec<f64>| order[step..].iter().map(|k| d[*k]).fold(f64::NEG_INFINITY, f64::max);
        let p = share(draws.iter().filter(|d| largest(d) >= statistics[*j]).count());
        before = before.max(p);
        stepdown[*j] = before;
    }
    Adjusted { resampled, stepdown }
}

/// Step-down corrections of p-values without resamples: `one(p, m)` corrects the smallest of `m`.
fn by_rank(p: &[f64], one: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut out = vec![0.0; p.len()];
    let mut before = 0.0f64;
    for (step, j) in order.iter().enumerate() {
        before = before.max(one(p[*j], (p.len() - step) as f64).min(1.0));
        out[*j] = before;
    }
    out
}

/// Holm (1979).
pub(super) fn holm(p: &[f64]) -> Vec<f64> {
    by_rank(p, |p, m| p * m)
}

/// The same with the bound of Sidak.
pub(super) fn sidak(p: &[f64]) -> Vec<f64> {
    by_rank(p, |p, m| -((-p).ln_1p() * m).exp_m1())
}
