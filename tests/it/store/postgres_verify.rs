//! `store check` and `audit verify` on PostgreSQL: every kind of damage is found, and named.

use std::sync::Arc;

use stata_service::adapters::files::LocalBlobStore;
use stata_service::adapters::postgres::{Scope, check, verify_audit};
use stata_service::adapters::store::tools::Anchor;
use stata_service::ports::blob_store::BlobStore;
use stata_service::ports::store::Store;

use super::postgres::open;
use crate::support::postgres::shared;
use crate::support::records::*;

/// What is changed behind the service's back, and the kind and subject of the first problem.
const WAYS: &[(&str, &str, &str)] = &[
    ("UPDATE ss.jobs SET json = replace(json, 'Does', 'Dots') WHERE job_id = 'job_1'", "record", "job_1"),
    ("UPDATE ss.jobs SET client_ref = 'another' WHERE job_id = 'job_2'", "columns", "job_2"),
    ("UPDATE ss.jobs SET created_at = created_at + 1 WHERE job_id = 'job_2'", "columns", "job_2"),
    ("UPDATE ss.heads SET job_counts = '{}'", "heads", "job_counts"),
    ("UPDATE ss.heads SET sequence = 0", "heads", "sequence"),
    (
        r#"UPDATE ss.audit SET json = replace(json, '"action":"', '"action":"not_') WHERE seq = 2"#,
        "audit_chain",
        "event 2",
    ),
    ("DELETE FROM ss.audit WHERE seq = 2", "audit_chain", "event 3"),
    ("DELETE FROM ss.audit WHERE seq = 4", "audit_chain", "event 4"),
];

#[tokio::test]
async fn every_kind_of_damage_in_postgres_is_found() {
    let Some(server) = shared() else { return };
    for (damage, kind, subject) in WAYS {
        let (name, url) = server.database();
        let dir = tempfile::tempdir().expect("a directory");
        let store = open(&url, dir.path());
        for job_id in ["job_1", "job_2", "job_3"] {
            store.commit(commit(vec![put(job("default", job_id, 0))])).await.expect("commits");
        }
        let blobs: Arc<dyn BlobStore> = Arc::new(LocalBlobStore::new(dir.path().to_owned()));
        let scope = || Scope { blobs: Arc::clone(&blobs), deep: true };
        // beside the owner, which keeps the store
        let whole = check(&url, scope()).expect("checks");
        assert!(whole.ok && whole.checked["jobs"] == 3 && whole.checked["audit_events"] == 3, "{whole:?}");
        store.commit(commit(vec![put(job("default", "job_4", 0))])).await.expect("it is still the owner");
        store.shutdown();
        server.sql(&name, damage).expect("damages");
        let found = check(&url, scope()).expect("checks");
        let first = found.problems.first().unwrap_or_else(|| panic!("{damage} is not found"));
        assert_eq!(first.kind, *kind, "{damage}: {found:?}");
        assert!(first.subject.contains(subject), "{damage}: {found:?}");
    }
}

#[tokio::test]
async fn a_chain_in_postgres_that_was_cut_off_is_found_by_its_anchor() {
    let Some(server) = shared() else { return };
    let (name, url) = server.database();
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&url, dir.path());
    for job_id in ["job_1", "job_2", "job_3"] {
        store.commit(commit(vec![put(job("default", job_id, 0))])).await.expect("commits");
    }
    store.shutdown();
    let end = verify_audit(&url, Vec::new()).expect("verifies");
    assert!(end.ok && end.audit_seq == 3, "{end:?}");
    let anchor = Anchor { seq: 3, hash: end.audit_hash };
    assert!(verify_audit(&url, vec![anchor.clone()]).expect("verifies").ok);
    let false_anchor = Anchor { seq: 2, hash: "0".repeat(64) };
    let rewritten = verify_audit(&url, vec![false_anchor]).expect("verifies");
    assert_eq!(rewritten.problems[0].kind, "audit_anchor", "{rewritten:?}");
    let cut = "DELETE FROM ss.audit WHERE seq = 3; \
               UPDATE ss.heads SET audit_seq = 2, audit_hash = (SELECT json::jsonb ->> 'hash' FROM ss.audit WHERE seq = 2)";
    server.sql(&name, cut).expect("cuts");
    assert!(verify_audit(&url, Vec::new()).expect("verifies").ok, "by itself it is a chain");
    let found = verify_audit(&url, vec![anchor]).expect("verifies");
    assert_eq!((found.ok, found.problems[0].kind.as_str()), (false, "audit_anchor"), "{found:?}");
}
