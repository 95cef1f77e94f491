//! Term lists of `anova` with nested terms and error terms: `a / b|a /`. What stands before `|` is nested in the cells of
//! what stands behind it; the term behind a `/` is the error of the terms before it ([R] anova).

use super::anova::{Variables, factor_terms};
use crate::error::{Result, StataError};
use crate::estimation::model::Model;
use crate::session::Session;
use estimators::anova::nested_columns;

/// A term as it was written.
struct Written {
    /// Its variables, without operators.
    names: Vec<String>,
    /// How many of them are nested in the others; zero for a crossed term.
    nested: usize,
    /// Whether its subsets belong to it (`##`).
    full: bool,
    /// How it is shown when it is nested.
    shown: String,
    /// Number of slashes before it.
    segment: usize,
}

impl Written {
    fn is(&self, variables: &Variables) -> bool {
        let inside = variables.iter().all(|v| self.names.contains(&v.0));
        inside && (self.full || variables.len() == self.names.len())
    }
}

/// A term list.
pub(super) struct Terms {
    written: Vec<Written>,
    slashes: usize,
    /// The terms as a list of factor variables.
    pub(super) list: String,
}

/// What a term is tested with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorTerm {
    /// The residual.
    Residual,
    /// Another term by its position.
    Term(usize),
    /// Nothing: it is an error term itself.
    Untested,
}

impl Terms {
    /// Reads a list.
    pub(super) fn read(session: &Session, text: &str) -> Result<Self> {
        let mut out = Self { written: Vec::new(), slashes: 0, list: String::new() };
        for word in text.replace('/', " / ").split_whitespace() {
            if word == "/" {
                out.slashes += 1;
                if out.written.is_empty() {
                    return Err(StataError::syntax());
                }
                continue;
            }
            let crossed = word.replace('|', "#");
            out.list.push_str(&format!(" {}", factor_terms(&crossed)?));
            let mut names = Vec::new();
            for part in crossed.split('#').filter(|p| !p.is_empty()) {
                let bare = part.rsplit_once('.').map_or(part, |p| p.1);
                names.push(session.frame.var(session.variable(bare)?).name.clone());
            }
            let nested = word.split_once('|').map_or(0, |(left, _)| left.split('#').count());
            if nested > 0 && (word.contains("##") || word.contains('.')) {
                return Err(StataError::unsupported_option("anova", "operators in nested terms"));
            }
            // separators of the word with full names between them
            let mut shown = String::new();
            let marks: Vec<char> = word.chars().filter(|c| matches!(c, '#' | '|')).collect();
            for (i, name) in names.iter().enumerate() {
                shown.push_str(name);
                shown.extend(marks.get(i).filter(|_| i + 1 < names.len()));
            }
            let (full, segment) = (word.contains("##"), out.slashes);
            out.written.push(Written { names, nested, full, shown, segment });
        }
        Ok(out)
    }

    fn of(&self, variables: &Variables) -> Option<&Written> {
        self.written.iter().find(|w| w.is(variables))
    }

    /// Whether a term is nested.
    pub(super) fn is_nested(&self, variables: &Variables) -> bool {
        self.of(variables).is_some_and(|w| w.nested > 0)
    }

    /// The name of a nested term.
    pub(super) fn name(&self, variables: &Variables) -> Option<String> {
        self.of(variables).filter(|w| w.nested > 0).map(|w| w.shown.clone())
    }

    /// The error term of each term.
    pub(super) fn errors(&self, groups: &[Variables]) -> Vec<ErrorTerm> {
        let segment: Vec<usize> = groups.iter().map(|g| self.of(g).map_or(0, |w| w.segment)).collect();
        let first = |s: usize| segment.iter().position(|of| *of == s);
        (0..groups.len())
            .map(|i| match first(segment[i] + 1) {
                Some(error) => ErrorTerm::Term(error),
                None if segment[i] == self.slashes && segment[i] > 0 && first(segment[i]) == Some(i) => {
                    ErrorTerm::Untested
                }
                None => ErrorTerm::Residual,
            })
            .collect()
    }

    /// Effect-coded columns of a nested term in the sample; nothing for a crossed one.
    pub(super) fn columns(
        &self,
        session: &Session,
        model: &Model,
        variables: &Variables,
    ) -> Result<Option<Vec<Vec<f64>>>> {
        let Some(written) = self.of(variables).filter(|w| w.nested > 0) else { return Ok(None) };
        let rows = &model.design.rows;
        let mut values = Vec::new();
        for name in &written.names {
            let position = session.frame.position(name)?;
            values.push(rows.iter().map(|r| session.frame.num_at(position, *r)).collect::<Vec<f64>>());
        }
        let (left, right) = values.split_at(written.nested);
        Ok(Some(nested_columns(left, right)))
    }
}
