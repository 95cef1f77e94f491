//! `mlexp`: maximum likelihood of an expression with parameters in braces, one log likelihood for each observation.
//!
//! Stores in `e()`: N k k_eq k_aux ll rank ic rc converged N_clust, b V gradient init V_modelbased, cmd lexp params title
//! vce vcetype clustvar. Formulas: [R] mlexp, Methods and formulas.

use super::expression::{Evaluator, Parameter, Substitutable, slices};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood::{self, MAXIMIZE, ModelTest, effective_weights, limits};
use crate::estimation::ml_command::{self, Look};
use crate::estimation::model::{LIKELIHOOD_VCE, Model, Reading};
use crate::estimation::post::{self, Parameters};
use crate::estimation::sample::OpenSample;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind, matching_paren};
use crate::value::{MISSING, is_missing};
use estimators::ml::MlFit;
use estimators::ml_differences::{Covariance, Failure, Problem, Sample, Shape, TRIED, Values};

const OPTIONS: &[OptSpec] = concat_lists!(OptSpec; MAXIMIZE, &[
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::text("from"),
    OptSpec::text("VARiables"),
    OptSpec::text("TItle"),
    OptSpec::flag("noHEader"),
]);
const UNSUPPORTED: &[&str] = &[
    "DERIVative",
    "TECHnique",
    "CONSTraints",
    "TItle2",
    "COEFLegend",
    "TRace",
    "GRADient",
    "HESSian",
    "SHOWSTEP",
    "SHOWTOLerance",
    "NONRTOLerance",
    "DEBUG",
];

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "mlexp",
    min: 5,
    form: Form::Raw,
    by: ByRule::EachGroup,
    run,
    syntax: "mlexp (log likelihood with {parameter=start} and {name: varlist}) [if] [in] [weight] [, from(name # ...) variables(varlist) vce(oim|robust|cluster v) title(text) level(#) iterate(#) nolog]",
    notes: "stores e(N k k_aux k_eq ll rank ic converged), e(b), e(V), e(gradient), e(init), r(table); derivatives are differences of fourth order; {name: varlist} takes factor variables, whose base levels have no parameter; [R] mlexp",
    examples: &[Example {
        // The rate of a Poisson distribution is the mean 2.5 of 1 to 4.
        run: "set obs 4\ngen y = _n\nmlexp (y*ln({rate=1}) - {rate} - lnfactorial(y)), nolog",
        expect: &[("_b[/rate]", 2.5), ("_se[/rate]", 0.790_569_415_042_094_8)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim().to_string();
    if raw.is_empty() || raw.starts_with(',') {
        if s.e.cmd() != "mlexp" {
            return Err(StataError::no_estimates());
        }
        let mut again = ParsedCommand::split("mlexp", &raw, false)?;
        again.check_weighted_options(OPTIONS, UNSUPPORTED)?;
        return display(s, &again);
    }
    if !raw.starts_with('(') {
        return Err(StataError::invalid("the log likelihood stands in parentheses"));
    }
    let close = matching_paren(&raw, 0).ok_or_else(StataError::unclosed)?;
    let text = &raw[1..close];
    let mut line = ParsedCommand::split("mlexp", &raw[close + 1..], false)?;
    line.check_weighted_options(OPTIONS, UNSUPPORTED)?;
    let mut expression = Substitutable::parse(s, &line, text)?;
    if let Some(text) = line.options.text("from") {
        expression.initial(&text.replace('=', " "))?;
    }
    let model = read(s, &line, &expression)?;
    let (fit, gradient, start) = fit(s, &line, &model, &expression)?;
    post_results(s, &line, &raw, text, model, &expression, &fit, &gradient, &start);
    display(s, &line)
}

/// Numeric variables that an expression names outside of its parameters.
pub(super) fn variables(s: &Session, text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut depth = 0;
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        if depth == 0 && (c == '_' || c.is_alphanumeric()) {
            word.push(c);
            continue;
        }
        if c != '('
            && let Some(i) = s.frame.find(&word)
            && !s.frame.var(i).is_string()
            && !found.contains(&i)
        {
            found.push(i);
        }
        word.clear();
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    found
}

/// The sample: rows where no variable of the expression is missing.
fn read(s: &mut Session, cmd: &ParsedCommand, expression: &Substitutable) -> Result<Model> {
    use WeightKind::{Analytic, Frequency, Importance, Probability};
    let reading = Reading {
        plain_vce: LIKELIHOOD_VCE,
        ..Reading::likelihood(cmd, &[Frequency, Probability, Analytic, Importance])
    };
    let mut open = OpenSample::open(s, cmd, &reading)?;
    let mut used = variables(s, &expression.text);
    if let Some(list) = cmd.options.text("variables") {
        used.extend(s.varlist(list)?);
    }
    s.markout(&used, &mut open.touse, false)?;
    open.close_without_terms(s)
}

/// The expression on the rows of the sample.
struct Rows<'a> {
    s: &'a mut Session,
    evaluator: &'a Evaluator,
}

impl Values for Rows<'_> {
    type Error = StataError;

    fn at(&mut self, b: &[f64], _: &[f64]) -> Result<Option<Vec<f64>>> {
        if self.s.interrupted() {
            return Err(StataError::standard(1));
        }
        let values = self.evaluator.values(self.s, b);
        Ok(values.iter().all(|v| !is_missing(*v)).then_some(values))
    }
}

fn fit(
    s: &mut Session,
    cmd: &ParsedCommand,
    model: &Model,
    expression: &Substitutable,
) -> Result<(MlFit, Vec<f64>, Vec<f64>)> {
    let (weights, n) = effective_weights(model);
    let sample = Sample { weights: weights.as_ref().map(|(w, kind)| (w.as_slice(), *kind)), n };
    let size = expression.parameters.len();
    let combinations = expression.columns(s, &model.design.rows);
    let shape = Shape::Parameters(size, slices(&combinations));
    let problem = Problem { shape, sample, allowed: None };
    let given: Vec<f64> = expression.parameters.iter().map(|p| p.start).collect();
    let free: Vec<(usize, Vec<f64>)> = (0..size)
        .filter(|j| expression.parameters[*j].part.as_ref().is_none_or(|(_, term)| term == "_cons"))
        .map(|j| (j, TRIED.to_vec()))
        .collect();
    let evaluator = expression.open(s, model.design.rows.clone())?;
    let mut rows = Rows { s, evaluator: &evaluator };
    let searched = problem.improve(&mut rows, given, &free);
    let found = searched.and_then(|(start, _)| {
        let covariance = Covariance::Of(model.kernel_vce());
        let (fit, gradient) = problem.maximise(&mut rows, &start, limits(&cmd.options), covariance)?;
        Ok((fit, gradient, start))
    });
    evaluator.close(s);
    let found = found.map_err(|e| match e {
        Failure::Start => StataError::new(1400, "initial values not feasible"),
        Failure::Derivatives => StataError::new(
            430,
            "could not calculate numerical derivatives -- flat or discontinuous region encountered",
        ),
        Failure::Evaluation(error) => error,
    })?;
    if s.shows_log(|o| cmd.has(o)) {
        likelihood::print_log(s, &found.0, model.is_robust(), cmd.options.int("iterate"));
    }
    Ok(found)
}

/// Names of the parameters: `xb:x1` in a combination, `/b0` alone.
pub(super) fn names(expression: &Substitutable) -> Vec<Stripe> {
    let name = |p: &Parameter| match &p.part {
        Some((name, term)) => Stripe::with_eq(name.as_str(), term.as_str()),
        None => Stripe::with_eq("/", p.name.as_str()),
    };
    expression.parameters.iter().map(name).collect()
}

/// Number of equations; a single parameter counts as one.
pub(super) fn equations(stripe: &[Stripe]) -> f64 {
    let mut found: Vec<&str> = Vec::new();
    for name in stripe {
        let own = if name.eq == "/" { &name.name } else { &name.eq };
        if !found.contains(&own.as_str()) {
            found.push(own);
        }
    }
    found.len() as f64
}

#[expect(clippy::too_many_arguments, reason = "one call passes on all parts of a fit")]
fn post_results(
    s: &mut Session,
    cmd: &ParsedCommand,
    raw: &str,
    text: &str,
    model: Model,
    expression: &Substitutable,
    fit: &MlFit,
    gradient: &[f64],
    start: &[f64],
) {
    let stripe = names(expression);
    let equations = equations(&stripe);
    let parameters = Parameters { stripe: stripe.clone(), b: fit.b.clone(), v: fit.v.clone() };
    let mut est = post::begin("mlexp", &format!("mlexp {raw}"), &parameters, &model);
    let (_, n) = effective_weights(&model);
    let untested = ModelTest { kind: "Wald", chi2: MISSING, df: 0.0 };
    likelihood::store(&mut est.results, fit, None, &untested, n, equations);
    let r = &mut est.results;
    for name in ["chi2", "p", "df_m", "k_dv", "k_eq_model", "depvar", "chi2type"] {
        r.remove(name);
    }
    let ancillary = stripe.iter().filter(|p| p.eq == "/").count();
    r.scalar("k_aux", ancillary as f64).scalar("df_m", fit.b.len() as f64);
    r.text("title", cmd.options.text("title").unwrap_or("Maximum likelihood estimation"));
    r.text("lexp", text.trim()).text("predict", "mlexp_p").text("ml_method", "lf");
    let shown: Vec<String> = stripe.iter().map(Stripe::full).collect();
    r.text("params", shown.join(" "));
    if model.is_robust() {
        r.matrix("V_modelbased", Matrix::square(fit.v_model.data().to_vec(), stripe.clone()));
    }
    r.matrix("gradient", Matrix::row_vector(gradient.to_vec(), stripe.clone()));
    r.matrix("init", Matrix::row_vector(start.to_vec(), stripe));
    let touse = model.touse;
    s.post_estimation(est, touse);
}

fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let scalar = |name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let (n, ll) = (scalar("N"), scalar("ll"));
    let robust = s.e.results.get_text("vcetype").is_some();
    let title = s.e.results.get_text("title").unwrap_or("").to_string();
    if !cmd.has("noheader") {
        let value = format!("{} = {}", likelihood::label(robust), format::bare("%10.0g", ll));
        s.print("");
        s.print(title);
        s.print("");
        show(s, &[value], &[Fact::observations(n)], 13, 6);
        s.print("");
    }
    ml_command::table(s, cmd, &Look { equations: true, ..Look::default() })?;
    likelihood::finish(&s.e)
}
