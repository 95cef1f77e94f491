//! `parmest`: a data set with one observation for each parameter.

use super::{Data, file_option, save};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::format;
use crate::ops::listing::list_rows;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};
use estimators::distributions::{normal_quantile, t_inverse_tail};
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::text("SAving"),
    OptSpec::flag_or_text("LIst"),
    OptSpec::flag("norestore"),
    OptSpec::flag("FAST"),
    OptSpec::flag("EForm"),
    OptSpec::text("DOF"),
    OptSpec::text("LEvel"),
    OptSpec::flag("LABel"),
    OptSpec::flag("YLabel"),
    OptSpec::int("IDNum"),
    OptSpec::text("IDStr"),
    OptSpec::text("REName"),
    OptSpec::text("EScal"),
    OptSpec::text("EVec"),
    OptSpec::flag("OMit"),
    OptSpec::flag("EMpty"),
    OptSpec::flag("STArs"),
])
.unsupported(&[
    "FLIst", "FRAme", "BMATrix", "VMATrix", "DFMATrix", "FORMat", "EROws", "ECols", "EMAc", "MULtiply",
    "MSEtype", "CLNumber", "MCOMpare", "MCOMCI", "IDN", "NIDNum", "NIDStr", "SOrtby", "PKEep", "PDrop",
    "BColeq",
]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "parmest",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "parmest [, norestore fast saving(file [, replace]) list(varlist) eform dof(#) level(numlist) label ylabel idnum(#) idstr(text) rename(old new ...) escal(list) evec(list)]",
    notes: "variables eq (with several equations) parm label ylabel estimate stderr dof t|z p min# max#, es_1 ... for escal(), ev_1 ... for evec(); omitted and base terms are kept with estimate 0 and missing p; one of list(), saving(), norestore and fast is needed; no results; Newson (2003)",
    examples: &[Example {
        run: "set obs 4\ngenerate x = _n\ngenerate y = x + mod(_n, 2)\nregress y x\nscalar b = _b[x]\nscalar se = _se[x]\nscalar n = e(N)\nscalar t90 = invttail(e(df_r), .05)\nparmest, norestore level(90) escal(N) idnum(7)",
        expect: &[
            ("_N", 2.0),
            ("estimate[1] - b", 0.0),
            ("stderr[1] - se", 0.0),
            ("max90[1] - b - t90 * se", 0.0),
            ("es_1[2] - n", 0.0),
            ("idnum[1]", 7.0),
            ("parm[2] == \"_cons\"", 1.0),
        ],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let kept = cmd.has("norestore") || cmd.has("fast");
    let shown = cmd.has("list");
    let file = cmd.options.text("saving").map(file_option).transpose()?;
    if !kept && !shown && file.is_none() {
        return Err(StataError::invalid(
            "If frame(), saving(), norestore and fast are not given, list() must be",
        ));
    }
    let (data, rows) = data(s, cmd)?;
    let mut frame = data.frame(rows)?;
    for pair in cmd.options.text("rename").unwrap_or("").split_whitespace().collect::<Vec<_>>().chunks(2) {
        let [old, new] = pair else {
            return Err(StataError::invalid("option rename() incorrectly specified"));
        };
        let v = frame.position(old)?;
        frame.rename(v, new)?;
    }
    frame.changed = true;
    if shown {
        let before = std::mem::replace(&mut s.frame, frame.clone());
        let listed = listed(s, cmd, rows);
        s.frame = before;
        listed?;
    }
    if let Some((file, replace)) = file {
        save(s, frame.clone(), &file, replace)?;
    }
    if kept {
        s.frame = frame;
    }
    Ok(())
}

fn listed(s: &mut Session, cmd: &ParsedCommand, rows: usize) -> Result<()> {
    let list = cmd.options.text("list").map(|t| t.split(',').next().unwrap_or(t).trim().to_string());
    let vars = match list {
        Some(list) if !list.is_empty() => s.varlist(&list)?,
        _ => (0..s.frame.n_vars()).collect(),
    };
    let all: Vec<usize> = (0..rows).collect();
    list_rows(s, &all, &vars);
    Ok(())
}

/// The label of the variable of a term.
fn label(s: &Session, term: &str) -> String {
    match s.frame.find(term) {
        Some(v) => s.frame.var(v).label.clone(),
        None if term == "_cons" => "Constant".to_string(),
        None => String::new(),
    }
}

fn data(s: &Session, cmd: &ParsedCommand) -> Result<(Data, usize)> {
    if s.e.b().is_none() {
        return Err(StataError::no_estimates());
    }
    let parameters = Parameters::of(&s.e)?;
    let n = parameters.b.len();
    let df = match cmd.options.text("dof") {
        None => s.e.results.get_scalar("df_r"),
        Some(text) => Some(s.eval_num(text)?).filter(|x| *x > 0.0 && !is_missing(*x)),
    };
    let mut data = Data::default();
    if let Some(number) = cmd.options.int("idnum") {
        data.number("idnum", "Numeric ID", "%9.0g", &vec![number as f64; n]);
    }
    if let Some(text) = cmd.options.text("idstr") {
        data.text("idstr", "String ID", (0..n).map(|_| text.to_string()));
    }
    if parameters.equations().len() > 1 {
        data.text("eq", "Equation name", parameters.stripe.iter().map(|p| p.eq.clone()));
    }
    data.text("parm", "Parameter name", parameters.stripe.iter().map(|p| p.name.clone()));
    if cmd.has("label") {
        data.text("label", "Parameter label", parameters.stripe.iter().map(|p| label(s, &p.name)));
    }
    if cmd.has("ylabel") {
        let y = s.e.results.get_text("depvar").unwrap_or("").to_string();
        data.text("ylabel", "Y-variable label", (0..n).map(|_| label(s, &y)));
    }
    numbers(s, cmd, &parameters, df, &mut data)?;
    for (k, name) in cmd.options.text("escal").unwrap_or("").split_whitespace().enumerate() {
        let x = s.e.results.get_scalar(name).unwrap_or(MISSING);
        data.number(&format!("es_{}", k + 1), &format!("e({name})"), "%10.0g", &vec![x; n]);
    }
    for (k, name) in cmd.options.text("evec").unwrap_or("").split_whitespace().enumerate() {
        let m = s.e.results.matrices.get(name).filter(|m| m.rows() == 1 && m.cols() == n);
        let m =
            m.ok_or_else(|| StataError::new(503, format!("e({name}) has not one value for each parameter")))?;
        data.number(&format!("ev_{}", k + 1), &format!("e({name})"), "%10.0g", m.values());
    }
    Ok((data, n))
}

fn numbers(
    s: &Session,
    cmd: &ParsedCommand,
    parameters: &Parameters,
    df: Option<f64>,
    data: &mut Data,
) -> Result<()> {
    let n = parameters.b.len();
    let se: Vec<f64> = (0..n).map(|i| parameters.v[(i, i)].sqrt()).collect();
    let ratio: Vec<f64> =
        (0..n).map(|i| if se[i] > 0.0 { parameters.b[i] / se[i] } else { MISSING }).collect();
    let p: Vec<f64> =
        ratio.iter().map(|t| if is_missing(*t) { MISSING } else { wald::p_value(*t, df) }).collect();
    let eform = |x: f64| if cmd.has("eform") && !is_missing(x) { x.exp() } else { x };
    let estimates: Vec<f64> = parameters.b.iter().map(|b| eform(*b)).collect();
    let errors: Vec<f64> =
        se.iter().zip(&estimates).map(|(se, b)| if cmd.has("eform") { se * b } else { *se }).collect();
    data.number("estimate", "Parameter estimate", "%10.0g", &estimates);
    data.number("stderr", "SE of parameter estimate", "%10.0g", &errors);
    if let Some(df) = df {
        data.number("dof", "Degrees of freedom", "%10.0g", &vec![df; n]);
    }
    let (name, text) =
        if df.is_some() { ("t", "t-test statistic") } else { ("z", "Standard normal deviate") };
    data.number(name, text, "%10.0g", &ratio);
    data.number("p", "P-value", "%8.1e", &p);
    let default = s.settings.level.to_string();
    let levels = crate::syntax::numlist::expand(cmd.options.text("level").unwrap_or(&default))?;
    for level in levels {
        if !(level > 0.0 && level < 100.0) {
            return Err(StataError::invalid("level() must be between 0 and 100"));
        }
        let tail = (1.0 - level / 100.0) / 2.0;
        let critical = df.map_or_else(|| -normal_quantile(tail), |df| t_inverse_tail(df, tail));
        let limit = |sign: f64| -> Vec<f64> {
            (0..n).map(|i| eform(parameters.b[i] + sign * critical * se[i])).collect()
        };
        let suffix = format::macro_text(level).replace('.', "_");
        data.number(
            &format!("min{suffix}"),
            &format!("Lower {level}% confidence limit"),
            "%10.0g",
            &limit(-1.0),
        );
        data.number(
            &format!("max{suffix}"),
            &format!("Upper {level}% confidence limit"),
            "%10.0g",
            &limit(1.0),
        );
    }
    Ok(())
}
