//! Reads the model of an estimation command: outcome, regressors, sample, weights and covariance.
//! Nothing is estimated here.

use super::cluster_rows::ClusterRows;
use crate::error::{Result, StataError};
use crate::frame::Frame;
use crate::session::Session;
use crate::syntax::options::Options;
use crate::syntax::split::ParsedCommand;
use crate::syntax::{Design, FvList, Term};
use estimators::vce::Vce;
use estimators::weights::{WeightKind, Weights};
use std::collections::HashMap;

/// The kind of weights and their values, one for each observation.
pub type WeightValues = (WeightKind, Vec<f64>);

/// The kind of weights and their expression.
pub type WeightText = (String, String);

/// The covariance that the command asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VceSpec {
    /// The command's default.
    Default,
    /// Huber/White.
    Robust,
    /// MacKinnon and White's second.
    Hc2,
    /// MacKinnon and White's third.
    Hc3,
    /// By clusters of a variable.
    Cluster(String),
    /// Outer products of the scores, [R] vce_option.
    OuterProducts,
}

impl VceSpec {
    /// Reads `vce()`, `robust` and `cluster()`; `plain` lists the names of the default covariance.
    pub fn parse(command: &str, options: &Options, plain: &[&str]) -> Result<Self> {
        let mut found = Vec::new();
        if options.has("robust") {
            found.push(Self::Robust);
        }
        if let Some(variable) = options.text("cluster") {
            found.push(Self::Cluster(variable.trim().to_string()));
        }
        if let Some(text) = options.text("vce") {
            found.push(Self::parse_vce(command, text, plain)?);
        }
        found.dedup();
        match found.len() {
            0 => Ok(Self::Default),
            1 => Ok(found.remove(0)),
            _ if found.iter().all(|f| matches!(f, Self::Robust | Self::Cluster(_))) => {
                let cluster = found.into_iter().find(|f| matches!(f, Self::Cluster(_)));
                Ok(cluster.unwrap_or(Self::Robust))
            }
            _ => Err(StataError::invalid("options robust, cluster() and vce() may not be combined")),
        }
    }

    /// Reads the text of `vce()`.
    pub fn parse_vce(command: &str, text: &str, plain: &[&str]) -> Result<Self> {
        let (kind, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
        let is = |full: &str, least: usize| kind.len() >= least && full.starts_with(kind);
        let rest = rest.trim();
        if is("cluster", 2) {
            if rest.is_empty() || rest.split_whitespace().count() > 1 {
                return if rest.is_empty() {
                    Err(StataError::invalid("invalid vce() option"))
                } else {
                    Err(StataError::unsupported_option(command, "vce(cluster) with several variables"))
                };
            }
            return Ok(Self::Cluster(rest.to_string()));
        }
        if !rest.is_empty() {
            return Err(StataError::unsupported_option(command, &format!("vce({text})")));
        }
        if is("robust", 1) {
            return Ok(Self::Robust);
        }
        if plain.iter().any(|p| is(p, 3.min(p.len()))) {
            return Ok(Self::Default);
        }
        match kind {
            "hc2" => Ok(Self::Hc2),
            "hc3" => Ok(Self::Hc3),
            _ if is("bootstrap", 4) || is("jackknife", 4) || is("opg", 3) || is("oim", 3) => {
                Err(StataError::unsupported_option(command, &format!("vce({kind})")))
            }
            _ => Err(StataError::invalid(format!("vcetype '{kind}' not allowed"))),
        }
    }
}

/// Numbers the distinct values of a variable from zero, in order of appearance.
pub fn number_groups(frame: &Frame, variable: usize, rows: &[usize]) -> (Vec<u32>, usize) {
    let column = &frame.var(variable).data;
    if column.is_string() {
        let mut seen: HashMap<&str, u32> = HashMap::new();
        let of_row = rows
            .iter()
            .map(|r| {
                let next = seen.len() as u32;
                *seen.entry(column.str(*r)).or_insert(next)
            })
            .collect();
        return (of_row, seen.len());
    }
    let mut seen: HashMap<u64, u32> = HashMap::new();
    let of_row = rows
        .iter()
        .map(|r| {
            let next = seen.len() as u32;
            // Adding zero makes -0 and 0 one value.
            *seen.entry((column.num(*r) + 0.0).to_bits()).or_insert(next)
        })
        .collect();
    (of_row, seen.len())
}

/// A model with its sample.
pub struct Model {
    /// Outcome as it is named in output (`y`, `D.y`).
    pub depvar: String,
    /// Outcome in the rows of the sample.
    pub y: Vec<f64>,
    /// Regressors in the rows of the sample.
    pub design: Design,
    /// Rows of the data that are in the sample.
    pub touse: Vec<bool>,
    /// Weights of the rows of the sample.
    pub weights: Option<Weights>,
    /// Weight expression for `e(wexp)`.
    pub weight_text: Option<(String, String)>,
    /// Clusters, when the covariance is by cluster.
    pub clusters: Option<ClusterRows>,
    /// The covariance.
    pub vce: VceSpec,
    /// Whether there is a constant.
    pub constant: bool,
}

/// Names of the default covariance of likelihood commands in `vce()`.
pub const LIKELIHOOD_VCE: &[&str] = &["oim", "conventional"];

/// Parts of a model that are read before the sample is known.
pub struct Reading<'a> {
    /// The command.
    pub cmd: &'a ParsedCommand,
    /// Text of the outcome and regressors.
    pub list: &'a str,
    /// Further variables whose missing values leave the sample (text counts when empty).
    pub further: Vec<usize>,
    /// Names of the default covariance in `vce()`.
    pub plain_vce: &'a [&'a str],
    /// The covariance, when it does not follow from the options alone.
    pub vce: Option<VceSpec>,
    /// Kind of plain `[w=...]`.
    pub default_weight: WeightKind,
    /// Weight kinds that the command takes.
    pub weight_kinds: &'a [WeightKind],
}

impl<'a> Reading<'a> {
    /// A model given as `depvar indepvars`.
    pub fn new(cmd: &'a ParsedCommand) -> Self {
        use WeightKind::{Analytic, Frequency, Importance, Probability};
        Self {
            cmd,
            list: &cmd.list,
            further: Vec::new(),
            plain_vce: &["ols", "conventional", "unadjusted"],
            vce: None,
            default_weight: Analytic,
            weight_kinds: &[Analytic, Frequency, Importance, Probability],
        }
    }

    /// A model of a likelihood command that takes these weights; the first kind is the default.
    pub fn likelihood(cmd: &'a ParsedCommand, weight_kinds: &'a [WeightKind]) -> Self {
        let default_weight = weight_kinds.first().copied().unwrap_or(WeightKind::Analytic);
        Self { plain_vce: LIKELIHOOD_VCE, default_weight, weight_kinds, ..Self::new(cmd) }
    }

    /// Reads the model: r(100) without variables, r(2000) without observations.
    pub fn model(&self, session: &Session) -> Result<Model> {
        let vce = self.covariance(session)?;
        let list = super::outcome::apart(self.list);
        let (first, rest) = first_word(&list);
        if first.is_empty() {
            // a command without variables asks for its last results
            return Err(StataError::no_estimates());
        }
        let frame = &session.frame;
        let abbrev = session.settings.varabbrev;
        let outcome = FvList::parse(frame, first, abbrev)?;
        let list = FvList::parse(frame, rest, abbrev)?;
        let mut touse = session.rows(self.cmd)?;
        outcome.markout(frame, &mut touse)?;
        list.markout(frame, &mut touse)?;
        session.markout(&self.further, &mut touse, true)?;
        let cluster = match &vce {
            VceSpec::Cluster(name) => {
                let variable = session.variable(name)?;
                session.markout(&[variable], &mut touse, true)?;
                Some(variable)
            }
            _ => None,
        };
        let (weights, weight_text) = self.weights(session, &mut touse)?;
        let design = Design::build(frame, &list, &touse)?;
        if design.rows.is_empty() {
            return Err(StataError::no_observations());
        }
        let (depvar, y) = single_column(frame, &outcome, &touse, &design.rows)?;
        Ok(Model {
            depvar,
            y,
            clusters: cluster.map(|v| ClusterRows::of(frame, v, &design.rows)),
            weights: weights.map(|(kind, values)| Weights {
                kind,
                values: design.rows.iter().map(|r| values[*r]).collect(),
            }),
            weight_text,
            touse,
            design,
            vce,
            constant: !self.cmd.options.has("noconstant"),
        })
    }

    /// Evaluates the weights; rows without one leave `touse`.
    pub fn weights(
        &self,
        session: &Session,
        touse: &mut [bool],
    ) -> Result<(Option<WeightValues>, Option<WeightText>)> {
        let Some(found) = session.weights(self.cmd, self.default_weight, touse)? else {
            return Ok((None, None));
        };
        if !self.weight_kinds.contains(&found.kind) {
            return Err(StataError::new(101, format!("{}s not allowed", found.kind.name())));
        }
        let text = (found.kind.name().to_string(), found.exp.clone());
        Ok((Some((found.kind, found.values)), Some(text)))
    }
}

/// The first word of a list and the rest.
pub fn first_word(list: &str) -> (&str, &str) {
    let list = list.trim_start();
    let end = list.find(char::is_whitespace).unwrap_or(list.len());
    (&list[..end], list[end..].trim_start())
}

/// Name and values of a list that must be one variable without factor operators.
pub fn single_column(
    frame: &Frame,
    list: &FvList,
    touse: &[bool],
    rows: &[usize],
) -> Result<(String, Vec<f64>)> {
    let terms = list.expand(frame, touse)?;
    match terms.as_slice() {
        [term] if list.factors().is_empty() && !term.is_omitted() => {
            Ok((term.name(), term.values(frame, rows)?))
        }
        _ => Err(StataError::new(198, "depvar may not be a factor variable")),
    }
}

impl Model {
    /// The model itself, or r(2001) for a sample of one observation, which leaves nothing for a variance.
    pub fn enough(self) -> Result<Self> {
        let n = match &self.weights {
            Some(weights) if weights.kind == WeightKind::Frequency => weights.values.iter().sum(),
            _ => self.y.len() as f64,
        };
        if n < 2.0 { Err(StataError::insufficient_observations()) } else { Ok(self) }
    }

    /// The covariance for the kernels.
    pub fn kernel_vce(&self) -> Vce<'_> {
        match (&self.vce, &self.clusters) {
            (VceSpec::Robust, _) => Vce::Robust,
            (VceSpec::Hc2, _) => Vce::Hc2,
            (VceSpec::Hc3, _) => Vce::Hc3,
            (VceSpec::Cluster(_), Some(c)) => Vce::Cluster(c.kernel()),
            _ => Vce::Classical,
        }
    }

    /// Whether standard errors allow for unequal variances.
    pub fn is_robust(&self) -> bool {
        !matches!(self.vce, VceSpec::Default | VceSpec::OuterProducts)
            || self.weights.as_ref().is_some_and(|w| w.kind == WeightKind::Probability)
    }

    /// Regressors with values, in order.
    pub fn columns(&self) -> Vec<&[f64]> {
        self.design.active().into_iter().filter_map(|i| self.design.column(i)).collect()
    }

    /// Marks regressors (by position among [`Model::columns`]) as omitted and returns their names.
    pub fn omit(&mut self, positions: &[usize]) -> Vec<String> {
        let active = self.design.active();
        positions
            .iter()
            .map(|p| {
                let name = self.design.terms[active[*p]].name();
                self.design.omit(active[*p]);
                name
            })
            .collect()
    }

    /// Drops rows of the sample (by position among the sample's rows).
    pub fn drop_rows(&mut self, session: &Session, dropped: &[usize]) -> Result<()> {
        let mut keep = vec![true; self.design.rows.len()];
        dropped.iter().for_each(|i| keep[*i] = false);
        for (position, row) in self.design.rows.iter().enumerate() {
            if !keep[position] {
                self.touse[*row] = false;
            }
        }
        let rows: Vec<usize> =
            self.design.rows.iter().zip(&keep).filter(|(_, k)| **k).map(|(r, _)| *r).collect();
        self.design = self.design.restricted(&keep);
        let pick = |values: &mut Vec<f64>| {
            let mut at = 0;
            values.retain(|_| {
                at += 1;
                keep[at - 1]
            });
        };
        pick(&mut self.y);
        if let Some(weights) = &mut self.weights {
            pick(&mut weights.values);
        }
        if let VceSpec::Cluster(name) = &self.vce {
            self.clusters = Some(ClusterRows::of(&session.frame, session.variable(name)?, &rows));
        }
        Ok(())
    }

    /// Names of all parameters of one equation, omitted ones included, with the constant.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.design.terms.iter().map(Term::name).collect();
        if self.constant {
            names.push("_cons".to_string());
        }
        names
    }

    /// Positions of the estimated parameters among [`Model::names`].
    pub fn estimated(&self) -> Vec<usize> {
        let mut out = self.design.active();
        if self.constant {
            out.push(self.design.terms.len());
        }
        out
    }
}
