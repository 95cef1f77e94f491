//! `forecast`: models of estimated equations and identities, solved period by period ([TS] forecast). The solution is in
//! `forecast_solve`, what `forecast describe` shows in `forecast_describe`.

use super::forecast_describe::describe;
use super::forecast_model::{Adjustment, Current, Estimated, Model, Source, counted, current, current_mut};
use super::forecast_solve::solve;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::estimation::model::first_word;
use crate::ops::run::quietly;
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::{ParsedCommand, front_and_options};
use crate::tsset::Panel;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "forecast",
    min: 4,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "forecast create [name] [, replace] | forecast estimates name [, names(names [, replace])] | forecast identity var = exp [, generate double] | forecast exogenous varlist | forecast adjust var = exp [if] | forecast solve [, {prefix(stub)|suffix(stub)} begin(time) end(time)|periods(#) double static actuals log(detail|on|brief|off) vtolerance(#) ztolerance(#) iterate(#) technique(dampedgaussseidel #|gaussseidel|newtonraphson)] | forecast describe [estimates|identity|exogenous|adjust|solve|endogenous] [, brief detail] | forecast list | forecast drop [, prefix(stub)|suffix(stub)] | forecast clear | forecast query",
    notes: "estimates are those of linear models (regress, ivregress, cnsreg, newey, prais, rreg, qreg, reg3, sureg, mvreg, var, xtreg), forecast by their linear predictions; forecasts begin by default in the first period after the last one with values of all endogenous variables; before the horizon the new variables have the actual values; coefvector, simulate(), estimates using and technique(broydenpowell) are not supported; stores the results that the manual lists; the layout of describe is not confirmed by published output; [TS] forecast",
    examples: &[Example {
        // y = 1 + L.y/2 from y = 4, with z = y + L.z.
        run: "set obs 12\ngenerate t = _n\ntsset t\ngenerate double y = 4\nreplace y = 1 + L.y/2 in 2/12\ngenerate double z = sum(y)\nregress y L.y in 1/6\nestimates store a\nreplace y = . in 7/12\nreplace z = . in 7/12\nforecast create m\nforecast estimates a\nforecast identity z = L.z + y\nforecast solve, double",
        expect: &[
            ("reldif(f_y[8], 1 + f_y[7]/2) < 1e-8", 1.0),
            ("reldif(f_z[9], f_z[8] + f_y[9]) < 1e-8", 1.0),
            ("r(Nvar)", 2.0),
        ],
    }],
};

/// Commands whose equations are linear in their regressors.
const LINEAR: [&str; 12] = [
    "regress",
    "ivregress",
    "cnsreg",
    "newey",
    "prais",
    "rreg",
    "qreg",
    "reg3",
    "sureg",
    "mvreg",
    "var",
    "xtreg",
];

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (front, option_text) = front_and_options(&cmd.raw);
    let (word, rest) = first_word(front);
    let (word, rest) = (word.to_string(), rest.trim().to_string());
    let options = split_options(option_text)?;
    let is = |full: &str| !word.is_empty() && abbreviates(&word, full);
    match () {
        () if is("CReate") => create(session, &rest, &options),
        () if is("ESTimates") => estimates(session, &rest, &options),
        () if is("IDentity") => identity(session, &rest, &options),
        () if is("EXogenous") => exogenous(session, &rest, &options),
        () if is("ADjust") => adjust(session, &rest, &options),
        () if is("Solve") => return solve(session, &rest, &options),
        () if is("Describe") => return describe(session, &rest, &options),
        () if is("List") => return list(session),
        () if is("DRop") => return drop_made(session, &options),
        () if word == "clear" => return clear(session),
        () if is("Query") => return query(session),
        () if is("COefvector") => return Err(StataError::unsupported_option("forecast", "coefvector")),
        () => return Err(StataError::invalid(format!("unknown forecast subcommand {word}"))),
    }?;
    let line = format!("forecast {}", cmd.raw.trim());
    if let Ok(model) = current_mut(session)
        && !is("CReate")
    {
        model.commands.push(line);
    }
    Ok(())
}

type Given = [(String, Option<String>)];

fn refuse_others(options: &Given, known: &[&str]) -> Result<()> {
    match options.iter().find(|o| !known.iter().any(|k| abbreviates(&o.0, k))) {
        Some((name, _)) => Err(StataError::option_not_allowed(name)),
        None => Ok(()),
    }
}

fn create(session: &mut Session, name: &str, options: &Given) -> Result<()> {
    refuse_others(options, &["REPLACE"])?;
    Panel::for_operators(&session.frame)?
        .time
        .ok_or_else(|| StataError::new(111, "time variable not set"))?;
    let held = session.extensions.state::<Current>();
    if held.0.is_some() && options.is_empty() {
        return Err(StataError::new(110, "a forecast model is in memory; use option replace"));
    }
    let model = Model {
        name: name.to_string(),
        commands: vec![format!("forecast create {name}").trim().to_string()],
        ..Model::default()
    };
    let called = model.called();
    held.0 = Some(model);
    session.print(format!("  {called} started."));
    let mut r = Results::default();
    r.text("name", name);
    session.r = r;
    Ok(())
}

/// Left-hand sides and equations of estimation results.
fn equations(found: &Estimation) -> Result<Vec<(String, String)>> {
    let cmd = found.cmd();
    if !LINEAR.contains(&cmd) {
        return Err(StataError::unsupported_option("forecast estimates", &format!("results of {cmd}")));
    }
    let lhs = found.results.get_text("depvar").unwrap_or("");
    let lhs: Vec<String> = lhs.split_whitespace().map(str::to_string).collect();
    let parameters = Parameters::of(found)?;
    let equations: Vec<String> = parameters.equations().into_iter().filter(|e| !e.starts_with('/')).collect();
    match lhs.len() {
        n if n == equations.len() => Ok(lhs.into_iter().zip(equations).collect()),
        _ => Err(StataError::new(322, format!("the equations of {cmd} have no left-hand sides"))),
    }
}

fn estimates(session: &mut Session, name: &str, options: &Given) -> Result<()> {
    if first_word(name).0 == "using" || name.contains(" using ") {
        return Err(StataError::unsupported_option("forecast estimates", "using"));
    }
    if let Some((option, _)) = options.iter().find(|o| abbreviates(&o.0, "Predict") || o.0 == "advise") {
        return Err(StataError::unsupported_option("forecast estimates", option));
    }
    refuse_others(options, &["Names"])?;
    current(session)?;
    let found = session.stored.get(name).cloned();
    let found = found.ok_or_else(|| StataError::new(111, format!("estimation result {name} not found")))?;
    let equations = equations(&found)?;
    let given = options.iter().find_map(|o| o.1.clone());
    let lhs = left_hand_sides(session, &equations, given.as_deref())?;
    let command = found.cmd().to_string();
    let model = current_mut(session)?;
    let number = model.estimated.len();
    for (variable, (_, equation)) in lhs.iter().zip(equations) {
        model.add(variable, Source::Estimates(number, equation))?;
    }
    model.estimated.push(Estimated { name: name.to_string(), results: found, lhs: lhs.clone() });
    let said = format!(
        "  {} now contains {}.",
        model.called(),
        counted(model.endogenous.len(), "endogenous variable")
    );
    session.print(format!("  Added estimation results from {command}."));
    session.print(said);
    let mut r = Results::default();
    r.text("lhs", lhs.join(" ")).text("estimates", name);
    session.r = r;
    Ok(())
}

/// Names of the variables that the equations determine: the left-hand sides, or those of `names()`, which are made from
/// them unless they exist.
fn left_hand_sides(
    session: &mut Session,
    equations: &[(String, String)],
    given: Option<&str>,
) -> Result<Vec<String>> {
    let Some(given) = given else {
        if let Some((lhs, _)) = equations.iter().find(|(lhs, _)| lhs.contains('.')) {
            return Err(StataError::new(198, format!("{lhs} has operators; option names() required")));
        }
        equations.iter().try_for_each(|(lhs, _)| session.frame.position(lhs).map(|_| ()))?;
        return Ok(equations.iter().map(|e| e.0.clone()).collect());
    };
    let (names, suboption) = front_and_options(given);
    let names: Vec<String> = names.split_whitespace().map(str::to_string).collect();
    if names.len() != equations.len() {
        return Err(StataError::new(198, format!("names() needs {}", counted(equations.len(), "name"))));
    }
    for (name, (lhs, _)) in names.iter().zip(equations) {
        match session.frame.find(name) {
            None => quietly(session, &format!("generate double {name} = {lhs}"))?,
            Some(_) if suboption == "replace" => quietly(session, &format!("replace {name} = {lhs}"))?,
            Some(_) => return Err(StataError::new(110, format!("variable {name} already defined"))),
        }
    }
    Ok(names)
}

/// The two sides of `variable = expression`.
fn sides(text: &str) -> Result<(String, String)> {
    let (variable, value) = text.split_once('=').ok_or_else(StataError::syntax)?;
    let (variable, value) = (variable.trim(), value.trim());
    if variable.is_empty() || value.is_empty() || value.starts_with('=') {
        return Err(StataError::syntax());
    }
    if variable.contains(|c: char| !c.is_alphanumeric() && c != '_') {
        return Err(StataError::new(198, format!("{variable} invalid name")));
    }
    Ok((variable.to_string(), value.to_string()))
}

fn identity(session: &mut Session, text: &str, options: &Given) -> Result<()> {
    refuse_others(options, &["Generate", "Double"])?;
    let (variable, value) = sides(text)?;
    current(session)?;
    let has = |full: &str| options.iter().any(|o| abbreviates(&o.0, full));
    if has("Generate") {
        let kind = if has("Double") { "double" } else { "float" };
        quietly(session, &format!("generate {kind} {variable} = {value}"))?;
    }
    session.numeric_variable(&variable)?;
    session.compile_numeric(&value)?;
    let model = current_mut(session)?;
    model.add(&variable, Source::Identity(value.clone()))?;
    let said = format!(
        "  {} now contains {}.",
        model.called(),
        counted(model.endogenous.len(), "endogenous variable")
    );
    session.print(said);
    session.r = of_expression(session, &variable, &value);
    Ok(())
}

/// Results of an identity and of an adjustment: the sides and the variables of the expression.
fn of_expression(session: &Session, variable: &str, value: &str) -> Results {
    let (mut base, mut full): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for word in value.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '.') {
        let name = word.rsplit('.').next().unwrap_or("");
        let starts = word.starts_with(|c: char| c.is_alphabetic() || c == '_');
        if starts && session.frame.find(name).is_some() {
            if !base.iter().any(|b| b == name) {
                base.push(name.to_string());
            }
            if !full.iter().any(|f| f == word) {
                full.push(word.to_string());
            }
        }
    }
    let mut r = Results::default();
    r.text("lhs", variable).text("rhs", value);
    r.text("basenames", base.join(" ")).text("fullnames", full.join(" "));
    r
}

fn exogenous(session: &mut Session, list: &str, options: &Given) -> Result<()> {
    refuse_others(options, &[])?;
    let names: Vec<String> =
        session.varlist(list)?.into_iter().map(|v| session.frame.var(v).name.clone()).collect();
    if names.is_empty() {
        return Err(StataError::standard(100));
    }
    let model = current_mut(session)?;
    for name in names {
        if model.is_endogenous(&name) || model.exogenous.contains(&name) {
            return Err(StataError::new(110, format!("{name} is already in the model")));
        }
        model.exogenous.push(name);
    }
    let said = format!(
        "  {} now contains {}.",
        model.called(),
        counted(model.exogenous.len(), "declared exogenous variable")
    );
    session.print(said);
    session.r = Results::default();
    Ok(())
}

fn adjust(session: &mut Session, text: &str, options: &Given) -> Result<()> {
    refuse_others(options, &[])?;
    let (variable, rest) = sides(text)?;
    if !current(session)?.is_endogenous(&variable) {
        return Err(StataError::new(111, format!("{variable} is not an endogenous variable of the model")));
    }
    let parts = ParsedCommand::split("forecast", &format!("{variable} = {rest}"), true)?;
    if parts.in_range.is_some() {
        return Err(StataError::unsupported_option("forecast adjust", "in"));
    }
    let value = parts.exp.as_deref().unwrap_or("").trim().trim_start_matches('=').trim().to_string();
    session.compile_numeric(&value)?;
    if let Some(condition) = &parts.if_exp {
        session.compile_numeric(condition)?;
    }
    let made = Adjustment { variable: variable.clone(), value: value.clone(), condition: parts.if_exp };
    let model = current_mut(session)?;
    model.adjustments.push(made);
    let said = counted(model.adjusted(&variable), "adjustment");
    session.print(format!("  Endogenous variable {variable} now has {said}."));
    session.r = of_expression(session, &variable, &value);
    Ok(())
}

fn list(session: &mut Session) -> Result<()> {
    let lines = current(session)?.commands.clone();
    session.print("");
    lines.iter().for_each(|line| session.print(line));
    session.r = Results::default();
    Ok(())
}

/// Drops the variables of solutions, all or those of a prefix or suffix.
fn drop_made(session: &mut Session, options: &Given) -> Result<()> {
    refuse_others(options, &["PREfix", "SUFfix"])?;
    let fits = |name: &String| {
        options.iter().all(|(option, stub)| {
            let stub = stub.as_deref().unwrap_or("").trim();
            if abbreviates(option, "PREfix") { name.starts_with(stub) } else { name.ends_with(stub) }
        })
    };
    let model = current_mut(session)?;
    let (gone, kept): (Vec<String>, Vec<String>) = model.made.drain(..).partition(fits);
    model.made = kept;
    let places: Vec<usize> = gone.iter().filter_map(|name| session.frame.find(name)).collect();
    session.frame.drop_vars(&places);
    let count = places.len();
    session.print(format!("  (Dropped {}.)", counted(count, "variable")));
    let mut r = Results::default();
    r.scalar("n_dropped", count as f64);
    session.r = r;
    Ok(())
}

fn clear(session: &mut Session) -> Result<()> {
    if let Some(model) = session.extensions.state::<Current>().0.take() {
        session.print(format!("  {} ended.", model.called()));
    }
    session.r = Results::default();
    Ok(())
}

fn query(session: &mut Session) -> Result<()> {
    let found = current(session).ok().map(|model| (model.name.clone(), model.called()));
    let mut r = Results::default();
    r.scalar("found", f64::from(u8::from(found.is_some())));
    match found {
        Some((name, called)) => {
            session.print(format!("  {called} exists."));
            r.text("name", name);
        }
        None => session.print("  No forecast model exists."),
    }
    session.r = r;
    Ok(())
}
