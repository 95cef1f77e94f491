//! `stcoxkm`: survivor functions of Kaplan and Meier by groups with those that a Cox regression on the groups predicts; close
//! curves speak for proportional hazards ([ST] stcox PH-assumption tests).

use super::cox_post::CoxSample;
use super::stcurve_table::table;
use super::sts::Curves;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::estimation::survival::{Settings, show};
use crate::ops::graphs::curves::{CurveOptions, Part, Picture, show as show_figure};
use crate::ops::run::quietly;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::abbreviates;
use crate::syntax::{Atom, ParsedCommand};
use figure::{Series, Shape, Style};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "stcoxkm",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "stcoxkm [if] [in], by(varname) [ties(breslow | efron | exactm | exactp) separate noshow twoway_options]",
    notes: "stores r(curves): time, the observed function of each group, then the predicted ones; estimates in memory stay; [ST] stcox PH-assumption tests",
    examples: &[Example {
        run: "set obs 4\ngenerate t = _n\ngenerate x = mod(_n, 2)\nstset t\nstcoxkm, by(x)\nmatrix m = r(curves)",
        // of two rows in each group one fails first
        expect: &[("m[2,3]", 0.5), ("m[3,2]", 0.5), ("colsof(m)", 5.0)],
    }],
};

const UNSUPPORTED: &[&str] =
    &["OBSOpts", "OBS1opts", "OBS2opts", "PREDOpts", "PRED1opts", "PRED2opts", "ADDPLOT"];

/// What the options ask for.
#[derive(Default)]
struct Choice {
    by: Option<String>,
    ties: String,
    separate: bool,
    quiet: bool,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let parsed = ParsedCommand::split("stcoxkm", &cmd.raw, false)?;
    parsed.refuse_weight()?;
    let mut choice = Choice::default();
    let options = CurveOptions::read(s, "stcoxkm", &parsed.option_text, UNSUPPORTED, |name, argument| {
        match argument {
            Some(a) if name == "by" => choice.by = Some(a.to_string()),
            Some(a) if name == "ties" => choice.ties = a.trim().to_string(),
            None if abbreviates(name, "SEParate") => choice.separate = true,
            None if abbreviates(name, "noShow") => choice.quiet = true,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let by = choice.by.clone().ok_or_else(|| StataError::invalid("option by() required"))?;
    let variable = s.numeric_variable(by.trim())?;
    let by = s.frame.var(variable).name.clone();
    let settings = Settings::of(&s.frame)?;
    let observed = Curves::read(s, &parsed, Some(&by))?;
    if !choice.quiet {
        show(s, &settings);
    }
    let levels = observed.groups.values();
    let predicted = predicted(s, &parsed, &choice.ties, &by, &levels)?;
    let last = |points: &mut Vec<(f64, f64)>, end: f64| {
        if let Some(&(time, value)) = points.last()
            && end > time
        {
            points.push((end, value));
        }
    };
    let end = |g: usize| observed.tables[g].last().map_or(0.0, |p| p.time);
    let mut curves = Vec::new();
    for (g, points) in observed.tables.iter().enumerate() {
        let mut curve = vec![(0.0, 1.0)];
        curve.extend(points.iter().filter(|p| p.failures > 0.0).map(|p| (p.time, p.survivor)));
        last(&mut curve, end(g));
        curves.push(curve);
    }
    for (g, mut curve) in predicted.into_iter().enumerate() {
        curve.retain(|p| p.0 <= end(g));
        last(&mut curve, end(g));
        curves.push(curve);
    }
    let mut r = Results::default();
    r.matrix("curves", table(&curves));
    s.r = r;
    draw(s, &observed, &curves, choice.separate, options)
}

/// The survivor function that a Cox regression on the groups gives each of them. The active estimates stay.
fn predicted(
    s: &mut Session,
    parsed: &ParsedCommand,
    ties: &str,
    by: &str,
    levels: &[f64],
) -> Result<Vec<Vec<(f64, f64)>>> {
    if !["", "breslow", "efron", "exactm", "exactp"].contains(&ties) {
        return Err(StataError::invalid(format!("ties({ties}) invalid")));
    }
    let selection =
        |exp: &Option<String>, word: &str| exp.as_ref().map_or(String::new(), |e| format!(" {word} {e}"));
    let rows = selection(&parsed.if_exp, "if") + &selection(&parsed.in_range, "in");
    let held = s.hold_estimates();
    let found = quietly(s, &format!("stcox i.{by}{rows}, noshow {ties}")).and_then(|()| {
        let (cox, parameters) = (CoxSample::read(s)?, Parameters::of(&s.e)?);
        let steps = cox.baseline();
        let of_level = |level: &f64| {
            let is = |t: &crate::syntax::Term| match t.atoms.as_slice() {
                [Atom::Level { level: l, .. }] => *l as f64 == *level,
                _ => false,
            };
            let mut found = parameters.terms.iter().zip(&parameters.b);
            let eta = found.find(|p| p.0.as_ref().is_some_and(is)).map_or(0.0, |p| *p.1);
            let mut curve = vec![(0.0, 1.0)];
            curve.extend(steps.iter().map(|step| (step.time, step.survivor.powf(eta.exp()))));
            curve
        };
        Ok(levels.iter().map(of_level).collect())
    });
    s.restore_estimates(held);
    found
}

/// Observed and predicted functions of each group, in one plane or in one for each group.
fn draw(
    s: &mut Session,
    observed: &Curves,
    curves: &[Vec<(f64, f64)>],
    separate: bool,
    options: CurveOptions,
) -> Result<()> {
    let groups = observed.tables.len();
    let line = |k: usize, number: usize| {
        let (what, g) = if k < groups { ("Observed", k) } else { ("Predicted", k - groups) };
        let label = if separate {
            what.to_string()
        } else {
            format!("{what}: {} = {}", observed.groups.variables[0], observed.groups.labels[g][0].trim())
        };
        let shape = if k < groups {
            Shape::Connected { points: curves[k].clone() }
        } else {
            Shape::Line { points: curves[k].clone(), step: true }
        };
        Series { label, number, shape, style: Style::default() }
    };
    let mut picture = Picture {
        x_title: "Analysis time".into(),
        y_title: "Survival probability".into(),
        y_range: Some((0.0, 1.0)),
        used: observed.records.rows.len(),
        ..Picture::default()
    };
    if separate {
        picture.parts = (0..groups)
            .map(|g| Part {
                title: format!("{} = {}", observed.groups.variables[0], observed.groups.labels[g][0].trim()),
                series: vec![line(g, 0), line(g + groups, 1)],
                ..Part::default()
            })
            .collect();
    } else {
        picture.series = (0..2 * groups).map(|k| line(k, k)).collect();
    }
    show_figure(s, picture, options)
}
