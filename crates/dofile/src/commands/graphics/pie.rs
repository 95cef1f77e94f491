//! `graph pie`: shares of sums or counts.

use super::over::{self, Over};
use super::plots::Plot;
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::graphs::figure_options::FigureOptions;
use crate::ops::graphs::no_effect;
use crate::ops::graphs::store;
use crate::ops::graphs::text;
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::words;
use crate::syntax::{ParsedCommand, WeightKind};
use crate::value::is_missing;
use figure::{Body, Color, Figure, LegendPlace, Panel, Pie};

/// Labels of the slices.
#[derive(Debug, Clone)]
struct Label {
    percent: bool,
    name: bool,
    format: String,
}

#[derive(Default)]
struct Options {
    figure: FigureOptions,
    over: Option<Over>,
    missing: bool,
    sort: bool,
    descending: bool,
    label: Option<Label>,
    colors: Vec<(usize, Color)>,
}

/// Runs `graph pie`; `raw` is the text behind the subcommand.
pub(super) fn run(session: &mut Session, raw: &str) -> Result<()> {
    let cmd = ParsedCommand::split("graph pie", raw, false)?;
    let mut rows = session.rows(&cmd)?;
    let options = read_options(session, &cmd.option_text)?;
    let weights = session.weights(&cmd, WeightKind::Analytic, &mut rows)?;
    let weight = |row: usize| weights.as_ref().map_or(1.0, |w| w.values[row]);
    let variables = session.varlist(&cmd.list)?;
    if variables.iter().any(|&v| session.frame.var(v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let sum = |variable: usize, inside: &[bool]| {
        let known =
            (0..inside.len()).filter(|&r| inside[r] && !is_missing(session.frame.num_at(variable, r)));
        known.map(|r| weight(r) * session.frame.num_at(variable, r)).sum::<f64>()
    };
    let mut slices: Vec<(String, f64)> = match (&options.over, &variables[..]) {
        (None, []) => return Err(StataError::standard(100)),
        (None, many) => many.iter().map(|&v| (Plot::label(session, v), sum(v, &rows))).collect(),
        (Some(over), few) => {
            if few.len() > 1 {
                return Err(StataError::standard(103));
            }
            let categories = over::categories(session, std::slice::from_ref(over), &rows, options.missing);
            let count = |inside: &[bool]| (0..inside.len()).filter(|&r| inside[r]).map(weight).sum::<f64>();
            let size = |inside: &[bool]| few.first().map_or_else(|| count(inside), |&v| sum(v, inside));
            categories.into_iter().map(|c| (c.text, size(&c.rows))).collect()
        }
    };
    if slices.iter().any(|s| s.1 < 0.0) {
        return Err(StataError::new(411, "negative values encountered"));
    }
    if slices.iter().map(|s| s.1).sum::<f64>() <= 0.0 {
        return Err(StataError::no_observations());
    }
    if options.sort {
        slices.sort_by(|a, b| a.1.total_cmp(&b.1));
        if options.descending {
            slices.reverse();
        }
    }
    let used = rows.iter().filter(|r| **r).count();
    let figure = figure(&options, slices, used);
    store::show(session, figure, &options.figure)
}

fn figure(options: &Options, slices: Vec<(String, f64)>, used: usize) -> Figure {
    let total: f64 = slices.iter().map(|s| s.1).sum();
    let mut labels: Vec<String> = slices.iter().map(|s| s.0.clone()).collect();
    let mut legend = options.figure.legend_for(&mut labels);
    // the order of slices is that of the legend
    legend.order = None;
    if options.figure.legend.place == LegendPlace::Bottom && labels.len() > 6 {
        legend.place = LegendPlace::Right;
    }
    let texts = match &options.label {
        None => Vec::new(),
        Some(label) if label.name => labels.clone(),
        Some(label) if label.percent => {
            slices.iter().map(|s| format!("{}%", format::bare(&label.format, 100.0 * s.1 / total))).collect()
        }
        Some(label) => slices.iter().map(|s| format::bare(&label.format, s.1)).collect(),
    };
    let color = |at: usize| options.colors.iter().find(|(n, _)| *n == at + 1).map(|c| c.1);
    let slices = slices.iter().enumerate().map(|(at, s)| (labels[at].clone(), s.1, color(at))).collect();
    let mut figure = Figure {
        panels: vec![Panel { title: String::new(), body: Body::Pie(Pie { slices, texts }) }],
        legend,
        ..Figure::default()
    };
    options.figure.apply(&mut figure, Some(used));
    figure
}

fn read_options(session: &Session, text: &str) -> Result<Options> {
    const UNSUPPORTED: &[&str] = &["CW", "BY"];
    let mut out = Options::default();
    for option in split_options(text)? {
        let (name, argument) = (option.0.as_str(), option.1.as_deref());
        let is = |declared: &str| abbreviates(name, declared);
        match argument {
            Some(a) if is("OVER") => out.over = Some(over::over(session, a)?),
            None if is("MISSing") => out.missing = true,
            None if is("SORT") => out.sort = true,
            None if is("DEScending") => (out.sort, out.descending) = (true, true),
            Some(a) if is("PLabel") => out.label = Some(label(a)?),
            Some(a) if is("PIE") => out.colors.extend(slice_color(a)?),
            _ if no_effect::of_categories(name) => {}
            _ if !is("BY") && out.figure.take_general(session, &option)? => {}
            _ => {
                return Err(match UNSUPPORTED.iter().find(|declared| abbreviates(name, declared)) {
                    Some(known) => StataError::unsupported_option("graph pie", &known.to_lowercase()),
                    None => StataError::option_not_allowed(name),
                });
            }
        }
    }
    Ok(out)
}

/// `plabel(_all percent, format(%4.1f))`.
fn label(argument: &str) -> Result<Label> {
    let (front, options) = text::suboptions(argument)?;
    let mut out = match words(front)[..] {
        ["_all", "percent"] => Label { percent: true, name: false, format: "%4.1f".into() },
        ["_all", "sum"] => Label { percent: false, name: false, format: "%9.0g".into() },
        ["_all", "name"] => Label { percent: false, name: true, format: String::new() },
        _ => {
            return Err(StataError::new(199, format!("plabel({front}) is not supported by the open engine")));
        }
    };
    for (name, argument) in options {
        match argument {
            Some(a) if abbreviates(&name, "FORmat") && format::Format::parse(&a).is_some() => out.format = a,
            _ if no_effect::of_category_text(&name) => {}
            _ => return Err(text::suboption("plabel", &name)),
        }
    }
    Ok(out)
}

/// `pie(1, color(navy))`.
fn slice_color(argument: &str) -> Result<Option<(usize, Color)>> {
    let (front, options) = text::suboptions(argument)?;
    let number =
        front.parse::<usize>().map_err(|_| StataError::invalid("option pie() incorrectly specified"))?;
    let mut color = None;
    for (name, argument) in &options {
        match argument {
            Some(a) if abbreviates(name, "COLor") => color = Some(text::color(a)?),
            // how far the slice stands out
            _ if abbreviates(name, "EXplode") => {}
            _ => return Err(text::suboption("pie", name)),
        }
    }
    if options.is_empty() {
        return Err(StataError::invalid("option pie() incorrectly specified"));
    }
    Ok(color.map(|color| (number, color)))
}
