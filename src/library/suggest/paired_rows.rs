//! Rows that are two measurements of the same unit, before and after: a test of independent groups takes them as rows of different
//! units. A comparison of means becomes a model with a random intercept for each unit; for one by ranks the draft asks.

use std::sync::LazyLock;

use regex::Regex;

use super::columns::Named;
use super::complete::IDENTIFIERS;
use super::decisions::{RELATION, decided};
use super::explain::both;
use super::phrases::method;
use super::rewritten::{BY_STRUCTURE, by_structure, rename_roles, take};
use super::{BLOCKED, OpenQuestion, SuggestInput, Suggestion};
use crate::domain::ids::TemplateId;

/// Most occasions.
const OCCASIONS: u64 = 4;
/// Words for both sides of a change.
static SIDES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"before\b.*\bafter\b|after\b.*\bbefore\b|\b(?:from|between)\b[^.?]*[0-9]+ (?:to|and)\b[^.?]*[0-9]|\bpre\b.*\bpost\b|前后|前.*后|第[0-9]+.{0,3}(?:和|与|到|至)第?[0-9]+")
        .expect("a pattern")
});

/// Analyses of groups by ranks.
const BY_RANKS: [&str; 2] = ["groups by ranks", "two groups by ranks"];

/// What a comparison of groups has, where the groups are occasions of the same units.
struct Pairs {
    outcome: String,
    occasion: String,
    unit: String,
    occasions: u64,
    by_ranks: bool,
}

impl Pairs {
    fn of(input: &SuggestInput<'_>, named: &[Named<'_>], suggestion: &Suggestion) -> Option<Self> {
        let id = suggestion.template_id.as_ref()?.as_str();
        let roles = &suggestion.statement.roles;
        let one = |role: &str| match roles.get(role).map(Vec::as_slice) {
            Some([only]) => named.iter().find(|c| c.name() == only),
            _ => None,
        };
        let is_time = |c: &Named<'_>| c.is_occasion() || c.is_time() && c.column.distinct <= OCCASIONS;
        let test = id.starts_with("test.");
        let plain = decided(RELATION, "number", "*", "rows");
        let said = SIDES.is_match(&input.question.to_lowercase());
        let (outcome, other) = match (one("outcome_var"), one("item_vars")) {
            (Some(outcome), _) if test && roles.len() == 2 => (outcome, one("group_var")?),
            (Some(outcome), _) if plain.as_deref() == Some(id) && roles.len() == 2 => {
                (outcome, one("regressors")?)
            }
            // "is weight different before and after": no word names the occasions
            (None, Some(item)) if roles.len() == 1 && said => (item, item),
            _ => return None,
        };
        let only_time = || {
            let mut times = named.iter().filter(|c| is_time(c));
            times.next().filter(|_| times.next().is_none())
        };
        let occasion = if is_time(other) { other } else { only_time().filter(|_| said)? };
        let (rows, occasions) = (input.dataset.row_count, occasion.column.distinct);
        let unit = named.iter().find(|c| {
            let apart = c.name() != outcome.name() && c.name() != occasion.name();
            apart && is_unit_of(c, rows, occasions)
        })?;
        // another column that is compared or explains has its own part
        if ![outcome.name(), occasion.name(), unit.name()].contains(&other.name()) {
            return None;
        }
        let by_ranks = BY_RANKS.iter().any(|case| method(case).as_deref() == Some(id));
        (outcome.is_measure() && occasions >= 2).then(|| Self {
            outcome: outcome.name().to_owned(),
            occasion: occasion.name().to_owned(),
            unit: unit.name().to_owned(),
            occasions,
            by_ranks,
        })
    }

    /// Asks for the measurements side by side.
    fn question(&self) -> OpenQuestion {
        let Self { outcome, occasion, unit, occasions, .. } = self;
        OpenQuestion {
            field: "requirement".to_owned(),
            question: both(
                format!(
                    "Each {unit} has {occasions} rows, one for each value of {occasion}, and this test takes all rows as independent. Bring the \
                     data into one row for each {unit} first, by the analysis prep.reshape or in the file, and ask for a paired \
                     comparison of {outcome} (two occasions: test.signrank or test.ttest_paired; more: test.friedman)."
                ),
                format!(
                    "每个 {unit} 有 {occasions} 行（{occasion} 的每个取值一行），而该检验把各行视为独立。请先用 prep.reshape 或在文件中转为每个 {unit} 一行，再对 {outcome} 做配对比较（两次测量：test.signrank 或 test.ttest_paired；多次：test.friedman）。"
                ),
            ),
            blocking: true,
            candidates: Vec::new(),
        }
    }
}

/// True for a column that numbers or names units with about one row on each occasion.
fn is_unit_of(named: &Named<'_>, rows: u64, occasions: u64) -> bool {
    let column = named.column;
    let cells = column.distinct.saturating_mul(occasions).saturating_mul(10);
    let about = cells <= rows.saturating_mul(11) && cells >= rows.saturating_mul(9);
    let names = named.is_unit(rows) || named.is_named_for_units() || named.word(&IDENTIFIERS);
    (column.is_text() || column.integer_valued) && column.missing == 0 && about && names
}

/// The draft that does not take two measurements of a unit for two units.
pub(super) fn paired(
    input: &SuggestInput<'_>,
    named: &[Named<'_>],
    mut suggestion: Suggestion,
) -> Suggestion {
    let Some(pairs) = Pairs::of(input, named, &suggestion) else { return suggestion };
    suggestion.open_questions.retain(|q| !(q.field == "requirement" && q.candidates == [pairs.unit.clone()]));
    let template = method("occasions").and_then(|id| id.parse::<TemplateId>().ok());
    let Some(template) = template.filter(|_| !pairs.by_ranks) else {
        suggestion.open_questions.push(pairs.question());
        suggestion.confidence *= BLOCKED;
        return suggestion;
    };
    let Pairs { occasion, unit, occasions, .. } = &pairs;
    let roles = &mut suggestion.statement.roles;
    roles.clear();
    roles.insert("outcome_var".to_owned(), vec![pairs.outcome.clone()]);
    roles.insert("regressors".to_owned(), vec![occasion.clone()]);
    roles.insert("entity_var".to_owned(), vec![unit.clone()]);
    let is_number = input.dataset.column(occasion).is_some_and(|c| !c.is_text());
    suggestion.statement.categorical_vars = if is_number { vec![occasion.clone()] } else { Vec::new() };
    rename_roles(&mut suggestion.choices, &[("group_var", "regressors"), ("item_vars", "outcome_var")]);
    let kept = |columns: &[String]| columns == [pairs.outcome.clone()] || columns == [occasion.clone()];
    suggestion.choices.retain(|choice| choice.field.starts_with("roles.") && kept(&choice.columns));
    suggestion
        .open_questions
        .retain(|q| ![super::METHOD, "regressors", "entity_var"].contains(&q.field.as_str()));
    if !suggestion.choices.iter().any(|choice| choice.field == "roles.regressors") {
        suggestion.choices.push(by_structure(
            "regressors",
            occasion,
            (format!("{occasion} says when each row was measured"), format!("{occasion} 表示各行的测量时间")),
        ));
    }
    suggestion.choices.push(by_structure(
        "entity_var",
        unit,
        (
            format!(
                "{unit} has {occasions} rows, one for each value of {occasion}, which are not independent"
            ),
            format!("每个 {unit} 有 {occasions} 行（{occasion} 的每个取值一行），并不独立"),
        ),
    ));
    take(&mut suggestion, input.library, template);
    if let Some(method) = &mut suggestion.method {
        method.confidence = method.confidence.min(BY_STRUCTURE);
        method.reason = both(
            format!("the rows are repeated measurements of each {unit}: each is compared with itself"),
            format!("各行是每个 {unit} 的重复测量：与自身比较"),
        );
    }
    suggestion.confidence = suggestion.confidence.min(BY_STRUCTURE);
    suggestion
}
