//! Commands of the language: macros, scalars, matrices, display, programs,
//! settings, do-files, result files.

mod display;
pub(crate) mod files;
mod input;
pub(crate) mod macros;

pub(crate) use display::display_text;
pub(crate) use files::directory_list;
pub use files::{PostFile, TextFile};
pub(crate) use input::input_rows;

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    display::SPEC,
    macros::LOCAL,
    macros::GLOBAL,
    macros::TEMPVAR,
    macros::TEMPNAME,
    macros::TEMPFILE,
    macros::MACRO,
    macros::TOKENIZE,
    macros::ARGS,
    macros::SCALAR,
    files::POSTFILE,
    files::POST,
    files::POSTCLOSE,
    files::FILE,
];
