//! API keys at the use cases: forms, expiry, rotation with overlap, revocation, last use.

use std::sync::Arc;

use chrono::Duration;
use stata_service::domain::canonical::sha256_hex;
use stata_service::domain::credential::{KeyKind, Principal, Role};
use stata_service::domain::error::{ErrorCode, Problem};
use stata_service::domain::ids::{KeyId, TenantId};
use stata_service::ports::clock::Clock;
use stata_service::ports::store::StoreExt;
use stata_service::service::Context;
use stata_service::service::access::accounts::{Accounts, BootstrapKey};
use stata_service::service::access::api_keys::{
    CreateApiKey, IssuedKey, ListApiKeys, NewApiKey, RevokeApiKey, RotateApiKey,
};
use stata_service::service::access::authenticate::{authenticate, parse_credential};
use stata_service::service::access::credentials::Ports;

use crate::access::redeem::caller;
use crate::support::clock::ManualClock;
use crate::support::context::context;
use crate::support::records::tenant;

const BOOTSTRAP_SECRET: &str = "0123456789abcdef0123456789abcdef";

struct Bench {
    ctx: Context,
    clock: Arc<ManualClock>,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let clock = Arc::new(ManualClock::new());
        let ctx = context(dir.path(), clock.clone());
        let key = BootstrapKey {
            key_id: KeyId::parse("root").expect("valid"),
            secret_sha256: sha256_hex(BOOTSTRAP_SECRET),
        };
        ctx.accounts.store(Arc::new(Accounts { bootstrap_key: Some(key), admin: None }));
        Self { ctx, clock, _dir: dir }
    }

    fn ports(&self) -> Ports<'_> {
        Ports::from(&self.ctx)
    }

    async fn create(&self, days: Option<u32>) -> IssuedKey {
        let new = NewApiKey {
            tenant_id: tenant("acme"),
            role: Role::Client,
            label: Some("front end".to_owned()),
            expires_in_days: days,
        };
        CreateApiKey(self.ports()).execute(&caller(), new).await.expect("creates")
    }

    async fn enter(&self, key: &str, stated: Option<&TenantId>) -> Result<Principal, Problem> {
        Ok(authenticate(&self.ctx, parse_credential(key)?, stated, String::new).await?.principal)
    }

    async fn works(&self, key: &str) -> bool {
        match self.enter(key, None).await {
            Ok(_) => true,
            Err(problem) => {
                assert_eq!(problem.code, ErrorCode::AuthTokenInvalid);
                false
            }
        }
    }
}

#[tokio::test]
async fn a_key_names_its_tenant_and_role_and_only_its_secret_opens() {
    let bench = Bench::new();
    let key = bench.create(None).await;
    let principal = bench.enter(&key.api_key, None).await.expect("works");
    let key_id = key.record.key_id.clone();
    let expected =
        Principal::ApiKey { tenant: tenant("acme"), key_id, role: Role::Client, kind: KeyKind::ApiKey };
    assert_eq!(principal, expected);
    assert_eq!(bench.enter(&key.api_key, Some(&tenant("acme"))).await, Ok(expected));
    let foreign = bench.enter(&key.api_key, Some(&tenant("other"))).await.expect_err("refused");
    assert_eq!(foreign.code, ErrorCode::JobNotFound);
    let wrong = format!("ssk_{}_{}", key.record.key_id, "0".repeat(32));
    assert!(!bench.works(&wrong).await);
    assert!(!bench.works(&format!("ssk_unknown_{}", "0".repeat(32))).await);
    let listed = ListApiKeys(bench.ports()).execute(Some(tenant("acme"))).await.expect("lists");
    let secret = key.api_key.strip_prefix(&format!("ssk_{}_", key.record.key_id)).expect("a secret");
    assert!(!serde_json::to_string(&listed).expect("serialises").contains(secret));
    assert!(ListApiKeys(bench.ports()).execute(Some(tenant("other"))).await.expect("lists").is_empty());
}

#[tokio::test]
async fn a_key_ends_at_its_expiry() {
    let bench = Bench::new();
    let key = bench.create(Some(1)).await;
    assert!(bench.works(&key.api_key).await);
    bench.clock.advance(Duration::days(1));
    assert!(!bench.works(&key.api_key).await);
}

#[tokio::test]
async fn both_keys_work_during_the_overlap_of_a_rotation() {
    let bench = Bench::new();
    let old = bench.create(None).await;
    let rotate = RotateApiKey(bench.ports());
    let foreign = rotate.execute(&caller(), Some(&tenant("other")), &old.record.key_id, None).await;
    assert_eq!(foreign.expect_err("refused").code, ErrorCode::ApiKeyNotFound);
    let new = rotate.execute(&caller(), None, &old.record.key_id, Some(2)).await.expect("rotates");
    assert_eq!((new.record.role, &new.record.tenant_id), (Role::Client, &tenant("acme")));
    assert!(bench.works(&old.api_key).await && bench.works(&new.api_key).await);
    bench.clock.advance(Duration::hours(2));
    assert!(!bench.works(&old.api_key).await && bench.works(&new.api_key).await);
    let ended = rotate.execute(&caller(), None, &old.record.key_id, None).await;
    assert_eq!(ended.expect_err("refused").code, ErrorCode::ApiKeyNotFound);
}

#[tokio::test]
async fn a_revoked_key_stays_revoked_also_the_one_of_the_configuration() {
    let bench = Bench::new();
    let key = bench.create(None).await;
    let root = format!("ssk_root_{BOOTSTRAP_SECRET}");
    assert!(bench.works(&key.api_key).await && bench.works(&root).await);
    let revoke = RevokeApiKey(bench.ports());
    let accounts = bench.ctx.accounts.load_full();
    let bootstrap = accounts.bootstrap_key.as_ref();
    let root_id = KeyId::parse("root").expect("valid");
    for id in [&key.record.key_id, &root_id] {
        let revoked = revoke.execute(&caller(), None, id, bootstrap).await.expect("revokes");
        assert_eq!(revoked.revoked_at, Some(bench.clock.now()));
        assert_eq!(revoke.execute(&caller(), None, id, bootstrap).await, Ok(revoked), "again");
    }
    assert!(!bench.works(&key.api_key).await && !bench.works(&root).await);
    let absent = revoke.execute(&caller(), None, &KeyId::parse("none").expect("valid"), bootstrap).await;
    assert_eq!(absent.expect_err("refused").code, ErrorCode::ApiKeyNotFound);
}

#[tokio::test]
async fn the_last_use_of_a_key_is_noted_at_most_once_a_minute() {
    let bench = Bench::new();
    let key = bench.create(None).await;
    let mut changes = bench.ctx.store.changes();
    let used = async || {
        let record = bench.ctx.store.api_key(&key.record.key_id).await.expect("reads").expect("exists");
        record.last_used_at
    };
    assert_eq!(used().await, None);
    let first = bench.clock.now();
    assert!(bench.works(&key.api_key).await && bench.works(&key.api_key).await);
    changes.recv().await.expect("the note is committed");
    assert_eq!(used().await, Some(first));
    bench.clock.advance(Duration::minutes(2));
    assert!(bench.works(&key.api_key).await);
    changes.recv().await.expect("the note is committed");
    assert_eq!(used().await, Some(bench.clock.now()));
    assert_eq!(bench.ctx.audit_log.events(0, 0, 10).await.expect("reads").len(), 1, "without audit events");
}
