//! `mestreg`: parametric models of survival times with normal random effects of one grouping level.
//!
//! Stores in `e()` what `melogit` stores but for family and link, and cmd2 distribution frm2. Formulas: [ME] mestreg.

use super::me::{display, post_results};
use super::me_line::{Grouping, Line, parse};
use super::me_specs::{Family, Kind};
use super::random::{Setup, fit, to_variances};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::likelihood;
use crate::estimation::model::{Model, Reading};
use crate::estimation::survival::{Records, Settings, show};
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::ml_random_outcomes::Curve;
use estimators::ml_random_survival::SurvivalTimes;
use estimators::ml_survival::{Distribution, Parametric};

const OPTIONS: &[OptSpec] = ml_options![
    OptSpec::text("Distribution"),
    OptSpec::flag("TIme"),
    OptSpec::flag("nohr"),
    OptSpec::flag("TRatio"),
    OptSpec::flag("noSHow"),
    OptSpec::text("COVariance"),
    OptSpec::int("INTPoints"),
    OptSpec::text("INTMethod"),
    OptSpec::text("OFFset"),
    OptSpec::flag("noLRtest"),
];
const UNSUPPORTED: &[&str] = &["STARTValues", "STARTGrid", "PWEIGHT", "FWEIGHT", "IWEIGHT"];

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "mestreg",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "mestreg [indepvars] [if] [in] || levelvar: [varlist], distribution(exponential|weibull|lognormal|loglogistic|gamma) [time nohr tratio noconstant covariance(independent|unstructured) intpoints(#) offset(v) noshow nolrtest vce(oim|robust|cluster v) level(#) nolog]",
    notes: "one level of random effects; mean-variance adaptive Gauss-Hermite quadrature, 7 points in each dimension; exponential and weibull are in the metric of proportional hazards unless time is given; /ln_p of weibull, /logs of lognormal, loglogistic and gamma; the log likelihood is that of the times, without the logs of time that streg adds; stores e(N N_g df_m ll ll_c chi2 chi2_c df_c p p_c n_quad), e(cmd2 distribution frm2), e(b) with /var(effect[group]), e(V), r(table); predict: mean (the default), median, hazard, surv, density, distribution, eta, each [conditional(ebmeans|fixedonly)], reffects, xb, stdp; mean marginal, which margins takes, with a random intercept alone; formulas: [ME] mestreg",
    examples: &[Example {
        // without effects the likelihood is that of streg, less the logs of time
        run: "set obs 120\ngen id = ceil(_n/4)\ngen x = mod(_n*7, 11)/5\ngen t = 1 + mod(_n*13, 17) + 3*mod(id, 4)\ngen f = mod(_n, 5) > 0\nstset t, failure(f)\ngen l = ln(_t)*_d\nquietly summarize l\nscalar s = r(sum)\nstreg x, distribution(weibull)\nscalar ll = e(ll) - s\nmestreg x || id:, distribution(weibull)",
        expect: &[
            ("abs(e(ll_c) - ll) < 1e-6", 1.0),
            ("e(N_g)", 30.0),
            ("abs(2*(e(ll) - e(ll_c)) - e(chi2_c)) < 1e-6", 1.0),
        ],
    }],
};

/// A distribution in a metric.
pub(super) struct Law {
    name: &'static str,
    /// The likelihood; of the gamma distribution it is its own.
    pub(super) distribution: Distribution,
    pub(super) gamma: bool,
    pub(super) aft: bool,
    title: &'static str,
    without: &'static str,
    ancillary: &'static str,
}

/// The distributions; those with two metrics stand twice.
const LAWS: &[Law] = &[
    law(
        "exponential",
        Distribution::Exponential,
        false,
        "Mixed-effects exponential PH regression",
        "exponential model",
        "",
    ),
    law(
        "exponential",
        Distribution::Exponential,
        true,
        "Mixed-effects exponential AFT regression",
        "exponential model",
        "",
    ),
    law(
        "weibull",
        Distribution::Weibull,
        false,
        "Mixed-effects Weibull PH regression",
        "Weibull model",
        "ln_p",
    ),
    law(
        "weibull",
        Distribution::Weibull,
        true,
        "Mixed-effects Weibull AFT regression",
        "Weibull model",
        "ln_p",
    ),
    law(
        "lognormal",
        Distribution::LogNormal,
        true,
        "Mixed-effects lognormal AFT regression",
        "lognormal model",
        "logs",
    ),
    law(
        "loglogistic",
        Distribution::LogLogistic,
        true,
        "Mixed-effects loglogistic AFT regression",
        "loglogistic model",
        "logs",
    ),
    Law {
        gamma: true,
        ..law(
            "gamma",
            Distribution::LogNormal,
            true,
            "Mixed-effects gamma AFT regression",
            "gamma model",
            "logs",
        )
    },
];

const fn law(
    name: &'static str,
    distribution: Distribution,
    aft: bool,
    title: &'static str,
    without: &'static str,
    ancillary: &'static str,
) -> Law {
    Law { name, distribution, gamma: false, aft, title, without, ancillary }
}

impl Law {
    /// The law of `distribution()` and `time`.
    fn of(cmd: &ParsedCommand) -> Result<&'static Self> {
        let Some(text) = cmd.options.text("distribution").map(str::trim) else {
            return Err(StataError::new(198, "option distribution() required"));
        };
        let synonyms = [("llogistic", "loglogistic"), ("lnormal", "lognormal")];
        let name = synonyms.iter().find(|s| text.len() >= 2 && s.0.starts_with(text)).map_or(text, |s| s.1);
        let least = |law: &Law| if law.name.starts_with("log") { 4 } else { 1 };
        let known = |law: &&Law| name.len() >= least(law) && law.name.starts_with(name);
        let both = LAWS.iter().filter(known).count() > 1;
        let time = cmd.has("time") || cmd.has("tratio");
        let found = LAWS.iter().filter(known).find(|law| !both || law.aft == time);
        let law = found.ok_or_else(|| StataError::invalid(format!("distribution({text}) invalid")))?;
        if law.aft && cmd.has("nohr") {
            return Err(StataError::invalid("nohr is not allowed in the metric of time"));
        }
        Ok(law)
    }

    /// The law of the active estimates.
    pub(super) fn stored(session: &Session) -> Option<&'static Self> {
        let text = |name: &str| session.e.results.get_text(name).unwrap_or("");
        LAWS.iter().find(|law| law.name == text("distribution") && law.aft == (text("frm2") == "time"))
    }

    /// The likelihood of records.
    pub(super) fn times<'a>(&self, records: &'a Records) -> SurvivalTimes<'a> {
        let Records { t0, t, d, .. } = records;
        SurvivalTimes {
            records: Parametric { distribution: self.distribution, aft: self.aft, t0, t, d },
            gamma: self.gamma,
        }
    }

    /// How `me` names and titles the model.
    fn kind(&self) -> Kind {
        Kind {
            name: "mestreg",
            family: Family::Survival,
            curve: Curve::Cloglog,
            title: self.title,
            without: self.without,
            words: (self.name, self.ancillary),
        }
    }
}

/// The heading of transformed coefficients, and what these and the constant are; nothing for coefficients as they are.
pub(super) fn scale(
    session: &Session,
    cmd: &ParsedCommand,
) -> (Option<&'static str>, (&'static str, &'static str)) {
    match session.e.results.get_text("frm2") {
        Some("hazard") if !cmd.has("nohr") => (Some("Haz. ratio"), ("hazard ratios", "hazard")),
        Some("time") if cmd.has("tratio") => (Some("Time ratio"), ("time ratios", "time")),
        _ => (None, ("", "")),
    }
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    if raw.is_empty() || raw.starts_with(',') {
        let law = Law::stored(session).filter(|_| session.e.cmd() == "mestreg");
        let law = law.ok_or_else(StataError::no_estimates)?;
        let mut again = ParsedCommand::split("mestreg", raw, false)?;
        again.check_weighted_options(OPTIONS, UNSUPPORTED)?;
        return display(session, &again, &law.kind());
    }
    let line = parse("mestreg", OPTIONS, UNSUPPORTED, raw)?;
    let law = Law::of(&line.cmd)?;
    if line.cmd.options.text("intmethod").is_some_and(|m| !"mvaghermite".starts_with(m.trim())) {
        return Err(StataError::unsupported_option("mestreg", "intmethod() other than mvaghermite"));
    }
    let settings = Settings::of(&session.frame)?;
    if !line.cmd.has("noshow") {
        show(session, &settings);
    }
    estimate(session, &line, law, &settings, raw)?;
    display(session, &line.cmd, &law.kind())?;
    likelihood::finish(&session.e)
}

/// The sample with its records.
fn read(
    session: &mut Session,
    line: &Line,
    kind: &Kind,
    settings: &Settings,
    grouping: &Grouping,
) -> Result<(Model, Records)> {
    let list = format!("_t {}", line.cmd.list);
    let reading = Reading { list: &list, ..grouping.reading(session, line, kind)? };
    let (mut model, records) = Records::of_model(session, settings, &reading)?;
    if records.weights.is_some() {
        return Err(StataError::unsupported_option("mestreg", "weights of stset"));
    }
    if !records.d.iter().any(|d| *d) {
        return Err(StataError::new(2000, "no failures; cannot estimate"));
    }
    // noconstant belongs to the random effects here
    model.constant = true;
    drop_collinear(session, &mut model);
    Ok((model, records))
}

fn estimate(session: &mut Session, line: &Line, law: &Law, settings: &Settings, raw: &str) -> Result<()> {
    let kind = law.kind();
    let grouping = Grouping::of(session, line, &kind)?;
    let (model, records) = read(session, line, &kind, settings, &grouping)?;
    let sample = grouping.sample(session, line, &model)?;
    // the constant of exponential times without regressors
    let rate = (records.failures() / records.time_at_risk()).ln();
    let setup = Setup {
        model: &model,
        outcome: law.times(&records),
        further: if law.ancillary.is_empty() { Vec::new() } else { vec![0.0] },
        constant: if law.aft { -rate } else { rate },
        effects: sample.effects(),
        correlated: sample.correlated,
        unit: 1.0,
        points: sample.points,
        rows: &sample.rows,
        offset: sample.offset(),
    };
    let found = fit(session, &line.cmd, setup)?;
    let mut best = found.fit;
    to_variances(&mut best, sample.names.len(), sample.correlated);
    post_results(session, line, &kind, raw, (&model, &sample), &best, found.ll_c);
    let results = &mut session.e.results;
    results.macros.remove("family");
    results.macros.remove("link");
    results.text("cmd2", "mestreg").text("distribution", law.name);
    results.text("frm2", if law.aft { "time" } else { "hazard" });
    Ok(())
}
