//! The reasons of a suggestion in whole words, in English and Chinese, its confidence and its open questions.

use super::columns::{Named, Place};
use super::mentions::Mention;
use super::method::Chosen;
use super::open_method;
use super::periods::PERIODS;
use super::phrases::Parsed;
use super::role_words::{parameter_part, part};
use super::roles::Filled;
use super::structure::Structure;
use super::{BLOCKED, Choice, SuggestInput, Suggestion};
use crate::domain::dataset::Dataset;
use crate::domain::draft::Statement;
use crate::domain::periods;
use crate::domain::template::Bilingual;

/// How sure a column is that no word names: one by the structure of the data, and what explains an outcome.
const UNSAID: f64 = 0.6;
const UNSAID_CAUSE: f64 = 0.4;
/// How sure the first measurement of an outcome is, where the question holds the value at the start constant.
const PAIRED: f64 = 0.85;
/// Most alternatives that are shown.
pub(super) const SHOWN: usize = 4;
/// How sure the whole name of a column is at least, and an outcome whose whole name the construction has in its place.
const WHOLE: f64 = 0.75;
const STATED: f64 = 0.6;
/// The words of a question never make a choice quite certain.
const SUREST: f64 = 0.95;

pub(super) struct Explained<'a> {
    pub(super) input: &'a SuggestInput<'a>,
    pub(super) named: &'a [Named<'a>],
    pub(super) mentions: &'a [Mention],
    pub(super) parsed: &'a Parsed,
    pub(super) structure: &'a Structure,
    pub(super) filled: &'a Filled,
    /// The outcomes of all readings with their shares of the odds, the likeliest first.
    pub(super) outcomes: &'a [(usize, f64)],
}

pub(super) fn both(en: impl Into<String>, zh: impl Into<String>) -> Bilingual {
    Bilingual { en: en.into(), zh: Some(zh.into()) }
}

impl Explained<'_> {
    pub(super) fn suggestion(&self, chosen: Chosen) -> Suggestion {
        let meta = chosen.template.as_ref().and_then(|id| self.input.library.get(id)).map(|t| &t.meta);
        let mut choices: Vec<Choice> =
            chosen.statement.roles.iter().map(|(role, columns)| self.role(role, columns)).collect();
        choices.extend(
            chosen
                .statement
                .parameters
                .iter()
                .map(|(name, value)| self.parameter(name, value, &chosen.statement)),
        );
        let mut open_questions = self.open(&chosen, meta);
        self.ask_doubted_outcome(&choices, &mut open_questions);
        self.ask_doubted_others(&choices, &mut open_questions);
        let method = meta.map(|meta| self.method(&chosen, meta));
        // a question that is too vague for roles is asked for already
        if !open_questions.iter().any(|q| q.blocking && q.field == "requirement") {
            open_questions.extend(method.as_ref().and_then(open_method::guess));
        }
        let least = choices
            .iter()
            .map(|c| c.confidence)
            .chain(method.as_ref().map(|m| m.confidence))
            .fold(1.0_f64, f64::min);
        let blocking = open_questions.iter().filter(|q| q.blocking).count();
        let confidence = least * BLOCKED.powi(i32::try_from(blocking).unwrap_or(i32::MAX));
        Suggestion {
            template_id: chosen.template,
            statement: chosen.statement,
            method,
            choices,
            open_questions,
            confidence: rounded(confidence),
        }
    }

    fn mentions_of(&self, columns: &[String]) -> Vec<&Mention> {
        let names =
            |m: &Mention| m.columns.iter().any(|c| columns.iter().any(|n| n == self.named[*c].name()));
        self.mentions.iter().filter(|m| names(m)).collect()
    }

    fn role(&self, role: &str, columns: &[String]) -> Choice {
        let mentions = self.mentions_of(columns);
        let mut words: Vec<String> = Vec::new();
        for mention in &mentions {
            let text = self.input.question[mention.start..mention.end].to_owned();
            if !words.contains(&text) {
                words.push(text);
            }
        }
        let (basis, mut reason) = match mentions.first() {
            Some(first) if self.is_baseline(role, first) && first.place == Place::Meaning => {
                ("structure", self.by_structure("baseline", columns))
            }
            None => ("structure", self.by_structure(role, columns)),
            Some(first) => self.by_words(first, &words, columns),
        };
        let (en, zh) = part(role, &self.parsed.id, columns.len() > 1);
        reason = both(format!("{}; {en}", reason.en), format!("{}；{zh}", reason.zh.unwrap_or_default()));
        let certain = |m: &&Mention| match self.is_baseline(role, m) {
            true => m.certainty.max(PAIRED),
            false => m.certainty,
        };
        let sure = mentions.iter().map(certain).fold(f64::INFINITY, f64::min);
        let said = if self.filled.named || !self.parsed.id.is_empty() { 1.0 } else { 0.7 };
        let unsaid = if role == "regressors" { UNSAID_CAUSE } else { UNSAID };
        let confidence = if mentions.is_empty() { unsaid } else { (sure * said).min(SUREST) };
        let whole = !mentions.is_empty()
            && sure * said >= WHOLE
            && columns.iter().all(|name| self.is_stated_outcome(name));
        let least = if whole { STATED } else { 0.0 };
        let confidence = match role {
            "outcome_var" => confidence.min(self.surest_outcome(columns).max(least)),
            _ => confidence,
        };
        let alternatives = self.alternatives(role, columns, &mentions, confidence);
        Choice {
            field: format!("roles.{role}"),
            columns: columns.to_vec(),
            words,
            basis: basis.to_owned(),
            reason,
            confidence: rounded(confidence),
            alternatives,
        }
    }

    /// True for what is held constant and is the outcome as it was measured first: "adjusting for baseline".
    fn is_baseline(&self, role: &str, mention: &Mention) -> bool {
        let outcome = self.filled.roles.get("outcome_var").and_then(|columns| columns.first());
        let first =
            |y: usize| mention.columns.iter().all(|c| self.structure.measured_twice.contains(&(*c, y)));
        role == "controls" && outcome.is_some_and(|y| first(*y))
    }

    /// True for the only outcome of the construction of the question.
    fn is_stated_outcome(&self, column: &str) -> bool {
        let stated = self.parsed.outcome.iter().any(|c| self.named[*c].name() == column);
        stated && self.parsed.outcome.len() == 1 && self.parsed.kind != "pair"
    }

    fn by_words(&self, first: &Mention, words: &[String], columns: &[String]) -> (&'static str, Bilingual) {
        let quoted: Vec<String> = words.iter().map(|w| format!("“{w}”")).collect();
        let (en, zh) = (quoted.join(", "), quoted.join("、"));
        let names = columns.join(", ");
        let pick = |one: &'static str, several: &'static str| if words.len() > 1 { several } else { one };
        let name = if columns.len() > 1 { "names" } else { "name" };
        if let Some(word) = &first.spelled {
            return (
                "spelling",
                both(
                    format!("{en} is read as “{word}”, which fits {names}"),
                    format!("{zh}应为“{word}”，对应变量 {names}"),
                ),
            );
        }
        match first.place {
            Place::Name if first.exact => {
                ("name", both(format!("the question names {names}"), format!("问题中写明了变量 {names}")))
            }
            Place::Name => (
                "name",
                both(
                    format!("{en} {} the {name} of {names}", pick("fits", "fit")),
                    format!("{zh}对应变量名 {names}"),
                ),
            ),
            Place::Label => (
                "label",
                both(
                    format!("{en} {} the label of {names}", pick("fits", "fit")),
                    format!("{zh}对应变量 {names} 的标签"),
                ),
            ),
            Place::Meaning => (
                "meaning",
                both(
                    format!(
                        "no name has {en}; by the general meaning of the words {} closest to {names}, please check",
                        pick("it is", "they are")
                    ),
                    format!("没有变量叫{zh}；按词义最接近的是 {names}，请核对"),
                ),
            ),
            Place::Value => (
                "value",
                both(
                    format!("{en} {} of {names}", pick("is a value", "are names or values")),
                    format!("{zh}是变量 {names} 的{}", pick("取值", "名称或取值")),
                ),
            ),
        }
    }

    fn by_structure(&self, role: &str, columns: &[String]) -> Bilingual {
        let names = columns.join(", ");
        match role {
            "entity_var" => both(
                format!("{names} identifies units that are observed several times"),
                format!("{names} 标识了被多次观测的个体"),
            ),
            "time_var" => {
                both(format!("{names} holds the period of each row"), format!("{names} 是每行的时期"))
            }
            "duration_var" => {
                both(format!("{names} is a time until an event"), format!("{names} 是到事件发生的时间"))
            }
            "failure_var" => {
                both(format!("{names} shows whether the event occurred"), format!("{names} 表示事件是否发生"))
            }
            "baseline" => both(
                format!("{names} is the outcome as it was measured first"),
                format!("{names} 是因变量的第一次测量"),
            ),
            _ => both(format!("{names} fits by its kind"), format!("{names} 的类型符合要求")),
        }
    }

    fn parameter(&self, name: &str, value: &serde_json::Value, statement: &Statement) -> Choice {
        let shown = match (value.as_str(), value.as_f64()) {
            (Some(text), _) => text.to_owned(),
            (None, Some(number)) => number.to_string(),
            (None, None) => value.to_string(),
        };
        let is_column = self.input.dataset.column(&shown).is_some();
        let words: Vec<String> = self
            .mentions_of(std::slice::from_ref(&shown))
            .iter()
            .map(|m| self.input.question[m.start..m.end].to_owned())
            .collect();
        let listed: Vec<&str> =
            value.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
        let basis = if is_column || !listed.is_empty() { "structure" } else { "number" };
        let (en, zh) = parameter_part(name);
        let reason = match (is_column, listed.join(", ")) {
            (true, _) => both(format!("{shown} {en}"), format!("{shown} {zh}")),
            (false, names) if !names.is_empty() => {
                both(format!("this analysis takes {names} here"), format!("该分析在此处使用 {names}"))
            }
            _ if value.is_boolean() => {
                both("the question asks for this setting".to_owned(), "问题要求这一设置".to_owned())
            }
            _ if value.is_number() => match period(self.input.dataset, name, value, statement) {
                Some(period) => both(
                    format!("the question gives the period {period}, {shown} in the data"),
                    format!("问题给出了时期 {period}，数据中为 {shown}"),
                ),
                None => {
                    both(format!("the question gives the number {shown}"), format!("问题给出了数值 {shown}"))
                }
            },
            _ => both(format!("the question names {shown}"), format!("问题中提到了 {shown}")),
        };
        let columns =
            if listed.is_empty() { vec![shown] } else { listed.into_iter().map(str::to_owned).collect() };
        Choice {
            field: format!("parameters.{name}"),
            columns,
            words,
            basis: basis.to_owned(),
            reason,
            confidence: 0.7,
            alternatives: Vec::new(),
        }
    }
}

/// The period that the number of a parameter stands for, as people write it.
fn period(dataset: &Dataset, name: &str, value: &serde_json::Value, statement: &Statement) -> Option<String> {
    if !PERIODS.contains(&name) {
        return None;
    }
    let time = statement.roles.get("time_var")?.first()?;
    periods::written(value.as_f64()?, &dataset.column(time)?.format)
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
