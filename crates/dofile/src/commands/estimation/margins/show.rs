//! Output and `r()` results of `margins`.

use super::formula::Target;
use super::{Cell, Found, Legend, Request, variance};
use crate::error::{Result, StataError};
use crate::estimation::at_spec::{Setting, Statistic, Value};
use crate::estimation::column_names::column_names;
use crate::estimation::factors::variables;
use crate::estimation::linear::Parameters;
use crate::estimation::margins::Form as Derivative;
use crate::estimation::post::command_line;
use crate::estimation::table::Table;
use crate::format::{self, Format};
use crate::matrix::{Matrix, Stripe};
use crate::results::{Estimation, Results};
use crate::session::{Session, TableLook};
use crate::syntax::split::ParsedCommand;

pub(super) fn show(
    session: &mut Session,
    cmd: &ParsedCommand,
    request: &Request,
    targets: &[Target],
    found: &Found,
    parameters: &Parameters,
) -> Result<()> {
    let Found { cells, v, .. } = found;
    let b: Vec<f64> = cells.iter().map(|c| c.margin.value).collect();
    let se: Vec<f64> =
        v.diagonal().iter().zip(cells).map(|(x, c)| if c.base { 0.0 } else { x.max(0.0).sqrt() }).collect();
    let stripe: Vec<Stripe> = cells.iter().map(|c| c.stripe.clone()).collect();
    let df_r = request.degrees(session);
    let title = title(cmd, request, parameters);
    heading(session, cmd, request, targets, found, title);
    let name = effect_heading(request);
    session.print("");
    session.settings.table.only_estimates = request.no_errors;
    session.settings.table.limits.clone_from(&found.limits);
    Table {
        heading: name,
        vce_title: if request.no_errors { "" } else { variance::heading(request) },
        equations: stripe.iter().any(|s| !s.eq.is_empty()),
        ..Table::of_equations(&stripe, &b, &se, df_r, request.level)
    }
    .show(session);
    let is_change = |c: &Cell| c.base;
    if cells.iter().any(is_change) {
        session.print("Note: dy/dx for factor levels is the discrete change from the base level.");
    }
    describe(session, cmd, request, parameters, cells, title);
    store(session, cmd, request, targets, &b, found, &stripe);
    Ok(())
}

/// Sets what the options say of the tables.
pub(super) fn set_look(cmd: &ParsedCommand, look: &mut TableLook) -> Result<()> {
    for (name, format) in [
        ("cformat", &mut look.coefficients),
        ("pformat", &mut look.p_values),
        ("sformat", &mut look.statistics),
    ] {
        let Some(text) = cmd.options.text(name).map(str::trim) else { continue };
        if Format::parse(text).is_none() {
            return Err(StataError::new(120, format!("{text} invalid %format")));
        }
        *format = Some(text.to_string());
    }
    look.no_tests |= cmd.has("nopvalues");
    look.no_limits |= cmd.has("noci");
    look.no_labels |= cmd.has("nofvlabel");
    Ok(())
}

/// Stores what the margins are made from.
fn describe(
    session: &mut Session,
    cmd: &ParsedCommand,
    request: &Request,
    parameters: &Parameters,
    cells: &[Cell],
    title: &str,
) {
    let stripe: Vec<Stripe> = cells.iter().map(|c| c.stripe.clone()).collect();
    let estimable = |c: &Cell| if c.margin.value.is_finite() { 0.0 } else { 8.0 };
    let error = Matrix::row_vector(cells.iter().map(estimable).collect(), column_names(&stripe));
    let derivatives = variance::jacobian(cells, parameters);
    let mut jacobian = Matrix::new(cells.len(), parameters.b.len(), derivatives.data().to_vec());
    jacobian.row_names = stripe;
    jacobian.col_names = parameters.stripe.clone();
    let over: Vec<&str> = request.over.iter().map(|v| session.frame.var(*v).name.as_str()).collect();
    let over = over.join(" ");
    let e = &session.e.results;
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let vce = match (&request.replications, request.unconditional) {
        (Some(_), _) => "bootstrap",
        (None, true) => "unconditional",
        (None, false) => "delta",
    };
    let (vce, vcetype) = if request.no_errors { ("", "") } else { (vce, variance::heading(request)) };
    let made = [
        ("cmdline", command_line(cmd)),
        ("est_cmd", text("cmd")),
        ("est_cmdline", text("cmdline")),
        ("model_vce", text("vce")),
        ("model_vcetype", text("vcetype")),
        ("vce", vce.to_string()),
        ("vcetype", vcetype.to_string()),
        ("title", title.to_string()),
        ("margins", cmd.list.trim().to_string()),
        ("over", over),
        ("emptycells", "strict".to_string()),
    ];
    let df_r = request.degrees(session);
    let r = &mut session.r;
    for (name, value) in made.iter().filter(|(_, value)| !value.is_empty()) {
        r.text(name, value);
    }
    if let Some(df) = df_r {
        r.scalar("df_r", df);
    }
    r.matrix("error", error).matrix("Jacobian", jacobian).scalar("k_margins", cells.len() as f64);
}

/// Title of the table of margins.
pub(super) fn title(cmd: &ParsedCommand, request: &Request, parameters: &Parameters) -> &'static str {
    let fixed = cmd.options.has("atmeans") || all_fixed(request, parameters);
    match (&request.derivative, fixed) {
        (Some(_), true) => "Conditional marginal effects",
        (Some(_), false) => "Average marginal effects",
        (None, true) => "Adjusted predictions",
        (None, false) => "Predictive margins",
    }
}

/// Whether each margin fixes the values of all covariates, by its levels or by `at()`.
fn all_fixed(request: &Request, parameters: &Parameters) -> bool {
    let covariates = variables(parameters);
    let mut listed: Vec<Vec<&str>> = Vec::new();
    for term in request.list.split_whitespace() {
        listed.push(term.split(['#', '@', '|']).filter_map(|part| part.rsplit('.').next()).collect());
    }
    let none = Setting::new();
    let mut settings: Vec<&Setting> = request.settings.iter().collect();
    if listed.is_empty() {
        listed.push(Vec::new());
    }
    if settings.is_empty() {
        settings.push(&none);
    }
    let set = |setting: &Setting, variable: &str| {
        let last = setting.iter().rev().find(|(name, _)| name == variable || name == "_all");
        matches!(last, Some((_, Value::Number(_))))
            || matches!(last, Some((_, Value::Summary(s))) if !matches!(s, Statistic::AsObserved | Statistic::Balanced))
    };
    let fixes = |names: &[&str], setting: &Setting| {
        covariates.iter().all(|v| names.contains(&v.as_str()) || set(setting, v))
    };
    !covariates.is_empty() && listed.iter().all(|names| settings.iter().all(|s| fixes(names, s)))
}

fn effect_heading(request: &Request) -> &'static str {
    match &request.derivative {
        None => "Margin",
        Some((Derivative::Plain, _)) => "dy/dx",
        Some((Derivative::Elasticity, _)) => "ey/ex",
        Some((Derivative::SemiX, _)) => "dy/ex",
        Some((Derivative::SemiY, _)) => "ey/dx",
    }
}

/// Prints the lines above the table.
pub(super) fn heading(
    session: &mut Session,
    cmd: &ParsedCommand,
    request: &Request,
    targets: &[Target],
    found: &Found,
    title: &str,
) {
    let Found { cells, legends, groups, n, n_sub, .. } = found;
    let results = &session.e.results;
    // after mixed only a kind other than the usual one is named
    let usual = results.get_text("vce").filter(|_| session.e.cmd() != "mixed");
    let vce = results.get_text("vcetype").or(usual).unwrap_or("").to_string();
    let count = format::bare("%12.0fc", *n as f64);
    session.print("");
    session.print(format!("{title:<48}{:>30}", format!("Number of obs = {count}")));
    let vce = if vce.len() <= 3 { vce.to_uppercase() } else { vce };
    let hidden = request.unconditional || session.e.cmd() == "mixed" && vce.is_empty();
    let model = if hidden { String::new() } else { format!("Model VCE: {vce}") };
    match n_sub {
        Some(n) => {
            let count = format::bare("%12.0fc", *n as f64);
            session.print(format!("{model:<48}{:>30}", format!("Subpop. no. obs = {count}")));
        }
        None if hidden => {}
        None => session.print(model.trim_end()),
    }
    session.print("");
    for (i, target) in targets.iter().enumerate() {
        let name = if targets.len() > 1 { format!("{}._predict", i + 1) } else { "Expression".to_string() };
        let label = target.label().map(|l| format!("{l}, ")).unwrap_or_default();
        session.print(format!("{name}: {label}{}", target.request()));
    }
    if request.derivative.is_some() {
        let mut names: Vec<String> = Vec::new();
        for cell in cells.iter().filter(|c| !c.base) {
            let name = if cell.stripe.eq.is_empty() { &cell.stripe.name } else { &cell.stripe.eq };
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        session.print(format!("{} wrt:  {}", effect_heading(request), names.join(" ")));
    }
    if !groups.is_empty() {
        let names: Vec<&str> = request.over.iter().map(|v| session.frame.var(*v).name.as_str()).collect();
        let word = if request.nested { "Within:    " } else { "Over:      " };
        let line = format!("{word} {}", names.join(" "));
        session.print(line);
    }
    if !cmd.options.has("noatlegend") {
        print_legends(session, legends);
    }
}

fn print_legends(session: &mut Session, legends: &[Legend]) {
    let several = legends.len() > 1;
    let number = format!("{}._at:", legends.len()).len();
    // the values of a variable end in one column
    let shown = |x: f64| format::bare("%9.0g", x);
    let widest = |name: &str| {
        let own = legends.iter().flatten().filter(|l| l.0 == *name && !l.2.starts_with('='));
        own.map(|l| shown(l.1).len()).max().unwrap_or(0)
    };
    for (i, legend) in legends.iter().enumerate() {
        let width = legend.iter().map(|l| l.0.chars().count()).max().unwrap_or(0);
        for (j, (name, value, statistic)) in legend.iter().enumerate() {
            let head = match (several, j) {
                (true, 0) => format!("{:<number$} ", format!("{}._at:", i + 1)),
                (false, 0) => "At: ".to_string(),
                (true, _) => " ".repeat(number + 1),
                (false, _) => "    ".to_string(),
            };
            if let Some(exp) = statistic.strip_prefix('=') {
                session.print(format!("{head}{name:<width$} = {exp}"));
                continue;
            }
            let note = if statistic.is_empty() { String::new() } else { format!(" ({statistic})") };
            let room = widest(name);
            session.print(format!("{head}{name:<width$} = {:>room$}{note}", shown(*value)));
        }
    }
}

fn store(
    session: &mut Session,
    cmd: &ParsedCommand,
    request: &Request,
    targets: &[Target],
    b: &[f64],
    found: &Found,
    stripe: &[Stripe],
) {
    let Found { legends, v, n, n_sub, .. } = found;
    let n = *n as f64;
    let stripe = column_names(stripe);
    let b = Matrix::row_vector(b.to_vec(), stripe.clone());
    let v = Matrix::square(v.data().to_vec(), stripe.clone());
    let mut names: Vec<String> = Vec::new();
    for (name, ..) in legends.iter().flatten() {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let r: &mut Results = &mut session.r;
    if let Some(mut table) = r.matrices.get("table").cloned() {
        table.col_names = stripe;
        r.matrix("table", table);
    }
    r.matrix("b", b).scalar("N", n);
    if let Some(n) = n_sub {
        r.scalar("N_sub", *n as f64);
    }
    if !request.no_errors {
        r.matrix("V", v);
    }
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
    r.text("cmd", "margins").text("expression", targets[0].request());
    if let Some(label) = targets[0].label() {
        r.text("predict1_label", label).text("predict_label", label);
    }
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
        let df_r = request.degrees(session);
        // what r() has describes the posted margins too: e(at), e(k_at), e(predict_label) ...
        let mut est = Estimation { results: session.r.clone(), ..Estimation::default() };
        est.results.matrices.remove("table");
        // without standard errors there is nothing to test
        let properties = if request.no_errors { "b" } else { "b V" };
        est.results.text("cmd", "margins").text("est_cmd", session.e.cmd()).text("properties", properties);
        if let Some(df) = df_r {
            est.results.scalar("df_r", df);
        }
        session.post_estimation(est, touse);
    }
}
