//! Tests of the reader of system files, in one program.

mod hostile;
mod read;
