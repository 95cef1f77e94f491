//! `client draft`: the analysis before it is frozen, shown, changed and suggested.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::output::{columns, text};
use super::repair::step_text;
use super::session::Job;
use super::suggestion::{Consent, suggest};
use crate::cli::Exit;
use crate::cli::plain::plain;

/// Keys of a draft that are no roles. Every other key of `draft set` is the name of a role.
const KEYS: [&str; 13] = [
    "base_levels",
    "draft_text",
    "template_id",
    "sample_if",
    "categorical_vars",
    "quantity_vars",
    "interaction_terms",
    "derived_variables",
    "data_steps",
    "inputs",
    "roles",
    "parameters",
    "default_overrides",
];

#[derive(Debug, Subcommand)]
pub(super) enum DraftCommand {
    /// Show the draft with its open points.
    Show,
    /// Change the draft: NAME=VALUE for roles (`controls=age,sex`), `parameters.level=90`, `sample_if='age > 18'`.
    Set(SetArgs),
    /// Suggest a draft from the question by rules, with the reasons.
    Suggest(SuggestArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct SetArgs {
    /// NAME=VALUE sets, NAME= clears, NAME:=JSON sets any value, NAME+:=JSON adds to a list.
    #[arg(required_unless_present = "file", value_name = "NAME=VALUE")]
    changes: Vec<String>,
    /// A whole draft (JSON, the body of `PUT …/draft`) that replaces this one; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "changes")]
    file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct SuggestArgs {
    /// Make the suggestion the draft of the job without asking.
    #[arg(long, short)]
    yes: bool,
    /// Another question; the draft becomes stale with it.
    #[arg(long, value_name = "TEXT")]
    question: Option<String>,
}

/// Runs a command on the draft.
pub(super) async fn run(command: DraftCommand, job: &Job) -> Result<Exit, Failure> {
    match command {
        DraftCommand::Show => {
            let draft = job.get("/draft/preview").await?;
            if draft["status"] == "pending" {
                let message = text(&draft, "message");
                return Err(Failure::StillWorking(message, "stata-service client draft suggest"));
            }
            job.out.result(&draft, || draft_text(&draft));
        }
        DraftCommand::Set(args) => {
            let draft = set(args, job).await?;
            job.out.result(&draft, || draft_text(&draft));
        }
        DraftCommand::Suggest(args) => {
            if let Some(question) = args.question {
                job.api
                    .send(
                        reqwest::Method::PATCH,
                        &job.path(""),
                        super::api::Body::Json(&json!({"requirement": question})),
                    )
                    .await?;
            }
            let consent = if args.yes { Consent::Given } else { Consent::Ask };
            let made = suggest(job, consent).await?;
            job.out.result(&made, String::new);
            if made["draft"].is_object() {
                job.out.hint("client freeze");
            }
        }
    }
    Ok(Exit::Done)
}

/// Changes the draft, or replaces it; returns it.
async fn set(args: SetArgs, job: &Job) -> Result<Value, Failure> {
    if let Some(path) = args.file {
        let body = match path.to_str() {
            Some("-") => std::io::read_to_string(std::io::stdin()),
            _ => std::fs::read_to_string(&path),
        };
        let body = body.map_err(|error| Failure::read(&path, error))?;
        let body: Value = serde_json::from_str(&body)
            .map_err(|error| Failure::Usage(format!("{} is no JSON: {error}", path.display())))?;
        return job.api.put(&job.path("/draft"), &body).await;
    }
    let mut updates = Map::new();
    for change in &args.changes {
        let (name, value) = match parsed(change)? {
            Change::Set(name, value) => (name, value),
            Change::Add(name, values) => {
                let draft = job.get("/draft/preview").await?;
                let mut list = draft[&name].as_array().cloned().unwrap_or_default();
                list.iter_mut().for_each(as_stated);
                list.extend(values.into_iter().filter(|value| !list.contains(value)).collect::<Vec<_>>());
                (name, Value::Array(list))
            }
        };
        updates.insert(name, value);
    }
    match job.post("/draft/patch", &json!({"field_updates": updates})).await {
        // who names the analysis needs no suggestion first
        Err(failure) if failure.code() == "DRAFT_NOT_FOUND" && updates.contains_key("template_id") => {
            job.api.put(&job.path("/draft"), &whole(updates)).await
        }
        patched => Ok(patched?["draft_preview"].clone()),
    }
}

/// The body of a draft that states these changes and nothing else.
fn whole(updates: Map<String, Value>) -> Value {
    let mut body = json!({});
    for (name, value) in updates.into_iter().filter(|(_, value)| !value.is_null()) {
        match name.split_once('.') {
            Some((group, name)) => body[group][name] = value,
            None => body[&name] = value,
        }
    }
    body
}

/// Leaves out of an entry of a draft what only answers have: the canonical spelling of an expression.
fn as_stated(entry: &mut Value) {
    if let Value::Object(fields) = entry
        && fields.contains_key("expression")
    {
        fields.retain(|name, value| {
            ["name", "expression", "label"].contains(&name.as_str()) && !value.is_null()
        });
    }
}

#[derive(Debug, PartialEq)]
enum Change {
    Set(String, Value),
    Add(String, Vec<Value>),
}

/// Reads `NAME=VALUE`, `NAME:=JSON` or `NAME+:=JSON`.
fn parsed(change: &str) -> Result<Change, Failure> {
    let wrong = |why: &str| Failure::Usage(format!("{change:?} is no change of a draft: {why}"));
    let (name, text) = change.split_once('=').ok_or_else(|| wrong("write NAME=VALUE"))?;
    let json = |text: &str| -> Result<Value, Failure> {
        serde_json::from_str(text).map_err(|error| wrong(&format!("after := stands JSON: {error}")))
    };
    if let Some(name) = name.strip_suffix("+:") {
        let Value::Array(values) = json(text)? else { return Err(wrong("after +:= stands a list")) };
        return Ok(Change::Add(key(name), values));
    }
    if let Some(name) = name.strip_suffix(':') {
        return Ok(Change::Set(key(name), json(text)?));
    }
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err(wrong("write NAME=VALUE"));
    }
    let list = |text: &str| -> Vec<String> {
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    };
    let key = key(name);
    let value = match key.as_str() {
        _ if text.is_empty() => Value::Null,
        "categorical_vars" | "quantity_vars" => json!(list(text)),
        // a*b,c*d
        "interaction_terms" => {
            let terms = text.split(',').map(|term| term.split(['*', '#']).map(str::trim).collect::<Vec<_>>());
            json!(terms.collect::<Vec<_>>())
        }
        "draft_text" | "template_id" | "sample_if" => json!(text),
        "derived_variables" | "data_steps" | "inputs" | "roles" | "parameters" | "default_overrides" => {
            return Err(wrong("this key takes JSON: write NAME:=JSON"));
        }
        // dose=none,region=North
        "base_levels" => {
            let pair = |item: String| {
                item.split_once('=').map(|(column, level)| (column.trim().to_owned(), json!(level.trim())))
            };
            let pairs: Option<serde_json::Map<String, Value>> = list(text).into_iter().map(pair).collect();
            json!(pairs.ok_or_else(|| wrong("write base_levels=COLUMN=LEVEL"))?)
        }
        key if key.starts_with("parameters.") => match serde_json::from_str::<Value>(text) {
            Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
            _ => json!(text),
        },
        _ => match list(text) {
            one if one.len() == 1 => json!(one[0]),
            many => json!(many),
        },
    };
    Ok(Change::Set(key, value))
}

/// The key of a patch: names that are no keys of a draft are roles.
fn key(name: &str) -> String {
    if KEYS.contains(&name) || name.contains('.') { name.to_owned() } else { format!("roles.{name}") }
}

/// The draft for people.
pub(super) fn draft_text(draft: &Value) -> String {
    let mut out = String::new();
    let template = &draft["template"];
    if template.is_object() {
        let (title, id, by) =
            (text(template, "title"), text(template, "template_id"), text(template, "chosen_by"));
        out.push_str(&format!("method    {title} ({id}, chosen by {by})\n"));
    } else {
        out.push_str("method    none fits; see the blockers of the candidates with --json\n");
    }
    if draft["stale"] == true {
        out.push_str("stale     data or question changed since this draft was made\n");
    }
    let value = |value: &Value| match value {
        Value::String(text) => plain(text),
        Value::Array(list) => {
            let items = list.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), plain));
            items.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    let parameters = draft["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let set = parameters.iter().filter(|parameter| !parameter["value"].is_null());
    let rows: Vec<Vec<String>> =
        set.map(|p| vec![text(p, "name"), value(&p["value"]), text(p, "source")]).collect();
    out.push_str(&columns(&rows, &[false, false, false]));
    for variable in draft["derived_variables"].as_array().into_iter().flatten() {
        let (name, expression) = (text(variable, "name"), text(variable, "expression"));
        out.push_str(&format!("new       {name} = {expression}\n"));
    }
    for step in draft["data_steps"].as_array().into_iter().flatten() {
        out.push_str(&format!("step      {}\n", step_text(step)));
    }
    for (name, words) in [("sample_if", "sample"), ("categorical_vars", "categories")] {
        let shown = &draft[name];
        if !shown.is_null() && shown.as_array().is_none_or(|list| !list.is_empty()) {
            out.push_str(&format!("{words:<10}{}\n", value(shown)));
        }
    }
    for base in draft["category_bases"].as_array().into_iter().flatten() {
        let (column, level) = (plain(&text(base, "column")), plain(&text(base, "level")));
        out.push_str(&format!("base      {column}: {level} ({})\n", text(base, "reason")));
    }
    for open in draft["open_unknowns"].as_array().into_iter().flatten() {
        let mark = if open["blocking"] == true { "open !" } else { "open" };
        let names = open["candidates"].as_array().into_iter().flatten();
        let names: Vec<&str> =
            names.filter_map(|c| c.as_str().or_else(|| c["name"].as_str())).take(5).collect();
        let field = text(open, "field");
        out.push_str(&format!("{mark:<10}{field}: {}", text(open, "description")));
        if !names.is_empty() {
            out.push_str(&format!(" (such as {})", plain(&names.join(", "))));
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_read_as_roles_parameters_and_keys() {
        let of = |text: &str| match parsed(text) {
            Ok(Change::Set(name, value)) => (name, value),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(of("controls=age, sex"), ("roles.controls".into(), json!(["age", "sex"])));
        assert_eq!(of("outcome_var=pay"), ("roles.outcome_var".into(), json!("pay")));
        assert_eq!(of("roles.regressors=a"), ("roles.regressors".into(), json!("a")));
        assert_eq!(of("parameters.level=90"), ("parameters.level".into(), json!(90)));
        assert_eq!(of("parameters.vce=robust"), ("parameters.vce".into(), json!("robust")));
        assert_eq!(of("sample_if=age >= 18, sex == 1"), ("sample_if".into(), json!("age >= 18, sex == 1")));
        assert_eq!(
            of("interaction_terms=a*b,c*d"),
            ("interaction_terms".into(), json!([["a", "b"], ["c", "d"]]))
        );
        assert_eq!(of("controls="), ("roles.controls".into(), Value::Null));
        assert_eq!(of("template_id=linear.ols_robust"), ("template_id".into(), json!("linear.ols_robust")));
        let steps = parsed("data_steps+:=[{\"kind\":\"convert\"}]");
        assert_eq!(steps.ok(), Some(Change::Add("data_steps".into(), vec![json!({"kind": "convert"})])));
        for wrong in ["controls", "=x", "a b=c", "x:=[", "data_steps=x", "x+:={}"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
