//! Uploads: ingest of every format, upload sessions, downloads, data steps.

mod awkward_texts;
mod binary_workbooks;
mod cancel_reading;
mod categories;
mod data_steps;
mod frames;
mod fuzz;
mod ingest_docs;
pub(crate) mod ingest_fixtures;
mod ingest_refusals;
mod late_ingest;
mod lying_counts;
mod many_columns;
mod mistakes;
mod open_document;
mod parquet_files;
mod r_files;
mod random_files;
mod random_tables;
mod reading_progress;
mod sas_files;
mod system_files;
mod text_headers;

mod upload_download;
mod upload_sessions;
mod workbook_headers;
