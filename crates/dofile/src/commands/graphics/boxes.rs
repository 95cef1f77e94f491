//! `graph box` and `graph hbox`: quartiles, adjacent values and outside values by category.

use super::assemble;
use super::bar_stat::Stat;
use super::groups;
use super::numbers::percentile;
use super::over::{self, Category, Over};
use super::plots::Plot;
use crate::error::{Result, StataError};
use crate::ops::graphs::figure_options::FigureOptions;
use crate::ops::graphs::no_effect;
use crate::ops::graphs::store;
use crate::session::{Session, Weights};
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::{ParsedCommand, WeightKind};
use crate::value::is_missing;
use figure::{BoxStats, Figure, Plane, Series, Shape, Style, Ticks, data_ends};

#[derive(Default)]
struct Options {
    figure: FigureOptions,
    overs: Vec<Over>,
    as_yvars: bool,
    missing: bool,
    horizontal: bool,
    no_outside: bool,
}

/// One series of boxes.
struct Boxed {
    variable: usize,
    label: String,
    rows: Option<Vec<bool>>,
}

/// Runs `graph box`; `raw` is the text behind the subcommand.
pub(super) fn run(session: &mut Session, raw: &str, horizontal: bool) -> Result<()> {
    let cmd = ParsedCommand::split("graph box", raw, false)?;
    let mut rows = session.rows(&cmd)?;
    let options = read_options(session, &cmd.option_text)?;
    let weights = session.weights(&cmd, WeightKind::Analytic, &mut rows)?;
    let mut boxed = Vec::new();
    for variable in session.varlist(&cmd.list)? {
        if session.frame.var(variable).is_string() {
            return Err(StataError::type_mismatch());
        }
        boxed.push(Boxed { variable, label: Plot::label(session, variable), rows: None });
    }
    if boxed.is_empty() {
        return Err(StataError::standard(100));
    }
    let horizontal = horizontal || options.horizontal;
    let mut overs = options.overs.clone();
    // sort(1) of a box chart is by the median of the first variable
    for over in overs.iter_mut().filter(|o| o.by_height) {
        (over.by_height, over.by_variable) = (false, Some((Stat::Percentile(50.0), boxed[0].variable)));
    }
    if !options.missing {
        overs.iter().try_for_each(|o| session.markout(&[o.variable], &mut rows, true))?;
    }
    if options.as_yvars {
        if boxed.len() > 1 || overs.is_empty() {
            return Err(StataError::invalid("asyvars needs one variable and over()"));
        }
        let variable = boxed[0].variable;
        boxed = over::categories(session, &[overs.remove(0)], &rows, options.missing)
            .into_iter()
            .map(|c| Boxed { variable, label: c.text, rows: Some(c.rows) })
            .collect();
    }
    let categories = over::categories(session, &overs, &rows, options.missing);
    let figure = figure(session, &options, &boxed, (&categories, &rows), weights.as_ref(), horizontal)?;
    store::show(session, figure, &options.figure)
}

fn read_options(session: &Session, text: &str) -> Result<Options> {
    const UNSUPPORTED: &[&str] = &["CW", "SHOWYVARs", "ASCATegory", "YVARoptions"];
    let mut out = Options::default();
    for option in split_options(text)? {
        let (name, argument) = (option.0.as_str(), option.1.as_deref());
        let is = |declared: &str| abbreviates(name, declared);
        match argument {
            Some(a) if is("OVER") => out.overs.push(over::over(session, a)?),
            None if is("ASYvars") => out.as_yvars = true,
            None if is("HORizontal") => out.horizontal = true,
            None if is("MISSing") => out.missing = true,
            _ if no_effect::of_categories(name) => {}
            None if is("NOOUTsides") => out.no_outside = true,
            _ if out.figure.take(session, &option)? => {}
            _ => {
                return Err(match UNSUPPORTED.iter().find(|declared| abbreviates(name, declared)) {
                    Some(known) => StataError::unsupported_option("graph box", &known.to_lowercase()),
                    None => StataError::option_not_allowed(name),
                });
            }
        }
    }
    Ok(out)
}

/// The box of sorted weighted values: adjacent values are the most extreme ones within 1.5
/// interquartile ranges of the box ([G-2] graph box, Methods and formulas).
fn stats(values: &[(f64, f64)], at: f64, width: f64) -> Option<BoxStats> {
    let (first, last) = (values.first()?.0, values.last()?.0);
    let (q1, median, q3) = (percentile(values, 25.0), percentile(values, 50.0), percentile(values, 75.0));
    let (low_fence, high_fence) = (q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1));
    let low = values.iter().map(|v| v.0).find(|v| *v >= low_fence).unwrap_or(first);
    let high = values.iter().rev().map(|v| v.0).find(|v| *v <= high_fence).unwrap_or(last);
    let outside = values.iter().map(|v| v.0).filter(|v| *v < low || *v > high).collect();
    Some(BoxStats { at, width, low, q1, median, q3, high, outside })
}

fn figure(
    session: &Session,
    options: &Options,
    boxed: &[Boxed],
    (categories, rows): (&[Category], &[bool]),
    weights: Option<&Weights>,
    horizontal: bool,
) -> Result<Figure> {
    let mut labels: Vec<String> = boxed.iter().map(|b| b.label.clone()).collect();
    let legend = options.figure.legend_for(&mut labels);
    let mut used = vec![false; rows.len()];
    let mut planes = Vec::new();
    for (title, panel) in groups::panels(session, options.figure.by.as_ref(), rows) {
        let inside: Vec<Category> = categories.iter().map(|c| c.within(&panel)).collect();
        let series = series(session, options, (boxed, &labels), &inside, weights, horizontal, &mut used)?;
        planes.push((title, plane(session, options, boxed, categories, series, horizontal)));
    }
    let used = used.iter().filter(|u| **u).count();
    if used == 0 {
        return Err(StataError::no_observations());
    }
    let mut figure = Figure { legend, ..assemble::panels(planes, &options.figure, session) };
    if options.no_outside {
        let note = [figure.note.as_str(), "excludes outside values"];
        figure.note = note.into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join("\n");
    }
    options.figure.apply(&mut figure, Some(used));
    Ok(figure)
}

/// The boxes of one panel; marks the rows that they are made of.
fn series(
    session: &Session,
    options: &Options,
    (boxed, labels): (&[Boxed], &[String]),
    categories: &[Category],
    weights: Option<&Weights>,
    horizontal: bool,
    used: &mut [bool],
) -> Result<Vec<Series>> {
    let n = session.frame.n_rows();
    let width = 0.7 / boxed.len() as f64;
    let mut series = Vec::new();
    for (k, one) in boxed.iter().enumerate() {
        let column = session.frame.numeric(one.variable)?;
        let shift = (k as f64 - (boxed.len() as f64 - 1.0) / 2.0) * width;
        let mut boxes = Vec::new();
        for (at, category) in categories.iter().enumerate() {
            let inside = |r: &usize| category.rows[*r] && one.rows.as_ref().is_none_or(|rows| rows[*r]);
            let mut values = Vec::new();
            for row in (0..n).filter(inside).filter(|&r| !is_missing(column[r])) {
                used[row] = true;
                values.push((column[row], weights.map_or(1.0, |w| w.values[row])));
            }
            values.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut found = stats(&values, at as f64 + 1.0 + shift, width * 0.9);
            if let Some(stats) = found.as_mut().filter(|_| options.no_outside) {
                stats.outside.clear();
            }
            boxes.extend(found);
        }
        let shape = Shape::Boxes { boxes, horizontal };
        let mut one = Series { label: labels[k].clone(), number: k, shape, style: Style::default() };
        if options.figure.monochrome {
            crate::ops::graphs::monochrome(&mut one);
        }
        series.push(one);
    }
    Ok(series)
}

fn plane(
    session: &Session,
    options: &Options,
    boxed: &[Boxed],
    categories: &[Category],
    series: Vec<Series>,
    horizontal: bool,
) -> Plane {
    let first = boxed[0].variable;
    let same = boxed.iter().all(|b| b.variable == first);
    let title = if same { Plot::label(session, first) } else { String::new() };
    let ends = data_ends(&series, horizontal).unwrap_or((0.0, 1.0));
    let values = options.figure.y.axis(session, Some(first), ends, &title);
    let mut names = options.figure.x.axis(session, None, (0.5, categories.len() as f64 + 0.5), "");
    names.ticks = Ticks::Categories(categories.iter().map(|c| c.text.clone()).collect());
    names.grid = false;
    names.label_size = options.overs.first().and_then(|o| o.size).or(names.label_size);
    let mut plane = Plane {
        series,
        texts: options.figure.texts.clone(),
        background: options.figure.plot_background,
        ..Plane::default()
    };
    if horizontal {
        names.reverse = true;
        (plane.x, plane.y) = (values, names);
        plane.x_lines.clone_from(&options.figure.y_lines);
    } else {
        (plane.x, plane.y) = (names, values);
        plane.y_lines.clone_from(&options.figure.y_lines);
    }
    plane
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjacent_and_outside_values_follow_the_fences() {
        let values: Vec<(f64, f64)> = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 20.0].map(|v| (v, 1.0)).to_vec();
        // quartiles 2.5 and 6.5, fences -3.5 and 12.5
        let stats = stats(&values, 1.0, 0.5).unwrap();
        assert_eq!((stats.q1, stats.median, stats.q3), (2.5, 4.5, 6.5));
        assert_eq!((stats.low, stats.high, stats.outside), (1.0, 7.0, vec![20.0]));
    }
}
