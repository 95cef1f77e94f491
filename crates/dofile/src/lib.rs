//! The open do-file engine: an honest interpreter of a documented subset of the do-file language.

pub mod batch;
pub mod commands;
pub mod dates;
pub mod error;
pub mod estimation;
pub mod expr;
pub mod format;
pub mod frame;
pub mod interp;
pub mod mata;
pub mod matrix;
pub(crate) mod ops;
pub mod output;
mod regex;
pub mod results;
pub mod rng;
pub mod session;
mod smcl;
pub mod syntax;
pub mod tsset;
pub mod value;

pub use batch::batch_main;
pub use error::{Result, StataError};
pub use session::Session;
