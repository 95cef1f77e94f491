//! The command line: one file per subcommand.

pub mod api_key;
pub mod demo;
pub mod task_code;
