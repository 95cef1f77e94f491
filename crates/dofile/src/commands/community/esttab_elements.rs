//! The numbers that `cells()` of `esttab` and `estout` asks for.

use super::esttab_options::texts;
use crate::error::{Result, StataError};
use crate::syntax::options::split_options;
use crate::syntax::split::{matching_paren, unquote};

/// A number of a coefficient: what, its format, its stars and its brackets.
#[derive(Debug, Clone)]
pub(super) struct Element {
    /// `b`, `se`, `t`, `p`, `ci_l`, ... or a matrix of `e()`.
    pub name: String,
    /// `a3`, `3` or a display format.
    pub fmt: String,
    /// Whether stars follow.
    pub star: bool,
    /// The vector of `e()` with the p-values of the stars; nothing for those of the coefficients.
    pub p_values: Option<String>,
    /// Text before and after the number.
    pub brackets: Option<(String, String)>,
    /// Heading.
    pub label: String,
    /// Models in which it is shown; empty for all.
    pub pattern: Vec<bool>,
    /// Text for a coefficient that the model does not have.
    pub vacant: String,
    /// Coefficients with which it is shown; nothing for all.
    pub keep: Option<Vec<String>>,
    /// Coefficients with which it is not shown.
    pub drop: Vec<String>,
    /// Whether the sign is left out.
    pub absolute: bool,
}

impl Element {
    pub(super) fn new(name: &str, fmt: &str) -> Self {
        let (name, fmt) = (name.to_string(), fmt.to_string());
        Self {
            label: name.clone(),
            name,
            fmt,
            star: false,
            p_values: None,
            brackets: None,
            pattern: Vec::new(),
            vacant: String::new(),
            keep: None,
            drop: Vec::new(),
            absolute: false,
        }
    }

    /// Whether it is shown for a model.
    pub(super) fn in_model(&self, model: usize) -> bool {
        self.pattern.is_empty() || self.pattern.get(model).copied().unwrap_or(false)
    }
}

/// The rows of cells of a model: elements that `pattern()` does not show there leave no column.
pub(super) fn of_model(cells: &[Vec<Element>], model: usize) -> Vec<Vec<&Element>> {
    cells.iter().map(|row| row.iter().filter(|e| e.in_model(model)).collect()).collect()
}

/// Number of columns of a model.
pub(super) fn width(cells: &[Vec<Element>], model: usize) -> usize {
    of_model(cells, model).iter().map(Vec::len).max().unwrap_or(1).max(1)
}

/// Rows of cells: elements in quotes or parentheses stand side by side, the others one below the other.
pub(super) fn cells(text: &str) -> Result<Vec<Vec<Element>>> {
    let mut rows = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (group, tail, together) = if let Some(inner) = rest.strip_prefix('"') {
            let end = inner.find('"').ok_or_else(StataError::syntax)?;
            (&inner[..end], &inner[end + 1..], true)
        } else if rest.starts_with('(') {
            let end = matching_paren(rest, 0).ok_or_else(StataError::syntax)?;
            (&rest[1..end], &rest[end + 1..], true)
        } else {
            let name = rest.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(rest.len());
            let mut end = name;
            if rest[name..].trim_start().starts_with('(') {
                let open = rest.len() - rest[name..].trim_start().len();
                end = matching_paren(rest, open).ok_or_else(StataError::syntax)? + 1;
            }
            (&rest[..end], &rest[end..], false)
        };
        let elements = split_options(group)?
            .into_iter()
            .map(|(name, options)| element(&name, options.as_deref().unwrap_or("")))
            .collect::<Result<Vec<_>>>()?;
        if together || !elements.is_empty() {
            rows.push(elements);
        }
        rest = tail.trim_start();
    }
    if rows.is_empty() {
        return Err(StataError::invalid("cells() is empty"));
    }
    Ok(rows)
}

fn element(name: &str, options: &str) -> Result<Element> {
    let mut out = Element::new(name, "%9.0g");
    let text = |value: &str| unquote(value.trim()).to_string();
    for (option, value) in split_options(options)? {
        let is = |full: &str, least: usize| option.len() >= least && full.starts_with(option.as_str());
        match value {
            None if is("star", 1) => out.star = true,
            None if is("nostar", 3) => out.star = false,
            None if is("par", 2) => out.brackets = Some(("(".into(), ")".into())),
            None if is("nopar", 4) => out.brackets = None,
            None if is("abs", 3) => out.absolute = true,
            Some(fmt) if is("fmt", 1) => {
                out.fmt = fmt.split_whitespace().next().unwrap_or("a3").to_string();
            }
            Some(pair) if is("par", 2) => {
                let pair = texts(&pair);
                let at = |i: usize| pair.get(i).cloned().unwrap_or_default();
                out.brackets = Some((at(0), at(1)));
            }
            Some(value) if is("label", 1) => out.label = text(&value),
            Some(value) if is("vacant", 1) => out.vacant = text(&value),
            Some(value) if is("pvalue", 2) => out.p_values = Some(text(&value)),
            Some(list) if is("keep", 1) => out.keep = Some(super::esttab_options::names(&list)?),
            Some(list) if is("drop", 1) => out.drop = super::esttab_options::names(&list)?,
            Some(list) if is("pattern", 3) => {
                out.pattern = list.split_whitespace().map(|word| word == "1").collect();
            }
            _ => return Err(StataError::unsupported_option("esttab", &format!("cells({option})"))),
        }
    }
    Ok(out)
}
