//! Rows of coefficient tables: which have none, and their numbers.

use super::table::Row;
use crate::format;
use crate::session::TableLook;
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
pub(super) fn table_cells(row: &Row, term: Option<&Term>, look: &TableLook) -> String {
    let wide = |x: f64| match &look.coefficients {
        Some(own) if !crate::value::is_missing(x) => format!("{:>9}", format::bare(own, x).trim()),
        _ => format::number("%9.0g", x),
    };
    if crate::value::is_missing(row.se) {
        let note = match term {
            Some(t) if is_base_cell(t) => "(base)",
            Some(t) if t.empty => "(empty)",
            Some(t) if t.is_omitted() => "(omitted)",
            _ => return format!("  {}          .        .       .            .           .", wide(row.b)),
        };
        return format!("  {}  {note}", wide(row.b));
    }
    // Variances are shown without a test.
    let tested = |fmt: &str, x: f64| {
        if crate::value::is_missing(row.ratio) { String::new() } else { format::bare(fmt, x) }
    };
    let (statistic, p) = (look.statistics.as_deref(), look.p_values.as_deref());
    format!(
        "  {}  {} {:>8}   {:>5}    {}   {}",
        wide(row.b),
        wide(row.se),
        tested(statistic.unwrap_or("%8.2f"), row.ratio),
        tested(p.unwrap_or("%5.3f"), row.p).trim(),
        wide(row.low),
        wide(row.high)
    )
}
