//! `prvalue`: predictions with confidence intervals at one point of the regressors. Written from the documentation of
//! Long and Freese (2006), Regression models for categorical dependent variables using Stata, second edition.

use super::mchange_show::outcomes;
use super::model::{Kind, Margins, Model};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::{Extension, Session};
use crate::syntax::{OptSpec, ParsedCommand};
use estimators::descriptive::Sample;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("x"),
    OptSpec::text("Rest"),
    OptSpec::flag("Save"),
    OptSpec::flag("Diff"),
    OptSpec::real("Level"),
    OptSpec::int("Maxcnt"),
    OptSpec::flag("noBAse"),
    OptSpec::flag("DELta"),
    OptSpec::flag("Brief"),
    OptSpec::text("LABel"),
])
.unsupported(&[
    "BOOTstrap",
    "ept",
    "Ystar",
    "REPs",
    "All",
    "noLAbel",
    "MATch",
    "SIZe",
    "NORMal",
    "PERCENTile",
]);

/// The command.
pub(in super::super) const SPEC: CommandSpec = CommandSpec {
    name: "prvalue",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "prvalue [if] [in] [, x(variable = # ...) rest(mean | median | min | max) save diff maxcnt(#) level(#) nobase brief label(text)]",
    notes: "after regress, logit, logistic, probit, cloglog, ologit, oprobit, mlogit, poisson and nbreg without factor variables; intervals by the delta method; if and in choose the rows behind rest(); save keeps the point, diff compares with it; stores r(pred): prediction, lower and upper limit, r(x); Long and Freese (2006)",
    examples: &[Example {
        run: "set obs 40\ngenerate x = mod(_n, 7)\ngenerate z = mod(_n, 5)\ngenerate y = mod(_n * 7, 11) + x > 7\nlogit y x z\nsummarize z\nscalar p = invlogit(_b[_cons] + 3*_b[x] + r(mean)*_b[z])\nprvalue, x(x=3) rest(mean)\nmatrix P = r(pred)",
        expect: &[("reldif(P[1,1], p) < 1e-12", 1.0), ("abs(P[2,1] - (1-p)) < 1e-12", 1.0)],
    }],
};

/// The point of `prvalue, save` as text for `at()`.
#[derive(Debug, Default)]
struct Kept(Option<String>);

impl Extension for Kept {}

/// A predicted quantity: its name and, for each point, value and standard error; then the difference of the points.
struct Quantity {
    name: String,
    at: Vec<(f64, f64)>,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let model = Model::of(s, "prvalue")?;
    let level = level(s, cmd)?;
    let point = point(s, cmd, &model, "prvalue")?;
    let at = at_text(&point);
    let saved = s.extensions.state::<Kept>().0.clone();
    let mut points = vec![at.clone()];
    if cmd.has("diff") {
        points.push(saved.ok_or_else(|| StataError::new(198, "no point was saved by prvalue, save"))?);
    }
    let found = quantities(s, cmd, &model, &points)?;
    s.print("");
    let what = if points.len() > 1 { "Change in predictions" } else { "Predictions" };
    s.print(format!("{}: {what} for {}", model.command, model.outcome));
    if let Some(label) = cmd.options.text("label") {
        s.print(format!("  {label}"));
    }
    s.print("");
    s.print("Confidence intervals by delta method");
    s.print("");
    let critical = model.critical(level);
    let percent = format::bare("%4.0g", level).trim().to_string();
    if points.len() > 1 {
        s.print(format!(
            "{:20}{:>10}{:>10}{:>10}   {percent}% CI for change",
            "", "Current", "Saved", "Change"
        ));
    } else {
        s.print(format!("{:32}{percent}% Conf. Interval", ""));
    }
    let number = |x: f64| format::bare("%9.4f", x).trim().to_string();
    for q in &found {
        let (x, se) = *q.at.last().unwrap_or(&(f64::NAN, f64::NAN));
        let (low, high) = (number(x - critical * se), number(x + critical * se));
        let name = format!("  {}:", q.name);
        if points.len() > 1 {
            let cells: String = q.at.iter().map(|a| format!("{:>10}", number(a.0))).collect();
            s.print(format!("{name:<20}{cells}   [{low:>7},{high:>10}]"));
        } else {
            s.print(format!("{name:<20}{:>8}   [{low:>7},{high:>10}]", number(x)));
        }
    }
    if !cmd.has("nobase") && !cmd.has("brief") {
        show_point(s, &point);
    }
    store(s, &found, &point, critical);
    if cmd.has("save") {
        s.extensions.set(Kept(Some(at)));
    }
    Ok(())
}

/// The values of the regressors that `x()` and `rest()` give.
pub(super) fn point(
    s: &Session,
    cmd: &ParsedCommand,
    model: &Model,
    who: &str,
) -> Result<Vec<(String, f64)>> {
    let regressors = model.regressors();
    let terms = model.parameters.terms.iter().flatten();
    if terms.clone().any(|t| t.name().contains('.') || t.name().contains('#')) {
        return Err(StataError::new(
            198,
            format!("{who} does not work with factor variables and operators: mtable and margins do"),
        ));
    }
    let touse = s.rows(cmd)?;
    let chosen: Vec<bool> = model.rows.iter().map(|r| touse[*r]).collect();
    let text = cmd.options.text("x").unwrap_or("").replace('=', " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut set = Vec::new();
    for pair in words.chunks(2) {
        let &[name, value] = pair else {
            return Err(StataError::invalid("option x() incorrectly specified"));
        };
        let v = s.variable(name)?;
        let name = s.frame.var(v).name.clone();
        if !regressors.contains(&name) {
            return Err(StataError::new(198, format!("{name} is not a regressor of the model")));
        }
        set.push((name, value.to_string()));
    }
    let rest = cmd.options.text("rest").unwrap_or("mean").to_string();
    let mut out = Vec::new();
    for name in regressors {
        let v = s.variable(&name)?;
        let pairs: Vec<(f64, f64)> = model
            .rows
            .iter()
            .zip(&model.weights)
            .zip(&chosen)
            .filter(|(_, c)| **c)
            .map(|((r, w), _)| (s.frame.num_at(v, *r), *w))
            .collect();
        if pairs.is_empty() {
            return Err(StataError::no_observations());
        }
        let sample = Sample::new(pairs.into_iter(), model.weight_kind);
        let asked = set.iter().find(|p| p.0 == name).map_or(rest.as_str(), |p| p.1.as_str());
        let value = match asked {
            "mean" => sample.mean(),
            "median" => sample.percentile(50.0),
            "min" | "minimum" => sample.min(),
            "max" | "maximum" => sample.max(),
            other => s.eval_num(other).map_err(|_| {
                StataError::invalid(format!("{other} is not a number, mean, median, min or max"))
            })?,
        };
        out.push((name, value));
    }
    Ok(out)
}

/// A point as an option of `margins`.
pub(super) fn at_text(point: &[(String, f64)]) -> String {
    let set: Vec<String> = point.iter().map(|(name, x)| format!("{name}={x:e}")).collect();
    format!(" at({})", set.join(" "))
}

fn quantities(
    s: &mut Session,
    cmd: &ParsedCommand,
    model: &Model,
    points: &[String],
) -> Result<Vec<Quantity>> {
    let at = points.concat();
    let m = points.len();
    let read = |found: &Margins, k: usize, name: String, sign: f64| {
        let plus = if sign < 0.0 { 1.0 } else { 0.0 };
        let mut at: Vec<(f64, f64)> =
            (0..m).map(|p| (plus + sign * found.b[k * m + p], found.se(k * m + p))).collect();
        if m > 1 {
            let (change, se) = found.difference(k * m, k * m + 1);
            at.push((sign * change, se));
        }
        Quantity { name, at }
    };
    let found = Margins::run(s, &format!(",{at}"))?;
    let names = outcomes(s, model);
    let mut out = Vec::new();
    match model.kind {
        Kind::Linear => out.push(read(&found, 0, format!("Predicted {}", model.outcome), 1.0)),
        Kind::Binary => {
            out.push(read(&found, 0, format!("Pr(y={}|x)", names[1]), 1.0));
            out.push(read(&found, 0, format!("Pr(y={}|x)", names[0]), -1.0));
        }
        Kind::Count => {
            out.push(read(&found, 0, "Rate".to_string(), 1.0));
            for k in 0..=cmd.options.int("maxcnt").unwrap_or(9).clamp(0, 41) {
                let found = Margins::run(s, &format!(",{at} predict(pr({k}))"))?;
                out.push(read(&found, 0, format!("Pr(y={k}|x)"), 1.0));
            }
        }
        _ => {
            for (k, name) in names.iter().enumerate() {
                out.push(read(&found, k, format!("Pr(y={name}|x)"), 1.0));
            }
        }
    }
    Ok(out)
}

fn show_point(s: &mut Session, point: &[(String, f64)]) {
    s.print("");
    for part in point.chunks(6) {
        s.print(part.iter().map(|p| format!("{:>11}", format::abbrev(&p.0, 10))).collect::<String>());
        let cells: String =
            part.iter().map(|p| format!("{:>11}", format::bare("%9.0g", p.1).trim())).collect();
        s.print(format!("x={}", &cells[2..]));
    }
}

fn store(s: &mut Session, found: &[Quantity], point: &[(String, f64)], critical: f64) {
    let mut data = Vec::new();
    for q in found {
        let (x, se) = *q.at.last().unwrap_or(&(f64::NAN, f64::NAN));
        data.extend([x, x - critical * se, x + critical * se]);
    }
    let mut table = Matrix::new(found.len(), 3, data);
    table.row_names = found.iter().map(|q| Stripe::term(q.name.replace(['.', ':'], " "))).collect();
    table.col_names = ["pred", "ll", "ul"].map(Stripe::term).to_vec();
    let names = point.iter().map(|p| Stripe::term(p.0.as_str())).collect();
    let mut r = Results::default();
    r.matrix("pred", table).matrix("x", Matrix::row_vector(point.iter().map(|p| p.1).collect(), names));
    s.r = r;
}
