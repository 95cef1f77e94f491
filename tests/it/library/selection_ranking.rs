//! Which template a question, a draft and the data lead to: applicability with reasons, a deterministic
//! ranking in both languages, and the check of a choice.

use serde_json::{Value, json};
use stata_service::domain::dataset::Inputs;
use stata_service::domain::draft::Statement;
use stata_service::domain::ids::TemplateId;
use stata_service::library::Library;
use stata_service::library::missing_parameters::{column_candidates, draft_gaps, parameter_views};
use stata_service::library::select::{Selected, SelectionInput, select};

use crate::support::columns::{inputs, number, pay, text};

fn statement(roles: Value) -> Statement {
    serde_json::from_value(json!({ "roles": roles })).expect("a statement")
}

fn selected(library: &Library, question: &str, kinds: &[&str], roles: Value, inputs: &Inputs) -> Selected {
    let kinds: Vec<String> = kinds.iter().map(|k| (*k).to_owned()).collect();
    select(&SelectionInput {
        library,
        question,
        question_kinds: &kinds,
        statement: &statement(roles),
        dataset: inputs.primary(),
    })
}

fn first(selected: &Selected) -> &str {
    selected.first().map_or("", TemplateId::as_str)
}

#[test]
fn a_question_in_either_language_finds_its_template() {
    let library = Library::embedded().expect("the library");
    let cases = [
        ("What is in this file, are there missing values or duplicates?", "data.codebook"),
        ("检查数据质量，缺失值和重复行", "data.codebook"),
        ("correlation between pay, age and schooling", "desc.correlation"),
        ("这些变量之间的相关系数", "desc.correlation"),
        ("Do wages differ between men and women? Use a t test", "test.ttest_two"),
        ("两组均值是否有差异，做t检验", "test.ttest_two"),
        ("linear regression with robust standard errors", "linear.ols_robust"),
        ("稳健标准误的线性回归", "linear.ols_robust"),
        ("regression with standard errors clustered by school", "linear.ols_cluster"),
        ("按学校聚类标准误的回归", "linear.ols_cluster"),
        ("logit with marginal effects for a yes/no outcome", "limited.logit_margins"),
        ("二元因变量的logit模型和边际效应", "limited.logit_margins"),
        ("firm and year fixed effects panel regression", "panel.fe"),
        ("面板数据固定效应模型", "panel.fe"),
        ("instrumental variables, two-stage least squares", "iv.tsls"),
        ("用工具变量两阶段最小二乘法估计", "iv.tsls"),
    ];
    for (question, expected) in cases {
        let selected = selected(&library, question, &[], json!({}), &pay());
        let ranking: Vec<_> =
            selected.candidates.ranking.iter().take(4).map(|r| (r.template_id.as_str(), r.score)).collect();
        assert_eq!(first(&selected), expected, "{question}: {ranking:?}");
    }
}

#[test]
fn the_roles_of_a_draft_decide_between_templates_for_one_question() {
    let library = Library::embedded().expect("the library");
    let question = "effect of schooling on wages";
    let cases = [
        (json!({"outcome_var": ["log_pay"], "regressors": ["schooling"]}), "linear.ols_robust"),
        (
            json!({"outcome_var": ["log_pay"], "endogenous_vars": ["schooling"], "instrument_vars": ["age"]}),
            "iv.tsls",
        ),
        (
            json!({"outcome_var": ["log_pay"], "regressors": ["schooling"], "entity_var": ["firm"], "time_var": ["year"]}),
            "panel.fe",
        ),
        (json!({"outcome_var": ["female"], "regressors": ["schooling"]}), "limited."),
    ];
    for (roles, expected) in cases {
        let selected = selected(&library, question, &["effect"], roles.clone(), &pay());
        let ranking: Vec<_> =
            selected.candidates.ranking.iter().take(4).map(|r| (r.template_id.as_str(), r.score)).collect();
        assert!(first(&selected).starts_with(expected), "{roles}: {ranking:?}");
    }
}

#[test]
fn the_same_input_gives_the_same_candidates() {
    let library = Library::embedded().expect("the library");
    let once = || {
        selected(
            &library,
            "wages and education 工资",
            &["effect"],
            json!({"outcome_var": ["log_pay"]}),
            &pay(),
        )
    };
    let (a, b) = (once(), once());
    assert_eq!(serde_json::to_string(&a.candidates).ok(), serde_json::to_string(&b.candidates).ok());
    assert_eq!(serde_json::to_string(&a.stage1).ok(), serde_json::to_string(&b.stage1).ok());
    let scores: Vec<f64> = a.candidates.ranking.iter().map(|r| r.score).collect();
    assert!(scores.windows(2).all(|w| w[0] >= w[1]), "{scores:?}");
    assert!(scores.iter().all(|s| (0.0..=1.0).contains(s)), "{scores:?}");
}

#[test]
fn evidence_reads_back() {
    let library = Library::embedded().expect("the library");
    let found = selected(&library, "wages", &[], json!({}), &pay());
    let stage1 = serde_json::to_value(&found.stage1).expect("it serialises");
    assert_eq!(serde_json::from_value(stage1).ok(), Some(found.stage1.clone()));
    let candidates = serde_json::to_value(&found.candidates).expect("it serialises");
    assert_eq!(serde_json::from_value(candidates).ok(), Some(found.candidates.clone()));
    assert_eq!(found.stage1.templates.len(), library.len(), "every template has its verdict");
}

#[test]
fn what_does_not_fit_is_not_applicable_and_says_why() {
    let library = Library::embedded().expect("the library");
    let cases = [
        // a text outcome
        (
            "linear.ols_robust",
            json!({"outcome_var": ["region"], "regressors": ["age"]}),
            pay(),
            "outcome_var",
        ),
        // an outcome that is not 0/1
        (
            "limited.logit_margins",
            json!({"outcome_var": ["age"], "regressors": ["schooling"]}),
            pay(),
            "outcome_var",
        ),
        // no column could be the outcome
        (
            "limited.logit_margins",
            json!({}),
            inputs(800, vec![number("a", 90, 0.0, 90.0, true)]),
            "no column",
        ),
        ("desc.correlation", json!({}), inputs(800, vec![text("a", 90), text("b", 90)]), "no column"),
        // too few rows
        ("linear.ols_robust", json!({}), inputs(3, pay().datasets[0].columns.clone()), "rows"),
    ];
    for (id, roles, inputs, expected) in cases {
        let found = selected(&library, "regression", &[], roles, &inputs);
        let verdict =
            found.stage1.templates.iter().find(|t| t.template_id.as_str() == id).expect("a verdict");
        assert!(!verdict.applicable, "{id}");
        assert!(verdict.blockers.iter().any(|b| b.contains(expected)), "{id}: {:?}", verdict.blockers);
        assert!(!found.candidates.ranking.iter().any(|r| r.template_id.as_str() == id));
        let problem = found.check_client_choice(&verdict.template_id).expect_err("a refusal");
        assert_eq!(problem.code.as_str(), "TEMPLATE_NOT_APPLICABLE");
        assert!(problem.context["blockers"].as_array().is_some_and(|b| !b.is_empty()));
    }
}

#[test]
fn a_soft_exclusion_and_an_unused_role_lower_and_say_so() {
    let library = Library::embedded().expect("the library");
    let ols = |roles: Value| {
        let found = selected(&library, "regression of pay", &[], roles, &pay());
        found.candidates.ranking.into_iter().find(|r| r.template_id.as_str() == "linear.ols_robust")
    };
    let plain = ols(json!({"outcome_var": ["log_pay"]})).expect("a candidate");
    assert_eq!(plain.features.lowered, 0.0);
    let roles = json!({"outcome_var": ["log_pay"], "entity_var": ["firm"], "time_var": ["year"]});
    let panel = ols(roles).expect("still a candidate");
    assert!(panel.features.lowered > 0.2 && panel.score < plain.score, "{panel:?}");
    for expected in ["the data are a panel", "entity_var would be unused"] {
        assert!(panel.reasons.iter().any(|r| r.contains(expected)), "{:?}", panel.reasons);
    }
}

#[test]
fn only_offered_candidates_can_be_chosen_by_a_model() {
    let library = Library::embedded().expect("the library");
    let found = selected(&library, "linear regression", &[], json!({}), &pay());
    let offered = found.first().expect("a candidate").clone();
    assert_eq!(found.check_model_choice(offered.as_str()).ok(), Some(offered.clone()));
    for bad in ["linear.unheard_of", "", "Linear", "x".repeat(5000).as_str()] {
        let problem = found.check_model_choice(bad).expect_err("a refusal");
        assert_eq!(problem.code.as_str(), "DO_TEMPLATE_SELECTION_INVALID_TEMPLATE_ID");
        assert!(
            problem.context["candidates"].as_array().is_some_and(|c| c.contains(&json!(offered.as_str())))
        );
    }
    let unknown = TemplateId::parse("linear.unheard_of").expect("an id");
    let problem = found.check_client_choice(&unknown).expect_err("a refusal");
    assert_eq!(problem.code.as_str(), "TEMPLATE_NOT_FOUND");
}

#[test]
fn gaps_and_views_of_a_draft_offer_columns_and_bind_none() {
    let library = Library::embedded().expect("the library");
    let id = TemplateId::parse("panel.fe").expect("an id");
    let meta = &library.get(&id).expect("a template").meta;
    let columns = pay().datasets[0].columns.clone();
    let draft = statement(json!({"outcome_var": ["log_pay"], "time_var": ["year"]}));
    let gaps = draft_gaps(meta, &draft, &columns);
    let fields: Vec<&str> = gaps.iter().map(|g| g.field.as_str()).collect();
    assert_eq!(fields, ["regressors", "entity_var"]);
    assert!(gaps[1].candidates.contains(&"firm".to_owned()));
    assert!(!gaps[0].candidates.contains(&"hired_on".to_owned()));
    let views = parameter_views(meta, &draft, &columns);
    let view = |name: &str| views.iter().find(|v| v.name == name).expect("a parameter");
    assert_eq!((view("outcome").status, view("outcome").source), ("bound", Some("draft_role")));
    assert_eq!((view("panel_id").status, &view("panel_id").value), ("missing", &Value::Null));
    assert_eq!((view("level").status, &view("level").value), ("default", &json!(95)));
    let outcome = meta.parameters.iter().find(|p| p.name == "outcome").expect("a parameter");
    let candidates = column_candidates(outcome, &columns);
    assert!(candidates.contains(&"log_pay".to_owned()) && !candidates.contains(&"region".to_owned()));
}

/// An exam of 600 pupils: `student` numbers the rows, and no command should name it as a marker.
#[test]
fn numbers_of_the_rows_are_offered_last() {
    let library = Library::embedded().expect("the library");
    let id = TemplateId::parse("medical.roc").expect("an id");
    let meta = &library.get(&id).expect("a template").meta;
    let marker = meta.parameters.iter().find(|p| p.name == "marker").expect("a parameter");
    let mut columns = pay().datasets[0].columns.clone();
    columns.retain(|c| ["log_pay", "age"].contains(&c.name.as_str()));
    let mut numbers = columns[0].clone();
    (numbers.name, numbers.integer_valued, numbers.missing) = ("student".to_owned(), true, 0);
    (numbers.distinct, numbers.min, numbers.max) = (600, Some(1.0), Some(600.0));
    columns.insert(0, numbers);
    let candidates = column_candidates(marker, &columns);
    assert_eq!(candidates.last().map(String::as_str), Some("student"), "{candidates:?}");
    assert!(candidates.len() > 1);
}

/// The labelled questions; `cargo bench --bench selection` measures the ranking with them.
const QUESTIONS: &str = include_str!("../../fixtures/selection/questions.jsonl");

#[test]
fn the_labelled_questions_cover_the_library_in_both_languages() {
    let library = Library::embedded().expect("the library");
    let questions: Vec<Value> =
        QUESTIONS.lines().map(|line| serde_json::from_str(line).expect("a question")).collect();
    assert!(questions.len() >= 150);
    let of = |language: &str| questions.iter().filter(|q| q["language"] == language).count();
    assert!(of("en") >= 50 && of("zh") >= 50, "{} {}", of("en"), of("zh"));
    let mut asked: Vec<&str> = questions
        .iter()
        .flat_map(|q| q["expected"].as_array().expect("a list"))
        .map(|id| id.as_str().expect("an id"))
        .collect();
    asked.sort_unstable();
    asked.dedup();
    let known: Vec<&str> = library.templates().map(|t| t.meta.id.as_str()).collect();
    assert!(asked.iter().all(|id| known.contains(id)), "{asked:?}");
    assert!(known.iter().all(|id| asked.contains(id)), "{known:?}");
}

#[test]
fn the_command_line_prints_the_ranking_as_a_list() {
    let program = env!("CARGO_BIN_EXE_stata-service");
    let question = "Do women earn less on average than men?";
    let arguments = ["library", "rank", "--json", "--question", question, "--columns", "wage,female"];
    let output = std::process::Command::new(program).args(arguments).output().expect("runs");
    let ranking: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let first = &ranking.as_array().expect("a list")[0];
    assert!(first["template_id"].is_string() && first["score"].is_number() && first["reasons"].is_array());
    let ids: Vec<&Value> = ranking.as_array().into_iter().flatten().map(|r| &r["template_id"]).collect();
    assert!(ids.contains(&&json!("limited.logit_margins")), "names alone exclude nothing");
}
