//! Why a method was chosen, how sure that is, and the question for a method that nothing speaks for.

use super::explain::{Explained, SHOWN, both};
use super::method::{Chosen, Reason};
use super::rewritten::title_of;
use super::{METHOD, MethodAlternative, MethodChoice, OpenQuestion};
use crate::domain::ids::TemplateId;
use crate::domain::profile::is_binary;
use crate::domain::template::{Bilingual, TemplateMeta};
use crate::library::load::Library;
use crate::library::rank::Ranked;

/// How sure a method is. The last three are shares of first answers for new questions that were right: `docs/suggest.md`,
/// "Meaning of the confidence".
///
/// Words or the construction speak for it, and the ranking has it first.
const AGREED: f64 = 0.95;
/// Words alone: the ranking has another first.
const NAMED_ALONE: f64 = 0.55;
/// The kind of the outcome or the structure of the data alone.
const BY_KIND: f64 = 0.75;
/// Nothing but that the columns allow it.
const GUESSED: f64 = 0.1;

impl Explained<'_> {
    pub(super) fn method(&self, chosen: &Chosen, meta: &TemplateMeta) -> MethodChoice {
        let first = chosen.ranking.first().map(|r| &r.template_id);
        let agrees = first == Some(&meta.id);
        let support = self.support(chosen);
        let confidence = match (chosen.reason, agrees, self.filled.named) {
            (Reason::Named | Reason::Rules, true, _) => AGREED,
            (Reason::Named, ..) | (Reason::Rules, _, true) => NAMED_ALONE,
            (Reason::Rules, false, false) if support.is_some() => BY_KIND,
            _ => GUESSED,
        };
        MethodChoice {
            template_id: meta.id.to_string(),
            title: meta.title.clone(),
            reason: support.unwrap_or_else(|| unsupported(confidence)),
            confidence,
            alternatives: alternatives(self.input.library, &chosen.ranking, &meta.id),
        }
    }

    /// What speaks for the method, if anything does.
    fn support(&self, chosen: &Chosen) -> Option<Bilingual> {
        if chosen.reason == Reason::Named || (self.filled.named && chosen.reason == Reason::Rules) {
            return Some(both("words of the question ask for this analysis", "问题中的用词要求这种分析"));
        }
        if chosen.reason == Reason::Ranking {
            return None;
        }
        let roles = &chosen.statement.roles;
        let outcome = roles.get("outcome_var").and_then(|c| c.first());
        let column = outcome.and_then(|name| self.named.iter().find(|n| n.name() == name));
        let has = |role: &str| roles.contains_key(role);
        if has("instrument_vars") {
            return Some(both("the question names an instrument", "问题指定了工具变量"));
        }
        if has("group_var") || has("row_var") {
            return Some(both("the question compares groups", "问题要求比较组别"));
        }
        if has("entity_var") && has("time_var") {
            return Some(both("the data follow units over time", "数据是面板数据"));
        }
        if has("time_var") {
            return Some(both("the data are one series over time", "数据是时间序列"));
        }
        column.map(|y| match y {
            y if is_binary(y.column) => both(
                format!("{} has the values 0 and 1, so the method estimates a probability", y.name()),
                format!("{} 只取 0 和 1，因此估计概率", y.name()),
            ),
            y if y.is_scale() => {
                both(format!("{} is an ordered scale", y.name()), format!("{} 是有序等级", y.name()))
            }
            y if y.is_count() => {
                both(format!("{} counts events", y.name()), format!("{} 是计数变量", y.name()))
            }
            y if y.column.is_text() => {
                both(format!("{} holds categories", y.name()), format!("{} 是类别变量", y.name()))
            }
            y => both(
                format!("{} is a number and the question asks how it depends on others", y.name()),
                format!("{} 是数值，问题询问它与其他变量的关系", y.name()),
            ),
        })
    }
}

/// The methods of a ranking next to the chosen one, with their titles.
pub(super) fn alternatives(
    library: &Library,
    ranking: &[Ranked],
    chosen: &TemplateId,
) -> Vec<MethodAlternative> {
    let others = ranking.iter().filter(|r| r.template_id != *chosen).take(SHOWN);
    others
        .map(|r| MethodAlternative {
            template_id: r.template_id.to_string(),
            title: title_of(library, &r.template_id),
            score: r.score,
        })
        .collect()
}

fn unsupported(confidence: f64) -> Bilingual {
    if confidence > GUESSED {
        return both("it fits the question and the data", "符合问题和数据");
    }
    both("the nearest that these columns allow", "这些变量可用的最接近的分析")
}

/// Asks for the method where nothing speaks for the one that was found; this blocks.
pub(super) fn guess(method: &MethodChoice) -> Option<OpenQuestion> {
    let title = &method.title;
    let (en, zh) = (&title.en, title.zh.as_deref().unwrap_or(&title.en));
    let id = &method.template_id;
    let others = method.alternatives.iter().map(|other| other.template_id.clone());
    (method.confidence <= GUESSED).then(|| OpenQuestion {
        field: METHOD.to_owned(),
        question: both(
            format!(
                "The words do not say which analysis is wanted. {en} ({id}) is the nearest that these columns allow, too little to go \
                 on. Which analysis should be used?"
            ),
            format!("问题没有说明要做哪种分析。这些变量可用的最接近的是{zh}（{id}），不足以继续。要用哪种分析？"),
        ),
        blocking: true,
        candidates: std::iter::once(id.clone()).chain(others).collect(),
    })
}
