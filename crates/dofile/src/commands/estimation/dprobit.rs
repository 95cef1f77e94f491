//! `dprobit`: probit regression that reports marginal effects at the means ([R] probit of release 10).

use super::mfx::in_sample;
use crate::commands::{ByRule, CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::run::{quietly, with_notes};
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options, abbreviates, split_options};
use crate::syntax::split::{ParsedCommand, front_and_options};
use crate::value::MISSING;
use estimators::distributions::{normal, normal_two_sided};
use estimators::wald;

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    by: ByRule::EachGroup,
    notes: "probit, then the effects of mfx; z and p-values are those of the coefficients; adds e(pbar) e(xbar) and the matrices e(dfdx) e(se_dfdx) to the results of probit; factor variables and at() are refused; [R] probit",
    examples: &[Example {
        run: "set obs 40\ngenerate x = mod(_n, 7)\ngenerate y = mod(_n * 7, 11) + x > 8\ndprobit y x\nsummarize x\nscalar i = _b[_cons] + _b[x] * r(mean)\nmatrix f = e(dfdx)",
        expect: &[("reldif(f[1,1], normalden(i) * _b[x]) < 1e-9", 1.0), ("reldif(e(xbar), i) < 1e-9", 1.0)],
    }],
    ..CommandSpec::raw(
        "dprobit",
        7,
        run,
        "dprobit depvar indepvars [if] [in] [weight] [, classic level(#) options of probit]",
    )
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (body, text) = front_and_options(&cmd.raw);
    if body.is_empty() {
        return Err(StataError::unsupported_option("dprobit", "replay"));
    }
    let (mut passed, mut own, mut classic) = (String::new(), String::new(), false);
    for (name, argument) in split_options(text)? {
        let typed = argument.as_ref().map_or_else(|| name.clone(), |a| format!("{name}({a})"));
        match argument {
            None if abbreviates(&name, "Classic") => classic = true,
            Some(_) if abbreviates(&name, "Level") => own.push_str(&format!("{typed} ")),
            Some(_) if name == "at" => return Err(StataError::unsupported_option("dprobit", "at()")),
            _ => passed.push_str(&format!("{typed} ")),
        }
    }
    let options = Options::parse("dprobit", &own, &[OptSpec::real("Level")], &[])?;
    with_notes(s, &format!("probit {body}, {passed}"))?;
    let fitted = s.e.clone();
    let effects = effects(s, classic);
    s.e = fitted;
    let (effects, labels) = effects?;
    let level = match options.real("level") {
        Some(own) => own,
        None => level(s, cmd)?,
    };
    show(s, &effects, &labels, level)?;
    let row = |f: &dyn Fn(&Effect) -> f64| {
        let stripe = effects.iter().map(|e| Stripe::term(e.name.clone())).collect();
        Matrix::row_vector(effects.iter().map(f).collect(), stripe)
    };
    s.e.results.scalar("pbar", labels.observed).scalar("xbar", labels.score);
    s.e.results.matrix("dfdx", row(&|e| e.effect)).matrix("se_dfdx", row(&|e| e.se));
    Ok(())
}

struct Effect {
    name: String,
    effect: f64,
    se: f64,
    at: f64,
    discrete: bool,
}

/// Shares and the index at the means.
struct Shares {
    observed: f64,
    score: f64,
}

/// The effects of `mfx`, the observed share and the index at the means.
fn effects(s: &mut Session, classic: bool) -> Result<(Vec<Effect>, Shares)> {
    quietly(s, if classic { "mfx, nodiscrete" } else { "mfx" })?;
    let e = &s.e.results;
    let get = |name: &str| {
        let found = e.matrices.get(name);
        found.map(|m| m.values().to_vec()).ok_or_else(|| StataError::new(498, "mfx gave no results"))
    };
    let (dydx, se, at) = (get("Xmfx_dydx")?, get("Xmfx_se_dydx")?, get("Xmfx_X")?);
    let names = e.get_text("Xmfx_variables").unwrap_or("").split_whitespace();
    let discrete: Vec<bool> =
        e.get_text("Xmfx_discrete").unwrap_or("").split_whitespace().map(|d| d == "1").collect();
    let effects: Vec<Effect> = names
        .enumerate()
        .map(|(k, name)| Effect {
            name: name.to_string(),
            effect: dydx[k],
            se: se[k],
            at: at[k],
            discrete: discrete[k],
        })
        .collect();
    let b = s.e.b().ok_or_else(StataError::no_estimates)?;
    let score = b.col_names.iter().zip(b.values()).map(|(stripe, b)| {
        let mean = effects.iter().find(|e| e.name == stripe.name).map(|e| e.at);
        b * mean.unwrap_or(f64::from(u8::from(stripe.name == "_cons")))
    });
    let score = score.sum();
    let depvar = s.e.results.get_text("depvar").unwrap_or("").to_string();
    let outcomes = in_sample(s, &depvar)?;
    let total: f64 = outcomes.iter().map(|(_, w)| w).sum();
    let observed = outcomes.iter().filter(|(y, _)| *y != 0.0).map(|(_, w)| w).sum::<f64>() / total;
    Ok((effects, Shares { observed, score }))
}

fn show(s: &mut Session, effects: &[Effect], shares: &Shares, level: f64) -> Result<()> {
    let e = &s.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let kind = e.get_text("chi2type").unwrap_or("LR").to_string();
    let robust = e.get_text("vcetype").unwrap_or("") == "Robust";
    let facts = [
        ("Number of obs".to_string(), format::bare("%7.0gc", scalar("N"))),
        (format!("{kind} chi2({})", scalar("df_m")), format::bare("%7.2f", scalar("chi2"))),
        ("Prob > chi2".to_string(), format::bare("%7.4f", scalar("p"))),
        ("Pseudo R2".to_string(), format::bare("%7.4f", scalar("r2_p"))),
    ];
    let title = "Probit regression, reporting marginal effects".to_string();
    let likelihood = if robust { "Log pseudolikelihood" } else { "Log likelihood" };
    let left = [
        title,
        String::new(),
        String::new(),
        format!("{likelihood} = {}", format::bare("%9.0g", scalar("ll"))),
    ];
    s.print("");
    for (text, (label, value)) in left.into_iter().zip(facts) {
        s.print(format!("{text:<55}{label:<13} = {value:>7}"));
    }
    s.print("");
    let rule = "-".repeat(78);
    let inner = format!("{}+{}", "-".repeat(9), "-".repeat(68));
    s.print(&rule);
    let (depvar, error) = (e_text(s, "depvar"), if robust { "Robust" } else { "" });
    if robust {
        s.print(format!("{:>8} |{:>11}{error:>11}", "", ""));
    }
    s.print(format!(
        "{:>8} |      dF/dx   Std. err.      z    P>|z|     x-bar  [{:>7}% C.I.   ]",
        format::abbrev(&depvar, 8),
        format::bare("%5.0g", level)
    ));
    s.print(&inner);
    let (b, v) = s.e.b_and_v()?;
    let reach = wald::critical(level, None);
    for effect in effects {
        let Some(i) = b.col_names.iter().position(|c| c.name == effect.name) else { continue };
        let z = b.get(0, i) / v.get(i, i).sqrt();
        let mark = if effect.discrete { "*" } else { " " };
        s.print(format!(
            "{:>8}{mark}|  {:>9}   {:>9} {:>8} {:>7} {:>9} {:>9} {:>9}",
            format::abbrev(&effect.name, 8),
            format::bare("%9.0g", effect.effect).trim(),
            format::bare("%9.0g", effect.se).trim(),
            format::bare("%8.2f", z).trim(),
            format::bare("%5.3f", normal_two_sided(z)),
            format::bare("%8.0g", effect.at).trim(),
            format::bare("%8.0g", effect.effect - reach * effect.se).trim(),
            format::bare("%8.0g", effect.effect + reach * effect.se).trim(),
        ));
    }
    s.print(&inner);
    for (label, x, tail) in
        [("obs. P", shares.observed, ""), ("pred. P", normal(shares.score), "  (at x-bar)")]
    {
        s.print(format!("{label:>8} |  {:>9}{tail}", format::bare("%9.0g", x).trim()));
    }
    s.print(&rule);
    if effects.iter().any(|e| e.discrete) {
        s.print("(*) dF/dx is for discrete change of dummy variable from 0 to 1");
    }
    s.print("    z and P>|z| correspond to the test of the underlying coefficient being 0");
    Ok(())
}

fn e_text(s: &Session, name: &str) -> String {
    s.e.results.get_text(name).unwrap_or("").to_string()
}
