//! From the construction of a question and the profile of the columns to roles, and to the methods that they
//! speak for.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::assigned::Framing;
use super::columns::Named;
use super::complete::IDENTIFIERS;
use super::decisions::{DESCRIPTION, OPEN, RELATION, decided, is_counted, type_of};
use super::designs::{VALUE, number};
use super::phrases::{Frame, Parsed, distinct, frame, method};
use super::structure::Structure;
use super::technical::{asks_alike, names_estimator};
use super::thresholds::with_running;
use crate::domain::profile::is_binary;

/// Roles with columns by position, parameters, and methods in the order of preference.
#[derive(Debug, Default)]
pub(super) struct Filled {
    pub(super) roles: BTreeMap<&'static str, Vec<usize>>,
    pub(super) parameters: Map<String, Value>,
    pub(super) methods: Vec<String>,
    /// True if the outcome is the only column that can be one, not one that the question names.
    pub(super) assumed: bool,
    /// Roles that the question leaves open.
    pub(super) open: Vec<&'static str>,
    /// The frame, or the kind of statement.
    pub(super) frame: String,
    /// True if words of the question name the method.
    pub(super) named: bool,
    /// True if the structure of the data gives the outcome or the cause, which no word can move.
    pub(super) settled: bool,
    /// True if the template takes every column that the question names.
    pub(super) takes_rest: bool,
    /// Columns whose numbers stand for categories: units and periods that are held constant.
    pub(super) categories: Vec<usize>,
}

/// Most categories of a column that a cross table has.
const CROSSED: u64 = 12;

/// The statement of which only one side is found, and the frame of it.
pub(super) const HALF: &str = "half";

/// Fills the roles.
pub(super) fn fill(parsed: &Parsed, columns: &[Named<'_>], structure: &Structure) -> Filled {
    let turned = without_explained_time(parsed, structure);
    let parsed = turned.as_ref().unwrap_or(parsed);
    let ruled = with_running(parsed, columns, structure);
    let parsed = ruled.as_ref().unwrap_or(parsed);
    let filler = Filler { parsed, columns, structure };
    // a rule that gives the treatment by a threshold is a discontinuity, whatever words the question has
    let no_policy = names_estimator(&parsed.text) || asks_alike(&parsed.text);
    // a model of levels has no interaction: errors that are clustered allow for the levels
    let no_levels = !parsed.moderators.is_empty();
    // "rows of one county are correlated" asks for no correlation
    let clustered = !parsed.clusters.is_empty();
    // "zero for many" is what a tobit is for
    let tobit = parsed.text.contains("tobit");
    let may = |f: &&Frame| {
        !(tobit && f.slots == "zeros"
            || no_policy && f.is_topic()
            || no_levels && f.slots == "nested"
            || clustered && f.id == "correlation")
    };
    let mut fitting = parsed.text.frames().iter().copied().filter(may);
    let design = fitting.find(|f| filler.has(f));
    let design = design.or_else(|| if parsed.matched.is_empty() { None } else { frame("psm") });
    let by_threshold = !parsed.running.is_empty() && design.is_none_or(|f| f.slots != "rd_density");
    let frame = match parsed.framing {
        Framing::Words if by_threshold => frame("rd"),
        Framing::Words => design,
        Framing::Statement => None,
        Framing::Forced(id) => frame(id),
    };
    let mut filled = Filled::default();
    if let Some(frame) = frame {
        filled.frame.clone_from(&frame.id);
        filled.named = true;
        filled.methods.clone_from(&frame.methods);
        filler.slots(&frame.slots, &mut filled);
    } else {
        filler.unnamed(&mut filled);
    }
    filled.roles.retain(|_, c| !c.is_empty());
    filled
}

/// The statement with its sides exchanged where it explains a period or an occasion: "weight changes between visits" is about weight.
fn without_explained_time(parsed: &Parsed, structure: &Structure) -> Option<Parsed> {
    let [outcome] = parsed.outcome[..] else { return None };
    let repeated = structure.panel || structure.series;
    let is_time = structure.occasion == Some(outcome) || repeated && structure.time == Some(outcome);
    match (is_time, &parsed.causes[..], &parsed.groups[..]) {
        (true, [cause], []) => {
            Some(Parsed { outcome: vec![*cause], causes: vec![outcome], ..parsed.clone() })
        }
        (true, [], [group]) => {
            Some(Parsed { outcome: vec![*group], groups: vec![outcome], ..parsed.clone() })
        }
        _ => None,
    }
}

/// Fills the roles of one question.
pub(super) struct Filler<'a> {
    pub(super) parsed: &'a Parsed,
    pub(super) columns: &'a [Named<'a>],
    pub(super) structure: &'a Structure,
}

impl Filler<'_> {
    fn slots(&self, slots: &str, out: &mut Filled) {
        let p = self.parsed;
        match slots {
            "model" | "panel" | "nested" | "focal" | "lasso" => {
                self.model(out);
                self.model_slots(slots, out);
            }
            "survival" | "survival_group" => self.survival(slots, out),
            "did" | "did_panel" | "match" | "rd" => self.designed(slots, out),
            "rd_density" => self.density(out),
            "adoption" => self.adopted(out),
            "group" => self.compare(out),
            "pair" => match self.named()[..] {
                [a, b] if [a, b].iter().all(|c| self.columns[*c].column.distinct <= CROSSED) => {
                    self.categories(a, b, out);
                }
                _ => self.pair(out),
            },
            "items" | "items_time" => {
                let mut items = self.named();
                // "4 clusters on income and age" clusters no errors
                if out.frame == "clusters" {
                    items = distinct(items.into_iter().chain(p.clusters.iter().copied()));
                }
                if items.is_empty() && out.frame == "summary" {
                    items = (0..self.columns.len())
                        .filter(|c| self.columns[*c].is_measure() && !self.is_unit(*c))
                        .collect();
                }
                items = self.item_set(&out.frame, items);
                // "groups of customers": their numbers form none
                items.retain(|c| out.frame != "clusters" || !self.numbers_rows(*c));
                self.open_if_empty(&items, "item_vars", out);
                out.roles.insert("item_vars", items);
                self.time(slots == "items_time", out);
            }
            "outcome" | "outcome_time" | "outcome_value" => {
                let outcome: Vec<usize> =
                    self.series_that_changed(out).or(self.outcome()).into_iter().collect();
                self.open_if_empty(&outcome, "outcome_var", out);
                out.roles.insert("outcome_var", outcome.clone());
                self.time(slots == "outcome_time", out);
                if out.frame == "line" {
                    let sorts = |c: &usize| self.columns[*c].is_group() && !outcome.contains(c);
                    out.roles.insert("group_var", p.groups.iter().copied().find(sorts).into_iter().collect());
                }
                if let Some(value) = number(&VALUE, &p.text)
                    && slots == "outcome_value"
                {
                    out.parameters.insert("null_value".to_owned(), value);
                }
            }
            other => self.further_slots(other, out),
        }
    }

    /// What no word names: by the kind of statement and the columns.
    pub(super) fn unnamed(&self, out: &mut Filled) {
        let p = self.parsed;
        out.frame.clone_from(if p.id == HALF { &p.id } else { &p.kind });
        let named = self.named();
        if self.only_items(out) {
            return;
        }
        if let Some((group, outcome)) = self.nominal_outcome() {
            return self.contrasted(group, outcome, out);
        }
        // a text of yes and no is compared as it is: a model takes numbers only
        if let Some((cause, outcome)) = self.two_texts() {
            return self.categories(cause, outcome, out);
        }
        match p.kind.as_str() {
            "model" => self.model(out),
            "group" => match self.exchanged_groups() {
                Some(turned) => Filler { parsed: &turned, ..*self }.compare(out),
                None => self.compare(out),
            },
            "pair" => self.pair(out),
            "either" => {
                let than = ["than", "compared with", "compared to", "versus", "更", "较"];
                let turned = self.turned_contrast();
                if let Some(turned) = &turned {
                    return Filler { parsed: turned, ..*self }.compare(out);
                }
                let contrast = p.id == "more" || than.iter().any(|w| p.text.contains(w));
                let group = p.causes.len() == 1 && self.columns[p.causes[0]].is_group();
                let measured = p.outcome.iter().all(|y| !is_binary(self.columns[*y].column));
                if contrast && group && measured && p.controls.is_empty() {
                    self.compare(out);
                } else {
                    self.model(out);
                }
            }
            _ if named.is_empty() => {
                out.methods.extend(method("vague"));
                out.open.push("outcome_var");
            }
            _ if named.len() == 1 && self.unit_of(named[0]).is_some() => {
                out.roles.insert("group_var", self.unit_of(named[0]).into_iter().collect());
                out.roles.insert("item_vars", named);
                out.methods.extend(decided(DESCRIPTION, "number", "groups", "rows"));
            }
            _ if named.len() == 1 && self.only_sort(named[0]).is_some() => {
                self.contrasted(self.only_sort(named[0]).unwrap_or(named[0]), named[0], out);
            }
            _ if named.len() == 1 && self.asks_other_side(named[0]) => self.half(named[0], out),
            _ if named.len() == 1 && p.controls.is_empty() && p.instruments.is_empty() => {
                let kind = if self.columns[named[0]].is_measure() { "number" } else { "nominal" };
                out.methods.extend(decided(DESCRIPTION, kind, "none", "rows"));
                out.roles.insert("item_vars", named);
            }
            _ => self.pair(out),
        }
    }

    // ---- parts ----

    /// Columns named outside of the additions, without those that the question excludes.
    pub(super) fn named(&self) -> Vec<usize> {
        self.parsed.rest.iter().copied().filter(|c| !self.parsed.excluded.contains(c)).collect()
    }

    pub(super) fn is_unit(&self, column: usize) -> bool {
        Some(column) == self.structure.entity
            || Some(column) == self.structure.time
            || self.columns[column].is_unit(u64::MAX)
    }

    /// True for a column that numbers or names what the rows are about.
    pub(super) fn numbers_rows(&self, column: usize) -> bool {
        let named = &self.columns[column];
        self.is_unit(column) || named.word(&IDENTIFIERS) || named.is_named_for_units() && !named.is_measure()
    }

    pub(super) fn is_treatment(&self, column: usize) -> bool {
        let c = &self.columns[column];
        is_binary(c.column) && c.has("@treatment")
    }

    /// The outcome: by the construction, else the named column that is most often studied as one.
    pub(super) fn outcome(&self) -> Option<usize> {
        let p = self.parsed;
        if let [only] = p.outcome[..] {
            return Some(only);
        }
        let pool = if p.outcome.is_empty() { self.named() } else { p.outcome.clone() };
        let free = pool.into_iter().filter(|c| {
            ![&p.causes, &p.groups, &p.moderators, &p.endogenous, &p.instruments]
                .iter()
                .any(|other| other.contains(c))
        });
        // the last of equally likely ones
        free.max_by(|a, b| self.columns[*a].outcome().total_cmp(&self.columns[*b].outcome()))
    }

    pub(super) fn open_if_empty(&self, columns: &[usize], role: &'static str, out: &mut Filled) {
        if columns.is_empty() {
            out.open.push(role);
        }
    }

    fn time(&self, wanted: bool, out: &mut Filled) {
        if wanted {
            out.roles.insert("time_var", self.structure.time.into_iter().collect());
        }
    }

    /// The panel with the period in which each unit began.
    pub(super) fn adoption(&self, out: &mut Filled) {
        self.panel(out);
        out.roles.insert("adopt_time_var", self.structure.start.into_iter().collect());
        out.roles.insert("controls", self.parsed.controls.clone());
    }

    pub(super) fn panel(&self, out: &mut Filled) {
        out.roles.insert("entity_var", self.structure.entity.into_iter().collect());
        self.time(true, out);
    }

    /// An outcome explained by causes and controls.
    pub(super) fn model(&self, out: &mut Filled) {
        let p = self.parsed;
        let mut outcome = self.outcome();
        if outcome.is_none() && matches!(p.id.as_str(), "return" | "moderated") {
            outcome = ["@wage", "@income"]
                .iter()
                .find_map(|c| (0..self.columns.len()).find(|i| self.columns[*i].has(c)));
            // who gets the returns is no outcome
            out.settled |= outcome.is_some() && !p.moderators.is_empty() && !p.causes.is_empty();
        }
        if outcome.is_none() && p.id == "moderated" && !p.causes.is_empty() {
            outcome = self.most_studied();
            out.assumed = outcome.is_some();
        }
        // what is adjusted for its value at the start is the outcome
        outcome = outcome.or_else(|| self.last_of_controls());
        if outcome.is_none() && [HALF, "moderated"].contains(&p.id.as_str()) {
            outcome = self.only_outcome();
            out.assumed = outcome.is_some();
        }
        let causes = self.causes_of(outcome, out);
        let outcome: Vec<usize> = outcome.map(|y| self.later_of(y)).into_iter().collect();
        self.open_if_empty(&outcome, "outcome_var", out);
        let used = |c: &usize| outcome.contains(c) || causes.contains(c);
        let mut controls: Vec<usize> =
            p.controls.iter().copied().filter(|c| !used(c) && !self.is_unit(*c)).collect();
        let first = outcome.first().and_then(|y| self.baseline_of(*y));
        controls.extend(first.filter(|c| !used(c) && !p.controls.contains(c)));
        if !p.instruments.is_empty() {
            let endogenous = if p.endogenous.is_empty() { causes.clone() } else { p.endogenous.clone() };
            self.open_if_empty(&endogenous, "endogenous_vars", out);
            out.roles.insert("endogenous_vars", endogenous);
            out.roles.insert("instrument_vars", p.instruments.clone());
            out.methods = method("instrument").into_iter().chain(std::mem::take(&mut out.methods)).collect();
        } else if let ("mediated", [mediator, ..]) = (p.id.as_str(), &p.moderators[..]) {
            out.methods.extend(method("mediated"));
            out.roles.insert("mediator_var", vec![*mediator]);
            out.roles.insert("treatment_var", causes.iter().copied().take(1).collect());
        } else if p.moderators.is_empty() {
            self.open_if_empty(&causes, "regressors", out);
            out.roles.insert("regressors", causes.clone());
        } else {
            out.roles.insert("focal_var", causes.iter().copied().take(1).collect());
            out.roles.insert("moderator_var", p.moderators.iter().copied().take(1).collect());
            out.methods.extend(method("moderated"));
        }
        out.roles.insert("controls", controls);
        if let ([cause], Some(_), true) = (&causes[..], self.structure.start, self.structure.panel)
            && is_binary(self.columns[*cause].column)
            && self.columns[*cause].has("@programme")
        {
            out.methods.extend(method("adoption"));
            self.adoption(out);
        }
        // rows within larger units: their errors are not independent
        let clusters = p.clusters.iter().chain(&p.nested).copied().take(1).collect();
        out.roles.insert("cluster_var", clusters);
        self.on_occasions(&causes, out);
        out.roles.insert("weight_var", p.weights.iter().copied().take(1).collect());
        let stated = self.stated_exposure();
        let exposure = stated.or_else(|| self.at_risk(outcome.first().copied()));
        if let Some(exposure) = exposure {
            out.parameters.insert("exposure_var".to_owned(), self.columns[exposure].name().into());
            out.roles.values_mut().for_each(|columns| columns.retain(|c| *c != exposure));
        }
        self.effects(outcome.first().copied(), out);
        match outcome.first() {
            Some(y) => self.by_type(*y, stated.is_some(), out),
            None => out.methods.extend(decided(RELATION, OPEN, "*", "rows")),
        }
        out.roles.insert("outcome_var", outcome);
    }

    /// Adds the methods that the kind of the outcome and the stated structure speak for.
    fn by_type(&self, outcome: usize, has_exposure: bool, out: &mut Filled) {
        let panel = out.roles.contains_key("entity_var");
        let kind = match type_of(&self.columns[outcome]) {
            "number" | "count" if panel && self.parsed.is_of_counts() => "counted",
            "number" | "ordered" if is_counted(&self.columns[outcome], self.parsed, has_exposure) => "count",
            "number" | "share" | "count" | "nominal"
                if self.parsed.says_ordered() && self.columns[outcome].may_be_ordered() =>
            {
                "ordered"
            }
            other => other,
        };
        let stated = |role: &str| out.roles.get(role).is_some_and(|c| !c.is_empty());
        let structure = if panel {
            "panel"
        } else if kind == "binary" && self.parsed.text.contains("probit") {
            "probit"
        } else if self.structure.series {
            "series"
        } else if stated("fixed_effects") {
            "fixed effects"
        } else if stated("cluster_var") {
            "clusters"
        } else {
            "rows"
        };
        if structure == "series" && !matches!(kind, "binary" | "nominal") {
            self.time(true, out);
        }
        out.methods.extend(decided(RELATION, kind, "*", structure));
    }
}
