//! `predict`: finds the family that predicts after the active estimates. The statistics are in the families.

use super::estimation::{
    predict_choice, predict_counts, predict_equations, predict_groups, predict_models, predictions,
};
use super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::{
    community, estimation, latent, limited, multivariate, nonlinear, nonparametric, panel, shrinkage,
    spatial, survival, timeseries, treatment,
};
use crate::error::{Result, StataError};
use crate::frame::StorageType;
use crate::ops::predict::{Effects, Own, Prediction, add, chosen, new_names, short_names};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("xb"),
    OptSpec::flag("Residuals"),
    OptSpec::flag("stdp"),
    OptSpec::flag("stdf"),
    OptSpec::flag("stdr"),
    OptSpec::flag("RSTAndard"),
    OptSpec::flag("RSTUdent"),
    OptSpec::flag("Leverage"),
    OptSpec::flag("Hat"),
    OptSpec::flag("Cooksd"),
    OptSpec::flag("DFIts"),
    OptSpec::flag("COVratio"),
    OptSpec::flag("Welsch"),
    OptSpec::flag_or_text("DFBeta"),
    OptSpec::flag_or_text("pr"),
    OptSpec::flag("u"),
    OptSpec::flag_or_text("e"),
    OptSpec::text("YStar"),
    OptSpec::text("cpr"),
    OptSpec::text("pr0"),
    OptSpec::flag("iru0"),
    OptSpec::flag("NShazard"),
    OptSpec::flag("STDPSel"),
    OptSpec::flag("STDPLna"),
    OptSpec::flag("stddp"),
    OptSpec::flag("DIFference"),
    OptSpec::flag("SCores"),
    OptSpec::flag("mu"),
    OptSpec::flag("FIXEDonly"),
    OptSpec::flag("cm"),
    OptSpec::flag("XBSel"),
    OptSpec::flag("PSel"),
    OptSpec::flag("NCond"),
    OptSpec::flag("YCond"),
    OptSpec::flag("YExpected"),
    OptSpec::flag("Mills"),
    OptSpec::flag("CMean"),
    OptSpec::flag("CVARiance"),
    OptSpec::flag("XBSCale"),
    OptSpec::flag("p11"),
    OptSpec::flag("p10"),
    OptSpec::flag("p01"),
    OptSpec::flag("p00"),
    OptSpec::flag("pmarg1"),
    OptSpec::flag("pmarg2"),
    OptSpec::flag("pcond1"),
    OptSpec::flag("pcond2"),
    OptSpec::flag("xb1"),
    OptSpec::flag("xb2"),
    OptSpec::flag("PMargin"),
    OptSpec::flag("POMean"),
    OptSpec::flag("OMean"),
    OptSpec::flag("cte"),
    OptSpec::flag("XBTReat"),
    OptSpec::flag("YCTrt"),
    OptSpec::flag("YCNTrt"),
    OptSpec::flag("PTrt"),
    OptSpec::flag("XBTRT"),
    OptSpec::flag("PCond"),
    OptSpec::flag("pjoint1"),
    OptSpec::flag("ppar"),
    OptSpec::flag("pnpar"),
    OptSpec::flag("xbinfl"),
    OptSpec::flag("ymean"),
    OptSpec::flag("SIGma"),
    OptSpec::flag("alpha"),
    OptSpec::flag("lnalpha"),
    OptSpec::flag("pu0"),
    OptSpec::flag("pc1"),
    OptSpec::text("CONDitional"),
    OptSpec::flag("MARGinal"),
    OptSpec::flag("nu0"),
    OptSpec::flag("REFfects"),
    OptSpec::flag_or_text("RESEs"),
    OptSpec::text("RELEVel"),
    OptSpec::flag("EBMEANs"),
    OptSpec::flag("eta"),
    OptSpec::flag("FITted"),
    OptSpec::flag("RESponse"),
    OptSpec::flag("Pearson"),
    OptSpec::flag("ue"),
    OptSpec::flag("xbu"),
    OptSpec::flag("d"),
    OptSpec::flag("xbd"),
    OptSpec::flag("DResiduals"),
    OptSpec::flag("n"),
    OptSpec::flag("ir"),
    OptSpec::flag("hr"),
    OptSpec::flag("shr"),
    OptSpec::flag("BASECIf"),
    OptSpec::flag("BASECSHazard"),
    OptSpec::text("Outcome"),
    OptSpec::text("EQuation"),
    OptSpec::flag("BASESurv"),
    OptSpec::flag("BASEChazard"),
    OptSpec::flag("BASEHc"),
    OptSpec::flag("CSNell"),
    OptSpec::flag("MGale"),
    OptSpec::flag("DEViance"),
    OptSpec::flag("DDeviance"),
    OptSpec::flag("DX2"),
    OptSpec::flag("DBeta"),
    OptSpec::flag("Number"),
    OptSpec::flag("SCHoenfeld"),
    OptSpec::flag("SCAledsch"),
    OptSpec::flag("ESR"),
    OptSpec::flag("LDisplace"),
    OptSpec::flag("LMax"),
    OptSpec::flag("MEDian"),
    OptSpec::flag("MEAN"),
    OptSpec::flag("Time"),
    OptSpec::flag("LNTime"),
    OptSpec::flag("HAzard"),
    OptSpec::flag("Surv"),
    OptSpec::flag("CSUrv"),
    OptSpec::flag("alpha1"),
    OptSpec::flag("UNCONDitional"),
    OptSpec::flag("PARTial"),
    OptSpec::flag("oos"),
    OptSpec::flag("DENsity"),
    OptSpec::flag("DISTribution"),
])
.unsupported(&["COVRatio", "Welsch", "DFBeta", "nooffset", "EBMODEs"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "predict",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "predict [type] newvar [if] [in] [, xb scores residuals stdp stdf stdr rstandard rstudent leverage cooksd dfits covratio welsch dfbeta(term) | pr | residuals rstandard hat deviance dx2 ddeviance dbeta number | u e ue xbu | d xbd dresiduals | n ir | hr | mu eta [marginal conditional(ebmeans|fixedonly)] | reffects [reses(newvars) relevel(level)] | median time mean lntime hazard surv csurv csnell mgale deviance [alpha1 unconditional partial oos] | outcome(#) equation(eq)]",
    notes: "which statistics exist depends on e(cmd); formulas: [R] regress postestimation, [XT] xtreg postestimation, [ST] streg postestimation",
    examples: &[Example {
        run: "set obs 5\ngen x = _n\ngen y = cond(_n==3, 4, _n)\nregress y x\npredict double h, leverage\npredict double r, residuals",
        // Leverage of equally spaced points: 1/n + (x - mean)^2 / 10; residuals of one raised point.
        expect: &[("h[1]", 0.6), ("h[3]", 0.2), ("r[3]", 0.8), ("r[1]", -0.2)],
    }],
};

/// Commands whose default statistic is not known here; `xb` and `stdp` are.
const WITHOUT_DEFAULT: [&str; 4] = ["heckoprobit", "meintreg", "metobit", "rocfit"];

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let after = match session.e.results.get_text("cmd2") {
        Some("irt") => "irt",
        _ => session.e.cmd(),
    };
    let own: Option<Own> = [
        community::predict,
        timeseries::predict,
        treatment::predict,
        multivariate::predict,
        shrinkage::predict,
        nonlinear::predict,
        nonparametric::predict,
        limited::predict,
        estimation::predict,
        spatial::predict,
        latent::predict,
        panel::predict,
    ]
    .iter()
    .find_map(|family| family(after));
    let shared = own.is_none();
    let (syntax, run): Own = own.unwrap_or((&SYNTAX, common));
    let mut cmd = ParsedCommand::split(&cmd.name, &cmd.raw, syntax.exp)?;
    syntax.check(&cmd)?;
    if shared {
        if cmd.option_text.trim().is_empty() && WITHOUT_DEFAULT.contains(&after) {
            let what = format!("without a statistic after {after}");
            return Err(StataError::unsupported_option("predict", &what));
        }
        cmd.option_text = short_names(session.e.cmd(), &cmd.option_text)?;
    }
    cmd.check_options(syntax.options, syntax.unsupported)?;
    run(session, &cmd)
}

fn common(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if session.e.b().is_none() {
        return Err(StataError::no_estimates());
    }
    let (kind, names) = new_names(session, cmd)?;
    let touse = session.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if let Some(predictions) = survival::predict(session, cmd, &rows)? {
        return add_all(session, kind, &rows, names, predictions);
    }
    if let Some(found) = predict_groups::one(session, cmd, &rows)? {
        return add_all(session, kind, &rows, names, vec![found]);
    }
    if let Some(found) = predict_models::of_effects(session, cmd, &rows)? {
        return add_all(session, kind, &rows, names, vec![found]);
    }
    if let Some(found) = panel::me_prediction(session, cmd, &rows)? {
        if cmd.options.iter().next().is_none() {
            let assumed = if session.e.cmd() == "mestreg" { "mean" } else { "mu" };
            session.print(format!("(option {assumed} assumed)"));
        }
        return add_effects(session, cmd, kind, &rows, names, found);
    }
    if let Some(found) = panel::mixed_prediction(session, cmd, &rows)? {
        return add_effects(session, cmd, kind, &rows, names, found);
    }
    if let Some(name) = ["reses", "relevel"].into_iter().find(|o| cmd.options.has(o)) {
        return Err(StataError::option_not_allowed(&format!("{name}()")));
    }
    let dfbeta = cmd.options.text("dfbeta").map(|term| format!("dfbeta {}", term.trim()));
    if dfbeta.is_none() && cmd.has("dfbeta") {
        return Err(StataError::invalid("option dfbeta() incorrectly specified"));
    }
    let statistic = match (&dfbeta, chosen(cmd)?) {
        (Some(_), Some("dfbeta")) => dfbeta.as_deref(),
        (_, other) => other,
    };
    if statistic == Some("scores") {
        let equation = cmd.options.text("equation").map(str::trim);
        let found = predict_equations::scores(session, equation, &rows)?;
        return add_all(session, kind, &rows, names, found);
    }
    let single = names.len() == 1 && !names[0].1;
    let of_equation = if single { predict_equations::one(session, cmd, statistic, &rows)? } else { None };
    let predictions = if let Some(found) = of_equation {
        vec![found]
    } else if names.len() > 1 || names[0].1 {
        predict_choice::all_outcomes(session, &names, statistic, &rows)?
    } else if predict_choice::handles(session.e.cmd()) {
        vec![predict_choice::one(session, statistic, cmd.options.text("outcome"), &rows)?]
    } else {
        if cmd.options.has("outcome") {
            return Err(StataError::option_not_allowed("outcome()"));
        }
        let argument = statistic.and_then(|s| cmd.options.text(s)).map(str::to_string);
        let found = match predict_counts::one(session, statistic, argument.as_deref(), &rows)? {
            Some(found) => Some(found),
            None => predict_models::one(session, statistic, argument.as_deref(), &rows)?,
        };
        match found {
            Some(found) => vec![found],
            None => vec![predictions::compute(session, statistic, cmd.options.text("equation"), &rows)?],
        }
    };
    add_all(session, kind, &rows, names, predictions)
}

/// Adds the variables of random effects and, with `reses()`, of their standard errors.
fn add_effects(
    session: &mut Session,
    cmd: &ParsedCommand,
    kind: StorageType,
    rows: &[usize],
    names: Vec<(String, bool)>,
    found: Effects,
) -> Result<()> {
    let errors = match cmd.options.text("reses") {
        Some(text) => Some(new_names(session, &ParsedCommand::split("predict", text, false)?)?.1),
        None => None,
    };
    add_all(session, kind, rows, names, found.values)?;
    match errors {
        Some(names) => add_all(session, kind, rows, names, found.errors),
        None => Ok(()),
    }
}

/// Adds one variable per prediction; a stub is numbered.
fn add_all(
    session: &mut Session,
    kind: StorageType,
    rows: &[usize],
    names: Vec<(String, bool)>,
    predictions: Vec<Prediction>,
) -> Result<()> {
    let names: Vec<String> = if names[0].1 {
        (1..=predictions.len()).map(|i| format!("{}{i}", names[0].0)).collect()
    } else {
        names.into_iter().map(|n| n.0).collect()
    };
    if names.len() != predictions.len() {
        return Err(StataError::new(
            if names.len() > predictions.len() { 103 } else { 102 },
            format!(
                "{} new variable name{} needed",
                predictions.len(),
                if predictions.len() == 1 { "" } else { "s" }
            ),
        ));
    }
    for (name, prediction) in names.iter().zip(predictions) {
        add(session, name, kind, rows, prediction)?;
    }
    Ok(())
}
