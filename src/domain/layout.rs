//! Paths below the data directory, relative to it; no other module builds them.

use std::path::Path;

use super::canonical::sha256_hex;
use super::ids::{JobId, PlanId, RunId, TenantId};

/// Returns the job's directory: `tenants/<tenant>/jobs/<first two hex of SHA-256(job_id)>/<job_id>`.
pub fn job_dir(tenant: &TenantId, job_id: &JobId) -> String {
    format!("tenants/{tenant}/jobs/{}/{job_id}", shard_of(job_id))
}

/// Returns the shard of a job: two hexadecimal digits of the hash of its id.
pub fn shard_of(job_id: &JobId) -> String {
    sha256_hex(job_id.as_str())[..2].to_owned()
}

/// True for the directory of a tenant that holds the shards of its jobs.
pub fn holds_shards(dir: &Path) -> bool {
    let is_named = |dir: Option<&Path>, name: &str| dir.and_then(Path::file_name).is_some_and(|n| n == name);
    is_named(Some(dir), "jobs") && is_named(dir.ancestors().nth(2), "tenants")
}

/// Returns the run directory below the job's: `runs/<run_id>`; working space, holds no artifact.
pub fn run_dir(run_id: &RunId) -> String {
    format!("runs/{run_id}")
}

/// Returns the path of a published file of a run below the job's directory.
pub fn run_artifact(run_id: &RunId, file: &str) -> String {
    format!("artifacts/runs/{run_id}/{file}")
}

/// The current plan below the job's directory.
pub const PLAN_PATH: &str = "artifacts/plan.json";
/// The copies of the plan's template, below the job's directory.
pub const TEMPLATE_DIR: &str = "artifacts/template/";
/// The library's idioms as they were when the plan was frozen, a JSON object of names and texts, below the
/// job's directory.
pub const IDIOMS_PATH: &str = "artifacts/template/ado.json";

/// Returns the path of a plan under its own name, below the job's directory.
pub fn plan_path(plan_id: &PlanId) -> String {
    format!("artifacts/plans/{plan_id}.json")
}

/// Returns the path of a copy that belongs to an earlier plan, below the job's directory.
pub fn plan_copy(plan_id: &PlanId, name: &str) -> String {
    format!("artifacts/plans/{plan_id}/{name}")
}

/// The directories of published sets, one each, below the job's directory.
pub const SETS_DIR: &str = "artifacts/sets";

/// Returns the path of a published file under a name that no other writer uses, below the job's directory.
/// `set_id` is unique to one publication, `index` to a file of it.
pub fn stored_path(set_id: &str, index: usize, rel_path: &str) -> String {
    let name = rel_path.rsplit('/').next().unwrap_or(rel_path);
    format!("{SETS_DIR}/{set_id}/{index}.{name}")
}

/// Returns the directory of the published set that a stored path lies in, below the job's directory.
pub fn set_of(stored_path: &str) -> Option<&str> {
    let id = stored_path.strip_prefix(SETS_DIR)?.strip_prefix('/')?.split_once('/')?.0;
    Some(&stored_path[..SETS_DIR.len() + 1 + id.len()])
}

/// Returns the directory of an upload, an upload session or a run's publication that holds a blob, below the job's
/// directory.
pub fn publication_of(stored_path: &str) -> Option<&str> {
    let parent = ["inputs/", "uploads/", "artifacts/runs/"]
        .into_iter()
        .find(|parent| stored_path.starts_with(parent))?;
    let id = stored_path[parent.len()..].split_once('/')?.0;
    Some(&stored_path[..parent.len() + id.len()])
}

/// Returns the directory of one upload below the job's directory; a new upload gets a new one, so that
/// inputs are replaced as a whole or not at all.
pub fn upload_dir(upload_id: &str) -> String {
    format!("inputs/{upload_id}")
}

/// The directories of upload sessions, one each, below the job's directory.
pub const SESSIONS_DIR: &str = "uploads";

/// Returns the directory of an upload session below the job's directory: its parts, until they are one file.
pub fn session_dir(session_id: &str) -> String {
    format!("{SESSIONS_DIR}/{session_id}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn jobs_spread_over_shards_and_are_found_by_their_id() {
        let tenant = TenantId::default_tenant();
        let dir = |i: u32| job_dir(&tenant, &JobId::parse(format!("job_{i}")).expect("valid"));
        let shards: BTreeSet<String> =
            (0..5000).map(|i| dir(i).split('/').nth(3).expect("a shard").to_owned()).collect();
        assert_eq!(shards.len(), 256, "every shard is used");
        assert_eq!(dir(7), dir(7), "the id alone decides the place");
    }

    #[test]
    fn a_stored_path_names_its_set() {
        let path = stored_path("set_1", 2, "artifacts/template/source.do");
        assert_eq!(path, "artifacts/sets/set_1/2.source.do");
        assert_eq!(set_of(&path), Some("artifacts/sets/set_1"));
        for other in ["artifacts/plan.json", "artifacts/sets", "artifacts/sets/x", "inputs/sets/a/b"] {
            assert_eq!(set_of(other), None, "{other}");
        }
    }

    #[test]
    fn publications_are_named_by_upload_or_run() {
        assert_eq!(publication_of("inputs/up_1/original_1"), Some("inputs/up_1"));
        assert_eq!(publication_of("uploads/us_1.job/1.1.ab"), Some("uploads/us_1.job"));
        assert_eq!(publication_of("artifacts/runs/run_1/a/b.csv"), Some("artifacts/runs/run_1"));
        for other in ["inputs/x", "artifacts/runs/x", "artifacts/sets/s/0", "runs/run_1/work/a"] {
            assert_eq!(publication_of(other), None, "{other}");
        }
    }

    #[test]
    fn tenants_never_share_a_directory() {
        let job = JobId::parse("job_1").expect("valid");
        let (a, b) = (TenantId::parse("a").expect("valid"), TenantId::parse("b").expect("valid"));
        assert!(job_dir(&a, &job).starts_with("tenants/a/jobs/"));
        assert!(job_dir(&b, &job).starts_with("tenants/b/jobs/"));
    }
}
