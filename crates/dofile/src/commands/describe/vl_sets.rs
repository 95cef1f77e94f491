//! The lists of `vl` and the rules by which `vl set` puts variables into them ([D] vl set).

use crate::session::{Extension, Session};
use crate::value::is_missing;

/// The lists of `vl set`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Categorical,
    Continuous,
    Uncertain,
    Other,
}

impl Place {
    pub(super) const ALL: [Self; 4] = [Self::Categorical, Self::Continuous, Self::Uncertain, Self::Other];

    /// Name of the list.
    pub(super) fn list(self) -> &'static str {
        match self {
            Self::Categorical => "vlcategorical",
            Self::Continuous => "vlcontinuous",
            Self::Uncertain => "vluncertain",
            Self::Other => "vlother",
        }
    }

    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Categorical => "categorical variables",
            Self::Continuous => "continuous variables",
            Self::Uncertain => "perhaps continuous, perhaps categorical variables",
            Self::Other => "all missing or constant variables",
        }
    }
}

/// All lists with their variables, those of `vl set` first.
#[derive(Debug, Clone, Default)]
pub(super) struct Sets {
    lists: Vec<(String, Vec<String>)>,
}

impl Extension for Sets {}

impl Sets {
    pub(super) fn members(&self, name: &str) -> Option<&Vec<String>> {
        self.lists.iter().find(|l| l.0 == name).map(|l| &l.1)
    }

    pub(super) fn all(&self) -> Vec<(String, Vec<String>)> {
        self.lists.clone()
    }

    /// Sets a list.
    pub(super) fn define(&mut self, name: &str, members: Vec<String>) {
        match self.lists.iter_mut().find(|l| l.0 == name) {
            Some(list) => list.1 = members,
            None => self.lists.push((name.to_string(), members)),
        }
    }

    /// Puts a variable into a list of `vl set` and takes it out of the others.
    pub(super) fn place(&mut self, variable: &str, place: Place) {
        for (i, each) in Place::ALL.into_iter().enumerate() {
            if self.members(each.list()).is_none() {
                self.lists.insert(i, (each.list().to_string(), Vec::new()));
            }
            if let Some(list) = self.lists.iter_mut().find(|l| l.0 == each.list()) {
                if each != place {
                    list.1.retain(|m| m != variable);
                } else if !list.1.iter().any(|m| m == variable) {
                    list.1.push(variable.to_string());
                }
            }
        }
    }

    /// Takes a variable out of all lists.
    pub(super) fn forget(&mut self, variable: &str) {
        self.lists.iter_mut().for_each(|l| l.1.retain(|m| m != variable));
    }

    /// Removes a list; false if there is none.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        let before = self.lists.len();
        self.lists.retain(|l| l.0 != name);
        self.lists.len() < before
    }
}

/// The different values of a variable that are not missing, ascending.
fn levels(s: &Session, v: usize) -> Vec<f64> {
    let mut found: Vec<f64> =
        (0..s.frame.n_rows()).map(|r| s.frame.num_at(v, r)).filter(|x| !is_missing(*x)).collect();
    found.sort_by(f64::total_cmp);
    found.dedup();
    found
}

/// The list of a variable: whole numbers that are not negative are categorical with up to `categorical` levels,
/// uncertain with up to `uncertain` (0 is no such class), else continuous; other numbers are continuous.
pub(super) fn classify(s: &Session, v: usize, categorical: usize, uncertain: usize) -> Place {
    let levels = levels(s, v);
    match levels.len() {
        0 | 1 => Place::Other,
        _ if levels.iter().any(|x| x.fract() != 0.0 || *x < 0.0) => Place::Continuous,
        n if n <= categorical => Place::Categorical,
        n if n <= uncertain => Place::Uncertain,
        _ => Place::Continuous,
    }
}

/// What the values of a variable are, for `vl list`.
pub(super) fn values(s: &Session, v: usize) -> &'static str {
    if s.frame.var(v).is_string() {
        return "string";
    }
    let levels = levels(s, v);
    let whole = levels.iter().all(|x| x.fract() == 0.0);
    match levels[..] {
        [] => "all missing",
        [_] => "constant",
        [0.0, 1.0] => "0 and 1",
        [low, ..] if whole && low >= 0.0 => "integers >=0",
        _ if whole => "integers",
        _ => "noninteger",
    }
}
