//! Logs, metrics and their stable names.
