//! Expressions: text to a syntax tree, the tree to typed nodes bound to what its
//! names stand for, nodes to values row by row. Assignments and matrix algebra do not
//! belong here.

mod by_call;
mod coefficients;
mod compile;
pub mod functions;
mod lexer;
mod node;
mod older_arguments;
mod older_results;
mod parser;
mod window;

pub use by_call::ByCall;
pub use compile::{Names, compile};
pub use lexer::{Token, tokenize};
pub use node::{Compiled, EvalCtx};
pub use parser::{BinOp, Expr, parse};
