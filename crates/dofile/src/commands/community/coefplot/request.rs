//! The subgraphs, plots and models of a coefficient plot as they are written.

use super::choice::{self, Choice};
use super::points::Model;
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::options::split_options;
use crate::syntax::split::{front_and_options, matching_paren, skip_quote, unquote, words};
use crate::syntax::varlist::wildcard;

/// Models that share a colour, a symbol and a key.
#[derive(Debug, Clone, Default)]
pub(super) struct Plot {
    /// Each with its own options.
    pub(super) models: Vec<(Model, Choice)>,
    /// Options of the plot.
    pub(super) choice: Choice,
}

/// A panel.
#[derive(Debug, Clone, Default)]
pub(super) struct Subgraph {
    pub(super) plots: Vec<Plot>,
    /// `bylabel()`.
    pub(super) label: Option<String>,
    /// Its further options.
    pub(super) choice: Choice,
}

/// Subgraphs between `||`, and the options behind the last comma, which are those of the figure.
pub(super) fn read<'a>(s: &Session, raw: &'a str) -> Result<(Vec<Subgraph>, &'a str)> {
    let segments = divided(raw, "||");
    let (last, earlier) = segments.split_last().ok_or_else(StataError::syntax)?;
    let mut subgraphs = Vec::new();
    for segment in earlier {
        let (list, options) = front_and_options(segment);
        let mut subgraph = Subgraph { plots: plots(s, list)?, ..Subgraph::default() };
        let mut rest = String::new();
        for (name, argument) in split_options(options)? {
            match argument.as_deref() {
                Some(text) if name == "bylabel" => subgraph.label = Some(unquote(text.trim()).to_string()),
                Some(text) => rest.push_str(&format!("{name}({text}) ")),
                None => rest.push_str(&format!("{name} ")),
            }
        }
        subgraph.choice = choice::read(&rest, "subgraph")?;
        subgraphs.push(subgraph);
    }
    let (list, options) = front_and_options(last);
    if !list.is_empty() || subgraphs.is_empty() {
        subgraphs.push(Subgraph { plots: plots(s, list)?, ..Subgraph::default() });
    }
    Ok((subgraphs, options))
}

/// Parts between a mark, outside of parentheses and quotes.
fn divided<'a>(text: &'a str, mark: &str) -> Vec<&'a str> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let (mut from, mut i, mut depth) = (0, 0, 0_i32);
    while i < bytes.len() {
        match bytes[i] {
            b'"' | b'`' => {
                i = skip_quote(bytes, i).max(i + 1);
                continue;
            }
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            _ if depth == 0 && text[i..].starts_with(mark) => {
                out.push(&text[from..i]);
                i += mark.len();
                from = i;
                continue;
            }
            _ => {}
        }
        i += text[i..].chars().next().map_or(1, char::len_utf8);
    }
    out.push(&text[from..]);
    out
}

/// Plots: words, each a plot, or `(model, options \ model, options)`; the active results without any.
fn plots(s: &Session, list: &str) -> Result<Vec<Plot>> {
    let mut out = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        if rest.starts_with('(') {
            let end = matching_paren(rest, 0).ok_or_else(StataError::syntax)?;
            out.push(together(s, &rest[1..end])?);
            rest = rest[end + 1..].trim_start();
            continue;
        }
        let end = word_end(rest);
        for model in models(s, &rest[..end])? {
            let alone = |model| Plot { models: vec![(model, Choice::default())], ..Plot::default() };
            out.push(model.map_or_else(Plot::default, alone));
        }
        rest = rest[end..].trim_start();
    }
    if out.is_empty() {
        let active = (Model::Results(".".to_string()), Choice::default());
        out.push(Plot { models: vec![active], ..Plot::default() });
    }
    Ok(out)
}

/// The models of one plot.
fn together(s: &Session, text: &str) -> Result<Plot> {
    let mut plot = Plot::default();
    for part in divided(text, "\\") {
        let (list, options) = front_and_options(part);
        let choice = choice::read(options, "plot")?;
        if list.is_empty() {
            plot.choice = choice;
            continue;
        }
        for word in whole_words(list) {
            let named = models(s, word)?.into_iter().flatten();
            plot.models.extend(named.map(|model| (model, choice.clone())));
        }
        // what draws the plot may stand at any of its models
        plot.choice = plot.choice.over(&choice);
    }
    Ok(plot)
}

/// Words; parentheses and brackets belong to the word before them.
fn whole_words(list: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = list.trim();
    while !rest.is_empty() {
        // a parenthesis without a word before it is no list of models: the rest stays one word, which names none
        let end = Some(word_end(rest)).filter(|end| *end > 0).unwrap_or(rest.len());
        out.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    out
}

/// The end of the first word.
fn word_end(text: &str) -> usize {
    let mut depth = 0_i32;
    for (i, c) in text.char_indices() {
        match c {
            '(' | '[' if depth == 0 && c == '(' && !is_matrix(&text[..i]) => return i,
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            c if c.is_whitespace() && depth == 0 => return i,
            _ => {}
        }
    }
    text.len()
}

/// Whether a word is `matrix` or one of its abbreviations.
fn is_matrix(word: &str) -> bool {
    !word.is_empty() && "matrix".starts_with(word)
}

/// The models that a word names; `_` leaves a place empty.
fn models(s: &Session, word: &str) -> Result<Vec<Option<Model>>> {
    if word == "_" {
        return Ok(vec![None]);
    }
    if let Some((_, inside)) = word.split_once('(').filter(|(name, _)| is_matrix(name)) {
        let inside = inside.strip_suffix(')').ok_or_else(StataError::syntax)?;
        return Ok(vec![Some(Model::Matrix(inside.trim().to_string()))]);
    }
    if !word.contains(['*', '?']) {
        return Ok(vec![Some(Model::Results(word.to_string()))]);
    }
    let fitting = s.stored.iter().map(|(name, _)| name).filter(|name| wildcard(word, name));
    let found: Vec<Option<Model>> = fitting.map(|name| Some(Model::Results(name.to_string()))).collect();
    if found.is_empty() {
        return Err(StataError::new(111, format!("estimation result {word} not found")));
    }
    Ok(found)
}

/// Texts of `plotlabels()` and `bylabels()`.
pub(super) fn texts(list: &str) -> Vec<String> {
    let (front, _) = front_and_options(list);
    words(front).into_iter().map(|w| unquote(w).to_string()).collect()
}
