//! Stage 2 of selection: the order of the applicable templates, by BM25 over what they say of themselves in
//! both languages, by how well they use the draft's roles, and by the kind of question. Deterministic.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::applicability::{Applicability, unused_roles};
use super::binding::takes;
use super::everyday;
use super::facts::{self, Data};
use super::load::{Library, Template};
use super::misspelt::corrected;
use super::terms::{LEVELS, ROLES};
use super::tokens::{is_han, tokens, written_words};
use crate::domain::ids::TemplateId;
use crate::domain::template::{Parameter, TemplateMeta};

/// Parameters of BM25 as usual in the literature (Robertson and Zaragoza 2009, section 3.2).
const K1: f64 = 1.2;
const B: f64 = 0.75;
/// Weights of the parts of a score.
const WORDS: f64 = 0.5;
const ROLE_FIT: f64 = 0.35;
const KIND: f64 = 0.15;
/// Taken off for every required role that a draft with roles leaves open: it asks for another analysis.
const UNSTATED_ROLE: f64 = 0.2;
/// Words whose best match is below this say little, and are not scaled up to the full weight.
const LEAST_TELLING: f64 = 2.0;
/// Weight of a word that names a column of the data.
const COLUMN_WORD: f64 = 0.1;
/// Taken off for every soft exclusion that holds, and for every role that would be unused: such a draft
/// would not freeze.
const LOWERED: f64 = 0.1;

/// Taken off in addition where an outcome has two values and the template rather takes one with more: a linear model of a
/// probability comes after every model that is made for one.
const OTHER_SCALE: f64 = 0.4;
/// The fact that an outcome has two values.
const BINARY_OUTCOME: &str = "outcome.binary";

/// An applicable template with its score and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// The ranked template.
    pub template_id: TemplateId,
    /// Its title in English.
    pub title: String,
    /// 0 to 1, six decimals.
    pub score: f64,
    /// Parts of the score, kept as evidence.
    pub features: Features,
    /// Arguments for the rank, for people.
    pub reasons: Vec<String>,
}

/// The parts of a score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Features {
    /// BM25 over the largest of this question, 0 to 1.
    pub words: f64,
    /// Use of the draft's roles, 0 to 1.
    pub role_fit: f64,
    /// 1 where the kind of question is one that the template answers.
    pub question_kind: f64,
    /// Taken off for soft exclusions and unused roles.
    pub lowered: f64,
    /// Tokens of the question that the template's text has, the weightiest first.
    pub matched: Vec<String>,
}

/// The text of one template as weighted token counts.
#[derive(Debug, Clone)]
pub(super) struct Document {
    counts: BTreeMap<String, f64>,
    length: f64,
}

/// True where the outcome has two values and the template asks softly for one with more.
fn is_of_other_scale(meta: &TemplateMeta, data: &Data<'_>) -> bool {
    meta.selection.excludes.iter().any(|exclusion| {
        exclusion.soft && exclusion.fact == BINARY_OUTCOME && facts::reason(BINARY_OUTCOME, data).is_some()
    })
}

/// Ranks the applicable templates, best first.
pub fn rank(
    library: &Library,
    judged: &[Applicability],
    question: &str,
    question_kinds: &[String],
    data: &Data<'_>,
) -> Vec<Ranked> {
    let texts = library.texts();
    let documents: Vec<(&Template, &Document)> =
        library.templates().filter_map(|t| Some((t, texts.documents.get(&t.meta.id)?))).collect();
    let (read, scores) = by_words(&documents, &texts.words, question, data);
    let written = written_words(&read);
    let largest = scores.iter().map(|(score, _)| *score).fold(LEAST_TELLING, f64::max);
    let mut ranked: Vec<(&Template, Ranked)> = Vec::new();
    for ((template, _), (words, matched)) in documents.iter().zip(scores) {
        let Some(verdict) = judged.iter().find(|j| j.template_id == template.meta.id && j.applicable) else {
            continue;
        };
        let features = Features {
            words: round(words / largest),
            role_fit: round(role_fit(&template.meta, data)),
            question_kind: kind_fit(&template.meta, question_kinds),
            lowered: round(
                (verdict.lowered.len() + unused_roles(&template.meta, data).len()) as f64 * LOWERED
                    + if is_of_other_scale(&template.meta, data) { OTHER_SCALE } else { 0.0 },
            ),
            matched,
        };
        let score = WORDS * features.words + ROLE_FIT * features.role_fit + KIND * features.question_kind
            - features.lowered
            - UNSTATED_ROLE * unstated_roles(&template.meta, data) as f64;
        ranked.push((
            template,
            Ranked {
                template_id: template.meta.id.clone(),
                title: template.meta.title.en.clone(),
                score: round(score.clamp(0.0, 1.0)),
                reasons: reasons(&features, &written, verdict),
                features,
            },
        ));
    }
    order(&mut ranked);
    ranked.into_iter().map(|(_, r)| r).collect()
}

/// The question with its misspelt words corrected, and for every document its score by words and phrases and the matched tokens.
fn by_words(
    documents: &[(&Template, &Document)],
    known: &BTreeSet<String>,
    question: &str,
    data: &Data<'_>,
) -> (String, Vec<(f64, Vec<String>)>) {
    let names = names_of(data);
    // roles say more than phrases
    let vague = data.statement.roles.values().all(Vec::is_empty);
    let read = if vague { corrected(question, known, &names) } else { question.to_owned() };
    let mut scores = bm25(documents, &weighted(tokens(&read), &names));
    if vague {
        for ((template, _), (score, _)) in documents.iter().zip(&mut scores) {
            *score += everyday::score(template.meta.id.as_str(), &read);
        }
    }
    (read, scores)
}

fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// The tokens of the names and labels of the columns.
fn names_of(data: &Data<'_>) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    for column in data.columns() {
        names.extend(tokens(&column.name.replace('_', " ")));
        names.extend(tokens(column.label.as_deref().unwrap_or_default()));
    }
    names
}

/// Weighs the tokens of a question: one that names a column of the data says what is studied, not how.
fn weighted(asked: Vec<String>, names: &BTreeSet<String>) -> Vec<(String, f64)> {
    asked
        .into_iter()
        .map(|token| {
            let weight = if names.contains(&token) { COLUMN_WORD } else { 1.0 };
            (token, weight)
        })
        .collect()
}

impl Document {
    /// Fields count by how much they say: title and keywords most, then the example questions.
    pub(super) fn of(meta: &TemplateMeta) -> Self {
        let selection = &meta.selection;
        let mut counts: BTreeMap<String, f64> = BTreeMap::new();
        let mut add = |text: &str, weight: f64| {
            for token in tokens(text) {
                *counts.entry(token).or_insert(0.0) += weight;
            }
        };
        add(&meta.title.en, 3.0);
        add(meta.title.zh.as_deref().unwrap_or_default(), 3.0);
        selection.keywords.en.iter().chain(&selection.keywords.zh).for_each(|k| add(k, 3.0));
        selection.questions.iter().for_each(|q| add(q, 2.0));
        add(&meta.description, 1.0);
        add(meta.description_zh.as_deref().unwrap_or_default(), 1.0);
        add(&meta.family, 1.0);
        let length = counts.values().sum();
        Self { counts, length }
    }

    /// The different tokens of the text.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.counts.keys().map(String::as_str)
    }
}

/// A word of another script within a Chinese question names a method; a single character says little.
fn script_weight(token: &str) -> f64 {
    match (token.chars().all(is_han), token.chars().count()) {
        (true, 1) => 0.2,
        (true, _) => 1.0,
        (false, _) => 1.5,
    }
}

/// Returns for every document its score and the matched tokens.
fn bm25(documents: &[(&Template, &Document)], asked: &[(String, f64)]) -> Vec<(f64, Vec<String>)> {
    let total = documents.len() as f64;
    let average = documents.iter().map(|(_, d)| d.length).sum::<f64>() / total.max(1.0);
    let mut frequency: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for (token, weight) in asked {
        let with = documents.iter().filter(|(_, d)| d.counts.contains_key(token)).count();
        frequency.insert(token, (with as f64, *weight));
    }
    documents
        .iter()
        .map(|(_, document)| {
            let mut parts: Vec<(f64, &str)> = Vec::new();
            for (token, (with, weight)) in &frequency {
                let Some(count) = document.counts.get(*token) else { continue };
                let idf = (1.0 + (total - with + 0.5) / (with + 0.5)).ln();
                let length = K1 * (1.0 - B + B * document.length / average);
                let weight = weight * script_weight(token);
                parts.push((weight * idf * count * (K1 + 1.0) / (count + length), token));
            }
            parts.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
            let score = parts.iter().map(|(part, _)| part).sum();
            (score, parts.into_iter().take(8).map(|(_, token)| token.to_owned()).collect())
        })
        .collect()
}

/// Share of the draft's roles that the template uses, of its required roles that the draft states, and of
/// its optional roles that the draft fills. Without any stated role nothing speaks for or against.
fn role_fit(meta: &TemplateMeta, data: &Data<'_>) -> f64 {
    let stated: Vec<&str> =
        data.statement.roles.iter().filter(|(_, c)| !c.is_empty()).map(|(r, _)| r.as_str()).collect();
    if stated.is_empty() {
        return 0.5;
    }
    let unused = unused_roles(meta, data);
    let used = 1.0 - unused.len() as f64 / stated.len() as f64;
    let as_treatment = stated.contains(&"treatment_var") && !takes(meta, "treatment_var");
    let fills = |bind: &str| stated.contains(&bind) || (bind == "regressors" && as_treatment);
    let share = |required: bool| {
        let roles: Vec<&str> = meta
            .parameters
            .iter()
            .filter(|p| p.required == required && ROLES.contains(&p.bind.as_str()))
            .map(|p| p.bind.as_str())
            .collect();
        if roles.is_empty() {
            // nothing to fill is no merit
            return if required { 0.5 } else { 0.0 };
        }
        roles.iter().filter(|bind| fills(bind)).count() as f64 / roles.len() as f64
    };
    0.6 * used * used + 0.3 * share(true) + 0.1 * share(false)
}

/// Returns how many required roles a draft that states roles leaves open.
fn unstated_roles(meta: &TemplateMeta, data: &Data<'_>) -> usize {
    if data.statement.roles.values().all(Vec::is_empty) {
        return 0;
    }
    let as_treatment = data.states("treatment_var") && !takes(meta, "treatment_var");
    let open = |p: &&Parameter| {
        let bind = p.bind.as_str();
        let filled = data.states(bind) || (bind == "regressors" && as_treatment);
        p.required && ROLES.contains(&bind) && !filled && !data.statement.parameters.contains_key(&p.name)
    };
    meta.parameters.iter().filter(open).count()
}

fn kind_fit(meta: &TemplateMeta, question_kinds: &[String]) -> f64 {
    let answers = question_kinds.iter().any(|kind| meta.selection.question_kinds.contains(kind));
    if answers { 1.0 } else { 0.0 }
}

fn reasons(features: &Features, written: &BTreeMap<String, String>, verdict: &Applicability) -> Vec<String> {
    let mut reasons = Vec::new();
    let words: Vec<&str> =
        features.matched.iter().filter_map(|t| written.get(t)).map(String::as_str).collect();
    if !words.is_empty() {
        reasons.push(format!("matches {}", words.join(", ")));
    }
    if features.question_kind > 0.0 {
        reasons.push("answers this kind of question".to_owned());
    }
    reasons.extend(verdict.lowered.iter().map(|reason| format!("offered later: {reason}")));
    reasons.extend(verdict.notes.iter().cloned());
    reasons
}

/// By score; among equal scores by `prefer_over`, then the lower level, then the id.
fn order(ranked: &mut [(&Template, Ranked)]) {
    let level = |t: &Template| LEVELS.iter().position(|l| *l == t.meta.level).unwrap_or(LEVELS.len());
    ranked.sort_by(|(a, ra), (b, rb)| {
        rb.score
            .total_cmp(&ra.score)
            .then_with(|| level(a).cmp(&level(b)))
            .then_with(|| a.meta.id.cmp(&b.meta.id))
    });
    // preferences are no separate order: each moves its template before the ones it names, within a tie
    for i in 0..ranked.len() {
        for j in (i + 1)..ranked.len() {
            let tied = ranked[i].1.score.total_cmp(&ranked[j].1.score) == Ordering::Equal;
            if tied && prefers(ranked[j].0, ranked[i].0) && !prefers(ranked[i].0, ranked[j].0) {
                ranked[i..=j].rotate_right(1);
            }
        }
    }
}

fn prefers(a: &Template, b: &Template) -> bool {
    a.meta.selection.prefer_over.iter().any(|id| id == b.meta.id.as_str())
}
