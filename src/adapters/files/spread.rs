//! Directories whose subdirectories have nothing to do with each other: those of jobs and of runs.
//!
//! ext4 puts what is made below a directory into its block group. Without a journal a new file of a group looks at each
//! inode there that was freed in the last minutes (`recently_deleted` in `fs/ext4/ialloc.c`): where thousands of files come
//! and go, that takes longer than everything else. The attribute `T` of chattr(1) has ext4 spread the subdirectories of a
//! directory over the groups of the disk.

use std::fs::File;
use std::path::Path;

use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};

use crate::domain::layout::holds_shards;

/// Has the file system spread what is made in a directory from now on. Others than ext4 refuse it, and place files well
/// without it.
pub fn spread_subdirs(dir: &Path) {
    let Ok(dir) = File::open(dir) else { return };
    if let Ok(flags) = ioctl_getflags(&dir)
        && !flags.contains(IFlags::TOPDIR)
    {
        let _ = ioctl_setflags(&dir, flags | IFlags::TOPDIR);
    }
}

/// Prepares a directory for a new one in it.
pub(super) fn before_new_dir_in(parent: &Path) {
    if holds_shards(parent) {
        spread_subdirs(parent);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::adapters::files::create_dir_durably;
    use crate::domain::ids::{JobId, TenantId};
    use crate::domain::layout::job_dir;

    fn is_spread(dir: &Path) -> bool {
        ioctl_getflags(File::open(dir).expect("opens")).is_ok_and(|flags| flags.contains(IFlags::TOPDIR))
    }

    #[test]
    fn shards_of_jobs_are_spread_where_the_file_system_can() {
        let folder = tempfile::tempdir().expect("a folder");
        let plain = folder.path().join("plain");
        fs::create_dir(&plain).expect("made");
        spread_subdirs(&plain);
        let can = is_spread(&plain);

        let (tenant, job_id) =
            (TenantId::parse("acme").expect("valid"), JobId::parse("job_1").expect("valid"));
        let job = folder.path().join(job_dir(&tenant, &job_id));
        create_dir_durably(&job).expect("made");
        let jobs = folder.path().join("tenants/acme/jobs");
        assert_eq!(is_spread(&jobs), can);
        assert!(!is_spread(&job) && !is_spread(jobs.parent().expect("a parent")));
    }
}
