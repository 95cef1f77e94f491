//! `stcox`: Cox proportional hazards regression. The likelihood is in `estimators::cox`, what follows an
//! estimation in `cox_post`.

use super::cox_shared;
use super::cox_show::display;
use super::cox_varying::{Pieces, Varying, drop_uninformative};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::likelihood::{MAXIMIZE, iteration, label, limits};
use crate::estimation::ml_command;
use crate::estimation::model::{Model, Reading, VceSpec, number_groups};
use crate::estimation::post::{self, Parameters, plain_stripe};
use crate::estimation::survival::{Records, Settings, show};
use crate::format;
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::MISSING;
use estimators::cox::{CoxData, CoxFit, fit};
use estimators::cox_after::{robust, scores};
use estimators::cox_exact::{Exact, fit_exact};
use estimators::distributions::chi2_tail;
use estimators::matrix::Mat;
use estimators::vce::Clusters;
use estimators::wald;
use estimators::weights::Weights;

const OPTIONS: &[OptSpec] = concat_lists!(
    OptSpec;
    &[
        OptSpec::flag("ESTimate"),
        OptSpec::text("STrata"),
        OptSpec::text("tvc"),
        OptSpec::text("texp"),
        OptSpec::text("SHared"),
        OptSpec::flag("FORCESHared"),
        OptSpec::flag("BREslow"),
        OptSpec::flag("EFRon"),
        OptSpec::flag("EXACTM"),
        OptSpec::flag("EXACTP"),
        OptSpec::flag("Robust"),
        OptSpec::text("CLuster"),
        OptSpec::text("OFFset"),
        OptSpec::text("vce"),
        OptSpec::flag("noADJust"),
        OptSpec::real("Level"),
        OptSpec::flag("hr"),
        OptSpec::flag("nohr"),
        OptSpec::flag("noShow"),
        OptSpec::flag("noHEader"),
        OptSpec::flag("noTABle"),
        OptSpec::text("MGale"),
        OptSpec::text("SCHoenfeld"),
        OptSpec::text("SCAledsch"),
        OptSpec::text("BASESurv"),
        OptSpec::text("BASEChazard"),
        OptSpec::text("BASEHC"),
    ],
    MAXIMIZE,
);

const SYNTAX: StandardSyntax =
    StandardSyntax::new(OPTIONS).unsupported(&["EFFects", "ESR", "BASEHazard", "COLlinear"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "stcox",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "stcox [varlist] [if] [in] [, estimate strata(varlist) breslow|efron|exactm|exactp tvc(varlist) texp(exp) shared(varname) offset(varname) vce(oim|robust|cluster v) noadjust hr|nohr level(#) noshow maximize_options]",
    notes: "stores e(N) e(N_sub) e(N_fail) e(risk) e(df_m) e(ll) e(ll_0) e(chi2) e(p) e(r2_p) e(rank) e(ic) e(converged) e(N_clust) e(offset) (not with exactm, exactp, shared() and tvc()), e(cmd) cox, e(cmd2) stcox, e(ties) e(strata), with shared() e(theta se_theta ll_c chi2_c p_c N_g g_min g_avg g_max) e(shared fr_title) (gamma frailty; predict: xb, hr, stdp), with tvc() e(tvc) e(texp) and the equations main and tvc, e(b), e(V), e(V_modelbased), r(table); robust standard errors cluster by id(); formulas: [ST] stcox",
    examples: &[Example {
        // One binary regressor and no ties: the maximum of b - ln(2 e^b + 1) - ln(e^b + 1) ... by hand is
        // where 1 = 2r/(2r+1) + r/(r+1) with r = exp(b): r = 1 / sqrt(2).
        run: "set obs 3\ngenerate t = _n\ngenerate x = mod(_n, 2)\nstset t\nstcox x",
        expect: &[("exp(_b[x])^2", 0.5), ("e(N_fail)", 3.0), ("e(risk)", 6.0)],
    }],
};

/// A Cox model with its records.
pub(super) struct CoxModel {
    /// The regression part; its outcome is `_t`.
    pub model: Model,
    /// Survival records in the rows of the model.
    pub records: Records,
    /// Stratum of each record.
    pub stratum: Vec<u32>,
    /// Names of the strata variables.
    pub strata: Vec<String>,
    settings: Settings,
    /// Whether ties are treated as Efron does.
    pub efron: bool,
    /// The exact likelihood of ties, if any.
    exact: Option<Exact>,
    /// Regressors that vary with time.
    pub varying: Option<Varying>,
    /// A term of the index with coefficient one, and its name.
    offset: Option<(Vec<f64>, String)>,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let empty = cmd.list.trim().is_empty() && cmd.options.text("tvc").is_none();
    if empty && !cmd.has("estimate") {
        if s.e.results.get_text("cmd2") != Some("stcox") {
            return Err(StataError::no_estimates());
        }
        return display(s, cmd);
    }
    let mut cox = read(s, cmd)?;
    cox_shared::check(s, cmd, &cox)?;
    if !cmd.has("noshow") {
        show(s, &cox.settings);
    }
    if !cox.records.d.iter().any(|d| *d) {
        return Err(StataError::new(2000, "no failures; cannot estimate"));
    }
    drop_collinear(s, &mut cox.model);
    drop_uninformative(s, &mut cox)?;
    estimate(s, cmd, &cox)?;
    display(s, cmd)?;
    crate::estimation::likelihood::finish(&s.e)?;
    for statistic in ["mgale", "schoenfeld", "scaledsch", "basesurv", "basechazard", "basehc"] {
        // before version 11 predictions were options of the estimation
        if let Some(names) = cmd.options.text(statistic) {
            quietly(s, &format!("predict {names} if e(sample), {statistic}"))?;
        }
    }
    Ok(())
}

fn read(s: &Session, cmd: &ParsedCommand) -> Result<CoxModel> {
    let settings = Settings::of(&s.frame)?;
    let exact = ties(cmd)?;
    let strata = match cmd.options.text("strata") {
        Some(list) => s.varlist(list)?,
        None => Vec::new(),
    };
    let mut vce = VceSpec::parse("stcox", &cmd.options, &["oim"])?;
    let weighted = matches!(settings.weight, Some((WeightKind::Probability, _)));
    if (vce == VceSpec::Robust || (vce == VceSpec::Default && weighted)) && !settings.id.is_empty() {
        vce = VceSpec::Cluster(settings.id.clone());
    }
    let list = format!("_t {}", cmd.list);
    let id = s.frame.find(&settings.id);
    let varying = Varying::read(s, cmd)?;
    let shared = match cmd.options.text("shared") {
        Some(name) => Some(s.variable(name.trim())?),
        None => None,
    };
    let timed = varying.iter().flat_map(|v| v.variables.iter().copied());
    let reading = Reading {
        list: &list,
        further: strata
            .iter()
            .copied()
            .chain(id)
            .chain(timed)
            .chain(shared)
            .chain(ml_command::offset_variables(s, &cmd.options)?)
            .collect(),
        vce: Some(vce),
        weight_kinds: &[],
        ..Reading::new(cmd)
    };
    let (mut model, records) = Records::of_model(s, &settings, &reading)?;
    if exact.is_some() {
        let counted = records.weights.as_ref().is_none_or(|(kind, _)| *kind == WeightKind::Frequency);
        if !counted {
            return Err(StataError::new(101, "exactm and exactp not allowed with pweights or iweights"));
        }
        if model.is_robust() {
            return Err(StataError::invalid(
                "vce(robust) and vce(cluster) not allowed with exactm or exactp",
            ));
        }
    }
    if let Some((kind, values)) = &records.weights {
        model.weights = Some(Weights { kind: *kind, values: values.clone() });
        model.weight_text = settings.weight.as_ref().map(|(k, e)| (k.name().to_string(), e.clone()));
    }
    let efron = cmd.has("efron");
    if efron && matches!(&records.weights, Some((kind, _)) if *kind != WeightKind::Frequency) {
        return Err(StataError::new(101, "option efron not allowed with pweights or iweights"));
    }
    let offset = ml_command::offset(s, &cmd.options, &records.rows)?;
    if offset.is_some() && (exact.is_some() || varying.is_some() || shared.is_some()) {
        let what = "offset() with exactm, exactp, tvc() and shared()";
        return Err(StataError::unsupported_option("stcox", what));
    }
    let stratum = strata_of(s, &strata, &records);
    let strata = strata.iter().map(|&v| s.frame.var(v).name.clone()).collect();
    Ok(CoxModel { model, records, stratum, strata, settings, efron, exact, varying, offset })
}

/// The exact likelihood of ties that the options ask for; r(198) for two methods.
fn ties(cmd: &ParsedCommand) -> Result<Option<Exact>> {
    let given = ["breslow", "efron", "exactm", "exactp"].into_iter().filter(|o| cmd.has(o)).count();
    if given > 1 {
        return Err(StataError::invalid("only one of breslow, efron, exactm and exactp is allowed"));
    }
    Ok(match (cmd.has("exactm"), cmd.has("exactp")) {
        (true, _) => Some(Exact::Marginal),
        (_, true) => Some(Exact::Partial),
        _ => None,
    })
}

/// Numbers the strata of records.
pub(super) fn strata_of(s: &Session, variables: &[usize], records: &Records) -> Vec<u32> {
    let mut out = vec![0u32; records.rows.len()];
    for &v in variables {
        let (groups, count) = number_groups(&s.frame, v, &records.rows);
        out.iter_mut().zip(groups).for_each(|(o, g)| *o = *o * count as u32 + g);
    }
    out
}

/// Records repeated as often as their frequency weight says: positions in the sample.
pub(super) fn repeated(records: &Records) -> Vec<usize> {
    let times = |i: usize| records.multiplicity(i) as usize;
    (0..records.rows.len()).flat_map(|i| std::iter::repeat_n(i, times(i))).collect()
}

fn estimate(s: &mut Session, cmd: &ParsedCommand, cox: &CoxModel) -> Result<()> {
    let at = repeated(&cox.records);
    let records = cox.records.select(&at);
    let stratum: Vec<u32> = at.iter().map(|&i| cox.stratum[i]).collect();
    let columns: Vec<Vec<f64>> =
        cox.model.columns().iter().map(|c| at.iter().map(|&i| c[i]).collect()).collect();
    let w = match &records.weights {
        Some((kind, w)) if *kind != WeightKind::Frequency => Some(w.as_slice()),
        _ => None,
    };
    let offset: Option<Vec<f64>> =
        cox.offset.as_ref().map(|(values, _)| at.iter().map(|&i| values[i]).collect());
    let data = CoxData {
        t0: &records.t0,
        t: &records.t,
        d: &records.d,
        stratum: &stratum,
        w,
        offset: offset.as_deref(),
        efron: cox.efron,
    };
    let pieces = match &cox.varying {
        Some(varying) => Some(Pieces::cut(s, varying, data, &columns, &records)?),
        None => None,
    };
    let (data, columns) = match &pieces {
        Some(p) => (p.records.data(), &p.records.columns),
        None => (data, &columns),
    };
    // Record of each row that the kernel sees.
    let of: Vec<usize> = match &pieces {
        Some(p) => p.of.clone(),
        None => (0..at.len()).collect(),
    };
    let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let fit = match cox.exact {
        Some(exact) => fit_exact(data, &slices, exact, limits(&cmd.options)),
        None => fit(data, &slices, limits(&cmd.options)),
    };
    let fit = fit.ok_or_else(StataError::not_converged)?;
    if let Some(name) = cmd.options.text("shared").map(str::trim) {
        let found = cox_shared::estimate(s, name, &records, data, columns, &fit)?;
        let whole = cox_shared::as_cox(&found, &fit);
        if s.shows_log(|o| cmd.has(o)) {
            log(s, &whole, false);
        }
        post_results(s, cmd, cox, &whole, &whole.v, &records);
        return cox_shared::store(s, name, &records, &found, &fit);
    }
    // the robust variance has the factor g/(g - 1) of the groups g, which noadjust takes away
    let unadjusted = |v: Mat, groups: usize| match cmd.has("noadjust") {
        true => v.scaled((groups as f64 - 1.0) / groups as f64),
        false => v,
    };
    let v = match (&cox.model.vce, &cox.model.clusters) {
        _ if columns.is_empty() => fit.v.clone(),
        (VceSpec::Cluster(_), Some(c)) => {
            if c.count < 2 {
                return Err(StataError::standard(460));
            }
            let clusters = c.rearranged(&of.iter().map(|&i| at[i]).collect::<Vec<_>>());
            unadjusted(robust(&fit.v, &scores(data, columns, &fit.b), data.w, clusters.kernel()), c.count)
        }
        _ if cox.model.is_robust() => {
            let own: Vec<u32> = of.iter().map(|&i| i as u32).collect();
            let clusters = Clusters::new(&own, at.len());
            unadjusted(robust(&fit.v, &scores(data, columns, &fit.b), data.w, clusters), at.len())
        }
        _ => fit.v.clone(),
    };
    if s.shows_log(|o| cmd.has(o)) {
        log(s, &fit, cox.model.is_robust());
    }
    post_results(s, cmd, cox, &fit, &v, &records);
    Ok(())
}

fn log(s: &mut Session, fit: &CoxFit, robust: bool) {
    s.print("");
    let mut line = |i: usize, ll: f64, remark: &str| {
        let remark = if remark.is_empty() { String::new() } else { format!("  ({remark})") };
        s.print(format!("{}{} = {:>10}{remark}", iteration(i), label(robust), format::bare("%10.0g", ll)));
    };
    fit.log.iter().enumerate().for_each(|(i, l)| line(i, l.ll, l.remark));
    if !fit.converged {
        s.print("convergence not achieved");
        return;
    }
    s.print("Refining estimates:");
    s.print(format!("Iteration 0:  {} = {}", label(robust), format::bare("%10.0g", fit.ll)));
}

fn post_results(
    s: &mut Session,
    cmd: &ParsedCommand,
    cox: &CoxModel,
    fit: &CoxFit,
    v: &Mat,
    records: &Records,
) {
    let model = &cox.model;
    let names: Vec<String> = model.design.terms.iter().map(crate::syntax::Term::name).collect();
    let mut active = model.design.active();
    let mut stripe = plain_stripe(names);
    if let Some(varying) = &cox.varying {
        stripe.iter_mut().for_each(|s| s.eq = "main".to_string());
        active.extend(varying.active().iter().map(|i| i + stripe.len()));
        let omitted = |i: usize| if varying.omitted.contains(&i) { "o." } else { "" };
        let names = varying.names.iter().enumerate().map(|(i, n)| format!("{}{n}", omitted(i)));
        stripe.extend(post::equation_stripe("tvc", names.collect()));
    }
    let parameters = Parameters::spread(stripe, &active, &fit.b, v);
    let mut est = post::begin("cox", &post::command_line(cmd), &parameters, model);
    let r = &mut est.results;
    let k = fit.b.len();
    let (kind, chi2) = if model.is_robust() {
        let all: Vec<usize> = (0..k).collect();
        ("Wald", wald::test_zero(&fit.b, v, &all).chi2)
    } else {
        ("LR", (2.0 * (fit.ll - fit.ll_0)).max(0.0))
    };
    let p = if k == 0 { MISSING } else { chi2_tail(k as f64, chi2) };
    r.scalar("N", records.rows.len() as f64)
        .scalar("N_sub", cox.records.subjects(&s.frame, &cox.settings))
        .scalar("N_fail", cox.records.failures())
        .scalar("risk", cox.records.time_at_risk())
        .scalar("df_m", k as f64)
        .scalar("ll", fit.ll)
        .scalar("ll_0", fit.ll_0)
        .scalar("r2_p", 1.0 - fit.ll / fit.ll_0)
        .scalar("chi2", chi2)
        .scalar("p", p)
        .scalar("rank", k as f64)
        .scalar("k", k as f64)
        .scalar("k_eq", 1.0)
        .scalar("ic", fit.log.len().saturating_sub(1) as f64)
        .scalar("converged", f64::from(u8::from(fit.converged)));
    if model.is_robust() {
        let full = post::spread_square(parameters.stripe.len(), &active, &fit.v);
        let stripe = parameters.stripe.clone();
        r.matrix("V_modelbased", crate::matrix::Matrix::square(full.data().to_vec(), stripe));
    } else {
        r.text("vce", "oim");
    }
    r.text("cmd2", "stcox").text("title", "Cox regression").text("depvar", "_t").text("t0", "_t0");
    let method = match cox.exact {
        Some(Exact::Marginal) => "exactm",
        Some(Exact::Partial) => "exactp",
        None if cox.efron => "efron",
        None => "breslow",
    };
    r.text("ties", method).text("chi2type", kind);
    r.text("method", method).text("predict", "stcox_p").text("estat_cmd", "stcox_estat");
    r.text("properties", "b V").text("strata", cox.strata.join(" "));
    if let Some((_, name)) = &cox.offset {
        r.text("offset", name);
    }
    if let Some(varying) = &cox.varying {
        r.text("tvc", varying.names.join(" ")).text("texp", &varying.texp).scalar("k_eq", 2.0);
    }
    s.post_estimation(est, model.touse.clone());
}
