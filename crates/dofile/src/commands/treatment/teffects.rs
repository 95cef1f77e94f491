//! `teffects`: average treatment effects by regression adjustment, inverse-probability weights, their doubly
//! robust combinations, and matching. Numbers: `estimators::effects`, `estimators::matching`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::matched;
use super::model::{self, Call, Columns, Sample, State};
use super::show;
use crate::commands::Interpreter;
use crate::error::{Result, StataError};
use crate::estimation::model::VceSpec;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::effects::{Effects, EffectsError, EffectsFit, Estimand, Method, Outcome};
use estimators::ml_binary::Link;

/// Options and weights of all estimators.
pub(super) const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("ate"),
    OptSpec::flag("atet"),
    OptSpec::flag("POMeans"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::flag("AEQuations"),
    OptSpec::flag("noAEQuations"),
    OptSpec::flag("noLOg"),
    OptSpec::flag("wnls"),
    OptSpec::real("PSTOLerance"),
    OptSpec::text("OSample"),
    OptSpec::real("CONtrol"),
    OptSpec::int("NNeighbor"),
    OptSpec::real("CALiper"),
    OptSpec::text("EMatch"),
    OptSpec::text("BIASadj"),
    OptSpec::text("METric"),
    OptSpec::text("GENerate"),
])
.weights(&[WeightKind::Frequency, WeightKind::Importance, WeightKind::Probability])
.unsupported(&["TLevel", "nls", "DMVariables", "DTOLerance", "ITERate"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "teffects",
    min: 8,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "teffects {ra|ipw|aipw|ipwra} (y [x, model]) (t [z, model]) [if] [in] [weight] [, ate atet pomeans vce(robust|cluster v) level(#) aequations wnls pstolerance(#) osample(newvar) control(#)] | teffects psmatch (y) (t z [, model]) [, nneighbor(#) caliper(#) generate(stub) vce(robust, nn(#))] | teffects nnmatch (y x) (t) [, nneighbor(#) ematch(vars) biasadj(vars) generate(stub) metric(mahalanobis|ivariance|euclidean)]",
    notes: "two-level treatments; stores e(N n0 n1 k_levels treated control converged N_clust caliper), e(b), e(V), e(subcmd depvar tvar stat omodel tmodel); robust covariance without small-sample factor; [TE] teffects",
    examples: &[Example {
        // Means differ by 3 where x is 0 and by 6 where it is 1, in equal shares.
        run: "input y t x\n1 0 0\n3 0 0\n4 1 0\n6 1 0\n2 0 1\n4 0 1\n8 1 1\n10 1 1\nend\nteffects ra (y x) (t), ate",
        expect: &[("_b[ATE:r1vs0.t]", 4.5), ("e(N)", 8.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let bare = cmd.raw.trim();
    if bare.is_empty() || bare.starts_with(',') {
        if session.e.cmd() != "teffects" {
            return Err(StataError::no_estimates());
        }
        let mut replay = ParsedCommand::split("teffects", bare, false)?;
        replay.check_weighted_options(SYNTAX.options, SYNTAX.unsupported)?;
        return show::show(session, &replay);
    }
    if let Some(options) = bare.strip_prefix("overlap").filter(|o| o.is_empty() || o.starts_with([',', ' ']))
    {
        // the name of teoverlap in releases 13 and 14
        return session.run_expanded(&format!("teoverlap{options}")).map(|_| ());
    }
    let mut call = model::split(bare)?;
    SYNTAX.check(&call.rest)?;
    call.rest.check_weighted_options(SYNTAX.options, SYNTAX.unsupported)?;
    let command_line = format!("teffects {bare}");
    match call.subcommand.as_str() {
        "psmatch" => matched::propensity(session, &call, &command_line)?,
        "nnmatch" => matched::covariates(session, &call, &command_line)?,
        "ra" | "ipw" | "aipw" | "ipwra" => weighted(session, &call, &command_line)?,
        "" => return Err(StataError::invalid("subcommand required")),
        other => return Err(StataError::unsupported_option("teffects", other)),
    }
    show::show(session, &call.rest)
}

/// Returns the estimand from the options; r(198) for several.
pub(super) fn estimand(call: &Call) -> Result<Estimand> {
    let asked: Vec<Estimand> =
        [("ate", Estimand::Ate), ("atet", Estimand::Atet), ("pomeans", Estimand::Means)]
            .into_iter()
            .filter(|(name, _)| call.rest.has(name))
            .map(|(_, e)| e)
            .collect();
    match asked[..] {
        [] => Ok(Estimand::Ate),
        [one] => Ok(one),
        _ => Err(StataError::invalid("only one of ate, atet and pomeans may be specified")),
    }
}

/// Refuses options that the estimator does not take.
pub(super) fn refuse(call: &Call, names: &[&str]) -> Result<()> {
    match names.iter().find(|n| call.rest.has(n)) {
        Some(name) => Err(StataError::option_not_allowed(name)),
        None => Ok(()),
    }
}

/// Logit or probit of the treatment.
pub(super) fn link(call: &Call) -> Result<Link> {
    match call.treatment.model.as_deref() {
        None | Some("logit") => Ok(Link::Logit),
        Some("probit") => Ok(Link::Probit),
        Some(other) => Err(StataError::invalid(format!("{other} is no treatment model"))),
    }
}

/// The estimator of a subcommand, what it estimates, and the model of the outcome.
fn estimator(call: &Call) -> Result<(Method, Estimand, Outcome)> {
    let estimand = estimand(call)?;
    let method = match (call.subcommand.as_str(), call.rest.has("wnls")) {
        ("ra", false) => Method::Ra,
        ("ipw", false) => Method::Ipw,
        ("aipw", false) => Method::Aipw,
        ("aipw", true) => Method::AipwWeighted,
        ("ipwra", false) => Method::IpwRa,
        _ => return Err(StataError::option_not_allowed("wnls")),
    };
    if matches!(method, Method::Aipw | Method::AipwWeighted) && estimand == Estimand::Atet {
        return Err(StataError::option_not_allowed("atet"));
    }
    if method == Method::Ra && !call.treatment.rest.is_empty() {
        return Err(StataError::invalid("teffects ra has no covariates in the treatment equation"));
    }
    if method == Method::Ipw && !call.outcome.rest.is_empty() {
        return Err(StataError::invalid("teffects ipw has no covariates in the outcome equation"));
    }
    let outcome = match call.outcome.model.as_deref() {
        None | Some("linear") => Outcome::Linear,
        Some("logit") => Outcome::Logit,
        Some("probit") => Outcome::Probit,
        Some(_) => Outcome::Poisson,
    };
    if method == Method::AipwWeighted && outcome != Outcome::Linear {
        return Err(StataError::unsupported_option("teffects aipw", "wnls with a nonlinear outcome model"));
    }
    Ok((method, estimand, outcome))
}

fn weighted(session: &mut Session, call: &Call, command_line: &str) -> Result<()> {
    refuse(call, &["nneighbor", "caliper", "ematch", "biasadj", "metric", "generate"])?;
    let (method, estimand, outcome) = estimator(call)?;
    let vce = match call.rest.options.text("vce") {
        None => VceSpec::Robust,
        Some(text) => VceSpec::parse_vce("teffects", text, &[])?,
    };
    let sample = model::sample(session, call, &vce, call.rest.options.real("control"), &[])?;
    let weights = sample.weights.as_ref();
    let effects = Effects {
        y: &sample.y,
        treated: &sample.treated,
        x: sample.x.slices(),
        z: sample.z.slices(),
        outcome,
        link: link(call)?,
        method,
        estimand,
        weights: weights.map(|w| w.1.as_slice()),
        // without clusters Stata 18 reads importance weights as frequencies
        frequency: weights.is_some_and(|w| {
            w.0 == WeightKind::Frequency || w.0 == WeightKind::Importance && sample.clusters.is_none()
        }),
        clusters: sample.clusters.as_ref().map(|c| (c.of_row.as_slice(), c.count)),
    };
    let fit = effects.fit().map_err(|e| match e {
        EffectsError::Model => StataError::not_converged(),
        EffectsError::Values => StataError::new(459, "the outcome does not fit the outcome model"),
    })?;
    overlap(session, call, &sample, &fit.score)?;
    if session.shows_log(|o| call.rest.has(o)) {
        session.print("");
        session.print(format!("Iteration 0:  EE criterion = {}", format::bare("%10.0g", fit.criterion)));
    }
    let stripe = stripe(&sample, method, estimand);
    let mut est =
        begin(session, call, command_line, &sample, estimand, stripe, &fit.b, fit.v.data().to_vec());
    est.results.text("emodel", emodel(method)).text("omodel", omodel(method, outcome));
    let tmodel = if method == Method::Ra { "none" } else { link_name(effects.link) };
    est.results.text("tmodel", tmodel).scalar("converged", 1.0);
    if let Some(clusters) = &sample.clusters {
        est.results.text("clustvar", &clusters.name).scalar("N_clust", clusters.count as f64);
        est.results.text("vce", "cluster");
    }
    let balance = (0..sample.y.len())
        .map(|i| {
            let w = weights.map_or(1.0, |w| w.1[i]);
            fit.score.get(i).map_or(w, |p| w * effects.balance_weight(i, *p))
        })
        .collect();
    let means = potential_means(&sample, &fit, method, outcome);
    let raw = weights.map_or(vec![1.0; sample.y.len()], |w| w.1.clone());
    let covariates =
        if method == Method::Ra { without_constant(&sample.x) } else { without_constant(&sample.z) };
    est.extra = Some(std::sync::Arc::new(State {
        rows: sample.rows.clone(),
        treated: sample.treated.clone(),
        covariates,
        score: fit.score,
        balance,
        raw,
        means,
        level_names: level_names(session, &sample),
        matched: false,
        uncensored: Vec::new(),
        neighbours: None,
    }));
    session.post_estimation(est, sample.touse);
    Ok(())
}

fn potential_means(sample: &Sample, fit: &EffectsFit, method: Method, outcome: Outcome) -> [Vec<f64>; 2] {
    if method == Method::Ipw {
        return [Vec::new(), Vec::new()];
    }
    let k = sample.x.names.len();
    let at = |group: usize| {
        let b = &fit.b[2 + group * k..2 + (group + 1) * k];
        (0..sample.y.len())
            .map(|i| outcome.mean(sample.x.values.iter().zip(b).map(|(c, b)| c[i] * b).sum()))
            .collect()
    };
    [at(0), at(1)]
}

/// Columns without the constant.
pub(super) fn without_constant(columns: &Columns) -> Columns {
    let kept: Vec<usize> = (0..columns.names.len()).filter(|i| columns.names[*i] != "_cons").collect();
    Columns {
        names: kept.iter().map(|i| columns.names[*i].clone()).collect(),
        values: kept.iter().map(|i| columns.values[*i].clone()).collect(),
    }
}

/// Value labels of the two levels, or their numbers.
pub(super) fn level_names(session: &Session, sample: &Sample) -> [String; 2] {
    let labels = session.frame.find(&sample.tvar).and_then(|v| session.frame.labels_of(v));
    sample
        .levels
        .map(|l| labels.and_then(|set| set.get(l)).map_or_else(|| format::bare("%9.0g", l), str::to_string))
}

/// r(459) where a score is too near 0 or 1, after marking the rows in `osample()`.
pub(super) fn overlap(session: &mut Session, call: &Call, sample: &Sample, score: &[f64]) -> Result<()> {
    let tolerance = call.rest.options.real("pstolerance").unwrap_or(1e-5);
    let bad = |i: &usize| score[*i] < tolerance || score[*i] > 1.0 - tolerance;
    let violators: Vec<usize> = (0..score.len()).filter(bad).collect();
    violation(session, call, sample, &violators, || {
        format!(
            "{} rows have propensity scores nearer than {} to 0 or 1;\ntreatment overlap assumption has been violated; use option osample() to identify the overlap violators",
            violators.len(),
            format::bare("%9.2e", tolerance)
        )
    })
}

/// Marks violators in `osample()` and ends with r(459) when there are any.
pub(super) fn violation(
    session: &mut Session,
    call: &Call,
    sample: &Sample,
    violators: &[usize],
    text: impl Fn() -> String,
) -> Result<()> {
    if let Some(name) = call.rest.options.text("osample") {
        let mut marks = vec![0.0; session.frame.n_rows()];
        violators.iter().for_each(|i| marks[sample.rows[*i]] = 1.0);
        let column = crate::frame::Column::from_f64(crate::frame::StorageType::Byte, &marks);
        session.frame.add(crate::frame::Variable::new(name.trim(), column))?;
    }
    if violators.is_empty() { Ok(()) } else { Err(StataError::new(459, text())) }
}

/// Names of the two main parameters.
pub(super) fn heads(sample: &Sample, estimand: Estimand) -> [Stripe; 2] {
    let level = |l: f64| format::bare("%9.0g", l);
    let [control, treated] = sample.levels.map(level);
    let name = |text: String| format!("{text}.{}", sample.tvar);
    match estimand {
        Estimand::Means => {
            [Stripe::with_eq("POmeans", name(control)), Stripe::with_eq("POmeans", name(treated))]
        }
        _ => {
            let eq = if estimand == Estimand::Ate { "ATE" } else { "ATET" };
            [
                Stripe::with_eq(eq, name(format!("r{treated}vs{control}"))),
                Stripe::with_eq("POmean", name(control)),
            ]
        }
    }
}

fn stripe(sample: &Sample, method: Method, estimand: Estimand) -> Vec<Stripe> {
    let mut out = heads(sample, estimand).to_vec();
    if method != Method::Ipw {
        for level in sample.levels {
            let eq = format!("OME{}", format::bare("%9.0g", level));
            out.extend(sample.x.names.iter().map(|n| Stripe::with_eq(eq.clone(), n.clone())));
        }
    }
    if method != Method::Ra {
        let eq = format!("TME{}", format::bare("%9.0g", sample.levels[1]));
        out.extend(sample.z.names.iter().map(|n| Stripe::with_eq(eq.clone(), n.clone())));
    }
    out
}

/// Stores the results common to all estimators.
#[expect(clippy::too_many_arguments, reason = "the parts of one result")]
pub(super) fn begin(
    session: &Session,
    call: &Call,
    command_line: &str,
    sample: &Sample,
    estimand: Estimand,
    stripe: Vec<Stripe>,
    b: &[f64],
    v: Vec<f64>,
) -> Estimation {
    let mut est = Estimation::default();
    let frequency = sample.weights.as_ref().filter(|w| w.0 == WeightKind::Frequency);
    let count = |treated: Option<bool>| -> f64 {
        (0..sample.y.len())
            .filter(|i| treated.is_none_or(|t| sample.treated[*i] == t))
            .map(|i| frequency.map_or(1.0, |w| w.1[i]))
            .sum()
    };
    let stat = match estimand {
        Estimand::Ate => "ate",
        Estimand::Atet => "atet",
        Estimand::Means => "pomeans",
    };
    let names = level_names(session, sample);
    let r = &mut est.results;
    r.matrix("b", Matrix::row_vector(b.to_vec(), stripe.clone())).matrix("V", Matrix::square(v, stripe));
    r.text("cmd", "teffects").text("cmdline", command_line).text("subcmd", &call.subcommand);
    r.text("depvar", &sample.depvar).text("tvar", &sample.tvar).text("stat", stat);
    r.text("vce", "robust").text("vcetype", "Robust").text("predict", "teffects_p");
    r.text("control_label", &names[0]).text("treated_label", &names[1]);
    r.scalar("N", count(None)).scalar("n0", count(Some(false))).scalar("n1", count(Some(true)));
    r.scalar("k_levels", 2.0).scalar("control", sample.levels[0]).scalar("treated", sample.levels[1]);
    if let Some((kind, expression)) = &sample.weight_text {
        r.text("wtype", kind).text("wexp", expression);
    }
    est
}

/// Name of a treatment model.
pub(super) fn link_name(link: Link) -> &'static str {
    if link == Link::Logit { "logit" } else { "probit" }
}

fn emodel(method: Method) -> &'static str {
    match method {
        Method::Ra => "regression adjustment",
        Method::Ipw => "inverse-probability weights",
        Method::Aipw | Method::AipwWeighted => "augmented IPW",
        Method::IpwRa => "IPW regression adjustment",
    }
}

fn omodel(method: Method, outcome: Outcome) -> &'static str {
    match (method, outcome) {
        (Method::Ipw, _) => "weighted mean",
        (Method::AipwWeighted, _) => "linear by weighted least squares",
        (_, Outcome::Linear) if method == Method::Aipw => "linear by ML",
        (_, Outcome::Linear) => "linear",
        (_, Outcome::Logit) => "logit",
        (_, Outcome::Probit) => "probit",
        (_, Outcome::Poisson) => "Poisson",
    }
}
