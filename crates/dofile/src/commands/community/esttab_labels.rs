//! Labels of the coefficients in tables of `esttab`: `coeflabels()`, `varlabels()` and what they put around the rows.

use super::esttab_options::{Given, texts};
use super::esttab_text::Format;
use crate::error::{Result, StataError};
use crate::syntax::options::split_options;
use crate::syntax::split::{front_and_options, unquote};

/// Labels by coefficient, and texts around its rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Labels {
    pub pairs: Vec<(String, String)>,
    prefix: String,
    suffix: String,
    /// Lines of which the last one begins the first row of each coefficient.
    begin: Option<Vec<String>>,
    /// Lines of which the first one ends the last row of each coefficient.
    end: Option<Vec<String>>,
    not_first: bool,
    not_last: bool,
    before: Vec<(String, String)>,
    after: Vec<(String, String)>,
    /// Between the parts of an interaction.
    pub operator: String,
}

/// Pairs of a list.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    let parts = texts(text);
    parts.chunks(2).filter_map(|p| Some((p.first()?.clone(), p.get(1)?.clone()))).collect()
}

impl Labels {
    /// Reads the two options and `interaction()`.
    pub(super) fn read(options: &Given, format: Format) -> Result<Self> {
        let latex = matches!(format, Format::Latex { .. });
        let usual = if latex { " $\\times$ " } else { " # " };
        let operator = options.text("interaction").map_or(usual, unquote).to_string();
        let mut out = Self { operator, ..Self::default() };
        for option in ["coeflabels", "varlabels"] {
            let text = options.text(option).unwrap_or("");
            let (front, options) = front_and_options(text);
            out.pairs.extend(pairs(front));
            for (name, value) in split_options(options)? {
                out.suboption(option, &name, value)?;
            }
        }
        let around =
            out.begin.is_some() || out.end.is_some() || !out.before.is_empty() || !out.after.is_empty();
        if around && !latex {
            return Err(StataError::unsupported_option(
                "esttab",
                "varlabels(, begin() end() blist() elist()) without tex",
            ));
        }
        Ok(out)
    }

    fn suboption(&mut self, option: &str, name: &str, value: Option<String>) -> Result<()> {
        let is = |full: &str, least: usize| name.len() >= least && full.starts_with(name);
        let one = |text: &str| unquote(text.trim()).to_string();
        match value {
            Some(text) if is("prefix", 1) => self.prefix = one(&text),
            Some(text) if is("suffix", 1) => self.suffix = one(&text),
            Some(text) if is("begin", 1) => self.begin = Some(texts(&text)),
            Some(text) if is("end", 1) => self.end = Some(texts(&text)),
            Some(text) if is("blist", 2) => self.before = pairs(&text),
            Some(text) if is("elist", 2) => self.after = pairs(&text),
            None if is("first", 1) => self.not_first = false,
            None if is("last", 1) => self.not_last = false,
            None if is("nofirst", 3) => self.not_first = true,
            None if is("nolast", 3) => self.not_last = true,
            // long labels are cut only where columns have a fixed width
            None if is("truncate", 5) || is("notruncate", 7) => {}
            _ => return Err(StataError::unsupported_option("esttab", &format!("{option}(, {name})"))),
        }
        Ok(())
    }

    /// The label with what stands before and behind every label.
    pub(super) fn framed(&self, label: &str) -> String {
        format!("{}{label}{}", self.prefix, self.suffix)
    }

    /// Whether the texts behind the rows replace the space between coefficients.
    pub(super) fn spaced(&self) -> bool {
        self.end.is_some()
    }

    /// Lines above the rows of a coefficient, and the text that begins them.
    pub(super) fn above(&self, name: &str, first: bool) -> (Vec<String>, String) {
        let mut lines = self.begin.clone().filter(|_| !(first && self.not_first)).unwrap_or_default();
        let mut text = lines.pop().unwrap_or_default();
        text.extend(self.before.iter().filter(|(n, _)| n == name).map(|(_, own)| own.as_str()));
        (lines, text)
    }

    /// The text that ends the rows of a coefficient, and lines below them.
    pub(super) fn below(&self, name: &str, last: bool) -> (String, Vec<String>) {
        let mut text: String =
            self.after.iter().filter(|(n, _)| n == name).map(|(_, own)| own.as_str()).collect();
        let lines = self.end.clone().filter(|_| !(last && self.not_last)).unwrap_or_default();
        let mut lines = lines.into_iter();
        text.insert_str(0, &lines.next().unwrap_or_default());
        (text, lines.collect())
    }
}
