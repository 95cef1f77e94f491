//! `fmlogit`: shares that add up to one, by a multinomial logit quasi-likelihood with robust standard errors (Buis, SSC).
//! Written from its help file; Papke and Wooldridge (1996), Journal of Applied Econometrics 11; Mullahy (2015), Journal of
//! Econometric Methods 4.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::likelihood;
use crate::estimation::linear::{Parameters, predict as linear_prediction};
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{LIKELIHOOD_VCE, Reading, VceSpec};
use crate::ml_options;
use crate::ops::predict::{Own, Prediction, add, new_names};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::is_missing;
use estimators::ml::{Equation, Likelihood};
use estimators::ml_choice::Multinomial;

const WEIGHTS: &[WeightKind] = &[WeightKind::Frequency, WeightKind::Probability];
const SYNTAX: StandardSyntax =
    StandardSyntax::new(ml_options![OptSpec::text("ETAvar")]).weights(WEIGHTS).maximised();

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "fmlogit",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "fmlogit depvars [if] [in] [fweight|pweight] [, etavar(varlist) cluster(varname) level(#) nolog]",
    notes: "the first outcome is the base, the equations of the others are eta_depvar; rows whose outcomes are not between 0 and 1 or do not add up to 1 are left out; standard errors are robust; stores e(N ll ll_0 chi2 p df_m), e(depvars), e(b), e(V); predict and margins take outcome(depvar)",
    examples: &[Example {
        // without regressors the fitted shares are the mean shares 1/4, 1/4 and 1/2
        run: "set obs 4\ngenerate double a = cond(mod(_n, 2), 0.1, 0.4)\ngenerate double b = 0.5 - a\ngenerate double c = 0.5\nfmlogit a b c\npredict double p, outcome(c)",
        expect: &[
            ("abs([eta_b]_b[_cons]) < 1e-6", 1.0),
            ("abs([eta_c]_b[_cons] - ln(2)) < 1e-6", 1.0),
            ("abs(p - .5) < 1e-6", 1.0),
        ],
    }],
};

/// Shares of the outcomes in each row, without the first one.
struct Shares {
    further: Vec<Vec<f64>>,
}

impl Likelihood for Shares {
    fn equations(&self) -> usize {
        self.further.len()
    }

    fn row(&self, row: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let size = eta.len();
        let p = Multinomial::probabilities(eta);
        let mut ll = p[size].ln();
        for (i, (index, slope)) in eta.iter().zip(gradient.iter_mut()).enumerate() {
            let share = self.further[i][row];
            ll += share * index;
            *slope = share - p[i];
        }
        for (k, cell) in hessian.iter_mut().enumerate() {
            let (i, j) = (k / size, k % size);
            *cell = p[i] * p[j] - if i == j { p[i] } else { 0.0 };
        }
        ll
    }
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "fmlogit",
            estimate: &|session| estimate(session, cmd),
            header: &|session| likelihood::header(session, "ML fit of fractional multinomial logit"),
            look: &|_| Look { equations: true, ..Look::default() },
            footer: &|_| {},
        },
    )
}

/// The command with the rows left out whose outcomes are no shares.
fn of_shares(cmd: &ParsedCommand, names: &[String]) -> ParsedCommand {
    let mut conditions: Vec<String> = names.iter().map(|n| format!("inrange({n}, 0, 1)")).collect();
    conditions.push(format!("abs({} - 1) < 1e-5", names.join(" + ")));
    if let Some(text) = &cmd.if_exp {
        conditions.insert(0, format!("({text})"));
    }
    ParsedCommand { if_exp: Some(conditions.join(" & ")), ..cmd.clone() }
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = session.varlist(&cmd.list)?;
    let names: Vec<String> = vars.iter().map(|v| session.frame.var(*v).name.clone()).collect();
    if names.len() < 2 {
        return Err(StataError::new(102, "fmlogit needs two outcomes or more"));
    }
    if vars.iter().any(|v| session.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let kept = of_shares(cmd, &names);
    let list = format!("{} {}", names[0], cmd.options.text("etavar").unwrap_or(""));
    let mut vce = VceSpec::parse("fmlogit", &cmd.options, LIKELIHOOD_VCE)?;
    if vce == VceSpec::Default {
        vce = VceSpec::Robust;
    }
    let reading =
        Reading { list: &list, further: vars.clone(), vce: Some(vce), ..Reading::likelihood(&kept, WEIGHTS) };
    let mut model = reading.model(session)?.enough()?;
    drop_collinear(session, &mut model);
    let of = |v: &usize| model.design.rows.iter().map(|r| session.frame.num_at(*v, *r)).collect();
    let shares = Shares { further: vars[1..].iter().map(of).collect() };
    let equation = |slopes: bool| Equation {
        columns: if slopes { model.columns() } else { Vec::new() },
        constant: model.constant,
        offset: None,
    };
    let equations = |slopes: bool| (1..names.len()).map(|_| equation(slopes)).collect::<Vec<_>>();
    let slopes = model.columns().len();
    let per = equation(true).len();
    let mut from = vec![0.0; per * (names.len() - 1)];
    let mut ll_0 = None;
    if model.constant {
        let null = ml_command::quiet(&model, &shares, equations(false), &vec![0.0; names.len() - 1])?;
        null.b.iter().enumerate().for_each(|(k, b)| from[k * per + slopes] = *b);
        ll_0 = Some(null.ll);
    }
    let mut layout = Layout::default();
    for name in &names[1..] {
        layout.equation(&format!("eta_{name}"), model.names(), &model.estimated());
    }
    let fit = likelihood::maximise(session, &cmd.options, &model, &shares, equations(true), &from, &layout)?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let tested: Vec<usize> =
        (0..names.len() - 1).flat_map(|e| (0..slopes).map(move |j| e * per + j)).collect();
    let posted = Posted {
        cmd: "fmlogit",
        title: "ML fit of fractional multinomial logit",
        predict: "fmlogit_p",
        parameters: &parameters,
        fit: &fit,
        ll_0,
        tested: &tested,
        equations: (names.len() - 1) as f64,
    };
    let mut est = ml_command::begin(cmd, &model, &posted);
    est.results.scalars.remove("r2_p");
    est.results.text("depvars", names.join(" ")).text("depvar", names.join(" "));
    session.post_estimation(est, model.touse.clone());
    Ok(())
}

const PREDICT: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("pr"), OptSpec::text("Outcome"), OptSpec::flag("xb")])
        .unsupported(&["stdp", "SCores", "EQuation"]);

/// `predict` after `fmlogit`.
pub(super) fn predict(after: &str) -> Option<Own> {
    (after == "fmlogit").then_some((&PREDICT, predict_shares))
}

fn predict_shares(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (kind, new) = new_names(session, cmd)?;
    let touse = session.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let parameters = Parameters::of(&session.e)?;
    let text = session.e.results.get_text("depvars").unwrap_or("");
    let outcomes: Vec<String> = text.split_whitespace().map(str::to_string).collect();
    let eta: Vec<Vec<f64>> = outcomes[1..]
        .iter()
        .map(|y| linear_prediction(&session.frame, &parameters, &format!("eta_{y}"), &rows))
        .collect::<Result<_>>()?;
    let share = |position: usize| -> Vec<f64> {
        (0..rows.len())
            .map(|i| {
                let at: Vec<f64> = eta.iter().map(|e| e[i]).collect();
                if let Some(missing) = at.iter().find(|x| is_missing(**x)) {
                    return *missing;
                }
                let p = Multinomial::probabilities(&at);
                if position == 0 { p[eta.len()] } else { p[position - 1] }
            })
            .collect()
    };
    let named = |text: &str| {
        let found = outcomes.iter().position(|y| y == text.trim());
        found.ok_or_else(|| StataError::new(111, format!("outcome {} not found", text.trim())))
    };
    let made = |position: usize| Prediction {
        values: share(position),
        label: format!("predicted proportion {}", outcomes[position]),
    };
    let stub = new[0].1;
    if cmd.has("xb") {
        let position = cmd.options.text("outcome").map_or(Ok(1), named)?;
        let values = if position == 0 { vec![0.0; rows.len()] } else { eta[position - 1].clone() };
        let label = format!("Linear prediction {}", outcomes[position]);
        return add(session, &new[0].0, kind, &rows, Prediction { values, label }).map(|_| ());
    }
    if !stub && new.len() == 1 {
        let position = cmd.options.text("outcome").map_or(Ok(0), named)?;
        return add(session, &new[0].0, kind, &rows, made(position)).map(|_| ());
    }
    let names: Vec<String> = match stub {
        true => (1..=outcomes.len()).map(|i| format!("{}{i}", new[0].0)).collect(),
        false => new.into_iter().map(|n| n.0).collect(),
    };
    if names.len() != outcomes.len() {
        return Err(StataError::new(102, format!("{} new variable names needed", outcomes.len())));
    }
    let all: Vec<Prediction> = (0..outcomes.len()).map(made).collect();
    for (name, prediction) in names.iter().zip(all) {
        add(session, name, kind, &rows, prediction)?;
    }
    Ok(())
}
