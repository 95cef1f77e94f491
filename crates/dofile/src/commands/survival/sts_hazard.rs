//! `sts graph, hazard` and `stcurve, hazard`: a cumulative hazard smoothed by a kernel ([ST] sts graph, [ST] stcurve).

use estimators::descriptive::{Sample, by_name};
use estimators::survivor::Point;
use estimators::weights::WeightKind;

/// A kernel that needs no correction at the ends; the curve stays its half-width away from the first and the last failure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Kernel {
    #[default]
    Epanechnikov,
    Gaussian,
}

impl Kernel {
    /// By its name or abbreviation.
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name {
            "epan2" => None,
            n if n.len() >= 2 && "epanechnikov".starts_with(n) => Some(Self::Epanechnikov),
            n if n.len() >= 3 && "gaussian".starts_with(n) => Some(Self::Gaussian),
            _ => None,
        }
    }

    fn weight(self, z: f64) -> f64 {
        match self {
            Self::Epanechnikov if z * z < 5.0 => 0.75 * (1.0 - z * z / 5.0) / 5f64.sqrt(),
            Self::Epanechnikov => 0.0,
            Self::Gaussian => (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt(),
        }
    }

    /// How far from the point the kernel reaches, in bandwidths.
    fn reach(self) -> f64 {
        if self == Self::Epanechnikov { 5f64.sqrt() } else { 0.0 }
    }
}

/// The bandwidth of `kdensity` for the failure times: 0.9 min(sd, interquartile range / 1.349) n^(-1/5).
fn bandwidth(failures: &[(f64, f64)]) -> f64 {
    let sample = Sample::new(failures.iter().copied(), Some(WeightKind::Frequency));
    let n: f64 = failures.iter().map(|f| f.1).sum();
    let sd = by_name(&sample, "sd").unwrap_or(0.0);
    let range = (sample.percentile(75.0) - sample.percentile(25.0)) / 1.349;
    0.9 * if range > 0.0 { sd.min(range) } else { sd } * n.powf(-0.2)
}

/// `h(t)` as the sum of `K((t - t_j)/b)/b` times the steps of Nelson and Aalen's cumulative hazard, at 101 points.
pub(super) fn smoothed(table: &[Point], kernel: Kernel, width: Option<f64>) -> Vec<(f64, f64)> {
    let step = |p: &Point| Step { time: p.time, failures: p.failures, hazard: p.failures / p.at_risk };
    let steps: Vec<Step> = table.iter().filter(|p| p.failures > 0.0).map(step).collect();
    smoothed_steps(&steps, kernel, width)
}

/// A step of a cumulative hazard.
pub(super) struct Step {
    /// Failure time.
    pub(super) time: f64,
    /// Failures at the time.
    pub(super) failures: f64,
    /// The step.
    pub(super) hazard: f64,
}

/// The sum of `K((t - t_j)/b)/b` times the steps in their order of time, at 101 points; empty where the bandwidth leaves none.
pub(super) fn smoothed_steps(steps: &[Step], kernel: Kernel, width: Option<f64>) -> Vec<(f64, f64)> {
    let failures: Vec<(f64, f64)> = steps.iter().map(|s| (s.time, s.failures)).collect();
    let (Some(first), Some(last)) = (failures.first(), failures.last()) else { return Vec::new() };
    let b = width.unwrap_or_else(|| bandwidth(&failures));
    let (low, high) = (first.0 + kernel.reach() * b, last.0 - kernel.reach() * b);
    if b.is_nan() || b <= 0.0 || low >= high {
        return Vec::new();
    }
    let at = |t: f64| {
        let sum = steps.iter().map(|s| kernel.weight((t - s.time) / b) * s.hazard).sum::<f64>();
        (t, sum / b)
    };
    (0..=100).map(|k| at(low + (high - low) * f64::from(k) / 100.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One failure of one at risk at each of three times: the sum of three kernels, at the middle by hand.
    #[test]
    fn the_hazard_is_a_sum_of_kernels() {
        let point = |time: f64, at_risk: f64| Point { time, at_risk, failures: 1.0, ..Point::default() };
        let table = [point(0.0, 3.0), point(10.0, 2.0), point(20.0, 1.0)];
        let curve = smoothed(&table, Kernel::Gaussian, Some(10.0));
        let (t, h) = curve[50];
        let peak = 1.0 / (2.0 * std::f64::consts::PI).sqrt();
        let expected = (peak * 0.5 + peak * (-0.5f64).exp() * (1.0 / 3.0 + 1.0)) / 10.0;
        assert!((t - 10.0).abs() < 1e-12 && (h - expected).abs() < 1e-15, "{t} {h} {expected}");
    }
}
