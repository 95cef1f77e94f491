//! The table of `estat vif`. Variables alone stand in descending order; with factor variables all stand in the order of the
//! model, levels under the name of their factor, as logs of Stata show them.

use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{Atom, Term};

/// A regressor with its variance inflation factor.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) term: Option<Term>,
    pub(super) value: f64,
}

impl Row {
    /// Variables of a term with a factor, and the levels of the factors.
    fn block(&self) -> Option<(Vec<String>, String)> {
        let term = self.term.as_ref()?;
        let factor = |a: &Atom| matches!(a, Atom::Level { .. });
        if !term.atoms.iter().any(factor) {
            return None;
        }
        let name = |a: &Atom| match a {
            Atom::Level { var, .. } => var.clone(),
            Atom::Cont { var, .. } => format!("c.{var}"),
        };
        let level = |a: &Atom| match a {
            Atom::Level { level, .. } => Some(level.to_string()),
            Atom::Cont { .. } => None,
        };
        let levels: Vec<String> = term.atoms.iter().filter_map(level).collect();
        Some((term.atoms.iter().map(name).collect(), levels.join(" ")))
    }
}

/// Prints the table.
pub(super) fn show(session: &mut Session, mut rows: Vec<Row>) -> Results {
    let blocks: Vec<Option<(Vec<String>, String)>> = rows.iter().map(Row::block).collect();
    let plain = blocks.iter().all(Option::is_none);
    if plain {
        rows.sort_by(|a, b| b.value.total_cmp(&a.value));
    }
    session.print("");
    session.print("    Variable |       VIF       1/VIF");
    session.print("-------------+----------------------");
    let mut results = Results::default();
    let mut last: Option<&[String]> = None;
    for (i, (row, block)) in rows.iter().zip(&blocks).enumerate() {
        let cells = format!(
            "{}{}",
            format::right(&format::bare("%9.2f", row.value), 10),
            format::right(&format::bare("%9.6f", 1.0 / row.value), 12)
        );
        let alike = |names: &[String]| blocks.iter().flatten().filter(|b| b.0 == names).count();
        match block.as_ref().filter(|(names, _)| !plain && (names.len() > 1 || alike(names) > 1)) {
            None => {
                session.print(format!("{:>12} |{cells}", format::abbrev(&row.name, 12)));
                last = None;
            }
            Some((names, levels)) => {
                if last != Some(names.as_slice()) {
                    heading(session, names);
                }
                session.print(format!("{:>11}  |{cells}", format::abbrev(levels, 11)));
                last = Some(names);
            }
        }
        results.text(&format!("name_{}", i + 1), &row.name).scalar(&format!("vif_{}", i + 1), row.value);
    }
    let mean = rows.iter().map(|r| r.value).sum::<f64>() / rows.len() as f64;
    session.print("-------------+----------------------");
    session.print(format!("    Mean VIF |{}", format::right(&format::bare("%9.2f", mean), 10)));
    results
}

/// The name of a factor, or those of an interaction, each on a line of its own where they are long.
fn heading(session: &mut Session, names: &[String]) {
    let whole = names.join("#");
    if whole.chars().count() <= 12 {
        session.print(format!("{whole:>12} |"));
        return;
    }
    if let Some((last, earlier)) = names.split_last() {
        for name in earlier {
            session.print(format!("{:>13}|", format!("{}#", format::abbrev(name, 12))));
        }
        session.print(format!("{:>12} |", format::abbrev(last, 12)));
    }
}
