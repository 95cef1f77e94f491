//! Two groups before and after a change. Where a question asks for an effect in one of two groups, and a column says which
//! rows come before and which after, the levels of both groups say little: the draft compares their changes.

use std::sync::LazyLock;

use regex::Regex;

use super::coded::{derived_flag, treated_word};
use super::decisions::{DIFFERENCE, RELATION, decided};
use super::explain::both;
use super::phrases::method;
use super::rewritten::{BY_STRUCTURE, by_structure, named_levels, place_of, take, written};
use super::{Choice, OpenQuestion, SuggestInput, Suggestion};
use crate::domain::dataset::Column;
use crate::domain::draft::StatedVariable;
use crate::domain::ids::TemplateId;
use crate::domain::profile::is_binary;

/// Analyses of the levels of two groups.
fn of_levels() -> impl Iterator<Item = String> {
    let tests = [decided(DIFFERENCE, "number", "two groups", "rows"), method("two groups by ranks")];
    let models = ["rows", "clusters"].map(|structure| decided(RELATION, "number", "*", structure));
    tests.into_iter().chain(models).flatten()
}

/// How sure the treated group is where only the order of the words says which it is.
const BY_ORDER: f64 = 0.5;

/// Pairs of words for rows before and after a change.
const PERIODS: [(&str, &str); 10] = [
    ("before", "after"),
    ("pre", "post"),
    ("pre-period", "post-period"),
    ("pre-treatment", "post-treatment"),
    ("pre-intervention", "post-intervention"),
    ("前", "后"),
    ("之前", "之后"),
    ("政策前", "政策后"),
    ("实施前", "实施后"),
    ("改革前", "改革后"),
];

/// Words of an effect; a comparison of levels has none.
static EFFECT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:effects?|impacts?|affect\w*|reduc\w*|increas\w*|rais\w*|lower(?:ed|s|ing)?|improv\w*|chang\w*|hurt|help\w*|boost\w*|cut|cost|worsen\w*|decreas\w*|caus\w*|led to|lead to)\b|影响|效果|效应|提高|降低|减少|增加|改善|促进",
    )
    .expect("a pattern")
});
/// What stands before the group that the other one is compared with.
static COMPARED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:compared (?:with|to)|relative to|as against|against|versus|\bvs\.?|\bthan(?: in)?|相比于?|相对于?|与|比) (?:the )?$|(?:相比于?|相对于?|与|比)$")
        .expect("a pattern")
});

/// The draft of the changes of both groups, where the question was read as one of their levels.
pub(super) fn compared(input: &SuggestInput<'_>, suggestion: Suggestion) -> Suggestion {
    match Design::of(input, &suggestion) {
        Some(design) => design.draft(input, suggestion),
        None => suggestion,
    }
}

/// A column of 0 and 1, with the variable that a draft derives for it.
struct Flag {
    name: String,
    derived: Option<StatedVariable>,
}

struct Design {
    outcome: String,
    group: String,
    treated: Flag,
    /// The treated group as it is written, where only the order of the words says so.
    guessed: Option<String>,
    period: String,
    after: Flag,
    /// The units that are observed before and after.
    unit: Option<String>,
}

impl Design {
    fn of(input: &SuggestInput<'_>, suggestion: &Suggestion) -> Option<Self> {
        let id = suggestion.template_id.as_ref()?;
        if !of_levels().any(|of_levels| of_levels == id.as_str()) || !EFFECT.is_match(input.question) {
            return None;
        }
        let roles = &suggestion.statement.roles;
        let one = |role: &str| match roles.get(role).map(Vec::as_slice) {
            Some([only]) => Some(only.clone()),
            _ => None,
        };
        let (outcome, group) = (one("outcome_var")?, one("group_var").or_else(|| one("regressors"))?);
        let used = |c: &&Column| !roles.values().flatten().any(|name| *name == c.name);
        let (period, after) = input
            .dataset
            .columns
            .iter()
            .filter(used)
            .find_map(|c| Some((c.name.clone(), after(input, c)?)))?;
        let column = input.dataset.column(&group)?;
        let (treated, guessed) = treated(input, column)?;
        let rows = input.dataset.row_count;
        let twice = |c: &&Column| {
            let names = c.is_text() || c.integer_valued;
            names && c.missing == 0 && c.distinct * 20 >= rows * 9 && c.distinct * 20 <= rows * 11
        };
        let unit = input.dataset.columns.iter().filter(used).find(twice).map(|c| c.name.clone());
        Some(Self { outcome, group, treated, guessed, period, after, unit })
    }

    fn draft(self, input: &SuggestInput<'_>, mut suggestion: Suggestion) -> Suggestion {
        let Some(Ok(template)) = method("changes of two groups").map(|id| id.parse::<TemplateId>()) else {
            return suggestion;
        };
        let replaced = |c: &Choice| c.columns == [self.group.clone()] && c.field.starts_with("roles.");
        let old = suggestion.choices.iter().find(|c| replaced(c)).cloned();
        let kept = ["roles.outcome_var", "roles.controls", "data_steps"];
        suggestion.choices.retain(|c| kept.contains(&c.field.as_str()));
        suggestion.choices.extend(old.map(|choice| self.treatment(choice)));
        suggestion.choices.push(self.period());
        let roles = &mut suggestion.statement.roles;
        roles.retain(|role, _| role == "controls");
        roles.insert("outcome_var".to_owned(), vec![self.outcome.clone()]);
        roles.insert("treatment_var".to_owned(), vec![self.treated.name.clone()]);
        roles.insert("post_var".to_owned(), vec![self.after.name.clone()]);
        if let Some(unit) = &self.unit {
            roles.insert("cluster_var".to_owned(), vec![unit.clone()]);
            suggestion.choices.push(by_structure(
                "cluster_var",
                unit,
                (
                    format!("{unit} identifies units that are observed before and after; standard errors are clustered by it"),
                    format!("{unit} 标识前后各观测一次的个体；标准误按它聚类"),
                ),
            ));
        }
        take(&mut suggestion, input.library, template);
        suggestion
            .open_questions
            .retain(|q| q.field == "requirement" || q.field == "controls" || q.field == "outcome_var");
        suggestion.open_questions.extend(self.guessed.as_ref().map(|group| self.which(group)));
        if let Some(method) = &mut suggestion.method {
            method.confidence = BY_STRUCTURE;
            method.reason = both(
                format!(
                    "the question asks for an effect in one of two groups, and {} says which rows come before and which after: the changes of both groups are compared",
                    self.period
                ),
                format!(
                    "问题询问两组之一所受的影响，而 {} 区分了前后两期：比较两组的变化（双重差分）",
                    self.period
                ),
            );
        }
        let flags = [self.treated.derived, self.after.derived];
        suggestion.statement.derived_variables.extend(flags.into_iter().flatten());
        let least = suggestion.choices.iter().map(|c| c.confidence).fold(BY_STRUCTURE, f64::min);
        suggestion.confidence = suggestion.confidence.min(least);
        suggestion
    }

    fn treatment(&self, mut choice: Choice) -> Choice {
        "roles.treatment_var".clone_into(&mut choice.field);
        choice.columns = vec![self.treated.name.clone()];
        if let Some(flag) = &self.treated.derived {
            choice.derives(
                &format!("the derived variable {} is 1 where {}", flag.name, flag.expression),
                &format!("派生变量 {} 在 {} 时取 1", flag.name, flag.expression),
            );
        }
        if self.guessed.is_some() {
            choice.confidence = choice.confidence.min(BY_ORDER);
        }
        choice
    }

    fn period(&self) -> Choice {
        let rule = self
            .after
            .derived
            .as_ref()
            .map_or_else(|| format!("{} == 1", self.period), |f| f.expression.clone());
        by_structure(
            "post_var",
            &self.after.name,
            (
                format!(
                    "{} says which rows come before and which after the change: after where {rule}",
                    self.period
                ),
                format!("{} 区分变化前后的行：{rule} 为变化后", self.period),
            ),
        )
    }

    /// Asks whether the change reached this group.
    fn which(&self, group: &str) -> OpenQuestion {
        OpenQuestion {
            field: "treatment_var".to_owned(),
            question: both(
                format!(
                    "The draft takes “{group}” of {} for the group that the change reached. If it was the other one, change the derived variable {}.",
                    self.group, self.treated.name
                ),
                format!(
                    "初稿把 {} 的“{group}”视为受影响的组。如果是另一组，请修改派生变量 {}。",
                    self.group, self.treated.name
                ),
            ),
            blocking: false,
            candidates: vec![self.treated.name.clone()],
        }
    }
}

/// The rows after the change: those of a column of two words for before and after, or of 0 and 1 that is named after it.
fn after(input: &SuggestInput<'_>, column: &Column) -> Option<Flag> {
    if is_binary(column) {
        let name = column.name.to_lowercase();
        let says = name.split('_').any(|part| part == "post" || part == "after");
        return says.then(|| Flag { name: column.name.clone(), derived: None });
    }
    let words = input.values.get(&column.name).filter(|words| column.is_text() && words.len() == 2)?;
    let word = |of: &str| words.iter().find(|word| word.trim().to_lowercase() == of);
    let (_, after) = PERIODS.iter().find_map(|(first, last)| Some((word(first)?, word(last)?)))?;
    let derived = derived_flag(input, column, after);
    Some(Flag { name: derived.name.clone(), derived: Some(derived) })
}

/// The group that the change reached: the column of 0 and 1 itself; of two words the one that is not called a control, or that
/// the question does not compare the other one with, or that it names alone or first.
fn treated(input: &SuggestInput<'_>, column: &Column) -> Option<(Flag, Option<String>)> {
    if is_binary(column) {
        return Some((Flag { name: column.name.clone(), derived: None }, None));
    }
    let words = input.values.get(&column.name).filter(|words| column.is_text() && words.len() == 2)?;
    let flag = |word: &str| {
        let derived = derived_flag(input, column, word);
        Flag { name: derived.name.clone(), derived: Some(derived) }
    };
    if let Some(word) = treated_word(input, column) {
        return Some((flag(&word), None));
    }
    let named = named_levels(input, &column.name);
    let question = written(input.question);
    let is_compared = |level: &&&str| {
        place_of(&question, &written(level.trim())).is_some_and(|at| COMPARED.is_match(&question[..at]))
    };
    let word = match (named.iter().find(is_compared), &named[..]) {
        (Some(other), _) => return words.iter().find(|w| w.as_str() != *other).map(|w| (flag(w), None)),
        (None, [only]) => return Some((flag(only), None)),
        (None, [first, _]) => *first,
        _ => return None,
    };
    Some((flag(word), Some(word.to_owned())))
}
