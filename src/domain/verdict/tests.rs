//! Every cause and every detector, each by one change to a run that succeeds.

mod damaged;
mod results;
mod stops;
use serde_json::json;

use super::outputs::Table;
use super::*;
use crate::domain::anchors::Nonces;
use crate::domain::ids::RunId;
use crate::domain::log_grammar::parse_log;
use crate::domain::run_outcome::Ended;

struct Case {
    outcome: Outcome,
    log: Option<String>,
    stdout: String,
    plan: Plan,
    meta: TemplateMeta,
    outputs: Vec<OutputFact>,
}

const BEGIN: &str =
    ". display \"SS_EVENT|begin|run=r1|nonce=n1n1n1n1\"\nSS_EVENT|begin|run=r1|nonce=n1n1n1n1\n";
const END: &str = ". display \"SS_EVENT|end|nonce=n2n2n2n2\"\nSS_EVENT|end|nonce=n2n2n2n2\n\n. exit, clear\n\nend of do-file\n";

fn events(lines: &[&str]) -> String {
    lines
        .iter()
        .map(|l| format!("SS_EVENT|{l}\n").replacen('|', "|", 1))
        .collect::<String>()
        .replace("KEY", "k=n1n1n1n1")
}

fn good_events() -> String {
    events(&[
        "metric|KEY|name=n_total|value=100",
        "metric|KEY|name=n_selected|value=90",
        "note|KEY|key=missing|value=wage|rows=10",
        "metric|KEY|name=n_used|value=80",
        "step|KEY|name=estimate|status=begin",
        "result|KEY|row=1|estimate=1.5",
        "check|KEY|id=few_df|status=ok|value=77",
        "step|KEY|name=estimate|status=ok",
    ])
}

fn plan() -> Plan {
    serde_json::from_value(json!({
        "plan_version": 2, "plan_id": "a".repeat(64), "revision": 1, "rel_path": "artifacts/plan.json",
        "plan_source": "client", "created_at": "2024-01-01T00:00:00Z",
        "template": {"template_id": "linear.ols", "version": "1.0.0", "sha256": "", "meta_sha256": "",
                     "ado_sha256": "", "title": "t"},
        "rationale": {"text": "", "evidence": [], "ranking": [], "chosen_by": "client"},
        "contract": {"parameters": [], "bound": {"outcome": "wage", "regressors": ["school", "age"], "level": 95},
            "missing": [], "outputs": [],
            "dependencies": [{"pkg": "reghdfe", "source": "ssc", "version": null, "purpose": "fe",
                              "status": "unknown", "checked_at": null}],
            "constraints": {"min_observations": 10, "archive": {"max_files": 50, "max_total_bytes": 1000,
                            "allowed_formats": ["csv"], "retention_days": 0}}},
        "sample_if": {"text": "age>18", "canonical": "age > 18", "tree": null}, "panel": null,
        "acknowledged_checks": [{"id": "few_clusters", "reason": "known"}],
        "seed": 1, "input_fingerprint": "", "output_formats": ["csv"], "steps": []
    }))
    .expect("a plan")
}

fn meta() -> TemplateMeta {
    serde_json::from_value(json!({
        "contract": "2.0", "id": "linear.ols", "version": "1.0.0", "title": {"en": "t"}, "description": "d",
        "family": "linear", "level": "basic", "body": {"file": "do/x.do", "sha256": ""},
        "stata": {"min_version": 17, "engine": "supported"}, "inputs": [],
        "parameters": [
            {"name": "outcome", "type": "varname", "required": true, "label": {"en": "y"}, "bind": "outcome_var"},
            {"name": "regressors", "type": "varlist", "required": true, "label": {"en": "x"}, "bind": "regressors"}],
        "dependencies": [], "outputs": [], "checks": [], "metrics": ["n_used"],
        "sample": {"missing": "listwise", "min_observations": 10, "sample_if": "allowed"},
        "shape": [], "seed": {"policy": "none"},
        "selection": {"keywords": {"en": [], "zh": []}, "question_kinds": [], "roles": [], "questions": []},
        "resources": {"timeout_s": 1, "memory_mb": 1, "cost": "low"},
        "anchors": {"steps": ["estimate"]}, "limitations": [], "references": [],
        "sample_data": {"file": "x.csv", "parameters": {}},
        "oracle": {"tool": "t", "expected": "e", "tolerance": {}}
    }))
    .expect("a meta")
}

fn table(rows: &[[&str; 4]]) -> Table {
    Table {
        header: ["term", "estimate", "std_error", "note"].map(String::from).to_vec(),
        rows: rows.iter().map(|r| r.map(String::from).to_vec()).collect(),
    }
}

fn output(table: Table) -> OutputFact {
    OutputFact {
        file: "table_coefficients.csv".into(),
        declared: true,
        required: true,
        state: OutputState::Ok,
        detail: None,
        size_bytes: 10,
        table: Some(table),
    }
}

fn good() -> Case {
    let mut outcome = Outcome::unstarted("r1", Ended::Exited { status: 0 });
    outcome.engine_started = true;
    Case {
        outcome,
        log: Some(format!("{BEGIN}{}{END}", good_events())),
        stdout: String::new(),
        plan: plan(),
        meta: meta(),
        outputs: vec![output(table(&[
            ["school", "1.5", "0.5", ""],
            ["age", "", "", "omitted"],
            ["_cons", "1", "1", ""],
        ]))],
    }
}

fn judge(case: &Case) -> Verdict {
    let nonces = Nonces { begin: "n1n1n1n1".into(), end: "n2n2n2n2".into() };
    let run = RunId::parse("r1").expect("valid");
    let log = case.log.as_ref().map(|text| parse_log(&run, &nonces, text.as_bytes()));
    decide(&VerdictInput {
        do_file_changed: false,
        outcome: &case.outcome,
        log: log.as_ref(),
        stdout: &case.stdout,
        stderr: "",
        plan: &case.plan,
        meta: &case.meta,
        outputs: &case.outputs,
    })
}

fn cause_of(change: impl FnOnce(&mut Case)) -> (Cause, String) {
    let mut case = good();
    change(&mut case);
    let verdict = judge(&case);
    let failure = verdict.failure.expect("the run must not succeed");
    assert!(!verdict.next_actions.is_empty());
    (failure.cause, failure.detail.unwrap_or_default())
}

/// Replaces everything after the begin anchor.
fn ends_with(case: &mut Case, text: &str) {
    case.log = Some(format!("{BEGIN}{text}\nend of do-file\n"));
}

#[test]
fn a_run_succeeds_when_all_agrees() {
    let verdict = judge(&good());
    assert_eq!((verdict.status, verdict.failure), (RunStatus::Succeeded, None));
    assert_eq!(verdict.results.len(), 3, "every row of the table");
    assert_eq!((verdict.results[0].term.as_str(), verdict.results[0].std_error), ("school", Some(0.5)));
    let flow: Vec<(u64, u64)> = verdict.sample_flow.iter().map(|s| (s.rows, s.dropped)).collect();
    assert_eq!(flow, [(100, 0), (90, 10), (80, 10)]);
    assert_eq!(verdict.sample_flow[1].reason.as_deref(), Some("age > 18"));
    assert_eq!(verdict.sample_flow[2].reason.as_deref(), Some("missing: wage (10)"));
    assert_eq!(verdict.metrics["n_used"], json!(80));
}

#[test]
fn a_weight_of_zero_is_no_missing_value() {
    let mut case = good();
    let note = events(&["note|KEY|key=zero_weight|value=w|rows=4"]);
    let missing = "SS_EVENT|note|k=n1n1n1n1|key=missing|value=wage|rows=10";
    let log = format!("{BEGIN}{}{END}", good_events())
        .replace(missing, &format!("{note}{}", missing.replace("10", "6")));
    case.log = Some(log);
    assert_eq!(judge(&case).sample_flow[2].reason.as_deref(), Some("weight zero: 4; missing: wage (6)"));
}

#[test]
fn what_ended_the_processes_names_the_cause() {
    let cases: Vec<(Ended, Cause, &str)> = vec![
        (Ended::Cancelled, Cause::Cancelled, ""),
        (Ended::Timeout, Cause::Timeout, "wall_clock"),
        (Ended::CpuLimit, Cause::Timeout, "cpu_time"),
        (Ended::MemoryLimit, Cause::MemoryLimit, ""),
        (Ended::OutputLimit { what: "bytes".into() }, Cause::OutputLimit, "bytes"),
        (
            Ended::SandboxDenied { step: "landlock".into(), detail: "x".into() },
            Cause::SandboxDenied,
            "landlock",
        ),
        (Ended::CannotExecute { detail: "x".into() }, Cause::EngineMissing, "cannot_execute"),
        (Ended::Signalled { signal: 9 }, Cause::Killed, "signal 9"),
        (Ended::ProcessLimit, Cause::Killed, "process_limit"),
        (Ended::HostStopped, Cause::WorkerLost, "shutdown"),
        (Ended::LeaseLost, Cause::WorkerLost, "lease_lost"),
        (Ended::Lost { detail: "launcher".into() }, Cause::WorkerLost, "launcher"),
        (Ended::LauncherFailed { detail: "x".into() }, Cause::Internal, "launcher"),
        (Ended::Exited { status: 3 }, Cause::Internal, "exit status 3"),
    ];
    for (ended, cause, detail) in cases {
        let found = cause_of(|c| c.outcome.ended = ended.clone());
        assert_eq!(found, (cause, detail.to_owned()), "{ended:?}");
    }
    assert_eq!(cause_of(|c| c.outcome.leftovers = 2).0, Cause::Internal);
}

#[test]
fn return_codes_name_the_cause() {
    let cases: &[(&str, Cause, &str)] = &[
        (". x\nno room to add more observations\nr(901);\n", Cause::TemplateError, "r(901)"),
        (". x\nop. sys. refuses to provide memory\nr(909);\n", Cause::MemoryLimit, ""),
        (". x\ninsufficient memory\nr(950);\n", Cause::MemoryLimit, ""),
        (
            ". version 99\nthis is version 16.0 of Stata; it cannot run version 99.0 programs\nr(9);\n",
            Cause::EngineMissing,
            "version",
        ),
        (
            ". x\ncommand mixed is not supported by the open engine\nr(199);\n",
            Cause::EngineUnsupported,
            "command mixed",
        ),
        (". reghdfe y x\ncommand reghdfe is unrecognized\nr(199);\n", Cause::DependencyMissing, "reghdfe"),
        (". foo y x\ncommand foo is unrecognized\nr(199);\n", Cause::TemplateError, "r(199)"),
        (". x\nreghdfe_mata() not found\nr(3499);\n", Cause::TemplateError, "r(3499)"),
        (". x\nvariable zz not found\nr(111);\n", Cause::DataError, "r(111)"),
        (". x\nlevel(95) invalid\nr(198);\n", Cause::ParameterError, "level"),
        (". x\ninvalid 'foo'\nr(198);\n", Cause::TemplateError, "r(198)"),
        (". x\nfile not found\nr(601);\n", Cause::TemplateError, "r(601)"),
    ];
    for (text, cause, detail) in cases {
        let found = cause_of(|c| ends_with(c, &format!("{}{text}", good_events())));
        assert_eq!(found, (*cause, (*detail).to_owned()), "{text}");
    }
}

#[test]
fn a_failed_check_outranks_its_return_code() {
    let text = format!(
        "{}{}. error 459\nr(459);\n",
        good_events(),
        events(&["check|KEY|id=dup_key|status=fail|value=3|rc=459"])
    );
    assert_eq!(cause_of(|c| ends_with(c, &text)), (Cause::DataError, "dup_key".into()));
}

#[test]
fn a_licence_refusal_counts_only_before_the_do_file_began() {
    let refused = |c: &mut Case| {
        c.log = None;
        c.stdout = "Your Stata license has expired\n".into();
    };
    assert_eq!(cause_of(refused).0, Cause::Licence);
    let mut later = good();
    later.stdout = "license has expired".into();
    assert_eq!(judge(&later).status, RunStatus::Succeeded);
    assert_eq!(cause_of(|c| c.log = Some("License is invalid\n".into())).0, Cause::Licence);
}

#[test]
fn an_incomplete_log_never_succeeds() {
    assert_eq!(cause_of(|c| c.log = None), (Cause::LogIncomplete, "absent".into()));
    assert_eq!(cause_of(|c| c.log = Some(String::new())).0, Cause::LogIncomplete);
    let whole = good().log.expect("a log");
    let without_begin = whole.replace("n1n1n1n1\"\nSS_EVENT|begin", "n1n1n1n1\"\nSS_EVENTS|begin");
    assert_eq!(cause_of(|c| c.log = Some(without_begin)), (Cause::LogIncomplete, "begin anchor".into()));
    for cut in 0..whole.find("\n\n. exit").expect("the end") {
        if whole.is_char_boundary(cut) {
            let cause = cause_of(|c| c.log = Some(whole[..cut].to_owned())).0;
            assert_eq!(cause, Cause::LogIncomplete, "cut at {cut}");
        }
    }
    let ignored = whole.replace(END, &format!("request ignored because of batch mode\n{END}"));
    assert_eq!(cause_of(|c| c.log = Some(ignored)).0, Cause::TemplateError);
}

#[test]
fn outputs_that_are_absent_or_damaged_fail_the_run() {
    for state in [OutputState::Missing, OutputState::Empty, OutputState::Stale, OutputState::Unparsable] {
        let cause = cause_of(|c| c.outputs[0].state = state);
        assert_eq!(cause, (Cause::OutputsMissing, "table_coefficients.csv".into()), "{state:?}");
    }
    assert_eq!(cause_of(|c| c.outputs[0].state = OutputState::TooLarge).0, Cause::OutputLimit);
    let mut optional = good();
    optional.outputs[0].state = OutputState::Missing;
    optional.outputs[0].required = false;
    assert_eq!(judge(&optional).status, RunStatus::Succeeded);
}

#[test]
fn promised_anchors_must_be_there() {
    assert_eq!(cause_of(|c| c.meta.metrics.push("r2".into())), (Cause::TemplateError, "metric r2".into()));
    assert_eq!(
        cause_of(|c| c.meta.anchors.steps.push("export".into())),
        (Cause::TemplateError, "step export".into())
    );
}

#[test]
fn detectors_of_severity_fail_name_themselves() {
    let rows = |rows: &[[&str; 4]]| {
        let table = table(rows);
        move |c: &mut Case| c.outputs[0].table = Some(table)
    };
    let metric = |text: &'static str| {
        move |c: &mut Case| {
            let line = format!("SS_EVENT|metric|k=n1n1n1n1|{text}\n{END}");
            c.log = c.log.take().map(|l| l.replace(END, &line));
        }
    };
    let detail = |found: (Cause, String)| {
        assert_eq!(found.0, Cause::DataError, "{}", found.1);
        found.1
    };
    assert_eq!(
        detail(cause_of(rows(&[["school", "", "", "omitted"], ["_cons", "1", "1", ""]]))),
        "all_omitted"
    );
    let focal = rows(&[["school", "", "", "omitted"], ["age", "1", "1", ""]]);
    assert_eq!(detail(cause_of(focal)), "focal_omitted");
    let factor = rows(&[["1.school#c.age", "", "", "omitted"], ["age", "1", "1", ""]]);
    assert_eq!(detail(cause_of(factor)), "focal_omitted");
    assert_eq!(
        detail(cause_of(rows(&[["school", "1", "", ""], ["age", "1", "1", ""]]))),
        "missing_std_error"
    );
    assert_eq!(
        detail(cause_of(rows(&[["school", "1", ".", ""], ["age", "1", "1", ""]]))),
        "missing_std_error"
    );
    assert_eq!(detail(cause_of(metric("name=converged|value=0"))), "converge");
    assert_eq!(detail(cause_of(metric("name=n_used|value=0"))), "no_obs");
    assert_eq!(detail(cause_of(metric("name=n_used|value=9"))), "too_small_sample");
}

#[test]
fn warnings_do_not_change_the_verdict_and_show_their_acknowledgement() {
    let mut case = good();
    let more = events(&["metric|KEY|name=n_clusters|value=12", "check|KEY|id=weak_iv|status=warn|value=3"]);
    case.log = case.log.map(|l| l.replace(END, &format!("{more}r(5);\ntext\n{END}")));
    let verdict = judge(&case);
    assert_eq!(verdict.status, RunStatus::Succeeded);
    let warned: Vec<(&str, bool)> = verdict
        .checks
        .iter()
        .filter(|c| c.status == "warn")
        .map(|c| (c.id.as_str(), c.acknowledged))
        .collect();
    assert_eq!(warned, [("weak_iv", false), ("few_clusters", true), ("stray_return_code", false)]);
}

#[test]
fn of_several_anchors_of_one_check_the_worst_counts() {
    let mut case = good();
    let more = events(&["check|KEY|id=few_df|status=warn|value=3", "check|KEY|id=few_df|status=ok|value=50"]);
    case.log = case.log.map(|l| l.replace(END, &format!("{more}{END}")));
    let verdict = judge(&case);
    assert_eq!(verdict.checks.iter().filter(|c| c.id == "few_df").count(), 1);
    assert_eq!(verdict.checks[0].status, "warn");
}

#[test]
fn an_output_applies_where_its_condition_holds() {
    let bound = BTreeMap::from([
        ("or".to_owned(), json!(true)),
        ("kind".to_owned(), json!("a")),
        ("n".to_owned(), json!(5)),
    ]);
    for (when, holds) in [
        (None, true),
        (Some("or=true"), true),
        (Some("or"), true),
        (Some("or=false"), false),
        (Some("kind=a"), true),
        (Some("kind=b"), false),
        (Some("absent"), false),
        (Some("absent=1"), false),
        (Some("n=5"), true),
    ] {
        assert_eq!(output_applies(when, &bound), holds, "{when:?}");
    }
}
