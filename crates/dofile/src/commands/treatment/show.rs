//! The table of `teffects`.

use crate::error::Result;
use crate::estimation::display::level;
use crate::estimation::header::{Fact, show as show_header};
use crate::estimation::table::{Table, row};
use crate::estimation::table_cells::{cells, columns_width};
use crate::format;
use crate::matrix::Stripe;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;

fn text(session: &Session, name: &str) -> String {
    session.e.results.get_text(name).unwrap_or("").to_string()
}

fn scalar(session: &Session, name: &str) -> f64 {
    session.e.results.get_scalar(name).unwrap_or(f64::NAN)
}

/// Prints header and table of the active estimates; `aequations` adds the auxiliary equations.
pub(super) fn show(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let matched = matches!(text(session, "subcmd").as_str(), "psmatch" | "nnmatch");
    print_header(session, matched);
    let (Some(b), Some(v)) = (session.e.b().cloned(), session.e.v().cloned()) else { return Ok(()) };
    let main = main_parameters(&b.col_names.iter().map(|s| s.eq.as_str()).collect::<Vec<_>>());
    let depvar = text(session, "depvar");
    Table {
        title: &depvar,
        vce_title: if matched { "AI robust" } else { "Robust" },
        ..Table::of_equations(&[], &[], &[], None, level)
    }
    .print_heading(session);
    let se: Vec<f64> = (0..b.cols()).map(|i| v.get(i, i).sqrt()).collect();
    let effects: Vec<Effect<'_>> =
        (0..main).map(|i| Effect { name: &b.col_names[i], b: b.values()[i], se: se[i] }).collect();
    print_effects(session, &effects, level);
    let table = Table {
        title: &depvar,
        vce_title: "Robust",
        ..Table::of_equations(&b.col_names, b.values(), &se, None, level)
    };
    session.r.clear();
    if cmd.has("aequations") && main < b.cols() {
        table.print(session);
    }
    table.store(session);
    Ok(())
}

fn print_header(session: &mut Session, matched: bool) {
    let mut facts = vec![Fact::observations(scalar(session, "N"))];
    let mut left = vec![
        "Treatment-effects estimation".to_string(),
        format!("Estimator      : {}", text(session, "emodel")),
        format!("Outcome model  : {}", text(session, "omodel")),
    ];
    let metric = text(session, "metric");
    left.push(match matched && !metric.is_empty() {
        true => format!("Distance metric: {metric}"),
        false => format!("Treatment model: {}", text(session, "tmodel")),
    });
    if matched {
        let count = |name: &str| scalar(session, name);
        facts.push(Fact::new("Matches: requested", "%10.0fc", count("k_nneighbor")));
        facts.push(Fact::new("              min", "%10.0fc", count("k_nnmin")));
        facts.push(Fact::new("              max", "%10.0fc", count("k_nnmax")));
    }
    if session.e.cmd() == "stteffects" {
        left[0] = "Survival treatment-effects estimation".to_string();
        left.push(format!("Censoring model: {}", text(session, "cmodel")));
    }
    session.print("");
    show_header(session, &left, &facts, 18, 10);
}

/// A row of the table.
struct Effect<'a> {
    name: &'a Stripe,
    b: f64,
    se: f64,
}

fn print_effects(session: &mut Session, effects: &[Effect<'_>], level: f64) {
    let tvar = text(session, "tvar");
    let (control, treated) = (text(session, "control_label"), text(session, "treated_label"));
    let of_control = format!("{}.", format::bare("%9.0g", scalar(session, "control")));
    let look = session.settings.table.clone();
    let width = columns_width(&look);
    let mut equation = "";
    for Effect { name, b, se } in effects {
        if name.eq != equation {
            if !equation.is_empty() {
                session.print(format!("-------------+{}", "-".repeat(width)));
            }
            session.print(format!("{:<13}|", name.eq));
            session.print(format!("{:>12} |", format::abbrev(&tvar, 12)));
            equation = &name.eq;
        }
        let numbers = cells(&row(*b, *se, None, level, false), None, name, &look);
        let contrast = name.name.starts_with('r');
        if contrast && treated.chars().count() + control.chars().count() > 6 {
            session.print(format!("{:>12} |", format::abbrev(&format!("({treated}"), 12)));
            session.print(format!("{:>12} |", "vs"));
            session.print(format!("{:>12} |{numbers}", format::abbrev(&format!("{control})"), 12)));
        } else if contrast {
            session.print(format!("{:>12} |{numbers}", format!("({treated} vs {control})")));
        } else {
            let own = if name.name.starts_with(&of_control) { &control } else { &treated };
            session.print(format!("{:>12} |{numbers}", format::abbrev(own, 12)));
        }
    }
    session.print("-".repeat(width + 14));
}

/// Number of parameters before the auxiliary equations.
fn main_parameters(equations: &[&str]) -> usize {
    equations.iter().take_while(|e| matches!(**e, "ATE" | "ATET" | "POmean" | "POmeans")).count()
}
