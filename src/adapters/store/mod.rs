//! Stores: SQLite embedded.
