//! Analytic derivatives against differences of the likelihood.

use super::likelihood::Problem;
use super::sample::Sample;
use super::{Cell, Means, Model, Value};
use crate::missing::missing;

/// A factor with three indicators, one of them regressed on a covariate, a mediating path and a covariance of errors.
fn model(intercepts: bool) -> Model {
    let (x, a, b, c, l) = (0, 1, 2, 3, 4);
    let path = |to, from| Cell::Path { to, from };
    let mut cells = vec![(path(a, l), Value::Fixed(1.0))];
    let free = [
        path(b, l),
        path(c, l),
        path(l, x),
        path(c, x),
        Cell::Covariance(x, x),
        Cell::Covariance(a, a),
        Cell::Covariance(b, b),
        Cell::Covariance(c, c),
        Cell::Covariance(l, l),
        Cell::Covariance(a, b),
        Cell::Mean(x),
        Cell::Mean(a),
        Cell::Mean(b),
    ];
    cells.extend(free.iter().enumerate().map(|(k, cell)| (*cell, Value::Free(k))));
    let last = if intercepts { Value::Fixed(0.3) } else { Value::Free(free.len()) };
    cells.push((Cell::Mean(c), last));
    Model { observed: 4, variables: 5, cells, parameters: free.len() + usize::from(!intercepts) }
}

fn sample() -> Sample {
    let value = |i: usize, j: usize| ((i * (7 + 3 * j) + j * j) % 11) as f64 + 0.3 * (i % 5) as f64;
    let mut columns: Vec<Vec<f64>> = (0..4).map(|j| (0..40).map(|i| value(i, j)).collect()).collect();
    for i in (0..40).step_by(6) {
        columns[2][i] = missing(0);
    }
    columns[0][3] = missing(0);
    Sample::new(&columns, None)
}

#[test]
fn derivatives_are_the_limits_of_differences() {
    for (intercepts, means) in [(true, Means::Cells), (false, Means::Saturated)] {
        let (model, sample) = (model(intercepts), sample());
        let problem = Problem::new(&model, &sample);
        assert_eq!(problem.means, means);
        let mut at = vec![0.8, 0.7, 0.3, -0.2, 9.0, 7.0, 8.0, 9.0, 4.0, 0.5, 0.2, 0.4, 0.1, 0.3];
        at.truncate(model.parameters);
        let found = problem.derivatives(&at).expect("definite");
        let scores = problem.scores(&at).expect("definite");
        for k in 0..at.len() {
            let moved = |by: f64| {
                let mut to = at.clone();
                to[k] += by;
                problem.derivatives(&to).expect("definite")
            };
            let (up, down) = (moved(1e-5), moved(-1e-5));
            let slope = (up.ll - down.ll) / 2e-5;
            let summed: f64 = scores.iter().map(|s| s[k]).sum();
            assert!((slope - found.gradient[k]).abs() < 1e-5 * (1.0 + slope.abs()), "{means:?} {k}");
            assert!((summed - found.gradient[k]).abs() < 1e-9 * (1.0 + summed.abs()), "{means:?} {k}");
            for j in 0..at.len() {
                let second = -(up.gradient[j] - down.gradient[j]) / 2e-5;
                let analytic = found.information[(j, k)];
                assert!((second - analytic).abs() < 1e-5 * (1.0 + second.abs()), "{means:?} {j} {k}");
            }
        }
    }
}
