//! `predict` after `irt`: probabilities of the answers, the linear prediction, and the empirical Bayes mean of the trait
//! with its standard error ([IRT] irt hybrid postestimation).

use super::irt_items::Kind;
use super::irt_model::IrtState;
use super::irt_report::state;
use crate::commands::StandardSyntax;
use crate::error::{Result, StataError};
use crate::ops::predict::{Prediction, add, new_names};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::latent::trait_model::{Rule, marginal, posterior};
use std::collections::HashMap;

/// Options.
pub(super) const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("pr"),
    OptSpec::flag("xb"),
    OptSpec::text("Outcome"),
    OptSpec::flag_or_text("LATent"),
    OptSpec::text("se"),
    OptSpec::text("CONDitional"),
    OptSpec::flag("MARGinal"),
    OptSpec::flag("EBMEANs"),
    OptSpec::int("INTPoints"),
])
.unsupported(&["EBMODEs", "ITERate", "TOLerance", "SCores", "FIXEDonly"]);

/// Mean and standard deviation of the trait of each row; missing without an answer.
fn traits(s: &Session, state: &IrtState, rows: &[usize], rule: &Rule) -> Result<Vec<(f64, f64)>> {
    let variables: Vec<usize> =
        state.responses.iter().map(|r| s.numeric_variable(&r.name)).collect::<Result<_>>()?;
    let mut known: HashMap<Vec<Option<usize>>, (f64, f64)> = HashMap::new();
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        let answer = |(v, r): (&usize, &super::irt_items::Response)| {
            let x = s.frame.num_at(*v, *row);
            r.values.iter().position(|value| *value == x)
        };
        let answers: Vec<Option<usize>> = variables.iter().zip(&state.responses).map(answer).collect();
        if answers.iter().all(Option::is_none) {
            out.push((MISSING, MISSING));
            continue;
        }
        let place = *known
            .entry(answers)
            .or_insert_with_key(|answers| posterior(&state.items, &state.free, answers, rule));
        out.push(place);
    }
    Ok(out)
}

/// One prediction of an item: the item and the category, nothing for the linear prediction.
struct Wanted {
    item: usize,
    category: Option<usize>,
}

/// Items and categories of `outcome(item [#])`; all of them without it.
fn wanted(s: &Session, state: &IrtState, cmd: &ParsedCommand, xb: bool) -> Result<Vec<Wanted>> {
    let all = |item: usize| -> Vec<Wanted> {
        let response = &state.responses[item];
        if xb {
            return vec![Wanted { item, category: None }];
        }
        let first = usize::from(state.groups[response.group].kind.binary());
        (first..response.values.len()).map(|k| Wanted { item, category: Some(k) }).collect()
    };
    let Some(text) = cmd.options.text("outcome") else {
        return Ok((0..state.items.len()).flat_map(all).collect());
    };
    let (name, which) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
    let (name, which) = match name.split_once('.') {
        Some((value, name)) if which.is_empty() => (name, value),
        _ => (name, which.trim()),
    };
    let v = s.variable(name)?;
    let name = &s.frame.var(v).name;
    let item = state.responses.iter().position(|r| r.name == *name);
    let item = item.ok_or_else(|| StataError::new(198, format!("{name} is not an item of the model")))?;
    if which.is_empty() {
        return Ok(all(item));
    }
    let values = &state.responses[item].values;
    let category = match which.strip_prefix('#') {
        Some(number) => number.trim().parse::<usize>().ok().and_then(|n| n.checked_sub(1)),
        None => which.parse::<f64>().ok().and_then(|x| values.iter().position(|value| *value == x)),
    };
    let category = category.filter(|k| *k < values.len());
    let category =
        category.ok_or_else(|| StataError::new(303, format!("outcome {which} of {name} not found")))?;
    Ok(vec![Wanted { item, category: Some(category) }])
}

/// Runs the command.
pub(super) fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let state = state(s)?;
    let points = cmd.options.int("intpoints").unwrap_or(state.points as i64);
    if !(3..=195).contains(&points) {
        return Err(StataError::invalid("intpoints() must be between 3 and 195"));
    }
    let rule = Rule::new(points as usize, state.adaptive);
    let (kind, names) = new_names(s, cmd)?;
    let touse = s.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let asked = ["pr", "xb", "latent"].iter().filter(|o| cmd.options.has(o)).count();
    if asked > 1 {
        return Err(StataError::new(198, "only one statistic may be specified"));
    }
    let predictions = if cmd.options.has("latent") {
        let traits = traits(s, &state, &rows, &rule)?;
        let of = |values: Vec<f64>, label: &str| Prediction { values, label: label.to_string() };
        if let Some(error) = cmd.options.text("se") {
            let error = error.trim().trim_end_matches('*').to_string();
            if !crate::frame::is_valid_name(&error) {
                return Err(StataError::new(198, format!("{error} invalid name")));
            }
            let values = traits.iter().map(|t| t.1).collect();
            add(s, &error, kind, &rows, of(values, "S.E. of empirical Bayes means for Theta"))?;
        }
        vec![of(traits.iter().map(|t| t.0).collect(), "Empirical Bayes means for Theta")]
    } else {
        if cmd.options.has("se") {
            return Err(StataError::new(198, "option se() requires the latent option"));
        }
        items(s, cmd, &state, &rows, &rule)?
    };
    let names: Vec<String> = match names.as_slice() {
        [(stub, true)] if predictions.len() > 1 || !cmd.options.has("latent") => {
            (1..=predictions.len()).map(|i| format!("{stub}{i}")).collect()
        }
        _ => names.into_iter().map(|n| n.0).collect(),
    };
    if names.len() != predictions.len() {
        let code = if names.len() > predictions.len() { 103 } else { 102 };
        return Err(StataError::new(code, format!("{} new variable names needed", predictions.len())));
    }
    for (name, prediction) in names.iter().zip(predictions) {
        add(s, name, kind, &rows, prediction)?;
    }
    Ok(())
}

/// Predictions of the items.
fn items(
    s: &mut Session,
    cmd: &ParsedCommand,
    state: &IrtState,
    rows: &[usize],
    rule: &Rule,
) -> Result<Vec<Prediction>> {
    let xb = cmd.options.has("xb");
    let wanted = wanted(s, state, cmd, xb)?;
    if !xb && !cmd.options.has("pr") {
        s.print("(option pr assumed; predicted probability)");
    }
    let fixed = match cmd.options.text("conditional").map(str::trim) {
        None => false,
        Some(word) if word.len() >= 6 && "ebmeans".starts_with(word) => false,
        Some(word) if word.len() >= 5 && "fixedonly".starts_with(word) => true,
        Some(word) => return Err(StataError::unsupported_option("predict", &format!("conditional({word})"))),
    };
    let traits = if fixed || cmd.options.has("marginal") {
        vec![(0.0, 0.0); rows.len()]
    } else {
        traits(s, state, rows, rule)?
    };
    let mut out = Vec::new();
    for w in &wanted {
        let (item, name) = (&state.items[w.item], &state.responses[w.item].name);
        let Some(k) = w.category else {
            out.push(index(state, w.item, &traits)?);
            continue;
        };
        let across = cmd.options.has("marginal").then(|| marginal(item, &state.free, rule)[k]);
        let value = |t: &(f64, f64)| match across {
            Some(p) => p,
            None if is_missing(t.0) => MISSING,
            None => item.probabilities(&state.free, t.0)[k],
        };
        let label = format!("Predicted probability (Pr({name}=={}))", state.responses[w.item].values[k]);
        out.push(Prediction { values: traits.iter().map(value).collect(), label });
    }
    Ok(out)
}

/// Linear prediction of an item: slope times trait, with the constant of binary items.
fn index(state: &IrtState, item: usize, traits: &[(f64, f64)]) -> Result<Prediction> {
    let (kernel, response) = (&state.items[item], &state.responses[item]);
    let kind = state.groups[response.group].kind;
    if kind.by_odds() {
        return Err(StataError::unsupported_option(
            "predict",
            "xb of an item with several linear predictions",
        ));
    }
    let constant = if kind == Kind::Graded { 0.0 } else { state.free[kernel.places[1]] };
    let slope = state.free[kernel.places[0]];
    let value = |t: &(f64, f64)| if is_missing(t.0) { MISSING } else { constant + slope * t.0 };
    Ok(Prediction {
        values: traits.iter().map(value).collect(),
        label: format!("Linear prediction ({})", response.name),
    })
}
