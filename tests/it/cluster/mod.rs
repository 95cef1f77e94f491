//! Several servers on one database and one object store: real processes, each with its own data directory.

mod lost;
mod roles;
mod support;
