//! Further files of an upload in a draft by rules: the columns of a file whose rows one column identifies, under a name that
//! the main data have too, are read as columns of the main data, and the merge that adds them is proposed with the draft.

use std::collections::BTreeSet;

use crate::domain::data_step::{DataStep, Keep, MergeType, StepKind};
use crate::domain::dataset::{Column, Dataset};
use crate::domain::template::Bilingual;
use crate::library::suggest::{Choice, OpenQuestion};

/// Confidence in a merge: the names of the keys are the same, but a person has not seen it.
const CONFIDENCE: f64 = 0.7;

/// A further file that a merge can add.
#[derive(Debug, Clone)]
pub(super) struct Addition {
    step: DataStep,
    file: String,
    /// Its place among the further files.
    pub(super) place: usize,
    /// The columns that it adds.
    pub(super) columns: BTreeSet<String>,
}

/// The main data with the columns of the further files, and how each is added.
pub(super) fn joined(main: &Dataset, others: &[Dataset]) -> (Dataset, Vec<Addition>) {
    let mut whole = main.clone();
    let mut additions = Vec::new();
    for (place, other) in others.iter().enumerate() {
        let Some(key) = key_of(main, other) else { continue };
        let new: Vec<Column> =
            other.columns.iter().filter(|c| whole.column(&c.name).is_none()).cloned().collect();
        if new.is_empty() {
            continue;
        }
        let both = identifies(key, main);
        let step = DataStep {
            keys: vec![key.name.clone()],
            merge_type: Some(if both { MergeType::OneToOne } else { MergeType::ManyToOne }),
            keep: Some(Keep::Master),
            ..DataStep::new(StepKind::Merge, &other.dataset_key)
        };
        let columns = new.iter().map(|c| c.name.clone()).collect();
        additions.push(Addition { step, file: other.original_name.clone(), place, columns });
        whole.columns.extend(new);
    }
    (whole, additions)
}

/// The column of the main data that identifies the rows of another file under the same name.
fn key_of<'a>(main: &'a Dataset, other: &Dataset) -> Option<&'a Column> {
    let fits = |column: &&Column| {
        let there = other.column(&column.name);
        there.is_some_and(|c| c.is_text() == column.is_text() && identifies(c, other))
    };
    main.columns.iter().find(fits)
}

/// True for a column with another value in each row of a data set.
fn identifies(column: &Column, data: &Dataset) -> bool {
    let own = data.column(&column.name);
    own.is_some_and(|c| c.missing == 0 && c.distinct == data.row_count && !c.distinct_is_lower_bound)
}

impl Addition {
    /// The merge and its explanation.
    pub(super) fn proposed(&self) -> (DataStep, Choice) {
        let (key, file) = (&self.step.keys[0], &self.file);
        let choice = Choice {
            field: "data_steps".to_owned(),
            columns: self.step.keys.clone(),
            words: Vec::new(),
            basis: "structure".to_owned(),
            reason: Bilingual {
                en: format!(
                    "a data step adds the columns of {file} by {key}, which identifies its rows; rows without a partner there have \
                     missing values"
                ),
                zh: Some(format!(
                    "用数据步骤按 {key} 并入 {file} 的列（{key} 在该文件中唯一）；没有匹配的行取缺失值"
                )),
            },
            confidence: CONFIDENCE,
            alternatives: Vec::new(),
        };
        (self.step.clone(), choice)
    }
}

/// Says that the draft leaves a file out, so that nobody takes it for used.
pub(super) fn left_out(other: &Dataset) -> OpenQuestion {
    let file = &other.original_name;
    OpenQuestion {
        field: "data_steps".to_owned(),
        question: Bilingual {
            en: format!(
                "The draft uses no column of {file}. Should it be merged or appended by a data step, or is the main file enough?"
            ),
            zh: Some(format!(
                "初稿没有使用 {file} 的任何列。是否用数据步骤合并或追加该文件，还是只用主文件？"
            )),
        },
        blocking: false,
        candidates: Vec::new(),
    }
}
