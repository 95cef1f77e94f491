//! `stata-service gate`: evaluates every rule of the production gate for the settings in force, without
//! serving. The rules are judged as for production, whatever `env` says.

use std::path::PathBuf;

use serde_json::json;

use super::{Exit, serve, settings};
use crate::app::gate::check;
use crate::config::Flags;
use crate::domain::gate::Finding;

/// Arguments of `gate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One JSON document instead of lines.
    #[arg(long)]
    json: bool,
}

/// Prints the list; done when every rule holds, else [`Exit::Config`].
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the output of a command")]
pub(super) fn run(args: &Args, config: Option<PathBuf>) -> Exit {
    let values = vec![("gate".to_owned(), "env".to_owned(), "production".to_owned())];
    let settings = match settings(&Flags { config, values }) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let options = match serve::options(&settings) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}");
            return serve::exit_of(&error);
        }
    };
    // The rules on the data directory report a directory that cannot be created.
    let _ = std::fs::create_dir_all(options.data_dir.join("scratch"));
    let data_dir = options.data_dir.canonicalize().unwrap_or_else(|_| options.data_dir.clone());
    let findings = check(&options, &data_dir, None).execute();
    let holds = findings.iter().all(|finding| finding.ok);
    if args.json {
        let document = json!({"ok": holds, "rules": findings});
        println!("{}", serde_json::to_string_pretty(&document).expect("findings serialise"));
    } else {
        print!("{}", lines(&findings));
    }
    if holds { Exit::Done } else { Exit::Config }
}

/// Writes one line per rule, and the remedy below each violated one.
pub(super) fn lines(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let word = if finding.ok { "ok      " } else { "violated" };
        out.push_str(&format!("{word} {}: {}\n", finding.id, finding.detail));
        if !finding.ok {
            out.push_str(&format!("         {}\n", finding.remedy));
        }
    }
    out
}
