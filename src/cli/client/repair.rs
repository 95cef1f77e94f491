//! `client repair`: the data steps that the reader of the file offers, applied by a person's choice.

use serde_json::{Value, json};

use super::failure::Failure;
use super::output::text;
use super::session::Job;
use crate::cli::Exit;
use crate::cli::plain::plain;

/// Arguments of `repair`.
#[derive(Debug, clap::Args)]
pub(super) struct RepairArgs {
    /// Numbers of the offered steps to apply; without numbers they are listed.
    numbers: Vec<usize>,
    /// Take every repair out of the draft.
    #[arg(long, conflicts_with = "numbers")]
    undo: bool,
}

/// A step that the reader of a file offers, with the remark that it repairs.
pub(super) type Offer = (String, Value);

/// The offered steps, in the order of their numbers.
pub(super) async fn offered(job: &Job) -> Result<Vec<Offer>, Failure> {
    let seen = job.get("/inputs/preview?rows=1&columns=1").await?;
    let remarks = seen["warnings"].as_array().into_iter().flatten();
    let offers = remarks.flat_map(|remark| {
        let message = text(remark, "message");
        let steps = remark["repairs"].as_array().cloned().unwrap_or_default();
        steps.into_iter().map(move |step| (message.clone(), step))
    });
    Ok(offers.collect())
}

/// The commands that read a column of text as numbers, one for each reading of them.
pub(super) fn into_numbers(offers: &[Offer], column: &str) -> Vec<String> {
    let reads = |step: &Value| step["column"] == column && step["to"] == "number";
    let numbers = (1..).zip(offers).filter(|(_, (_, step))| reads(step)).map(|(number, _)| number);
    numbers
        .map(|n: usize| format!("stata-service client repair {n}      # then `draft suggest --yes`"))
        .collect()
}

/// Lists offered repairs, puts chosen ones into the draft, or takes all out again.
pub(super) async fn repair(args: RepairArgs, job: &Job) -> Result<Exit, Failure> {
    let offers = offered(job).await?;
    if args.numbers.is_empty() && !args.undo {
        let listed: Vec<Value> =
            offers.iter().map(|(remark, step)| json!({"remark": remark, "step": step})).collect();
        job.out.result(&json!({"repairs": listed}), || listing(&offers));
        return Ok(Exit::Done);
    }
    let draft = job.get("/draft/preview").await?;
    let mut steps = draft["data_steps"].as_array().cloned().unwrap_or_default();
    if args.undo {
        steps.retain(|step| matches!(step["kind"].as_str(), Some("merge" | "append")));
    }
    for number in &args.numbers {
        let offer = number.checked_sub(1).and_then(|n| offers.get(n));
        let (_, step) = offer.ok_or_else(|| {
            Failure::Usage(format!("there is no repair {number}; {} are offered", offers.len()))
        })?;
        if !steps.contains(step) {
            steps.push(step.clone());
        }
    }
    // repairs come before merges and appends, and dropped rows before conversions
    steps.sort_by_key(|step| match step["kind"].as_str() {
        Some("drop_rows") => 0,
        Some("convert") => 1,
        _ => 2,
    });
    let patched = job.post("/draft/patch", &json!({"field_updates": {"data_steps": steps}})).await?;
    let draft = &patched["draft_preview"];
    job.out.result(draft, || format!("the draft has {} data steps; the file stays as it is", steps.len()));
    job.out.hint("client freeze --preview");
    Ok(Exit::Done)
}

/// Most entries of a step that are listed.
const MOST_LISTED: usize = 5;

fn listing(offers: &[(String, Value)]) -> String {
    if offers.is_empty() {
        return "no repair is offered for these data".to_owned();
    }
    let mut out = String::new();
    let mut shown = "";
    for (n, (remark, step)) in offers.iter().enumerate() {
        if shown != remark {
            out.push_str(&format!("{remark}\n"));
            shown = remark;
        }
        out.push_str(&format!("  {}  {}\n", n + 1, step_text(step)));
    }
    out.push_str("type:   stata-service client repair NUMBER\n");
    out
}

/// What a data step of a draft does, in words.
pub(super) fn step_text(step: &Value) -> String {
    match step["kind"].as_str() {
        Some("drop_rows") => {
            let rows = listed(&step["rows"], |row| row.to_string());
            let few = step["rows"].as_array().is_some_and(|rows| rows.len() == 1);
            format!("leave out {} {rows} of the data", if few { "row" } else { "rows" })
        }
        Some("convert") => {
            let to = match text(step, "to").as_str() {
                "text" => "without blanks around its texts".to_owned(),
                "text_lower" => "in small letters, without blanks around its texts".to_owned(),
                "yes_no" => format!("as 0 and 1, 1 for {}", step["one"]),
                "fill_down" => "with the value above in each empty cell".to_owned(),
                "date_dmy" => "as dates, day first".to_owned(),
                "date_mdy" => "as dates, month first".to_owned(),
                "date_ymd" => "as dates, year first".to_owned(),
                "date_spreadsheet" => "as dates, from the days of a spreadsheet".to_owned(),
                "date_yyyymmdd" => "as dates, written YYYYMMDD".to_owned(),
                "month_yyyymm" => "as months, written YYYYMM".to_owned(),
                other => format!("as {other}"),
            };
            let mut out = format!("read {} {to}", text(step, "column"));
            let quoted = |field: &str| listed(&step[field], |value| value.to_string());
            for (field, words) in [("remove", "without"), ("missing", "missing:")] {
                if step[field].as_array().is_some_and(|texts| !texts.is_empty()) {
                    out.push_str(&format!(", {words} {}", quoted(field)));
                }
            }
            if let Some(sign) = step["decimal"].as_str() {
                out.push_str(&format!(", decimal sign {sign:?}"));
            }
            plain(&out)
        }
        Some("merge") => {
            let keys = listed(&step["keys"], |key| key.as_str().unwrap_or_default().to_owned());
            plain(&format!("add the columns of {} by {keys}", text(step, "dataset_key")))
        }
        Some("append") => plain(&format!("add the rows of {}", text(step, "dataset_key"))),
        _ => plain(&step.to_string()),
    }
}

/// The first entries of a list, and how many more there are.
fn listed(values: &Value, shown: impl Fn(&Value) -> String) -> String {
    let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
    let more = values.len().saturating_sub(MOST_LISTED);
    let first: Vec<String> = values.iter().take(MOST_LISTED).map(shown).collect();
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    first.join(", ") + &rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_told_with_all_that_it_does() {
        for (step, words) in [
            (json!({"kind": "drop_rows", "rows": [121]}), "leave out row 121 of the data"),
            (
                json!({"kind": "drop_rows", "rows": [1, 2, 3, 4, 5, 6, 7]}),
                "leave out rows 1, 2, 3, 4, 5 and 2 more of the data",
            ),
            (
                json!({"kind": "convert", "column": "staff", "to": "number", "missing": ["999", "-9"]}),
                "read staff as number, missing: \"999\", \"-9\"",
            ),
            (
                json!({"kind": "convert", "column": "area", "to": "number", "remove": ["m²"], "decimal": ","}),
                "read area as number, without \"m²\", decimal sign \",\"",
            ),
            (json!({"kind": "convert", "column": "day", "to": "date_dmy"}), "read day as dates, day first"),
            (
                json!({"kind": "convert", "column": "smoker", "to": "yes_no", "one": "Ja"}),
                "read smoker as 0 and 1, 1 for \"Ja\"",
            ),
            (
                json!({"kind": "convert", "column": "arm", "to": "text_lower"}),
                "read arm in small letters, without blanks around its texts",
            ),
            (
                json!({"kind": "merge", "dataset_key": "data_2", "keys": ["id", "year"]}),
                "add the columns of data_2 by id, year",
            ),
        ] {
            assert_eq!(step_text(&step), words);
        }
    }
}
