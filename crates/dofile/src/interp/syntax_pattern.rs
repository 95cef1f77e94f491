//! The pattern of the `syntax` statement ([P] syntax): what a program takes.

use super::extended::parenthesised;
use crate::error::{Result, StataError};
use crate::syntax::split::{top_level_comma, words};

/// One element of the pattern before the options.
#[derive(Debug, PartialEq)]
pub(super) enum Part {
    VarList {
        kind: String,
        spec: String,
        optional: bool,
    },
    Anything {
        local: String,
        names: Option<usize>,
        optional: bool,
    },
    If {
        optional: bool,
        bare: bool,
    },
    In {
        optional: bool,
        bare: bool,
    },
    Using {
        optional: bool,
        bare: bool,
    },
    /// `[fw aw/]`: the kinds that are allowed, the first one by default; `bare` without the equals sign.
    Weight {
        optional: bool,
        bare: bool,
        kinds: Vec<&'static str>,
    },
    Exp {
        optional: bool,
        bare: bool,
    },
}

/// One option of the pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) spec: String,
    pub(super) default: Option<String>,
    pub(super) required: bool,
}

pub(super) fn parse_pattern(pattern: &str) -> Result<(Vec<Part>, Vec<Pattern>)> {
    // the comma of the options may stand inside brackets: [, options] or , options
    let mut front = pattern.trim().to_string();
    let mut option_text = String::new();
    let mut required = true;
    if let Some(open) = front.find("[,") {
        option_text = front[open + 2..].trim_end().trim_end_matches(']').to_string();
        front.truncate(open);
        required = false;
    } else if let Some(i) = top_level_comma(&front) {
        option_text = front[i + 1..].to_string();
        front.truncate(i);
    }
    let mut parts = Vec::new();
    for word in words(&front) {
        let (optional, inner) = match word.strip_prefix('[').and_then(|w| w.strip_suffix(']')) {
            Some(inner) => (true, inner),
            None => (false, word),
        };
        parts.push(parse_part(inner.trim(), optional)?);
    }
    Ok((parts, parse_patterns(&option_text, required)?))
}

fn parse_part(inner: &str, optional: bool) -> Result<Part> {
    let (name, spec) = match inner.split_once('(') {
        Some((n, s)) => (n.trim(), s.trim_end().trim_end_matches(')')),
        None => (inner, ""),
    };
    Ok(match name {
        "varlist" | "varname" | "newvarlist" | "newvarname" => {
            Part::VarList { kind: name.into(), spec: spec.into(), optional }
        }
        "anything" | "numlist" => {
            Part::Anything { local: stated_local(spec).unwrap_or(name).into(), names: None, optional }
        }
        "name" | "namelist" => {
            // `name(name=id)` and `namelist(name=ids)` fill the stated local; namelist is their default
            let most = if name == "name" { 1 } else { usize::MAX };
            let local = stated_local(spec).unwrap_or("namelist").into();
            Part::Anything { local, names: Some(most), optional }
        }
        "if" | "if/" => Part::If { optional, bare: name.ends_with('/') },
        "in" | "in/" => Part::In { optional, bare: name.ends_with('/') },
        "using" | "using/" => Part::Using { optional, bare: name.ends_with('/') },
        "=exp" | "=/exp" | "exp" | "/exp" => Part::Exp { optional, bare: name.contains('/') },
        _ => match weight_kinds(name) {
            Some(kinds) => Part::Weight { optional, bare: name.ends_with('/'), kinds },
            None => return Err(StataError::new(197, format!("invalid syntax: {inner}"))),
        },
    })
}

/// The kinds of weights in `fw aw/`; none for `weight`, which takes each.
fn weight_kinds(text: &str) -> Option<Vec<&'static str>> {
    let full = |word: &str| match word {
        "fw" | "fweight" => Some("fweight"),
        "aw" | "aweight" => Some("aweight"),
        "pw" | "pweight" => Some("pweight"),
        "iw" | "iweight" => Some("iweight"),
        _ => None,
    };
    let words: Vec<&str> = text.trim_end_matches('/').split_whitespace().collect();
    match words[..] {
        [] => None,
        ["weight"] => Some(Vec::new()),
        _ => words.into_iter().map(full).collect(),
    }
}

/// The local of `anything(name=id)`, `name(name=id)` and `namelist(name=id)`; further specifiers such as `id=` and
/// `equalok` may stand before and after it.
fn stated_local(spec: &str) -> Option<&str> {
    words(spec).into_iter().find_map(|w| w.strip_prefix("name="))
}

fn parse_patterns(text: &str, required: bool) -> Result<Vec<Pattern>> {
    let mut out = Vec::new();
    let mut required_now = required;
    let mut rest = text.trim().to_string();
    while !rest.is_empty() {
        if let Some(r) = rest.strip_prefix('[') {
            required_now = false;
            rest = r.trim_start().to_string();
            continue;
        }
        if let Some(r) = rest.strip_prefix(']') {
            required_now = required;
            rest = r.trim_start().to_string();
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || "([]".contains(c)).unwrap_or(rest.len());
        let name = rest[..end].to_string();
        rest = rest[end..].trim_start().to_string();
        let mut p =
            Pattern { name, kind: String::new(), spec: String::new(), default: None, required: required_now };
        if rest.starts_with('(') {
            let (inner, after) = parenthesised(&rest)
                .map(|(a, b)| (a.to_string(), b.to_string()))
                .ok_or_else(StataError::syntax)?;
            let mut words = inner.splitn(2, char::is_whitespace);
            p.kind = words.next().unwrap_or("").to_string();
            p.spec = words.next().unwrap_or("").trim().to_string();
            if ["real", "integer", "int"].contains(&p.kind.as_str()) && !p.spec.is_empty() {
                p.default = Some(p.spec.clone());
                p.required = false;
            }
            rest = after;
        }
        if p.name == "*" {
            p.required = false;
        }
        if p.name.is_empty() {
            return Err(StataError::standard(197));
        }
        out.push(p);
    }
    Ok(out)
}
