//! `power oneslope`, `power rsquared` and `power pcorr`: the t test of a slope and the F tests of a coefficient of
//! determination and of a partial correlation ([PSS-2] power oneslope, power rsquared, power pcorr).

use super::numbers;
use super::power_request::{answer, levels, parsed};
use super::power_show::{begun, study_and_answer};
use super::power_text::{four, sign, whole};
use crate::error::{Result, StataError};
use crate::expr::functions::noncentral::nf;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::{f_inverse_tail, t_inverse_tail};
use estimators::noncentral::t_probability;

const SLOPE: &[OptSpec] = &[
    OptSpec::real("n"),
    OptSpec::real("Power"),
    OptSpec::real("Beta"),
    OptSpec::real("Alpha"),
    OptSpec::flag("ONESIDed"),
    OptSpec::real("DIFF"),
    OptSpec::real("sdx"),
    OptSpec::real("sdy"),
    OptSpec::real("SDERRor"),
    OptSpec::real("corr"),
];

const PARTIAL: &[OptSpec] = &[
    OptSpec::real("n"),
    OptSpec::real("Power"),
    OptSpec::real("Beta"),
    OptSpec::real("Alpha"),
    OptSpec::int("NTESTed"),
    OptSpec::int("NCONTRol"),
];
const SHARE: &[OptSpec] = crate::concat_lists!(OptSpec; PARTIAL, &[OptSpec::real("DIFFR2")]);

const UNSUPPORTED: &[&str] = &["DIRection", "init", "ITERate", "TOLerance", "noTItle"];

/// The standard deviation of the error: given, or that which `sdy()` or `corr()` leaves beside the slope.
fn error_of(cmd: &ParsedCommand, slope: f64, sdx: f64) -> Result<f64> {
    let real = |name: &str| cmd.options.real(name);
    let explained = (slope * sdx).powi(2);
    let found = match (real("sderror"), real("sdy"), real("corr")) {
        (given, None, None) => given.unwrap_or(1.0),
        (None, Some(sdy), None) => (sdy * sdy - explained).max(0.0).sqrt(),
        (None, None, Some(corr)) => (explained * (1.0 / (corr * corr) - 1.0)).max(0.0).sqrt(),
        _ => return Err(StataError::invalid("only one of sderror(), sdy() and corr() is allowed")),
    };
    if found > 0.0 && found.is_finite() {
        Ok(found)
    } else {
        Err(StataError::invalid("the standard deviation of the error must be positive"))
    }
}

/// Runs what follows `power oneslope`.
pub(super) fn oneslope(s: &mut Session, text: &str) -> Result<()> {
    let cmd = parsed(text, SLOPE, UNSUPPORTED)?;
    let real = |name: &str| cmd.options.real(name);
    let (null, other) = match (&numbers(&cmd.list)?[..], real("diff")) {
        ([a, b], None) => (*a, *b),
        ([a], Some(diff)) => (*a, *a + diff),
        _ => return Err(StataError::invalid("two slopes, or one and option diff(), required")),
    };
    let sdx = real("sdx").unwrap_or(1.0);
    if null == other || sdx <= 0.0 {
        return Err(StataError::invalid("the slopes must differ and sdx() must be positive"));
    }
    let (alpha, _) = levels(&cmd)?;
    let error = error_of(&cmd, other, sdx)?;
    let delta = (other - null) * sdx / error;
    let one_sided = cmd.has("onesided");
    let power = |n: f64| {
        let (df, shift) = (n - 2.0, n.sqrt() * delta.abs());
        let c = t_inverse_tail(df, if one_sided { alpha } else { alpha / 2.0 });
        let below = if one_sided { 0.0 } else { t_probability(df, shift, -c) };
        1.0 - t_probability(df, shift, c) + below
    };
    let found = answer(&cmd, 3.0, power)?;
    let sign = sign(one_sided, other > null);
    let title = format!("a linear regression slope test\nt test\nH0: b = b0  versus  Ha: b {sign} b0");
    let mut lines = vec![("delta", four(delta)), ("b0", four(null)), ("ba", four(other))];
    lines.extend(real("diff").map(|x| ("diff", four(x))));
    lines.extend([("sdx", four(sdx)), ("sderror", four(error))]);
    lines.extend(real("sdy").map(|x| ("sdy", four(x))));
    lines.extend(real("corr").map(|x| ("corr", four(x))));
    study_and_answer(s, &title, (alpha, found.power, found.solved), &lines, &[("N", whole(found.n))]);
    let mut r = begun(found.n, (alpha, found.power), delta);
    r.scalar("b0", null).scalar("ba", other).scalar("diff", other - null).scalar("sdx", sdx);
    r.scalar("sderror", error).scalar("onesided", f64::from(u8::from(one_sided)));
    for name in ["sdy", "corr"] {
        if let Some(x) = real(name) {
            r.scalar(name, x);
        }
    }
    r.text("type", "test").text("method", "oneslope");
    s.r = r;
    Ok(())
}

/// Runs what follows `power rsquared`: all coefficients are tested, with `lambda = N R2/(1 - R2)`, or those that raise the
/// share of the reduced model to that of the full one, with `lambda = N (R2_F - R2_R)/(1 - R2_F)`.
pub(super) fn rsquared(s: &mut Session, text: &str) -> Result<()> {
    let cmd = parsed(text, SHARE, UNSUPPORTED)?;
    let (reduced, full) = match (&numbers(&cmd.list)?[..], cmd.options.real("diffr2")) {
        ([full], None) => (None, *full),
        ([reduced, full], None) => (Some(*reduced), *full),
        ([reduced], Some(more)) => (Some(*reduced), reduced + more),
        _ => return Err(StataError::invalid("one or two values required")),
    };
    let (tested, control) = counts(&cmd)?;
    let control = reduced.map_or(0.0, |_| control);
    let least = reduced.unwrap_or(0.0);
    if reduced.is_none() && cmd.options.has("ncontrol") {
        return Err(StataError::invalid("ncontrol() needs the shares of two models"));
    }
    if !(least >= 0.0 && full > least && full < 1.0) {
        return Err(StataError::invalid(
            "R2 must be between 0 and 1, that of the full model above the other",
        ));
    }
    let (alpha, _) = levels(&cmd)?;
    let delta = (full - least) / (1.0 - full);
    let found = answer(&cmd, tested + control + 2.0, |n| power_of(n, delta, (tested, control), alpha))?;
    let mut study = vec![("delta", four(delta))];
    let title = match reduced {
        None => {
            study.push(("R2_T", four(full)));
            "multiple linear regression\nF test for R2 testing all coefficients\nH0: R2_T = 0  versus  Ha: R2_T != 0"
        }
        Some(reduced) => {
            study.extend([("R2_R", four(reduced)), ("R2_F", four(full)), ("R2_diff", four(full - reduced))]);
            study.push(("ncontrol", whole(control)));
            "multiple linear regression\nF test for R2 testing subset of coefficients\nH0: R2_F = R2_R  versus  Ha: R2_F != R2_R"
        }
    };
    study.push(("ntested", whole(tested)));
    study_and_answer(s, title, (alpha, found.power, found.solved), &study, &[("N", whole(found.n))]);
    let mut r = begun(found.n, (alpha, found.power), delta);
    match reduced {
        None => r.scalar("R2_T", full),
        Some(reduced) => {
            r.scalar("R2_R", reduced).scalar("R2_F", full).scalar("R2_diff", full - reduced);
            r.scalar("ncontrol", control)
        }
    };
    r.scalar("ntested", tested);
    r.text("type", "test").text("method", "rsquared");
    s.r = r;
    Ok(())
}

/// `ntested()` and `ncontrol()`, one each without the option.
fn counts(cmd: &ParsedCommand) -> Result<(f64, f64)> {
    let count = |name: &str| cmd.options.int(name).unwrap_or(1) as f64;
    let (tested, control) = (count("ntested"), count("ncontrol"));
    if tested < 1.0 || control < 1.0 {
        return Err(StataError::invalid("ntested() and ncontrol() must be positive"));
    }
    Ok((tested, control))
}

/// Power of the F test of `tested` coefficients with `control` others in the model, with `lambda = N delta`.
fn power_of(n: f64, delta: f64, (tested, control): (f64, f64), alpha: f64) -> f64 {
    let df = n - tested - control - 1.0;
    nf(tested, df, n * delta, f_inverse_tail(tested, df, alpha), true)
}

/// Runs what follows `power pcorr`: the squared partial correlation of the outcome with `ntested()` covariates given
/// `ncontrol()` others, with `lambda = N rho2/(1 - rho2)`.
pub(super) fn pcorr(s: &mut Session, text: &str) -> Result<()> {
    let cmd = parsed(text, PARTIAL, UNSUPPORTED)?;
    let [squared] = numbers(&cmd.list)?[..] else {
        return Err(StataError::invalid("one value required"));
    };
    let (tested, control) = counts(&cmd)?;
    if !(squared > 0.0 && squared < 1.0) {
        return Err(StataError::invalid("the squared correlation must be between 0 and 1"));
    }
    let (alpha, _) = levels(&cmd)?;
    let delta = squared / (1.0 - squared);
    let found = answer(&cmd, tested + control + 2.0, |n| power_of(n, delta, (tested, control), alpha))?;
    let title = "multiple linear regression\nF test for squared multiple partial correlation\nH0: rho2_p = 0  versus  Ha: rho2_p != 0";
    let study = [
        ("delta", four(delta)),
        ("rho2_p", four(squared)),
        ("ncontrol", whole(control)),
        ("ntested", whole(tested)),
    ];
    study_and_answer(s, title, (alpha, found.power, found.solved), &study, &[("N", whole(found.n))]);
    let mut r = begun(found.n, (alpha, found.power), delta);
    r.scalar("rho2_p", squared).scalar("ncontrol", control).scalar("ntested", tested);
    r.text("type", "test").text("method", "pcorr");
    s.r = r;
    Ok(())
}
