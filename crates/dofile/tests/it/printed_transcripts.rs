//! Transcripts: logs that Stata printed, in `tests/oracles/printed`. Every command of a file runs in one session, and each
//! line of its output is compared, blanks at the ends of lines and blank lines at the end of the output aside. Words that
//! releases before 17 printed in other letters (`Ho:`, `Std. Err.`) stand as release 17 prints them. Files whose name ends
//! with `_words` come from texts that lost the frames of tables: there the words are compared.

use dofile::Session;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A command with the lines that it printed.
struct Step {
    command: String,
    output: Vec<String>,
}

/// Reads a transcript: `# ` begins a remark, `#! ` a command that prepares the data, `. ` a command, `> ` its continuation;
/// rows of `input` have numbers.
fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut rows = false;
    for line in text.lines().filter(|l| !l.starts_with("# ")) {
        let silent = line.strip_prefix("#! ").map(|command| format!("quietly {command}"));
        let command = silent.as_deref().or(line.strip_prefix(". "));
        if let Some(command) = command {
            rows = command.starts_with("input ");
            steps.push(Step { command: command.to_string(), output: Vec::new() });
            continue;
        }
        let Some(step) = steps.last_mut() else { continue };
        let row = line.trim_start().split_once(". ").filter(|(n, _)| n.parse::<usize>().is_ok());
        match (rows, row, line.strip_prefix("> ")) {
            (true, Some((_, row)), _) => {
                step.command.push('\n');
                step.command.push_str(row);
            }
            // the names above the rows belong to the echo, which this session does not print
            (true, None, _) => {}
            (false, _, Some(further)) if step.output.is_empty() => {
                step.command.push('\n');
                step.command.push_str(further);
            }
            _ => step.output.push(line.trim_end().to_string()),
        }
    }
    steps.iter_mut().for_each(|step| drop_blank_end(&mut step.output));
    steps
}

fn drop_blank_end(lines: &mut Vec<String>) {
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
}

/// The words of lines, without the frames around them.
fn words(lines: &[String]) -> Vec<String> {
    let text = lines.join("\n").replace('|', " ");
    let frame = |word: &&str| word.chars().any(|c| !matches!(c, '-' | '+'));
    text.split_whitespace().filter(frame).map(str::to_string).collect()
}

/// The first line, or word, that differs, with both of its forms.
fn difference(step: &Step, printed: &[String]) -> Option<String> {
    let count = step.output.len().max(printed.len());
    let line = |lines: &[String], i: usize| lines.get(i).cloned().unwrap_or_else(|| "(no line)".to_string());
    let at = (0..count).find(|&i| step.output.get(i) != printed.get(i))?;
    Some(format!("line {}:\n  Stata  |{}\n  engine |{}", at + 1, line(&step.output, at), line(printed, at)))
}

fn transcripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/printed");
    let files = std::fs::read_dir(folder).expect("a folder of transcripts");
    let mut paths: Vec<PathBuf> = files.map(|f| f.expect("an entry").path()).collect();
    paths.sort();
    paths
}

#[test]
fn transcripts_are_printed_again() {
    let (mut problems, mut compared) = (String::new(), 0);
    for path in transcripts() {
        let text = std::fs::read_to_string(&path).expect("a transcript");
        let mut session = Session::default();
        session.cwd = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/data");
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for mut step in steps(&text) {
            let (log, _) = session.run_captured(&step.command);
            let mut printed: Vec<String> = log.lines().map(|l| l.trim_end().to_string()).collect();
            drop_blank_end(&mut printed);
            compared += step.output.len();
            if name.ends_with("_words") {
                (step.output, printed) = (words(&step.output), words(&printed));
            }
            if let Some(what) = difference(&step, &printed) {
                let _ = writeln!(problems, "{name}: {}\n{what}", step.command);
            }
        }
    }
    assert!(problems.is_empty(), "{problems}");
    assert!(compared > 1000, "{compared} lines were compared");
}

#[test]
fn a_transcript_can_fail() {
    let found = steps(
        "# remark\n. display 1\n2\n. input x\n\n             x\n  1. 4\n  2. end\n. display ///\n> 3\n3\n",
    );
    let commands: Vec<&str> = found.iter().map(|s| s.command.as_str()).collect();
    assert_eq!(commands, ["display 1", "input x\n4\nend", "display ///\n3"]);
    assert_eq!(found[0].output, ["2"]);
    assert!(difference(&found[0], &["1".to_string()]).is_some_and(|d| d.contains("Stata  |2")));
    assert!(difference(&found[0], &["2".to_string()]).is_none());
    assert!(difference(&found[0], &["2".to_string(), "3".to_string()]).is_some());
    let table = ["  +---+".to_string(), "1. | -1 |".to_string()];
    assert_eq!(words(&table), ["1.", "-1"]);
    assert_eq!(steps("#! clear\n. display 1\n1\n")[0].command, "quietly clear");
}
