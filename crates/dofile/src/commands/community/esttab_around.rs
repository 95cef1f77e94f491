//! Texts around a table of `esttab`: `prehead()` and its siblings, and titles over groups of models, `mgroups()`.

use super::esttab_options::{Given, texts};
use crate::error::{Result, StataError};
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::{front_and_options, unquote};

/// Lines that replace those at the four ends of head and foot; nothing where the option was not given.
#[derive(Debug, Clone, Default)]
pub(super) struct Around {
    pub pre_head: Option<Vec<String>>,
    pub post_head: Option<Vec<String>>,
    pub pre_foot: Option<Vec<String>>,
    pub post_foot: Option<Vec<String>>,
}

/// What the variables `@M`, `@span`, `@title`, `@note` and `@starlegend` of such texts stand for.
pub(super) struct Variables<'a> {
    pub models: usize,
    pub columns: usize,
    pub title: &'a str,
    pub notes: &'a [String],
    pub stars: &'a str,
}

impl Around {
    /// Reads the four options.
    pub(super) fn read(options: &Given, variables: &Variables<'_>) -> Self {
        let lines = |name: &str| options.text(name).map(|text| own_lines(text, variables));
        Self {
            pre_head: lines("prehead"),
            post_head: lines("posthead"),
            pre_foot: lines("prefoot"),
            post_foot: lines("postfoot"),
        }
    }

    /// Whether any of them was given.
    pub(super) fn given(&self) -> bool {
        [&self.pre_head, &self.post_head, &self.pre_foot, &self.post_foot].iter().any(|lines| lines.is_some())
    }
}

/// One line for each text in quotes, or the whole as one line.
fn own_lines(text: &str, v: &Variables<'_>) -> Vec<String> {
    let lines = if text.contains('"') { texts(text) } else { vec![text.trim().to_string()] };
    let notes = v.notes.join(" ");
    let filled = |line: String| {
        line.replace("@starlegend", v.stars)
            .replace("@span", &(v.columns + 1).to_string())
            .replace("@title", v.title)
            .replace("@note", &notes)
            .replace("@M", &v.models.to_string())
            .replace("@E", &v.columns.to_string())
    };
    lines.into_iter().map(filled).collect()
}

/// Titles over groups of models.
#[derive(Debug, Clone, Default)]
pub(super) struct Groups {
    /// Text, first model and number of models of each group.
    groups: Vec<(String, usize, usize)>,
    span: bool,
    prefix: String,
    suffix: String,
    repeated: String,
    /// Text over the labels.
    pub(super) left: String,
}

impl Groups {
    /// Reads `mgroups("A" "B", pattern(1 0 1) span prefix() suffix() erepeat())` for a number of models. A one of the
    /// pattern starts a group; models before the first one have no title.
    pub(super) fn read(text: Option<&str>, models: usize) -> Result<Self> {
        let mut out = Self::default();
        let Some(text) = text.filter(|t| t.trim() != "none") else { return Ok(out) };
        let (front, options) = front_and_options(text);
        let mut pattern = vec![true; models];
        for (name, argument) in split_options(options)? {
            let is = |declared: &str| abbreviates(&name, declared);
            match argument {
                None if is("Span") => out.span = true,
                Some(a) if is("PATtern") => pattern = a.split_whitespace().map(|w| w == "1").collect(),
                Some(a) if is("Prefix") => out.prefix = unquote(a.trim()).to_string(),
                Some(a) if is("Suffix") => out.suffix = unquote(a.trim()).to_string(),
                Some(a) if is("Lhs") => out.left = unquote(a.trim()).to_string(),
                Some(a) if is("ERepeat") => out.repeated = unquote(a.trim()).to_string(),
                _ => return Err(StataError::unsupported_option("esttab", &format!("mgroups(, {name})"))),
            }
        }
        let starts: Vec<usize> = (0..models).filter(|m| pattern.get(*m).copied().unwrap_or(false)).collect();
        for (k, (start, title)) in starts.iter().zip(texts(front)).enumerate() {
            let next = starts.get(k + 1).copied().unwrap_or(models);
            out.groups.push((title, *start, next - start));
        }
        Ok(out)
    }

    /// The titles as cells: each over the first column of its first model; nothing without groups.
    pub(super) fn cells(&self, widths: &[usize]) -> Option<Vec<String>> {
        if self.groups.is_empty() {
            return None;
        }
        let mut line = vec![String::new(); widths.iter().sum()];
        for (title, first, _) in &self.groups {
            line[widths[..*first].iter().sum::<usize>()].clone_from(title);
        }
        Some(line)
    }

    /// The titles as a line of LaTeX behind the label column, with `erepeat()` behind its end.
    pub(super) fn latex(&self, widths: &[usize], escaped: impl Fn(&str) -> String) -> Option<String> {
        if self.groups.is_empty() {
            return None;
        }
        let wide = |from: usize, to: usize| widths[from..to].iter().sum::<usize>();
        let (mut line, mut rules, mut model) = (String::new(), String::new(), 0);
        for (title, first, count) in &self.groups {
            line.push_str(&"&".repeat(wide(model, *first)));
            let own = wide(*first, first + count);
            let columns = if self.span { own } else { 1 };
            let prefix = self.prefix.replace("@span", &columns.to_string());
            line.push_str(&format!("&{prefix}{}{}", escaped(title), self.suffix));
            line.push_str(&"&".repeat(own - columns));
            let from = wide(0, *first) + 2;
            rules.push_str(&self.repeated.replace("@span", &format!("{from}-{}", from + own - 1)));
            model = first + count;
        }
        line.push_str(&"&".repeat(wide(model, widths.len())));
        Some(format!("{line}\\\\{rules}"))
    }
}

/// `eqlabels()`: the headings of the equations in their order; nothing for `none`, which leaves them out.
pub(super) fn equation_labels(text: Option<&str>) -> Result<Option<Vec<String>>> {
    let Some(text) = text else { return Ok(Some(Vec::new())) };
    let (front, options) = front_and_options(text);
    let mut none = front == "none";
    for (name, argument) in split_options(options)? {
        match (name.as_str(), argument) {
            ("none", None) => none = true,
            // above the labels of one equation stands no heading
            ("lhs", Some(text)) if unquote(text.trim()).is_empty() => {}
            _ => return Err(StataError::unsupported_option("esttab", &format!("eqlabels(, {name})"))),
        }
    }
    Ok((!none).then(|| texts(front)))
}

/// The titles of `mtitles()` or `mlabels()`, and whether they are the names of the dependent variables (`, depvars`).
pub(super) fn model_titles(text: &str) -> Result<(Option<&str>, bool)> {
    let (mut titles, options) = front_and_options(text);
    let mut depvars = false;
    // the usual text of LaTeX around a title; it is written in any case
    let usual = |option: &str, text: &str| match option {
        "prefix" => unquote(text.trim()) == r"\multicolumn{@span}{c}{",
        _ => unquote(text.trim()) == "}",
    };
    for (name, argument) in split_options(options)? {
        match (name.as_str(), argument) {
            ("none", None) => titles = "none",
            ("titles" | "span", None) => {}
            ("prefix" | "suffix", Some(text)) if usual(name.as_str(), &text) => {}
            (word, None) if word.len() >= 3 && "depvars".starts_with(word) => depvars = true,
            _ => return Err(StataError::unsupported_option("esttab", &format!("mtitles(, {name})"))),
        }
    }
    Ok((Some(titles), depvars))
}
