//! Samples of models that are not of the form `depvar indepvars`: two outcomes, or several equations with
//! their own regressors. Reads `if`, `in`, weights and clusters first and closes the sample afterwards.

use crate::error::{Result, StataError};
use crate::estimation::cluster_rows::ClusterRows;
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::syntax::{Design, FvList, Term};
use estimators::qr::{Design as Columns, choose_columns};
use estimators::weights::{WeightKind, Weights};

/// A sample whose outcome and regressors are still to be read.
pub struct OpenSample {
    /// Rows in use.
    pub touse: Vec<bool>,
    /// The covariance.
    pub vce: VceSpec,
    cluster: Option<usize>,
    weights: Option<(WeightKind, Vec<f64>)>,
    weight_text: Option<(String, String)>,
}

impl OpenSample {
    /// Reads what does not depend on the outcome.
    pub fn open(session: &Session, cmd: &ParsedCommand, reading: &Reading<'_>) -> Result<Self> {
        let vce = reading.covariance(session)?;
        let mut touse = session.rows(cmd)?;
        session.markout(&reading.further, &mut touse, true)?;
        let cluster = match &vce {
            VceSpec::Cluster(name) => {
                let variable = session.variable(name)?;
                session.markout(&[variable], &mut touse, true)?;
                Some(variable)
            }
            _ => None,
        };
        let (weights, weight_text) = reading.weights(session, &mut touse)?;
        Ok(Self { touse, vce, cluster, weights, weight_text })
    }

    /// Weights of the rows of a design as estimators use them, and the number of observations that they stand for.
    pub fn effective(&self, rows: &[usize]) -> Option<(Vec<f64>, f64)> {
        let (kind, values) = self.weights.as_ref()?;
        Some(Weights { kind: *kind, values: rows.iter().map(|r| values[*r]).collect() }.effective())
    }

    /// Closes the sample of a model without a `depvar` and `indepvars`, such as expressions and items.
    ///
    /// # Errors
    /// r(2000) where no row is left.
    pub fn close_without_terms(self, session: &Session) -> Result<Model> {
        if !self.touse.iter().any(|t| *t) {
            return Err(StataError::no_observations());
        }
        let list = FvList::parse(&session.frame, "", session.settings.varabbrev)?;
        let design = Design::build(&session.frame, &list, &self.touse)?;
        let zeros = vec![0.0; session.frame.n_rows()];
        Ok(self.close(session, String::new(), &zeros, design, false))
    }

    /// Closes the sample: `y` has one value per row of the data, `design` the rows of the sample.
    pub fn close(
        self,
        session: &Session,
        depvar: String,
        y: &[f64],
        design: Design,
        constant: bool,
    ) -> Model {
        let rows = design.rows.clone();
        Model {
            depvar,
            y: rows.iter().map(|r| y[*r]).collect(),
            clusters: self.cluster.map(|v| ClusterRows::of(&session.frame, v, &rows)),
            weights: self
                .weights
                .map(|(kind, values)| Weights { kind, values: rows.iter().map(|r| values[*r]).collect() }),
            weight_text: self.weight_text,
            touse: self.touse,
            design,
            vce: self.vce,
            constant,
        }
    }
}

/// A further equation of a model: its regressors in the rows of the sample.
pub struct Side {
    /// Regressors.
    pub design: Design,
    /// Whether there is a constant.
    pub constant: bool,
}

impl Side {
    /// Regressors of a list in the rows of `touse`, collinear ones omitted; their names come with it.
    pub fn build(
        session: &Session,
        list: &FvList,
        touse: &[bool],
        constant: bool,
    ) -> Result<(Self, Vec<String>)> {
        let mut design = Design::build(&session.frame, list, touse)?;
        if design.rows.is_empty() {
            return Err(StataError::no_observations());
        }
        let active = design.active();
        let omitted = if session.settings.search.collinear {
            Vec::new()
        } else {
            let columns: Vec<&[f64]> = active.iter().filter_map(|i| design.column(*i)).collect();
            choose_columns(Columns { columns: &columns, weights: None, constant }).1
        };
        let names = omitted
            .iter()
            .map(|p| {
                let name = design.terms[active[*p]].name();
                design.omit(active[*p]);
                name
            })
            .collect();
        Ok((Self { design, constant }, names))
    }

    /// Regressors with values.
    pub fn columns(&self) -> Vec<&[f64]> {
        self.design.active().into_iter().filter_map(|i| self.design.column(i)).collect()
    }

    /// Names of all parameters.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.design.terms.iter().map(Term::name).collect();
        names.extend(self.constant.then(|| "_cons".to_string()));
        names
    }

    /// Positions of the estimated parameters among [`Side::names`].
    pub fn estimated(&self) -> Vec<usize> {
        let mut out = self.design.active();
        out.extend(self.constant.then_some(self.design.terms.len()));
        out
    }
}
