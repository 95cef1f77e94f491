//! Reads the paths of `sem` and the lists of `covariance()`, `variance()`, `means()` and `covstructure()`.
//! Notation: [SEM] sem and gsem path notation.

use crate::error::{Result, StataError};
use crate::syntax::leading_groups;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::split::{ParsedCommand, front_and_options, words};
use crate::value::is_missing;

/// What the user says about a parameter.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Bound {
    /// Estimated.
    Free,
    /// `@#`.
    Fixed(f64),
    /// `@name`: equal to the other ones of that name.
    Named(String),
}

/// A name with what follows `@`.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub name: String,
    pub bound: Option<Bound>,
}

/// A path in parentheses: dependent variables, their causes, and whether they have no constant.
#[derive(Debug)]
pub(super) struct Path {
    pub to: Vec<Item>,
    pub from: Vec<Item>,
    pub constant: bool,
    /// The group that it is for, `(2: y <- x)`.
    pub group: Option<f64>,
}

/// Texts of the options that may be repeated.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub covariance: Vec<String>,
    pub variance: Vec<String>,
    pub means: Vec<String>,
    pub structure: Vec<String>,
}

impl Lists {
    fn texts(&self) -> impl Iterator<Item = &String> {
        [&self.covariance, &self.variance, &self.means, &self.structure].into_iter().flatten()
    }

    /// Groups that texts are for.
    pub(super) fn groups(&self) -> Vec<f64> {
        self.texts().filter_map(|text| prefixed(text).0).collect()
    }

    /// The texts for a group, those for all groups among them.
    pub(super) fn of_group(&self, value: f64) -> Self {
        let own = |texts: &[String]| -> Vec<String> {
            let pairs = texts.iter().map(|text| prefixed(text));
            pairs.filter(|(group, _)| group.is_none_or(|g| g == value)).map(|p| p.1.to_string()).collect()
        };
        Self {
            covariance: own(&self.covariance),
            variance: own(&self.variance),
            means: own(&self.means),
            structure: own(&self.structure),
        }
    }
}

/// The group before a colon, `2: y <- x`, and the rest.
fn prefixed(text: &str) -> (Option<f64>, &str) {
    let Some((front, rest)) = text.split_once(':') else { return (None, text) };
    match front.trim().parse::<u32>() {
        Ok(group) => (Some(f64::from(group)), rest),
        Err(_) => (None, text),
    }
}

/// What Stata has and this command does not, r(199).
pub(super) fn unsupported(what: &str) -> StataError {
    StataError::new(199, format!("sem: {what} not supported by the open engine"))
}

/// `name`, `name@#`, `name@other`.
fn item(text: &str) -> Result<Item> {
    let (name, bound) = match text.split_once('@') {
        None => (text, None),
        Some((name, bound)) => (name, Some(self::bound(bound)?)),
    };
    if name.is_empty() {
        return Err(StataError::invalid(format!("{text} invalid: a name was expected before @")));
    }
    if name.starts_with('(') || name.contains(',') {
        return Err(unsupported(&format!("init() and other options of a parameter, {text}, are")));
    }
    Ok(Item { name: name.to_string(), bound })
}

fn bound(text: &str) -> Result<Bound> {
    if let Some(x) = parse_number(text).filter(|x| !is_missing(*x)) {
        return Ok(Bound::Fixed(x));
    }
    if crate::frame::is_valid_name(text) {
        return Ok(Bound::Named(text.to_string()));
    }
    if text.starts_with('(') || text.contains(['*', '+', '[']) {
        return Err(unsupported(&format!("constraints that are expressions, @{text}, are")));
    }
    Err(StataError::invalid(format!("@{text} invalid: a number or a name was expected")))
}

/// Names of a list; blanks around `@` and `*` do not separate.
pub(super) fn items(text: &str) -> Result<Vec<Item>> {
    let mut joined = text.to_string();
    for sign in ["@", "*"] {
        joined = joined.split(sign).map(str::trim).collect::<Vec<_>>().join(sign);
    }
    words(&joined).into_iter().map(item).collect()
}

/// Items of a path; a list in parentheses with `@` behind it binds each of its members.
fn path(text: &str) -> Result<Path> {
    let (group, text) = prefixed(text);
    let (body, options) = front_and_options(text);
    let mut constant = true;
    for (name, argument) in split_options(options)? {
        if !abbreviates(&name, "noCONstant") || argument.is_some() {
            return Err(unsupported(&format!("option {name} of a path is")));
        }
        constant = false;
    }
    let (left, right) = match (body.split_once("<-"), body.split_once("->")) {
        (Some(found), None) => found,
        (None, Some((from, to))) => (to, from),
        (Some(_), Some(_)) => {
            return Err(StataError::invalid(format!("({text}): only one arrow is allowed")));
        }
        (None, None) => return Err(StataError::invalid(format!("({text}): <- or -> expected"))),
    };
    if right.contains("<-") || right.contains("->") || left.contains("->") {
        return Err(StataError::invalid(format!("({text}): only one arrow is allowed")));
    }
    let (to, from) = (items(left)?, items(right)?);
    if to.is_empty() {
        return Err(StataError::invalid(format!("({text}): no dependent variable")));
    }
    Ok(Path { to, from, constant, group })
}

/// Paths in parentheses and the rest of the line.
pub(super) fn paths(raw: &str) -> Result<(Vec<Path>, &str)> {
    let (groups, rest) = leading_groups(raw).ok_or_else(StataError::unclosed)?;
    let out = groups.into_iter().map(path).collect::<Result<Vec<_>>>()?;
    if out.is_empty() {
        return Err(StataError::invalid("paths must be given in parentheses, as in (y <- x)"));
    }
    Ok((out, rest))
}

/// Takes the options that may be repeated out of the line.
pub(super) fn take_lists(cmd: &mut ParsedCommand) -> Result<Lists> {
    let mut lists = Lists::default();
    let mut rest = Vec::new();
    for (name, argument) in split_options(&cmd.option_text)? {
        let is = |full: &str| abbreviates(&name, full);
        let slot = match () {
            () if is("COVariance") => Some(&mut lists.covariance),
            () if is("VARiance") => Some(&mut lists.variance),
            () if is("MEANs") => Some(&mut lists.means),
            () if is("COVSTRucture") => Some(&mut lists.structure),
            () => None,
        };
        match (slot, argument) {
            (Some(slot), Some(text)) => slot.push(text),
            (_, Some(text)) => rest.push(format!("{name}({text})")),
            (_, None) => rest.push(name),
        }
    }
    cmd.option_text = rest.join(" ");
    Ok(lists)
}
