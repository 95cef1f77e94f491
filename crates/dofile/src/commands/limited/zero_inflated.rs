//! Estimation of `zip` and `zinb`: the maximum of a likelihood that may have several.

use super::vuong;
use super::zero::{constant_equation, finish, log_mean, main_equation, read};
use crate::error::{Result, StataError};
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout};
use crate::estimation::model::Model;
use crate::estimation::post;
use crate::estimation::sample::Side;
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::split::{ParsedCommand, WeightKind, top_level_comma};
use crate::value::MISSING;
use estimators::jet::{Formula, Jet};
use estimators::ml::{Equation, Likelihood, MlFit};
use estimators::ml_zero::{inflated, negative_binomial, poisson, shares};

/// The inflation equation: regressors of `inflate()`.
fn inflation(session: &Session, cmd: &ParsedCommand) -> Result<FvList> {
    let text =
        cmd.options.text("inflate").ok_or_else(|| StataError::new(198, "option inflate() required"))?;
    if top_level_comma(text).is_some() {
        return Err(StataError::unsupported_option(&cmd.name, "inflate(, ...)"));
    }
    let list = if text.trim() == "_cons" { "" } else { text };
    FvList::parse(&session.frame, list, session.settings.varabbrev)
}

pub(super) fn estimate(
    session: &mut Session,
    cmd: &ParsedCommand,
    name: &'static str,
    nb: bool,
) -> Result<()> {
    let list = inflation(session, cmd)?;
    let mut further = ml_command::offset_variables(session, &cmd.options)?;
    further.extend(list.variables().iter().map(|v| session.variable(v)).collect::<Result<Vec<_>>>()?);
    let model = read(session, cmd, further)?;
    vuong::check(cmd, &model)?;
    let (side, omitted) = Side::build(session, &list, &model.touse, true)?;
    post::note_omitted(session, &omitted);
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let shift = offset.as_ref().map(|o| o.0.as_slice());
    // Frequency weights count rows.
    let counts = model.weights.as_ref().filter(|w| w.kind == WeightKind::Frequency);
    let count = |row: usize| counts.map_or(1.0, |w| w.values[row]);
    let zeros: f64 = (0..model.y.len()).filter(|row| model.y[*row] == 0.0).map(count).sum();
    if zeros == 0.0 {
        return Err(StataError::new(459, format!("{} never varies; always nonzero", model.depvar)));
    }
    let probit = cmd.has("probit");
    let y = &model.y;
    let equations = |slopes: bool| {
        let mut out = vec![
            main_equation(&model, slopes, shift),
            Equation { columns: side.columns(), constant: true, offset: None },
        ];
        out.extend(nb.then(constant_equation));
        out
    };
    let slopes = model.columns().len();
    let mut start = vec![0.0; slopes];
    start.extend(model.constant.then(|| log_mean(&model, shift)));
    start.extend(vec![0.0; side.columns().len()]);
    start.push(if probit { -0.3 } else { -0.5 });
    let without_dispersion = Formula::<2, _>(|row: usize, [eta, z]: [Jet<2>; 2]| {
        let (inflate, rest) = shares(z, probit);
        inflated(y[row], inflate, rest, poisson(y[row], eta))
    });
    let b = if nb {
        let mut two = equations(true);
        two.pop();
        let of_poisson = ml_command::quiet(&model, &without_dispersion, two, &start).ok();
        let of_poisson = of_poisson.map(|fit| [fit.b.as_slice(), &[SMALL_DISPERSION]].concat());
        start.push(-0.5);
        let starts: Vec<Vec<f64>> = [start].into_iter().chain(of_poisson).collect();
        let formula = Formula::<3, _>(|row: usize, [eta, z, alpha]: [Jet<3>; 3]| {
            let (inflate, rest) = shares(z, probit);
            inflated(y[row], inflate, rest, negative_binomial(y[row], eta, alpha))
        });
        fit_inflated(session, cmd, name, &model, &side, &formula, equations, &starts)?
    } else {
        fit_inflated(session, cmd, name, &model, &side, &without_dispersion, equations, &[start])?
    };
    if cmd.has("forcevuong") {
        vuong::store(session, &model, &side, (probit, nb), shift, &b)?;
    }
    let inflating =
        session.e.b().map_or(0, |b| b.col_names.iter().filter(|name| name.eq == "inflate").count());
    let results = &mut session.e.results;
    results.scalar("df_c", inflating as f64);
    results.scalar("N_zero", zeros).text("inflate", if probit { "probit" } else { "logit" });
    if let Some((_, text)) = &offset {
        results.text("offset", text);
    }
    Ok(())
}

/// Prints the header of the active results.
pub(super) fn header(session: &mut Session, title: &str) {
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let kind = e.get_text("chi2type").unwrap_or("Wald").to_string();
    let facts = [
        Fact::observations(scalar("N")),
        Fact::new("Nonzero obs", "%10.0fc", scalar("N") - scalar("N_zero")),
        Fact::new("Zero obs", "%10.0fc", scalar("N_zero")),
        Fact::statistic(&format!("{kind} chi2"), &[scalar("df_m")], scalar("chi2")),
        Fact::probability("Prob > chi2", scalar("p")),
    ];
    let inflation = format!("Inflation model: {}", e.get_text("inflate").unwrap_or("logit"));
    let ll = likelihood::ll_line(session);
    let left = [title.to_string(), inflation, String::new(), String::new(), ll];
    session.print("");
    show(session, &left, &facts, 13, 6);
    session.print("");
}

/// `ln(alpha)` of the second start of `zinb`, whose other parameters are those of `zip`. From the first start alone some
/// data lead to a lower maximum, at which the inflation has a probability of nearly zero.
const SMALL_DISPERSION: f64 = -1.0;

/// The start with the highest maximum, and that maximum: the likelihood of an inflated count may have several.
///
/// # Errors
/// r(430) where none of them leads to one.
fn highest<L: Likelihood>(
    model: &Model,
    formula: &L,
    equations: Vec<Equation<'_>>,
    starts: Vec<Vec<f64>>,
) -> Result<(Vec<f64>, MlFit)> {
    let mut best: Result<(Vec<f64>, MlFit)> = Err(StataError::not_converged());
    for start in starts {
        let Ok(fit) = ml_command::quiet(model, formula, equations.clone(), &start) else { continue };
        // equal maxima differ in their last digits, and the first start is the usual one
        let is_higher = |(_, known): &(Vec<f64>, MlFit)| fit.ll > known.ll + 1e-6 * known.ll.abs().max(1.0);
        if best.as_ref().map_or(true, is_higher) {
            best = Ok((start, fit));
        }
    }
    best
}

#[expect(clippy::too_many_arguments, reason = "two commands differ in formula, equations and start values")]
fn fit_inflated<'a, L: Likelihood>(
    session: &mut Session,
    cmd: &ParsedCommand,
    name: &'static str,
    model: &'a Model,
    side: &'a Side,
    formula: &L,
    equations: impl Fn(bool) -> Vec<Equation<'a>>,
    starts: &[Vec<f64>],
) -> Result<Vec<f64>> {
    let slopes = model.columns().len();
    let constants: Vec<Vec<f64>> = starts.iter().map(|start| start[slopes..].to_vec()).collect();
    let null = highest(model, formula, equations(false), constants)?.1;
    let of_null = [vec![0.0; slopes], null.b.clone()].concat();
    let from: Vec<Vec<f64>> = [of_null].into_iter().chain(starts[1..].iter().cloned()).collect();
    let from = match <[Vec<f64>; 1]>::try_from(from) {
        Ok([only]) => only,
        Err(several) => highest(model, formula, equations(true), several)?.0,
    };
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    layout.equation("inflate", side.names(), &side.estimated());
    if formula.equations() == 3 {
        layout.ancillary("lnalpha");
    }
    let fit = likelihood::maximise(session, &cmd.options, model, formula, equations(true), &from, &layout)?;
    finish(session, cmd, name, model, &fit, layout, Some(null.ll), slopes);
    session.e.results.scalars.remove("r2_p");
    Ok(fit.b)
}
