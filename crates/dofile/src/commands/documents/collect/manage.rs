//! Collections in memory and on disk: `collect create`, `set`, `drop`, `rename`, `copy`, `combine`, `save`, `use`, `clear`.

use super::Given;
use crate::error::{Result, StataError};
use crate::ops::collection::{Collection, Collections, from_json, to_json};
use crate::session::Session;
use crate::syntax::split::{unquote, words};

fn one_name(text: &str) -> Result<&str> {
    let text = text.trim();
    let fits = !text.is_empty()
        && text.chars().count() <= 32
        && text.chars().all(|c| c == '_' || c.is_alphanumeric())
        && !text.starts_with(|c: char| c.is_ascii_digit());
    if fits { Ok(text) } else { Err(StataError::invalid(format!("{text} invalid name"))) }
}

fn exists(name: &str) -> StataError {
    StataError::new(110, format!("collection {name} already exists"))
}

fn missing(name: &str) -> StataError {
    StataError::new(111, format!("collection {name} not found"))
}

/// The name of a new collection; one that is there needs `replace`.
fn new_name(s: &mut Session, given: &mut Given, name: &str) -> Result<String> {
    let name = one_name(name)?.to_string();
    let replaces = given.flag("replace");
    if Collections::of(s).has(&name) && !replaces && name != "default" {
        return Err(exists(&name));
    }
    Ok(name)
}

/// `collect create`.
pub(super) fn create(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("create", text)?;
    let main = given.main.clone();
    let name = new_name(s, &mut given, &main)?;
    given.finish(&[])?;
    Collections::of(s).put(Collection::new(&name));
    s.print(format!("(current collection is {name})"));
    Ok(())
}

/// `collect set`.
pub(super) fn set(s: &mut Session, text: &str) -> Result<()> {
    let given = Given::read("set", text)?;
    given.finish(&[])?;
    let name = one_name(&given.main)?.to_string();
    Collections::of(s).set(&name);
    s.print(format!("(current collection is {name})"));
    Ok(())
}

/// `collect drop`.
pub(super) fn drop(s: &mut Session, text: &str) -> Result<()> {
    let given = Given::read("drop", text)?;
    given.finish(&[])?;
    let names: Vec<String> = given.main.split_whitespace().map(str::to_string).collect();
    let all = Collections::of(s);
    if names == ["_all"] {
        *all = Collections::default();
        return Ok(());
    }
    if names.is_empty() {
        return Err(StataError::syntax());
    }
    if let Some(name) = names.iter().find(|n| !all.has(n)) {
        return Err(missing(name));
    }
    names.iter().for_each(|name| _ = all.remove(name));
    Ok(())
}

/// `collect rename`.
pub(super) fn rename(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("rename", text)?;
    let main = given.main.clone();
    let [old, new] = words(&main)[..] else { return Err(StataError::syntax()) };
    let new = new_name(s, &mut given, new)?;
    given.finish(&[])?;
    let all = Collections::of(s);
    let current = all.current_name().to_string();
    let mut c = all.remove(old).ok_or_else(|| missing(old))?;
    c.name.clone_from(&new);
    all.put(c);
    if current != old {
        all.set(&current);
    }
    Ok(())
}

/// `collect copy`.
pub(super) fn copy(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("copy", text)?;
    let main = given.main.clone();
    let [old, new] = words(&main)[..] else { return Err(StataError::syntax()) };
    let new = new_name(s, &mut given, new)?;
    given.finish(&[])?;
    let all = Collections::of(s);
    let current = all.current_name().to_string();
    let mut c = all.find(old).cloned().ok_or_else(|| missing(old))?;
    c.name.clone_from(&new);
    all.put(c);
    all.set(&current);
    Ok(())
}

/// `collect combine`: the items of several collections, told apart by the dimension `collection`.
pub(super) fn combine(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("combine", text)?;
    let main = given.main.clone();
    let (name, list) = main.split_once('=').ok_or_else(StataError::syntax)?;
    let name = new_name(s, &mut given, name)?;
    given.finish(&["style", "label", "layout", "warn", "nowarn"])?;
    let all = Collections::of(s);
    let mut out: Option<Collection> = None;
    for from in list.split_whitespace() {
        let mut c = all.find(from).cloned().ok_or_else(|| missing(from))?;
        c.retag(|item| {
            let mut tags = item.tags.clone();
            tags.insert("collection".into(), from.to_string());
            Some(tags)
        });
        match &mut out {
            None => {
                c.name.clone_from(&name);
                out = Some(c);
            }
            Some(out) => {
                for composite in &c.composites {
                    if out.composites.iter().all(|other| other.0 != composite.0) {
                        out.composites.push(composite.clone());
                    }
                }
                c.auto.iter().for_each(|(dim, levels)| out.add_auto(dim, levels));
                out.sets = out.sets.max(c.sets);
                out.stars = out.stars.take().or(c.stars.clone());
                out.merge(c);
            }
        }
    }
    all.put(out.ok_or_else(StataError::syntax)?);
    s.print(format!("(current collection is {name})"));
    Ok(())
}

/// The path of a file of a collection.
fn file_name(text: &str) -> String {
    let name = unquote(text.trim());
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.contains('.') { name.to_string() } else { format!("{name}.stjson") }
}

/// `collect save`.
pub(super) fn save(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("save", text)?;
    let replaces = given.flag("replace");
    let c = given.collection(s)?;
    given.finish(&[])?;
    if given.main.is_empty() {
        return Err(StataError::syntax());
    }
    let (text, name) = (to_json(c), c.name.clone());
    let file = file_name(&given.main);
    let path = s.path(&file);
    if path.exists() && !replaces {
        return Err(StataError::new(602, format!("file {file} already exists")));
    }
    std::fs::write(&path, text)
        .map_err(|e| StataError::new(603, format!("file {file} could not be written: {e}")))?;
    s.print(format!("(collection {name} saved to file {file})"));
    Ok(())
}

/// `collect use [name] file`.
pub(super) fn use_file(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("use", text)?;
    let main = given.main.clone();
    let (name, file) = match words(&main)[..] {
        [file] => (None, file),
        [name, file] | [name, "using", file] => (Some(name), file),
        _ => return Err(StataError::syntax()),
    };
    let file = file_name(file);
    let stem = || file.rsplit('/').next().unwrap_or(&file).split('.').next().unwrap_or("").to_string();
    let name = name.map_or_else(stem, str::to_string);
    let name = new_name(s, &mut given, &name)?;
    given.finish(&[])?;
    let path = s.path(&file);
    let text =
        std::fs::read_to_string(&path).map_err(|_| StataError::new(601, format!("file {file} not found")))?;
    let wrong = || StataError::new(610, format!("file {file} is no collection of the open engine"));
    let c = from_json(&name, &text).ok_or_else(wrong)?;
    Collections::of(s).put(c);
    s.print(format!("(collection {name} read from file {file})"));
    Ok(())
}

/// `collect clear`.
pub(super) fn clear(s: &mut Session, text: &str) -> Result<()> {
    if !text.trim().is_empty() {
        return Err(StataError::syntax());
    }
    *Collections::of(s) = Collections::default();
    Ok(())
}
