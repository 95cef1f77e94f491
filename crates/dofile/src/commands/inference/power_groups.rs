//! `power oneway` and `power onevariance`: the F test of equal means of groups of one size, and the chi-squared test of a
//! variance ([PSS-2] power oneway, power onevariance).

use super::numbers;
use super::power_request::{levels, parsed, sized, smallest};
use super::power_show::{begun, study_and_answer};
use super::power_text::{four, sign, whole};
use crate::error::{Result, StataError};
use crate::expr::functions::noncentral::nf;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::{chi2_inverse_tail, chi2_tail, f_inverse_tail};

const ONEWAY: &[OptSpec] = &[
    OptSpec::real("n"),
    OptSpec::real("NPERGroup"),
    OptSpec::real("Power"),
    OptSpec::real("Beta"),
    OptSpec::real("Alpha"),
    OptSpec::real("NGroups"),
    OptSpec::real("VARMeans"),
    OptSpec::real("VARError"),
    OptSpec::real("delta"),
];

const ONEVARIANCE: &[OptSpec] = &[
    OptSpec::real("n"),
    OptSpec::real("Power"),
    OptSpec::real("Beta"),
    OptSpec::real("Alpha"),
    OptSpec::flag("ONESIDed"),
    OptSpec::real("RATio"),
    OptSpec::flag("sd"),
];

const UNSUPPORTED: &[&str] =
    &["DIRection", "GRWeights", "CONTRast", "init", "ITERate", "TOLerance", "noTItle"];

/// Means of groups by their variance, and the variance within them.
struct Groups {
    means: Vec<f64>,
    count: f64,
    between: f64,
    error: f64,
}

impl Groups {
    fn of(cmd: &ParsedCommand) -> Result<Self> {
        let real = |name: &str| cmd.options.real(name);
        let means = numbers(&cmd.list)?;
        let error = real("varerror").unwrap_or(1.0);
        if error <= 0.0 {
            return Err(StataError::invalid("varerror() must be positive"));
        }
        let k = means.len() as f64;
        let (count, between) = match (means.len(), real("ngroups"), real("varmeans"), real("delta")) {
            (2.., None, None, None) => {
                let mean = means.iter().sum::<f64>() / k;
                (k, means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / k)
            }
            (0, Some(count), Some(between), None) => (count, between),
            (0, Some(count), None, Some(delta)) => (count, delta * delta * error),
            _ => {
                return Err(StataError::invalid(
                    "means of at least two groups, or ngroups() with varmeans() or delta(), required",
                ));
            }
        };
        if count < 2.0 || count.fract() != 0.0 || between <= 0.0 {
            return Err(StataError::invalid("at least two groups whose means differ are required"));
        }
        Ok(Self { means, count, between, error })
    }

    fn delta(&self) -> f64 {
        (self.between / self.error).sqrt()
    }

    /// Power with this many rows in each group.
    fn power(&self, per_group: f64, alpha: f64) -> f64 {
        let n = per_group * self.count;
        let (df1, df2) = (self.count - 1.0, n - self.count);
        if df2 < 1.0 {
            return 0.0;
        }
        nf(df1, df2, n * self.delta().powi(2), f_inverse_tail(df1, df2, alpha), true)
    }
}

/// Runs what follows `power oneway`.
pub(super) fn oneway(s: &mut Session, text: &str) -> Result<()> {
    let cmd = parsed(text, ONEWAY, UNSUPPORTED)?;
    let groups = Groups::of(&cmd)?;
    let (alpha, wanted) = levels(&cmd)?;
    let given = sized(&cmd, &["n", "npergroup"])?;
    let per_group = match (cmd.options.real("npergroup"), cmd.options.real("n")) {
        (Some(size), None) => size,
        (None, Some(n)) if n % groups.count == 0.0 => n / groups.count,
        (None, Some(_)) => {
            return Err(StataError::unsupported_option("power", "n() that is no multiple of the groups"));
        }
        (None, None) => smallest(2.0, |size| groups.power(size, alpha) >= wanted)?,
        _ => return Err(StataError::invalid("only one of n() and npergroup() is allowed")),
    };
    if per_group < 2.0 || per_group.fract() != 0.0 {
        return Err(StataError::invalid("sample sizes must be whole numbers of at least 2 in each group"));
    }
    // where the size is looked for, the power is the one that was asked for
    let power = if given { groups.power(per_group, alpha) } else { wanted };
    let n = per_group * groups.count;
    let mut r = Results::default();
    r.scalar("N", n).scalar("power", power).scalar("beta", 1.0 - power).scalar("alpha", alpha);
    r.scalar("N_g", groups.count).scalar("N_per_group", per_group).scalar("delta", groups.delta());
    r.scalar("Var_m", groups.between).scalar("Var_e", groups.error).scalar("balanced", 1.0);
    for (i, mean) in groups.means.iter().enumerate() {
        r.scalar(&format!("m{}", i + 1), *mean);
    }
    r.text("type", "test").text("method", "oneway");
    s.r = r;
    let mut study = vec![("delta", four(groups.delta())), ("N_g", whole(groups.count))];
    let names: Vec<String> = (1..=groups.means.len()).map(|i| format!("m{i}")).collect();
    study.extend(names.iter().zip(&groups.means).map(|(name, m)| (name.as_str(), four(*m))));
    study.extend([("Var_m", four(groups.between)), ("Var_e", four(groups.error))]);
    let sizes = [("N", whole(n)), ("N per group", whole(per_group))];
    let title = "one-way ANOVA\nF test for group effect\nH0: delta = 0  versus  Ha: delta != 0";
    study_and_answer(s, title, (alpha, power, !given), &study, &sizes);
    Ok(())
}

/// Runs what follows `power onevariance`.
pub(super) fn onevariance(s: &mut Session, text: &str) -> Result<()> {
    let cmd = parsed(text, ONEVARIANCE, UNSUPPORTED)?;
    let (alpha, wanted) = levels(&cmd)?;
    let (null, other) = match (&numbers(&cmd.list)?[..], cmd.options.real("ratio")) {
        ([a, b], None) => (*a, *b),
        ([a], Some(ratio)) => (*a, a * ratio),
        _ => return Err(StataError::invalid("two values, or one value and ratio(), required")),
    };
    if !(null > 0.0 && other > 0.0) || null == other {
        return Err(StataError::invalid("two different positive values required"));
    }
    let ratio = if cmd.has("sd") { (other / null).powi(2) } else { other / null };
    let tail = if cmd.has("onesided") { alpha } else { alpha / 2.0 };
    let power = |n: f64| {
        let df = n - 1.0;
        let above = chi2_tail(df, chi2_inverse_tail(df, tail) / ratio);
        let below = 1.0 - chi2_tail(df, chi2_inverse_tail(df, 1.0 - tail) / ratio);
        match (cmd.has("onesided"), ratio > 1.0) {
            (false, _) => above + below,
            (true, true) => above,
            (true, false) => below,
        }
    };
    let given = sized(&cmd, &["n"])?;
    let n = match cmd.options.real("n") {
        Some(n) => n,
        None => smallest(2.0, |n| power(n) >= wanted)?,
    };
    if n < 2.0 || n.fract() != 0.0 {
        return Err(StataError::invalid("sample sizes must be whole numbers of at least 2"));
    }
    // where the size is looked for, the power is the one that was asked for
    let reached = if given { power(n) } else { wanted };
    let names = if cmd.has("sd") { ("s0", "sa") } else { ("v0", "va") };
    let mut r = begun(n, (alpha, reached), other / null);
    r.scalar("ratio", other / null);
    r.scalar(names.0, null).scalar(names.1, other);
    r.scalar("onesided", f64::from(u8::from(cmd.has("onesided"))));
    r.text("type", "test")
        .text("method", "onevariance")
        .text("scale", if cmd.has("sd") { "sd" } else { "variance" });
    s.r = r;
    let study = [("delta", four(other / null)), (names.0, four(null)), (names.1, four(other))];
    let sign = sign(cmd.has("onesided"), ratio > 1.0);
    let letter = if cmd.has("sd") { "s" } else { "v" };
    let title = format!(
        "a one-sample variance test\nChi-squared test\nH0: {letter} = {letter}0  versus  Ha: {letter} {sign} {letter}0"
    );
    study_and_answer(s, &title, (alpha, reached, !given), &study, &[("N", whole(n))]);
    Ok(())
}
