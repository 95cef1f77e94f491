//! The data set as a question is read with it: a column with a name in another language has a label in English or Chinese, and a
//! column of text that holds dates in some order is one of dates. The draft has the names of the file.

use std::collections::BTreeSet;

use super::super::tokens::is_han;
use super::foreign::{is_foreign, translation};
use super::pinyin::{characters, is_latin_chinese};
use super::{BLOCKED, OpenQuestion, SuggestInput, Suggestion};
use crate::domain::data_step::{ConvertTo, Repair};
use crate::domain::dataset::{Column, Dataset};
use crate::domain::template::Bilingual;
use crate::library::repairs::named_columns;

/// The data set as it is read; none where it is as the file has it.
pub(super) fn seen(input: &SuggestInput<'_>) -> Option<Dataset> {
    let (foreign, chinese) = (is_foreign(input.dataset), is_latin_chinese(input.dataset));
    let label = |column: &Column| {
        let name = &column.original_name;
        // a header with blanks or units is the label too, and says no more than the name
        let unsaid = !says_more(column) && (!name.chars().any(is_han) || foreign);
        let words = || characters(name, input.question, chinese).or_else(|| translation(name, foreign));
        unsaid.then(words).flatten()
    };
    let labels: Vec<Option<String>> = input.dataset.columns.iter().map(label).collect();
    let dates: Vec<Column> =
        input.dataset.columns.iter().filter_map(|c| as_dates(input.dataset, c)).collect();
    if labels.iter().all(Option::is_none) && dates.is_empty() {
        return None;
    }
    let mut dataset = input.dataset.clone();
    for (column, label) in dataset.columns.iter_mut().zip(labels) {
        if let Some(dated) = dates.iter().find(|dated| dated.name == column.name) {
            column.clone_from(dated);
        }
        column.label = label.or(column.label.take());
    }
    Some(dataset)
}

/// True where the file has words for a column apart from its name.
fn says_more(column: &Column) -> bool {
    column.label.as_ref().is_some_and(|label| *label != column.original_name)
}

/// The repairs that read a column of text as dates, one for each order that fits; or as numbers, where a sign may stand for
/// thousands or for decimals.
fn orders<'a>(dataset: &'a Dataset, name: &str) -> Vec<&'a Repair> {
    let is_text = dataset.column(name).is_some_and(Column::is_text);
    let of_it = |repair: &&Repair| is_text && repair.step.column.as_deref() == Some(name);
    let own: Vec<&Repair> = dataset.repairs.iter().filter(of_it).collect();
    let is_date = |repair: &&&Repair| repair.step.to.as_ref().is_some_and(ConvertTo::is_date);
    let is_number = |repair: &&&Repair| repair.step.to == Some(ConvertTo::Number);
    let numbers: Vec<&Repair> = own.iter().filter(is_number).copied().collect();
    let signs: BTreeSet<_> =
        numbers.iter().map(|r| (&r.step.remove, r.step.decimal.as_deref().unwrap_or("."))).collect();
    if signs.len() > 1 { numbers } else { own.iter().filter(is_date).copied().collect() }
}

/// A column of text as the dates that it holds.
fn as_dates(dataset: &Dataset, column: &Column) -> Option<Column> {
    let orders = orders(dataset, &column.name);
    let repair = orders.first()?;
    repair.columns.iter().find(|after| after.name == column.name).cloned()
}

/// Says of the choices that a translated name was found, where the file itself has no label, and asks in which order dates
/// are written that the draft needs.
pub(super) fn explained(mut suggestion: Suggestion, dataset: &Dataset) -> Suggestion {
    let foreign = is_foreign(dataset);
    // the header with its blanks is the label, unless it was read in another language
    let has_label = |name: &String| {
        let own = |c: &Column| c.label.is_some() && translation(&c.original_name, foreign).is_none();
        dataset.column(name).is_some_and(|c| says_more(c) || own(c))
    };
    for choice in &mut suggestion.choices {
        if choice.basis == "label" && !choice.columns.iter().any(has_label) {
            "name".clone_into(&mut choice.basis);
            choice.reason.en = choice.reason.en.replacen(" the label of ", " the translated name of ", 1);
            choice.reason.zh = choice.reason.zh.take().map(|text| text.replacen("的标签", "的译名", 1));
        }
    }
    let used: BTreeSet<String> = named_columns(&suggestion.statement, dataset);
    for name in used.iter().filter(|name| orders(dataset, name).len() > 1) {
        let is_number = orders(dataset, name)[0].step.to == Some(ConvertTo::Number);
        suggestion.open_questions.push(if is_number { asked_of_sign(name) } else { asked(name) });
        suggestion.confidence *= BLOCKED;
    }
    suggestion
}

/// Asks whether a sign groups digits or stands before decimals.
fn asked_of_sign(name: &str) -> OpenQuestion {
    OpenQuestion {
        field: "requirement".to_owned(),
        question: Bilingual {
            en: format!(
                "{name} holds numbers whose point or comma may stand for thousands or for decimals, and stays text until a person \
                 decides. Add one of the repairs of the remark on {name} to `data_steps` of the draft."
            ),
            zh: Some(format!(
                "{name} 中的点或逗号既可能是千位分隔符，也可能是小数点，在人工确定之前保留为文本。请把数据说明中针对 {name} 的一种修复加入初稿的 `data_steps`。"
            )),
        },
        blocking: true,
        candidates: vec![name.to_owned()],
    }
}

/// Asks whether the day or the month stands first.
fn asked(name: &str) -> OpenQuestion {
    OpenQuestion {
        field: "requirement".to_owned(),
        question: Bilingual {
            en: format!(
                "{name} holds dates that can be read with the day or with the month first, and stays text until a person decides. \
                 Add one of the repairs of the remark on {name} to `data_steps` of the draft."
            ),
            zh: Some(format!(
                "{name} 中的日期既可按日-月读取，也可按月-日读取，在人工确定之前保留为文本。请把数据说明中针对 {name} 的一种修复加入初稿的 `data_steps`。"
            )),
        },
        blocking: true,
        candidates: vec![name.to_owned()],
    }
}
