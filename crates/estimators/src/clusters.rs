//! Cluster analysis: dissimilarities, k-means and k-medians, agglomerative linkage, stopping rules. Formulas:
//! [MV] cluster, [MV] measure_option; Lance and Williams (1967); Caliński and Harabasz (1974); Duda and Hart (1973);
//! the chain of nearest neighbours after Murtagh (1983).

/// How far apart two observations are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// Euclidean.
    L2,
    /// Squared Euclidean.
    L2Squared,
    /// Sum of absolute differences.
    L1,
    /// Largest absolute difference.
    LInfinity,
    /// Sum of relative differences.
    Canberra,
}

impl Measure {
    /// Dissimilarity of two observations.
    pub fn of(self, a: &[f64], b: &[f64]) -> f64 {
        let gaps = a.iter().zip(b).map(|(a, b)| (a - b).abs());
        match self {
            Self::L2 => gaps.map(|g| g * g).sum::<f64>().sqrt(),
            Self::L2Squared => gaps.map(|g| g * g).sum(),
            Self::L1 => gaps.sum(),
            Self::LInfinity => gaps.fold(0.0, f64::max),
            Self::Canberra => a
                .iter()
                .zip(b)
                .map(|(a, b)| if a == b { 0.0 } else { (a - b).abs() / (a.abs() + b.abs()) })
                .sum(),
        }
    }
}

/// Centre of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Centre {
    /// Mean of each variable.
    Mean,
    /// Median of each variable.
    Median,
}

impl Centre {
    fn of(self, x: &[Vec<f64>], members: &[usize]) -> Vec<f64> {
        let width = x.first().map_or(0, Vec::len);
        (0..width)
            .map(|j| {
                let mut own: Vec<f64> = members.iter().map(|i| x[*i][j]).collect();
                match self {
                    Self::Mean => own.iter().sum::<f64>() / own.len() as f64,
                    Self::Median => {
                        own.sort_by(f64::total_cmp);
                        let n = own.len();
                        (own[(n - 1) / 2] + own[n / 2]) / 2.0
                    }
                }
            })
            .collect()
    }
}

/// Moves observations to the nearest centre and centres to their groups until nothing moves. `group` is the first
/// assignment; a group that loses all its members takes the observation that is farthest from its centre. Gives
/// the groups (from 0) and whether they settled.
pub fn partition(
    x: &[Vec<f64>],
    mut group: Vec<usize>,
    k: usize,
    centre: Centre,
    measure: Measure,
    most: usize,
) -> (Vec<usize>, bool) {
    let mut centres = vec![Vec::new(); k];
    for round in 0..=most {
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); k];
        group.iter().enumerate().for_each(|(i, g)| members[*g].push(i));
        for g in 0..k {
            if members[g].is_empty() {
                let far = (0..x.len()).filter(|i| members[group[*i]].len() > 1).max_by(|a, b| {
                    let gap = |i: usize| measure.of(&x[i], &centre.of(x, &members[group[i]]));
                    gap(*a).total_cmp(&gap(*b))
                });
                if let Some(i) = far {
                    members[group[i]].retain(|m| *m != i);
                    members[g].push(i);
                    group[i] = g;
                }
            }
        }
        for (g, own) in members.iter().enumerate().filter(|(_, own)| !own.is_empty()) {
            centres[g] = centre.of(x, own);
        }
        let next = nearest(x, &centres, measure);
        if next == group {
            return (group, true);
        }
        if round == most {
            break;
        }
        group = next;
    }
    (group, false)
}

/// The nearest centre of each observation, the first one of equals.
pub fn nearest(x: &[Vec<f64>], centres: &[Vec<f64>], measure: Measure) -> Vec<usize> {
    x.iter()
        .map(|row| {
            let mut best = (f64::INFINITY, 0);
            for (g, c) in centres.iter().enumerate().filter(|(_, c)| !c.is_empty()) {
                let gap = measure.of(row, c);
                if gap < best.0 {
                    best = (gap, g);
                }
            }
            best.1
        })
        .collect()
}

/// How the dissimilarity of two clusters comes from that of their parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linkage {
    /// Nearest members.
    Single,
    /// Farthest members.
    Complete,
    /// Mean over pairs.
    Average,
    /// Mean of the two parts' dissimilarities.
    Weighted,
    /// Increase of the sum of squares (for squared Euclidean dissimilarities).
    Ward,
}

impl Linkage {
    /// Lance–Williams update: dissimilarity of the union of `i` and `j` to `k`.
    fn update(self, (dik, djk, dij): (f64, f64, f64), (ni, nj, nk): (f64, f64, f64)) -> f64 {
        match self {
            Self::Single => dik.min(djk),
            Self::Complete => dik.max(djk),
            Self::Average => (ni * dik + nj * djk) / (ni + nj),
            Self::Weighted => (dik + djk) / 2.0,
            Self::Ward => ((ni + nk) * dik + (nj + nk) * djk - nk * dij) / (ni + nj + nk),
        }
    }
}

/// A hierarchy: leaves from left to right, and the height at which each is joined to the next.
pub struct Tree {
    /// Observations in the order of the dendrogram.
    pub order: Vec<usize>,
    /// Height between a leaf and the next one; one less than leaves.
    pub heights: Vec<f64>,
}

/// Joins clusters from the dissimilarities of `n` observations (`gaps`: below the diagonal, row by row).
pub fn link(n: usize, mut gaps: Vec<f64>, linkage: Linkage) -> Tree {
    let at = |i: usize, j: usize| if i > j { i * (i - 1) / 2 + j } else { j * (j - 1) / 2 + i };
    let mut size = vec![1.0; n];
    let mut alive = vec![true; n];
    let mut chain: Vec<usize> = Vec::new();
    let mut merges: Vec<(usize, usize, f64)> = Vec::new();
    while merges.len() + 1 < n {
        let Some(&top) = chain.last() else {
            chain.push(alive.iter().position(|a| *a).unwrap_or(0));
            continue;
        };
        // the cluster before in the chain is preferred among equals, so that chains end
        let before = chain.len().checked_sub(2).map(|k| chain[k]);
        let mut best = before.map_or((f64::INFINITY, usize::MAX), |b| (gaps[at(top, b)], b));
        for other in (0..n).filter(|o| alive[*o] && *o != top) {
            if gaps[at(top, other)] < best.0 || best.1 == usize::MAX {
                best = (gaps[at(top, other)], other);
            }
        }
        if Some(best.1) != before {
            chain.push(best.1);
            continue;
        }
        chain.truncate(chain.len() - 2);
        // the union takes the place of the first of the two
        let (i, j) = (top.min(best.1), top.max(best.1));
        for k in (0..n).filter(|k| alive[*k] && *k != i && *k != j) {
            let parts = (gaps[at(i, k)], gaps[at(j, k)], best.0);
            gaps[at(i, k)] = linkage.update(parts, (size[i], size[j], size[k]));
        }
        size[i] += size[j];
        alive[j] = false;
        merges.push((i, j, best.0));
    }
    arrange(n, merges)
}

/// Leaves and heights of a set of merges, each named by the first observations of its parts.
fn arrange(n: usize, mut merges: Vec<(usize, usize, f64)>) -> Tree {
    merges.sort_by(|a, b| a.2.total_cmp(&b.2));
    let mut runs: Vec<Option<(Vec<usize>, Vec<f64>)>> = (0..n).map(|i| Some((vec![i], Vec::new()))).collect();
    let mut home: Vec<usize> = (0..n).collect();
    let find = |home: &[usize], mut i: usize| {
        while home[i] != i {
            i = home[i];
        }
        i
    };
    for (i, j, height) in merges {
        let (a, b) = (find(&home, i), find(&home, j));
        let (a, b) = (a.min(b), a.max(b));
        if let (Some(mut left), Some(right)) = (runs[a].take(), runs[b].take()) {
            left.0.extend(right.0);
            left.1.push(height);
            left.1.extend(right.1);
            runs[a] = Some(left);
            home[b] = a;
        }
    }
    let (order, heights) = runs.into_iter().flatten().next().unwrap_or_default();
    Tree { order, heights }
}

/// Groups (from 0, from left to right) of the leaves when the tree is cut so that `k` remain; nothing where equal
/// heights allow no such cut.
pub fn cut(heights: &[f64], k: usize) -> Option<Vec<usize>> {
    let mut sorted = heights.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    if k == 0 || k > heights.len() + 1 {
        return None;
    }
    if k <= heights.len() && k > 1 && sorted[k - 2] == sorted[k - 1] {
        return None;
    }
    let above = match k {
        1 => f64::INFINITY,
        k if k == heights.len() + 1 => f64::NEG_INFINITY,
        k => sorted[k - 1],
    };
    Some(below(heights, above))
}

/// Groups of the leaves that are joined at or below a height.
pub fn below(heights: &[f64], height: f64) -> Vec<usize> {
    let mut group = 0;
    let mut out = vec![0];
    for h in heights {
        group += usize::from(*h > height);
        out.push(group);
    }
    out
}

/// Sum of squared deviations from the means of a set of observations.
fn squares(x: &[Vec<f64>], members: &[usize]) -> f64 {
    let mean = Centre::Mean.of(x, members);
    members.iter().map(|i| Measure::L2Squared.of(&x[*i], &mean)).sum()
}

fn members_of(group: &[usize]) -> Vec<Vec<usize>> {
    let mut out = vec![Vec::new(); group.iter().max().map_or(0, |g| g + 1)];
    group.iter().enumerate().for_each(|(i, g)| out[*g].push(i));
    out.retain(|m: &Vec<usize>| !m.is_empty());
    out
}

/// Pseudo F of Caliński and Harabasz for groups of observations.
pub fn calinski(x: &[Vec<f64>], group: &[usize]) -> f64 {
    let groups = members_of(group);
    let (n, k) = (x.len() as f64, groups.len() as f64);
    let within: f64 = groups.iter().map(|m| squares(x, m)).sum();
    let total = squares(x, &(0..x.len()).collect::<Vec<_>>());
    ((total - within) / (k - 1.0)) / (within / (n - k))
}

/// Duda and Hart's ratio and the pseudo T squared for the group that splits between two cuts of a tree.
pub fn duda(x: &[Vec<f64>], before: &[usize], after: &[usize]) -> Option<(f64, f64)> {
    let split = members_of(before).into_iter().find(|m| m.iter().any(|i| after[*i] != after[m[0]]))?;
    let one: Vec<usize> = split.iter().copied().filter(|i| after[*i] == after[split[0]]).collect();
    let two: Vec<usize> = split.iter().copied().filter(|i| after[*i] != after[split[0]]).collect();
    let whole = squares(x, &split);
    let parts = squares(x, &one) + squares(x, &two);
    let df = (split.len() as f64) - 2.0;
    Some((parts / whole, (whole - parts) / (parts / df)))
}
