//! From a draft to a plan: order of the sources, what is refused and with which context, and what a plan's
//! id depends on.

use std::sync::Arc;

use serde_json::{Value, json};
use stata_service::domain::dataset::Inputs;
use stata_service::domain::draft::{DraftSource, Selection, Statement};
use stata_service::domain::error::Problem;
use stata_service::domain::ids::TemplateId;
use stata_service::domain::plan::Plan;
use stata_service::library::Library;
use stata_service::library::freeze::{
    DependencyStatus, FreezeInput, FreezeRequest, Preview, freeze, preview,
};

use crate::support::columns::{inputs, number, pay};

struct Case {
    library: Arc<Library>,
    template: TemplateId,
    inputs: Inputs,
    statement: Statement,
    request: FreezeRequest,
}

impl Case {
    fn new(template: &str, roles: Value) -> Self {
        let statement: Statement = serde_json::from_value(json!({ "roles": roles })).expect("a statement");
        Self {
            library: Library::embedded().expect("the library"),
            template: TemplateId::parse(template).expect("an id"),
            inputs: pay(),
            statement,
            request: FreezeRequest::default(),
        }
    }

    fn ols() -> Self {
        Self::new("linear.ols_robust", json!({"outcome_var": ["log_pay"], "regressors": ["schooling"]}))
    }

    fn with<T>(&self, f: impl FnOnce(&FreezeInput<'_>) -> T) -> T {
        f(&FreezeInput {
            library: &self.library,
            template_id: &self.template,
            statement: &self.statement,
            inputs: &self.inputs,
            request: &self.request,
            selection: &Selection::default(),
            plan_source: DraftSource::Client,
            rationale: "",
            evidence: &[],
            revision: 1,
            created_at: "2026-01-02T03:04:05Z".parse().expect("a time"),
            dependency: &|_| DependencyStatus::unknown(),
        })
    }

    fn freeze(&self) -> Result<Plan, Problem> {
        self.with(freeze)
    }

    fn plan(&self) -> Plan {
        self.freeze().unwrap_or_else(|p| panic!("{p}"))
    }

    fn refusal(&self) -> Problem {
        self.freeze().map(|p| p.contract.bound).expect_err("a refusal")
    }

    fn preview(&self) -> Preview {
        self.with(preview).expect("a preview")
    }
}

fn source(plan: &Plan, name: &str) -> Option<String> {
    plan.contract.parameters.iter().find(|p| p.name == name).and_then(|p| p.source.clone())
}

fn object(value: Value) -> serde_json::Map<String, Value> {
    value.as_object().expect("an object").clone()
}

#[test]
fn freeze_without_a_required_role_is_refused_with_everything_that_is_missing() {
    let case = Case::new("linear.ols_robust", json!({"controls": ["age"]}));
    let problem = case.refusal();
    assert_eq!(problem.code.as_str(), "PLAN_FREEZE_MISSING_REQUIRED");
    assert_eq!(problem.context["missing_params"], json!(["outcome", "regressors"]));
    assert_eq!(problem.context["missing_fields"], json!(["outcome_var", "regressors"]));
    let detail = &problem.context["missing_params_detail"][0];
    assert_eq!((&detail["param"], &detail["type"]), (&json!("outcome"), &json!("varname")));
    let candidates = detail["candidates"].as_array().expect("candidates");
    assert!(
        candidates.contains(&json!("log_pay")) && !candidates.contains(&json!("region")),
        "{candidates:?}"
    );
    assert!(!detail["description"].as_str().unwrap_or_default().is_empty());
    assert_eq!(problem.context["missing_fields_detail"].as_array().map(Vec::len), Some(2));
    assert_eq!(problem.context["next_actions"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_treatment_is_the_first_regressor_where_the_template_has_no_parameter_for_it() {
    let mut case = Case::new(
        "linear.ols_robust",
        json!({"outcome_var": ["log_pay"], "treatment_var": ["female"], "regressors": ["schooling"], "controls": ["age"]}),
    );
    let plan = case.plan();
    assert_eq!(plan.contract.bound["regressors"], json!(["female", "schooling"]));
    assert_eq!(plan.contract.bound["controls"], json!(["age"]));
    case.statement.roles.remove("regressors");
    assert_eq!(case.plan().contract.bound["regressors"], json!(["female"]));
    case.statement.parameters = object(json!({"regressors": ["schooling"]}));
    assert_eq!(case.refusal().code.as_str(), "ROLE_UNUSED");
}

#[test]
fn values_are_bound_in_the_order_of_their_sources_and_say_it() {
    let mut case = Case::ols();
    let plan = case.plan();
    assert_eq!(source(&plan, "outcome").as_deref(), Some("draft_role"));
    assert_eq!(source(&plan, "level").as_deref(), Some("default"));
    assert_eq!(source(&plan, "controls"), None);
    case.statement.parameters = object(json!({"level": 90, "outcome": "age", "controls": "zone, female"}));
    let plan = case.plan();
    assert_eq!(plan.contract.bound["outcome"], "age");
    assert_eq!(plan.contract.bound["controls"], json!(["zone", "female"]), "a list written as a text");
    assert_eq!(source(&plan, "outcome").as_deref(), Some("client_parameter"));
    case.request.answers = object(json!({"outcome": "years_work", "level": "99"}));
    let plan = case.plan();
    assert_eq!(
        (&plan.contract.bound["outcome"], &plan.contract.bound["level"]),
        (&json!("years_work"), &json!(99))
    );
    assert_eq!(source(&plan, "level").as_deref(), Some("answer"));
    case.request.variable_corrections = object(json!({"outcome": "log_pay"}));
    let plan = case.plan();
    assert_eq!(plan.contract.bound["outcome"], "log_pay");
    assert_eq!(source(&plan, "outcome").as_deref(), Some("correction"));
}

#[test]
fn a_corrected_column_is_replaced_wherever_the_draft_names_it() {
    let mut case = Case::ols();
    case.statement.roles.insert("outcome_var".to_owned(), vec!["lpay".to_owned()]);
    case.statement.sample_if = Some("lpay > 0 & age >= 18".to_owned());
    assert_eq!(case.refusal().code.as_str(), "CONTRACT_COLUMN_NOT_FOUND");
    case.request.variable_corrections = object(json!({"lpay": "log_pay"}));
    let plan = case.plan();
    assert_eq!(plan.contract.bound["outcome"], "log_pay");
    assert_eq!(source(&plan, "outcome").as_deref(), Some("correction"));
    assert_eq!(plan.sample_if.expect("a condition").canonical, "log_pay > 0 & age >= 18");
}

#[test]
fn a_correction_that_means_two_things_or_nothing_is_refused() {
    let mut case = Case::ols();
    case.inputs = {
        let mut columns = pay().datasets[0].columns.clone();
        columns.push(number("outcome", 50, 0.0, 50.0, false));
        inputs(800, columns)
    };
    case.request.variable_corrections = object(json!({"outcome": "log_pay", "nobody": "log_pay"}));
    let problem = case.refusal();
    assert_eq!(problem.code.as_str(), "INPUT_VALIDATION_FAILED");
    let errors = problem.context["errors"].as_array().expect("errors");
    assert_eq!(errors.len(), 2);
    assert!(errors[0]["reason"].as_str().is_some_and(|r| r.contains("ambiguous")));
}

#[test]
fn absent_columns_are_named_all_at_once_with_near_ones() {
    let case = Case::new(
        "linear.ols_robust",
        json!({"outcome_var": ["log_pya"], "regressors": ["schooling", "scholing"], "controls": ["nothing"]}),
    );
    let problem = case.refusal();
    assert_eq!(problem.code.as_str(), "CONTRACT_COLUMN_NOT_FOUND");
    assert_eq!(problem.context["columns"], json!(["log_pya", "scholing", "nothing"]));
    assert_eq!(problem.context["errors"][0]["candidates"][0], "log_pay");
}

#[test]
fn a_role_that_the_template_would_ignore_is_refused_never_dropped() {
    for (template, role) in [("desc.correlation", "weight_var"), ("test.ttest_two", "cluster_var")] {
        let mut case = Case::new(
            template,
            json!({"item_vars": ["log_pay", "age"], "group_var": ["female"], "outcome_var": ["log_pay"]}),
        );
        let takes: Vec<String> = {
            let template = case.library.get(&case.template).expect("a template");
            template.meta.parameters.iter().map(|p| p.bind.clone()).collect()
        };
        case.statement.roles.retain(|role, _| takes.contains(role));
        case.plan();
        case.statement.roles.insert(role.to_owned(), vec!["weight".to_owned()]);
        let problem = case.refusal();
        assert_eq!(problem.code.as_str(), "ROLE_UNUSED", "{template}");
        assert_eq!(problem.context["roles"], json!([role]));
    }
    let mut case =
        Case::new("linear.quantile", json!({"outcome_var": ["log_pay"], "regressors": ["age", "female"]}));
    case.statement.interaction_terms = vec![vec!["age".to_owned(), "female".to_owned()]];
    assert_eq!(case.refusal().context["roles"], json!(["interaction_terms"]));
}

#[test]
fn values_that_do_not_fit_are_refused_together_with_repairs() {
    let mut case = Case::ols();
    case.statement.roles.insert("outcome_var".to_owned(), vec!["region".to_owned()]);
    case.statement.parameters =
        object(json!({"level": 120, "vce": "magic", "weight_kind": 5, "colour": "red"}));
    let problem = case.refusal();
    assert_eq!(problem.code.as_str(), "INPUT_VALIDATION_FAILED");
    let errors = problem.context["errors"].as_array().expect("errors");
    let paths: Vec<&str> = errors.iter().filter_map(|e| e["path"].as_str()).collect();
    for path in [
        "parameters.outcome",
        "parameters.level",
        "parameters.vce",
        "parameters.weight_kind",
        "parameters.colour",
    ] {
        assert!(paths.contains(&path), "{path}: {paths:?}");
    }
    assert!(errors.iter().all(|e| e["suggestion"].as_str().is_some_and(|s| !s.is_empty())), "{errors:?}");
}

#[test]
fn a_column_in_two_places_and_broken_rules_are_refused() {
    let mut case = Case::ols();
    case.statement.roles.insert("controls".to_owned(), vec!["schooling".to_owned()]);
    let problem = case.refusal();
    assert!(problem.message.contains("schooling"), "{}", problem.message);
    let mut case = Case::ols();
    case.statement.parameters = object(json!({"vce": "cluster"}));
    let problem = case.refusal();
    assert_eq!(problem.code.as_str(), "PLAN_FREEZE_MISSING_REQUIRED");
    assert_eq!(problem.context["missing_params"], json!(["cluster_vars"]));
}

#[test]
fn a_role_under_the_name_of_its_parameter_is_named_beside_the_one_that_is_needed() {
    let mut case = Case::ols();
    case.statement.roles.insert("regressor".to_owned(), vec!["schooling".to_owned()]);
    case.statement.roles.remove("regressors");
    let problem = case.refusal();
    assert_eq!(problem.code.as_str(), "PLAN_FREEZE_MISSING_REQUIRED");
    assert_eq!(problem.context["unused_roles"], json!(["regressor"]));
    let text = "linear.ols_robust needs regressors; it takes no regressor, which the draft has";
    assert!(problem.message.contains(text), "{}", problem.message);
}

#[test]
fn a_condition_that_does_not_parse_is_refused_with_its_place() {
    let mut case = Case::ols();
    case.statement.sample_if = Some("age > \"old\"".to_owned());
    let problem = case.refusal();
    assert_eq!(problem.code.as_str(), "EXPRESSION_INVALID");
    assert_eq!((&problem.context["path"], &problem.context["position"]), (&json!("sample_if"), &json!(4)));
}

#[test]
fn too_few_rows_are_known_before_a_run() {
    let mut case = Case::ols();
    case.inputs.datasets[0].row_count = 5;
    assert!(case.refusal().message.contains("5 rows"));
}

#[test]
fn text_among_model_terms_and_negative_categories_get_companions() {
    let mut case = Case::ols();
    case.statement
        .roles
        .insert("controls".to_owned(), ["region", "sector", "zone", "age"].map(str::to_owned).to_vec());
    case.statement.categorical_vars = vec!["sector".to_owned(), "zone".to_owned()];
    let plan = case.plan();
    let marks: Vec<(&str, Option<&str>, Option<&str>)> = plan
        .categorical_vars
        .iter()
        .map(|m| (m.column.as_str(), m.companion.as_deref(), m.encoding.as_deref()))
        .collect();
    assert_eq!(
        marks,
        [
            ("sector", None, None),
            ("zone", Some("ss_c_zone"), Some("group_label")),
            ("region", Some("ss_c_region"), Some("encode")),
        ]
    );
}

#[test]
fn a_plan_names_what_it_loads_runs_and_leaves() {
    let mut case = Case::ols();
    case.statement.sample_if = Some("age >= 18".to_owned());
    let plan = case.plan();
    assert_eq!(plan.used_columns, ["log_pay", "schooling", "age"]);
    assert_eq!(plan.input_bindings["data.dta"], "main");
    assert_eq!(plan.rel_path, "artifacts/plan.json");
    assert!(plan.contract.missing.is_empty());
    let table = plan.contract.outputs.iter().find(|o| o.kind == "table").expect("a table");
    assert_eq!(table.artifact_kind, "stata.export.table");
    assert_eq!(table.rel_path, format!("artifacts/runs/{{run_id}}/{}", table.file));
    assert_eq!(
        plan.steps.iter().map(|s| s.kind.as_str()).collect::<Vec<_>>(),
        ["generate_stata_do", "run_stata"]
    );
    assert_eq!(plan.steps[1].depends_on, [plan.steps[0].step_id.clone()]);
    assert_eq!(plan.contract.constraints.archive.max_files, 50);
    assert!(plan.contract.dependencies.iter().all(|d| d.status == "unknown"));
    assert!(plan.output_formats.contains(&"csv".to_owned()));
}

#[test]
fn a_template_that_describes_the_whole_file_loads_every_column() {
    assert!(Case::new("data.codebook", json!({})).plan().used_columns.is_empty());
}

#[test]
fn the_panel_is_declared_from_its_roles() {
    let case = Case::new(
        "panel.fe",
        json!({"outcome_var": ["log_pay"], "regressors": ["age"], "entity_var": ["firm"], "time_var": ["year"]}),
    );
    let panel = case.plan().panel.expect("a panel");
    assert_eq!((panel.entity_var.as_deref(), panel.time_var.as_deref()), (Some("firm"), Some("year")));
}

#[test]
fn the_plan_id_depends_on_what_decides_the_result_and_on_nothing_else() {
    let base = Case::ols().plan();
    assert_eq!(base.plan_id, Case::ols().plan().plan_id);
    let mut same = Case::ols();
    same.statement.parameters = object(json!({"level": 95.0}));
    same.request.output_formats = vec!["xlsx".to_owned()];
    assert_eq!(same.plan().plan_id, base.plan_id, "formats and how a value was stated are outside");
    assert_eq!(same.plan().output_formats, ["csv", "svg", "log", "do", "xlsx"]);
    let changes: [fn(&mut Case); 6] = [
        |c| c.request.seed = Some(7),
        |c| c.statement.parameters = object(json!({"level": 90})),
        |c| c.statement.sample_if = Some("age > 18".to_owned()),
        |c| c.inputs.fingerprint = "3".repeat(64),
        |c| drop(c.statement.roles.insert("controls".to_owned(), vec!["sector".to_owned()])),
        |c| {
            c.statement.roles.insert("regressors".to_owned(), vec!["sector".to_owned()]);
            c.statement.categorical_vars = vec!["sector".to_owned()];
        },
    ];
    let mut ids = vec![base.plan_id];
    for change in changes {
        let mut case = Case::ols();
        change(&mut case);
        let id = case.plan().plan_id;
        assert!(!ids.contains(&id));
        ids.push(id);
    }
    let mut spaced = Case::ols();
    spaced.statement.sample_if = Some("  age>18 ".to_owned());
    assert_eq!(spaced.plan().plan_id, ids[3], "the spelling of a condition is outside");
}

#[test]
fn the_seed_is_given_or_follows_from_the_content() {
    let mut case = Case::ols();
    let derived = case.plan().seed;
    assert_eq!(derived, Case::ols().plan().seed);
    assert!(derived <= 2_147_483_647);
    case.request.seed = Some(42);
    assert_eq!(case.plan().seed, 42);
    case.request.seed = Some(2_147_483_648);
    assert_eq!(case.refusal().code.as_str(), "INPUT_VALIDATION_FAILED");
}

#[test]
fn a_stored_plan_reads_back_to_the_same_plan_and_id() {
    let mut case = Case::ols();
    case.statement.sample_if = Some("weight > 0.1 & region != \"北京\"".to_owned());
    case.statement.parameters = object(json!({"level": 97.3}));
    let plan = case.plan();
    let stored = serde_json::to_string(&plan).expect("it serialises");
    let read: Plan = serde_json::from_str(&stored).expect("it reads back");
    assert_eq!(read, plan);
    let content = stata_service::library::plan_content::content(&read, true);
    assert_eq!(stata_service::domain::canonical::sha256_of(&content), plan.plan_id.as_str());
}

#[test]
fn a_preview_shows_the_plan_as_far_as_it_goes() {
    let mut case = Case::ols();
    assert!(case.preview().ready);
    case.statement.roles.remove("regressors");
    case.statement.sample_if = Some("age >".to_owned());
    let preview = case.preview();
    assert!(!preview.ready);
    assert_eq!(preview.plan.contract.missing, ["regressors"]);
    assert_eq!(preview.plan.contract.bound["outcome"], "log_pay");
    let codes: Vec<&str> = preview.problems.iter().map(|p| p.code.as_str()).collect();
    assert_eq!(codes, ["PLAN_FREEZE_MISSING_REQUIRED", "EXPRESSION_INVALID"]);
    assert_eq!(preview.missing_params_detail.len(), 1);
}
