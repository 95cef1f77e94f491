//! Reads the equations and the sample of `stteffects`. Nothing is estimated here.

use super::model::{Call, Columns, Equation, Sample, columns, two_levels};
use crate::error::{Result, StataError};
use crate::estimation::cluster_rows::ClusterRows;
use crate::estimation::model::{VceSpec, first_word, number_groups, single_column};
use crate::estimation::survival::{Records, Settings};
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::leading_groups;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::{ParsedCommand, front_and_options};
use estimators::durations::Duration;
use estimators::survival_effects::SurvivalMethod;

/// One parenthesised equation.
#[derive(Default, Clone)]
pub(super) struct Part {
    /// Variables.
    pub list: String,
    /// Variables of the ancillary index: `ancillary()`, or those of `hetprobit()`.
    pub shape: String,
    /// The model named in the options.
    pub model: Option<String>,
    /// Whether the constants are left out: of the main and of the ancillary index.
    pub no_constant: [bool; 2],
}

impl Part {
    fn parse(text: &str, treatment: bool) -> Result<Self> {
        let (front, options) = front_and_options(text);
        let mut out = Self { list: front.to_string(), ..Self::default() };
        let models: &[&str] = if treatment {
            &["logit", "probit", "hetprobit"]
        } else {
            &["exponential", "weibull", "gamma", "lognormal"]
        };
        for (name, argument) in split_options(options)? {
            let model = models.iter().find(|m| name.len() >= 3 && m.starts_with(&*name));
            match (model, argument) {
                (Some(&"hetprobit"), Some(list)) => {
                    out.model = Some("hetprobit".to_string());
                    out.shape = list;
                }
                (Some(&"hetprobit"), None) => {
                    return Err(StataError::invalid("hetprobit() needs variables"));
                }
                (Some(model), None) => out.model = Some((*model).to_string()),
                (None, None) if abbreviates(&name, "noCONstant") => out.no_constant[0] = true,
                (None, Some(text)) if !treatment && abbreviates(&name, "ANCillary") => {
                    let (list, inner) = text.split_once(',').unwrap_or((text.as_str(), ""));
                    out.shape = list.trim().to_string();
                    for word in inner.split_whitespace() {
                        if !abbreviates(word, "noCONstant") {
                            return Err(StataError::option_not_allowed(word));
                        }
                        out.no_constant[1] = true;
                    }
                }
                _ => return Err(StataError::option_not_allowed(&name)),
            }
        }
        Ok(out)
    }

    /// The distribution that the options name.
    pub(super) fn duration(&self) -> Duration {
        match self.model.as_deref() {
            Some("exponential") => Duration::Exponential,
            Some("gamma") => Duration::Gamma,
            Some("lognormal") => Duration::LogNormal,
            _ => Duration::Weibull,
        }
    }
}

/// The equations and what stands behind them.
pub(super) struct Parts {
    /// The estimator.
    pub method: SurvivalMethod,
    /// Outcome.
    pub outcome: Part,
    /// Treatment; its first variable is not in the list.
    pub treatment: Part,
    /// Censoring, if it is modelled.
    pub censoring: Option<Part>,
    /// Options in the form that the code shared with `teffects` reads.
    pub call: Call,
}

/// Splits `subcommand (equation) ... rest`.
pub(super) fn split(raw: &str) -> Result<Parts> {
    let (subcommand, rest) = first_word(raw);
    let method = match subcommand {
        "ra" => SurvivalMethod::Ra,
        "ipw" => SurvivalMethod::Ipw,
        "ipwra" => SurvivalMethod::IpwRa,
        "wra" => SurvivalMethod::Wra,
        "" => return Err(StataError::invalid("subcommand required")),
        other => return Err(StataError::new(198, format!("stteffects: unknown subcommand {other}"))),
    };
    let (texts, rest) = leading_groups(rest).ok_or_else(StataError::syntax)?;
    let mut texts = texts.into_iter();
    let mut next = |what: &str| {
        texts.next().ok_or_else(|| {
            StataError::invalid(format!("stteffects {subcommand} needs the equation of the {what}"))
        })
    };
    let outcome = match method {
        SurvivalMethod::Ipw => Part::default(),
        _ => Part::parse(next("outcome")?, false)?,
    };
    let mut treatment = Part::parse(next("treatment")?, true)?;
    let censoring = match method {
        SurvivalMethod::Ra => None,
        SurvivalMethod::Wra => Some(Part::parse(next("time to censoring")?, false)?),
        _ => texts.next().map(|t| Part::parse(t, false)).transpose()?,
    };
    if texts.next().is_some() {
        return Err(StataError::invalid(format!("too many equations of stteffects {subcommand}")));
    }
    let (tvar, covariates) = first_word(&treatment.list);
    if tvar.is_empty() {
        return Err(StataError::standard(100));
    }
    let (tvar, covariates) = (tvar.to_string(), covariates.trim().to_string());
    if matches!(method, SurvivalMethod::Ra | SurvivalMethod::Wra)
        && (!covariates.is_empty() || treatment.model.is_some())
    {
        return Err(StataError::invalid(format!("stteffects {subcommand} has no model of the treatment")));
    }
    treatment.list.clone_from(&covariates);
    let empty = |first: &str, rest: &str| Equation {
        first: first.to_string(),
        rest: rest.to_string(),
        model: None,
        no_constant: false,
    };
    let call = Call {
        subcommand: subcommand.to_string(),
        outcome: empty("_t", &outcome.list),
        treatment: empty(&tvar, &covariates),
        rest: ParsedCommand::split("stteffects", rest, false)?,
    };
    Ok(Parts { method, outcome, treatment, censoring, call })
}

/// Columns of the two indices of a model.
#[derive(Default)]
pub(super) struct Pair {
    /// First index.
    pub main: Columns,
    /// Ancillary index.
    pub shape: Columns,
}

/// The sample with its columns.
pub(super) struct Found {
    /// What the code shared with `teffects` reads; `y` is the time.
    pub sample: Sample,
    /// Whether each time is one of failure.
    pub failed: Vec<bool>,
    /// Outcome model.
    pub outcome: Pair,
    /// Treatment model.
    pub treatment: Pair,
    /// Censoring model.
    pub censoring: Pair,
    /// The declaration of the data.
    pub settings: Settings,
}

/// Reads the sample.
///
/// # Errors
/// r(119) without `stset`, r(459) for several records of a subject, delayed entry, or a treatment without two levels.
pub(super) fn read(s: &mut Session, parts: &Parts, vce: &VceSpec) -> Result<Found> {
    let settings = Settings::of(&s.frame)?;
    let rest = &parts.call.rest;
    if rest.weight.is_some() {
        return Err(StataError::new(101, "weights not allowed: stset declares them"));
    }
    let abbrev = s.settings.varabbrev;
    let mut touse = s.rows(rest)?;
    let parse = |s: &Session, text: &str| FvList::parse(&s.frame, text, abbrev);
    let tvar = parse(s, &parts.call.treatment.first)?;
    let none = Part::default();
    let models = [&parts.outcome, &parts.treatment, parts.censoring.as_ref().unwrap_or(&none)];
    let mut lists = Vec::new();
    for model in models {
        lists.push([parse(s, &model.list)?, parse(s, &model.shape)?]);
    }
    for list in lists.iter().flatten().chain([&tvar]) {
        list.markout(&s.frame, &mut touse)?;
    }
    let cluster = match vce {
        VceSpec::Cluster(name) => {
            let variable = s.variable(name)?;
            s.markout(&[variable], &mut touse, true)?;
            Some(variable)
        }
        _ => None,
    };
    let records = Records::read(s, &settings, &mut touse)?;
    check(s, &records, &settings)?;
    let (tvar, t) = single_column(&s.frame, &tvar, &touse, &records.rows)?;
    let levels = two_levels(&tvar, &t, parts.call.rest.options.real("control"))?;
    let mut pairs = Vec::new();
    for (k, (model, [list, shape])) in models.iter().zip(&lists).enumerate() {
        let used = match k {
            0 => parts.method != SurvivalMethod::Ipw,
            1 => matches!(parts.method, SurvivalMethod::Ipw | SurvivalMethod::IpwRa),
            _ => parts.censoring.is_some(),
        };
        if !used {
            pairs.push(Pair::default());
            continue;
        }
        // the scale of a probit has no constant; an exponential time has no shape
        let with_shape = if k == 1 { !shape.is_empty() } else { model.duration().has_shape() };
        if !with_shape && !shape.is_empty() {
            return Err(StataError::invalid("ancillary() is not allowed with exponential"));
        }
        let shape_constant = k != 1 && !model.no_constant[1];
        pairs.push(Pair {
            main: columns(s, list, &touse, !model.no_constant[0])?,
            shape: if with_shape { columns(s, shape, &touse, shape_constant)? } else { Columns::default() },
        });
    }
    let [outcome, treatment, censoring] = <[Pair; 3]>::try_from(pairs).map_err(|_| StataError::syntax())?;
    let sample = Sample {
        depvar: "_t".to_string(),
        y: records.t.clone(),
        tvar,
        treated: t.iter().map(|v| *v == levels[1]).collect(),
        levels,
        x: outcome.main.clone(),
        z: treatment.main.clone(),
        weight_text: records
            .weights
            .as_ref()
            .zip(settings.weight.as_ref())
            .map(|(w, text)| (w.0.name().to_string(), text.1.clone())),
        weights: records.weights.clone(),
        clusters: cluster.map(|v| ClusterRows::of(&s.frame, v, &records.rows)),
        rows: records.rows,
        touse,
    };
    Ok(Found { sample, failed: records.d, outcome, treatment, censoring, settings })
}

fn check(s: &Session, records: &Records, settings: &Settings) -> Result<()> {
    if records.t0.iter().any(|t| *t != 0.0) {
        return Err(StataError::new(459, "stteffects does not take delayed entry"));
    }
    let several = s
        .frame
        .find(&settings.id)
        .is_some_and(|id| number_groups(&s.frame, id, &records.rows).1 < records.rows.len());
    if several {
        return Err(StataError::new(459, "stteffects takes one record for each subject"));
    }
    if !records.d.contains(&true) {
        return Err(StataError::new(2000, "no failures; cannot estimate"));
    }
    Ok(())
}
