//! Judges what a client states of an analysis: data steps, derived variables and the condition against the columns, then
//! the template, by the client's own choice or by the ranking. Pure.

use serde_json::json;

use crate::domain::dataset::Inputs;
use crate::domain::draft::{DraftSource, Selection};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::expression::parse_condition;
use crate::domain::ids::TemplateId;
use crate::library::derived::{Derived, with_derived};
use crate::library::repairs::with_repairs;
use crate::library::select::{Selected, SelectionInput, Stage2, select};
use crate::library::{Library, Template};
use crate::service::drafts::draft_request::Stated;
use crate::service::inputs::count_data_steps::unfit_steps;

/// A statement with all that it is judged by.
pub struct Asked<'a> {
    /// Library that is ranked.
    pub library: &'a Library,
    /// The empirical question.
    pub requirement: &'a str,
    /// Data sets as they were uploaded.
    pub inputs: &'a Inputs,
    /// Statement of the client.
    pub stated: &'a Stated,
    /// Author of the statement.
    pub source: DraftSource,
    /// True if a question on the method waits for an answer: nothing is taken from the ranking.
    pub method_is_open: bool,
}

/// The template of a statement.
pub struct Chosen {
    /// The template that the client named, if any.
    pub template_id: Option<TemplateId>,
    /// Verdicts and ranking.
    pub selected: Selected,
    /// The choice; none where no template is applicable, or the method is open.
    pub stage2: Option<Stage2>,
}

/// Returns the inputs with the columns that data steps and derived variables add.
///
/// # Errors
/// `INPUT_VALIDATION_FAILED` for steps that do not fit the data, `EXPRESSION_INVALID`.
pub fn with_columns(inputs: &Inputs, stated: &Stated) -> Result<Inputs, Problem> {
    let (columns, derived) = with_derived(inputs, &stated.statement);
    if let Some(problem) = unfit_steps(&derived.stepped.violations) {
        return Err(problem);
    }
    check_expressions(stated, &columns, derived)
        .map_err(|problem| with_repairs(problem, inputs, &stated.statement))?;
    Ok(columns)
}

/// Ranks the library and checks or makes the choice. `columns` are the inputs with every column of the statement.
///
/// # Errors
/// `DO_TEMPLATE_SELECTION_INVALID_TEMPLATE_ID`, `TEMPLATE_NOT_APPLICABLE`.
pub fn choose(asked: &Asked<'_>, columns: &Inputs) -> Result<Chosen, Problem> {
    let stated = asked.stated;
    let template_id =
        stated.template_id.as_deref().map(|text| parse_template_id(text, asked.library)).transpose()?;
    let selected = select(&SelectionInput {
        library: asked.library,
        question: &format!("{}\n{}", asked.requirement, stated.draft_text),
        question_kinds: &[],
        statement: &stated.statement,
        dataset: columns.primary(),
    });
    let choice = choice(asked, &selected, template_id.as_ref())
        .map_err(|problem| with_repairs(problem, asked.inputs, &stated.statement))?;
    let stage2 = choice.map(|(chosen, chosen_by, rationale)| Stage2 {
        chosen,
        chosen_by: chosen_by.to_owned(),
        rationale: rationale.to_owned(),
        evidence: vec!["artifacts/selection/candidates.json".to_owned()],
        refused: Vec::new(),
    });
    Ok(Chosen { template_id, selected, stage2 })
}

/// A template, by whom it was chosen, and why.
type Choice = (TemplateId, &'static str, &'static str);

fn choice(
    asked: &Asked<'_>,
    selected: &Selected,
    template_id: Option<&TemplateId>,
) -> Result<Option<Choice>, Problem> {
    Ok(match template_id {
        Some(id) if asked.library.get(id).is_none() => {
            return Err(unknown_template(id.as_str(), asked.library));
        }
        Some(id) => {
            selected.check_client_choice(id)?;
            Some(if asked.source == DraftSource::Rules {
                (id.clone(), "rules", "rules chose it from the words of the question; no model took part")
            } else {
                (id.clone(), "client", "the client named the template and it is applicable")
            })
        }
        None if asked.method_is_open => None,
        None => selected
            .first()
            .map(|id| (id.clone(), "ranking", "no model is configured: the first of the ranking was taken")),
    })
}

/// Refuses derived variables and a condition that cannot be read on these columns.
fn check_expressions(stated: &Stated, inputs: &Inputs, derived: Derived) -> Result<(), Problem> {
    if let Some((path, error)) = derived.refused.into_iter().next() {
        return Err(error.into_problem(&path));
    }
    let Some(text) = &stated.statement.sample_if else { return Ok(()) };
    let columns = inputs.primary().map_or(&[][..], |d| d.columns.as_slice());
    parse_condition(text, columns).map(drop).map_err(|error| error.into_problem("sample_if"))
}

/// Returns the template with the id that a client wrote.
///
/// # Errors
/// `DO_TEMPLATE_SELECTION_INVALID_TEMPLATE_ID` with the nearest ids.
pub fn named_template<'a>(text: &str, library: &'a Library) -> Result<&'a Template, Problem> {
    let id = parse_template_id(text, library)?;
    library.get(&id).ok_or_else(|| unknown_template(text, library))
}

/// What an open method asks of a person.
pub const OPEN_METHOD: &str = "the question leaves the analysis open: choose one of the library";

/// Most analyses that a refusal names.
const MOST_NAMED: usize = 5;

/// Says that a draft has no template: `PLAN_FREEZE_MISSING_REQUIRED` with the candidates where the method is open,
/// `PLAN_FREEZE_NOT_ALLOWED` where no template fits.
pub fn no_template(selection: &Selection) -> Problem {
    if !selection.is_open() {
        let text = "no template fits the draft; set more roles or choose a template";
        return Problem::new(ErrorCode::PlanFreezeNotAllowed, text).with("reason", "no_applicable_template");
    }
    let candidates: Vec<&str> = selection.applicable().take(MOST_NAMED).map(TemplateId::as_str).collect();
    let text = format!("{OPEN_METHOD}, such as {}, by template_id", candidates.join(", "));
    let detail = json!([{"field": "template_id", "description": OPEN_METHOD, "candidates": candidates}]);
    Problem::new(ErrorCode::PlanFreezeMissingRequired, text)
        .with("reason", "method_open")
        .with("missing_fields", ["template_id"])
        .with("missing_fields_detail", detail)
}

fn parse_template_id(text: &str, library: &Library) -> Result<TemplateId, Problem> {
    TemplateId::parse(text).map_err(|_| unknown_template(text, library))
}

fn unknown_template(text: &str, library: &Library) -> Problem {
    let shown: String = text.chars().take(96).collect();
    let nearest = library.nearest(&shown);
    let message = format!(
        "the library has no template {shown}; the nearest ids are {}: choose one of them, list the templates, or leave template_id \
         out, and the words of the question decide",
        nearest.join(", ")
    );
    Problem::new(ErrorCode::DoTemplateSelectionInvalidTemplateId, message)
        .with("candidates", nearest)
        .with("template_id", shown)
}
