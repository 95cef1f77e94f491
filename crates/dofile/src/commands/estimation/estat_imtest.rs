//! `estat imtest` after `regress`: the information matrix test, decomposed by Cameron and Trivedi (1990), and White's
//! (1980) test. Formulas: [R] regress postestimation.

use super::estat_regress::{Fitted, regression, show_test};
use crate::error::Result;
use crate::estimation::post::stata;
use crate::format;
use crate::ops::estat::Call;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use estimators::distributions::chi2_tail;

/// Number of rows times the share of the sum of squares about zero that a regression explains.
fn explained(values: &[f64], columns: &[&[f64]], constant: bool) -> Result<f64> {
    let total: f64 = values.iter().map(|v| v * v).sum();
    Ok(values.len() as f64 * (1.0 - regression(values, columns, constant)?.rss / total))
}

/// `estat imtest [, white preserve]`; the data are not touched, so that there is nothing to preserve.
pub(crate) fn imtest(session: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&[OptSpec::flag("White"), OptSpec::flag("PReserve")], &[])?;
    let data = Fitted::read(session, "imtest")?;
    let base = data.columns();
    let n = data.residuals.len() as f64;
    let variance = data.residuals.iter().map(|e| e * e).sum::<f64>() / n;
    let of = |f: &dyn Fn(f64) -> f64| data.residuals.iter().map(|e| f(*e)).collect::<Vec<f64>>();
    let mut products: Vec<Vec<f64>> = Vec::new();
    for i in 0..base.len() {
        for j in 0..=i {
            products.push(base[i].iter().zip(base[j]).map(|(a, b)| a * b).collect());
        }
    }
    let mut columns = base.clone();
    columns.extend(products.iter().map(Vec::as_slice));
    let white = regression(&of(&|e| e * e), &columns, true)?;
    let skewness = explained(&of(&|e| e.powi(3) - 3.0 * variance * e), &base, data.constant)?;
    let fourth = of(&|e| e.powi(4) - 6.0 * variance * e * e + 3.0 * variance * variance);
    let kurtosis = fourth.iter().sum::<f64>().powi(2) / fourth.iter().map(|v| v * v).sum::<f64>();
    let parts = [
        ("Heteroskedasticity", "h", white.n * white.r2, white.df_m),
        ("Skewness", "s", skewness, base.len() as f64),
        ("Kurtosis", "k", kurtosis, 1.0),
    ];
    let total = parts.iter().fold((0.0, 0.0), |sum, part| (sum.0 + part.2, sum.1 + part.3));
    if options.has("white") {
        session.print("");
        session.print("White's test");
        session.print("H0: Homoskedasticity");
        session.print("Ha: Unrestricted heteroskedasticity");
        session.print("");
        let p = stata(chi2_tail(white.df_m, parts[0].2));
        show_test(session, &format!("chi2({})", white.df_m), parts[0].2, "Prob > chi2", p);
    }
    session.print("");
    session.print("Cameron & Trivedi's decomposition of IM-test");
    let rule = "-".repeat(50);
    session.print("");
    session.print(&rule);
    session.print("              Source |       chi2     df         p");
    session.print("---------------------+----------------------------");
    let mut results = Results::default();
    let mut line = |session: &mut Session, (name, letter, chi2, df): (&str, &str, f64, f64)| {
        let p = stata(chi2_tail(df, chi2));
        session.print(format!(
            "{name:>20} |{:>11}{df:>7}{:>10}",
            format::bare("%9.2f", stata(chi2)),
            format::bare("%6.4f", p)
        ));
        results.scalar(&format!("chi2_{letter}"), stata(chi2)).scalar(&format!("df_{letter}"), df);
        results.scalar(&format!("p_{letter}"), p);
    };
    for part in parts {
        line(session, part);
    }
    session.print("---------------------+----------------------------");
    line(session, ("Total", "t", total.0, total.1));
    session.print(rule);
    session.r = results;
    Ok(())
}
