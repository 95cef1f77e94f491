//! Output of `npregress kernel`.

use super::replications::interval_kind;
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::header::{Fact, show as show_header};
use crate::estimation::kernel_model::KernelModel;
use crate::estimation::table::Table;
use crate::format;
use crate::session::{OwnLimits, Session};
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;

/// Prints the active results.
pub(super) fn show(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    let held = s.e.extra.clone();
    let (Some(b), Some(model)) =
        (s.e.b().cloned(), held.as_ref().and_then(|e| e.downcast_ref::<KernelModel>()))
    else {
        return Err(StataError::no_estimates());
    };
    show_bandwidths(s);
    show_heading(s, model);
    let v = s.e.v().cloned();
    let before = s.settings.table.clone();
    let se: Vec<f64> = match &v {
        Some(v) => (0..b.cols()).map(|i| v.get(i, i).sqrt()).collect(),
        None => vec![0.0; b.cols()],
    };
    if v.is_some() {
        s.settings.table.limits = limits(s, cmd, level)?;
    } else {
        s.settings.table.only_estimates = true;
    }
    let depvar = s.e.results.get_text("depvar").unwrap_or("").to_string();
    Table {
        title: &depvar,
        heading: "Estimate",
        vce_title: if v.is_some() { "Bootstrap" } else { "" },
        ..Table::of_equations(&b.col_names, b.values(), &se, None, level)
    }
    .show(s);
    s.settings.table = before;
    show_notes(s, model, v.is_some(), b.cols() > 1);
    Ok(())
}

/// The limits that the table shows: those of the replications, at the level of the command.
fn limits(s: &Session, cmd: &ParsedCommand, level: f64) -> Result<Option<OwnLimits>> {
    let stored = s.e.results.get_text("citype").unwrap_or("percentile");
    let (name, title) = interval_kind(cmd.options.text("citype").map_or(stored, str::trim))?;
    if s.e.results.get_scalar("level") != Some(level) {
        return match name {
            "ci_normal" => Ok(None),
            _ => Err(StataError::new(198, "level() of the replications cannot be changed on replay")),
        };
    }
    let found = s.e.results.matrices.get(name);
    Ok(found.map(|m| (title, (0..m.cols()).map(|j| (m.get(0, j), m.get(1, j))).collect())))
}

fn show_bandwidths(s: &mut Session) {
    let Some(widths) = s.e.results.matrices.get("bwidth").cloned() else { return };
    let effect = widths.rows() > 1;
    let rule = "-".repeat(if effect { 26 } else { 13 });
    s.print("");
    s.print("Bandwidth");
    s.print(format!("-------------{}", "-".repeat(rule.len() + 1)));
    let heading = if effect { "      Mean       Effect" } else { "      Mean" };
    s.print(format!("{:>12} |{heading}", ""));
    s.print(format!("-------------+{rule}"));
    for j in 0..widths.cols() {
        let name = format::abbrev(&widths.col_names[j].name, 12);
        let cell = |i: usize| format!("{:>12}", format::number("%9.0g", widths.get(i, j)).trim());
        let cells: String = (0..widths.rows()).map(cell).collect::<Vec<_>>().join(" ");
        s.print(format!("{name:>12} |{}", &cells[1..]));
    }
    s.print(format!("-------------{}", "-".repeat(rule.len() + 1)));
}

fn show_heading(s: &mut Session, model: &KernelModel) {
    let text = |name: &str| s.e.results.get_text(name).unwrap_or("").to_string();
    let scalar = |name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let mut facts = vec![Fact::observations(scalar("N"))];
    if !model.data.continuous.is_empty() {
        facts.push(Fact::new("E(Kernel obs)", "%10.0fc", scalar("nh")));
    }
    facts.push(Fact::new("R-squared", "%6.4f", scalar("r2")));
    let mut left = vec![text("title")];
    match (model.data.continuous.is_empty(), model.data.discrete.is_empty()) {
        (false, true) => {
            left.push(format!("Kernel   : {}", text("kname")));
            left.push(format!("Bandwidth: {}", text("bselector")));
        }
        (continuous, _) => {
            if !continuous {
                left.push(format!("Continuous kernel : {}", text("kname")));
            }
            left.push(format!("Discrete kernel   : {}", text("dkname")));
            left.push(format!("Bandwidth         : {}", text("bselector")));
        }
    }
    if let Some(reps) = s.e.results.get_scalar("N_reps") {
        facts.push(Fact::new("Replications", "%10.0fc", reps));
    }
    s.print("");
    show_header(s, &left, &facts, 18, 10);
}

fn show_notes(s: &mut Session, model: &KernelModel, errors: bool, effects: bool) {
    if effects {
        match (model.data.continuous.is_empty(), model.data.discrete.is_empty()) {
            (false, true) => s.print("Note: Effect estimates are averages of derivatives."),
            (true, _) => s.print("Note: Effect estimates are averages of contrasts of factor covariates."),
            _ => {
                s.print("Note: Effect estimates are averages of derivatives for continuous covariates");
                s.print("      and averages of contrasts for factor covariates.");
            }
        }
    }
    if !errors {
        s.print("Note: You may compute standard errors using vce(bootstrap) or reps().");
    }
}
