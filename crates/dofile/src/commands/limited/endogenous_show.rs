//! Results and output of `ivprobit` and `ivtobit`.

use super::endogenous::Sample;
use super::parts::{Part, scalar, slopes_of, test_line, text};
use crate::estimation::derived::derived_row;
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood::label;
use crate::estimation::ml_command::{self, Layout, Posted};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::chi2_tail;
use estimators::ml::MlFit;
use estimators::wald;

/// Names of the parameters.
pub(super) fn layout(sample: &Sample, tobit: bool) -> Layout {
    let (model, p) = (&sample.model, sample.endogenous.len());
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    for part in &sample.reduced {
        part.add_to(&mut layout);
    }
    for i in 0..=p {
        for j in i + 1..=p {
            layout.ancillary(&format!("athrho{}_{}", j + 1, i + 1));
        }
    }
    for j in usize::from(!tobit)..=p {
        layout.ancillary(&format!("lnsigma{}", j + 1));
    }
    layout
}

/// Posts the maximum of a model.
pub(super) fn post_results(
    session: &mut Session,
    cmd: &ParsedCommand,
    sample: &Sample,
    fit: &MlFit,
    name: &'static str,
) {
    let model = &sample.model;
    let p = sample.endogenous.len();
    let tobit = name == "ivtobit";
    let layout = layout(sample, tobit);
    let parameters = layout.parameters(&fit.b, &fit.v);
    let width = super::parts::first(model, true, None).len();
    let tested = slopes_of(&[(width, model.constant)]);
    let title = if tobit {
        "Tobit model with endogenous regressors"
    } else {
        "Probit model with endogenous regressors"
    };
    let posted = Posted {
        cmd: name,
        title,
        predict: if tobit { "ivtobit_p" } else { "ivprobit_p" },
        parameters: &parameters,
        fit,
        ll_0: None,
        tested: &tested,
        equations: (1 + p) as f64,
    };
    let mut est = ml_command::begin(cmd, model, &posted);
    let first = width + sample.reduced.iter().map(Part::width).sum::<usize>();
    let exogenous: Vec<usize> = (first..first + p).collect();
    store_exogeneity(&mut est.results, sample, wald::test_zero(&fit.b, &fit.v, &exogenous).chi2);
    est.results.text("method", "ml");
    session.post_estimation(est, model.touse.clone());
}

/// Stores the Wald test of exogeneity and the names of the regressors.
pub(super) fn store_exogeneity(results: &mut Results, sample: &Sample, chi2: f64) {
    let df = sample.endogenous.len() as f64;
    results.scalar("chi2_exog", chi2).scalar("p_exog", chi2_tail(df, chi2)).scalar("df_exog", df);
    let endogenous: Vec<&str> = sample.reduced.iter().map(|p| p.name.as_str()).collect();
    results.text("instd", endogenous.join(" "));
    let exogenous =
        sample.model.names().into_iter().filter(|n| n != "_cons" && !endogenous.contains(&n.as_str()));
    let listed: Vec<String> = exogenous.chain([sample.instruments.clone()]).collect();
    results.text("insts", listed.join(" ").trim());
}

/// Prints the header of the active results.
pub(super) fn header(session: &mut Session) {
    let two_step = text(session, "method") == "twostep";
    let title = text(session, "title");
    let mut facts = vec![Fact::new("Number of obs", "%10.0fc", scalar(session, "N"))];
    if session.e.cmd() == "ivtobit" {
        for (name, stored) in [("Uncensored", "N_unc"), ("Left-censored", "N_lc"), ("Right-censored", "N_rc")]
        {
            facts.push(Fact::new(format!("{name:>17}"), "%10.0fc", scalar(session, stored)));
        }
    }
    facts.push(Fact::statistic("Wald chi2", &[scalar(session, "df_m")], scalar(session, "chi2")));
    facts.push(Fact::probability("Prob > chi2", scalar(session, "p")));
    let robust = session.e.results.get_text("vcetype") == Some("Robust");
    let mut left = vec![title];
    left.resize(facts.len() - 1, String::new());
    left.push(if two_step {
        String::new()
    } else {
        format!("{} = {}", label(robust), format::bare("%10.0g", scalar(session, "ll")))
    });
    session.print("");
    show(session, &left, &facts, 17, 10);
    session.print("");
}

/// Prints derived correlations and standard deviations, and the test of exogeneity.
pub(super) fn footer(session: &mut Session, level: f64) {
    let two_step = text(session, "method") == "twostep";
    if !two_step {
        let stripe = session.e.b().map(|b| b.col_names.clone()).unwrap_or_default();
        let depvar = text(session, "depvar");
        let endogenous: Vec<String> = text(session, "instd").split_whitespace().map(str::to_string).collect();
        let named = |number: usize| match number {
            1 => format!("e.{depvar}"),
            _ => format!("e.{}", endogenous.get(number - 2).cloned().unwrap_or_default()),
        };
        for (i, parameter) in stripe.iter().enumerate() {
            if let Some((a, b)) = parameter.name.strip_prefix("athrho").and_then(|n| n.split_once('_')) {
                let [a, b] = [a, b].map(|n| n.parse().unwrap_or(1));
                let label = format!("corr({},{})", named(a), named(b));
                derived_row(session, &label, i, level, f64::tanh, |x| 1.0 - x.tanh().powi(2));
            } else if let Some(number) = parameter.name.strip_prefix("lnsigma") {
                let label = format!("sd({})", named(number.parse().unwrap_or(1)));
                derived_row(session, &label, i, level, f64::exp, f64::exp);
            }
        }
        session.print("-".repeat(78));
    }
    let [df, chi2, p] = ["df_exog", "chi2_exog", "p_exog"].map(|n| scalar(session, n));
    let name = match df {
        1.0 if !two_step => "Wald test of exogeneity (corr = 0)",
        _ => "Wald test of exogeneity",
    };
    test_line(session, name, df, chi2, p);
}
