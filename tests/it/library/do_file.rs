//! The do-file of a run: the preamble of the design line by line, the body byte for byte, the closing lines.

use proptest::prelude::*;
use serde_json::{Value, json};
use stata_service::domain::canonical::sha256_hex;
use stata_service::domain::draft::{DraftSource, Selection, Statement};
use stata_service::domain::ids::TemplateId;
use stata_service::domain::plan::Plan;
use stata_service::library::Library;
use stata_service::library::freeze::{DependencyStatus, FreezeInput, FreezeRequest, freeze};
use stata_service::library::render::{MainDo, RenderError, RunFacts, render};

use crate::support::columns::pay;

fn plan_of(library: &Library, template: &str, statement: Value, seed: u32) -> Plan {
    let statement: Statement = serde_json::from_value(statement).expect("a statement");
    let request = FreezeRequest { seed: Some(seed), ..FreezeRequest::default() };
    freeze(&FreezeInput {
        library,
        template_id: &TemplateId::parse(template).expect("an id"),
        statement: &statement,
        inputs: &pay(),
        request: &request,
        selection: &Selection::default(),
        plan_source: DraftSource::Client,
        rationale: "",
        evidence: &[],
        revision: 1,
        created_at: "2026-01-02T03:04:05Z".parse().expect("a time"),
        dependency: &|_| DependencyStatus::unknown(),
    })
    .unwrap_or_else(|p| panic!("{p}"))
}

fn facts() -> RunFacts {
    RunFacts {
        run_id: "run-1".to_owned(),
        n1: "n1n1".to_owned(),
        n2: "n2n2".to_owned(),
        processors: 2,
        memory_mb: 900,
        scheme: "ss".to_owned(),
    }
}

fn rendered(library: &Library, plan: &Plan) -> MainDo {
    let template = library.get(&plan.template.template_id).expect("the template");
    render(plan, template, &facts()).expect("a do-file")
}

fn ols(library: &Library) -> Plan {
    let statement = json!({
        "roles": {"outcome_var": ["log_pay"], "regressors": ["schooling"], "controls": ["sector", "region"]},
        "categorical_vars": ["sector"],
        "sample_if": "age >= 18 & region != \"南 1\"",
        "parameters": {"level": 90.5},
    });
    plan_of(library, "linear.ols_robust", statement, 42)
}

#[test]
fn the_preamble_is_that_of_the_design() {
    let library = Library::embedded().expect("the library");
    let plan = ols(&library);
    let main = rendered(&library, &plan);
    let preamble = std::str::from_utf8(&main.bytes[..main.body_offset]).expect("UTF-8");
    let expected = r#"set linesize 255
display "SS_EVENT|begin|run=run-1|nonce=n1n1"
version 14
clear all
global SS_KEY "n1n1"
set more off
set rmsg off
set trace off
set dp period
set type float
set level 95
set varabbrev off
if c(MP) set processors 2
set max_memory 900m
global S_ADO `"BASE;ado"'
sysdir set PLUS "empty"
sysdir set PERSONAL "empty"
discard
quietly mata: mata mlib index
set scheme ss
set rng default
set seed 42
set sortseed 42
local ss_template "linear.ols_robust"
local p_outcome "log_pay"
local p_outcome_fv "log_pay"
local p_regressors "schooling"
local p_regressors_fv "schooling"
local p_controls "sector ss_c_region"
local p_controls_fv "i.sector i.ss_c_region"
"#;
    let version =
        format!("version {}", library.get(&plan.template.template_id).expect("it").meta.stata.min_version);
    assert!(preamble.starts_with(&expected.replace("version 14", &version)), "{preamble}");
    let data = r#"use log_pay schooling age sector region using "data.dta", clear
encode region, generate(ss_c_region)
local ss_label : variable label region
if `"`macval(ss_label)'"' == "" local ss_label "region"
label variable ss_c_region `"`macval(ss_label)'"'
generate byte ss_use = 0
replace ss_use = 1 if ((age >= 18 & !missing(age)) & (region != "南 1" & !missing(region)))
quietly count
ss_event metric name=n_total value=`r(N)'
quietly count if ss_use
ss_event metric name=n_selected value=`r(N)'
"#;
    assert!(preamble.ends_with(data), "{preamble}");
    assert!(preamble.contains("local p_level \"90.5\"\n"), "{preamble}");
    assert!(preamble.contains("local p_weight_var \"\"\nlocal p_weight_var_fv \"\"\n"), "{preamble}");
    assert!(!preamble.contains("p_sample_if"), "the condition is no local");
}

#[test]
fn every_declared_parameter_is_a_local_in_the_order_of_the_declaration() {
    let library = Library::embedded().expect("the library");
    let plan = ols(&library);
    let main = rendered(&library, &plan);
    let text = String::from_utf8(main.bytes).expect("UTF-8");
    let template = library.get(&plan.template.template_id).expect("the template");
    let mut from = 0;
    for parameter in template.meta.parameters.iter().filter(|p| p.bind != "sample") {
        let line = format!("\nlocal p_{} ", parameter.name);
        let at = text[from..].find(&line).unwrap_or_else(|| panic!("{line} in its place"));
        from += at;
    }
}

#[test]
fn the_body_is_there_byte_for_byte_and_the_closing_lines_follow() {
    let library = Library::embedded().expect("the library");
    let plan = ols(&library);
    let main = rendered(&library, &plan);
    let body = &main.bytes[main.body_offset..main.body_offset + main.body_len];
    assert_eq!(sha256_hex(body), plan.template.sha256);
    let rest = std::str::from_utf8(&main.bytes[main.body_offset + main.body_len..]).expect("UTF-8");
    assert_eq!(rest, "\ndisplay \"SS_EVENT|end|nonce=n2n2\"\nexit, clear\n");
}

#[test]
fn the_panel_is_declared_before_the_selection() {
    let library = Library::embedded().expect("the library");
    let statement = json!({"roles": {
        "outcome_var": ["log_pay"], "regressors": ["age"], "entity_var": ["firm"], "time_var": ["year"],
    }});
    let main = rendered(&library, &plan_of(&library, "panel.fe", statement, 1));
    let text = String::from_utf8(main.bytes).expect("UTF-8");
    let place = |line: &str| text.find(line).unwrap_or_else(|| panic!("{line} in {text}"));
    assert!(place("\ncapture xtset firm year\n") < place("\ngenerate byte ss_use = 1\n"));
}

#[test]
fn a_plan_of_another_template_or_generator_is_not_rendered() {
    let library = Library::embedded().expect("the library");
    let plan = ols(&library);
    let template = library.get(&plan.template.template_id).expect("the template");
    let other = Plan { preamble_version: 99, ..plan.clone() };
    assert_eq!(render(&other, template, &facts()), Err(RenderError::PreambleVersion { plan: 99 }));
    let mut other = plan.clone();
    other.template.sha256 = "0".repeat(64);
    assert!(matches!(render(&other, template, &facts()), Err(RenderError::Template(_))));
    let mut edited = template.clone();
    edited.body_sha256 = "0".repeat(64);
    assert!(matches!(render(&plan, &edited, &facts()), Err(RenderError::Template(_))));
}

#[test]
fn a_damaged_plan_cannot_carry_commands_into_the_do_file() {
    let library = Library::embedded().expect("the library");
    let plan = ols(&library);
    let template = library.get(&plan.template.template_id).expect("the template");
    let bad = "x\"\nshell ls";
    let changes: [fn(&mut Plan, &str); 7] = [
        |p, t| drop(p.contract.bound.insert("outcome".into(), json!(t))),
        |p, t| drop(p.contract.bound.insert("controls".into(), json!([t]))),
        |p, t| drop(p.contract.bound.insert("vce".into(), json!(t))),
        |p, t| drop(p.contract.bound.insert("level".into(), json!(t))),
        |p, t| p.used_columns.push(t.to_owned()),
        |p, t| p.categorical_vars[0].companion = Some(t.to_owned()),
        |p, t| {
            p.sample_if.as_mut().expect("a condition").tree["args"][0]["left"]["column"]["name"] = json!(t)
        },
    ];
    for (i, change) in changes.iter().enumerate() {
        let mut damaged = plan.clone();
        change(&mut damaged, bad);
        let result = render(&damaged, template, &facts());
        assert!(matches!(result, Err(RenderError::Damaged(_))), "change {i}: {result:?}");
    }
    for field in ["run_id", "n1", "n2", "scheme"] {
        let mut facts = facts();
        match field {
            "run_id" => facts.run_id = bad.to_owned(),
            "n1" => facts.n1 = bad.to_owned(),
            "n2" => facts.n2 = bad.to_owned(),
            _ => facts.scheme = bad.to_owned(),
        }
        assert!(matches!(render(&plan, template, &facts), Err(RenderError::Damaged(_))), "{field}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// A stated text, whatever it is, is refused or reaches the preamble within one quoted string.
    #[test]
    fn no_stated_value_adds_a_line_to_the_preamble(
        text in prop_oneof!["\\PC{0,40}", "[ -~\n]{0,20}", "(`|'|\"|\\$|\\{|a|\n| ){0,10}"],
    ) {
        let library = Library::embedded().expect("the library");
        let statement: Statement = serde_json::from_value(json!({
            "roles": {"outcome_var": ["log_pay"], "regressors": ["schooling"]},
            "sample_if": format!("region == \"{text}\""),
            "parameters": {"vce": text, "level": text},
        })).expect("a statement");
        for key in ["sample_if", "vce", "level"] {
            let mut one = statement.clone();
            one.parameters.retain(|name, _| name == key);
            one.sample_if = one.sample_if.filter(|_| key == "sample_if");
            let plan = freeze(&FreezeInput {
                library: &library,
                template_id: &TemplateId::parse("linear.ols_robust").expect("an id"),
                statement: &one,
                inputs: &pay(),
                request: &FreezeRequest::default(),
                selection: &Selection::default(),
                plan_source: DraftSource::Client,
                rationale: "",
                evidence: &[],
                revision: 1,
                created_at: "2026-01-02T03:04:05Z".parse().expect("a time"),
                dependency: &|_| DependencyStatus::unknown(),
            });
            let Ok(plan) = plan else { continue };
            let plain = plan_of(&library, "linear.ols_robust", json!({
                "roles": {"outcome_var": ["log_pay"], "regressors": ["schooling"]},
                "sample_if": "region == \"x\"",
            }), 1);
            let lines = |plan: &Plan| {
                let main = rendered(&library, plan);
                main.bytes[..main.body_offset].iter().filter(|b| **b == b'\n').count()
            };
            let extra = if key == "sample_if" { 0 } else { 1 };
            prop_assert_eq!(lines(&plan) + extra, lines(&plain));
        }
    }
}
