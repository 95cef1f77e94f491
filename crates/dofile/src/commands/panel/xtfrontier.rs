//! `xtfrontier`: stochastic frontiers of panels with a truncated-normal inefficiency of each panel.
//!
//! Stores in `e()`: N N_g g_min g_avg g_max df_m ll chi2 p sigma2 gamma sigma_u sigma_v, Tcon; b with /mu (/eta) /lnsigma2
//! /lgtgamma, V, cmd depvar ivar tvar function model. Formulas: [XT] xtfrontier; Battese and Coelli (1992).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::clogit::{group_rows, store_sizes};
use super::mixed_levels::values;
use super::random::uncentre;
use super::unit_variable;
use super::xtfrontier_show::{footer, header};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::display::{fit_error, level};
use crate::estimation::likelihood::{self, print_log};
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::tsset::Panel;
use estimators::ml::MlFit;
use estimators::ml_group::{Grouped, maximise};
use estimators::ols::{self, Request};
use estimators::panel_frontier::PanelFrontier;
use estimators::stacked::Centred;

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::flag("ti"),
    OptSpec::flag("tvd"),
    OptSpec::flag("COST"),
    OptSpec::text("I"),
    OptSpec::text("T"),
])
.searched()
.unsupported(&["CONSTraints", "NODIFficult"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtfrontier",
    min: 10,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "xtfrontier depvar [indepvars] [if] [in], ti|tvd [cost noconstant vce(oim) level(#) nolog]",
    notes: "truncated-normal inefficiency of each panel, constant (ti) or with exponential decay (tvd); no weights and no constraints(); stores e(N N_g df_m ll chi2 p sigma2 gamma sigma_u sigma_v), e(b) with /mu (/eta) /lnsigma2 /lgtgamma, e(V), r(table); predict: xb, u, m, te; formulas: [XT] xtfrontier",
    examples: &[Example {
        run: "set obs 240\ngen id = ceil(_n/6)\ngen t = mod(_n-1, 6)\ngen x = mod(_n*7, 11)\ngen y = 1 + x/2 + invnormal((mod(_n*37, 240)+.5)/240)/2 - abs(2*invnormal((mod(id*17, 40)+.5)/40))\nxtset id t\nxtfrontier y x, ti",
        expect: &[("e(N_g)", 40.0), ("e(sigma_u)^2 + e(sigma_v)^2 - exp(_b[/lnsigma2])", 0.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let shown = level(session, cmd)?;
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "xtfrontier",
            estimate: &|session| estimate(session, cmd),
            header: &header,
            look: &|_| Look { equations: true, ..Look::default() },
            footer: &|session| footer(session, shown),
        },
    )
}

/// Starting values: least squares, its constant moved by the mean inefficiency of half-normal effects.
fn start(model: &Model, rows: &[Vec<usize>], sign: f64, decays: bool) -> Result<Vec<f64>> {
    let columns = model.columns();
    let request = Request { constant: model.constant, ..Request::new(&model.y, &columns) };
    let plain = ols::fit(&request).map_err(fit_error)?;
    let n = model.y.len() as f64;
    let s2 = plain.rss / n;
    // between panels, the variance of the effects and a share of that of the errors
    let mean = |g: &Vec<usize>| g.iter().map(|i| plain.residuals[*i]).sum::<f64>() / g.len() as f64;
    let means: Vec<f64> = rows.iter().map(mean).collect();
    let between = means.iter().map(|m| m * m).sum::<f64>() / means.len() as f64;
    let share = (between / s2).clamp(0.1, 0.9);
    // a half-normal variable of scale u has variance (1 - 2/pi) u^2
    let half = 1.0 - 2.0 / std::f64::consts::PI;
    let (u2, v2) = (share * s2 / half, (1.0 - share) * s2);
    let mut from = plain.b.clone();
    if model.constant {
        let last = from.len() - 1;
        from[last] += sign * (2.0 / std::f64::consts::PI * u2).sqrt();
    }
    from.push(0.0);
    from.extend(decays.then_some(0.0));
    from.extend([(u2 + v2).ln(), (u2 / v2).ln()]);
    Ok(from)
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.has("ti") == cmd.has("tvd") {
        return Err(StataError::new(198, "specify one of options ti and tvd"));
    }
    if VceSpec::parse("xtfrontier", &cmd.options, &["oim"])? != VceSpec::Default {
        return Err(StataError::invalid("invalid vce() option"));
    }
    let decays = cmd.has("tvd");
    let unit = unit_variable(session, cmd.options.text("i"))?;
    let time = match cmd.options.text("t") {
        Some(name) => Some(session.numeric_variable(name)?),
        None => Panel::of(&session.frame)?.time,
    };
    if decays && time.is_none() {
        return Err(StataError::new(459, "time variable not set; use xtset panelvar timevar"));
    }
    let mut further = vec![unit];
    further.extend(time.filter(|_| decays));
    let mut model = Reading { further, ..Reading::likelihood(cmd, &[]) }.model(session)?.enough()?;
    drop_collinear(session, &mut model);
    let rows = group_rows(session, unit, &model);
    let sign = if cmd.has("cost") { -1.0 } else { 1.0 };
    let clock = time.filter(|_| decays).map(|v| {
        let mut clock = values(session, v, &model.design.rows);
        for group in &rows {
            let last = group.iter().map(|i| clock[*i]).fold(f64::NEG_INFINITY, f64::max);
            group.iter().for_each(|i| clock[*i] -= last);
        }
        clock
    });
    let ones = vec![1.0; model.y.len()];
    let mut columns = model.columns();
    columns.extend(model.constant.then_some(ones.as_slice()));
    let mut from = start(&model, &rows, sign, decays)?;
    // a regressor far from zero keeps its digits
    let centred = Centred::of(&columns);
    centred.start(&mut from);
    let grouped = Grouped { columns: centred.slices(), y: &model.y, offset: None, rows: rows.clone() };
    let mut kernel = PanelFrontier { rows: grouped, time: clock.as_deref(), sign };
    let mut fit = maximise(&mut kernel, &from, likelihood::limits(&cmd.options), None)
        .ok_or_else(StataError::not_converged)?;
    uncentre(&mut fit, &centred);
    if session.shows_log(|o| cmd.has(o)) {
        print_log(session, &fit, false, cmd.options.int("iterate"));
    }
    post(session, cmd, &model, &fit, &rows, (unit, time));
    Ok(())
}

fn post(
    session: &mut Session,
    cmd: &ParsedCommand,
    model: &Model,
    fit: &MlFit,
    rows: &[Vec<usize>],
    (unit, time): (usize, Option<usize>),
) {
    let decays = cmd.has("tvd");
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    layout.ancillary("mu");
    if decays {
        layout.ancillary("eta");
    }
    layout.ancillary("lnsigma2").ancillary("lgtgamma");
    let parameters = layout.parameters(&fit.b, &fit.v);
    let slopes: Vec<usize> = (0..model.columns().len()).collect();
    let posted = Posted {
        cmd: "xtfrontier",
        title: if decays {
            "Time-varying decay inefficiency model"
        } else {
            "Time-invariant inefficiency model"
        },
        predict: "xtfront_p",
        parameters: &parameters,
        fit,
        ll_0: None,
        tested: &slopes,
        equations: if decays { 5.0 } else { 4.0 },
    };
    let mut est = ml_command::begin(cmd, model, &posted);
    let size = fit.b.len();
    let (s2, gamma) = (fit.b[size - 2].exp(), 1.0 / (1.0 + (-fit.b[size - 1]).exp()));
    let results = &mut est.results;
    store_sizes(results, rows);
    results.scalar("sigma2", s2).scalar("gamma", gamma);
    results.scalar("sigma_u", (s2 * gamma).sqrt()).scalar("sigma_v", (s2 * (1.0 - gamma)).sqrt());
    let long = rows.iter().all(|g| g.len() == rows[0].len());
    results.scalar("Tcon", f64::from(u8::from(long)));
    results.text("function", if cmd.has("cost") { "cost" } else { "production" });
    results.text("model", if decays { "tvd" } else { "ti" });
    results.text("ivar", session.frame.var(unit).name.clone());
    if let Some(time) = time {
        results.text("tvar", session.frame.var(time).name.clone());
    }
    session.post_estimation(est, model.touse.clone());
}
