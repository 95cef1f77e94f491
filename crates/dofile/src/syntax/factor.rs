//! Lists of factor-variable and time-series terms: parsing, the variables in them, and expansion by the levels in the
//! data, with bases and empty cells.

use super::factor_spec::{Base, Kind, Spec, join_ranges, parse_term};
use super::term::{Atom, Term};
use crate::error::{Result, StataError};
use crate::frame::Frame;
use crate::tsset::TsOp;
use crate::value::is_missing;
use std::collections::BTreeMap;

/// A parsed list of terms, not yet tied to a sample.
#[derive(Debug, Clone, Default)]
pub struct FvList {
    terms: Vec<Vec<Spec>>,
}

impl FvList {
    /// Parses a list; names, wildcards and abbreviations resolve against the frame.
    pub fn parse(frame: &Frame, text: &str, abbrev: bool) -> Result<Self> {
        let mut terms: Vec<Vec<Spec>> = Vec::new();
        for word in join_ranges(text) {
            for term in parse_term(frame, &word, abbrev)? {
                let key = term_key(&term);
                if !terms.iter().any(|t| term_key(t) == key && t.len() == term.len()) {
                    terms.push(term);
                }
            }
        }
        Ok(Self { terms })
    }

    /// True when no term was given.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Names of all variables, each once, in order.
    pub fn variables(&self) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for s in self.terms.iter().flatten() {
            if !out.contains(&s.var) {
                out.push(s.var.clone());
            }
        }
        out
    }

    /// Names of the variables used as factors.
    pub fn factors(&self) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for s in self.terms.iter().flatten() {
            if matches!(s.kind, Kind::Factor { .. }) && !out.contains(&s.var) {
                out.push(s.var.clone());
            }
        }
        out
    }

    /// Whether a term has a time-series operator.
    pub fn has_time_series(&self) -> bool {
        self.terms.iter().flatten().any(|s| !s.ts.is_none())
    }

    /// Excludes rows where a variable (with its time-series operators) is missing.
    pub fn markout(&self, frame: &Frame, touse: &mut [bool]) -> Result<()> {
        let mut done: Vec<(&str, TsOp)> = Vec::new();
        for s in self.terms.iter().flatten() {
            if done.contains(&(s.var.as_str(), s.ts)) {
                continue;
            }
            done.push((&s.var, s.ts));
            if frame.var(frame.position(&s.var)?).is_string() {
                // a plain text variable has no numbers: no row is left, and the command finds no observations
                if matches!(s.kind, Kind::Plain) && s.ts.is_none() {
                    touse.fill(false);
                    continue;
                }
                return Err(StataError::new(
                    109,
                    format!("{}:  string variables may not be used as factor variables", s.var),
                ));
            }
            let x = Atom::Cont { var: s.var.clone(), ts: s.ts, omitted: false }.column(frame)?;
            touse.iter_mut().zip(&x).for_each(|(t, &x)| *t &= !is_missing(x));
        }
        Ok(())
    }

    /// The design columns in a sample: base levels and empty cells included and marked.
    pub fn expand(&self, frame: &Frame, touse: &[bool]) -> Result<Vec<Term>> {
        let mut levels = Levels { frame, touse, found: BTreeMap::new(), bases: BTreeMap::new() };
        for s in self.terms.iter().flatten() {
            if let Kind::Factor { base, .. } = s.kind
                && base != Base::Default
            {
                levels.bases.insert(s.var.clone(), base);
            }
        }
        let keys: Vec<Vec<String>> = self.terms.iter().map(|t| term_key(t)).collect();
        let mut out = Vec::new();
        for specs in &self.terms {
            let choices: Result<Vec<Vec<Atom>>> = specs.iter().map(|s| levels.atoms(s)).collect();
            let mut cells: Vec<Vec<Atom>> = vec![Vec::new()];
            for choice in choices? {
                cells = cells
                    .iter()
                    .flat_map(|c| choice.iter().map(move |a| [&c[..], std::slice::from_ref(a)].concat()))
                    .collect();
                if cells.len() > 65_536 {
                    return Err(StataError::new(134, "too many levels in an interaction"));
                }
            }
            for atoms in cells {
                let mut term = Term { atoms, empty: false };
                if term.atoms.len() > 1 && !term.is_omitted() {
                    if is_redundant(&term, specs, &keys) {
                        term.omit();
                    } else if term.atoms.iter().any(|a| matches!(a, Atom::Level { .. }))
                        && levels.is_empty(&term)?
                    {
                        term.empty = true;
                        term.omit();
                    }
                }
                out.push(term);
            }
        }
        Ok(out)
    }
}

/// A cell is redundant when the term without some of its base-level factors is in the model.
fn is_redundant(term: &Term, specs: &[Spec], keys: &[Vec<String>]) -> bool {
    let bases: Vec<usize> =
        (0..specs.len()).filter(|&i| matches!(term.atoms[i], Atom::Level { base: true, .. })).collect();
    (1u32..1 << bases.len()).any(|mask| {
        let rest: Vec<Spec> = (0..specs.len())
            .filter(|i| !bases.iter().enumerate().any(|(k, b)| b == i && mask & (1 << k) != 0))
            .map(|i| specs[i].clone())
            .collect();
        rest.is_empty() || keys.contains(&term_key(&rest))
    })
}

fn term_key(term: &[Spec]) -> Vec<String> {
    let mut key: Vec<String> = term
        .iter()
        .map(|s| {
            let kind = match &s.kind {
                Kind::Factor { levels, .. } => {
                    format!("i{}", levels.as_ref().map_or(String::new(), |l| format!("{l:?}")))
                }
                _ => "c".to_string(),
            };
            format!("{}|{}|{kind}", s.var, s.ts.prefix())
        })
        .collect();
    key.sort();
    key
}

/// Characteristic of a variable that holds the base level which `fvset` declared.
pub const BASE_SETTING: &str = "_fvbase";

/// The base of a setting of `fvset`.
fn kept_base(setting: &str) -> Option<Base> {
    Some(match setting {
        "first" => Base::First,
        "last" => Base::Last,
        "frequent" => Base::Freq,
        "none" => Base::None,
        "default" => Base::Default,
        level => Base::Level(level.parse().ok().filter(|k| *k >= 0)?),
    })
}

/// True for the settings that `fvset base` takes.
pub fn valid_base_setting(setting: &str) -> bool {
    kept_base(setting).is_some()
}

struct Levels<'a> {
    frame: &'a Frame,
    touse: &'a [bool],
    found: BTreeMap<String, Vec<(i64, usize)>>,
    bases: BTreeMap<String, Base>,
}

impl Levels<'_> {
    fn counts(&mut self, s: &Spec) -> Result<Vec<(i64, usize)>> {
        let key = format!("{}.{}", s.ts.prefix(), s.var);
        if let Some(found) = self.found.get(&key) {
            return Ok(found.clone());
        }
        let x = Atom::Cont { var: s.var.clone(), ts: s.ts, omitted: false }.column(self.frame)?;
        let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
        for (&v, _) in x.iter().zip(self.touse).filter(|(v, t)| **t && !is_missing(**v)) {
            if v < 0.0 {
                let text = format!("{}:  factor variables may not contain negative values", s.var);
                return Err(StataError::new(452, text));
            }
            if v.fract() != 0.0 {
                let text = format!("{}:  factor variables may not contain noninteger values", s.var);
                return Err(StataError::new(452, text));
            }
            *counts.entry(v as i64).or_insert(0) += 1;
        }
        let found: Vec<(i64, usize)> = counts.into_iter().collect();
        self.found.insert(key, found.clone());
        Ok(found)
    }

    /// The base that the list asks for, or else the one that `fvset` keeps with the variable.
    fn base_setting(&self, s: &Spec) -> Base {
        match self.bases.get(&s.var).copied().unwrap_or_default() {
            Base::Default => kept_base(self.frame.char(&s.var, BASE_SETTING)).unwrap_or_default(),
            asked => asked,
        }
    }

    fn base_of(&self, s: &Spec, found: &[(i64, usize)]) -> Option<i64> {
        let nth = |k: usize| found.get(k).map(|f| f.0);
        match self.base_setting(s) {
            Base::Default | Base::First => nth(0),
            Base::Level(k) => Some(k),
            Base::Last => found.last().map(|f| f.0),
            Base::Freq => found.iter().rev().max_by_key(|f| f.1).map(|f| f.0),
            Base::Nth(k) => nth(k.saturating_sub(1)),
            Base::None => None,
        }
    }

    fn atoms(&mut self, s: &Spec) -> Result<Vec<Atom>> {
        let (var, ts) = (s.var.clone(), s.ts);
        let Kind::Factor { levels, omitted, base: own } = &s.kind else {
            return Ok(vec![Atom::Cont { var, ts, omitted: matches!(s.kind, Kind::Cont { omitted: true }) }]);
        };
        let found = self.counts(s)?;
        let base = match levels {
            Some(_) if *own == Base::Default => None,
            _ => self.base_of(s, &found),
        };
        let mut wanted: Vec<i64> = match levels {
            Some(list) => list.clone(),
            None => found.iter().map(|f| f.0).collect(),
        };
        if let (None, Some(b)) = (levels, base)
            && !wanted.contains(&b)
        {
            wanted.push(b);
            wanted.sort_unstable();
        }
        let no_base = self.base_setting(s) == Base::None && levels.is_none();
        let atom = |(k, level): (usize, i64)| Atom::Level {
            var: var.clone(),
            ts,
            level,
            base: base == Some(level),
            no_base: no_base && k == 0,
            omitted: *omitted,
        };
        Ok(wanted.into_iter().enumerate().map(atom).collect())
    }

    /// True when no row of the sample is in the cell of the term's levels.
    fn is_empty(&self, term: &Term) -> Result<bool> {
        let levels: Vec<Atom> =
            term.atoms.iter().filter(|a| matches!(a, Atom::Level { .. })).cloned().collect();
        if levels.len() < 2 {
            return Ok(false);
        }
        let rows: Vec<usize> = (0..self.touse.len()).filter(|&i| self.touse[i]).collect();
        let x = Term { atoms: levels, empty: false }.values(self.frame, &rows)?;
        Ok(!x.contains(&1.0))
    }
}
