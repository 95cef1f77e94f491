//! No text of a user reaches the do-file other than through the printers: whatever is stated in any place of a
//! draft is refused, or stands in the generated part exactly where a harmless text would stand.

use proptest::prelude::*;
use serde_json::{Value, json};
use stata_service::domain::dataset::{Dataset, DatasetRole, Inputs};
use stata_service::domain::draft::{DraftSource, Selection, Statement};
use stata_service::domain::error::Problem;
use stata_service::domain::ids::TemplateId;
use stata_service::library::Library;
use stata_service::library::freeze::{DependencyStatus, FreezeInput, FreezeRequest, freeze};
use stata_service::library::render::{RunFacts, render};

use crate::support::columns::{number, pay};

/// Stands where the text of the user stands; no word of the service.
const HARMLESS: &str = "zq9";

/// The main data and a further data set; labels and original names are the user's.
fn data(text: &str, key: &str) -> Inputs {
    let mut inputs = pay();
    for column in &mut inputs.datasets[0].columns {
        column.label = Some(text.to_owned());
        column.original_name = text.to_owned();
    }
    inputs.datasets[0].original_name = text.to_owned();
    let further = Dataset {
        dataset_key: key.to_owned(),
        role: DatasetRole::SecondaryDataset,
        columns: vec![number("schooling", 20, 0.0, 20.0, true), number("rate", 9, 1.0, 9.0, false)],
        ..inputs.datasets[0].clone()
    };
    inputs.datasets.push(further);
    inputs
}

/// The generated part of the do-file of a draft in which a text stands at one place.
fn generated(library: &Library, place: &str, text: &str) -> Result<String, Problem> {
    let key = if place == "dataset_key" { text } else { "data_2" };
    let mut inputs = data(if place == "labels" { text } else { "label" }, key);
    let mut draft = json!({
        "roles": {"outcome_var": ["log_pay"], "regressors": ["schooling", "rate"]},
        "data_steps": [{"kind": "merge", "dataset_key": key, "keys": ["schooling"], "merge_type": "m:1"}],
        "derived_variables": [{"name": "older", "expression": "age > 30", "label": "old"}],
        "sample_if": "region == \"a\"",
        "categorical_vars": ["sector"],
    });
    let mut template = "linear.ols_robust";
    let mut request = FreezeRequest { seed: Some(7), ..FreezeRequest::default() };
    let set = |draft: &mut Value, pointer: &str, value: Value| {
        *draft.pointer_mut(pointer).expect("a place of the draft") = value;
    };
    match place {
        "condition" => set(&mut draft, "/sample_if", json!(format!("region == \"{text}\""))),
        "condition whole" => set(&mut draft, "/sample_if", json!(text)),
        "label" => set(&mut draft, "/derived_variables/0/label", json!(text)),
        "name" => set(&mut draft, "/derived_variables/0/name", json!(text)),
        "expression" => {
            set(&mut draft, "/derived_variables/0/expression", json!(format!("strpos(region, \"{text}\")")));
        }
        "expression whole" => set(&mut draft, "/derived_variables/0/expression", json!(text)),
        "key" => set(&mut draft, "/data_steps/0/keys/0", json!(text)),
        "role" => set(&mut draft, "/roles/outcome_var/0", json!(text)),
        "mark" => set(&mut draft, "/categorical_vars/0", json!(text)),
        "correction" => {
            request.variable_corrections.insert("log_pay".to_owned(), json!(text));
        }
        "answer" => {
            request.answers.insert("level".to_owned(), json!(text));
        }
        "column" => {
            // as if ingest had let the name through
            inputs.datasets[0].columns[0].name = text.to_owned();
            set(&mut draft, "/roles/regressors/1", json!(text));
        }
        "title" => {
            template = "plot.scatter";
            draft = json!({"parameters": {"y": "log_pay", "x": "schooling", "title": text}});
        }
        _ => {}
    }
    let statement: Statement = serde_json::from_value(draft).expect("a statement");
    let plan = freeze(&FreezeInput {
        library,
        template_id: &TemplateId::parse(template).expect("an id"),
        statement: &statement,
        inputs: &inputs,
        request: &request,
        selection: &Selection::default(),
        plan_source: DraftSource::Client,
        rationale: text,
        evidence: &[],
        revision: 1,
        created_at: "2026-01-02T03:04:05Z".parse().expect("a time"),
        dependency: &|_| DependencyStatus::unknown(),
    })?;
    let facts = RunFacts {
        run_id: "run-1".to_owned(),
        n1: "n1".to_owned(),
        n2: "n2".to_owned(),
        processors: 1,
        memory_mb: 512,
        scheme: "ss".to_owned(),
    };
    let template = library.get(&plan.template.template_id).expect("the template");
    match render(&plan, template, &facts) {
        Ok(main) => Ok(String::from_utf8(main.bytes[..main.body_offset].to_vec()).expect("UTF-8")),
        // the second line of defence: a plan that freeze should not have let through
        Err(_) => Err(Problem::validation(place, "not printed")),
    }
}

/// Places whose text is printed as it is, and places where it is never printed.
const PRINTED: [&str; 6] = ["condition", "label", "name", "expression", "title", "dataset_key"];
const NAMES: [&str; 5] = ["key", "role", "mark", "correction", "answer"];
const WHOLE: [&str; 3] = ["condition whole", "expression whole", "column"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn a_text_is_refused_or_stands_where_a_harmless_text_would_stand(
        text in prop_oneof![
            "[a-z][a-z0-9_]{0,12}",
            "\\PC{0,40}",
            "[ -~\n]{0,20}",
            "(`|'|\"|\\$|\\{|\\}|\\\\|a|\n|\r|\u{2028}|!|;|//|/\\*| ){1,10}",
        ],
    ) {
        let library = Library::embedded().expect("the library");
        let dangerous = |c: char| c.is_control() || matches!(c, '`' | '\'' | '$' | '"' | '\\' | '{' | '}' | '\u{2028}');
        for place in PRINTED {
            let Ok(seen) = generated(&library, place, &text) else { continue };
            // blanks around a label are no part of it
            let kept = if place == "label" { text.trim() } else { text.as_str() };
            prop_assert!(!kept.chars().any(dangerous), "{place}: {text:?}");
            let plain = generated(&library, place, HARMLESS).expect("a harmless text is taken");
            // a label without a visible character is no label
            let stated = text.trim();
            if !(place == "label" && stated.is_empty()) {
                let stated = if place == "label" { stated } else { text.as_str() };
                prop_assert_eq!(seen, plain.replace(HARMLESS, stated), "{}: {:?}", place, text);
            }
        }
        // labels, original names and the reason for the choice are never printed
        let unseen = generated(&library, "labels", &text).expect("labels decide nothing");
        prop_assert_eq!(unseen, generated(&library, "labels", HARMLESS).expect("labels decide nothing"));
        // names of columns must exist: a text that is none is refused
        for place in NAMES {
            prop_assert!(generated(&library, place, &format!("zz{text}")).is_err(), "{place}: {text:?}");
        }
        for place in WHOLE {
            let Ok(seen) = generated(&library, place, &text) else { continue };
            let macros = seen.lines().filter(|l| !l.starts_with("ss_event") && !l.starts_with("global S_ADO"));
            let quotes = macros.filter(|l| l.contains('`') && !l.contains("`\"`macval(ss_label)'\"'"));
            prop_assert_eq!(quotes.count(), 0, "{}: {:?}", place, text);
        }
    }
}
