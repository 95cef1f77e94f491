//! Property tests of the job operations.

use proptest::prelude::*;

use super::*;
use crate::domain::ids::CodeId;
use crate::domain::job::retry::{AUTOMATIC_ATTEMPTS, retry_delay};
use crate::domain::run::Cause;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).expect("a valid time")
}

fn new_job() -> JobRecord {
    JobRecord::create(
        NewJob {
            tenant_id: TenantId::default_tenant(),
            job_id: JobId::parse("job_1").expect("valid"),
            trace_id: TraceId::parse("0123456789abcdef0123456789abcdef").expect("valid"),
            requirement: String::new(),
            client_ref: None,
            data_sharing: DataSharing::Schema,
            token: Some(TokenState {
                code_id: CodeId::parse("c1").expect("valid"),
                secret_sha256: String::new(),
                generation: 1,
                expires_at: at(1_000_000),
                revoked: false,
            }),
            trial: None,
            expires_at: None,
        },
        at(0),
    )
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Inputs,
    Draft,
    Freeze,
    Enqueue,
    Claim,
    Finish(RunStatus, bool),
    FinishStale,
    Cancel,
    Progress,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        1 => Just(Step::Inputs),
        3 => Just(Step::Draft),
        3 => Just(Step::Freeze),
        3 => Just(Step::Enqueue),
        3 => Just(Step::Claim),
        1 => Just(Step::Finish(RunStatus::Succeeded, false)),
        1 => Just(Step::Finish(RunStatus::Failed, false)),
        1 => Just(Step::Finish(RunStatus::Failed, true)),
        1 => Just(Step::Finish(RunStatus::Cancelled, false)),
        1 => Just(Step::FinishStale),
        1 => Just(Step::Cancel),
        1 => Just(Step::Progress),
    ];
    prop::collection::vec(step, 0..60)
}

fn draft() -> Draft {
    serde_json::from_value(serde_json::json!({
        "draft_id": "d1", "created_at": at(1), "source": "client", "requirement": "",
        "input_fingerprint": "", "selection": {}
    }))
    .expect("a draft")
}

fn plan() -> Plan {
    let hash = "0".repeat(64);
    serde_json::from_value(serde_json::json!({
        "plan_version": 2, "plan_id": hash, "revision": 1, "rel_path": "artifacts/plan.json",
        "plan_source": "client", "created_at": at(1),
        "template": {"template_id": "linear.ols_robust", "version": "1.0.0", "sha256": hash,
                     "meta_sha256": hash, "ado_sha256": hash, "title": "t"},
        "rationale": {"text": "", "evidence": [], "ranking": [], "chosen_by": "client"},
        "contract": {"parameters": [], "bound": {}, "missing": [], "dependencies": [], "outputs": [],
            "constraints": {"min_observations": 1, "archive": {"max_files": 1, "max_total_bytes": 1,
                "allowed_formats": [], "retention_days": 0}}},
        "seed": 1, "input_fingerprint": "", "output_formats": [], "steps": []
    }))
    .expect("a plan")
}

fn apply(job: &JobRecord, step: Step, i: i64) -> Result<JobRecord, Problem> {
    let now = at(i);
    let inputs = Inputs {
        manifest_rel_path: "inputs/manifest.json".into(),
        fingerprint: i.to_string(),
        created_at: now,
        datasets: vec![],
        warnings: vec![],
    };
    match step {
        Step::Inputs => job.replace_inputs(inputs, vec![], now),
        Step::Draft => job.state_draft(draft(), vec![], now),
        Step::Freeze => {
            let confirmation = serde_json::from_value(serde_json::json!({
                "confirmed_at": now, "request_sha256": ""
            }))
            .expect("a confirmation");
            job.freeze_plan(plan(), confirmation, vec![], now)
        }
        Step::Enqueue => job.enqueue(now),
        Step::Claim => job.claim(RunId::parse(format!("r{i}")).expect("valid"), now),
        Step::Finish(status, retry) => {
            let mut run = job.latest_run().cloned().ok_or_else(Problem::internal)?;
            run.status = status;
            job.finish_run(run, vec![], (retry && status == RunStatus::Failed).then_some(now), now)
        }
        Step::FinishStale => {
            let mut run = job.latest_run().cloned().ok_or_else(Problem::internal)?;
            run.fence = run.fence.wrapping_sub(1);
            run.status = RunStatus::Succeeded;
            job.finish_run(run, vec![], None, now)
        }
        Step::Cancel => job.cancel(now),
        Step::Progress => {
            let id = job.latest_run().map(|r| r.run_id.clone()).ok_or_else(Problem::internal)?;
            job.update_run(&id, now, |r| r.phase = Some("running".into()))
        }
    }
}

proptest! {
    #[test]
    fn no_sequence_of_operations_reaches_an_illegal_state(steps in steps()) {
        let mut job = new_job();
        for (i, step) in steps.into_iter().enumerate() {
            let Ok(next) = apply(&job, step, i as i64 + 1) else { continue };
            prop_assert!(!matches!(step, Step::FinishStale), "a stale writer was accepted");
            prop_assert_eq!(next.version, job.version + 1);
            prop_assert!(next.fence >= job.fence);
            let running = next.runs.iter().filter(|r| r.status == RunStatus::Running).count();
            prop_assert_eq!(running, usize::from(next.status == JobStatus::Running));
            prop_assert_eq!(next.queue.is_some(), next.status == JobStatus::Queued);
            if matches!(next.status, JobStatus::Queued | JobStatus::Running | JobStatus::Confirmed) {
                prop_assert!(next.plan.is_some());
            }
            prop_assert!(next.runs.len() >= job.runs.len());
            job = next;
        }
    }

    #[test]
    fn a_record_survives_its_json(steps in steps()) {
        let mut job = new_job();
        job.unknown.insert("later_field".into(), serde_json::json!({"a": [1, 2.5, "x"]}));
        for (i, step) in steps.into_iter().enumerate() {
            if let Ok(next) = apply(&job, step, i as i64 + 1) {
                job = next;
            }
        }
        let text = serde_json::to_string(&job).expect("serialises");
        let back: JobRecord = serde_json::from_str(&text).expect("parses");
        prop_assert_eq!(back, job);
    }
}

#[test]
fn a_manual_run_after_a_spent_budget_starts_a_new_one() {
    let mut job = new_job();
    job.status = JobStatus::Failed;
    job.plan = Some(plan());
    job.automatic_attempts_used = AUTOMATIC_ATTEMPTS;
    let queued = job.enqueue(at(5)).expect("a failed job can be run again");
    assert_eq!((queued.status, queued.automatic_attempts_used), (JobStatus::Queued, 0));
}

#[test]
fn automatic_retries_back_off_and_end() {
    let delays: Vec<Option<i64>> =
        (1..=4).map(|n| retry_delay(Cause::WorkerLost, n, 0.0).map(|d| d.num_seconds())).collect();
    assert_eq!(delays, [Some(1), Some(4), Some(16), None]);
    assert_eq!(retry_delay(Cause::DataError, 1, 0.0), None);
}

#[test]
fn a_run_hangs_from_its_own_trace_and_is_linked_with_others() {
    let (own, other) = ("a".repeat(32), "b".repeat(32));
    let id = TraceId::parse(own.clone()).expect("valid");
    let in_trace = |trace: &str, span: char| Some(format!("00-{trace}-{}-01", span.to_string().repeat(16)));
    let of = |created: &Option<String>, asked: &Option<String>| {
        let trace = JobTrace { created: created.clone(), asked: asked.clone() };
        let (parent, link) = trace.of_run(&id);
        (parent.map(str::to_owned), link.map(str::to_owned))
    };
    let (created, asked, others) = (in_trace(&own, '1'), in_trace(&own, '2'), in_trace(&other, '3'));
    assert_eq!(of(&created, &asked), (asked.clone(), None));
    assert_eq!(of(&created, &others), (created.clone(), others.clone()));
    assert_eq!(of(&created, &None), (created.clone(), None));
    assert_eq!(of(&others, &None), (None, None), "a record that was changed by hand");
    let text = serde_json::to_value(JobTrace::default()).expect("JSON");
    assert_eq!(text, serde_json::json!({}));
}
