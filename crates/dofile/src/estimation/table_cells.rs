//! Rows of coefficient tables: which have none, and their numbers.

use super::table::Row;
use crate::format;
use crate::matrix::Stripe;
use crate::session::{Session, TableLook};
use crate::syntax::{Atom, Term};

/// Whether a term has no row: base levels, cells of an interaction that a base level makes redundant, and what the
/// options leave out.
pub(super) fn hidden(look: &TableLook, term: &Term) -> bool {
    if is_base_cell(term) {
        let shown = look.all_base_levels || look.base_levels && term.atoms.len() == 1;
        return !shown;
    }
    look.no_empty && term.empty || look.no_omitted && term.is_omitted() && !term.empty
}

fn is_base_cell(term: &Term) -> bool {
    let base = |a: &Atom| matches!(a, Atom::Level { base: true, .. });
    term.is_base() || (term.is_omitted() && !term.empty && term.atoms.iter().any(base))
}

/// The numbers of a row as the table shows them.
pub fn number_cells(row: &Row, term: Option<&Term>) -> String {
    table_cells(row, term, &TableLook::default())
}

/// [`number_cells`] with the formats of the options.
fn table_cells(row: &Row, term: Option<&Term>, look: &TableLook) -> String {
    let wide = |x: f64| look.wide(x);
    if look.only_estimates {
        let noted = term.filter(|t| is_base_cell(t) || t.is_omitted());
        return format!(
            "  {}{}",
            wide(row.b),
            noted.map_or(String::new(), |_| cells_without_error(term, look))
        );
    }
    if crate::value::is_missing(row.se) {
        return format!("  {}{}", wide(row.b), cells_without_error(term, look));
    }
    // Variances are shown without a test.
    let tested = |fmt: &str, x: f64| {
        if crate::value::is_missing(row.ratio) { String::new() } else { format::bare(fmt, x) }
    };
    let mut cells = format!("  {}  {}", wide(row.b), wide(row.se));
    if !look.no_tests {
        let (statistic, p) = (look.statistics.as_deref(), look.p_values.as_deref());
        cells += &format!(
            " {:>8}   {:>5}",
            tested(statistic.unwrap_or("%8.2f"), row.ratio),
            tested(p.unwrap_or("%5.3f"), row.p).trim()
        );
    }
    if !look.no_limits {
        let gap = if look.no_tests { "     " } else { "    " };
        cells += &format!("{gap}{}   {}", wide(row.low), wide(row.high));
    }
    cells
}

/// What stands behind the estimate of a parameter without a standard error: a note, or missing values.
fn cells_without_error(term: Option<&Term>, look: &TableLook) -> String {
    match term {
        Some(t) if is_base_cell(t) => "  (base)".to_string(),
        Some(t) if t.empty => "  (empty)".to_string(),
        Some(t) if t.is_omitted() => "  (omitted)".to_string(),
        _ => {
            let tests = if look.no_tests { "" } else { "        .       ." };
            let limits = if look.no_limits { "" } else { "            .           ." };
            format!("          .{tests}{limits}")
        }
    }
}

/// The cells of a row as the options of the table want them.
pub fn cells(row: &Row, term: Option<&Term>, stripe: &Stripe, look: &TableLook) -> String {
    if look.legend { legend_cells(row, term, stripe, look) } else { table_cells(row, term, look) }
}

/// The cells of a row with the legend of its parameter ([R] Estimation options, coeflegend).
fn legend_cells(row: &Row, term: Option<&Term>, stripe: &Stripe, look: &TableLook) -> String {
    let noted =
        crate::value::is_missing(row.se) && term.is_some_and(|t| t.is_omitted() || t.is_base() || t.empty);
    if noted {
        return table_cells(row, term, look);
    }
    let b = look.wide(row.b);
    let name = match stripe.eq.as_str() {
        "" => stripe.name.clone(),
        "/" => format!("/{}", stripe.name),
        equation => format!("{equation}:{}", stripe.name),
    };
    format!("  {b}  _b[{name}]")
}

/// Width of the columns behind the names.
pub fn columns_width(look: &TableLook) -> usize {
    let without = |absent: bool, width: usize| if absent { width } else { 0 };
    if look.legend { 64 } else { 64 - without(look.no_tests, 16) - without(look.no_limits, 25) }
}

/// Marks the omitted levels and cells of interactions that no row of the estimation sample is in: those that predict the
/// outcome perfectly have left it ([R] logit).
pub(super) fn mark_empty(session: &Session, terms: &mut [Option<Term>]) {
    let Some(sample) = session.estimation_sample().filter(|s| s.len() == session.frame.n_rows()) else {
        return;
    };
    let mut rows: Option<Vec<usize>> = None;
    for term in terms.iter_mut().flatten() {
        let cell = |a: &Atom| match a {
            Atom::Level { var, ts, level, base: false, no_base, omitted: true } => Some(Atom::Level {
                var: var.clone(),
                ts: *ts,
                level: *level,
                base: false,
                no_base: *no_base,
                omitted: false,
            }),
            _ => None,
        };
        let levels: Option<Vec<Atom>> = term.atoms.iter().map(cell).collect();
        if let Some(atoms) = levels {
            let rows = rows.get_or_insert_with(|| (0..sample.len()).filter(|i| sample[*i]).collect());
            let values = Term { atoms, empty: false }.values(&session.frame, rows);
            term.empty = values.is_ok_and(|x| !x.contains(&1.0));
        }
    }
}
