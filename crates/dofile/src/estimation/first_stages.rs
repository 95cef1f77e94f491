//! The regressions of the first stage, as option `first` of commands with instruments shows them.

use crate::error::Result;
use crate::estimation::display::fit_error;
use crate::estimation::header::{Fact, show};
use crate::estimation::instruments::IvState;
use crate::estimation::post::{plain_stripe, stata};
use crate::estimation::table::Table;
use crate::session::Session;
use crate::value::MISSING;
use estimators::distributions::f_tail;
use estimators::ols::{self, OlsFit, Request};

/// Prints the regression of every endogenous regressor on all instruments, with the covariance of the model.
///
/// # Errors
/// Those of the regressions.
pub fn show_first_stages(s: &mut Session, state: &IvState, level: f64) -> Result<()> {
    heading(s);
    for (name, values) in &state.endogenous {
        let fit = fit_stage(state, values)?;
        s.print("");
        show(s, &[], &facts(&fit), 13, 10);
        s.print("");
        let clusters = state.model.clusters.as_ref().map(|c| (c.count as f64, c.name.as_str()));
        show_table(s, state, name, &fit, (level, clusters));
    }
    s.print("");
    Ok(())
}

/// Prints the heading above the regressions of the first stage.
pub fn heading(s: &mut Session) {
    s.print("");
    s.print("First-stage regressions");
    s.print("-----------------------");
}

/// The regression of one endogenous regressor on all instruments, with the covariance of the model.
///
/// # Errors
/// Those of the regression.
pub fn fit_stage(state: &IvState, values: &[f64]) -> Result<OlsFit> {
    let columns: Vec<&[f64]> =
        state.exogenous.iter().chain(&state.instruments).map(|c| c.1.as_slice()).collect();
    let request = Request {
        constant: state.model.constant,
        weights: state.model.weights.as_ref(),
        vce: state.model.kernel_vce(),
        ..Request::new(values, &columns)
    };
    ols::fit(&request).map_err(fit_error)
}

/// Prints the coefficients of the regression of `name`, with the clusters that stand above them; r() stays as it is.
pub fn show_table(
    s: &mut Session,
    state: &IvState,
    name: &str,
    fit: &OlsFit,
    (level, clusters): (f64, Option<(f64, &str)>),
) {
    let mut names: Vec<String> =
        state.exogenous.iter().chain(&state.instruments).map(|c| c.0.clone()).collect();
    if state.model.constant {
        names.push("_cons".to_string());
    }
    let stripe = plain_stripe(names);
    let se: Vec<f64> = fit.v.diagonal().iter().map(|v| v.sqrt()).collect();
    let before = s.r.clone();
    Table {
        title: name,
        vce_title: if state.model.is_robust() { "Robust" } else { "" },
        clusters,
        equations: false,
        ..Table::of_equations(&stripe, &fit.b, &se, Some(fit.df_r), level)
    }
    .show(s);
    s.r = before;
}

fn facts(fit: &OlsFit) -> [Fact; 6] {
    let f = fit.f.map_or(MISSING, stata);
    let p = fit.f.map_or(MISSING, |f| stata(f_tail(fit.df_m, fit.df_r, f)));
    [
        Fact::observations(fit.n),
        Fact::statistic("F", &[fit.df_m, fit.df_r], f),
        Fact::probability("Prob > F", p),
        Fact::probability("R-squared", fit.r2),
        Fact::probability("Adj R-squared", fit.r2_a),
        Fact::new("Root MSE", "%9.4f", fit.rmse),
    ]
}
