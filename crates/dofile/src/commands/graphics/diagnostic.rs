//! `rvfplot`, `rvpplot`, `lvr2plot`, `avplot`, `avplots`, `cprplot` and `acprplot`: graphs of residuals after `regress`.
//! Formulas: [R] regress postestimation diagnostic plots; Belsley, Kuh and Welsch (1980), Regression Diagnostics.

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::format;
use crate::ops::graphs::plain::{Plain, RawOption, show, show_panels};
use crate::ops::predict::{design, outcome};
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::value::is_missing;
use estimators::ols::{self, Request};
use estimators::smoothing::lowess;
use figure::{Series, Shape, Style, TextMark};

const fn spec(
    name: &'static str,
    min: usize,
    syntax: &'static str,
    examples: &'static [Example],
) -> CommandSpec {
    CommandSpec {
        name,
        min,
        form: Form::Raw,
        by: ByRule::No,
        run,
        syntax,
        notes: "after regress; no results; [R] regress postestimation diagnostic plots",
        examples,
    }
}

/// The commands.
pub(super) const SPECS: [CommandSpec; 7] = [
    spec(
        "rvfplot",
        7,
        "rvfplot [, mlabel(varname) twoway_options]",
        &[Example {
            run: "set obs 20\ngenerate x = _n\ngenerate y = 3 + 2*x + mod(_n, 3)\nregress y x\nrvfplot",
            expect: &[("e(N)", 20.0), ("c(k)", 2.0)],
        }],
    ),
    spec(
        "rvpplot",
        7,
        "rvpplot indepvar [, mlabel(varname) twoway_options]",
        &[Example {
            run: "set obs 20\ngenerate x = _n\ngenerate y = 3 + 2*x + mod(_n, 3)\nregress y x\nrvpplot x",
            expect: &[("e(N)", 20.0), ("c(k)", 2.0)],
        }],
    ),
    spec(
        "lvr2plot",
        8,
        "lvr2plot [, mlabel(varname) twoway_options]",
        &[Example {
            run: "set obs 20\ngenerate x = _n\ngenerate y = 3 + 2*x + mod(_n, 3)\nregress y x\nlvr2plot",
            expect: &[("e(N)", 20.0), ("c(k)", 2.0)],
        }],
    ),
    spec(
        "avplot",
        6,
        "avplot indepvar [, mlabel(varname) twoway_options]",
        &[Example {
            run: "set obs 20\ngenerate x = _n\ngenerate z = mod(_n*7, 11)\ngenerate y = 3 + 2*x - z + mod(_n, 3)\nregress y x z\navplot x",
            expect: &[("e(N)", 20.0), ("c(k)", 3.0)],
        }],
    ),
    spec(
        "avplots",
        7,
        "avplots [, twoway_options]",
        &[Example {
            run: "set obs 20\ngenerate x = _n\ngenerate z = mod(_n*7, 11)\ngenerate y = 3 + 2*x - z + mod(_n, 3)\nregress y x z\navplots",
            expect: &[("e(N)", 20.0), ("c(k)", 3.0)],
        }],
    ),
    spec(
        "cprplot",
        7,
        "cprplot indepvar [, lowess lsopts(bwidth(#)) twoway_options]",
        &[Example {
            run: "set obs 20\ngenerate x = _n\ngenerate z = mod(_n*7, 11)\ngenerate y = 3 + 2*x - z + mod(_n, 3)\nregress y x z\ncprplot x",
            expect: &[("e(N)", 20.0), ("c(k)", 3.0)],
        }],
    ),
    spec(
        "acprplot",
        8,
        "acprplot indepvar [, lowess lsopts(bwidth(#)) twoway_options]",
        &[Example {
            // An exact square: the augmented component is the outcome, without its constant.
            run: "set obs 5\ngenerate x = _n\ngenerate y = 3 + 2*x + x^2\nregress y x\nacprplot x\ntempfile f\ngraph export `f'.csv\nimport delimited using `f'.csv, clear asdouble\nkeep in 1/5\ngenerate far = abs(y - (2*x + x^2))\nsummarize far\nerase `f'.csv",
            expect: &[("r(N)", 5.0), ("r(max) < 1e-9", 1.0)],
        }],
    ),
];

/// Values of a prediction in rows of the data; the variable that holds them is removed again.
fn predicted(s: &mut Session, statistic: &str, rows: &[usize]) -> Result<Vec<f64>> {
    const NAME: &str = "__diagnostic";
    quietly(s, &format!("predict double {NAME}, {statistic}"))?;
    let values = s.numeric_variable(NAME).map(|v| rows.iter().map(|r| s.frame.num_at(v, *r)).collect());
    quietly(s, &format!("drop {NAME}"))?;
    values
}

/// What a graph shows: points, a line through them, and titles.
struct Picture {
    points: Vec<(f64, f64)>,
    line: Option<(f64, f64)>,
    /// A smooth through the points.
    curve: Vec<(f64, f64)>,
    titles: (String, String),
    note: String,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let own = ParsedCommand::whole(&cmd.name, &cmd.raw)?;
    if s.e.cmd() != "regress" {
        return Err(StataError::no_estimates());
    }
    if s.e.results.get_text("wtype").is_some() && cmd.name.starts_with("avplot") {
        return Err(StataError::unsupported_option(&cmd.name, "after weighted regressions"));
    }
    let mut rest = split_options(&own.option_text)?;
    let smooth = smooth(&cmd.name, &mut rest)?;
    let labels = marker_labels(s, &cmd.name, &mut rest)?;
    let sample = s.required_estimation_sample()?;
    let rows: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
    let list = own.list.trim();
    let needs = matches!(cmd.name.as_str(), "rvpplot" | "avplot" | "cprplot" | "acprplot");
    if needs && list.is_empty() {
        return Err(StataError::standard(100));
    }
    if !needs && !list.is_empty() {
        return Err(StataError::new(198, format!("{list} not allowed")));
    }
    if cmd.name == "avplots" {
        return all_added(s, &rows, &rest);
    }
    let mut picture = match cmd.name.as_str() {
        "rvfplot" => {
            let (x, y) = (predicted(s, "xb", &rows)?, predicted(s, "residuals", &rows)?);
            plain(x, y, "Fitted values", "Residuals")
        }
        "lvr2plot" => {
            let (h, e) = (predicted(s, "leverage", &rows)?, predicted(s, "residuals", &rows)?);
            let total: f64 = e.iter().map(|e| e * e).sum();
            let share = e.iter().map(|e| e * e / total).collect();
            plain(share, h, "Normalized residual squared", "Leverage")
        }
        name => component(s, name, list, &rows)?,
    };
    if let Some(bandwidth) = smooth {
        let mut sorted = picture.points.clone();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        picture.curve = lowess(&sorted, bandwidth, false, false);
    }
    let texts = match labels {
        Some(v) if picture.points.len() == rows.len() => {
            let text = |(row, p): (&usize, &(f64, f64))| TextMark {
                x: p.0,
                y: p.1,
                text: s.cell_text(v, *row, false).trim().to_string(),
                clock: 3,
                color: None,
                size: None,
            };
            rows.iter().zip(&picture.points).map(text).collect()
        }
        _ => Vec::new(),
    };
    show(s, Plain { texts, ..drawn(picture) }, &rest)
}

/// Takes `mlabel(varname)` off the options of a plot with one marker for each observation.
fn marker_labels(s: &Session, name: &str, rest: &mut Vec<RawOption>) -> Result<Option<usize>> {
    let is = |o: &RawOption| name != "avplots" && abbreviates(&o.0, "MLABel");
    let Some(option) = rest.iter().find(|o| is(o)).cloned() else { return Ok(None) };
    rest.retain(|o| !is(o));
    option.1.map(|v| s.variable(v.trim())).transpose()
}

/// Takes `lowess` and `lsopts(bwidth(#))` off the options of component-plus-residual plots.
fn smooth(name: &str, rest: &mut Vec<RawOption>) -> Result<Option<f64>> {
    if !matches!(name, "cprplot" | "acprplot") {
        return Ok(None);
    }
    if let Some(other) = rest.iter().find(|o| abbreviates(&o.0, "MSPline") || abbreviates(&o.0, "MSOPts")) {
        return Err(StataError::unsupported_option(name, &other.0));
    }
    let mut bandwidth = None;
    let is = |o: &RawOption| abbreviates(&o.0, "LOWess") || abbreviates(&o.0, "LSOPts");
    for option in rest.iter().filter(|o| is(o)) {
        let mut own = 0.8;
        for (inner, value) in split_options(option.1.as_deref().unwrap_or(""))? {
            let number = value.as_deref().and_then(parse_number).filter(|b| *b > 0.0 && *b <= 1.0);
            match number {
                Some(number) if abbreviates(&inner, "BWidth") => own = number,
                _ => return Err(StataError::option_not_allowed(&inner)),
            }
        }
        // lsopts() asks for the smooth too, and its bandwidth counts
        bandwidth = if option.1.is_some() { Some(own) } else { bandwidth.or(Some(own)) };
    }
    rest.retain(|o| !is(o));
    Ok(bandwidth)
}

/// A panel for each regressor that is not omitted.
fn all_added(s: &mut Session, rows: &[usize], rest: &[RawOption]) -> Result<()> {
    let parameters = Parameters::of(&s.e)?;
    let shown = |j: &usize| parameters.stripe[*j].name != "_cons" && parameters.v[(*j, *j)] > 0.0;
    let names: Vec<String> =
        (0..parameters.b.len()).filter(shown).map(|j| parameters.stripe[j].name.clone()).collect();
    let mut panels = Vec::new();
    for name in names {
        let mut picture = component(s, "avplot", &name, rows)?;
        let heading = std::mem::take(&mut picture.note);
        panels.push((heading, drawn(picture)));
    }
    show_panels(s, panels, rest)
}

/// Points and line of a picture as series.
fn drawn(picture: Picture) -> Plain {
    let series =
        |number: usize, shape: Shape| Series { label: String::new(), number, shape, style: Style::default() };
    let xs = picture.points.iter().map(|p| p.0);
    let ends = [xs.clone().fold(f64::INFINITY, f64::min), xs.fold(f64::NEG_INFINITY, f64::max)];
    let used = picture.points.len();
    let mut all = vec![series(0, Shape::Points { points: picture.points })];
    if let Some((slope, constant)) = picture.line {
        let points = ends.map(|x| (x, constant + slope * x)).to_vec();
        all.push(series(1, Shape::Line { points, step: false }));
    }
    if !picture.curve.is_empty() {
        all.push(series(2, Shape::Line { points: picture.curve, step: false }));
    }
    Plain {
        series: all,
        note: picture.note,
        x_title: picture.titles.0,
        y_title: picture.titles.1,
        used: Some(used),
        ..Plain::default()
    }
}

fn plain(x: Vec<f64>, y: Vec<f64>, x_title: &str, y_title: &str) -> Picture {
    Picture {
        points: x.into_iter().zip(y).filter(|(x, y)| !is_missing(*x) && !is_missing(*y)).collect(),
        line: None,
        curve: Vec::new(),
        titles: (x_title.to_string(), y_title.to_string()),
        note: String::new(),
    }
}

/// A graph of one regressor: residuals against it, with its component, or net of the other regressors.
fn component(s: &mut Session, kind: &str, name: &str, rows: &[usize]) -> Result<Picture> {
    let parameters = Parameters::of(&s.e)?;
    let place =
        parameters.find(name).ok_or_else(|| StataError::new(398, format!("{name} is not in the model")))?;
    let positions: Vec<usize> = (0..parameters.b.len()).collect();
    let columns = design(&s.frame, &parameters, &positions, rows)?;
    let shown = parameters.stripe[place].name.clone();
    let (b, se) = (parameters.b[place], parameters.v[(place, place)].sqrt());
    if kind != "avplot" {
        let e = predicted(s, "residuals", rows)?;
        if kind == "rvpplot" {
            return Ok(plain(columns[place].clone(), e, &shown, "Residuals"));
        }
        if kind == "acprplot" {
            return augmented(s, &columns, place, rows, &shown);
        }
        let y = e.iter().zip(&columns[place]).map(|(e, x)| e + b * x).collect();
        let mut picture = plain(columns[place].clone(), y, &shown, "Component plus residual");
        picture.line = Some((b, 0.0));
        return Ok(picture);
    }
    let y = outcome(s, rows)?;
    let others: Vec<&[f64]> =
        (0..columns.len()).filter(|j| *j != place).map(|j| columns[j].as_slice()).collect();
    let net = |values: &[f64]| -> Result<Vec<f64>> {
        let request = Request { constant: false, ..Request::new(values, &others) };
        ols::fit(&request).map(|f| f.residuals).map_err(crate::estimation::display::fit_error)
    };
    let (x, y) = (net(&columns[place])?, net(&y)?);
    let cell = |x: f64| format::bare("%9.0g", x);
    let depvar = s.e.results.get_text("depvar").unwrap_or("").to_string();
    let mut picture = plain(x, y, &format!("e( {shown} | X )"), &format!("e( {depvar} | X )"));
    picture.line = Some((b, 0.0));
    picture.note = format!("coef = {}, se = {}, t = {}", cell(b), cell(se), format::bare("%5.2f", b / se));
    Ok(picture)
}

/// Mallows' (1986) augmented component plus residual: the model is fitted again with the square of the regressor, and
/// the line is the regression of the points on it.
fn augmented(
    s: &Session,
    columns: &[Vec<f64>],
    place: usize,
    rows: &[usize],
    shown: &str,
) -> Result<Picture> {
    if s.e.results.get_text("wtype").is_some() {
        return Err(StataError::unsupported_option("acprplot", "after weighted regressions"));
    }
    let x = &columns[place];
    // The square around the mean: the plot is the same up to a constant, and the fit is accurate.
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    let square: Vec<f64> = x.iter().map(|x| (x - mean).powi(2)).collect();
    let mut all: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    all.push(&square);
    let fit = |y: &[f64], columns: &[&[f64]], constant: bool| {
        ols::fit(&Request { constant, ..Request::new(y, columns) })
            .map_err(crate::estimation::display::fit_error)
    };
    let full = fit(&outcome(s, rows)?, &all, false)?;
    let slope = |at: usize| {
        let kept = full.basis.kept.iter().position(|k| *k == at);
        kept.map_or(0.0, |k| full.b[k])
    };
    let (b, c) = (slope(place), slope(all.len() - 1));
    // b x + c (x - mean)^2 is (b - 2 c mean) x + c x^2 and a constant, which the plot leaves out.
    let y: Vec<f64> =
        (0..x.len()).map(|i| full.residuals[i] + (b - 2.0 * c * mean) * x[i] + c * x[i] * x[i]).collect();
    let line = fit(&y, &[x.as_slice()], true)?;
    let mut picture = plain(x.clone(), y, shown, "Augmented component plus residual");
    picture.line = Some((line.b[0], line.b[line.b.len() - 1]));
    Ok(picture)
}
