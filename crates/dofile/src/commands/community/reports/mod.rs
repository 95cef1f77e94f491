//! Tables in documents: `asdoc`, `logout`, `tabout`, `sum2docx` and its kin, balance tables. Each builds a table as text and
//! writes it here.

mod asdoc;
mod asdoc_models;
mod asdoc_tables;
mod balance;
mod balance_show;
mod docx_tables;
mod iebaltab_table;
mod logout;
mod orth_out;
mod reg2docx;
mod screen;
mod stddiff;
mod tabout;
mod tabout_cells;
mod write;

pub(super) use asdoc::SPEC as ASDOC;
pub(super) use balance::SPEC_BALANCETABLE as BALANCETABLE;
pub(super) use balance::SPEC_IEBALTAB as IEBALTAB;
pub(super) use docx_tables::SPEC_CORR as CORR2DOCX;
pub(super) use docx_tables::SPEC_SUM as SUM2DOCX;
pub(super) use docx_tables::SPEC_T as T2DOCX;
pub(super) use logout::SPEC as LOGOUT;
pub(super) use orth_out::SPEC as ORTH_OUT;
pub(super) use reg2docx::SPEC as REG2DOCX;
pub(super) use stddiff::SPEC as STDDIFF;
pub(super) use tabout::SPEC as TABOUT;

/// Where a table goes.
struct Target {
    file: String,
    replace: bool,
    append: bool,
}
