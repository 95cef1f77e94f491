//! `xtlogit`, `xtprobit` and `xtpoisson`: panel models of 0/1 outcomes and counts with fixed or random effects.
//!
//! Store in `e()`: N N_g g_min g_avg g_max df_m ll ll_0 (fe) ll_c chi2 chi2_c p sigma_u rho (re) alpha (xtpoisson)
//! n_quad rank converged, b, V, cmd model ivar depvar distrib. Formulas: [XT] xtlogit, [XT] xtprobit, [XT] xtpoisson.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::clogit;
use super::random::{integration_points, uncentre};
use super::unit_variable;
use super::xtgee::population_averaged;
use super::xtlogit_show::{footer, header, is_random};
use crate::error::{Result, StataError};
use crate::estimation::binary::{drop_collinear, drop_perfect};
use crate::estimation::cluster_rows::ClusterRows;
use crate::estimation::likelihood::{self, print_log};
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{LIKELIHOOD_VCE, Model, Reading, VceSpec};
use crate::matrix::Stripe;
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::chi2_tail;
use estimators::ml::{Equation, MlFit};
use estimators::ml_binary::{Binary, Link};
use estimators::ml_count::Poisson;
use estimators::ml_glm::{Family, GlmLink};
use estimators::ml_group::{Grouped, maximise, start_index};
use estimators::ml_group_counts::GammaPoisson;
use estimators::ml_random::RandomEffects;
use estimators::ml_random_outcomes::{self as outcomes, Curve};
use estimators::stacked::Centred;

const UNSUPPORTED: &[&str] = &["INTMethod", "NOLRtest", "ASIS"];
const BINARY: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::flag("fe"),
    OptSpec::flag("re"),
    OptSpec::flag("pa"),
    OptSpec::text("Corr"),
    OptSpec::flag("or"),
    OptSpec::text("I"),
    OptSpec::text("OFFset"),
    OptSpec::int("INTPoints"),
])
.weights(super::xtgee::WEIGHTS)
.searched()
.unsupported(UNSUPPORTED);
const COUNT: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::flag("fe"),
    OptSpec::flag("re"),
    OptSpec::flag("pa"),
    OptSpec::text("Corr"),
    OptSpec::flag("IRr"),
    OptSpec::flag("NORmal"),
    OptSpec::int("INTPoints"),
    OptSpec::text("I"),
    OptSpec::text("OFFset"),
    OptSpec::text("EXPosure"),
])
.weights(super::xtgee::WEIGHTS)
.searched()
.unsupported(UNSUPPORTED);

/// The command `xtlogit`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtlogit",
    min: 7,
    form: Form::Standard(&BINARY),
    by: ByRule::EachGroup,
    run: run_logit,
    syntax: "xtlogit depvar [indepvars] [if] [in] [weight] [, re|fe|pa corr(...) or offset(v) intpoints(#) noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "weights with pa only; random effects by mean-variance adaptive Gauss-Hermite quadrature, 12 points; stores e(N N_g df_m ll ll_0 ll_c chi2 chi2_c p sigma_u rho), e(b) with /lnsig2u, e(V), r(table); formulas: [XT] xtlogit",
    examples: &[Example {
        run: "input id y x\n1 1 1\n1 0 0\n2 1 1\n2 0 0\n3 1 0\n3 0 1\nend\nxtset id\nxtlogit y x, fe",
        expect: &[("exp(_b[x])", 2.0), ("e(N_g)", 3.0)],
    }],
};

/// The command `xtprobit`.
pub(super) const SPEC_PROBIT: CommandSpec = CommandSpec {
    name: "xtprobit",
    min: 8,
    run: run_probit,
    syntax: "xtprobit depvar [indepvars] [if] [in] [weight] [, re|pa corr(...) offset(v) intpoints(#) noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "weights with pa only; stores as xtlogit, re; formulas: [XT] xtprobit",
    examples: &[Example {
        run: "input id y\n1 1\n1 0\n1 1\n2 1\n2 1\n2 0\n3 0\n3 1\nend\nxtset id\nxtprobit y, pa corr(independent)",
        expect: &[("abs(_b[_cons] - invnormal(5/8)) < 1e-6", 1.0), ("e(N_g)", 3.0)],
    }],
    ..SPEC
};

/// The command `xtpoisson`.
pub(super) const SPEC_POISSON: CommandSpec = CommandSpec {
    name: "xtpoisson",
    min: 9,
    form: Form::Standard(&COUNT),
    by: ByRule::EachGroup,
    run: run_poisson,
    syntax: "xtpoisson depvar [indepvars] [if] [in] [weight] [, re|fe|pa normal intpoints(#) corr(...) irr exposure(v) offset(v) noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "weights with pa only; random effects are gamma, or normal with normal; stores e(N N_g df_m ll ll_0 ll_c chi2 chi2_c p alpha), e(b) with /lnalpha, with normal e(sigma_u) and /lnsig2u, e(V), r(table); formulas: [XT] xtpoisson",
    examples: &[Example {
        // The counts sum to 7 with x and to 4 without, in the same units.
        run: "input id x y\n1 0 1\n1 1 2\n2 0 2\n2 1 4\n3 0 1\n3 1 1\nend\nxtset id\nxtpoisson y x, fe",
        expect: &[("abs(exp(_b[x]) - 7/4) < 1e-6", 1.0)],
    }],
};

fn run_logit(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    run(session, cmd, "xtlogit")
}

fn run_probit(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.has("fe") {
        return Err(StataError::option_not_allowed("fe"));
    }
    if cmd.has("or") {
        return Err(StataError::option_not_allowed("or"));
    }
    run(session, cmd, "xtprobit")
}

fn run_poisson(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.has("normal") && (cmd.has("fe") || cmd.has("pa")) {
        return Err(StataError::invalid("option normal is allowed with re only"));
    }
    if cmd.has("intpoints") && !cmd.has("normal") {
        return Err(StataError::invalid("intpoints() requires option normal"));
    }
    run(session, cmd, "xtpoisson")
}

fn run(session: &mut Session, cmd: &ParsedCommand, name: &'static str) -> Result<()> {
    if cmd.has("fe") && cmd.has("re") {
        return Err(StataError::invalid("options fe and re may not be combined"));
    }
    if cmd.has("pa") {
        if cmd.has("fe") || cmd.has("re") {
            return Err(StataError::invalid("option pa may not be combined with fe or re"));
        }
        let model = match name {
            "xtlogit" => (name, Family::Binomial, GlmLink::Logit),
            "xtprobit" => (name, Family::Binomial, GlmLink::Probit),
            _ => (name, Family::Poisson, GlmLink::Log),
        };
        return population_averaged(session, cmd, model);
    }
    if cmd.weight.is_some() {
        return Err(StataError::new(101, "weights not allowed"));
    }
    if cmd.has("corr") {
        return Err(StataError::option_not_allowed("corr()"));
    }
    let eform = if cmd.has("or") {
        Some("Odds ratio")
    } else if cmd.has("irr") {
        Some("IRR")
    } else {
        None
    };
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name,
            estimate: &|session| estimate(session, cmd, name),
            header: &header,
            look: &|session| Look { eform, ancillary: usize::from(is_random(session)), ..Look::default() },
            footer: &|session| footer(session, name),
        },
    )
}

fn estimate(session: &mut Session, cmd: &ParsedCommand, name: &'static str) -> Result<()> {
    let unit = unit_variable(session, cmd.options.text("i"))?;
    if cmd.has("fe") {
        fixed(session, cmd, name, unit)?;
    } else {
        random(session, cmd, name, unit)?;
    }
    let ivar = session.frame.var(unit).name.clone();
    session.e.results.text("ivar", ivar).text("model", if cmd.has("fe") { "fe" } else { "re" });
    Ok(())
}

fn fixed(session: &mut Session, cmd: &ParsedCommand, name: &'static str, unit: usize) -> Result<()> {
    if name == "xtlogit" && VceSpec::parse(name, &cmd.options, LIKELIHOOD_VCE)? != VceSpec::Default {
        return Err(StataError::new(198, "vcetype robust and cluster are not allowed with fe"));
    }
    let logit = name == "xtlogit";
    let groups = if logit { &clogit::BINARY } else { &clogit::COUNTS };
    let sample = clogit::read(session, cmd, unit, groups)?;
    let (fit, ll_0) = clogit::fit(session, cmd, &sample, logit)?;
    let title = if logit {
        "Conditional fixed-effects logistic regression"
    } else {
        "Conditional fixed-effects Poisson regression"
    };
    clogit::post(session, cmd, name, title, &sample, &fit, ll_0);
    if !logit {
        // The model test of fixed-effects Poisson is a Wald test.
        let all: Vec<usize> = (0..fit.b.len()).collect();
        let test = estimators::wald::test_zero(&fit.b, &fit.v, &all);
        let results = &mut session.e.results;
        results
            .scalar("chi2", test.chi2)
            .scalar("p", chi2_tail(test.df as f64, test.chi2))
            .text("chi2type", "Wald");
        results.scalars.remove("ll_0");
    }
    Ok(())
}

/// Reads a model, of a 0/1 outcome or a count; a robust covariance is by unit.
pub(super) fn read(session: &mut Session, cmd: &ParsedCommand, unit: usize, count: bool) -> Result<Model> {
    let mut further = ml_command::offset_variables(session, &cmd.options)?;
    further.push(unit);
    let reading = Reading { further, ..Reading::likelihood(cmd, &[]) };
    let mut model = reading.model(session)?;
    if count {
        drop_collinear(session, &mut model);
    } else {
        drop_perfect(session, cmd, &mut model)?;
    }
    if model.vce == VceSpec::Robust {
        // A robust covariance of a panel is by unit.
        model.vce = VceSpec::Cluster(session.frame.var(unit).name.clone());
        model.clusters = Some(ClusterRows::of(&session.frame, unit, &model.design.rows));
    }
    Ok(model)
}

fn random(session: &mut Session, cmd: &ParsedCommand, name: &'static str, unit: usize) -> Result<()> {
    let count = name == "xtpoisson";
    let mut model = read(session, cmd, unit, count)?;
    let rows = clogit::group_rows(session, unit, &model);
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let shift = offset.as_ref().map(|o| o.0.as_slice());
    if count && model.y.iter().any(|y| *y < 0.0) {
        return Err(StataError::new(459, format!("{} must be greater than or equal to zero", model.depvar)));
    }
    if !count {
        model.y.iter_mut().for_each(|y| *y = f64::from(u8::from(*y != 0.0)));
        if model.y.iter().all(|y| *y == model.y[0]) {
            return Err(StataError::new(2000, "outcome does not vary"));
        }
    }
    let link = if name == "xtprobit" { Link::Probit } else { Link::Logit };
    let pooled = pooled(&model, count, link, shift)?;
    let clusters = clogit::nested(&model, &rows)?;
    let clusters = clusters.as_ref().map(|(of, count)| (of.as_slice(), *count));
    let ones = vec![1.0; model.y.len()];
    let mut columns = model.columns();
    if model.constant {
        columns.push(&ones);
    }
    // a regressor far from zero keeps its digits
    let centred = Centred::of(&columns);
    let grouped = Grouped { columns: centred.slices(), y: &model.y, offset: shift, rows: rows.clone() };
    let limits = likelihood::limits(&cmd.options);
    let points = integration_points(cmd, 12)?;
    let mut start = pooled.b.clone();
    centred.start(&mut start);
    let gamma = count && !cmd.has("normal");
    start.push(if gamma { -1.0 } else { -0.25 });
    let fit = if gamma {
        maximise(&mut GammaPoisson(grouped), &start, limits, clusters)
    } else if count {
        let outcome = outcomes::Count { y: &model.y, dispersed: false };
        let mut effects = RandomEffects::new(grouped, outcome, vec![&ones], false, points);
        maximise(&mut effects, &start, limits, clusters)
    } else {
        let curve = if link == Link::Probit { Curve::Probit } else { Curve::Logit };
        let outcome = outcomes::Binary { y: &model.y, curve };
        let mut effects = RandomEffects::new(grouped, outcome, vec![&ones], false, points);
        maximise(&mut effects, &start, limits, clusters)
    };
    let mut fit = fit.ok_or_else(StataError::not_converged)?;
    uncentre(&mut fit, &centred);
    if !gamma {
        // the kernel has ln(sigma_u), e(b) has ln(sigma_u^2)
        let last = fit.b.len() - 1;
        let doubled = 2.0 * fit.b[last];
        ml_command::rescale(&mut fit.b, &mut fit.v, last, doubled, 2.0);
    }
    if session.shows_log(|o| cmd.has(o)) {
        print_log(session, &fit, model.is_robust(), cmd.options.int("iterate"));
    }
    post_random(session, cmd, name, &model, &rows, &fit, pooled.ll);
    let results = &mut session.e.results;
    if let Some((_, text)) = &offset {
        results.text("offset", text);
    }
    if !gamma {
        results.scalar("n_quad", points as f64).text("intmethod", "mvaghermite");
    }
    Ok(())
}

/// The model without effects, for starting values and the test of no effects.
fn pooled(model: &Model, count: bool, link: Link, offset: Option<&[f64]>) -> Result<MlFit> {
    let equation = Equation { columns: model.columns(), constant: model.constant, offset };
    let mut start = vec![0.0; equation.len()];
    let mean = model.y.iter().sum::<f64>() / model.y.len() as f64;
    if model.constant {
        let last = start.len() - 1;
        start[last] = if count { mean.max(1e-6).ln() } else { start_index(link, mean) };
    }
    if count {
        return ml_command::quiet(model, &Poisson { y: &model.y }, vec![equation], &start);
    }
    let y: Vec<bool> = model.y.iter().map(|y| *y != 0.0).collect();
    ml_command::quiet(model, &Binary { y: &y, link }, vec![equation], &start)
}

fn post_random(
    session: &mut Session,
    cmd: &ParsedCommand,
    name: &'static str,
    model: &Model,
    rows: &[Vec<usize>],
    fit: &MlFit,
    ll_c: f64,
) {
    let count = name == "xtpoisson";
    let gamma = count && !cmd.has("normal");
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    layout.named(Stripe::with_eq("/", if gamma { "lnalpha" } else { "lnsig2u" }));
    let parameters = layout.parameters(&fit.b, &fit.v);
    let slopes: Vec<usize> = (0..model.columns().len()).collect();
    let title = match name {
        "xtlogit" => "Random-effects logistic regression",
        "xtprobit" => "Random-effects probit regression",
        _ => "Random-effects Poisson regression",
    };
    let posted = Posted {
        cmd: name,
        title,
        predict: "xtbin_p",
        parameters: &parameters,
        fit,
        ll_0: None,
        tested: &slopes,
        equations: 2.0,
    };
    let mut est = ml_command::begin(cmd, model, &posted);
    let last = fit.b[fit.b.len() - 1];
    let results = &mut est.results;
    clogit::store_sizes(results, rows);
    results.scalar("ll_c", ll_c).scalar("chi2_c", (2.0 * (fit.ll - ll_c)).max(0.0)).text("chi2_ct", "LR");
    if gamma {
        results.scalar("alpha", last.exp()).text("distrib", "Gamma");
    } else if count {
        results.scalar("sigma_u", (0.5 * last).exp()).text("distrib", "Gaussian");
    } else {
        let variance = last.exp();
        let error = if name == "xtprobit" { 1.0 } else { std::f64::consts::PI.powi(2) / 3.0 };
        results.scalar("sigma_u", variance.sqrt()).scalar("rho", variance / (variance + error));
        results.text("distrib", "Gaussian");
    }
    session.post_estimation(est, model.touse.clone());
}
