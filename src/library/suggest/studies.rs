//! Roles of analyses whose rows are studies or whose columns are raters.

use serde_json::json;

use super::columns::Named;
use super::names::trunk;
use super::phrases::method;
use super::roles::{Filled, Filler};

/// Names of columns that hold effects of studies, their standard errors, and the studies.
pub(super) const EFFECTS: [&str; 29] = [
    "yi",
    "es",
    "smd",
    "hedges_g",
    "cohens_d",
    "cohen_d",
    "effect",
    "effect_size",
    "effectsize",
    "logor",
    "log_or",
    "lnor",
    "ln_or",
    "logrr",
    "log_rr",
    "lnrr",
    "ln_rr",
    "loghr",
    "log_hr",
    "lnhr",
    "ln_hr",
    "md",
    "mean_difference",
    "estimate",
    "coef",
    "beta",
    "效应量",
    "效应值",
    "效应",
];
const ERRORS: [&str; 14] = [
    "se",
    "sei",
    "stderr",
    "std_err",
    "std_error",
    "stderror",
    "standard_error",
    "se_yi",
    "seyi",
    "se_effect",
    "selogor",
    "se_logor",
    "标准误",
    "效应量标准误",
];
pub(super) const STUDIES: [&str; 10] =
    ["study", "study_id", "studyid", "trial", "trial_id", "author", "paper", "publication", "研究", "文献"];
/// Words that name people or machines that judge the same thing.
const RATERS: [&str; 24] = [
    "rater",
    "reader",
    "coder",
    "judge",
    "observer",
    "annotator",
    "examiner",
    "assessor",
    "reviewer",
    "radiologist",
    "pathologist",
    "doctor",
    "expert",
    "grader",
    "rating",
    "评分者",
    "评委",
    "专家",
    "医生",
    "医师",
    "阅片者",
    "观察者",
    "编码员",
    "评定者",
];
/// Most levels of a judgement that is a category.
const JUDGED: u64 = 10;

impl Filler<'_> {
    /// The column that has one of these names, the first name before the others.
    pub(super) fn called(&self, names: &[&str]) -> Option<usize> {
        self.called_where(names, |_| true)
    }

    /// The same for columns that fit.
    pub(super) fn called_where(&self, names: &[&str], fits: fn(&Named<'_>) -> bool) -> Option<usize> {
        let has = |name: &&str| self.columns.iter().position(|c| c.word(&[*name]) && fits(c));
        names.iter().find_map(has)
    }

    /// The effect of each study and its standard error.
    pub(super) fn effects_of_studies(&self) -> Option<(usize, usize)> {
        let measured = |c: &usize| !self.columns[*c].column.is_text() && self.columns[*c].column.distinct > 2;
        let error = self.called(&ERRORS).filter(measured)?;
        let named = self.parsed.rest.iter().copied().find(|c| self.columns[*c].word(&EFFECTS));
        let effect = named.or_else(|| self.called(&EFFECTS)).filter(measured)?;
        (effect != error).then_some((effect, error))
    }

    /// Effects of studies that are pooled.
    pub(super) fn pooled(&self, out: &mut Filled) {
        let Some((effect, error)) = self.effects_of_studies() else { return };
        out.settled = true;
        out.roles.insert("outcome_var", vec![effect]);
        out.parameters.insert("se".to_owned(), json!(self.columns[error].name()));
        let study = self.called(&STUDIES).filter(|c| *c != effect && *c != error);
        let study =
            study.or_else(|| self.columns.iter().position(|c| c.column.is_text() && c.column.distinct > 2));
        out.roles.insert("key_vars", study.into_iter().collect());
    }

    /// True for a column that is named after people or machines that judge.
    pub(super) fn judges(&self, column: usize) -> bool {
        let mut parts = self.columns[column].parts().iter();
        parts.any(|part| RATERS.contains(&part.trim_end_matches(|l: char| l.is_ascii_digit())))
    }

    /// The columns of raters: those that the question names, else those that are named after raters.
    pub(super) fn raters(&self) -> Vec<usize> {
        let named = self.named();
        let all: Vec<usize> = (0..self.columns.len()).filter(|c| self.judges(*c)).collect();
        let trunk_of = |c: usize| trunk(self.columns[c].name());
        let family =
            |c: &usize| all.iter().copied().filter(|o| trunk_of(*o) == trunk_of(*c)).collect::<Vec<_>>();
        // "the two readers": one judgement of each, the one that words name or the first
        let numbered =
            named.iter().filter(|c| all.contains(c)).chain(&all).map(family).find(|f| f.len() >= 2);
        match named.len() {
            0 | 1 => numbered.unwrap_or(all),
            _ => named,
        }
    }

    /// How far raters agree: on categories, or on numbers.
    pub(super) fn agreement(&self, out: &mut Filled) {
        let raters = self.raters();
        let few = |c: &usize| self.columns[*c].column.distinct <= JUDGED;
        match raters[..] {
            [a, b] if few(&a) && few(&b) => {
                out.settled = true;
                out.roles.insert("row_var", vec![a]);
                out.roles.insert("col_var", vec![b]);
                out.methods = method("raters of categories").into_iter().collect();
            }
            _ => {
                self.open_if_empty(&raters, "item_vars", out);
                out.roles.insert("item_vars", raters.clone());
                out.methods = method("raters of numbers").into_iter().collect();
            }
        }
    }
}
