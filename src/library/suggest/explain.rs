//! The reasons of a suggestion in whole words, in English and Chinese, its confidence and its open questions.

use super::columns::{Named, Place};
use super::mentions::Mention;
use super::method::{Chosen, Reason};
use super::phrases::Parsed;
use super::role_words::{asked, part};
use super::roles::Filled;
use super::structure::Structure;
use super::unlisted::unlisted;
use super::{Choice, MethodAlternative, MethodChoice, OpenQuestion, SuggestInput, Suggestion};
use crate::domain::profile::is_binary;
use crate::domain::template::{Bilingual, TemplateMeta};
use crate::library::missing_parameters::draft_gaps;

/// Most alternatives that are shown.
pub(super) const SHOWN: usize = 4;
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
        choices.extend(chosen.statement.parameters.iter().map(|(name, value)| self.parameter(name, value)));
        let mut open_questions = self.open(&chosen, meta);
        self.ask_doubted_outcome(&choices, &mut open_questions);
        self.ask_doubted_others(&choices, &mut open_questions);
        let method = meta.map(|meta| self.method(&chosen, meta));
        let least = choices
            .iter()
            .map(|c| c.confidence)
            .chain(method.as_ref().map(|m| m.confidence))
            .fold(1.0_f64, f64::min);
        let blocking = open_questions.iter().filter(|q| q.blocking).count();
        let confidence = least * 0.5_f64.powi(i32::try_from(blocking).unwrap_or(i32::MAX));
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
            None => ("structure", self.by_structure(role, columns)),
            Some(first) => self.by_words(first, &words, columns),
        };
        let (en, zh) = part(role, &self.parsed.id, columns.len() > 1);
        reason = both(format!("{}; {en}", reason.en), format!("{}；{zh}", reason.zh.unwrap_or_default()));
        let certain = |m: &&Mention| m.certainty;
        let sure = mentions.iter().map(certain).fold(f64::INFINITY, f64::min);
        let said = if self.filled.named || !self.parsed.id.is_empty() { 1.0 } else { 0.7 };
        let confidence = if mentions.is_empty() { 0.6 } else { (sure * said).min(SUREST) };
        let confidence =
            if role == "outcome_var" { confidence.min(self.surest_outcome(columns)) } else { confidence };
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
            _ => both(format!("{names} fits by its kind"), format!("{names} 的类型符合要求")),
        }
    }

    fn parameter(&self, name: &str, value: &serde_json::Value) -> Choice {
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let is_column = self.input.dataset.column(&shown).is_some();
        let words: Vec<String> = self
            .mentions_of(std::slice::from_ref(&shown))
            .iter()
            .map(|m| self.input.question[m.start..m.end].to_owned())
            .collect();
        let basis = if is_column { "structure" } else { "number" };
        let reason = if is_column {
            both(
                format!("{shown} is the other variable of the comparison"),
                format!("{shown} 是比较中的另一个变量"),
            )
        } else {
            both(format!("the question gives the number {shown}"), format!("问题给出了数值 {shown}"))
        };
        Choice {
            field: format!("parameters.{name}"),
            columns: vec![shown],
            words,
            basis: basis.to_owned(),
            reason,
            confidence: 0.7,
            alternatives: Vec::new(),
        }
    }

    fn method(&self, chosen: &Chosen, meta: &TemplateMeta) -> MethodChoice {
        let title = |id: &crate::domain::ids::TemplateId| {
            self.input.library.get(id).map(|t| t.meta.title.clone()).unwrap_or_default()
        };
        let first = chosen.ranking.first().map(|r| &r.template_id);
        let agrees = first == Some(&meta.id);
        let confidence = match (chosen.reason, agrees, self.filled.named) {
            (Reason::Named | Reason::Rules, true, _) => 0.95,
            (Reason::Named, ..) | (Reason::Rules, _, true) => 0.9,
            (Reason::Rules, false, false) => 0.75,
            (Reason::Ranking, ..) => 0.5,
        };
        MethodChoice {
            template_id: meta.id.to_string(),
            title: meta.title.clone(),
            reason: self.why(chosen),
            confidence,
            alternatives: chosen
                .ranking
                .iter()
                .filter(|r| r.template_id != meta.id)
                .take(SHOWN)
                .map(|r| MethodAlternative {
                    template_id: r.template_id.to_string(),
                    title: title(&r.template_id),
                    score: r.score,
                })
                .collect(),
        }
    }

    fn why(&self, chosen: &Chosen) -> Bilingual {
        if chosen.reason == Reason::Named || (self.filled.named && chosen.reason == Reason::Rules) {
            return both("words of the question ask for this analysis", "问题中的用词要求这种分析");
        }
        if chosen.reason == Reason::Ranking {
            return both("the first of the ranking for these variables", "在这些变量下排序第一");
        }
        let roles = &chosen.statement.roles;
        let outcome = roles.get("outcome_var").and_then(|c| c.first());
        let column = outcome.and_then(|name| self.named.iter().find(|n| n.name() == name));
        let has = |role: &str| roles.contains_key(role);
        if has("instrument_vars") {
            return both("the question names an instrument", "问题指定了工具变量");
        }
        if has("group_var") || has("row_var") {
            return both("the question compares groups", "问题要求比较组别");
        }
        if has("entity_var") && has("time_var") {
            return both("the data follow units over time", "数据是面板数据");
        }
        if has("time_var") {
            return both("the data are one series over time", "数据是时间序列");
        }
        match column {
            Some(y) if is_binary(y.column) => both(
                format!("{} has the values 0 and 1, so the method estimates a probability", y.name()),
                format!("{} 只取 0 和 1，因此估计概率", y.name()),
            ),
            Some(y) if y.is_scale() => {
                both(format!("{} is an ordered scale", y.name()), format!("{} 是有序等级", y.name()))
            }
            Some(y) if y.is_count() => {
                both(format!("{} counts events", y.name()), format!("{} 是计数变量", y.name()))
            }
            Some(y) if y.column.is_text() => {
                both(format!("{} holds categories", y.name()), format!("{} 是类别变量", y.name()))
            }
            Some(y) => both(
                format!("{} is a number and the question asks how it depends on others", y.name()),
                format!("{} 是数值，问题询问它与其他变量的关系", y.name()),
            ),
            None => both("it fits the question and the data", "符合问题和数据"),
        }
    }

    /// Roles that nobody named: those of the construction, then the required ones of the template.
    fn open(&self, chosen: &Chosen, meta: Option<&TemplateMeta>) -> Vec<OpenQuestion> {
        let columns = &self.input.dataset.columns;
        let gaps = meta.map(|m| draft_gaps(m, &chosen.statement, columns)).unwrap_or_default();
        let mut out: Vec<OpenQuestion> = Vec::new();
        if self.filled.assumed {
            out.extend(self.assumed_outcome(chosen));
        }
        for role in &self.filled.open {
            let gap = gaps.iter().find(|g| g.field == *role);
            if *role == "outcome_var" {
                out.push(self.open_outcome(chosen, gap.map(|g| &g.candidates[..])));
                continue;
            }
            let (en, zh) = asked(role);
            let known = gap.map(|g| g.candidates.clone()).unwrap_or_else(|| self.candidates());
            out.push(OpenQuestion {
                field: (*role).to_owned(),
                question: both(en, zh),
                blocking: gap.is_some(),
                candidates: self.free(known, role, chosen),
            });
        }
        for gap in gaps.iter().filter(|g| !self.filled.open.contains(&g.field.as_str())) {
            let zh = gap.label.zh.clone().unwrap_or_else(|| gap.label.en.clone());
            out.push(OpenQuestion {
                field: if gap.is_role { gap.field.clone() } else { format!("parameters.{}", gap.parameter) },
                question: both(
                    format!("The question does not say: {}", gap.label.en),
                    format!("问题没有说明：{zh}"),
                ),
                blocking: true,
                candidates: self.free(gap.candidates.clone(), &gap.field, chosen),
            });
        }
        out.extend(self.chance_of_a_number(chosen));
        out.extend(self.unused(chosen));
        out.extend(unlisted(self.input.question, self.mentions));
        if self.structure.panel
            && !chosen.statement.roles.contains_key("entity_var")
            && chosen.statement.roles.contains_key("regressors")
        {
            out.push(OpenQuestion {
                field: "entity_var".to_owned(),
                question: both(
                    "The data follow units over time. Should the analysis compare each unit with itself?",
                    "数据是面板数据。是否要控制个体固定效应？",
                ),
                blocking: false,
                candidates: self.structure.entity.iter().map(|c| self.named[*c].name().to_owned()).collect(),
            });
        }
        out
    }

    /// A chance was asked for, and the outcome is no event.
    fn chance_of_a_number(&self, chosen: &Chosen) -> Option<OpenQuestion> {
        let asks =
            ["chance", "probability", "likelihood of", "odds of", "how likely", "概率", "可能性", "几率"];
        let name = chosen.statement.roles.get("outcome_var")?.first()?;
        let outcome = self.named.iter().find(|n| n.name() == name)?;
        let binary = self.named.iter().filter(|n| is_binary(n.column)).take(8);
        let differs = outcome.is_measure() && asks.iter().any(|word| self.parsed.text.contains(word));
        differs.then(|| OpenQuestion {
            field: "outcome_var".to_owned(),
            question: both(
                format!(
                    "The question asks for a chance, and {name} is a number. Is it the outcome that is meant?"
                ),
                format!("问题询问的是概率，而 {name} 是数值。结果变量是它吗？"),
            ),
            blocking: false,
            candidates: binary.map(|n| n.name().to_owned()).collect(),
        })
    }

    /// Words that name a column which no role has: they are not dropped silently.
    fn unused(&self, chosen: &Chosen) -> Vec<OpenQuestion> {
        let statement = &chosen.statement;
        let used = |name: &str| {
            statement.roles.values().flatten().any(|c| c == name)
                || statement.parameters.values().any(|v| v.as_str() == Some(name))
        };
        let rows = self.input.dataset.row_count;
        let is_open = |m: &&Mention| {
            m.columns.iter().all(|c| {
                let named = &self.named[*c];
                let aside = named.is_unit(rows) || named.is_time() || self.parsed.excluded.contains(c);
                !aside && !used(named.name())
            })
        };
        let question = |m: &Mention| {
            let words = &self.input.question[m.start..m.end];
            let name = self.named[m.columns[0]].name();
            OpenQuestion {
                field: "requirement".to_owned(),
                question: both(
                    format!(
                        "“{words}” fits {name}, which the draft does not use. Should it be part of the analysis or limit the sample?"
                    ),
                    format!("“{words}”对应变量 {name}，初稿没有使用它。是否要加入分析或用来限定样本？"),
                ),
                blocking: false,
                candidates: vec![name.to_owned()],
            }
        };
        self.mentions.iter().filter(is_open).map(question).collect()
    }

    fn candidates(&self) -> Vec<String> {
        let rows = self.input.dataset.row_count;
        let fitting = self.named.iter().filter(|n| !n.is_time() && !n.is_unit(rows));
        fitting.map(|n| n.name().to_owned()).collect()
    }
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
