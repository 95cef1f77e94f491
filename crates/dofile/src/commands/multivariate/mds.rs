//! `mds`, `mdslong` and `mdsmat`: classical metric multidimensional scaling ([MV] mds, [MV] mdslong, [MV] mdsmat). Numbers:
//! `estimators::scaling`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::cluster_object::measure;
use super::mds_show;
use super::shared::{columns_named, named, row_named};
use crate::error::{Result, StataError};
use crate::estimation::post::command_line;
use crate::estimation::survival::Records;
use crate::matrix::Stripe;
use crate::ops::record_groups::{Grouping, value_text};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::{ParsedCommand, front_and_options};
use crate::value::is_missing;
use estimators::matrix::Mat;
use estimators::scaling::Scaling;
use std::sync::Arc;

const COMMON: [OptSpec; 9] = [
    OptSpec::text("METHod"),
    OptSpec::text("NORMalize"),
    OptSpec::int("DIMensions"),
    OptSpec::flag("ADDconstant"),
    OptSpec::text("NEIGen"),
    OptSpec::flag("CONfig"),
    OptSpec::flag("noPLot"),
    OptSpec::text("s2d"),
    OptSpec::text("SHAPE"),
];
const REFUSED: &[&str] =
    &["LOSS", "TRANSform", "INITialize", "TOLerance", "LTOLerance", "ITERate", "PROTect"];

const SYNTAX: StandardSyntax = StandardSyntax::new(crate::concat_lists!(OptSpec; &COMMON, &[
    OptSpec::text("id"),
    OptSpec::text("MEASure"),
    OptSpec::flag_or_text("std"),
    OptSpec::flag_or_text("unit"),
]))
.unsupported(REFUSED);

const LONG: StandardSyntax =
    StandardSyntax::new(crate::concat_lists!(OptSpec; &COMMON, &[OptSpec::text("id")])).unsupported(REFUSED);

/// `mds`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "mds",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "mds varlist [if] [in], id(varname) [measure() std[(varlist)] unit[(varlist)] method(classical) normalize(principal) dimension(#) addconstant neigen(#|max) config noplot]",
    notes: "classical scaling only; no plot is drawn; the coordinate that is largest in absolute value is positive in each dimension; stores e(N p np addcons mardia1 mardia2), e(D Disparities Ev Y) e(method id dname); estat: config, correlations, stress; predict: config; [MV] mds",
    examples: &[Example {
        // corners of a rectangle of 4 by 2 around zero: coordinates are 2 and 1
        run: "input k x y\n1 0 0\n2 4 0\n3 4 2\n4 0 2\nend\nmds x y, id(k)\nmatrix Y = e(Y)\nmatrix v = e(Ev)",
        expect: &[
            ("abs(abs(Y[1,1]) - 2) < 1e-12", 1.0),
            ("abs(abs(Y[1,2]) - 1) < 1e-12", 1.0),
            ("reldif(v[1,1], 16) < 1e-12", 1.0),
            ("e(np)", 2.0),
            ("reldif(e(mardia1), 1) < 1e-12", 1.0),
        ],
    }],
};

/// `mdslong`.
pub(super) const SPEC_LONG: CommandSpec = CommandSpec {
    name: "mdslong",
    min: 7,
    form: Form::Standard(&LONG),
    by: ByRule::No,
    run: run_long,
    syntax: "mdslong depvar [if] [in], id(var1 var2) [s2d(standard|oneminus) method(classical) normalize(principal) dimension(#) addconstant neigen(#|max) config noplot]",
    notes: "an observation for each pair of objects; a pair that is there twice must have one value; as mds; [MV] mdslong",
    examples: &[Example {
        run: "input i j d\n1 2 3\n1 3 5\n2 3 4\nend\nmdslong d, id(i j)\nmatrix v = e(Ev)",
        // sides 3, 4 and 5: the eigenvalues sum to a third of the squared sides
        expect: &[("reldif(v[1,1] + v[1,2], 50/3) < 1e-12", 1.0), ("e(N)", 3.0)],
    }],
};

/// `mdsmat`.
pub(super) const SPEC_MATRIX: CommandSpec = CommandSpec {
    name: "mdsmat",
    min: 6,
    form: Form::Raw,
    by: ByRule::No,
    run: run_matrix,
    syntax: "mdsmat matname [, s2d(standard|oneminus) names(namelist) shape(full|lower|llower|upper|uupper) method(classical) normalize(principal) dimension(#) addconstant neigen(#|max) config noplot]",
    notes: "a matrix of dissimilarities, or with s2d() of similarities; as mds; [MV] mdsmat",
    examples: &[Example {
        run: "matrix D = (0, 3, 5 \\ 3, 0, 4 \\ 5, 4, 0)\nmdsmat D\nmatrix v = e(Ev)\nmatrix L = (3, 5, 4)\nmdsmat L, shape(uupper)\nmatrix w = e(Ev)",
        expect: &[("reldif(v[1,1] + v[1,2], 50/3) < 1e-12", 1.0), ("reldif(v[1,1], w[1,1]) < 1e-12", 1.0)],
    }],
};

/// Dissimilarities of objects with names.
struct Objects {
    gaps: Mat,
    names: Vec<String>,
    /// What the values are, for the header.
    about: String,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() {
        return if mds_show::active(s) {
            mds_show::show(s, &cmd.options)
        } else {
            Err(StataError::no_estimates())
        };
    }
    if cmd.has("shape") || cmd.has("s2d") {
        return Err(StataError::option_not_allowed(if cmd.has("shape") { "shape()" } else { "s2d()" }));
    }
    let variables = s.varlist(&cmd.list)?;
    let id = cmd.options.text("id").ok_or_else(|| StataError::new(198, "option id() required"))?;
    let id = s.variable(id.trim())?;
    if variables.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let mut touse = s.rows(cmd)?;
    s.markout(&variables, &mut touse, false)?;
    s.markout(&[id], &mut touse, true)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let word = cmd.options.text("measure").unwrap_or("L2").trim().to_string();
    let how = measure(&word)?;
    let (std, unit) = (chosen(s, cmd, "std", &variables)?, chosen(s, cmd, "unit", &variables)?);
    let columns: Vec<Vec<f64>> = variables
        .iter()
        .map(|v| {
            let column: Vec<f64> = rows.iter().map(|r| s.frame.num_at(*v, *r)).collect();
            scaled(column, std.contains(v), unit.contains(v))
        })
        .collect();
    let points: Vec<Vec<f64>> = (0..rows.len()).map(|i| columns.iter().map(|c| c[i]).collect()).collect();
    let names: Vec<String> = rows.iter().map(|r| value_text(s, id, *r)).collect();
    let mut sorted = names.clone();
    sorted.sort();
    if sorted.windows(2).any(|w| w[0] == w[1]) {
        return Err(StataError::new(459, format!("values of {} are not unique", s.frame.var(id).name)));
    }
    let n = rows.len();
    let gaps = Mat::from_fn(n, n, |i, j| if i == j { 0.0 } else { how.of(&points[i], &points[j]) });
    let about = format!("{word}, computed on {} variables", variables.len());
    let mut est = Estimation::default();
    est.results.text("id", s.frame.var(id).name.clone()).text("varlist", cmd.list.trim()).text("dname", word);
    finish(s, cmd, &cmd.options, Objects { gaps, names, about }, est, touse)
}

/// Variables of `std` or `unit`: all of them without an argument.
fn chosen(s: &Session, cmd: &ParsedCommand, option: &str, all: &[usize]) -> Result<Vec<usize>> {
    match cmd.options.text(option).map(str::trim) {
        Some(list) if !list.is_empty() => s.varlist(list),
        _ if cmd.has(option) => Ok(all.to_vec()),
        _ => Ok(Vec::new()),
    }
}

/// A variable with mean zero and variance one, or between zero and one.
fn scaled(x: Vec<f64>, std: bool, unit: bool) -> Vec<f64> {
    let n = x.len() as f64;
    let (shift, scale) = if std {
        let mean = x.iter().sum::<f64>() / n;
        (mean, (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt())
    } else if unit {
        let low = x.iter().copied().fold(f64::INFINITY, f64::min);
        (low, x.iter().copied().fold(f64::NEG_INFINITY, f64::max) - low)
    } else {
        return x;
    };
    let scale = if scale > 0.0 { scale } else { 1.0 };
    x.into_iter().map(|v| (v - shift) / scale).collect()
}

fn run_long(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.has("shape") {
        return Err(StataError::option_not_allowed("shape()"));
    }
    let depvar = s.numeric_variable(cmd.list.trim())?;
    let ids =
        s.varlist(cmd.options.text("id").ok_or_else(|| StataError::new(198, "option id() required"))?)?;
    let [a, b] = ids[..] else { return Err(StataError::new(198, "id() requires two variables")) };
    if s.frame.var(a).is_string() != s.frame.var(b).is_string() {
        return Err(StataError::type_mismatch());
    }
    let mut touse = s.rows(cmd)?;
    s.markout(&[depvar], &mut touse, false)?;
    s.markout(&ids, &mut touse, true)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let of = |v: usize| Grouping::of(s, &[v], &Records { rows: rows.clone(), ..Records::default() });
    let (left, right) = (of(a), of(b));
    // both variables number the same objects: those of the first, and those that only the second has
    let key = |g: &Grouping, k: usize| (g.labels[k].join(" "), g.levels[k][0]);
    let mut objects: Vec<(String, f64)> = (0..left.count()).map(|k| key(&left, k)).collect();
    objects.extend((0..right.count()).map(|k| key(&right, k)));
    let text = s.frame.var(a).is_string();
    objects.sort_by(|x, y| if text { x.0.cmp(&y.0) } else { x.1.total_cmp(&y.1) });
    objects.dedup_by(|x, y| if text { x.0 == y.0 } else { x.1 == y.1 });
    let place = |g: &Grouping, i: usize| {
        let own = key(g, g.of[i]);
        objects.iter().position(|o| if text { o.0 == own.0 } else { o.1 == own.1 }).unwrap_or(0)
    };
    let n = objects.len();
    let mut gaps = Mat::from_fn(n, n, |_, _| f64::NAN);
    for (i, row) in rows.iter().enumerate() {
        let (p, q, x) = (place(&left, i), place(&right, i), s.frame.num_at(depvar, *row));
        let known = gaps[(p, q)];
        if !known.is_nan() && known != x {
            return Err(StataError::new(
                459,
                format!("several values of {} and {}", objects[p].0, objects[q].0),
            ));
        }
        gaps[(p, q)] = x;
        gaps[(q, p)] = x;
    }
    let similar = cmd.has("s2d");
    (0..n).filter(|i| gaps[(*i, *i)].is_nan()).collect::<Vec<_>>().into_iter().for_each(|i| {
        gaps[(i, i)] = if similar { 1.0 } else { 0.0 };
    });
    if gaps.data().iter().any(|x| x.is_nan()) {
        return Err(StataError::new(459, "values of some pairs of objects are missing"));
    }
    let name = s.frame.var(depvar).name.clone();
    let about = format!("variable {name} in long format");
    let mut est = Estimation::default();
    est.results.text("id", cmd.options.text("id").unwrap_or_default().trim()).text("depvar", name);
    let names = objects.into_iter().map(|o| o.0).collect();
    finish(s, cmd, &cmd.options, Objects { gaps, names, about }, est, touse)
}

fn run_matrix(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (name, options) = front_and_options(&cmd.raw);
    let specs: Vec<OptSpec> = COMMON.into_iter().chain([OptSpec::text("NAMes")]).collect();
    let options = Options::parse("mdsmat", options, &specs, REFUSED)?;
    let m = s.matrix(name).ok_or_else(|| StataError::new(111, format!("matrix {name} not found")))?;
    let word = options.text("shape").unwrap_or("full").trim();
    let cells = m.values();
    let gaps = match word {
        "full" => {
            if m.rows() != m.cols() || !m.is_symmetric() {
                return Err(StataError::new(505, format!("matrix {name} not symmetric")));
            }
            Mat::from_fn(m.rows(), m.cols(), |i, j| m.get(i, j))
        }
        "lower" | "llower" | "upper" | "uupper" => folded(cells, word)?,
        _ => return Err(StataError::invalid(format!("shape({word}) invalid"))),
    };
    let n = gaps.rows();
    let names: Vec<String> = match options.text("names") {
        Some(list) => list.split_whitespace().map(str::to_string).collect(),
        None if word == "full" => m.row_names.iter().map(|r| r.name.clone()).collect(),
        None => (1..=n).map(|i| format!("Obj{i}")).collect(),
    };
    if names.len() != n {
        return Err(StataError::new(198, format!("names() must have {n} names")));
    }
    let about = format!("matrix {name}");
    let mut est = Estimation::default();
    est.results.text("dmatrix", name);
    let touse = vec![false; s.frame.n_rows()];
    finish(s, cmd, &options, Objects { gaps, names, about }, est, touse)
}

/// A symmetric matrix from a vector with its triangle, row by row: with the diagonal, or without it (doubled first letter).
fn folded(cells: &[f64], shape: &str) -> Result<Mat> {
    let strict = shape.starts_with("ll") || shape.starts_with("uu");
    let lower = shape.starts_with('l');
    let size = |n: usize| if strict { n * (n - 1) / 2 } else { n * (n + 1) / 2 };
    let n = (1..=cells.len() + 1)
        .find(|n| size(*n) >= cells.len())
        .filter(|n| size(*n) == cells.len())
        .ok_or_else(|| StataError::new(503, "the vector has not the length of a triangle"))?;
    let mut out = Mat::zeros(n, n);
    let mut next = cells.iter();
    for i in 0..n {
        let columns = if lower { 0..(i + usize::from(!strict)) } else { (i + usize::from(strict))..n };
        for j in columns {
            let x = next.next().copied().unwrap_or_default();
            out[(i, j)] = x;
            out[(j, i)] = x;
        }
    }
    Ok(out)
}

/// Dissimilarities from similarities ([MV] mds): `sqrt(s_ii + s_jj - 2 s_ij)`, or `1 - s_ij`.
fn dissimilar(x: Mat, how: Option<&str>) -> Result<Mat> {
    let n = x.rows();
    match how.map(str::trim) {
        None => Ok(x),
        Some(w) if w.len() >= 2 && "standard".starts_with(w) => {
            Ok(Mat::from_fn(n, n, |i, j| (x[(i, i)] + x[(j, j)] - 2.0 * x[(i, j)]).max(0.0).sqrt()))
        }
        Some(w) if w.len() >= 3 && "oneminus".starts_with(w) => {
            Ok(Mat::from_fn(n, n, |i, j| 1.0 - x[(i, j)]))
        }
        Some(w) => Err(StataError::invalid(format!("s2d({w}) invalid"))),
    }
}

/// Scales the objects, posts the results and prints them.
fn finish(
    s: &mut Session,
    cmd: &ParsedCommand,
    options: &Options,
    objects: Objects,
    mut est: Estimation,
    touse: Vec<bool>,
) -> Result<()> {
    let word = |name: &str| options.text(name).map(str::trim).unwrap_or_default();
    if !"classical".starts_with(word("method")) {
        return Err(StataError::unsupported_option(&cmd.name, &format!("method({})", word("method"))));
    }
    if !["", "principal", "classical"].contains(&word("normalize")) {
        return Err(StataError::unsupported_option(&cmd.name, &format!("normalize({})", word("normalize"))));
    }
    let gaps = dissimilar(objects.gaps, options.text("s2d"))?;
    let n = gaps.rows();
    if n < 2 {
        return Err(StataError::insufficient_observations());
    }
    if gaps.data().iter().any(|x| is_missing(*x) || *x < 0.0) || gaps.diagonal().iter().any(|x| *x != 0.0) {
        return Err(StataError::new(411, "dissimilarities must be nonnegative and zero on the diagonal"));
    }
    let wanted = options.int("dimensions").unwrap_or(2);
    if wanted < 1 || wanted >= n as i64 {
        return Err(StataError::new(198, format!("dimension() must be between 1 and {}", n - 1)));
    }
    let found = Scaling::classical(&gaps, wanted as usize, options.has("addconstant"));
    if found.positive() < wanted as usize {
        return Err(StataError::new(
            412,
            format!("only {} eigenvalues are positive; dimension() must be smaller", found.positive()),
        ));
    }
    let names: Vec<Stripe> = objects.names.iter().map(|l| Stripe::term(l.replace([' ', '.'], "_"))).collect();
    let dims = columns_named("dim", wanted as usize);
    let r = &mut est.results;
    let [first, second] = found.mardia();
    r.scalar("N", n as f64).scalar("p", wanted as f64).scalar("np", found.positive() as f64);
    r.scalar("addcons", found.added).scalar("mardia1", first).scalar("mardia2", second);
    r.text("cmd", &cmd.name).text("cmdline", command_line(cmd)).text("method", "classical");
    r.text("method2", "classical").text("norm", "principal").text("dtype", "dissimilarity");
    r.text("title", "Classical metric multidimensional scaling").text("about", &objects.about);
    r.text("properties", "nob noV eigen").text("estat_cmd", "mds_estat").text("predict", "mds_p");
    r.text("marginsnotok", "_ALL");
    r.matrix("D", named(&gaps, names.clone(), names.clone()));
    r.matrix("Disparities", named(&gaps, names.clone(), names.clone()));
    r.matrix("Ev", row_named(found.values.clone(), columns_named("ev", n)));
    r.matrix("Y", named(&found.coordinates, names, dims));
    est.extra = Some(Arc::new(found));
    s.post_estimation(est, touse);
    mds_show::show(s, options)
}
