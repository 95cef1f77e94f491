//! Factor-variable and time-series terms (manual [U] 11.4.3 and 11.4.4):
//! parsing lists such as `i.a##c.x L(1/2).y` and expanding them to the design
//! columns of a sample, with Stata's term names.

use super::numlist;
use super::split::{matching_paren, words};
use super::varlist;
use crate::error::{Result, StataError};
use crate::frame::Frame;
use crate::tsset::Panel;
use crate::value::{MISSING, is_missing};
use std::collections::BTreeMap;

/// Lag, difference and seasonal difference (`L2D.`); `F.` is a negative lag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct TsOp {
    /// Lags (negative: leads).
    pub lag: i32,
    /// Order of differencing.
    pub diff: u32,
    /// Seasonal span (0: none).
    pub seasonal: u32,
}

impl TsOp {
    /// True without any operator.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// `L2D` and so on, without the dot; empty without operators.
    pub fn prefix(&self) -> String {
        let part = |letter: &str, n: u32| match n {
            0 => String::new(),
            1 => letter.to_string(),
            n => format!("{letter}{n}"),
        };
        let lag = if self.lag >= 0 { part("L", self.lag as u32) } else { part("F", self.lag.unsigned_abs()) };
        let seasonal = if self.seasonal > 0 { format!("S{}", self.seasonal) } else { String::new() };
        lag + &part("D", self.diff) + &seasonal
    }

    /// Weights by lag, so that the value is the weighted sum of shifted values.
    pub fn polynomial(&self) -> Vec<(i32, f64)> {
        let mut poly: BTreeMap<i32, f64> = BTreeMap::from([(self.lag, 1.0)]);
        let spans = std::iter::repeat_n(1, self.diff as usize)
            .chain((self.seasonal > 0).then_some(self.seasonal as i32));
        for span in spans {
            let mut next = poly.clone();
            for (lag, c) in &poly {
                *next.entry(lag + span).or_insert(0.0) -= c;
            }
            poly = next;
        }
        poly.into_iter().filter(|(_, c)| *c != 0.0).collect()
    }
}

/// One factor of a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Atom {
    /// The values of a variable.
    Cont {
        /// Variable name.
        var: String,
        /// Time-series operators.
        ts: TsOp,
        /// Written `co.` or `o.`: the column is omitted.
        omitted: bool,
    },
    /// Indicator of one level.
    Level {
        /// Variable name.
        var: String,
        /// Time-series operators.
        ts: TsOp,
        /// The level.
        level: i64,
        /// It is the base level (`1b.`).
        base: bool,
        /// It is the first level of a factor without a base (`1bn.`).
        no_base: bool,
        /// Written `o`: the column is omitted.
        omitted: bool,
    },
}

/// One design column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Its factors; more than one for interactions.
    pub atoms: Vec<Atom>,
    /// The cell of the interaction has no observation.
    pub empty: bool,
}

impl Term {
    /// A plain continuous variable.
    pub fn variable(name: &str) -> Self {
        Self {
            atoms: vec![Atom::Cont { var: name.to_string(), ts: TsOp::default(), omitted: false }],
            empty: false,
        }
    }

    /// The name as in the stripe of `e(b)`: `x`, `2.a`, `1b.a`, `1b.a#co.x`, `o.x`.
    pub fn name(&self) -> String {
        let inter = self.atoms.len() > 1;
        let parts: Vec<String> = self.atoms.iter().map(|a| a.name(inter)).collect();
        parts.join("#")
    }

    /// True for a base level, or a column marked as omitted.
    pub fn is_omitted(&self) -> bool {
        let marked =
            |a: &Atom| matches!(a, Atom::Cont { omitted: true, .. } | Atom::Level { omitted: true, .. });
        self.atoms.iter().any(marked) || self.is_base()
    }

    /// True when all factors are base levels.
    pub fn is_base(&self) -> bool {
        self.atoms.iter().all(|a| matches!(a, Atom::Level { base: true, .. }))
    }

    /// Marks the column as omitted (collinear): `o.x`, `2o.a`, `2o.a#co.x`.
    pub fn omit(&mut self) {
        for a in &mut self.atoms {
            match a {
                Atom::Cont { omitted, .. } => *omitted = true,
                Atom::Level { omitted, base: false, .. } => *omitted = true,
                Atom::Level { .. } => {}
            }
        }
        if !self.is_omitted()
            && let Some(Atom::Level { omitted, .. }) = self.atoms.first_mut()
        {
            *omitted = true;
        }
    }

    /// Rebuilds a term from its name.
    pub fn parse(name: &str) -> Result<Self> {
        let atoms: Result<Vec<Atom>> = name.split('#').map(Atom::parse).collect();
        Ok(Self { atoms: atoms?, empty: false })
    }

    /// Names of the variables, each once.
    pub fn variables(&self) -> Vec<&str> {
        let mut out: Vec<&str> = Vec::new();
        for a in &self.atoms {
            if !out.contains(&a.var()) {
                out.push(a.var());
            }
        }
        out
    }

    /// Values of the column in the given rows, whether or not it is omitted;
    /// missing where a variable is missing.
    pub fn values(&self, frame: &Frame, rows: &[usize]) -> Result<Vec<f64>> {
        let mut out = vec![1.0; rows.len()];
        for a in &self.atoms {
            let column = a.column(frame)?;
            for (x, &r) in out.iter_mut().zip(rows) {
                let v = column[r];
                *x = if is_missing(v) || is_missing(*x) {
                    MISSING
                } else {
                    match a {
                        Atom::Cont { .. } => *x * v,
                        Atom::Level { level, .. } => *x * f64::from(u8::from(v == *level as f64)),
                    }
                };
            }
        }
        Ok(out)
    }
}

impl Atom {
    /// The variable's name.
    pub fn var(&self) -> &str {
        match self {
            Self::Cont { var, .. } | Self::Level { var, .. } => var,
        }
    }

    /// Time-series operators.
    pub fn ts(&self) -> TsOp {
        match self {
            Self::Cont { ts, .. } | Self::Level { ts, .. } => *ts,
        }
    }

    fn name(&self, interaction: bool) -> String {
        match self {
            Self::Cont { var, ts, omitted } => {
                let op = match (interaction, omitted) {
                    (true, true) => "co",
                    (true, false) => "c",
                    (false, true) => "o",
                    (false, false) => "",
                };
                let prefix = op.to_string() + &ts.prefix();
                if prefix.is_empty() { var.clone() } else { format!("{prefix}.{var}") }
            }
            Self::Level { var, ts, level, base, no_base, omitted } => {
                let mark = match (base, no_base, omitted) {
                    (true, ..) => "b",
                    (_, _, true) => "o",
                    (_, true, _) => "bn",
                    _ => "",
                };
                format!("{level}{mark}{}.{var}", ts.prefix())
            }
        }
    }

    fn parse(text: &str) -> Result<Self> {
        let bad = || StataError::new(198, format!("{text} invalid name"));
        let Some((prefix, var)) = text.rsplit_once('.') else {
            return Ok(Self::Cont { var: text.to_string(), ts: TsOp::default(), omitted: false });
        };
        let spec = Spec::parse_prefix(prefix)?.into_iter().next().ok_or_else(bad)?;
        let var = var.to_string();
        Ok(match spec.kind {
            Kind::Factor { levels: Some(levels), base, omitted } => Self::Level {
                var,
                ts: spec.ts,
                level: *levels.first().ok_or_else(bad)?,
                base: matches!(base, Base::Level(_)),
                no_base: base == Base::None,
                omitted,
            },
            Kind::Factor { .. } => return Err(bad()),
            Kind::Plain => Self::Cont { var, ts: spec.ts, omitted: false },
            Kind::Cont { omitted } => Self::Cont { var, ts: spec.ts, omitted },
        })
    }

    /// The underlying variable with its time-series operators, for all rows.
    pub fn column(&self, frame: &Frame) -> Result<Vec<f64>> {
        let i = frame.position(self.var())?;
        let x = frame.numeric(i)?;
        if self.ts().is_none() { Ok(x.into_owned()) } else { Panel::of(frame)?.apply(frame, &x, self.ts()) }
    }
}

/// Which level is the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Base {
    #[default]
    Default,
    Level(i64),
    First,
    Last,
    Freq,
    Nth(usize),
    None,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Plain,
    Cont { omitted: bool },
    Factor { levels: Option<Vec<i64>>, base: Base, omitted: bool },
}

/// A factor as written, for one variable.
#[derive(Debug, Clone, PartialEq)]
struct Spec {
    var: String,
    ts: TsOp,
    kind: Kind,
}

impl Spec {
    /// Reads `ib2`, `c`, `L2D`, `2`, `io(2 3)`, … before the dot; several where `L(1/3)` asks for them.
    fn parse_prefix(prefix: &str) -> Result<Vec<Spec>> {
        let bad = || StataError::new(198, format!("{prefix}.: invalid operator"));
        let mut specs = vec![Spec { var: String::new(), ts: TsOp::default(), kind: Kind::Plain }];
        let b = prefix.as_bytes();
        let mut i = 0;
        while i < b.len() {
            let c = b[i].to_ascii_lowercase();
            i += 1;
            if c.is_ascii_digit() {
                i -= 1;
            }
            // an argument: digits or a parenthesised list
            let start = i;
            let mut arg = String::new();
            if b.get(i) == Some(&b'(') {
                let end = matching_paren(prefix, i).ok_or_else(bad)?;
                arg = prefix.get(i + 1..end).ok_or_else(bad)?.trim().to_string();
                i = end + 1;
            } else {
                while b.get(i).is_some_and(|c| c.is_ascii_digit()) {
                    i += 1;
                }
                arg.push_str(prefix.get(start..i).ok_or_else(bad)?);
            }
            let numbers = || -> Result<Vec<i64>> {
                Ok(numlist::expand(&arg).map_err(|_| bad())?.iter().map(|x| *x as i64).collect())
            };
            match c {
                b'.' => {}
                b'l' | b'f' | b'd' | b's' => {
                    let ns = if arg.is_empty() { vec![1] } else { numbers()? };
                    if ns.iter().any(|n| n.abs() > 10_000) {
                        return Err(bad());
                    }
                    specs = specs.iter().flat_map(|s| ns.iter().map(move |&n| s.with_ts(c, n))).collect();
                }
                b'c' => specs.iter_mut().for_each(|s| s.kind = Kind::Cont { omitted: false }),
                b'o' => {
                    let listed = if arg.is_empty() { None } else { Some(numbers()?) };
                    specs.iter_mut().for_each(|s| s.omit(&listed));
                }
                b'i' => {
                    let listed = if arg.is_empty() { None } else { Some(numbers()?) };
                    specs.iter_mut().for_each(|s| s.factor(listed.clone(), None));
                }
                b'b' => {
                    let base = match (arg.as_str(), b.get(i)) {
                        ("", Some(b'n')) => {
                            i += 1;
                            Base::None
                        }
                        ("", _) => Base::Level(i64::MIN),
                        ("first", _) => Base::First,
                        ("last", _) => Base::Last,
                        ("freq", _) => Base::Freq,
                        ("none", _) => Base::None,
                        (a, _) if a.starts_with('#') => Base::Nth(a[1..].trim().parse().map_err(|_| bad())?),
                        (a, _) => Base::Level(a.parse().map_err(|_| bad())?),
                    };
                    specs.iter_mut().for_each(|s| s.factor(None, Some(base)));
                }
                b'0'..=b'9' => {
                    let level: i64 = arg.parse().map_err(|_| bad())?;
                    specs.iter_mut().for_each(|s| s.factor(Some(vec![level]), None));
                }
                _ => return Err(bad()),
            }
        }
        for s in &mut specs {
            if let Kind::Factor { levels: Some(levels), base: base @ Base::Level(i64::MIN), .. } = &mut s.kind
            {
                *base = Base::Level(levels.first().copied().unwrap_or(0));
            }
        }
        Ok(specs)
    }

    fn with_ts(&self, letter: u8, n: i64) -> Self {
        let mut s = self.clone();
        match letter {
            b'l' => s.ts.lag += n as i32,
            b'f' => s.ts.lag -= n as i32,
            b'd' => s.ts.diff += n as u32,
            _ => s.ts.seasonal = n as u32,
        }
        s
    }

    fn omit(&mut self, listed: &Option<Vec<i64>>) {
        match &mut self.kind {
            Kind::Plain => self.kind = Kind::Cont { omitted: true },
            Kind::Cont { omitted } => *omitted = true,
            Kind::Factor { levels, omitted, .. } => {
                *omitted = true;
                if listed.is_some() {
                    levels.clone_from(listed);
                }
            }
        }
    }

    fn factor(&mut self, listed: Option<Vec<i64>>, new_base: Option<Base>) {
        if !matches!(self.kind, Kind::Factor { .. }) {
            let omitted = matches!(self.kind, Kind::Cont { omitted: true });
            self.kind = Kind::Factor { levels: None, base: Base::Default, omitted };
        }
        if let Kind::Factor { levels, base, .. } = &mut self.kind {
            if listed.is_some() {
                *levels = listed;
            }
            if let Some(b) = new_base {
                *base = b;
            }
        }
    }
}

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

    /// Excludes rows where a variable (with its time-series operators) is missing.
    pub fn markout(&self, frame: &Frame, touse: &mut [bool]) -> Result<()> {
        let mut done: Vec<(&str, TsOp)> = Vec::new();
        for s in self.terms.iter().flatten() {
            if done.contains(&(s.var.as_str(), s.ts)) {
                continue;
            }
            done.push((&s.var, s.ts));
            if frame.var(frame.position(&s.var)?).is_string() {
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

    fn base_of(&self, s: &Spec, found: &[(i64, usize)]) -> Option<i64> {
        let nth = |k: usize| found.get(k).map(|f| f.0);
        match self.bases.get(&s.var).copied().unwrap_or_default() {
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
        let no_base = self.bases.get(&s.var) == Some(&Base::None) && levels.is_none();
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

/// Words of a list with blanks around `#`, `-` and after operators removed.
fn join_ranges(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for w in words(text) {
        let glue = w == "-"
            || w.starts_with('#')
            || w.starts_with('-')
            || out.last().is_some_and(|l| l.ends_with(['#', '-', '.']));
        match out.last_mut() {
            Some(last) if glue => last.push_str(w),
            _ => out.push(w.to_string()),
        }
    }
    out
}

fn parse_term(frame: &Frame, word: &str, abbrev: bool) -> Result<Vec<Vec<Spec>>> {
    // split at # and ## outside parentheses
    let b = word.as_bytes();
    let (mut pieces, mut joins) = (Vec::new(), Vec::new());
    let (mut i, mut start, mut depth) = (0, 0, 0i32);
    while i < b.len() {
        match b[i] {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'#' if depth == 0 => {
                pieces.push(&word[start..i]);
                let double = b.get(i + 1) == Some(&b'#');
                joins.push(double);
                i += usize::from(double);
                start = i + 1;
            }
            _ => {}
        }
        i += 1;
    }
    pieces.push(&word[start..]);
    if pieces.len() > 8 {
        return Err(StataError::standard(145));
    }
    let inter = pieces.len() > 1;
    let factors: Result<Vec<Vec<Vec<Spec>>>> =
        pieces.iter().map(|p| parse_factor(frame, p, abbrev, inter)).collect();
    let mut factors = factors?.into_iter();
    let mut acc = factors.next().unwrap_or_default();
    for (next, double) in factors.zip(joins) {
        let product: Vec<Vec<Spec>> =
            acc.iter().flat_map(|a| next.iter().map(move |n| [&a[..], &n[..]].concat())).collect();
        if double {
            acc.extend(next);
            acc.extend(product);
        } else {
            acc = product;
        }
    }
    for term in &mut acc {
        if term.len() > 1 {
            // factors come before continuous variables in the names of interactions
            term.sort_by_key(|s| !matches!(s.kind, Kind::Factor { .. }));
        }
    }
    Ok(acc)
}

/// One factor as written: `x`, `i.x`, `c.(x y)`, `(a b)`, to alternatives of terms.
fn parse_factor(frame: &Frame, text: &str, abbrev: bool, inter: bool) -> Result<Vec<Vec<Spec>>> {
    let (prefix, names) = split_prefix(text);
    let names = match names.strip_prefix('(').and_then(|n| n.strip_suffix(')')) {
        Some(inner) if inner.contains(['.', '#']) => {
            let mut out = Vec::new();
            for word in join_ranges(inner) {
                let word = if prefix.is_empty() { word } else { format!("{prefix}.{word}") };
                out.extend(parse_term(frame, &word, abbrev)?);
            }
            if inter {
                out.iter_mut().flatten().for_each(factor_if_plain);
            }
            return Ok(out);
        }
        Some(inner) => inner,
        None => names,
    };
    let specs = if prefix.is_empty() {
        vec![Spec { var: String::new(), ts: TsOp::default(), kind: Kind::Plain }]
    } else {
        Spec::parse_prefix(prefix)?
    };
    let mut out = Vec::new();
    for i in varlist::resolve(frame, names, abbrev)? {
        for s in &specs {
            let mut s = Spec { var: frame.var(i).name.clone(), ..s.clone() };
            if inter {
                factor_if_plain(&mut s);
            }
            if frame.var(i).is_string() && !(matches!(s.kind, Kind::Plain) && s.ts.is_none()) {
                let text = format!("{}:  string variables may not be used as factor variables", s.var);
                return Err(StataError::new(109, text));
            }
            out.push(vec![s]);
        }
    }
    if out.is_empty() {
        return Err(StataError::syntax());
    }
    Ok(out)
}

fn factor_if_plain(s: &mut Spec) {
    if s.kind == Kind::Plain {
        s.factor(None, None);
    }
}

/// Splits `ib(last).x` into operator and name at the last dot outside parentheses.
fn split_prefix(text: &str) -> (&str, &str) {
    let b = text.as_bytes();
    let mut depth = 0;
    let mut dot = None;
    for (i, c) in b.iter().enumerate() {
        match c {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'.' if depth == 0 => dot = Some(i),
            _ => {}
        }
    }
    match dot {
        Some(i) => (&text[..i], &text[i + 1..]),
        None => ("", text),
    }
}
