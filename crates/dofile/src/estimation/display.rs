//! Output and checks common to estimation commands: levels, fit errors, the table of active estimates.

use crate::error::{Result, StataError};
use crate::estimation::model::Model;
use crate::estimation::reference::{Statement, degrees};
use crate::estimation::table::Table;
use crate::format;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::ols::FitError;
use estimators::panel_gmm::{Steps, Unit};
use estimators::weights::WeightKind;

/// The error that Stata gives for a fit that cannot be made.
pub fn fit_error(error: FitError) -> StataError {
    match error {
        FitError::Insufficient => StataError::insufficient_observations(),
        FitError::OneCluster => StataError::new(460, "only one cluster"),
        FitError::NotConverged => StataError::not_converged(),
    }
}

/// The line that names implicit weights: `(sum of wgt is ...)`.
pub fn note_weights(session: &mut Session, model: &Model) {
    if let Some(weights) = &model.weights
        && matches!(weights.kind, WeightKind::Analytic | WeightKind::Probability)
    {
        let total: f64 = weights.values.iter().sum();
        session.print(format!("(sum of wgt is {})", format::bare("%17.0gc", total)));
    }
}

/// Level of intervals: the option or the setting; r(198) outside 10 to 99.99.
pub fn level(session: &Session, cmd: &ParsedCommand) -> Result<f64> {
    checked_level("level", cmd.options.real("level").unwrap_or(session.settings.level))
}

/// The level that an option names; r(198) outside 10 to 99.99.
pub fn checked_level(option: &str, level: f64) -> Result<f64> {
    match (10.0..=99.99).contains(&level) {
        true => Ok(level),
        false => Err(StataError::new(198, format!("{option}() must be between 10 and 99.99 inclusive"))),
    }
}

/// Prints the coefficient table of active estimates with one equation and stores `r(table)`.
pub fn show_active(session: &mut Session, level: f64, eform: Option<&str>) -> Result<()> {
    show_table(session, level, eform, None)
}

/// [`show_active`] without the line on clusters above the table, for commands whose header has their number.
///
/// # Errors
/// r(301) without estimates.
pub fn show_below_header(session: &mut Session, level: f64) -> Result<()> {
    active_table(session, level, None, None, false)
}

/// [`show_active`] with standardised coefficients instead of the limits.
pub fn show_table(
    session: &mut Session,
    level: f64,
    eform: Option<&str>,
    beta: Option<&[f64]>,
) -> Result<()> {
    active_table(session, level, eform, beta, true)
}

fn active_table(
    session: &mut Session,
    level: f64,
    eform: Option<&str>,
    beta: Option<&[f64]>,
    name_clusters: bool,
) -> Result<()> {
    let (b, v) = session.e.b_and_v()?;
    let text = |name: &str| session.e.results.get_text(name).unwrap_or("").to_string();
    let (depvar, vcetype, clustvar) = (text("depvar"), text("vcetype"), text("clustvar"));
    let clusters = session.e.results.get_scalar("N_clust").filter(|_| name_clusters);
    let se: Vec<f64> = (0..b.cols()).map(|i| v.get(i, i).sqrt()).collect();
    Table {
        title: &depvar,
        heading: eform.unwrap_or("Coefficient"),
        vce_title: &vcetype,
        eform: eform.is_some(),
        clusters: clusters.map(|c| (c, clustvar.as_str())),
        equations: false,
        beta,
        ..Table::of_equations(&b.col_names, b.values(), &se, degrees(session, Statement::Linear), level)
    }
    .show(session);
    Ok(())
}

/// Why moments do not determine the parameters: r(481).
pub fn moments_error(units: &[Unit], steps: Steps) -> StataError {
    let (groups, instruments) = (units.len(), units.first().map_or(0, |u| u.z.cols()));
    if steps == Steps::Two && groups < instruments {
        return StataError::new(
            481,
            format!(
                "the weights of the second step cannot be computed from {groups} groups and {instruments} instruments;\nlimit the lags that are instruments, or estimate in one step"
            ),
        );
    }
    StataError::new(481, "model not identified: fewer instruments than parameters")
}
