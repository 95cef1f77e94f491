//! Models with instruments, `y x1 (x2 = z)`: reading them, dropping collinear columns, handing them to the kernels.
//! Estimation and output belong to the commands.

use crate::error::{Result, StataError};
use crate::estimation::model::{Model, Reading, VceSpec, first_word};
use crate::estimation::post;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::syntax::{Design, FvList};
use estimators::iv::{IvRequest, Method};
use estimators::qr::{Design as Columns, choose_in_blocks};

/// The model as the diagnostics need it again.
pub struct IvState {
    /// Outcome.
    pub y: Vec<f64>,
    /// Endogenous regressors: names and values.
    pub endogenous: Vec<(String, Vec<f64>)>,
    /// Included exogenous regressors.
    pub exogenous: Vec<(String, Vec<f64>)>,
    /// Excluded instruments.
    pub instruments: Vec<(String, Vec<f64>)>,
    /// Sample, weights and covariance.
    pub model: Model,
    /// The estimator.
    pub method: Method,
    /// Finite-sample statistics.
    pub small: bool,
    /// Weight matrix of GMM.
    pub weight_matrix: VceSpec,
    /// Constant of Fuller's LIML.
    pub fuller: f64,
    /// Whether the covariance of GMM takes the weight matrix as efficient.
    pub efficient: bool,
}

/// What a command asks for besides the list of variables.
pub struct Asked {
    /// The estimator.
    pub method: Method,
    /// The covariance.
    pub vce: VceSpec,
    /// Weight matrix of GMM.
    pub weight_matrix: VceSpec,
    /// Constant of Fuller's LIML.
    pub fuller: f64,
    /// Whether the covariance of GMM takes the weight matrix as efficient.
    pub efficient: bool,
    /// Whether the parentheses, or the endogenous regressors in them, may be absent.
    pub optional: bool,
}

/// The three parts of `y x1 (x2 = z)`.
fn split_list(list: &str) -> Result<(String, String, String)> {
    let bad =
        || StataError::new(198, "invalid syntax: endogenous regressors and instruments are given as (x = z)");
    let open = list.find('(').ok_or_else(bad)?;
    let close = crate::syntax::split::matching_paren(list, open).ok_or_else(bad)?;
    let (endogenous, instruments) = list[open + 1..close].split_once('=').ok_or_else(bad)?;
    let rest = format!("{} {}", &list[..open], &list[close + 1..]);
    Ok((rest, endogenous.trim().to_string(), instruments.trim().to_string()))
}

/// Reads the model and drops collinear columns, with notes.
///
/// # Errors
/// r(198) for a list that is not `y x1 (x2 = z)`, r(481) for fewer instruments than endogenous regressors, r(2000)
/// without observations.
pub fn read(session: &mut Session, cmd: &ParsedCommand, asked: Asked, list: &str) -> Result<IvState> {
    let (rest, endogenous, instruments) = if asked.optional && !list.contains('(') {
        (list.to_string(), String::new(), String::new())
    } else {
        split_list(list)?
    };
    if !asked.optional && (endogenous.is_empty() || instruments.is_empty()) {
        return Err(StataError::new(198, "endogenous regressors and instruments must be given as (x = z)"));
    }
    let abbrev = session.settings.varabbrev;
    let x2 = FvList::parse(&session.frame, &endogenous, abbrev)?;
    let z = FvList::parse(&session.frame, &instruments, abbrev)?;
    // Reading the model marks out missing values only of its own list: the others go in as further lists.
    let mut model =
        Reading { list: &rest, vce: Some(asked.vce), ..Reading::new(cmd) }.model(session)?.enough()?;
    let mut touse = model.touse.clone();
    x2.markout(&session.frame, &mut touse)?;
    z.markout(&session.frame, &mut touse)?;
    let dropped: Vec<usize> =
        (0..model.design.rows.len()).filter(|i| !touse[model.design.rows[*i]]).collect();
    if dropped.len() == model.design.rows.len() {
        return Err(StataError::new(2000, "no observations"));
    }
    model.drop_rows(session, &dropped)?;
    if !dropped.is_empty() {
        // Levels and bases of factors follow the final sample.
        let (_, list) = first_word(&rest);
        model.design =
            Design::build(&session.frame, &FvList::parse(&session.frame, list, abbrev)?, &model.touse)?;
    }
    let x2 = Design::build(&session.frame, &x2, &model.touse)?;
    let z = Design::build(&session.frame, &z, &model.touse)?;
    let named = |design: &Design| -> Vec<(String, Vec<f64>)> {
        let values = |i: usize| design.column(i).map(<[f64]>::to_vec).unwrap_or_default();
        design.active().into_iter().map(|i| (design.terms[i].name(), values(i))).collect()
    };
    let exogenous = named(&model.design);
    let mut state = IvState {
        y: model.y.clone(),
        endogenous: named(&x2),
        exogenous,
        instruments: named(&z),
        method: asked.method,
        small: cmd.options.has("small"),
        weight_matrix: asked.weight_matrix,
        fuller: asked.fuller,
        efficient: asked.efficient,
        model,
    };
    drop_collinear(session, &mut state);
    if state.instruments.len() < state.endogenous.len() {
        return Err(StataError::new(
            481,
            "equation not identified; must have at least as many instruments not in\nthe regression as there are instrumented variables",
        ));
    }
    Ok(state)
}

/// Drops exogenous columns, instruments and endogenous regressors that earlier columns explain.
fn drop_collinear(session: &mut Session, state: &mut IvState) {
    let constant = state.model.constant;
    let values = |list: &[(String, Vec<f64>)], others: &[(String, Vec<f64>)]| -> Vec<usize> {
        let columns: Vec<&[f64]> = list.iter().chain(others).map(|c| c.1.as_slice()).collect();
        choose_in_blocks(Columns { columns: &columns, weights: None, constant }, &[list.len()]).1
    };
    let count = state.exogenous.len();
    let joint = values(&state.exogenous, &state.instruments);
    let exogenous: Vec<usize> = joint.iter().copied().filter(|i| *i < count).collect();
    let instruments: Vec<usize> = joint.iter().filter(|i| **i >= count).map(|i| i - count).collect();
    let endogenous: Vec<usize> = values(&state.exogenous, &state.endogenous)
        .into_iter()
        .filter(|i| *i >= count)
        .map(|i| i - count)
        .collect();
    state.model.omit(&exogenous);
    for (list, dropped) in [
        (&mut state.exogenous, exogenous),
        (&mut state.instruments, instruments),
        (&mut state.endogenous, endogenous),
    ] {
        let names: Vec<String> = dropped.iter().map(|i| list[*i].0.clone()).collect();
        post::note_omitted(session, &names);
        let mut at = 0;
        list.retain(|_| {
            at += 1;
            !dropped.contains(&(at - 1))
        });
    }
}

/// Calls a kernel with the model of a state.
pub fn with_request<T>(state: &IvState, call: impl FnOnce(&IvRequest<'_>) -> T) -> T {
    let endogenous: Vec<&[f64]> = state.endogenous.iter().map(|c| c.1.as_slice()).collect();
    let exogenous: Vec<&[f64]> = state.exogenous.iter().map(|c| c.1.as_slice()).collect();
    let instruments: Vec<&[f64]> = state.instruments.iter().map(|c| c.1.as_slice()).collect();
    let weight_matrix = match (&state.weight_matrix, &state.model.clusters) {
        (VceSpec::Cluster(_), Some(c)) => estimators::vce::Vce::Cluster(c.kernel()),
        (VceSpec::Default, _) => estimators::vce::Vce::Classical,
        _ => estimators::vce::Vce::Robust,
    };
    call(&IvRequest {
        y: &state.y,
        endogenous: &endogenous,
        exogenous: &exogenous,
        instruments: &instruments,
        constant: state.model.constant,
        weights: state.model.weights.as_ref(),
        method: state.method,
        vce: state.model.kernel_vce(),
        weight_matrix,
        small: state.small,
        fuller: state.fuller,
        efficient: state.efficient,
    })
}
