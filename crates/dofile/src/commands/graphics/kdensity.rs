//! `kdensity`: a kernel density, its figure and its values.

use super::added_plots::with_added;
use super::numbers;
use super::plot_options::PlotOptions;
use super::plots::{self, Kind, Plot};
use super::twoway;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::format;
use crate::frame::{Column, Variable};
use crate::ops::graphs::figure_options::FigureOptions;
use crate::ops::graphs::no_effect;
use crate::ops::graphs::text::Words;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::{ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};
use estimators::distributions::normal_density;

/// `kdensity`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "kdensity",
    min: 2,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "kdensity varname [if] [in] [weight] [, kernel(name) bwidth(#) n(#) at(varname) generate(x density) nograph normal addplot(plot) twoway_options]",
    notes: "stores r(bwidth), r(n), r(scale), r(kernel); formulas: [R] kdensity, Methods and formulas",
    examples: &[Example {
        // nine values 1 to 9: sd 2.7386, quartiles 3 and 7, so m = 2.7386 and h = 0.9 m 9^(-1/5)
        run: "set obs 9\ngenerate x = _n\nkdensity x, nograph",
        expect: &[("r(bwidth)", 1.588_271_120_659_638), ("r(n)", 9.0)],
    }],
};

/// Options that are not those of the plot or of the figure.
#[derive(Default)]
struct Own {
    normal: bool,
    no_graph: bool,
    /// Variable with the points.
    at: Option<usize>,
    /// Names of new variables.
    names: Option<Vec<String>>,
    /// Plots on top.
    added: Option<String>,
}

fn read_options(
    session: &Session,
    text: &str,
    plot: &mut PlotOptions,
    figure: &mut FigureOptions,
) -> Result<Own> {
    let mut own = Own::default();
    for option in split_options(text)? {
        match &option {
            (name, None) if abbreviates(name, "NORmal") => own.normal = true,
            (name, None) if abbreviates(name, "noGRaph") => own.no_graph = true,
            // the look of the added curves; bars keep their distances
            (name, Some(_)) if no_effect::of_added(name) => {}
            (name, Some(a)) if abbreviates(name, "ADDPLOT") => own.added = Some(a.clone()),
            (name, Some(a)) if abbreviates(name, "AT") => own.at = Some(session.numeric_variable(a)?),
            (name, Some(a)) if abbreviates(name, "Generate") => {
                own.names = Some(crate::syntax::varlist::new_names(&session.frame, a)?);
            }
            _ => {
                if !plot.take(session, &option)? && !figure.take(session, &option)? {
                    return Err(StataError::option_not_allowed(&option.0));
                }
            }
        }
    }
    Ok(own)
}

/// Sorted values with their weights.
fn weighted_values(session: &Session, cmd: &ParsedCommand, plot: &Plot) -> Result<Vec<(f64, f64)>> {
    let mut values = plot.sorted_values(session, &vec![true; plot.rows.len()])?;
    if values.is_empty() {
        return Err(StataError::no_observations());
    }
    if cmd.weight.as_ref().is_some_and(|w| w.kind != Some(WeightKind::Frequency)) {
        // analytic weights are scaled to sum to the number of rows
        let factor = values.len() as f64 / values.iter().map(|v| v.1).sum::<f64>();
        values.iter_mut().for_each(|v| v.1 *= factor);
    }
    Ok(values)
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let cmd = ParsedCommand::split("kdensity", &cmd.raw, false)?;
    let variable = session.numeric_variable(&cmd.list)?;
    let mut options = FigureOptions::default();
    let mut plot = Plot::new(Kind::KDensity, vec![variable], session.rows(&cmd)?);
    if cmd.weight.as_ref().is_some_and(|w| w.kind == Some(WeightKind::Probability)) {
        return Err(StataError::new(101, "pweights not allowed"));
    }
    plot.weights = session.weights(&cmd, WeightKind::Analytic, &mut plot.rows)?;
    let own = read_options(session, &cmd.option_text, &mut plot.options, &mut options)?;
    plot.options.check(plot.kind.options())?;
    let values = weighted_values(session, &cmd, &plot)?;
    let kernel = plots::kernel(plot.options.kernel.as_deref())?;
    let width = plot.options.bandwidth.unwrap_or_else(|| numbers::bandwidth(&values));
    if width <= 0.0 || width.is_nan() {
        return Err(StataError::new(498, "the bandwidth is zero: the variable does not vary"));
    }
    let at: Vec<f64> = match own.at {
        Some(v) => session.frame.numeric(v)?.iter().copied().collect(),
        None => {
            let total: f64 = values.iter().map(|v| v.1).sum();
            numbers::density_grid(&values, plot.options.points.unwrap_or((total as usize).min(50)), width)
        }
    };
    let heights = numbers::density(&values, &at, width, kernel);
    let mut points: Vec<(f64, f64)> =
        at.iter().copied().zip(heights.iter().copied()).filter(|p| !is_missing(p.0)).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let shown = points.len();
    if !own.no_graph {
        options.used = Some(values.len());
        let label = Plot::label(session, variable);
        draw(
            session,
            &plot,
            &mut options,
            points,
            own.normal.then(|| numbers::moments(&values)),
            (&label, own.added.as_deref()),
            (kernel.name(), width),
        )?;
    }
    if let Some(names) = own.names {
        generate(session, &names, &at, &heights, own.at.is_some())?;
    }
    let mut results = Results::default();
    results.scalar("bwidth", width).scalar("n", shown as f64);
    let scale = if shown > 1 { (at[at.len() - 1] - at[0]) / (shown - 1) as f64 } else { 0.0 };
    results.scalar("scale", scale).text("kernel", kernel.name());
    session.r = results;
    Ok(())
}

fn draw(
    session: &mut Session,
    plot: &Plot,
    options: &mut FigureOptions,
    points: Vec<(f64, f64)>,
    normal: Option<(f64, f64)>,
    (label, added): (&str, Option<&str>),
    (kernel, width): (&str, f64),
) -> Result<()> {
    if options.by.is_some() {
        return Err(StataError::option_not_allowed("by()"));
    }
    let words = |text: String| Some(Words { text, size: None });
    let [title, _, note, _] = &mut options.titles;
    let defaults = [
        (title, "Kernel density estimate".to_owned()),
        (note, format!("kernel = {kernel}, bandwidth = {}", format::bare("%9.4f", width))),
        (&mut options.x.title, label.to_owned()),
        (&mut options.y.title, "Density".to_owned()),
    ];
    for (slot, text) in defaults {
        if slot.is_none() {
            *slot = words(text);
        }
    }
    let ends = points.first().zip(points.last()).map(|(a, b)| (a.0, b.0));
    let mut look = plot.options.clone();
    look.points = None;
    let mut curves =
        vec![Plot { kind: Kind::Function, vars: Vec::new(), curve: points, options: look, ..plot.clone() }];
    if let (Some((mean, sd)), Some((low, high))) = (normal, ends) {
        let at = (0..200).map(|i| low + (high - low) * f64::from(i) / 199.0);
        let curve = at.map(|x| (x, normal_density((x - mean) / sd) / sd)).collect();
        curves.push(Plot { curve, options: PlotOptions::default(), ..curves[0].clone() });
        options.legend_texts.insert(0, (1, "Kernel density estimate".into()));
        options.legend_texts.insert(1, (2, "Normal density".into()));
    } else if added.is_some() {
        options.legend_texts.insert(0, (1, "Kernel density estimate".into()));
    }
    let curves = with_added(session, curves, added, options)?;
    twoway::draw(session, &curves, options)
}

/// Stores grid and density in new variables; the data grow when the grid is longer.
fn generate(
    session: &mut Session,
    names: &[String],
    at: &[f64],
    heights: &[f64],
    in_place: bool,
) -> Result<()> {
    let expected = if in_place { 1 } else { 2 };
    if names.len() != expected {
        return Err(StataError::invalid("option generate() incorrectly specified"));
    }
    if at.len() > session.frame.n_rows() {
        session.frame.set_n_rows(at.len());
    }
    let n = session.frame.n_rows();
    let full = |values: &[f64]| {
        let mut column = values.to_vec();
        column.resize(n, MISSING);
        Column::Double(column)
    };
    let heights: Vec<f64> =
        heights.iter().zip(at).map(|(h, x)| if is_missing(*x) { MISSING } else { *h }).collect();
    if !in_place {
        session.frame.add(Variable::new(&names[0], full(at)))?;
    }
    session.frame.add(Variable::new(&names[expected - 1], full(&heights)))?;
    Ok(())
}
