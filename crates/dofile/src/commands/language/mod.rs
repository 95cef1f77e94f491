//! Commands of the language: macros, scalars, matrices, display, programs,
//! settings, do-files, result files.

mod collinear;
mod confirm;
mod creturn;
mod display;
mod file_tools;
pub(crate) mod files;
mod flow;
mod folders;
mod fv_depvar;
mod gettoken;
mod harmless;
mod held;
mod input;
pub(crate) mod macros;
mod marks;
mod mata;
mod matlist;
pub(crate) mod matrix;
mod ms_parse;
mod progress;
mod returns;
mod scripting;
mod settings;
mod timer;
mod tokens;

pub(crate) use display::display_text;
pub(crate) use files::directory_list;
pub(crate) use input::{input_heading, input_rows};

use super::CommandSpec;
use crate::syntax::WeightKind;

/// All kinds of weights.
pub(crate) const ALL_WEIGHTS: &[WeightKind] =
    &[WeightKind::Frequency, WeightKind::Analytic, WeightKind::Probability, WeightKind::Importance];

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    display::SPEC,
    macros::LOCAL,
    macros::C_LOCAL,
    macros::GLOBAL,
    macros::TEMPVAR,
    macros::TEMPNAME,
    macros::TEMPFILE,
    macros::MACRO,
    macros::TOKENIZE,
    macros::ARGS,
    macros::SCALAR,
    gettoken::SPEC,
    ms_parse::SPEC,
    files::POSTFILE,
    files::POST,
    files::POSTCLOSE,
    files::POSTUTIL,
    files::FILE,
    settings::SET,
    settings::VERSION,
    settings::SYSDIR,
    settings::DISCARD,
    settings::ABOUT,
    mata::SPEC,
    returns::RETURN,
    returns::ERETURN,
    returns::SRETURN,
    creturn::SPEC,
    held::ESTIMATES,
    held::RETURN,
    scripting::CSCRIPT,
    scripting::RCOF,
    progress::DOTS,
    scripting::ASSERT,
    scripting::NUMLIST,
    matrix::SPEC,
    matlist::SPEC,
    timer::SPEC,
    tokens::UNAB,
    tokens::FVEXPAND,
    tokens::FVUNAB,
    tokens::TSUNAB,
    collinear::SPEC,
    collinear::SPEC_OUTCOME,
    fv_depvar::SPEC,
    tokens::LOG,
    tokens::ERASE,
    tokens::PWD,
    file_tools::RM,
    file_tools::COPY,
    file_tools::TYPE,
    file_tools::FINDFILE,
    folders::CD,
    folders::CHDIR,
    folders::MKDIR,
    folders::RMDIR,
    folders::DIR,
    folders::LS,
    flow::SYNTAX,
    flow::PROGRAM,
    flow::DO,
    flow::RUN,
    flow::INCLUDE,
    flow::ERROR,
    flow::ASSERT,
    confirm::SPEC,
    flow::PRESERVE,
    flow::RESTORE,
    marks::MARKSAMPLE,
    marks::MARK,
    marks::MARKOUT,
    flow::CLEAR,
    harmless::CLS,
    harmless::MORE,
    harmless::PAUSE,
    harmless::SLEEP,
    harmless::WINDOW,
    harmless::QUERY,
    harmless::BROWSE,
    harmless::HELP,
    harmless::EDIT,
    harmless::DOEDIT,
    harmless::VIEW,
    harmless::CMDLOG,
    harmless::SEARCH,
    harmless::FINDIT,
    harmless::VIEWSOURCE,
    harmless::MEMORY,
    harmless::ADOPATH,
    harmless::SSC,
    harmless::NET,
    harmless::ADO,
    harmless::ADOUPDATE,
    harmless::UPDATE,
    harmless::WHICH,
];
