//! `linktest`: specification link test. The model is fitted again on its linear prediction and the square of it; in a
//! model that is specified well the square has no effect. Formulas: [R] linktest; Pregibon (1980).

use super::super::{ByRule, CommandSpec, Example, Form, Interpreter};
use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType, Variable};
use crate::ops::run::quietly;
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "linktest",
    min: 8,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "linktest [if] [in] [, options of the estimation command]",
    notes: "after estimation of one equation; after stcox and streg with the distribution, metric, frailty and strata of the model; stores r(t), r(df); leaves e() of the model; [R] linktest",
    examples: &[Example {
        // The test is the t of the squared prediction.
        run: "set obs 12\ngen x = _n\ngen y = x^2 + mod(_n*5, 7)\nregress y x\npredict double h\ngen double h2 = h^2\nquietly regress y h h2\nscalar t = _b[h2]/_se[h2]\nquietly regress y x\nlinktest\nscalar same = reldif(r(t), t) < 1e-9\nscalar df = r(df)\ncount if e(sample)",
        expect: &[("same", 1.0), ("df", 9.0), ("e(df_m)", 1.0), ("r(N)", 12.0)],
    }],
};

/// Names of the regressors of the test.
const NAMES: [&str; 2] = ["_hat", "_hatsq"];

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let cmd = ParsedCommand::split("linktest", &cmd.raw, false)?;
    cmd.refuse_weight()?;
    let Some(b) = session.e.b() else {
        return Err(StataError::no_estimates());
    };
    let equations: Vec<&str> = {
        let mut found: Vec<&str> =
            b.col_names.iter().map(|s| s.eq.as_str()).filter(|e| !e.starts_with('/')).collect();
        found.dedup();
        found
    };
    if equations.len() > 1 {
        return Err(StataError::new(321, "linktest requires a model of one equation"));
    }
    let before = session.hold_estimates();
    let held = hold_variables(session);
    let outcome = test(session, &cmd, &before);
    for name in NAMES {
        if let Some(at) = session.frame.find(name) {
            session.frame.drop_vars(&[at]);
        }
    }
    for variable in held {
        session.frame.add(variable)?;
    }
    session.restore_estimates(before);
    session.r = outcome?;
    Ok(())
}

/// Takes variables of these names out of the data.
fn hold_variables(session: &mut Session) -> Vec<Variable> {
    let at: Vec<usize> = NAMES.iter().filter_map(|n| session.frame.find(n)).collect();
    let held = at.iter().map(|i| session.frame.var(*i).clone()).collect();
    session.frame.drop_vars(&at);
    held
}

/// Options of survival models that the test takes over where they are not given: distribution, metric, frailty and strata; the
/// table shows coefficients.
fn survival_options(cmd: &ParsedCommand, command: &str, model: &Estimation) -> Result<String> {
    let given: Vec<String> = split_options(&cmd.option_text)?.into_iter().map(|o| o.0).collect();
    let has = |declared: &str| given.iter().any(|name| abbreviates(name, declared));
    let text = |name: &str| model.results.get_text(name).unwrap_or("");
    let mut out = String::new();
    if command == "streg" && !has("Distribution") {
        out += &format!(" distribution({})", text("distribution"));
    }
    for option in ["frailty", "shared", "strata"] {
        if !text(option).is_empty() && !has(option) {
            out += &format!(" {option}({})", text(option));
        }
    }
    let ties = text("ties");
    if ["efron", "exactm", "exactp"].contains(&ties)
        && !["efron", "exactm", "exactp", "breslow"].iter().any(|o| has(o))
    {
        out += &format!(" {ties}");
    }
    let free = ["exponential", "weibull"].contains(&text("distribution"));
    if text("frm2") == "time" {
        out += if free && !has("TIme") && !has("TRatio") { " time" } else { "" };
    } else if !has("nohr") && !has("hr") {
        out += " nohr";
    }
    Ok(out)
}

fn test(session: &mut Session, cmd: &ParsedCommand, model: &Estimation) -> Result<Results> {
    let text = |name: &str| model.results.get_text(name).unwrap_or("").to_string();
    let survival = matches!(text("cmd2").as_str(), "stcox" | "streg");
    let sample = session.required_estimation_sample()?;
    let chosen = cmd.if_exp.is_some() || cmd.in_range.is_some();
    let touse: Vec<bool> = if chosen { session.rows(cmd)? } else { sample.to_vec() };
    quietly(session, &format!("predict double {}, xb", NAMES[0]))?;
    let at = session.variable(NAMES[0])?;
    // rows outside the sample have no prediction and leave the test with it
    let mut squares = vec![MISSING; touse.len()];
    for (row, used) in touse.iter().enumerate() {
        let value = session.frame.num_at(at, row);
        if *used && !is_missing(value) {
            squares[row] = value * value;
        }
    }
    session.frame.add(Variable::new(NAMES[1], Column::from_f64(StorageType::Double, &squares)))?;
    // survival models take their weights from stset
    let weight = match text("wtype") {
        kind if kind.is_empty() || survival => String::new(),
        kind => format!(" [{kind}{}]", text("wexp")),
    };
    let mut options = cmd.option_text.trim().to_string();
    let (mut command, mut outcome) = (text("cmd"), text("depvar"));
    if survival {
        (command, outcome) = (text("cmd2"), String::new());
        options += &survival_options(cmd, &command, model)?;
    }
    let options = if options.is_empty() { options } else { format!(", {options}") };
    session.run_expanded(&format!("{command} {outcome} {} {}{weight}{options}", NAMES[0], NAMES[1]))?;
    let fitted = &session.e;
    let position = fitted
        .b()
        .and_then(|b| b.col_names.iter().position(|s| s.name == NAMES[1]))
        .ok_or_else(|| StataError::new(498, "the squared prediction is collinear"))?;
    let (Some(b), Some(v)) = (fitted.b(), fitted.v()) else { return Err(StataError::no_estimates()) };
    let t = b.values()[position] / v.get(position, position).sqrt();
    let mut r = Results::default();
    r.scalar("t", if t.is_finite() { t } else { MISSING });
    r.scalar("df", fitted.results.get_scalar("df_r").unwrap_or(MISSING));
    Ok(r)
}
