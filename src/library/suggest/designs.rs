//! Roles of comparisons and of designs: groups, pairs, survival, differences in differences, matching, discontinuity.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use super::decisions::{ASSOCIATION, DESCRIPTION, DIFFERENCE, decided, groups_of};
use super::further::by_ranks;
use super::phrases::{Parsed, distinct, method};
use super::roles::{Filled, Filler};
use super::thresholds::cutoff;
use crate::domain::profile::is_binary;

/// Most levels of a factor that is measured: the doses of a field trial.
const DOSES: u64 = 8;
/// Fewest answers of a scale whose order tells more than shares of each.
const FEWEST_ANSWERS: u64 = 4;
/// By how much a column is studied more often, so that the order of the words does not count.
const LIKELIER: f64 = 0.6;
/// What speaks for the second of two that are associated.
const SAID_LAST: f64 = 0.1;
const ASSOCIATED: [&str; 5] = ["associated with", "linked to", "linked with", "related to", "connected to"];

impl Filler<'_> {
    pub(super) fn survival(&self, slots: &str, out: &mut Filled) {
        let (p, s) = (self.parsed, self.structure);
        let own = |c: &usize| Some(*c) == s.duration || Some(*c) == s.event || p.strata.contains(c);
        let mut named: Vec<usize> = distinct(self.named().into_iter().chain(p.controls.iter().copied()));
        // another event of those that the code tells apart explains none of them
        let ends =
            |c: &usize| s.competing && is_binary(self.columns[*c].column) && self.columns[*c].is_event();
        named.retain(|c| !own(c) && !ends(c) && !p.excluded.contains(c) && !self.is_unit(*c));
        // causes that compete are a code of the data, which no word names
        out.settled |= s.competing;
        out.roles.insert("duration_var", s.duration.into_iter().collect());
        out.roles.insert("failure_var", s.event.into_iter().collect());
        let group = named.iter().copied().find(|c| self.columns[*c].is_group());
        if s.competing && named.is_empty() {
            out.methods = method("incidence").into_iter().collect();
        } else if !s.competing && (slots == "survival_group" || named.is_empty()) {
            if out.frame != "rmst" {
                out.methods = method("survival groups").into_iter().collect();
            }
            let compares = ["which", "differ", "compar", "between", "longer", "哪", "差", "比", "不同"];
            if group.is_none() && compares.iter().any(|w| p.text.contains(w)) {
                out.open.push("group_var");
            }
            out.roles.insert("group_var", group.into_iter().collect());
        } else {
            out.roles.insert("regressors", named);
            out.roles.insert("strata_var", p.strata.iter().copied().take(1).collect());
            out.roles.insert("cluster_var", p.clusters.iter().copied().take(1).collect());
        }
    }

    /// Designs: differences in differences, matching, discontinuity.
    pub(super) fn designed(&self, slots: &str, out: &mut Filled) {
        let p = &self.turned(slots);
        let binary = |c: usize| is_binary(self.columns[c].column);
        let with = |concept: &str, named: bool| {
            let all: Vec<usize> = if named { p.rest.clone() } else { (0..self.columns.len()).collect() };
            all.into_iter().find(|c| binary(*c) && self.columns[*c].has(concept))
        };
        let running = p.running.first().copied();
        let pool = p.outcome.iter().copied().chain(self.named());
        let outcome = pool.filter(|c| Some(*c) != running && !p.matched.contains(c)).collect::<Vec<_>>();
        let outcome = match p.outcome[..] {
            [only] if !binary(only) || slots == "match" => Some(only),
            _ => outcome
                .into_iter()
                .filter(|c| !binary(*c) || slots == "match")
                .max_by(|a, b| self.columns[*a].outcome().total_cmp(&self.columns[*b].outcome())),
        };
        out.roles.insert("outcome_var", outcome.into_iter().collect());
        let mut controls = p.controls.clone();
        controls.retain(|c| Some(*c) != outcome);
        if slots == "rd" {
            out.roles.insert("running_var", running.into_iter().collect());
            self.open_if_empty(p.running.as_slice(), "running_var", out);
            if let Some(value) = number(&CUTOFF, &p.text).or_else(|| cutoff(p)) {
                out.parameters.insert("cutoff".to_owned(), value);
            }
            // a treatment that the threshold makes likelier is a column of its own
            let own = |c: &usize| binary(*c) && Some(*c) != outcome && !controls.contains(c);
            let treated: Vec<usize> = p.causes.iter().chain(&p.rest).copied().find(own).into_iter().collect();
            if !treated.is_empty() && !p.text.contains("sharp") {
                out.methods = method("threshold of a treatment").into_iter().collect();
                out.roles.insert("treatment_var", treated);
            }
            out.roles.insert("controls", controls);
            return;
        }
        let treated = match slots {
            "did" => with("@treatment", true).or_else(|| self.treated_elsewhere(p)),
            "did_panel" => self.policy().or(with("@treatment", true)),
            _ => p
                .causes
                .iter()
                .chain(&p.rest)
                .copied()
                .find(|c| binary(*c) && Some(*c) != outcome && !p.matched.contains(c)),
        };
        let treated = treated.or(with("@programme", false));
        let reformed = with("@reform", true).or(with("@reform", false));
        let treatment: Vec<usize> = treated.into_iter().collect();
        self.open_if_empty(&treatment, "treatment_var", out);
        match slots {
            // one column that says when a unit is treated is no group and no period: a panel of treated periods
            "did" if self.structure.panel && treated.is_some_and(|c| self.is_policy_alone(c, reformed)) => {
                out.methods = method("treated periods").into_iter().collect();
                self.panel(out);
                out.roles.insert("controls", controls);
            }
            "did" => {
                let post: Vec<usize> = reformed.filter(|c| treated != Some(*c)).into_iter().collect();
                self.open_if_empty(&post, "post_var", out);
                out.roles.insert("post_var", post);
                out.roles.insert("controls", controls);
            }
            "did_panel" => {
                self.panel(out);
                out.roles.insert("controls", controls);
            }
            _ => {
                let used = |c: &usize| Some(*c) == outcome || treatment.contains(c);
                let rest = self.named().into_iter().filter(|c| !used(c));
                let every = p.matched.iter().copied().chain(controls).chain(rest);
                let covariates = distinct(every.filter(|c| !used(c) && !self.is_unit(*c)));
                self.open_if_empty(&covariates, "regressors", out);
                out.roles.insert("regressors", covariates);
            }
        }
        out.roles.insert("cluster_var", p.clusters.iter().copied().take(1).collect());
        out.roles.insert("treatment_var", treatment);
    }

    /// The treatment that a question on changes of groups does not name as one: by its name, or as the cause of units in a panel.
    fn treated_elsewhere(&self, parsed: &Parsed) -> Option<usize> {
        let binary = |c: &usize| is_binary(self.columns[*c].column);
        let has = |c: &usize, concept: &str| binary(c) && self.columns[*c].has(concept);
        (0..self.columns.len())
            .find(|c| has(c, "@treatment"))
            .or_else(|| parsed.rest.iter().copied().find(|c| has(c, "@programme")))
            .or_else(|| parsed.causes.iter().copied().find(|c| self.structure.panel && binary(c)))
    }

    /// True for a policy that no column of its own dates: it says itself in which units and periods it holds.
    fn is_policy_alone(&self, policy: usize, reformed: Option<usize>) -> bool {
        reformed == Some(policy) || reformed.is_none() && !self.columns[policy].has("@treatment")
    }

    /// The density of the variable that decides on a treatment.
    pub(super) fn density(&self, out: &mut Filled) {
        let named = self.named().into_iter().find(|c| self.columns[*c].is_measure());
        let running: Vec<usize> = self.parsed.running.first().copied().or(named).into_iter().collect();
        self.open_if_empty(&running, "running_var", out);
        out.roles.insert("running_var", running);
    }

    /// An outcome in units that begin a treatment in different periods.
    pub(super) fn adopted(&self, out: &mut Filled) {
        let outcome: Vec<usize> = self.outcome_of_adoption().into_iter().collect();
        self.open_if_empty(&outcome, "outcome_var", out);
        out.roles.insert("outcome_var", outcome);
        self.adoption(out);
    }

    /// The question; "weighting for training on earnings" names the treatment before the outcome.
    fn turned(&self, slots: &str) -> Parsed {
        let mut turned = self.parsed.clone();
        if let ([first], [second], "match") = (&turned.outcome[..], &turned.causes[..], slots)
            && is_binary(self.columns[*first].column)
            && self.columns[*second].is_measure()
        {
            std::mem::swap(&mut turned.outcome, &mut turned.causes);
        }
        turned
    }

    /// A measure compared between groups.
    pub(super) fn compare(&self, out: &mut Filled) {
        let p = self.parsed;
        let mut outcome = self.outcome();
        let mut pool: Vec<usize> = p.groups.iter().chain(&p.causes).copied().collect();
        pool.extend(self.named());
        let mut group = pool.iter().copied().find(|c| Some(*c) != outcome && self.columns[*c].is_group());
        // "in each ward": numbers that a description by groups names are codes
        let codes = |c: &usize| {
            let column = self.columns[*c].column;
            column.integer_valued && column.distinct <= 60 && !self.columns[*c].is_measured()
        };
        if let ([only], None) = (&p.groups[..], group) {
            group = Some(*only).filter(codes);
        }
        if let (Some(y), None) = (outcome, group)
            && self.columns[y].is_group()
        {
            // "gender gap in pay" and the like, read the wrong way round
            let measure = pool.iter().copied().find(|c| *c != y && !self.columns[*c].is_group());
            (outcome, group) = (measure, Some(y));
        }
        let Some(y) = outcome else {
            return self.differ(group, out);
        };
        let Some(g) = group else {
            return self.model(out);
        };
        // what is held constant needs a model, and so do clustered errors
        let lists = [&p.controls, &p.clusters, &p.fixed_effects, &p.nested];
        let words = ["panel", "面板"].iter().any(|w| p.text.contains(w));
        let says_panel = self.structure.panel && (words || p.says_fixed_effects());
        let adjusts = lists.iter().any(|c| !c.is_empty())
            || says_panel
            || self.baseline_of(y).is_some()
            // periods of a series are not independent
            || self.structure.series && self.policy() == Some(g)
            // events in different times at risk are compared as rates
            || self.at_risk(Some(y)).is_some();
        if !out.named && adjusts && !self.columns[y].column.is_text() {
            return self.adjusted(y, g, out);
        }
        if !out.named && self.by_measures(g) {
            return self.model(out);
        }
        // answers on a scale have an order, which a table of categories does not use
        let scale = self.columns[y].is_scale() && self.columns[y].column.distinct >= FEWEST_ANSWERS;
        if self.columns[y].is_group() && !scale && !out.named {
            return self.categories(g, y, out);
        }
        out.roles.insert("outcome_var", vec![y]);
        out.roles.insert("group_var", vec![g]);
        if out.named {
            return;
        }
        let describes =
            p.id == "by" || ["average", "avg", "mean ", "平均", "统计"].iter().any(|w| p.text.contains(w));
        let tests = ["differ", "test", "compar", "差异", "差别", "不同", "显著", "比较"]
            .iter()
            .any(|w| p.text.contains(w));
        if scale && self.columns[y].is_group() && (tests || !describes) {
            out.methods.extend(by_ranks(self.columns[g].column.distinct > 2));
        } else if self.sorts_twice(y) {
            self.two_factors(out);
            out.methods.extend(method("two factors"));
            // the second of them is a parameter, which no other reading would miss
            out.settled = self.parsed.controls.is_empty();
        } else if describes && !tests {
            out.methods.extend(decided(DESCRIPTION, "number", "groups", "rows"));
            let outcome = out.roles.remove("outcome_var").unwrap_or_default();
            out.roles.insert("item_vars", outcome);
        } else {
            out.methods.extend(decided(DIFFERENCE, "number", groups_of(&self.columns[g]), "rows"));
        }
    }

    /// True for a measure that two columns of categories sort: "by recipe and temperature".
    fn sorts_twice(&self, outcome: usize) -> bool {
        let groups = |c: &usize| *c != outcome && self.columns[*c].is_group();
        self.parsed.groups.len() == 2 && self.parsed.groups.iter().all(groups)
    }

    /// True for an outcome "by age and surgery", which is a model: age forms no groups.
    fn by_measures(&self, group: usize) -> bool {
        let p = self.parsed;
        let measured = |c: &usize| self.columns[*c].is_measure() && !self.columns[*c].is_group();
        let averages = ["average", "mean ", "平均"].iter().any(|w| p.text.contains(w));
        let all = !averages && !p.groups.is_empty() && p.groups.iter().all(measured);
        (all && measured(&group)) || p.groups.len() > 1 && p.groups.iter().any(measured)
    }

    /// A comparison of groups with something held constant: the groups explain the outcome.
    pub(super) fn adjusted(&self, outcome: usize, group: usize, out: &mut Filled) {
        let mut turned = self.parsed.clone();
        turned.outcome = vec![outcome];
        turned.causes = vec![group];
        turned.groups.clear();
        Filler { parsed: &turned, columns: self.columns, structure: self.structure }.model(out);
    }

    /// A table of two columns of categories; the rows are the groups, whose shares of the other column are compared.
    pub(super) fn categories(&self, row: usize, column: usize, out: &mut Filled) {
        out.roles.insert("row_var", vec![row]);
        out.roles.insert("col_var", vec![column]);
        out.methods.extend(decided(ASSOCIATION, "*", "*", "rows"));
    }

    /// Two columns or more without a direction.
    pub(super) fn pair(&self, out: &mut Filled) {
        let p = self.parsed;
        let named = distinct(p.outcome.iter().chain(&p.causes).copied().chain(self.named()));
        let groups = named.iter().filter(|c| self.columns[**c].is_group()).count();
        if let [a, b] = named[..] {
            if groups == 2 && p.controls.is_empty() {
                return self.categories(a, b, out);
            }
            let measure = |c: usize| self.columns[c].is_measure();
            if groups == 1 && p.controls.is_empty() && p.kind.is_empty() && (measure(a) || measure(b)) {
                return self.compare(out);
            }
            // categories and a measure that are related: the measure differs between them
            let sorts = |c: usize| self.columns[c].is_group() && !is_binary(self.columns[c].column);
            if p.controls.is_empty() && p.kind == "pair" && (sorts(a) && measure(b) || sorts(b) && measure(a))
            {
                let (group, outcome) = if measure(b) { (a, b) } else { (b, a) };
                return self.contrasted(group, outcome, out);
            }
        }
        if p.outcome.is_empty() || p.kind == "pair" {
            // "is X associated with Y": of two that are studied as often, the second is explained
            let usual = |c: usize| {
                let said =
                    p.kind == "pair" && p.outcome == [c] && ASSOCIATED.iter().any(|w| p.text.contains(w));
                self.columns[c].outcome() + if said { SAID_LAST } else { 0.0 }
            };
            let y = named
                .iter()
                .copied()
                .filter(|c| !p.endogenous.contains(c) && !p.instruments.contains(c))
                .max_by(|a, b| usual(*a).total_cmp(&usual(*b)));
            let first = self.set_against();
            out.settled |= first.is_some();
            let y = first.or(y);
            let turned = Parsed {
                outcome: y.into_iter().collect(),
                causes: named.iter().copied().filter(|c| Some(*c) != y).collect(),
                controls: p.controls.clone(),
                fixed_effects: p.fixed_effects.clone(),
                clusters: p.clusters.clone(),
                instruments: p.instruments.clone(),
                endogenous: p.endogenous.clone(),
                weights: p.weights.clone(),
                excluded: p.excluded.clone(),
                text: p.text.clone(),
                ..Parsed::default()
            };
            return Filler { parsed: &turned, columns: self.columns, structure: self.structure }.model(out);
        }
        self.model(out);
    }

    /// The first of two measures that are set against each other, unless the second is studied much more often.
    fn set_against(&self) -> Option<usize> {
        let p = self.parsed;
        let ([first], [second]) = (&p.outcome[..], &p.causes[..]) else { return None };
        let (y, x) = (&self.columns[*first], &self.columns[*second]);
        let usual = x.outcome() - y.outcome() <= LIKELIER;
        (p.id == "against" && y.is_measure() && x.is_measure() && usual).then_some(*first)
    }

    pub(super) fn two_factors(&self, out: &mut Filled) {
        let named = distinct(self.parsed.outcome.iter().copied().chain(self.named()));
        let (mut groups, mut measures): (Vec<usize>, Vec<usize>) =
            named.into_iter().partition(|c| self.columns[*c].is_group());
        // what the plots are grouped in is no factor of the two, and the doses of a trial are few
        let block = |c: &usize| self.columns[*c].word(&["block", "blocks", "replicate", "rep", "区组"]);
        let few = |c: &usize| (2..=DOSES).contains(&self.columns[*c].column.distinct);
        let doses: Vec<usize> = measures.iter().copied().filter(few).collect();
        if groups.len() + doses.len() > 2 {
            groups.retain(|c| !block(c));
        }
        if groups.len() < 2 {
            measures.retain(|c| !doses.contains(c));
            groups.extend(doses);
        }
        let outcome = measures
            .into_iter()
            .max_by(|a, b| self.columns[*a].outcome().total_cmp(&self.columns[*b].outcome()));
        out.roles.insert("outcome_var", outcome.into_iter().collect());
        out.roles.insert("group_var", groups.iter().copied().take(1).collect());
        match groups.get(1) {
            Some(second) => {
                out.parameters.insert("factor_b".to_owned(), json!(self.columns[*second].name()));
            }
            None => out.open.push("group_var"),
        }
    }
}

pub(super) static VALUE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:from|equal to|of|等于) ?(-?[0-9]+(?:\.[0-9]+)?)").expect("a pattern"));
static CUTOFF: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:cut-?off|threshold|断点|above|below|over|pass|reach|exceed|at least|\bat\b|达到|超过|高于|不低于|满)[^0-9-]{0,24}(-?[0-9]+(?:\.[0-9]+)?)").expect("a pattern")
});

/// The number that a pattern captures in the question.
pub(super) fn number(pattern: &Regex, text: &str) -> Option<Value> {
    let value: f64 = pattern.captures(text)?[1].parse().ok()?;
    Some(json!(value))
}
