//! `metareg`: regression of the effects of studies on their moderators.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::ml_command::{Look, table};
use crate::estimation::model::{Model, Reading};
use crate::estimation::post::{self, Parameters, plain_stripe, stata};
use crate::format;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;
use estimators::distributions::{chi2_tail, f_tail};
use estimators::meta_analysis::{Between, Studies, knapp_hartung};
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("WSse"),
    OptSpec::flag("EForm"),
    OptSpec::flag("noCONStant"),
    OptSpec::flag("mm"),
    OptSpec::flag("reml"),
    OptSpec::flag("eb"),
    OptSpec::flag("Knapphartung"),
    OptSpec::flag("z"),
    OptSpec::real("Level"),
])
.unsupported(&["BSest", "Graph", "RAndomsize", "TAU2test", "PERMute", "LOG", "WSVar"])
.coefficient_table();

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "metareg",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "metareg depvar [indepvars] [if] [in], wsse(varname) [reml|mm|eb] [z] [noconstant] [eform] [level(#)]",
    notes: "variance between studies by REML, moments (mm) or empirical Bayes (eb); standard errors with the modification of Knapp and Hartung (2003) and t tests, or z tests with z; a factor of this modification below 1 is refused, because it is not known to be used as it is; I-squared_res is (Q - df)/Q of the regression without heterogeneity; stores e(N df_m df_r df_Q Q I2 tau2 tau2_0 q_KH F|chi2), e(b), e(V), e(method wsse); Harbord and Higgins (2008)",
    examples: &[Example {
        // Without moderators and with equal variances: the mean, and the variance between studies 8 of [META] meta summarize.
        run: "input es se\n0 1\n3 1\n6 1\nend\nmetareg es, wsse(se) mm z",
        expect: &[("e(tau2)", 8.0), ("_b[_cons]", 3.0), ("_se[_cons]^2", 3.0), ("e(Q)", 18.0)],
    }],
};

/// The estimator of the variance between studies and its name.
fn method(cmd: &ParsedCommand) -> Result<(Between, &'static str)> {
    let all = [
        ("reml", Between::Reml, "REML"),
        ("mm", Between::DerSimonianLaird, "Method of moments"),
        ("eb", Between::EmpiricalBayes, "Empirical Bayes"),
    ];
    let mut asked = all.iter().filter(|m| cmd.has(m.0));
    match (asked.next(), asked.next()) {
        (None, _) => Ok((Between::Reml, "REML")),
        (Some(m), None) => Ok((m.1, m.2)),
        _ => Err(StataError::invalid("only one of reml, mm and eb is allowed")),
    }
}

/// What a fit finds.
struct Fit {
    b: Vec<f64>,
    v: estimators::matrix::Mat,
    tau2: f64,
    tau2_0: Option<f64>,
    q: f64,
    df: f64,
    factor: Option<f64>,
}

fn fitted(model: &Model, v: &[f64], between: Between, plain: bool) -> Result<Fit> {
    let ones = model.constant.then(|| vec![1.0; v.len()]);
    let x: Vec<Vec<f64>> = model.columns().iter().map(|c| c.to_vec()).chain(ones).collect();
    if x.is_empty() {
        return Err(StataError::standard(102));
    }
    let (n, p) = (v.len(), x.len());
    if n <= p {
        return Err(StataError::insufficient_observations());
    }
    let failed = StataError::not_converged;
    let studies = Studies { y: &model.y, v, x };
    let find = |s: &Studies<'_>| s.between(between).filter(|(_, done)| *done).map(|f| f.0);
    let tau2 = find(&studies).ok_or_else(failed)?;
    let tau2_0 = match model.constant && p > 1 {
        true => Some(find(&Studies::plain(&model.y, v)).ok_or_else(failed)?),
        false => None,
    };
    let weights = studies.weights(tau2);
    let fit = studies.fit(&weights).ok_or_else(failed)?;
    let factor = match plain {
        true => None,
        false => Some(knapp_hartung(&studies, &weights).ok_or_else(failed)?),
    };
    if factor.is_some_and(|f| f < 1.0) {
        let what = "a Knapp-Hartung factor below 1; option z asks for standard errors without it:";
        return Err(StataError::unsupported_option("metareg", what));
    }
    let q = studies.fit(&studies.weights(0.0)).ok_or_else(failed)?.q;
    let covariance = fit.v.clone().scaled(factor.unwrap_or(1.0));
    Ok(Fit { b: fit.b, v: covariance, tau2, tau2_0, q, df: (n - p) as f64, factor })
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let wsse = cmd.options.text("wsse").ok_or_else(|| StataError::invalid("option wsse() required"))?.trim();
    let wsse = s.numeric_variable(wsse)?;
    if cmd.has("z") && cmd.has("knapphartung") {
        return Err(StataError::invalid("options knapphartung and z may not be combined"));
    }
    let (between, title) = method(cmd)?;
    let mut model = Reading { further: vec![wsse], weight_kinds: &[], ..Reading::new(cmd) }.model(s)?;
    drop_collinear(s, &mut model);
    let v: Vec<f64> = model.design.rows.iter().map(|&i| s.frame.num_at(wsse, i).powi(2)).collect();
    if model.design.rows.iter().any(|&i| s.frame.num_at(wsse, i) <= 0.0) {
        return Err(StataError::new(459, "all values of wsse() must be greater than zero"));
    }
    if v.is_empty() {
        return Err(StataError::no_observations());
    }
    let fit = fitted(&model, &v, between, cmd.has("z"))?;
    let parameters = Parameters::spread(plain_stripe(model.names()), &model.estimated(), &fit.b, &fit.v);
    let mut est = post::begin("metareg", &post::command_line(cmd), &parameters, &model);
    let slopes: Vec<usize> = (0..fit.b.len() - usize::from(model.constant)).collect();
    let df_m = slopes.len() as f64;
    let test = wald::test_zero(&fit.b, &fit.v, &slopes);
    let r = &mut est.results;
    r.scalar("N", v.len() as f64).scalar("df_m", df_m).scalar("tau2", fit.tau2);
    r.scalar("Q", fit.q).scalar("df_Q", fit.df).scalar("I2", stata(((fit.q - fit.df) / fit.q).max(0.0)));
    if let Some(alone) = fit.tau2_0 {
        r.scalar("tau2_0", alone);
    }
    match fit.factor {
        Some(factor) => {
            r.scalar("q_KH", factor).scalar("df_r", fit.df);
            r.scalar("F", if df_m > 0.0 { stata(test.chi2 / df_m) } else { MISSING });
        }
        None => {
            r.scalar("chi2", if df_m > 0.0 { stata(test.chi2) } else { MISSING });
        }
    }
    r.text("method", title).text("wsse", s.frame.var(wsse).name.clone()).text("properties", "b V");
    let touse = model.touse.clone();
    s.post_estimation(est, touse);
    header(s);
    let eform = cmd.has("eform").then_some("exp(b)");
    table(s, cmd, &Look { eform, ..Look::default() })
}

fn header(s: &mut Session) {
    let e = s.e.results.clone();
    let scalar = |name: &str| e.get_scalar(name);
    let line = |left: &str, name: &str, value: String| format!("{left:<54}{name:<15}= {value}");
    let wide = |f: &str, x: f64| format!("{:>7}", format::bare(f, x));
    let share = |x: f64| format!("{:>6}%", format::bare("%6.2f", 100.0 * x));
    let get = |name: &str| scalar(name).unwrap_or(MISSING);
    s.print("");
    s.print(line("Meta-regression", "Number of obs", wide("%7.0f", get("N"))));
    let title = format!("{} estimate of between-study variance", e.get_text("method").unwrap_or(""));
    s.print(line(&title, "tau2", wide("%8.4g", get("tau2"))));
    s.print(line("% residual variation due to heterogeneity", "I-squared_res", share(get("I2"))));
    if let Some(alone) = scalar("tau2_0") {
        let explained = if alone > 0.0 { share(1.0 - get("tau2") / alone) } else { format!("{:>7}", ".") };
        s.print(line("Proportion of between-study variance explained", "Adj R-squared", explained));
    }
    let df_m = get("df_m");
    let joint = df_m > 1.0;
    let (name, value, p) = match scalar("df_r") {
        Some(df) => (format!("Model F({df_m},{df})"), get("F"), ("Prob > F", f_tail(df_m, df, get("F")))),
        None => (format!("Model chi2({df_m})"), get("chi2"), ("Prob > chi2", chi2_tail(df_m, get("chi2")))),
    };
    if joint {
        s.print(line("Joint test for all covariates", &name, wide("%7.2f", value)));
    }
    let with = if scalar("q_KH").is_some() { "With" } else { "Without" };
    let with = format!("{with} Knapp-Hartung modification");
    if joint {
        s.print(line(&with, p.0, wide("%7.4f", stata(p.1))));
    } else {
        s.print(with);
    }
}
