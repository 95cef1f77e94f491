//! The printed results of `reghdfe`.

use crate::error::Result;
use crate::estimation::display::{level, show_active};
use crate::estimation::header::{Fact, show};
use crate::estimation::post::stata;
use crate::format;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::distributions::f_tail;

/// Header, coefficients and absorbed degrees of freedom of the active estimates.
pub(super) fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    if !cmd.has("noheader") {
        let e = &s.e.results;
        let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
        let (f, df_m, df_r) = (scalar("F"), scalar("df_m"), scalar("df_r"));
        let tail = if is_missing(f) { MISSING } else { stata(f_tail(df_m, df_r, f)) };
        let facts = [
            Fact::observations(scalar("N")),
            Fact::statistic("F", &[df_m, df_r], f),
            Fact::probability("Prob > F", tail),
            Fact::probability("R-squared", scalar("r2")),
            Fact::probability("Adj R-squared", scalar("r2_a")),
            Fact::probability("Within R-sq.", scalar("r2_within")),
            Fact::new("Root MSE", "%9.4f", scalar("rmse")),
        ];
        let sets = scalar("N_hdfe");
        let mut left = vec![
            "HDFE Linear regression".to_string(),
            format!("Absorbing {sets} HDFE group{}", if sets == 1.0 { "" } else { "s" }),
        ];
        if e.get_text("vcetype") == Some("Robust") {
            left.push("Statistics robust to heteroskedasticity".to_string());
        }
        for k in 1..=scalar("N_clustervars").min(5.0) as usize {
            if let Some(name) = e.get_text(&format!("clustvar{k}")) {
                left.push(format!("Number of clusters ({name}) = {}", scalar(&format!("N_clust{k}"))));
            }
        }
        s.print("");
        show(s, &left, &facts, 17, 9);
    }
    s.print("");
    show_active(s, level, None)?;
    if !cmd.has("nofootnote") {
        footnote(s);
    }
    Ok(())
}

/// The table of absorbed degrees of freedom.
pub(super) fn footnote(s: &mut Session) {
    let Some(table) = s.e.results.matrices.get("dof_table").cloned() else { return };
    s.print("");
    s.print("Absorbed degrees of freedom:");
    s.print("-----------------------------------------------------+");
    s.print(" Absorbed FE | Categories  - Redundant  = Num. Coefs |");
    s.print("-------------+---------------------------------------|");
    let (mut inside, mut inexact) = (false, false);
    for (i, name) in table.row_names.iter().enumerate() {
        let mark = match (table.get(i, 3) == 1.0, table.get(i, 4) == 1.0) {
            (_, true) => "*",
            (true, _) => "?",
            _ => " ",
        };
        inside |= mark == "*";
        inexact |= mark == "?";
        s.print(format!(
            "{:>12} |{:>10} {:>12} {:>12}    {mark}|",
            format::abbrev(&name.name, 12),
            table.get(i, 0),
            table.get(i, 1),
            table.get(i, 2)
        ));
    }
    s.print("-----------------------------------------------------+");
    if inexact {
        s.print("? = number of redundant parameters may be higher");
    }
    if inside {
        s.print("* = FE nested within cluster; treated as redundant for DoF computation");
    }
}
