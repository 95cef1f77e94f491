//! Pairs of means after `oneway`: the table of [R] oneway on the apple data, and the other adjustments by scipy.

use dofile::Session;

const DATA: &str = "input g double w
1 117.5
1 113.8
1 104.4
2 48.9
2 50.4
2 58.9
3 70.4
3 86.9
4 87.7
4 67.3
end
";

/// Numbers of the lines under a heading, pair by pair: differences and p-values.
fn pairs(option: &str) -> Vec<f64> {
    let (log, rc) = Session::default().run_captured(&format!("{DATA}oneway w g, noanova {option}"));
    assert_eq!(rc, 0, "{log}");
    let table = log.split_once("Col Mean").expect("a table").1;
    let lines = table.lines().skip(2).filter_map(|l| l.split_once('|'));
    lines
        .flat_map(|(_, cells)| {
            cells.split_whitespace().map(|c| c.parse().expect("a number")).collect::<Vec<f64>>()
        })
        .collect()
}

#[test]
fn differences_and_scheffe_are_those_of_the_manual() {
    let want = [-59.1667, 0.001, -33.25, 25.9167, 0.039, 0.101, -34.4, 24.7667, -1.15, 0.034, 0.118, 0.999];
    let found = pairs("scheffe");
    assert_eq!(found.len(), want.len(), "{found:?}");
    for (found, want) in found.iter().zip(want) {
        assert!((found - want).abs() < 1e-4, "{found} for {want}");
    }
}

/// scipy: `2*t.sf(|d|/(s*sqrt(1/n + 1/m)), 6)` times six, and one less the sixth power of its complement.
#[test]
fn bonferroni_and_sidak_agree_with_scipy() {
    let p = |all: Vec<f64>| [0, 1, 4, 5, 9, 10, 11].map(|i: usize| all.get(i).copied().unwrap_or(f64::NAN));
    let near = |found: [f64; 7], want: [f64; 7]| {
        for (found, want) in found.iter().zip(want).skip(1) {
            assert!((found - want).abs() < 6e-4, "{found} for {want}");
        }
    };
    near(p(pairs("bonferroni")), BONFERRONI);
    near(p(pairs("sidak")), SIDAK);
}

const BONFERRONI: [f64; 7] = [f64::NAN, 0.001230, 0.041952, 0.121929, 0.035877, 0.145689, 1.000000];
const SIDAK: [f64; 7] = [f64::NAN, 0.001229, 0.041225, 0.115899, 0.035345, 0.137127, 0.999999];
