//! `collect label` ([TABLES] collect label).

use super::{Given, none_found};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::split::{unquote, words};

/// `collect label`.
pub(super) fn label(s: &mut Session, text: &str) -> Result<()> {
    let (what, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    match what {
        "dim" => dim(s, rest),
        "levels" => levels(s, rest),
        "list" => list(s, rest),
        "drop" => drop(s, rest),
        "save" | "use" => Err(StataError::unsupported_command(&format!("collect label {what}"))),
        _ => Err(StataError::invalid(format!("collect label {what} is unrecognized"))),
    }
}

fn dim(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("label dim", text)?;
    given.ignore(&["modify", "replace"]);
    let c = given.collection(s)?;
    given.finish(&[])?;
    match words(&given.main)[..] {
        [dim, text] => {
            c.labels.dims.insert(dim.to_string(), unquote(text).to_string());
            Ok(())
        }
        _ => Err(StataError::syntax()),
    }
}

fn levels(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("label levels", text)?;
    let replaces = given.flag("replace");
    given.ignore(&["modify", "add"]);
    let c = given.collection(s)?;
    given.finish(&[])?;
    let words = words(&given.main);
    let (dim, pairs) = words.split_first().ok_or_else(StataError::syntax)?;
    if pairs.is_empty() || pairs.len() % 2 != 0 {
        return Err(StataError::syntax());
    }
    if replaces {
        c.labels.levels.remove(*dim);
    }
    for pair in pairs.chunks(2) {
        c.labels.set_level(dim, unquote(pair[0]), unquote(pair[1]));
    }
    Ok(())
}

fn drop(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("label drop", text)?;
    let c = given.collection(s)?;
    given.finish(&[])?;
    let words = words(&given.main);
    let (dim, levels) = words.split_first().ok_or_else(StataError::syntax)?;
    if levels.is_empty() {
        c.labels.levels.remove(*dim);
        c.labels.dims.remove(*dim);
        return Ok(());
    }
    if let Some(own) = c.labels.levels.get_mut(*dim) {
        levels.iter().for_each(|level| _ = own.remove(unquote(level)));
    }
    Ok(())
}

fn list(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("label list", text)?;
    let all = given.flag("all");
    let c = given.collection(s)?.clone();
    given.finish(&[])?;
    let dim = given.main.trim();
    if !c.has_dim(dim) && !c.labels.levels.contains_key(dim) && !c.labels.dims.contains_key(dim) {
        return Err(none_found(dim));
    }
    let mut levels = c.levels(dim);
    let own = c.labels.levels.get(dim).map(|l| l.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    levels.extend(own.into_iter().filter(|l| (all || !c.has_dim(dim)) && !c.has_level(dim, l)));
    let labelled: Vec<(String, String)> = levels
        .into_iter()
        .filter_map(|level| c.labels.level(dim, &level).map(|text| (level.clone(), text.to_string())))
        .collect();
    s.print("");
    s.print(format!("  Collection: {}", c.name));
    s.print(format!("   Dimension: {dim}"));
    s.print(format!("       Label: {}", c.labels.dim(dim)));
    s.print("Level labels:");
    for (level, text) in &labelled {
        s.print(format!("{level:>12}  {text}"));
    }
    s.s.clear();
    s.s.text("collection", c.name.as_str()).text("dimname", dim).text("label", c.labels.dim(dim));
    s.s.text("k", labelled.len().to_string());
    for (k, (level, text)) in labelled.iter().enumerate() {
        s.s.text(&format!("level{}", k + 1), level.as_str()).text(&format!("label{}", k + 1), text.as_str());
    }
    Ok(())
}
