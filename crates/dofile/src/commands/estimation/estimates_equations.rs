//! `equations()` of `estimates table`: the equations of several models that stand in the same rows ([R] estimates table).

use crate::error::{Result, StataError};
use crate::results::Estimation;

/// The equations that stand for one another: for each, its name and its number in every model.
pub(super) fn matched(text: &str, models: usize) -> Result<Vec<(String, Vec<usize>)>> {
    let mut out = Vec::new();
    for (place, term) in text.split(',').enumerate() {
        let (name, numbers) = match term.split_once('=') {
            Some((name, numbers)) => (name.trim().to_string(), numbers),
            None => (format!("#{}", place + 1), term),
        };
        let numbers: Option<Vec<usize>> = numbers.split(':').map(|n| n.trim().parse().ok()).collect();
        let numbers = match numbers {
            Some(one) if one.len() == 1 => vec![one[0]; models],
            Some(all) if all.len() == models => all,
            _ => return Err(StataError::invalid("option equations() incorrectly specified")),
        };
        out.push((name, numbers));
    }
    Ok(out)
}

/// Results whose equations have the names of those that they are matched with.
pub(super) fn renamed(e: &Estimation, own: &[(&str, usize)]) -> Estimation {
    let mut e = e.clone();
    let Some(b) = e.b().cloned() else { return e };
    let mut equations: Vec<String> = Vec::new();
    for stripe in &b.col_names {
        if !equations.contains(&stripe.eq) {
            equations.push(stripe.eq.clone());
        }
    }
    let mut b = b;
    for stripe in &mut b.col_names {
        let number = equations.iter().position(|q| *q == stripe.eq).map_or(0, |k| k + 1);
        if let Some((name, _)) = own.iter().find(|(_, k)| *k == number) {
            stripe.eq = (*name).to_string();
        }
    }
    e.results.matrix("b", b);
    e
}
