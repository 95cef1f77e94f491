//! The question for an outcome that nobody named: it says that the question names none, and which variables are likely.

use super::columns::Named;
use super::explain::{Explained, SHOWN, both};
use super::mentions::Mention;
use super::method::Chosen;
use super::{Choice, OpenQuestion};

/// Most variables that the sentence names; the candidates have more.
const NAMED: usize = 3;
/// An outcome that is less certain than this is shown with those that are likely.
const DOUBTED: f64 = 0.7;
/// An outcome that is less certain than this is asked for. Of those in new questions 54 % were right (68 of 126), of the
/// next from here to [`DOUBTED`] 78 % (120 of 154): `docs/suggest.md`, "Meaning of the confidence".
const ASKED: f64 = 0.45;
/// A column of another role that is less certain than this is asked for: its words fit no name, and others are hardly farther.
const ASKED_ELSEWHERE: f64 = 0.3;
/// Most candidates.
const CANDIDATES: usize = 8;

/// An outcome is less certain where a question relates two columns without a direction, and where the column holds
/// categories or is seldom studied as one.
const UNDIRECTED: f64 = 0.65;
const UNUSUAL: f64 = 0.6;
/// A column whose concepts have less than this is seldom an outcome.
const SELDOM: f64 = -0.3;

impl Explained<'_> {
    /// How sure an outcome can be by what the column is, and by the share that readings with it have of the odds of all.
    pub(super) fn surest_outcome(&self, columns: &[String]) -> f64 {
        let named = self.named.iter().find(|n| columns.iter().any(|c| c == n.name()));
        let many = |n: &Named<'_>| n.column.is_text() && n.column.distinct > 2;
        let own = |(c, _): &&(usize, f64)| columns.iter().any(|name| name == self.named[*c].name());
        let share = self.outcomes.iter().find(own).map_or(1.0, |(_, share)| *share);
        let by_kind = match named {
            Some(n) if many(n) || n.outcome() <= SELDOM => UNUSUAL,
            _ if self.parsed.kind == "pair" => UNDIRECTED,
            _ => 1.0,
        };
        share.min(by_kind)
    }

    /// Other columns that the words of a choice could mean; for a doubtful outcome also those that are most often studied as one.
    pub(super) fn alternatives(
        &self,
        role: &str,
        columns: &[String],
        mentions: &[&Mention],
        confidence: f64,
    ) -> Vec<String> {
        let mut names: Vec<&str> =
            mentions.iter().flat_map(|m| &m.others).map(|other| self.named[*other].name()).collect();
        if role == "outcome_var" && confidence < DOUBTED {
            names.splice(0..0, self.outcomes.iter().map(|(c, _)| self.named[*c].name()));
            let rows = self.input.dataset.row_count;
            let fits = |n: &&Named<'_>| !n.is_time() && !n.is_unit(rows) && !n.column.is_text();
            let mut likely: Vec<&Named<'_>> = self.named.iter().filter(fits).collect();
            likely.sort_by(|a, b| b.outcome().total_cmp(&a.outcome()));
            names.extend(likely.iter().map(|n| n.name()));
        }
        let mut out: Vec<String> = Vec::new();
        for name in names {
            if out.len() < SHOWN && !out.iter().chain(columns).any(|known| known == name) {
                out.push(name.to_owned());
            }
        }
        out
    }

    /// Asks for an outcome that is too doubtful to be taken, with the likely columns; this blocks.
    pub(super) fn ask_doubted_outcome(&self, choices: &[Choice], open: &mut Vec<OpenQuestion>) {
        let outcome = choices.iter().find(|c| c.field == "roles.outcome_var");
        let Some(outcome) = outcome.filter(|c| c.confidence < ASKED) else { return };
        let Some(name) = outcome.columns.first() else { return };
        let column = self.named.iter().find(|n| n.name() == name);
        let shown = column.map_or_else(|| name.clone(), described);
        let share = (outcome.confidence * 100.0).round();
        open.retain(|question| question.field != "outcome_var");
        let question = both(
            format!(
                "The words do not say clearly what the outcome is. {shown} is the nearest, with a confidence of {share} %, too \
                 little to go on. Which column is the outcome?"
            ),
            format!(
                "问题没有说清结果变量。最接近的是 {shown}，把握只有 {share}%，不足以继续。哪个变量是结果？"
            ),
        );
        let candidates = [std::slice::from_ref(name), &outcome.alternatives].concat();
        open.insert(
            0,
            OpenQuestion { field: "outcome_var".to_owned(), question, blocking: true, candidates },
        );
    }

    /// Asks for the columns of other roles that are too doubtful to be taken; this blocks.
    pub(super) fn ask_doubted_others(&self, choices: &[Choice], open: &mut Vec<OpenQuestion>) {
        let role = |choice: &'_ Choice| choice.field.strip_prefix("roles.").map(str::to_owned);
        for choice in choices.iter().filter(|c| c.confidence < ASKED_ELSEWHERE) {
            let Some(role) = role(choice).filter(|role| role != "outcome_var") else { continue };
            if open.iter().any(|question| question.field == role) {
                continue;
            }
            let (names, words) = (choice.columns.join(", "), choice.words.join("”, “"));
            let share = (choice.confidence * 100.0).round();
            let question = both(
                format!(
                    "No name fits “{words}” well. {names} is the nearest, with a confidence of {share} %, too little to go on. Which \
                     column is meant?"
                ),
                format!(
                    "没有变量名与“{words}”相符。最接近的是 {names}，把握只有 {share}%，不足以继续。指的是哪个变量？"
                ),
            );
            let candidates = [choice.columns.as_slice(), &choice.alternatives].concat();
            open.push(OpenQuestion { field: role, question, blocking: true, candidates });
        }
    }

    /// Asks whether the only column that can be the outcome is meant; this blocks nothing.
    pub(super) fn assumed_outcome(&self, chosen: &Chosen) -> Option<OpenQuestion> {
        let name = chosen.statement.roles.get("outcome_var")?.first()?;
        let column = self.named.iter().find(|n| n.name() == name)?;
        let shown = described(column);
        Some(OpenQuestion {
            field: "outcome_var".to_owned(),
            question: both(
                format!(
                    "The question names no outcome. {shown} is the only measure left in the data; is it meant?"
                ),
                format!("问题没有指明结果变量。数据中只剩 {shown} 可作为结果，是它吗？"),
            ),
            blocking: false,
            candidates: vec![name.clone()],
        })
    }

    /// The first candidates that have no other role already; numbers of rows explain nothing. All of them where none is left.
    pub(super) fn free(&self, mut known: Vec<String>, role: &str, chosen: &Chosen) -> Vec<String> {
        let rows = self.input.dataset.row_count;
        let models = ["outcome_var", "regressors", "controls", "item_vars", "focal_var"].contains(&role);
        let aside = |name: &str| {
            let used = chosen.statement.roles.values().flatten().any(|c| c == name);
            used || (models && self.named.iter().any(|n| n.name() == name && n.is_row_number(rows)))
        };
        if known.iter().any(|name| !aside(name)) {
            known.retain(|name| !aside(name));
        }
        known.truncate(8);
        known
    }

    /// Asks for the outcome. `fitting` are the columns that the chosen template takes as one, if there is a template.
    pub(super) fn open_outcome(&self, chosen: &Chosen, fitting: Option<&[String]>) -> OpenQuestion {
        let rows = self.input.dataset.row_count;
        let used = |n: &&Named<'_>| chosen.statement.roles.values().flatten().any(|c| c == n.name());
        let fits = |n: &&Named<'_>| fitting.is_none_or(|names| names.iter().any(|c| c == n.name()));
        let mut order: Vec<&Named<'_>> =
            self.named.iter().filter(|n| !n.is_time() && !n.is_unit(rows) && !used(n) && fits(n)).collect();
        // likely ones first, numbers before texts
        order.sort_by(|a, b| {
            b.outcome().total_cmp(&a.outcome()).then(a.column.is_text().cmp(&b.column.is_text()))
        });
        let likely: Vec<String> =
            order.iter().filter(|n| n.outcome() > 0.0).take(NAMED).map(|n| described(n)).collect();
        let (mut en, mut zh) = (
            "The question names no variable of the data as the outcome. Which variable should be explained or described?"
                .to_owned(),
            "问题没有指明数据中的哪个变量是结果。要解释或描述哪个变量？".to_owned(),
        );
        if !likely.is_empty() {
            en.push_str(&format!(" Likely ones: {}.", likely.join(", ")));
            zh.push_str(&format!("较可能的有：{}。", likely.join("、")));
        }
        let candidates = match order.is_empty() {
            true => fitting.unwrap_or_default().to_vec(),
            false => order.iter().map(|n| n.name().to_owned()).collect(),
        };
        OpenQuestion {
            field: "outcome_var".to_owned(),
            question: both(en, zh),
            blocking: true,
            candidates: candidates.into_iter().take(CANDIDATES).collect(),
        }
    }
}

/// The name, and the label where there is one.
fn described(named: &Named<'_>) -> String {
    match named.column.label.as_deref().filter(|label| !label.is_empty() && *label != named.name()) {
        Some(label) => format!("{} ({label})", named.name()),
        None => named.name().to_owned(),
    }
}
