//! `streg`: parametric survival models. The likelihoods are in `estimators::ml_survival`, what follows an
//! estimation in `streg_post`.

use super::streg_frailty as frailty;
use super::streg_ggamma as ggamma;
use super::streg_show::display;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::layout::Layout;
use crate::estimation::likelihood::{self, MAXIMIZE, ModelTest};
use crate::estimation::ml_command;
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::estimation::post;
use crate::estimation::survival::{Records, Settings, show};
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::syntax::{Design, FvList, OptSpec, Term};
use estimators::ml::{Equation, MlFit, Problem};
use estimators::ml_survival::{Distribution, Parametric};
use estimators::vce::Vce;
use estimators::weights::Weights;

const OPTIONS: &[OptSpec] = concat_lists!(
    OptSpec;
    &[
        OptSpec::text("Distribution"),
        OptSpec::flag("noCONstant"),
        OptSpec::flag("TIme"),
        OptSpec::text("ANCillary"),
        OptSpec::text("STrata"),
        OptSpec::text("FRailty"),
        OptSpec::text("SHared"),
        OptSpec::flag("Robust"),
        OptSpec::text("CLuster"),
        OptSpec::text("OFFset"),
        OptSpec::text("vce"),
        OptSpec::flag("TRatio"),
        OptSpec::real("Level"),
        OptSpec::flag("hr"),
        OptSpec::flag("nohr"),
        OptSpec::flag("noShow"),
        OptSpec::flag("noHEader"),
        OptSpec::flag("nolrtest"),
    ],
    MAXIMIZE,
);

const SYNTAX: StandardSyntax = StandardSyntax::new(OPTIONS).maximised().unsupported(&["ANC2"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "streg",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "streg [varlist] [if] [in], distribution(exponential|weibull|gompertz|lognormal|loglogistic|ggamma) [time hr|nohr tratio ancillary(varlist) strata(varname) frailty(gamma|invgaussian) [shared(varname)] offset(varname) noconstant vce(oim|robust|cluster v) level(#) noshow maximize_options]",
    notes: "stores e(N) e(N_sub) e(N_fail) e(risk) e(k) e(df_m) e(ll) e(ll_0) e(chi2) e(p) e(aux_p) e(sigma) e(gamma) e(converged) e(N_clust) e(offset1) (also e(offset)), e(cmd) exponential ereg, weibull, gompertz, lognormal lnormal, loglogistic llogistic, ggamma (with e(kappa) and /kappa), e(cmd2) streg, e(distribution), e(frm2) hazard or time, with strata() (indicators of its levels in all equations, not with ggamma) e(strata), with frailty() e(theta ll_c chi2_c p_c) and /lntheta, with shared() e(N_g g_min g_avg g_max shared), without weights and robust covariances, e(b), e(V), r(table); the log likelihood includes ln(t) of each failure as in Stata; formulas: [ST] streg",
    examples: &[Example {
        // The rate is failures per time at risk: 3 in 10; its log has variance 1 / 3.
        run: "set obs 4\ngenerate t = _n\ngenerate f = _n < 4\nstset t, failure(f)\nstreg, distribution(exponential) nohr",
        expect: &[("exp(_b[_cons])", 0.3), ("_se[_cons]^2", 0.333_333_333_333_333_3)],
    }],
};

/// Name of a distribution in the title, its command name, the name of its ancillary parameter.
pub(super) fn names(distribution: Distribution) -> (&'static str, &'static str, &'static str) {
    match distribution {
        Distribution::Exponential => ("Exponential", "ereg", ""),
        Distribution::Weibull => ("Weibull", "weibull", "ln_p"),
        Distribution::Gompertz => ("Gompertz", "gompertz", "gamma"),
        Distribution::LogNormal => ("Lognormal", "lnormal", "lnsigma"),
        Distribution::LogLogistic => ("Loglogistic", "llogistic", "lngamma"),
    }
}

/// A distribution by its name or abbreviation.
pub(super) fn distribution(text: &str) -> Result<Distribution> {
    let text = text.trim();
    let known = [
        ("exponential", 1, Distribution::Exponential),
        ("weibull", 1, Distribution::Weibull),
        ("gompertz", 3, Distribution::Gompertz),
        ("lognormal", 4, Distribution::LogNormal),
        ("lnormal", 2, Distribution::LogNormal),
        ("loglogistic", 4, Distribution::LogLogistic),
        ("llogistic", 2, Distribution::LogLogistic),
    ];
    let found = known.iter().find(|(name, least, _)| text.len() >= *least && name.starts_with(text));
    if let Some((_, _, d)) = found {
        return Ok(*d);
    }
    Err(StataError::invalid(format!("distribution({text}) invalid")))
}

/// A model with its records.
pub(super) struct Survival {
    /// The regression part; its outcome is `_t`.
    pub model: Model,
    /// Survival records in the rows of the model.
    pub records: Records,
    settings: Settings,
    /// Distribution of time.
    pub distribution: Distribution,
    /// Whether the index acts on log time.
    pub aft: bool,
    ancillary: Option<Design>,
    /// A term of the index with coefficient one, and its name.
    offset: Option<(Vec<f64>, String)>,
    /// Name of the variable of `strata()`.
    strata: Option<String>,
    /// Rows of the groups that share a frailty.
    pub shared: Option<Vec<Vec<usize>>>,
    /// The generalised gamma distribution, which `distribution` stands for as lognormal.
    generalized: bool,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && !cmd.has("distribution") {
        if s.e.results.get_text("cmd2") != Some("streg") {
            return Err(StataError::no_estimates());
        }
        return display(s, cmd);
    }
    let mut data = read(s, cmd)?;
    if !cmd.has("noshow") {
        show(s, &data.settings);
    }
    if !data.records.d.iter().any(|d| *d) {
        return Err(StataError::new(2000, "no failures; cannot estimate"));
    }
    drop_collinear(s, &mut data.model);
    estimate(s, cmd, &data)?;
    display(s, cmd)?;
    likelihood::finish(&s.e)
}

fn read(s: &Session, cmd: &ParsedCommand) -> Result<Survival> {
    let settings = Settings::of(&s.frame)?;
    let Some(text) = cmd.options.text("distribution") else {
        return Err(StataError::invalid("option distribution() required"));
    };
    let generalized = ggamma::is_named(text);
    let distribution = if generalized {
        ggamma::check(cmd)?;
        Distribution::LogNormal
    } else {
        distribution(text)?
    };
    let both = matches!(distribution, Distribution::Exponential | Distribution::Weibull);
    let only_time = matches!(distribution, Distribution::LogNormal | Distribution::LogLogistic);
    if only_time && (cmd.has("hr") || cmd.has("nohr")) {
        return Err(StataError::invalid("hr and nohr are not allowed with this distribution"));
    }
    if !both && !only_time && (cmd.has("time") || cmd.has("tratio")) {
        return Err(StataError::invalid("time and tratio are not allowed with this distribution"));
    }
    let mut vce = VceSpec::parse("streg", &cmd.options, &["oim"])?;
    let weighted = matches!(settings.weight, Some((WeightKind::Probability, _)));
    if (vce == VceSpec::Robust || (vce == VceSpec::Default && weighted)) && !settings.id.is_empty() {
        vce = VceSpec::Cluster(settings.id.clone());
    }
    let strata = cmd.options.text("strata").map(|name| s.variable(name.trim())).transpose()?;
    let strata = strata.map(|v| s.frame.var(v).name.clone());
    let indicators = strata.as_ref().map_or(String::new(), |name| format!(" i.{name}"));
    let list = format!("_t {}{indicators}", cmd.list);
    let ancillary_list = match ancillary(cmd, distribution, &indicators)? {
        Some(text) => Some(FvList::parse(&s.frame, &text, s.settings.varabbrev)?),
        None => None,
    };
    let shared = cmd.options.text("shared").map(|name| s.variable(name.trim())).transpose()?;
    let further: Vec<usize> = match &ancillary_list {
        Some(l) => l.variables().iter().filter_map(|v| s.frame.find(v)).collect(),
        None => Vec::new(),
    };
    let id = s.frame.find(&settings.id);
    let reading = Reading {
        list: &list,
        further: further
            .into_iter()
            .chain(id)
            .chain(shared)
            .chain(ml_command::offset_variables(s, &cmd.options)?)
            .collect(),
        vce: Some(vce),
        weight_kinds: &[],
        ..Reading::new(cmd)
    };
    let (mut model, records) = Records::of_model(s, &settings, &reading)?;
    if let Some((kind, values)) = &records.weights {
        model.weights = Some(Weights { kind: *kind, values: values.clone() });
        model.weight_text = settings.weight.as_ref().map(|(k, e)| (k.name().to_string(), e.clone()));
    }
    let ancillary = match ancillary_list {
        Some(list) => Some(Design::build(&s.frame, &list, &model.touse)?),
        None => None,
    };
    let aft = only_time || cmd.has("time") || cmd.has("tratio");
    let shared = frailty::groups(s, cmd, &model, records.weights.is_some())?;
    let offset = ml_command::offset(s, &cmd.options, &records.rows)?;
    Ok(Survival {
        shared,
        model,
        records,
        settings,
        distribution,
        aft,
        ancillary,
        offset,
        strata,
        generalized,
    })
}

/// Regressors of the ancillary parameter: those of `ancillary()` and the indicators of the strata. The exponential
/// distribution has no such parameter: its strata differ in their constants.
fn ancillary(cmd: &ParsedCommand, distribution: Distribution, indicators: &str) -> Result<Option<String>> {
    let listed = cmd.options.text("ancillary");
    if distribution == Distribution::Exponential {
        return match listed {
            Some(_) => Err(StataError::invalid("ancillary() not allowed with the exponential distribution")),
            None => Ok(None),
        };
    }
    let all = format!("{}{indicators}", listed.unwrap_or(""));
    Ok((listed.is_some() || !indicators.is_empty()).then_some(all))
}

/// The linear indices; without the regressors for the model with a constant alone.
pub(super) fn equations(data: &Survival, slopes: bool) -> Vec<Equation<'_>> {
    let columns = if slopes { data.model.columns() } else { Vec::new() };
    let offset = data.offset.as_ref().map(|o| o.0.as_slice());
    let mut out = vec![Equation { columns, constant: data.model.constant, offset }];
    if data.distribution != Distribution::Exponential {
        let columns = match &data.ancillary {
            Some(design) if slopes => design.active().into_iter().filter_map(|i| design.column(i)).collect(),
            _ => Vec::new(),
        };
        out.push(Equation { columns, constant: true, offset: None });
    }
    out
}

/// Names of the parameters.
pub(super) fn layout(cmd: &ParsedCommand, data: &Survival) -> Layout {
    let (_, _, ancillary) = names(data.distribution);
    let mut layout = Layout::default();
    layout.equation("_t", data.model.names(), &data.model.estimated());
    match &data.ancillary {
        _ if ancillary.is_empty() => {}
        None => {
            layout.ancillary(ancillary);
        }
        Some(design) => {
            let all = design.terms.iter().map(Term::name).chain(["_cons".to_string()]).collect();
            let mut estimated = design.active();
            estimated.push(design.terms.len());
            layout.equation(ancillary, all, &estimated);
        }
    }
    if data.generalized {
        layout.ancillary("kappa");
    } else if cmd.options.text("frailty").is_some() {
        layout.ancillary("lntheta");
    }
    layout
}

fn estimate(s: &mut Session, cmd: &ParsedCommand, data: &Survival) -> Result<()> {
    let r = &data.records;
    let kernel = Parametric { distribution: data.distribution, aft: data.aft, t0: &r.t0, t: &r.t, d: &r.d };
    let (weights, n) = likelihood::effective_weights(&data.model);
    let w = |i: usize| weights.as_ref().map_or(1.0, |(w, _)| w[i]);
    let rows = r.rows.len();
    let events: f64 = (0..rows).filter(|&i| r.d[i]).map(w).sum();
    let time: f64 = (0..rows).map(|i| w(i) * (r.t[i] - r.t0[i])).sum();
    let rate = (events / time).ln();
    let first = if data.aft { -rate } else { rate };
    let failed = StataError::not_converged;
    let constant = data.model.constant;
    let ancillary = usize::from(data.distribution != Distribution::Exponential);
    let null = if constant {
        let problem = Problem {
            model: &kernel,
            equations: equations(data, false),
            rows,
            weights: weights.as_ref().map(|(w, kind)| (w.as_slice(), *kind)),
            n,
        };
        let start: Vec<f64> = std::iter::once(first).chain(vec![0.0; ancillary]).collect();
        let fit =
            problem.maximise(&start, likelihood::limits(&cmd.options), Vce::Classical).ok_or_else(failed)?;
        if s.shows_log(|o| cmd.has(o)) && !data.model.columns().is_empty() {
            s.print("");
            s.print("Fitting constant-only model:");
            likelihood::print_log(s, &fit, data.model.is_robust(), None);
            s.print("");
            s.print("Fitting full model:");
        }
        Some(fit)
    } else {
        None
    };
    let slopes = data.model.columns().len();
    let mut start = vec![0.0; slopes];
    let more = data.ancillary.as_ref().map_or(0, |d| d.active().len());
    match &null {
        Some(null) => {
            start.push(null.b[0]);
            start.extend(vec![0.0; more]);
            start.extend(&null.b[1..]);
        }
        None => start.extend(vec![0.0; more + ancillary]),
    }
    if data.generalized {
        let plain = ml_command::quiet(&data.model, &kernel, equations(data, true), &start)?;
        let (fit, ll_0) = ggamma::fit(s, cmd, data, (&plain, null.as_ref()))?;
        post_results(s, cmd, data, &fit, ll_0, n);
        ggamma::store(&mut s.e.results, &fit);
        return Ok(());
    }
    let Some(frailty) = frailty::kind(cmd)? else {
        let names = layout(cmd, data);
        let equations = equations(data, true);
        let fit = likelihood::maximise(s, &cmd.options, &data.model, &kernel, equations, &start, &names)?;
        post_results(s, cmd, data, &fit, null.map(|f| f.ll), n);
        return Ok(());
    };
    let plain = ml_command::quiet(&data.model, &kernel, equations(data, true), &start)?;
    let (fit, ll_0) = frailty::fit(s, cmd, data, frailty, (&plain, null.as_ref()))?;
    post_results(s, cmd, data, &fit, ll_0, n);
    frailty::store(&mut s.e.results, &fit, frailty, plain.ll);
    if let (Some(groups), Some(name)) = (&data.shared, cmd.options.text("shared")) {
        let name = s.frame.var(s.variable(name.trim())?).name.clone();
        frailty::store_groups(&mut s.e.results, &name, groups);
    }
    Ok(())
}

fn post_results(
    s: &mut Session,
    cmd: &ParsedCommand,
    data: &Survival,
    fit: &MlFit,
    ll_0: Option<f64>,
    n: f64,
) {
    let model = &data.model;
    let (title, command, ancillary) = names(data.distribution);
    let frail = cmd.options.text("frailty").is_some() || data.generalized;
    let parameters = layout(cmd, data).parameters(&fit.b, &fit.v);
    let slopes: Vec<usize> = (0..model.columns().len()).collect();
    let first = slopes.len() + usize::from(model.constant);
    let more = data.ancillary.as_ref().map_or(0, |d| d.active().len());
    let tested: Vec<usize> = slopes.iter().copied().chain(first..first + more).collect();
    let test = ModelTest::new(fit, ll_0, &tested, model.is_robust());
    let mut est = post::begin(command, &post::command_line(cmd), &parameters, model);
    let r = &mut est.results;
    likelihood::store(
        r,
        fit,
        ll_0,
        &test,
        n,
        if ancillary.is_empty() { 1.0 } else { 2.0 } + f64::from(u8::from(frail)),
    );
    r.scalars.remove("r2_p");
    r.scalar("N_sub", data.records.subjects(&s.frame, &data.settings))
        .scalar("N_fail", data.records.failures())
        .scalar("risk", data.records.time_at_risk());
    let metric = if data.aft { "AFT" } else { "PH" };
    r.text("cmd2", "streg").text("title", format!("{title} {metric} regression"));
    r.text("distribution", title.to_lowercase()).text("frm2", if data.aft { "time" } else { "hazard" });
    r.text("depvar", "_t").text("t0", "_t0").text("predict", "streg_p");
    r.text("stcurve", "stcurve");
    if let Some(strata) = &data.strata {
        r.text("strata", strata);
    }
    if let Some((_, name)) = &data.offset {
        r.text("offset", name).text("offset1", name);
    }
    if data.ancillary.is_none() {
        let last = fit.b[fit.b.len() - 1 - usize::from(frail)];
        match data.distribution {
            Distribution::Weibull => r.scalar("aux_p", last.exp()),
            Distribution::LogNormal => r.scalar("sigma", last.exp()),
            Distribution::LogLogistic => r.scalar("gamma", last.exp()),
            Distribution::Gompertz => r.scalar("gamma", last),
            Distribution::Exponential => r,
        };
    }
    s.post_estimation(est, model.touse.clone());
}
