//! Tables of thousands of columns: the rules compare columns with each other, so that they read those which a question may mean.

use std::cmp::Reverse;

use super::{OpenQuestion, SuggestInput, Suggestion};
use crate::domain::dataset::{Column, Dataset};
use crate::domain::template::Bilingual;
use crate::library::tokens::is_han;

/// Most columns that the rules read.
const MOST: usize = 300;
/// Characters of a word or a part of a name that say something.
const SHORTEST: usize = 3;

/// The table with the columns whose names or labels have most in common with the question, of equal ones the first; `None`
/// where all can be read.
pub(super) fn near(input: &SuggestInput<'_>) -> Option<Dataset> {
    let columns = &input.dataset.columns;
    if columns.len() <= MOST {
        return None;
    }
    let question = input.question.to_lowercase();
    let words = words_of(&question);
    let mut order: Vec<usize> = (0..columns.len()).collect();
    order.sort_by_cached_key(|at| Reverse(in_common(&columns[*at], &question, &words)));
    order.truncate(MOST);
    order.sort_unstable();
    let columns = order.into_iter().map(|at| columns[at].clone()).collect();
    Some(Dataset { columns, ..input.dataset.clone() })
}

/// The words of a text; of Chinese every two characters that follow each other.
fn words_of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        let characters: Vec<char> = word.chars().collect();
        if characters.iter().any(|c| is_han(*c)) {
            words.extend(characters.windows(2).map(|pair| pair.iter().collect::<String>()));
        } else if characters.len() >= SHORTEST {
            words.push(word.to_owned());
        }
    }
    words
}

/// How many characters of words a column and a question share; the whole name counts most.
fn in_common(column: &Column, question: &str, words: &[String]) -> usize {
    let name = column.name.to_lowercase();
    let label = column.label.as_deref().unwrap_or(&column.original_name).to_lowercase();
    let shared: usize =
        words.iter().filter(|w| name.contains(*w) || label.contains(*w)).map(String::len).sum();
    let parts = name.split('_').filter(|part| part.len() >= SHORTEST && question.contains(part));
    let is_named = question.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == name);
    shared + parts.map(str::len).sum::<usize>() + if is_named { question.len() } else { 0 }
}

/// The draft with a question that says how many columns were not read.
pub(super) fn said(whole: &Dataset, mut suggestion: Suggestion) -> Suggestion {
    let count = whole.columns.len();
    suggestion.open_questions.push(OpenQuestion {
        field: "requirement".to_owned(),
        question: Bilingual {
            en: format!(
                "The table has {count} columns. The draft was made from the {MOST} whose names or labels are nearest to the \
                 question: write the names of the columns as the file has them where it should use others."
            ),
            zh: Some(format!(
                "表中有 {count} 列。草案只依据名称或标签与问题最接近的 {MOST} 列：若应使用其他列，请按文件中的写法写出列名。"
            )),
        },
        blocking: false,
        candidates: Vec::new(),
    });
    suggestion
}
