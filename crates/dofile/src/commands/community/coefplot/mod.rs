//! `coefplot`: estimates and their intervals of one or several models. Written from the help file (Jann 2014, Stata Journal
//! 14: 708-737).

mod choice;
mod draw;
mod look;
mod points;
mod request;
mod rows;
mod vectors;

use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::ops::graphs::curves::{self, CurveOptions, Part, Picture};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::split::{front_and_options, unquote};
use choice::Choice;
use draw::Drawing;
use points::{Point, fits};
use request::{Plot, Subgraph};
use rows::{Headings, Row, text_of};

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "stores r(n_subgr n_plot n_ci n_coef); models side by side, models collected in one plot ((a \\ b) or (a*)), subgraphs between ||; matrix(R[1]) has intervals by ci((2 3)), se() or v(); at() takes e(at) of margins, numbers of names (_coef, _eq) or a matrix; options of a model or plot stand in its parentheses; mlabel() is an expression with @b @se @t @pval @ll @ul; Jann (2014)",
    examples: &[
        Example {
            run: "set obs 40\ngenerate x = _n\ngenerate z = mod(_n, 3)\ngenerate y = x + z + mod(_n*7, 5)\nregress y x z\nestimates store a\nregress y x i.z\nestimates store b\ncoefplot (a, label(One)) (b, label(Two)), drop(_cons) xline(0) levels(95 90) ciopts(recast(rcap))\nscalar plots = r(n_plot)\nscalar shown = r(n_coef)\ncoefplot, keep(x *.z) vertical",
            expect: &[("plots", 2.0), ("shown", 4.0), ("r(n_coef)", 3.0), ("r(n_ci)", 1.0)],
        },
        Example {
            run: "matrix R = (1, 2, 3 \\ 0, 1, 2 \\ 2, 3, 4)\nmatrix colnames R = a b c\ncoefplot (matrix(R[1]), ci((2 3)) mlabel(string(@ul - @ll, \"%3.1f\"))), vertical recast(connected) ciopts(recast(rarea))",
            expect: &[("r(n_coef)", 3.0), ("r(n_plot)", 1.0), ("r(n_ci)", 1.0)],
        },
    ],
    ..CommandSpec::raw(
        "coefplot",
        8,
        run,
        "coefplot plot [plot ...] [|| plot ... [, bylabel(text)] ...] [, keep(list) drop(list) omitted baselevels levels(numlist) noci ci() b() se() v() df() at[()] eform[(list)] rescale() transform() rename(old = new ...) eqrename() asequation[(name)] swapnames if() order(list) sort[([[#:]#][, descending])] relocate() vertical horizontal offset() nooffsets recast() ciopts() citop mlabel[(exp)] mlabels() format(%fmt) coeflabels(name = \"text\" ...) headings() groups() eqlabels(list [, asheadings]) plotlabels(list) bylabels(list) byopts() twoway_options]; a plot is a model, matrix(name[#]) or (model [, options] [\\ model ...] [, label(text) nokey pstyle() options])",
    )
};

/// Options of the figure as a whole.
#[derive(Default)]
struct Options {
    choice: Choice,
    levels: Vec<f64>,
    vertical: Option<bool>,
    labels: Vec<(String, String)>,
    order: Vec<String>,
    sort: Option<Sort>,
    moved: Vec<(String, f64)>,
    plot_labels: Vec<String>,
    /// Titles of the subgraphs.
    subgraph_labels: Vec<String>,
    /// The title of the last subgraph.
    last_label: Option<String>,
    headings: Headings,
    columns: Option<usize>,
}

/// `sort`: the coefficients in the order of their values.
#[derive(Default)]
struct Sort {
    /// Position of the only subgraph that counts.
    subgraph: Option<usize>,
    /// Position of the only plot that counts.
    plot: Option<usize>,
    is_descending: bool,
}

impl Sort {
    /// Reads `[[#:]#] [, descending]`.
    fn read(text: &str) -> Result<Self> {
        let (front, options) = front_and_options(text);
        let mut out = Self::default();
        let bad = || StataError::invalid("option sort() incorrectly specified");
        let position = |word: &str| word.trim().parse::<usize>().ok().filter(|n| *n > 0).ok_or_else(bad);
        let (subgraph, plot) = front.split_once(':').map_or((None, front), |(a, b)| (Some(a), b));
        out.subgraph = subgraph.map(position).transpose()?.map(|n| n - 1);
        if !plot.trim().is_empty() {
            out.plot = Some(position(plot)? - 1);
        }
        for (name, argument) in split_options(options)? {
            match argument.as_deref().map(str::trim) {
                None if abbreviates(&name, "DESCending") => out.is_descending = true,
                Some("b") if name == "by" => {}
                _ => return Err(StataError::unsupported_option("coefplot", &format!("sort(, {name})"))),
            }
        }
        Ok(out)
    }

    /// Sorts names by the first value that each has; those without one go to the end.
    fn apply(&self, names: &mut [(String, String)], panels: &[Vec<Found>]) {
        let plots = panels
            .iter()
            .enumerate()
            .filter(|(g, _)| self.subgraph.is_none_or(|own| own == *g))
            .flat_map(|(_, plots)| plots.iter().enumerate());
        let counted: Vec<&Point> = plots
            .filter(|(p, _)| self.plot.is_none_or(|own| own == *p))
            .flat_map(|(_, plot)| &plot.points)
            .collect();
        let sign = if self.is_descending { -1.0 } else { 1.0 };
        let value = |(equation, name): &(String, String)| {
            let own = counted.iter().find(|p| p.equation == *equation && p.name == *name);
            own.map_or(f64::INFINITY, |p| sign * p.value)
        };
        names.sort_by(|a, b| value(a).total_cmp(&value(b)));
    }
}

/// A plot with the options that hold for it, and its points.
struct Found {
    label: String,
    choice: Choice,
    points: Vec<Point>,
}

fn run(s: &mut Session, cmd: &crate::syntax::ParsedCommand) -> Result<()> {
    let (mut subgraphs, option_text) = request::read(s, cmd.raw.trim())?;
    let (options, figure) = read(s, option_text)?;
    if let (Some(text), Some(last)) = (&options.last_label, subgraphs.last_mut()) {
        last.label = Some(text.clone());
    }
    let levels = if options.levels.is_empty() { vec![s.settings.level] } else { options.levels.clone() };
    let mut panels = Vec::new();
    for subgraph in &subgraphs {
        panels.push(found(s, subgraph, &options, &levels)?);
    }
    let names = places(&panels, &options);
    if names.is_empty() {
        return Err(StataError::new(498, "coefplot: no coefficients found, all dropped, or none kept"));
    }
    let picture = picture(s, &subgraphs, &panels, &names, &options)?;
    curves::show(s, picture, figure)?;
    let plots = panels.iter().map(Vec::len).max().unwrap_or(0);
    let intervals = panels.iter().flatten().filter(|f| !f.choice.no_intervals);
    let intervals = intervals.flat_map(|f| &f.points).map(|p| p.intervals.len()).max().unwrap_or(0);
    let mut results = Results::default();
    results.scalar("n_plot", plots as f64).scalar("n_coef", names.len() as f64);
    results.scalar("n_ci", intervals as f64).scalar("n_subgr", panels.len() as f64);
    s.r = results;
    Ok(())
}

fn read(s: &Session, text: &str) -> Result<(Options, CurveOptions)> {
    const REFUSED: &[&str] = &[
        "BYCoefs", "CISmooth", "TRUNCate", "WRap", "nolabels", "addplot", "GENerate", "orderby", "eqstrict",
    ];
    let mut options = Options::default();
    let figure = CurveOptions::read(s, "coefplot", text, REFUSED, |name, argument| {
        let is = |declared: &str| abbreviates(name, declared);
        match argument.map(str::trim) {
            Some(list) if options.headings.take(name, list)? => {}
            Some(list) if is("LEVels") => options.levels = crate::syntax::numlist::expand(list)?,
            Some(list) if is("COEFLabels") => options.labels = choice::pairs(list)?,
            Some(list) if name == "order" => {
                options.order = list.split_whitespace().map(str::to_string).collect();
            }
            None if name == "sort" => options.sort = Some(Sort::default()),
            Some(list) if name == "sort" => options.sort = Some(Sort::read(list)?),
            Some(list) if is("RELocate") => options.moved = moved(list)?,
            Some(list) if is("PLOTLabels") => options.plot_labels = request::texts(list),
            Some(list) if is("BYLabels") && name != "bylabel" => {
                options.subgraph_labels = request::texts(list)
            }
            Some(text) if name == "bylabel" => options.last_label = Some(unquote(text).to_string()),
            Some(list) if is("BYOPts") => options.columns = panel_options(list)?,
            // lines between the coefficients belong to the scheme
            Some(_) if name == "grid" => {}
            None if is("NOEQLabels") => options.headings.no_equations = true,
            None if is("VERTical") => options.vertical = Some(true),
            None if is("HORizontal") => options.vertical = Some(false),
            argument => return options.choice.take(name, argument),
        }
        Ok(true)
    })?;
    Ok((options, figure))
}

/// `relocate(name = # ...)`.
fn moved(list: &str) -> Result<Vec<(String, f64)>> {
    let bad = || StataError::invalid("option relocate() incorrectly specified");
    let place = |(name, text): (String, String)| Ok((name, parse_number(&text).ok_or_else(bad)?));
    choice::pairs(list)?.into_iter().map(place).collect()
}

/// `byopts()`: how many panels stand in a row. The panels share their axes and the titles of the figure.
fn panel_options(list: &str) -> Result<Option<usize>> {
    let mut columns = None;
    for (name, argument) in split_options(list)? {
        let is = |declared: &str| abbreviates(&name, declared);
        match argument.as_deref().map(str::trim) {
            Some(number) if is("Cols") => {
                let number = number.parse::<usize>().ok().filter(|n| *n > 0);
                columns =
                    Some(number.ok_or_else(|| StataError::invalid("byopts(cols()) incorrectly specified"))?);
            }
            Some("1") if is("Rows") => columns = Some(usize::MAX),
            None if is("XRESCALE") || is("YRESCALE") || is("RESCALE") || name == "compact" => {}
            Some(_) if is("GRAPHRegion") || is("NOTE") || is("LEGend") || is("IMargin") => {}
            _ => return Err(StataError::unsupported_option("coefplot", &format!("byopts({name})"))),
        }
    }
    Ok(columns)
}

/// The plots of a subgraph with their points.
fn found(s: &Session, subgraph: &Subgraph, options: &Options, levels: &[f64]) -> Result<Vec<Found>> {
    let general = subgraph.choice.over(&options.choice);
    let plot = |(i, plot): (usize, &Plot)| {
        let choice = plot.choice.over(&general);
        let mut points = Vec::new();
        for (model, own) in &plot.models {
            points.extend(points::points(s, model, &own.over(&general), levels)?);
        }
        let named = || plot.models.first().map_or("", |(model, _)| model.name()).to_string();
        let label =
            choice.label.clone().or_else(|| options.plot_labels.get(i).cloned()).unwrap_or_else(named);
        Ok(Found { label, choice, points })
    };
    subgraph.plots.iter().enumerate().map(plot).collect()
}

/// Names in the order of their first model, those of `order()` first.
fn places(panels: &[Vec<Found>], options: &Options) -> Vec<String> {
    let mut names: Vec<(String, String)> = Vec::new();
    for point in panels.iter().flatten().flat_map(|f| &f.points) {
        let name = (point.equation.clone(), point.name.clone());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    // equations stay together, in the order of their first coefficient, each with its constant last
    let mut equations: Vec<String> = Vec::new();
    for (equation, _) in &names {
        if !equations.contains(equation) {
            equations.push(equation.clone());
        }
    }
    names.sort_by_key(|(equation, name)| (equations.iter().position(|e| e == equation), name == "_cons"));
    if let Some(sort) = &options.sort {
        sort.apply(&mut names, panels);
    }
    let place = |(equation, name): &(String, String)| {
        options.order.iter().position(|o| fits(o, equation, name)).unwrap_or(options.order.len())
    };
    if !options.order.is_empty() {
        names.sort_by_key(place);
    }
    names.iter().map(|(equation, name)| points::key(equation, name)).collect()
}

fn picture(
    s: &Session,
    subgraphs: &[Subgraph],
    panels: &[Vec<Found>],
    names: &[String],
    options: &Options,
) -> Result<Picture> {
    let positioned = panels.iter().flatten().flat_map(|f| &f.points).any(|p| p.at.is_some());
    let vertical = options.vertical.unwrap_or(positioned);
    let rows = options.headings.rows(names);
    let text = |row: &Row| match row {
        Row::Heading(text) => text.clone(),
        Row::Coefficient(name) => text_of(&s.frame, name, names, &options.labels, &options.headings),
    };
    let texts: Vec<(f64, String)> = rows.iter().enumerate().map(|(i, r)| (i as f64 + 1.0, text(r))).collect();
    let mut parts = Vec::new();
    for (i, (subgraph, plots)) in subgraphs.iter().zip(panels).enumerate() {
        let title = subgraph.label.clone().or_else(|| options.subgraph_labels.get(i).cloned());
        let mut part = Part { title: title.unwrap_or_default(), ..Part::default() };
        for (number, plot) in plots.iter().enumerate() {
            let drawing = Drawing {
                label: plot.label.clone(),
                points: &plot.points,
                choice: &plot.choice,
                number,
                plots: plots.len(),
                rows: &rows,
                moved: &options.moved,
                vertical,
            };
            part.series.extend(drawing.series()?);
            part.texts.extend(drawing.texts());
        }
        parts.push(part);
    }
    let lines = Some((0.5, rows.len() as f64 + 0.5)).filter(|_| !positioned && options.moved.is_empty());
    let named = if positioned { Vec::new() } else { texts };
    Ok(Picture {
        parts,
        columns: options.columns.map(|c| c.min(panels.len())),
        x_range: lines.filter(|_| vertical),
        y_range: lines.filter(|_| !vertical),
        x_names: if vertical { named.clone() } else { Vec::new() },
        y_names: if vertical { Vec::new() } else { named },
        used: s.e.results.get_scalar("N").map_or(0, |n| n as usize),
        ..Picture::default()
    })
}
