//! Columns that the file gives one name: a question that says "score" does not tell `Score` from `Score_2`.

use super::explain::both;
use super::{BLOCKED, OpenQuestion, Suggestion};
use crate::domain::dataset::Dataset;

/// Asks which of them is meant, where a draft has some of such columns and not all.
pub(super) fn asked(mut suggestion: Suggestion, dataset: &Dataset) -> Suggestion {
    let mut open: Vec<OpenQuestion> = Vec::new();
    for (role, columns) in &suggestion.statement.roles {
        let found = columns.iter().find_map(|name| Some((name, others(name, dataset, &suggestion)?)));
        open.extend(found.map(|(name, others)| question(role, name, others)));
    }
    if !open.is_empty() {
        suggestion.confidence *= BLOCKED;
    }
    suggestion.open_questions.extend(open);
    suggestion
}

/// The columns with the name of this one in the file, where no role has them.
fn others(name: &str, dataset: &Dataset, suggestion: &Suggestion) -> Option<Vec<String>> {
    let own = dataset.column(name)?.original_name.trim().to_lowercase();
    let used = |column: &str| suggestion.statement.roles.values().flatten().any(|other| other == column);
    let alike = dataset.columns.iter().filter(|c| c.original_name.trim().to_lowercase() == own);
    let free: Vec<String> = alike.map(|c| c.name.clone()).filter(|c| !used(c)).collect();
    (!own.is_empty() && !free.is_empty()).then_some(free)
}

fn question(role: &str, name: &str, others: Vec<String>) -> OpenQuestion {
    let listed = others.join(", ");
    OpenQuestion {
        field: role.to_owned(),
        question: both(
            format!("The file has several columns of one name: {name}, {listed}. Which one is meant?"),
            format!("文件中有几列同名：{name}、{}。指的是哪一列？", others.join("、")),
        ),
        blocking: true,
        candidates: std::iter::once(name.to_owned()).chain(others).collect(),
    }
}
