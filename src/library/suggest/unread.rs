//! Questions about a column whose numbers are written in two ways (`12%` beside `0.3`), which is text until a person writes
//! them in one: the question is read as if it held numbers, and its role is asked for.

use std::collections::BTreeSet;

use super::{BLOCKED, OpenQuestion, SuggestInput, Suggestion, read};
use crate::domain::dataset::{Column, InferredType};
use crate::domain::template::Bilingual;
use crate::library::repairs::named_columns;

/// A draft that does not take the numbers of these columns for categories.
pub(super) fn suggested(input: &SuggestInput<'_>, mixed: &BTreeSet<String>) -> Suggestion {
    let plain = read(input);
    let uses = |made: &Suggestion| !named_columns(&made.statement, input.dataset).is_disjoint(mixed);
    // the only measure left is no outcome where another one cannot be read yet
    let assumed = plain.open_questions.iter().any(|q| !q.blocking && q.field == "outcome_var");
    let is_whole = !assumed && !plain.open_questions.iter().any(|question| question.blocking);
    if mixed.is_empty() || (is_whole && !uses(&plain)) {
        return plain;
    }
    let mut dataset = input.dataset.clone();
    dataset.columns.iter_mut().filter(|c| mixed.contains(&c.name)).for_each(as_number);
    let mut values = input.values.clone();
    values.retain(|name, _| !mixed.contains(name));
    let as_numbers = read(&SuggestInput { dataset: &dataset, values: &values, ..*input });
    match uses(&as_numbers) {
        true => asked(as_numbers, mixed),
        false if assumed => as_numbers,
        false => plain,
    }
}

/// The column as a person will write it: with numbers of unknown range.
fn as_number(column: &mut Column) {
    column.inferred_type = InferredType::Number;
    column.storage = "double".to_owned();
    (column.min, column.max, column.max_bytes) = (None, None, None);
    column.integer_valued = false;
}

/// Takes these columns out of the draft and asks for the roles that they had; this blocks.
fn asked(mut suggestion: Suggestion, mixed: &BTreeSet<String>) -> Suggestion {
    let mut open: Vec<OpenQuestion> = Vec::new();
    for (role, columns) in &mut suggestion.statement.roles {
        let Some(name) = columns.iter().find(|c| mixed.contains(*c)).cloned() else { continue };
        columns.retain(|c| !mixed.contains(c));
        open.push(question(role, name));
    }
    suggestion.statement.roles.retain(|_, columns| !columns.is_empty());
    for choice in &mut suggestion.choices {
        choice.columns.retain(|c| !mixed.contains(c));
    }
    suggestion.choices.retain(|c| !c.columns.is_empty());
    let fields: BTreeSet<&str> = open.iter().map(|q| q.field.as_str()).collect();
    let others: Vec<OpenQuestion> =
        suggestion.open_questions.into_iter().filter(|q| !fields.contains(q.field.as_str())).collect();
    suggestion.confidence *= if open.is_empty() { 1.0 } else { BLOCKED };
    suggestion.open_questions = open.into_iter().chain(others).collect();
    suggestion
}

fn question(role: &str, name: String) -> OpenQuestion {
    OpenQuestion {
        field: role.to_owned(),
        question: Bilingual {
            en: format!(
                "The question means {name}, whose numbers are written in two ways or stand next to other values, so that it is \
                 read as text (see the remarks on the data). Write all of them as numbers in one way in the file, such as 12.5 \
                 for 12.5 %, and upload it again, add a repair that the remarks offer, or choose another column."
            ),
            zh: Some(format!(
                "问题指的是 {name}，但其中的数字有两种写法或夹有其他取值，因此按文本读取（见数据说明）。请在文件中统一写成数字（例如 12.5% 写作 12.5）后重新上传，或采用数据说明中提供的修复，或改选其他变量。"
            )),
        },
        blocking: true,
        candidates: vec![name],
    }
}
