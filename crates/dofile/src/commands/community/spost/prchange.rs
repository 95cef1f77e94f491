//! `prchange`: discrete and marginal changes of predictions at one point of the regressors. Written from the
//! documentation of Long and Freese (2006), second edition.

use super::mchange_show::outcomes;
use super::model::{Kind, Margins, Model};
use super::prvalue::{at_text, point};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::Result;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("x"),
    OptSpec::text("Rest"),
    OptSpec::real("Delta"),
    OptSpec::flag("Uncentered"),
    OptSpec::flag("Help"),
    OptSpec::flag("Brief"),
    OptSpec::flag("noBAse"),
])
.unsupported(&["Fromto", "Outcome", "All", "noLabel", "conditional"]);

/// The command.
pub(in super::super) const SPEC: CommandSpec = CommandSpec {
    name: "prchange",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "prchange [varlist] [if] [in] [, x(variable = # ...) rest(mean | median | min | max) delta(#) uncentered help brief nobase]",
    notes: "after regress, logit, logistic, probit, cloglog, ologit, oprobit, mlogit, poisson and nbreg without factor variables; stores r(changes): a row for each variable and change, a column for each prediction, r(x); Long and Freese (2006)",
    examples: &[Example {
        run: "set obs 40\ngenerate x = mod(_n, 7)\ngenerate y = mod(_n * 7, 11) + x > 7\nlogit y x\nscalar d = invlogit(_b[_cons] + 6*_b[x]) - invlogit(_b[_cons])\nprchange\nmatrix C = r(changes)",
        expect: &[("reldif(C[1,1], d) < 1e-12", 1.0), ("rowsof(C)", 5.0)],
    }],
};

/// The changes of a variable: name of the change and its value for each prediction.
struct Changes {
    name: String,
    rows: Vec<(String, Vec<f64>)>,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let model = Model::of(s, "prchange")?;
    let point = point(s, cmd, &model, "prchange")?;
    let chosen = model.chosen(s, &cmd.list)?;
    let base = Margins::run(s, &format!(",{}", at_text(&point)))?;
    let mut found = Vec::new();
    let mut spreads = Vec::new();
    for (name, at) in &point {
        let v = s.variable(name)?;
        let values: Vec<f64> = model.rows.iter().map(|r| s.frame.num_at(v, *r)).collect();
        let sample = model.sample(&values);
        spreads.push(sample.sd());
        if chosen.contains(name) {
            let range = [sample.min(), sample.max(), sample.sd()];
            found.push(changes(s, cmd, &model, &point, (name, *at), range)?);
        }
    }
    let names = names(s, &model);
    s.print("");
    let what = match model.kind {
        Kind::Count => "Rate",
        Kind::Linear => "Predicted Values",
        _ => "Probabilities",
    };
    s.print(format!("{}: Changes in {what} for {}", model.command, model.outcome));
    s.print("");
    if names.len() == 1 {
        show_one(s, &found)
    } else {
        show_several(s, &names, &found)
    }
    if !cmd.has("brief") {
        show_base(s, &model, &base);
    }
    if !cmd.has("brief") && !cmd.has("nobase") {
        show_point(s, &point, &spreads);
    }
    if cmd.has("help") {
        legend(s, cmd);
    }
    store(s, &names, &found, &point);
    Ok(())
}

/// Names of the predictions whose changes are shown.
fn names(s: &Session, model: &Model) -> Vec<String> {
    match model.kind {
        Kind::Ordered | Kind::Nominal => outcomes(s, model),
        Kind::Binary => vec!["Pr(y)".to_string()],
        Kind::Count => vec!["mu".to_string()],
        Kind::Linear => vec!["y".to_string()],
    }
}

fn changes(
    s: &mut Session,
    cmd: &ParsedCommand,
    model: &Model,
    point: &[(String, f64)],
    (name, x): (&str, f64),
    [low, high, sd]: [f64; 3],
) -> Result<Changes> {
    let delta = cmd.options.real("delta").unwrap_or(1.0);
    let around = |d: f64| if cmd.has("uncentered") { [x, x + d] } else { [x - d / 2.0, x + d / 2.0] };
    let (unit, spread) = match (cmd.has("uncentered"), cmd.options.real("delta").is_some()) {
        (true, false) => ("+1", "+sd"),
        (true, true) => ("+delta", "+sd"),
        (false, false) => ("-+1/2", "-+sd/2"),
        (false, true) => ("-+d/2", "-+sd/2"),
    };
    let pairs =
        [("min->max", [low, high]), ("0->1", [0.0, 1.0]), (unit, around(delta)), (spread, around(sd))];
    let moved = |to: f64| {
        let set: Vec<(String, f64)> =
            point.iter().map(|(n, v)| (n.clone(), if n == name { to } else { *v })).collect();
        at_text(&set)
    };
    let all: String = pairs.iter().flat_map(|p| p.1).map(moved).collect();
    let found = Margins::run(s, &format!(",{all}"))?;
    let points = 2 * pairs.len();
    let mut rows = Vec::new();
    for (k, (label, _)) in pairs.iter().enumerate() {
        let of = |j: usize| found.b[j * points + 2 * k + 1] - found.b[j * points + 2 * k];
        rows.push(((*label).to_string(), (0..model.predictions()).map(of).collect()));
    }
    let slope = Margins::run(s, &format!(", dydx({name}){}", at_text(point)))?;
    rows.push(("MargEfct".to_string(), slope.b));
    Ok(Changes { name: name.to_string(), rows })
}

fn show_one(s: &mut Session, found: &[Changes]) {
    let width = found.iter().map(|c| c.name.chars().count().min(12)).max().unwrap_or(0);
    if let Some(first) = found.first() {
        let heads: String = first.rows.iter().map(|r| format!("{:>10}", r.0)).collect();
        s.print(format!("{:width$}{heads}", ""));
    }
    for c in found {
        let cells: String =
            c.rows.iter().map(|r| format!("{:>10}", format::bare("%9.4f", r.1[0]).trim())).collect();
        s.print(format!("{:>width$}{cells}", format::abbrev(&c.name, 12)));
    }
}

fn show_several(s: &mut Session, names: &[String], found: &[Changes]) {
    let cell = |x: f64| format!("{:>11}", format::bare("%10.0g", x).trim());
    for c in found {
        s.print(&c.name);
        let heads: String = names.iter().map(|n| format!("{:>11}", format::abbrev(n, 10))).collect();
        s.print(format!("{:8}{:>11}{heads}", "", "Avg|Chg|"));
        for (label, values) in &c.rows {
            let mean = values.iter().map(|v| v.abs()).sum::<f64>() / values.len() as f64;
            let cells: String = values.iter().map(|x| cell(*x)).collect();
            s.print(format!("{label:>8}{}{cells}", cell(mean)));
        }
        s.print("");
    }
}

fn show_base(s: &mut Session, model: &Model, base: &Margins) {
    s.print("");
    let number = |x: f64| format!("{:>10}", format::bare("%9.4f", x).trim());
    match model.kind {
        Kind::Count => s.print(format!("exp(xb):{}", number(base.b[0]))),
        Kind::Linear => s.print(format!("xb:     {}", number(base.b[0]))),
        kind => {
            let values = if kind == Kind::Binary { vec![1.0 - base.b[0], base.b[0]] } else { base.b.clone() };
            let names = outcomes(s, model);
            let heads: String = names.iter().map(|n| format!("{:>10}", format::abbrev(n, 9))).collect();
            s.print(format!("{:7}{heads}", ""));
            s.print(format!("Pr(y|x){}", values.into_iter().map(number).collect::<String>()));
        }
    }
}

fn show_point(s: &mut Session, point: &[(String, f64)], spreads: &[f64]) {
    let number = |x: f64| format!("{:>10}", format::bare("%8.0g", x).trim());
    for (part, sd) in point.chunks(7).zip(spreads.chunks(7)) {
        s.print("");
        let heads: String = part.iter().map(|p| format!("{:>10}", format::abbrev(&p.0, 9))).collect();
        s.print(format!("{:6}{heads}", ""));
        s.print(format!("    x={}", part.iter().map(|p| number(p.1)).collect::<String>()));
        s.print(format!(" sd_x={}", sd.iter().map(|x| number(*x)).collect::<String>()));
    }
}

fn legend(s: &mut Session, cmd: &ParsedCommand) {
    s.print("");
    let what = if cmd.has("uncentered") { "from the base value" } else { "centred at the base value" };
    for (name, text) in [
        ("Avg|Chg|", "average of the absolute values of the changes over the outcomes".to_string()),
        ("min->max", "change as x goes from its minimum to its maximum".to_string()),
        ("0->1", "change as x goes from 0 to 1".to_string()),
        ("1/2", format!("change of one unit of x {what}")),
        ("sd/2", format!("change of a standard deviation of x {what}")),
        ("MargEfct", "partial derivative of the prediction with respect to x".to_string()),
    ] {
        s.print(format!("{name:>8}: {text}"));
    }
}

fn store(s: &mut Session, names: &[String], found: &[Changes], point: &[(String, f64)]) {
    let mut stripe = Vec::new();
    let mut data = Vec::new();
    for c in found {
        for (label, values) in &c.rows {
            stripe.push(Stripe::with_eq(c.name.as_str(), label.as_str()));
            data.extend(values.iter().copied());
        }
    }
    let mut r = Results::default();
    if !stripe.is_empty() {
        let mut table = Matrix::new(stripe.len(), names.len(), data);
        table.row_names = stripe;
        table.col_names = names.iter().map(|n| Stripe::term(n.as_str())).collect();
        r.matrix("changes", table);
    }
    let columns = point.iter().map(|p| Stripe::term(p.0.as_str())).collect();
    r.matrix("x", Matrix::row_vector(point.iter().map(|p| p.1).collect(), columns));
    s.r = r;
}
