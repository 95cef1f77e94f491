//! dofile
