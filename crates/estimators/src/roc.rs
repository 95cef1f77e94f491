//! Areas under ROC curves with their covariance, and binomial and other limits. Formulas: [R] roctab,
//! [R] roccomp; DeLong, DeLong and Clarke-Pearson (1988); Hanley and McNeil (1982); Bamber (1975).

use super::matrix::Mat;

/// Placement of every positive among the negatives and of every negative among the positives.
struct Placements {
    positive: Vec<f64>,
    negative: Vec<f64>,
}

/// Share of `others` below each value, ties half.
fn placement(values: &[f64], others: &[f64], above: bool) -> Vec<f64> {
    let mut sorted = others.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = others.len() as f64;
    values
        .iter()
        .map(|v| {
            let below = sorted.partition_point(|o| o < v) as f64;
            let upto = sorted.partition_point(|o| o <= v) as f64;
            let lower = below + 0.5 * (upto - below);
            (if above { n - lower } else { lower }) / n
        })
        .collect()
}

fn split(marker: &[f64], y: &[bool]) -> (Vec<f64>, Vec<f64>) {
    let pick = |ones: bool| marker.iter().zip(y).filter(|(_, y)| **y == ones).map(|(m, _)| *m).collect();
    (pick(true), pick(false))
}

/// Areas of several markers of the same rows, with DeLong's covariance.
pub struct Areas {
    /// Area of each marker.
    pub area: Vec<f64>,
    /// Covariance of the areas.
    pub covariance: Mat,
}

/// Areas under the curves; rows are one observation each.
pub fn areas(markers: &[&[f64]], y: &[bool]) -> Areas {
    let parts: Vec<Placements> = markers
        .iter()
        .map(|m| {
            let (ones, zeros) = split(m, y);
            Placements { positive: placement(&ones, &zeros, false), negative: placement(&zeros, &ones, true) }
        })
        .collect();
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let area: Vec<f64> = parts.iter().map(|p| mean(&p.positive)).collect();
    let covariance = |a: &[f64], b: &[f64]| {
        let (ma, mb) = (mean(a), mean(b));
        let n = a.len() as f64;
        a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum::<f64>() / (n - 1.0) / n
    };
    let k = parts.len();
    Areas {
        area,
        covariance: Mat::from_fn(k, k, |i, j| {
            covariance(&parts[i].positive, &parts[j].positive)
                + covariance(&parts[i].negative, &parts[j].negative)
        }),
    }
}

/// Standard error of Hanley and McNeil.
pub fn hanley(area: f64, ones: f64, zeros: f64) -> f64 {
    let (q1, q2) = (area / (2.0 - area), 2.0 * area * area / (1.0 + area));
    ((area * (1.0 - area) + (ones - 1.0) * (q1 - area * area) + (zeros - 1.0) * (q2 - area * area))
        / (ones * zeros))
        .sqrt()
}
