//! Cells of coefficient tables, and their lines without parameters: the base outcome of a multinomial model and the scale
//! parameters that a stereotype model fixes.

use super::table::{Row, Table, parse_term};
use super::table_cells::cells;
use crate::format;
use crate::matrix::Stripe;
use crate::session::{Session, TableLook};
use crate::syntax::Term;
use crate::value::is_missing;

impl Table<'_> {
    /// Cells of a row, with the standardized coefficient in place of the limits where there is one.
    pub(super) fn numbers(
        &self,
        session: &Session,
        i: usize,
        row: &Row,
        term: Option<&Term>,
        free: bool,
        look: &TableLook,
    ) -> String {
        let stripe = &self.stripe[i];
        if let Some(fixed) = corner(session, stripe, row, look) {
            return fixed;
        }
        // a legend names the equation where there are several
        let named = if self.equations || free { stripe.clone() } else { Stripe::term(&stripe.name) };
        let numbers = cells(row, term, &named, look);
        let limits = !look.legend && !look.no_limits && !is_missing(row.se);
        let Some(beta) = self.beta.filter(|_| limits) else { return numbers };
        let shown = if stripe.name == "_cons" { ".".to_string() } else { format::bare("%9.0g", beta[i]) };
        format!("{}{shown:>25}", &numbers[..numbers.len() - 25])
    }
}

/// Lines above the row of each position, the number of rows for those at the end; `rule` is the line between blocks.
pub(super) fn lines(session: &Session, stripe: &[Stripe], rule: &str) -> Vec<(usize, Vec<String>)> {
    let e = &session.e.results;
    let Some(base) = e.get_scalar("i_base").map(|b| b as usize) else { return Vec::new() };
    if session.e.b().is_none_or(|b| b.col_names != stripe) {
        return Vec::new();
    }
    let names: Vec<&str> = e.get_text("outeqs").unwrap_or("").split_whitespace().collect();
    match session.e.cmd() {
        "mprobit" => {
            names.get(base.wrapping_sub(1)).map(|n| outcome(stripe, base, n, rule)).into_iter().collect()
        }
        "slogit" => scales(stripe, base, names.len(), rule),
        _ => Vec::new(),
    }
}

/// The base among the equations of the other outcomes.
fn outcome(stripe: &[Stripe], base: usize, name: &str, rule: &str) -> (usize, Vec<String>) {
    let starts: Vec<usize> =
        (0..stripe.len()).filter(|i| *i == 0 || stripe[*i].eq != stripe[*i - 1].eq).collect();
    let own = format!("{:<13}|  (base outcome)", format::abbrev(name, 12));
    match base {
        1 => (0, vec![own, rule.to_string()]),
        _ => (starts.get(base - 1).copied().unwrap_or(stripe.len()), vec![rule.to_string(), own]),
    }
}

/// The parameters of the base in each block of `phi` and in that of `theta`, and rules between the blocks.
fn scales(stripe: &[Stripe], base: usize, categories: usize, rule: &str) -> Vec<(usize, Vec<String>)> {
    let free: Vec<usize> = (0..stripe.len()).filter(|i| stripe[*i].eq.starts_with('/')).collect();
    let others = categories.saturating_sub(1).max(1);
    let Some(first) = free.first().copied() else { return Vec::new() };
    let mut out: Vec<(usize, Vec<String>)> = Vec::new();
    let mut add = |at: usize, line: String| match out.iter_mut().find(|(place, _)| *place == at) {
        Some((_, lines)) => lines.push(line),
        None => out.push((at, vec![line])),
    };
    let blocks = free.len() / others;
    for block in 0..blocks {
        let from = first + block * others;
        let family = if block + 1 == blocks { "theta".to_string() } else { format!("phi{}_", block + 1) };
        let own = format!("{:>12} |          0  (base outcome)", format!("/{family}{base}"));
        if block > 0 {
            add(from, rule.to_string());
        }
        add(from + base - 1, own);
    }
    out
}

/// The cells of a scale parameter that a stereotype model fixes.
fn corner(session: &Session, stripe: &Stripe, row: &Row, look: &TableLook) -> Option<String> {
    let scale = stripe.eq == "/" && stripe.name.starts_with("phi") && session.e.cmd() == "slogit";
    let fixed = scale && is_missing(row.se) && !look.legend;
    fixed.then(|| format!("  {}  (constrained)", format::number("%9.0g", row.b)))
}

/// The shown name of an equation that has no rows: that of the base outcome, and in `margins` that of the effects of the
/// base level of a factor.
pub(super) fn without_rows(base: Option<&str>, eq: &str) -> Option<String> {
    match parse_term(eq).filter(|t| !t.atoms.is_empty() && t.is_base()) {
        Some(_) => Some(eq.replacen("b.", ".", 1)),
        None => base.filter(|base| *base == eq).map(str::to_string),
    }
}
