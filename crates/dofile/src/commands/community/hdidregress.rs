//! `hdidregress` and `xthdidregress`: effects of treatments that begin at different times, for each cohort and time.
//!
//! Stores in `e()`: N N_panels (panels) N_clust N_cohort, b and V with an equation for each cohort, cmd estimator outcome
//! omvarlist treatment tmvarlist groupvar timevar controlgroup basetime clustvar vce vcetype. Formulas: Callaway and
//! Sant'Anna (2021, Journal of Econometrics 225); [CAUSAL] hdidregress, xthdidregress. Kernels: `estimators::did`.

use super::csdid::{Cell, CsdidState, cells};
use super::hdid_sample::{Estimator, Sample, collect};
use super::hdid_show;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::post::Parameters;
use crate::frame::{Column, StorageType, Variable};
use crate::matrix::Stripe;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::leading_groups;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::did::{Effect, covariance};
use std::sync::Arc;

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("GRoup"),
    OptSpec::text("TIme"),
    OptSpec::text("CONTROLgroup"),
    OptSpec::text("BASEtime"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
];
const UNSUPPORTED: &[&str] =
    &["USERCOHort", "HETtype", "COEFLegend", "PSTOLerance", "OSample", "CONSTEFFect"];

/// Name of the variable that holds the cohorts.
pub(super) const COHORT: &str = "_did_cohort";

/// The command `hdidregress`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "hdidregress",
    min: 11,
    form: Form::Raw,
    by: ByRule::No,
    run: |s, cmd| run(s, cmd, false),
    syntax: "hdidregress {ra|ipw|aipw} (outcome) (treatment) [if] [in], group(groupvar) time(timevar) [controlgroup(never|notyet) basetime(adaptive|common) vce(cluster v) level(#)]",
    notes: "repeated cross sections, without covariates (the three estimators are then the same); not built: twfe (see jwdid), covariates, weights, usercohort(); treatment is 0 or 1 and stays; creates _did_cohort, the first treated time of each group; standard errors from influence functions summed in groups; then estat aggregation [, overall cohort time dynamic[(numlist)]] with shares of the cohorts as estimated weights, estat ptrends; [CAUSAL] hdidregress; Callaway and Sant'Anna (2021)",
    examples: &[Example {
        // The treated group moves by 5 on average, the control by 1.
        run: "input g t y d\n1 1 1 0\n1 1 2 0\n1 2 5 1\n1 2 8 1\n2 1 0 0\n2 1 1 0\n2 2 2 0\n2 2 1 0\n3 1 0 0\n3 2 1 0\nend\nhdidregress ra (y) (d), group(g) time(t)",
        expect: &[("el(e(b), 1, 1)", 4.0), ("e(N)", 10.0), ("_did_cohort[1]", 2.0)],
    }],
};

/// The command `xthdidregress`.
pub(super) const SPEC_XT: CommandSpec = CommandSpec {
    name: "xthdidregress",
    min: 13,
    run: |s, cmd| run(s, cmd, true),
    syntax: "xthdidregress {ra|ipw|aipw} (outcome [covariates]) (treatment [covariates]) [if] [in], group(groupvar) [controlgroup(never|notyet) basetime(adaptive|common) vce(cluster v) level(#)]",
    notes: "after xtset; covariates of the outcome with ra and aipw, of the treatment with ipw and aipw, at the base time; ipw has weights that sum to one; not built: twfe (see jwdid), weights, usercohort(); otherwise as hdidregress; [CAUSAL] xthdidregress; Callaway and Sant'Anna (2021), Sant'Anna and Zhao (2020)",
    examples: &[Example {
        // The treated pair moves by 5 on average, the controls by 1.
        run: "input id t y d\n1 1 1 0\n1 2 5 1\n2 1 2 0\n2 2 8 1\n3 1 0 0\n3 2 2 0\n4 1 1 0\n4 2 1 0\nend\nxtset id t\nxthdidregress aipw (y) (d), group(id)\nestat aggregation",
        expect: &[("el(e(b), 1, 1)", 4.0), ("e(N)", 8.0), ("el(r(b), 1, 1)", 4.0)],
    }],
    ..SPEC
};

/// What the line asks for.
pub(super) struct Request {
    /// The estimator.
    pub estimator: Estimator,
    /// Outcome with its covariates.
    pub outcome: String,
    /// Treatment with its covariates.
    pub treatment: String,
    /// Options, condition and range.
    pub line: ParsedCommand,
    /// Compared with units that are treated later as well.
    pub not_yet: bool,
    /// The base is the last time before treatment for all times.
    pub common: bool,
}

fn parse(name: &str, raw: &str) -> Result<Request> {
    let (word, rest) = raw.trim().split_once(char::is_whitespace).unwrap_or((raw.trim(), ""));
    let estimator = match word.split_once('(').map_or(word, |w| w.0) {
        "ra" => Estimator::Regression,
        "ipw" => Estimator::Weighting,
        "aipw" => Estimator::Augmented,
        "twfe" => return Err(StataError::unsupported_option(name, "twfe; see jwdid")),
        other => return Err(StataError::invalid(format!("{other} invalid: ra, ipw, aipw or twfe"))),
    };
    let rest = if word.contains('(') {
        raw.trim()[word.find('(').unwrap_or(0)..].to_string()
    } else {
        rest.to_string()
    };
    let (parts, rest) = leading_groups(&rest).ok_or_else(StataError::unclosed)?;
    let [outcome, treatment] = parts[..] else {
        return Err(StataError::invalid(format!(
            "{name} needs (outcome [covariates]) (treatment [covariates])"
        )));
    };
    if let Some((_, option)) = outcome.split_once(',').or_else(|| treatment.split_once(',')) {
        return Err(StataError::unsupported_option(name, option.trim()));
    }
    let mut line = ParsedCommand::split(name, rest, false)?;
    line.check_weighted_options(OPTIONS, UNSUPPORTED)?;
    if line.weight.is_some() {
        return Err(StataError::unsupported_option(name, "weights"));
    }
    let choice = |option: &str, first: &str, second: &str| match line.options.text(option).map(str::trim) {
        None => Ok(false),
        Some(text) if text == first => Ok(false),
        Some(text) if text == second => Ok(true),
        Some(text) => Err(StataError::invalid(format!("{option}({text}) invalid: {first} or {second}"))),
    };
    let not_yet = choice("controlgroup", "never", "notyet")?;
    let common = choice("basetime", "adaptive", "common")?;
    Ok(Request {
        estimator,
        outcome: outcome.to_string(),
        treatment: treatment.to_string(),
        line,
        not_yet,
        common,
    })
}

/// What `estat` needs of an estimation.
pub(super) struct HdidState {
    /// Effects of the cohorts and times.
    pub effects: CsdidState,
}

fn run(s: &mut Session, cmd: &ParsedCommand, panel: bool) -> Result<()> {
    let name = cmd.name.clone();
    if cmd.raw.trim().is_empty() || cmd.raw.trim().starts_with(',') {
        if s.e.cmd() != name {
            return Err(StataError::no_estimates());
        }
        let mut again = ParsedCommand::split(&name, &cmd.raw, false)?;
        again.check_weighted_options(OPTIONS, UNSUPPORTED)?;
        return hdid_show::display(s, &again);
    }
    let request = parse(&name, &cmd.raw)?;
    let sample = collect(s, &request, &name, panel)?;
    keep_cohorts(s, &sample)?;
    s.print(format!("note: variable {COHORT}, containing cohort indicators formed by treatment"));
    s.print(format!(
        "      variable {} and group variable {}, was added to the dataset using",
        sample.treatment, sample.group
    ));
    s.print("      the estimation sample.");
    if !request.not_yet && !sample.group_of.contains(&0) {
        return Err(StataError::new(2000, "no never-treated units in the sample; use controlgroup(notyet)"));
    }
    let (cells, effects) = estimate(s, &sample, &request)?;
    hdid_show::timing(s, &sample);
    let clusters = Some(sample.clusters.clone());
    let state = CsdidState { cells, effects, group_of: sample.group_of.clone(), clusters };
    post(s, &request, &sample, state, (&name, cmd))?;
    hdid_show::display(s, &request.line)
}

/// Adds the variable of cohorts, or replaces it.
fn keep_cohorts(s: &mut Session, sample: &Sample) -> Result<()> {
    let column = Column::from_f64(StorageType::Long, &sample.cohorts);
    match s.frame.find(COHORT) {
        Some(place) => s.frame.set_column(place, column),
        None => {
            s.frame.add(Variable::new(COHORT, column))?;
        }
    }
    Ok(())
}

/// The effect of every cohort and time, with a line of dots for each cohort.
fn estimate(s: &mut Session, sample: &Sample, request: &Request) -> Result<(Vec<Cell>, Vec<Effect>)> {
    let all = cells(&sample.group_of, &sample.periods, request.common);
    if all.is_empty() {
        return Err(StataError::new(2000, "no cohort with times before and after its treatment"));
    }
    let mut effects = Vec::new();
    s.print("");
    s.print("Computing ATET for each cohort and time:");
    let mut line = String::new();
    for (at, cell) in all.iter().enumerate() {
        if at == 0 || all[at - 1].group != cell.group {
            let count = all.iter().filter(|c| c.group == cell.group).count();
            line = format!("Cohort {} ({count}): ", cell.group);
        }
        let effect = sample.effect(*cell, request.estimator, request.not_yet).ok_or_else(|| {
            StataError::new(
                498,
                format!(
                    "ATET of cohort {} at time {} is not identified in this sample",
                    cell.group, cell.period
                ),
            )
        })?;
        effects.push(effect);
        let done = effects.iter().zip(&all).filter(|(_, c)| c.group == cell.group).count();
        line.push('.');
        if done % 10 == 0 {
            line.push_str(&done.to_string());
        }
        if all.get(at + 1).is_none_or(|next| next.group != cell.group) {
            s.print(format!("{line} done"));
        }
    }
    Ok((all, effects))
}

fn post(
    s: &mut Session,
    request: &Request,
    sample: &Sample,
    state: CsdidState,
    (name, cmd): (&str, &ParsedCommand),
) -> Result<()> {
    let views: Vec<&Effect> = state.effects.iter().collect();
    let v = covariance(&views, state.clusters.as_deref());
    let label = |c: &Cell| Stripe::with_eq(c.group.to_string(), format!("{}.{}", c.period, sample.time));
    let b = views.iter().map(|e| e.value).collect();
    let parameters = Parameters { stripe: state.cells.iter().map(label).collect(), b, v };
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.matrix("b", parameters.b_matrix()).matrix("V", parameters.v_matrix());
    r.scalar("N", sample.rows as f64);
    r.scalar("N_clust", sample.clusters.iter().max().map_or(0, |m| m + 1) as f64);
    r.scalar("N_cohort", sample.cohort_counts().len() as f64);
    if let Some(panels) = sample.panels {
        r.scalar("N_panels", panels as f64);
    }
    r.text("cmd", name).text("cmdline", format!("{name} {}", cmd.raw.trim()));
    r.text("estimator", request.estimator.word()).text("depvar", &sample.outcome);
    r.text("outcome", &sample.outcome).text("treatment", &sample.treatment);
    r.text("omvarlist", sample.covariates.0.as_str()).text("tmvarlist", sample.covariates.1.as_str());
    r.text("groupvar", &sample.group).text("timevar", &sample.time).text("cohortvar", COHORT);
    if let Some(panel) = &sample.panel {
        r.text("panelvar", panel);
    }
    r.text("controlgroup", if request.not_yet { "notyet" } else { "never" });
    r.text("basetime", if request.common { "common" } else { "adaptive" });
    r.text("clustvar", &sample.cluster).text("vce", "cluster").text("vcetype", "Robust");
    r.text("properties", "b V");
    est.extra = Some(Arc::new(HdidState { effects: state }));
    s.post_estimation(est, sample.touse.clone());
    Ok(())
}
