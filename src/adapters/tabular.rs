//! Uploaded tables (CSV, XLSX, XLS, DTA) to canonical data.
