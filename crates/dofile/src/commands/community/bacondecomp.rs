//! `bacondecomp`: the two-way fixed-effects difference in differences as a weighted mean of comparisons of two groups.
//! Goodman-Bacon, Goldring and Nichols (2019), SSC S458676; Goodman-Bacon (2021), Journal of Econometrics 225.

use super::bacon_panel::{Panels, read};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::display::{level, show_active};
use crate::frame::{Column, Variable};
use crate::matrix::{Matrix, Stripe};
use crate::ops::graphs::curves::{self, CurveOptions, Picture};
use crate::ops::run::quietly;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::Options;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;
use estimators::bacon::{Comparison, Kind, decompose};
use figure::{Series, Shape, Style};

const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("DDetail"),
    OptSpec::text("STub"),
    OptSpec::flag("noGRaph"),
    OptSpec::text("GROPtions"),
    OptSpec::text("vce"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::real("Level"),
];

const REFUSED: &[&str] =
    &["MSymbols", "MColors", "MSIZes", "DDLine", "NOLEGend", "NONOTe", "NOLine", "DEBUG", "EForm"];

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "bacondecomp",
    min: 11,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "bacondecomp depvar treatvar [if] [in] [, ddetail stub(name) nograph groptions(twoway_options) vce(vcetype) robust cluster(varname) level(#)]",
    notes: "after xtset, in balanced panels whose treatment is 0 or 1 and never ends; no controls, no weights; the estimate and its standard error are those of xtreg, fe with indicators of the periods; without ddetail early and late comparisons are one row; stub() makes variables of the comparisons: T and C (first treated period of treatment and control, missing where never), B (estimate), S (weight), gp (1 early-late, 2 late-early, 3 always, 4 never); stores e(sumdd): Beta and TotalWeight, e(b), e(V), e(N), e(dd), and a figure of estimates by weight; Goodman-Bacon (2021), theorem 1",
    examples: &[Example {
        // Units treated never, from period 5 and from period 8: 2 * 2/11 + 4 * 3/22 + (44/15)(15/22) = 32/11.
        run: "set obs 30\ngenerate id = ceil(_n/10)\ngenerate t = 1 + mod(_n - 1, 10)\ngenerate d = (id == 2 & t >= 5) | (id == 3 & t >= 8)\ngenerate y = 2*d*(id == 2) + 4*d*(id == 3)\nxtset id t\nbacondecomp y d, ddetail nograph\nmatrix S = e(sumdd)",
        expect: &[
            ("_b[d]", 32.0 / 11.0),
            ("S[1,1]", 2.0),
            ("S[1,2]", 2.0 / 11.0),
            ("S[2,1]", 4.0),
            ("S[2,2]", 3.0 / 22.0),
            ("S[3,2]", 15.0 / 22.0),
        ],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let parts = ParsedCommand::split("bacondecomp", &cmd.raw, false)?;
    if parts.list.trim().is_empty() && s.e.cmd() == "bacondecomp" {
        return display(s, cmd);
    }
    if parts.weight.is_some() {
        return Err(StataError::unsupported_option("bacondecomp", "weights"));
    }
    let mut parts = parts;
    parts.options = Options::parse("bacondecomp", &parts.option_text, OPTIONS, REFUSED)?;
    let variables = s.varlist(&parts.list)?;
    let (y, d) = match variables[..] {
        [y, d] => (y, d),
        [] | [_] => return Err(StataError::standard(102)),
        _ => {
            return Err(StataError::new(199, "controls are not supported by bacondecomp of the open engine"));
        }
    };
    let mut touse = s.rows(&parts)?;
    let panels = read(s, y, d, &mut touse)?;
    let comparisons = decompose(&panels.groups);
    let figure =
        CurveOptions::read(s, "bacondecomp", parts.options.text("groptions").unwrap_or(""), &[], |_, _| {
            Ok(false)
        })?;
    fit(s, &parts, &panels, &touse)?;
    let table = summary(&comparisons, parts.has("ddetail"));
    let groups = panels.groups.len();
    let e = &mut s.e.results;
    e.text("cmd", "bacondecomp").text("cmdline", format!("bacondecomp {}", cmd.raw.trim()));
    let total: f64 = comparisons.iter().map(|c| c.weight * c.estimate).sum();
    e.scalar("dd", total).matrix("sumdd", table);
    s.print(format!("Computing decomposition across {groups} timing groups"));
    for (start, name) in [(Some(0), "an always-treated"), (None, "a never-treated")] {
        if panels.groups.iter().any(|g| g.start == start) {
            s.print(format!("including {name} group"));
        }
    }
    if let Some(stub) = parts.options.text("stub") {
        variables_of(s, &panels, &comparisons, stub.trim())?;
    }
    display(s, &parts)?;
    if parts.has("nograph") {
        return Ok(());
    }
    let picture = picture(&comparisons, total);
    curves::show(s, picture, figure)
}

/// The two-way regression, of which the coefficient of the treatment is kept.
fn fit(s: &mut Session, cmd: &ParsedCommand, panels: &Panels, touse: &[bool]) -> Result<()> {
    const MARK: &str = "__bacondecomp_sample";
    let option = |name: &str| cmd.options.text(name).map(|t| format!(" {name}({t})")).unwrap_or_default();
    let robust = if cmd.has("robust") { " robust" } else { "" };
    let marks = touse.iter().map(|u| f64::from(u8::from(*u))).collect();
    s.frame.add(Variable::new(MARK, Column::Double(marks)))?;
    let line = format!(
        "xtreg {} {} i.{} if {MARK}, fe{}{}{robust}",
        panels.names.0,
        panels.names.1,
        panels.names.2,
        option("vce"),
        option("cluster")
    );
    let result = quietly(s, &line);
    let mark = s.frame.position(MARK)?;
    s.frame.drop_vars(&[mark]);
    result?;
    let b = s.e.b().map_or(0.0, |b| b.get(0, 0));
    let v = s.e.v().map_or(0.0, |v| v.get(0, 0));
    let old = &s.e.results;
    let mut est = Estimation::default();
    let name = vec![Stripe::term(panels.names.1.as_str())];
    let r = &mut est.results;
    r.matrix("b", Matrix::row_vector(vec![b], name.clone())).matrix("V", Matrix::square(vec![v], name));
    for scalar in ["N", "N_g", "N_clust"] {
        if let Some(x) = old.get_scalar(scalar) {
            r.scalar(scalar, x);
        }
    }
    for text in ["vce", "vcetype", "clustvar"] {
        if let Some(x) = old.get_text(text) {
            r.text(text, x);
        }
    }
    r.text("depvar", panels.names.0.as_str()).text("properties", "b V");
    s.post_estimation(est, touse.to_vec());
    Ok(())
}

/// Kinds with their names, those together that share a row.
fn summary(comparisons: &[Comparison], detail: bool) -> Matrix {
    let rows: &[(&str, &[Kind])] = if detail {
        &[
            ("Early_v_Late", &[Kind::EarlyLate]),
            ("Late_v_Early", &[Kind::LateEarly]),
            ("Always_v_timing", &[Kind::Always]),
            ("Never_v_timing", &[Kind::Never]),
        ]
    } else {
        &[
            ("Timing_groups", &[Kind::EarlyLate, Kind::LateEarly]),
            ("Always_v_timing", &[Kind::Always]),
            ("Never_v_timing", &[Kind::Never]),
        ]
    };
    let mut names = Vec::new();
    let mut values = Vec::new();
    for (name, kinds) in rows {
        let own: Vec<&Comparison> = comparisons.iter().filter(|c| kinds.contains(&c.kind)).collect();
        if own.is_empty() {
            continue;
        }
        let weight: f64 = own.iter().map(|c| c.weight).sum();
        values.extend([own.iter().map(|c| c.weight * c.estimate).sum::<f64>() / weight, weight]);
        names.push(Stripe::term(*name));
    }
    let mut out = Matrix::new(names.len(), 2, values);
    out.row_names = names;
    out.col_names = ["Beta", "TotalWeight"].map(Stripe::term).to_vec();
    out
}

fn code(kind: Kind) -> usize {
    match kind {
        Kind::EarlyLate => 1,
        Kind::LateEarly => 2,
        Kind::Always => 3,
        Kind::Never => 4,
    }
}

/// The comparisons as variables, one in each row from the first on.
fn variables_of(s: &mut Session, panels: &Panels, comparisons: &[Comparison], stub: &str) -> Result<()> {
    let n = s.frame.n_rows();
    if comparisons.len() > n {
        return Err(StataError::new(198, "stub() has more comparisons than the data have observations"));
    }
    let start = |g: usize| panels.groups[g].start.map_or(MISSING, |t| panels.times[t]);
    type Value<'a> = Box<dyn Fn(&Comparison) -> f64 + 'a>;
    let columns: [(&str, &str, Value<'_>); 5] = [
        ("T", "First treated period of the treatment group", Box::new(|c| start(c.treated))),
        ("C", "First treated period of the control group", Box::new(|c| start(c.control))),
        ("B", "Difference in differences", Box::new(|c| c.estimate)),
        ("S", "Weight", Box::new(|c| c.weight)),
        ("gp", "Kind of comparison", Box::new(|c| code(c.kind) as f64)),
    ];
    for (suffix, label, value) in &columns {
        let mut values = vec![MISSING; n];
        values.iter_mut().zip(comparisons).for_each(|(cell, c)| *cell = value(c));
        let mut variable = Variable::new(&format!("{stub}{suffix}"), Column::Double(values));
        variable.label = (*label).to_string();
        s.frame.add(variable)?;
    }
    Ok(())
}

fn picture(comparisons: &[Comparison], total: f64) -> Picture {
    let most = comparisons.iter().map(|c| c.weight).fold(0.0, f64::max);
    let names = [
        "",
        "Earlier group treatment vs. later group control",
        "Later group treatment vs. earlier group control",
        "Treatment vs. already treated",
        "Treatment vs. never treated",
    ];
    let mut series: Vec<Series> = Vec::new();
    for kind in [Kind::EarlyLate, Kind::LateEarly, Kind::Always, Kind::Never] {
        let points: Vec<(f64, f64)> =
            comparisons.iter().filter(|c| c.kind == kind).map(|c| (c.weight, c.estimate)).collect();
        if !points.is_empty() {
            series.push(Series {
                label: names[code(kind)].to_string(),
                number: series.len(),
                shape: Shape::Points { points },
                style: Style::default(),
            });
        }
    }
    series.push(Series {
        label: String::new(),
        number: series.len(),
        shape: Shape::Line { points: vec![(0.0, total), (most, total)], step: false },
        style: Style::default(),
    });
    Picture {
        x_title: "Weight".to_string(),
        y_title: "2x2 DD Estimate".to_string(),
        note: format!("Overall DD estimate = {}", crate::format::bare("%9.0g", total)),
        series,
        used: comparisons.len(),
        ..Picture::default()
    }
}

fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    show_active(s, level, None)?;
    table(s);
    Ok(())
}

/// Shows `e(sumdd)`: a line for each kind of comparison.
fn table(s: &mut Session) {
    let Some(found) = s.e.results.matrices.get("sumdd").cloned() else { return };
    s.print("");
    s.print("Goodman-Bacon decomposition");
    s.print("");
    s.print(format!("{:>24} |{:>12}{:>12}", "Comparison", "Estimate", "Weight"));
    s.print(format!("{}+{}", "-".repeat(25), "-".repeat(24)));
    for (i, name) in found.row_names.iter().enumerate() {
        let cell = |j: usize| crate::format::bare("%9.0g", found.get(i, j));
        s.print(format!("{:>24} |{:>12}{:>12}", name.name, cell(0).trim(), cell(1).trim()));
    }
}
