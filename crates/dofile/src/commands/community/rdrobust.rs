//! `rdrobust`: regression discontinuity by local polynomials, with plug-in bandwidths and robust bias-corrected intervals.
//!
//! Stores in `e()`: N N_l N_r N_h_l N_h_r N_b_l N_b_r c p q tau_cl tau_bc se_tau_cl se_tau_rb pv_cl pv_bc pv_rb ci_l_cl
//! ci_r_cl ci_l_rb ci_r_rb h_l h_r b_l b_r level, b, V, cmd depvar runningvar kernel bwselect vce_select.
//! Formulas: Calonico, Cattaneo and Titiunik (2014); Calonico, Cattaneo, Farrell and Titiunik (2017).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::rd_sample::{Design, pair, read, selected};
use super::rdrobust_show::display;
use crate::error::{Result, StataError};
use crate::estimation::post::command_line;
use crate::matrix::{Matrix, Stripe};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::{normal_quantile, normal_two_sided};
use estimators::rd_bandwidth::Bandwidths;
use estimators::rd_design::{Effect, Estimate, estimate};

const UNSUPPORTED: &[&str] = &[
    "COVS_EVAL",
    "WEIGHTS",
    "SCALEPAR",
    "MASSPOINTS",
    "BWCHECK",
    "BWRESTRICT",
    "STDVARS",
    "DETAIL",
    "GENVARS",
];
const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::real("c"),
    OptSpec::int("p"),
    OptSpec::int("q"),
    OptSpec::int("deriv"),
    OptSpec::text("h"),
    OptSpec::text("b"),
    OptSpec::real("rho"),
    OptSpec::text("FUZZY"),
    OptSpec::text("COVS"),
    OptSpec::text("COVS_DROP"),
    OptSpec::text("KERnel"),
    OptSpec::text("BWSelect"),
    OptSpec::text("vce"),
    OptSpec::real("SCALEREGul"),
    OptSpec::real("Level"),
    OptSpec::flag("all"),
])
.unsupported(UNSUPPORTED);

/// The command `rdrobust`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "rdrobust",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "rdrobust depvar runvar [if] [in] [, c(#) p(#) q(#) deriv(#) h(# [#]) b(# [#]) rho(#) kernel(triangular|epanechnikov|uniform) fuzzy(treatvar [sharpbw]) covs(varlist) bwselect(mserd|msetwo|msesum|msecomb1|msecomb2|cerrd|...) vce(nn [#]|hc0|hc1|cluster v) scaleregul(#) level(#) all]",
    notes: "covariates that others explain are dropped; stores e(N N_l N_r N_h_l N_h_r c p q tau_cl tau_bc se_tau_cl se_tau_rb pv_cl pv_rb ci_l_rb ci_r_rb h_l h_r b_l b_r), in fuzzy designs also e(tau_T_cl tau_T_bc se_tau_T_cl se_tau_T_rb pv_T_cl pv_T_rb), e(b) and e(V) conventional (with all: conventional, bias-corrected, robust); formulas: Calonico, Cattaneo and Titiunik (2014)",
    examples: &[Example {
        // Two parallel lines five apart.
        run: "set obs 200\ngen x = (_n - 100.5)/100\ngen y = 1 + 2*x + 5*(x >= 0) + mod(_n*7, 11)/1000\nrdrobust y x, h(.5) b(.7)",
        expect: &[("abs(e(tau_cl) - 5) < .01", 1.0), ("e(N_l)", 100.0), ("e(N_h_l)", 50.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let design = read(session, cmd)?;
    let selector = cmd.options.text("bwselect").map_or("mserd", str::trim).to_string();
    let (widths, selector) = match (pair(cmd, "h")?, pair(cmd, "b")?) {
        (Some(h), b) => {
            let rho = cmd.options.real("rho").unwrap_or(1.0);
            (Bandwidths { h, b: b.unwrap_or(h.map(|h| h / rho)) }, "Manual".to_string())
        }
        (None, Some(_)) => return Err(StataError::invalid("b() needs h()")),
        (None, None) => {
            let mut found = selected(&design, &selector)?;
            if let Some(rho) = cmd.options.real("rho") {
                found.b = found.h.map(|h| h / rho);
            }
            (found, selector)
        }
    };
    let [left, right] = &design.sides;
    let found = estimate([left, right], &design.settings, widths.h, widths.b).ok_or_else(|| {
        StataError::new(2001, "too few distinct values, or collinear covariates, inside the bandwidth")
    })?;
    post(session, cmd, &design, &widths, &selector, &found);
    display(session, cmd)
}

fn post(
    session: &mut Session,
    cmd: &ParsedCommand,
    design: &Design,
    widths: &Bandwidths,
    selector: &str,
    found: &Estimate,
) {
    let level = cmd.options.real("level").unwrap_or(session.settings.level);
    let z = -normal_quantile((100.0 - level) / 200.0);
    let [left, right] = &found.sides;
    let Effect { conventional: cl, corrected: bc, se: se_cl, robust_se: se_rb } = found.effect;
    let mut est = Estimation::default();
    let r = &mut est.results;
    let (values, names): (Vec<(f64, f64)>, Vec<&str>) = if cmd.has("all") {
        (vec![(cl, se_cl), (bc, se_cl), (bc, se_rb)], vec!["Conventional", "Bias-corrected", "Robust"])
    } else {
        (vec![(cl, se_cl)], vec!["RD_Estimate"])
    };
    let stripe: Vec<Stripe> = names.into_iter().map(Stripe::term).collect();
    let k = values.len();
    let mut v = vec![0.0; k * k];
    (0..k).for_each(|i| v[i * k + i] = values[i].1.powi(2));
    r.matrix("b", Matrix::row_vector(values.iter().map(|v| v.0).collect(), stripe.clone()));
    r.matrix("V", Matrix::square(v, stripe));
    let counts = design.sides.each_ref().map(|s| s.x.len() as f64);
    r.scalar("N", counts[0] + counts[1]).scalar("N_l", counts[0]).scalar("N_r", counts[1]);
    for (side, fit, h, b) in [("l", left, widths.h[0], widths.b[0]), ("r", right, widths.h[1], widths.b[1])] {
        r.scalar(&format!("N_h_{side}"), fit.rows.0 as f64).scalar(&format!("N_b_{side}"), fit.rows.1 as f64);
        r.scalar(&format!("h_{side}"), h).scalar(&format!("b_{side}"), b);
        // in other designs the sides are those of a combination
        if found.first_stage.is_none() {
            r.scalar(&format!("tau_cl_{side}"), fit.conventional)
                .scalar(&format!("tau_bc_{side}"), fit.corrected);
        }
    }
    if let Some(stage) = found.first_stage {
        r.scalar("tau_T_cl", stage.conventional).scalar("tau_T_bc", stage.corrected);
        r.scalar("se_tau_T_cl", stage.se).scalar("se_tau_T_rb", stage.robust_se);
        r.scalar("pv_T_cl", normal_two_sided(stage.conventional / stage.se));
        r.scalar("pv_T_bc", normal_two_sided(stage.corrected / stage.se));
        r.scalar("pv_T_rb", normal_two_sided(stage.corrected / stage.robust_se));
        for (name, value, se) in
            [("cl", stage.conventional, stage.se), ("rb", stage.corrected, stage.robust_se)]
        {
            r.scalar(&format!("ci_l_T_{name}"), value - z * se)
                .scalar(&format!("ci_r_T_{name}"), value + z * se);
        }
        r.text("fuzzy", design.treatment.as_deref().unwrap_or(""));
    }
    let settings = &design.settings;
    r.scalar("c", design.cutoff).scalar("p", settings.p as f64).scalar("q", settings.q as f64);
    r.scalar("tau_cl", cl).scalar("tau_bc", bc).scalar("se_tau_cl", se_cl).scalar("se_tau_rb", se_rb);
    r.scalar("pv_cl", normal_two_sided(cl / se_cl)).scalar("pv_rb", normal_two_sided(bc / se_rb));
    r.scalar("pv_bc", normal_two_sided(bc / se_cl)).scalar("level", level);
    for (name, value, se) in [("cl", cl, se_cl), ("bc", bc, se_cl), ("rb", bc, se_rb)] {
        r.scalar(&format!("ci_l_{name}"), value - z * se).scalar(&format!("ci_r_{name}"), value + z * se);
    }
    r.text("cmd", "rdrobust").text("cmdline", command_line(cmd)).text("depvar", &design.depvar);
    r.text("outcomevar", &design.depvar).text("runningvar", &design.running).text("bwselect", selector);
    r.text("kernel", design.kernel).text("vce_select", &design.vce).text("properties", "b V");
    session.post_estimation(est, design.touse.clone());
}
