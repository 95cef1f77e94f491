//! The analyses that a question names by their keywords: "Bland-Altman", "synthetic control", 竞争风险. The keywords
//! are those of the templates, which the ranking uses too.

use std::collections::{BTreeMap, BTreeSet};

use super::super::load::Library;
use super::super::tokens::{is_han, stem};
use super::phrases::is_ordinary;
use crate::domain::ids::TemplateId;
use crate::domain::template::TemplateMeta;

/// A template with how clearly the question names it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hit {
    pub(super) template: TemplateId,
    pub(super) weight: f64,
}

/// Least weight of a keyword that counts: a technical word that three templates share.
const NAMED: f64 = 0.57;
/// Weight of a phrase, which decides although the draft stays incomplete.
pub(super) const CLEARLY: f64 = 2.0;
/// Weight that decides against a frame whose words stand in the names of other analyses: a phrase that three share.
pub(super) const AGAINST_GENERAL: f64 = 1.5;
/// Weight that decides against a frame of the phrases: a long phrase, or several.
pub(super) const AGAINST_FRAME: f64 = 3.5;
/// What each word of a phrase adds, compared with a single word.
const OF_A_PHRASE: f64 = 1.3;
/// What further keywords of the same template add.
const FURTHER: f64 = 0.25;

/// Names of relations whose words are not those of an analysis: the Phillips curve may be a straight line.
const NAMES: [&str; 5] =
    ["phillips curve", "beveridge curve", "learning curve", "demand curve", "supply curve"];

/// A keyword, its words by their stems.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::library) struct Keyword {
    words: Vec<String>,
    /// Chinese, which has no blanks: the text itself.
    han: Option<String>,
}

impl Keyword {
    /// The keywords of a template.
    pub(in crate::library) fn all_of(meta: &TemplateMeta) -> Vec<Self> {
        let keywords = &meta.selection.keywords;
        keywords.en.iter().chain(&keywords.zh).map(|text| Self::of(text)).collect()
    }

    fn of(text: &str) -> Self {
        let text = text.to_lowercase();
        let han = text.chars().any(is_han).then(|| text.clone());
        Self { words: stems(&text), han }
    }

    fn is_in(&self, question: &str, asked: &[String]) -> bool {
        match &self.han {
            Some(text) => question.contains(text.as_str()),
            None => asked.windows(self.words.len().max(1)).any(|window| window == self.words),
        }
    }

    /// True where its words are those of everyday questions, or name columns.
    fn says_nothing(&self, columns: &BTreeSet<String>) -> bool {
        let text = self.han.clone().unwrap_or_else(|| self.words.join(" "));
        self.words.is_empty() && self.han.is_none()
            || is_ordinary(&text)
            || (self.han.is_none() && self.words.iter().all(|w| columns.contains(w)))
    }

    fn weight(&self) -> f64 {
        let words = match &self.han {
            // a Chinese word has two characters
            Some(text) => text.chars().count() as f64 / 2.0,
            None => self.words.len() as f64,
        };
        if words <= 1.0 { 1.0 } else { words * OF_A_PHRASE }
    }
}

fn stems(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric() || is_han(c)).filter(|w| !w.is_empty());
    words.map(stem).collect()
}

/// Returns the templates that a question names, the clearest first; `columns` are the names of the columns.
pub(super) fn named_in<'a>(
    library: &Library,
    question: &str,
    columns: impl Iterator<Item = &'a str>,
) -> Vec<Hit> {
    let mut question = question.to_lowercase();
    NAMES.iter().for_each(|name| question = question.replace(name, ""));
    let asked = stems(&question);
    let columns: Vec<&str> = columns.collect();
    let han: Vec<&str> = columns.iter().copied().filter(|name| name.chars().any(is_han)).collect();
    let columns: BTreeSet<String> =
        columns.iter().flat_map(|name| stems(&name.to_lowercase().replace('_', " "))).collect();
    let mut holders: BTreeMap<&Keyword, Vec<&TemplateId>> = BTreeMap::new();
    for (template, keywords) in &library.texts().keywords {
        for keyword in keywords {
            let of_column =
                keyword.han.as_deref().is_some_and(|text| han.iter().any(|name| name.contains(text)));
            if keyword.is_in(&question, &asked) && !of_column && !keyword.says_nothing(&columns) {
                let of_it = holders.entry(keyword).or_default();
                if !of_it.contains(&template) {
                    of_it.push(template);
                }
            }
        }
    }
    let mut weights: BTreeMap<&TemplateId, Vec<f64>> = BTreeMap::new();
    for (keyword, of_it) in &holders {
        let weight = keyword.weight() / (of_it.len() as f64).sqrt();
        of_it.iter().for_each(|id| weights.entry(id).or_default().push(weight));
    }
    let mut hits: Vec<Hit> = weights
        .into_iter()
        .map(|(id, mut of_it)| {
            of_it.sort_by(|a, b| b.total_cmp(a));
            let further: f64 = of_it[1..].iter().sum();
            Hit { template: id.clone(), weight: of_it[0] + FURTHER * further }
        })
        .filter(|hit| hit.weight >= NAMED)
        .collect();
    hits.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.template.cmp(&b.template)));
    hits
}
