//! Lines of a coefficient plot: names in their order, with headings between them (`headings()`, `groups()`,
//! `eqlabels()`).

use super::points::fits;
use crate::error::{Result, StataError};
use crate::frame::Frame;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::{front_and_options, unquote, words};
use crate::syntax::{Atom, Term};

/// Headings that were asked for.
#[derive(Default)]
pub(super) struct Headings {
    /// Patterns of coefficients, the text over the first of them.
    before: Vec<(Vec<String>, String)>,
    /// Names of equations in their order.
    equations: Vec<String>,
    /// Equations stand as headings instead of in front of each coefficient.
    equations_above: bool,
    /// No equation is named.
    pub(super) no_equations: bool,
}

/// A line of the plot.
#[derive(Clone)]
pub(super) enum Row {
    /// A coefficient by its name.
    Coefficient(String),
    /// A text without a coefficient.
    Heading(String),
}

impl Headings {
    /// Takes `headings()`, `groups()` or `eqlabels()`.
    pub(super) fn take(&mut self, name: &str, text: &str) -> Result<bool> {
        let (front, options) = front_and_options(text);
        let equations = abbreviates(name, "EQLabels");
        if !(equations || abbreviates(name, "HEADings") || abbreviates(name, "GROups")) {
            return Ok(false);
        }
        for (option, argument) in split_options(options)? {
            match (option.as_str(), argument) {
                ("asheadings", None) if equations => self.equations_above = true,
                // distances of headings follow the lines of the plot
                ("nogap", None)
                | ("gap" | "offset" | "angle" | "labsize" | "labgap" | "labcolor", Some(_)) => {}
                _ => return Err(StataError::unsupported_option("coefplot", &format!("{name}(, {option})"))),
            }
        }
        if equations {
            self.equations = words(front).into_iter().map(|w| unquote(w).to_string()).collect();
        } else {
            self.before.extend(lists(front)?);
        }
        Ok(true)
    }

    /// The name of an equation: its text of `eqlabels()`, by its place among all.
    fn equation(&self, names: &[String], equation: &str) -> String {
        let mut seen: Vec<&str> = Vec::new();
        for (own, _) in names.iter().filter_map(|n| n.split_once(':')) {
            if !seen.contains(&own) {
                seen.push(own);
            }
        }
        let at = seen.iter().position(|e| *e == equation);
        at.and_then(|i| self.equations.get(i)).cloned().unwrap_or_else(|| equation.to_string())
    }

    /// The lines for names in their order.
    pub(super) fn rows(&self, names: &[String]) -> Vec<Row> {
        let mut out = Vec::new();
        let mut used = vec![false; self.before.len()];
        let mut last = "";
        for name in names {
            let (equation, bare) = name.split_once(':').unwrap_or(("", name));
            if self.equations_above && equation != last {
                out.push(Row::Heading(self.equation(names, equation)));
                last = equation;
            }
            for ((patterns, text), used) in self.before.iter().zip(&mut used) {
                if !*used && patterns.iter().any(|p| fits(p, equation, bare)) {
                    out.push(Row::Heading(text.clone()));
                    *used = true;
                }
            }
            out.push(Row::Coefficient(name.clone()));
        }
        out
    }

    /// The text of a coefficient with its equation, unless that is a heading; `text` is without one.
    pub(super) fn with_equation(&self, names: &[String], equation: &str, text: String) -> String {
        if equation.is_empty() || self.equations_above || self.no_equations {
            return text;
        }
        format!("{}: {text}", self.equation(names, equation))
    }
}

/// Labels of variables and values in place of a name.
pub(super) fn text_of(
    frame: &Frame,
    name: &str,
    names: &[String],
    labels: &[(String, String)],
    headings: &Headings,
) -> String {
    let (equation, bare) = name.split_once(':').unwrap_or(("", name));
    if let Some((_, text)) = labels.iter().find(|(n, _)| n == name || fits(n, equation, bare)) {
        return text.clone();
    }
    let Ok(term) = Term::parse(bare) else { return name.to_string() };
    let atom = |atom: &Atom| {
        let Some(position) = frame.find(atom.var()) else { return atom.var().to_string() };
        let label = &frame.var(position).label;
        let variable = if label.is_empty() { atom.var().to_string() } else { label.clone() };
        match atom {
            Atom::Level { level, .. } => frame
                .labels_of(position)
                .and_then(|l| l.get(*level as f64))
                .map_or_else(|| format!("{}={level}", atom.var()), str::to_string),
            Atom::Cont { .. } => variable,
        }
    };
    let text = if bare == "_cons" {
        bare.to_string()
    } else {
        term.atoms.iter().map(atom).collect::<Vec<_>>().join(" # ")
    };
    headings.with_equation(names, equation, text)
}

/// `a b = "text" c = "text"`: names with the text behind them.
fn lists(text: &str) -> Result<Vec<(Vec<String>, String)>> {
    let spaced = text.replace('=', " = ");
    let mut out = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let mut rest = words(&spaced).into_iter();
    while let Some(word) = rest.next() {
        if word != "=" {
            names.push(word.to_string());
            continue;
        }
        match rest.next() {
            Some(text) if !names.is_empty() => {
                out.push((std::mem::take(&mut names), unquote(text).to_string()));
            }
            _ => return Err(StataError::invalid("pairs of the form names = \"text\" are needed")),
        }
    }
    if names.is_empty() {
        Ok(out)
    } else {
        Err(StataError::invalid("a text is missing behind the last name"))
    }
}
