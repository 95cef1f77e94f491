//! A model's draft once more, from the stored answers and without a network: anyone who doubts a plan can see
//! that it follows from what the model said. Reads no store and no settings of the model.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::make::{Made, Maker};
use super::prompts::{self, Prompt};
use super::share::{Sharing, share};
use crate::domain::canonical::sha256_of;
use crate::domain::draft::{Draft, DraftSource, Selection};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::domain::job::record::DataSharing;
use crate::domain::plan::Plan;
use crate::library::Library;
use crate::library::freeze::{DependencyStatus, FreezeInput, FreezeRequest, freeze};
use crate::ports::llm::{Llm, LlmCall, LlmCause, LlmFailure, LlmReply, Structure, Usage};

/// Result of a replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// Id of the job.
    pub job_id: String,
    /// Id of the job's draft, whose stored answers were replayed.
    pub draft_id: String,
    /// The stored answers pass the checks and give the draft that the job has.
    pub draft: bool,
    /// The template that the stored answers choose, and whether the draft has the same.
    pub template_id: Option<String>,
    /// True if the stored answers give the selection that the job has.
    pub selection: bool,
    /// The id of the frozen plan; absent where none was frozen of this draft.
    pub plan_id: Option<String>,
    /// Whether a freeze of the replayed draft gives that id.
    pub plan: Option<bool>,
    /// Whether this release would ask the same; another release may ask otherwise.
    pub prompts: bool,
    /// Differences, for people.
    pub differences: Vec<String>,
}

impl Replayed {
    /// True if draft, choice and plan are reproduced.
    pub fn is_match(&self) -> bool {
        self.draft && self.selection && self.plan.unwrap_or(true)
    }
}

/// One stored question with its answers.
#[derive(Debug, Clone, Deserialize)]
pub struct StoredTalk {
    /// `llm.prompt`.
    pub prompt: Value,
    /// `llm.response`.
    pub responses: Vec<StoredAnswer>,
    /// `llm.meta`.
    pub meta: Value,
}

/// One stored answer.
#[derive(Debug, Clone, Deserialize)]
pub struct StoredAnswer {
    /// The answer as the provider sent it.
    pub text: String,
}

/// Returns the folder of the evidence of a job's present draft, relative to the job's directory.
///
/// # Errors
/// `DRAFT_NOT_FOUND` where the job has no draft, or one that no model made.
pub fn evidence_folder(job: &JobRecord) -> Result<String, Problem> {
    match &job.draft {
        Some(draft) if draft.source == DraftSource::Model => Ok(format!("artifacts/llm/{}", draft.draft_id)),
        Some(_) => Err(Problem::new(ErrorCode::DraftNotFound, "the job's draft was submitted by a client")),
        None => Err(Problem::new(ErrorCode::DraftNotFound, "the job has no draft")),
    }
}

/// Goes the way from the stored answers to the draft and the plan again.
///
/// # Errors
/// `DRAFT_NOT_FOUND`, `INPUTS_MISSING`.
pub async fn replay(
    library: &Library,
    job: &JobRecord,
    stated: StoredTalk,
    chosen: Option<StoredTalk>,
) -> Result<Replayed, Problem> {
    evidence_folder(job)?;
    let missing = || Problem::new(ErrorCode::DraftNotFound, "the job has no draft");
    let draft = job.draft.as_ref().ok_or_else(missing)?;
    let inputs = super::inputs_of(job)?;
    let document = document_of(job, &stated);
    let prompt = |talk: Option<&StoredTalk>, usual: Prompt| {
        let name = talk.and_then(|talk| talk.prompt["prompt"].as_str());
        name.and_then(prompts::by_name).unwrap_or(usual)
    };
    let texts = (prompt(Some(&stated), prompts::DRAFT), prompt(chosen.as_ref(), prompts::SELECTION));
    let most = stated.prompt["max_output_tokens"].as_u64().and_then(|n| u32::try_from(n).ok());
    let recorded = Recorded::new(stated, chosen);
    let maker = Maker {
        library,
        llm: &recorded,
        tenant: &job.tenant_id,
        requirement: &draft.requirement,
        inputs,
        prompts: texts,
        document: &document,
        left: Value::Null,
        max_output_tokens: most.unwrap_or_default(),
    };
    let made = maker.make("replay", &mut Vec::new()).await;
    let (prompts, mut differences) = recorded.found();
    let replayed = match made {
        Ok(made) => compare(library, job, draft, &made, &mut differences),
        Err(failed) => {
            differences.push(format!("the stored answers give no draft: {}", failed.detail));
            (false, None, false, of_this_draft(job, draft).map(|plan| (plan.plan_id.to_string(), false)))
        }
    };
    let (same_draft, template_id, selection, plan) = replayed;
    Ok(Replayed {
        job_id: job.job_id.to_string(),
        draft_id: draft.draft_id.clone(),
        draft: same_draft,
        template_id,
        selection,
        plan_id: plan.as_ref().map(|(id, _)| id.clone()),
        plan: plan.map(|(_, same)| same),
        prompts,
        differences,
    })
}

type Compared = (bool, Option<String>, bool, Option<(String, bool)>);

fn compare(
    library: &Library,
    job: &JobRecord,
    draft: &Draft,
    made: &Made,
    differences: &mut Vec<String>,
) -> Compared {
    let statement = made.choice.as_ref().map_or(&made.draft.statement, |choice| &choice.statement);
    let same = *statement == draft.statement && made.draft.draft_text == draft.draft_text;
    if !same {
        differences.push("the replayed statement is not the draft's".to_owned());
    }
    let chosen = made.choice.as_ref().map(|choice| choice.template_id.clone());
    let selection = chosen == draft.selection.chosen;
    if !selection {
        differences.push("the replayed choice is another template".to_owned());
    }
    let plan = of_this_draft(job, draft).map(|plan| {
        let replayed = plan_id(library, job, draft, made, plan);
        let same = replayed.as_ref().is_ok_and(|id| *id == plan.plan_id.as_str());
        match replayed {
            Ok(_) if same => {}
            Ok(id) => differences.push(format!("the replayed plan has the id {id}")),
            Err(problem) => {
                differences.push(format!("the replayed draft gives no plan: {}", problem.message))
            }
        }
        (plan.plan_id.to_string(), same)
    });
    (same, chosen.map(|id| id.to_string()), selection, plan)
}

/// The frozen plan, where it was frozen of this draft.
fn of_this_draft<'a>(job: &'a JobRecord, draft: &Draft) -> Option<&'a Plan> {
    job.plan
        .as_ref()
        .filter(|plan| plan.plan_source == "model" && plan.input_fingerprint == draft.input_fingerprint)
}

fn plan_id(
    library: &Library,
    job: &JobRecord,
    draft: &Draft,
    made: &Made,
    plan: &Plan,
) -> Result<String, Problem> {
    let choice = made
        .choice
        .as_ref()
        .ok_or_else(|| Problem::new(ErrorCode::TemplateNotFound, "no template was chosen"))?;
    let confirmed = job.confirmation.as_ref();
    let of = |pick: fn(&crate::domain::job::record::Confirmation) -> &serde_json::Map<String, Value>| {
        confirmed.map(|c| pick(c).clone()).unwrap_or_default()
    };
    let request = FreezeRequest {
        answers: of(|c| &c.answers),
        variable_corrections: of(|c| &c.variable_corrections),
        default_overrides: of(|c| &c.default_overrides),
        seed: Some(plan.seed),
        output_formats: plan.output_formats.clone(),
        acknowledged_checks: plan.acknowledged_checks.clone(),
    };
    let frozen = freeze(&FreezeInput {
        library,
        template_id: &choice.template_id,
        statement: &choice.statement,
        inputs: super::inputs_of(job)?,
        request: &request,
        selection: &Selection::default(),
        plan_source: draft.source,
        rationale: &choice.rationale,
        evidence: &[],
        revision: plan.revision,
        created_at: plan.created_at,
        dependency: &|_| DependencyStatus::unknown(),
    })?;
    Ok(frozen.plan_id.to_string())
}

/// The document shown to the model, rebuilt from the record. Sampled rows are taken from the stored prompt, because
/// the data may have been removed.
fn document_of(job: &JobRecord, stated: &StoredTalk) -> Value {
    let stored = shown(&stated.prompt);
    let level = DataSharing::deserialize(&stated.meta["left_the_service"]["data_sharing"]);
    let sharing = Sharing::of(level.unwrap_or(DataSharing::Schema), None);
    let asked = job.draft.as_ref().map_or(&job.requirement, |draft| &draft.requirement);
    let asked = JobRecord { requirement: asked.clone(), ..job.clone() };
    let Some(dataset) = job.inputs.as_ref().and_then(|inputs| inputs.primary()) else { return stored };
    let mut document = share(&asked, sharing, dataset, None).document;
    if let Some(sample) = stored["data"].get("sample") {
        document["data"]["sample"] = sample.clone();
    }
    document
}

/// The document of a stored prompt's first message.
fn shown(prompt: &Value) -> Value {
    let content = prompt["messages"][0]["content"].as_str().unwrap_or_default();
    serde_json::from_str(content).unwrap_or_default()
}

/// Replays the answers of the evidence, in its order, and notes where the questions differ.
struct Recorded {
    statement: Mutex<RecordedAnswers>,
    selection: Mutex<RecordedAnswers>,
}

struct RecordedAnswers {
    prompt: Option<Value>,
    answers: VecDeque<String>,
    is_first: bool,
    differences: Vec<String>,
}

impl Recorded {
    fn new(stated: StoredTalk, chosen: Option<StoredTalk>) -> Self {
        let stock = |talk: Option<StoredTalk>| {
            let (prompt, answers) = match talk {
                Some(talk) => (Some(talk.prompt), talk.responses.into_iter().map(|a| a.text).collect()),
                None => (None, VecDeque::new()),
            };
            Mutex::new(RecordedAnswers { prompt, answers, is_first: true, differences: Vec::new() })
        };
        Self { statement: stock(Some(stated)), selection: stock(chosen) }
    }

    /// Whether the questions were the same, and what differed.
    fn found(self) -> (bool, Vec<String>) {
        let mut all = Vec::new();
        for stock in [self.statement, self.selection] {
            all.extend(stock.into_inner().unwrap_or_else(PoisonError::into_inner).differences);
        }
        (all.is_empty(), all)
    }
}

impl Llm for Recorded {
    fn complete<'a>(&'a self, call: &'a LlmCall) -> BoxFuture<'a, Result<LlmReply, LlmFailure>> {
        let stock = if call.purpose == "draft" { &self.statement } else { &self.selection };
        let mut stock = stock.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut stock.is_first) {
            let differing = stock.prompt.as_ref().map(|prompt| differing(prompt, call)).unwrap_or_default();
            stock.differences.extend(differing);
        }
        let answer = match stock.answers.pop_front() {
            Some(text) => Ok(LlmReply {
                text,
                provider: "evidence".to_owned(),
                model: "evidence".to_owned(),
                structure: Structure::JsonSchema,
                usage: Usage::default(),
                request_id: None,
                parameters: Value::Null,
                elapsed: Duration::ZERO,
                attempts: Vec::new(),
            }),
            None => {
                Err(LlmFailure::new(LlmCause::Protocol, format!("no stored answer for the {}", call.purpose)))
            }
        };
        Box::pin(std::future::ready(answer))
    }
}

/// The parts of a question that are not as they were stored.
fn differing(stored: &Value, call: &LlmCall) -> Vec<String> {
    let asked = call.messages.first().map(|m| m.content.as_str()).unwrap_or_default();
    let asked: Value = serde_json::from_str(asked).unwrap_or_default();
    let parts = [
        ("text", stored["system"] == json!(call.system)),
        ("document", sha256_of(&shown(stored)) == sha256_of(&asked)),
        ("form of the answer", sha256_of(&stored["schema"]["schema"]) == sha256_of(&call.schema.schema)),
    ];
    let differ = parts.iter().filter(|(_, same)| !same);
    differ.map(|(part, _)| format!("the {} would be asked with another {part}", call.purpose)).collect()
}
