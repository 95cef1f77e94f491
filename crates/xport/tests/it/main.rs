//! Tests of the reader of transport files, in one program.

mod hostile;
mod read;
