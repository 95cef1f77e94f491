//! The table of `teffects`.

use crate::error::Result;
use crate::estimation::display::level;
use crate::estimation::header::{Fact, show as show_header};
use crate::estimation::table::Table;
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
    let se: Vec<f64> = (0..b.cols()).map(|i| v.get(i, i).sqrt()).collect();
    let vce_title = if matched { "AI robust" } else { "Robust" };
    let shown = if cmd.has("aequations") { b.cols() } else { main };
    session.r.clear();
    Table {
        title: &depvar,
        vce_title,
        ..Table::of_equations(&b.col_names[..shown], &b.values()[..shown], &se[..shown], None, level)
    }
    .print(session);
    Table { title: &depvar, vce_title, ..Table::of_equations(&b.col_names, b.values(), &se, None, level) }
        .store(session);
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
        true if metric == "mahalanobis" => "Distance metric: Mahalanobis".to_string(),
        true => format!("Distance metric: {metric}"),
        false => format!("Treatment model: {}", text(session, "tmodel")),
    });
    if matched {
        let count = |name: &str| scalar(session, name);
        facts.push(Fact::new("Matches: requested", "%10.0fc", count("k_nneighbor")));
        facts.push(Fact::new("               min", "%10.0fc", count("k_nnmin")));
        facts.push(Fact::new("               max", "%10.0fc", count("k_nnmax")));
    }
    if session.e.cmd() == "stteffects" {
        left[0] = "Survival treatment-effects estimation".to_string();
        left.push(format!("Censoring model: {}", text(session, "cmodel")));
    }
    session.print("");
    show_header(session, &left, &facts, if matched { 18 } else { 17 }, 10);
}

/// Number of parameters before the auxiliary equations.
fn main_parameters(equations: &[&str]) -> usize {
    equations.iter().take_while(|e| matches!(**e, "ATE" | "ATET" | "POmean" | "POmeans")).count()
}
