//! Matching on one score: nearest neighbours in sorted lists and kernel weights, as `psmatch2` (Leuven and Sianesi 2003)
//! defines them.

use super::distributions::normal_density;

/// How neighbours are chosen.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Neighbours of each unit.
    pub neighbors: usize,
    /// A neighbour is nearer than this; infinite without a caliper.
    pub caliper: f64,
    /// Whether further candidates at the distance of the nearest one match too.
    pub ties: bool,
    /// Whether a candidate may be matched again.
    pub replacement: bool,
}

/// The candidate after `from` in a direction; without replacement those in use are passed over.
fn step(from: usize, forward: bool, used: &[bool], replacement: bool) -> Option<usize> {
    let mut at = from;
    loop {
        at = if forward { at + 1 } else { at.checked_sub(1)? };
        if at >= used.len() {
            return None;
        }
        if replacement || !used[at] {
            return Some(at);
        }
    }
}

/// Neighbours of each unit, nearest first, by position in `pool`. Both lists are sorted in the same direction; of equally
/// near candidates the first one counts.
///
/// Without replacement the search goes on from the candidate behind the last match, and turns once when the last
/// candidate is matched: a result of the order, not a minimum of the total distance.
pub fn nearest(units: &[f64], pool: &[f64], rule: Rule) -> Vec<Vec<usize>> {
    let mut out = vec![Vec::new(); units.len()];
    let mut used = vec![false; pool.len()];
    let mut forward = true;
    let mut start = (!pool.is_empty()).then_some(0);
    for (i, score) in units.iter().enumerate() {
        let Some(from) = start else { break };
        let distance = |j: usize| (score - pool[j]).abs();
        let (mut best, mut at) = (from, from);
        while at + 1 < pool.len() {
            let Some(next) = step(at, forward, &used, rule.replacement) else { break };
            if distance(next) > distance(at) {
                break;
            }
            if distance(next) < distance(at) {
                best = next;
            }
            at = next;
        }
        let matched = &mut out[i];
        if distance(best) < rule.caliper {
            used[best] = true;
            matched.push(best);
            if rule.ties {
                let mut at = best;
                while let Some(next) = step(at, forward, &used, rule.replacement) {
                    if distance(next) > distance(best) {
                        break;
                    }
                    used[next] = used[next] || !rule.replacement;
                    matched.push(next);
                    at = next;
                }
            }
            further(&distance, best, pool.len(), rule, matched);
        }
        if best + 1 == pool.len() && i + 1 < units.len() {
            forward = false;
        }
        start = match (rule.replacement, matched.is_empty()) {
            (false, false) => step(best, forward, &used, false),
            _ => Some(best),
        };
    }
    out
}

/// Adds the second and further neighbours: the nearer of the next ones on both sides, the lower one when they are
/// equally near.
fn further(distance: &dyn Fn(usize) -> f64, best: usize, count: usize, rule: Rule, matched: &mut Vec<usize>) {
    let (mut low, mut high) = (best.checked_sub(1), Some(best + 1).filter(|h| *h < count));
    for _ in 1..rule.neighbors {
        let next = match (low, high) {
            (Some(l), Some(h)) if distance(l) <= distance(h) => l,
            (Some(l), None) => l,
            (_, Some(h)) => h,
            (None, None) => return,
        };
        if distance(next) >= rule.caliper {
            return;
        }
        if low == Some(next) {
            low = next.checked_sub(1);
        } else {
            high = Some(next + 1).filter(|h| *h < count);
        }
        matched.push(next);
    }
}

/// Kernels by distance over bandwidth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// `1 - u^2`.
    Epanechnikov,
    /// The normal density.
    Normal,
    /// `(1 - u^2)^2`.
    Biweight,
    /// One.
    Uniform,
    /// `(1 - |u|^3)^3`.
    Tricube,
}

impl Kernel {
    /// Weight, not normalised; nothing beyond the bandwidth.
    fn weight(self, distance: f64, bandwidth: f64) -> Option<f64> {
        let u = distance / bandwidth;
        match self {
            Self::Normal => Some(normal_density(u)),
            _ if distance.abs() > bandwidth => None,
            Self::Epanechnikov => Some(1.0 - u * u),
            Self::Biweight => Some((1.0 - u * u).powi(2)),
            Self::Uniform => Some(1.0),
            Self::Tricube => Some((1.0 - u.abs().powi(3)).powi(3)),
        }
    }

    /// Weights of candidates for one unit that sum to one, by position; empty when none is near.
    pub fn weights(self, score: f64, pool: &[f64], bandwidth: f64) -> Vec<(usize, f64)> {
        let near = |(j, p): (usize, &f64)| self.weight(p - score, bandwidth).map(|w| (j, w));
        let found: Vec<(usize, f64)> = pool.iter().enumerate().filter_map(near).collect();
        let total: f64 = found.iter().map(|(_, w)| w).sum();
        if total > 0.0 { found.into_iter().map(|(j, w)| (j, w / total)).collect() } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule { neighbors: 1, caliper: f64::INFINITY, ties: false, replacement: true };

    #[test]
    fn the_first_of_equally_near_candidates_is_matched() {
        assert_eq!(nearest(&[2.0, 2.5], &[1.0, 3.0, 3.0], RULE), [vec![0], vec![1]]);
        let ties = Rule { ties: true, ..RULE };
        assert_eq!(nearest(&[2.0, 2.5], &[1.0, 3.0, 3.0], ties), [vec![0, 1, 2], vec![1, 2]]);
    }

    #[test]
    fn without_replacement_each_candidate_is_used_once() {
        let once = Rule { replacement: false, ..RULE };
        assert_eq!(nearest(&[1.0, 1.1, 1.2], &[0.0, 1.0, 5.0], once), [vec![1], vec![2], vec![0]]);
        assert_eq!(nearest(&[1.0, 1.1], &[1.0], once), [vec![0], vec![]]);
    }

    #[test]
    fn a_caliper_ends_the_neighbours() {
        let near = Rule { neighbors: 3, caliper: 1.5, ..RULE };
        assert_eq!(nearest(&[2.0], &[0.0, 1.0, 2.5, 9.0], near), [vec![2, 1]]);
    }
}
