//! What follows a fitted Cox model: baseline functions, residuals, the robust covariance. Formulas: [ST] stcox postestimation;
//! Breslow (1974), Efron (1977), Lin and Wei (1989), Grambsch and Therneau (1994).

use super::cox::{CoxData, visit};
use super::matrix::Mat;
use super::partial_likelihood::indices;
use super::vce::Clusters;

/// Increments of the cumulative baseline hazard at one failure time.
struct Increment {
    stratum: u32,
    time: f64,
    /// `w / S0` over the steps of Efron's method, and the same times the mean of the regressors.
    hazard: f64,
    moment: Vec<f64>,
    /// Share of the hazard that counts for deaths at this time (all of it for Breslow).
    own_hazard: f64,
    own_moment: Vec<f64>,
}

fn increments(data: CoxData<'_>, columns: &[Vec<f64>], risk: &[f64]) -> Vec<Increment> {
    let k = columns.len();
    let mut out = Vec::new();
    visit(data, columns, risk, false, |event| {
        let shares = event.shares(data.efron);
        let mean_weight = event.weight / shares.len() as f64;
        let mut inc = Increment {
            stratum: event.stratum,
            time: event.time,
            hazard: 0.0,
            moment: vec![0.0; k],
            own_hazard: 0.0,
            own_moment: vec![0.0; k],
        };
        for share in shares {
            let s0 = event.s0 - share * event.d0;
            let h = mean_weight / s0;
            inc.hazard += h;
            inc.own_hazard += h * (1.0 - share);
            for a in 0..k {
                let m = h * (event.s1[a] - share * event.d1[a]) / s0;
                inc.moment[a] += m;
                inc.own_moment[a] += m * (1.0 - share);
            }
        }
        out.push(inc);
    });
    out.sort_by(|a, b| a.stratum.cmp(&b.stratum).then(a.time.total_cmp(&b.time)));
    out
}

/// Returns each record's accumulated hazard and its moments over `(t0, t]`, with a death's own share.
fn accumulated(data: CoxData<'_>, columns: &[Vec<f64>], risk: &[f64]) -> Vec<(f64, Vec<f64>)> {
    let k = columns.len();
    let steps = increments(data, columns, risk);
    let mut sums: Vec<(f64, Vec<f64>)> = vec![(0.0, vec![0.0; k])];
    for s in &steps {
        let (h, m) = sums.last().expect("starts with one entry");
        let next = (h + s.hazard, m.iter().zip(&s.moment).map(|(a, b)| a + b).collect());
        sums.push(next);
    }
    (0..data.t.len())
        .map(|i| {
            let upto = |time: f64| steps.partition_point(|s| (s.stratum, s.time) <= (data.stratum[i], time));
            let (low, high) = (upto(data.t0[i]), upto(data.t[i]));
            let mut hazard = sums[high].0 - sums[low].0;
            let mut moment: Vec<f64> = sums[high].1.iter().zip(&sums[low].1).map(|(a, b)| a - b).collect();
            if data.d[i] && high > 0 && steps[high - 1].time == data.t[i] {
                let s = &steps[high - 1];
                hazard += s.own_hazard - s.hazard;
                for (m, (own, all)) in moment.iter_mut().zip(s.own_moment.iter().zip(&s.moment)) {
                    *m += own - all;
                }
            }
            (hazard, moment)
        })
        .collect()
}

/// Efficient score residuals, one row per record (Lin and Wei 1989), unweighted.
pub fn scores(data: CoxData<'_>, columns: &[Vec<f64>], b: &[f64]) -> Vec<Vec<f64>> {
    let k = columns.len();
    let n = data.t.len();
    let (_, _, risk) = indices(columns, b, n, data.offset);
    let mut out = vec![vec![0.0; k]; n];
    visit(data, columns, &risk, false, |event| {
        let mean = event.mean(data.efron);
        for &i in &event.deaths {
            for a in 0..k {
                out[i][a] = columns[a][i] - mean[a];
            }
        }
    });
    for (i, (hazard, moment)) in accumulated(data, columns, &risk).into_iter().enumerate() {
        for a in 0..k {
            out[i][a] -= risk[i] * (columns[a][i] * hazard - moment[a]);
        }
    }
    out
}

/// `V S V` with `S` the sum over clusters of outer products of weighted score sums, times `G / (G - 1)`.
pub fn robust(v: &Mat, scores: &[Vec<f64>], w: Option<&[f64]>, clusters: Clusters<'_>) -> Mat {
    let k = v.rows();
    let mut totals = vec![0.0; k * clusters.count];
    for (i, row) in scores.iter().enumerate() {
        let weight = w.map_or(1.0, |w| w[i]) * clusters.scale(i);
        let start = clusters.of_row[i] as usize * k;
        totals[start..start + k].iter_mut().zip(row).for_each(|(t, s)| *t += weight * s);
    }
    let g = clusters.count as f64;
    v.sandwich(&clusters.outer_products(&totals, k)).scaled(g / (g - 1.0))
}

/// Cumulative hazard of each record over `(t0, t]` at its own regressors (Cox–Snell residual).
pub fn cumulative(data: CoxData<'_>, eta: &[f64]) -> Vec<f64> {
    let top = eta.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let risk: Vec<f64> = eta.iter().map(|e| (e - top).exp()).collect();
    accumulated(data, &[], &risk).into_iter().zip(&risk).map(|((h, _), r)| h * r).collect()
}

/// Schoenfeld residuals of the deaths: record, and regressors minus their mean over the risk set.
pub fn schoenfeld(data: CoxData<'_>, columns: &[Vec<f64>], b: &[f64]) -> Vec<(usize, Vec<f64>)> {
    let (_, _, risk) = indices(columns, b, data.t.len(), data.offset);
    let mut out = Vec::new();
    visit(data, columns, &risk, false, |event| {
        let mean = event.mean(data.efron);
        for &i in &event.deaths {
            out.push((i, columns.iter().zip(&mean).map(|(c, m)| c[i] - m).collect()));
        }
    });
    out.sort_by_key(|r: &(usize, Vec<f64>)| r.0);
    out
}

/// The baseline functions of a stratum at its failure times.
#[derive(Debug, Clone, Copy)]
pub struct Baseline {
    /// Stratum.
    pub stratum: u32,
    /// Failure time.
    pub time: f64,
    /// Cumulative hazard (Breslow's estimate, with Efron's steps where so fitted).
    pub cumulative: f64,
    /// Hazard contribution `1 - alpha` (Kalbfleisch and Prentice 2002, section 4.3).
    pub contribution: f64,
    /// Survivor function, the product of `alpha`.
    pub survivor: f64,
}

/// Baseline functions at all regressors zero, by stratum and time.
pub fn baseline(data: CoxData<'_>, eta: &[f64]) -> Vec<Baseline> {
    let top = eta.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let risk: Vec<f64> = eta.iter().map(|e| (e - top).exp()).collect();
    let weight = |i: usize| data.w.map_or(1.0, |w| w[i]);
    let mut out = Vec::new();
    visit(data, &[], &risk, false, |event| {
        let shares = event.shares(data.efron);
        let mean_weight = event.weight / shares.len() as f64;
        let hazard: f64 = shares.map(|s| mean_weight / (event.s0 - s * event.d0)).sum();
        let deaths: Vec<(f64, f64)> = event.deaths.iter().map(|&i| (weight(i), risk[i])).collect();
        // alpha at the scale of the shifted risks, brought back to regressors of zero.
        let log_alpha = log_alpha(&deaths, event.s0) * (-top).exp();
        out.push(Baseline {
            stratum: event.stratum,
            time: event.time,
            cumulative: hazard * (-top).exp(),
            contribution: -log_alpha.exp_m1(),
            survivor: log_alpha,
        });
    });
    out.sort_by(|a, b| a.stratum.cmp(&b.stratum).then(a.time.total_cmp(&b.time)));
    let (mut stratum, mut hazard, mut log_survivor) = (None, 0.0, 0.0);
    for point in &mut out {
        if stratum != Some(point.stratum) {
            (stratum, hazard, log_survivor) = (Some(point.stratum), 0.0, 0.0);
        }
        hazard += point.cumulative;
        log_survivor += point.survivor;
        (point.cumulative, point.survivor) = (hazard, f64::exp(log_survivor));
    }
    out
}

/// Solves `sum_D w r / (1 - alpha^r) = sum_R w r` for `ln alpha` by bisection on a monotone function.
fn log_alpha(deaths: &[(f64, f64)], total: f64) -> f64 {
    if let [(w, r)] = deaths {
        let rest = 1.0 - w * r / total;
        return if rest > 0.0 { rest.ln() / r } else { f64::NEG_INFINITY };
    }
    let value = |x: f64| deaths.iter().map(|(w, r)| w * r / -(x * r).exp_m1()).sum::<f64>() - total;
    if deaths.iter().map(|(w, r)| w * r).sum::<f64>() >= total * (1.0 - 1e-14) {
        return f64::NEG_INFINITY;
    }
    // `value` rises from -(rest) at -infinity to +infinity at zero.
    let mut high = -1e-300_f64.max(f64::MIN_POSITIVE);
    let mut low = -1.0;
    while value(low) > 0.0 {
        low *= 2.0;
    }
    for _ in 0..2000 {
        let middle = if high / low < 1e-3 { -(high * low).sqrt() } else { 0.5 * (low + high) };
        if middle <= low || middle >= high {
            break;
        }
        if value(middle) > 0.0 { high = middle } else { low = middle }
    }
    0.5 * (low + high)
}
