//! `kapwgt`: weights of agreement for `kap, wgt()` ([R] kappa).

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::format;
use crate::session::Extension;
use crate::session::Session;
use crate::syntax::options::parse_number;
use crate::syntax::split::ParsedCommand;
use std::collections::BTreeMap;

/// Weights by name, each a lower triangle in rows.
#[derive(Debug, Default)]
pub(super) struct AgreementWeights(BTreeMap<String, Vec<Vec<f64>>>);

impl Extension for AgreementWeights {}

impl AgreementWeights {
    /// # Errors
    /// r(111) for an unknown name.
    fn named<'a>(s: &'a Session, name: &str) -> Result<&'a Vec<Vec<f64>>> {
        let found = s.extensions.get::<Self>().and_then(|w| w.0.get(name));
        found.ok_or_else(|| StataError::new(111, format!("kapwgt {name} not found")))
    }

    /// The rows of weights, if they are of `size` categories.
    ///
    /// # Errors
    /// r(111) for an unknown name, r(198) for another number of categories.
    pub(super) fn of(s: &Session, name: &str, size: usize) -> Result<Vec<Vec<f64>>> {
        let rows = Self::named(s, name)?;
        if rows.len() != size {
            return Err(StataError::invalid(format!(
                "kapwgt {name} is of {} categories, the ratings are of {size}",
                rows.len()
            )));
        }
        Ok(rows.clone())
    }
}

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "kapwgt",
    min: 6,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "kapwgt name [1 \\ # 1 [\\ # # 1 ...]]",
    notes: "weights of agreement for kap, wgt(name): the lower triangle with ones on the diagonal; without weights shows them; no results; [R] kappa",
    examples: &[Example {
        // all pairs of categories agree by half at least: (1 + .5) / 2 of agreement, 1 - .5*.5 by chance
        run: "kapwgt half 1 \\ .5 1\ninput a b\n1 1\n2 1\n1 2\n2 2\nend\nkap a b, wgt(half)",
        expect: &[("r(prop_o)", 0.75), ("r(prop_e)", 0.75), ("r(kappa)", 0.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let (name, text) = raw.split_once(char::is_whitespace).unwrap_or((raw, ""));
    if !crate::frame::is_valid_name(name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    if text.trim().is_empty() {
        return show(s, name);
    }
    let bad =
        || StataError::invalid("weights are a lower triangle with ones on the diagonal: 1 \\ # 1 \\ # # 1");
    let mut rows = Vec::new();
    for (i, line) in text.split('\\').enumerate() {
        let row: Vec<f64> =
            line.split_whitespace().map(parse_number).collect::<Option<_>>().ok_or_else(bad)?;
        if row.len() != i + 1 || row[i] != 1.0 || row.iter().any(|w| !(0.0..=1.0).contains(w)) {
            return Err(bad());
        }
        rows.push(row);
    }
    if rows.len() < 2 {
        return Err(bad());
    }
    s.extensions.state::<AgreementWeights>().0.insert(name.to_string(), rows);
    Ok(())
}

fn show(s: &mut Session, name: &str) -> Result<()> {
    let rows = AgreementWeights::named(s, name)?.clone();
    s.print("");
    for row in rows {
        let cells: String = row.iter().map(|w| format::right(&format::bare("%7.4f", *w), 9)).collect();
        s.print(cells);
    }
    Ok(())
}
