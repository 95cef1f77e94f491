//! `estat sbcusum` after `regress`: cumulative sums of residuals. Formulas: [TS] estat sbcusum; numbers: `estimators::structural_breaks`.

use super::breaks::{Sample, path_variable};
use super::series;
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::ops::graphs::plain::{Plain, RawOption, show};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::split::ParsedCommand;
use estimators::ols::{self, Request};
use estimators::structural_breaks::{Cusum, recursive_residuals};
use figure::{Color, Range, Series, Shape, Style};

/// `estat sbcusum`.
pub(super) fn cusum(session: &mut Session, call: &Call) -> Result<()> {
    call.no_list()?;
    let own = ParsedCommand::split("estat sbcusum", &format!("{}, {}", call.list, call.option_text), false)?;
    let (mut kind, mut level, mut new, mut drawn) = (Cusum::Recursive, session.settings.level, None, true);
    let mut rest: Vec<RawOption> = Vec::new();
    for option in split_options(&own.option_text)? {
        let is = |declared: &str| abbreviates(&option.0, declared);
        match &option.1 {
            None if is("RECursive") => kind = Cusum::Recursive,
            None if is("ols") => kind = Cusum::Ols,
            None if is("NOGraph") => drawn = false,
            Some(text) if is("GENerate") => new = Some(text.trim().to_string()),
            Some(text) if is("Level") => {
                level = parse_number(text)
                    .filter(|l| (10.0..=99.99).contains(l))
                    .ok_or_else(|| StataError::new(198, "level() must be between 10 and 99.99 inclusive"))?;
            }
            None if is("SQUared") => return Err(StataError::unsupported_option("estat sbcusum", "squared")),
            _ => rest.push(option),
        }
    }
    let data = Sample::of(session)?;
    let (start, path) = path_of(&data, kind)?;
    let length = path.len() as f64;
    let share = |i: usize| (i + 1) as f64 / length;
    let statistic = (0..path.len()).map(|i| path[i].abs() / kind.bound(share(i))).fold(0.0, f64::max);
    let critical = [0.01, 0.05, 0.1].map(|l| kind.critical(l));
    let name = if kind == Cusum::Ols { "ols" } else { "recursive" };
    let (from, to) = (data.date(0), data.date(data.y.len() - 1));
    session.print("");
    session.print("Cumulative sum test for parameter stability");
    session.print("");
    let n = format::bare("%10.0fc", data.y.len() as f64);
    session.print(format!("{:<50}Number of obs = {:>10}", format!("Sample: {from} thru {to}"), n.trim()));
    session.print("H0: No structural break");
    session.print("");
    session.print(format!("{:>42}{:>18}{:>18}", "1% Critical", "5% Critical", "10% Critical"));
    session.print(format!(
        " {:<12}{:>14}{:>12}{:>18}{:>18}",
        "Statistic", "Test statistic", "value", "value", "value"
    ));
    session.print("-".repeat(78));
    let cell = |x: f64| format::bare("%9.4f", x);
    session.print(format!(
        " {name:<12}{:>14}{:>14}{:>18}{:>18}",
        cell(statistic),
        cell(critical[0]),
        cell(critical[1]),
        cell(critical[2])
    ));
    session.print("-".repeat(78));
    let mut r = Results::default();
    let mut values = Matrix::new(1, 3, critical.to_vec());
    values.col_names = ["1%", "5%", "10%"].map(Stripe::term).to_vec();
    r.scalar("cusum", statistic).scalar("level", level).scalar("df", length).matrix("cvalues", values);
    r.text("statistic", name).text("tmins", from).text("tmaxs", to);
    let rows = &data.rows[start..];
    if let Some(name) = new {
        path_variable(session, &name, rows, &path)?;
    }
    if drawn {
        let bound = kind.critical(1.0 - level / 100.0);
        draw(session, &data, (start, &path), (level, &|i| bound * kind.bound(share(i))), &rest)?;
    }
    session.r = r;
    Ok(())
}

/// The first row of the path, and the path over the square root of its length.
fn path_of(data: &Sample, kind: Cusum) -> Result<(usize, Vec<f64>)> {
    let k = data.parameters();
    let (start, residuals, scale) = if kind == Cusum::Ols {
        let columns: Vec<&[f64]> = data.columns.iter().map(Vec::as_slice).collect();
        let request = Request { constant: data.constant, ..Request::new(&data.y, &columns) };
        let fit = ols::fit(&request).map_err(fit_error)?;
        let fitted = estimators::qr::predict(&columns, &fit.basis.kept, data.constant, &fit.b);
        let residuals: Vec<f64> = data.y.iter().zip(&fitted).map(|(y, f)| y - f).collect();
        (0, residuals, fit.rss / (data.y.len() - k) as f64)
    } else {
        let row = |t: usize| -> Vec<f64> {
            data.columns.iter().map(|c| c[t]).chain(data.constant.then_some(1.0)).collect()
        };
        let rows: Vec<Vec<f64>> = (0..data.y.len()).map(row).collect();
        let (start, residuals) = recursive_residuals(&data.y, &rows);
        let n = residuals.len() as f64;
        let mean = residuals.iter().sum::<f64>() / n;
        let squares: f64 = residuals.iter().map(|w| (w - mean).powi(2)).sum();
        (start, residuals, squares / (n - 1.0))
    };
    if residuals.len() < 3 || scale.partial_cmp(&0.0) != Some(std::cmp::Ordering::Greater) {
        return Err(StataError::insufficient_observations());
    }
    let unit = (scale * residuals.len() as f64).sqrt();
    let mut sum = 0.0;
    let path = residuals
        .iter()
        .map(|w| {
            sum += w;
            sum / unit
        })
        .collect();
    Ok((start, path))
}

/// The path and its bounds.
fn draw(
    session: &mut Session,
    data: &Sample,
    (start, path): (usize, &[f64]),
    (level, bound): (f64, &dyn Fn(usize) -> f64),
    rest: &[RawOption],
) -> Result<()> {
    let at = |i: usize| data.times[start + i];
    let ranges = (0..path.len()).map(|i| Range { at: at(i), low: -bound(i), high: bound(i) }).collect();
    let points = path.iter().enumerate().map(|(i, v)| (at(i), *v)).collect();
    let series = |number: usize, shape: Shape, style: Style, label: &str| Series {
        label: label.to_string(),
        number,
        shape,
        style,
    };
    let grey = Style { fill: Color::parse("gs13"), ..Style::default() };
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    let (_, time) = series::declared(session)?;
    let plain = Plain {
        series: vec![
            series(0, Shape::Band { ranges }, grey, &format!("{level}% bounds")),
            series(1, Shape::Line { points, step: false }, Style::default(), "cusum"),
        ],
        title: format!("Cusum plot of {depvar}"),
        note: format!("with {level}% confidence bands around the null"),
        x_title: session.frame.var(time).name.clone(),
        ..Plain::default()
    };
    show(session, plain, rest)
}
