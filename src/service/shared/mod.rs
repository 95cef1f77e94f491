//! Code shared by several use cases: their dependencies, commits, evidence files, pools, quotas, free space.

pub mod commits;
pub mod context;
pub mod evidence;
pub mod key_locks;
pub mod pools;
pub mod quotas;
pub mod sole_work;
pub mod space;
pub mod stored_answers;
