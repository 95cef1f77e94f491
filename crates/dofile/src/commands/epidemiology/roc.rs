//! `roctab` and `roccomp`: ROC curves of a marker, and comparison of several.

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::epitab::{Sample, interval_level};
use crate::ops::graphs::curves::{CurveOptions, Picture, show};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::options::{OptKind, abbreviates, split_options};
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::classify::roc;
use estimators::distributions::{chi2_tail, normal_quantile};
use estimators::epidemiology::clopper_pearson;
use estimators::roc::{areas, hanley};
use figure::{Color, Series, Shape, Style};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "roctab",
    min: 6,
    form: Form::Raw,
    by: ByRule::EachGroup,
    run: roctab,
    syntax: "roctab refvar classvar [if] [in] [fweight] [, summary detail graph hanley binomial level(#) twoway_options]",
    notes: "standard error of DeLong et al.; stores r(N) r(area) r(se) r(lb) r(ub), with detail r(cutpoints); [R] roctab",
    examples: &[Example {
        run: "set obs 6\ngenerate d = _n > 3\ngenerate m = cond(_n == 4, 2, _n)\nroctab d m",
        // Of nine pairs seven are in order, one is tied, one is not.
        expect: &[("r(area)", 0.833_333_333_333_333_3), ("r(N)", 6.0)],
    }],
};

pub(super) const SPEC_ROCCOMP: CommandSpec = CommandSpec {
    name: "roccomp",
    min: 7,
    form: Form::Raw,
    by: ByRule::EachGroup,
    run: roccomp,
    syntax: "roccomp refvar classvar classvars [if] [in] [fweight] [, summary graph level(#) twoway_options]",
    notes: "DeLong's test of equal areas; stores r(N_g) r(df) r(chi2) r(p) r(V) and r(areas); [R] roccomp",
    examples: &[Example {
        // Pairs in order plus half of the ties, of nine: 8.5 and 7.
        run: "input y a b\n1 3 1\n1 2 3\n1 4 2\n0 1 0\n0 2 2\n0 0 1\nend\nroccomp y a b\nmatrix m = r(areas)",
        expect: &[("m[1,1]", 17.0 / 18.0), ("m[2,1]", 7.0 / 9.0), ("r(df)", 1.0)],
    }],
};

const OWN: &[OptSpec] = &[
    OptSpec::flag("Summary"),
    OptSpec::flag("Detail"),
    OptSpec::flag("Graph"),
    OptSpec::flag("Hanley"),
    OptSpec::flag("BInomial"),
    OptSpec::real("Level"),
];

const UNSUPPORTED: &[&str] = &[
    "LOrenz",
    "TABle",
    "BAmber",
    "noREFline",
    "SPECificity",
    "PLOTOpts",
    "RLOPts",
    "ADDPLOT",
    "BINormal",
    "TEst",
    "SEParate",
    "by",
];

/// Splits the options into those of the command and those of its graph.
fn parse(name: &str, raw: &str) -> Result<(ParsedCommand, String)> {
    let mut cmd = ParsedCommand::split(name, raw, false)?;
    if let Some(kind) = cmd.weight.as_ref().and_then(|w| w.kind).filter(|k| *k != WeightKind::Frequency) {
        return Err(StataError::new(101, format!("{}s not allowed", kind.name())));
    }
    let mut rest = String::new();
    let mut own = String::new();
    for (option, argument) in split_options(&cmd.option_text)? {
        let known = OWN.iter().find(|o| abbreviates(&option, o.name));
        let fits = known.is_some_and(|o| argument.is_some() == (o.kind == OptKind::Real));
        let text = argument.map_or(option.clone(), |a| format!("{option}({a})"));
        let target = if fits { &mut own } else { &mut rest };
        target.push(' ');
        target.push_str(&text);
    }
    cmd.option_text = own;
    cmd.check_weighted_options(OWN, UNSUPPORTED)?;
    Ok((cmd, rest))
}

/// A reference variable and markers over the rows that have all of them.
struct Data {
    y: Vec<bool>,
    markers: Vec<Vec<f64>>,
    names: Vec<usize>,
    reference: usize,
}

fn read(s: &Session, cmd: &ParsedCommand, least: usize) -> Result<Data> {
    let variables = s.varlist(&cmd.list)?;
    if variables.len() < least {
        return Err(StataError::standard(102));
    }
    if variables.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let sample = Sample::read(s, cmd, &variables)?;
    let mut rows = Vec::new();
    for (row, w) in sample.rows.iter().zip(&sample.weights) {
        rows.extend(std::iter::repeat_n(*row, *w as usize));
    }
    let reference: Vec<f64> = rows.iter().map(|&r| s.frame.num_at(variables[0], r)).collect();
    if reference.iter().any(|x| *x != 0.0 && *x != 1.0) {
        return Err(StataError::new(
            450,
            format!("true status variable {} must be 0 or 1", s.frame.var(variables[0]).name),
        ));
    }
    let y: Vec<bool> = reference.iter().map(|x| *x == 1.0).collect();
    if y.iter().all(|v| *v) || y.iter().all(|v| !*v) {
        return Err(StataError::new(
            498,
            format!("outcome does not vary: {} has one value", s.frame.var(variables[0]).name),
        ));
    }
    let markers =
        variables[1..].iter().map(|v| rows.iter().map(|&r| s.frame.num_at(*v, r)).collect()).collect();
    Ok(Data { y, markers, names: variables[1..].to_vec(), reference: variables[0] })
}

fn roctab(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (cmd, rest) = parse("roctab", &cmd.raw)?;
    let level = interval_level(s, &cmd)?;
    let data = read(s, &cmd, 2)?;
    if data.markers.len() > 1 {
        return Err(StataError::standard(103));
    }
    if !cmd.has("graph") && !rest.trim().is_empty() {
        // Options of a graph need one; anything else is refused by its name.
        CurveOptions::read(s, "roctab", &rest, UNSUPPORTED, |_, _| Ok(false))?;
        return Err(StataError::invalid("options of graphs need the option graph"));
    }
    let marker = &data.markers[0];
    let found = areas(&[marker], &data.y);
    let (ones, n) = (data.y.iter().filter(|y| **y).count() as f64, data.y.len() as f64);
    let area = found.area[0];
    let (se, title) = if cmd.has("hanley") {
        (hanley(area, ones, n - ones), "Hanley & McNeil")
    } else {
        (found.covariance[(0, 0)].sqrt(), "DeLong et al.")
    };
    let (low, high) = if cmd.has("binomial") {
        clopper_pearson((area * n).round(), n, level)
    } else {
        let half = normal_quantile(0.5 + level / 200.0) * se;
        ((area - half).max(0.0), (area + half).min(1.0))
    };
    let mut r = Results::default();
    let (mut points, _) = roc(marker, &data.y, None);
    if cmd.has("detail") {
        points.reverse();
        r.matrix("cutpoints", details(s, &points, ones, n));
    }
    if !cmd.has("graph") || cmd.has("summary") {
        let limits = if cmd.has("binomial") { "Binomial exact" } else { "Asymptotic normal" };
        summary_head(s, "", level, [title, limits]);
        summary_line(s, "", n, (area, se, low, high));
    }
    r.scalar("N", n).scalar("area", stata(area)).scalar("se", stata(se));
    r.scalar("lb", stata(low)).scalar("ub", stata(high));
    s.r = r;
    if cmd.has("graph") {
        let options = CurveOptions::read(s, "roctab", &rest, UNSUPPORTED, |_, _| Ok(false))?;
        graph(s, &data, &[area], options)?;
    }
    Ok(())
}

/// Prints the cut points and returns them as a matrix.
fn details(s: &mut Session, points: &[estimators::classify::RocPoint], ones: f64, n: f64) -> Matrix {
    let zeros = n - ones;
    s.print("");
    s.print("Detailed report of sensitivity and specificity");
    let rule = "-".repeat(78);
    s.print(&rule);
    s.print("                                           Correctly");
    s.print("Cutpoint      Sensitivity   Specificity   classified          LR+          LR-");
    s.print(&rule);
    let mut rows = Vec::new();
    for p in points {
        let correct = (p.sensitivity * ones + p.specificity * zeros) / n;
        let plus = stata(p.sensitivity / (1.0 - p.specificity));
        let minus = stata((1.0 - p.sensitivity) / p.specificity);
        let cut = if p.cut.is_finite() {
            format!("( >= {} )", format::bare("%9.0g", p.cut))
        } else {
            let top =
                points.iter().map(|p| p.cut).filter(|c| c.is_finite()).fold(f64::NEG_INFINITY, f64::max);
            format!("( >  {} )", format::bare("%9.0g", top))
        };
        let percent = |x: f64| format::right(&format!("{}%", format::bare("%6.2f", 100.0 * x)), 14);
        let ratio = |x: f64| {
            let text = if x >= crate::value::MISSING { String::new() } else { format::bare("%8.4f", x) };
            format::right(&text, 13)
        };
        s.print(
            format!(
                "{cut:<13}{}{}{}{}{}",
                percent(p.sensitivity),
                percent(p.specificity),
                percent(correct),
                ratio(plus),
                ratio(minus)
            )
            .trim_end(),
        );
        rows.extend([stata(p.cut), p.sensitivity, p.specificity, correct, plus, minus]);
    }
    s.print(&rule);
    let mut m = Matrix::new(points.len(), 6, rows);
    m.col_names = ["cutpoint", "sensitivity", "specificity", "correct", "lr_plus", "lr_minus"]
        .map(Stripe::term)
        .to_vec();
    m
}

fn summary_head(s: &mut Session, name: &str, level: f64, [title, limits]: [&str; 2]) {
    let level = format::bare("%5.0g", level);
    s.print("");
    s.print(format!("{:12}{:>10}{:>12}{:>12}    {:>22}", "", "", "ROC", "", limits));
    s.print(format!(
        "{name:12}{:>10}{:>12}{:>12}    {:>22}",
        "Obs",
        "area",
        "Std. err.",
        format!("[{level}% conf. interval]")
    ));
    s.print("-".repeat(72));
    if title != "DeLong et al." {
        s.print(format!("Standard error: {title}"));
    }
}

fn summary_line(s: &mut Session, name: &str, n: f64, (area, se, low, high): (f64, f64, f64, f64)) {
    let four = |x: f64| format::right(&format::bare("%6.4f", stata(x)), 12);
    let five = |x: f64| format::right(&format::bare("%7.5f", stata(x)), 13);
    s.print(format!(
        "{:12}{:>10}{}{}{}{}",
        format::abbrev(name, 12),
        format::bare("%9.0fc", n),
        four(area),
        four(se),
        five(low),
        five(high)
    ));
}

fn roccomp(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (cmd, rest) = parse("roccomp", &cmd.raw)?;
    if let Some(option) = ["detail", "hanley", "binomial"].iter().find(|o| cmd.has(o)) {
        return Err(StataError::option_not_allowed(option));
    }
    let level = interval_level(s, &cmd)?;
    let data = read(s, &cmd, 3)?;
    let markers: Vec<&[f64]> = data.markers.iter().map(Vec::as_slice).collect();
    let found = areas(&markers, &data.y);
    let k = markers.len();
    let z = normal_quantile(0.5 + level / 200.0);
    let n = data.y.len() as f64;
    let mut table = Vec::new();
    if !cmd.has("graph") || cmd.has("summary") {
        summary_head(s, "", level, ["DeLong et al.", "Asymptotic normal"]);
    }
    for (j, v) in data.names.iter().enumerate() {
        let (area, se) = (found.area[j], found.covariance[(j, j)].sqrt());
        let (low, high) = ((area - z * se).max(0.0), (area + z * se).min(1.0));
        if !cmd.has("graph") || cmd.has("summary") {
            let name = s.frame.var(*v).name.clone();
            summary_line(s, &name, n, (area, se, low, high));
        }
        table.extend([area, se, low, high].map(stata));
    }
    // Contrasts of neighbours have the rank of the comparison.
    let contrasts = estimators::matrix::Mat::from_fn(k - 1, k, |i, j| match j {
        j if j == i => 1.0,
        j if j == i + 1 => -1.0,
        _ => 0.0,
    });
    let difference = contrasts.times_vector(&found.area);
    let spread = contrasts.sandwich(&found.covariance);
    let (inverse, rank, _) = spread.inverse_semidefinite(1e-12);
    let (chi2, df) = (inverse.quadratic(&difference), rank as f64);
    let p = if df > 0.0 { chi2_tail(df, chi2) } else { f64::NAN };
    if !cmd.has("graph") || cmd.has("summary") {
        s.print("-".repeat(72));
        let names: Vec<String> =
            data.names.iter().map(|v| format!("area({})", s.frame.var(*v).name)).collect();
        s.print(format!("H0: {}", names.join(" = ")));
        s.print(format!(
            "    chi2({df}) = {}       Prob>chi2 = {}",
            format::right(&format::bare("%8.2f", stata(chi2)), 8),
            format::right(&format::bare("%6.4f", stata(p)), 8)
        ));
    }
    let mut r = Results::default();
    r.scalar("N_g", k as f64).scalar("df", df).scalar("chi2", stata(chi2)).scalar("p", stata(p));
    r.scalar("N", n);
    let stripes: Vec<Stripe> =
        data.names.iter().map(|v| Stripe::term(s.frame.var(*v).name.clone())).collect();
    r.matrix("V", Matrix::square(found.covariance.data().to_vec(), stripes.clone()));
    let mut m = Matrix::new(k, 4, table);
    m.row_names = stripes;
    m.col_names = ["area", "se", "lb", "ub"].map(Stripe::term).to_vec();
    r.matrix("areas", m);
    s.r = r;
    if cmd.has("graph") {
        let options = CurveOptions::read(s, "roccomp", &rest, UNSUPPORTED, |_, _| Ok(false))?;
        graph(s, &data, &found.area, options)?;
    }
    Ok(())
}

/// Draws the curves with the diagonal of a marker without information.
fn graph(s: &mut Session, data: &Data, areas: &[f64], options: CurveOptions) -> Result<()> {
    let label = |v: usize| {
        let var = s.frame.var(v);
        if var.label.is_empty() { var.name.clone() } else { var.label.clone() }
    };
    let several = data.markers.len() > 1;
    let mut series: Vec<Series> = data
        .markers
        .iter()
        .enumerate()
        .map(|(number, marker)| {
            let (points, _) = roc(marker, &data.y, None);
            let points = points.iter().map(|p| (1.0 - p.specificity, p.sensitivity)).collect();
            let text =
                format!("{} (area {})", label(data.names[number]), format::bare("%6.4f", areas[number]));
            Series {
                label: if several { text } else { String::new() },
                number,
                shape: if marker.len() <= 200 {
                    Shape::Connected { points }
                } else {
                    Shape::Line { points, step: false }
                },
                style: Style::default(),
            }
        })
        .collect();
    series.push(Series {
        label: if several { "Reference".into() } else { String::new() },
        number: series.len(),
        shape: Shape::Line { points: vec![(0.0, 0.0), (1.0, 1.0)], step: false },
        style: Style { color: Some(Color::rgb(120, 120, 120)), dash: Some("8 4"), ..Style::default() },
    });
    let note = if several {
        String::new()
    } else {
        format!("Area under ROC curve = {}", format::bare("%6.4f", areas[0]))
    };
    let title = if several {
        format!("ROC curves: {}", label(data.reference))
    } else {
        format!("ROC curve: {} by {}", label(data.reference), label(data.names[0]))
    };
    show(
        s,
        Picture {
            title,
            note,
            x_title: "1 - Specificity".into(),
            y_title: "Sensitivity".into(),
            series,
            x_range: Some((0.0, 1.0)),
            y_range: Some((0.0, 1.0)),
            used: data.y.len(),
            ..Picture::default()
        },
        options,
    )
}
