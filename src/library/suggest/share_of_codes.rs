//! Shares of a survey that is coded 1 and 2: the mean of the codes is no share. The draft takes a derived variable of 0 and 1.

use std::sync::LazyLock;

use regex::Regex;

use super::coded::{is_coded, yes_of};
use super::phrases::method;
use super::rewritten::derive_from;
use super::{OpenQuestion, SuggestInput, Suggestion};
use crate::domain::template::Bilingual;

/// The role of the columns whose means are estimated.
const ITEMS: &str = "item_vars";

/// Words that ask for a share.
static SHARE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:shares?|proportions?|percent(?:age)?s?|prevalence|fractions?|rates?|how many|how common)\b|%|比例|占比|百分比|率|多少人",
    )
    .expect("a pattern")
});

/// Replaces a column of the codes 1 and 2 whose share is asked for.
pub(super) fn estimated(input: &SuggestInput<'_>, mut suggestion: Suggestion) -> Suggestion {
    let is_mean =
        suggestion.template_id.as_ref().map(|id| id.as_str()) == method("mean of a survey").as_deref();
    let Some(items) =
        suggestion.statement.roles.get(ITEMS).filter(|_| is_mean && SHARE.is_match(input.question))
    else {
        return suggestion;
    };
    let columns = items.iter().filter_map(|name| input.dataset.column(name));
    let columns: Vec<_> = columns.filter(|column| is_coded(column)).collect();
    for column in columns {
        let (is_known, variable) = yes_of(input, column);
        let (name, derived) = (&column.name, variable.name.clone());
        let en = format!("the derived variable {derived} is 1 where {}", variable.expression);
        let zh = format!("派生变量 {derived} 在 {} 时取 1", variable.expression);
        derive_from(&mut suggestion, name, &derived, (&en, &zh));
        if !is_known {
            suggestion.open_questions.push(which(name, &derived));
        }
        suggestion.statement.derived_variables.push(variable);
    }
    suggestion
}

/// Asks which code is the answer that is counted; 1 is taken meanwhile, as questionnaires have it.
fn which(name: &str, derived: &str) -> OpenQuestion {
    OpenQuestion {
        field: ITEMS.to_owned(),
        question: Bilingual {
            en: format!(
                "{name} holds 1 and 2. The share of 1 is estimated, which questionnaires use for yes. If 2 is meant, change the \
                 derived variable {derived} to {name} == 2."
            ),
            zh: Some(format!(
                "{name} 的取值为 1 和 2。这里估计取值为 1 的比例（问卷中通常表示“是”）。如果要估计 2 的比例，请把派生变量 {derived} 改为 {name} == 2。"
            )),
        },
        blocking: false,
        candidates: vec![derived.to_owned()],
    }
}
