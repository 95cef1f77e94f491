//! The form of a command: its variables, an equation, an interaction and its options say which analysis it is.

use super::filled::written;
use super::syntax::{Command, Factor, Part, Term};
use super::table::{Entry, slots_of};

/// The analysis that the form of a command asks for, and its variables.
pub(super) struct Form {
    pub(super) method: String,
    pub(super) slots: String,
    pub(super) parts: Vec<Part>,
    /// Pairs of variables joined by `#`.
    pub(super) joined: Vec<[Factor; 2]>,
    /// The number of `a == 5`.
    pub(super) number: Option<f64>,
    pub(super) unread: Vec<String>,
}

impl Form {
    pub(super) fn of(entry: &Entry, command: &Command) -> Self {
        let mut form = Self {
            method: entry.method.clone(),
            slots: entry.slots.clone(),
            parts: command.parts.clone(),
            joined: Vec::new(),
            number: None,
            unread: Vec::new(),
        };
        let options = || command.options.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let said = |name: &str| {
            let clusters =
                |(own, value): (&str, &str)| own == "cl" || own == "vce" && value.starts_with("cl");
            let model = |(own, value): (&str, &str)| own == "model" && value == name;
            options().any(|(own, value)| {
                own == name || model((own, value)) || name == "cluster" && clusters((own, value))
            })
        };
        let when = entry.when.iter().find(|(option, _)| said(option)).map(|(_, method)| method);
        let absorbed = options()
            .find(|(name, _)| matches!(*name, "absorb" | "a"))
            .map_or(0, |(_, v)| v.split_whitespace().count());
        if let Some(method) = when {
            form.method.clone_from(method);
        }
        if let Some(method) = entry.several.as_ref().filter(|_| absorbed > 1) {
            form.method.clone_from(method);
        }
        for prefix in &command.prefixes {
            match (prefix.as_str(), &entry.svy) {
                ("svy", Some(method)) => form.method.clone_from(method),
                _ => form.unread.push(format!("{prefix}:")),
            }
        }
        form.take_equal(entry, command);
        form.take_single(entry);
        form.take_joined(entry);
        form
    }

    /// `a == b`, `a == 5`.
    fn take_equal(&mut self, entry: &Entry, command: &Command) {
        let Some(right) = &command.equal else { return };
        self.number = right.parse().ok();
        let is_number = self.number.is_some();
        let form = if is_number { &entry.number } else { &entry.equal };
        match form.as_ref().and_then(|form| form.split_once(": ")) {
            Some((method, slots)) => {
                (self.method, self.slots) = (method.to_owned(), slots.to_owned());
                if !is_number {
                    self.parts.push(Part::Term(Term::of(right)));
                }
            }
            None => self.unread.push(format!("= {right}")),
        }
    }

    fn take_single(&mut self, entry: &Entry) {
        if let (1, Some((method, slots))) =
            (self.parts.len(), entry.single.as_ref().and_then(|f| f.split_once(": ")))
        {
            (self.method, self.slots) = (method.to_owned(), slots.to_owned());
        }
    }

    /// Takes `x#z` out of the variables; of two factors of an analysis of variance each is one of the groups.
    fn take_joined(&mut self, entry: &Entry) {
        let several = |part: &Part| matches!(part, Part::Term(term) if term.factors.len() > 1);
        for part in self.parts.iter().filter(|part| several(part)) {
            let Part::Term(term) = part else { continue };
            match <[Factor; 2]>::try_from(term.factors.clone()) {
                Ok(pair) if pair[0].name != pair[1].name => self.joined.push(pair),
                _ => self.unread.push(written(part)),
            }
        }
        self.parts.retain(|part| !several(part));
        let Some(method) = &entry.second else { return };
        if let [pair] = &self.joined[..] {
            let is_factor = |f: &Factor| pair.iter().any(|own| own.name == f.name);
            self.parts
                .retain(|part| !matches!(part, Part::Term(term) if term.single().is_some_and(is_factor)));
            self.method.clone_from(method);
        } else if self.parts.len() == slots_of(&entry.slots).len() {
            self.method.clone_from(method);
        }
    }
}
