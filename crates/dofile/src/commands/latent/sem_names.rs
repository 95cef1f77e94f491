//! The variables of a structural equation model: which names are latent, which are observed, and their numbers.

use super::sem_paths::{Path, unsupported};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::sem::Cell;

/// Variables in the order of the kernel: observed ones in order of their appearance, then latent ones.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// All names.
    pub all: Vec<String>,
    /// Positions of the observed variables in the data.
    pub columns: Vec<usize>,
    /// Whether a variable has an equation.
    pub endogenous: Vec<bool>,
}

/// How names are told apart.
struct Rule {
    /// Names of `latent()`, the full set of the latent variables where it is given.
    latent: Option<Vec<String>>,
    capitals: bool,
}

impl Rule {
    fn is_latent(&self, name: &str) -> bool {
        match &self.latent {
            Some(names) => names.iter().any(|n| n == name),
            None => self.capitals && name.chars().next().is_some_and(char::is_uppercase),
        }
    }
}

impl Names {
    /// Number of observed variables.
    pub(super) fn observed(&self) -> usize {
        self.columns.len()
    }

    /// The number of a variable; r(111) where it is not in the model.
    pub(super) fn number(&self, name: &str) -> Result<usize> {
        let found = self.all.iter().position(|n| n == name);
        found.ok_or_else(|| StataError::new(111, format!("variable {name} is not in the model")))
    }

    /// Whether a variable is latent.
    pub(super) fn is_latent(&self, number: usize) -> bool {
        number >= self.observed()
    }

    /// Whether a cell is a moment of observed exogenous variables.
    pub(super) fn is_given(&self, cell: Cell) -> bool {
        let given = |v: usize| !self.is_latent(v) && !self.endogenous[v];
        match cell {
            Cell::Covariance(a, b) => given(a) && given(b),
            Cell::Mean(v) => given(v),
            Cell::Path { .. } => false,
        }
    }

    /// Names of some variables.
    pub(super) fn list(&self, keep: impl Fn(usize) -> bool) -> Vec<&str> {
        (0..self.all.len()).filter(|i| keep(*i)).map(|i| self.all[i].as_str()).collect()
    }
}

/// Refuses terms that only `gsem` takes.
fn refuse_operators(name: &str) -> Result<()> {
    if name.starts_with("e.") {
        return Err(unsupported(&format!(
            "{name} in a path (errors of endogenous variables are implied) is"
        )));
    }
    if name.contains('#')
        || name.starts_with("i.")
        || name.starts_with("c.")
        || name.starts_with("ib") && name.contains('.')
    {
        return Err(StataError::new(101, format!("{name}: factor variables and interactions not allowed")));
    }
    match name.split_once('.') {
        Some((operator, _)) if operator.chars().all(|c| c.is_ascii_digit()) => {
            Err(StataError::new(101, format!("{name}: factor variables and interactions not allowed")))
        }
        Some(_) => {
            Err(unsupported(&format!("{name}: time-series operators (generate the variable first) are")))
        }
        None => Ok(()),
    }
}

/// Replaces lists of variables (`x1-x3`, `x*`, abbreviations) by the names of their members.
pub(super) fn expand(s: &Session, cmd: &ParsedCommand, paths: &mut [Path]) -> Result<Names> {
    let latent = cmd.options.text("latent").map(|t| t.split_whitespace().map(str::to_string).collect());
    let rule = Rule { latent, capitals: !cmd.has("nocapslatent") };
    let (mut observed, mut hidden): (Vec<(String, usize)>, Vec<String>) = (Vec::new(), Vec::new());
    let mut targets: Vec<String> = Vec::new();
    for path in paths.iter_mut() {
        for (side, list) in [&mut path.to, &mut path.from].into_iter().enumerate() {
            let mut members = Vec::new();
            for item in list.drain(..) {
                if item.name == "_cons" {
                    if side == 0 {
                        return Err(StataError::invalid("_cons may not be a dependent variable"));
                    }
                    members.push(item);
                    continue;
                }
                refuse_operators(&item.name)?;
                if rule.is_latent(&item.name) {
                    if !crate::frame::is_valid_name(&item.name) {
                        return Err(StataError::new(198, format!("{} invalid name", item.name)));
                    }
                    if !hidden.contains(&item.name) {
                        hidden.push(item.name.clone());
                    }
                    members.push(item);
                    continue;
                }
                for v in s.varlist(&item.name)? {
                    let variable = s.frame.var(v);
                    if variable.is_string() {
                        return Err(StataError::new(109, format!("{} is a string variable", variable.name)));
                    }
                    if !observed.iter().any(|(_, seen)| *seen == v) {
                        observed.push((variable.name.clone(), v));
                    }
                    members.push(super::sem_paths::Item {
                        name: variable.name.clone(),
                        bound: item.bound.clone(),
                    });
                }
            }
            if side == 0 {
                targets.extend(members.iter().map(|m| m.name.clone()));
            }
            *list = members;
        }
    }
    if let Some(name) = rule.latent.iter().flatten().find(|n| !hidden.contains(n)) {
        return Err(StataError::invalid(format!("latent(): {name} is not in a path")));
    }
    if observed.is_empty() {
        return Err(StataError::invalid("the model has no observed variable"));
    }
    let all: Vec<String> = observed.iter().map(|o| o.0.clone()).chain(hidden).collect();
    let endogenous = all.iter().map(|n| targets.contains(n)).collect();
    Ok(Names { columns: observed.into_iter().map(|o| o.1).collect(), endogenous, all })
}

/// Notes of latent variables that have the name of a variable: capitals make them latent.
pub(super) fn note_hidden(s: &mut Session, names: &Names, cmd: &ParsedCommand) {
    if cmd.options.has("latent") {
        return;
    }
    for name in &names.all[names.observed()..] {
        if s.frame.find(name).is_some() {
            s.print(format!(
                "note: {name} is a latent variable because its name begins with a capital letter; specify nocapslatent to use the variable {name} of the data."
            ));
        }
    }
}
