//! Predictions after models with an endogenous treatment ([CAUSAL] etregress postestimation, [CAUSAL] etpoisson
//! postestimation), and of counts with endogenous selection ([R] heckpoisson postestimation).

use crate::error::Result;
use crate::estimation::response::Response;
use crate::estimation::response_models::Models;
use estimators::jet::Jet;

/// The variable of the treatment.
fn treatment(model: &Models<'_>) -> String {
    model.session.e.results.get_text("treatment").unwrap_or_default().to_string()
}

/// Predictions of a linear outcome: means given the treatment, in which the error of the outcome has the mean
/// `rho sigma phi(zg)/Phi(zg)` with treatment and `-rho sigma phi(zg)/(1 - Phi(zg))` without, and their difference at the
/// treatment that a row has.
pub(super) fn linear(model: &Models<'_>) -> Result<Response> {
    let name = treatment(model);
    let two_step = model.session.e.results.get_text("method") == Some("twostep");
    let (outcome, chosen) = (model.positions(0), model.positions(1));
    let (third, fourth) = match two_step {
        true => (model.ancillary("lambda"), Vec::new()),
        false => (model.ancillary("athrho"), model.ancillary("lnsigma")),
    };
    let lambda = move |r: Jet<4>, s: Jet<4>| if two_step { r } else { r.tanh() * s.exp() };
    let given = |label: &str, value: i64, sign: f64| {
        let indices = [outcome.clone(), chosen.clone(), third.clone(), fourth.clone()];
        let formula = move |[x, z, r, s]: [Jet<4>; 4]| {
            let index = z * sign;
            x + lambda(r, s) * (index.ln_density() - index.ln_normal()).exp() * sign
        };
        Ok(Response::formula(label, model.asked, indices, formula).holding(0, &name, value))
    };
    match model.asked {
        "yctrt" => given(&format!("E({}|{name}=1)", model.depvar()), 1, 1.0),
        "ycntrt" => given(&format!("E({}|{name}=0)", model.depvar()), 0, -1.0),
        "ptrt" => {
            let label = format!("Pr({name}=1)");
            Ok(Response::formula::<1>(&label, model.asked, [chosen], |[z]| z.normal()))
        }
        "xbtrt" => {
            let label = format!("Linear prediction of {name}");
            Ok(Response::formula::<1>(&label, model.asked, [chosen], |[z]| z))
        }
        "cte" => {
            let indices = [outcome.clone(), outcome.clone()];
            let made =
                Response::formula("Conditional treatment effect", model.asked, indices, |[a, b]| a - b);
            Ok(made.holding(0, &name, 1).holding(1, &name, 0))
        }
        _ => model.linear(),
    }
}

/// Predictions of a count: potential-outcome means have the mean of the log-normal error in them; given the treatment of the
/// row its mean is `exp(sigma^2/2) Phi(zg + rho sigma)/Phi(zg)`, and without treatment that of the other tail.
pub(super) fn count(model: &Models<'_>) -> Result<Response> {
    let name = treatment(model);
    let (outcome, chosen) = (model.positions(0), model.positions(1));
    let (athrho, scale) = (model.ancillary("athrho"), model.ancillary("lnsigma"));
    let scaled = |x: Jet<6>, s: Jet<6>| (x + (s * 2.0).exp() * 0.5).exp();
    let share = |z: Jet<6>, r: Jet<6>, s: Jet<6>, t: Jet<6>| {
        let sign = if t.v == 0.0 { -1.0 } else { 1.0 };
        let moved = z + r.tanh() * s.exp();
        ((moved * sign).ln_normal() - (z * sign).ln_normal()).exp()
    };
    match model.asked {
        "" | "pomean" => {
            let label = "Potential-outcome mean";
            Ok(Response::formula(label, model.asked, [outcome, scale], |[x, s]: [Jet<2>; 2]| {
                (x + (s * 2.0).exp() * 0.5).exp()
            }))
        }
        "xbtreat" => {
            let label = "Linear prediction of treatment";
            Ok(Response::formula::<1>(label, model.asked, [chosen], |[z]| z))
        }
        "omean" => {
            let indices = [outcome, Vec::new(), chosen, athrho, scale, Vec::new()];
            let formula = move |[x, _, z, r, s, t]: [Jet<6>; 6]| scaled(x, s) * share(z, r, s, t);
            let label = "Conditional mean";
            Ok(Response::formula(label, model.asked, indices, formula).carrying(5, &name))
        }
        "cte" => {
            let indices = [outcome.clone(), outcome, chosen, athrho, scale, Vec::new()];
            let formula =
                move |[a, b, z, r, s, t]: [Jet<6>; 6]| (scaled(a, s) - scaled(b, s)) * share(z, r, s, t);
            let made = Response::formula("Conditional treatment effect", model.asked, indices, formula);
            Ok(made.holding(0, &name, 1).holding(1, &name, 0).carrying(5, &name))
        }
        "xb" => model.linear(),
        _ => Err(model.refuse()),
    }
}

/// Predictions of a count with endogenous selection: its mean has the mean of the log-normal error in it; given selection it is
/// multiplied by `Phi(zg + rho sigma)/Phi(zg)`.
pub(super) fn selected_count(model: &Models<'_>) -> Result<Response> {
    // predictions of the selection do not need the regressors of the count
    let selection = matches!(model.asked, "psel" | "xbsel");
    let outcome = if selection { Vec::new() } else { model.positions(0) };
    let chosen = if model.asked == "ncond" || selection { model.positions(1) } else { Vec::new() };
    let indices = [outcome, chosen, model.ancillary("athrho"), model.ancillary("lnsigma")];
    let mean = |x: Jet<4>, s: Jet<4>| (x + (s * 2.0).exp() * 0.5).exp();
    let made = |label: &str, formula: fn([Jet<4>; 4]) -> Jet<4>| {
        Ok(Response::formula(label, model.asked, indices.clone(), formula))
    };
    match model.asked {
        "" | "n" | "ir" => {
            let label =
                if model.asked == "ir" { "Predicted incidence rate" } else { "Predicted number of events" };
            Ok(Response::formula(label, model.asked, indices, move |[x, _, _, s]| mean(x, s)))
        }
        "ncond" => Ok(Response::formula(
            "Predicted number of events conditional on selection",
            model.asked,
            indices,
            move |[x, z, r, s]: [Jet<4>; 4]| {
                mean(x, s) * ((z + r.tanh() * s.exp()).ln_normal() - z.ln_normal()).exp()
            },
        )),
        "psel" => made("Pr(selected)", |[_, z, _, _]| z.normal()),
        "xbsel" => made("Linear prediction of selection", |[_, z, _, _]| z),
        "xb" => model.linear(),
        _ => Err(model.refuse()),
    }
}
