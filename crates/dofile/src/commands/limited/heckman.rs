//! `heckman`: linear regression of an outcome that is seen for selected rows only, by maximum likelihood
//! or in two steps.
//!
//! Stores in `e()`: N N_selected N_nonselected df_m ll chi2 p rho sigma lambda selambda chi2_c p_c (mills),
//! rank converged, b, V, cmd depvar method vce vcetype. Formulas: [R] heckman; Heckman (1979), Econometrica 47.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::WEIGHTS;
use super::heckman_twostep::{self, TwoStep};
use super::parts::{scalar, single, text};
use crate::error::{Result, StataError};
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood::{self, label};
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{Model, Reading, first_word, single_column};
use crate::estimation::post;
use crate::estimation::sample::{OpenSample, Side};
use crate::format;
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::{ParsedCommand, WeightKind, front_and_options};
use crate::syntax::varlist::check_new;
use crate::value::is_missing;
use crate::{concat_lists, ml_options};
use estimators::distributions::chi2_tail;
use estimators::jet::Formula;
use estimators::ml::{Equation, Likelihood, MlFit, Problem};
use estimators::ml_censored::selection;
use estimators::vce::Vce;
use estimators::wald;

const OPTIONS: &[OptSpec] = ml_options![
    OptSpec::text("SELect"),
    OptSpec::flag("TWOstep"),
    OptSpec::flag("mle"),
    OptSpec::text("Mills"),
    OptSpec::text("NSHazard"),
];
const SYNTAX: StandardSyntax = StandardSyntax::new(concat_lists!(OptSpec; OPTIONS, ml_command::RATIO))
    .weights(WEIGHTS)
    .maximised()
    .unsupported(&["OFFset", "RHOSigma", "RHOTrunc", "RHOLimited", "RHOForce", "FIRst", "NOLRtest"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "heckman",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "heckman depvar [indepvars] [if] [in] [weight], select([depvar_s =] varlist_s [, noconstant]) [twostep mills(newvar) noconstant lrmodel vce(oim|robust|cluster v) level(#) nolog]",
    notes: "stores e(N N_selected N_nonselected df_m ll chi2 p rho sigma lambda selambda chi2_c p_c), e(b) with /athrho /lnsigma (two steps: /mills lambda), e(V), r(table); formulas: [R] heckman",
    examples: &[Example {
        run: "set obs 40\ngen z = mod(_n*7, 11)\ngen x = mod(_n*5, 13)\ngen s = z + mod(_n*3, 8) > 7\ngen y = 1 + 2*x + mod(_n*11, 6) if s\nheckman y x, select(z x) twostep",
        expect: &[("e(N_selected) - 40 + e(N_nonselected)", 0.0), ("e(lambda) - e(rho)*e(sigma)", 0.0)],
    }],
};

/// Both equations of a sample with selection.
pub(super) struct Selected {
    /// Rows of both kinds; its design is the one of the selection equation.
    pub model: Model,
    /// Regressors of the outcome, zero in rows that were not selected.
    pub outcome: Side,
    /// Which rows were selected.
    pub selected: Vec<bool>,
    /// Name of the selection equation.
    pub selection_name: String,
}

impl Selected {
    /// The rows that were selected.
    pub(super) fn rows(&self) -> impl Iterator<Item = usize> {
        self.selected.iter().enumerate().filter(|(_, selected)| **selected).map(|(row, _)| row)
    }

    /// Fits the outcome alone on the selected rows with the weights of the sample: starting values. `kernel` is the likelihood of
    /// these rows, `cuts` the number of its parameters behind the regressors, `offset` of all rows.
    ///
    /// # Errors
    /// r(430) where the search does not end.
    pub(super) fn outcome_alone(
        &self,
        kernel: &impl Likelihood,
        cuts: usize,
        offset: Option<&[f64]>,
        start: &[f64],
    ) -> Result<MlFit> {
        let pick = |column: &[f64]| -> Vec<f64> { self.rows().map(|i| column[i]).collect() };
        let columns: Vec<Vec<f64>> = self.outcome.columns().into_iter().map(pick).collect();
        let offset = offset.map(pick);
        let (weights, n) = likelihood::effective_weights(&self.model);
        let weights = weights.map(|(w, kind)| (pick(&w), kind));
        let mut equations = vec![Equation {
            columns: columns.iter().map(Vec::as_slice).collect(),
            constant: self.outcome.constant,
            offset: offset.as_deref(),
        }];
        equations.extend((0..cuts).map(|_| single()));
        let problem = Problem {
            model: kernel,
            equations,
            rows: self.rows().count(),
            weights: weights.as_ref().map(|(w, kind)| (w.as_slice(), *kind)),
            n,
        };
        problem.maximise(start, Default::default(), Vce::Classical).ok_or_else(StataError::not_converged)
    }
}

/// Reads the outcome, `select()` and the sample; a row that is not selected keeps only its selection equation. Selected rows with
/// missing values in `further` variables leave the sample.
pub(super) fn read(session: &mut Session, cmd: &ParsedCommand, further: &[usize]) -> Result<Selected> {
    let text = cmd.options.text("select").ok_or_else(|| StataError::new(198, "option select() required"))?;
    let (body, tail) = front_and_options(text);
    let inner = Options::parse(&cmd.name, tail, &[OptSpec::flag("noCONstant")], &["OFFset"])?;
    let (own, list) = match body.split_once('=') {
        Some((name, rest)) => (Some(session.numeric_variable(name.trim())?), rest),
        None => (None, body),
    };
    let abbrev = session.settings.varabbrev;
    let (first, rest) = first_word(&cmd.list);
    let outcome = FvList::parse(&session.frame, first, abbrev)?;
    let regressors = FvList::parse(&session.frame, rest, abbrev)?;
    let choosers = FvList::parse(&session.frame, list, abbrev)?;
    let reading = Reading {
        plain_vce: &["oim", "conventional", "twostep"],
        default_weight: WeightKind::Frequency,
        weight_kinds: WEIGHTS,
        ..Reading::new(cmd)
    };
    let mut open = OpenSample::open(session, cmd, &reading)?;
    choosers.markout(&session.frame, &mut open.touse)?;
    if let Some(own) = own {
        session.markout(&[own], &mut open.touse, false)?;
    }
    let all: Vec<usize> = (0..session.frame.n_rows()).collect();
    let (depvar, y) = single_column(&session.frame, &outcome, &vec![true; all.len()], &all)?;
    let mut chosen = open.touse.clone();
    for (i, chosen) in chosen.iter_mut().enumerate() {
        *chosen = *chosen && own.map_or(!is_missing(y[i]), |v| session.frame.num_at(v, i) != 0.0);
    }
    // A selected row without all of its values leaves the sample.
    let mut complete = chosen.clone();
    outcome.markout(&session.frame, &mut complete)?;
    regressors.markout(&session.frame, &mut complete)?;
    session.markout(further, &mut complete, false)?;
    for i in 0..chosen.len() {
        if chosen[i] && !complete[i] {
            open.touse[i] = false;
        }
    }
    let count = |mask: &[bool]| mask.iter().filter(|m| **m).count();
    if count(&open.touse) == 0 {
        return Err(StataError::no_observations());
    }
    if count(&complete) == 0 || count(&complete) == count(&open.touse) {
        let text = if count(&complete) == 0 {
            "no selected observations"
        } else {
            "dependent variable never censored because of selection: the model has no second equation"
        };
        return Err(StataError::new(498, text));
    }
    let (mut side, omitted) = Side::build(session, &regressors, &complete, !cmd.has("noconstant"))?;
    post::note_omitted(session, &omitted);
    let (chooser, omitted) = Side::build(session, &choosers, &open.touse, !inner.has("noconstant"))?;
    post::note_omitted(session, &omitted);
    side.design = side.design.spread(chooser.design.rows.clone());
    let filled: Vec<f64> = y.iter().zip(&complete).map(|(y, c)| if *c { *y } else { 0.0 }).collect();
    let model = open.close(session, depvar, &filled, chooser.design, chooser.constant);
    let selected = model.design.rows.iter().map(|r| complete[*r]).collect();
    let selection_name = own.map_or("select".to_string(), |v| session.frame.var(v).name.clone());
    Ok(Selected { model, outcome: side, selected, selection_name })
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mills = cmd.options.text("mills").or_else(|| cmd.options.text("nshazard")).map(str::trim);
    if let Some(name) = mills {
        check_new(&session.frame, name)?;
    }
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "heckman",
            estimate: &|session| estimate(session, cmd),
            header: &header,
            look: &|_| Look { equations: true, ..Look::default() },
            footer: &footer,
        },
    )?;
    match mills {
        Some(name) => quietly(session, &format!("predict {name} if e(sample), mills")),
        None => Ok(()),
    }
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let sample = read(session, cmd, &[])?;
    let start = heckman_twostep::fit(&sample)?;
    if !cmd.has("twostep") {
        return maximum_likelihood(session, cmd, &sample, &start);
    }
    if sample.model.is_robust() || sample.model.weights.is_some() {
        return Err(StataError::unsupported_option("heckman", "twostep with weights or vce()"));
    }
    heckman_twostep::post(session, cmd, &sample, &start);
    Ok(())
}

fn maximum_likelihood(
    session: &mut Session,
    cmd: &ParsedCommand,
    sample: &Selected,
    start: &TwoStep,
) -> Result<()> {
    let model = &sample.model;
    let formula =
        Formula::<4, _>(|row: usize, eta| selection(sample.selected[row].then(|| model.y[row]), eta));
    let constant = || Equation { columns: Vec::new(), constant: true, offset: None };
    let equations = vec![
        Equation { columns: sample.outcome.columns(), constant: sample.outcome.constant, offset: None },
        Equation { columns: model.columns(), constant: model.constant, offset: None },
        constant(),
        constant(),
    ];
    let mut from = start.slopes.clone();
    from.extend(&start.selection.b);
    from.push(start.rho.clamp(-0.85, 0.85).atanh());
    from.push(start.sigma.ln());
    let mut layout = Layout::default();
    layout.equation(&model.depvar, sample.outcome.names(), &sample.outcome.estimated());
    layout.equation(&sample.selection_name, model.names(), &model.estimated());
    layout.ancillary("athrho").ancillary("lnsigma");
    let ll_0 = ml_command::constant_only(cmd, model, &formula, &equations, &from, 1)?;
    let fit = likelihood::maximise(session, &cmd.options, model, &formula, equations, &from, &layout)?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let slopes: Vec<usize> = (0..sample.outcome.columns().len()).collect();
    let mut est = ml_command::begin(
        cmd,
        model,
        &Posted {
            cmd: "heckman",
            title: "Heckman selection model",
            predict: "heckma_p",
            parameters: &parameters,
            fit: &fit,
            ll_0,
            tested: &slopes,
            equations: 4.0,
        },
    );
    let size = fit.b.len();
    let (at, ls) = (fit.b[size - 2], fit.b[size - 1]);
    let (rho, sigma) = (at.tanh(), ls.exp());
    let results = &mut est.results;
    results.scalars.remove("r2_p");
    results.scalar("rho", rho).scalar("sigma", sigma).scalar("lambda", rho * sigma);
    // lambda = sigma tanh(athrho): its gradient in (athrho, lnsigma).
    let gradient = [sigma * (1.0 - rho * rho), rho * sigma];
    let v = |i: usize, j: usize| fit.v[(size - 2 + i, size - 2 + j)];
    let variance = gradient[0] * gradient[0] * v(0, 0)
        + 2.0 * gradient[0] * gradient[1] * v(0, 1)
        + gradient[1] * gradient[1] * v(1, 1);
    results.scalar("selambda", variance.sqrt()).text("method", "ml");
    let independent = if model.is_robust() || fit.constrained.is_some() {
        results.text("chi2_ct", "Wald");
        wald::test_zero(&fit.b, &fit.v, &[size - 2]).chi2
    } else {
        results.text("chi2_ct", "LR");
        (2.0 * (fit.ll - start.selection.ll - start.outcome_ll(sample))).max(0.0)
    };
    results.scalar("chi2_c", independent).scalar("p_c", chi2_tail(1.0, independent));
    store_counts(sample, results);
    session.post_estimation(est, model.touse.clone());
    Ok(())
}

/// Numbers of selected and other rows.
pub(super) fn store_counts(sample: &Selected, results: &mut crate::results::Results) {
    let frequency = sample.model.weight_text.as_ref().is_some_and(|t| t.0 == "fweight");
    let weights = sample.model.weights.as_ref().filter(|_| frequency);
    let count = |kind: bool| -> f64 {
        (0..sample.selected.len())
            .filter(|i| sample.selected[*i] == kind)
            .map(|i| weights.map_or(1.0, |w| w.values[i]))
            .sum()
    };
    results.scalar("N_selected", count(true)).scalar("N_nonselected", count(false));
    // the name of earlier releases
    results.scalar("N_cens", count(false));
}

fn is_two_step(session: &Session) -> bool {
    text(session, "method") == "two-step"
}

fn header(session: &mut Session) {
    let two_step = is_two_step(session);
    let title =
        if two_step { "Heckman selection model -- two-step estimates" } else { "Heckman selection model" };
    selection_header(session, &[title, "(regression model with sample selection)"], !two_step);
}

/// Prints the header of a model with selection: titles, counts, the model test, and the log likelihood if there is one.
pub(super) fn selection_header(session: &mut Session, titles: &[&str], likelihood: bool) {
    let facts = [
        Fact::new("Number of obs", "%10.0fc", scalar(session, "N")),
        Fact::new("      Selected", "%10.0fc", scalar(session, "N_selected")),
        Fact::new("      Nonselected", "%10.0fc", scalar(session, "N_nonselected")),
    ];
    let left: Vec<String> = titles.iter().map(|t| (*t).to_string()).collect();
    let test = [
        Fact::statistic("Wald chi2", &[scalar(session, "df_m")], scalar(session, "chi2")),
        Fact::probability("Prob > chi2", scalar(session, "p")),
    ];
    let robust = !text(session, "vcetype").is_empty();
    let ll = if likelihood {
        format!("{} = {}", label(robust), format::bare("%10.0g", scalar(session, "ll")))
    } else {
        String::new()
    };
    session.print("");
    show(session, &left, &facts, 17, 10);
    session.print("");
    show(session, &[String::new(), ll], &test, 17, 10);
    session.print("");
}

fn footer(session: &mut Session) {
    super::parts::selection_rows(session);
    session.print("-".repeat(78));
    if !is_two_step(session) && text(session, "prefix") != "svy" {
        let left = format!(
            "{} test of indep. eqns. (rho = 0): chi2(1) = {}",
            text(session, "chi2_ct"),
            format::bare("%8.2f", scalar(session, "chi2_c")).trim_start()
        );
        let right = format!("Prob > chi2 = {}", format::bare("%6.4f", scalar(session, "p_c")));
        session.print(format!("{left}{right:>width$}", width = 78usize.saturating_sub(left.len())));
    }
}
