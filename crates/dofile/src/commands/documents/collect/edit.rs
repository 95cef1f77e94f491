//! Changes of a collection: title, notes, tags, composite results and stars ([TABLES] collect recode, remap, addtags, composite,
//! stars).

use super::view::for_tags;
use super::{Given, none_found, plural};
use crate::error::{Result, StataError};
use crate::ops::collection::{Choice, Item, Stars, Tags, Term, matches_any, tags_of, terms_of};
use crate::session::Session;
use crate::syntax::split::{unquote, words};
use std::collections::HashMap;

/// `collect title`.
pub(super) fn title(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("title", text)?;
    let c = given.collection(s)?;
    given.finish(&[])?;
    c.title = unquote(&given.main).to_string();
    Ok(())
}

/// `collect notes`: a note behind the others; `collect notes, clear` removes them, `collect notes 2: "text"` sets one.
pub(super) fn notes(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("notes", text)?;
    let clears = given.flag("clear");
    let replaces = given.flag("replace");
    let c = given.collection(s)?;
    given.finish(&[])?;
    if clears || replaces {
        c.notes.clear();
    }
    let (number, rest) = match given.main.split_once(':') {
        Some((n, rest)) if n.trim().parse::<usize>().is_ok() => (n.trim().parse::<usize>().ok(), rest.trim()),
        _ => (None, given.main.as_str()),
    };
    let text = unquote(rest).to_string();
    match number {
        Some(n) if (1..=c.notes.len()).contains(&n) => c.notes[n - 1] = text,
        _ if text.is_empty() => {}
        _ => c.notes.push(text),
    }
    Ok(())
}

/// Words on both sides of equal signs: `old = new`.
fn pairs(text: &str) -> Result<Vec<(String, String)>> {
    let spaced = spaced(text);
    let words: Vec<&str> = words(&spaced);
    let mut out = Vec::new();
    for chunk in words.chunks(3) {
        match chunk {
            [old, "=", new] => out.push((unquote(old).to_string(), unquote(new).to_string())),
            _ => return Err(StataError::syntax()),
        }
    }
    if out.is_empty() { Err(StataError::syntax()) } else { Ok(out) }
}

/// Blanks around equal signs that stand outside of quotes.
fn spaced(text: &str) -> String {
    let mut quoted = false;
    let mut out = String::new();
    for c in text.chars() {
        quoted ^= c == '"';
        if c == '=' && !quoted {
            out.push_str(" = ");
        } else {
            out.push(c);
        }
    }
    out
}

fn selected(only: &Option<Vec<Term>>, item: &Item) -> bool {
    only.as_ref().is_none_or(|terms| matches_any(terms, &item.tags))
}

/// `collect recode`.
pub(super) fn recode(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("recode", text)?;
    let only = for_tags(&mut given)?;
    let c = given.collection(s)?;
    given.finish(&[])?;
    let (dim, rest) = given.main.split_once(char::is_whitespace).ok_or_else(StataError::syntax)?;
    if !c.has_dim(dim) {
        return Err(none_found(dim));
    }
    let changes: HashMap<String, String> = pairs(rest)?.into_iter().collect();
    let count = c.retag(|item| {
        let new = changes.get(item.tags.get(dim)?).filter(|_| selected(&only, item))?;
        let mut tags = item.tags.clone();
        tags.insert(dim.to_string(), new.clone());
        Some(tags)
    });
    let line = format!("({} recoded in collection {})", plural(count, "item"), c.name);
    s.print(line);
    Ok(())
}

/// `collect remap`: levels of a dimension move to another one.
pub(super) fn remap(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("remap", text)?;
    let only = for_tags(&mut given)?;
    let c = given.collection(s)?;
    given.finish(&[])?;
    let mut moves: Vec<(Choice, Choice)> = Vec::new();
    for (old, new) in pairs(&given.main)? {
        let one = |text: &str| -> Result<Choice> {
            match &terms_of(text)?[..] {
                [term] if term.len() == 1 => Ok(term[0].clone()),
                _ => Err(StataError::syntax()),
            }
        };
        let (old, new) = (one(&old)?, one(&new)?);
        if !c.has_dim(&old.dim) {
            return Err(none_found(&old.dim));
        }
        let count = |choice: &Choice| choice.levels.as_ref().map(Vec::len);
        if new.levels.is_some() && count(&old) != count(&new) {
            return Err(StataError::invalid("the lists of levels do not have the same length"));
        }
        moves.push((old, new));
    }
    let moved = |item: &Item, (old, new): &(Choice, Choice)| -> Option<Tags> {
        let level = item.tags.get(&old.dim)?;
        let at = match &old.levels {
            Some(levels) => Some(levels.iter().position(|l| l == level)?),
            None => None,
        };
        let to = new.levels.as_ref().zip(at).map_or_else(|| level.clone(), |(levels, at)| levels[at].clone());
        let mut tags = item.tags.clone();
        tags.remove(&old.dim);
        tags.insert(new.dim.clone(), to);
        Some(tags)
    };
    let count =
        c.retag(|item| moves.iter().filter(|_| selected(&only, item)).find_map(|change| moved(item, change)));
    let line = format!("({} remapped in collection {})", plural(count, "item"), c.name);
    s.print(line);
    Ok(())
}

/// `collect addtags`.
pub(super) fn add_tags(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("addtags", text)?;
    let only = for_tags(&mut given)?;
    let replaces = given.flag("replace");
    let c = given.collection(s)?;
    given.finish(&[])?;
    let new = tags_of(&given.main)?;
    if new.is_empty() {
        return Err(StataError::syntax());
    }
    let count = c.retag(|item| {
        if !selected(&only, item) {
            return None;
        }
        let mut tags = item.tags.clone();
        for (dim, level) in &new {
            if replaces || !tags.contains_key(dim) {
                tags.insert(dim.clone(), level.clone());
            }
        }
        Some(tags)
    });
    let line = format!("({} changed in collection {})", plural(count, "item"), c.name);
    s.print(line);
    Ok(())
}

/// `collect composite define` and `drop`.
pub(super) fn composite(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("composite", text)?;
    let delimiter = given.text("delimiter");
    let replaces = given.flag("replace");
    given.ignore(&["trim"]);
    let c = given.collection(s)?;
    given.finish(&["override", "notrim"])?;
    let (verb, rest) = given.main.split_once(char::is_whitespace).ok_or_else(StataError::syntax)?;
    match verb {
        "define" => {
            let (name, elements) = rest.split_once('=').ok_or_else(StataError::syntax)?;
            let name = name.trim();
            let elements: Vec<String> = words(elements).iter().map(|w| unquote(w).to_string()).collect();
            if name.is_empty() || elements.is_empty() || elements.iter().any(|e| e == name) {
                return Err(StataError::syntax());
            }
            let exists = c.composites.iter().any(|c| c.0 == name);
            if exists && !replaces {
                return Err(StataError::new(110, format!("composite result {name} already exists")));
            }
            if c.has_level("result", name) {
                return Err(StataError::new(110, format!("level {name} of dimension result already exists")));
            }
            c.composites.retain(|c| c.0 != name);
            let delimiter = delimiter.map_or_else(|| " ".to_string(), |d| unquote(d.trim()).to_string());
            c.composites.push((name.to_string(), elements, delimiter));
            if exists_in_circle(c.composites.iter().map(|c| (c.0.as_str(), &c.1[..]))) {
                c.composites.pop();
                return Err(StataError::invalid(format!("composite result {name} contains itself")));
            }
            Ok(())
        }
        "drop" => {
            for name in rest.split_whitespace() {
                let before = c.composites.len();
                c.composites.retain(|c| c.0 != name);
                if c.composites.len() == before {
                    return Err(StataError::new(111, format!("composite result {name} not found")));
                }
            }
            Ok(())
        }
        _ => Err(StataError::syntax()),
    }
}

/// True where a composite result contains itself through others.
fn exists_in_circle<'a>(all: impl Iterator<Item = (&'a str, &'a [String])>) -> bool {
    let all: HashMap<&str, &[String]> = all.collect();
    all.keys().any(|start| {
        let (mut open, mut seen): (Vec<&str>, Vec<&str>) = (vec![start], Vec::new());
        while let Some(name) = open.pop() {
            for element in all.get(name).into_iter().flat_map(|e| e.iter()) {
                if element == start {
                    return true;
                }
                if all.contains_key(element.as_str()) && !seen.contains(&element.as_str()) {
                    seen.push(element);
                    open.push(element);
                }
            }
        }
        false
    })
}

/// `collect stars`.
pub(super) fn stars(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("stars", text)?;
    let attach = given.text("attach");
    let as_result = given.flag("result");
    let note = [given.flag("shownote"), given.flag("noshownote")];
    let removes = given.flag("remove");
    let c = given.collection(s)?;
    given.ignore(&["clear", "replace"]);
    given.finish(&["dimension", "increasing", "decreasing"])?;
    if removes {
        c.stars = None;
        return Ok(());
    }
    let words = words(&given.main);
    if words.is_empty() {
        let stars = c.stars.as_mut().ok_or_else(StataError::syntax)?;
        stars.note = note[0] || stars.note && !note[1];
        stars.as_result |= as_result;
        if let Some(names) = attach {
            stars.attach = names.split_whitespace().map(str::to_string).collect();
        }
        return Ok(());
    }
    let mut stars = Stars { result: words[0].to_string(), note: note[0], ..Stars::default() };
    for chunk in words[1..].chunks(2) {
        let limit = chunk[0].parse::<f64>().ok().filter(|x| x.is_finite());
        match (limit, chunk.get(1)) {
            (Some(limit), Some(text)) => stars.limits.push((limit, unquote(text).to_string())),
            _ => return Err(StataError::syntax()),
        }
    }
    if stars.limits.is_empty() {
        return Err(StataError::syntax());
    }
    stars.attach = attach.iter().flat_map(|names| names.split_whitespace()).map(str::to_string).collect();
    // without another place the stars are a level of result
    stars.as_result = as_result || stars.attach.is_empty();
    if !c.has_level("result", &stars.result) {
        let line = format!("(level {} of dimension result not found)", stars.result);
        c.stars = Some(stars);
        s.print(line);
        return Ok(());
    }
    c.stars = Some(stars);
    Ok(())
}
