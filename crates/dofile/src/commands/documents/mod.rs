//! Documents: `putdocx`, `putpdf`, `putexcel`, `collect`, `dtable` and `etable`. The text and tables of a document are collected in a model;
//! writing the file formats is in `docx`, `pdf` and `workbook`.

mod border;
mod collect;
mod content;
mod docx;
mod dtable;
mod dtable_options;
mod etable;
mod model;
mod pdf;
mod put;
mod put_append;
mod put_table;
mod putexcel;
mod putexcel_place;
mod putexcel_style;
mod table;
mod text_block;

use super::CommandSpec;
pub(crate) use text_block::text_block;

pub(super) const TABLE: &[CommandSpec] =
    &[collect::SPEC, collect::SPEC_ETABLE, dtable::SPEC, put::SPEC_DOCX, put::SPEC_PDF, putexcel::SPEC];
