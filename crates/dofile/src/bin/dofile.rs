//! The open do-file engine as a separate program.

use std::process::ExitCode;

fn main() -> ExitCode {
    dofile::batch_main(std::env::args().skip(1))
}
