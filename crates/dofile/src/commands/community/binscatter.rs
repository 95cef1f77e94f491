//! `binscatter`: means of y over bins of x, after control variables are taken out, and the line of their regression. Written
//! from the help file of version 7.02 (Stepner 2013, Statistical Software Components S457709).

use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::frame::{Column, Variable};
use crate::matrix::{Matrix, Stripe};
use crate::ops::graphs::curves::{self, CurveOptions, Picture};
use crate::ops::run::quietly;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::abbreviates;
use crate::syntax::split::{ParsedCommand, unquote};
use crate::value::{MISSING, is_missing};
use estimators::qr::weighted_mean;
use figure::{Series, Shape, Style};
use std::path::Path;

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "controls and absorbed groups are taken out of y and x by regression, the means added back; bins by xtile over the whole sample; stores e(N nquantiles indepvar depvars linetype byvar), e(y#_coefs) with a row for each group; no weights, rd(), savedata(), medians; Stepner (2013)",
    examples: &[
        Example {
            run: "set obs 100\ngenerate x = _n\ngenerate double y = 3*x + mod(_n, 2)\nbinscatter y x, nquantiles(10) genxq(bin)\nmatrix c = e(y1_coefs)\nscalar n = e(N)\nregress y x\nscalar slope = _b[x]",
            expect: &[("reldif(c[1,1], slope) < 1e-12", 1.0), ("n", 100.0), ("bin[11]", 2.0)],
        },
        Example {
            // the slope after controls is the one of the full regression
            run: "set obs 120\ngenerate g = mod(_n, 4)\ngenerate double z = mod(7*_n, 13)\ngenerate double x = z + mod(5*_n, 11)\ngenerate double y = 2*x - z + g + mod(3*_n, 7)\nbinscatter y x, controls(z) absorb(g)\nmatrix c = e(y1_coefs)\nareg y x z, absorb(g)",
            expect: &[("reldif(c[1,1], _b[x]) < 1e-10", 1.0)],
        },
    ],
    ..CommandSpec::raw(
        "binscatter",
        10,
        run,
        "binscatter y [y ...] x [if] [in] [, nquantiles(#) controls(varlist) absorb(varname) noaddmean by(varname) discrete linetype(lfit|qfit|connect|none) genxq(newvar) savegraph(file) replace twoway_options]",
    )
};

/// `binscatter2` (Droste): the options of `binscatter` that this engine has.
pub(super) const SPEC_SECOND: CommandSpec = CommandSpec {
    name: "binscatter2",
    min: 11,
    notes: "as binscatter; its own options (altcontrols, quantiles(), stdevs() ...) are refused",
    examples: &[Example {
        run: "set obs 100\ngenerate x = _n\ngenerate double y = 3*x + mod(_n, 2)\nbinscatter2 y x, nquantiles(10)\nmatrix c = e(y1_coefs)\nregress y x",
        expect: &[("reldif(c[1,1], _b[x]) < 1e-12", 1.0)],
    }],
    syntax: "binscatter2 y [y ...] x [if] [in] [, nquantiles(#) controls(varlist) absorb(varname) noaddmean by(varname) discrete linetype(lfit|qfit|connect|none) genxq(newvar) savegraph(file) replace twoway_options]",
    ..SPEC
};

/// What the options say.
struct Request {
    bins: usize,
    controls: String,
    absorb: String,
    by: Option<usize>,
    discrete: bool,
    line: String,
    new_bins: Option<String>,
    add_mean: bool,
    /// File of the graph.
    file: Option<String>,
    /// The file may exist.
    replace: bool,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let parts = ParsedCommand::split("binscatter", &cmd.raw, false)?;
    if parts.weight.is_some() {
        return Err(StataError::unsupported_option("binscatter", "weights"));
    }
    let (request, figure) = read(s, &parts.option_text)?;
    let list = s.varlist(&parts.list)?;
    let [ys @ .., x] = &list[..] else { return Err(StataError::standard(102)) };
    if ys.is_empty() {
        return Err(StataError::standard(102));
    }
    let mut touse = s.rows(&parts)?;
    let mut needed = list.clone();
    needed.extend(request.by);
    needed.extend(s.varlist(&request.absorb)?);
    s.markout(&needed, &mut touse, true)?;
    for word in request.controls.split_whitespace() {
        let terms = crate::syntax::FvList::parse(&s.frame, word, s.settings.varabbrev)?;
        terms.markout(&s.frame, &mut touse)?;
    }
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let name = |v: usize, s: &Session| s.frame.var(v).name.clone();
    let (x_name, y_names) = (name(*x, s), ys.iter().map(|y| name(*y, s)).collect::<Vec<_>>());
    let xs = cleaned(s, &x_name, &request, &touse, &rows)?;
    let ys: Vec<Vec<f64>> =
        y_names.iter().map(|y| cleaned(s, y, &request, &touse, &rows)).collect::<Result<_>>()?;
    let bins = bins(s, &xs, &request, &rows)?;
    let groups = groups(s, &request, &rows);
    let mut series = Vec::new();
    let mut est = Estimation::default();
    for (k, y) in ys.iter().enumerate() {
        let mut coefficients = Vec::new();
        for (label, inside) in &groups {
            let number = series.len() / 2;
            let shown = match (ys.len() > 1, label.is_empty()) {
                (true, true) => y_names[k].clone(),
                (true, false) => format!("{}, {label}", y_names[k]),
                (false, _) => label.clone(),
            };
            let points = points(&xs, y, &bins, inside);
            let fit = fitted(&xs, y, inside, &request.line);
            coefficients.extend(&fit);
            series.extend(drawn(points, &fit, &request.line, number, shown));
        }
        let width = if request.line == "qfit" { 3 } else { 2 };
        if coefficients.len() == width * groups.len() {
            let mut m = Matrix::new(groups.len(), width, coefficients);
            m.row_names = (1..=groups.len()).map(|g| Stripe::term(format!("r{g}"))).collect();
            let names = [x_name.clone(), format!("{x_name}^2"), "_cons".to_string()];
            let names = if width == 3 {
                vec![names[1].clone(), names[0].clone(), names[2].clone()]
            } else {
                vec![names[0].clone(), names[2].clone()]
            };
            m.col_names = names.into_iter().map(Stripe::term).collect();
            est.results.matrix(&format!("y{}_coefs", k + 1), m);
        }
    }
    est.results.scalar("N", rows.len() as f64).scalar("nquantiles", request.bins as f64);
    est.results.text("cmd", "binscatter").text("indepvar", &x_name).text("depvars", y_names.join(" "));
    est.results.text("linetype", &request.line);
    if let Some(by) = request.by {
        est.results.text("byvar", name(by, s));
    }
    s.post_estimation(est, touse);
    let picture = Picture {
        x_title: x_name,
        y_title: if ys.len() == 1 { y_names[0].clone() } else { String::new() },
        series,
        used: rows.len(),
        ..Picture::default()
    };
    show_and_save(s, picture, figure, &request)
}

/// Shows the graph, and writes it where `savegraph()` names a file.
fn show_and_save(s: &mut Session, picture: Picture, figure: CurveOptions, request: &Request) -> Result<()> {
    curves::show(s, picture, figure)?;
    request.file.as_ref().map_or(Ok(()), |file| save_graph(s, file, request.replace))
}

/// Saves the graph in the form that the ending of the file names, as a graph of the engine without one.
fn save_graph(s: &mut Session, file: &str, replace: bool) -> Result<()> {
    let graph = Path::new(file).extension().is_none_or(|ending| ending.eq_ignore_ascii_case("gph"));
    let verb = if graph { "save" } else { "export" };
    quietly(s, &format!("graph {verb} `\"{file}\"'{}", if replace { ", replace" } else { "" }))
}

fn read(s: &Session, text: &str) -> Result<(Request, CurveOptions)> {
    let mut request = Request {
        bins: 20,
        controls: String::new(),
        absorb: String::new(),
        by: None,
        discrete: false,
        line: "lfit".to_string(),
        new_bins: None,
        add_mean: true,
        file: None,
        replace: false,
    };
    let refused =
        ["RD", "SAVEdata", "MEDians", "XQ", "FASTxtile", "RANDVar", "RANDCut", "RANDN", "REPORTreg"];
    let figure = CurveOptions::read(s, "binscatter", text, &refused, |name, argument| {
        let argument = argument.map(str::trim);
        match argument {
            Some(n) if abbreviates(name, "Nquantiles") => {
                let count = n.parse::<usize>().ok().filter(|n| (1..=1000).contains(n));
                request.bins = count.ok_or_else(|| StataError::invalid("nquantiles() invalid"))?;
            }
            Some(list) if name == "controls" => request.controls = list.to_string(),
            Some(v) if name == "absorb" => request.absorb = v.to_string(),
            Some(v) if name == "by" => request.by = Some(s.variable(v)?),
            Some(v) if abbreviates(name, "GENXq") => request.new_bins = Some(v.to_string()),
            Some(v) if abbreviates(name, "LINEtype") => {
                if !["lfit", "qfit", "connect", "none"].contains(&v) {
                    return Err(StataError::new(198, format!("linetype({v}) invalid")));
                }
                request.line = v.to_string();
            }
            Some(file) if abbreviates(name, "SAVEGraph") => request.file = Some(unquote(file).to_string()),
            None if name == "replace" => request.replace = true,
            None if name == "discrete" => request.discrete = true,
            None if abbreviates(name, "noADDmean") => request.add_mean = false,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok((request, figure))
}

/// Values of a variable in the sample, without what controls and absorbed groups explain; its mean is added back.
fn cleaned(
    s: &mut Session,
    name: &str,
    request: &Request,
    touse: &[bool],
    rows: &[usize],
) -> Result<Vec<f64>> {
    const MARK: &str = "__binscatter_sample";
    const RESIDUAL: &str = "__binscatter_residual";
    let position = s.frame.position(name)?;
    let values: Vec<f64> = rows.iter().map(|r| s.frame.num_at(position, *r)).collect();
    if request.controls.is_empty() && request.absorb.is_empty() {
        return Ok(values);
    }
    let marks = touse.iter().map(|u| f64::from(u8::from(*u))).collect();
    s.frame.add(Variable::new(MARK, Column::Double(marks)))?;
    let (model, option) = if request.absorb.is_empty() {
        ("regress", String::new())
    } else {
        ("areg", format!(", absorb({})", request.absorb))
    };
    let line = format!("{model} {name} {} if {MARK}{option}", request.controls);
    let found = quietly(s, &line)
        .and_then(|()| quietly(s, &format!("predict double {RESIDUAL} if {MARK}, residuals")))
        .and_then(|()| {
            let column = s.frame.position(RESIDUAL)?;
            Ok(rows.iter().map(|r| s.frame.num_at(column, *r)).collect::<Vec<f64>>())
        });
    let temporary: Vec<usize> = [MARK, RESIDUAL].iter().filter_map(|n| s.frame.find(n)).collect();
    s.frame.drop_vars(&temporary);
    let mean = if request.add_mean { weighted_mean(&values, None) } else { 0.0 };
    Ok(found?.into_iter().map(|e| e + mean).collect())
}

/// The bin of each row, from one: by quantiles of x, with `discrete` by its values.
fn bins(s: &mut Session, x: &[f64], request: &Request, rows: &[usize]) -> Result<Vec<usize>> {
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    let bin: Vec<usize> = if request.discrete {
        sorted.dedup();
        x.iter().map(|v| sorted.partition_point(|w| w < v) + 1).collect()
    } else {
        // as xtile: a value equal to a percentile belongs to the bin below it
        let n = sorted.len();
        let cut = |k: usize| {
            let (whole, rest) = (n * k / request.bins, n * k % request.bins);
            if rest > 0 { sorted[whole] } else { (sorted[whole - 1] + sorted[whole]) / 2.0 }
        };
        let cuts: Vec<f64> = (1..request.bins).map(cut).collect();
        x.iter().map(|v| cuts.partition_point(|c| c < v) + 1).collect()
    };
    if let Some(name) = &request.new_bins {
        let mut column = vec![MISSING; s.frame.n_rows()];
        rows.iter().zip(&bin).for_each(|(row, b)| column[*row] = *b as f64);
        s.frame.add(Variable::new(name, Column::Double(column)))?;
    }
    Ok(bin)
}

/// Labels of the groups of `by()` and their rows within the sample.
fn groups(s: &Session, request: &Request, rows: &[usize]) -> Vec<(String, Vec<bool>)> {
    let Some(by) = request.by else { return vec![(String::new(), vec![true; rows.len()])] };
    let text = |row: usize| match (s.frame.var(by).is_string(), s.frame.labels_of(by)) {
        (true, _) => s.frame.str_at(by, row).to_string(),
        (false, labels) => {
            let value = s.frame.num_at(by, row);
            labels
                .and_then(|l| l.get(value))
                .map_or_else(|| crate::format::bare("%9.0g", value), str::to_string)
        }
    };
    s.frame
        .ordered(&[by], rows.to_vec())
        .into_iter()
        .map(text)
        .fold(Vec::<String>::new(), |mut seen, label| {
            if !seen.contains(&label) {
                seen.push(label);
            }
            seen
        })
        .into_iter()
        .map(|label| {
            let inside = rows.iter().map(|r| text(*r) == label).collect();
            (label, inside)
        })
        .collect()
}

/// Means of x and y in each bin of a group.
fn points(x: &[f64], y: &[f64], bins: &[usize], inside: &[bool]) -> Vec<(f64, f64)> {
    let last = bins.iter().copied().max().unwrap_or(0);
    (1..=last)
        .filter_map(|bin| {
            let own: Vec<usize> = (0..x.len()).filter(|i| inside[*i] && bins[*i] == bin).collect();
            let mean = |v: &[f64]| weighted_mean(&own.iter().map(|i| v[*i]).collect::<Vec<_>>(), None);
            (!own.is_empty()).then(|| (mean(x), mean(y)))
        })
        .collect()
}

/// Coefficients of the line through the rows of a group, the constant last; empty for other lines.
fn fitted(x: &[f64], y: &[f64], inside: &[bool], line: &str) -> Vec<f64> {
    if !["lfit", "qfit"].contains(&line) {
        return Vec::new();
    }
    let pick =
        |v: &[f64]| -> Vec<f64> { v.iter().zip(inside).filter(|(_, i)| **i).map(|(v, _)| *v).collect() };
    let (x, y) = (pick(x), pick(y));
    let squares: Vec<f64> = x.iter().map(|v| v * v).collect();
    let columns: Vec<&[f64]> = if line == "qfit" { vec![&squares, &x] } else { vec![&x] };
    let request = estimators::ols::Request { constant: true, ..estimators::ols::Request::new(&y, &columns) };
    match estimators::ols::fit(&request) {
        Ok(fit) if fit.b.len() == columns.len() + 1 => fit.b,
        _ => Vec::new(),
    }
}

/// The points of a group and its line between them.
fn drawn(points: Vec<(f64, f64)>, fit: &[f64], line: &str, number: usize, label: String) -> Vec<Series> {
    let known: Vec<(f64, f64)> =
        points.into_iter().filter(|p| !is_missing(p.0) && !is_missing(p.1)).collect();
    let height = |x: f64| fit.iter().fold(0.0, |sum, b| sum * x + b);
    let ends = known.first().zip(known.last()).map(|(a, b)| (a.0, b.0));
    let path = match (line, ends) {
        ("connect", _) => known.clone(),
        ("lfit" | "qfit", Some((low, high))) if !fit.is_empty() => {
            (0..=40).map(|k| low + (high - low) * f64::from(k) / 40.0).map(|x| (x, height(x))).collect()
        }
        _ => Vec::new(),
    };
    let make = |label: String, shape| Series { label, number, shape, style: Style::default() };
    vec![
        make(label, Shape::Points { points: known }),
        make(String::new(), Shape::Line { points: path, step: false }),
    ]
}
