//! `gsem` with `lclass()`: latent classes measured by categorical items.
//!
//! Stores in `e()`: N k k_eq k_dv k_dv# ll N_clust rank ic rc converged lclass_k_levels, cmd cmdline depvar wtype wexp title
//! clustvar family# link# lclass vce vcetype opt which method ml_method technique properties predict estat_cmd, _N b V
//! V_modelbased ilog. Formulas: [SEM] Methods and formulas for gsem, Latent class models.

use super::gsem_show;
use super::gsem_state::{Answers, ClassItem, ClassState, stripes};
use super::sample;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::estimation::display::note_weights;
use crate::estimation::likelihood::{self, MAXIMIZE, ModelTest, effective_weights};
use crate::estimation::model::Model;
use crate::estimation::post::{self, Parameters};
use crate::matrix::{Matrix, Stripe};
use crate::session::Session;
use crate::syntax::leading_groups;
use crate::syntax::options::{OptSpec, abbreviates, split_options};
use crate::syntax::split::{ParsedCommand, front_and_options};
use crate::value::{MISSING, is_missing};
use estimators::latent::classes::{ClassFit, Classes, Request, fit};
use estimators::latent::patterns::Patterns;
use std::sync::Arc;

const OPTIONS: &[OptSpec] = concat_lists!(OptSpec; MAXIMIZE, &[
    OptSpec::text("LCLASS"),
    OptSpec::flag("logit"),
    OptSpec::flag("mlogit"),
    OptSpec::text("FAMily"),
    OptSpec::text("link"),
    OptSpec::flag("LISTwise"),
    OptSpec::text("STARTValues"),
    OptSpec::text("EMOPTs"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::flag("NODVHEADER"),
    OptSpec::flag("NOTABLE"),
    OptSpec::flag("noHEader"),
]);
const UNSUPPORTED: &[&str] = &[
    "LCINVariant",
    "LCBase",
    "GRoup",
    "GINVariant",
    "CONSTraints",
    "FROM",
    "METHod",
    "INTMethod",
    "INTPoints",
    "NOCONstant",
    "NOESTimate",
    "COEFLegend",
    "LATent",
    "COVariance",
    "VARiance",
    "probit",
    "cloglog",
    "ologit",
    "oprobit",
    "ocloglog",
    "regress",
    "poisson",
    "nbreg",
    "gamma",
    "beta",
    "exponential",
    "loglogistic",
    "lognormal",
    "weibull",
    "pointmass",
    "COVSTRucture",
    "MEANs",
    "noASTERIsk",
    "NOCAPSlatent",
    "TECHnique",
    "DNUMerical",
];

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "gsem",
    min: 4,
    form: Form::Raw,
    by: ByRule::EachGroup,
    run,
    syntax: "gsem (items <- [_cons]) [(items <-, mlogit)] ... [if] [in] [weight], lclass(C #) [logit mlogit startvalues(randomid [, draws(#) seed(#)]) vce(oim|robust|cluster v) listwise level(#) nodvheader notable noheader iterate(#) nolog]",
    notes: "latent classes with binary (logit) and categorical items (mlogit); classes are numbered from the largest; 20 random starts with a fixed seed unless startvalues(); a logit whose probability is zero or one is held at 15 or -15 without standard error; estat lcprob, lcmean, lcgof; predict: classposteriorpr, classpr; paths between variables, continuous latent variables, other families and predictors of the classes are not supported; [SEM] gsem, lclass",
    examples: &[Example {
        // Two classes behind three items: a saturated model, the log likelihood is that of the observed shares.
        run: "input a b c n\n0 0 0 27\n0 0 1 13\n0 1 0 13\n0 1 1 12\n1 0 0 13\n1 0 1 12\n1 1 0 12\n1 1 1 48\nend\ngsem (a b c <- ) [fw=n], logit lclass(C 2)\nscalar s = 27*ln(27/150) + 39*ln(13/150) + 36*ln(12/150) + 48*ln(48/150)",
        expect: &[("abs(e(ll) - s) < 1e-6", 1.0), ("e(rank)", 7.0)],
    }],
};

/// Items of a path and whether they are binary.
struct Path {
    list: String,
    binary: Option<bool>,
}

fn unsupported(what: &str) -> StataError {
    StataError::unsupported_option("gsem", what)
}

/// The family that options name: binary, categorical, or nothing.
fn family(options: &str) -> Result<Option<bool>> {
    let mut found = None;
    for (name, text) in split_options(options)? {
        match (name.as_str(), text.as_deref().map(str::trim)) {
            ("logit", None) => found = Some(true),
            ("mlogit", None) => found = Some(false),
            (n, Some("bernoulli")) if abbreviates(n, "FAMily") => found = Some(true),
            (n, Some("multinomial")) if abbreviates(n, "FAMily") => found = Some(false),
            ("link", Some("logit")) => {}
            (n, text) => {
                let text = text.map(|t| format!("({t})")).unwrap_or_default();
                return Err(unsupported(&format!("{n}{text} of a path")));
            }
        }
    }
    Ok(found)
}

/// Paths in parentheses and the rest of the line.
fn paths(raw: &str) -> Result<(Vec<Path>, &str)> {
    let (groups, rest) = leading_groups(raw).ok_or_else(StataError::unclosed)?;
    let mut out = Vec::new();
    for group in groups {
        let (body, options) = front_and_options(group);
        let (items, causes) = match (body.split_once("<-"), body.split_once("->")) {
            (Some((items, causes)), _) => (items, causes),
            (None, Some((causes, items))) => (items, causes),
            _ => return Err(StataError::invalid("path specification: (items <- ) expected")),
        };
        if !matches!(causes.trim(), "" | "_cons") {
            return Err(unsupported("a path from a variable"));
        }
        out.push(Path { list: items.trim().to_string(), binary: family(options)? });
    }
    if out.is_empty() {
        return Err(StataError::invalid("path specification: (items <- ) expected"));
    }
    Ok((out, rest))
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim().to_string();
    if raw.is_empty() || raw.starts_with(',') {
        let mut again = ParsedCommand::split("gsem", &raw, false)?;
        again.check_weighted_options(OPTIONS, UNSUPPORTED)?;
        return gsem_show::display(s, &again);
    }
    let (paths, rest) = paths(&raw)?;
    let mut line = ParsedCommand::split("gsem", rest, false)?;
    line.raw.clone_from(&raw);
    line.check_weighted_options(OPTIONS, UNSUPPORTED)?;
    let Some(text) = line.options.text("lclass") else {
        return Err(unsupported("a model without lclass()"));
    };
    let (name, number) = match text.split_whitespace().collect::<Vec<_>>()[..] {
        [name, number] => (name.to_string(), number.parse::<usize>().ok()),
        _ => return Err(unsupported(&format!("lclass({text})"))),
    };
    let number = number.filter(|n| (1..=50).contains(n) && crate::frame::is_valid_name(&name));
    let number =
        number.ok_or_else(|| StataError::invalid(format!("lclass({text}) incorrectly specified")))?;
    estimate(s, &line, &paths, (name, number))?;
    gsem_show::display(s, &line)?;
    likelihood::finish(&s.e)
}

/// Whether the items of a path are binary by the path's options or those of the command.
fn binary(cmd: &ParsedCommand, path: &Path) -> Result<bool> {
    let of_command = match (cmd.has("logit"), cmd.has("mlogit")) {
        (true, true) => return Err(StataError::invalid("only one of logit and mlogit is allowed")),
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => match cmd.options.text("family") {
            Some(text) => family(&format!("family({text})"))?,
            None => None,
        },
    };
    path.binary.or(of_command).ok_or_else(|| unsupported("continuous items (family gaussian)"))
}

/// Random starts and their seed.
fn draws(cmd: &ParsedCommand) -> Result<(usize, u64)> {
    let usual = (20, 1234);
    let Some(text) = cmd.options.text("startvalues") else { return Ok(usual) };
    let (method, options) = text.split_once(',').unwrap_or((text, ""));
    if !matches!(method.trim(), "randomid" | "randompr" | "jitter" | "") {
        return Err(unsupported(&format!("startvalues({})", method.trim())));
    }
    let mut out = usual;
    for (name, text) in split_options(options)? {
        let number = text.as_deref().and_then(|t| t.trim().parse::<u64>().ok());
        match (abbreviates(&name, "DRaws"), name.as_str(), number) {
            (true, _, Some(n @ 1..=10_000)) => out.0 = n as usize,
            (_, "seed", Some(n)) => out.1 = n,
            _ => return Err(unsupported(&format!("startvalues(): {name}"))),
        }
    }
    Ok(out)
}

fn items(s: &Session, cmd: &ParsedCommand, paths: &[Path]) -> Result<Vec<(usize, bool)>> {
    let mut out: Vec<(usize, bool)> = Vec::new();
    for path in paths {
        for v in s.varlist(&path.list)? {
            let variable = s.frame.var(v);
            if variable.is_string() {
                return Err(StataError::new(109, format!("{} is a string variable", variable.name)));
            }
            if out.iter().any(|(seen, _)| *seen == v) {
                return Err(StataError::new(198, format!("{} is specified more than once", variable.name)));
            }
            out.push((v, binary(cmd, path)?));
        }
    }
    if out.is_empty() { Err(StataError::standard(100)) } else { Ok(out) }
}

/// Items with their categories, the base one first, and the answers of each row.
fn read(s: &Session, items: &[(usize, bool)], rows: &[usize]) -> Result<(Vec<ClassItem>, Answers)> {
    let mut out = Vec::new();
    for (v, binary) in items {
        let name = s.frame.var(*v).name.clone();
        let mut values: Vec<f64> =
            rows.iter().map(|r| s.frame.num_at(*v, *r)).filter(|x| !is_missing(*x)).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        if *binary && values.iter().any(|x| *x != 0.0 && *x != 1.0) {
            return Err(StataError::new(459, format!("item {name} must be coded 0 and 1")));
        }
        match values.len() {
            0 => return Err(StataError::new(2000, format!("no observations of item {name}"))),
            1 => {
                return Err(StataError::new(
                    2000,
                    format!("item {name} does not vary: all answers are equal"),
                ));
            }
            2..=50 => out.push(ClassItem { name, binary: *binary, values }),
            _ => return Err(StataError::new(149, format!("too many categories of item {name}"))),
        }
    }
    let answer = |row: &usize| {
        let of = |((v, _), item): (&(usize, bool), &ClassItem)| {
            let x = s.frame.num_at(*v, *row);
            item.values.iter().position(|value| *value == x)
        };
        items.iter().zip(&out).map(of).collect()
    };
    let answers = rows.iter().map(answer).collect();
    Ok((out, answers))
}

fn estimate(s: &mut Session, cmd: &ParsedCommand, paths: &[Path], class: (String, usize)) -> Result<()> {
    let variables = items(s, cmd, paths)?;
    let columns: Vec<usize> = variables.iter().map(|(v, _)| *v).collect();
    let model = sample::answered(s, cmd, &columns)?;
    let (items, answers) = read(s, &variables, &model.design.rows)?;
    let (weights, n) = effective_weights(&model);
    let values = weights.as_ref().map(|(w, _)| w.as_slice());
    let patterns = Patterns::new(&answers, values);
    let robust = sample::robust(&model, weights.as_ref(), n)?;
    let categories: Vec<usize> = items.iter().map(|i| i.values.len()).collect();
    let request = Request {
        patterns: &patterns,
        weights: values,
        categories: &categories,
        classes: class.1,
        draws: draws(cmd)?,
        robust,
    };
    let found = fit(&request, likelihood::limits(&cmd.options)).ok_or_else(StataError::not_converged)?;
    note_weights(s, &model);
    if s.shows_log(|o| cmd.has(o)) {
        likelihood::print_log(s, &found.fit, model.is_robust(), cmd.options.int("iterate"));
    }
    let probabilities = Classes::of(&found.fit.b, &categories, class.1);
    let complete = answers.iter().flatten().all(Option::is_some);
    let state = ClassState {
        name: class.0,
        classes: class.1,
        items,
        b: found.fit.b.clone(),
        v: found.fit.v.clone(),
        probabilities,
        patterns: complete.then(|| (patterns.responses.clone(), patterns.weights.clone())),
    };
    post_results(s, cmd, model, &answers, &found, state);
    Ok(())
}

fn post_results(
    s: &mut Session,
    cmd: &ParsedCommand,
    model: Model,
    answers: &[Vec<Option<usize>>],
    found: &ClassFit,
    state: ClassState,
) {
    let (stripe, places) = stripes(&state);
    let parameters = Parameters::spread(stripe, &places, &found.fit.b, &found.fit.v);
    let mut est = post::begin("gsem", &format!("gsem {}", cmd.raw.trim()), &parameters, &model);
    let (_, n) = effective_weights(&model);
    let untested = ModelTest { kind: "Wald", chi2: MISSING, df: 0.0 };
    let equations = (state.items.len() + state.classes) as f64;
    likelihood::store(&mut est.results, &found.fit, None, &untested, n, equations);
    let r = &mut est.results;
    for name in ["chi2", "p", "df_m", "k_eq_model", "chi2type", "V_modelbased"] {
        r.remove(name);
    }
    let free = found.held.iter().filter(|h| !**h).count();
    let names: Vec<&str> = state.items.iter().map(|i| i.name.as_str()).collect();
    r.scalar("rank", free as f64).scalar("k", parameters.b.len() as f64);
    r.scalar("k_dv", state.items.len() as f64).scalar("lclass_k_levels", state.classes as f64);
    r.text("depvar", names.join(" ")).text("lclass", &state.name).text("method", "ml");
    r.text("title", "Generalized structural equation model").text("predict", "gsem_p");
    r.text("estat_cmd", "gsem_estat").text("marginsnotok", "_ALL");
    if model.is_robust() {
        let based = Parameters::spread(parameters.stripe.clone(), &places, &found.fit.b, &found.fit.v_model);
        r.matrix("V_modelbased", based.v_matrix());
    }
    let mut sizes = Vec::new();
    for (i, item) in state.items.iter().enumerate() {
        let family = if item.binary { "bernoulli" } else { "multinomial" };
        r.text(&format!("family{}", i + 1), family).text(&format!("link{}", i + 1), "logit");
        sizes.push(answers.iter().filter(|row| row[i].is_some()).count() as f64);
    }
    let names = state.items.iter().map(|i| Stripe::term(i.name.clone())).collect();
    r.matrix("_N", Matrix::row_vector(sizes, names));
    est.extra = Some(Arc::new(state));
    let touse = model.touse;
    s.post_estimation(est, touse);
}
