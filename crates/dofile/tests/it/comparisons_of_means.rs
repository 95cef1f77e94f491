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

/// After `svy` the joint test of a contrast is adjusted for the design as `testparm` is, unless `nosvyadjust` leaves it.
#[test]
fn contrasts_after_svy_are_adjusted() {
    let (s, log) = crate::support::run(
        "set obs 120\nset seed 4\ngenerate k = 1 + mod(_n, 4)\ngenerate psu = ceil(_n/8)\ngenerate w = 1 + mod(_n, 3)\ngenerate y = k + rnormal()\n\
         svyset psu [pweight=w]\nsvy: regress y i.k\ncontrast k\nmatrix f = r(F)\nmatrix p = r(p)\ncontrast k, nosvyadjust\nmatrix g = r(F)\n\
         testparm i.k\nscalar adjusted = r(F)\nscalar pa = r(p)\ntestparm i.k, nosvyadjust\nscalar plain = r(F)",
    );
    crate::support::holds(
        &s,
        &[
            "reldif(f[1,1], adjusted) < 1e-10",
            "reldif(p[1,1], pa) < 1e-8",
            "reldif(g[1,1], plain) < 1e-10",
            "reldif(f[1,1], g[1,1]*(14 - 3 + 1)/14) < 1e-10",
        ],
    );
    assert!(log.contains("Note: F statistics are adjusted for the survey design."), "{log}");
}

/// Options of direct standardisation.
#[test]
fn standardised_means_check_their_strata() {
    let data = "set obs 12\ngenerate y = _n\ngenerate k = 1 + mod(_n, 3)\ngenerate w = k\ngenerate g = _n > 9 & k == 1\ngenerate bad = _n\n";
    for (line, code, wanted) in [
        ("mean y, stdize(k)", 198, "requires stdweight()"),
        ("mean y, stdweight(w)", 198, "requires stdize()"),
        ("mean y, nostdrescale", 198, "requires stdize()"),
        ("mean y, stdize(k) stdweight(bad)", 459, "constant within"),
        ("mean y, stdize(k) stdweight(w) over(g)", 459, "has no observations"),
        ("replace w = 0\nmean y, stdize(k) stdweight(w)", 459, "add up to zero"),
        ("replace w = -k\nmean y, stdize(k) stdweight(w)", 459, "negative"),
        ("total y, stdize(k) stdweight(w)", 198, "stdize"),
    ] {
        let (log, rc) = dofile::Session::default().run_captured(&format!("{data}{line}"));
        assert_eq!(rc, code, "{line}\n{log}");
        assert!(log.contains(wanted), "{line}\n{log}");
    }
}
