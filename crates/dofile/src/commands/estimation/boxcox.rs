//! `boxcox`: regression with transformed variables.
//!
//! Stores in `e()`: N ll ll0 chi2 df_m p, ll_tm1 ll_t0 ll_t1 with chi2_ and p_, b, V, with lrtest chi2m df pm, cmd depvar
//! model ntrans chi2type lrtest predict. Formulas: [R] boxcox; the kernel is `estimators::box_cox`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::boxcox_show::show;
use crate::error::{Result, StataError};
use crate::estimation::likelihood;
use crate::estimation::model::{Model, Reading};
use crate::estimation::post;
use crate::estimation::sample::Side;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::MISSING;
use estimators::box_cox::{BoxCox, BoxCoxFit, Form as Kind};
use estimators::distributions::chi2_tail;
use estimators::qr;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Model"),
    OptSpec::text("NOTRans"),
    OptSpec::flag("noCONstant"),
    OptSpec::flag("LRtest"),
    OptSpec::flag("noLOg"),
    OptSpec::flag("NOLOGLr"),
    OptSpec::int("ITERate"),
    OptSpec::real("Level"),
])
.weights(&[WeightKind::Frequency, WeightKind::Importance])
.unsupported(&["FROM", "TOLerance", "LTOLerance", "NRTOLerance", "vce"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "boxcox",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "boxcox depvar [indepvars] [if] [in] [fweight iweight] [, model(lhsonly|rhsonly|lambda|theta) notrans(varlist) noconstant lrtest nolog level(#)]",
    notes: "stores e(N ll ll0 chi2 df_m p ll_tm1 ll_t0 ll_t1 chi2_tm1 chi2_t0 chi2_t1 p_tm1 p_t0 p_t1), with lrtest e(chi2m df pm), e(b), e(V) (only of the transformation), r(table); formulas: [R] boxcox",
    examples: &[Example {
        // theta = 1 is the linear regression
        run: "set obs 30\ngen x = _n\ngen y = exp(x/10 + mod(_n*7, 5)/8)\nregress y x\nscalar ll = e(ll)\nboxcox y x",
        expect: &[("e(ll_t1)/ll", 1.0), ("e(N)", 30.0), ("e(df_m)", 1.0)],
    }],
};

/// Names of the models with their meanings.
const MODELS: [(&str, Kind); 4] =
    [("lhsonly", Kind::Left), ("rhsonly", Kind::Right), ("lambda", Kind::Both), ("theta", Kind::Two)];

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && session.e.cmd() == "boxcox" {
        return show(session, cmd);
    }
    let asked = cmd.options.text("model").unwrap_or("lhsonly").trim();
    let (name, kind) = *MODELS
        .iter()
        .find(|m| !asked.is_empty() && m.0.starts_with(asked))
        .ok_or_else(|| StataError::invalid(format!("model({asked}) invalid")))?;
    fit(session, cmd, name, kind)?;
    show(session, cmd)?;
    likelihood::finish(&session.e)
}

fn fit(session: &mut Session, cmd: &ParsedCommand, name: &str, kind: Kind) -> Result<()> {
    let notrans = cmd.options.text("notrans").unwrap_or("");
    if kind == Kind::Left && !notrans.trim().is_empty() {
        return Err(StataError::invalid("notrans() not allowed with model(lhsonly)"));
    }
    let further = FvList::parse(&session.frame, notrans, session.settings.varabbrev)?;
    let variables = further.variables().iter().map(|v| session.variable(v)).collect::<Result<Vec<_>>>()?;
    let weights = [WeightKind::Frequency, WeightKind::Importance];
    let mut model =
        Reading { further: variables, ..Reading::likelihood(cmd, &weights) }.model(session)?.enough()?;
    let plain = plain_regressors(session, &mut model, &further)?;
    positive(&model.depvar, &model.y, kind != Kind::Right)?;
    transformable(&model, kind)?;
    let (effective, n) = likelihood::effective_weights(&model);
    let (plain_columns, moved_columns) = (plain.columns(), model.columns());
    if model.y.len() <= plain_columns.len() + moved_columns.len() + usize::from(model.constant) {
        return Err(StataError::insufficient_observations());
    }
    let all: Vec<&[f64]> = plain_columns.iter().chain(&moved_columns).copied().collect();
    let problem = BoxCox {
        y: &model.y,
        transformed: if kind == Kind::Left { Vec::new() } else { moved_columns },
        plain: if kind == Kind::Left { all } else { plain_columns },
        constant: model.constant,
        weights: effective.as_ref().map(|(w, _)| w.as_slice()),
        form: kind,
    };
    let iterations = cmd.options.int("iterate").map_or(300, |i| i.max(0) as usize);
    let found = problem.fit(iterations).ok_or_else(StataError::not_converged)?;
    if session.shows_log(|o| cmd.has(o)) {
        print_log(session, &found);
    }
    let stripe = stripes(&model, &plain, kind);
    let mut est = Estimation::default();
    store(&mut est.results, &problem, &found, &stripe, n);
    comparisons(&mut est.results, &problem, &found, iterations);
    if cmd.has("lrtest") {
        single_tests(&mut est.results, &problem, &found, &stripe, iterations);
    }
    let r = &mut est.results;
    r.text("cmd", "boxcox").text("cmdline", post::command_line(cmd)).text("depvar", &model.depvar);
    r.text("model", name).text("predict", "boxcox_p").text("chi2type", "LR").text("properties", "b V");
    r.text("ntrans", if notrans.trim().is_empty() { "" } else { "yes" });
    r.text("lrtest", if cmd.has("lrtest") { "lrtest" } else { "" });
    if let Some((kind, exp)) = &model.weight_text {
        r.text("wtype", kind).text("wexp", exp);
    }
    let touse = model.touse.clone();
    session.post_estimation(est, touse);
    Ok(())
}

/// The regressors of `notrans()`; regressors that depend on others are omitted, the list's before those of the option.
fn plain_regressors(session: &mut Session, model: &mut Model, list: &FvList) -> Result<Side> {
    let (mut plain, mut names) = Side::build(session, list, &model.touse, model.constant)?;
    let count = model.columns().len();
    let omitted = {
        let columns: Vec<&[f64]> = model.columns().into_iter().chain(plain.columns()).collect();
        qr::choose_columns(qr::Design { columns: &columns, weights: None, constant: model.constant }).1
    };
    let (own, further): (Vec<usize>, Vec<usize>) = omitted.into_iter().partition(|i| *i < count);
    names.extend(model.omit(&own));
    let active = plain.design.active();
    for i in further {
        names.push(plain.design.terms[active[i - count]].name());
        plain.design.omit(active[i - count]);
    }
    post::note_omitted(session, &names);
    // the constant is named with the first equation
    plain.constant = false;
    Ok(plain)
}

/// Whether there are regressors to be transformed, all positive.
fn transformable(model: &Model, kind: Kind) -> Result<()> {
    if kind == Kind::Left {
        return Ok(());
    }
    if model.columns().is_empty() {
        return Err(StataError::new(102, "too few variables: nothing is left to be transformed"));
    }
    let active = model.design.active();
    let mut columns = active.into_iter().filter_map(|i| Some((i, model.design.column(i)?)));
    columns.try_for_each(|(i, column)| positive(&model.design.terms[i].name(), column, true))
}

/// r(411) when a variable to be transformed is not positive.
fn positive(name: &str, values: &[f64], needed: bool) -> Result<()> {
    if needed && values.iter().any(|x| *x <= 0.0) {
        return Err(StataError::new(
            411,
            format!("{name} contains observations that are not strictly positive"),
        ));
    }
    Ok(())
}

fn print_log(session: &mut Session, fit: &BoxCoxFit) {
    session.print("");
    session.print("Fitting full model");
    session.print("");
    for (i, ll) in fit.log.iter().enumerate() {
        session.print(format!(
            "Iteration {i}:{} log likelihood = {:>10}",
            if i < 10 { "  " } else { " " },
            format::bare("%10.0g", *ll)
        ));
    }
}

/// Names of all parameters with the positions that are estimated.
struct Stripes {
    names: Vec<Stripe>,
    estimated: Vec<usize>,
}

fn stripes(model: &Model, plain: &Side, kind: Kind) -> Stripes {
    let mut names = Vec::new();
    let mut estimated = Vec::new();
    let mut add = |equation: &str, list: Vec<String>, positions: Vec<usize>| {
        let from = names.len();
        names.extend(post::equation_stripe(equation, list));
        estimated.extend(positions.into_iter().map(|p| p + from));
    };
    let terms: Vec<String> = model.design.terms.iter().map(crate::syntax::Term::name).collect();
    let constant = |list: &[String]| if model.constant { vec![list.len()] } else { Vec::new() };
    let with = |list: Vec<String>| {
        if model.constant { list.into_iter().chain(["_cons".to_string()]).collect() } else { list }
    };
    if kind == Kind::Left {
        let positions = model.design.active().into_iter().chain(constant(&terms)).collect();
        add("Notrans", with(terms), positions);
    } else {
        let own = plain.names();
        let positions = plain.estimated().into_iter().chain(constant(&own)).collect();
        add("Notrans", with(own), positions);
        add("Trans", terms, model.design.active());
    }
    let shapes: &[&str] = match kind {
        Kind::Left => &["theta"],
        Kind::Right | Kind::Both => &["lambda"],
        Kind::Two => &["lambda", "theta"],
    };
    for name in shapes.iter().chain(&["sigma"]) {
        estimated.push(names.len());
        names.push(Stripe::with_eq("/", *name));
    }
    Stripes { names, estimated }
}

fn store(r: &mut Results, problem: &BoxCox<'_>, fit: &BoxCoxFit, stripe: &Stripes, n: f64) {
    let values: Vec<f64> = fit.b.iter().chain(&fit.shape).copied().chain([fit.sigma]).collect();
    let size = stripe.names.len();
    let mut b = vec![0.0; size];
    stripe.estimated.iter().zip(&values).for_each(|(p, x)| b[*p] = *x);
    let mut v = Matrix::square(vec![0.0; size * size], stripe.names.clone());
    let shapes = problem.form.parameters();
    let from = size - 1 - shapes;
    for i in 0..shapes {
        for j in 0..shapes {
            v.set(from + i, from + j, fit.v[(i, j)]);
        }
    }
    r.matrix("b", Matrix::row_vector(b, stripe.names.clone())).matrix("V", v);
    r.scalar("N", n).scalar("ll", fit.ll).scalar("rank", shapes as f64);
    r.scalar("converged", f64::from(u8::from(fit.converged)))
        .scalar("rc", if fit.converged { 0.0 } else { 430.0 });
    r.scalar("k_aux", shapes as f64 + 1.0).scalar("ic", fit.log.len().saturating_sub(1) as f64);
}

/// The test of all regressors, and those of the parameter at -1, 0 and 1.
fn comparisons(r: &mut Results, problem: &BoxCox<'_>, fit: &BoxCoxFit, iterations: usize) {
    let regressors = problem.plain.len() + problem.transformed.len();
    let free = matches!(problem.form, Kind::Right | Kind::Two);
    let df = (regressors + usize::from(free)) as f64;
    let null = problem.constant.then(|| problem.null_likelihood(iterations)).flatten();
    let test = |ll: f64, df: f64| {
        let chi2 = (2.0 * (fit.ll - ll)).max(0.0);
        (chi2, if df > 0.0 { chi2_tail(df, chi2) } else { MISSING })
    };
    let (chi2, p) = null.map_or((MISSING, MISSING), |ll| test(ll, df));
    r.scalar("ll0", null.unwrap_or(MISSING)).scalar("chi2", chi2).scalar("df_m", df).scalar("p", p);
    for (suffix, value) in [("tm1", -1.0), ("t0", 0.0), ("t1", 1.0)] {
        let ll = problem.profile(&vec![value; problem.form.parameters()]);
        let (chi2, p) = test(ll, problem.form.parameters() as f64);
        r.scalar(&format!("ll_{suffix}"), ll).scalar(&format!("chi2_{suffix}"), chi2);
        r.scalar(&format!("p_{suffix}"), p);
    }
}

/// `lrtest`: each regressor is left out in turn.
fn single_tests(r: &mut Results, problem: &BoxCox<'_>, fit: &BoxCoxFit, stripe: &Stripes, iterations: usize) {
    let mut columns: Vec<Option<(bool, usize)>> = (0..problem.plain.len()).map(|i| Some((true, i))).collect();
    if problem.constant {
        columns.push(None);
    }
    columns.extend((0..problem.transformed.len()).map(|i| Some((false, i))));
    let (mut chi2, mut df, mut p, mut names) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (column, position) in columns.into_iter().zip(&stripe.estimated) {
        let Some((plain, i)) = column else { continue };
        let mut without = problem.clone();
        if plain {
            without.plain.remove(i)
        } else {
            without.transformed.remove(i)
        };
        // without any transformed regressor its parameter is not identified, and leaves the model with it
        let gone = !plain && problem.transformed.len() == 1;
        without.form = match problem.form {
            Kind::Two | Kind::Both if gone => Kind::Left,
            other => other,
        };
        let ll = match problem.form {
            Kind::Right if gone => Some(without.profile(&[1.0])),
            _ => without.fit(iterations).map(|f| f.ll),
        };
        let lost = if gone && problem.form != Kind::Both { 2.0 } else { 1.0 };
        let value = ll.map_or(MISSING, |ll| (2.0 * (fit.ll - ll)).max(0.0));
        chi2.push(value);
        df.push(lost);
        p.push(if value < MISSING { chi2_tail(lost, value) } else { MISSING });
        names.push(stripe.names[*position].clone());
    }
    r.matrix("chi2m", Matrix::row_vector(chi2, names.clone()))
        .matrix("df", Matrix::row_vector(df, names.clone()));
    r.matrix("pm", Matrix::row_vector(p, names));
}
