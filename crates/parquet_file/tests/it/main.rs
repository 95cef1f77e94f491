//! Tests of the reader of Parquet files, in one program.

mod hostile;
mod read;
