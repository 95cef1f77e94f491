//! `estat recovariance`: the covariance or correlation matrix of the random effects after `mixed` ([ME] estat
//! recovariance).

use crate::error::Result;
use crate::estimation::linear::Parameters as Stored;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;

/// Runs `estat recovariance [, correlation]`; stores r(relevels) and r(Cov2) or r(Corr2), named after the level.
///
/// # Errors
/// r(301) without estimates; r(198) for other options.
pub(crate) fn recovariance(session: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&[OptSpec::flag("CORRelation")], &["RELEVel"])?;
    super::mixed_post::one_level(session)?;
    let stored = Stored::of(&session.e)?;
    let text = |name: &str| session.e.results.get_text(name).unwrap_or("").to_string();
    let names: Vec<String> = text("revars").split_whitespace().map(String::from).collect();
    let value = |eq: String| stored.stripe.iter().position(|s| s.eq == eq).map(|i| stored.b[i]);
    let k = names.len();
    let ln_sd: Vec<f64> =
        (1..=k).map(|i| value(format!("lns1_1_{i}")).unwrap_or(f64::NEG_INFINITY)).collect();
    let correlation = |i: usize, j: usize| {
        let (low, high) = (i.min(j) + 1, i.max(j) + 1);
        if i == j { 1.0 } else { value(format!("atr1_1_{low}_{high}")).map_or(0.0, f64::tanh) }
    };
    let correlations = options.has("correlation");
    let cell = |i: usize, j: usize| {
        let r = correlation(i, j);
        if correlations { r } else { r * (ln_sd[i] + ln_sd[j]).exp() }
    };
    let cells = (0..k * k).map(|at| cell(at / k, at % k)).collect();
    let matrix = Matrix::square(cells, names.iter().map(|n| Stripe::term(n.clone())).collect());
    let group = text("ivars");
    let what = if correlations { "correlation" } else { "covariance" };
    session.print("");
    session.print(format!("Random-effects {what} matrix for level {group}"));
    session.print("");
    session.print(format!(
        "             |{}",
        names.iter().map(|n| format!(" {:>10}", format::abbrev(n, 10))).collect::<String>()
    ));
    session.print(format!("-------------+{}", "-".repeat(11 * k)));
    for (i, name) in names.iter().enumerate() {
        let row =
            (0..=i).map(|j| format!("  {}", format::number("%9.0g", matrix.get(i, j)))).collect::<String>();
        session.print(format!("{:>12} |{row}", format::abbrev(name, 12)));
    }
    let mut results = Results::default();
    results.scalar("relevels", 1.0);
    results.matrix(if correlations { "Corr2" } else { "Cov2" }, matrix);
    session.r = results;
    Ok(())
}
