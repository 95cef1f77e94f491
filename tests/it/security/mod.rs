//! The production gate, and programs that try to leave the sandbox.

mod gate;
mod output_names;
mod private_files;
mod readable;
mod sandbox_escape;
