//! A worker on a real store, real files and real processes, with a script in place of the engine.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::files::{LocalBlobStore, LocalVolume, LocalWorkspace};
use stata_service::adapters::ids::SystemIds;
use stata_service::adapters::store::{Options, SqliteStore};
use stata_service::domain::artifact::{Artifact, ArtifactKind};
use stata_service::domain::ids::{JobId, TenantId};
use stata_service::domain::job::{JobRecord, JobStatus};
use stata_service::domain::plan::Plan;
use stata_service::domain::run::EngineFacts;
use stata_service::domain::run_outcome::RunLimits;
use stata_service::ports::blob_store::BlobStore;
use stata_service::ports::clock::Clock;
use stata_service::ports::ids::IdSource;
use stata_service::ports::runner::{SandboxMode, SandboxSpec};
use stata_service::ports::store::{Expect, Record, Store, StoreExt, Write};
use stata_service::ports::workspace::Workspace;
use stata_service::service::access::tenants::TenantCache;
use stata_service::service::runs::progress::ProgressTracker;
use stata_service::service::shared::space::DiskLow;
use stata_service::worker::{FrozenTemplate, MainDo, RunTexts, TextFacts, Worker, WorkerDeps, WorkerOptions};

use super::records::{commit, job};
use super::runs::{fakes, interpreters, runner};

/// Makes do-files of anchors and body only.
pub(crate) struct PlainTexts;

impl RunTexts for PlainTexts {
    fn main_do(&self, _: &Plan, template: &FrozenTemplate, facts: &TextFacts) -> Result<MainDo, String> {
        let body = template.body.as_slice();
        let head = format!("display \"SS_EVENT|begin|run={}|nonce={}\"\n", facts.run_id, facts.n1);
        let foot = format!("\ndisplay \"SS_EVENT|end|nonce={}\"\nexit, clear\n", facts.n2);
        let bytes = [head.as_bytes(), body, foot.as_bytes()].concat();
        Ok(MainDo { bytes, body_offset: head.len() as u64, body_bytes: body.len() as u64 })
    }

    fn needs_frozen_idioms(&self, _: &Plan) -> bool {
        false
    }

    fn ado(&self, _: &Plan, _: Option<&[u8]>, _: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
        Ok(vec![("ss_event.ado".to_owned(), b"program define ss_event\nend\n".to_vec())])
    }
}

/// The parts of a worker below one data directory.
pub(crate) struct WorkerHarness {
    pub root: PathBuf,
    pub store: Arc<SqliteStore>,
    pub blobs: Arc<LocalBlobStore>,
    pub workspace: Arc<LocalWorkspace>,
    pub options: WorkerOptions,
    pub progress: Arc<ProgressTracker>,
    pub tenants: Arc<TenantCache>,
}

impl WorkerHarness {
    /// Opens (or opens again) what lies below a directory.
    pub(crate) fn open(root: &Path) -> Self {
        Self::open_with(root, |_| {})
    }

    /// As [`WorkerHarness::open`], after a change of the store's options.
    pub(crate) fn open_with(root: &Path, change: impl FnOnce(&mut Options)) -> Self {
        let root = root.canonicalize().expect("an existing directory");
        let mut options = Options::new(root.clone(), Arc::new(SystemClock));
        change(&mut options);
        let store = SqliteStore::open(options).expect("the store opens");
        let options = WorkerOptions {
            concurrency: 2,
            tenant_limit: None,
            seats: None,
            limits: RunLimits { wall_seconds: 60, grace_ms: 200, ..RunLimits::default() },
            command: vec![fakes().join("stata.sh").display().to_string()],
            engine: EngineFacts { kind: "open".to_owned(), ..EngineFacts::default() },
            sandbox: SandboxSpec { mode: SandboxMode::Enforce, read: interpreters() },
            timezone: "UTC".to_owned(),
            processors: 1,
            disk_low: DiskLow(Some(0)),
        };
        Self {
            blobs: Arc::new(LocalBlobStore::new(root.clone())),
            workspace: Arc::new(LocalWorkspace::new(root.clone())),
            root,
            store,
            options,
            progress: Arc::default(),
            tenants: Arc::default(),
        }
    }

    /// Starts the worker.
    pub(crate) async fn worker(&self) -> Worker {
        self.worker_on(Arc::clone(&self.store) as Arc<dyn Store>).await
    }

    /// Starts the worker on another view of the store.
    pub(crate) async fn worker_on(&self, store: Arc<dyn Store>) -> Worker {
        let deps = WorkerDeps {
            store,
            cluster: None,
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            blobs: Arc::clone(&self.blobs) as Arc<dyn BlobStore>,
            workspace: Arc::clone(&self.workspace) as Arc<dyn Workspace>,
            volume: Arc::new(LocalVolume::new(self.root.clone()).expect("there")),
            runner: Arc::new(runner()),
            texts: Arc::new(PlainTexts),
            progress: Arc::clone(&self.progress),
            tenants: Arc::clone(&self.tenants),
            scratch_dir: self.root.clone(),
        };
        Worker::start(deps, self.options.clone()).await.expect("the worker starts")
    }

    /// Stores a queued job whose template makes the script behave in this way.
    pub(crate) async fn queue(&self, tenant: &str, id: &str, behaviour: &str) {
        let job = self.confirm(tenant, id, behaviour).await;
        self.enqueue(job).await;
    }

    /// Stores a job with a frozen plan.
    pub(crate) async fn confirm(&self, tenant: &str, id: &str, behaviour: &str) -> JobRecord {
        let job = self.confirmed(tenant, id, behaviour);
        self.put(job.clone(), Expect::Absent).await;
        job
    }

    /// Queues a job that [`WorkerHarness::confirm`] stored.
    pub(crate) async fn enqueue(&self, job: JobRecord) {
        let queued = job.enqueue(SystemClock.now()).expect("a confirmed job can be queued");
        self.put(queued, Expect::Version(1)).await;
    }

    /// Commits a job.
    pub(crate) async fn put(&self, job: JobRecord, expect: Expect) {
        let write = Write::Put { record: Record::from(job), expect };
        let mut commit = commit(vec![write]);
        commit.id = SystemIds.id("commit");
        self.store.commit(commit).await.expect("committed");
    }

    /// Asks for the job's cancellation, as the service does: the worker may commit in between.
    pub(crate) async fn cancel(&self, tenant: &str, id: &str) {
        for _ in 0..20 {
            let job = self.job(tenant, id).await;
            let asked = job.cancel(SystemClock.now()).expect("the job can be cancelled");
            let write = Write::Put { record: Record::from(asked), expect: Expect::Version(job.version) };
            let mut commit = commit(vec![write]);
            commit.id = SystemIds.id("commit");
            if self.store.commit(commit).await.is_ok() {
                return;
            }
        }
        panic!("job {id} changes all the time");
    }

    /// Reads a job.
    pub(crate) async fn job(&self, tenant: &str, id: &str) -> JobRecord {
        let (tenant, id) = (TenantId::parse(tenant).expect("valid"), JobId::parse(id).expect("valid"));
        self.store.job(&tenant, &id).await.expect("readable").expect("stored")
    }

    /// Waits until the job has a state, and returns it.
    pub(crate) async fn until(
        &self,
        tenant: &str,
        id: &str,
        holds: impl Fn(&JobRecord) -> bool,
    ) -> JobRecord {
        for _ in 0..24_000 {
            let job = self.job(tenant, id).await;
            if holds(&job) {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("job {id} stays as it is: {:?}", self.job(tenant, id).await);
    }

    /// Waits until nothing will happen to the job any more.
    pub(crate) async fn ended(&self, tenant: &str, id: &str) -> JobRecord {
        self.until(tenant, id, |job| job.status.is_terminal()).await
    }

    /// Reads a published file.
    pub(crate) fn published(&self, job: &JobRecord, rel_path: &str) -> Vec<u8> {
        std::fs::read(self.workspace.path(&job.tenant_id, &job.job_id, rel_path)).expect(rel_path)
    }

    /// Path of a file in the working directory of the job's latest attempt.
    pub(crate) fn work_file(&self, job: &JobRecord, name: &str) -> PathBuf {
        let run = job.latest_run().expect("an attempt");
        self.workspace.path(&job.tenant_id, &job.job_id, &format!("runs/{}/work/{name}", run.run_id))
    }

    fn confirmed(&self, tenant: &str, id: &str, behaviour: &str) -> JobRecord {
        let mut job = job(tenant, id, 0);
        let body = format!("* behaviour: {behaviour}\n");
        let meta = serde_json::to_vec(&meta()).expect("serialises");
        let source =
            self.artifact(&job, ArtifactKind::TemplateSource, "artifacts/template.do", body.as_bytes());
        let declared = self.artifact(&job, ArtifactKind::TemplateMeta, "artifacts/template.json", &meta);
        let data = self.artifact(&job, ArtifactKind::InputsDataset, "inputs/main.dta", b"canonical data");
        job.plan = Some(plan(&source.sha256, &declared.sha256));
        job.inputs = serde_json::from_value(json!({
            "manifest_rel_path": "inputs/manifest.json", "fingerprint": "", "created_at": SystemClock.now(),
            "datasets": [{
                "dataset_key": "main", "role": "primary_dataset", "original_name": "d.csv", "format": "csv",
                "original_rel_path": "inputs/d.csv", "original_sha256": "", "original_size_bytes": 1,
                "canonical_rel_path": data.rel_path, "canonical_sha256": data.sha256,
                "canonical_size_bytes": data.size_bytes, "row_count": 1, "columns": [], "selected_sheet": null,
                "header_row": null, "encoding": null, "delimiter": null}],
        }))
        .expect("inputs");
        job.artifacts_index = vec![source, declared];
        job.status = JobStatus::Confirmed;
        job
    }

    fn artifact(&self, job: &JobRecord, kind: ArtifactKind, rel_path: &str, bytes: &[u8]) -> Artifact {
        let written =
            self.blobs.put(&job.tenant_id, &job.job_id, rel_path, &mut &bytes[..]).expect("written");
        Artifact {
            kind,
            rel_path: rel_path.to_owned(),
            created_at: SystemClock.now(),
            size_bytes: written.size_bytes,
            sha256: written.sha256,
            media_type: "text/plain".to_owned(),
            meta: serde_json::Map::new(),
            stored_as: None,
        }
    }
}

/// A frozen plan of one table and the log.
pub(crate) fn plan(body_sha256: &str, meta_sha256: &str) -> Plan {
    let columns: Vec<_> = ["term", "estimate", "std_error", "p_value", "ci_low", "ci_high", "note"]
        .map(|n| json!({"name": n, "type": if n == "term" || n == "note" { "text" } else { "number" }}))
        .to_vec();
    let output = |file: &str, kind: &str, format: &str, artifact: &str, columns: serde_json::Value| {
        json!({"file": file, "type": kind, "format": format, "required": true, "when": null, "description": "",
               "columns": columns, "max_bytes": 1_000_000, "artifact_kind": artifact,
               "rel_path": format!("artifacts/runs/{{run_id}}/{file}")})
    };
    serde_json::from_value(json!({
        "plan_version": 2, "plan_id": "a".repeat(64), "revision": 1, "rel_path": "artifacts/plan.json",
        "plan_source": "client", "created_at": "2024-01-01T00:00:00Z",
        "template": {"template_id": "linear.ols", "version": "1.0.0", "sha256": body_sha256,
                     "meta_sha256": meta_sha256, "ado_sha256": "", "title": "t"},
        "rationale": {"text": "", "evidence": [], "ranking": [], "chosen_by": "client"},
        "contract": {"parameters": [], "bound": {}, "missing": [], "dependencies": [],
            "outputs": [output("table_coefficients.csv", "table", "csv", "stata.export.table", json!(columns)),
                        output("main.log", "log", "log", "stata.log", json!([]))],
            "constraints": {"min_observations": 10, "archive": {"max_files": 50, "max_total_bytes": 1_000_000,
                            "allowed_formats": ["csv"], "retention_days": 0}}},
        "sample_if": null, "panel": null, "seed": 1, "input_fingerprint": "",
        "input_bindings": {"data.dta": "main"}, "output_formats": ["csv"], "steps": []
    }))
    .expect("a plan")
}

fn meta() -> serde_json::Value {
    json!({
        "contract": "2.0", "id": "linear.ols", "version": "1.0.0", "title": {"en": "t"}, "description": "d",
        "family": "linear", "level": "basic", "body": {"file": "do/x.do", "sha256": ""},
        "stata": {"min_version": 17, "engine": "supported"}, "inputs": [], "parameters": [],
        "dependencies": [], "outputs": [], "checks": [], "metrics": ["n_used"],
        "sample": {"missing": "listwise", "min_observations": 10, "sample_if": "allowed"},
        "shape": [], "seed": {"policy": "none"},
        "selection": {"keywords": {"en": [], "zh": []}, "question_kinds": [], "roles": [], "questions": []},
        "resources": {"timeout_s": 1, "memory_mb": 1, "cost": "low"},
        "anchors": {"steps": ["estimate"]}, "limitations": [], "references": [],
        "sample_data": {"file": "x.csv", "parameters": {}},
        "oracle": {"tool": "t", "expected": "e", "tolerance": {}}
    })
}
