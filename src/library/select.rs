//! Selection as a whole: applicability, ranking, the check of a choice, and the three records that are kept
//! as evidence (`do_template.selection.stage1`, `.candidates`, `.stage2`).

use serde::{Deserialize, Serialize};

use super::applicability::{Applicability, judge_all};
use super::facts::Data;
use super::load::Library;
use super::question;
use super::rank::{Ranked, rank};
use super::terms::QUESTION_KINDS;
use crate::domain::dataset::Dataset;
use crate::domain::draft::{Candidate, Statement};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::TemplateId;

/// How many candidates are offered for the choice.
pub const TOP: usize = 8;
/// How many blockers a message lists; the context has all.
const MOST_BLOCKERS: usize = 5;
/// The rules of applicability and ranking; evidence names it.
pub const SELECTION_VERSION: u32 = 2;

/// Input of the selection.
#[derive(Debug, Clone, Copy)]
pub struct SelectionInput<'a> {
    /// Library whose templates are ranked.
    pub library: &'a Library,
    /// The requirement as the user wrote it.
    pub question: &'a str,
    /// Out of [`QUESTION_KINDS`]; read off the question where nobody said.
    pub question_kinds: &'a [String],
    /// Roles and parameters of the draft.
    pub statement: &'a Statement,
    /// The primary data set.
    pub dataset: Option<&'a Dataset>,
}

/// Evidence of the rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage1 {
    /// Version of the selection's rules.
    pub selection_version: u32,
    /// SHA-256 of the library's index.
    pub library_sha256: String,
    /// One verdict for each template.
    pub templates: Vec<Applicability>,
}

/// Evidence of the ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidates {
    /// Version of the selection's rules.
    pub selection_version: u32,
    /// SHA-256 of the library's index, in hexadecimal digits.
    pub library_sha256: String,
    /// The requirement as the user wrote it.
    pub question: String,
    /// Kinds of questions that the ranking used.
    pub question_kinds: Vec<String>,
    /// All applicable templates, best first; the first [`TOP`] are offered.
    pub ranking: Vec<Ranked>,
    /// Ids of the first templates of `ranking`, from which the model or the client chooses.
    pub offered: Vec<TemplateId>,
}

/// Evidence of the choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage2 {
    /// The chosen template, always an applicable one.
    pub chosen: TemplateId,
    /// `model`, `ranking`, `client` or `rules`.
    pub chosen_by: String,
    /// Reason of the choice, for people.
    pub rationale: String,
    /// Reasons of the choice, in the chooser's words.
    pub evidence: Vec<String>,
    /// Answers that were rejected before this one.
    pub refused: Vec<String>,
}

/// Result of the selection.
#[derive(Debug, Clone, PartialEq)]
pub struct Selected {
    /// Evidence of the rules.
    pub stage1: Stage1,
    /// Evidence of the ranking.
    pub candidates: Candidates,
}

/// Judges and ranks the templates of a library. The same input gives the same candidates.
pub fn select(input: &SelectionInput<'_>) -> Selected {
    let data = Data { statement: input.statement, dataset: input.dataset };
    let library_sha256 = input.library.index_sha256().to_owned();
    let judged = judge_all(input.library, &data);
    let read = question::kinds_of(input.question);
    let stated = if input.question_kinds.is_empty() { &read[..] } else { input.question_kinds };
    let kinds: Vec<String> =
        stated.iter().filter(|kind| QUESTION_KINDS.contains(&kind.as_str())).cloned().collect();
    let ranking = rank(input.library, &judged, input.question, &kinds, &data);
    let offered = ranking.iter().take(TOP).map(|r| r.template_id.clone()).collect();
    Selected {
        stage1: Stage1 {
            selection_version: SELECTION_VERSION,
            library_sha256: library_sha256.clone(),
            templates: judged,
        },
        candidates: Candidates {
            selection_version: SELECTION_VERSION,
            library_sha256,
            question: input.question.to_owned(),
            question_kinds: kinds,
            ranking,
            offered,
        },
    }
}

impl Selected {
    /// Returns the first of the ranking.
    pub fn first(&self) -> Option<&TemplateId> {
        self.candidates.offered.first()
    }

    /// Returns the offered candidates as drafts show them. A template that was requested and is not among
    /// them is added, with its blockers if it has any.
    pub fn draft_candidates(&self, library: &Library, asked: Option<&TemplateId>) -> Vec<Candidate> {
        let mut shown: Vec<&TemplateId> = self.candidates.offered.iter().collect();
        shown.extend(asked.filter(|id| !self.candidates.offered.contains(id)));
        shown.into_iter().filter_map(|id| self.candidate(library, id)).collect()
    }

    fn candidate(&self, library: &Library, id: &TemplateId) -> Option<Candidate> {
        let verdict = self.stage1.templates.iter().find(|t| t.template_id == *id)?;
        let ranked = self.candidates.ranking.iter().find(|r| r.template_id == *id);
        Some(Candidate {
            template_id: id.clone(),
            title: library.get(id)?.meta.title.en.clone(),
            score: ranked.map_or(0.0, |r| r.score),
            reasons: ranked.map_or_else(Vec::new, |r| r.reasons.clone()),
            applicable: verdict.applicable,
            blockers: verdict.blockers.clone(),
        })
    }

    /// Checks a template that the client named: it must exist and be applicable.
    ///
    /// # Errors
    /// `TEMPLATE_NOT_FOUND`, `TEMPLATE_NOT_APPLICABLE {blockers[]}`.
    pub fn check_client_choice(&self, id: &TemplateId) -> Result<(), Problem> {
        let Some(verdict) = self.stage1.templates.iter().find(|t| t.template_id == *id) else {
            return Err(Problem::new(ErrorCode::TemplateNotFound, format!("there is no template {id}"))
                .with("template_id", id.as_str()));
        };
        if verdict.applicable {
            return Ok(());
        }
        let more = verdict.blockers.len().saturating_sub(MOST_BLOCKERS);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        let first = &verdict.blockers[..verdict.blockers.len().min(MOST_BLOCKERS)];
        let text = format!("{id} cannot be used here: {}{more}", first.join("; "));
        Err(Problem::new(ErrorCode::TemplateNotApplicable, text)
            .with("template_id", id.as_str())
            .with("blockers", verdict.blockers.clone()))
    }

    /// Checks a template that a model named: it must be among the offered candidates.
    ///
    /// # Errors
    /// `DO_TEMPLATE_SELECTION_INVALID_TEMPLATE_ID` with the candidates.
    pub fn check_model_choice(&self, text: &str) -> Result<TemplateId, Problem> {
        let found = self.candidates.offered.iter().find(|id| id.as_str() == text.trim());
        found.cloned().ok_or_else(|| {
            let offered: Vec<&str> = self.candidates.offered.iter().map(TemplateId::as_str).collect();
            let shown: String = text.chars().take(96).collect();
            let reason = format!("{shown:?} is not among the candidates");
            Problem::new(ErrorCode::DoTemplateSelectionInvalidTemplateId, reason)
                .with("template_id", shown)
                .with("candidates", offered)
        })
    }
}
