//! Uploads and what becomes of them: receipt, ingest, sheets, preview, data steps.

pub mod cancel_reading;
pub mod count_data_steps;
pub mod ingest_file;
pub mod ingest_inputs;
pub mod ingest_state;
pub mod preview_inputs;
pub mod publish_inputs;
pub mod reading_progress;
pub mod readings;
pub mod receive_upload;
pub mod select_sheet;
pub mod take_up;
pub mod upload_parts;
pub mod upload_sessions;
