//! `estat recovariance`: the covariance or correlation matrix of the random effects after `mixed` ([ME] estat
//! recovariance).

use super::mixed_post::{StoredBlock, blocks, plain_residuals};
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters as Stored;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;

/// Runs `estat recovariance [, correlation relevel(levelvar)]`; stores r(relevels) and r(Cov#) or r(Corr#), # the number of the
/// level, of which observations are the first.
///
/// # Errors
/// r(301) without estimates; r(198) for other options and for an unknown level.
pub(crate) fn recovariance(session: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&[OptSpec::flag("CORRelation"), OptSpec::text("RELEVel")], &[])?;
    plain_residuals(session)?;
    let stored = Stored::of(&session.e)?;
    let all = blocks(session);
    let mut levels: Vec<(String, Vec<&StoredBlock>)> = Vec::new();
    for block in &all {
        match levels.last_mut().filter(|(group, _)| *group == block.group) {
            Some((_, own)) => own.push(block),
            None => levels.push((block.group.clone(), vec![block])),
        }
    }
    let asked = options.text("relevel").map(|name| name.trim().to_string());
    if let Some(name) = asked.as_ref().filter(|name| levels.iter().all(|(group, _)| group != *name)) {
        return Err(StataError::new(198, format!("{name} is not a level of the model")));
    }
    let correlations = options.has("correlation");
    let mut results = Results::default();
    results.scalar("relevels", levels.len() as f64);
    for (at, (group, own)) in levels.iter().enumerate() {
        if asked.as_ref().is_some_and(|name| name != group) {
            continue;
        }
        let matrix = of_level(&stored, own, correlations);
        print(session, &matrix, group, correlations);
        let word = if correlations { "Corr" } else { "Cov" };
        results.matrix(&format!("{word}{}", levels.len() + 1 - at), matrix);
    }
    session.r = results;
    Ok(())
}

/// The covariance or correlation matrix of a level; its blocks are independent.
fn of_level(stored: &Stored, blocks: &[&StoredBlock], correlations: bool) -> Matrix {
    let value = |eq: String| stored.stripe.iter().position(|s| s.eq == eq).map(|i| stored.b[i]);
    // Block and number of each effect.
    let places: Vec<(usize, usize)> =
        (0..blocks.len()).flat_map(|b| (1..=blocks[b].names.len()).map(move |i| (b, i))).collect();
    let ln_sd: Vec<f64> =
        places.iter().map(|(b, i)| value(blocks[*b].deviation(*i)).unwrap_or(f64::NEG_INFINITY)).collect();
    let correlation = |i: usize, j: usize| {
        let ((block, low), (other, high)) = (places[i.min(j)], places[i.max(j)]);
        match (i == j, block == other) {
            (true, _) => 1.0,
            (_, true) => value(blocks[block].correlation(low, high)).map_or(0.0, f64::tanh),
            _ => 0.0,
        }
    };
    let k = places.len();
    let cell = |i: usize, j: usize| {
        let r = correlation(i, j);
        if correlations { r } else { r * (ln_sd[i] + ln_sd[j]).exp() }
    };
    let cells = (0..k * k).map(|at| cell(at / k, at % k)).collect();
    Matrix::square(cells, blocks.iter().flat_map(|b| &b.names).map(|n| Stripe::term(n.clone())).collect())
}

fn print(session: &mut Session, matrix: &Matrix, group: &str, correlations: bool) {
    let names: Vec<String> = matrix.row_names.iter().map(|s| s.name.clone()).collect();
    let k = names.len();
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
}
