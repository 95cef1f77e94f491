//! Tests of the reader of files of R, in one program.

mod hostile;
mod read;
