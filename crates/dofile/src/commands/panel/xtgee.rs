//! `xtgee`: population-averaged panel models by generalised estimating equations; `xtreg, pa` is one of them.
//!
//! Stores in `e()`: N N_g g_min g_avg g_max df_m chi2 p phi chi2_dis ic converged rank, b, V, R, cmd ivar tvar
//! depvar family link corr scale vce vcetype. Formulas: [XT] xtgee, Methods and formulas.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::unit_variable;
use crate::error::{Result, StataError};
use crate::estimation::binary::{drop_collinear, drop_perfect};
use crate::estimation::header::{Fact, show};
use crate::estimation::ml_command::{self, Layout, Look};
use crate::estimation::model::{Model, Reading, VceSpec, number_groups};
use crate::estimation::post;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::glm;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::tsset::Panel;
use crate::value::{MISSING, is_missing};
use estimators::distributions::chi2_tail;
use estimators::gee::{self, GeeFit, Request, UnitWeights, Working};
use estimators::ml_glm::{Family, GlmLink};
use estimators::wald;

/// Weights of population-averaged models.
pub(super) const WEIGHTS: &[WeightKind] = &[WeightKind::Frequency, WeightKind::Probability];

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Family"),
    OptSpec::text("Link"),
    OptSpec::text("Corr"),
    OptSpec::text("I"),
    OptSpec::text("T"),
    OptSpec::text("EXPosure"),
    OptSpec::text("OFFset"),
    OptSpec::text("Scale"),
    OptSpec::flag("noCONstant"),
    OptSpec::flag("Robust"),
    OptSpec::text("vce"),
    OptSpec::flag("nmp"),
    OptSpec::flag("rgf"),
    OptSpec::flag("force"),
    OptSpec::flag("EForm"),
    OptSpec::real("Level"),
    OptSpec::int("ITERate"),
    OptSpec::flag("noLOg"),
    OptSpec::flag("noHEader"),
])
.weights(WEIGHTS)
.unsupported(&["ASIS", "TRace", "TOLerance", "noDISplay"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtgee",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "xtgee depvar [indepvars] [if] [in] [weight] [, family(gaussian|igaussian|binomial|poisson|nbinomial [#]|gamma) link(...) corr(exchangeable|independent|ar #|stationary #|unstructured) exposure(v) offset(v) scale(x2|#) nmp rgf vce(conventional|robust) eform force level(#)]",
    notes: "stores e(N N_g df_m chi2 p phi), e(R), e(b), e(V), r(table); correlations are moments with divisors as in [XT] xtgee, robust covariance with factor G/(G-1); weights are constant within panels; nonstationary and fixed correlations, iweights and family(binomial #) are not supported; [XT] xtgee",
    examples: &[Example {
        // Pairs without correlation in the mean model: the constant is the mean.
        run: "input id y\n1 1\n1 3\n2 2\n2 6\nend\nxtset id\nxtgee y, nolog",
        expect: &[("_b[_cons]", 3.0), ("e(N_g)", 2.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !ml_command::replay(session, cmd, "xtgee")? {
        estimate(session, cmd, None)?;
    }
    display(session, cmd)
}

/// A model of another command with the option `pa`: its name, family and link.
pub(super) type Averaged = (&'static str, Family, GlmLink);

/// `xtreg, pa` and its relatives.
pub(super) fn population_averaged(session: &mut Session, cmd: &ParsedCommand, model: Averaged) -> Result<()> {
    estimate(session, cmd, Some(model))?;
    display(session, cmd)
}

fn working(text: Option<&str>) -> Result<Working> {
    let text = text.unwrap_or("exchangeable").trim();
    let split = text.find(|c: char| c.is_whitespace() || c.is_ascii_digit()).unwrap_or(text.len());
    let (word, rest) = (&text[..split], text[split..].trim());
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    let order = || -> Result<usize> {
        if rest.is_empty() {
            return Ok(1);
        }
        rest.parse::<usize>()
            .ok()
            .filter(|n| *n > 0)
            .ok_or_else(|| StataError::invalid(format!("corr({text}) invalid")))
    };
    Ok(if is("exchangeable", 3) {
        Working::Exchangeable
    } else if is("independent", 3) {
        Working::Independent
    } else if word == "ar" {
        Working::Autoregressive(order()?)
    } else if is("stationary", 3) {
        Working::Stationary(order()?)
    } else if is("unstructured", 3) {
        Working::Unstructured
    } else {
        return Err(StataError::unsupported_option("xtgee", &format!("corr({text})")));
    })
}

fn working_text(working: Working) -> String {
    match working {
        Working::Independent => "independent".into(),
        Working::Exchangeable => "exchangeable".into(),
        Working::Autoregressive(n) => format!("AR({n})"),
        Working::Stationary(n) => format!("stationary({n})"),
        Working::Unstructured => "unstructured".into(),
    }
}

/// Rows of each unit in the order of time, and the period of each row.
struct Order {
    units: Vec<Vec<usize>>,
    period: Vec<usize>,
}

/// Orders the sample; r(459) where a correlation by distance meets gaps.
fn order(
    session: &Session,
    cmd: &ParsedCommand,
    model: &Model,
    unit: usize,
    working: Working,
) -> Result<Order> {
    let rows = &model.design.rows;
    let (of_row, count) = number_groups(&session.frame, unit, rows);
    let mut units = vec![Vec::new(); count];
    of_row.iter().enumerate().for_each(|(i, u)| units[*u as usize].push(i));
    let timeless = matches!(working, Working::Exchangeable | Working::Independent);
    let time = match cmd.options.text("t") {
        Some(name) => Some(session.numeric_variable(name)?),
        None => Panel::of(&session.frame).ok().and_then(|p| p.time),
    };
    let Some(time) = time else {
        if timeless {
            return Ok(Order { units, period: vec![0; rows.len()] });
        }
        return Err(StataError::new(459, "time variable not set, use xtset panelvar timevar"));
    };
    let delta = Panel::of(&session.frame).map_or(1.0, |p| p.delta);
    let at = |i: usize| session.frame.num_at(time, rows[i]);
    let first = (0..rows.len()).map(at).fold(f64::INFINITY, f64::min);
    let mut period = vec![0; rows.len()];
    for own in &mut units {
        own.sort_by(|a, b| at(*a).total_cmp(&at(*b)));
        for pair in own.windows(2) {
            let gap = (at(pair[1]) - at(pair[0])) / delta;
            if !timeless && working != Working::Unstructured && gap != 1.0 && !cmd.has("force") {
                return Err(StataError::new(
                    459,
                    "some groups have unequally spaced observations; use the force option to ignore the spacing",
                ));
            }
        }
        own.iter().for_each(|i| period[*i] = ((at(*i) - first) / delta).round().max(0.0) as usize);
    }
    Ok(Order { units, period })
}

/// The dispersion of `scale()`, or one for discrete families; nothing where it is estimated.
fn scale(cmd: &ParsedCommand, family: Family) -> Result<Option<f64>> {
    let fixed = matches!(family, Family::Binomial | Family::Poisson | Family::NegativeBinomial(_));
    match cmd.options.text("scale").map(str::trim) {
        None => Ok(fixed.then_some(1.0)),
        Some("x2") => Ok(None),
        Some(text) => crate::syntax::options::parse_number(text)
            .filter(|x| *x > 0.0)
            .map(Some)
            .ok_or_else(|| StataError::unsupported_option("xtgee", &format!("scale({text})"))),
    }
}

/// Weights of the units, and whether they are copies; r(199) where a weight is not constant in a unit.
fn unit_weights(model: &Model, order: &Order, name: &str) -> Result<Option<(Vec<f64>, bool)>> {
    let Some(weights) = &model.weights else { return Ok(None) };
    let own = &weights.values;
    if order.units.iter().any(|rows| rows.iter().any(|i| own[*i] != own[rows[0]])) {
        return Err(StataError::new(199, format!("weight must be constant within {name}")));
    }
    let values = order.units.iter().map(|rows| own[rows[0]]).collect();
    Ok(Some((values, weights.kind == WeightKind::Frequency)))
}

/// Numbers of rows and units; copies count.
struct Sizes {
    rows: f64,
    count: f64,
    least: f64,
    most: f64,
}

impl Sizes {
    fn of(order: &Order, copies: Option<&[f64]>) -> Self {
        let copy = |u: usize| copies.map_or(1.0, |w| w[u]);
        let size = |u: usize| order.units[u].len() as f64;
        let units = || 0..order.units.len();
        Self {
            rows: units().map(|u| copy(u) * size(u)).sum(),
            count: units().map(copy).sum(),
            least: units().map(size).fold(f64::INFINITY, f64::min),
            most: units().map(size).fold(0.0, f64::max),
        }
    }
}

fn estimate(session: &mut Session, cmd: &ParsedCommand, wrapper: Option<Averaged>) -> Result<()> {
    let (family, trials) = match wrapper {
        Some((_, family, _)) => (family, None),
        None => glm::family(cmd.options.text("family").unwrap_or(""))?,
    };
    if trials.is_some() {
        return Err(StataError::unsupported_option("xtgee", "family(binomial #)"));
    }
    let link = match wrapper {
        Some((_, _, link)) => link,
        None => glm::link(family, cmd.options.text("link"))?,
    };
    let working = working(cmd.options.text("corr"))?;
    let unit = unit_variable(session, cmd.options.text("i"))?;
    let vce = VceSpec::parse("xtgee", &cmd.options, &["conventional"])?;
    let asked = match &vce {
        VceSpec::Default => false,
        VceSpec::Robust => true,
        VceSpec::Cluster(name) if session.variable(name)? == unit => true,
        _ => return Err(StataError::unsupported_option("xtgee", "this vce()")),
    };
    let mut further = ml_command::offset_variables(session, &cmd.options)?;
    further.push(unit);
    let reading =
        Reading { vce: Some(VceSpec::Default), weight_kinds: WEIGHTS, further, ..Reading::new(cmd) };
    let mut model = reading.model(session)?.enough()?;
    if family == Family::Binomial && model.y.iter().all(|y| matches!(*y, 0.0 | 1.0)) {
        drop_perfect(session, cmd, &mut model)?;
    } else {
        drop_collinear(session, &mut model);
    }
    let robust = asked || model.weights.as_ref().is_some_and(|w| w.kind == WeightKind::Probability);
    glm::check(&model, family, &vec![1.0; model.y.len()])?;
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let order = order(session, cmd, &model, unit, working)?;
    if order.units.len() < 2 {
        return Err(StataError::new(2001, "insufficient observations: only one group"));
    }
    let weights = unit_weights(&model, &order, &session.frame.var(unit).name)?;
    let scale = scale(cmd, family)?;
    let sizes = Sizes::of(&order, weights.as_ref().filter(|w| w.1).map(|w| w.0.as_slice()));
    let ones = vec![1.0; model.y.len()];
    let fit = {
        let mut columns = model.columns();
        columns.extend(model.constant.then_some(ones.as_slice()));
        gee::fit(&Request {
            y: &model.y,
            columns: &columns,
            offset: offset.as_ref().map(|o| o.0.as_slice()),
            family,
            link,
            units: &order.units,
            weights: weights.as_ref().map(|(values, copies)| UnitWeights { values, copies: *copies }),
            period: &order.period,
            working,
            adjusted: cmd.has("nmp"),
            scale,
            iterations: cmd.options.int("iterate").map_or(300, |i| i.max(1) as usize),
        })
        .ok_or_else(|| StataError::new(430, "convergence not achieved: estimates diverged, or the working correlation is not positive definite"))?
    };
    post_results(session, cmd, model, &fit, &sizes, robust, wrapper.map(|w| w.0));
    let name = session.frame.var(unit).name.clone();
    let e = &mut session.e.results;
    e.text("ivar", name).text("family", glm::family_text(family)).text("link", glm::link_text(link));
    e.text("corr", working_text(working));
    e.text("scale", if scale.is_none() { "x2".to_string() } else { scale.unwrap_or(1.0).to_string() });
    if let Some((_, name)) = offset {
        e.text("offset", name);
    }
    if fit.converged { Ok(()) } else { Err(StataError::not_converged()) }
}

fn post_results(
    session: &mut Session,
    cmd: &ParsedCommand,
    model: Model,
    fit: &GeeFit,
    sizes: &Sizes,
    robust: bool,
    wrapper: Option<&'static str>,
) {
    let n = sizes.rows;
    let mut v = if robust { fit.v_robust.clone() } else { fit.v_model.clone() };
    if robust && cmd.has("rgf") {
        v = v.scaled((n - 1.0) / (n - fit.b.len() as f64));
    }
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    let parameters = layout.parameters(&fit.b, &v);
    let mut est = post::begin("xtgee", &post::command_line(cmd), &parameters, &model);
    let slopes: Vec<usize> = (0..model.columns().len()).collect();
    let test = wald::test_zero(&fit.b, &v, &slopes);
    let r = &mut est.results;
    r.scalar("N", n).scalar("N_g", sizes.count).scalar("df_m", test.df as f64).scalar("chi2", test.chi2);
    r.scalar("p", if test.df == 0 { MISSING } else { chi2_tail(test.df as f64, test.chi2) });
    r.scalar("g_min", sizes.least).scalar("g_avg", n / sizes.count).scalar("g_max", sizes.most);
    r.scalar("phi", fit.phi).scalar("chi2_dis", fit.pearson).scalar("dispers", fit.pearson / n);
    r.scalar("df_pear", n - if cmd.has("nmp") { fit.b.len() as f64 } else { 0.0 });
    r.scalar("rank", fit.b.len() as f64).scalar("ic", fit.iterations as f64);
    r.scalar("converged", f64::from(u8::from(fit.converged)));
    let size = fit.correlation.rows();
    let stripe = |lead: &str| (1..=size).map(|i| Stripe::term(format!("{lead}{i}"))).collect::<Vec<_>>();
    let mut matrix = Matrix::new(size, size, fit.correlation.data().to_vec());
    (matrix.row_names, matrix.col_names) = (stripe("r"), stripe("c"));
    r.matrix("R", matrix).text("chi2type", "Wald").text("properties", "b V").text("predict", "xtgee_p");
    if robust {
        r.text("vce", "robust").text("vcetype", "Robust");
    } else {
        r.text("vce", "conventional");
    }
    if let Some(wrapper) = wrapper {
        r.text("cmd2", wrapper).text("model", "pa");
    }
    let touse = model.touse;
    session.post_estimation(est, touse);
}

fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let (family, link) = (text("family"), text("link"));
    let capital = |t: &str| {
        let mut c = t.chars();
        c.next().map_or(String::new(), |f| f.to_uppercase().chain(c).collect::<String>())
    };
    let left = [
        "GEE population-averaged model".to_string(),
        format!("Group variable: {}", text("ivar")),
        format!("Family: {}", capital(&family)),
        format!("Link:   {}", capital(&link)),
        format!("Correlation: {}", text("corr")),
        String::new(),
        String::new(),
        format!("Scale parameter = {}", format::bare("%9.0g", scalar("phi")).trim()),
    ];
    let p = scalar("p");
    let facts = [
        Fact::observations(scalar("N")),
        Fact::new("Number of groups", "%10.0fc", scalar("N_g")),
        Fact::new("Obs per group min", "%10.0fc", scalar("g_min")),
        Fact::new("              avg", "%10.1fc", scalar("g_avg")),
        Fact::new("              max", "%10.0fc", scalar("g_max")),
        Fact::statistic("Wald chi2", &[scalar("df_m")], scalar("chi2")),
        Fact::probability("Prob > chi2", if is_missing(p) { MISSING } else { p }),
    ];
    if !cmd.has("noheader") {
        session.print("");
        show(session, &left, &facts, 17, 10);
        session.print("");
    }
    let heading = match (family.as_str(), link.as_str()) {
        ("binomial", "logit") => "Odds ratio",
        ("poisson" | "nbinomial 1", "log") => "IRR",
        _ => "exp(b)",
    };
    ml_command::table(
        session,
        cmd,
        &Look {
            eform: ["eform", "or", "irr"].iter().any(|o| cmd.has(o)).then_some(heading),
            ..Look::default()
        },
    )
}
