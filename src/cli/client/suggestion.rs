//! A draft that the rules of the service suggest: its choices with reasons, its open questions, and a person's answers.

use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::output::{Out, columns, text};
use super::repair::{self, Offer};
use super::session::Job;
use super::terminal;
use crate::cli::plain::plain;

/// Most candidates of a question that are shown.
const MOST_CANDIDATES: usize = 8;

/// Most analyses that are offered as commands.
const MOST_ANALYSES: usize = 3;

/// Choices that are less certain are shown with their confidence.
const DOUBTED: f64 = 0.7;

/// What becomes of a suggestion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consent {
    /// A person is asked at a terminal; elsewhere it is only shown.
    Ask,
    /// It becomes the draft, unless a question blocks.
    Given,
}

/// Shows the suggestion, asks what it leaves open, and makes it the job's draft; returns `{suggestion, draft}`, where
/// the draft is null if nobody agreed.
///
/// # Errors
/// [`Failure::Open`] if a question blocks and nobody answers it.
pub(super) async fn suggest(job: &Job, consent: Consent) -> Result<Value, Failure> {
    let suggestion = job.post("/draft/suggest", &json!({})).await?;
    job.out.line(suggestion_text(&suggestion, job.out).trim_end());
    let asks = consent == Consent::Ask && job.out.asks();
    let answers = if asks { answers(&suggestion, job.out) } else { Vec::new() };
    let open = still_open(&suggestion, &answers);
    if !open.is_empty() && (consent == Consent::Given || asks) {
        // what is known is kept, so that only the answers are missing
        submit(job, &answers).await?;
        return Err(missing_answers(&suggestion, &open, &repair::offered(job).await?, job.out));
    }
    if consent == Consent::Ask && !(asks && terminal::confirm("Use this draft?")) {
        if asks {
            return Err(Failure::Declined("the draft was not used; nothing changed"));
        }
        job.out.note("nothing changed; to use it: stata-service client draft suggest --yes");
        return Ok(json!({"suggestion": suggestion, "draft": null}));
    }
    let draft = submit(job, &answers).await?;
    Ok(json!({"suggestion": suggestion, "draft": draft}))
}

/// Makes the suggestion, with a person's answers, the draft of the job.
async fn submit(job: &Job, answers: &[(String, Vec<String>)]) -> Result<Value, Failure> {
    // what is asked for is left out of it until it is answered
    let made = job.post("/draft/suggest", &json!({"submit": true})).await?;
    if answers.is_empty() {
        return Ok(made["submitted_draft"].clone());
    }
    let patched = job.post("/draft/patch", &json!({"field_updates": updates(answers)})).await?;
    Ok(patched["draft_preview"].clone())
}

/// A person's answers as changes of the draft.
fn updates(answers: &[(String, Vec<String>)]) -> Map<String, Value> {
    let update = |(field, values): &(String, Vec<String>)| match field.as_str() {
        "template_id" => (field.clone(), json!(values.first())),
        _ if field.starts_with("parameters.") => (field.clone(), value_of(values)),
        _ => (format!("roles.{field}"), json!(values)),
    };
    answers.iter().map(update).collect()
}

/// Asks each open question; an empty answer leaves it open.
fn answers(suggestion: &Value, out: Out) -> Vec<(String, Vec<String>)> {
    let mut given = Vec::new();
    for question in questions(suggestion) {
        let field = text(question, "field");
        if field == "requirement" {
            continue;
        }
        let candidates = candidates(question);
        let needed = if question["blocking"] == true { "" } else { " (Enter: leave open)" };
        let prompt = format!("{} Columns or numbers, with commas{needed}:", out.words(&question["question"]));
        let Some(line) = terminal::ask(&prompt) else { break };
        let columns: Vec<String> = line
            .split([',', ' '])
            .filter(|word| !word.is_empty())
            .map(|word| match word.parse::<usize>().ok().and_then(|n| candidates.get(n.checked_sub(1)?)) {
                Some(name) => name.clone(),
                None => word.to_owned(),
            })
            .collect();
        if !columns.is_empty() {
            given.push((field, columns));
        }
    }
    given
}

fn questions(suggestion: &Value) -> &[Value] {
    suggestion["open_questions"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A person's answer as the value of a parameter: a number where it is one.
fn value_of(answer: &[String]) -> Value {
    match answer {
        [one] => one.parse::<serde_json::Number>().map_or_else(|_| json!(one), Value::Number),
        several => json!(several),
    }
}

fn candidates(question: &Value) -> Vec<String> {
    let names = question["candidates"].as_array().into_iter().flatten().filter_map(Value::as_str);
    names.take(MOST_CANDIDATES).map(plain).collect()
}

/// The blocking questions without an answer.
fn still_open<'a>(suggestion: &'a Value, answers: &[(String, Vec<String>)]) -> Vec<&'a Value> {
    let answered = |question: &Value| answers.iter().any(|(field, _)| question["field"] == field.as_str());
    questions(suggestion).iter().filter(|q| q["blocking"] == true && !answered(q)).collect()
}

fn missing_answers(suggestion: &Value, open: &[&Value], offers: &[Offer], out: Out) -> Failure {
    let texts: Vec<String> = open.iter().map(|question| out.words(&question["question"])).collect();
    let next = open.iter().flat_map(|question| answers_to(suggestion, question, offers));
    Failure::Open { message: format!("the question leaves open: {}", texts.join(" ")), next: next.collect() }
}

/// The commands that answer a question: of an analysis one for each candidate, of a role the columns that the draft proposes,
/// else the first candidate; where that is text with an offered repair, the repair.
fn answers_to(suggestion: &Value, question: &Value, offers: &[Offer]) -> Vec<String> {
    let field = text(question, "field");
    let candidates = candidates(question);
    let command = |value: &str| format!("stata-service client draft set {field}={value}");
    match field.as_str() {
        "requirement" => vec!["stata-service client ask \"QUESTION\" FILES".to_owned()],
        "template_id" => candidates.iter().take(MOST_ANALYSES).map(|id| command(id)).collect(),
        _ => {
            let proposed = suggestion["draft"]["roles"][&field].as_array();
            let proposed: Vec<String> =
                proposed.into_iter().flatten().filter_map(Value::as_str).map(plain).collect();
            let repairs =
                candidates.first().map(|name| repair::into_numbers(offers, name)).unwrap_or_default();
            if proposed.is_empty() && !repairs.is_empty() {
                return repairs;
            }
            let unknown = if field.starts_with("parameters.") { "VALUE" } else { "COLUMN" };
            let first = || candidates.first().cloned().unwrap_or_else(|| unknown.to_owned());
            vec![command(&if proposed.is_empty() { first() } else { proposed.join(",") })]
        }
    }
}

/// The method, each choice with its reason, and the open questions with candidates.
pub(super) fn suggestion_text(suggestion: &Value, out: Out) -> String {
    let mut text_ = format!("question  {}\n", text(suggestion, "requirement"));
    let method = &suggestion["method"];
    if method.is_object() {
        text_.push_str(&format!(
            "method    {} ({}): {}\n",
            out.words(&method["title"]),
            text(method, "template_id"),
            out.words(&method["reason"])
        ));
        let others = method["alternatives"].as_array().into_iter().flatten().take(3);
        let others: Vec<String> = others.map(|other| text(other, "template_id")).collect();
        if !others.is_empty() {
            text_.push_str(&format!("          others: {}\n", others.join(", ")));
        }
    } else {
        text_.push_str("method    none of the library fits these data\n");
    }
    let choices = suggestion["choices"].as_array().map(Vec::as_slice).unwrap_or_default();
    let rows: Vec<Vec<String>> = choices
        .iter()
        .map(|choice| {
            let field = text(choice, "field");
            let name = field.split_once('.').map_or(field.as_str(), |(_, name)| name).to_owned();
            let values = choice["columns"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let values = values.map(plain).collect::<Vec<_>>().join(", ");
            let mut reason = out.words(&choice["reason"]);
            if let Some(share) = choice["confidence"].as_f64().filter(|share| *share < DOUBTED) {
                reason.push_str(&format!(" ({:.0} % sure)", share * 100.0));
            }
            vec![name, values, reason]
        })
        .collect();
    text_.push_str(&columns(&rows, &[false, false, false]));
    for question in questions(suggestion) {
        let mark = if question["blocking"] == true { "open !  " } else { "open    " };
        text_.push_str(&format!("{mark}  {}\n", out.words(&question["question"])));
        let numbered = candidates(question).into_iter().enumerate();
        let numbered: Vec<String> = numbered.map(|(n, name)| format!("{} {name}", n + 1)).collect();
        if !numbered.is_empty() {
            text_.push_str(&format!("          {}\n", numbered.join("   ")));
        }
    }
    text_
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_answered_by_what_the_draft_proposes() {
        let suggestion = json!({"draft": {"roles": {"regressors": ["price", "service"]}}});
        let role = json!({"field": "regressors", "candidates": ["price", "service", "age"]});
        let of = |question: &Value| answers_to(&suggestion, question, &[]);
        assert_eq!(of(&role), ["stata-service client draft set regressors=price,service"]);
        let weight = json!({"field": "weight_var", "candidates": ["w"]});
        assert_eq!(of(&weight), ["stata-service client draft set weight_var=w"]);
        let method = json!({"field": "template_id", "candidates": ["survival.cox", "desc.overall"]});
        assert_eq!(of(&method)[1], "stata-service client draft set template_id=desc.overall");
    }

    #[test]
    fn a_column_of_text_is_repaired_before_it_is_named() {
        let step =
            |column: &str, to: &str| (String::new(), json!({"kind": "convert", "column": column, "to": to}));
        let offers = [step("day", "date_dmy"), step("nitrate", "number"), step("nitrate", "text")];
        let question = json!({"field": "regressors", "candidates": ["nitrate"]});
        let next = answers_to(&json!({"draft": {"roles": {}}}), &question, &offers);
        assert_eq!(next, ["stata-service client repair 2      # then `draft suggest --yes`"]);
    }

    #[test]
    fn answers_change_the_role_the_parameter_or_the_method_that_was_asked_for() {
        let answer = |field: &str, value: &str| (field.to_owned(), vec![value.to_owned()]);
        let answers = [
            answer("template_id", "desc.overall"),
            answer("parameters.level", "90"),
            answer("outcome_var", "co"),
        ];
        let wanted =
            json!({"template_id": "desc.overall", "parameters.level": 90, "roles.outcome_var": ["co"]});
        assert_eq!(Value::Object(updates(&answers)), wanted);
    }
}
