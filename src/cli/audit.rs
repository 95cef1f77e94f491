//! `audit verify`: is the audit chain whole, and is it the one that its anchors saw?

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the output of a command")]

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::Value;

use super::Exit;
use super::store::print_problems;
use crate::adapters::store::tools::Anchor;
use crate::app::control::{RequestError, Target};
use crate::app::maintenance::{MaintenanceRequest, maintain};

/// The audit chain.
#[derive(Debug, Args)]
pub struct AuditArgs {
    #[command(subcommand)]
    command: AuditCommand,
    /// Print the report as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Verify every event, the export, and that the chain goes through its anchors
    Verify {
        /// Recorded heads: log lines, a response of system/status, a backup's manifest, or an
        /// export kept elsewhere; may be repeated
        #[arg(long, value_name = "FILE")]
        anchor: Vec<PathBuf>,
    },
}

/// Runs the command, through the running service where there is one.
pub async fn run(args: AuditArgs, target: &Target) -> Result<Exit, RequestError> {
    let AuditCommand::Verify { anchor: files } = args.command;
    let mut anchors = Vec::new();
    for file in &files {
        match read_anchors(file) {
            Ok(found) => anchors.extend(found),
            Err(reason) => {
                eprintln!("{}: {reason}", file.display());
                return Ok(Exit::Failed);
            }
        }
    }
    let report = maintain(target, &MaintenanceRequest::AuditVerify { anchors }).await?;
    if args.json {
        println!("{report:#}");
    } else {
        print_problems(&report);
        println!("head: event {} {}", report["audit_seq"], report["audit_hash"].as_str().unwrap_or_default());
        if report["checked"]["anchors"].is_null() {
            println!("note: without --anchor a truncated or fully rewritten chain is not detected");
        }
    }
    Ok(if report["ok"] == true { Exit::Done } else { Exit::Failed })
}

/// Reads a file of anchors: one JSON document, or one on each line, in which any object with a sequence and
/// a hash is an anchor.
fn read_anchors(path: &Path) -> Result<Vec<Anchor>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let mut found = Vec::new();
    match serde_json::from_str::<Value>(&text) {
        Ok(whole) => collect(&whole, &mut found),
        Err(_) => {
            for line in text.lines() {
                if let Ok(value) = serde_json::from_str::<Value>(line) {
                    collect(&value, &mut found);
                }
            }
        }
    }
    if found.is_empty() {
        return Err("holds no anchor, such as {\"seq\": 12, \"hash\": \"…\"}".to_owned());
    }
    Ok(found)
}

fn collect(value: &Value, found: &mut Vec<Anchor>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(members) => {
            for (seq, hash) in [("seq", "hash"), ("audit_seq", "audit_hash")] {
                let pair =
                    members.get(seq).and_then(Value::as_u64).zip(members.get(hash).and_then(Value::as_str));
                if let Some((seq, hash)) = pair.filter(|(seq, _)| *seq > 0) {
                    found.push(Anchor { seq, hash: hash.to_owned() });
                }
            }
            members.values().for_each(|member| collect(member, found));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_found_wherever_heads_are_reported() {
        let cases = [
            r#"{"timestamp":"t","fields":{"event":"SS_AUDIT_HEAD","seq":3,"hash":"aa"}}"#,
            r#"{"audit_heads":[{"chain":0,"seq":3,"hash":"aa"}]}"#,
            r#"{"id":"b1","audit_seq":3,"audit_hash":"aa"}"#,
            "not JSON\n{\"seq\":3,\"hash\":\"aa\",\"action\":\"job.created\"}\n",
        ];
        for text in cases {
            let file = tempfile::NamedTempFile::new().expect("a file");
            std::fs::write(file.path(), text).expect("written");
            let anchors = read_anchors(file.path()).expect("anchors");
            assert_eq!(anchors, [Anchor { seq: 3, hash: "aa".to_owned() }], "{text}");
        }
        let none = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(none.path(), "{}").expect("written");
        assert!(read_anchors(none.path()).is_err());
    }
}
