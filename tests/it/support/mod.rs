//! Helpers that tests share.

pub mod app;
pub mod clock;
<<<<<<< HEAD
pub mod context;
pub mod memory_store;
pub mod records;
pub mod runs;
pub mod worker_bed;
=======
pub mod columns;
pub mod memory_store;
pub mod records;
pub mod runs;
pub mod stata_expression;
>>>>>>> 258c7ce (library: tests of expressions, binding, render and contract; the command)
