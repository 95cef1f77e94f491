//! Models with instruments, `y x1 (x2 = z)`: reading them, dropping collinear columns, handing them to the kernels.
//! Estimation and output belong to the commands.

use crate::error::{Result, StataError};
use crate::estimation::cluster_rows::ClusterRows;
use crate::estimation::model::{Model, Reading, VceSpec, first_word};
use crate::estimation::post;
use crate::session::Session;
use crate::syntax::options::parse_number;
use crate::syntax::split::ParsedCommand;
use crate::syntax::{Design, FvList, InstrumentList};
use estimators::hac::{Hac, Kernel};
use estimators::iv::{IvRequest, Method};
use estimators::iv_gmm::Iterated;
use estimators::qr::{Design as Columns, choose_in_blocks};
use estimators::vce::{Periods, Vce};

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
    /// Autocorrelation in the covariance.
    pub hac_vce: Option<Lags>,
    /// Autocorrelation in the weight matrix of GMM.
    pub hac_weight: Option<Lags>,
    /// Row of the sample in each period; empty without autocorrelation.
    pub periods: Vec<Option<usize>>,
    /// When iterated GMM ends.
    pub iterated: Option<Iterated>,
    /// Effects that were taken out of all columns.
    pub absorbed: usize,
    /// Dependence between rows beyond clusters of one variable, in the place of the covariance of the model.
    pub dependence: Option<Dependence>,
}

/// Rows that are not independent.
pub enum Dependence {
    /// Clusters of two variables and their intersections.
    TwoWay([ClusterRows; 3]),
    /// Correlation over the periods of [`IvState::periods`].
    Series(Lags),
    /// Sums within periods, correlated over time.
    Periods {
        /// Period of each row, numbered in time.
        of_row: Vec<usize>,
        /// Number of periods with rows.
        count: usize,
        /// Number of lags.
        lags: usize,
    },
}

impl IvState {
    /// The dependence for the kernels.
    fn dependent(&self) -> Option<Vce<'_>> {
        Some(match self.dependence.as_ref()? {
            Dependence::TwoWay(sets) => Vce::TwoWay(sets.each_ref().map(ClusterRows::kernel)),
            Dependence::Series(l) => {
                Vce::Series(Hac { kernel: l.kernel, lags: l.count(self.y.len()), row_of: &self.periods })
            }
            Dependence::Periods { of_row, count, lags } => {
                Vce::Periods(Periods { of_row, count: *count, lags: *lags })
            }
        })
    }
}

/// What `hac kernel #` asks for.
#[derive(Clone, Copy)]
pub struct Lags {
    /// The kernel.
    pub kernel: Kernel,
    /// Number of lags; nothing for the default, observations less two.
    pub lags: Option<f64>,
}

impl Lags {
    /// Reads `hac kernel [#]`; nothing for another covariance.
    ///
    /// # Errors
    /// r(198) for an unknown kernel; automatic selection is not supported.
    pub fn read(command: &str, text: &str) -> Result<Option<Self>> {
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.first() != Some(&"hac") {
            return Ok(None);
        }
        let bad = || StataError::invalid(format!("{text}: a kernel and a number of lags expected"));
        let name = *words.get(1).ok_or_else(bad)?;
        let is = |full: &str, least: usize| name.len() >= least && full.starts_with(name);
        let kernel = if is("nwest", 2) || is("bartlett", 2) {
            Kernel::Bartlett
        } else if is("gallant", 2) || is("parzen", 2) {
            Kernel::Parzen
        } else if is("quadraticspectral", 2) || is("andrews", 2) {
            Kernel::QuadraticSpectral
        } else {
            return Err(bad());
        };
        let lags = match words.get(2..).unwrap_or_default() {
            [] => None,
            [word, ..] if word.starts_with("opt") => {
                return Err(StataError::unsupported_option(command, "hac kernel opt"));
            }
            [word] => Some(parse_number(word).filter(|l| *l >= 0.0 && l.fract() == 0.0).ok_or_else(bad)?),
            _ => return Err(bad()),
        };
        Ok(Some(Self { kernel, lags }))
    }

    /// The number of lags with `n` observations.
    pub fn count(self, n: usize) -> f64 {
        self.lags.unwrap_or(n.saturating_sub(2) as f64)
    }

    /// The kernel's name in `e()`.
    pub fn name(self) -> &'static str {
        match self.kernel {
            Kernel::Bartlett => "bartlett",
            Kernel::Parzen => "parzen",
            Kernel::QuadraticSpectral => "quadraticspectral",
        }
    }
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
    /// Further variables whose missing values leave the sample.
    pub further: Vec<usize>,
}

/// Reads the model and drops collinear columns, with notes.
///
/// # Errors
/// Those of [`read_columns`], r(481) for fewer instruments than endogenous regressors.
pub fn read(session: &mut Session, cmd: &ParsedCommand, asked: Asked, list: &str) -> Result<IvState> {
    let mut state = read_columns(session, cmd, asked, list, |_, _| Vec::new())?;
    drop_collinear(session, &mut state)?;
    Ok(state)
}

/// Reads the model. `alone` names positions among rows of the data that leave the sample after those with missing values.
///
/// # Errors
/// r(198) for a list that is not `y x1 (x2 = z)`, r(2000) without observations.
pub fn read_columns(
    session: &mut Session,
    cmd: &ParsedCommand,
    asked: Asked,
    list: &str,
    alone: impl FnOnce(&mut Session, &[usize]) -> Vec<usize>,
) -> Result<IvState> {
    let InstrumentList { rest, endogenous, instruments } = if asked.optional && !list.contains('(') {
        InstrumentList { rest: list.to_string(), endogenous: "", instruments: "" }
    } else {
        InstrumentList::parse(list)?
    };
    if !asked.optional && (endogenous.is_empty() || instruments.is_empty()) {
        return Err(StataError::new(198, "endogenous regressors and instruments must be given as (x = z)"));
    }
    let abbrev = session.settings.varabbrev;
    let x2 = FvList::parse(&session.frame, endogenous, abbrev)?;
    let z = FvList::parse(&session.frame, instruments, abbrev)?;
    // Reading the model marks out missing values only of its own list: the others go in as further lists.
    let mut model =
        Reading { list: &rest, vce: Some(asked.vce), further: asked.further, ..Reading::new(cmd) }
            .model(session)?
            .enough()?;
    let mut touse = model.touse.clone();
    x2.markout(&session.frame, &mut touse)?;
    z.markout(&session.frame, &mut touse)?;
    let dropped: Vec<usize> =
        (0..model.design.rows.len()).filter(|i| !touse[model.design.rows[*i]]).collect();
    if dropped.len() == model.design.rows.len() {
        return Err(StataError::no_observations());
    }
    model.drop_rows(session, &dropped)?;
    let alone = alone(session, &model.design.rows);
    model.drop_rows(session, &alone)?;
    if model.y.is_empty() {
        return Err(StataError::insufficient_observations());
    }
    if !dropped.is_empty() || !alone.is_empty() {
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
    Ok(IvState {
        y: model.y.clone(),
        endogenous: named(&x2),
        exogenous,
        instruments: named(&z),
        method: asked.method,
        small: cmd.options.has("small"),
        weight_matrix: asked.weight_matrix,
        fuller: asked.fuller,
        efficient: asked.efficient,
        hac_vce: None,
        hac_weight: None,
        periods: Vec::new(),
        iterated: None,
        absorbed: 0,
        dependence: None,
        model,
    })
}

/// Drops exogenous columns, instruments and endogenous regressors that earlier columns explain, with notes.
///
/// # Errors
/// r(481) for fewer instruments than endogenous regressors.
pub fn drop_collinear(session: &mut Session, state: &mut IvState) -> Result<()> {
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
    if state.instruments.len() < state.endogenous.len() {
        return Err(StataError::new(
            481,
            "equation not identified; must have at least as many instruments not in\nthe regression as there are instrumented variables",
        ));
    }
    Ok(())
}

/// Calls a kernel with the model of a state.
pub fn with_request<T>(state: &IvState, call: impl FnOnce(&IvRequest<'_>) -> T) -> T {
    let endogenous: Vec<&[f64]> = state.endogenous.iter().map(|c| c.1.as_slice()).collect();
    let exogenous: Vec<&[f64]> = state.exogenous.iter().map(|c| c.1.as_slice()).collect();
    let instruments: Vec<&[f64]> = state.instruments.iter().map(|c| c.1.as_slice()).collect();
    let weight_matrix = match (&state.weight_matrix, &state.model.clusters) {
        (VceSpec::Cluster(_), Some(c)) => Vce::Cluster(c.kernel()),
        (VceSpec::Default, _) => Vce::Classical,
        _ => Vce::Robust,
    };
    let hac = |l: Lags| Hac { kernel: l.kernel, lags: l.count(state.y.len()), row_of: &state.periods };
    call(&IvRequest {
        y: &state.y,
        endogenous: &endogenous,
        exogenous: &exogenous,
        instruments: &instruments,
        constant: state.model.constant,
        weights: state.model.weights.as_ref(),
        method: state.method,
        vce: state.dependent().unwrap_or_else(|| state.model.kernel_vce()),
        weight_matrix: state.dependent().unwrap_or(weight_matrix),
        small: state.small,
        fuller: state.fuller,
        efficient: state.efficient,
        hac_vce: state.hac_vce.map(hac),
        hac_weight: state.hac_weight.map(hac),
        iterated: state.iterated,
        absorbed: state.absorbed,
    })
}
