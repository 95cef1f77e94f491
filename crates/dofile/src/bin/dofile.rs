//! The open do-file engine as a program of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    dofile::batch_main(std::env::args().skip(1))
}
