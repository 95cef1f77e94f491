//! `stphplot`: `-ln(-ln S)` against the log of time by groups; parallel curves speak for proportional hazards
//! ([ST] stcox PH-assumption tests).

use super::stphplot_adjusted::Adjusted;
use super::sts::Curves;
use crate::commands::PlotLooks;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::survival::{Settings, show};
use crate::ops::graphs::curves::{CurveOptions, Picture, show as show_figure};
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::abbreviates;
use estimators::survivor::Point;
use figure::{Series, Shape};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "stphplot",
    min: 8,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "stphplot [if], by(varname)|strata(varname) [adjust(varlist) zero nolntime nonegative noshow plot#opts(line_options) twoway_options]",
    notes: "draws -ln(-ln S) of Kaplan and Meier; with adjust() S is that of Cox regressions on its variables at their means (at zero with zero): one regression for each group with by(), one with strata for all with strata(); [ST] stcox PH-assumption tests",
    examples: &[Example {
        run: "input t x\n1 0\n2 1\n3 0\n4 1\n5 0\n6 1\nend\nstset t\nstphplot, by(x)\ntempfile f\ngraph export `f'.svg\ncapture confirm file `f'.svg\nscalar rc = _rc\nerase `f'.svg",
        expect: &[("rc", 0.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let parsed = ParsedCommand::split("stphplot", &cmd.raw, false)?;
    parsed.refuse_weight()?;
    let (mut by, mut raw_time, mut positive, mut quiet) = (None, false, false, false);
    let (mut strata, mut adjust, mut zero) = (None, None, false);
    let mut looks = PlotLooks::default();
    let unsupported = ["ADDPLOT"];
    let options = CurveOptions::read(s, "stphplot", &parsed.option_text, &unsupported, |name, argument| {
        match argument {
            Some(a) if name == "by" => by = Some(a.to_string()),
            Some(a) if abbreviates(name, "STrata") => strata = Some(a.to_string()),
            Some(a) if abbreviates(name, "ADJust") => adjust = Some(a.to_string()),
            None if name == "zero" => zero = true,
            None if abbreviates(name, "noLNTime") => raw_time = true,
            None if abbreviates(name, "noNEGative") => positive = true,
            None if abbreviates(name, "noShow") => quiet = true,
            a => return looks.take(s, name, a),
        }
        Ok(true)
    })?;
    let stratified = strata.is_some();
    let by = match (by, strata) {
        (Some(_), Some(_)) => return Err(StataError::invalid("only one of by() and strata() is allowed")),
        (None, None) => return Err(StataError::invalid("option by() or strata() required")),
        (None, Some(_)) if adjust.is_none() => {
            return Err(StataError::invalid("strata() requires adjust()"));
        }
        (by, strata) => by.or(strata).unwrap_or_default(),
    };
    if zero && adjust.is_none() {
        return Err(StataError::invalid("zero requires adjust()"));
    }
    let settings = Settings::of(&s.frame)?;
    let curves = Curves::read(s, &parsed, Some(&by))?;
    if !quiet {
        show(s, &settings);
    }
    let sign = if positive { 1.0 } else { -1.0 };
    let of_tables = |table: &Vec<Point>| -> Vec<(f64, f64)> {
        table.iter().filter(|p| p.failures > 0.0).map(|p| (p.time, p.survivor)).collect()
    };
    let survivors = match &adjust {
        Some(list) => Adjusted { list, zero, stratified }.survivors(s, &parsed, &curves)?,
        None => curves.tables.iter().map(of_tables).collect(),
    };
    let mut series = Vec::new();
    for (number, survivor) in survivors.into_iter().enumerate() {
        // One point for each failure time at which S is neither one nor zero.
        let points: Vec<(f64, f64)> = survivor
            .into_iter()
            .filter(|p| p.1 > 0.0 && p.1 < 1.0)
            .map(|(time, s)| (if raw_time { time } else { time.ln() }, sign * (-s.ln()).ln()))
            .collect();
        let label = curves.groups.text(number);
        let shape = match looks.stairs(number) {
            Some(true) => Shape::Line { points, step: true },
            _ => Shape::Connected { points },
        };
        let (style, number) = looks.style(number);
        series.push(Series { label, number, shape, style });
    }
    let picture = Picture {
        title: "Log-log plot of survival".into(),
        x_title: if raw_time { "Analysis time".into() } else { "ln(analysis time)".into() },
        y_title: if positive { "ln[-ln(survival probability)]" } else { "-ln[-ln(survival probability)]" }
            .into(),
        series,
        used: curves.records.rows.len(),
        ..Picture::default()
    };
    show_figure(s, picture, options)
}
