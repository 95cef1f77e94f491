//! Mata: the matrix language inside of do-files ([M]). Source is split into tokens (`lexer`), parsed to a tree (`parser`,
//! `expressions`) and interpreted (`machine`, `evaluate`, `calls`); the built-in functions are in `functions`. Blocks
//! and the commands of Mata are in `session`.

mod ast;
mod calls;
mod declarations;
mod evaluate;
pub mod exchange;
mod expressions;
mod fault;
mod files;
pub mod functions;
mod grid;
mod join;
mod lexer;
mod machine;
mod manage;
mod objects;
mod operators;
mod parser;
mod prompt;
mod show;
mod stack;
mod state;
mod subscripts;
mod types;
mod value;
mod views;

pub use manage::command;
pub use prompt::{Prompt, run_line};
pub use state::State;
