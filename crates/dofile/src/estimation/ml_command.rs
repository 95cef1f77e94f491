//! Code shared by commands with their own likelihood: quiet fits of null models, parameters on another
//! scale, the offset, posting and the coefficient table. The likelihoods are in `estimators`.

use crate::error::{Result, StataError};
use crate::estimation::display::level;
pub use crate::estimation::layout::Layout;
use crate::estimation::likelihood::{self, ModelTest};
use crate::estimation::model::Model;
use crate::estimation::post::{self, Parameters};
use crate::estimation::table::Table;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::ParsedCommand;
use estimators::matrix::Mat;
use estimators::ml::{Equation, Likelihood, MlFit, Problem};
use estimators::vce::Vce;
use std::sync::Arc;

/// Options of the model and its table that these commands share.
pub const MODEL: &[OptSpec] = &[
    OptSpec::flag("noCONstant"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::flag("noHEader"),
];

/// The options that these commands share, followed by further ones.
#[macro_export]
macro_rules! ml_options {
    ($($extra:expr),* $(,)?) => {
        $crate::concat_lists!(
            $crate::syntax::options::OptSpec;
            &[$($extra),*],
            $crate::estimation::ml_command::MODEL,
            $crate::estimation::likelihood::MAXIMIZE,
        )
    };
}

/// Fits without output; r(430) when the search fails.
pub fn quiet<L: Likelihood>(
    model: &Model,
    likelihood: &L,
    equations: Vec<Equation<'_>>,
    start: &[f64],
) -> Result<MlFit> {
    let (weights, n) = likelihood::effective_weights(model);
    let weights = weights.as_ref().map(|(w, kind)| (w.as_slice(), *kind));
    let problem = Problem { model: likelihood, equations, rows: model.y.len(), weights, n };
    problem.maximise(start, Default::default(), Vce::Classical).ok_or_else(StataError::not_converged)
}

/// Options for a likelihood-ratio test of the model in place of the Wald test; `noskip` is the older name.
pub const RATIO: &[OptSpec] = &[OptSpec::flag("LRMODEL"), OptSpec::flag("noSKip")];

/// With `lrmodel`, the log likelihood of the model whose first `tested` equations have a constant alone.
///
/// # Errors
/// r(198) with a robust covariance, r(430) when the search fails.
pub fn constant_only<L: Likelihood>(
    cmd: &ParsedCommand,
    model: &Model,
    likelihood: &L,
    equations: &[Equation<'_>],
    start: &[f64],
    tested: usize,
) -> Result<Option<f64>> {
    if !(cmd.has("lrmodel") || cmd.has("noskip")) {
        return Ok(None);
    }
    if model.is_robust() {
        return Err(StataError::invalid("lrmodel may not be combined with a robust covariance or pweights"));
    }
    let (mut null, mut from, mut at) = (equations.to_vec(), Vec::new(), 0);
    for (i, equation) in null.iter_mut().enumerate() {
        let all = equation.len();
        let dropped = if i < tested { equation.columns.len() } else { 0 };
        from.extend(&start[at + dropped..at + all]);
        if i < tested {
            equation.columns.clear();
        }
        at += all;
    }
    quiet(model, likelihood, null, &from).map(|fit| Some(fit.ll))
}

/// Puts one parameter on another scale: its new value and the derivative of the new in the old one.
pub fn rescale(b: &mut [f64], v: &mut Mat, position: usize, value: f64, derivative: f64) {
    let size = b.len();
    let factor = |i: usize| if i == position { derivative } else { 1.0 };
    *v = Mat::from_fn(size, size, |i, j| factor(i) * v[(i, j)] * factor(j));
    b[position] = value;
}

/// An offset or the log of an exposure in the rows of a sample, and its name for `e(offset)`.
pub fn offset(session: &Session, options: &Options, rows: &[usize]) -> Result<Option<(Vec<f64>, String)>> {
    let named = |option: &str| options.text(option).map(|v| session.numeric_variable(v)).transpose();
    // the name of exposure() in older versions of glm
    let exposure = named("exposure")?.or(named("lnoffset")?);
    match (exposure, named("offset")?) {
        (Some(_), Some(_)) => Err(StataError::invalid("only one of exposure() and offset() is allowed")),
        (Some(v), None) => {
            let values: Vec<f64> = rows.iter().map(|r| session.frame.num_at(v, *r)).collect();
            if values.iter().any(|x| *x <= 0.0) {
                return Err(StataError::new(459, "exposure() must be greater than zero"));
            }
            let name = format!("ln({})", session.frame.var(v).name);
            Ok(Some((values.iter().map(|x| x.ln()).collect(), name)))
        }
        (None, Some(v)) => {
            let values = rows.iter().map(|r| session.frame.num_at(v, *r)).collect();
            Ok(Some((values, session.frame.var(v).name.clone())))
        }
        (None, None) => Ok(None),
    }
}

/// Variables of `offset()` and `exposure()`, whose missing values leave the sample.
pub fn offset_variables(session: &Session, options: &Options) -> Result<Vec<usize>> {
    ["exposure", "lnoffset", "offset"]
        .iter()
        .filter_map(|o| options.text(o))
        .map(|name| session.numeric_variable(name))
        .collect()
}

/// Results posted by a likelihood command.
pub struct Posted<'a> {
    /// `e(cmd)`.
    pub cmd: &'static str,
    /// Title of the output.
    pub title: &'a str,
    /// Name for `e(predict)`.
    pub predict: &'static str,
    /// Parameters.
    pub parameters: &'a Parameters,
    /// The maximised likelihood.
    pub fit: &'a MlFit,
    /// Log likelihood of the null model.
    pub ll_0: Option<f64>,
    /// Parameters that the model test sets to zero, by position in the fit.
    pub tested: &'a [usize],
    /// Number of equations.
    pub equations: f64,
}

/// Starts the estimation results of a likelihood command.
pub fn begin(cmd: &ParsedCommand, model: &Model, posted: &Posted<'_>) -> Estimation {
    let test = ModelTest::new(posted.fit, posted.ll_0, posted.tested, model.is_robust());
    let (_, n) = likelihood::effective_weights(model);
    let mut est = post::begin(posted.cmd, &post::command_line(cmd), posted.parameters, model);
    likelihood::store(&mut est.results, posted.fit, posted.ll_0, &test, n, posted.equations);
    est.scores = posted.fit.scores.clone().map(Arc::new);
    est.results.text("title", posted.title).text("predict", posted.predict);
    let ancillary = posted.parameters.stripe.iter().filter(|p| p.eq == "/").count();
    if ancillary > 0 {
        est.results.scalar("k_aux", ancillary as f64);
    }
    est
}

/// How the coefficient table of active results looks.
#[derive(Default)]
pub struct Look<'a> {
    /// Heading of exponentiated estimates.
    pub eform: Option<&'a str>,
    /// Number of parameters at the end that are shown after a rule and never exponentiated.
    pub ancillary: usize,
    /// Whether equations are shown as blocks.
    pub equations: bool,
    /// Whether the parameters at the end are standard deviations, without a test and with limits on the log scale.
    pub deviations: bool,
}

/// Number of parameters behind the first equation: `irr` of models of several equations leaves these as they are.
pub fn behind_first(session: &Session) -> usize {
    let Some(b) = session.e.b() else { return 0 };
    b.col_names.iter().filter(|name| name.eq != b.col_names[0].eq).count()
}

/// Prints the coefficient table of the active results and stores `r(table)`.
pub fn table(session: &mut Session, cmd: &ParsedCommand, look: &Look<'_>) -> Result<()> {
    let level = level(session, cmd)?;
    let (b, v) = session.e.b_and_v()?;
    let text = |name: &str| session.e.results.get_text(name).unwrap_or("").to_string();
    let (depvar, vcetype, clustvar) = (text("depvar"), text("vcetype"), text("clustvar"));
    let clusters = session.e.results.get_scalar("N_clust");
    let se: Vec<f64> = (0..b.cols()).map(|i| v.get(i, i).sqrt()).collect();
    Table {
        // with one outcome in all equations its name stands above their blocks
        title: if look.equations && !one_outcome(session.e.cmd()) { "" } else { &depvar },
        heading: look.eform.unwrap_or("Coefficient"),
        vce_title: &vcetype,
        eform: look.eform.is_some(),
        ancillary_from: (look.ancillary > 0).then(|| b.cols() - look.ancillary),
        deviations: look.deviations,
        clusters: clusters.map(|c| (c, clustvar.as_str())),
        equations: look.equations,
        ..Table::of_equations(&b.col_names, b.values(), &se, session.e.results.get_scalar("df_r"), level)
    }
    .show(session);
    Ok(())
}

/// Commands with several equations of one outcome.
fn one_outcome(cmd: &str) -> bool {
    matches!(cmd, "zip" | "zinb" | "cox" | "arch" | "mmqreg" | "xtqreg" | "xtpmg")
}

/// Whether the command only shows its active results again; r(301) when there are none.
pub fn replay(session: &Session, cmd: &ParsedCommand, name: &str) -> Result<bool> {
    if !cmd.list.trim().is_empty() {
        return Ok(false);
    }
    if session.e.cmd() == name { Ok(true) } else { Err(StataError::no_estimates()) }
}

/// The parts of a likelihood command that [`run`] puts together.
pub struct MlCommand<'a> {
    /// Full name, as in `e(cmd)`.
    pub name: &'a str,
    /// Fits the model and posts its results.
    pub estimate: &'a dyn Fn(&mut Session) -> Result<()>,
    /// Prints the header of the active results.
    pub header: &'a dyn Fn(&mut Session),
    /// Returns the form of the coefficient table of the active results.
    pub look: &'a dyn Fn(&Session) -> Look<'a>,
    /// Prints the lines after the table.
    pub footer: &'a dyn Fn(&mut Session),
}

/// Fits the model, or takes the active results when no variables are given, and shows header, table and
/// footer.
///
/// # Errors
/// r(301) without active results of the command; r(430), after the output, when the search did not
/// converge; the errors of the fit.
pub fn run(session: &mut Session, cmd: &ParsedCommand, command: &MlCommand<'_>) -> Result<()> {
    if !replay(session, cmd, command.name)? {
        (command.estimate)(session)?;
    }
    if !cmd.has("noheader") {
        (command.header)(session);
    }
    let look = (command.look)(session);
    table(session, cmd, &look)?;
    (command.footer)(session);
    likelihood::finish(&session.e)
}
