//! `r(table)` of `mi estimate`.

use super::estimate::finite;
use crate::estimation::post::stata;
use crate::estimation::table;
use crate::matrix::{Matrix, Stripe};
use crate::session::Session;
use crate::value::MISSING;
use estimators::rubin::Pooled;
use estimators::wald;

/// Stores `r(table)`: every coefficient has degrees of freedom of its own.
pub(super) fn store(s: &mut Session, stripe: &[Stripe], pooled: &Pooled, level: f64, eform: bool) {
    let columns: Vec<[f64; 9]> = (0..stripe.len())
        .map(|i| {
            let df = finite(pooled.df[i]);
            let r = table::row(pooled.b[i], pooled.v[(i, i)].max(0.0).sqrt(), df, level, eform);
            let critical = stata(wald::critical(level, df));
            [
                r.b,
                r.se,
                r.ratio,
                r.p,
                r.low,
                r.high,
                df.unwrap_or(MISSING),
                critical,
                f64::from(u8::from(eform)),
            ]
        })
        .collect();
    let data = (0..9).flat_map(|k| columns.iter().map(move |c| c[k])).collect();
    let mut matrix = Matrix::new(9, columns.len(), data);
    matrix.row_names =
        ["b", "se", "t", "pvalue", "ll", "ul", "df", "crit", "eform"].map(Stripe::term).to_vec();
    matrix.col_names = stripe.to_vec();
    s.r.clear();
    s.r.matrix("table", matrix).scalar("level", level);
}
