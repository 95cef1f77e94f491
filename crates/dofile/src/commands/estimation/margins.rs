//! `margins`: predictive margins and marginal effects after an estimation, with delta-method errors.
//!
//! Stores in `r()`: N b V table at, level, title expression derivatives xvars. Formulas: [R] margins.

use super::super::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::at_spec::{self, Setting, Statistic, Value};
use crate::estimation::linear::{Grid, Parameters};
use crate::estimation::margins::{Effect, Form as Derivative, Margin, Scenario};
use crate::estimation::model::number_groups;
use crate::estimation::response::Response;
use crate::estimation::table::Table;
use crate::estimators::matrix::Mat;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::{OptSpec, abbreviates, split_options};
use crate::syntax::split::ParsedCommand;
use crate::syntax::{Atom, FvList};
use crate::value::is_missing;

/// The command.
pub const SPEC: CommandSpec = CommandSpec {
    name: "margins",
    min: 4,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "margins [marginlist] [if] [in] [, dydx(varlist) eyex(varlist) dyex(varlist) eydx(varlist) at(spec) atmeans over(v) predict(statistic) level(#) post noatlegend]",
    notes: "stores r(N) r(b) r(V) r(table) r(at); formulas: [R] margins",
    examples: &[Example {
        run: "set obs 8\ngen x = _n\ngen g = mod(_n,2)\ngen y = x + 2*g + cond(_n==8, 1, 0)\nregress y x i.g\nmargins, dydx(x)\nmatrix b = r(b)",
        expect: &[("b[1,1]-_b[x]", 0.0), ("r(N)", 8.0)],
    }],
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("dydx"),
    OptSpec::text("eyex"),
    OptSpec::text("dyex"),
    OptSpec::text("eydx"),
    OptSpec::flag("ATMEANs"),
    OptSpec::text("over"),
    OptSpec::text("PRedict"),
    OptSpec::real("Level"),
    OptSpec::flag("post"),
    OptSpec::flag("noATLegend"),
    OptSpec::flag("ASOBserved"),
];
const UNSUPPORTED: &[&str] = &[
    "vce",
    "EXPression",
    "WITHin",
    "CONTRast",
    "PWCOMPare",
    "MCOMPare",
    "GROUPs",
    "noESAMPle",
    "nose",
    "noWEIGHTs",
    "ASBALanced",
    "EMPTYcells",
    "ESTIMTOLerance",
    "CONTinuous",
    "DF",
    "GENerate",
    "SUBpop",
    "noCHAINrule",
    "CHAINrule",
];

/// What was asked for.
struct Request {
    derivative: Option<(Derivative, String)>,
    list: String,
    settings: Vec<Setting>,
    over: Option<usize>,
    predict: Option<String>,
    level: f64,
}

/// One column of the result.
struct Cell {
    stripe: Stripe,
    margin: Margin,
    base: bool,
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let parameters = Parameters::of(&session.e)?;
    let mut cmd = ParsedCommand::split("margins", &cmd.raw, false)?;
    let at_texts = take_at(&mut cmd)?;
    cmd.check_options(OPTIONS, UNSUPPORTED)?;
    let request = read(session, &cmd, &at_texts)?;
    let rows = sample(session, &cmd)?;
    let responses = Response::of(session, &parameters, request.predict.as_deref())?;
    let weights = weights(session, &rows)?;
    let (cells, legends, groups) = compute(session, &parameters, &request, &responses, &rows, &weights)?;
    show(session, &cmd, &request, &responses, &cells, &legends, &groups, &parameters, rows.len())
}

/// Removes the repeatable `at()` from the options.
fn take_at(cmd: &mut ParsedCommand) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    let mut rest = String::new();
    for (name, argument) in split_options(&cmd.option_text)? {
        match (name.as_str(), argument) {
            ("at", Some(text)) => texts.push(text),
            (name, Some(text)) => rest.push_str(&format!(" {name}({text})")),
            (name, None) => rest.push_str(&format!(" {name}")),
        }
    }
    cmd.option_text = rest;
    Ok(texts)
}

fn read(session: &Session, cmd: &ParsedCommand, at_texts: &[String]) -> Result<Request> {
    let kinds = [
        ("dydx", Derivative::Plain),
        ("eyex", Derivative::Elasticity),
        ("dyex", Derivative::SemiX),
        ("eydx", Derivative::SemiY),
    ];
    let mut derivative = None;
    for (name, kind) in kinds {
        if let Some(list) = cmd.options.text(name)
            && derivative.replace((kind, list.to_string())).is_some()
        {
            return Err(StataError::invalid("only one of dydx(), eyex(), dyex() and eydx() is allowed"));
        }
    }
    let mut settings = Vec::new();
    for text in at_texts {
        settings.extend(at_spec::parse(&expand_names(session, text)?)?);
    }
    if cmd.options.has("atmeans") {
        let means = ("_all".to_string(), Value::Summary(Statistic::Mean));
        if settings.is_empty() {
            settings.push(Vec::new());
        }
        settings.iter_mut().for_each(|s| s.insert(0, means.clone()));
    }
    Ok(Request {
        derivative,
        list: cmd.list.trim().to_string(),
        settings,
        over: cmd.options.text("over").map(|v| session.variable(v)).transpose()?,
        predict: cmd.options.text("predict").map(str::to_string),
        level: crate::estimation::display::level(session, cmd)?,
    })
}

/// Abbreviated variable names in an `at()` in full.
fn expand_names(session: &Session, text: &str) -> Result<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(position) = rest.find('=') {
        let before = rest[..position].trim_end();
        let start = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |i| i + 1);
        out.push_str(&before[..start]);
        let name = &before[start..];
        out.push_str(&session.frame.var(session.variable(name)?).name);
        out.push('=');
        rest = &rest[position + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

fn sample(session: &Session, cmd: &ParsedCommand) -> Result<Vec<usize>> {
    let estimation = session
        .estimation_sample()
        .ok_or_else(|| StataError::new(322, "e(sample) does not identify the estimation sample"))?;
    let touse = session.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i] && estimation[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::new(2000, "no observations"));
    }
    Ok(rows)
}

/// Weights of the estimation on the rows.
fn weights(session: &Session, rows: &[usize]) -> Result<Vec<f64>> {
    let Some(text) = session.e.results.get_text("wexp") else {
        return Ok(vec![1.0; rows.len()]);
    };
    let compiled = session.compile(text.trim_start_matches('=').trim())?;
    let ctx = session.ctx();
    Ok(rows.iter().map(|r| compiled.num(&ctx, *r)).map(|w| if is_missing(w) { 0.0 } else { w }).collect())
}

/// Factor variables of the model with their levels in the order of the parameters.
fn factors(parameters: &Parameters) -> Vec<(String, Vec<i64>, Option<i64>)> {
    let mut out: Vec<(String, Vec<i64>, Option<i64>)> = Vec::new();
    for atom in parameters.terms.iter().flatten().flat_map(|t| &t.atoms) {
        let Atom::Level { var, level, base, .. } = atom else { continue };
        let slot = match out.iter().position(|f| f.0 == *var) {
            Some(i) => i,
            None => {
                out.push((var.clone(), Vec::new(), None));
                out.len() - 1
            }
        };
        if !out[slot].1.contains(level) {
            out[slot].1.push(*level);
        }
        if *base {
            out[slot].2 = Some(*level);
        }
    }
    out.iter_mut().for_each(|f| f.1.sort_unstable());
    out
}

/// Variables of the model in order of appearance.
fn variables(parameters: &Parameters) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for atom in parameters.terms.iter().flatten().flat_map(|t| &t.atoms) {
        if atom.ts().is_none() && !out.iter().any(|v| v == atom.var()) {
            out.push(atom.var().to_string());
        }
    }
    out
}

/// Effects with their names; base levels of factors have no effect.
fn effects(
    session: &Session,
    parameters: &Parameters,
    request: &Request,
) -> Result<Vec<(String, Option<Effect>)>> {
    let Some((form, list)) = &request.derivative else {
        return Ok(vec![(String::new(), Some(Effect::Level))]);
    };
    let known = variables(parameters);
    let levels = factors(parameters);
    let is_factor = |name: &str| levels.iter().any(|f| f.0 == name);
    let mut wanted: Vec<String> = Vec::new();
    for word in list.split_whitespace() {
        let word = word.split_once('.').map_or(word, |(_, name)| name);
        match word {
            "*" | "_all" => wanted.extend(known.clone()),
            w if abbreviates(w, "_CONTinuous") || w == "_continuous" => {
                wanted.extend(known.iter().filter(|v| !is_factor(v)).cloned());
            }
            "_factor" => wanted.extend(known.iter().filter(|v| is_factor(v)).cloned()),
            w => {
                for position in session.varlist(w)? {
                    let name = session.frame.var(position).name.clone();
                    if !known.contains(&name) {
                        return Err(StataError::new(
                            322,
                            format!("variable {name} not found in list of covariates"),
                        ));
                    }
                    wanted.push(name);
                }
            }
        }
    }
    let mut out = Vec::new();
    for name in wanted {
        match levels.iter().find(|f| f.0 == name) {
            None => out.push((name.clone(), Some(Effect::Slope(name, *form)))),
            Some((_, all, base)) => {
                let base = base.or(all.first().copied()).unwrap_or(0);
                for level in all {
                    let shown =
                        if *level == base { format!("{level}b.{name}") } else { format!("{level}.{name}") };
                    let effect = Effect::Change { variable: name.clone(), level: *level, base };
                    out.push((shown, (*level != base).then_some(effect)));
                }
            }
        }
    }
    Ok(out)
}

/// A margin of the list: its name and the factor levels that it fixes.
type Listed = (String, Vec<(String, i64)>);

/// Levels of the margin list: names and the factor levels to fix.
fn margin_levels(session: &Session, request: &Request, parameters: &Parameters) -> Result<Vec<Listed>> {
    if request.list.is_empty() {
        return Ok(vec![(String::new(), Vec::new())]);
    }
    let sample = session.estimation_sample();
    let touse = sample.map_or_else(|| vec![true; session.frame.n_rows()], |s| s.to_vec());
    let marked: Vec<String> = request
        .list
        .split_whitespace()
        .map(|w| {
            w.split('#')
                .map(|p| if p.contains('.') { p.to_string() } else { format!("ibn.{p}") })
                .collect::<Vec<_>>()
                .join("#")
        })
        .collect();
    let list = FvList::parse(&session.frame, &marked.join(" "), session.settings.varabbrev)?;
    let known = factors(parameters);
    let mut out = Vec::new();
    for term in list.expand(&session.frame, &touse)? {
        let mut fixed = Vec::new();
        for atom in &term.atoms {
            match atom {
                Atom::Level { var, level, .. } if known.iter().any(|f| f.0 == *var) => {
                    fixed.push((var.clone(), *level))
                }
                other => {
                    return Err(StataError::new(
                        322,
                        format!("factor {} not found in list of covariates", other.var()),
                    ));
                }
            }
        }
        let shown: Vec<String> = fixed.iter().map(|(v, l)| format!("{l}.{v}")).collect();
        out.push((shown.join("#"), fixed));
    }
    Ok(out)
}

type Legend = Vec<(String, f64, String)>;

#[allow(clippy::type_complexity)]
fn compute(
    session: &Session,
    parameters: &Parameters,
    request: &Request,
    responses: &[Response],
    rows: &[usize],
    weights: &[f64],
) -> Result<(Vec<Cell>, Vec<Legend>, Vec<String>)> {
    let mut grid = Grid::new(&session.frame, rows.to_vec());
    grid.load(parameters.terms.iter().flatten())?;
    let known = variables(parameters);
    let levels: Vec<(String, Vec<i64>)> = factors(parameters).into_iter().map(|f| (f.0, f.1)).collect();
    let effects = effects(session, parameters, request)?;
    let listed = margin_levels(session, request, parameters)?;
    let groups = over_groups(session, request, rows)?;
    let none = vec![Vec::new()];
    let settings = if request.settings.is_empty() { &none } else { &request.settings };
    let mut cells = Vec::new();
    let mut legends = vec![Vec::new(); settings.len()];
    let several = responses.len() > 1
        || request.settings.len() > 1
        || request.over.is_some()
        || !request.list.is_empty();
    for (name, effect) in &effects {
        for (r, response) in responses.iter().enumerate() {
            for (s, setting) in settings.iter().enumerate() {
                for (group, inside) in &groups {
                    let mine: Vec<f64> =
                        weights.iter().zip(inside).map(|(w, i)| if *i { *w } else { 0.0 }).collect();
                    let mut at = grid.clone();
                    legends[s] = at_spec::apply(&mut at, setting, &known, &levels, &mine)?;
                    for (list_name, fixed) in &listed {
                        let mut at = at.clone();
                        fixed.iter().for_each(|(variable, level)| at.fix_factor(variable, *level));
                        let scenario = Scenario { grid: at, weights: &mine };
                        let margin = match effect {
                            Some(effect) => scenario.average(parameters, response, effect)?,
                            None => Margin { value: 0.0, gradient: vec![0.0; parameters.b.len()] },
                        };
                        let mut parts = Vec::new();
                        if responses.len() > 1 {
                            parts.push(format!("{}._predict", r + 1));
                        }
                        if request.settings.len() > 1 {
                            parts.push(format!("{}._at", s + 1));
                        }
                        parts.extend([group, list_name].into_iter().filter(|p| !p.is_empty()).cloned());
                        let inner = parts.join("#");
                        let stripe = match (name.is_empty(), several) {
                            (true, false) => Stripe::term("_cons"),
                            (true, true) => {
                                Stripe::term(if inner.is_empty() { "_cons".to_string() } else { inner })
                            }
                            (false, false) => Stripe::term(name.clone()),
                            (false, true) => Stripe::with_eq(name.clone(), inner),
                        };
                        cells.push(Cell { stripe, margin, base: effect.is_none() });
                    }
                }
            }
        }
    }
    let shown = groups.into_iter().map(|g| g.0).filter(|g| !g.is_empty()).collect();
    Ok((cells, legends, shown))
}

/// Subgroups of `over()` with their rows; one unnamed group without it.
fn over_groups(session: &Session, request: &Request, rows: &[usize]) -> Result<Vec<(String, Vec<bool>)>> {
    let Some(variable) = request.over else {
        return Ok(vec![(String::new(), vec![true; rows.len()])]);
    };
    let values: Vec<f64> = rows.iter().map(|r| session.frame.num_at(variable, *r)).collect();
    if session.frame.var(variable).is_string() {
        return Err(StataError::type_mismatch());
    }
    let name = session.frame.var(variable).name.clone();
    let (numbers, count) = number_groups(&session.frame, variable, rows);
    let mut found: Vec<(f64, Vec<bool>)> = (0..count as u32)
        .map(|g| {
            let first = numbers.iter().position(|n| *n == g).expect("every number is in use");
            (values[first], numbers.iter().map(|n| *n == g).collect())
        })
        .filter(|(v, _)| !is_missing(*v))
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    if found.iter().any(|(v, _)| v.fract() != 0.0 || *v < 0.0) {
        return Err(StataError::new(
            452,
            format!("{name}: factor variables may not contain noninteger or negative values"),
        ));
    }
    Ok(found.into_iter().map(|(v, inside)| (format!("{v}.{name}"), inside)).collect())
}

#[allow(clippy::too_many_arguments)]
fn show(
    session: &mut Session,
    cmd: &ParsedCommand,
    request: &Request,
    responses: &[Response],
    cells: &[Cell],
    legends: &[Legend],
    groups: &[String],
    parameters: &Parameters,
    n: usize,
) -> Result<()> {
    let jacobian = Mat::from_rows(
        cells.len(),
        parameters.b.len(),
        cells.iter().flat_map(|c| c.margin.gradient.iter().copied()).collect(),
    );
    let v = jacobian.sandwich(&parameters.v);
    let b: Vec<f64> = cells.iter().map(|c| c.margin.value).collect();
    let se: Vec<f64> =
        v.diagonal().iter().zip(cells).map(|(x, c)| if c.base { 0.0 } else { x.max(0.0).sqrt() }).collect();
    let stripe: Vec<Stripe> = cells.iter().map(|c| c.stripe.clone()).collect();
    let results = &session.e.results;
    let df_r = results.get_scalar("df_r");
    let vce = results.get_text("vcetype").or(results.get_text("vce")).unwrap_or("").to_string();
    let count = format::bare("%12.0fc", n as f64);
    let at_means = cmd.options.has("atmeans");
    let title = match (&request.derivative, at_means) {
        (Some(_), true) => "Conditional marginal effects",
        (Some(_), false) => "Average marginal effects",
        (None, true) => "Adjusted predictions",
        (None, false) => "Predictive margins",
    };
    session.print("");
    session.print(format!("{title:<48}{:>30}", format!("Number of obs = {count}")));
    session.print(format!("Model VCE: {}", if vce.len() <= 3 { vce.to_uppercase() } else { vce }));
    session.print("");
    for (i, response) in responses.iter().enumerate() {
        let name = if responses.len() > 1 { format!("{}._predict", i + 1) } else { "Expression".to_string() };
        session.print(format!("{name}: {}, {}", response.label, response.request));
    }
    let heading = match &request.derivative {
        None => "Margin",
        Some((Derivative::Plain, _)) => "dy/dx",
        Some((Derivative::Elasticity, _)) => "ey/ex",
        Some((Derivative::SemiX, _)) => "dy/ex",
        Some((Derivative::SemiY, _)) => "ey/dx",
    };
    if request.derivative.is_some() {
        let mut names: Vec<String> = Vec::new();
        for cell in cells.iter().filter(|c| !c.base) {
            let name = if cell.stripe.eq.is_empty() { &cell.stripe.name } else { &cell.stripe.eq };
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        session.print(format!("{heading} wrt:  {}", names.join(" ")));
    }
    if !groups.is_empty() {
        let name = request.over.map_or("", |v| session.frame.var(v).name.as_str()).to_string();
        session.print(format!("Over:       {name}"));
    }
    if !cmd.options.has("noatlegend") {
        print_legends(session, legends);
    }
    session.print("");
    Table {
        title: "",
        heading,
        vce_title: "Delta-method",
        stripe: &stripe,
        b: &b,
        se: &se,
        df_r,
        level: request.level,
        eform: false,
        ancillary_from: None,
        clusters: None,
        equations: stripe.iter().any(|s| !s.eq.is_empty()),
        beta: None,
    }
    .show(session);
    let is_change = |c: &Cell| c.base;
    if cells.iter().any(is_change) {
        session.print("Note: dy/dx for factor levels is the discrete change from the base level.");
    }
    store(session, cmd, request, responses, &b, &v, &stripe, legends, n);
    Ok(())
}

fn print_legends(session: &mut Session, legends: &[Legend]) {
    let several = legends.len() > 1;
    for (i, legend) in legends.iter().enumerate() {
        let width = legend.iter().map(|l| l.0.chars().count()).max().unwrap_or(0);
        for (j, (name, value, statistic)) in legend.iter().enumerate() {
            let head = match (several, j) {
                (true, 0) => format!("{}._at: ", i + 1),
                (false, 0) => "At: ".to_string(),
                (true, _) => " ".repeat(format!("{}._at: ", i + 1).len()),
                (false, _) => "    ".to_string(),
            };
            let note = if statistic.is_empty() { String::new() } else { format!(" ({statistic})") };
            session.print(format!("{head}{name:<width$} = {}{note}", format::bare("%9.0g", *value)));
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn store(
    session: &mut Session,
    cmd: &ParsedCommand,
    request: &Request,
    responses: &[Response],
    b: &[f64],
    v: &Mat,
    stripe: &[Stripe],
    legends: &[Legend],
    n: usize,
) {
    let b = Matrix::row_vector(b.to_vec(), stripe.to_vec());
    let v = Matrix::square(v.data().to_vec(), stripe.to_vec());
    let mut names: Vec<String> = Vec::new();
    for (name, ..) in legends.iter().flatten() {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let r: &mut Results = &mut session.r;
    r.matrix("b", b.clone()).matrix("V", v.clone()).scalar("N", n as f64);
    if !names.is_empty() {
        let value = |legend: &Legend, name: &String| {
            legend.iter().find(|l| l.0 == *name).map_or(crate::value::MISSING, |l| l.1)
        };
        let data = legends.iter().flat_map(|l| names.iter().map(move |n| value(l, n))).collect();
        let mut at = Matrix::new(legends.len(), names.len(), data);
        at.row_names = (1..=legends.len()).map(|i| Stripe::term(format!("{i}._at"))).collect();
        at.col_names = names.iter().map(|n| Stripe::term(n.clone())).collect();
        r.matrix("at", at).scalar("k_at", legends.len() as f64);
    }
    r.text("cmd", "margins")
        .text("expression", &responses[0].request)
        .text("predict1_label", &responses[0].label);
    if let Some((form, list)) = &request.derivative {
        let name = match form {
            Derivative::Plain => "dy/dx",
            Derivative::Elasticity => "ey/ex",
            Derivative::SemiX => "dy/ex",
            Derivative::SemiY => "ey/dx",
        };
        r.text("derivatives", name).text("xvars", list);
    }
    if cmd.options.has("post") {
        let touse = session.estimation_sample().map_or_else(Vec::new, |s| s.to_vec());
        let df_r = session.e.results.get_scalar("df_r");
        let mut est = Estimation::default();
        est.results.matrix("b", b).matrix("V", v).scalar("N", n as f64);
        est.results.text("cmd", "margins").text("properties", "b V");
        if let Some(df) = df_r {
            est.results.scalar("df_r", df);
        }
        session.post_estimation(est, touse);
    }
}
