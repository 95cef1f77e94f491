//! The production gate, and programs that try to leave the sandbox.

mod gate;
mod readable;
mod sandbox_escape;
