//! `irt`: item response models with one standard normal trait, by marginal maximum likelihood.
//!
//! Stores in `e()`: N k k_eq k_dv k_rc k_rs irt_k_eq k_items# sepguess# k_cat# k_out# ll N_clust n_quad rank ic rc
//! converged, cmd cmd2 cmdline model# items# n_cuts# depvar wtype wexp title clustvar family# link# intmethod vce vcetype
//! opt which method ml_method technique properties predict estat_cmd covariates, _N b V V_modelbased ilog cat# out#.
//! Formulas: [IRT] irt hybrid, Methods and formulas.

use super::irt_items::{self, Group, Items, Kind};
use super::irt_model::{IrtState, Layout, Start, covariance};
use super::irt_report::reported;
use super::irt_show::{self, Order};
use super::sample;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::estimation::display::note_weights;
use crate::estimation::likelihood::{self, MAXIMIZE, ModelTest, effective_weights};
use crate::estimation::ml_command::{self, Look};
use crate::estimation::model::Model;
use crate::estimation::post::{self, Parameters};
use crate::matrix::{Matrix, Stripe};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, top_level_comma};
use crate::value::MISSING;
use estimators::latent::patterns::Patterns;
use estimators::latent::trait_model::{self, Rule, Sample};
use estimators::ml::MlFit;
use std::sync::Arc;

const OPTIONS: &[OptSpec] = concat_lists!(OptSpec; MAXIMIZE, &[
    OptSpec::flag("LISTwise"),
    OptSpec::flag("SEPguessing"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::flag("NOTABLE"),
    OptSpec::flag("noHEader"),
    OptSpec::flag("ESTMetric"),
    OptSpec::text("INTMethod"),
    OptSpec::int("INTPoints"),
]);
const UNSUPPORTED: &[&str] = &[
    "GSEPguessing",
    "GRoup",
    "CNS",
    "FROM",
    "STARTValues",
    "noESTimate",
    "DNUMerical",
    "COEFLegend",
    "TECHnique",
    "noHEADing",
];

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "irt",
    min: 3,
    form: Form::Raw,
    by: ByRule::EachGroup,
    run,
    syntax: "irt 1pl|2pl|3pl|grm|pcm|gpcm|rsm|nrm varlist [if] [in] [weight] | irt [hybrid] (model varlist) (model varlist) ... [if] [in] [weight] [, listwise sepguessing vce(oim|robust|cluster v) intmethod(mvaghermite|ghermite) intpoints(#) level(#) estmetric notable noheader iterate(#) nolog]",
    notes: "binary items are coded 0 and 1; frequency, importance and probability weights; the trait is standard normal; 7 points unless intpoints(); e(b) has slopes and constants or cutpoints (3pl: the logit of the guessing probability), the table and estat report discriminations and difficulties; predict: pr, outcome(item [#]), latent, se(), xb, conditional(ebmeans|fixedonly), marginal; irtgraph draws curves; groups and constraints are not supported; [IRT] irt",
    examples: &[Example {
        // Two items with all four patterns equally often: constants are zero by symmetry.
        run: "input a b c n\n0 0 0 30\n1 1 1 30\n0 0 1 10\n1 1 0 10\n0 1 0 10\n1 0 1 10\n1 0 0 10\n0 1 1 10\nend\nirt 1pl a b c [fw=n]",
        expect: &[("abs(_b[a:_cons]) < 1e-6", 1.0), ("_b[a:Theta] - _b[c:Theta]", 0.0), ("e(rank)", 4.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim().to_string();
    if raw.is_empty() || raw.starts_with(',') {
        if s.e.results.get_text("cmd2") != Some("irt") {
            return Err(StataError::no_estimates());
        }
        let mut again = ParsedCommand::split("irt", &raw, false)?;
        again.check_weighted_options(OPTIONS, UNSUPPORTED)?;
        return display(s, &again);
    }
    let line = irt_items::parse(&raw)?;
    let mut cmd = ParsedCommand::split("irt", &line.rest, false)?;
    cmd.raw.clone_from(&raw);
    cmd.check_weighted_options(OPTIONS, UNSUPPORTED)?;
    let mut groups = line.groups;
    if let [(group, list)] = groups.as_mut_slice()
        && list.is_empty()
    {
        list.clone_from(&cmd.list);
        group.separate = cmd.has("sepguessing");
    } else if !cmd.list.trim().is_empty()
        || top_level_comma(&line.rest).is_some_and(|_| cmd.has("sepguessing"))
    {
        return Err(StataError::syntax());
    }
    if cmd.has("sepguessing") && groups[0].0.kind != Kind::ThreePl {
        return Err(StataError::option_not_allowed("sepguessing"));
    }
    estimate(s, &cmd, groups)?;
    display(s, &cmd)?;
    likelihood::finish(&s.e)
}

/// Points of the quadrature and whether it adapts.
fn rule(cmd: &ParsedCommand) -> Result<(usize, bool)> {
    let points = cmd.options.int("intpoints").unwrap_or(7);
    if !(3..=195).contains(&points) {
        return Err(StataError::invalid("intpoints() must be between 3 and 195"));
    }
    let method = cmd.options.text("intmethod").unwrap_or("mvaghermite").trim();
    let is = |full: &str, least: usize| method.len() >= least && full.starts_with(method);
    match () {
        () if is("mvaghermite", 2) => Ok((points as usize, true)),
        () if is("ghermite", 1) => Ok((points as usize, false)),
        () if is("mcaghermite", 2) || is("laplace", 3) => {
            Err(StataError::unsupported_option("irt", &format!("intmethod({method})")))
        }
        () => Err(StataError::new(198, format!("intmethod({method}) not allowed"))),
    }
}

/// Shares of the categories of each item, and the sign of its correlation with the sum of the others.
fn starts(items: &Items, weights: Option<&[f64]>) -> Vec<Start> {
    let weight = |row: usize| weights.map_or(1.0, |w| w[row]);
    let number = |answer: &Option<usize>| answer.map_or(0.0, |k| k as f64);
    (0..items.responses.len())
        .map(|i| {
            let mut shares = vec![0.0; items.responses[i].values.len()];
            // sums of weights, item, rest and their products
            let (mut n, mut x, mut r, mut xr) = (0.0, 0.0, 0.0, 0.0);
            for (row, answers) in items.answers.iter().enumerate() {
                let Some(k) = answers[i] else { continue };
                let (w, own) = (weight(row), k as f64);
                let rest = answers.iter().map(number).sum::<f64>() - own;
                shares[k] += w;
                (n, x, r, xr) = (n + w, x + w * own, r + w * rest, xr + w * own * rest);
            }
            shares.iter_mut().for_each(|share| *share = (*share / n).max(1e-6));
            Start { shares, sign: if xr * n < x * r { -1.0 } else { 1.0 } }
        })
        .collect()
}

fn estimate(s: &mut Session, cmd: &ParsedCommand, mut groups: Vec<(Group, String)>) -> Result<()> {
    let variables = irt_items::variables(s, &mut groups)?;
    let columns: Vec<usize> = variables.iter().map(|(v, _)| *v).collect();
    let model = sample::answered(s, cmd, &columns)?;
    let items = irt_items::read(s, &groups, &variables, &model.design.rows)?;
    let (weights, n) = effective_weights(&model);
    let values = weights.as_ref().map(|(w, _)| w.as_slice());
    let groups: Vec<Group> = groups.into_iter().map(|g| g.0).collect();
    let layout = Layout::new(&groups, &items.responses, &starts(&items, values));
    let (points, adaptive) = rule(cmd)?;
    let patterns = Patterns::new(&items.answers, values);
    let robust = sample::robust(&model, weights.as_ref(), n)?;
    let sample = Sample { patterns: &patterns, weights: values, robust };
    let limits = likelihood::limits(&cmd.options);
    let fit = trait_model::fit(&layout.items, &sample, &Rule::new(points, adaptive), &layout.start, limits)
        .ok_or_else(StataError::not_converged)?;
    note_weights(s, &model);
    if s.shows_log(|o| cmd.has(o)) {
        s.print("");
        s.print("Fitting full model:");
        likelihood::print_log(s, &fit, model.is_robust(), cmd.options.int("iterate"));
    }
    let Layout { items: kernels, coefficients, .. } = layout;
    let parameters = Parameters {
        stripe: coefficients.iter().map(|c| c.stripe.clone()).collect(),
        b: coefficients.iter().map(|c| c.value(&fit.b)).collect(),
        v: covariance(&coefficients, &fit.v),
    };
    let based = model.is_robust().then(|| covariance(&coefficients, &fit.v_model));
    let state = IrtState {
        groups,
        responses: items.responses.clone(),
        items: kernels,
        free: fit.b.clone(),
        v: fit.v.clone(),
        points,
        adaptive,
    };
    post_results(s, cmd, model, &items, &parameters, based.as_ref(), &fit, state);
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "one call passes on all parts of a fit")]
fn post_results(
    s: &mut Session,
    cmd: &ParsedCommand,
    model: Model,
    items: &Items,
    parameters: &Parameters,
    based: Option<&estimators::matrix::Mat>,
    fit: &MlFit,
    state: IrtState,
) {
    let mut est = post::begin("gsem", &format!("irt {}", cmd.raw.trim()), parameters, &model);
    let (_, n) = effective_weights(&model);
    let untested = ModelTest { kind: "Wald", chi2: MISSING, df: 0.0 };
    let count = items.responses.len() as f64;
    likelihood::store(&mut est.results, fit, None, &untested, n, count);
    let r = &mut est.results;
    for name in ["chi2", "p", "df_m", "k_eq_model", "chi2type"] {
        r.remove(name);
    }
    let names: Vec<&str> = items.responses.iter().map(|r| r.name.as_str()).collect();
    r.scalar("k", parameters.b.len() as f64).scalar("k_dv", count).scalar("k_rc", 0.0).scalar("k_rs", 1.0);
    r.scalar("irt_k_eq", state.groups.len() as f64).scalar("n_quad", state.points as f64);
    r.text("cmd2", "irt").text("depvar", names.join(" ")).text("method", "ml").text("covariates", "_NONE");
    r.text("intmethod", if state.adaptive { "mvaghermite" } else { "ghermite" });
    r.text("predict", "irt_p").text("estat_cmd", "irt_estat").text("marginsnotok", "_ALL");
    let title = match state.groups.as_slice() {
        [one] => one.kind.title(),
        _ => "Hybrid IRT model",
    };
    r.text("title", title);
    if let Some(based) = based {
        r.matrix("V_modelbased", Matrix::square(based.data().to_vec(), parameters.stripe.clone()));
    }
    for (at, group) in state.groups.iter().enumerate() {
        let number = at + 1;
        let own = state.responses.iter().filter(|x| x.group == at);
        let own: Vec<&str> = own.map(|x| x.name.as_str()).collect();
        r.text(&format!("model{number}"), group.kind.name()).text(&format!("items{number}"), own.join(" "));
        r.scalar(&format!("k_items{number}"), group.items as f64);
        if group.kind == Kind::ThreePl {
            r.scalar(&format!("sepguess{number}"), f64::from(u8::from(group.separate)));
        }
        if !group.kind.binary() {
            let cuts =
                state.responses.iter().filter(|x| x.group == at).map(|x| (x.values.len() - 1).to_string());
            r.text(&format!("n_cuts{number}"), cuts.collect::<Vec<_>>().join(" "));
        }
    }
    per_item(r, &state, items);
    est.extra = Some(Arc::new(state));
    let touse = model.touse;
    s.post_estimation(est, touse);
}

/// Results that are numbered by item.
fn per_item(r: &mut crate::results::Results, state: &IrtState, items: &Items) {
    let mut sizes = Vec::new();
    for (i, response) in state.responses.iter().enumerate() {
        let (number, kind) = (i + 1, state.groups[response.group].kind);
        let (family, link) = match kind {
            Kind::OnePl | Kind::TwoPl | Kind::ThreePl => ("bernoulli", "logit"),
            Kind::Graded => ("ordinal", "logit"),
            _ => ("multinomial", "logit"),
        };
        r.text(&format!("family{number}"), family).text(&format!("link{number}"), link);
        sizes.push(items.answers.iter().filter(|row| row[i].is_some()).count() as f64);
        if kind.binary() {
            continue;
        }
        let word = if kind == Kind::Nominal { "out" } else { "cat" };
        r.scalar(&format!("k_{word}{number}"), response.values.len() as f64);
        r.matrix(&format!("{word}{number}"), Matrix::new(1, response.values.len(), response.values.clone()));
    }
    let names = state.responses.iter().map(|x| Stripe::term(x.name.clone())).collect();
    r.matrix("_N", Matrix::row_vector(sizes, names));
}

fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let state = super::irt_report::state(s)?;
    let level = crate::estimation::display::level(s, cmd)?;
    if !cmd.has("noheader") {
        irt_show::header(s);
    }
    if cmd.has("estmetric") {
        return ml_command::table(s, cmd, &Look { equations: true, ..Look::default() });
    }
    let rows = reported(&state);
    if !cmd.has("notable") {
        irt_show::table(s, &state, &rows, &Order::default(), level);
    }
    irt_show::store(s, &state, &rows, level);
    Ok(())
}
