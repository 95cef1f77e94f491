//! `etregress`: linear regression with an endogenous binary treatment, by maximum likelihood or in two steps.
//! Formulas: [CAUSAL] etregress, Methods and formulas; Maddala (1983), section 5.7.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::WEIGHTS;
use super::parts::{Listed, Part, scalar, single, text};
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood::{self, label};
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{Model, Reading, first_word, single_column};
use crate::estimation::post;
use crate::estimation::sample::OpenSample;
use crate::format;
use crate::matrix::Stripe;
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::syntax::{Design, FvList};
use estimators::distributions::{chi2_tail, inverse_mills};
use estimators::jet::{Formula, Jet};
use estimators::matrix::Mat;
use estimators::ml::{Equation, MlFit};
use estimators::ml_binary::{Binary, Link};
use estimators::ols::{self, Request};
use estimators::stacked::{Centred, uncentred};
use estimators::wald;

const SYNTAX: StandardSyntax =
    StandardSyntax::new(ml_options![OptSpec::text("TREAt"), OptSpec::flag("TWOstep"), OptSpec::flag("mle")])
        .weights(WEIGHTS)
        .maximised()
        .unsupported(&["CFUNCtion", "POUTcomes", "HAZard", "FIRst", "NOLRtest"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "etregress",
    min: 9,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "etregress depvar [indepvars] [if] [in] [weight], treat(depvar_t = indepvars_t [, noconstant]) [twostep noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "stores e(N df_m ll chi2 p rho sigma lambda selambda chi2_c p_c), e(b) with 1.depvar_t in the outcome, /athrho /lnsigma (two steps: depvar_t, hazard lambda), e(V), r(table); predict: xb yctrt ycntrt ptrt xbtrt cte; [CAUSAL] etregress",
    examples: &[Example {
        run: "set obs 90\ngen z = mod(_n*7, 11) - 5\ngen x = mod(_n*5, 13)\ngen u = mod(_n*17, 19) - 9\ngen t = z + u/2 > 0\ngen y = 1 + x + 2*t + u/3 + mod(_n*11, 6)\netregress y x, treat(t = z) twostep\nscalar same = abs(e(lambda) - e(rho)*e(sigma)) < 1e-12\netregress y x, treat(t = z)",
        expect: &[("same", 1.0), ("e(N)", 90.0), ("abs(e(rho) - tanh(_b[/athrho])) < 1e-12", 1.0)],
    }],
};

/// Both equations; the design of the model is that of the outcome, with the treatment.
pub(super) struct Sample {
    /// Outcome and sample.
    pub(super) model: Model,
    /// The equation of the treatment.
    pub(super) treatment: Part,
    /// Whether the rows are treated.
    pub(super) treated: Vec<bool>,
}

/// Reads both equations of a command; rows with missing values in `further` variables leave the sample.
pub(super) fn read(
    session: &mut Session,
    cmd: &ParsedCommand,
    command: &str,
    further: &[usize],
) -> Result<Sample> {
    let given = cmd.options.text("treat").ok_or_else(|| StataError::new(198, "option treat() required"))?;
    let (name, body) =
        given.split_once('=').ok_or_else(|| StataError::new(198, "treat() has the form treat(t = z ...)"))?;
    let variable = session.numeric_variable(name.trim())?;
    let name = session.frame.var(variable).name.clone();
    let listed = Listed::parse(session, command, body)?;
    let (first, rest) = first_word(&cmd.list);
    let abbrev = session.settings.varabbrev;
    let outcome = FvList::parse(&session.frame, first, abbrev)?;
    let regressors = FvList::parse(&session.frame, &format!("{rest} i.{name}"), abbrev)?;
    let reading =
        Reading { plain_vce: &["oim", "conventional", "twostep"], ..Reading::likelihood(cmd, WEIGHTS) };
    let mut open = OpenSample::open(session, cmd, &reading)?;
    outcome.markout(&session.frame, &mut open.touse)?;
    regressors.markout(&session.frame, &mut open.touse)?;
    listed.markout(session, &mut open.touse)?;
    session.markout(further, &mut open.touse, false)?;
    let rows: Vec<usize> = (0..open.touse.len()).filter(|i| open.touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let values: Vec<f64> = rows.iter().map(|r| session.frame.num_at(variable, *r)).collect();
    if values.iter().any(|v| *v != 0.0 && *v != 1.0) {
        return Err(StataError::new(450, format!("treatment {name} must be 0/1")));
    }
    let treated: Vec<bool> = values.iter().map(|v| *v == 1.0).collect();
    if treated.iter().all(|t| *t == treated[0]) {
        return Err(StataError::new(2000, format!("treatment {name} does not vary")));
    }
    let (depvar, y) = single_column(&session.frame, &outcome, &open.touse, &rows)?;
    let treatment = listed.part(session, &name, &open.touse)?;
    let design = Design::build(&session.frame, &regressors, &open.touse)?;
    let mut all = vec![0.0; open.touse.len()];
    rows.iter().zip(&y).for_each(|(row, value)| all[*row] = *value);
    let mut model = open.close(session, depvar, &all, design, !cmd.has("noconstant"));
    crate::estimation::binary::drop_collinear(session, &mut model);
    Ok(Sample { model, treatment, treated })
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "etregress",
            estimate: &|session| estimate(session, cmd),
            header: &header,
            look: &|_| Look { equations: true, ..Look::default() },
            footer: &footer,
        },
    )
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let sample = read(session, cmd, "etregress", &[])?;
    let start = Steps::fit(&sample)?;
    if !cmd.has("twostep") {
        return maximum_likelihood(session, cmd, &sample, &start);
    }
    if sample.model.is_robust() || sample.model.weights.is_some() {
        return Err(StataError::unsupported_option("etregress", "twostep with weights or vce()"));
    }
    start.post(session, cmd, &sample);
    Ok(())
}

/// Log likelihood of a row; indices: outcome, treatment, `atanh(rho)`, `ln(sigma)`.
fn contribution(y: f64, treated: bool, [xb, zg, athrho, lns]: [Jet<4>; 4]) -> Jet<4> {
    let z = (-xb + y) * (-lns).exp();
    // (zg + rho z) / sqrt(1 - rho^2), with rho = tanh(athrho)
    let index = zg * athrho.cosh() + z * athrho.sinh();
    (if treated { index } else { -index }).ln_normal() + z.ln_density() - lns
}

fn maximum_likelihood(
    session: &mut Session,
    cmd: &ParsedCommand,
    sample: &Sample,
    start: &Steps,
) -> Result<()> {
    let model = &sample.model;
    let formula = Formula::<4, _>(|row: usize, eta| contribution(model.y[row], sample.treated[row], eta));
    let outcome = Equation { columns: model.columns(), constant: model.constant, offset: None };
    let equations = vec![outcome, sample.treatment.equation(), single(), single()];
    let mut from = start.slopes.clone();
    from.extend(&start.probit.b);
    from.push(start.rho.clamp(-0.85, 0.85).atanh());
    from.push(start.sigma.ln());
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    layout.equation(
        &sample.treatment.name,
        sample.treatment.side.names(),
        &sample.treatment.side.estimated(),
    );
    layout.ancillary("athrho").ancillary("lnsigma");
    let fit = likelihood::maximise(session, &cmd.options, model, &formula, equations, &from, &layout)?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let slopes: Vec<usize> = (0..model.columns().len()).collect();
    let posted = Posted {
        cmd: "etregress",
        title: "Linear regression with endogenous treatment",
        predict: "etregress_p",
        parameters: &parameters,
        fit: &fit,
        ll_0: None,
        tested: &slopes,
        equations: 4.0,
    };
    let mut est = ml_command::begin(cmd, model, &posted);
    let size = fit.b.len();
    let (rho, sigma) = (fit.b[size - 2].tanh(), fit.b[size - 1].exp());
    // lambda = sigma tanh(athrho): its gradient in (athrho, lnsigma)
    let mut gradient = vec![0.0; size];
    (gradient[size - 2], gradient[size - 1]) = (sigma * (1.0 - rho * rho), rho * sigma);
    let results = &mut est.results;
    results.scalar("rho", rho).scalar("sigma", sigma).scalar("lambda", rho * sigma);
    results.scalar("selambda", fit.v.quadratic(&gradient).sqrt()).text("method", "ml");
    let independent = if model.is_robust() || fit.constrained.is_some() {
        results.text("chi2_ct", "Wald");
        wald::test_zero(&fit.b, &fit.v, &[size - 2]).chi2
    } else {
        results.text("chi2_ct", "LR");
        (2.0 * (fit.ll - start.probit.ll - start.outcome_ll)).max(0.0)
    };
    results.scalar("chi2_c", independent).scalar("p_c", chi2_tail(1.0, independent));
    results.text("treatment", &sample.treatment.name);
    session.post_estimation(est, model.touse.clone());
    Ok(())
}

/// Probit of the treatment, then least squares with its hazard.
struct Steps {
    probit: MlFit,
    slopes: Vec<f64>,
    lambda: f64,
    /// Covariance of the slopes and lambda.
    v: Mat,
    sigma: f64,
    rho: f64,
    /// Log likelihood of the outcome alone.
    outcome_ll: f64,
}

impl Steps {
    fn fit(sample: &Sample) -> Result<Self> {
        let model = &sample.model;
        let binary = Binary { y: &sample.treated, link: Link::Probit };
        let rows = model.y.len();
        // both steps use columns less their means: a regressor far from zero keeps its digits
        let ones = vec![1.0; rows];
        let side = &sample.treatment.side;
        let chooser = centred(side.columns(), side.constant.then_some(&ones));
        let own = centred(model.columns(), model.constant.then_some(&ones));
        let equation = Equation { columns: chooser.slices(), constant: false, ..sample.treatment.equation() };
        let start = vec![0.0; equation.len()];
        let mut probit = ml_command::quiet(model, &binary, vec![equation], &start)?;
        let z = &chooser.columns;
        let index = |i: usize| z.iter().zip(&probit.b).map(|(c, b)| c[i] * b).sum::<f64>();
        let hazard: Vec<f64> = (0..rows)
            .map(|i| if sample.treated[i] { inverse_mills(index(i)) } else { -inverse_mills(-index(i)) })
            .collect();
        let delta: Vec<f64> = (0..rows).map(|i| hazard[i] * (hazard[i] + index(i))).collect();
        let plain = {
            let columns = model.columns();
            let request = Request {
                constant: model.constant,
                weights: model.weights.as_ref(),
                ..Request::new(&model.y, &columns)
            };
            ols::fit(&request).map_err(fit_error)?
        };
        let mut design = own.columns.clone();
        design.push(hazard);
        let columns: Vec<&[f64]> = design.iter().map(Vec::as_slice).collect();
        let second = ols::fit(&Request { constant: false, chosen: true, ..Request::new(&model.y, &columns) })
            .map_err(fit_error)?;
        if !second.basis.omitted.is_empty() {
            return Err(StataError::new(498, "the hazard is collinear with the regressors"));
        }
        let size = columns.len();
        let lambda = second.b[size - 1];
        let s2 = (second.rss + lambda * lambda * delta.iter().sum::<f64>()) / rows as f64;
        let sigma = s2.sqrt();
        let rho = (lambda / sigma).clamp(-1.0, 1.0);
        let cross = |right: &[Vec<f64>], weight: &dyn Fn(usize) -> f64| {
            Mat::from_fn(size, right.len(), |a, b| {
                (0..rows).map(|i| design[a][i] * weight(i) * right[b][i]).sum()
            })
        };
        let middle = cross(&design, &|i| 1.0 - rho * rho * delta[i]);
        let first = cross(z, &|i| delta[i]);
        let q = first.sandwich(&probit.v_model).scaled(rho * rho);
        let v = second.unscaled.sandwich(&middle.plus(&q)).scaled(s2);
        let (mut slopes, v) = uncentred(&second.b, &v, &[(0, &own)]);
        slopes.pop();
        (probit.b, probit.v_model) = uncentred(&probit.b, &probit.v_model, &[(0, &chooser)]);
        Ok(Self { probit, slopes, lambda, v, sigma, rho, outcome_ll: plain.ll })
    }

    fn post(&self, session: &mut Session, cmd: &ParsedCommand, sample: &Sample) {
        let model = &sample.model;
        let (k, g) = (self.slopes.len(), self.probit.b.len());
        let b: Vec<f64> = self.slopes.iter().chain(&self.probit.b).chain([&self.lambda]).copied().collect();
        // outcome parameters and lambda stand at the ends, the probit between them
        let place = |i: usize| if i < k { i } else { k + g };
        let mut v = Mat::zeros(k + g + 1, k + g + 1);
        for i in 0..=k {
            for j in 0..=k {
                v[(place(i), place(j))] = self.v[(i, j)];
            }
        }
        for i in 0..g {
            for j in 0..g {
                v[(k + i, k + j)] = self.probit.v_model[(i, j)];
            }
        }
        let side = &sample.treatment.side;
        let mut layout = Layout::default();
        // the two-step estimator names the treatment as a plain variable
        let plain = |name: String| {
            let level = name.strip_prefix("1.").filter(|v| *v == sample.treatment.name);
            level.map(str::to_string).unwrap_or(name)
        };
        let names = model.names().into_iter().filter(|n| *n != format!("0b.{}", sample.treatment.name));
        let names: Vec<String> = names.map(plain).collect();
        let every: Vec<usize> = (0..names.len()).filter(|i| !names[*i].starts_with("o.")).collect();
        debug_assert_eq!(every.len(), model.estimated().len());
        layout.equation(&model.depvar, names, &every);
        layout.equation(&sample.treatment.name, side.names(), &side.estimated());
        layout.named(Stripe::with_eq("hazard", "lambda"));
        let parameters = layout.parameters(&b, &v);
        let slopes: Vec<usize> = (0..model.columns().len()).collect();
        let test = wald::test_zero(&b, &v, &slopes);
        let mut est = post::begin("etregress", &post::command_line(cmd), &parameters, model);
        let results = &mut est.results;
        results.scalar("N", model.y.len() as f64).scalar("df_m", test.df as f64).scalar("chi2", test.chi2);
        results.scalar("p", chi2_tail(test.df as f64, test.chi2)).text("chi2type", "Wald");
        results.scalar("rho", self.rho).scalar("sigma", self.sigma).scalar("lambda", self.lambda);
        results.scalar("selambda", self.v[(k, k)].sqrt()).scalar("rank", b.len() as f64);
        results.text("method", "twostep").text("vce", "twostep").text("predict", "etregress_p");
        results.text("title", "Linear regression with endogenous treatment").text("properties", "b V");
        results.text("treatment", &sample.treatment.name);
        session.post_estimation(est, model.touse.clone());
    }
}

fn centred<'a>(mut columns: Vec<&'a [f64]>, constant: Option<&'a Vec<f64>>) -> Centred {
    columns.extend(constant.map(Vec::as_slice));
    Centred::of(&columns)
}

fn header(session: &mut Session) {
    let two_step = text(session, "method") == "twostep";
    let estimator = if two_step { "two-step" } else { "maximum likelihood" };
    let left = [
        "Linear regression with endogenous treatment".to_string(),
        format!("Estimator: {estimator}"),
        String::new(),
    ];
    let facts = [
        Fact::new("Number of obs", "%10.0fc", scalar(session, "N")),
        Fact::statistic("Wald chi2", &[scalar(session, "df_m")], scalar(session, "chi2")),
        Fact::probability("Prob > chi2", scalar(session, "p")),
    ];
    session.print("");
    show(session, &left, &facts, 14, 10);
    if !two_step {
        let robust = !text(session, "vcetype").is_empty();
        let ll = format::bare("%10.0g", scalar(session, "ll"));
        session.print(format!("{} = {ll}", label(robust)));
    }
    session.print("");
}

fn footer(session: &mut Session) {
    super::parts::selection_rows(session);
    session.print("-".repeat(78));
    if text(session, "method") != "twostep" {
        let name = format!("{} test of indep. eqns. (rho = 0)", text(session, "chi2_ct"));
        super::parts::test_line(session, &name, 1.0, scalar(session, "chi2_c"), scalar(session, "p_c"));
    }
}
