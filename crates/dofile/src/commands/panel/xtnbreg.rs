//! `xtnbreg`: negative binomial models of panels with fixed or random effects in the dispersion.
//!
//! Stores in `e()`: N N_g g_min g_avg g_max df_m ll ll_c chi2 chi2_c p r s (re) rank converged, b, V, cmd model ivar
//! depvar distrib. Formulas: [XT] xtnbreg, Hausman, Hall and Griliches (1984, Econometrica 52).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::clogit;
use super::unit_variable;
use super::xtlogit_show::{derived_row, parameter_from_end};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::likelihood::{self, print_log};
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{LIKELIHOOD_VCE, Model, Reading, VceSpec};
use crate::format;
use crate::matrix::Stripe;
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::distributions::chi2_tail;
use estimators::jet::Formula;
use estimators::ml::{Equation, MlFit};
use estimators::ml_count::{Poisson, constant_dispersion};
use estimators::ml_group::{Grouped, maximise};
use estimators::ml_group_counts::{BetaNegativeBinomial, ConditionalNegativeBinomial};

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::flag("fe"),
    OptSpec::flag("re"),
    OptSpec::flag("IRr"),
    OptSpec::text("I"),
    OptSpec::text("OFFset"),
    OptSpec::text("EXPosure"),
])
.searched()
.unsupported(&["CONSTraints", "FROM", "COLlinear", "pa", "INTMethod", "NOLRtest", "Corr"]);

/// The command `xtnbreg`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtnbreg",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "xtnbreg depvar [indepvars] [if] [in] [, re|fe irr exposure(v) offset(v) noconstant level(#) nolog]",
    notes: "effects are in the dispersion, random ones beta; stores e(N N_g df_m ll ll_c chi2 chi2_c p r s), e(b) with /ln_r and /ln_s (re), e(V), r(table); no robust variance, as in Stata; formulas: [XT] xtnbreg, Hausman, Hall and Griliches (1984)",
    examples: &[Example {
        // One row of a unit, and a unit without events, say nothing given its total.
        run: "input id x y\n1 0 1\n1 1 4\n2 0 2\n2 1 9\n3 0 1\n3 1 3\n4 0 0\n4 1 0\n5 1 3\nend\nxtset id\nxtnbreg y x, fe",
        expect: &[("e(N)", 6.0), ("e(N_g)", 3.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.has("fe") && cmd.has("re") {
        return Err(StataError::invalid("options fe and re may not be combined"));
    }
    if VceSpec::parse("xtnbreg", &cmd.options, LIKELIHOOD_VCE)? != VceSpec::Default {
        return Err(StataError::new(198, "vcetype robust and cluster are not allowed with xtnbreg"));
    }
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "xtnbreg",
            estimate: &|session| estimate(session, cmd),
            header: &header,
            look: &|session| Look {
                eform: cmd.has("irr").then_some("IRR"),
                ancillary: if is_random(session) { 2 } else { 0 },
                ..Look::default()
            },
            footer: &footer,
        },
    )
}

fn is_random(session: &Session) -> bool {
    session.e.results.get_text("model") == Some("re")
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let unit = unit_variable(session, cmd.options.text("i"))?;
    let mut further = ml_command::offset_variables(session, &cmd.options)?;
    further.push(unit);
    let mut model = Reading { further, ..Reading::likelihood(cmd, &[]) }.model(session)?;
    if model.y.iter().any(|y| *y < 0.0) {
        return Err(StataError::new(459, format!("{} must be greater than or equal to zero", model.depvar)));
    }
    if cmd.has("fe") {
        clogit::drop_silent(session, &mut model, unit, &clogit::COUNTS)?;
        if model.y.is_empty() {
            return Err(StataError::no_observations());
        }
    }
    drop_collinear(session, &mut model);
    let rows = clogit::group_rows(session, unit, &model);
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let shift = offset.as_ref().map(|o| o.0.as_slice());
    let pooled = pooled(&model, shift);
    let ones = vec![1.0; model.y.len()];
    let mut columns = model.columns();
    columns.extend(model.constant.then_some(ones.as_slice()));
    let grouped = Grouped { columns, y: &model.y, offset: shift, rows: rows.clone() };
    let limits = likelihood::limits(&cmd.options);
    let mut start = pooled.as_ref().map_or_else(|| vec![0.0; grouped.columns.len()], |fit| fit.start.clone());
    let fit = if cmd.has("fe") {
        maximise(&mut ConditionalNegativeBinomial(grouped), &start, limits, None)
    } else {
        start.extend([1.0, 1.0]);
        maximise(&mut BetaNegativeBinomial(grouped), &start, limits, None)
    };
    let fit = fit.ok_or_else(StataError::not_converged)?;
    if session.shows_log(|o| cmd.has(o)) {
        print_log(session, &fit, false, cmd.options.int("iterate"));
    }
    post(session, cmd, &model, &rows, &fit, pooled.map(|p| p.ll));
    let results = &mut session.e.results;
    if let Some((_, text)) = &offset {
        results.text("offset", text);
    }
    let ivar = session.frame.var(unit).name.clone();
    session.e.results.text("ivar", ivar);
    Ok(())
}

/// The model of all rows as if they were independent.
struct Pooled {
    /// Coefficients of `lambda`: those of the mean over the dispersion.
    start: Vec<f64>,
    ll: f64,
}

/// The pooled model with constant dispersion; nothing where the counts are not overdispersed.
fn pooled(model: &Model, offset: Option<&[f64]>) -> Option<Pooled> {
    let main = || Equation { columns: model.columns(), constant: model.constant, offset };
    let mut start = vec![0.0; main().len()];
    let mean = model.y.iter().sum::<f64>() / model.y.len() as f64;
    if model.constant {
        *start.last_mut()? = mean.max(1e-6).ln();
    }
    let mut from = ml_command::quiet(model, &Poisson { y: &model.y }, vec![main()], &start).ok()?.b;
    from.push(0.0);
    let kernel = Formula::<2, _>(|row: usize, eta| constant_dispersion(model.y[row], eta));
    let dispersion = Equation { constant: true, ..Equation::default() };
    let fit = ml_command::quiet(model, &kernel, vec![main(), dispersion], &from).ok()?;
    let mut start = fit.b;
    let ln_delta = start.pop()?;
    if model.constant {
        *start.last_mut()? -= ln_delta;
    }
    Some(Pooled { start, ll: fit.ll })
}

fn post(
    session: &mut Session,
    cmd: &ParsedCommand,
    model: &Model,
    rows: &[Vec<usize>],
    fit: &MlFit,
    ll_c: Option<f64>,
) {
    let fixed = cmd.has("fe");
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    if !fixed {
        layout.named(Stripe::with_eq("/", "ln_r"));
        layout.named(Stripe::with_eq("/", "ln_s"));
    }
    let parameters = layout.parameters(&fit.b, &fit.v);
    let slopes: Vec<usize> = (0..model.columns().len()).collect();
    let title = if fixed {
        "Conditional FE negative binomial regression"
    } else {
        "Random-effects negative binomial regression"
    };
    let posted = Posted {
        cmd: "xtnbreg",
        title,
        predict: "xtnb_p",
        parameters: &parameters,
        fit,
        ll_0: None,
        tested: &slopes,
        equations: if fixed { 1.0 } else { 3.0 },
    };
    let mut est = ml_command::begin(cmd, model, &posted);
    let results = &mut est.results;
    clogit::store_sizes(results, rows);
    results.text("model", if fixed { "fe" } else { "re" });
    if !fixed {
        let last = fit.b.len();
        results.scalar("r", fit.b[last - 2].exp()).scalar("s", fit.b[last - 1].exp()).text("distrib", "Beta");
        if let Some(ll_c) = ll_c {
            results
                .scalar("ll_c", ll_c)
                .scalar("chi2_c", (2.0 * (fit.ll - ll_c)).max(0.0))
                .text("chi2_ct", "LR");
        }
    }
    session.post_estimation(est, model.touse.clone());
}

fn header(session: &mut Session) {
    let title = session.e.results.get_text("title").unwrap_or("").to_string();
    let effects = if is_random(session) { "Random effects u_i ~ Beta" } else { "" };
    clogit::panel_header(session, &title, effects, None);
}

/// The parameters of the distribution of the effects, and the test against the pooled model.
fn footer(session: &mut Session) {
    if !is_random(session) {
        return;
    }
    let scalar = |s: &Session, name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let level = session.settings.level;
    for (item, from_end) in [("r", 2), ("s", 1)] {
        let (log, error, limits) = parameter_from_end(session, level, from_end);
        let value = log.exp();
        session.print(derived_row(item, value, value * error, limits[0].exp(), limits[1].exp()));
    }
    session.print("-".repeat(78));
    if session.e.results.has("chi2_c") {
        // no effects are the edge of the range: half of the chi-squared tail
        let chi2 = scalar(session, "chi2_c");
        let p = chi2_tail(1.0, chi2) / if chi2 > 0.0 { 2.0 } else { 1.0 };
        let left = format!("LR test vs. pooled: chibar2(01) = {}", format::bare("%8.2f", chi2).trim_start());
        let right = format!("Prob >= chibar2 = {}", format::bare("%5.3f", p));
        session.print(format!("{left}{right:>width$}", width = 78usize.saturating_sub(left.len())));
    }
}
