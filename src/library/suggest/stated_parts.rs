//! Parts of a model that a question states: the category that others are compared with, and what counts are relative to. What no column
//! fits is asked for.

use std::sync::LazyLock;

use regex::Regex;

use super::explain::both;
use super::rewritten::levels_in;
use super::{BLOCKED, Choice, OpenQuestion, SuggestInput, Suggestion};
use crate::domain::dataset::Column;
use crate::library::tokens::is_han;

/// How sure a category is that the question calls the reference.
const STATED: f64 = 0.9;
/// The parameter of what counts are relative to.
const EXPOSURE: &str = "exposure_var";

/// The words before or behind a reference category.
static BASES: LazyLock<[Regex; 3]> = LazyLock::new(|| {
    [
        r"([^,;.?!]{2,40}?) (?:as|is|being) (?:the |our )?(?:reference|base|baseline|omitted)(?: category| group| level| class)?\b(?: ?[,;.?!)]|$)",
        r"\b(?:reference|base|omitted)(?: category| group| level| class)?(?: is| being|:| =| of)? ([^,;.?!]{2,40})",
        r"以([^，。；？]{1,15}?)(?:作?为|当作)(?:参照|参考|基准|对照)(?:组|类别?|水平)?",
    ]
    .map(|pattern| Regex::new(pattern).expect("a pattern"))
});

/// A draft with the bases and the exposure that the question states.
pub(super) fn taken(input: &SuggestInput<'_>, suggestion: Suggestion) -> Suggestion {
    let text = input.question.to_lowercase();
    exposure(input, &text, base(input, &text, suggestion))
}

/// The category that others are compared with.
fn base(input: &SuggestInput<'_>, text: &str, mut suggestion: Suggestion) -> Suggestion {
    let stated = BASES
        .iter()
        .find_map(|pattern| pattern.captures(text)?.get(1))
        .map(|found| found.as_str().trim().to_owned());
    let Some(stated) = stated else { return suggestion };
    let roles = &suggestion.statement.roles;
    let terms = ["regressors", "controls", "treatment_var", "focal_var", "moderator_var"];
    let used = terms.iter().filter_map(|role| roles.get(*role)).flatten();
    let is_text = |name: &&String| input.dataset.column(name).is_some_and(Column::is_text);
    let named = used.filter(is_text).find_map(|name| match levels_in(input, name, &stated)[..] {
        [only] => Some((name.clone(), only.to_owned())),
        _ => None,
    });
    match named {
        Some((column, level)) => {
            suggestion.choices.push(Choice {
                field: format!("base_levels.{column}"),
                columns: vec![column.clone()],
                words: vec![stated],
                basis: "value".to_owned(),
                reason: both(
                    format!(
                        "the other categories of {column} are compared with “{level}”, as the question says"
                    ),
                    format!("按问题所述，{column} 的其他类别与“{level}”比较"),
                ),
                confidence: STATED,
                alternatives: Vec::new(),
            });
            suggestion.statement.base_levels.insert(column, level);
        }
        None if suggestion.template_id.is_some() => {
            suggestion.open_questions.push(OpenQuestion {
                field: "requirement".to_owned(),
                question: both(
                    format!("“{stated}” is called the reference, and no category of the model fits it. Which category is meant? base_levels sets it."),
                    format!("问题以“{stated}”为参照，但模型中没有对应的类别。指的是哪个类别？可用 base_levels 设定。"),
                ),
                blocking: false,
                candidates: Vec::new(),
            });
        }
        None => {}
    }
    suggestion
}

/// What counts are relative to, where a question calls something an exposure and the draft has none.
fn exposure(input: &SuggestInput<'_>, text: &str, mut suggestion: Suggestion) -> Suggestion {
    static CALLED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:with|using|and) ([^,;.?!]{2,40}?) as (?:the |an )?(?:exposure|offset)\b|以([^，。；？]{1,15}?)(?:作?为)(?:暴露量?|曝光量)")
            .expect("a pattern")
    });
    let template = suggestion.template_id.as_ref().and_then(|id| input.library.get(id));
    let takes = template.is_some_and(|t| t.meta.parameters.iter().any(|p| p.name == EXPOSURE));
    let Some(found) = CALLED.captures(text).filter(|_| takes) else { return suggestion };
    if suggestion.statement.parameters.contains_key(EXPOSURE) {
        return suggestion;
    }
    let words = found.get(1).or_else(|| found.get(2)).map_or("", |m| m.as_str()).trim();
    // the words of the name in any order: "road length" is length_km
    let joined = words.chars().any(is_han);
    let fits = |name: &str, label: &str| {
        let own = format!("{name} {label}").to_lowercase();
        if joined {
            own.contains(words)
        } else {
            words.split_whitespace().any(|word| word.len() > 3 && own.contains(word))
        }
    };
    let mut fitting = input.dataset.columns.iter().filter(|c| {
        !c.is_text()
            && c.min.is_some_and(|m| m >= 0.0)
            && fits(&c.name, c.label.as_deref().unwrap_or_default())
    });
    match (fitting.next(), fitting.next()) {
        (Some(column), None) => {
            let name = column.name.clone();
            for role in ["regressors", "controls"] {
                if let Some(columns) = suggestion.statement.roles.get_mut(role) {
                    columns.retain(|own| *own != name);
                }
            }
            suggestion.statement.roles.retain(|_, columns| !columns.is_empty());
            suggestion.statement.parameters.insert(EXPOSURE.to_owned(), name.into());
        }
        _ => {
            suggestion.confidence *= BLOCKED;
            suggestion.open_questions.push(OpenQuestion {
                field: "requirement".to_owned(),
                question: both(
                    format!("The counts are relative to “{words}”, which fits no column by itself. Which column is meant?"),
                    format!("计数相对于“{words}”，但没有唯一对应的变量。指的是哪个变量？"),
                ),
                blocking: true,
                candidates: Vec::new(),
            });
        }
    }
    suggestion
}
