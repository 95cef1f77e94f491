//! The making of a draft: statement, ranking, choice. Needs a model and texts only, so that the same steps
//! can be gone again with stored answers.

use serde_json::{Value, json};

use super::answers::{self, CheckedDraft, CheckedSelection, check_draft, check_selection};
use super::failure::Failed;
use super::prompts::Prompt;
use super::talk::{Question, Talk, ask};
use crate::domain::dataset::Inputs;
use crate::domain::error::Problem;
use crate::domain::ids::{TemplateId, TenantId};
use crate::library::Library;
use crate::library::derived::with_derived;
use crate::library::select::{Selected, SelectionInput, select};
use crate::ports::llm::{AnswerSchema, Llm, LlmCall, Message, Role};
use crate::service::shared::evidence::Evidence;

/// A draft that a model made, before it is committed.
pub struct Made {
    /// The model's statement after its checks.
    pub draft: CheckedDraft,
    /// Evidence of rules and ranking.
    pub selected: Selected,
    /// The model's choice; `None` where it was not asked or no template applies.
    pub choice: Option<CheckedSelection>,
    /// Answers of the model that were rejected before the choice.
    pub refused: Vec<String>,
}

/// Dependencies of drafting.
pub struct Maker<'a> {
    /// Library whose templates are ranked.
    pub library: &'a Library,
    /// The model: the configured one, or stored answers in a replay.
    pub llm: &'a dyn Llm,
    /// Tenant whose limit of tokens counts.
    pub tenant: &'a TenantId,
    /// The requirement as the user wrote it.
    pub requirement: &'a str,
    /// Data sets of the job.
    pub inputs: &'a Inputs,
    /// The two texts that say what is to be done.
    pub prompts: (Prompt, Prompt),
    /// Content of the job shown to the model.
    pub document: &'a Value,
    /// Data that left the service, for the meta.
    pub left: Value,
    /// Longest answer of each call, in tokens.
    pub max_output_tokens: u32,
}

impl Maker<'_> {
    /// Makes a draft. `evidence` has everything that was asked and answered, also after a failure.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn make(&self, folder: &str, evidence: &mut Vec<Evidence>) -> Result<Made, Failed> {
        let dataset = self.inputs.primary().ok_or_else(|| Failed::defect(Problem::internal()))?;
        let (draft_prompt, selection_prompt) = self.prompts;
        let place = format!("{folder}/draft");
        let question =
            self.question("draft", draft_prompt, &place, answers::draft_schema(), self.document.clone());
        let talk = ask(self.llm, question, |answer| check_draft(answer, &dataset.columns)).await;
        let draft = take(talk, evidence)?;
        let (inputs, _) = with_derived(self.inputs, &draft.statement);
        let dataset = inputs.primary().ok_or_else(|| Failed::defect(Problem::internal()))?;
        let selected = select(&SelectionInput {
            library: self.library,
            question: &format!("{}\n{}", self.requirement, draft.draft_text),
            question_kinds: &draft.question_kinds,
            statement: &draft.statement,
            dataset: Some(dataset),
        });
        if selected.candidates.offered.is_empty() {
            return Ok(Made { draft, selected, choice: None, refused: Vec::new() });
        }
        let mut document = self.document.clone();
        document["draft"] = json!({"draft_text": draft.draft_text, "roles": draft.statement.roles,
            "derived_variables": draft.statement.derived_variables});
        document["candidates"] = candidates(self.library, &selected);
        let place = format!("{folder}/selection");
        let question =
            self.question("selection", selection_prompt, &place, answers::selection_schema(), document);
        let mut refused = Vec::new();
        let talk = ask(self.llm, question, |answer| {
            check_selection(answer, self.library, &selected, &draft.statement, &dataset.columns)
                .inspect_err(|problems| refused.push(problems.join("; ")))
        })
        .await;
        let choice = take(talk, evidence)?;
        Ok(Made { draft, selected, choice: Some(choice), refused })
    }

    fn question<'q>(
        &self,
        purpose: &'static str,
        prompt: Prompt,
        folder: &'q str,
        schema: AnswerSchema,
        document: Value,
    ) -> Question<'q> {
        Question {
            call: LlmCall {
                purpose,
                tenant: self.tenant.clone(),
                system: prompt.text.to_owned(),
                messages: vec![Message { role: Role::User, content: document.to_string() }],
                schema,
                max_output_tokens: self.max_output_tokens,
            },
            prompt,
            folder,
            left: self.left.clone(),
        }
    }
}

fn take<T>(talk: Talk<T>, evidence: &mut Vec<Evidence>) -> Result<T, Failed> {
    evidence.extend(talk.evidence);
    talk.outcome.map_err(Failed::from)
}

/// The candidates as the model sees them: what they are for and what they need.
fn candidates(library: &Library, selected: &Selected) -> Value {
    let of = |id: &TemplateId| {
        let meta = &library.get(id)?.meta;
        let parameters: Vec<Value> = meta
            .parameters
            .iter()
            .filter(|p| p.bind != "sample" && p.bind != "seed")
            .map(|p| {
                json!({
                    "name": p.name, "type": p.kind.as_str(), "required": p.required, "bind": p.bind,
                    "label": p.label.en, "values": p.values, "default": p.default,
                    "kinds": p.column.as_ref().map(|c| &c.kinds),
                })
            })
            .collect();
        let ranked = selected.candidates.ranking.iter().find(|r| r.template_id == *id);
        Some(json!({
            "template_id": id, "title": meta.title.en, "description": meta.description,
            "limits": meta.limitations, "rank_reasons": ranked.map(|r| &r.reasons),
            "parameters": parameters,
        }))
    };
    selected.candidates.offered.iter().filter_map(of).collect()
}
