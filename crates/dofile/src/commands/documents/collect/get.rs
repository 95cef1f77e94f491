//! `collect get` and the prefix `collect:` ([TABLES] collect get).

use super::Given;
use crate::commands::{ByRule, Interpreter};
use crate::error::{Result, StataError};
use crate::ops::collection::{
    Collection, Collections, Source, Tags, evaluated, gather, gather_named, tags_of,
};
use crate::session::Session;
use crate::syntax::split::{top_level_colon, words};

/// A result that is asked for.
enum Wanted {
    /// `e()` or `r()`: everything.
    All(Source),
    /// `e(name)` or `r(name)`.
    Named(Source, String),
    /// `name=exp`.
    Expression(String, String),
    /// A level of `result`, `_r_b`.
    Level(String),
}

impl Wanted {
    /// The level of `result` that it becomes.
    fn level(&self) -> Option<&str> {
        match self {
            Self::All(_) => None,
            Self::Named(_, name) | Self::Expression(name, _) | Self::Level(name) => Some(name),
        }
    }
}

/// Puts `name = exp` into one word.
fn joined(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut open = false;
    for word in words(text) {
        let starts = word.starts_with('=') && !out.is_empty();
        match out.last_mut() {
            Some(last) if open || starts => last.push_str(word),
            _ => out.push(word.to_string()),
        }
        open = word.ends_with('=');
    }
    out
}

fn wanted(text: &str) -> Result<Vec<Wanted>> {
    let class = |word: &str| {
        let source = match word.as_bytes().first()? {
            b'e' => Source::Estimates,
            b'r' => Source::Returned,
            _ => return None,
        };
        let name = word.get(1..)?.strip_prefix('(')?.strip_suffix(')')?.trim().to_string();
        Some(if name.is_empty() { Wanted::All(source) } else { Wanted::Named(source, name) })
    };
    let one = |word: &String| {
        let bare = word.strip_prefix('(').and_then(|w| w.strip_suffix(')')).unwrap_or(word).trim();
        if let Some((name, expression)) = bare.split_once('=').filter(|(_, e)| !e.starts_with('=')) {
            return Ok(Wanted::Expression(name.trim().to_string(), expression.trim().to_string()));
        }
        match class(bare) {
            Some(found) => Ok(found),
            None if bare.chars().all(|c| c == '_' || c.is_alphanumeric()) => {
                Ok(Wanted::Level(bare.to_string()))
            }
            None => Err(StataError::invalid(format!("{bare} invalid name"))),
        }
    };
    joined(text).iter().map(one).collect()
}

/// Name of the collection and tags of the items.
struct To {
    name: Option<String>,
    tags: Tags,
}

fn to(given: &mut Given) -> Result<To> {
    let tags = given.text("TAGs").map_or_else(|| Ok(Tags::new()), |t| tags_of(&t))?;
    let name = given.text("name").map(|n| n.trim().to_string());
    given.finish(&["dofile"])?;
    Ok(To { name, tags })
}

/// Tags of the group of `by`, with the labels of its variables.
fn group_tags(s: &Session, c: &mut Collection, tags: &mut Tags) {
    let Some((first, _)) = s.by else { return };
    for name in &s.by_names {
        let Some(v) = s.frame.find(name) else { continue };
        let var = s.frame.var(v);
        let level = if var.is_string() {
            var.data.str(first).to_string()
        } else {
            crate::format::bare("%18.0g", var.data.num(first)).trim().to_string()
        };
        if !var.label.is_empty() {
            c.labels.dims.entry(name.clone()).or_insert_with(|| var.label.clone());
        }
        if let Some(text) =
            s.frame.labels_of(v).filter(|_| !var.is_string()).and_then(|l| l.get(var.data.num(first)))
        {
            c.labels.offer_level(name, &level, text);
        }
        tags.insert(name.clone(), level);
    }
}

/// Adds the results of the command that ran to a collection. With `all`, everything that it stored. Nothing is collected of a
/// list with a mistake.
fn collect(s: &mut Session, to: To, results: &[Wanted], all: Option<Source>) -> Result<()> {
    let set = Collections::named(s, to.name.as_deref())?.sets + 1;
    let mut found = Collection::new("");
    let large = fill(s, &mut found, (to.tags, set), results, all)?;
    let c = Collections::named(s, to.name.as_deref())?;
    c.sets = set;
    c.merge(found);
    let levels: Vec<String> = results.iter().filter_map(|w| w.level().map(str::to_string)).collect();
    c.add_auto("result", &levels);
    for matrix in large {
        s.print(format!("(matrix {matrix} has too many elements and is not collected)"));
    }
    Ok(())
}

fn fill(
    s: &Session,
    c: &mut Collection,
    (mut tags, set): (Tags, usize),
    results: &[Wanted],
    all: Option<Source>,
) -> Result<Vec<String>> {
    group_tags(s, c, &mut tags);
    tags.entry("cmdset".into()).or_insert_with(|| set.to_string());
    let mut large = Vec::new();
    if let Some(source) = all {
        large = gather(s, c, source, &tags);
    }
    for wanted in results {
        match wanted {
            Wanted::All(source) if all != Some(*source) => large.extend(gather(s, c, *source, &tags)),
            Wanted::Named(source, name) if all != Some(*source) => {
                gather_named(s, c, (*source, name), name, &tags)?;
            }
            Wanted::Expression(name, expression) => evaluated(s, c, name, expression, &tags)?,
            Wanted::Level(name) if all.is_none() => {
                return Err(StataError::new(111, format!("result {name} not found")));
            }
            _ => {}
        }
    }
    Ok(large)
}

/// `collect get`.
pub(super) fn get(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("get", text)?;
    let results = wanted(&given.main)?;
    let to = to(&mut given)?;
    // the coefficient table belongs to e()
    let from_table = results.iter().any(|w| matches!(w, Wanted::Level(name) if name.starts_with("_r_")));
    let source = if s.e.b().is_some() && (from_table || s.r.is_empty()) {
        Source::Estimates
    } else {
        Source::Returned
    };
    let all = (results.is_empty() || from_table).then_some(source);
    collect(s, to, &results, all)
}

/// `collect ...: command`.
pub(super) fn prefix(s: &mut Session, before: &str, command: &str) -> Result<()> {
    let mut given = Given::read("get", before)?;
    let results = wanted(&given.main)?;
    let to = to(&mut given)?;
    if let Some(name) = to.name.as_deref().filter(|n| !Collections::of(s).has(n)) {
        return Err(StataError::new(111, format!("collection {name} not found")));
    }
    if command.is_empty() {
        return Err(StataError::syntax());
    }
    let word = command.split([' ', ',']).next().unwrap_or("");
    if word == "by" || word.len() >= 3 && "bysort".starts_with(word) {
        // results are collected from every group
        let colon = top_level_colon(command).ok_or_else(StataError::syntax)?;
        let (groups, inner) = command.split_at(colon);
        return s.run_expanded(&format!("{groups}: collect {before}{inner}")).map(|_| ());
    }
    if s.by.is_some() && s.command(word).is_some_and(|spec| spec.by != ByRule::EachGroup) {
        return Err(StataError::new(190, format!("{word} may not be combined with by")));
    }
    let estimates = s.e.sample;
    s.run_expanded(command)?;
    let replayed = s.r.matrices.get("b").is_none()
        && s.r.matrices.get("table").zip(s.e.b()).is_some_and(|(t, b)| t.col_names == b.col_names);
    let all = if s.e.sample != estimates || replayed { Source::Estimates } else { Source::Returned };
    collect(s, to, &results, Some(all))
}
