//! When `ranksum` and `signrank` give exact probabilities, and how they show and store them.

use crate::error::{Result, StataError};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use estimators::exact_ranks::ExactRank;

/// Observations up to which the exact distribution is given unasked.
const UNASKED: usize = 200;
/// Observations up to which it is given on request.
const ASKED: usize = 400;

/// Whether the exact distribution is computed.
///
/// # Errors
/// r(198) when it is asked for and the sample is too large.
pub(crate) fn wanted(n: usize, asked: bool) -> Result<bool> {
    if asked && n > ASKED {
        return Err(StataError::new(
            198,
            format!("option exact is not available for more than {ASKED} observations"),
        ));
    }
    Ok(asked || n <= UNASKED)
}

/// Prints the two-sided probability and stores all three.
pub(crate) fn report(s: &mut Session, r: &mut Results, exact: &ExactRank) {
    s.print(format!("Exact prob = {}", format::number("%6.4f", exact.two_sided)));
    r.scalar("p_exact", exact.two_sided).scalar("p_l_exact", exact.lower).scalar("p_u_exact", exact.upper);
}
