//! Tests that odds ratios of strata are equal.

use super::epidemiology::Table;

/// Breslow and Day's (1980) test of equal odds ratios at a common one, the same with Tarone's (1985) adjustment, and the
/// degrees of freedom. Strata with an empty margin say nothing and do not count.
pub fn breslow_day(tables: &[Table], ratio: f64) -> (f64, f64, f64) {
    let (mut chi2, mut excess, mut variance, mut strata) = (0.0, 0.0, 0.0, 0.0);
    for t in tables {
        let (cases, exposed, n) = (t.a + t.b, t.exposed(), t.total());
        if [cases, exposed, n - cases, n - exposed].iter().any(|m| *m <= 0.0) {
            continue;
        }
        // Exposed cases A with A (n - exposed - cases + A) = ratio (cases - A) (exposed - A).
        let (square, linear) = (1.0 - ratio, n - exposed - cases + ratio * (cases + exposed));
        let constant = -ratio * cases * exposed;
        let root = (linear * linear - 4.0 * square * constant).max(0.0).sqrt();
        // This form of the root between the margins does not cancel.
        let a = -2.0 * constant / (linear + root);
        let v = 1.0 / (1.0 / a + 1.0 / (cases - a) + 1.0 / (exposed - a) + 1.0 / (n - cases - exposed + a));
        chi2 += (t.a - a).powi(2) / v;
        excess += t.a - a;
        variance += v;
        strata += 1.0;
    }
    (chi2, chi2 - excess * excess / variance, f64::max(strata - 1.0, 0.0))
}
