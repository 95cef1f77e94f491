//! The program: becomes the launcher of a run or the reader of an upload where its first argument says so, before any
//! thread exists; everything else is the command line's.

use std::process::ExitCode;

fn main() -> ExitCode {
    // files and folders of the service, its launchers and readers are their owner's, whatever the environment says
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == "exec-run") {
        let rest: Vec<_> = arguments.collect();
        return stata_service::adapters::runner::launcher::main(&rest);
    }
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == "read-table") {
        let rest: Vec<_> = arguments.collect();
        return stata_service::adapters::tabular::reader_process::main(&rest);
    }
    stata_service::cli::run(std::env::args_os())
}
