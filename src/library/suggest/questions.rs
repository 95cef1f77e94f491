//! What a suggestion leaves open: roles that nobody named, words that no role uses, and whether rows that follow units are
//! independent.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::OpenQuestion;
use super::complete::used;
use super::explain::{Explained, both};
use super::mentions::Mention;
use super::method::Chosen;
use super::role_words::asked;
use super::unlisted::unlisted;
use crate::domain::profile::is_binary;
use crate::domain::template::TemplateMeta;
use crate::library::missing_parameters::{MissingParameter, draft_gaps};

/// What a question asks for beside the one that the draft answers.
pub(super) fn of_second_parts(question: &str, parts: Vec<Range<usize>>) -> Vec<OpenQuestion> {
    let asked = |part: Range<usize>| {
        let words = question[part].trim();
        OpenQuestion {
            field: "requirement".to_owned(),
            question: both(
                format!(
                    "“{words}” asks for another analysis, which needs a separate draft; this one is for the first question."
                ),
                format!("“{words}”需要另一个分析，请另建初稿；这份初稿只回答第一个问题。"),
            ),
            blocking: false,
            candidates: Vec::new(),
        }
    };
    parts.into_iter().map(asked).collect()
}

/// Asks for a required parameter that nothing fills; this blocks.
pub(super) fn of_gap(gap: &MissingParameter, candidates: Vec<String>) -> OpenQuestion {
    let zh = gap.label.zh.clone().unwrap_or_else(|| gap.label.en.clone());
    OpenQuestion {
        field: if gap.is_role { gap.field.clone() } else { format!("parameters.{}", gap.parameter) },
        question: both(format!("The question does not say: {}", gap.label.en), format!("问题没有说明：{zh}")),
        blocking: true,
        candidates,
    }
}

impl Explained<'_> {
    /// Roles that nobody named: those of the construction, then the required ones of the template.
    pub(super) fn open(&self, chosen: &Chosen, meta: Option<&TemplateMeta>) -> Vec<OpenQuestion> {
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
            out.push(of_gap(gap, self.free(gap.candidates.clone(), &gap.field, chosen)));
        }
        out.extend(self.chance_of_a_number(chosen));
        out.extend(meta.and_then(|meta| self.stated_spread(meta)));
        out.extend(self.unused(chosen));
        out.extend(unlisted(self.input.question, self.mentions, self.named));
        out.extend(self.repeated_units(chosen));
        out
    }

    /// Rows that follow units over time: a regression may compare each unit with itself, and a test takes all rows as
    /// independent.
    fn repeated_units(&self, chosen: &Chosen) -> Option<OpenQuestion> {
        let roles = &chosen.statement.roles;
        let repeated = self.structure.panel || self.structure.occasion.is_some();
        let unit = self.named[self.structure.entity.filter(|_| repeated)?].name();
        if roles.contains_key("entity_var") {
            return None;
        }
        let is_test = chosen.template.as_ref().is_some_and(|id| id.as_str().starts_with("test."));
        let compares = ["group_var", "row_var"].iter().any(|role| roles.contains_key(*role));
        let (field, question) = if roles.contains_key("regressors") {
            let en = "The data follow units over time. Should the analysis compare each unit with itself?";
            ("entity_var", both(en, "数据是面板数据。是否要控制个体固定效应？"))
        } else if is_test && compares {
            let en = format!(
                "The data have several rows of each {unit}, and this test takes all rows as independent. Should it use one period, \
                 or should a regression with standard errors clustered by {unit} take its place?"
            );
            let zh = format!(
                "数据中每个 {unit} 有多行，而该检验把各行视为独立。是否只用某一期，或改用按 {unit} 聚类标准误的回归？"
            );
            ("requirement", both(en, zh))
        } else {
            return None;
        };
        Some(OpenQuestion {
            field: field.to_owned(),
            question,
            blocking: false,
            candidates: vec![unit.to_owned()],
        })
    }

    /// A standard deviation that the question gives for a sample size, where the analysis takes that of the data.
    fn stated_spread(&self, meta: &TemplateMeta) -> Option<OpenQuestion> {
        static SPREAD: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"(?:\bsd|\bs\.d\.|standard deviation|标准差)(?: of| is|=|:|：|为|是| )*([0-9]+(?:\.[0-9]+)?)")
                .expect("a pattern")
        });
        let has = |name: &str| meta.parameters.iter().any(|p| p.name == name);
        let found = SPREAD.captures(&self.parsed.text).filter(|_| has("difference") && has("power"))?;
        let spread = &found[1];
        Some(OpenQuestion {
            field: "requirement".to_owned(),
            question: both(
                format!(
                    "The question gives a standard deviation of {spread}, and this analysis takes that of the outcome in the data. Compare \
                     both in the result."
                ),
                format!("问题给出标准差 {spread}，而该分析采用数据中因变量的标准差。请在结果中对照。"),
            ),
            blocking: false,
            candidates: Vec::new(),
        })
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
        let stated = used(statement);
        let used = |name: &str| stated.contains(name) || statement.categorical_vars.iter().any(|c| c == name);
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
