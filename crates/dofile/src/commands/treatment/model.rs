//! Reads the equations and the sample of `teffects`, and keeps what its postestimation commands need.
//! Nothing is estimated here.

use crate::error::{Result, StataError};
use crate::estimation::cluster_rows::ClusterRows;
use crate::estimation::model::{VceSpec, first_word, single_column};
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::{ParsedCommand, front_and_options, matching_paren};
use crate::syntax::{Design, FvList};
use estimators::weights::WeightKind;

/// One parenthesised equation: its variables and its options.
pub(super) struct Equation {
    /// First variable.
    pub first: String,
    /// The other variables.
    pub rest: String,
    /// The model named in the options (`logit`, `probit`, ...).
    pub model: Option<String>,
    /// Whether the constant is left out.
    pub no_constant: bool,
}

impl Equation {
    fn parse(text: &str) -> Result<Self> {
        let (front, options) = front_and_options(text);
        let (first, rest) = first_word(front);
        if first.is_empty() {
            return Err(StataError::standard(100));
        }
        let mut out =
            Self { first: first.to_string(), rest: rest.trim().to_string(), model: None, no_constant: false };
        for (name, argument) in split_options(options)? {
            let known = ["linear", "logit", "probit", "poisson"];
            if argument.is_some() {
                return Err(StataError::unsupported_option("teffects", &name));
            }
            if abbreviates(&name, "noCONstant") {
                out.no_constant = true;
            } else if known.contains(&name.as_str()) {
                out.model = Some(name);
            } else if ["hetprobit", "flogit", "fprobit", "fhetprobit"].contains(&name.as_str()) {
                return Err(StataError::unsupported_option("teffects", &name));
            } else {
                return Err(StataError::option_not_allowed(&name));
            }
        }
        Ok(out)
    }
}

/// The two equations and what stands after them.
pub(super) struct Call {
    /// `ra`, `ipw`, ...
    pub subcommand: String,
    /// Outcome equation.
    pub outcome: Equation,
    /// Treatment equation.
    pub treatment: Equation,
    /// The rest: `if`, `in`, weight, options.
    pub rest: ParsedCommand,
}

/// Splits `subcommand (equation) (equation) rest`.
pub(super) fn split(raw: &str) -> Result<Call> {
    let (subcommand, rest) = first_word(raw);
    let mut rest = rest.trim();
    let mut equations = Vec::new();
    for _ in 0..2 {
        if !rest.starts_with('(') {
            return Err(StataError::invalid("outcome and treatment equations must be in parentheses"));
        }
        let close = matching_paren(rest, 0).ok_or_else(StataError::syntax)?;
        equations.push(Equation::parse(&rest[1..close])?);
        rest = rest[close + 1..].trim();
    }
    let treatment = equations.pop().ok_or_else(StataError::syntax)?;
    let outcome = equations.pop().ok_or_else(StataError::syntax)?;
    let rest = ParsedCommand::split("teffects", rest, false)?;
    Ok(Call { subcommand: subcommand.to_string(), outcome, treatment, rest })
}

/// Columns of one equation with their names; collinear ones are left out with a note.
#[derive(Default, Clone)]
pub(super) struct Columns {
    /// Names of the kept terms, `_cons` last.
    pub names: Vec<String>,
    /// Their values.
    pub values: Vec<Vec<f64>>,
}

impl Columns {
    /// Borrowed values.
    pub(super) fn slices(&self) -> Vec<&[f64]> {
        self.values.iter().map(Vec::as_slice).collect()
    }
}

/// The sample of `teffects`.
pub(super) struct Sample {
    /// Name of the outcome.
    pub depvar: String,
    /// Outcome.
    pub y: Vec<f64>,
    /// Name of the treatment.
    pub tvar: String,
    /// Whether each row is treated.
    pub treated: Vec<bool>,
    /// The two levels: control, treated.
    pub levels: [f64; 2],
    /// Outcome equation.
    pub x: Columns,
    /// Treatment equation.
    pub z: Columns,
    /// Weights.
    pub weights: Option<(WeightKind, Vec<f64>)>,
    /// Weight texts for `e()`.
    pub weight_text: Option<(String, String)>,
    /// Clusters.
    pub clusters: Option<ClusterRows>,
    /// Rows of the data.
    pub rows: Vec<usize>,
    /// Marks of the sample.
    pub touse: Vec<bool>,
}

/// Reads the sample; `control` is the level of the untreated, the lowest by default.
pub(super) fn sample(
    session: &mut Session,
    call: &Call,
    vce: &VceSpec,
    control: Option<f64>,
    further: &[usize],
) -> Result<Sample> {
    use crate::syntax::split::WeightKind::Frequency;
    let abbrev = session.settings.varabbrev;
    let mut touse = session.rows(&call.rest)?;
    let lists = [&call.outcome.first, &call.treatment.first, &call.outcome.rest, &call.treatment.rest]
        .map(|text| FvList::parse(&session.frame, text, abbrev));
    let [outcome, treatment, x, z] = lists;
    let (outcome, treatment, x, z) = (outcome?, treatment?, x?, z?);
    for list in [&outcome, &treatment, &x, &z] {
        list.markout(&session.frame, &mut touse)?;
    }
    session.markout(further, &mut touse, false)?;
    let cluster = match vce {
        VceSpec::Cluster(name) => {
            let variable = session.variable(name)?;
            session.markout(&[variable], &mut touse, true)?;
            Some(variable)
        }
        _ => None,
    };
    let found = session.weights(&call.rest, Frequency, &mut touse)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let (depvar, y) = single_column(&session.frame, &outcome, &touse, &rows)?;
    let (tvar, t) = single_column(&session.frame, &treatment, &touse, &rows)?;
    let levels = two_levels(&tvar, &t, control)?;
    let x = columns(session, &x, &touse, !call.outcome.no_constant)?;
    let z = columns(session, &z, &touse, !call.treatment.no_constant)?;
    Ok(Sample {
        depvar,
        y,
        tvar,
        treated: t.iter().map(|v| *v == levels[1]).collect(),
        levels,
        x,
        z,
        weight_text: found.as_ref().map(|w| (w.kind.name().to_string(), w.exp.clone())),
        weights: found.map(|w| (w.kind, rows.iter().map(|r| w.values[*r]).collect())),
        clusters: cluster.map(|v| ClusterRows::of(&session.frame, v, &rows)),
        rows,
        touse,
    })
}

/// The columns of a list in the rows that `touse` marks.
pub(super) fn columns(
    session: &mut Session,
    list: &FvList,
    touse: &[bool],
    constant: bool,
) -> Result<Columns> {
    let design = Design::build(&session.frame, list, touse)?;
    let active = design.active();
    let all: Vec<&[f64]> = active.iter().filter_map(|i| design.column(*i)).collect();
    let chosen =
        estimators::qr::choose_columns(estimators::qr::Design { columns: &all, weights: None, constant });
    let omitted: Vec<String> = chosen.1.iter().map(|i| design.terms[active[*i]].name()).collect();
    let mut out = Columns::default();
    for i in chosen.0 {
        out.names.push(design.terms[active[i]].name());
        out.values.push(all[i].to_vec());
    }
    if constant {
        out.names.push("_cons".to_string());
        out.values.push(vec![1.0; touse.iter().filter(|t| **t).count()]);
    }
    crate::estimation::post::note_omitted(session, &omitted);
    Ok(out)
}

/// Control and treated level of a treatment, the lowest being the control unless `control` says otherwise.
///
/// # Errors
/// r(459) for one level or levels that are not whole numbers, r(199) for more than two, r(198) for another control.
pub(super) fn two_levels(tvar: &str, t: &[f64], control: Option<f64>) -> Result<[f64; 2]> {
    let mut levels: Vec<f64> = t.to_vec();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    match levels.len() {
        0 | 1 => {
            return Err(StataError::new(
                459,
                format!("treatment variable {tvar} must have two levels in the sample"),
            ));
        }
        2 => {}
        _ => {
            return Err(StataError::new(
                199,
                "a treatment with more than two levels is not supported by the open engine",
            ));
        }
    }
    if levels.iter().any(|l| l.fract() != 0.0 || *l < 0.0) {
        return Err(StataError::new(459, format!("treatment variable {tvar} must contain whole numbers")));
    }
    if let Some(control) = control {
        if !levels.contains(&control) {
            return Err(StataError::new(198, "control() is no level of the treatment"));
        }
        if levels[0] != control {
            levels.reverse();
        }
    }
    Ok([levels[0], levels[1]])
}

/// State of `teffects` for `tebalance`, `teoverlap` and `predict`.
pub(super) struct State {
    /// Rows of the data.
    pub rows: Vec<usize>,
    /// Whether each row is treated.
    pub treated: Vec<bool>,
    /// Covariates of the treatment model (or of the matching) without the constant.
    pub covariates: Columns,
    /// Propensity scores; empty where there is no treatment model.
    pub score: Vec<f64>,
    /// Weight of each row in the balanced sample.
    pub balance: Vec<f64>,
    /// Weight of each row before balancing.
    pub raw: Vec<f64>,
    /// Predicted means, control and treated; empty where there is no outcome model.
    pub means: [Vec<f64>; 2],
    /// Names of the two levels.
    pub level_names: [String; 2],
    /// Whether balance is by matching (otherwise by weights).
    pub matched: bool,
    /// Probability of each row of not being censored before its time; empty without a censoring model.
    pub uncensored: Vec<f64>,
    /// What `generate()` keeps of matches.
    pub neighbours: Option<Neighbours>,
}

/// The matches of `generate()`.
pub(super) struct Neighbours {
    /// Distances of each row from its matches, the nearest first; empty for a row that needs none.
    pub distances: Vec<Vec<f64>>,
    /// Difference of both potential outcomes of each row.
    pub effects: Vec<f64>,
    /// Observed outcomes.
    pub outcomes: Vec<f64>,
}
