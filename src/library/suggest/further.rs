//! Roles of further analyses: several measurements of the same thing, ranks, surveys, production, accuracy, figures.

use serde_json::json;

use super::decisions::is_counted;
use super::phrases::{distinct, method};
use super::roles::{Filled, Filler};
use crate::domain::profile::is_binary;

impl Filler<'_> {
    /// The roles of models that have others than outcome, causes and controls.
    pub(super) fn model_slots(&self, slots: &str, out: &mut Filled) {
        let causes = out.roles.get("regressors").cloned().unwrap_or_default();
        match slots {
            "panel" => {
                out.roles.remove("fixed_effects");
                self.panel(out);
            }
            "focal" => {
                out.roles.remove("regressors");
                out.roles.insert("focal_var", causes.into_iter().take(1).collect());
            }
            "lasso" => {
                let more = out.roles.remove("controls").unwrap_or_default();
                let named = distinct(causes.into_iter().chain(more));
                let candidates = if named.len() < 2 { self.all_candidates(out) } else { named };
                out.roles.insert("regressors", candidates);
            }
            "nested" => {
                let named = self.parsed.nested.first().or(self.parsed.units.first()).copied();
                // "between plates": the only column besides the outcome is the group
                let alone = match causes[..] {
                    [only] if named.is_none() && self.sorts(only) => Some(only),
                    _ => None,
                };
                if alone.is_some() {
                    out.roles.remove("regressors");
                }
                let level = named.or(alone);
                // how the variation divides needs no regressor
                out.open.retain(|role| *role != "regressors");
                out.roles.remove("time_var");
                if self.parsed.clusters.is_empty() {
                    out.roles.remove("cluster_var");
                }
                out.roles.insert("entity_var", level.or(self.structure.entity).into_iter().collect());
                let outcome = out.roles.get("outcome_var").and_then(|columns| columns.first());
                let outcome = outcome.map(|y| &self.columns[*y]);
                let counted = outcome.is_some_and(|y| {
                    is_counted(y, self.parsed, self.stated_exposure().is_some()) || y.is_count()
                });
                if counted || outcome.is_some_and(|y| is_binary(y.column)) {
                    out.methods.splice(0..0, method("nested yes or no or counts"));
                }
                if counted {
                    out.parameters.insert("model".to_owned(), json!("poisson"));
                }
            }
            _ => {}
        }
    }

    /// Every number that may predict the outcome, where the question asks which ones do.
    fn all_candidates(&self, out: &mut Filled) -> Vec<usize> {
        out.open.retain(|role| *role != "regressors");
        let outcome = out.roles.get("outcome_var").cloned().unwrap_or_default();
        let predicts = |c: &usize| {
            let column = &self.columns[*c];
            !column.column.is_text()
                && !outcome.contains(c)
                && !self.is_unit(*c)
                && !self.parsed.excluded.contains(c)
        };
        (0..self.columns.len()).filter(predicts).collect()
    }

    /// True for categories, and for codes of units.
    fn sorts(&self, column: usize) -> bool {
        let c = &self.columns[column];
        (c.is_group() && !is_binary(c.column)) || c.is_code_of_units()
    }

    pub(super) fn further_slots(&self, slots: &str, out: &mut Filled) {
        match slots {
            "panel_only" => self.panel(out),
            "paired" => self.paired(out),
            "two_measures" => {
                if let Some((second, first)) = self.two_alike() {
                    out.parameters.insert("first".to_owned(), json!(self.columns[first].name()));
                    out.roles.insert("outcome_var", vec![second]);
                }
            }
            "repeated" => {
                out.roles.insert("item_vars", self.repeated());
            }
            "returns" => {
                let returns = |c: &usize| self.columns[*c].is_return();
                let of_shares = (0..self.columns.len()).find(returns);
                out.settled = of_shares.is_some();
                out.roles.insert("outcome_var", of_shares.into_iter().collect());
            }
            "ranks" => self.ranks(out),
            "survey" => self.in_survey(out),
            "production" => {
                self.model(out);
                self.produced(out);
            }
            "dose" => {
                let outcome = self.binary_with("@death").or_else(|| self.outcome());
                let dose = self.named().into_iter().find(|c| Some(*c) != outcome);
                out.roles.insert("outcome_var", outcome.into_iter().collect());
                out.roles.insert("focal_var", dose.into_iter().collect());
            }
            "roc" => self.accuracy(out),
            "measures" => {
                self.model(out);
                let causes = out.roles.remove("regressors").unwrap_or_default();
                out.roles.insert("treatment_var", causes.into_iter().take(1).collect());
            }
            "gap" => {
                self.compare(out);
                out.takes_rest = true;
            }
            "ratings" => self.agreement(out),
            "composition" => self.composition(out),
            "two_judges" => self.judged_twice(out),
            "portfolios" => self.portfolios(out),
            "studies" => self.pooled(out),
            "one_value" => self.one_value(out),
            "years" => self.between_years(out),
            "zeros" => {
                self.model(out);
                self.zeros(out);
            }
            "two_factors" => self.two_factors(out),
            "choice" => self.alternatives(out),
            "group_only" => {
                let group: Vec<usize> = self.compared().into_iter().collect();
                self.open_if_empty(&group, "group_var", out);
                let sorts = |c: &usize| self.columns[*c].is_group() && !group.contains(c);
                let names: Vec<&str> =
                    self.named().into_iter().filter(sorts).map(|c| self.columns[c].name()).collect();
                if !names.is_empty() {
                    out.parameters.insert("categorical".to_owned(), json!(names));
                }
                out.roles.insert("item_vars", self.measured_besides(&group));
                out.roles.insert("group_var", group);
            }
            "scatter" => {
                self.model(out);
                out.roles.retain(|role, _| matches!(*role, "outcome_var" | "regressors"));
            }
            "box" => {
                self.compare(out);
                let outcome = out.roles.remove("outcome_var").unwrap_or_default();
                out.roles.insert("item_vars", outcome);
                out.methods.truncate(1);
            }
            other => self.slots_of_data(other, out),
        }
    }

    /// A binary outcome and the measure that finds it.
    fn accuracy(&self, out: &mut Filled) {
        let named = self.named();
        let of = |binary: bool| {
            let mut hits = named.iter().copied().filter(|c| is_binary(self.columns[*c].column) == binary);
            hits.next().into_iter().collect::<Vec<_>>()
        };
        let tests: Vec<usize> =
            named.iter().copied().filter(|c| is_binary(self.columns[*c].column)).collect();
        // a test of yes or no against what is true, which is said last or named so
        if let ([first, second], true) = (&tests[..], of(false).is_empty()) {
            let turned = self.is_truth(*first) && !self.is_truth(*second);
            let (test, disease) = if turned { (second, first) } else { (first, second) };
            out.roles.insert("outcome_var", vec![*disease]);
            out.roles.insert("focal_var", vec![*test]);
            out.methods = method("test of yes or no").into_iter().collect();
            return;
        }
        // a test whose truth has a column of that name
        let (mut disease, mut marker) = (of(true), of(false));
        if let ([test], true) = (&disease[..], marker.is_empty())
            && !self.is_truth(*test)
            && let Some(truth) = self.truth_besides(&disease)
        {
            out.methods = method("test of yes or no").into_iter().collect();
            marker = std::mem::replace(&mut disease, vec![truth]);
        } else if disease.is_empty() {
            disease.extend(self.truth_besides(&marker));
        }
        let others = named.iter().filter(|c| self.columns[**c].is_measure() && !marker.contains(c));
        if let (Some(second), true) = (others.copied().next(), out.frame == "roc") {
            out.parameters.insert("second_marker".to_owned(), json!(self.columns[second].name()));
        }
        out.roles.insert("outcome_var", disease);
        out.roles.insert("focal_var", marker);
    }

    /// The column that marks the alternative that somebody chose among several, each in a row.
    pub(super) fn chosen(&self) -> Option<usize> {
        let says = ["choice", "chosen", "choose", "selected", "pick", "选择"];
        self.columns.iter().position(|c| c.column.distinct == 2 && c.word(&says))
    }

    /// What is chosen among alternatives, by what differs between them.
    fn alternatives(&self, out: &mut Filled) {
        let (chosen, unit) = (self.chosen(), self.structure.entity);
        let differs = |c: &usize| self.columns[*c].is_measure() || self.columns[*c].is_group();
        let causes: Vec<usize> = self
            .named()
            .into_iter()
            .filter(|c| differs(c) && Some(*c) != chosen && Some(*c) != unit)
            .collect();
        self.open_if_empty(&causes, "regressors", out);
        out.settled = true;
        out.roles.insert("outcome_var", chosen.into_iter().collect());
        out.roles.insert("regressors", causes);
        out.roles.insert("strata_var", self.structure.entity.into_iter().collect());
    }

    /// The first binary column with a concept.
    pub(super) fn binary_with(&self, concept: &str) -> Option<usize> {
        self.columns.iter().position(|c| is_binary(c.column) && c.has(concept))
    }

    /// A comparison by ranks: of two groups, or of more.
    pub(super) fn ranks(&self, out: &mut Filled) {
        self.compare(out);
        let groups = out.roles.get("group_var").and_then(|g| g.first());
        let several = groups.is_some_and(|g| self.columns[*g].column.distinct > 2);
        out.methods = by_ranks(several).into_iter().collect();
    }

    /// The groups that a table of characteristics compares: the treatment where the question speaks of groups or arms,
    /// else what it names.
    pub(super) fn compared(&self) -> Option<usize> {
        let treated = (0..self.columns.len()).find(|c| self.is_treatment(*c));
        let said = ["group", "arms", "treat", "两组", "各组", "组间", "处理"]
            .iter()
            .any(|w| self.parsed.text.contains(w));
        let groups = |c: &usize| self.columns[*c].is_group();
        let sorted = self.parsed.groups.iter().copied().find(groups);
        let named = self.named().into_iter().find(groups);
        sorted.or(treated.filter(|_| said)).or(named).or(treated)
    }

    /// Measures that the question names besides some columns.
    pub(super) fn measured_besides(&self, others: &[usize]) -> Vec<usize> {
        self.named().into_iter().filter(|c| self.columns[*c].is_measure() && !others.contains(c)).collect()
    }

    /// The output of a production function, which a question about efficiency need not name.
    pub(super) fn produced(&self, out: &mut Filled) {
        let is_output = |c: &usize| self.columns[*c].has("@output");
        if out.roles.get("outcome_var").is_some_and(|y| y.iter().any(is_output)) {
            return;
        }
        let Some(output) = (0..self.columns.len()).find(is_output) else { return };
        out.roles.insert("regressors", self.named().into_iter().filter(|c| *c != output).collect());
        out.roles.insert("outcome_var", vec![output]);
        out.open.retain(|role| *role != "outcome_var");
    }

    /// Two measurements of each row: their means, or their shares where they are yes or no.
    pub(super) fn paired(&self, out: &mut Filled) {
        let Some((before, after)) = self.before_and_after() else { return };
        // the first of them is a parameter, which no other reading would miss
        out.settled = self.named().iter().all(|c| *c == before || *c == after);
        let (first, second) = (json!(self.columns[before].name()), json!(self.columns[after].name()));
        if is_binary(self.columns[after].column) {
            out.methods = method("paired yes or no").into_iter().collect();
            out.parameters.insert("second".to_owned(), second);
            out.roles.insert("outcome_var", vec![before]);
        } else {
            out.parameters.insert("first".to_owned(), first);
            out.roles.insert("outcome_var", vec![after]);
        }
    }

    /// Two measurements of the same thing: the earlier and the later column.
    pub(super) fn before_and_after(&self) -> Option<(usize, usize)> {
        let named = &self.parsed.rest;
        let asked = |(a, b): &(usize, usize)| named.is_empty() || named.contains(a) || named.contains(b);
        self.structure.measured_twice.iter().copied().find(asked)
    }

    /// The measurements of what this column holds: the earlier and the later column.
    pub(super) fn before_and_after_of(&self, column: usize) -> Option<(usize, usize)> {
        self.structure.measured_twice.iter().copied().find(|(a, b)| *a == column || *b == column)
    }

    /// The later measurement of what this column holds, if it is the earlier one.
    pub(super) fn last_of(&self, column: usize) -> Option<usize> {
        self.before_and_after_of(column).filter(|(first, _)| *first == column).map(|(_, last)| last)
    }

    /// The later measurement of what a control measures for the first time.
    pub(super) fn last_of_controls(&self) -> Option<usize> {
        self.parsed.controls.iter().find_map(|control| self.last_of(*control))
    }
}

/// The comparison by ranks of two groups, or of several.
pub(super) fn by_ranks(several: bool) -> Option<String> {
    method(if several { "groups by ranks" } else { "two groups by ranks" })
}
