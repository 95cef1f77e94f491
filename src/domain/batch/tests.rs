//! Tests of a batch's record, and of what a job's record says of batches.

use serde_json::json;

use super::*;
use crate::domain::error::ErrorCode;
use crate::domain::ids::{RunId, TraceId};
use crate::domain::job::JobStatus;
use crate::domain::job::cell::{CellChoice, CellOf};
use crate::domain::job::ops::NewJob;
use crate::domain::job::record::DataSharing;
use crate::domain::run::{Cause, Run, RunStatus};
use crate::domain::tenant::RetentionPolicy;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).expect("a valid time")
}

fn job(id: &str, status: JobStatus) -> JobRecord {
    let new = NewJob {
        tenant_id: TenantId::default_tenant(),
        job_id: id.parse().expect("valid"),
        trace_id: TraceId::parse("0".repeat(32)).expect("valid"),
        requirement: "the question".to_owned(),
        client_ref: None,
        data_sharing: DataSharing::Schema,
        token: None,
        trial: None,
        expires_at: None,
    };
    JobRecord { status, ..JobRecord::create(new, at(0)) }
}

fn choice(label: &str) -> CellChoice {
    CellChoice { axis: "controls".to_owned(), label: label.to_owned() }
}

/// The job of a cell in a state, ended at a time.
fn cell(index: u32, status: JobStatus, end: i64) -> JobRecord {
    let mut job = job(&format!("cell_{index}"), status);
    job.cell = Some(CellOf {
        job_id: "job_1".parse().expect("valid"),
        batch_id: "batch_1".parse().expect("valid"),
        index,
        set: "artifacts/sets/s".to_owned(),
        choices: vec![choice("age")],
    });
    if status.is_terminal() {
        job.timestamps.finished_at = Some(at(end));
    }
    if matches!(status, JobStatus::Running | JobStatus::Succeeded | JobStatus::Failed) {
        let run_id = RunId::parse(format!("run_{index}")).expect("valid");
        let plan_id = "0".repeat(64).parse().expect("valid");
        let mut run = Run::starting(run_id, 1, 1, plan_id, None, at(1));
        if status == JobStatus::Failed {
            run = run.failed(Cause::DataError, None, at(end));
        } else if status == JobStatus::Succeeded {
            run.status = RunStatus::Succeeded;
        }
        run.timings.engine_ms = Some(50);
        job.runs.push(run);
    }
    job
}

fn mark(ended: Option<i64>) -> BatchMark {
    BatchMark {
        batch_id: "batch_1".parse().expect("valid"),
        request_sha256: "r".to_owned(),
        input_fingerprint: "f".to_owned(),
        set: "artifacts/sets/s".to_owned(),
        bytes: 7,
        created_at: at(0),
        ended_at: ended.map(at),
        removed_at: None,
    }
}

/// A batch of cells in these states, and one that was refused.
fn batch(states: &[JobStatus]) -> (BatchRecord, Vec<JobRecord>) {
    let jobs: Vec<JobRecord> = (1..).zip(states).map(|(n, status)| cell(n, *status, n.into())).collect();
    let refs: Vec<&JobRecord> = jobs.iter().collect();
    let mut made = BatchRecord::recovered(
        &TenantId::default_tenant(),
        &"job_1".parse().expect("valid"),
        &mark(None),
        &refs,
    );
    made.request = json!({"title": "x"});
    let mut refused = BatchCell::new(99, vec![choice("nothing")]);
    let code = "CONTRACT_COLUMN_NOT_FOUND".to_owned();
    refused.refusals.push(CellRefusal {
        code,
        path: "controls".to_owned(),
        message: "no such column".to_owned(),
    });
    made.cells.push(refused);
    (made, jobs)
}

fn seen(jobs: &[JobRecord]) -> Vec<Seen<'_>> {
    jobs.iter().map(|job| (&job.job_id, Some(job))).collect()
}

#[test]
fn the_state_of_a_batch_is_that_of_its_cells() {
    use JobStatus::{Cancelled, Failed, Queued, Running, Succeeded};
    let cases: [(&[JobStatus], BatchStatus); 9] = [
        (&[Queued, Succeeded], BatchStatus::Running),
        (&[Running, Failed], BatchStatus::Running),
        (&[Succeeded, Succeeded], BatchStatus::Succeeded),
        (&[Succeeded, Failed], BatchStatus::PartlySucceeded),
        (&[Succeeded, Cancelled], BatchStatus::PartlySucceeded),
        (&[Failed, Failed], BatchStatus::Failed),
        (&[Failed, Cancelled], BatchStatus::Failed),
        (&[Cancelled, Cancelled], BatchStatus::Cancelled),
        (&[], BatchStatus::Failed),
    ];
    for (states, expected) in cases {
        let (batch, _) = batch(states);
        assert_eq!(batch.status, expected, "{states:?}");
        assert_eq!(batch.ended_at.is_some(), expected != BatchStatus::Running, "{states:?}");
    }
}

#[test]
fn a_batch_follows_its_cells_and_says_nothing_twice() {
    let (before, mut jobs) = batch(&[JobStatus::Queued, JobStatus::Queued]);
    assert_eq!(before.followed(&seen(&jobs), at(5)), None, "nothing changed");
    jobs[0] = cell(1, JobStatus::Running, 0);
    let running = before.followed(&seen(&jobs), at(6)).expect("a cell started");
    assert_eq!((running.version, running.counts().running, running.updated_at), (2, 1, at(6)));
    assert_eq!(running.followed(&seen(&jobs), at(7)), None);
    jobs[0] = cell(1, JobStatus::Succeeded, 20);
    jobs[1] = cell(2, JobStatus::Failed, 30);
    let other = cell(7, JobStatus::Running, 0);
    let all: Vec<Seen<'_>> = seen(&jobs).into_iter().chain([(&other.job_id, Some(&other))]).collect();
    let ended = running.followed(&all, at(31)).expect("both ended");
    assert_eq!((ended.status, ended.ended_at), (BatchStatus::PartlySucceeded, Some(at(30))));
    assert_eq!(ended.cells[1].cause, Some(Cause::DataError));
    let counts = ended.counts();
    assert_eq!(
        (counts.total, counts.refused, counts.succeeded, counts.failed, counts.open()),
        (3, 1, 1, 1, 0)
    );

    // a cell that is run again opens the batch again
    jobs[1] = cell(2, JobStatus::Queued, 0);
    let again = ended.queued_again(&seen(&jobs), at(40)).expect("kept");
    assert_eq!((again.status, again.ended_at), (BatchStatus::Running, None));
    assert_eq!((again.cells[1].cause, again.cells[1].ended_at), (None, None));
}

#[test]
fn a_cell_without_a_readable_record_has_failed() {
    let (before, jobs) = batch(&[JobStatus::Queued, JobStatus::Succeeded]);
    let after = before.followed(&[(&jobs[0].job_id, None)], at(9)).expect("changed");
    assert_eq!((after.status, after.cells[0].cause), (BatchStatus::PartlySucceeded, Some(Cause::Internal)));
    assert_eq!(after.followed(&[(&jobs[1].job_id, None)], at(9)), None, "what ended stays as it ended");
}

#[test]
fn a_cancelled_batch_is_cancelled_once_its_cells_are() {
    let (before, mut jobs) = batch(&[JobStatus::Queued, JobStatus::Running, JobStatus::Succeeded]);
    jobs[0] = cell(1, JobStatus::Cancelled, 8);
    let asked = before.cancel(&seen(&jobs), at(8)).expect("open");
    assert_eq!((asked.status, asked.cancel_requested), (BatchStatus::Running, Some(at(8))));
    jobs[1] = cell(2, JobStatus::Cancelled, 9);
    let ended = asked.followed(&seen(&jobs), at(9)).expect("changed");
    assert_eq!((ended.status, ended.ended_at), (BatchStatus::Cancelled, Some(at(9))));
    let refused = ended.cancel(&seen(&jobs), at(10)).expect_err("ended");
    assert_eq!(refused.code, ErrorCode::JobIllegalTransition);
    let again = ended.queued_again(&seen(&jobs), at(11)).expect("kept");
    assert_eq!(again.cancel_requested, None);
}

#[test]
fn removed_content_leaves_ids_and_states() {
    let (open, _) = batch(&[JobStatus::Queued]);
    let refused = open.remove_content("request", None, at(1)).expect_err("open");
    assert_eq!(refused.code, ErrorCode::JobIllegalTransition);
    let (ended, jobs) = batch(&[JobStatus::Succeeded]);
    let removed = ended.remove_content("request", Some("asked".to_owned()), at(5)).expect("ended");
    assert_eq!((removed.request.clone(), removed.cells[1].refusals.len()), (Value::Null, 0));
    assert!(removed.cells.iter().all(|cell| cell.choices.is_empty()));
    assert_eq!(removed.cells[0].job_id, ended.cells[0].job_id);
    assert_eq!(removed.check_kept().expect_err("removed").code, ErrorCode::JobGone);
    assert_eq!(removed.cancel(&[], at(6)).expect_err("removed").code, ErrorCode::JobGone);
    assert_eq!(removed.followed(&seen(&jobs), at(6)), None);
}

#[test]
fn a_job_is_kept_as_long_as_its_batches() {
    let policy = RetentionPolicy { jobs_days: 1, unfinished_jobs_days: 1, ..Default::default() };
    let day = 86_400;
    for status in JobStatus::ALL {
        let mut job = job("job_1", status);
        job.timestamps.finished_at = status.is_terminal().then(|| at(10));
        job.batches.push(mark(None));
        assert_eq!((job.ended_at(), job.expires_at(&policy)), (None, None), "{status:?}");
        let removed = job.remove_content("request", None, at(5)).expect_err("a batch runs");
        assert_eq!(removed.code, ErrorCode::JobIllegalTransition, "{status:?}");
        let ended = job.batch_ended(&mark(None).batch_id, Some(at(50)), at(51));
        if status.is_terminal() {
            assert_eq!(ended.ended_at(), Some(at(50)), "{status:?}");
            assert_eq!(ended.expires_at(&policy), Some(at(50 + day)));
        }
        assert!(ended.cites_set("artifacts/sets/s") && !ended.has_no_results());
        assert_eq!(ended.stock_bytes(), Some(7));
        let free = ended.batch_removed(&mark(None).batch_id, at(60));
        assert!(!free.cites_set("artifacts/sets/s") && free.has_no_results());
        assert_eq!(free.stock_bytes(), Some(0));
    }
}

#[test]
fn a_cell_keeps_its_plan_and_lives_as_long_as_its_batch() {
    let policy = RetentionPolicy { jobs_days: 1, inputs_days: 1, ..Default::default() };
    let job = cell(1, JobStatus::Succeeded, 3);
    assert_eq!((job.ended_at(), job.expires_at(&policy), job.inputs_since()), (None, None, None));
    let refused = [
        job.revise_plan(Vec::new(), at(4)).expect_err("a cell").code,
        job.with_batch(mark(None), at(4)).expect_err("a cell").code,
        job.check_own_plan().expect_err("a cell").code,
    ];
    assert_eq!(refused, [ErrorCode::JobLocked; 3]);
    let holder = |path: &str| job.holder_of(path).as_str();
    assert_eq!(holder("inputs/up_1/main.dta"), "job_1");
    assert_eq!(holder("artifacts/sets/s/3.plan.json"), "job_1");
    assert_eq!(holder("artifacts/sets/other/3.plan.json"), "cell_1");
    assert_eq!(holder("artifacts/runs/run_1/table.csv"), "cell_1");
}

#[test]
fn a_job_has_at_most_so_many_batches() {
    let mut job = job("job_1", JobStatus::Created);
    for n in 0..MAX_BATCHES {
        let batch_id = format!("batch_{n}").parse().expect("valid");
        job = job.with_batch(BatchMark { batch_id, ..mark(Some(1)) }, at(1)).expect("there is room");
    }
    let refused = job.with_batch(mark(None), at(2)).expect_err("full");
    assert_eq!((refused.code, &refused.context["quota"]), (ErrorCode::QuotaExceeded, &json!("batches")));
    let free = job.batch_removed(&"batch_3".parse().expect("valid"), at(2));
    assert!(free.with_batch(mark(None), at(3)).is_ok(), "a removed one does not count");
}
