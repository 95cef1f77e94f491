//! The command line of the multilevel models of one grouping level, `depvar [indepvars] || levelvar: [varlist]`, and the sample
//! with its random effects.

use super::clogit::group_rows;
use super::me::display;
use super::me_specs::Kind;
use super::random::integration_points;
use crate::error::{Result, StataError};
use crate::estimation::likelihood;
use crate::estimation::ml_command;
use crate::estimation::model::{LIKELIHOOD_VCE, Model, Reading, VceSpec};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, front_and_options};
use crate::syntax::{FvList, Term};

/// The parts of the command line.
pub(super) struct Line {
    pub(super) cmd: ParsedCommand,
    group: String,
    slopes: String,
}

/// The parts of a line.
///
/// # Errors
/// r(199) without a level of random effects, or with more than one; those of the syntax.
pub(super) fn parse(name: &str, options: &[OptSpec], refused: &[&str], raw: &str) -> Result<Line> {
    let mut parts: Vec<&str> = raw.split("||").collect();
    // nothing follows the last bars of an author
    parts.pop_if(|last| last.trim().is_empty());
    let [fixed, effects] = parts.as_slice() else {
        let what = if parts.len() == 1 {
            "a model without random effects"
        } else {
            "more than one level of random effects"
        };
        return Err(StataError::unsupported_option(name, what));
    };
    let (effects, text) = front_and_options(effects);
    let (group, slopes) = effects
        .split_once(':')
        .ok_or_else(|| StataError::new(198, "invalid syntax: levelvar: expected after ||"))?;
    let mut cmd = ParsedCommand::split(name, &format!("{}, {text}", fixed.trim()), false)?;
    cmd.check_weighted_options(options, refused)?;
    Ok(Line { cmd, group: group.trim().to_string(), slopes: slopes.trim().to_string() })
}

/// Shows the active results again, or estimates and shows them. `refused`: options that Stata has and the engine has not.
pub(super) fn run(
    session: &mut Session,
    kind: &Kind,
    raw: &str,
    (options, refused): (&[OptSpec], &[&str]),
    estimate: impl FnOnce(&mut Session, &Line) -> Result<()>,
) -> Result<()> {
    if raw.is_empty() || raw.starts_with(',') {
        if session.e.cmd() != kind.name {
            return Err(StataError::no_estimates());
        }
        let mut again = ParsedCommand::split(kind.name, raw, false)?;
        again.check_weighted_options(options, refused)?;
        return display(session, &again, kind);
    }
    let line = parse(kind.name, options, refused, raw)?;
    if line.cmd.options.text("intmethod").is_some_and(|m| !"mvaghermite".starts_with(m.trim())) {
        return Err(StataError::unsupported_option(kind.name, "intmethod() other than mvaghermite"));
    }
    estimate(session, &line)?;
    display(session, &line.cmd, kind)?;
    likelihood::finish(&session.e)
}

/// The grouping variable and the variables with random slopes.
pub(super) struct Grouping {
    unit: usize,
    slopes: Vec<Term>,
    unstructured: bool,
}

impl Grouping {
    pub(super) fn of(session: &Session, line: &Line, kind: &Kind) -> Result<Self> {
        let unit = session.variable(&line.group)?;
        let slopes = slope_terms(session, &line.slopes)?;
        let covariance = line.cmd.options.text("covariance").unwrap_or("independent").trim();
        let is = |full: &str| covariance.len() >= 2 && full.starts_with(covariance);
        if !is("unstructured") && !is("independent") {
            return Err(StataError::unsupported_option(kind.name, &format!("covariance({covariance})")));
        }
        Ok(Self { unit, slopes, unstructured: is("unstructured") })
    }

    /// How the sample is read: rows with a group and all values.
    pub(super) fn reading<'a>(&self, session: &Session, line: &'a Line, kind: &Kind) -> Result<Reading<'a>> {
        let cmd = &line.cmd;
        let mut further = ml_command::offset_variables(session, &cmd.options)?;
        further.push(self.unit);
        for name in self.slopes.iter().flat_map(Term::variables) {
            further.push(session.variable(name)?);
        }
        let vce = VceSpec::parse(kind.name, &cmd.options, LIKELIHOOD_VCE)?;
        Ok(Reading { further, weight_kinds: &[], vce: Some(vce), ..Reading::likelihood(cmd, &[]) })
    }

    /// The groups and the effects of a sample.
    pub(super) fn sample(&self, session: &Session, line: &Line, model: &Model) -> Result<Sample> {
        let cmd = &line.cmd;
        let rows = group_rows(session, self.unit, model);
        let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
        let column = |term: &Term| term.values(&session.frame, &model.design.rows);
        let mut columns: Vec<Vec<f64>> = self.slopes.iter().map(column).collect::<Result<_>>()?;
        let mut names: Vec<String> = self.slopes.iter().map(Term::name).collect();
        if !cmd.has("noconstant") {
            columns.push(vec![1.0; model.y.len()]);
            names.push("_cons".to_string());
        }
        if columns.is_empty() {
            return Err(StataError::new(198, "no random effects specified"));
        }
        let correlated = self.unstructured && columns.len() > 1;
        let points = integration_points(cmd, 7)?;
        Ok(Sample { unit: self.unit, rows, offset, columns, names, correlated, points })
    }
}

/// The variables with random slopes; levels of factors other than the base have one each.
fn slope_terms(session: &Session, text: &str) -> Result<Vec<Term>> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let all = vec![true; session.frame.n_rows()];
    let mut terms = FvList::parse(&session.frame, text, false)?.expand(&session.frame, &all)?;
    terms.retain(|term| !term.is_base() && !term.is_omitted());
    Ok(terms)
}

/// Groups and random effects of a sample.
pub(super) struct Sample {
    /// The grouping variable.
    pub(super) unit: usize,
    /// Rows of each group.
    pub(super) rows: Vec<Vec<usize>>,
    /// A term with coefficient one and its name.
    pub(super) offset: Option<(Vec<f64>, String)>,
    columns: Vec<Vec<f64>>,
    /// Names of the effects.
    pub(super) names: Vec<String>,
    /// Whether the effects are correlated.
    pub(super) correlated: bool,
    /// Nodes in each dimension.
    pub(super) points: usize,
}

impl Sample {
    /// Columns of the effects.
    pub(super) fn effects(&self) -> Vec<&[f64]> {
        self.columns.iter().map(Vec::as_slice).collect()
    }

    /// The offset in the rows.
    pub(super) fn offset(&self) -> Option<&[f64]> {
        self.offset.as_ref().map(|o| o.0.as_slice())
    }

    /// The number of variances and covariances.
    pub(super) fn spread(&self) -> usize {
        let q = self.columns.len();
        q + if self.correlated { q * (q - 1) / 2 } else { 0 }
    }
}
