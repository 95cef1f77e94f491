//! Tests of revision, description and removal.

use super::*;
use crate::domain::dataset::Inputs;
use crate::domain::ids::{CodeId, JobId, TenantId, TraceId};
use crate::domain::job::ops::NewJob;
use crate::domain::job::record::TokenState;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).expect("a valid time")
}

fn job(status: JobStatus) -> JobRecord {
    let new = NewJob {
        tenant_id: TenantId::default_tenant(),
        job_id: JobId::parse("job_1").expect("valid"),
        trace_id: TraceId::parse("0".repeat(32)).expect("valid"),
        requirement: "the question".to_owned(),
        client_ref: Some("ref".to_owned()),
        data_sharing: DataSharing::Schema,
        token: Some(TokenState {
            code_id: CodeId::parse("c").expect("valid"),
            secret_sha256: String::new(),
            generation: 1,
            expires_at: at(0),
            revoked: false,
        }),
        trial: None,
        expires_at: None,
    };
    JobRecord { status, ..JobRecord::create(new, at(0)) }
}

#[test]
fn removed_content_leaves_ids_and_refuses_everything_else() {
    for status in JobStatus::ALL {
        let before = job(status);
        let removed = before.remove_content("request", Some("asked".to_owned()), at(5));
        if status == JobStatus::Running {
            assert_eq!(removed.expect_err("runs").code, ErrorCode::JobIllegalTransition);
            continue;
        }
        let after = removed.expect("not running");
        assert!(after.status.is_terminal() && after.version == 2, "{status:?}");
        assert_eq!((after.requirement.as_str(), after.client_ref.as_deref()), ("", Some("ref")));
        let told = after.removed().expect("removed");
        assert_eq!((told.at, told.by.as_str(), told.files_gone_at), (at(5), "request", None));
        assert_eq!(after.stock_bytes(), None);
        assert_eq!((after.ended_at(), after.files_due_since()), (None, Some(at(5))));
        assert_eq!(after.files_gone(at(9)).files_due_since(), None);
        let refused = after.step(Operation::Revise, at(6)).expect_err("removed");
        assert_eq!(refused.code, ErrorCode::JobGone);
        assert_eq!(
            after.describe(&Description::default(), at(6)).expect_err("removed").code,
            ErrorCode::JobGone
        );
        assert_eq!(after.expires_at(&RetentionPolicy { jobs_days: 1, ..Default::default() }), None);
    }
}

#[test]
fn a_requirement_changes_before_the_freeze_only_and_a_title_always() {
    let requirement = Description { requirement: Some("another".to_owned()), ..Description::default() };
    let title = Description { title: Some(Some("t".to_owned())), ..Description::default() };
    for status in JobStatus::ALL {
        let before = job(status);
        let described = before.describe(&title, at(1)).expect("a title");
        assert_eq!((described.status, described.title.as_deref()), (status, Some("t")));
        match before.describe(&requirement, at(1)) {
            Ok(after) => {
                assert!(matches!(status, JobStatus::Created | JobStatus::DraftReady), "{status:?}");
                assert_eq!((after.status, after.requirement.as_str()), (JobStatus::Created, "another"));
            }
            Err(refused) => assert_eq!(refused.code, ErrorCode::JobLocked, "{status:?}"),
        }
        let same = Description { requirement: Some("the question".to_owned()), ..Description::default() };
        assert!(before.is_described_so(&same) && !before.is_described_so(&requirement));
        assert_eq!(before.describe(&same, at(1)).expect("no change").status, status);
    }
}

#[test]
fn expiry_counts_from_the_end_or_the_last_change() {
    let policy = RetentionPolicy { jobs_days: 2, unfinished_jobs_days: 1, ..RetentionPolicy::default() };
    let day = 86_400;
    assert_eq!(job(JobStatus::Created).expires_at(&policy), Some(at(day)));
    assert_eq!(job(JobStatus::Queued).expires_at(&policy), None);
    let mut ended = job(JobStatus::Failed);
    ended.timestamps.finished_at = Some(at(100));
    assert_eq!(ended.expires_at(&policy), Some(at(100 + 2 * day)));
    assert_eq!(ended.expires_at(&RetentionPolicy::default()), None, "0 days keep");
}

/// A crash between the commit and the removal of the files leaves them to the sweep for uploads that nothing needs.
#[test]
fn files_of_expired_inputs_are_left_over_and_those_of_new_ones_are_not() {
    let inputs = |upload: &str| Inputs {
        manifest_rel_path: format!("inputs/{upload}/manifest.json"),
        fingerprint: "f".repeat(64),
        created_at: at(0),
        datasets: Vec::new(),
        warnings: Vec::new(),
    };
    let kept = JobRecord { inputs: Some(inputs("up_1")), ..job(JobStatus::DraftReady) };
    assert_eq!(kept.cited_uploads().into_iter().collect::<Vec<_>>(), ["inputs/up_1"]);
    assert!(!kept.is_left_upload("up_1", at(1)) && kept.is_left_upload("up_2", at(1)));
    let expired = kept.remove_inputs(at(2));
    assert!(expired.is_left_upload("up_1", at(3)));
    let mut again = expired;
    again.inputs = Some(inputs("up_2"));
    again.inputs_are_back();
    assert!(!again.is_left_upload("up_2", at(4)) && again.is_left_upload("up_1", at(4)));
}
