//! `collect style cell` ([TABLES] collect style cell): formats of numbers and the text around them.

use super::Given;
use crate::error::{Result, StataError};
use crate::format::Format;
use crate::ops::collection::{CellRule, terms_of};
use crate::session::Session;
use crate::syntax::options::split_options;
use crate::syntax::split::{front_and_options, unquote};

/// A limit of numbers with the text that stands for those behind it: `0.001, label("<0.001")`.
fn limit(text: &str) -> Result<(f64, Option<String>)> {
    let (number, options) = front_and_options(text);
    let number = number.parse::<f64>().map_err(|_| StataError::syntax())?;
    let mut label = None;
    for (name, value) in split_options(options)? {
        match (name.as_str(), value) {
            ("label", Some(text)) => label = Some(unquote(text.trim()).to_string()),
            _ => return Err(StataError::option_not_allowed(&name)),
        }
    }
    Ok((number, label))
}

/// `collect style cell [tags], ...`.
pub(super) fn cell(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("style cell", text)?;
    let nformat = given.text("nformat").map(|f| unquote(f.trim()).to_string());
    if nformat.as_deref().is_some_and(|f| Format::parse(f).is_none_or(|f| f.is_string())) {
        return Err(StataError::standard(120));
    }
    let plain = |text: Option<String>| {
        text.map(|t| {
            // a text in quotes keeps its blanks
            let trimmed = t.trim();
            let inside = unquote(trimmed);
            if inside.len() < trimmed.len() { inside.to_string() } else { t.clone() }
        })
    };
    let sformat = plain(given.text("sformat"));
    let cidelimiter = plain(given.text("cidelimiter"));
    let minimum = given.text("minimum").map(|t| limit(&t)).transpose()?;
    let maximum = given.text("maximum").map(|t| limit(&t)).transpose()?;
    given.ignore(&[
        "halign", "valign", "margin", "border", "font", "shading", "smcl", "latex", "warn", "nowarn", "dtype",
    ]);
    let c = given.collection(s)?;
    given.finish(&["basestyle", "cridelimiter", "empty"])?;
    let terms = terms_of(&given.main)?;
    c.styles.cells.push(CellRule { terms, nformat, sformat, cidelimiter, minimum, maximum });
    Ok(())
}
