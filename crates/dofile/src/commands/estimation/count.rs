//! `poisson` and `nbreg`: regressions of counts.
//!
//! Store in `e()`: N k k_eq df_m r2_p ll ll_0 chi2 p rank ic converged N_clust, `nbreg` also alpha ll_c chi2_c;
//! b, V, cmd depvar chi2type vce vcetype offset_var exposure_var. Formulas: [R] poisson, [R] nbreg.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::derived::{boundary_line, derived_row};
use crate::estimation::display::level;
use crate::estimation::header::{Fact, show};
use crate::estimation::layout::Layout;
use crate::estimation::likelihood::{self, ModelTest};
use crate::estimation::ml_command;
use crate::estimation::model::{Model, Reading};
use crate::estimation::post;
use crate::estimation::table::Table;
use crate::ops::predict::column;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::{concat_lists, format, ml_options};
use estimators::jet::Formula;
use estimators::ml::{Equation, MlFit};
use estimators::ml_count::{NegativeBinomial, Poisson, constant_dispersion};
use std::sync::Arc;

const OPTIONS: &[OptSpec] =
    ml_options![OptSpec::flag("IRr"), OptSpec::text("Exposure"), OptSpec::text("OFFset")];
const NEGATIVE: StandardSyntax = StandardSyntax::new(
    concat_lists!(OptSpec; OPTIONS, &[OptSpec::text("Dispersion"), OptSpec::flag("noLRtest")]),
)
.weights(SYNTAX.weights)
.maximised();
const SYNTAX: StandardSyntax = StandardSyntax::new(OPTIONS)
    .weights(&[WeightKind::Frequency, WeightKind::Importance, WeightKind::Probability])
    .maximised();

/// The command `poisson`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "poisson",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run: run_poisson,
    syntax: "poisson depvar [indepvars] [if] [in] [weight] [, exposure(v) offset(v) irr noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "stores e(N k df_m r2_p ll ll_0 chi2 p rank converged), e(b), e(V), r(table); formulas: [R] poisson",
    examples: &[Example {
        run: "set obs 4\ngen y = _n\npoisson y",
        // The constant of an intercept-only model is the log of the mean, its variance 1 / sum(y).
        expect: &[("exp(_b[_cons])", 2.5), ("_se[_cons]^2", 0.1)],
    }],
};

/// The command `nbreg`.
pub(super) const SPEC_NBREG: CommandSpec = CommandSpec {
    name: "nbreg",
    min: 5,
    form: Form::Standard(&NEGATIVE),
    by: ByRule::EachGroup,
    run: run_nbreg,
    syntax: "nbreg depvar [indepvars] [if] [in] [weight] [, dispersion(mean|constant) exposure(v) offset(v) irr noconstant nolrtest vce(oim|robust|cluster v) level(#) nolog]",
    notes: "stores e(N k df_m r2_p ll ll_0 ll_c alpha (delta with dispersion(constant)) chi2 chi2_c p rank converged), e(b), e(V), r(table); formulas: [R] nbreg",
    examples: &[Example {
        // The mean is that of the data.
        run: "input y\n0\n0\n1\n7\nend\nnbreg y",
        expect: &[("abs(exp([y]_b[_cons]) - 2) < 1e-6", 1.0), ("e(N)", 4.0)],
    }],
};

fn run_poisson(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    run(session, cmd, false)
}

fn run_nbreg(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    run(session, cmd, true)
}

/// A sample with its offset.
struct Sample {
    model: Model,
    offset: Option<Vec<f64>>,
}

fn read(session: &mut Session, cmd: &ParsedCommand) -> Result<Sample> {
    let named =
        ["exposure", "offset"].map(|o| cmd.options.text(o).map(|v| session.numeric_variable(v)).transpose());
    let [exposure, offset] = named;
    let (exposure, offset) = (exposure?, offset?);
    if exposure.is_some() && offset.is_some() {
        return Err(StataError::invalid("only one of exposure() and offset() is allowed"));
    }
    let reading = Reading {
        further: exposure.into_iter().chain(offset).collect(),
        ..Reading::likelihood(cmd, &[WeightKind::Frequency, WeightKind::Importance, WeightKind::Probability])
    };
    let mut model = reading.model(session)?.enough()?;
    if model.y.iter().any(|y| *y < 0.0) {
        return Err(StataError::new(459, format!("{} must be greater than or equal to zero", model.depvar)));
    }
    let values = match exposure.or(offset) {
        None => None,
        Some(variable) => {
            let name = session.frame.var(variable).name.clone();
            let values = column(&session.frame, &name, &model.design.rows)?;
            if exposure.is_some() && values.iter().any(|v| *v <= 0.0) {
                return Err(StataError::new(459, "exposure() must be greater than zero"));
            }
            Some(if exposure.is_some() { values.iter().map(|v| v.ln()).collect() } else { values })
        }
    };
    drop_collinear(session, &mut model);
    Ok(Sample { model, offset: values })
}

/// Intercept-only Poisson start: `ln(sum y / sum exp(offset))`.
fn start_constant(sample: &Sample) -> f64 {
    let (weights, _) = likelihood::effective_weights(&sample.model);
    let w = |i: usize| weights.as_ref().map_or(1.0, |(w, _)| w[i]);
    let rows = sample.model.y.len();
    let events: f64 = (0..rows).map(|i| w(i) * sample.model.y[i]).sum();
    let base: f64 = (0..rows).map(|i| w(i) * sample.offset.as_ref().map_or(1.0, |o| o[i].exp())).sum();
    (events.max(1e-8) / base).ln()
}

fn equations<'a>(sample: &'a Sample, slopes: bool, alpha: bool) -> Vec<Equation<'a>> {
    let main = Equation {
        columns: if slopes { sample.model.columns() } else { Vec::new() },
        constant: sample.model.constant,
        offset: sample.offset.as_deref(),
    };
    let mut out = vec![main];
    if alpha {
        out.push(Equation { columns: Vec::new(), constant: true, offset: None });
    }
    out
}

/// The likelihood.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Poisson,
    /// Variance `mu (1 + alpha mu)`.
    Mean,
    /// Variance `mu (1 + delta)`.
    Constant,
}

impl Kind {
    fn of(cmd: &ParsedCommand, nbreg: bool) -> Result<Self> {
        let asked = cmd.options.text("dispersion").map_or("mean", str::trim);
        match (nbreg, asked) {
            (false, _) => Ok(Self::Poisson),
            (true, word) if !word.is_empty() && "constant".starts_with(word) => Ok(Self::Constant),
            (true, word) if !word.is_empty() && "mean".starts_with(word) => Ok(Self::Mean),
            _ => Err(StataError::invalid(format!("dispersion({asked}) invalid: mean or constant"))),
        }
    }
}

/// Likelihood with constant dispersion.
fn constant_kernel(sample: &Sample) -> impl estimators::ml::Likelihood {
    Formula::<2, _>(|row: usize, eta| constant_dispersion(sample.model.y[row], eta))
}

/// Fits without output: the models that likelihood-ratio tests compare with.
fn quiet_fit(sample: &Sample, kind: Kind, slopes: bool, start: &[f64]) -> Result<MlFit> {
    let equations = equations(sample, slopes, kind != Kind::Poisson);
    let model = &sample.model;
    match kind {
        Kind::Poisson => ml_command::quiet(model, &Poisson { y: &model.y }, equations, start),
        Kind::Mean => ml_command::quiet(model, &NegativeBinomial { y: &model.y }, equations, start),
        Kind::Constant => ml_command::quiet(model, &constant_kernel(sample), equations, start),
    }
}

fn run(session: &mut Session, cmd: &ParsedCommand, nbreg: bool) -> Result<()> {
    let name = if nbreg { "nbreg" } else { "poisson" };
    if cmd.list.trim().is_empty() {
        if session.e.cmd() != name {
            return Err(StataError::no_estimates());
        }
        return display(session, cmd, nbreg);
    }
    let kind = Kind::of(cmd, nbreg)?;
    let sample = read(session, cmd)?;
    let (fit, ll_0, ll_c) = fit(session, cmd, &sample, kind)?;
    post_results(session, cmd, &sample, &fit, ll_0, ll_c, name)?;
    display(session, cmd, nbreg)?;
    likelihood::finish(&session.e)
}

/// The fit, the log likelihood of the model without slopes, and that of the Poisson model beside a dispersed one. As
/// Stata: the Poisson model first, then the dispersion, then the full model.
fn fit(
    session: &mut Session,
    cmd: &ParsedCommand,
    sample: &Sample,
    kind: Kind,
) -> Result<(MlFit, Option<f64>, Option<f64>)> {
    let model = &sample.model;
    let layout = layout(model, kind);
    let slopes = model.columns().len();
    let mut start = vec![0.0; slopes + usize::from(model.constant)];
    if model.constant {
        start[slopes] = start_constant(sample);
    }
    let null_poisson =
        model.constant.then(|| quiet_fit(sample, Kind::Poisson, false, &start[slopes..])).transpose()?;
    if kind == Kind::Poisson {
        let likelihood = Poisson { y: &model.y };
        let equations = equations(sample, true, false);
        let fit =
            likelihood::maximise(session, &cmd.options, model, &likelihood, equations, &start, &layout)?;
        return Ok((fit, null_poisson.map(|n| n.ll), None));
    }
    let poisson = quiet_fit(sample, Kind::Poisson, true, &start)?;
    let with_spread = |b: &[f64]| b.iter().copied().chain([0.0]).collect::<Vec<f64>>();
    let null = null_poisson.map(|null| quiet_fit(sample, kind, false, &with_spread(&null.b))).transpose()?;
    let mut from = with_spread(&poisson.b);
    if let (Some(null), Some(last)) = (&null, from.last_mut()) {
        *last = null.b.last().copied().unwrap_or(0.0);
    }
    let equations = equations(sample, true, true);
    let fit = if kind == Kind::Constant {
        let likelihood = constant_kernel(sample);
        likelihood::maximise(session, &cmd.options, model, &likelihood, equations, &from, &layout)?
    } else {
        let likelihood = NegativeBinomial { y: &model.y };
        likelihood::maximise(session, &cmd.options, model, &likelihood, equations, &from, &layout)?
    };
    Ok((fit, null.map(|n| n.ll), Some(poisson.ll)))
}

fn layout(model: &Model, kind: Kind) -> Layout {
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    match kind {
        Kind::Poisson => {}
        Kind::Mean => {
            layout.ancillary("lnalpha");
        }
        Kind::Constant => {
            layout.ancillary("lndelta");
        }
    }
    layout
}

fn post_results(
    session: &mut Session,
    cmd: &ParsedCommand,
    sample: &Sample,
    fit: &MlFit,
    ll_0: Option<f64>,
    ll_c: Option<f64>,
    name: &str,
) -> Result<()> {
    let model = &sample.model;
    let kind = if ll_c.is_some() { Kind::of(cmd, true)? } else { Kind::Poisson };
    let parameters = layout(model, kind).parameters(&fit.b, &fit.v);
    let slopes: Vec<usize> = (0..model.columns().len()).collect();
    let test = ModelTest::new(fit, ll_0, &slopes, model.is_robust());
    let (_, n) = likelihood::effective_weights(model);
    let mut est = post::begin(name, &post::command_line(cmd), &parameters, model);
    est.scores = fit.scores.clone().map(Arc::new);
    let results = &mut est.results;
    likelihood::store(results, fit, ll_0, &test, n, if ll_c.is_some() { 2.0 } else { 1.0 });
    for (option, stored) in [("exposure", "exposure_var"), ("offset", "offset_var")] {
        if let Some(variable) = cmd.options.text(option) {
            let full = session.frame.var(session.variable(variable)?).name.clone();
            results.text("offset", if option == "exposure" { format!("ln({full})") } else { full.clone() });
            results.text(stored, full);
        }
    }
    if let Some(ll_c) = ll_c {
        let spread = fit.b.last().copied().unwrap_or(f64::NAN).exp();
        let constant = kind == Kind::Constant;
        results.scalar(if constant { "delta" } else { "alpha" }, spread).scalar("k_aux", 1.0);
        // The constant-only model has the constant and the dispersion.
        if ll_0.is_some() && fit.constrained.is_none() {
            results.scalar("rank0", 2.0);
        }
        // The Poisson model is fitted without the constraints, and the test needs independent rows.
        if fit.constrained.is_none() && !model.is_robust() {
            results.scalar("ll_c", ll_c).scalar("chi2_c", (2.0 * (fit.ll - ll_c)).max(0.0));
            results.text("chi2_ct", "LR");
        }
        results
            .text("dispers", if constant { "constant" } else { "mean" })
            .text("title", "Negative binomial regression")
            .text("predict", "nbreg_p");
    } else {
        results
            .text("title", "Poisson regression")
            .text("predict", "poisso_p")
            .text("estat_cmd", "poisson_estat");
    }
    session.post_estimation(est, model.touse.clone());
    Ok(())
}

fn display(session: &mut Session, cmd: &ParsedCommand, nbreg: bool) -> Result<()> {
    let level = level(session, cmd)?;
    let title = session.e.results.get_text("title").unwrap_or("").to_string();
    if !cmd.has("noheader") {
        if nbreg {
            header_nbreg(session, &title);
        } else {
            likelihood::header(session, &title);
        }
    }
    let (b, v) = session.e.b_and_v()?;
    let text = |name: &str| session.e.results.get_text(name).unwrap_or("").to_string();
    let (depvar, vcetype, clustvar) = (text("depvar"), text("vcetype"), text("clustvar"));
    let clusters = session.e.results.get_scalar("N_clust");
    let se: Vec<f64> = (0..b.cols()).map(|i| v.get(i, i).sqrt()).collect();
    let irr = cmd.has("irr");
    let table = Table {
        title: &depvar,
        heading: if irr { "IRR" } else { "Coefficient" },
        vce_title: &vcetype,
        eform: irr,
        ancillary_from: nbreg.then(|| b.cols() - 1),
        clusters: clusters.map(|c| (c, clustvar.as_str())),
        equations: false,
        ..Table::of_equations(&b.col_names, b.values(), &se, None, level)
    };
    table.show(session);
    if nbreg {
        let results = &session.e.results;
        let chi2 = results.get_scalar("chi2_c");
        let named = ["alpha", "delta"].into_iter().find_map(|n| Some((n, results.get_scalar(n)?)));
        let name = named.map_or("alpha", |n| n.0);
        derived_row(session, name, b.cols() - 1, level, f64::exp, f64::exp);
        session.print("-".repeat(78));
        if irr {
            session.print(
                "Note: Estimates are transformed only in the first equation to incidence-rate ratios.",
            );
            note_baseline(session);
        }
        if let Some(chi2) = chi2.filter(|_| vcetype.is_empty() && !cmd.has("nolrtest")) {
            boundary_line(session, name, chi2);
        }
    }
    if irr && !nbreg {
        note_baseline(session);
    }
    Ok(())
}

/// What the constant of a table of incidence-rate ratios is.
fn note_baseline(session: &mut Session) {
    if session.e.b().is_some_and(|b| b.col_names.iter().any(|n| n.name == "_cons")) {
        session.print("Note: _cons estimates baseline incidence rate.");
    }
}

fn header_nbreg(session: &mut Session, title: &str) {
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(crate::value::MISSING);
    let kind = e.get_text("chi2type").unwrap_or("Wald").to_string();
    let robust = e.get_text("vcetype") == Some("Robust");
    let mut facts = vec![
        Fact::observations(scalar("N")),
        Fact::statistic(&format!("{kind} chi2"), &[scalar("df_m")], scalar("chi2")),
        Fact::probability("Prob > chi2", scalar("p")),
    ];
    if e.get_scalar("r2_p").is_some() {
        facts.push(Fact::probability("Pseudo R2", scalar("r2_p")));
    }
    let ll = format!("{} = {}", likelihood::label(robust), format::bare("%10.0g", scalar("ll")));
    let dispersion = format!("Dispersion: {}", e.get_text("dispers").unwrap_or("mean"));
    let left = [title.to_string(), String::new(), dispersion, ll];
    session.print("");
    show(session, &left, &facts, 13, 6);
    session.print("");
}
