//! What `lorenz` and `pshare` print and draw.

use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::header::{self, Fact};
use crate::estimation::table::Table;
use crate::format;
use crate::frame::{Column, Frame, StorageType, Variable};
use crate::ops::run::shown;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::value::MISSING;

/// The active results.
pub(super) fn show(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    let (Some(b), v) = (s.e.b().cloned(), s.e.v().cloned()) else {
        return Err(StataError::no_estimates());
    };
    let e = &s.e.results;
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let scalar = |name: &str| e.get_scalar(name);
    let (title, depvar, clustvar) = (text("title"), text("depvar"), text("clustvar"));
    let (n, df_r, clusters) = (scalar("N").unwrap_or(MISSING), scalar("df_r"), scalar("N_clust"));
    let vcetype = text("vcetype");
    let over = text("over");
    let gini = e.matrices.get("G").cloned();
    if !cmd.has("noheader") {
        s.print("");
        header::show(s, &[title, String::new()], &[Fact::observations(n)], 13, 6);
        if !over.is_empty() {
            s.print(format!("Over: {over}"));
        }
        s.print("");
    }
    if !cmd.has("notable") {
        let look = s.settings.table.clone();
        s.settings.table.no_tests = true;
        s.settings.table.only_estimates = v.is_none();
        let se: Vec<f64> =
            (0..b.cols()).map(|i| v.as_ref().map_or(MISSING, |v| v.get(i, i).sqrt())).collect();
        Table {
            title: &depvar,
            vce_title: &vcetype,
            clusters: clusters.map(|c| (c, clustvar.as_str())),
            equations: s.e.results.get_scalar("k_eq").is_some_and(|k| k > 1.0),
            ..Table::of_equations(&b.col_names, b.values(), &se, df_r, level)
        }
        .show(s);
        s.settings.table = look;
    }
    if let Some(gini) = gini.filter(|_| !cmd.has("nogtable")) {
        s.print("");
        s.print(format!("{:>12} |       Gini", "Variable"));
        s.print("-------------+-----------");
        for j in 0..gini.cols() {
            let name = format::abbrev(&gini.col_names[j].name, 12);
            s.print(format!("{name:>12} | {:>10}", format::bare("%9.0g", gini.get(0, j)).trim()));
        }
    }
    Ok(())
}

/// Draws the curves of the active results against the population percentage, with the diagonal of equality.
pub(super) fn graph(s: &mut Session, options: &str) -> Result<()> {
    let (Some(b), Some(p)) = (s.e.b().cloned(), s.e.results.matrices.get("p").cloned()) else {
        return Err(StataError::no_estimates());
    };
    if s.e.cmd() != "lorenz" {
        return Err(StataError::no_estimates());
    }
    for refused in [
        "nodiagonal",
        "diagonal(",
        "keep(",
        "prange(",
        "gini(",
        "nogini",
        "labels(",
        "byopts(",
        "ciopts(",
        "proportion",
    ] {
        if options.split_whitespace().any(|w| w.starts_with(refused)) {
            return Err(StataError::unsupported_option("lorenz graph", refused.trim_end_matches('(')));
        }
    }
    let options: Vec<&str> =
        options.split_whitespace().filter(|w| !["overlay", "noci"].contains(w)).collect();
    let points = p.cols();
    let mut frame = Frame::new();
    let mut column = |name: &str, label: &str, values: &[f64]| -> Result<()> {
        let mut v = Variable::new(name, Column::from_f64(StorageType::Double, values));
        v.label = label.to_string();
        frame.add(v).map(|_| ())
    };
    column("p", "population percentage", p.values())?;
    let mut plots = Vec::new();
    for (k, part) in b.values().chunks_exact(points).enumerate() {
        column(&format!("curve{k}"), &b.col_names[k * points].eq, part)?;
        plots.push(format!("(line curve{k} p)"));
    }
    if s.e.results.get_text("type") == Some("") {
        let top = b.values().iter().copied().fold(0.0f64, f64::max);
        let scale = if top > 1.5 { 1.0 } else { 0.01 };
        let equal: Vec<f64> = p.values().iter().map(|p| p * scale).collect();
        column("equal", "equality", &equal)?;
        plots.push("(line equal p)".to_string());
    }
    let own = std::mem::replace(&mut s.frame, frame);
    let done = shown(s, &format!("twoway {}, {}", plots.join(" "), options.join(" ")));
    s.frame = own;
    done
}
