//! Probabilities of counts after zero-inflated, truncated and generalised negative binomial models: `pr(n)`, `pr(a,b)` and
//! `cpr()` ([R] zip postestimation, [R] zinb postestimation, [R] tpoisson postestimation, [R] tnbreg postestimation, [R] nbreg
//! postestimation, [R] heckpoisson postestimation, [XT] xtpoisson postestimation).

use super::response_models::Models;
use crate::error::{Result, StataError};
use crate::estimation::response::Response;
use crate::syntax::options::parse_number;
use estimators::jet::Jet;
use estimators::ml_zero::{inflated, ln_above, negative_binomial, poisson};
use estimators::quadrature::gauss_hermite;

/// Counts from `low` to `high`; no end where `high` is absent.
#[derive(Clone, Copy)]
struct Range {
    low: f64,
    high: Option<f64>,
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| parse_number(text.trim()).filter(|n| n.fract() == 0.0 && *n >= 0.0);
        match text.split_once(',') {
            None => number(text).map(|n| Self { low: n, high: Some(n) }),
            Some((low, high)) if high.trim() == "." => Some(Self { low: number(low)?, high: None }),
            Some((low, high)) => {
                let low = if low.trim() == "." { 0.0 } else { number(low)? };
                Some(Self { low, high: Some(number(high)?) })
            }
        }
    }

    fn label(self, depvar: &str, condition: &str) -> String {
        let Self { low, high } = self;
        match high {
            Some(high) if high == low => format!("Pr({depvar}={low}{condition})"),
            Some(high) => format!("Pr({low}<={depvar}<={high}{condition})"),
            None => format!("Pr({depvar}>={low}{condition})"),
        }
    }

    /// The probability of the range, from that of each count; counts up to `beyond` cannot occur.
    fn probability<const N: usize>(self, beyond: Option<f64>, p: impl Fn(f64) -> Jet<N>) -> Jet<N> {
        let first = beyond.map_or(0.0, |limit| limit.floor() + 1.0);
        let sum = |from: f64, to: f64| {
            let (mut total, mut k) = (Jet::constant(0.0), from.max(first));
            while k <= to {
                total = total + p(k);
                k += 1.0;
            }
            total
        };
        match self.high {
            Some(high) => sum(self.low, high),
            None => -sum(0.0, self.low - 1.0) + 1.0,
        }
    }
}

/// The probability that was asked for, or nothing for other statistics and commands.
pub(super) fn of(model: &Models<'_>, cmd: &str) -> Option<Result<Response>> {
    let truncated = matches!(cmd, "tpoisson" | "tnbreg");
    if !truncated && !matches!(cmd, "zip" | "zinb" | "gnbreg" | "xtpoisson" | "heckpoisson") {
        return None;
    }
    let (name, rest) = model.asked.split_once('(')?;
    let conditional = name.trim() == "cpr" && truncated;
    let known = if cmd == "xtpoisson" { name.trim() == "pr0" } else { name.trim() == "pr" };
    if !known && !conditional {
        return None;
    }
    let range = rest.strip_suffix(')').and_then(Range::parse);
    Some(range.ok_or_else(|| model.refuse()).and_then(|range| response(model, cmd, range, conditional)))
}

fn response(model: &Models<'_>, cmd: &str, range: Range, conditional: bool) -> Result<Response> {
    let results = &model.session.e.results;
    if !model.ancillary("lndelta").is_empty() || results.get_scalar("ulopt").is_some() {
        return Err(StataError::unsupported_option("predict", &format!("{} after this model", model.asked)));
    }
    let limit = results.get_scalar("llopt").unwrap_or(0.0);
    let condition = if conditional { format!(" | {}>{limit}", model.depvar()) } else { String::new() };
    let label = range.label(model.depvar(), &condition);
    let (mean, dispersion) = match cmd {
        "gnbreg" => (model.positions(0), model.positions(1)),
        _ => (model.positions(0), model.ancillary("lnalpha")),
    };
    let dispersed = !dispersion.is_empty();
    let count = move |k: f64, x: Jet<3>, a: Jet<3>| {
        if dispersed { negative_binomial(k, x, a) } else { poisson(k, x) }
    };
    if cmd == "heckpoisson" {
        return Ok(mixed(model, &label, range));
    }
    if matches!(cmd, "zip" | "zinb") {
        let probit = results.get_text("inflate") == Some("probit");
        let zero = move |z: Jet<3>| if probit { z.ln_normal() } else { -(-z).exp().ln_1p() };
        let indices = [mean, model.positions(1), dispersion];
        return Ok(Response::formula(&label, model.asked, indices, move |[x, z, a]| {
            range.probability(None, |k| inflated(k, zero(z), zero(-z), count(k, x, a)).exp())
        }));
    }
    let indices = [mean, dispersion, Vec::new()];
    Ok(Response::formula(&label, model.asked, indices, move |[x, a, _]| {
        let p = |k: f64| count(k, x, a);
        if conditional {
            let above = ln_above(limit, p);
            range.probability(Some(limit), |k| (p(k) - above).exp())
        } else {
            range.probability(None, |k| p(k).exp())
        }
    }))
}

/// Probabilities of a Poisson count whose log mean has a normal error, by the quadrature of the estimation.
fn mixed(model: &Models<'_>, label: &str, range: Range) -> Response {
    let points = model.session.e.results.get_scalar("n_quad").unwrap_or(25.0) as usize;
    let (nodes, weights) = gauss_hermite(points);
    let root = std::f64::consts::PI.sqrt();
    let grid: Vec<(f64, f64)> =
        nodes.iter().zip(&weights).map(|(x, w)| (std::f64::consts::SQRT_2 * x, w / root)).collect();
    let indices = [model.positions(0), model.ancillary("lnsigma")];
    Response::formula(label, model.asked, indices, move |[x, s]: [Jet<2>; 2]| {
        range.probability(None, |k| {
            let at = |(z, w): &(f64, f64)| poisson(k, x + s.exp() * *z).exp() * *w;
            grid.iter().map(at).fold(Jet::constant(0.0), |sum, p| sum + p)
        })
    })
}
