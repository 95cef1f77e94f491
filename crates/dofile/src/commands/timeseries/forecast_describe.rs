//! `forecast describe`: what a model of `forecast` consists of ([TS] forecast describe).

use super::forecast_model::{Model, Source, counted, current};
use crate::error::{Result, StataError};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::abbreviates;

/// What is described.
#[derive(Clone, Copy, PartialEq)]
enum Aspect {
    Estimates,
    Identity,
    Exogenous,
    Adjust,
    Solve,
    Endogenous,
}

const ASPECTS: [(&str, Aspect); 6] = [
    ("ESTimates", Aspect::Estimates),
    ("IDentity", Aspect::Identity),
    ("EXogenous", Aspect::Exogenous),
    ("ADjust", Aspect::Adjust),
    ("Solve", Aspect::Solve),
    ("ENdogenous", Aspect::Endogenous),
];

/// Runs `forecast describe [aspect] [, brief detail]`.
pub(super) fn describe(
    session: &mut Session,
    word: &str,
    options: &[(String, Option<String>)],
) -> Result<()> {
    let is = |full: &str| options.iter().any(|o| abbreviates(&o.0, full));
    if let Some((name, _)) =
        options.iter().find(|o| !["Brief", "Detail"].iter().any(|full| abbreviates(&o.0, full)))
    {
        return Err(StataError::option_not_allowed(name));
    }
    if abbreviates(word, "COefvector") {
        return Err(StataError::unsupported_option("forecast describe", "coefvector"));
    }
    let chosen = ASPECTS.iter().find(|(full, _)| abbreviates(word, full)).map(|a| a.1);
    if chosen.is_none() && !word.is_empty() {
        return Err(StataError::invalid(format!("unknown aspect {word}")));
    }
    let (brief, detail) = (is("Brief"), is("Detail"));
    let model = current(session)?;
    let mut lines = Vec::new();
    let mut r = Results::default();
    for (_, aspect) in ASPECTS.iter().filter(|a| chosen.is_none_or(|c| c == a.1)) {
        let mut own = Results::default();
        if !model.name.is_empty() {
            own.text("model", &model.name);
        }
        lines.push(String::new());
        one(model, *aspect, (brief, detail), &mut lines, &mut own);
        r = own;
    }
    lines.iter().for_each(|line| session.print(line));
    session.r = if chosen.is_some() { r } else { Results::default() };
    Ok(())
}

/// A sentence on an aspect, and its table unless `brief`.
fn one(
    model: &Model,
    aspect: Aspect,
    (brief, detail): (bool, bool),
    lines: &mut Vec<String>,
    r: &mut Results,
) {
    if aspect == Aspect::Solve {
        return of_solution(model, brief, lines, r);
    }
    let (count, what, rows) = match aspect {
        Aspect::Estimates => estimates(model, (brief, detail), r),
        Aspect::Identity => identities(model, brief, r),
        Aspect::Exogenous => exogenous(model, brief, r),
        Aspect::Adjust => adjustments(model, brief, r),
        _ => endogenous(model, brief, r),
    };
    let plural = match what {
        "identity" if count != 1 => format!("{count} identities"),
        _ => counted(count, what),
    };
    let sentence = format!("{} contains {plural}", model.called());
    if brief || count == 0 {
        lines.push(format!("{sentence}."));
        return;
    }
    lines.push(format!("{sentence}:"));
    lines.push(String::new());
    lines.extend(rows);
}

type Part = (usize, &'static str, Vec<String>);

fn estimates(model: &Model, (brief, detail): (bool, bool), r: &mut Results) -> Part {
    r.scalar("n_estimates", model.estimated.len() as f64);
    let lhs: Vec<String> = model.estimated.iter().flat_map(|e| e.lhs.clone()).collect();
    if !brief {
        let names: Vec<&str> = model.estimated.iter().map(|e| e.name.as_str()).collect();
        r.scalar("n_lhs", lhs.len() as f64).text("lhs", lhs.join(" ")).text("estimates", names.join(" "));
    }
    let mut rows = vec![format!("  {:<20}{:<14}{}", "Estimation result", "Command", "LHS variables")];
    for e in &model.estimated {
        let shown = if detail { e.lhs.join(" ") } else { e.lhs.len().to_string() };
        rows.push(format!("  {:<20}{:<14}{shown}", format::abbrev(&e.name, 19), e.results.cmd()));
    }
    (model.estimated.len(), "estimation result", rows)
}

fn identities(model: &Model, brief: bool, r: &mut Results) -> Part {
    let found: Vec<(&str, &str)> = model
        .endogenous
        .iter()
        .filter_map(|e| match &e.source {
            Source::Identity(value) => Some((e.name.as_str(), value.as_str())),
            Source::Estimates(..) => None,
        })
        .collect();
    let texts: Vec<String> = found.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    r.scalar("n_identities", found.len() as f64);
    if !brief {
        let lhs: Vec<&str> = found.iter().map(|f| f.0).collect();
        let quoted: Vec<String> = texts.iter().map(|t| format!("\"{t}\"")).collect();
        r.text("lhs", lhs.join(" ")).text("identities", quoted.join(" "));
    }
    (found.len(), "identity", texts.into_iter().map(|t| format!("  {t}")).collect())
}

fn exogenous(model: &Model, brief: bool, r: &mut Results) -> Part {
    r.scalar("n_exogenous", model.exogenous.len() as f64);
    if !brief {
        r.text("exogenous", model.exogenous.join(" "));
    }
    let rows = model.exogenous.iter().map(|x| format!("  {x}")).collect();
    (model.exogenous.len(), "declared exogenous variable", rows)
}

fn adjustments(model: &Model, brief: bool, r: &mut Results) -> Part {
    let names: Vec<&str> =
        model.endogenous.iter().map(|e| e.name.as_str()).filter(|n| model.adjusted(n) > 0).collect();
    let texts: Vec<String> = model.adjustments.iter().map(super::forecast_model::Adjustment::text).collect();
    r.scalar("n_adjustments", texts.len() as f64).scalar("n_adjust_vars", names.len() as f64);
    if !brief {
        let counts: Vec<String> = names.iter().map(|n| model.adjusted(n).to_string()).collect();
        let quoted: Vec<String> = texts.iter().map(|t| format!("\"{t}\"")).collect();
        r.text("varlist", names.join(" ")).text("adjust_cnt", counts.join(" "));
        r.text("adjust_list", quoted.join(" "));
    }
    (texts.len(), "adjustment", texts.into_iter().map(|t| format!("  {t}")).collect())
}

fn endogenous(model: &Model, brief: bool, r: &mut Results) -> Part {
    r.scalar("n_endogenous", model.endogenous.len() as f64);
    let source = |s: &Source| if matches!(s, Source::Identity(_)) { "identity" } else { "estimates" };
    if !brief {
        let all = |of: &dyn Fn(&super::forecast_model::Endogenous) -> String| -> String {
            model.endogenous.iter().map(of).collect::<Vec<_>>().join(" ")
        };
        r.text("varlist", all(&|e| e.name.clone()));
        r.text("source_list", all(&|e| source(&e.source).to_string()));
        r.text("adjust_cnt", all(&|e| model.adjusted(&e.name).to_string()));
    }
    let mut rows = vec![format!("  {:<20}{:<14}{}", "Variable", "Source", "# adjustments")];
    rows.extend(model.endogenous.iter().map(|e| {
        format!("  {:<20}{:<14}{}", format::abbrev(&e.name, 19), source(&e.source), model.adjusted(&e.name))
    }));
    (model.endogenous.len(), "endogenous variable", rows)
}

fn of_solution(model: &Model, brief: bool, lines: &mut Vec<String>, r: &mut Results) {
    let Some(solved) = &model.solved else {
        lines.push(format!("{} has not been solved.", model.called()));
        return;
    };
    lines.push(format!("{} has been solved{}", model.called(), if brief { "." } else { ":" }));
    r.text("solved", "solved");
    if brief {
        return;
    }
    lines.push(String::new());
    for (name, value) in &solved.scalars {
        r.scalar(name, *value);
        lines.push(format!("  {name:<14}{}", format::bare("%9.0g", *value).trim()));
    }
    for (name, value) in &solved.texts {
        r.text(name, value);
        if !value.is_empty() {
            lines.push(format!("  {name:<14}{value}"));
        }
    }
}
