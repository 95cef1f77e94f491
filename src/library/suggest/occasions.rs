//! Units measured on several occasions that words name, each in a row: `pre`, `post`, `followup`.

use super::columns::{Named, Place};
use super::decisions::type_of;
use super::phrases::method;
use super::roles::{Filled, Filler};

/// Parts of a name that call a column of words the occasion of a measurement.
const NAMES: [&str; 14] = [
    "time",
    "timepoint",
    "visit",
    "wave",
    "session",
    "occasion",
    "phase",
    "assessment",
    "round",
    "时间",
    "时间点",
    "时点",
    "访视",
    "测量时间",
];

/// Values that are occasions whatever their column is called.
const VALUES: [&str; 40] = [
    "pre",
    "post",
    "baseline",
    "followup",
    "follow-up",
    "follow up",
    "before",
    "after",
    "pretest",
    "posttest",
    "pre-test",
    "post-test",
    "midterm",
    "endline",
    "midline",
    "前测",
    "后测",
    "随访",
    "治疗前",
    "治疗后",
    "干预前",
    "干预后",
    "前",
    "后",
    "之前",
    "之后",
    "术前",
    "术后",
    // in other languages
    "avant",
    "apres",
    "après",
    "vorher",
    "nachher",
    "vor",
    "nach",
    "antes",
    "despues",
    "después",
    "prima",
    "dopo",
];

/// Most occasions that are told apart by words.
const MOST: u64 = 12;

impl Named<'_> {
    /// True for a column of words that say when something was measured.
    pub(super) fn is_occasion(&self) -> bool {
        if !self.column.is_text() || !(2..=MOST).contains(&self.column.distinct) {
            return false;
        }
        let parts = self.parts();
        let values: Vec<&str> =
            self.aliases.iter().filter(|a| a.place == Place::Value).map(|a| a.text.as_str()).collect();
        let known = |value: &&str| VALUES.contains(&value.to_lowercase().as_str());
        parts.iter().any(|part| NAMES.contains(&part.as_str()))
            || values.len() >= 2 && values.iter().all(known)
    }
}

/// The column of the occasions on which the units of `entity` were measured, in about one row each.
pub(super) fn occasion(columns: &[Named<'_>], entity: Option<usize>, rows: u64) -> Option<usize> {
    let units = columns[entity?].column.distinct;
    let once = |column: &Named<'_>| {
        let cells = units.saturating_mul(column.column.distinct);
        cells >= rows && cells <= rows.saturating_mul(2)
    };
    columns.iter().position(|column| column.is_occasion() && once(column))
}

impl Filler<'_> {
    /// Several rows of one unit are not independent: the errors of a model of a yes or no, of answers on a scale or of counts are
    /// clustered by unit, unless the model has the units.
    pub(super) fn clusters_of_rows(&self, out: &mut Filled) {
        let Some(unit) = self.structure.entity else { return };
        // words that name another analysis have their own roles
        if out.named && !["counts", "relative_risk"].contains(&out.frame.as_str()) {
            return;
        }
        let (Some([outcome]), true) =
            (out.roles.get("outcome_var").map(Vec::as_slice), out.roles.contains_key("regressors"))
        else {
            return;
        };
        let stated = |role: &str| out.roles.get(role).is_some_and(|columns| !columns.is_empty());
        let used = out.roles.values().flatten().any(|c| *c == unit);
        let limited = matches!(type_of(&self.columns[*outcome]), "binary" | "ordered" | "nominal" | "count");
        if limited && !used && !stated("cluster_var") && !stated("entity_var") {
            out.roles.insert("cluster_var", vec![unit]);
        }
    }

    /// Rows of one unit on several occasions are not independent: a random intercept for each unit, or errors that are clustered
    /// by unit where another column changes what the occasions do (Fitzmaurice, Laird and Ware 2011, chapters 5 and 8).
    pub(super) fn on_occasions(&self, causes: &[usize], out: &mut Filled) {
        let s = self.structure;
        let p = self.parsed;
        let (Some(entity), Some(occasion)) = (s.entity, s.occasion.or(s.time.filter(|_| s.panel))) else {
            return;
        };
        let changes = p.id == "trajectory" || p.moderators.contains(&occasion);
        if !p.moderators.is_empty() && (changes || causes.contains(&occasion)) {
            out.roles.insert("cluster_var", vec![entity]);
        } else if p.moderators.is_empty() && s.occasion.is_some_and(|o| causes.contains(&o)) {
            out.methods.extend(method("occasions"));
            out.roles.remove("cluster_var");
            out.roles.insert("entity_var", vec![entity]);
        }
    }
}
