//! The commands that are known, from `assets/suggest/commands.json`: for each its names, the roles of its variables in their order, the
//! analysis, and what its options are.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    /// Options that all commands share.
    options: BTreeMap<String, String>,
    pub(super) commands: Vec<Entry>,
}

/// A command.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// Its names in Stata, R and Python; `reg[ress]` may be cut off behind the bracket.
    pub(super) names: Vec<String>,
    /// Where its variables belong, in their order: see [`Slot`].
    pub(super) slots: String,
    pub(super) method: String,
    /// Option → the analysis with it.
    #[serde(default)]
    pub(super) when: BTreeMap<String, String>,
    /// The analysis with several fixed effects.
    pub(super) several: Option<String>,
    /// The analysis with the prefix `svy:`.
    pub(super) svy: Option<String>,
    /// The analysis and the slots of `a == b`, of `a == 5`, and of one variable alone; the analysis with the last of the slots filled.
    pub(super) equal: Option<String>,
    pub(super) number: Option<String>,
    pub(super) single: Option<String>,
    pub(super) second: Option<String>,
    /// Settings that the command implies.
    #[serde(default)]
    pub(super) set: Map<String, Value>,
    #[serde(default)]
    options: BTreeMap<String, String>,
}

/// Where a variable of a command belongs: a role, or a parameter that takes a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Slot {
    /// One column, or none.
    One(String),
    /// All columns up to the next group.
    Many(String),
    /// `(y x)`, `(x = z)`.
    Group(Vec<Slot>, Vec<Slot>),
}

/// A slot for a variable that the analysis finds by itself.
pub(super) const IGNORED: &str = "_";

/// What an option is.
#[derive(Debug, PartialEq)]
pub(super) enum Meaning<'a> {
    /// Its columns have a role.
    Role(&'a str),
    /// It is the value of a parameter.
    Parameter(&'a str),
    /// It sets a parameter.
    Set(&'a str, &'a str),
    /// Its numbers are the values of several parameters.
    Numbers(Vec<&'a str>),
    /// It changes what is printed, not what is computed.
    Printing,
    /// It is not known.
    Unknown,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../../assets/suggest/commands.json"))
        .expect("commands.json is as the code reads it")
});

impl Table {
    pub(super) fn known() -> &'static Self {
        &TABLE
    }

    /// The command that a line begins with, and how many words its name has.
    pub(super) fn command(&self, words: &[&str]) -> Option<(&Entry, usize)> {
        let of = |count: usize| {
            let name = words.get(..count)?.join(" ").to_lowercase();
            let entry = self.commands.iter().find(|e| e.names.iter().any(|own| is_name(own, &name)))?;
            Some((entry, count))
        };
        of(2).or_else(|| of(1))
    }

    /// What an option of a command is.
    pub(super) fn meaning<'a>(&'a self, entry: &'a Entry, option: &str) -> Meaning<'a> {
        let Some(text) = entry.options.get(option).or_else(|| self.options.get(option)) else {
            return Meaning::Unknown;
        };
        match text.split_at(1) {
            ("@", role) => Meaning::Role(role),
            ("=", parameter) => Meaning::Parameter(parameter),
            ("+", setting) => {
                let (parameter, value) = setting.split_once('=').unwrap_or((setting, "true"));
                Meaning::Set(parameter, value)
            }
            ("/", parameters) => Meaning::Numbers(parameters.split(' ').collect()),
            ("-", _) => Meaning::Printing,
            _ => Meaning::Unknown,
        }
    }
}

/// True for a name of the table as it may be written.
fn is_name(own: &str, name: &str) -> bool {
    let Some((least, rest)) = own.trim_end_matches(']').split_once('[') else { return own == name };
    name.strip_prefix(least).is_some_and(|tail| rest.starts_with(tail))
}

/// Reads the slots of a text such as `outcome_var controls* (endogenous_vars+ = instrument_vars+)`.
pub(super) fn slots_of(text: &str) -> Vec<Slot> {
    let mut slots = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = if let Some(inside) = rest.strip_prefix('(') {
            let close = inside.find(')').expect("commands.json closes its brackets");
            let (left, right) = inside[..close].split_once(" = ").unwrap_or((&inside[..close], ""));
            slots.push(Slot::Group(slots_of(left), slots_of(right)));
            close + 2
        } else {
            let end = rest.find(' ').unwrap_or(rest.len());
            let word = &rest[..end];
            let name = word.trim_end_matches(['*', '+', '?']).to_owned();
            slots.push(if word.ends_with(['*', '+']) { Slot::Many(name) } else { Slot::One(name) });
            end
        };
        rest = rest[end..].trim_start();
    }
    slots
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::template::TemplateMeta;
    use crate::library::load::Library;

    /// The targets of slots: roles, and parameters with a leading `=`.
    fn targets(slots: &[Slot]) -> Vec<String> {
        slots
            .iter()
            .flat_map(|slot| match slot {
                Slot::One(name) | Slot::Many(name) => vec![name.clone()],
                Slot::Group(left, right) => [targets(left), targets(right)].concat(),
            })
            .filter(|name| name != IGNORED)
            .collect()
    }

    fn takes(meta: &TemplateMeta, target: &str) -> bool {
        match target.strip_prefix('=') {
            Some(parameter) => meta.parameters.iter().any(|p| p.name == parameter),
            None => meta.parameters.iter().any(|p| p.bind == target),
        }
    }

    #[test]
    fn every_command_has_an_analysis_of_the_library_that_takes_its_variables() {
        let library = Library::embedded().expect("the library");
        let mut names = BTreeSet::new();
        for entry in &Table::known().commands {
            let meta = |id: &str| {
                let id = id.parse().unwrap_or_else(|_| panic!("{id}"));
                &library.get(&id).unwrap_or_else(|| panic!("{id:?}")).meta
            };
            for name in &entry.names {
                assert!(names.insert(name.clone()), "{name} twice");
            }
            let main = meta(&entry.method);
            for target in targets(&slots_of(&entry.slots)) {
                // a slot of a longer form may be one of that form alone
                let others = entry.second.iter();
                let all = others.map(|id| meta(id)).chain([main]).collect::<Vec<_>>();
                assert!(all.iter().any(|m| takes(m, &target)), "{:?}: {target}", entry.names);
            }
            assert!(entry.set.keys().all(|name| takes(main, &format!("={name}"))), "{:?}", entry.names);
            let plain = [&entry.several, &entry.svy, &entry.second];
            plain.into_iter().flatten().chain(entry.when.values()).for_each(|id| {
                meta(id);
            });
            for form in [&entry.equal, &entry.number, &entry.single].into_iter().flatten() {
                let (id, slots) = form.split_once(": ").expect("an analysis and its slots");
                assert!(targets(&slots_of(slots)).iter().all(|t| takes(meta(id), t)), "{form}");
            }
        }
    }

    #[test]
    fn names_may_be_as_short_as_stata_allows() {
        let known = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            Table::known().command(&words).map(|(entry, count)| (entry.method.as_str(), count))
        };
        assert_eq!(known("regr y x"), Some(("linear.ols_robust", 1)));
        assert_eq!(known("re y x"), None);
        assert_eq!(known("ivregress gmm y"), Some(("iv.gmm", 2)));
        assert_eq!(known("XTREG y x"), Some(("panel.re_hausman", 1)));
    }
}
