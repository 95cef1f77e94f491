//! Judges the cells of a batch: each exactly as a draft and a freeze would. Writes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::request::{BatchRequest, CellSpec};
use crate::domain::batch::CellRefusal;
use crate::domain::canonical::sha256_of;
use crate::domain::dataset::Inputs;
use crate::domain::draft::{DraftSource, Selection};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{PlanId, TemplateId};
use crate::domain::job::JobRecord;
use crate::domain::plan::Plan;
use crate::library::freeze::{DependencyStatus, FreezeInput, FreezeRequest, preview};
use crate::library::select::{Selected, Stage2};
use crate::library::{Library, known_names};
use crate::service::drafts::choose_template::{Asked, Chosen, choose, no_template, with_columns};
use crate::service::drafts::draft_request::{Stated, as_request};
use crate::service::drafts::state_draft::current_statement;
use crate::service::inputs::count_data_steps::check_keys;
use crate::service::shared::context::Context;

/// What every cell begins with.
pub struct Basis {
    /// The specification of the base.
    pub stated: Stated,
    /// The evidence of the selection, where the ranking chose the template of the base.
    pub ranked: Option<(Selected, Stage2)>,
    /// SHA-256 of request and base, which decides whether a repeated request is the same.
    pub request_sha256: String,
}

/// A cell after the judgement.
pub struct JudgedCell {
    /// What the cell states.
    pub spec: CellSpec,
    /// Its template, where one is known.
    pub template_id: Option<TemplateId>,
    /// The plan, or every reason against it.
    pub outcome: Result<Plan, Vec<CellRefusal>>,
}

/// Reads the base of a batch: that of the request, else the job's draft. A base without a template gets the one that the
/// ranking puts first, or that the draft has chosen.
///
/// # Errors
/// `INPUTS_MISSING`, `DRAFT_NOT_FOUND`, `INPUT_VALIDATION_FAILED`, `EXPRESSION_INVALID`, `PLAN_FREEZE_NOT_ALLOWED` where
/// no template fits.
pub fn basis(library: &Library, job: &JobRecord, request: &BatchRequest) -> Result<Basis, Problem> {
    let inputs = job.inputs.as_ref().ok_or_else(|| {
        Problem::new(ErrorCode::InputsMissing, "upload the data before a batch is made")
            .with("reason", "inputs_missing")
    })?;
    let mut stated = match &request.base {
        Some(base) => base.clone().read()?,
        None => current_statement(job)?,
    };
    if request.base.is_some() {
        // templates that share the base need not have each of its parameters; the cells are judged by their own
        known_names::check(library, None, &stated.statement, |_| true)?;
    }
    let names_templates = request.axes.as_ref().is_some_and(|axes| !axes.templates.is_empty());
    let mut ranked = None;
    if stated.template_id.is_none() && !names_templates {
        let of_draft = job.draft.as_ref().filter(|_| request.base.is_none());
        if let Some(draft) = of_draft.filter(|draft| draft.selection.is_open()) {
            return Err(no_template(&draft.selection));
        }
        let chosen = of_draft.and_then(|draft| draft.selection.chosen.clone());
        let chosen = match chosen {
            Some(id) => id,
            None => {
                let columns = with_columns(inputs, &stated)?;
                let requirement = job.requirement.as_str();
                let source = DraftSource::Client;
                let asked =
                    Asked { library, requirement, inputs, stated: &stated, source, method_is_open: false };
                let Chosen { selected, stage2, .. } = choose(&asked, &columns)?;
                let stage2 = stage2.ok_or_else(|| no_template(&Selection::default()))?;
                let chosen = stage2.chosen.clone();
                ranked = Some((selected, stage2));
                chosen
            }
        };
        stated.template_id = Some(chosen.to_string());
    }
    let said = json!({"request": request.kept(), "base": as_request(&stated)});
    Ok(Basis { stated, ranked, request_sha256: sha256_of(&said) })
}

/// What the judgement of a cell reads.
struct Bench {
    library: Arc<Library>,
    job: Arc<JobRecord>,
    base: Stated,
    freeze: FreezeRequest,
    evidence: Vec<String>,
    now: DateTime<Utc>,
}

/// Judges every cell on the inputs of a job; plans that repeat an earlier cell's are refused.
///
/// # Errors
/// `INTERNAL_ERROR`, `DEPENDENCY_UNAVAILABLE`; refusals of cells are part of the answer.
pub async fn judge(
    ctx: &Context,
    job: &Arc<JobRecord>,
    request: &BatchRequest,
    basis: &Basis,
    specs: Vec<CellSpec>,
) -> Result<Vec<JudgedCell>, Problem> {
    let bench = Bench {
        library: Arc::clone(&ctx.library),
        job: Arc::clone(job),
        base: basis.stated.clone(),
        freeze: FreezeRequest {
            seed: request.seed,
            output_formats: request.output_formats.clone(),
            acknowledged_checks: request.acknowledged_checks.clone(),
            ..FreezeRequest::default()
        },
        evidence: basis.ranked.iter().flat_map(|_| EVIDENCE.map(str::to_owned)).collect(),
        now: ctx.clock.now(),
    };
    let all = move || specs.into_iter().map(|spec| bench.judged(spec)).collect::<Vec<JudgedCell>>();
    let mut cells = ctx.pools.reads.run(all).await?;
    refuse_repeated_keys(ctx, job, &mut cells).await?;
    refuse_repeated_plans(&mut cells);
    Ok(cells)
}

/// Paths of the evidence of a selection, as a draft publishes it.
const EVIDENCE: [&str; 3] = [
    "artifacts/selection/stage1.json",
    "artifacts/selection/candidates.json",
    "artifacts/selection/stage2.json",
];

impl Bench {
    fn judged(&self, spec: CellSpec) -> JudgedCell {
        let mut template_id = None;
        let outcome = self.plan(&spec, &mut template_id);
        JudgedCell { spec, template_id, outcome }
    }

    fn plan(&self, spec: &CellSpec, template_id: &mut Option<TemplateId>) -> Result<Plan, Vec<CellRefusal>> {
        let refused = |problem: Problem| refusals(&problem);
        let mut stated = spec.stated(&self.base).map_err(refused)?;
        let named = stated.template_id.as_deref().and_then(|id| TemplateId::parse(id).ok());
        if let Some(template) = named.as_ref().and_then(|id| self.library.get(id)) {
            spec.free_roles(&mut stated, &template.meta);
        }
        let inputs = self.job.inputs.as_ref().ok_or_else(Vec::new)?;
        let columns = with_columns(inputs, &stated).map_err(refused)?;
        let asked = self.asked(inputs, &stated);
        let Chosen { template_id: asked_for, selected, stage2 } =
            choose(&asked, &columns).map_err(refused)?;
        let stage2 = stage2.ok_or_else(|| refusals(&no_template(&Selection::default())))?;
        *template_id = Some(stage2.chosen.clone());
        let selection = Selection {
            chosen: Some(stage2.chosen.clone()),
            chosen_by: Some(stage2.chosen_by.clone()),
            rationale: stage2.rationale.clone(),
            candidates: selected.draft_candidates(&self.library, asked_for.as_ref()),
        };
        let made = preview(&FreezeInput {
            library: &self.library,
            template_id: &stage2.chosen,
            statement: &stated.statement,
            inputs,
            request: &self.freeze,
            selection: &selection,
            plan_source: DraftSource::Client,
            rationale: &selection.rationale,
            evidence: &self.evidence,
            revision: 1,
            created_at: self.now,
            dependency: &|_| DependencyStatus::unknown(),
        })
        .map_err(refused)?;
        match made.problems.is_empty() {
            true => Ok(made.plan),
            false => Err(made.problems.iter().flat_map(refusals).collect()),
        }
    }

    fn asked<'a>(&'a self, inputs: &'a Inputs, stated: &'a Stated) -> Asked<'a> {
        let requirement = self.job.requirement.as_str();
        let (library, source) = (self.library.as_ref(), DraftSource::Client);
        Asked { library, requirement, inputs, stated, source, method_is_open: false }
    }
}

/// Refuses cells whose data steps have keys that do not identify rows. Cells with the same steps are counted once.
async fn refuse_repeated_keys(
    ctx: &Context,
    job: &JobRecord,
    cells: &mut [JudgedCell],
) -> Result<(), Problem> {
    let mut known: BTreeMap<String, Vec<CellRefusal>> = BTreeMap::new();
    for cell in cells {
        let Ok(plan) = &cell.outcome else { continue };
        let steps: Vec<_> = plan.data_steps.iter().map(|planned| planned.step.clone()).collect();
        let key = json!(steps).to_string();
        if !known.contains_key(&key) {
            let found = match check_keys(ctx, job, &steps).await {
                Ok(()) => Vec::new(),
                Err(problem) if problem.code == ErrorCode::InputValidationFailed => refusals(&problem),
                Err(problem) => return Err(problem),
            };
            known.insert(key.clone(), found);
        }
        if !known[&key].is_empty() {
            cell.outcome = Err(known[&key].clone());
        }
    }
    Ok(())
}

/// Two cells with one plan would be one result that counts twice.
fn refuse_repeated_plans(cells: &mut [JudgedCell]) {
    let mut first: BTreeMap<PlanId, usize> = BTreeMap::new();
    for (at, cell) in cells.iter_mut().enumerate() {
        let Ok(plan) = &cell.outcome else { continue };
        match first.get(&plan.plan_id) {
            None => {
                first.insert(plan.plan_id.clone(), at + 1);
            }
            Some(earlier) => {
                let message = format!("is the same specification as cell {earlier}");
                let code = ErrorCode::InputValidationFailed.as_str().to_owned();
                cell.outcome = Err(vec![CellRefusal { code, path: String::new(), message }]);
            }
        }
    }
}

/// Returns a refusal for each field that a problem names; one without a field where it names none.
pub fn refusals(problem: &Problem) -> Vec<CellRefusal> {
    let code = problem.code.as_str();
    let one = |path: &str, message: &str| CellRefusal {
        code: code.to_owned(),
        path: path.to_owned(),
        message: message.to_owned(),
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let texts = |name: &str| -> Vec<String> {
        problem.context.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(text).collect()
    };
    let listed = problem.context.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut found: Vec<CellRefusal> = listed
        .iter()
        .filter_map(|error| {
            let message = text(&error["reason"]).unwrap_or_else(|| problem.message.clone());
            Some(one(error["path"].as_str()?, &message))
        })
        .collect();
    if found.is_empty() {
        let own: Vec<String> = problem.context.get("path").and_then(text).into_iter().collect();
        let paths = [own, texts("missing_params"), texts("roles")].concat();
        found.extend(paths.iter().map(|path| one(path, &problem.message)));
    }
    if found.is_empty() { vec![one("", &problem.message)] } else { found }
}

/// Returns the refusal of a batch with cells that cannot be frozen, with all of them.
pub fn refused(cells: &[JudgedCell]) -> Problem {
    let list: Vec<Value> = cells
        .iter()
        .enumerate()
        .filter_map(|(at, cell)| {
            let errors = cell.outcome.as_ref().err()?;
            Some(json!({"index": at + 1, "choices": cell.spec.choices, "errors": errors}))
        })
        .collect();
    let (invalid, total) = (list.len(), cells.len());
    // the first one says what kind of mistake it is; the others are in the context
    let first = list.first().map_or_else(String::new, |cell| {
        let of = |name: &str| cell["errors"][0][name].as_str().unwrap_or_default();
        format!(", such as number {}: {}", cell["index"], of("message"))
    });
    let text = format!(
        "{invalid} of {total} specifications cannot be frozen{first}; nothing was made. Correct them, or set skip_invalid to \
         run the others"
    );
    Problem::new(ErrorCode::BatchCellsInvalid, text)
        .with("invalid", invalid)
        .with("total", total)
        .with("cells", list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_becomes_a_refusal_for_each_field() {
        let both =
            Problem::validation_all(vec![("a".into(), "is odd".into()), ("b".into(), "is even".into())]);
        let found = refusals(&both);
        assert_eq!(found.iter().map(|r| r.path.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(found[1].message, "is even");
        let absent = Problem::new(ErrorCode::ContractColumnNotFound, "the data have no column q")
            .with("errors", vec![json!({"path": "controls", "column": "q"})]);
        assert_eq!(refusals(&absent)[0].message, "the data have no column q");
        assert_eq!(refusals(&absent)[0].path, "controls");
        let missing =
            Problem::new(ErrorCode::PlanFreezeMissingRequired, "needs x").with("missing_params", vec!["x"]);
        assert_eq!(refusals(&missing)[0].path, "x");
        let plain = refusals(&Problem::new(ErrorCode::TemplateNotApplicable, "cannot be used here"));
        assert_eq!((plain.len(), plain[0].path.as_str()), (1, ""));
    }
}
