//! `frontier`: production and cost frontiers with one-sided inefficiency.
//!
//! Stores in `e()`: N df_m ll ll_c chi2 chi2_c p p_z z sigma_u sigma_v, with tnormal also sigma2 gamma mu; rank converged,
//! b, V, cmd depvar dist function het. Formulas: [R] frontier; Aigner, Lovell and Schmidt (1977); Stevenson (1980).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::WEIGHTS;
use super::parts::{Listed, Part, first, scalar, single, text};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::derived::derived_row;
use crate::estimation::display::{fit_error, level};
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{Model, Reading};
use crate::format;
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::{chi2_tail, normal};
use estimators::jet::{Formula, Jet};
use estimators::ml::{Equation, MlFit};
use estimators::ml_frontier::{Inefficiency, truncated, two_variances};
use estimators::ols::{self, OlsFit, Request};
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::text("Distribution"),
    OptSpec::flag("COST"),
    OptSpec::text("UHet"),
    OptSpec::text("VHet"),
    OptSpec::text("CM"),
])
.weights(WEIGHTS)
.maximised();

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "frontier",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "frontier depvar [indepvars] [if] [in] [weight] [, distribution(hnormal|exponential|tnormal) cost uhet(varlist [, noconstant]) vhet(varlist [, noconstant]) cm(varlist [, noconstant]) noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "uhet() and vhet() with hnormal and exponential, cm() with tnormal; stores e(N df_m ll ll_c chi2 chi2_c p z p_z sigma_u sigma_v), e(b) with /lnsig2v /lnsig2u (tnormal: /lnsigma2 /lgtgamma /mu), e(V), r(table); predict: xb, u, m, te; formulas: [R] frontier",
    examples: &[Example {
        run: "set obs 200\ngen x = mod(_n*7, 11)\ngen y = 1 + x/2 + invnormal((mod(_n*37, 200)+.5)/200)/2 - 2*abs(invnormal((mod(_n*61, 200)+.5)/200))\nfrontier y x",
        expect: &[("e(sigma_u)^2 - exp(_b[/lnsig2u])", 0.0), ("e(N)", 200.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let shown = level(session, cmd)?;
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "frontier",
            estimate: &|session| estimate(session, cmd),
            header: &header,
            look: &|_| Look { equations: true, ..Look::default() },
            footer: &|session| footer(session, shown),
        },
    )
}

fn distribution(cmd: &ParsedCommand) -> Result<(Inefficiency, &'static str)> {
    let asked = cmd.options.text("distribution").map_or("hnormal", str::trim);
    let is = |full: &str| !asked.is_empty() && full.starts_with(asked);
    if is("hnormal") {
        Ok((Inefficiency::HalfNormal, "hnormal"))
    } else if is("exponential") {
        Ok((Inefficiency::Exponential, "exponential"))
    } else if is("tnormal") {
        Ok((Inefficiency::Truncated, "tnormal"))
    } else {
        Err(StataError::invalid(format!("distribution({asked}) invalid")))
    }
}

/// The sample with the equations of variances and of the mean.
struct Sample {
    model: Model,
    /// `lnsig2v` and `lnsig2u`, or `mu`, where they have regressors.
    parts: Vec<Option<Part>>,
}

fn read(session: &mut Session, cmd: &ParsedCommand, kind: Inefficiency) -> Result<Sample> {
    let truncated = kind == Inefficiency::Truncated;
    for (option, allowed) in [("uhet", !truncated), ("vhet", !truncated), ("cm", truncated)] {
        if cmd.has(option) && !allowed {
            return Err(StataError::invalid(format!("{option}() does not go with this distribution()")));
        }
    }
    let options: &[(&str, &str)] =
        if truncated { &[("cm", "mu")] } else { &[("vhet", "lnsig2v"), ("uhet", "lnsig2u")] };
    let mut listed = Vec::new();
    let mut further = Vec::new();
    for (option, _) in options {
        let found = cmd.options.text(option).map(|t| Listed::parse(session, "frontier", t)).transpose()?;
        if let Some(found) = &found {
            if found.offset.is_some() {
                return Err(StataError::option_not_allowed("offset()"));
            }
            for variable in found.list.variables() {
                further.push(session.variable(&variable)?);
            }
        }
        listed.push(found);
    }
    let mut model = Reading { further, ..Reading::likelihood(cmd, WEIGHTS) }.model(session)?.enough()?;
    drop_collinear(session, &mut model);
    let mut parts = Vec::new();
    for (found, (_, name)) in listed.iter().zip(options) {
        parts.push(found.as_ref().map(|l| l.part(session, name, &model.touse)).transpose()?);
    }
    Ok(Sample { model, parts })
}

/// Least squares: its skewness tells whether there is inefficiency, its moments give the start.
struct Plain {
    fit: OlsFit,
    second: f64,
    third: f64,
}

fn plain(model: &Model) -> Result<Plain> {
    let columns = model.columns();
    let request = Request {
        constant: model.constant,
        weights: model.weights.as_ref(),
        ..Request::new(&model.y, &columns)
    };
    let fit = ols::fit(&request).map_err(fit_error)?;
    let n = fit.residuals.len() as f64;
    let moment = |p: i32| fit.residuals.iter().map(|e| e.powi(p)).sum::<f64>() / n;
    let (second, third) = (moment(2), moment(3));
    Ok(Plain { fit, second, third })
}

impl Plain {
    /// Standard deviations of `v` and `u` by moments, and the mean of `u` (Olson, Schmidt and Waldman 1980).
    fn scales(&self, kind: Inefficiency, sign: f64) -> (f64, f64, f64) {
        let skew = (-sign * self.third).max(1e-3 * self.second.powf(1.5));
        let pi = std::f64::consts::PI;
        let (u, share, mean) = match kind {
            Inefficiency::Exponential => ((skew / 2.0).cbrt(), 1.0, 1.0),
            _ => {
                let u = (skew / ((2.0 / pi).sqrt() * (4.0 / pi - 1.0))).cbrt();
                (u, 1.0 - 2.0 / pi, (2.0 / pi).sqrt())
            }
        };
        let v2 = (self.second - share * u * u).max(0.1 * self.second);
        (v2.sqrt(), u, mean * u)
    }
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (kind, dist) = distribution(cmd)?;
    let sign = if cmd.has("cost") { -1.0 } else { 1.0 };
    let sample = read(session, cmd, kind)?;
    let model = &sample.model;
    let plain = plain(model)?;
    let (v, u, mean) = plain.scales(kind, sign);
    let main = first(model, true, None);
    let width = main.len();
    let mut from = plain.fit.b.clone();
    if model.constant {
        from[width - 1] += sign * mean;
    }
    let part = |i: usize| sample.parts.get(i).and_then(Option::as_ref);
    let equation = |i: usize| part(i).map_or(single(), Part::equation);
    // a value for the constant of an equation, zero for its slopes
    let fill = |from: &mut Vec<f64>, i: usize, value: f64| {
        let equation = equation(i);
        from.extend(vec![0.0; equation.columns.len()]);
        from.extend(equation.constant.then_some(value));
    };
    let y = &model.y;
    let layout = layout(&sample, kind);
    let fit = if kind == Inefficiency::Truncated {
        let gamma = u * u / (u * u + v * v);
        from.extend([(u * u + v * v).ln(), (gamma / (1.0 - gamma)).ln()]);
        fill(&mut from, 0, 0.0);
        let formula = Formula::<4, _>(|row: usize, [xb, s, g, mu]: [Jet<4>; 4]| {
            truncated(sign, -xb + y[row], s, g, mu)
        });
        let equations = vec![main, single(), single(), equation(0)];
        likelihood::maximise(session, &cmd.options, model, &formula, equations, &from, &layout)?
    } else {
        fill(&mut from, 0, 2.0 * v.ln());
        fill(&mut from, 1, 2.0 * u.ln());
        let formula = Formula::<3, _>(|row: usize, [xb, v, u]: [Jet<3>; 3]| {
            two_variances(kind, sign, -xb + y[row], v, u)
        });
        let equations: Vec<Equation<'_>> = vec![main, equation(0), equation(1)];
        likelihood::maximise(session, &cmd.options, model, &formula, equations, &from, &layout)?
    };
    post(session, cmd, &sample, &fit, (kind, dist));
    let results = &mut session.e.results;
    results.text("function", if sign > 0.0 { "production" } else { "cost" });
    // The test of no inefficiency: the skewness of least squares (Coelli 1995), and the likelihood ratio.
    let n = y.len() as f64;
    let z = plain.third / (6.0 * plain.second.powi(3) / n).sqrt();
    results.scalar("z", z).scalar("p_z", if sign > 0.0 { normal(z) } else { normal(-z) });
    // least squares are fitted without the constraints
    if fit.constrained.is_none() {
        results.scalar("ll_c", plain.fit.ll).scalar("chi2_c", (2.0 * (fit.ll - plain.fit.ll)).max(0.0));
    }
    Ok(())
}

/// Names of the parameters.
fn layout(sample: &Sample, kind: Inefficiency) -> Layout {
    let model = &sample.model;
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    let mut add = |part: Option<&Part>, name: &str| {
        match part {
            Some(part) => layout.equation(name, part.side.names(), &part.side.estimated()),
            None => layout.ancillary(name),
        };
    };
    let part = |i: usize| sample.parts.get(i).and_then(Option::as_ref);
    if kind == Inefficiency::Truncated {
        add(None, "lnsigma2");
        add(None, "lgtgamma");
        add(part(0), "mu");
    } else {
        add(part(0), "lnsig2v");
        add(part(1), "lnsig2u");
    }
    layout
}

fn post(
    session: &mut Session,
    cmd: &ParsedCommand,
    sample: &Sample,
    fit: &MlFit,
    (kind, dist): (Inefficiency, &'static str),
) {
    let model = &sample.model;
    let layout = layout(sample, kind);
    let parameters = layout.parameters(&fit.b, &fit.v);
    let slopes: Vec<usize> = (0..model.columns().len()).collect();
    let title = match kind {
        Inefficiency::HalfNormal => "Stoc. frontier normal/half-normal model",
        Inefficiency::Exponential => "Stoc. frontier normal/exponential model",
        Inefficiency::Truncated => "Stoc. frontier normal/truncated-normal model",
    };
    let posted = Posted {
        cmd: "frontier",
        title,
        predict: "fron_p",
        parameters: &parameters,
        fit,
        ll_0: None,
        tested: &slopes,
        equations: if kind == Inefficiency::Truncated { 4.0 } else { 3.0 },
    };
    let mut est = ml_command::begin(cmd, model, &posted);
    let results = &mut est.results;
    results.text("dist", dist);
    let heterogeneous: Vec<&str> = sample.parts.iter().flatten().map(|p| p.name.as_str()).collect();
    if !heterogeneous.is_empty() {
        results.text("het", heterogeneous.join(" "));
    }
    let at = first(model, true, None).len();
    if kind == Inefficiency::Truncated {
        let (s2, gamma) = (fit.b[at].exp(), 1.0 / (1.0 + (-fit.b[at + 1]).exp()));
        results.scalar("sigma2", s2).scalar("gamma", gamma);
        results.scalar("sigma_u", (s2 * gamma).sqrt()).scalar("sigma_v", (s2 * (1.0 - gamma)).sqrt());
    } else if heterogeneous.is_empty() {
        results.scalar("sigma_v", (0.5 * fit.b[at]).exp()).scalar("sigma_u", (0.5 * fit.b[at + 1]).exp());
    }
    session.post_estimation(est, model.touse.clone());
}

fn header(session: &mut Session) {
    let facts = [
        Fact::observations(scalar(session, "N")),
        Fact::statistic("Wald chi2", &[scalar(session, "df_m")], scalar(session, "chi2")),
        Fact::probability("Prob > chi2", scalar(session, "p")),
    ];
    let ll = likelihood::ll_line(session);
    session.print("");
    show(session, &[text(session, "title"), String::new(), ll], &facts, 13, 10);
    session.print("");
}

fn footer(session: &mut Session, level: f64) {
    let tnormal = text(session, "dist") == "tnormal";
    let place = |session: &Session, name: &str| {
        session.e.b().and_then(|b| b.col_names.iter().position(|s| s.eq == "/" && s.name == name))
    };
    let root = |x: f64| (0.5 * x).exp();
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    if tnormal {
        if let (Some(s), Some(g)) = (place(session, "lnsigma2"), place(session, "lgtgamma")) {
            derived_row(session, "sigma2", s, level, f64::exp, f64::exp);
            derived_row(session, "gamma", g, level, logistic, |x| logistic(x) * logistic(-x));
        }
    } else if let (Some(v), Some(u)) = (place(session, "lnsig2v"), place(session, "lnsig2u")) {
        derived_row(session, "sigma_v", v, level, root, |x| 0.5 * root(x));
        derived_row(session, "sigma_u", u, level, root, |x| 0.5 * root(x));
        two_scales(session, (v, u), level);
    }
    session.print("-".repeat(78));
    let chi2 = scalar(session, "chi2_c");
    if session.e.results.get_text("vcetype").is_none() && session.e.results.get_text("het").is_none() {
        if tnormal {
            let z = scalar(session, "z");
            let p = scalar(session, "p_z");
            let left =
                format!("H0: No inefficiency component: z = {}", format::bare("%9.3f", z).trim_start());
            let right = format!("Prob <= z = {}", format::bare("%5.3f", p));
            session.print(format!("{left}{right:>width$}", width = 78usize.saturating_sub(left.len())));
        } else {
            let p = chi2_tail(1.0, chi2) / if chi2 > 0.0 { 2.0 } else { 1.0 };
            let left = format!("LR test of sigma_u=0: chibar2(01) = {}", format::bare("%5.2f", chi2));
            let right = format!("Prob >= chibar2 = {}", format::bare("%5.3f", p));
            session.print(format!("{left}{right:>width$}", width = 78usize.saturating_sub(left.len())));
        }
    }
}

/// `sigma2 = sigma_v^2 + sigma_u^2` and `lambda = sigma_u/sigma_v` with their standard errors by the delta method.
fn two_scales(session: &mut Session, (v, u): (usize, usize), level: f64) {
    let (Some(b), Some(cov)) = (session.e.b().cloned(), session.e.v().cloned()) else { return };
    let (v2, u2) = (b.values()[v].exp(), b.values()[u].exp());
    let lambda = (u2 / v2).sqrt();
    let critical = wald::critical(level, None);
    for (name, value, slopes) in
        [("sigma2", v2 + u2, (v2, u2)), ("lambda", lambda, (-0.5 * lambda, 0.5 * lambda))]
    {
        let variance = slopes.0 * slopes.0 * cov.get(v, v)
            + 2.0 * slopes.0 * slopes.1 * cov.get(v, u)
            + slopes.1 * slopes.1 * cov.get(u, u);
        let se = variance.max(0.0).sqrt();
        let cell = |x: f64| format::number("%9.0g", x);
        session.print(format!(
            "{name:>12} |  {}  {} {:>8}   {:>5}    {}   {}",
            cell(value),
            cell(se),
            "",
            "",
            cell(value - critical * se),
            cell(value + critical * se)
        ));
    }
}
