//! The program: becomes a run's launcher where that is asked for, before any thread exists; everything
//! else is the command line's.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == "exec-run") {
        let rest: Vec<_> = arguments.collect();
        return stata_service::adapters::runner::launcher::main(&rest);
    }
    stata_service::cli::run(std::env::args_os())
}
