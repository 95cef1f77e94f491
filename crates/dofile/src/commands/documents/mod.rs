//! Documents: `putdocx`, `putpdf` and `putexcel`. The text and tables of a document are collected in a model;
//! writing the file formats is in `docx`, `pdf` and `workbook`.

mod content;
mod docx;
mod model;
mod pdf;
mod put;
mod putexcel;
mod table;

use super::CommandSpec;

pub(super) const TABLE: &[CommandSpec] = &[put::SPEC_DOCX, put::SPEC_PDF, putexcel::SPEC];
