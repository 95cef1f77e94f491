//! A run in words: its estimates as a table, or its cause with the evidence and the commands that help.

use serde_json::Value;

use super::failure::Failure;
use super::output::{columns, text};
use super::session::Job;
use super::status::next_of;
use super::tables;
use crate::cli::Exit;
use crate::cli::plain::plain;
use crate::domain::anchors;
use crate::render::{Language, exponent, warning_words};

/// Most lines of evidence that are shown.
const MOST_EVIDENCE: usize = 12;

/// Arguments of `results`.
#[derive(Debug, clap::Args)]
pub(super) struct ResultsArgs {
    /// Run to show; the last one without it.
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// All tables of the run, each with a line that says what it holds.
    #[arg(long)]
    tables: bool,
}

/// Prints the results of the last attempt, or of a named one.
pub(super) async fn results(args: ResultsArgs, job: &Job) -> Result<Exit, Failure> {
    let run = attempt(job, args.run.as_deref()).await?;
    if run["status"] == "running" {
        return Err(Failure::StillWorking("the run is under way".to_owned(), "stata-service client watch"));
    }
    if run["status"] != "succeeded" {
        job.out.result(&run, || failure_text(&run));
        return Ok(Exit::Failed);
    }
    if args.tables {
        tables::print(job, &run).await?;
        return Ok(Exit::Done);
    }
    let shown = shown(job, &run).await;
    job.out.result(&run, || shown);
    Ok(Exit::Done)
}

/// A succeeded run in words: its main results as sentences, then its estimates.
pub(super) async fn shown(job: &Job, run: &Value) -> String {
    let said = if job.out.json { String::new() } else { findings_text(job, run).await };
    format!("{said}{}", results_text(run))
}

/// The main results as sentences with what they hold equal. Older services write none, and the estimates do without them.
async fn findings_text(job: &Job, run: &Value) -> String {
    let language = job.language().await;
    let run_id = text(run, "run_id");
    let path = format!("/runs/{}/findings?language={language}", super::address::segment(&run_id));
    let Ok(answer) = job.get(&path).await else { return String::new() };
    let list = |name: &str| answer[name].as_array().cloned().unwrap_or_default();
    let findings = list("findings").iter().map(|said| text(said, "text")).collect::<Vec<_>>();
    let notes = list("notes").iter().filter_map(|note| note.as_str().map(plain)).collect::<Vec<_>>();
    let lines: String = findings.into_iter().chain(notes).map(|said| format!("- {said}\n")).collect();
    if lines.is_empty() { lines } else { format!("{lines}\n") }
}

/// One attempt of a job; the last one without an id.
pub(super) async fn attempt(job: &Job, run_id: Option<&str>) -> Result<Value, Failure> {
    let known = match run_id {
        Some(id) => id.to_owned(),
        None => text(&job.get("").await?["latest_run"], "run_id"),
    };
    if known.is_empty() {
        let next = next_of(job).await;
        return Err(Failure::Open { message: "the job has not run yet".to_owned(), next });
    }
    job.get(&format!("/runs/{}", super::address::segment(&known))).await
}

/// The estimates, the rows used and the warnings.
fn results_text(run: &Value) -> String {
    let mut out = String::new();
    let rows = run["results"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !rows.is_empty() {
        // where the rows are of several models or equations
        let of: Vec<&str> = ["model", "equation"]
            .into_iter()
            .filter(|of| rows.iter().any(|row| !row[of].is_null()))
            .collect();
        // of a ratio, its interval is shown and not that of its logarithm
        let ratio = rows.iter().map(|row| text(&row["ratio"], "kind")).find(|kind| !kind.is_empty());
        let head = match &ratio {
            None => ["term", "estimate", "std. error", "p", "CI low", "CI high"].map(str::to_owned).to_vec(),
            Some(kind) => {
                let kind = kind.replace('_', " ");
                let own = ["term", "log estimate", "std. error", "p", &kind, "CI low", "CI high"];
                own.map(str::to_owned).to_vec()
            }
        };
        let mut table: Vec<Vec<String>> = vec![of.iter().map(|of| (*of).to_owned()).chain(head).collect()];
        for row in rows {
            let p = row["p_value"].as_f64().map(p_value).unwrap_or_default();
            let shown = |value: &Value| value.as_f64().map(number).unwrap_or_default();
            let estimate =
                if row["estimate"].is_null() { "omitted".to_owned() } else { shown(&row["estimate"]) };
            let mut cells = vec![term(row), estimate, shown(&row["std_error"]), p];
            match &ratio {
                None => cells.extend(["ci_low", "ci_high"].map(|end| shown(&row[end]))),
                Some(_) => cells.extend(["value", "low", "high"].map(|part| shown(&row["ratio"][part]))),
            }
            table.push(of.iter().map(|of| text(row, of)).chain(cells).collect());
        }
        let numbers: Vec<bool> = (0..table[0].len()).map(|column| column > of.len()).collect();
        out.push_str(&columns(&table, &numbers));
        out.push('\n');
    } else {
        out.push_str(&metrics(run));
    }
    let flow = run["sample_flow"].as_array().map(Vec::as_slice).unwrap_or_default();
    if let (Some(first), Some(last)) = (flow.first(), flow.last()) {
        out.push_str(&format!("rows      {} used of {}", last["rows"], first["rows"]));
        // a conversion leaves no row out
        let is_repair = |step: &&Value| text(step, "step").starts_with("convert ");
        let (repairs, others): (Vec<&Value>, Vec<&Value>) = flow.iter().partition(is_repair);
        for (words, steps) in [("left out", others), ("repaired", repairs)] {
            let reasons: Vec<String> =
                steps.iter().map(|step| text(step, "reason")).filter(|r| !r.is_empty()).collect();
            if !reasons.is_empty() {
                out.push_str(&format!("; {words}: {}", reasons.join("; ")));
            }
        }
        out.push('\n');
    }
    out.push_str(&warnings(run));
    let tables = tables::names(run);
    if !tables.is_empty() {
        out.push_str(&format!("tables    {}: stata-service client results --tables\n", tables.join(", ")));
    }
    let engine = text(&run["engine"], "kind");
    out.push_str(&format!("engine    {engine}   run {}\n", text(run, "run_id")));
    out
}

/// A term in the words of the data, where there are some.
fn term(row: &Value) -> String {
    let label = text(row, "label");
    if label.is_empty() { text(row, "term") } else { label }
}

/// The numbers of a run without a table of estimates, such as a test; its tables are fetched with `fetch`.
fn metrics(run: &Value) -> String {
    let all = run["metrics"].as_object().into_iter().flatten();
    let own = all.filter(|(name, _)| !name.starts_with("n_"));
    let rows: Vec<Vec<String>> =
        own.filter_map(|(name, value)| Some(vec![name.clone(), metric(value.as_f64()?)])).collect();
    if rows.is_empty() { String::new() } else { format!("{}\n", columns(&rows, &[false, true])) }
}

/// A count or a seed in full, other numbers as estimates.
fn metric(x: f64) -> String {
    if x.fract() == 0.0 && x.abs() < 1e15 { format!("{x:.0}") } else { number(x) }
}

fn warnings(run: &Value) -> String {
    checks(run, "warn").map(|(id, words)| format!("warning   {id}: {words}\n")).collect()
}

/// The checks of a status: id, and what it means in words with what the run says of it.
fn checks<'a>(run: &'a Value, status: &'a str) -> impl Iterator<Item = (String, String)> + 'a {
    let all = run["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter(move |check| check["status"] == status).map(|check| {
        let message = check["message"].as_str().map_or_else(|| cell(&check["value"]), plain);
        let id = text(check, "id");
        let words = warning_words(&id, Language::En);
        let said = if words.is_empty() { message } else { format!("{words} ({message})") };
        (id, said)
    })
}

/// A value of a check. A do-file prints its numbers with all digits: 2.5000000000000000e-01.
fn cell(value: &Value) -> String {
    let Some(text) = value.as_str() else { return value.to_string() };
    match text.parse::<f64>() {
        Ok(x) if text.contains('e') => {
            format!("{x:.4}").trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => plain(text),
    }
}

/// The cause of a failed attempt, its evidence, and the commands that help.
pub(super) fn failure_text(run: &Value) -> String {
    let cause = text(run, "cause");
    let mut out =
        format!("the run failed: {}", if cause.is_empty() { "no cause is recorded" } else { &cause });
    let detail = text(run, "cause_detail");
    if !detail.is_empty() {
        out.push_str(&format!(" ({detail})"));
    }
    out.push('\n');
    for (id, words) in checks(run, "fail") {
        out.push_str(&format!("  check {id}: {words}\n"));
    }
    let evidence = run["evidence"].as_array().map(Vec::as_slice).unwrap_or_default();
    // the lines that a do-file prints for the service say nothing to people
    let for_people = evidence.iter().filter(|line| !text(line, "text").starts_with(anchors::PREFIX));
    for line in for_people.take(MOST_EVIDENCE) {
        out.push_str(&format!("  {:>5}  {}\n", line["line"].to_string(), text(line, "text")));
    }
    let actions = run["next_actions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut commands: Vec<&str> = actions.iter().filter_map(|action| command_of(action.as_str()?)).collect();
    commands.dedup();
    for (n, command) in commands.iter().enumerate() {
        let lead = if n == 0 { "type:  " } else { "       " };
        out.push_str(&format!("{lead} {command}\n"));
    }
    out
}

/// The command for a recommended action of `docs/runs.md`.
fn command_of(action: &str) -> Option<&'static str> {
    Some(match action {
        "run_again" => "stata-service client run",
        "revise_plan" | "correct_data" | "reduce_data_or_terms" => {
            "stata-service client revise      # then `draft set …` or `upload FILE`, and `freeze`"
        }
        "choose_other_template" => {
            "stata-service client revise      # then `draft set template_id=…`, and `freeze`"
        }
        _ => return None,
    })
}

/// An estimate with six decimals; a smaller one with as many as four of its digits need. Below 10⁻⁷ and from 10⁹ up it has an
/// exponent of two digits, as in the tables of reports.
pub(super) fn number(x: f64) -> String {
    let size = x.abs();
    if x != 0.0 && !(1e-7..1e9).contains(&size) {
        return exponent(&format!("{x:.4e}"));
    }
    let needed = if x == 0.0 { 0 } else { 3 - size.log10().floor() as i32 };
    let places = if size < 1e-4 { usize::try_from(needed).unwrap_or(6).max(6) } else { 6 };
    format!("{x:.places$}")
}

pub(super) fn p_value(p: f64) -> String {
    if p < 0.0001 { "<0.0001".to_owned() } else { format!("{p:.4}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn estimates_are_a_table_and_nothing_prints_as_zero() {
        let run = json!({
            "run_id": "run_1", "engine": {"kind": "open"},
            "results": [
                {"term": "x", "estimate": 0.00001234, "std_error": 1.5, "p_value": 1e-9, "ci_low": -1.0, "ci_high": 2.0},
                {"term": "z", "estimate": null},
            ],
            "sample_flow": [{"step": "loaded", "rows": 9}, {"step": "convert main", "rows": 9, "reason": "convert x: numbers"}, {"step": "used", "rows": 7, "reason": "missing: x (2)"}],
            "checks": [{"id": "few_clusters", "status": "warn", "message": "12 clusters"}, {"id": "a", "status": "ok"}],
        });
        let text = results_text(&run);
        assert!(text.contains(" 0.00001234 ") && text.contains("<0.0001"), "{text}");
        let omitted = text.lines().find(|line| line.starts_with('z')).expect("its row");
        assert!(omitted.ends_with("omitted"), "{text}");
        assert!(
            text.contains("rows      7 used of 9; left out: missing: x (2); repaired: convert x: numbers"),
            "{text}"
        );
        assert!(
            text.contains(
                "warning   few_clusters: There are few clusters. With few clusters, standard errors"
            ),
            "{text}"
        );
    }

    #[test]
    fn numbers_have_one_style() {
        let shown = [0.0, 1.5, -0.25, 0.000_02, -1.25e-8, 2.5e12].map(number);
        assert_eq!(shown, ["0.000000", "1.500000", "-0.250000", "0.00002000", "-1.2500e-08", "2.5000e+12"]);
    }

    #[test]
    fn counts_and_seeds_are_whole() {
        let run =
            json!({"run_id": "run_1", "metrics": {"seed": 1_539_100_001.0, "direct": 0.088726, "n_used": 9}});
        let text = results_text(&run);
        assert!(text.contains("1539100001\n") && text.contains("0.088726\n"), "{text}");
    }

    #[test]
    fn terms_have_their_words_and_their_model() {
        let row = |model: &str, term: &str, label: Value| json!({"model": model, "term": term, "label": label, "estimate": 1.0});
        let rows = [row("0.25", "2.ss_c_group", json!("group: b")), row("0.75", "age", Value::Null)];
        let text = results_text(&json!({"run_id": "run_1", "results": rows}));
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[0][..3], ["model", "term", "estimate"], "{text}");
        assert_eq!(lines[1][..4], ["0.25", "group:", "b", "1.000000"], "{text}");
        assert_eq!(lines[2][..3], ["0.75", "age", "1.000000"], "{text}");
    }

    #[test]
    fn a_failure_shows_cause_evidence_and_commands_and_moves_no_cursor() {
        let run = json!({
            "cause": "data_error", "checks": [{"id": "no_obs", "status": "fail", "message": "no row\u{1b}[2J"}],
            "evidence": [{"line": 11, "text": "SS_EVENT|check|k=00|id=no_obs"}, {"line": 12, "text": "r(2000);"}],
            "next_actions": ["correct_data", "revise_plan", "contact_operator"],
        });
        let text = failure_text(&run);
        assert!(text.starts_with("the run failed: data_error\n  check no_obs: "), "{text}");
        assert!(text.contains("no row\\u{1b}[2J"), "{text}");
        assert!(
            text.contains("12  r(2000);") && text.contains("type:   stata-service client revise"),
            "{text}"
        );
        assert!(!text.contains("SS_EVENT") && text.matches("client revise").count() == 1, "{text}");
    }

    #[test]
    fn a_failed_check_is_said_in_words() {
        let run =
            json!({"cause": "data_error", "checks": [{"id": "gap_time", "status": "fail", "value": 49}]});
        let text = failure_text(&run);
        assert!(
            text.contains("check gap_time: Periods are missing between observed ones. Add a row"),
            "{text}"
        );
        let shown = |value: Value| cell(&value);
        let printed = ["2.5000000000000000e-01", "12", "east"].map(|text| shown(json!(text)));
        assert_eq!(printed, ["0.25", "12", "east"]);
    }
}
