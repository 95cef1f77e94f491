//! Lists in texts, file names ([M-5] tokens(), invtokens(), pathjoin()).

use super::{Builtin, Run, full, pure};
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::value::{Text, Value};
use crate::syntax::split;

pub(super) const TABLE: &[Builtin] = &[
    pure("tokens", 1, 2, |a| {
        let separators = if a.len() > 1 { a.text(1)? } else { " ".into() };
        Ok(Value::Text(Grid::row(tokens(&a.text(0)?, &separators))))
    }),
    pure("invtokens", 1, 2, |a| {
        let separator = if a.len() > 1 { a.text(1)? } else { " ".into() };
        let words = a.texts(0)?;
        if !words.is_vector() && !words.is_empty() {
            return Err(Fault::code(3202));
        }
        let words: Vec<&str> = words.data().iter().map(|t| t.as_ref()).collect();
        Ok(Value::text(words.join(&separator)))
    }),
    full("pathjoin", 2, 2, |_, a| {
        let (folder, name) = (a.text(0)?, a.text(1)?);
        let joined = match (folder.is_empty(), name.starts_with('/')) {
            (true, _) | (_, true) => name.to_string(),
            _ => format!("{}/{name}", folder.trim_end_matches('/')),
        };
        Ok(Some(Value::text(joined)))
    }),
    full("pathsplit", 3, 3, |_, a| {
        let path = a.text(0)?;
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let (folder, name) = (folder.to_string(), name.to_string());
        a.set(1, Value::text(folder));
        a.set(2, Value::text(name));
        Ok(None)
    }),
    pure("pathbasename", 1, 1, |a| of_path(a, |p| p.rsplit('/').next().unwrap_or("").to_string())),
    pure("pathsuffix", 1, 1, |a| of_path(a, |p| p[suffix_at(p)..].to_string())),
    pure("pathrmsuffix", 1, 1, |a| of_path(a, |p| p[..suffix_at(p)].to_string())),
    pure("pathisurl", 1, 1, |a| Ok(Value::truth(a.text(0)?.contains("://")))),
    pure("pathisabs", 1, 1, |a| Ok(Value::truth(a.text(0)?.starts_with('/')))),
];

/// Words between blanks, quoted texts in one piece without their quotes; other separators are tokens themselves.
fn tokens(text: &str, separators: &str) -> Vec<Text> {
    if separators == " " {
        return split::words(text).into_iter().map(|w| split::unquote(w).into()).collect();
    }
    let mut out: Vec<Text> = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in text.chars() {
        if c == '"' {
            quoted = !quoted;
        } else if !quoted && (separators.contains(c) || (c == ' ' && separators.contains(' '))) {
            if !word.is_empty() {
                out.push(std::mem::take(&mut word).into());
            }
            if c != ' ' {
                out.push(c.to_string().into());
            }
        } else {
            word.push(c);
        }
    }
    if !word.is_empty() {
        out.push(word.into());
    }
    out
}

fn of_path(a: &Args, f: impl Fn(&str) -> String) -> Run<Value> {
    Ok(Value::text(f(&a.text(0)?)))
}

/// Where the suffix of a path starts, dot included; its end where there is none.
fn suffix_at(path: &str) -> usize {
    let base = path.rfind('/').map_or(0, |k| k + 1);
    path[base..].rfind('.').filter(|k| *k > 0).map_or(path.len(), |k| base + k)
}
