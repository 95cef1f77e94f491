//! Fixed effects: of the units of a panel, of groups, and of the units and periods that a question holds constant.

use std::sync::LazyLock;

use regex::Regex;

use super::decisions::type_of;
use super::phrases::{Parsed, distinct};
use super::roles::{Filled, Filler};
use super::said::Said;
use super::times::over_time;
use crate::domain::profile::is_binary;

impl Parsed {
    /// True if the question speaks of fixed effects, or of units that are compared with themselves, with or without saying whose.
    pub(super) fn says_fixed_effects(&self) -> bool {
        static SAYS: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"fixed[- ]effect|固定效应|[a-z>] fes?(?:$|[^a-z0-9_])").expect("a pattern")
        });
        self.text.fits(&SAYS) || self.compares_with_itself()
    }

    /// True where each unit is compared with itself: "pupils compared with themselves", "its own control", 自身对照.
    fn compares_with_itself(&self) -> bool {
        static SELF: LazyLock<Regex> = LazyLock::new(|| {
            let own = r"\bown controls?\b|\bcompar\w*[^.?!]{0,40}\b(?:with|to|against) (?:itself|themsel(?:f|ves)|himself|herself)\b";
            let han = "自身(?:前后)?(?:作为|作|为)?对照|(?:自己|自身|本人)(?:和|与|跟)(?:自己|自身)|(?:和|与|跟)(?:自己|自身)(?:相比|比较|对比|比)|同一(?:个|位|名|家)?[^，。？]{0,6}前后(?:比较|对比|变化)";
            Regex::new(&format!("{own}|{han}")).expect("a pattern")
        });
        self.text.fits(&SELF)
    }
}

impl Filler<'_> {
    /// Fills the roles of fixed effects. A template absorbs the groups of one column; the other columns are controls, whose
    /// numbers are categories.
    pub(super) fn effects(&self, outcome: Option<usize>, out: &mut Filled) {
        let (p, s) = (self.parsed, self.structure);
        let is_unit_or_time = |c: &usize| Some(*c) == s.entity || Some(*c) == s.time;
        let of_units = p.fixed_effects.iter().any(|c| Some(*c) == s.entity || self.is_other_name_of_unit(*c))
            || !p.fixed_effects.is_empty() && p.fixed_effects.iter().all(is_unit_or_time);
        let unsaid = p.fixed_effects.is_empty() && p.says_fixed_effects();
        let held = self.held_constant(out);
        if s.panel && (of_units || unsaid || over_time(&p.text) || self.changes_within(outcome, out)) {
            self.panel(out);
            let others = p
                .fixed_effects
                .iter()
                .copied()
                .filter(|c| !is_unit_or_time(c) && !self.is_other_name_of_unit(*c));
            return as_categories(distinct(others), out);
        }
        // units with several rows each and no period
        let units = s.entity.filter(|_| unsaid);
        let said = distinct(p.fixed_effects.iter().copied().chain(units));
        if said.is_empty() && outcome.is_none_or(|y| type_of(&self.columns[y]) != "number") {
            return as_categories(held, out);
        }
        let mut all = distinct(said.into_iter().chain(held));
        let levels = |at: &usize| self.columns[all[*at]].column.distinct;
        if let Some(most) = (0..all.len()).rev().max_by_key(levels) {
            out.roles.insert("fixed_effects", vec![all.remove(most)]);
        }
        as_categories(all, out);
    }

    /// True where a question asks what a change does, and the outcome and its causes change within the units of a panel: each
    /// has more values than there are units, or is a law. A comparison of each unit with itself answers that; errors by
    /// clusters that the question names are a model of its own.
    fn changes_within(&self, outcome: Option<usize>, out: &Filled) -> bool {
        const LAWS: [&str; 7] =
            ["@law", "@gun", "@reform", "@ban", "@carbon_market", "@restriction", "@lockdown"];
        let (Some(entity), Some(y)) = (self.structure.entity, outcome) else { return false };
        let units = self.columns[entity].column.distinct;
        let varies = |c: &usize| self.columns[*c].is_measure() && self.columns[*c].column.distinct > units;
        let is_law = |c: &usize| {
            let column = &self.columns[*c];
            is_binary(column.column) && LAWS.iter().any(|concept| column.has(concept))
        };
        let causes = out.roles.get("regressors").map(Vec::as_slice).unwrap_or_default();
        let p = self.parsed;
        let plain = p.clusters.is_empty() && p.nested.is_empty() && !out.named;
        let measured = matches!(type_of(&self.columns[y]), "number" | "share") && varies(&y);
        let changes = !causes.is_empty() && causes.iter().all(|c| varies(c) || is_law(c));
        plain && measured && changes && asks_effect(&p.text)
    }

    /// True for a second column of the same units: `country_name` beside `country_code`.
    fn is_other_name_of_unit(&self, column: usize) -> bool {
        let Some(entity) = self.structure.entity else { return false };
        let (own, unit) = (&self.columns[column], &self.columns[entity]);
        own.column.distinct == unit.column.distinct && own.parts().first() == unit.parts().first()
    }

    /// Units and periods that the question holds constant: "controlling for school and year". A series has no other row in a
    /// period.
    fn held_constant(&self, out: &Filled) -> Vec<usize> {
        let taken = |c: &usize| out.roles.values().any(|columns| columns.contains(c));
        let held = self.parsed.controls.iter().copied().filter(|c| self.is_unit(*c) && !taken(c));
        let repeats = |c: &usize| !self.structure.series && self.columns[*c].repeats();
        distinct(held.filter(repeats))
    }
}

/// True where words ask what a change does.
pub(super) fn asks_effect(text: &Said) -> bool {
    static EFFECT: LazyLock<Regex> = LazyLock::new(|| {
        let words = "effects?|impacts?|affect(?:s|ed)?|influence[sd]?|reduc(?:e|es|ed|ing)|rais(?:e|es|ed|ing)|lowers|lowered|increas(?:es|ed|ing)|decreas(?:es|ed|ing)|improv(?:e|es|ed|ing)|boosts?|drives?|hurts?|leads? to|led to|causes?|caused|promotes?";
        let han = "影响|作用|效应|提高|降低|促进|抑制|减少|增加|缓解|推动|提升|拉动|导致|带来";
        Regex::new(&format!(r"\b(?:{words})\b|{han}")).expect("a pattern")
    });
    text.fits(&EFFECT)
}

/// Adds columns to the controls; their numbers stand for categories.
fn as_categories(columns: Vec<usize>, out: &mut Filled) {
    out.categories.extend(&columns);
    let controls = out.roles.entry("controls").or_default();
    controls.extend(columns);
    *controls = distinct(controls.iter().copied());
}
