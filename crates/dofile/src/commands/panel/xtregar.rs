//! `xtregar`: panel regressions with errors of first-order autocorrelation, with fixed or random effects.
//!
//! Stores in `e()`: N N_g g_min g_avg g_max Tbar Tcon df_m r2_w r2_b r2_o rho_ar sigma_u sigma_e rho_fov (d1 LBI N_LBI); of
//! the fixed-effects model df_r df_a df_b F p F_f p_f corr r2_a rss mss tss rmse ll ll_0, of the random-effects model chi2
//! p thta_min thta_5 thta_50 thta_95 thta_max; b, V, cmd depvar ivar tvar model rhotype. Formulas: [XT] xtregar.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::xtreg::store_sizes;
use super::xtreg_show::header;
use crate::error::{Result, StataError};
use crate::estimation::display::{fit_error, level, show_active};
use crate::estimation::model::{Model, Reading, number_groups};
use crate::estimation::post::{self, Parameters, plain_stripe, stata};
use crate::format;
use crate::ops::rho::rho_type;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::tsset::Panel;
use crate::value::MISSING;
use estimators::autocorrelation::Rho;
use estimators::descriptive::Sample;
use estimators::distributions::{chi2_tail, f_tail};
use estimators::panel_ar::{FixedEffects, RandomEffects, Rule, Spells};
use estimators::qr::{Design as Columns, choose_columns};
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("fe"),
    OptSpec::flag("re"),
    OptSpec::text("RHOtype"),
    OptSpec::real("rhof"),
    OptSpec::flag("TWOstep"),
    OptSpec::flag("lbi"),
    OptSpec::real("Level"),
])
.coefficient_table();

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtregar",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "xtregar depvar [indepvars] [if] [in] [, fe|re rhotype(dw|regress|freg|tscorr|theil|nagar|onestep) rhof(#) twostep lbi level(#)]",
    notes: "stores e(N N_g rho_ar sigma_u sigma_e rho_fov r2_w r2_b r2_o d1 LBI), with fe e(F F_f corr df_r rss), with re e(chi2 thta_min thta_50 thta_max), e(b), e(V), r(table); without weights; formulas: [XT] xtregar, Baltagi and Wu (1999)",
    examples: &[Example {
        // With rho of zero only the first period of each unit is left out.
        run: "input id t y x\n1 1 9 2\n1 2 4 1\n1 3 7 3\n1 4 6 2\n2 1 5 0\n2 2 12 4\n2 3 9 2\n2 4 10 3\nend\nxtset id t\nquietly xtreg y x if t > 1, fe\nscalar b = _b[x]\nxtregar y x, fe rhof(0)",
        expect: &[("_b[x]/b", 1.0), ("e(N)", 6.0), ("e(rho_ar)", 0.0)],
    }],
};

/// The rows in the order of unit and period.
struct Sorted {
    order: Vec<usize>,
    spells: Spells,
}

fn sorted(session: &Session, model: &Model, unit: usize, time: usize, delta: f64) -> Sorted {
    let (of_row, _) = number_groups(&session.frame, unit, &model.design.rows);
    let period = |i: usize| session.frame.num_at(time, model.design.rows[i]) / delta;
    let mut order: Vec<usize> = (0..model.y.len()).collect();
    order.sort_by(|a, b| of_row[*a].cmp(&of_row[*b]).then(period(*a).total_cmp(&period(*b))));
    let periods: Vec<f64> = order.iter().map(|i| period(*i)).collect();
    let spells = Spells::new(order.iter().map(|i| of_row[*i]).collect(), &periods);
    Sorted { order, spells }
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && session.e.cmd() == "xtregar" {
        return display(session, cmd);
    }
    if cmd.has("fe") && cmd.has("re") {
        return Err(StataError::invalid("options fe and re may not be combined"));
    }
    let (rule, rule_name) = rule(cmd)?;
    let declared = Panel::of(&session.frame)?;
    let (unit, time) = declared.unit_and_time()?;
    let reading = Reading { further: vec![unit, time], weight_kinds: &[], ..Reading::new(cmd) };
    let mut model = reading.model(session)?.enough()?;
    let at = sorted(session, &model, unit, time, declared.delta);
    let pick = |values: &[f64]| at.order.iter().map(|i| values[*i]).collect::<Vec<f64>>();
    let y = pick(&model.y);
    let mut columns: Vec<Vec<f64>> = model.columns().iter().map(|c| pick(c)).collect();
    let omitted = {
        let within: Vec<Vec<f64>> = match cmd.has("fe") {
            true => columns.iter().map(|c| at.spells.units().within(c)).collect(),
            false => columns.clone(),
        };
        let views: Vec<&[f64]> = within.iter().map(Vec::as_slice).collect();
        choose_columns(Columns { columns: &views, weights: None, constant: true }).1
    };
    let mut place = 0;
    columns.retain(|_| {
        place += 1;
        !omitted.contains(&(place - 1))
    });
    let names = model.omit(&omitted);
    post::note_omitted(session, &names);
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    // A regressor that is constant within units has no part in the within regression behind rho.
    let varying = {
        let within: Vec<Vec<f64>> = views.iter().map(|c| at.spells.units().within(c)).collect();
        let slices: Vec<&[f64]> = within.iter().map(Vec::as_slice).collect();
        let kept = choose_columns(Columns { columns: &slices, weights: None, constant: true }).0;
        kept.into_iter().map(|j| views[j]).collect::<Vec<_>>()
    };
    let rho = at.spells.autocorrelation(&y, &varying, rule, cmd.has("twostep")).map_err(fit_error)?;
    if !rho.is_finite() || rho.abs() >= 1.0 {
        return Err(StataError::new(498, "the autocorrelation of the residuals cannot be estimated"));
    }
    let tests =
        if cmd.has("lbi") { Some(at.spells.statistics(&y, &varying).map_err(fit_error)?) } else { None };
    let rows = y.len() as f64;
    if cmd.has("fe") {
        let found = at.spells.fixed_effects(&y, &views, rho).map_err(fit_error)?;
        store_fixed(session, cmd, model, &found);
    } else {
        let found = at.spells.random_effects(&y, &views, rho).map_err(fit_error)?;
        store_random(session, cmd, model, &found);
        store_sizes(&mut session.e.results, at.spells.units());
    }
    let (unit, time) = (session.frame.var(unit).name.clone(), session.frame.var(time).name.clone());
    let results = &mut session.e.results;
    results.scalar("rho_ar", rho).text("rhotype", rule_name).text("ivar", unit).text("tvar", time);
    if let Some(tests) = tests {
        results.scalar("d1", tests.bhargava).scalar("LBI", tests.lbi).scalar("N_LBI", rows);
    }
    results.text("predict", "xtrar_p").text("properties", "b V");
    display(session, cmd)
}

/// How rho is found, and the name of the rule.
fn rule(cmd: &ParsedCommand) -> Result<(Rule, &'static str)> {
    let text = cmd.options.text("rhotype").map(str::trim);
    if let Some(rho) = cmd.options.real("rhof") {
        if rho.abs() >= 1.0 {
            return Err(StataError::invalid("rhof() must be between -1 and 1"));
        }
        return Ok((Rule::Fixed(rho), "fixed"));
    }
    match text {
        None => Ok((Rule::Series(Rho::DurbinWatson), "dw")),
        Some(t) if t.len() >= 3 && "onestep".starts_with(t) => Ok((Rule::OneStep, "onestep")),
        Some(_) => rho_type(text).map(|(rho, name)| (Rule::Series(rho), name)),
    }
}

fn sigmas(results: &mut Results, u: f64, e: f64) {
    results
        .scalar("sigma_u", stata(u))
        .scalar("sigma_e", e)
        .scalar("rho_fov", stata(u * u / (u * u + e * e)));
}

fn store_fixed(session: &mut Session, cmd: &ParsedCommand, mut model: Model, found: &FixedEffects) {
    let ols = &found.fit.ols;
    model.constant = true;
    let omitted = model.omit(&ols.basis.omitted);
    post::note_omitted(session, &omitted);
    let mut b = ols.b.clone();
    if let Some(constant) = b.last_mut() {
        *constant = found.constant;
    }
    let parameters = Parameters::spread(plain_stripe(model.names()), &model.estimated(), &b, &ols.v);
    let mut est = post::begin("xtregar", &post::command_line(cmd), &parameters, &model);
    let results = &mut est.results;
    let (_, absorbed, df_r) = found.fit.effects_f;
    let f = ols.f.unwrap_or(f64::NAN);
    results.scalar("N", ols.n).scalar("df_m", ols.df_m + absorbed).scalar("df_b", ols.df_m);
    results.scalar("df_r", df_r).scalar("df_a", absorbed).scalar("F", stata(f));
    results.scalar("p", stata(f_tail(ols.df_m, df_r, f))).scalar("rank", ols.rank as f64);
    results
        .scalar("F_f", stata(found.effects_f))
        .scalar("p_f", stata(f_tail(absorbed, df_r, found.effects_f)));
    results.scalar("r2_w", stata(ols.r2)).scalar("r2_b", stata(found.r2_between));
    results.scalar("r2_o", stata(found.r2_overall));
    results.scalar("r2_a", stata(1.0 - (1.0 - ols.r2) * (ols.n - 1.0) / df_r));
    results.scalar("rss", ols.rss).scalar("mss", ols.mss).scalar("tss", ols.mss + ols.rss);
    results.scalar("rmse", (ols.rss / (ols.n - ols.df_m - 1.0)).sqrt());
    results.scalar("ll", stata(ols.ll)).scalar("ll_0", stata(ols.ll_0));
    sigmas(results, found.sigma_u, found.fit.sigma_e);
    results.scalar("corr", stata(found.correlation));
    results.text("model", "fe").text("title", "FE (within) regression with AR(1) disturbances");
    store_sizes(results, &found.units);
    let sizes = &found.units.sizes;
    let harmonic = sizes.len() as f64 / sizes.iter().map(|t| 1.0 / *t as f64).sum::<f64>();
    results.scalar("Tbar", harmonic);
    session.post_estimation(est, model.touse);
}

fn store_random(session: &mut Session, cmd: &ParsedCommand, model: Model, found: &RandomEffects) {
    let fit = &found.fit;
    let parameters = Parameters::spread(plain_stripe(model.names()), &model.estimated(), &fit.b, &fit.v);
    let mut est = post::begin("xtregar", &post::command_line(cmd), &parameters, &model);
    let results = &mut est.results;
    let slopes: Vec<usize> = (0..fit.b.len() - 1).collect();
    let test = wald::test_zero(&fit.b, &fit.v, &slopes);
    // Stata counts the constant among the degrees of freedom of this test.
    let df_m = test.df as f64 + 1.0;
    results.scalar("N", model.y.len() as f64).scalar("df_m", df_m).scalar("chi2", stata(test.chi2));
    results.scalar("p", stata(chi2_tail(df_m, test.chi2))).scalar("rank", fit.b.len() as f64);
    for (name, r2) in ["r2_w", "r2_b", "r2_o"].into_iter().zip(found.r2) {
        results.scalar(name, stata(r2));
    }
    sigmas(results, found.sigma_u, found.sigma_e);
    let theta = Sample::plain(found.theta.iter().copied());
    for (name, p) in [("thta_5", 5.0), ("thta_50", 50.0), ("thta_95", 95.0)] {
        results.scalar(name, theta.percentile(p));
    }
    results.scalar("thta_min", theta.min()).scalar("thta_max", theta.max());
    results
        .text("model", "re")
        .text("chi2type", "Wald")
        .text("title", "RE GLS regression with AR(1) disturbances");
    session.post_estimation(est, model.touse);
}

fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    header(session);
    show_active(session, level, None)?;
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let random = e.get_text("model") == Some("re");
    let fixed_rho = e.get_text("rhotype") == Some("fixed");
    let rows = ["rho_ar", "sigma_u", "sigma_e", "rho_fov"].map(|name| (name, scalar(name)));
    let (f, df1, df2, p) = (scalar("F_f"), scalar("df_a"), scalar("df_r"), scalar("p_f"));
    let theta = ["min", "5", "50", "95", "max"].map(|name| scalar(&format!("thta_{name}")));
    let tests = e.get_scalar("d1").map(|d1| (d1, scalar("LBI")));
    for (name, value) in rows {
        let note = match name {
            "rho_ar" if fixed_rho => "   (specified autocorrelation coefficient)",
            "rho_ar" => "   (estimated autocorrelation coefficient)",
            "rho_fov" => "   (fraction of variance due to u_i)",
            _ => "",
        };
        session.print(format!("{name:>12} | {}{note}", format::number("%10.0g", value)));
    }
    if random {
        let cells: Vec<String> = theta.iter().map(|t| format!("{:>11}", format::bare("%6.4f", *t))).collect();
        session.print(format!(
            "{:>12} |{:>11}{:>11}{:>11}{:>11}{:>11}",
            "theta", "min", "5%", "median", "95%", "max"
        ));
        session.print(format!("{:>12} |{}", "", cells.concat()));
    }
    session.print("-".repeat(78));
    if !random {
        super::xtreg_show::effects_line(session, (df1, df2), (f, p));
    }
    if let Some((d1, lbi)) = tests {
        session.print(format!("modified Bhargava et al. Durbin–Watson = {}", format::bare("%9.0g", d1)));
        session.print(format!("Baltagi–Wu LBI = {}", format::bare("%9.0g", lbi)));
    }
    Ok(())
}
