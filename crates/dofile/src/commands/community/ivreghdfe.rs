//! `ivreghdfe`: instrumental variables with several sets of absorbed effects, which are `ivreg2` on columns without the
//! effects, with finite-sample statistics on the degrees of freedom of `reghdfe`.

use super::ivreg2::{OPTIONS, REFUSED, asked, estimate};
use super::ivreg2_dependence::{declare, take};
use super::ivreg2_show;
use super::reghdfe_effects::{Effects, degrees, save_residuals};
use super::reghdfe_sets::{absorbed, adjustments, singletons, variables};
use super::reghdfe_show::footnote;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::cluster_rows::ClusterRows;
use crate::estimation::display::fit_error;
use crate::estimation::instruments::{Dependence, IvState, drop_collinear, read, read_columns};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::absorb_fit::{self, Adjustments, Cleaned};
use estimators::panel::Units;
use estimators::weights::Weights;

const ALL: &[OptSpec] = crate::concat_lists!(
    OptSpec;
    OPTIONS,
    &[
        OptSpec::text("Absorb"),
        OptSpec::text("VCE"),
        OptSpec::flag_or_text("RESiduals"),
        OptSpec::text("DOFadjustments"),
        OptSpec::flag("KEEPSINgletons"),
        OptSpec::real("TOLerance"),
        OptSpec::real("ITERate"),
        OptSpec::text("ACCELeration"),
        OptSpec::text("TRANSForm"),
        OptSpec::real("POOLsize"),
        OptSpec::real("Verbose"),
        OptSpec::flag("TIMEit"),
    ]
);

const ALSO_REFUSED: &[&str] = crate::concat_lists!(&str; REFUSED, &["PARTIAL", "FWL"]);

const SYNTAX: StandardSyntax = StandardSyntax::new(ALL)
    .weights(&[WeightKind::Analytic, WeightKind::Frequency, WeightKind::Probability])
    .coefficient_table()
    .unsupported(ALSO_REFUSED);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ivreghdfe",
    min: 9,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "ivreghdfe depvar [exog] [(endog = instruments)] [if] [in] [weight] [, absorb([a] [a#b i.a#c.x a##c.x ...]) robust cluster(v1 [v2]) vce(robust|cluster v1 [v2]) bw(#) kernel(name) dkraay(#) gmm2s liml fuller(#) first ffirst endogtest(varlist) orthog(varlist) residuals[(newvar)] dofadjustments(...) keepsingletons noid level(#) noheader nofooter]",
    notes: "with absorb() finite-sample statistics, no constant, and stores what ivreg2 stores, with e(N_hdfe df_a num_singletons dof_table absvars); the absorbed coefficients and the constant cost degrees of freedom (e(sdofminus)) as in reghdfe; effects are not saved; without absorb() as ivreg2; see ivreghdfe, Correia (2018)",
    examples: &[Example {
        // Within each group means of y differ by 5, of x by 3 between the values of z.
        run: "input g y x z\n1 1 1 0\n1 3 2 0\n1 5 3 1\n1 9 6 1\n2 11 1 0\n2 13 2 0\n2 15 3 1\n2 19 6 1\nend\nivreghdfe y (x = z), absorb(g)",
        expect: &[("_b[x]", 5.0 / 3.0), ("e(df_r)", 5.0), ("e(sdofminus)", 2.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && s.e.cmd() == "ivreghdfe" {
        return show(s, cmd);
    }
    let mut plain = cmd.clone();
    from_vce(&mut plain)?;
    let cmd = &plain.clone();
    let wanted = take(s, &mut plain)?;
    let mut asked = asked(&plain, wanted.vce.clone())?;
    asked.further.extend(&wanted.further);
    let Some(text) = cmd.options.text("absorb") else {
        let mut state = read(s, &plain, asked, &cmd.list)?;
        declare(s, &mut state, &wanted)?;
        estimate(s, cmd, "ivreghdfe", &state, |_| {})?;
        return show(s, cmd);
    };
    let items = absorbed(s, text)?;
    if items.iter().any(|item| item.saved.is_some()) {
        return Err(StataError::unsupported_option("ivreghdfe", "absorb(newvar=...) and savefe"));
    }
    let adjustments = adjustments(cmd.options.text("dofadjustments"))?;
    asked.further.extend(variables(&items));
    let mut alone = 0;
    let mut state = read_columns(s, &plain, asked, &cmd.list, |s, rows| {
        let found = if cmd.has("keepsingletons") { Vec::new() } else { singletons(s, &items, rows) };
        alone = found.len();
        found
    })?;
    declare(s, &mut state, &wanted)?;
    let effects = Effects::new(s, &state.model, &items)?;
    let counts = take_out(&mut state, &effects, adjustments)?;
    state.small = true;
    // As in reghdfe, the constant counts next to effects that clusters excuse.
    state.absorbed = if clustered(&state).is_empty() { counts.every } else { counts.beside_constant + 1 };
    drop_collinear(s, &mut state)?;
    let fit = estimate(s, cmd, "ivreghdfe", &state, |results| {
        results.scalar("N_hdfe", items.len() as f64).scalar("df_a", counts.df_a);
        results.scalar("num_singletons", alone as f64);
        degrees(results, &items, &effects, (&counts.sets, &counts.slopes));
    })?;
    save_residuals(s, cmd, &state.model, &fit.residuals)?;
    show(s, cmd)
}

/// `vce()` as the options of `ivreg2`: `robust`, `cluster(list)`, or none.
fn from_vce(cmd: &mut ParsedCommand) -> Result<()> {
    let Some(text) = cmd.options.text("vce").map(|t| t.trim().to_string()) else { return Ok(()) };
    if cmd.has("robust") || cmd.options.text("cluster").is_some() {
        return Err(StataError::invalid("option vce() may not be combined with robust or cluster()"));
    }
    let (kind, list) = text.split_once(char::is_whitespace).unwrap_or((text.as_str(), ""));
    match (kind, list.trim()) {
        (k, "") if k.len() >= 2 && ("unadjusted".starts_with(k) || "ols".starts_with(k)) => {}
        (k, "") if "robust".starts_with(k) => cmd.options.give("robust", None),
        (k, list) if k.len() >= 2 && "cluster".starts_with(k) && !list.is_empty() => {
            cmd.options.give("cluster", Some(list));
        }
        _ => return Err(StataError::unsupported_option("ivreghdfe", &format!("vce({text})"))),
    }
    Ok(())
}

fn show(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    ivreg2_show::show(s, cmd)?;
    if !cmd.has("nofooter") {
        footnote(s);
    }
    Ok(())
}

/// The cluster variables.
fn clustered(state: &IvState) -> Vec<&ClusterRows> {
    match &state.dependence {
        Some(Dependence::TwoWay([first, second, _])) => vec![first, second],
        _ => state.model.clusters.iter().collect(),
    }
}

/// Takes the effects, the constant among them, out of all columns.
pub(super) fn take_out(state: &mut IvState, effects: &Effects, adjustments: Adjustments) -> Result<Cleaned> {
    let weights = state.model.weights.as_ref().map(Weights::effective);
    let weights = weights.as_ref().map(|(w, _)| w.as_slice());
    let clusters: Vec<Units> = clustered(state).into_iter().map(|c| Units::new(c.of_row.clone())).collect();
    let lists = [&state.endogenous, &state.exogenous, &state.instruments];
    let columns: Vec<&[f64]> =
        lists.into_iter().flatten().map(|c| c.1.as_slice()).chain([state.y.as_slice()]).collect();
    let mut found =
        absorb_fit::clean(&columns, weights, &effects.sets, &effects.slopes, &clusters, adjustments)
            .map_err(fit_error)?;
    let mut cleaned = std::mem::take(&mut found.columns).into_iter().map(|mut column| {
        let mean = estimators::qr::weighted_mean(&column, weights);
        column.iter_mut().for_each(|value| *value -= mean);
        column
    });
    for list in [&mut state.endogenous, &mut state.exogenous, &mut state.instruments] {
        list.iter_mut().zip(&mut cleaned).for_each(|(column, values)| column.1 = values);
    }
    state.y = cleaned.next().expect("the outcome is the last column");
    state.model.constant = false;
    Ok(found)
}
