//! Two of several categories that a question compares: "do people in Beijing or in Shanghai sleep longer" leaves the other
//! cities out, and two groups are left.

use super::decisions::{DIFFERENCE, decided};
use super::explain::both;
use super::phrases::method;
use super::rewritten::{is_plain_text, named_levels, sample, take};
use super::{SuggestInput, Suggestion};
use crate::domain::ids::TemplateId;

/// How sure the sample is: the question names both categories.
const NAMED: f64 = 0.8;

/// Comparisons of several groups, each with that of two.
fn comparisons() -> impl Iterator<Item = (String, String)> {
    let by_means = |groups: &str| decided(DIFFERENCE, "number", groups, "rows");
    let means = by_means("groups").zip(by_means("two groups"));
    let ranks = method("groups by ranks").zip(method("two groups by ranks"));
    means.into_iter().chain(ranks)
}

/// The draft for the two categories that the question names, where it compares all of them.
pub(super) fn only(input: &SuggestInput<'_>, mut suggestion: Suggestion) -> Suggestion {
    let id = suggestion.template_id.as_ref().map(TemplateId::as_str);
    let Some((_, of_two)) = comparisons().find(|(all, _)| id == Some(all.as_str())) else {
        return suggestion;
    };
    let Some([group]) = suggestion.statement.roles.get("group_var").map(Vec::as_slice) else {
        return suggestion;
    };
    let group = group.clone();
    let is_text = input.dataset.column(&group).is_some_and(|c| c.is_text() && c.distinct > 2);
    let levels = named_levels(input, &group);
    let ([first, second], true) = (&levels[..], is_text && levels.iter().all(|l| is_plain_text(l))) else {
        return suggestion;
    };
    let (Ok(template), condition) =
        (of_two.parse::<TemplateId>(), format!("inlist({group}, \"{first}\", \"{second}\")"))
    else {
        return suggestion;
    };
    suggestion.choices.retain(|choice| choice.field.starts_with("roles."));
    let words = levels.iter().map(|level| (*level).to_owned()).collect();
    let reason = both(
        format!(
            "the question names “{first}” and “{second}” of {group}; rows of its other values are left out"
        ),
        format!("问题只提到 {group} 的“{first}”和“{second}”，其他取值的行不进入样本"),
    );
    suggestion.choices.push(sample(&group, words, reason, NAMED));
    take(&mut suggestion, input.library, template);
    suggestion.confidence = suggestion.confidence.min(NAMED);
    suggestion.statement.sample_if = Some(condition);
    suggestion
}
