//! Outcomes that are ordered words (low, medium, high; 低, 中, 高): they are offered as an ordered outcome, numbered by derived
//! variables, instead of as categories without an order.

use std::sync::LazyLock;

use serde::Deserialize;

use super::derived::{free_name, labelled};
use super::explain::both;
use super::rewritten::{is_plain_text, only_rows, sample};
use super::{Choice, MethodAlternative, MethodChoice, SuggestInput, Suggestion};
use crate::domain::dataset::Dataset;
use crate::domain::draft::StatedVariable;
use crate::domain::ids::TemplateId;
use crate::domain::no_answer::is_no_answer;
use crate::domain::template::Bilingual;

/// What `assets/suggest/scales.json` has.
#[derive(Deserialize)]
struct File {
    /// The analysis of categories without an order.
    unordered: String,
    /// The analysis of ordered categories.
    ordered: String,
    /// Scales of words, the lowest level first; the spellings of a level.
    scales: Vec<Vec<Vec<String>>>,
}

static FILE: LazyLock<File> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../assets/suggest/scales.json"))
        .expect("scales.json is as the code reads it")
});

/// The confidence that rows without an answer are left out.
const SURE: f64 = 0.9;
/// Fewest levels of an ordered outcome.
const LEAST_LEVELS: usize = 3;
/// Longest label, in characters, that stays in the label of the ranks.
const MOST_WORDS: usize = 40;
/// Longest part of a name that stays in the names of the variables derived from it.
const KEPT: usize = 24;

/// Returns the values of each level, the lowest first, where all texts are words of one scale.
fn levels(texts: &[String]) -> Option<Vec<Vec<String>>> {
    let of = |scale: &[Vec<String>]| {
        let mut found: Vec<Vec<String>> = vec![Vec::new(); scale.len()];
        for text in texts {
            let word = text.trim().to_lowercase().replace('_', " ");
            let at = scale.iter().position(|level| level.contains(&word))?;
            found[at].push(text.clone());
        }
        found.retain(|level| !level.is_empty());
        (found.len() >= LEAST_LEVELS).then_some(found)
    };
    FILE.scales.iter().find_map(|scale| of(scale))
}

/// Turns a draft on an outcome of ordered words into one on their order; any other stays as it is.
pub(super) fn ordered(input: &SuggestInput<'_>, suggestion: Suggestion) -> Suggestion {
    let outcome = match suggestion.statement.roles.get("outcome_var").map(Vec::as_slice) {
        Some([name]) => name.clone(),
        _ => return suggestion,
    };
    let is_plain = suggestion.template_id.as_ref().is_some_and(|id| id.as_str() == FILE.unordered);
    let column = input.dataset.column(&outcome).filter(|c| is_plain && c.is_text());
    let texts = input.values.get(&outcome).filter(|t| column.is_some_and(|c| c.distinct == t.len() as u64));
    let Some(texts) = texts else { return suggestion };
    let (absent, answers): (Vec<String>, Vec<String>) =
        texts.iter().cloned().partition(|text| is_no_answer(text));
    match levels(&answers) {
        Some(levels) => answered(numbered(input, suggestion, &outcome, &levels), &outcome, &absent, &answers),
        None => suggestion,
    }
}

/// The draft without the rows that hold no answer, which have no place in the order.
fn answered(mut suggestion: Suggestion, outcome: &str, absent: &[String], answers: &[String]) -> Suggestion {
    if absent.is_empty() {
        return suggestion;
    }
    let (en, zh) = (absent.join("”, “"), absent.join("”“"));
    let reason = both(
        format!("“{en}” of {outcome} is no answer and has no place in the order; these rows are left out"),
        format!("{outcome} 的“{zh}”表示没有回答，不在顺序之中，这些行不进入样本"),
    );
    suggestion.choices.push(sample(outcome, absent.to_vec(), reason, SURE));
    // a condition cannot have the sign of "Don't know": the answers are listed instead
    if absent.iter().all(|text| is_plain_text(text)) {
        for text in absent {
            only_rows(&mut suggestion, format!("{outcome} != \"{text}\""));
        }
    } else {
        let listed: Vec<String> = answers.iter().map(|text| format!("\"{text}\"")).collect();
        only_rows(&mut suggestion, format!("inlist({outcome}, {})", listed.join(", ")));
    }
    suggestion
}

/// The draft with the ranks of an outcome in place of its words.
fn numbered(
    input: &SuggestInput<'_>,
    mut suggestion: Suggestion,
    outcome: &str,
    levels: &[Vec<String>],
) -> Suggestion {
    let Some(template) = TemplateId::parse(&FILE.ordered).ok().and_then(|id| input.library.get(&id)) else {
        return suggestion;
    };
    let variables = ranks(input.dataset, outcome, levels);
    let Some(rank) = variables.last().map(|v| v.name.clone()) else { return suggestion };
    let statement = &mut suggestion.statement;
    statement.roles.insert("outcome_var".to_owned(), vec![rank.clone()]);
    statement.parameters.retain(|name, _| template.meta.parameters.iter().any(|p| p.name == *name));
    statement.derived_variables.extend(variables);
    suggestion.template_id = Some(template.meta.id.clone());
    let listed: Vec<&str> = levels.iter().map(|level| level[0].as_str()).collect();
    let (en, zh) = (listed.join(", "), listed.join("、"));
    suggestion.method = suggestion.method.map(|method| MethodChoice {
        template_id: FILE.ordered.clone(),
        reason: Bilingual {
            en: format!("the values of {outcome} have an order: {en}"),
            zh: Some(format!("{outcome} 的取值有顺序：{zh}")),
        },
        alternatives: others(&method),
        title: template.meta.title.clone(),
        confidence: method.confidence,
    });
    let told = |choice: &mut Choice| {
        choice.columns = vec![rank.clone()];
        choice.derives(
            &format!("derived variables number its values from the lowest: {en}"),
            &format!("派生变量按从低到高编号：{zh}"),
        );
    };
    suggestion.choices.iter_mut().filter(|c| c.field == "roles.outcome_var").for_each(told);
    suggestion
}

/// The alternatives with the analysis without an order in front.
fn others(method: &MethodChoice) -> Vec<MethodAlternative> {
    let score = method.alternatives.first().map_or(method.confidence, |a| a.score);
    let first =
        MethodAlternative { template_id: method.template_id.clone(), title: method.title.clone(), score };
    let rest = method.alternatives.iter().filter(|a| a.template_id != FILE.ordered).cloned();
    std::iter::once(first).chain(rest).collect()
}

/// The variables that number the levels from 1 on: one for each level from which on a value counts, and their sum.
fn ranks(dataset: &Dataset, outcome: &str, levels: &[Vec<String>]) -> Vec<StatedVariable> {
    let stem: String = outcome.chars().take(KEPT).collect();
    let named = |ending: &str| free_name(dataset, &format!("{stem}_{ending}"), "");
    let flags: Vec<StatedVariable> = (1..levels.len())
        .map(|from| {
            let texts: Vec<String> =
                levels[from..].iter().flatten().map(|text| format!("\"{text}\"")).collect();
            StatedVariable {
                name: named(&format!("from{}", from + 1)),
                expression: format!("inlist({outcome}, {})", texts.join(", ")),
                label: None,
            }
        })
        .collect();
    let sum: Vec<&str> = flags.iter().map(|flag| flag.name.as_str()).collect();
    // sentences and tables have the label often: the words of the column, and what its lowest and highest number are
    let words = dataset.column(outcome).and_then(|c| c.label.as_deref()).map(str::trim);
    let words =
        words.filter(|label| !label.is_empty() && label.chars().count() <= MOST_WORDS).unwrap_or(outcome);
    let (first, last) = (&levels[0][0], &levels[levels.len() - 1][0]);
    let rank = labelled(
        named("rank"),
        format!("1 + {}", sum.join(" + ")),
        format!("{words} (1 {first} … {} {last})", levels.len()),
    );
    flags.into_iter().chain([rank]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> Option<Vec<Vec<String>>> {
        levels(&texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn words_of_one_scale_have_an_order() {
        assert_eq!(
            of(&["high", "Low", "medium", "low"]).expect("a scale"),
            [vec!["Low", "low"], vec!["medium"], vec!["high"]]
        );
        assert_eq!(of(&["高", "中", "低"]).expect("a scale"), [["低"], ["中"], ["高"]]);
        let agreed =
            of(&["Agree", "Neither agree nor disagree", "Strongly disagree", "Disagree", "Strongly agree"]);
        assert_eq!(agreed.expect("a scale")[2], ["Neither agree nor disagree"]);
        assert_eq!(of(&["Obese", "Normal", "Overweight"]).expect("a scale")[0], ["Normal"]);
        assert!(of(&["low", "high"]).is_none(), "two levels are no scale");
        assert!(of(&["low", "medium", "high", "unknown"]).is_none());
        assert!(of(&["bus", "train", "car"]).is_none());
    }
}
