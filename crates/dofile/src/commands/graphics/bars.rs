//! `graph bar`, `graph hbar` and `graph dot`: statistics by category as bars or dots.

use super::assemble;
use super::bar_stat::Stat;
use super::groups;
use super::over::{self, Category, Over};
use super::plots::Plot;
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::graphs::figure_options::FigureOptions;
use crate::ops::graphs::no_effect;
use crate::ops::graphs::store;
use crate::ops::graphs::text;
use crate::session::{Session, Weights};
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::words;
use crate::syntax::{ParsedCommand, WeightKind};
use crate::value::is_missing;
use figure::{Bar, Figure, Plane, Series, Shape, Style, TextMark, Ticks, data_ends};

/// The three charts of this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chart {
    Bar,
    HBar,
    Dot,
}

#[derive(Default)]
struct Options {
    figure: FigureOptions,
    overs: Vec<Over>,
    as_yvars: bool,
    stack: bool,
    percentages: bool,
    missing: bool,
    horizontal: bool,
    label: Option<String>,
    looks: Vec<(usize, Style)>,
}

/// One bar of every category.
struct Quantity {
    stat: Stat,
    variable: Option<usize>,
    label: String,
    /// Rows besides those of the category (`asyvars`).
    rows: Option<Vec<bool>>,
}

/// Runs `graph bar` and its kin; `raw` is the text behind the subcommand.
pub(super) fn run(session: &mut Session, raw: &str, chart: Chart) -> Result<()> {
    let cmd = ParsedCommand::split("graph bar", raw, false)?;
    let mut rows = session.rows(&cmd)?;
    let options = read_options(session, &cmd.option_text)?;
    let chart = if options.horizontal && chart == Chart::Bar { Chart::HBar } else { chart };
    let weights = session.weights(&cmd, WeightKind::Analytic, &mut rows)?;
    let mut quantities = quantities(session, &cmd.list)?;
    let mut overs = options.overs.clone();
    if !options.missing {
        overs.iter().try_for_each(|o| session.markout(&[o.variable], &mut rows, true))?;
    }
    if options.as_yvars {
        let (first, [only]) = (overs.first().cloned(), &quantities[..]) else {
            return Err(StataError::invalid("asyvars needs one variable and over()"));
        };
        let first = first.ok_or_else(|| StataError::invalid("asyvars needs over()"))?;
        overs.remove(0);
        quantities = over::categories(session, &[first], &rows, options.missing)
            .into_iter()
            .map(|c| Quantity { stat: only.stat, variable: only.variable, label: c.text, rows: Some(c.rows) })
            .collect();
    }
    let categories = over::categories(session, &overs, &rows, options.missing);
    let mut planes = Vec::new();
    let mut labels: Vec<String> = quantities.iter().map(|q| q.label.clone()).collect();
    let legend = options.figure.legend_for(&mut labels);
    for (title, panel) in groups::panels(session, options.figure.by.as_ref(), &rows) {
        let inside: Vec<Category> = categories.iter().map(|c| c.within(&panel)).collect();
        let heights = heights(session, &quantities, &inside, weights.as_ref())?;
        let (inside, heights) = sorted(inside, heights, &options.overs);
        if heights.iter().flatten().any(|h| h.is_finite()) {
            planes.push((
                title,
                panel_plane(session, chart, &options, (&quantities, &labels), &inside, heights),
            ));
        }
    }
    if planes.is_empty() {
        return Err(StataError::no_observations());
    }
    let mut figure = Figure { legend, ..assemble::panels(planes, &options.figure, session) };
    options.figure.apply(&mut figure, Some(used_rows(session, &quantities, &rows)));
    store::show(session, figure, &options.figure)
}

fn read_options(session: &Session, text: &str) -> Result<Options> {
    let mut out = Options::default();
    for option in split_options(text)? {
        let (name, argument) = (option.0.as_str(), option.1.as_deref());
        let is = |declared: &str| abbreviates(name, declared);
        match argument {
            Some(a) if is("OVER") => out.overs.push(over::over(session, a)?),
            None if is("ASYvars") => out.as_yvars = true,
            None if is("HORizontal") => out.horizontal = true,
            None if is("STACK") => out.stack = true,
            None if is("PERCENTages") => out.percentages = true,
            None if is("MISSing") => out.missing = true,
            // categories without rows are never shown; bars keep their distances and intensities
            _ if no_effect::of_categories(name) => {}
            Some(a) if is("BLABel") => out.label = Some(blabel(a)?),
            Some(a) if is("BAR") => out.looks.push(look(a)?),
            _ => {
                if !out.figure.take(session, &option)? {
                    return Err(refused(name));
                }
            }
        }
    }
    Ok(out)
}

fn refused(name: &str) -> StataError {
    const UNSUPPORTED: &[&str] =
        &["CW", "NOLABel", "YVARoptions", "EXCLUDE0", "SHOWYVARs", "ASCATegory", "VERTical"];
    match UNSUPPORTED.iter().find(|declared| abbreviates(name, declared)) {
        Some(known) => StataError::unsupported_option("graph bar", &known.to_lowercase()),
        None => StataError::option_not_allowed(name),
    }
}

/// `blabel(bar)`, `blabel(total, format(%4.1f))`: the format of the numbers.
fn blabel(argument: &str) -> Result<String> {
    let (front, options) = text::suboptions(argument)?;
    if !matches!(front, "bar" | "total") {
        return Err(StataError::new(199, format!("blabel({front}) is not supported by the open engine")));
    }
    let mut format = "%9.0g".to_owned();
    for (name, argument) in options {
        match argument {
            Some(a) if abbreviates(&name, "FORmat") && format::Format::parse(&a).is_some() => format = a,
            _ if no_effect::of_category_text(&name) => {}
            _ => return Err(text::suboption("blabel", &name)),
        }
    }
    Ok(format)
}

/// `bar(1, color(navy) lcolor(black))`: the look of the bars of a number.
fn look(argument: &str) -> Result<(usize, Style)> {
    let (front, options) = text::suboptions(argument)?;
    let number = front.parse::<usize>().ok().filter(|n| *n > 0);
    let number = number.ok_or_else(|| StataError::invalid("option bar() incorrectly specified"))?;
    let mut style = Style::default();
    for (name, argument) in options {
        let is = |declared: &str| abbreviates(&name, declared);
        match argument {
            Some(a) if is("COLor") => style.color = Some(text::color(&a)?),
            Some(a) if is("FColor") => style.fill = Some(text::color(&a)?),
            Some(a) if is("LColor") => style.outline = Some(text::color(&a)?),
            Some(a) if is("LWidth") => style.line_width = Some(text::line_width(&a)?),
            _ if no_effect::of_plot(&name) || is("LPattern") => {}
            _ => return Err(text::suboption("bar", &name)),
        }
    }
    style.fill = style.fill.or(style.color);
    Ok((number, style))
}

/// `(mean) x y (sum) z`: statistics with their variables.
fn quantities(session: &Session, list: &str) -> Result<Vec<Quantity>> {
    let mut current = (Stat::Mean, "mean".to_owned());
    let mut named = false;
    let mut out = Vec::new();
    for word in words(list) {
        if let Some(stat) = word.strip_prefix('(').and_then(|w| w.strip_suffix(')')) {
            current = Stat::parse(stat.trim())?;
            named = true;
            continue;
        }
        for variable in session.varlist(word)? {
            if session.frame.var(variable).is_string() {
                return Err(StataError::type_mismatch());
            }
            let label = format!("{} of {}", current.1, session.frame.var(variable).name);
            out.push(Quantity { stat: current.0, variable: Some(variable), label, rows: None });
        }
    }
    if out.is_empty() {
        let stat = match (named, current.0) {
            (false, _) => Stat::Percent,
            (true, stat @ (Stat::Count | Stat::Percent)) => stat,
            _ => return Err(StataError::standard(100)),
        };
        let label = if stat == Stat::Count { "frequency" } else { "percent" };
        out.push(Quantity { stat, variable: None, label: label.into(), rows: None });
    }
    Ok(out)
}

/// Heights by quantity and category.
fn heights(
    session: &Session,
    quantities: &[Quantity],
    categories: &[Category],
    weights: Option<&Weights>,
) -> Result<Vec<Vec<f64>>> {
    let n = session.frame.n_rows();
    let weight = |row: usize| weights.map_or(1.0, |w| w.values[row]);
    let mut all = Vec::new();
    for quantity in quantities {
        let column = quantity.variable.map(|v| session.frame.numeric(v)).transpose()?;
        let values = |category: &Category| {
            let mut values: Vec<(f64, f64)> = (0..n)
                .filter(|&row| category.rows[row] && quantity.rows.as_ref().is_none_or(|r| r[row]))
                .map(|row| (column.as_ref().map_or(0.0, |c| c[row]), weight(row)))
                .filter(|v| !is_missing(v.0))
                .collect();
            values.sort_by(|a, b| a.0.total_cmp(&b.0));
            values
        };
        let samples: Vec<Vec<(f64, f64)>> = categories.iter().map(values).collect();
        let total: f64 = samples.iter().flatten().map(|v| v.1).sum();
        all.push(samples.iter().map(|s| quantity.stat.value(s, total)).collect());
    }
    // shares of asyvars are of all rows, not of those of one series
    if quantities.iter().all(|q| q.stat == Stat::Percent && q.rows.is_some()) {
        let mut counts: Vec<Vec<f64>> = Vec::new();
        for quantity in quantities {
            let count = |c: &Category| {
                let inside = |r: &usize| c.rows[*r] && quantity.rows.as_ref().is_none_or(|q| q[*r]);
                (0..n).filter(inside).map(weight).sum::<f64>()
            };
            counts.push(categories.iter().map(count).collect());
        }
        let total: f64 = counts.iter().flatten().sum();
        all = counts.into_iter().map(|row| row.into_iter().map(|c| 100.0 * c / total).collect()).collect();
    }
    Ok(all)
}

/// `over(…, sort(1) descending)`.
fn sorted(
    categories: Vec<Category>,
    heights: Vec<Vec<f64>>,
    overs: &[Over],
) -> (Vec<Category>, Vec<Vec<f64>>) {
    let Some(over) = overs.iter().find(|o| o.by_height) else { return (categories, heights) };
    let mut order: Vec<usize> = (0..categories.len()).collect();
    order.sort_by(|&a, &b| heights[0][a].total_cmp(&heights[0][b]));
    if over.descending {
        order.reverse();
    }
    if overs.len() > 1 {
        // the groups of the other over()s stay together
        let outer = |at: usize| categories[at].text.split_once('\n').map_or("", |(_, rest)| rest);
        order.sort_by_key(|&a| (0..categories.len()).position(|b| outer(b) == outer(a)));
    }
    let heights = heights.iter().map(|row| order.iter().map(|&i| row[i]).collect()).collect();
    (order.iter().map(|&i| categories[i].clone()).collect(), heights)
}

fn used_rows(session: &Session, quantities: &[Quantity], rows: &[bool]) -> usize {
    let known = |row: usize| {
        quantities.iter().any(|q| q.variable.is_none_or(|v| !is_missing(session.frame.num_at(v, row))))
    };
    (0..rows.len()).filter(|&r| rows[r] && known(r)).count()
}

/// The bars of one panel.
fn panel_plane(
    session: &Session,
    chart: Chart,
    options: &Options,
    (quantities, labels): (&[Quantity], &[String]),
    categories: &[Category],
    mut heights: Vec<Vec<f64>>,
) -> Plane {
    if options.percentages {
        for at in 0..categories.len() {
            let total: f64 = heights.iter().map(|row| row[at].abs()).filter(|h| h.is_finite()).sum();
            heights.iter_mut().for_each(|row| row[at] *= 100.0 / total);
        }
    }
    let horizontal = chart != Chart::Bar;
    let count = quantities.len();
    let width = if options.stack { 0.7 } else { 0.8 / count as f64 };
    let mut bases = vec![0.0; categories.len()];
    let (mut series, mut texts) = (Vec::new(), Vec::new());
    for (k, row) in heights.iter().enumerate() {
        let shift = if options.stack { 0.0 } else { (k as f64 - (count as f64 - 1.0) / 2.0) * width };
        let mut bars = Vec::new();
        for (at, &height) in row.iter().enumerate().filter(|(_, h)| h.is_finite()) {
            let from = if options.stack { bases[at] } else { 0.0 };
            let bar = Bar { at: at as f64 + 1.0 + shift, from, to: from + height, width: width * 0.94 };
            bases[at] = bar.to;
            if let Some(format) = &options.label {
                let along = if options.stack { (bar.from + bar.to) / 2.0 } else { bar.to };
                let (x, y) = if horizontal { (along, bar.at) } else { (bar.at, along) };
                let clock = if options.stack {
                    0
                } else if horizontal {
                    3
                } else {
                    12
                };
                let text = format::bare(format, height);
                texts.push(TextMark { x, y, text, clock, color: None, size: None });
            }
            bars.push(bar);
        }
        let shape = if chart == Chart::Dot {
            Shape::Points { points: bars.iter().map(|b| (b.to, b.at)).collect() }
        } else {
            Shape::Bars { bars, horizontal }
        };
        let style = options.looks.iter().find(|(n, _)| *n == k + 1).map_or(Style::default(), |l| l.1.clone());
        let mut one = Series { label: labels[k].clone(), number: k, shape, style };
        if options.figure.monochrome {
            crate::ops::graphs::monochrome(&mut one);
        }
        series.push(one);
    }
    plane(session, options, quantities, categories, horizontal, series, texts)
}

fn plane(
    session: &Session,
    options: &Options,
    quantities: &[Quantity],
    categories: &[Category],
    horizontal: bool,
    series: Vec<Series>,
    mut texts: Vec<TextMark>,
) -> Plane {
    let title = match quantities {
        [only] => only.label.clone(),
        _ if options.percentages => "percent".into(),
        [first, ..] if options.as_yvars => first.variable.map_or_else(
            || first.stat_name().to_owned(),
            |v| format!("{} of {}", first.stat_name(), Plot::label(session, v)),
        ),
        _ => String::new(),
    };
    let mut ends = data_ends(&series, horizontal).unwrap_or((0.0, 1.0));
    if !texts.is_empty() {
        // room for the numbers beyond the bars
        ends.1 += 0.07 * (ends.1 - ends.0.min(0.0));
    }
    let mut values = options.figure.y.axis(session, None, ends, &title);
    if !texts.is_empty() {
        let (low, high) = values.range.unwrap_or(ends);
        values.range = Some((low.min(0.0), high.max(ends.1)));
    }
    let mut names = options.figure.x.axis(session, None, (0.5, categories.len() as f64 + 0.5), "");
    names.ticks = Ticks::Categories(categories.iter().map(|c| c.text.clone()).collect());
    names.grid = false;
    if let Some(over) = options.overs.first() {
        names.label_size = over.size.or(names.label_size);
        names.angle = over.angle.as_ref().map_or(names.angle, |a| {
            if a == "0" || a == "horizontal" { Some(0.0) } else { a.parse().ok().or(Some(90.0)) }
        });
    }
    texts.extend(options.figure.texts.iter().cloned());
    let (value_lines, name_lines) = (options.figure.y_lines.clone(), options.figure.x_lines.clone());
    let mut plane = Plane { series, texts, background: options.figure.plot_background, ..Plane::default() };
    if horizontal {
        names.reverse = true;
        (plane.x, plane.y) = (values, names);
        (plane.x_lines, plane.y_lines) = (value_lines, name_lines);
    } else {
        (plane.x, plane.y) = (names, values);
        (plane.x_lines, plane.y_lines) = (name_lines, value_lines);
    }
    plane
}

impl Quantity {
    fn stat_name(&self) -> &'static str {
        match self.stat {
            Stat::Mean => "mean",
            Stat::Percentile(50.0) => "median",
            Stat::Percentile(_) => "percentile",
            Stat::Sum => "sum",
            Stat::Count => "frequency",
            Stat::Percent => "percent",
            Stat::Min => "min",
            Stat::Max => "max",
            Stat::Sd => "sd",
            Stat::Semean => "semean",
            Stat::Iqr => "iqr",
        }
    }
}
