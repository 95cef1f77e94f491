//! `tobit`: linear regression of an outcome that is censored at limits.
//!
//! Stores in `e()`: N N_unc N_lc N_rc llopt ulopt df_m df_r ll ll_0 chi2 F p r2_p rank converged, b, V,
//! cmd depvar vce vcetype. Formulas: [R] tobit; Tobin (1958), Econometrica 26.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood::{self, label};
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{Model, Reading};
use crate::estimation::post::stata;
use crate::format;
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::{OptSpec, parse_number};
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::MISSING;
use estimators::distributions::f_tail;
use estimators::jet::Formula;
use estimators::ml::Equation;
use estimators::ml_censored::{Seen, censored, within};
use estimators::ols::{self, Request};
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::flag_or_text("ll"),
    OptSpec::flag_or_text("ul"),
    OptSpec::text("OFFset"),
])
.weights(&[WeightKind::Analytic, WeightKind::Frequency, WeightKind::Importance, WeightKind::Probability])
.maximised();

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "tobit",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "tobit depvar [indepvars] [if] [in] [weight], [ll[(#)] ul[(#)] offset(v) noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "stores e(N N_unc N_lc N_rc llopt ulopt df_m df_r ll ll_0 chi2 F p r2_p), e(b) with /var(e.y), e(V), r(table); formulas: [R] tobit",
    examples: &[Example {
        // Without a censored row the estimates are those of least squares, the variance rss/n.
        run: "set obs 6\ngen x = _n\ngen y = x + cond(mod(_n,2), 1, -1)\nregress y x\nscalar b = _b[x]\nscalar s = e(rss)/6\ntobit y x, ll(-100)\nmatrix m = e(b)",
        expect: &[("_b[x] - b", 0.0), ("m[1,3] - s", 0.0), ("e(N_lc)", 0.0)],
    }],
};

/// One limit: the number, or the extreme of the outcome when none is given.
pub(super) fn limit(cmd: &ParsedCommand, option: &str, extreme: f64) -> Result<Option<f64>> {
    if !cmd.options.has(option) {
        return Ok(None);
    }
    match cmd.options.text(option).map(str::trim).filter(|t| !t.is_empty()) {
        None => Ok(Some(extreme)),
        Some(text) => parse_number(text)
            .map(Some)
            .ok_or_else(|| StataError::unsupported_option(&cmd.name, &format!("{option}({text})"))),
    }
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "tobit",
            estimate: &|session| estimate(session, cmd),
            header: &header,
            look: &|_| Look { ancillary: 1, ..Look::default() },
            footer: &|_| {},
        },
    )
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let further = ml_command::offset_variables(session, &cmd.options)?;
    let mut model =
        Reading { further, ..Reading::likelihood(cmd, SYNTAX.weights) }.model(session)?.enough()?;
    drop_collinear(session, &mut model);
    let extreme = |f: fn(f64, f64) -> f64, from: f64| model.y.iter().copied().fold(from, f);
    let lower = limit(cmd, "ll", extreme(f64::min, f64::INFINITY))?;
    let upper = limit(cmd, "ul", extreme(f64::max, f64::NEG_INFINITY))?;
    if lower.zip(upper).is_some_and(|(l, u)| l >= u) {
        return Err(StataError::invalid("ll() must be less than ul()"));
    }
    let seen: Vec<Seen> = model.y.iter().map(|y| within(*y, lower, upper)).collect();
    let free = seen.iter().filter(|s| matches!(s, Seen::Value(_))).count();
    if free == 0 {
        return Err(StataError::new(2000, "no uncensored observations"));
    }
    let formula = Formula::<2, _>(|row: usize, eta| censored(seen[row], eta));
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let shift = offset.as_ref().map(|o| o.0.as_slice());
    let start = start(&model)?;
    let null_start = [weighted_mean(&model), spread(&model).ln()];
    let ll_0 = match model.constant {
        true => Some(ml_command::quiet(&model, &formula, equations(&model, false, shift), &null_start)?.ll),
        false => None,
    };
    let (layout, whole) = (layout(&model), equations(&model, true, shift));
    let mut fit = likelihood::maximise(session, &cmd.options, &model, &formula, whole, &start, &layout)?;
    let last = fit.b.len() - 1;
    let variance = (2.0 * fit.b[last]).exp();
    ml_command::rescale(&mut fit.b, &mut fit.v, last, variance, 2.0 * variance);
    let parameters = layout.parameters(&fit.b, &fit.v);
    let slopes: Vec<usize> = (0..model.columns().len()).collect();
    let mut est = ml_command::begin(
        cmd,
        &model,
        &Posted {
            cmd: "tobit",
            title: "Tobit regression",
            predict: "tobit_p",
            parameters: &parameters,
            fit: &fit,
            ll_0,
            tested: &slopes,
            equations: 1.0,
        },
    );
    let results = &mut est.results;
    let (n, df_m) = (results.get_scalar("N").unwrap_or(0.0), slopes.len() as f64);
    let count = |test: &dyn Fn(&Seen) -> bool| {
        let (weights, _) = likelihood::effective_weights(&model);
        let frequency = model.weight_text.as_ref().is_some_and(|t| t.0 == "fweight");
        let weight = |i: usize| weights.as_ref().filter(|_| frequency).map_or(1.0, |(w, _)| w[i]);
        seen.iter().enumerate().filter(|(_, s)| test(s)).map(|(i, _)| weight(i)).sum::<f64>()
    };
    results.scalar("df_r", n - df_m).scalar("N_unc", count(&|s| matches!(s, Seen::Value(_))));
    results.scalar("N_lc", count(&|s| matches!(s, Seen::AtMost(_))));
    results.scalar("N_rc", count(&|s| matches!(s, Seen::AtLeast(_))));
    results.scalar("sigma", variance.sqrt());
    if let Some((_, name)) = &offset {
        results.text("offset", name);
    }
    if let Some(lower) = lower {
        results.scalar("llopt", lower);
    }
    if let Some(upper) = upper {
        results.scalar("ulopt", upper);
    }
    if model.is_robust() {
        let test = wald::test_zero(&fit.b, &fit.v, &slopes);
        results.scalar("F", stata(test.f())).scalar("p", stata(f_tail(df_m, n - df_m, test.f())));
    }
    session.post_estimation(est, model.touse.clone());
    Ok(())
}

/// Names of the parameters; the log of the standard deviation is searched, the variance shown.
fn layout(model: &Model) -> Layout {
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    layout.rescaled(&format!("var(e.{})", model.depvar), |variance| 0.5 * variance.ln());
    layout
}

fn equations<'a>(model: &'a Model, slopes: bool, offset: Option<&'a [f64]>) -> Vec<Equation<'a>> {
    vec![
        Equation {
            columns: if slopes { model.columns() } else { Vec::new() },
            constant: model.constant,
            offset,
        },
        Equation { columns: Vec::new(), constant: true, offset: None },
    ]
}

fn weighted_mean(model: &Model) -> f64 {
    estimators::qr::weighted_mean(&model.y, model.weights.as_ref().map(|w| w.values.as_slice()))
}

fn spread(model: &Model) -> f64 {
    let mean = weighted_mean(model);
    let n = model.y.len() as f64;
    (model.y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n).sqrt().max(1e-8)
}

/// Start: least squares and the log of its residual deviation.
pub(super) fn start(model: &Model) -> Result<Vec<f64>> {
    let columns = model.columns();
    let request = Request {
        constant: model.constant,
        weights: model.weights.as_ref(),
        ..Request::new(&model.y, &columns)
    };
    let fit = ols::fit(&request).map_err(crate::estimation::display::fit_error)?;
    let mut b = fit.b;
    b.push((fit.rss / fit.n).sqrt().max(1e-8).ln());
    Ok(b)
}

fn header(session: &mut Session) {
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let robust = e.get_text("vcetype") == Some("Robust");
    let limit =
        |name: &str, open: &str| e.get_scalar(name).map_or(open.to_string(), |v| format::bare("%9.0g", v));
    let (lower, upper) = (limit("llopt", "-inf"), limit("ulopt", "+inf"));
    let counts = ["N_unc", "N_lc", "N_rc"].map(scalar);
    let count = |name: &str, v: f64| Fact::new(format!("{name:>14}"), "%10.0fc", v);
    let facts = [
        Fact::new("Number of obs ", "%10.0fc", scalar("N")),
        count("Uncensored", counts[0]),
        count("Left-censored", counts[1]),
        count("Right-censored", counts[2]),
    ];
    let left = [
        "Tobit regression".to_string(),
        String::new(),
        format!("Limits: Lower = {lower}"),
        format!("        Upper = {upper}"),
    ];
    let kind = e.get_text("chi2type").unwrap_or("LR").to_string();
    let mut test = if robust {
        vec![
            Fact::statistic("F", &[scalar("df_m"), scalar("df_r")], scalar("F")),
            Fact::probability("Prob > F", scalar("p")),
            Fact::probability("Pseudo R2", scalar("r2_p")),
        ]
    } else {
        vec![
            Fact::statistic(&format!("{kind} chi2"), &[scalar("df_m")], scalar("chi2")),
            Fact::probability("Prob > chi2", scalar("p")),
            Fact::probability("Pseudo R2", scalar("r2_p")),
        ]
    };
    // under constraints there is no model to compare with
    let compared = e.get_scalar("r2_p").is_some();
    test.truncate(if compared { 3 } else { 2 });
    let ll = format!("{} = {}", label(robust), format::bare("%10.0g", scalar("ll")));
    session.print("");
    show(session, &left, &facts, 14, 6);
    session.print("");
    let below = if compared { vec![String::new(), String::new(), ll] } else { vec![String::new(), ll] };
    show(session, &below, &test, 14, 6);
    session.print("");
}
