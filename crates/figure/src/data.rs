//! What a figure shows as a table: one row for each mark, in drawing order, in data units. Colours, sizes and places on the
//! page are left out.

use super::model::{Axis, Body, BoxStats, Figure, Heat, Panel, Pie, Plane, Range, RefLine, Shape, Ticks};

/// The columns of the table; those without a value in any row are left out.
const COLUMNS: [&str; 12] =
    ["panel", "series", "mark", "x", "x_label", "y", "y_label", "low", "q1", "q3", "high", "text"];

/// A row: the texts of [`COLUMNS`].
type Row = [String; COLUMNS.len()];

/// Places of the columns in a [`Row`].
const PANEL: usize = 0;
const SERIES: usize = 1;
const MARK: usize = 2;
const X: usize = 3;
const X_LABEL: usize = 4;
const Y: usize = 5;
const Y_LABEL: usize = 6;
const LOW: usize = 7;
const Q1: usize = 8;
const Q3: usize = 9;
const HIGH: usize = 10;
const TEXT: usize = 11;

/// Returns what a figure shows as CSV (RFC 4180, UTF-8): a header, then a row for each mark. Numbers are written with as many
/// digits as they need to be read back exactly; marks without a position are left out.
pub fn to_csv(figure: &Figure) -> String {
    let mut rows = Vec::new();
    panels(figure, "", &mut rows);
    let used: Vec<usize> =
        (0..COLUMNS.len()).filter(|column| rows.iter().any(|row| !row[*column].is_empty())).collect();
    let line = |cells: Vec<&str>| cells.into_iter().map(quoted).collect::<Vec<_>>().join(",") + "\n";
    let mut out = line(used.iter().map(|column| COLUMNS[*column]).collect());
    for row in &rows {
        out.push_str(&line(used.iter().map(|column| row[*column].as_str()).collect()));
    }
    out
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

fn panels(figure: &Figure, within: &str, rows: &mut Vec<Row>) {
    for (n, panel) in figure.panels.iter().enumerate() {
        let name = if figure.panels.len() == 1 { within.to_owned() } else { named(panel, n, within) };
        let begin = rows.len();
        match &panel.body {
            Body::Plane(plane) => plane_rows(plane, figure, rows),
            Body::Pie(pie) => pie_rows(pie, rows),
            Body::Heat(heat) => heat_rows(heat, rows),
            Body::Figure(inner) => panels(inner, &name, rows),
        }
        if !matches!(panel.body, Body::Figure(_)) {
            rows[begin..].iter_mut().for_each(|row| row[PANEL].clone_from(&name));
        }
    }
}

/// The name of a panel among several: its title, else its number.
fn named(panel: &Panel, n: usize, within: &str) -> String {
    let title = match &panel.body {
        Body::Figure(inner) if panel.title.is_empty() => &inner.title,
        _ => &panel.title,
    };
    let own = if title.is_empty() { (n + 1).to_string() } else { title.clone() };
    if within.is_empty() { own } else { format!("{within}: {own}") }
}

fn row(mark: &str, cells: &[(usize, String)]) -> Row {
    let mut row = Row::default();
    mark.clone_into(&mut row[MARK]);
    cells.iter().for_each(|(column, text)| row[*column].clone_from(text));
    row
}

/// The text of a number; empty for one that is not finite.
fn number(value: f64) -> String {
    // a zero without a sign
    let value = if value == 0.0 { 0.0 } else { value };
    if value.is_finite() { value.to_string() } else { String::new() }
}

/// The words of an axis at a value: of a category, a labelled tick, or a date.
fn label(axis: &Axis, value: f64) -> String {
    let near = |at: f64| (at - value).abs() <= 1e-9 * value.abs().max(1.0);
    let listed = match &axis.ticks {
        Ticks::Labelled(labels) => labels.iter().find(|(at, _)| near(*at)).map(|(_, text)| text.clone()),
        Ticks::Categories(texts) => {
            let mut numbered = (1_u32..).zip(texts);
            numbered.find(|(n, _)| near(f64::from(*n))).map(|(_, text)| text.clone())
        }
        _ => axis.text.as_ref().map(|text| (text.0)(value)),
    };
    listed.unwrap_or_default()
}

fn plane_rows(plane: &Plane, figure: &Figure, rows: &mut Vec<Row>) {
    let begin = rows.len();
    let mut of_second: Vec<usize> = Vec::new();
    for (position, series) in plane.series.iter().enumerate() {
        let first = rows.len();
        series_rows(&series.shape, rows);
        let name = name_of(plane, figure, position);
        rows[first..].iter_mut().for_each(|row| row[SERIES].clone_from(&name));
        if let Some(second) = plane.second.as_ref().filter(|s| s.series.contains(&position)) {
            of_second.extend(first..rows.len());
            rows[first..].iter_mut().for_each(|row| name_value(row, Y, Y_LABEL, &second.axis));
        }
    }
    let lines = |lines: &[RefLine], mark: &str, column: usize, rows: &mut Vec<Row>| {
        rows.extend(lines.iter().map(|line| row(mark, &[(column, number(line.at))])));
    };
    lines(&plane.x_lines, "vertical line", X, rows);
    lines(&plane.y_lines, "horizontal line", Y, rows);
    for text in &plane.texts {
        rows.push(row("text", &[(X, number(text.x)), (Y, number(text.y)), (TEXT, text.text.clone())]));
    }
    for (at, row) in rows.iter_mut().enumerate().skip(begin) {
        name_value(row, X, X_LABEL, &plane.x);
        if of_second.binary_search(&at).is_err() {
            name_value(row, Y, Y_LABEL, &plane.y);
        }
    }
}

/// Puts the words of an axis beside a value.
fn name_value(row: &mut Row, at: usize, words: usize, axis: &Axis) {
    if let Ok(value) = row[at].parse() {
        row[words] = label(axis, value);
    }
}

/// The words of a series: those of the legend, its own, else its number where there are several.
fn name_of(plane: &Plane, figure: &Figure, position: usize) -> String {
    let entries = figure.legend.order.as_deref().unwrap_or_default();
    let of_legend = entries.iter().find(|(at, _)| *at == position).map(|(_, text)| text);
    let own = plane.series.get(position).map(|series| &series.label);
    match of_legend.or(own).filter(|words| !words.is_empty()) {
        Some(words) => words.clone(),
        None if plane.series.len() > 1 => (position + 1).to_string(),
        None => String::new(),
    }
}

fn series_rows(shape: &Shape, rows: &mut Vec<Row>) {
    let points = |mark: &str, points: &[(f64, f64)], rows: &mut Vec<Row>| {
        let shown = points.iter().filter(|(x, y)| x.is_finite() && y.is_finite());
        rows.extend(shown.map(|(x, y)| row(mark, &[(X, number(*x)), (Y, number(*y))])));
    };
    match shape {
        Shape::Points { points: at } => points("point", at, rows),
        Shape::Line { points: at, step } => points(if *step { "step" } else { "line" }, at, rows),
        Shape::Connected { points: at } => points("connected", at, rows),
        Shape::Area { points: at, .. } => points("area", at, rows),
        Shape::Band { ranges } => range_rows("band", ranges, false, rows),
        Shape::Ranges { ranges, horizontal, .. } => range_rows("interval", ranges, *horizontal, rows),
        Shape::Bars { bars, horizontal } => {
            let (at, end) = if *horizontal { (Y, X) } else { (X, Y) };
            let shown = bars.iter().filter(|bar| bar.at.is_finite() && bar.to.is_finite());
            rows.extend(shown.map(|bar| {
                let base = if bar.from == 0.0 { String::new() } else { number(bar.from) };
                row("bar", &[(at, number(bar.at)), (end, number(bar.to)), (LOW, base)])
            }));
        }
        Shape::Boxes { boxes, horizontal } => boxes.iter().for_each(|one| box_rows(one, *horizontal, rows)),
    }
}

fn range_rows(mark: &str, ranges: &[Range], horizontal: bool, rows: &mut Vec<Row>) {
    let at = if horizontal { Y } else { X };
    let shown = ranges.iter().filter(|r| [r.at, r.low, r.high].iter().all(|value| value.is_finite()));
    rows.extend(
        shown.map(|r| row(mark, &[(at, number(r.at)), (LOW, number(r.low)), (HIGH, number(r.high))])),
    );
}

/// A box with its median as the position of the value, and a row for each outside value.
fn box_rows(one: &BoxStats, horizontal: bool, rows: &mut Vec<Row>) {
    let (at, value) = if horizontal { (Y, X) } else { (X, Y) };
    let place = (at, number(one.at));
    rows.push(row(
        "box",
        &[
            place.clone(),
            (value, number(one.median)),
            (LOW, number(one.low)),
            (Q1, number(one.q1)),
            (Q3, number(one.q3)),
            (HIGH, number(one.high)),
        ],
    ));
    let outside = one.outside.iter().filter(|outside| outside.is_finite());
    rows.extend(outside.map(|outside| row("outside value", &[place.clone(), (value, number(*outside))])));
}

fn pie_rows(pie: &Pie, rows: &mut Vec<Row>) {
    rows.extend(pie.slices.iter().map(|(text, size, _)| {
        let mut slice = row("slice", &[(Y, number(*size))]);
        slice[SERIES].clone_from(text);
        slice
    }));
}

fn heat_rows(heat: &Heat, rows: &mut Vec<Row>) {
    for (name, values) in heat.rows.iter().zip(&heat.values) {
        for (column, value) in heat.columns.iter().zip(values).filter(|(_, value)| value.is_finite()) {
            let cells = [(X_LABEL, column.clone()), (Y_LABEL, name.clone()), (TEXT, number(*value))];
            rows.push(row("cell", &cells));
        }
    }
}
