//! `eregress` and `eprobit` with `endogenous()`: extended regression models with continuous endogenous regressors, by full
//! information maximum likelihood. The errors of the outcome and of the equations of its endogenous regressors are jointly
//! normal ([ERM] eregress, [ERM] eprobit, Methods and formulas). The likelihood is that of `ivprobit` and `ivtobit`.

use super::endogenous::{ReducedForms, Sample, Texts, maximise};
use super::parts::{Part, first, scalar, slopes_of, text};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood::ll_line;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{Reading, first_word};
use crate::ml_options;
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::{ParsedCommand, front_and_options};
use estimators::matrix::Mat;
use estimators::ml::MlFit;
use estimators::ml_censored::Seen;
use estimators::ml_endogenous::Outcome;

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![OptSpec::text("ENDOGenous")])
    .weights(super::WEIGHTS)
    .searched()
    .unsupported(&[
        "ENTReat",
        "EXTReat",
        "SELect",
        "TOBITSELect",
        "OFFset",
        "CONSTraints",
        "FROM",
        "INTPoints",
        "TRIINTPoints",
    ]);

/// The command `eregress`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "eregress",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run: run_linear,
    syntax: "eregress depvar [indepvars] [if] [in] [weight], endogenous(depvars_en = varlist_en) [noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "one or two continuous endogenous regressors; stores e(N k k_eq df_m ll chi2 p rank converged), e(b) with the equations of the regressors, /var(e.y) /var(e.x) /corr(e.x,e.y), e(V), r(table); predict and margins: xb; endogenous treatments, selection, discrete endogenous regressors and models without one are refused; formulas: [ERM] eregress",
    examples: &[Example {
        // as many instruments as endogenous regressors: the slopes of two-stage least squares
        run: "set obs 80\ngen z = mod(_n*7, 11) - 5\ngen v = mod(_n*5, 13) - 6\ngen x = z + v\ngen y = x - v + mod(_n*11, 9) - 4\nivregress 2sls y (x = z)\nscalar b = _b[x]\neregress y, endogenous(x = z)",
        expect: &[("reldif([y]_b[x], b) < 1e-7", 1.0), ("e(N)", 80.0), ("e(k_eq)", 5.0)],
    }],
};

/// The command `eprobit`.
pub(super) const SPEC_PROBIT: CommandSpec = CommandSpec {
    name: "eprobit",
    min: 7,
    run: run_probit,
    syntax: "eprobit depvar [indepvars] [if] [in] [weight], endogenous(depvars_en = varlist_en) [noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "as eregress; the error of the outcome has variance one; formulas: [ERM] eprobit",
    examples: &[Example {
        run: "set obs 80\ngen z = mod(_n*7, 11) - 5\ngen v = mod(_n*5, 13) - 6\ngen x = z + v\ngen y = x - v + mod(_n*11, 9) - 4 > 0\nivprobit y (x = z)\nscalar ll = e(ll)\nscalar rho = tanh(_b[/athrho2_1])\neprobit y, endogenous(x = z)",
        expect: &[
            ("reldif(e(ll), ll) < 1e-9", 1.0),
            ("reldif(_b[/corr(e.x,e.y)], rho) < 1e-6", 1.0),
            ("e(N)", 80.0),
        ],
    }],
    ..SPEC
};

fn run_linear(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    run(s, cmd, "eregress")
}

fn run_probit(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    run(s, cmd, "eprobit")
}

fn run(s: &mut Session, cmd: &ParsedCommand, name: &'static str) -> Result<()> {
    ml_command::run(
        s,
        cmd,
        &MlCommand {
            name,
            estimate: &|s| estimate(s, cmd, name),
            header: &header,
            look: &|_| Look { equations: true, ..Look::default() },
            footer: &|_| {},
        },
    )
}

fn header(s: &mut Session) {
    let facts = [
        Fact::observations(scalar(s, "N")),
        Fact::statistic("Wald chi2", &[scalar(s, "df_m")], scalar(s, "chi2")),
        Fact::probability("Prob > chi2", scalar(s, "p")),
    ];
    let left = [text(s, "title"), String::new(), ll_line(s)];
    s.print("");
    show(s, &left, &facts, 17, 10);
    s.print("");
}

fn estimate(s: &mut Session, cmd: &ParsedCommand, name: &'static str) -> Result<()> {
    let Some(asked) = cmd.options.text("endogenous") else {
        return Err(StataError::unsupported_option(name, "a model without endogenous()"));
    };
    let (body, tail) = front_and_options(asked);
    Options::parse(name, tail, &[], &["PROBIT", "OPROBIT", "noMAIN", "POVARiance", "POCORRelation", "noRE"])?;
    let (endogenous, regressors) = body
        .split_once('=')
        .ok_or_else(|| StataError::invalid("endogenous() is given as depvars_en = varlist_en"))?;
    let list = FvList::parse(&s.frame, endogenous, s.settings.varabbrev)?;
    if !list.factors().is_empty() {
        return Err(StataError::new(198, "endogenous regressors may not be factor variables"));
    }
    let names: Vec<String> = list.variables();
    let (depvar, exogenous) = first_word(&cmd.list);
    let mut texts = Texts {
        depvar,
        main: format!("{exogenous} {}", names.join(" ")),
        reduced: names.iter().map(|n| (n.clone(), regressors.to_string())).collect(),
        instruments: regressors,
        without: Vec::new(),
        noted: Vec::new(),
    };
    let sample = texts.read(s, &Reading::likelihood(cmd, super::WEIGHTS))?;
    let linear = name == "eregress";
    let y = &sample.model.y;
    if !linear && y.iter().all(|v| (*v != 0.0) == (y[0] != 0.0)) {
        return Err(StataError::new(
            2000,
            "outcome does not vary; remember:\n0 = negative outcome,\nall other nonmissing values = positive outcome",
        ));
    }
    let one = |y: &f64| match linear {
        true => Outcome::Censored(Seen::Value(*y)),
        false => Outcome::Positive(*y != 0.0),
    };
    let seen: Vec<Outcome> = y.iter().map(one).collect();
    let ReducedForms { parameters, residuals } = sample.start()?;
    let fit = match (sample.endogenous.len(), linear) {
        (1, false) => maximise::<4>(s, cmd, &sample, &seen, &parameters, &residuals)?,
        (2, false) => maximise::<8>(s, cmd, &sample, &seen, &parameters, &residuals)?,
        (1, true) => maximise::<5>(s, cmd, &sample, &seen, &parameters, &residuals)?,
        (2, true) => maximise::<9>(s, cmd, &sample, &seen, &parameters, &residuals)?,
        _ => return Err(StataError::unsupported_option(name, "more than two endogenous regressors")),
    };
    post(s, cmd, &sample, fit, name);
    Ok(())
}

/// The fit on the scale that is shown: variances in place of logs of deviations, correlations in place of their `atanh`,
/// and variances before correlations.
fn shown(sample: &Sample, fit: &mut MlFit, linear: bool) {
    let p = sample.endogenous.len();
    let width =
        first(&sample.model, true, None).len() + sample.reduced.iter().map(Part::width).sum::<usize>();
    let pairs = p * (p + 1) / 2;
    let size = fit.b.len();
    let found: Vec<f64> = fit.b.clone();
    let mut scale = |at: usize, value: f64, derivative: f64| {
        let factor = |i: usize| if i == at { derivative } else { 1.0 };
        fit.v_model = Mat::from_fn(size, size, |i, j| factor(i) * fit.v_model[(i, j)] * factor(j));
        ml_command::rescale(&mut fit.b, &mut fit.v, at, value, derivative);
    };
    for (at, value) in found.iter().enumerate().skip(width) {
        if at < width + pairs {
            let rho = value.tanh();
            scale(at, rho, 1.0 - rho * rho);
        } else {
            let variance = (2.0 * value).exp();
            scale(at, variance, 2.0 * variance);
        }
    }
    // logs of deviations: the outcome's first where it has one
    debug_assert_eq!(size - width - pairs, p + usize::from(linear));
    let order: Vec<usize> = (0..width).chain(width + pairs..size).chain(width..width + pairs).collect();
    fit.b = order.iter().map(|i| fit.b[*i]).collect();
    fit.v = fit.v.select(&order, &order);
    fit.v_model = fit.v_model.select(&order, &order);
}

fn post(s: &mut Session, cmd: &ParsedCommand, sample: &Sample, mut fit: MlFit, name: &'static str) {
    let (model, linear) = (&sample.model, name == "eregress");
    shown(sample, &mut fit, linear);
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    for part in &sample.reduced {
        part.add_to(&mut layout);
    }
    let errors: Vec<String> = [&model.depvar]
        .into_iter()
        .chain(sample.reduced.iter().map(|p| &p.name))
        .map(|n| format!("e.{n}"))
        .collect();
    for error in errors.iter().skip(usize::from(!linear)) {
        layout.ancillary(&format!("var({error})"));
    }
    for i in 0..errors.len() {
        for j in i + 1..errors.len() {
            layout.ancillary(&format!("corr({},{})", errors[j], errors[i]));
        }
    }
    let parameters = layout.parameters(&fit.b, &fit.v);
    let tested = slopes_of(&[(first(model, true, None).len(), model.constant)]);
    let ancillary = parameters.stripe.iter().filter(|n| n.eq == "/").count();
    let posted = Posted {
        cmd: name,
        title: if linear { "Extended linear regression" } else { "Extended probit regression" },
        predict: if linear { "eregress_p" } else { "eprobit_p" },
        parameters: &parameters,
        fit: &fit,
        ll_0: None,
        tested: &tested,
        equations: (1 + sample.reduced.len() + ancillary) as f64,
    };
    let mut est = ml_command::begin(cmd, model, &posted);
    let endogenous: Vec<&str> = sample.reduced.iter().map(|p| p.name.as_str()).collect();
    est.results.text("endog_depvars", endogenous.join(" "));
    s.post_estimation(est, model.touse.clone());
}
