//! The analysis of a command with its roles, settings and sample.

use std::collections::BTreeSet;

use serde_json::json;

use super::super::columns::Named;
use super::super::structure::Structure;
use super::form::Form;
use super::syntax::{Command, Factor, Part, Term};
use super::table::{Entry, IGNORED, Slot, slots_of};
use super::variables::{column_of, several_of};
use crate::domain::draft::Statement;
use crate::domain::ids::TemplateId;
use crate::domain::template::{Parameter, TemplateMeta};
use crate::library::binding::takes;
use crate::library::load::Library;

/// What a command says.
pub(super) struct Filled {
    pub(super) template: TemplateId,
    pub(super) statement: Statement,
    /// Roles that the data alone decide.
    pub(super) by_structure: BTreeSet<String>,
    /// Roles with names that are no columns.
    pub(super) absent: Vec<(String, String)>,
    /// Parts that the analysis has no place for, as they were typed.
    pub(super) unread: Vec<String>,
}

/// Roles of terms whose numbers may be categories.
const TERMS: [&str; 2] = ["regressors", "controls"];

/// Fills the analysis of a command; none where the library does not have it.
pub(super) fn filled(
    entry: &Entry,
    command: &Command,
    library: &Library,
    columns: &[Named<'_>],
    structure: &Structure,
) -> Option<Filled> {
    let form = Form::of(entry, command);
    let template: TemplateId = form.method.parse().ok()?;
    let meta = &library.get(&template)?.meta;
    let mut filler = Filler {
        meta,
        columns,
        structure,
        statement: Statement { parameters: entry.set.clone(), ..Statement::default() },
        unread: command.unread.iter().cloned().chain(form.unread.iter().cloned()).collect(),
        factors: Vec::new(),
    };
    filler.statement.parameters.retain(|name, _| meta.parameters.iter().any(|p| p.name == *name));
    let mut parts = form.parts.iter().flat_map(|part| filler.expanded(part)).collect::<Vec<_>>();
    parts.reverse();
    filler.slots(&slots_of(&form.slots), &mut parts);
    let left: Vec<String> = parts.iter().rev().map(written).collect();
    filler.unread.extend(left);
    filler.interactions(&form, command.is_call);
    if let Some(number) = form.number.filter(|_| filler.has("null_value")) {
        filler.statement.parameters.insert("null_value".to_owned(), json!(number));
    }
    filler.options(entry, command);
    filler.surroundings(command);
    filler.errors(command);
    if !command.is_call {
        filler.amounts();
    }
    let absent = filler.without_absent();
    let by_structure = filler.by_structure();
    Some(Filled { template, statement: filler.statement, by_structure, absent, unread: filler.unread })
}

pub(super) struct Filler<'a> {
    pub(super) meta: &'a TemplateMeta,
    pub(super) columns: &'a [Named<'a>],
    pub(super) structure: &'a Structure,
    pub(super) statement: Statement,
    pub(super) unread: Vec<String>,
    /// Variables with an operator of factors.
    pub(super) factors: Vec<Factor>,
}

impl Filler<'_> {
    /// The column of a name; a name that is none stays as it is, and the draft asks for it.
    pub(super) fn name(&self, typed: &str) -> String {
        column_of(self.columns, typed).unwrap_or(typed).to_owned()
    }

    pub(super) fn names(&self, text: &str) -> Vec<String> {
        let list = text.split_whitespace().map(|word| word.trim_start_matches("i."));
        list.flat_map(|word| match several_of(self.columns, word) {
            Some(several) => several.into_iter().map(str::to_owned).collect(),
            None => vec![self.name(word)],
        })
        .collect()
    }

    /// A part with the columns of `anx1-anx6` in its place.
    fn expanded(&self, part: &Part) -> Vec<Part> {
        let Part::Term(term) = part else { return vec![part.clone()] };
        let several = term.single().and_then(|factor| several_of(self.columns, &factor.name));
        match several.filter(|_| term.single().is_some_and(|f| column_of(self.columns, &f.name).is_none())) {
            Some(names) => names.into_iter().map(|name| Part::Term(Term::of(name))).collect(),
            None => vec![part.clone()],
        }
    }

    /// Puts variables, the first of them last in the list, into slots.
    fn slots(&mut self, slots: &[Slot], parts: &mut Vec<Part>) {
        for slot in slots {
            match slot {
                Slot::One(target) => {
                    if let Some(part) = parts.pop_if(|part| matches!(part, Part::Term(_))) {
                        self.put(target, &part);
                    }
                }
                Slot::Many(target) => {
                    while let Some(part) = parts.pop_if(|part| matches!(part, Part::Term(_))) {
                        self.put(target, &part);
                    }
                }
                Slot::Group(left, right) => {
                    if let Some(Part::Group(first, second)) = parts.last().cloned() {
                        parts.pop();
                        for (slots, terms) in [(left, first), (right, second)] {
                            let mut terms: Vec<Part> = terms.into_iter().rev().map(Part::Term).collect();
                            self.slots(slots, &mut terms);
                            self.unread.extend(terms.iter().rev().map(written));
                        }
                    }
                }
            }
        }
    }

    fn put(&mut self, target: &str, part: &Part) {
        let Part::Term(term) = part else { return };
        let Some(factor) = term.single() else { return self.unread.push(written(part)) };
        let name = self.name(&factor.name);
        if factor.is_category || factor.base.is_some() {
            self.factors.push(Factor { name: name.clone(), ..factor.clone() });
        }
        if target == IGNORED {
            return;
        }
        if let Some(parameter) = target.strip_prefix('=') {
            self.statement.parameters.insert(parameter.to_owned(), json!(name));
            return;
        }
        // the periods of `i.year` are the effects of time of a panel
        let is_time = self.structure.time.is_some_and(|time| self.columns[time].name() == name);
        if factor.is_category && is_time && TERMS.contains(&target) && self.has("time_effects") {
            self.statement.parameters.insert("time_effects".to_owned(), json!(true));
            return;
        }
        let own = self.statement.roles.entry(target.to_owned()).or_default();
        if !own.contains(&name) {
            own.push(name);
        }
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.meta.parameters.iter().find(|p| p.name == name)
    }

    pub(super) fn has(&self, parameter: &str) -> bool {
        self.parameter(parameter).is_some()
    }

    /// The pairs of `x#z`, and the categories and bases of terms.
    fn interactions(&mut self, form: &Form, is_call: bool) {
        for [first, second] in &form.joined {
            let (a, b) = (self.name(&first.name), self.name(&second.name));
            if takes(self.meta, "interaction_terms") {
                // the effect of each by itself is in the model, too, as with ##
                let own = self.statement.roles.entry("regressors".to_owned()).or_default();
                for name in [&a, &b] {
                    if !own.contains(name) {
                        own.push(name.clone());
                    }
                }
                self.statement.interaction_terms.push(vec![a.clone(), b.clone()]);
            } else if self.has("factor_b") {
                self.statement.roles.insert("group_var".to_owned(), vec![a.clone()]);
                self.statement.parameters.insert("factor_b".to_owned(), json!(b));
                self.statement.parameters.insert("interaction".to_owned(), json!(true));
            } else {
                self.unread.push(format!("{}#{}", first.name, second.name));
                continue;
            }
            for (factor, name) in [(first, a), (second, b)] {
                // Stata takes variables joined by # for categories where no c. says otherwise ([U] 11.4.3)
                let is_category = factor.is_category || !is_call && !factor.is_amount;
                self.factors.push(Factor { name, is_category, ..factor.clone() });
            }
        }
        let is_number = |name: &str| self.columns.iter().any(|c| c.name() == name && !c.column.is_text());
        let used: BTreeSet<String> = self.statement.roles.values().flatten().cloned().collect();
        let models = TERMS.iter().any(|role| takes(self.meta, role));
        for factor in
            std::mem::take(&mut self.factors).into_iter().filter(|f| models && used.contains(&f.name))
        {
            if factor.is_category
                && is_number(&factor.name)
                && !self.statement.categorical_vars.contains(&factor.name)
            {
                self.statement.categorical_vars.push(factor.name.clone());
            }
            match factor.base.as_deref() {
                Some(base) if base.parse::<f64>().is_ok() && is_number(&factor.name) => {
                    self.statement.base_levels.insert(factor.name.clone(), base.to_owned());
                }
                Some(base) if base != "first" => self.unread.push(format!("ib{base}.{}", factor.name)),
                _ => {}
            }
        }
    }

    /// Sample, weight, follow-up and levels.
    fn surroundings(&mut self, command: &Command) {
        if let Some(condition) = &command.condition {
            if takes(self.meta, "sample") {
                self.statement.sample_if = Some(condition.clone())
            } else {
                self.unread.push(format!("if {condition}"))
            }
        }
        if let Some((typed, column)) = &command.weight {
            let kinds = self.parameter("weight_kind").and_then(|p| p.values.clone());
            let kind = kinds.into_iter().flatten().find(|own| own.chars().next() == typed.chars().next());
            if let (true, Some(kind)) = (takes(self.meta, "weight_var"), kind) {
                self.statement.roles.insert("weight_var".to_owned(), vec![self.name(column)]);
                self.statement.parameters.insert("weight_kind".to_owned(), json!(kind));
            } else {
                self.unread.push(format!("[{typed}={column}]"));
            }
        }
        if let Some((time, died)) = &command.follow_up {
            for (role, name) in [("duration_var", time), ("failure_var", died)] {
                self.statement.roles.insert(role.to_owned(), vec![self.name(name)]);
            }
        }
        if let Some((unit, slope)) = &command.nested {
            if takes(self.meta, "entity_var") {
                self.statement.roles.insert("entity_var".to_owned(), vec![self.name(unit)]);
            } else {
                self.unread.push(format!("|| {unit}"));
            }
            match slope {
                Some(slope) if self.has("slope_var") => self.set("slope_var", slope, slope.clone()),
                Some(slope) => self.unread.push(slope.clone()),
                None => {}
            }
        }
    }

    /// Labelled numbers without `i.` are amounts in a command of Stata, whatever the file declares.
    fn amounts(&mut self) {
        let terms = TERMS.iter().filter_map(|role| self.statement.roles.get(*role)).flatten();
        let labelled = |name: &&String| {
            let column = self.columns.iter().find(|c| c.name() == *name).map(|c| c.column);
            column.is_some_and(|c| !c.is_text() && c.value_labels)
                && !self.statement.categorical_vars.contains(name)
        };
        self.statement.quantity_vars = terms.filter(labelled).cloned().collect();
    }

    /// Takes names that are no columns out of the roles; `L.x` is a part without a place.
    fn without_absent(&mut self) -> Vec<(String, String)> {
        let columns = self.columns;
        let mut absent = Vec::new();
        for (role, names) in &mut self.statement.roles {
            let known = |name: &String| columns.iter().any(|c| c.name() == name);
            for name in names.iter().filter(|name| !known(name)) {
                if name.contains('.') {
                    self.unread.push(name.clone());
                } else {
                    absent.push((role.clone(), name.clone()));
                }
            }
            names.retain(known);
        }
        self.statement.roles.retain(|_, names| !names.is_empty());
        absent
    }

    /// Fills what `xtset`, `tsset` and `stset` would say from the structure of the data; the roles that it filled.
    fn by_structure(&mut self) -> BTreeSet<String> {
        let s = self.structure;
        let of = [
            ("entity_var", s.entity),
            ("time_var", s.time),
            ("duration_var", s.duration),
            ("failure_var", s.event),
            ("adopt_time_var", s.start),
        ];
        let mut filled = BTreeSet::new();
        for (role, column) in of {
            let Some(column) =
                column.filter(|_| takes(self.meta, role) && !self.statement.roles.contains_key(role))
            else {
                continue;
            };
            self.statement.roles.insert(role.to_owned(), vec![self.columns[column].name().to_owned()]);
            filled.insert(role.to_owned());
        }
        filled
    }
}

/// A part as it was typed.
pub(super) fn written(part: &Part) -> String {
    let of = |terms: &[Term]| {
        terms
            .iter()
            .map(|t| t.factors.iter().map(|f| f.name.clone()).collect::<Vec<_>>().join("#"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    match part {
        Part::Term(term) => of(std::slice::from_ref(term)),
        Part::Group(left, right) if right.is_empty() => format!("({})", of(left)),
        Part::Group(left, right) => format!("({} = {})", of(left), of(right)),
    }
}
