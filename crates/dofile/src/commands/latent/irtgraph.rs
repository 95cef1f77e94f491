//! `irtgraph`: item characteristic curves, item and test information, the test characteristic curve.
//!
//! Stores `r(curves)`: the values of the trait and of each curve. Formulas: [IRT] irtgraph icc, iif, tcc, tif; the
//! information of a test has a one in it, the information of the standard normal distribution of the trait.

use super::irt_model::IrtState;
use super::irt_report::state;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::graphs::curves::{CurveOptions, Picture, show};
use crate::session::Session;
use crate::syntax::numlist;
use crate::syntax::options::abbreviates;
use crate::syntax::split::{ParsedCommand, front_and_options};
use figure::{Series, Shape, Style};

const UNSUPPORTED: &[&str] =
    &["BLOCation", "PLOCation", "BCC", "ADDPlot", "DATA", "SCORELines", "THETALines", "ICC_options"];

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "irtgraph",
    min: 8,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "irtgraph icc|iif [varlist] | tcc | tif [, range(# #) n(#) ccc se (tif) twoway_options]",
    notes: "after irt; 300 points from -4 to 4 unless range() and n(); icc draws the probability of a one for binary items and of every category for others; se draws the standard error of the trait; stores r(curves); lines at locations are not supported; [IRT] irtgraph icc, iif, tcc, tif",
    examples: &[Example {
        // Without items that tell persons apart the information of the test is the one of the prior at least.
        run: "input a b c n\n0 0 0 30\n1 1 1 30\n0 0 1 10\n1 1 0 10\n0 1 0 10\n1 0 1 10\n1 0 0 10\n0 1 1 10\nend\nirt 1pl a b c [fw=n]\nirtgraph tif, range(0 2) n(3)\nmatrix c = r(curves)",
        expect: &[("c[2,1]", 1.0), ("c[1,2] > 1", 1.0)],
    }],
};

/// A curve: its label and its height over the trait.
struct Curve {
    label: String,
    heights: Vec<f64>,
}

/// Which items the list names, all of them when it is empty.
fn chosen(s: &Session, state: &IrtState, list: &str) -> Result<Vec<usize>> {
    if list.trim().is_empty() {
        return Ok((0..state.items.len()).collect());
    }
    let find = |v: usize| {
        let name = &s.frame.var(v).name;
        let found = state.responses.iter().position(|r| r.name == *name);
        found.ok_or_else(|| StataError::new(198, format!("{name} is not an item of the model")))
    };
    s.varlist(list)?.into_iter().map(find).collect()
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (front, options) = front_and_options(&cmd.raw);
    let (word, list) = front.split_once(char::is_whitespace).unwrap_or((front, ""));
    let state = state(s)?;
    let (mut range, mut points, mut error, mut categories) = ((-4.0, 4.0), 300usize, false, false);
    let chart = CurveOptions::read(s, "irtgraph", options, UNSUPPORTED, |name, text| {
        match text {
            Some(text) if abbreviates(name, "RAnge") => match numlist::expand(text)?[..] {
                [low, high] if low < high => range = (low, high),
                _ => return Err(StataError::invalid("range() incorrectly specified")),
            },
            Some(text) if name == "n" => match text.trim().parse::<usize>() {
                Ok(n @ 2..=100_000) => points = n,
                _ => return Err(StataError::invalid("n() must be a whole number of at least 2")),
            },
            None if name == "se" && word == "tif" => error = true,
            None if name == "ccc" && word == "icc" => categories = true,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let step = |i: usize| range.0 + (range.1 - range.0) * i as f64 / (points - 1) as f64;
    let theta: Vec<f64> = (0..points).map(step).collect();
    if !list.trim().is_empty() && matches!(word, "tcc" | "tif") {
        return Err(StataError::new(198, format!("{} not allowed", list.trim())));
    }
    let items = chosen(s, &state, list)?;
    let (title, y_title, curves) = match word {
        "icc" => {
            let several = items.iter().any(|i| state.items[*i].categories > 2);
            let title = if several || categories {
                "Category Characteristic Curves"
            } else {
                "Item Characteristic Curves"
            };
            (title, "Probability", characteristic(&state, &items, &theta, categories))
        }
        "iif" => ("Item Information Functions", "Information", information(&state, &items, &theta)),
        "tcc" => ("Test Characteristic Curve", "Expected score", score(&state, &theta)),
        "tif" => ("Test Information Function", "Information", test_information(&state, &theta, error)),
        _ => return Err(StataError::new(198, format!("{word} unknown subcommand: icc, iif, tcc or tif"))),
    };
    store(s, &theta, &curves);
    draw(s, (title, y_title), word, &theta, curves, chart)
}

/// Curves over the trait of the categories of items.
fn characteristic(state: &IrtState, items: &[usize], theta: &[f64], categories: bool) -> Vec<Curve> {
    let mut out = Vec::new();
    for i in items {
        let (item, response) = (&state.items[*i], &state.responses[*i]);
        let binary = state.groups[response.group].kind.binary();
        let first = usize::from(binary && !categories);
        for (k, value) in response.values.iter().enumerate().skip(first) {
            let heights = theta.iter().map(|t| item.probabilities(&state.free, *t)[k]).collect();
            let value = format::bare("%9.0g", *value);
            out.push(Curve { label: format!("Pr({}={value})", response.name), heights });
        }
    }
    out
}

fn information(state: &IrtState, items: &[usize], theta: &[f64]) -> Vec<Curve> {
    let of = |i: &usize| Curve {
        label: state.responses[*i].name.clone(),
        heights: theta.iter().map(|t| state.items[*i].information(&state.free, *t)).collect(),
    };
    items.iter().map(of).collect()
}

/// Expected sum of the answers.
fn score(state: &IrtState, theta: &[f64]) -> Vec<Curve> {
    let expected = |t: &f64| -> f64 {
        let of = |(item, r): (&estimators::latent::item::Item, &super::irt_items::Response)| -> f64 {
            item.probabilities(&state.free, *t).iter().zip(&r.values).map(|(p, v)| p * v).sum()
        };
        state.items.iter().zip(&state.responses).map(of).sum()
    };
    vec![Curve { label: "Expected score".to_string(), heights: theta.iter().map(expected).collect() }]
}

fn test_information(state: &IrtState, theta: &[f64], error: bool) -> Vec<Curve> {
    let at = |t: &f64| 1.0 + state.items.iter().map(|i| i.information(&state.free, *t)).sum::<f64>();
    let heights: Vec<f64> = theta.iter().map(at).collect();
    let errors = error.then(|| Curve {
        label: "Standard error".to_string(),
        heights: heights.iter().map(|i| 1.0 / i.sqrt()).collect(),
    });
    let mut out = vec![Curve { label: "Test information".to_string(), heights }];
    out.extend(errors);
    out
}

fn store(s: &mut Session, theta: &[f64], curves: &[Curve]) {
    let mut data = Vec::with_capacity(theta.len() * (curves.len() + 1));
    for (i, t) in theta.iter().enumerate() {
        data.push(*t);
        data.extend(curves.iter().map(|c| c.heights[i]));
    }
    let mut matrix = Matrix::new(theta.len(), curves.len() + 1, data);
    let names = (1..=curves.len()).map(|i| format!("curve{i}"));
    matrix.col_names = std::iter::once("theta".to_string()).chain(names).map(Stripe::term).collect();
    s.r.clear();
    s.r.matrix("curves", matrix);
}

fn draw(
    s: &mut Session,
    (title, y_title): (&str, &str),
    word: &str,
    theta: &[f64],
    curves: Vec<Curve>,
    chart: CurveOptions,
) -> Result<()> {
    let single = curves.len() == 1;
    let series = curves.into_iter().enumerate().map(|(number, curve)| Series {
        label: if single { String::new() } else { curve.label },
        number,
        shape: Shape::Line { points: theta.iter().copied().zip(curve.heights).collect(), step: false },
        style: Style::default(),
    });
    let used = s.e.results.get_scalar("N").unwrap_or(0.0);
    let picture = Picture {
        title: title.to_string(),
        x_title: "Theta".to_string(),
        y_title: y_title.to_string(),
        series: series.collect(),
        y_range: (word == "icc").then_some((0.0, 1.0)),
        used: used.max(0.0) as usize,
        ..Picture::default()
    };
    show(s, picture, chart)
}
