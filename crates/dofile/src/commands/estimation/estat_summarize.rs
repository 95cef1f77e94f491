//! `estat summarize`: means, standard deviations and ranges of the variables of an estimation in its sample.
//! Formulas: [R] estat summarize; weights of the estimation are those of `summarize`, but for the weight variable itself.

use crate::error::Result;
use crate::estimation::contrast_terms::weights_of_estimation;
use crate::estimation::factors::variables;
use crate::estimation::linear::Parameters;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::ops::predict::column;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, Term, WeightKind};
use crate::value::MISSING;
use estimators::descriptive::Sample;

/// Prints one row per variable, or per column of the model for factors, and stores r(stats).
pub(crate) fn summarize(session: &mut Session, call: &Call) -> Result<()> {
    let options =
        call.options_after_list(&[OptSpec::flag("noWEIghts")], &["EQuation", "GROUP", "LABels", "noHEAder"])?;
    let parameters = Parameters::of(&session.e)?;
    let sample = session.required_estimation_sample()?;
    let rows: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
    let listed: Vec<String> = match call.list.as_str() {
        "" => {
            let outcome = session.e.results.get_text("depvar").unwrap_or("").to_string();
            let outcomes = outcome.split_whitespace().map(str::to_string);
            outcomes.chain(columns(&parameters)).collect()
        }
        list => session.varlist(list)?.iter().map(|v| session.frame.var(*v).name.clone()).collect(),
    };
    let mut listed = listed;
    let weights = if options.has("noweights") { None } else { Weights::of(session, &rows)? };
    if let Some(name) = weights.as_ref().and_then(|w| w.variable.clone()).filter(|n| !listed.contains(n)) {
        listed.push(name);
    }
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
        let values = column(&session.frame, name, &rows)?;
        let own = weights.as_ref().filter(|w| w.variable.as_ref() != Some(name));
        let weight = |i: usize| own.map_or(1.0, |w| w.values[i]);
        let pairs = values.iter().enumerate().map(|(i, v)| (*v, weight(i)));
        let sample = Sample::new(pairs, own.map(|w| w.kind));
        let (mean, sd) = (sample.mean(), sample.sd());
        let (low, high) = sample.x.first().zip(sample.x.last()).map_or((MISSING, MISSING), |(a, b)| (*a, *b));
        let cell = |x: f64| format::number("%9.0g", x);
        session.print(format!(
            "  {:>12} |    {}      {}   {}    {}",
            format::abbrev(name, 12),
            cell(mean),
            cell(sd),
            cell(low),
            cell(high)
        ));
        data.extend([mean, sd, low, high].map(crate::estimation::post::stata));
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

/// Weights of the estimation in the rows of its sample.
struct Weights {
    kind: WeightKind,
    values: Vec<f64>,
    /// The variable, where the weight is one.
    variable: Option<String>,
}

impl Weights {
    /// `None` after an estimation without weights; probability weights count as analytic ones, as in `summarize`.
    fn of(session: &Session, rows: &[usize]) -> Result<Option<Self>> {
        let e = &session.e.results;
        let (Some(kind), Some(text)) = (e.get_text("wtype"), e.get_text("wexp")) else { return Ok(None) };
        let kind = match kind {
            "fweight" => WeightKind::Frequency,
            "iweight" => WeightKind::Importance,
            _ => WeightKind::Analytic,
        };
        let values = weights_of_estimation(session, rows)?;
        let variable = session
            .frame
            .find(text.trim_start_matches('=').trim())
            .map(|v| session.frame.var(v).name.clone());
        Ok(Some(Self { kind, values, variable }))
    }
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
