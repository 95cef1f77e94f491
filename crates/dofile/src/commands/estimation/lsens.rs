//! `lsens`: sensitivity and specificity over the cutoff of predicted probabilities ([R] lsens).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::estat_binary::Predicted;
use crate::error::{Result, StataError};
use crate::frame::{Column, Variable};
use crate::ops::graphs::curves::{self, CurveOptions, Picture};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::syntax::varlist::check_new;
use crate::value::MISSING;
use estimators::classify;
use figure::{Series, Shape, Style};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("noGraph"),
    OptSpec::flag("all"),
    OptSpec::text("GENProb"),
    OptSpec::text("GENSEns"),
    OptSpec::text("GENSPec"),
    OptSpec::flag("replace"),
])
.unsupported(&["beta"]);

/// The command `lsens`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "lsens",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run: lsens,
    syntax: "lsens [if] [in] [, nograph all genprob(newvar) gensens(newvar) genspec(newvar) replace]",
    notes: "stores r(N); draws sensitivity and specificity over the cutoff; the new variables have one row for each cutoff, from 0 over the predicted probabilities to 1; formulas: [R] lsens",
    examples: &[Example {
        // Of both outcomes two thirds have their own prediction, 2/3 and 1/3.
        run: "input y x\n1 1\n1 1\n1 0\n0 0\n0 0\n0 1\nend\nlogit y x\nlsens, nograph genprob(c) gensens(se) genspec(sp)",
        expect: &[
            ("r(N)", 6.0),
            ("c[1]", 0.0),
            ("se[1]", 1.0),
            ("sp[1]", 0.0),
            ("round(c[3], 1e-5)", 0.66667),
            ("round(se[3], 1e-5)", 0.66667),
            ("round(sp[3], 1e-5)", 0.66667),
            ("c[4]", 1.0),
            ("se[4]", 0.0),
            ("sp[4]", 1.0),
        ],
    }],
};

fn lsens(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let touse = session.rows(cmd)?;
    let data = Predicted::read(session, &touse, cmd.has("all"))?;
    let (points, _) = classify::roc(&data.p, &data.y, data.weights.as_deref());
    // everything is positive at the cutoff zero and nothing above one
    let inner = points.iter().rev().filter(|p| p.cut.is_finite());
    let mut rows = vec![(0.0, 1.0, 0.0)];
    rows.extend(inner.map(|p| (p.cut, p.sensitivity, p.specificity)));
    rows.push((1.0, 0.0, 1.0));
    save(session, cmd, &rows)?;
    session.r = Results::default();
    session.r.scalar("N", data.count());
    if cmd.has("nograph") {
        return Ok(());
    }
    let line = |number, label: &str, height: &dyn Fn(&(f64, f64, f64)) -> f64| Series {
        label: label.to_string(),
        number,
        shape: Shape::Line { points: rows.iter().map(|r| (r.0, height(r))).collect(), step: false },
        style: Style::default(),
    };
    let picture = Picture {
        x_title: "Probability cutoff".into(),
        y_title: "Sensitivity/Specificity".into(),
        series: vec![line(0, "Sensitivity", &|r| r.1), line(1, "Specificity", &|r| r.2)],
        x_range: Some((0.0, 1.0)),
        y_range: Some((0.0, 1.0)),
        used: data.p.len(),
        ..Picture::default()
    };
    curves::show(session, picture, CurveOptions::default())
}

/// Adds the variables that were asked for, in the first rows; more cutoffs than rows add rows.
fn save(session: &mut Session, cmd: &ParsedCommand, rows: &[(f64, f64, f64)]) -> Result<()> {
    let columns = [
        ("genprob", "Probability cutoff", rows.iter().map(|r| r.0).collect::<Vec<f64>>()),
        ("gensens", "Sensitivity", rows.iter().map(|r| r.1).collect()),
        ("genspec", "Specificity", rows.iter().map(|r| r.2).collect()),
    ];
    let asked = |option: &str| cmd.options.text(option).map(|name| name.trim().to_string());
    let names: Vec<String> = columns.iter().filter_map(|c| asked(c.0)).collect();
    let is_old = |name: &&String| cmd.has("replace") && session.frame.find(name).is_some();
    names.iter().filter(|name| !is_old(name)).try_for_each(|name| check_new(&session.frame, name))?;
    if let Some(twice) = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
        return Err(StataError::already_defined(twice.1));
    }
    let old: Vec<usize> = names.iter().filter_map(|name| session.frame.find(name)).collect();
    session.frame.drop_vars(&old);
    if !names.is_empty() && session.frame.n_rows() < rows.len() {
        session.frame.set_n_rows(rows.len());
    }
    for (option, label, mut values) in columns {
        let Some(name) = asked(option) else { continue };
        values.resize(session.frame.n_rows(), MISSING);
        let mut variable = Variable::new(&name, Column::from_f64(session.settings.default_type, &values));
        variable.label = label.to_string();
        session.frame.add(variable)?;
    }
    Ok(())
}
