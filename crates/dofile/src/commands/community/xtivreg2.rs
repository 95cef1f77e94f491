//! `xtivreg2, fe`: `ivreg2` on columns without the means of the panels. Conventions: Schaffer (2010), xtivreg2; with clusters
//! that hold whole panels the effects cost no degrees of freedom, which is the only covariance here.

use super::ivreg2::{OPTIONS, REFUSED, asked, estimate};
use super::ivreg2_show;
use super::ivreghdfe::take_out;
use super::reghdfe_effects::Effects;
use super::reghdfe_sets::absorbed;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::instruments::{IvState, drop_collinear, read_columns};
use crate::estimation::model::VceSpec;
use crate::estimation::post::stata;
use crate::format;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::tsset::Panel;
use crate::value::MISSING;
use estimators::absorb_fit::Adjustments;

const ALL: &[OptSpec] = crate::concat_lists!(OptSpec; OPTIONS, &[OptSpec::flag("FE"), OptSpec::flag("FD")]);

const ALSO_REFUSED: &[&str] = crate::concat_lists!(&str; REFUSED, &["PARTIAL", "FWL", "I", "T"]);

const SYNTAX: StandardSyntax = StandardSyntax::new(ALL)
    .weights(&[WeightKind::Analytic, WeightKind::Frequency, WeightKind::Probability])
    .coefficient_table()
    .unsupported(ALSO_REFUSED);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtivreg2",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "xtivreg2 depvar [exog] [(endog = instruments)] [if] [in] [weight], fe cluster(v) [gmm2s liml fuller(#) small first ffirst endogtest(varlist) orthog(varlist) noid level(#) noheader nofooter]",
    notes: "after xtset; fe, and cluster(v) whose clusters hold whole panels; other covariances and fd are refused; panels with one row leave the sample; no constant; stores what ivreg2 stores, with e(rmse cd cdf) missing, and e(N_g g_min g_avg g_max singleton xtmodel ivar); see xtivreg2 (SSC), Schaffer (2010)",
    examples: &[Example {
        // Within each panel means of y differ by 5, of x by 3 between the values of z.
        run: "input g t y x z\n1 1 1 1 0\n1 2 3 2 0\n1 3 5 3 1\n1 4 9 6 1\n2 1 11 1 0\n2 2 13 2 0\n2 3 15 3 1\n2 4 19 6 1\nend\nxtset g t\nxtivreg2 y (x = z), fe cluster(g)",
        expect: &[("_b[x]", 5.0 / 3.0), ("e(N_g)", 2.0), ("e(N_clust)", 2.0)],
    }],
};

/// Rows of each panel among `rows`, by the value of the panel variable.
fn sizes(s: &Session, panel: usize, rows: &[usize]) -> Vec<(f64, usize)> {
    let mut values: Vec<f64> = rows.iter().map(|r| s.frame.num_at(panel, *r)).collect();
    values.sort_by(f64::total_cmp);
    values.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect()
}

/// Refuses clusters that divide a panel: the effects would cost degrees of freedom.
fn nested(s: &Session, panel: usize, state: &IvState) -> Result<()> {
    let refused = |what: &str| Err(StataError::unsupported_option("xtivreg2", what));
    let Some(clusters) = &state.model.clusters else {
        return refused("standard errors without cluster()");
    };
    let rows = &state.model.design.rows;
    let mut pairs: Vec<(f64, u32)> =
        rows.iter().zip(&clusters.of_row).map(|(r, c)| (s.frame.num_at(panel, *r), *c)).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    match pairs.windows(2).any(|w| w[0].0 == w[1].0 && w[0].1 != w[1].1) {
        true => refused("cluster() whose clusters divide panels"),
        false => Ok(()),
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && s.e.cmd() == "xtivreg2" {
        return show(s, cmd);
    }
    let refused = |what: &str| StataError::unsupported_option("xtivreg2", what);
    if cmd.has("fd") {
        return Err(refused("fd"));
    }
    if !cmd.has("fe") {
        return Err(StataError::invalid("you must specify the fe or the fd option"));
    }
    if let Some(option) = ["bw", "kernel", "dkraay", "savefirst", "savefprefix"].iter().find(|o| cmd.has(o)) {
        return Err(refused(option));
    }
    let panel = Panel::of(&s.frame)?;
    let panel = panel.unit()?;
    let mut asked = asked(cmd, None)?;
    if !matches!(asked.vce, VceSpec::Cluster(_)) {
        return Err(refused("standard errors without cluster()"));
    }
    asked.further.push(panel);
    let mut alone = 0;
    let mut state = read_columns(s, cmd, asked, &cmd.list, |s, rows| {
        let single: Vec<f64> = sizes(s, panel, rows).iter().filter(|p| p.1 == 1).map(|p| p.0).collect();
        alone = single.len();
        (0..rows.len()).filter(|i| single.contains(&s.frame.num_at(panel, rows[*i]))).collect()
    })?;
    if alone > 0 {
        s.print(format!("Warning - singleton groups detected.  {alone} observation(s) not used."));
    }
    nested(s, panel, &state)?;
    let name = s.frame.var(panel).name.clone();
    let effects = Effects::new(s, &state.model, &absorbed(s, &name)?)?;
    take_out(&mut state, &effects, Adjustments::ALL)?;
    state.small = cmd.has("small");
    drop_collinear(s, &mut state)?;
    let groups = sizes(s, panel, &state.model.design.rows);
    let rows = state.model.design.rows.len() as f64;
    let regressors = (state.exogenous.len() + state.endogenous.len()) as f64;
    estimate(s, cmd, "xtivreg2", &state, |results| {
        let size = |f: fn(usize, usize) -> usize| groups.iter().map(|g| g.1).reduce(f).unwrap_or(0) as f64;
        results.scalar("N_g", groups.len() as f64).scalar("g_min", size(usize::min));
        results.scalar("g_max", size(usize::max)).scalar("g_avg", rows / groups.len() as f64);
        // The effects count in the adjusted R squared, though clusters that hold them leave the covariance alone.
        let r2 = results.get_scalar("r2").unwrap_or(MISSING);
        let left = rows - regressors - groups.len() as f64;
        results.scalar("r2_a", stata(1.0 - (1.0 - r2) * rows / left));
        // which degrees of freedom they have under clusters is not published
        for name in ["rmse", "cd", "cdf"] {
            results.scalar(name, MISSING);
        }
        results.scalar("singleton", alone as f64).text("xtmodel", "fe").text("ivar", &name);
    })?;
    show(s, cmd)
}

fn show(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !cmd.has("noheader") {
        let value = |name: &str| format::bare("%9.0g", s.e.results.get_scalar(name).unwrap_or(0.0));
        let lines = [
            format!(
                "Number of groups = {:>9} {:>32} {:>9}",
                value("N_g"),
                "Obs per group: min =",
                value("g_min")
            ),
            format!(
                "{:>61} {:>9}",
                "avg =",
                format::bare("%9.1f", s.e.results.get_scalar("g_avg").unwrap_or(0.0))
            ),
            format!("{:>61} {:>9}", "max =", value("g_max")),
        ];
        s.print("");
        s.print("FIXED EFFECTS ESTIMATION");
        s.print("-".repeat(24));
        lines.into_iter().for_each(|line| s.print(line));
    }
    ivreg2_show::show(s, cmd)
}
