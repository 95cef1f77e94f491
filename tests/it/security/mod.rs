//! The production gate, and programs that try to leave the sandbox.

mod gate;
mod sandbox_escape;
