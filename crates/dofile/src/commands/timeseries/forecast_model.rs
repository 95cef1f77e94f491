//! The model of `forecast`: its equations, exogenous variables and adjustments.

use crate::error::{Result, StataError};
use crate::results::Estimation;
use crate::session::{Extension, Session};

/// Where a variable of the model comes from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// An equation of the estimation results with this number.
    Estimates(usize, String),
    /// An expression.
    Identity(String),
}

/// An endogenous variable.
#[derive(Debug, Clone)]
pub(super) struct Endogenous {
    /// Its name.
    pub name: String,
    /// What determines it.
    pub source: Source,
}

/// Estimation results of the model.
#[derive(Debug, Clone)]
pub(super) struct Estimated {
    /// Name under which they were stored.
    pub name: String,
    /// The results.
    pub results: Estimation,
    /// Left-hand sides.
    pub lhs: Vec<String>,
}

/// A change of the values of a variable, made after its equation.
#[derive(Debug, Clone)]
pub(super) struct Adjustment {
    /// The variable.
    pub variable: String,
    /// Its new value.
    pub value: String,
    /// Where it holds.
    pub condition: Option<String>,
}

impl Adjustment {
    /// The adjustment as it was typed.
    pub(super) fn text(&self) -> String {
        let condition = self.condition.as_ref().map_or(String::new(), |c| format!(" if {c}"));
        format!("{} = {}{condition}", self.variable, self.value)
    }
}

/// What `forecast solve` did last.
#[derive(Debug, Clone, Default)]
pub(super) struct Solved {
    /// Scalars of `forecast describe solve`.
    pub scalars: Vec<(&'static str, f64)>,
    /// Its macros.
    pub texts: Vec<(&'static str, String)>,
}

/// A model.
#[derive(Debug, Default)]
pub(super) struct Model {
    /// Its name; may be empty.
    pub name: String,
    /// Variables in the order in which they were added.
    pub endogenous: Vec<Endogenous>,
    /// Estimation results.
    pub estimated: Vec<Estimated>,
    /// Declared exogenous variables.
    pub exogenous: Vec<String>,
    /// Adjustments in their order.
    pub adjustments: Vec<Adjustment>,
    /// The commands that made the model.
    pub commands: Vec<String>,
    /// The last solution.
    pub solved: Option<Solved>,
    /// Variables that solutions made.
    pub made: Vec<String>,
}

/// The model in memory.
#[derive(Debug, Default)]
pub(super) struct Current(pub Option<Model>);

impl Extension for Current {}

impl Model {
    /// `model kleinmodel`, or `current model` without a name, with a capital where a sentence begins with it.
    pub(super) fn called(&self) -> String {
        if self.name.is_empty() {
            "Current forecast model".into()
        } else {
            format!("Forecast model {}", self.name)
        }
    }

    /// The variable with a name.
    pub(super) fn is_endogenous(&self, name: &str) -> bool {
        self.endogenous.iter().any(|e| e.name == name)
    }

    /// Number of adjustments of a variable.
    pub(super) fn adjusted(&self, name: &str) -> usize {
        self.adjustments.iter().filter(|a| a.variable == name).count()
    }

    /// Adds a variable.
    ///
    /// # Errors
    /// r(110) for one that the model has.
    pub(super) fn add(&mut self, name: &str, source: Source) -> Result<()> {
        if self.is_endogenous(name) {
            return Err(StataError::new(
                110,
                format!("{name} is already an endogenous variable of the model"),
            ));
        }
        if self.exogenous.iter().any(|x| x == name) {
            return Err(StataError::new(110, format!("{name} is declared exogenous")));
        }
        self.endogenous.push(Endogenous { name: name.to_string(), source });
        Ok(())
    }
}

/// The model in memory to read.
///
/// # Errors
/// r(198) without one.
pub(super) fn current(session: &Session) -> Result<&Model> {
    session.extensions.get::<Current>().and_then(|c| c.0.as_ref()).ok_or_else(none)
}

/// The model in memory to change.
///
/// # Errors
/// r(198) without one.
pub(super) fn current_mut(session: &mut Session) -> Result<&mut Model> {
    session.extensions.state::<Current>().0.as_mut().ok_or_else(none)
}

fn none() -> StataError {
    StataError::new(198, "no forecast model in memory; use forecast create")
}

/// `1 endogenous variable`, `3 endogenous variables`.
pub(super) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
