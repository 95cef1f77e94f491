//! `estat summarize`: means, standard deviations and ranges of the variables of an estimation in its sample.
//! Formulas: [R] estat summarize; weights are not applied.

use crate::error::{Result, StataError};
use crate::estimation::factors::variables;
use crate::estimation::linear::Parameters;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::ops::predict::column;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::Term;
use crate::value::is_missing;
use estimators::means::Moments;

/// Prints one row per variable, or per column of the model for factors, and stores r(stats).
pub(crate) fn summarize(session: &mut Session, call: &Call) -> Result<()> {
    call.options(&[], &["EQuation", "GROUP", "LABels", "noHEAder", "noWEIghts"])?;
    if session.e.results.get_text("wtype").is_some() {
        return Err(StataError::unsupported_option("estat summarize", "after a weighted estimation"));
    }
    let parameters = Parameters::of(&session.e)?;
    let sample =
        session.estimation_sample().ok_or_else(|| StataError::new(322, "estimation sample not found"))?;
    let rows: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
    let listed: Vec<String> = match call.list.as_str() {
        "" => {
            let outcome = session.e.results.get_text("depvar").unwrap_or("").to_string();
            let outcomes = outcome.split_whitespace().map(str::to_string);
            outcomes.chain(columns(&parameters)).collect()
        }
        list => session.varlist(list)?.iter().map(|v| session.frame.var(*v).name.clone()).collect(),
    };
    session.print("");
    session.print(format!(
        "  Estimation sample {:<22} Number of obs = {:>10}",
        session.e.cmd(),
        format::bare("%10.0fc", rows.len() as f64)
    ));
    session.print("");
    session.print(format!("  {}", "-".repeat(65)));
    session.print("      Variable |         Mean      Std. dev.         Min          Max");
    session.print(format!("  -------------+{}", "-".repeat(51)));
    let mut data = Vec::new();
    for name in &listed {
        let values: Vec<f64> =
            column(&session.frame, name, &rows)?.into_iter().filter(|v| !is_missing(*v)).collect();
        let moments = Moments::of(&values);
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let cell = |x: f64| format::number("%9.0g", x);
        session.print(format!(
            "  {:>12} |    {}      {}   {}    {}",
            format::abbrev(name, 12),
            cell(moments.mean),
            cell(moments.sd),
            cell(low),
            cell(high)
        ));
        data.extend([moments.mean, moments.sd, low, high].map(crate::estimation::post::stata));
    }
    session.print(format!("  {}", "-".repeat(65)));
    let mut table = Matrix::new(listed.len(), 4, data);
    table.row_names = listed.iter().map(|n| Stripe::term(n.clone())).collect();
    table.col_names = ["mean", "sd", "min", "max"].map(Stripe::term).to_vec();
    let mut results = Results::default();
    results.matrix("stats", table).scalar("N_clust", session.e.results.get_scalar("N_clust").unwrap_or(0.0));
    session.r = results;
    Ok(())
}

/// Covariates as they are summarised: indicators of factor levels, plain variables, each once.
fn columns(parameters: &Parameters) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for term in parameters.terms.iter().flatten() {
        let name = plain_name(term);
        if let Some(name) = name
            && !out.contains(&name)
        {
            out.push(name);
        }
    }
    // A plain variable that enters only through interactions is summarised as itself.
    for name in variables(parameters) {
        let seen = out.iter().any(|o| *o == name || o.ends_with(&format!(".{name}")));
        if !seen {
            out.push(name);
        }
    }
    out
}

/// The name of a term of one variable that is estimated; interactions and base levels have none.
fn plain_name(term: &Term) -> Option<String> {
    (term.atoms.len() == 1 && !term.is_omitted()).then(|| term.name())
}
