//! Output of `vec`: the equations, their coefficients and the cointegrating equations.

use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::post::kernel;
use crate::estimation::table::Table;
use crate::format;
use crate::matrix::Matrix;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::distributions::chi2_tail;
use estimators::wald;

/// Shows the active results of `vec`.
pub(super) fn show(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    header(session);
    let get = |s: &Session, name: &str| -> Result<Matrix> {
        s.e.results.matrices.get(name).cloned().ok_or_else(StataError::no_estimates)
    };
    if !cmd.has("noetable") {
        let main = (get(session, "b")?, get(session, "V")?);
        session.print("");
        table(session, &main, level, "");
    }
    // r(table) is that of e(b)
    let shown = session.r.clone();
    if !cmd.has("nobtable") {
        let beta = (get(session, "beta")?, get(session, "V_beta")?);
        within(session, &beta);
        table(session, &beta, level, "beta");
    }
    session.r = shown;
    Ok(())
}

fn header(session: &mut Session) {
    let results: &Results = &session.e.results;
    let scalar = |name: &str| results.get_scalar(name).unwrap_or(MISSING);
    let text = |name: &str| results.get_text(name).unwrap_or("").to_string();
    let wide = |x: f64| format::bare("%9.0g", x);
    let pairs = [
        (
            format!("Sample: {} thru {}", text("tmins"), text("tmaxs")),
            "Number of obs",
            format::bare("%9.0fc", scalar("N")),
        ),
        (String::new(), "AIC", wide(scalar("aic"))),
        (format!("Log likelihood = {:>10}", wide(scalar("ll"))), "HQIC", wide(scalar("hqic"))),
        (format!("Det(Sigma_ml)  = {:>10}", wide(scalar("detsig_ml"))), "SBIC", wide(scalar("sbic"))),
    ];
    let mut lines = vec![String::new(), "Vector error-correction model".to_string(), String::new()];
    lines.extend(pairs.map(|(left, label, value)| format!("{left:<50}{label:<15} = {value:>10}")));
    lines.push(String::new());
    lines.push("Equation           Parms      RMSE     R-sq      chi2     P>chi2".to_string());
    lines.push("-".repeat(64));
    for (j, name) in text("eqnames").split_whitespace().enumerate() {
        let get = |what: &str| scalar(&format!("{what}{}", j + 1));
        lines.push(format!(
            "{:<16}{:>7}{:>13}{:>9}{:>11}{:>9}",
            format::abbrev(name, 16),
            get("k_"),
            format::bare("%8.0g", get("rmse_")),
            format::bare("%7.4f", get("r2_")),
            format::bare("%8.0g", get("chi2_")),
            format::bare("%6.4f", chi2_tail(get("df_m"), get("chi2_")))
        ));
    }
    lines.push("-".repeat(64));
    lines.iter().for_each(|l| session.print(l));
}

/// Tests of the cointegrating equations.
fn within(session: &mut Session, (beta, v): &(Matrix, Matrix)) {
    session.print("");
    session.print("Cointegrating equations");
    session.print("");
    session.print("Equation           Parms    chi2     P>chi2");
    session.print("-".repeat(43));
    let mut names: Vec<&str> = beta.col_names.iter().map(|s| s.eq.as_str()).collect();
    names.dedup();
    for name in names {
        let free: Vec<usize> =
            (0..beta.cols()).filter(|i| beta.col_names[*i].eq == name && v.get(*i, *i) > 0.0).collect();
        let test = wald::test_zero(beta.values(), &kernel(v), &free);
        session.print(format!(
            "{name:<16}{:>7}{:>11}{:>9}",
            test.df,
            format::bare("%8.0g", test.chi2),
            format::bare("%6.4f", chi2_tail(test.df as f64, test.chi2))
        ));
    }
    session.print("-".repeat(43));
    session.print("");
    session.print("Identification:  beta is exactly identified");
    session.print("");
    session.print("                 Johansen normalization restrictions imposed");
}

fn table(session: &mut Session, (b, v): &(Matrix, Matrix), level: f64, title: &str) {
    let error = |i: usize| if v.get(i, i) > 0.0 { v.get(i, i).sqrt() } else { MISSING };
    let se: Vec<f64> = (0..b.cols()).map(error).collect();
    Table { title, ..Table::of_equations(&b.col_names, b.values(), &se, None, level) }.show(session);
}
