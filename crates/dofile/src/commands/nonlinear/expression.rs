//! Expressions with parameters in braces, `{b0=1}*exp({b1}*x)` and `{xb: x1 x2}`: their names, initial values and
//! their values at given parameters. Estimation is elsewhere.

use crate::error::{Result, StataError};
use crate::frame::{Column, Variable, is_valid_name};
use crate::session::Session;
use crate::syntax::options::parse_number;
use crate::syntax::split::ParsedCommand;
use crate::syntax::{Atom, FvList, Term};
use crate::value::{MISSING, is_missing};
use estimators::combination_scales::Combination;

/// A parameter with its initial value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parameter {
    /// Name.
    pub name: String,
    /// Initial value, zero unless one was given.
    pub start: f64,
    /// Combination and regressor that it belongs to, `{xb: x1}`.
    pub part: Option<(String, String)>,
}

/// An expression whose parameters stand as `{name}`.
#[derive(Debug, Clone, Default)]
pub(super) struct Substitutable {
    /// Parameters in the order of their first use.
    pub parameters: Vec<Parameter>,
    /// Text with every parameter as `{name}` without initial values.
    pub text: String,
    /// Texts of further expressions with the same parameters.
    pub further: Vec<String>,
    /// Combinations by name, with their text.
    combinations: Vec<(String, String)>,
    /// Rows whose levels factor variables have.
    sample: Vec<bool>,
}

impl Substitutable {
    /// Reads an expression on the rows that a command asks for.
    pub(super) fn parse(s: &Session, cmd: &ParsedCommand, text: &str) -> Result<Self> {
        let mut out = Self { sample: s.rows(cmd)?, ..Self::default() };
        out.text = out.read(s, text)?;
        if out.parameters.is_empty() {
            return Err(StataError::invalid("the expression has no parameters in braces"));
        }
        Ok(out)
    }

    /// Reads expressions that share their parameters; one of them may have none.
    pub(super) fn several(s: &Session, cmd: &ParsedCommand, texts: &[&str]) -> Result<Self> {
        let mut out = Self { sample: s.rows(cmd)?, ..Self::default() };
        let mut read = texts.iter().map(|text| out.read(s, text)).collect::<Result<Vec<String>>>()?;
        if out.parameters.is_empty() || read.is_empty() {
            return Err(StataError::invalid("the expression has no parameters in braces"));
        }
        out.text = read.remove(0);
        out.further = read;
        Ok(out)
    }

    /// Adds the parameters of an expression; returns its text.
    fn read(&mut self, s: &Session, text: &str) -> Result<String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let close = rest[open..]
                .find('}')
                .ok_or_else(|| StataError::invalid("unbalanced braces in the expression"))?;
            out.push_str(&rest[..open]);
            let inner = rest[open + 1..open + close].trim();
            rest = &rest[open + close + 1..];
            if let Some((name, list)) = inner.split_once(':') {
                let piece = self.combination(s, name.trim(), list.trim())?;
                out.push_str(&piece);
                continue;
            }
            let (name, start) = match inner.split_once('=') {
                Some((name, value)) => (name.trim(), Some(number(value)?)),
                None => (inner, None),
            };
            self.add(name.trim_start_matches('/'), start, None)?;
            out.push_str(&format!("{{{}}}", name.trim_start_matches('/')));
        }
        out.push_str(rest);
        Ok(out)
    }

    /// `{xb: x1 x2}` is `({xb_x1}*x1 + {xb_x2}*x2)`; `{xb:}` repeats it. Factor variables have a parameter for each level but
    /// the base.
    fn combination(&mut self, s: &Session, name: &str, list: &str) -> Result<String> {
        if list.is_empty() {
            return self
                .combinations
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, text)| text.clone())
                .ok_or_else(|| StataError::invalid(format!("{{{name}:}} was not defined before")));
        }
        let mut terms = Vec::new();
        for (own, factor) in self.regressors(s, list)? {
            self.add(&format!("{name}_{own}"), None, Some((name, &own)))?;
            terms.push(format!("{{{name}_{own}}}{factor}"));
        }
        let text = format!("({})", terms.join(" + "));
        self.combinations.push((name.to_string(), text.clone()));
        Ok(text)
    }

    /// Names of the regressors of a combination, each with the factor behind its parameter. A list with factor variables is
    /// expanded as a whole, because main effects decide which levels of interactions are omitted.
    fn regressors(&self, s: &Session, list: &str) -> Result<Vec<(String, String)>> {
        let constant = || ("_cons".to_string(), String::new());
        let mut out = Vec::new();
        if list.contains(['.', '#']) {
            let words: Vec<&str> = list.split_whitespace().filter(|word| *word != "_cons").collect();
            let terms = FvList::parse(&s.frame, &words.join(" "), s.settings.varabbrev)?;
            for term in terms.expand(&s.frame, &self.sample)?.iter().filter(|t| !t.is_omitted()) {
                out.push((term.name(), format!("*{}", written(term)?)));
            }
            out.extend(list.split_whitespace().any(|word| word == "_cons").then(constant));
            return Ok(out);
        }
        for word in list.split_whitespace() {
            if word == "_cons" {
                out.push(constant());
                continue;
            }
            for v in s.varlist(word)? {
                let variable = s.frame.var(v).name.clone();
                out.push((variable.clone(), format!("*{variable}")));
            }
        }
        Ok(out)
    }

    fn add(&mut self, name: &str, start: Option<f64>, part: Option<(&str, &str)>) -> Result<()> {
        if part.is_none() && !is_valid_name(name) {
            return Err(StataError::invalid(format!("{{{name}}} is not a valid parameter")));
        }
        match self.parameters.iter_mut().find(|p| p.name == name) {
            Some(found) => {
                if let Some(start) = start {
                    found.start = start;
                }
            }
            None => self.parameters.push(Parameter {
                name: name.to_string(),
                start: start.unwrap_or(0.0),
                part: part.map(|(name, term)| (name.to_string(), term.to_string())),
            }),
        }
        Ok(())
    }

    /// Sets initial values from `name # name #`.
    pub(super) fn initial(&mut self, text: &str) -> Result<()> {
        let words: Vec<&str> = text.split_whitespace().collect();
        if !words.len().is_multiple_of(2) {
            return Err(StataError::unsupported_option("nl", "initial() with a matrix"));
        }
        for pair in words.chunks_exact(2) {
            let name = pair[0].trim_start_matches('/');
            let value = number(pair[1])?;
            let found = self.parameters.iter_mut().find(|p| p.name == name);
            found.ok_or_else(|| StataError::new(111, format!("parameter {name} not found")))?.start = value;
        }
        Ok(())
    }

    /// The columns of the linear combinations in rows of the data, each with the number of its parameter.
    pub(super) fn columns(&self, s: &Session, rows: &[usize]) -> Vec<Columns> {
        let mut out: Vec<(&str, Columns)> = Vec::new();
        for (j, p) in self.parameters.iter().enumerate() {
            let Some((name, term)) = &p.part else { continue };
            let column = match term.as_str() {
                "_cons" => vec![1.0; rows.len()],
                // It was read before: its variables are there.
                _ => Term::parse(term)
                    .and_then(|t| t.values(&s.frame, rows))
                    .unwrap_or_else(|_| vec![MISSING; rows.len()]),
            };
            match out.iter_mut().find(|(own, _)| own == name) {
                Some((_, found)) => found.push((j, column)),
                None => out.push((name, vec![(j, column)])),
            }
        }
        out.into_iter().map(|(_, found)| found).collect()
    }

    /// The expression with names of variables instead of parameters.
    fn with_names(&self, text: &str, name: impl Fn(usize) -> String) -> String {
        let mut text = text.to_string();
        for (j, p) in self.parameters.iter().enumerate() {
            text = text.replace(&format!("{{{}}}", p.name), &name(j));
        }
        text
    }

    /// Opens an evaluator: one helper variable per parameter stands in the data until it is closed.
    pub(super) fn open(&self, s: &mut Session, rows: Vec<usize>) -> Result<Evaluator> {
        let n = s.frame.n_rows();
        let mut places = Vec::new();
        for j in 0..self.parameters.len() {
            s.frame.add(Variable::new(&helper(j), Column::Double(vec![0.0; n])))?;
            places.push(s.frame.n_vars() - 1);
        }
        let texts = std::iter::once(&self.text).chain(&self.further);
        let compiled = texts.map(|text| s.compile_numeric(&self.with_names(text, helper))).collect();
        match compiled {
            Ok(compiled) => Ok(Evaluator { compiled, places, rows }),
            Err(error) => {
                s.frame.drop_vars(&places);
                Err(error)
            }
        }
    }
}

/// A term of factor variables as an expression; missing where its variables are.
fn written(term: &Term) -> Result<String> {
    let factor = |atom: &Atom| match atom {
        Atom::Level { var, level, .. } if atom.ts().is_none() => {
            Ok(format!("cond(missing({var}), ., {var} == {level})"))
        }
        Atom::Level { .. } => Err(StataError::unsupported_option("nl", "levels of lags in a combination")),
        Atom::Cont { .. } => Ok(Term { atoms: vec![atom.clone()], empty: false }.name()),
    };
    Ok(term.atoms.iter().map(factor).collect::<Result<Vec<String>>>()?.join("*"))
}

/// Columns of a linear combination with the numbers of their parameters.
pub(super) type Columns = Vec<(usize, Vec<f64>)>;

/// These columns as slices.
pub(super) fn slices(combinations: &[Columns]) -> Vec<Combination<'_>> {
    combinations.iter().map(|c| c.iter().map(|(j, column)| (*j, column.as_slice())).collect()).collect()
}

/// Name of the helper variable of a parameter; no user's variable begins like this.
fn helper(j: usize) -> String {
    format!("__nl_{j}")
}

fn number(text: &str) -> Result<f64> {
    parse_number(text.trim())
        .ok_or_else(|| StataError::invalid(format!("'{}' found where number expected", text.trim())))
}

/// Evaluates expressions on rows of the data at changing parameters.
pub(super) struct Evaluator {
    compiled: Vec<crate::expr::Compiled>,
    places: Vec<usize>,
    rows: Vec<usize>,
}

impl Evaluator {
    /// Values at parameters, row by row, those of further expressions after those of the first.
    pub(super) fn values(&self, s: &mut Session, b: &[f64]) -> Vec<f64> {
        let n = s.frame.n_rows();
        for (place, value) in self.places.iter().zip(b) {
            s.frame.var_mut(*place).data = Column::Double(vec![*value; n]).into();
        }
        let ctx = s.ctx();
        self.compiled.iter().flat_map(|c| self.rows.iter().map(|r| c.num(&ctx, *r))).collect()
    }

    /// Values, or nothing when one of them is missing.
    pub(super) fn complete(&self, s: &mut Session, b: &[f64]) -> Option<Vec<f64>> {
        let values = self.values(s, b);
        values.iter().all(|v| v.is_finite() && !is_missing(*v)).then_some(values)
    }

    /// Removes the helper variables.
    pub(super) fn close(self, s: &mut Session) {
        s.frame.drop_vars(&self.places);
    }
}
