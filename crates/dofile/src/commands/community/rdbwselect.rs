//! `rdbwselect`: bandwidths of regression discontinuity designs. Formulas: `estimators::rd_bandwidth`.

use super::rd_sample::{read, selected};
use super::rdrobust;
use crate::commands::{CommandSpec, Example};
use crate::error::Result;
use crate::estimation::post::command_line;
use crate::format;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;

/// The command `rdbwselect`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "rdbwselect",
    min: 10,
    run,
    syntax: "rdbwselect depvar runvar [if] [in] [, c(#) p(#) q(#) deriv(#) fuzzy(treatvar [sharpbw]) covs(varlist) kernel() bwselect(mserd|msetwo|msesum|msecomb1|msecomb2|cerrd|...) vce() scaleregul(#) all]",
    notes: "stores e(N N_l N_r c p q h_mserd b_mserd or h_msetwo_l h_msetwo_r b_msetwo_l b_msetwo_r, and so on for every selector, the same with cer), with all every selector; formulas: Calonico, Cattaneo and Farrell (2020)",
    examples: &[Example {
        run: "set obs 300\ngen x = (_n - 150.5)/150\ngen y = sin(2*x) + (x >= 0) + mod(_n*7, 11)/20\nrdrobust y x\nscalar h = e(h_l)\nrdbwselect y x",
        expect: &[("e(h_mserd) - h", 0.0)],
    }],
    ..rdrobust::SPEC
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let design = read(session, cmd)?;
    let asked = cmd.options.text("bwselect").map_or("mserd", str::trim);
    let every = ["mserd", "msetwo", "msesum", "msecomb1", "msecomb2"];
    let every = every.iter().map(|s| s.to_string()).chain(every.iter().map(|s| s.replace("mse", "cer")));
    let every: Vec<String> = every.collect();
    let chosen: Vec<&str> =
        if cmd.has("all") { every.iter().map(String::as_str).collect() } else { vec![asked] };
    let mut est = Estimation::default();
    session.print("");
    let kind = if design.treatment.is_some() { "fuzzy" } else { "sharp" };
    session.print(format!("Bandwidth estimators for {kind} RD local polynomial regression."));
    session.print("");
    session.print(format!("Outcome: {}. Running variable: {}.", design.depvar, design.running));
    session.print("-".repeat(80));
    session.print("                   |         BW est. (h)         |         BW bias (b)");
    session.print("            Method |   Left of c     Right of c  |   Left of c     Right of c");
    session.print(format!("{}+{}+{}", "-".repeat(19), "-".repeat(29), "-".repeat(30)));
    for selector in chosen {
        let found = selected(&design, selector)?;
        let cell = |x: f64| format::bare("%9.3f", x);
        session.print(format!(
            "{selector:>18} |{:>12}   {:>12}  |{:>12}   {:>12}",
            cell(found.h[0]),
            cell(found.h[1]),
            cell(found.b[0]),
            cell(found.b[1])
        ));
        let r = &mut est.results;
        if found.h[0] == found.h[1] && !selector.ends_with("two") && !selector.ends_with("comb2") {
            r.scalar(&format!("h_{selector}"), found.h[0]).scalar(&format!("b_{selector}"), found.b[0]);
        } else {
            for (side, k) in [("l", 0), ("r", 1)] {
                r.scalar(&format!("h_{selector}_{side}"), found.h[k]);
                r.scalar(&format!("b_{selector}_{side}"), found.b[k]);
            }
        }
    }
    session.print("-".repeat(80));
    let r = &mut est.results;
    let counts = design.sides.each_ref().map(|s| s.x.len() as f64);
    r.scalar("N", counts[0] + counts[1]).scalar("N_l", counts[0]).scalar("N_r", counts[1]);
    r.scalar("c", design.cutoff).scalar("p", design.settings.p as f64).scalar("q", design.settings.q as f64);
    r.text("cmd", "rdbwselect").text("cmdline", command_line(cmd)).text("kernel", design.kernel);
    r.text("bwselect", asked).text("vce_select", &design.vce).text("runningvar", &design.running);
    r.text("outcomevar", &design.depvar).text("depvar", &design.depvar);
    session.post_estimation(est, design.touse);
    Ok(())
}
