//! Options by declared specs. A spec is written as in Stata's `syntax`
//! statement: capitals are the shortest abbreviation (`"Level"`, `"noCONStant"`).

use super::split::unquote;
use crate::error::{Result, StataError};

/// Kind of an option's argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptKind {
    /// No argument.
    Flag,
    /// A number.
    Real,
    /// A whole number.
    Int,
    /// Text in parentheses, outer quotes removed.
    Text,
    /// Text in parentheses, in an option that may be given several times.
    Texts,
    /// Either a flag or text in parentheses.
    FlagOrText,
}

/// A declared option.
#[derive(Debug, Clone, Copy)]
pub struct OptSpec {
    /// Name with the shortest abbreviation in capitals.
    pub name: &'static str,
    /// Kind of its argument.
    pub kind: OptKind,
}

impl OptSpec {
    /// An option without an argument.
    pub const fn flag(name: &'static str) -> Self {
        Self { name, kind: OptKind::Flag }
    }
    /// An option with a number.
    pub const fn real(name: &'static str) -> Self {
        Self { name, kind: OptKind::Real }
    }
    /// An option with a whole number.
    pub const fn int(name: &'static str) -> Self {
        Self { name, kind: OptKind::Int }
    }
    /// An option with text.
    pub const fn text(name: &'static str) -> Self {
        Self { name, kind: OptKind::Text }
    }
    /// An option with text that may be given several times.
    pub const fn texts(name: &'static str) -> Self {
        Self { name, kind: OptKind::Texts }
    }
    /// An option that may stand alone or with text.
    pub const fn flag_or_text(name: &'static str) -> Self {
        Self { name, kind: OptKind::FlagOrText }
    }

    /// The full name in lower case.
    pub fn full_name(&self) -> String {
        self.name.to_lowercase()
    }

    fn matches(&self, typed: &str) -> bool {
        abbreviates(typed, self.name)
    }
}

/// Returns the length of the lists together.
pub const fn joined_length<T>(lists: &[&[T]]) -> usize {
    let mut length = 0;
    let mut list = 0;
    while list < lists.len() {
        length += lists[list].len();
        list += 1;
    }
    length
}

/// Returns the lists joined in their order. `N` is their [`joined_length`]; [`crate::concat_lists!`] computes it.
///
/// # Panics
/// If all lists are empty or `N` is not the joined length; in a constant that is a compile error.
pub const fn join<T: Copy, const N: usize>(lists: &[&[T]]) -> [T; N] {
    let mut first = 0;
    while lists[first].is_empty() {
        first += 1;
    }
    let mut joined = [lists[first][0]; N];
    let (mut list, mut next) = (0, 0);
    while list < lists.len() {
        let mut item = 0;
        while item < lists[list].len() {
            joined[next] = lists[list][item];
            next += 1;
            item += 1;
        }
        list += 1;
    }
    assert!(next == N);
    joined
}

/// Joins constant lists into one constant slice whose length the compiler computes:
/// `concat_lists!(OptSpec; OWN, MAXIMIZE)`. At least one list has an item.
#[macro_export]
macro_rules! concat_lists {
    ($item:ty; $($list:expr),+ $(,)?) => {{
        const LISTS: &[&[$item]] = &[$($list),+];
        const LENGTH: usize = $crate::syntax::options::joined_length(LISTS);
        const JOINED: [$item; LENGTH] = $crate::syntax::options::join(LISTS);
        &JOINED
    }};
}

/// True when `typed` abbreviates a name whose capitals are the minimum
/// (a leading lower-case `no` belongs to the minimum); all lower case means no abbreviation.
pub fn abbreviates(typed: &str, declared: &str) -> bool {
    let full = declared.to_lowercase();
    let min = match declared.rfind(|c: char| c.is_uppercase()) {
        Some(i) => i + 1,
        None => declared.len(),
    };
    // an option that the manual writes in capitals alone (`V`) is typed so
    typed.len() >= min && (full.starts_with(typed) || typed == declared)
}

/// The options that were given.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    items: Vec<(String, Option<String>)>,
}

/// Splits option text into `(name, argument)` as written.
pub fn split_options(text: &str) -> Result<Vec<(String, Option<String>)>> {
    let b = text.as_bytes();
    let mut out: Vec<(String, Option<String>)> = Vec::new();
    let mut i = 0;
    while i < b.len() {
        if b[i].is_ascii_whitespace() || b[i] == b',' {
            i += 1;
            continue;
        }
        if b[i] == b'(' {
            let end = super::split::matching_paren(text, i).ok_or_else(StataError::syntax)?;
            match out.last_mut() {
                Some((_, arg @ None)) => *arg = Some(text[i + 1..end].trim().to_string()),
                _ => return Err(StataError::syntax()),
            }
            i = end + 1;
            continue;
        }
        let start = i;
        while i < b.len() && !b[i].is_ascii_whitespace() && b[i] != b'(' && b[i] != b',' {
            i += 1;
        }
        out.push((text[start..i].to_string(), None));
    }
    Ok(out)
}

impl Options {
    /// Parses and checks option text for a command.
    pub fn parse(command: &str, text: &str, specs: &[OptSpec], unsupported: &[&str]) -> Result<Self> {
        let mut items: Vec<(String, Option<String>)> = Vec::new();
        for (typed, arg) in split_options(text)? {
            // `g(stub)` of tabulate is generate(), `g` alone is gamma: an argument asks for an option that takes one.
            let fits = |s: &&OptSpec| {
                s.matches(&typed)
                    && match s.kind {
                        OptKind::Flag => arg.is_none(),
                        OptKind::FlagOrText => true,
                        _ => arg.is_some(),
                    }
            };
            let known = |s: &&OptSpec| {
                s.matches(&typed) && (arg.is_some() || !matches!(s.kind, OptKind::Text | OptKind::Texts))
            };
            let Some(spec) = specs.iter().find(fits).or_else(|| specs.iter().find(known)) else {
                if let Some(name) = unsupported.iter().find(|n| abbreviates(&typed, n)) {
                    let shown = if arg.is_some() {
                        format!("{}()", name.to_lowercase())
                    } else {
                        name.to_lowercase()
                    };
                    return Err(StataError::unsupported_option(command, &shown));
                }
                if let Some(spec) = specs.iter().find(|s| s.matches(&typed)) {
                    return Err(StataError::invalid(format!("option {}() required", spec.full_name())));
                }
                return Err(StataError::option_not_allowed(&typed));
            };
            let name = spec.full_name();
            let arg = match (spec.kind, arg) {
                (OptKind::Flag, Some(_)) => return Err(StataError::option_not_allowed(&format!("{name}()"))),
                (OptKind::Flag | OptKind::FlagOrText, None) => None,
                (OptKind::Real | OptKind::Int, None) => {
                    return Err(StataError::invalid(format!("option {name}() incorrectly specified")));
                }
                (OptKind::Real | OptKind::Int, Some(a)) => {
                    let x = parse_number(&a);
                    if !x.is_some_and(|x| spec.kind == OptKind::Real || x.fract() == 0.0) {
                        return Err(StataError::invalid(format!("option {name}() incorrectly specified")));
                    }
                    Some(a)
                }
                (_, a) => a.map(|a| unquote(&a).to_string()),
            };
            let again = spec.kind == OptKind::Texts;
            // The bare word and the word with an argument say the same thing: the argument counts.
            if spec.kind == OptKind::FlagOrText
                && let Some(place) =
                    items.iter().position(|(n, a)| *n == name && (a.is_none() || arg.is_none()))
            {
                if arg.is_some() {
                    items[place].1 = arg;
                }
                continue;
            }
            if !again && items.iter().any(|(n, a)| *n == name && *a != arg) {
                return Err(StataError::invalid(format!("option {name} may be specified only once")));
            }
            items.push((name, arg));
        }
        Ok(Self { items })
    }

    /// True when an option was given.
    pub fn has(&self, name: &str) -> bool {
        self.items.iter().any(|(n, _)| n == name)
    }

    /// The argument of an option.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.items.iter().find(|(n, _)| n == name).and_then(|(_, a)| a.as_deref())
    }

    /// The arguments of an option that may be given several times.
    pub fn texts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.items.iter().filter(move |(n, _)| n == name).filter_map(|(_, a)| a.as_deref())
    }

    /// The argument of a numeric option.
    pub fn real(&self, name: &str) -> Option<f64> {
        self.text(name).and_then(parse_number)
    }

    /// The argument of a whole-number option.
    pub fn int(&self, name: &str) -> Option<i64> {
        self.real(name).map(|x| x as i64)
    }

    /// Replaces the argument of an option that was given.
    pub fn set_text(&mut self, name: &str, text: &str) {
        for (_, argument) in self.items.iter_mut().filter(|(n, _)| n == name) {
            *argument = Some(text.to_string());
        }
    }

    /// Adds an option, as if it had been given.
    pub fn give(&mut self, name: &str, argument: Option<&str>) {
        self.items.push((name.to_string(), argument.map(str::to_string)));
    }

    /// Names and arguments in the order given.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.items.iter().map(|(n, a)| (n.as_str(), a.as_deref()))
    }
}

/// A number as it is written in a do-file (`1.5`, `-3`, `.`, `.a`, `1e-4`).
pub fn parse_number(text: &str) -> Option<f64> {
    let t = text.trim();
    let b = t.as_bytes();
    if b == b"." {
        return Some(crate::value::MISSING);
    }
    if b.len() == 2 && b[0] == b'.' && b[1].is_ascii_lowercase() {
        return Some(crate::value::missing(b[1] - b'a' + 1));
    }
    if b.is_empty() || !b.iter().all(|c| c.is_ascii_digit() || b"+-.eEdD".contains(c)) {
        return None;
    }
    t.replace(['d', 'D'], "e").parse().ok().filter(|x: &f64| x.is_finite())
}
