//! Reads the model of `spregress`: options that repeat, weighting matrices in the order of the sample, spatial lags of
//! regressors.

use super::state::{Weighting, find, ids, room};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::model::{Model, Reading};
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::ParsedCommand;
use crate::syntax::{Design, FvList};
use estimators::matrix::Mat;
use estimators::qr::{Design as Columns, choose_in_blocks};
use estimators::spatial::weights::Scaling;
use std::collections::BTreeMap;

/// A weighting matrix for the units of a sample.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Its weights.
    pub w: Mat,
    /// Units of the whole matrix.
    pub places: usize,
    /// Whether the largest modulus of its eigenvalues is known to be one.
    pub normal: bool,
}

/// What postestimation commands need besides `e()`.
#[derive(Debug, Clone)]
pub(super) struct Units {
    /// Identifiers of the sample.
    pub ids: Vec<f64>,
    /// Matrices by name.
    pub matrices: BTreeMap<String, Part>,
    /// Matrix of the lag of the outcome.
    pub outcome: Option<String>,
    /// Matrix of the lag of the errors.
    pub errors: Option<String>,
}

/// A spatial lag of a regressor.
pub(super) struct Lag {
    /// Name of the matrix.
    pub matrix: String,
    /// Name of the regressor.
    pub term: String,
    /// Its values; nothing when it is collinear.
    pub values: Option<Vec<f64>>,
}

/// A model with its matrices.
pub(super) struct SpatialModel {
    /// Outcome and regressors.
    pub model: Model,
    /// Units and matrices.
    pub units: Units,
    /// Spatial lags of regressors.
    pub lags: Vec<Lag>,
}

/// Takes options that may repeat out of the text of options: their arguments, and the other options.
pub(super) fn repeated(text: &str, declared: &str) -> Result<(Vec<String>, String)> {
    let (mut found, mut rest) = (Vec::new(), String::new());
    for (name, argument) in split_options(text)? {
        match argument {
            Some(a) if abbreviates(&name, declared) => found.push(a),
            Some(a) => rest.push_str(&format!("{name}({a}) ")),
            None => rest.push_str(&format!("{name} ")),
        }
    }
    Ok((found, rest.trim_end().to_string()))
}

/// Matrices and variables of `ivarlag()`.
fn lagged_lists(arguments: &[String]) -> Result<Vec<(String, String)>> {
    let pair = |text: &String| {
        let (matrix, list) = text.split_once(':')?;
        Some((matrix.trim().to_string(), list.trim().to_string()))
            .filter(|p| !p.0.is_empty() && !p.1.is_empty())
    };
    let invalid =
        || StataError::invalid("ivarlag() invalid: a weighting matrix, a colon and variables are required");
    arguments.iter().map(|text| pair(text).ok_or_else(invalid)).collect()
}

/// The part of a matrix for the sample; r(459) when the sample is smaller and `force` was not specified.
fn part(held: &Weighting, name: &str, ids: &[f64], force: bool) -> Result<Part> {
    let w = held.part(name, ids)?;
    let whole = held.ids.len() == ids.len();
    if !whole && !force {
        return Err(StataError::new(
            459,
            format!(
                "weighting matrix {name} defines {} places, the estimation sample has {}; make a matrix for the sample, or specify option force",
                held.ids.len(),
                ids.len()
            ),
        ));
    }
    // rows of weights that sum to one have a radius of one when no weight is negative
    let normal = whole
        && match held.scaling {
            Scaling::Spectral => true,
            Scaling::Row => w.data().iter().all(|x| *x >= 0.0),
            _ => false,
        };
    Ok(Part { w, places: held.ids.len(), normal })
}

impl SpatialModel {
    /// Reads the model; `lagged` are the arguments of `ivarlag()`.
    pub(super) fn read(s: &mut Session, cmd: &ParsedCommand, lagged: &[String]) -> Result<Self> {
        let lists = lagged_lists(lagged)?;
        let abbrev = s.settings.varabbrev;
        let mut further = Vec::new();
        for (_, list) in &lists {
            for name in FvList::parse(&s.frame, list, abbrev)?.variables() {
                further.push(s.numeric_variable(&name)?);
            }
        }
        let mut model = Reading { further, plain_vce: &["oim"], ..Reading::new(cmd) }.model(s)?.enough()?;
        room(model.y.len())?;
        drop_collinear(s, &mut model);
        let ids = ids(s, &model.design.rows)?;
        let name = |option: &str| cmd.options.text(option).map(|t| t.trim().to_string());
        let (outcome, errors) = (name("dvarlag"), name("errorlag"));
        let mut matrices = BTreeMap::new();
        for matrix in lists.iter().map(|l| &l.0).chain(&outcome).chain(&errors) {
            let held = find(s, matrix)?;
            matrices.insert(matrix.clone(), part(&held, matrix, &ids, cmd.has("force"))?);
        }
        let mut lags = Vec::new();
        for (matrix, list) in &lists {
            let design = Design::build(&s.frame, &FvList::parse(&s.frame, list, abbrev)?, &model.touse)?;
            for i in design.active() {
                if let Some(column) = design.column(i) {
                    let values = Some(matrices[matrix].w.times_vector(column));
                    lags.push(Lag { matrix: matrix.clone(), term: design.terms[i].name(), values });
                }
            }
        }
        omit_collinear(s, &model, &mut lags);
        Ok(Self { model, units: Units { ids, matrices, outcome, errors }, lags })
    }

    /// Regressors, the constant, spatial lags of regressors.
    pub(super) fn columns(&self) -> Vec<Vec<f64>> {
        let ones = self.model.constant.then(|| vec![1.0; self.model.y.len()]);
        let own = self.model.columns().into_iter().map(<[f64]>::to_vec).chain(ones);
        own.chain(self.lags.iter().filter_map(|l| l.values.clone())).collect()
    }

    /// The matrix of the lag of the outcome.
    pub(super) fn w(&self) -> Option<&Part> {
        self.units.outcome.as_ref().map(|name| &self.units.matrices[name])
    }

    /// The matrix of the lag of the errors.
    pub(super) fn m(&self) -> Option<&Part> {
        self.units.errors.as_ref().map(|name| &self.units.matrices[name])
    }
}

/// Omits lags that the regressors and earlier lags determine.
fn omit_collinear(s: &mut Session, model: &Model, lags: &mut [Lag]) {
    let own = model.columns();
    let mut columns = own.clone();
    columns.extend(lags.iter().filter_map(|l| l.values.as_deref()));
    let sizes = [own.len(), lags.len()];
    let design = Columns { columns: &columns, weights: None, constant: model.constant };
    let omitted: Vec<usize> =
        choose_in_blocks(design, &sizes).1.into_iter().filter_map(|p| p.checked_sub(own.len())).collect();
    for position in omitted {
        let lag = &mut lags[position];
        lag.values = None;
        s.print(format!("note: {}*{} omitted because of collinearity.", lag.matrix, lag.term));
    }
}
