//! Comparisons of rates against exact fractions.

use estimators::epidemiology::Rates;

/// Sums of binomial probabilities with Python's `fractions`, p = 28010/47027.
#[test]
fn a_small_mid_p_keeps_its_digits_on_both_sides() {
    for (a, b, want) in [(0.0, 41.0, 3.780_541_510_817_833_7e-17), (1.0, 400.0, 6.258_079_696_441_289e-156)] {
        let (lower, is_upper) = Rates { a, b, t1: 28_010.0, t0: 19_017.0 }.mid_p();
        let (upper, _) = Rates { a: b, b: a, t1: 19_017.0, t0: 28_010.0 }.mid_p();
        assert!(!is_upper);
        for got in [lower, upper] {
            assert!((got / want - 1.0).abs() < 1e-12, "{a} and {b}: {got} for {want}");
        }
    }
}
