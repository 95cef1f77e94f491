//! What `glm` prints around its coefficients: the variance function and the link with their formulas, and how standard
//! errors were scaled ([R] glm, "Remarks and examples" and "Stored results").

use crate::estimation::header::{Fact, show};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::value::MISSING;
use estimators::ml_glm::{Family, GlmLink};

/// Formula and name of the variance function; `n` is the number of trials where there is more than one.
fn variance(family: Family, n: Option<&str>) -> (String, &'static str) {
    match (family, n) {
        (Family::Gaussian, _) => ("1".into(), "Gaussian"),
        (Family::InverseGaussian, _) => ("u^3".into(), "Inverse Gaussian"),
        (Family::Binomial, None) => ("u*(1-u)".into(), "Bernoulli"),
        (Family::Binomial, Some(n)) => (format!("u*(1-u/{n})"), "Binomial"),
        (Family::Poisson, _) => ("u".into(), "Poisson"),
        (Family::NegativeBinomial(k), _) => (format!("u+({})u^2", format::bare("%9.4g", k)), "Neg. Binomial"),
        (Family::Gamma, _) => ("u^2".into(), "Gamma"),
    }
}

/// Formula and name of the link.
fn link_function(link: GlmLink, n: Option<&str>) -> (String, String) {
    let one = n.unwrap_or("1");
    let share = n.map_or("u".to_string(), |n| format!("u/{n}"));
    let (formula, name) = match link {
        GlmLink::Identity => (share, "Identity".to_string()),
        GlmLink::Log => (format!("ln({share})"), "Log".into()),
        GlmLink::Logit => (format!("ln(u/({one}-u))"), "Logit".into()),
        GlmLink::Probit => (format!("invnorm({share})"), "Probit".into()),
        GlmLink::Cloglog => (format!("ln(-ln(1-{share}))"), "Complementary log-log".into()),
        GlmLink::Loglog => (format!("-ln(-ln({share}))"), "Log-log".into()),
        GlmLink::Logc => (format!("ln(1-{share})"), "Log complement".into()),
        GlmLink::Power(-1.0) => (format!("1/{share}"), "Reciprocal".into()),
        GlmLink::Power(p) if p < 0.0 => (format!("1/({share}^{})", -p), format!("Power({p})")),
        GlmLink::Power(p) => (format!("{share}^{p}"), format!("Power({p})")),
    };
    (formula, name)
}

/// Stores `e(varfunct)`, `e(varfuncf)`, `e(linkt)` and `e(linkf)`.
pub(super) fn functions(results: &mut Results, family: Family, link: GlmLink, trials: Option<&str>) {
    let n = trials.filter(|_| matches!(family, Family::Binomial));
    let (formula, name) = variance(family, n);
    results.text("varfunct", name).text("varfuncf", formula);
    let (formula, name) = link_function(link, n);
    results.text("linkt", name).text("linkf", formula);
}

/// Dispersion as the header shows it: that of a discrete family is one, whatever scales the standard errors.
fn dispersion(session: &Session) -> f64 {
    let e = &session.e.results;
    let discrete = ["Bernoulli", "Binomial", "Poisson", "Neg. Binomial"];
    if e.get_text("varfunct").is_some_and(|f| discrete.contains(&f)) {
        1.0
    } else {
        e.get_scalar("phi").unwrap_or(MISSING)
    }
}

pub(super) fn header(session: &mut Session) {
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let fact = |label: &str, fmt: &str, value: f64| Fact::new(label, fmt, value);
    let scoring = text("opt") == "irls";
    let left = [
        "Generalized linear models".to_string(),
        format!("Optimization     : {}", if scoring { "MQL Fisher scoring" } else { "ML" }),
        if scoring { "                   (IRLS EIM)".to_string() } else { String::new() },
        format!("Deviance         = {:>12}", format::bare("%12.0g", scalar("deviance"))),
        format!("Pearson          = {:>12}", format::bare("%12.0g", scalar("deviance_p"))),
        String::new(),
        format!("Variance function: V(u) = {:<24}[{}]", text("varfuncf"), text("varfunct")),
        format!("Link function    : g(u) = {:<24}[{}]", text("linkf"), text("linkt")),
        String::new(),
        String::new(),
        if scoring {
            String::new()
        } else {
            format!(
                "{:<17}= {:>12}",
                if e.get_text("vcetype") == Some("Robust") { "Log pseudolik." } else { "Log likelihood" },
                format::bare("%12.0g", scalar("ll"))
            )
        },
    ];
    let facts = [
        fact("Number of obs", "%10.0fc", scalar("N")),
        fact("Residual df", "%10.0fc", scalar("df")),
        fact("Scale parameter", "%9.0g", dispersion(session)),
        fact("(1/df) Deviance", "%9.0g", scalar("dispers")),
        fact("(1/df) Pearson", "%9.0g", scalar("dispers_p")),
    ];
    let last = [fact("AIC", "%9.0g", scalar("aic")), fact("BIC", "%9.0g", scalar("bic"))];
    let criteria = if scoring { 1 } else { 0 };
    session.print("");
    show(session, &left[..5], &facts, 15, 10);
    left[5..9].iter().for_each(|l| session.print(l));
    show(session, &left[9 + criteria..], &last[criteria..], 15, 10);
    session.print("");
}

/// How `scale()` scaled the standard errors.
pub(super) fn footer(session: &mut Session) {
    let Some(scale) = session.e.results.get_text("scale").map(str::to_string) else { return };
    session.print(match scale.as_str() {
        "x2" => "(Standard errors scaled using square root of Pearson X2-based dispersion.)".to_string(),
        "dev" => "(Standard errors scaled using square root of deviance-based dispersion.)".to_string(),
        number => format!("(Standard errors scaled using dispersion equal to square root of {number}.)"),
    });
}
