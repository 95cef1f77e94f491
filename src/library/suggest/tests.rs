use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::*;
use crate::domain::dataset::{Column, DatasetRole, InferredType};

fn column(spec: &Value) -> Column {
    let kind = spec["type"].as_str().expect("a type");
    let text = kind == "text";
    let whole = matches!(kind, "integer" | "binary" | "date");
    let name = spec["name"].as_str().expect("a name").to_owned();
    Column {
        original_name: name.clone(),
        name,
        inferred_type: serde_json::from_value(json!(kind)).unwrap_or(InferredType::Number),
        storage: if text { "str20" } else { "double" }.to_owned(),
        format: String::new(),
        label: spec["label"].as_str().map(str::to_owned),
        value_labels: !text && spec["values"].is_array(),
        missing: 0,
        missing_share: spec["missing_share"].as_f64().unwrap_or(0.0),
        distinct: spec["distinct"].as_u64().expect("a number"),
        distinct_is_lower_bound: false,
        min: spec["min"].as_f64(),
        max: spec["max"].as_f64(),
        integer_valued: whole,
        has_negative: spec["min"].as_f64().is_some_and(|m| m < 0.0),
        max_bytes: text.then_some(20),
        levels: Vec::new(),
        names: Vec::new(),
    }
}

fn dataset(spec: &Value) -> Dataset {
    let text = String::new;
    Dataset {
        dataset_key: "main".to_owned(),
        role: DatasetRole::PrimaryDataset,
        original_name: text(),
        format: "csv".to_owned(),
        original_rel_path: text(),
        original_sha256: text(),
        original_size_bytes: 0,
        canonical_rel_path: text(),
        canonical_sha256: text(),
        canonical_size_bytes: 0,
        row_count: spec["rows"].as_u64().expect("rows"),
        columns: spec["columns"].as_array().expect("columns").iter().map(column).collect(),
        repairs: Vec::new(),
        sheet_names: Vec::new(),
        selected_sheet: None,
        header_row: None,
        encoding: None,
        delimiter: None,
    }
}

fn values(spec: &Value) -> BTreeMap<String, Vec<String>> {
    let columns = spec["columns"].as_array().expect("columns").iter();
    columns
        .filter(|c| c["values"].is_array())
        .map(|c| (c["name"].as_str().expect("a name").to_owned(), texts(&c["values"])))
        .collect()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Outcome, roles and method of a suggestion against the expected ones.
fn judged(question: &Value, suggestion: &Suggestion) -> [bool; 3] {
    let roles = &suggestion.statement.roles;
    let of = |role: &str| roles.get(role).cloned().unwrap_or_default();
    let expected = question["outcome"].as_str();
    let items = of("item_vars");
    let studied = match &of("outcome_var")[..] {
        [] if expected.is_some() && items.len() == 1 => Some(items[0].clone()),
        [] => None,
        [first, ..] => Some(first.clone()),
    };
    let outcome = studied.as_deref() == expected;
    let mut allowed: BTreeSet<String> = texts(&question["may"]).into_iter().collect();
    allowed.insert("outcome_var".to_owned());
    if expected.is_some() && items.first().map(String::as_str) == expected {
        allowed.insert("item_vars".to_owned());
    }
    let mut right = true;
    for (names, columns) in question["roles"].as_object().expect("roles") {
        let mut held: Vec<String> = Vec::new();
        for name in names.split('|') {
            allowed.insert(name.to_owned());
            match name.strip_prefix("parameters.") {
                Some(parameter) => held.extend(
                    suggestion.statement.parameters.get(parameter).and_then(Value::as_str).map(str::to_owned),
                ),
                None => held.extend(of(name)),
            }
        }
        held.sort();
        let mut columns = texts(columns);
        columns.sort();
        right &= held == columns;
    }
    right &= roles.keys().all(|role| allowed.contains(role));
    for open in texts(&question["open"]) {
        right &= of(&open).is_empty() && suggestion.open_questions.iter().any(|q| q.field == open);
    }
    let methods = texts(&question["methods"]);
    let method = suggestion.template_id.as_ref().is_some_and(|id| methods.iter().any(|m| m == id.as_str()));
    [outcome, right, method]
}

/// Shares of right outcomes, roles and methods.
#[expect(clippy::print_stderr, reason = "the questions that fail are shown for the work on the rules")]
fn scores(questions: &str, shown: bool) -> [f64; 3] {
    let library = Library::embedded().expect("the library");
    let datasets: Value =
        serde_json::from_str(include_str!("../../../tests/fixtures/suggest/datasets.json")).expect("JSON");
    let questions: Vec<Value> = questions.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let mut right = [0.0; 3];
    for question in &questions {
        let spec = &datasets[question["data"].as_str().expect("data")];
        let text = question["question"].as_str().expect("a question");
        let suggestion = suggest(&SuggestInput {
            library: &library,
            question: text,
            dataset: &dataset(spec),
            values: &values(spec),
        });
        let judged = judged(question, &suggestion);
        for (sum, right) in right.iter_mut().zip(judged) {
            *sum += f64::from(u8::from(right));
        }
        if shown && judged.contains(&false) {
            let s = &suggestion.statement;
            eprintln!(
                "{} {judged:?} {text}\n    got {:?} {:?} {} want {} {} {}",
                question["id"],
                suggestion.template_id.as_ref().map(TemplateId::as_str).unwrap_or_default(),
                s.roles,
                Value::Object(s.parameters.clone()),
                question["methods"],
                question["outcome"],
                question["roles"]
            );
        }
    }
    right.map(|sum| sum / questions.len() as f64)
}

/// Least shares of right outcomes, roles and methods.
const LEAST: [f64; 3] = [0.95, 0.85, 0.90];

#[test]
#[expect(clippy::print_stderr, reason = "the scores are recorded in docs/suggest.md")]
fn drafts_by_rules_reach_the_asserted_scores() {
    for (name, questions, shown) in [
        ("questions", include_str!("../../../tests/fixtures/suggest/questions.jsonl"), true),
        ("held out", include_str!("../../../tests/fixtures/suggest/held_out.jsonl"), false),
    ] {
        let reached = scores(questions, shown);
        let [outcome, roles, method] = reached.map(|share| 100.0 * share);
        eprintln!("{name}: outcome {outcome:.1} %, roles {roles:.1} %, method {method:.1} %");
        let enough = reached.iter().zip(LEAST).all(|(share, least)| *share >= least);
        assert!(enough, "{name}: {reached:?} is below {LEAST:?}");
    }
}

fn suggested(data: &str, question: &str) -> Suggestion {
    let library = Library::embedded().expect("the library");
    let datasets: Value =
        serde_json::from_str(include_str!("../../../tests/fixtures/suggest/datasets.json")).expect("JSON");
    let spec = &datasets[data];
    let (dataset, values) = (dataset(spec), values(spec));
    let input = SuggestInput { library: &library, question, dataset: &dataset, values: &values };
    let first = suggest(&input);
    assert_eq!(first, suggest(&input), "the same input gives the same draft");
    first
}

fn choice<'a>(suggestion: &'a Suggestion, field: &str) -> &'a Choice {
    suggestion.choices.iter().find(|c| c.field == field).expect("the field is filled")
}

#[test]
fn reasons_quote_the_words_as_they_were_written() {
    let s = suggested("wages", "Efect of Educaton on hourly wages, controlling for experience");
    let cause = choice(&s, "roles.regressors");
    assert_eq!((&cause.words[..], cause.basis.as_str()), (&["Educaton".to_owned()][..], "spelling"));
    assert!(cause.reason.en.contains("“Educaton” is read as “education”"), "{}", cause.reason.en);
    let outcome = choice(&s, "roles.outcome_var");
    assert_eq!(outcome.words, ["hourly wages"]);
    assert!(outcome.reason.zh.as_deref().is_some_and(|zh| zh.contains("hourly wages")));
    assert!(cause.confidence < outcome.confidence, "a misspelt word is less certain");
    assert!(s.confidence <= cause.confidence);
}

#[test]
fn an_excluded_control_is_no_control() {
    let s = suggested("wages", "effect of education on wages without controlling for age");
    assert_eq!(s.statement.roles.get("controls"), None);
    assert!(s.open_questions.is_empty(), "{:?}", s.open_questions);
}

#[test]
fn words_that_no_role_uses_become_a_question() {
    let s = suggested("wages", "effect of education on wages, compared with the North");
    let open = s.open_questions.iter().find(|q| q.field == "requirement").expect("a question");
    assert_eq!(open.candidates, ["region"]);
    assert!(open.question.en.contains("“North”") && !open.blocking, "{open:?}");
}

#[test]
fn years_of_schooling_and_numbers_of_workers_are_no_categories() {
    let column = |name: &str| json!({"name": name, "type": "integer", "distinct": 12, "min": 1, "max": 12});
    let wage = json!({"name": "wage", "type": "number", "distinct": 200, "min": 1.5, "max": 90.5});
    let dataset = dataset(&json!({"rows": 240, "columns": [wage, column("schooling"), column("workers")]}));
    let library = Library::embedded().expect("the library");
    let values = BTreeMap::new();
    let question = "How does schooling affect the wage, controlling for workers?";
    let input = SuggestInput { library: &library, question, dataset: &dataset, values: &values };
    let statement = suggest(&input).statement;
    assert_eq!(statement.roles["regressors"], ["schooling"]);
    assert!(statement.categorical_vars.is_empty(), "{:?}", statement.categorical_vars);
}

/// The draft of a question on columns, and what it leaves open.
fn drafted(rows: u64, columns: &[Value], question: &str) -> (Map<String, Value>, Vec<OpenQuestion>) {
    let spec = json!({"rows": rows, "columns": columns});
    let (dataset, values) = (dataset(&spec), values(&spec));
    let library = Library::embedded().expect("the library");
    let made = suggest(&SuggestInput { library: &library, question, dataset: &dataset, values: &values });
    (draft_of(&made), made.open_questions)
}

fn measure(name: &str, rows: u64) -> Value {
    json!({"name": name, "type": "number", "distinct": rows / 2, "min": 0.5, "max": 90.5})
}

fn words(name: &str, levels: &[&str]) -> Value {
    json!({"name": name, "type": "text", "distinct": levels.len(), "values": levels})
}

fn stores() -> Vec<Value> {
    vec![
        json!({"name": "store_id", "type": "integer", "distinct": 390, "min": 1, "max": 390}),
        words("state", &["New Jersey", "Pennsylvania"]),
        words("period", &["after", "before"]),
        measure("fte_employment", 780),
    ]
}

#[test]
fn an_effect_in_one_of_two_groups_is_read_off_the_changes_of_both() {
    let question = "Did raising pay in New Jersey reduce full-time employment compared with Pennsylvania?";
    let (draft, open) = drafted(780, &stores(), question);
    assert_eq!(draft["template_id"], "did.two_period", "{draft:?}");
    assert_eq!(
        draft["roles"],
        json!({"outcome_var": ["fte_employment"], "treatment_var": ["state_newjersey"], "post_var": ["period_after"],
            "cluster_var": ["store_id"]})
    );
    assert_eq!(draft["derived_variables"][0]["expression"], "state == \"New Jersey\"");
    assert_eq!(draft["derived_variables"][1]["expression"], "period == \"after\"");
    assert!(open.iter().all(|q| q.field != "treatment_var"), "the question says which: {open:?}");

    let (levels, _) = drafted(780, &stores(), "Is employment different in New Jersey and Pennsylvania?");
    assert_eq!(levels["template_id"], "test.ttest_two", "{levels:?}");
}

#[test]
fn two_of_several_categories_leave_the_others_out() {
    let columns = [words("city", &["Bergen", "Oslo", "Tromso"]), measure("sleep_hours", 300)];
    let (draft, _) = drafted(300, &columns, "Do people in Bergen or in Oslo sleep more hours?");
    assert_eq!(
        (&draft["template_id"], &draft["sample_if"]),
        (&json!("test.ttest_two"), &json!("inlist(city, \"Bergen\", \"Oslo\")"))
    );
    let (all, _) = drafted(300, &columns, "Do sleep hours differ between cities?");
    assert_eq!((&all["template_id"], all.get("sample_if")), (&json!("test.anova_oneway"), None));
}

#[test]
fn a_clause_of_the_rows_limits_the_sample() {
    let columns = [
        words("education", &["primary", "secondary", "university"]),
        measure("income", 500),
        measure("trust", 500),
    ];
    for question in [
        "Among university graduates, does income raise trust?",
        "Does income raise trust among university graduates?",
    ] {
        let (draft, _) = drafted(500, &columns, question);
        assert_eq!(draft["sample_if"], "education == \"university\"", "{question}: {draft:?}");
        assert_eq!(draft["roles"], json!({"outcome_var": ["trust"], "regressors": ["income"]}), "{question}");
    }
}

#[test]
fn words_of_values_and_of_first_measurements_are_found() {
    let variants =
        [words("variant", &["control", "new_checkout"]), measure("revenue", 400), measure("tax", 400)];
    let (draft, _) = drafted(400, &variants, "Does the new checkout raise revenue?");
    let roles = draft["roles"].to_string();
    assert!(roles.contains("variant") && roles.contains("revenue"), "{draft:?}");

    let trial = [
        words("arm", &["drug", "other", "placebo"]),
        measure("baseline_hba1c", 240),
        measure("hba1c_6m", 240),
    ];
    let (draft, open) = drafted(
        240,
        &trial,
        "Do the drugs lower hba1c at six months more than placebo, adjusting for baseline?",
    );
    assert_eq!(draft["roles"]["controls"], json!(["baseline_hba1c"]), "{draft:?}");
    assert!(open.iter().all(|q| !q.blocking), "{open:?}");
}

#[test]
fn rows_that_are_correlated_are_clusters() {
    let columns = [
        json!({"name": "county", "type": "integer", "distinct": 58, "min": 0, "max": 57}),
        measure("turnout", 700),
        json!({"name": "mail_in_voting", "type": "binary", "distinct": 2, "min": 0, "max": 1}),
    ];
    let question = "Does mail-in voting raise turnout? Precincts in the same county are correlated.";
    let (draft, _) = drafted(700, &columns, question);
    assert_eq!(draft["template_id"], "linear.ols_cluster", "{draft:?}");
    assert_eq!(draft["roles"]["cluster_var"], json!(["county"]));
}

#[test]
fn a_control_that_only_a_part_of_a_name_has_is_held_or_asked_for() {
    let columns = [
        measure("height_cm", 400),
        measure("salary_million", 400),
        measure("minutes", 400),
        measure("points_per_game", 400),
    ];
    let question = "Are taller players paid more, given their points and minutes?";
    let (draft, open) = drafted(400, &columns, question);
    let held = texts(&draft["roles"]["controls"]).contains(&"points_per_game".to_owned());
    let asked = open.iter().any(|q| q.field == "controls" && q.candidates == ["points_per_game"]);
    assert!(held || asked, "{draft:?} {open:?}");
}
