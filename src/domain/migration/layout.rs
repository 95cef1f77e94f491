//! Paths of jobs in older releases, relative to the data directory. The present layout is
//! in `domain/layout.rs`.

use super::super::ids::{JobId, TenantId};

/// The root of all old places.
pub const ROOT: &str = "jobs";
/// The root of the tenants other than `default`.
pub const TENANTS: &str = "jobs/tenants";
/// The name of a record's file.
pub const RECORD: &str = "job.json";

/// Returns the root of a tenant's old places.
pub fn tenant_root(tenant: &TenantId) -> String {
    if *tenant == TenantId::default_tenant() { ROOT.to_owned() } else { format!("{TENANTS}/{tenant}") }
}

/// Returns the shard of a job: the first two characters of its id.
pub fn shard(job_id: &str) -> &str {
    job_id.get(..2).unwrap_or(job_id)
}

/// Returns every directory that an older release may have used for a job, the later layout first.
pub fn legacy_dirs(tenant: &TenantId, job_id: &JobId) -> Vec<String> {
    let root = tenant_root(tenant);
    let mut dirs = vec![format!("{root}/{}/{job_id}", shard(job_id.as_str())), format!("{root}/{job_id}")];
    if *tenant == TenantId::default_tenant() {
        // some installations named the default tenant like the others
        dirs.push(format!("{TENANTS}/{tenant}/{}/{job_id}", shard(job_id.as_str())));
        dirs.push(format!("{TENANTS}/{tenant}/{job_id}"));
    }
    dirs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_old_layout_is_looked_at() {
        let job = JobId::parse("job_1").expect("valid");
        let default = legacy_dirs(&TenantId::default_tenant(), &job);
        assert_eq!(default[..2], ["jobs/jo/job_1", "jobs/job_1"]);
        let other = legacy_dirs(&TenantId::parse("acme").expect("valid"), &job);
        assert_eq!(other, ["jobs/tenants/acme/jo/job_1", "jobs/tenants/acme/job_1"]);
        assert_eq!(shard("x"), "x");
    }
}
