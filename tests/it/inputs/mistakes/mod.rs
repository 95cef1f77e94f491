//! Typical mistakes of users from the upload to the result, over HTTP: each is named with its column or row and what to
//! do about it, and every offered repair, sent back as it is, leads to a number that is known without this program.

mod answers;
mod below;
mod cases;
mod content;
mod doubt;
mod files;
mod fit;
mod habits;
mod hidden;
mod scripts;
mod shape;
mod spelling;
mod tables;
mod years;

use futures_util::StreamExt;
use serde_json::{Value, json};

use self::cases::{Mistake, Noticed};
use crate::support::app::{Answer, Job, TestApp};

/// Mistakes tried at once.
const AT_ONCE: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_named_and_their_repairs_lead_to_the_right_number() {
    let mut app = TestApp::start().await;
    let all = [
        cases::of_files(),
        content::of_content(),
        spelling::of_spelling(),
        fit::of_fit(),
        shape::of_shape(),
        doubt::of_doubt(),
        habits::of_habits(),
        tables::of_tables(),
        hidden::of_hidden(),
        scripts::of_scripts(),
        years::of_years(),
        answers::of_answers(),
        below::of_what_is_below(),
    ];
    let cases: Vec<Mistake> = all.into_iter().flatten().collect();
    assert!(cases.len() >= 225, "{} mistakes", cases.len());
    assert!(cases.iter().all(|case| !case.before.is_empty()));
    let tried = futures_util::stream::iter(&cases).map(|case| tried(&app, case)).buffer_unordered(AT_ONCE);
    let failures: Vec<String> = tried.filter_map(|failure| async { failure }).collect().await;
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
    app.stop().await;
}

/// One mistake; returns what is wrong, so that a report has all of them.
async fn tried(app: &TestApp, case: &Mistake) -> Option<String> {
    follow(app, case).await.err().map(|failure| format!("{}: {failure}", case.name))
}

async fn follow(app: &TestApp, case: &Mistake) -> Result<(), String> {
    let job = app.job("How does x change y?").await;
    let uploaded = app.upload(&job, case.file.0, case.file.1.clone()).await;
    if let Noticed::Upload(code) = case.noticed {
        return refused(&uploaded, code, &case.says).map(drop);
    }
    if !uploaded.status.is_success() {
        return Err(format!("upload: {}", uploaded.body));
    }
    let remarks = uploaded.body["warnings"].as_array().cloned().unwrap_or_default();
    if let Noticed::Remark(kind) = case.noticed {
        let text: String = remarks.iter().filter(|r| r["type"] == kind).map(Value::to_string).collect();
        says(&text.replace("\\\"", "\""), &case.says)?;
    }
    let mut offered: Vec<Value> = Vec::new();
    for step in remarks.iter().flat_map(|r| r["repairs"].as_array().into_iter().flatten()) {
        if !offered.contains(step) {
            offered.push(step.clone());
        }
    }
    let steps: Vec<Value> = case.repairs.iter().filter_map(|at| offered.get(*at).cloned()).collect();
    if steps.len() < case.repairs.len()
        || (case.repairs.is_empty() && !offered.is_empty() && case.ends.is_some())
    {
        return Err(format!("offered: {offered:?}"));
    }
    let put = app.put(&job, "/draft", &case.draft).await;
    if let Noticed::Draft(code) = case.noticed {
        let body = refused(&put, code, &case.says)?;
        let repairs = body["context"]["repairs"].as_array().cloned().unwrap_or_default();
        if let Some(absent) = steps.iter().find(|step| !repairs.contains(step)) {
            return Err(format!("the refusal does not offer {absent}: {repairs:?}"));
        }
    } else if !put.status.is_success() && steps.is_empty() {
        return Err(format!("draft: {}", put.body));
    }
    if let Noticed::Freeze(code) = case.noticed {
        return refused(&app.post(&job, "/plan/freeze", &json!({})).await, code, &case.says).map(drop);
    }
    let fails = match case.noticed {
        Noticed::Preview(id) => {
            previewed(app, &job, case, (id, "fail")).await?;
            let id = if id == "min_observations" { "no_obs" } else { id };
            // the freeze refuses it in the same words; acknowledged, the run shows that it was right
            let refusal = app.post(&job, "/plan/freeze", &json!({})).await;
            let body = refused(&refusal, "INPUT_VALIDATION_FAILED", &case.says)?;
            let errors = body["context"]["errors"].as_array().cloned().unwrap_or_default();
            if !errors.iter().any(|error| error["check"] == id) {
                return Err(format!("no {id} in {errors:?}"));
            }
            let checks: Vec<Value> =
                errors.iter().map(|e| json!({"id": e["check"], "reason": "to see the run"})).collect();
            app.post(&job, "/plan/freeze", &json!({"acknowledged_checks": checks})).await.ok();
            Some(id)
        }
        Noticed::Warned(id) => {
            previewed(app, &job, case, (id, "warn")).await?;
            None
        }
        Noticed::Acknowledged(id) => {
            previewed(app, &job, case, (id, "fail")).await?;
            let refusal = app.post(&job, "/plan/freeze", &json!({})).await;
            return refused(&refusal, "INPUT_VALIDATION_FAILED", &case.says).map(drop);
        }
        Noticed::Run(detail) => Some(detail),
        _ => None,
    };
    if let Some(detail) = fails {
        let run = run(app, &job).await?;
        let seen = (&run["status"], &run["cause_detail"]);
        return if seen == (&json!("failed"), &json!(detail)) { Ok(()) } else { Err(format!("{seen:?}")) };
    }
    match case.ends {
        Some(ends) => repaired(app, &job, case, &steps, ends).await,
        None => Ok(()),
    }
}

/// The preview has a check of this id and status, and it says what it should.
async fn previewed(
    app: &TestApp,
    job: &Job,
    case: &Mistake,
    (id, status): (&str, &str),
) -> Result<(), String> {
    let shown = app.post(job, "/plan/preview", &json!({})).await.ok();
    let checks = shown["checks"].as_array().cloned().unwrap_or_default();
    let check = checks.iter().find(|check| check["id"] == id && check["status"] == status);
    let check = check.ok_or_else(|| format!("no {id} of {status} in {}", shown["checks"]))?;
    says(check["message"].as_str().unwrap_or_default(), &case.says)
}

/// Sends the repairs back, compares the preview, and runs to the known number.
async fn repaired(
    app: &TestApp,
    job: &Job,
    case: &Mistake,
    steps: &[Value],
    (slope, rows): (f64, u64),
) -> Result<(), String> {
    let mut draft = case.draft.clone();
    draft["data_steps"] = json!(steps);
    let put = app.put(job, "/draft", &draft).await;
    if !put.status.is_success() {
        return Err(format!("repaired draft: {}", put.body));
    }
    let shown = app.post(job, "/plan/preview", &json!({})).await.ok();
    let flow = shown["sample_flow"].as_array().cloned().unwrap_or_default();
    if shown["ready"] != true
        || flow.last().map(|step| &step["rows"]) != Some(&json!(rows)) && !is_weighted(case)
    {
        return Err(format!("preview: {} {}", shown["checks"], shown["sample_flow"]));
    }
    let run = run(app, job).await?;
    if run["status"] != "succeeded" {
        return Err(format!("run: {} {}", run["cause_detail"], run["evidence"]));
    }
    let results = run["results"].as_array().cloned().unwrap_or_default();
    let estimate = results.iter().find(|r| r["term"] == "x").and_then(|r| r["estimate"].as_f64());
    let used = run["sample_flow"].as_array().and_then(|flow| flow.last()).map(|step| step["rows"].clone());
    let close = estimate.is_some_and(|seen| (seen - slope).abs() <= 1e-6 * slope.abs());
    if !close || used != Some(json!(rows)) {
        return Err(format!("{estimate:?} from {used:?} rows, not {slope} from {rows}: {}", run["results"]));
    }
    let plan = app.get(job, "/plan").await.ok();
    let planned = plan["plan"]["data_steps"].as_array().map_or(0, Vec::len);
    if planned != steps.len() {
        return Err(format!("the plan records {planned} steps"));
    }
    Ok(())
}

/// Rows of weight zero leave the sample in the run, not in the preview.
fn is_weighted(case: &Mistake) -> bool {
    !case.draft["roles"]["weight_var"].is_null()
}

async fn run(app: &TestApp, job: &Job) -> Result<Value, String> {
    let frozen = app.post(job, "/confirm", &json!({"confirmed": true})).await;
    if !frozen.status.is_success() {
        return Err(format!("confirm: {}", frozen.body));
    }
    app.wait_for_end(job).await;
    let runs = app.get(job, "/runs").await.ok();
    Ok(runs["runs"].as_array().and_then(|r| r.last()).cloned().unwrap_or_default())
}

fn refused(answer: &Answer, code: &str, texts: &[&str]) -> Result<Value, String> {
    if answer.status.as_u16() != 400 || answer.body["error_code"] != code {
        return Err(format!("{} {}", answer.status, answer.body));
    }
    says(answer.body["message"].as_str().unwrap_or_default(), texts)?;
    Ok(answer.body.clone())
}

fn says(text: &str, parts: &[&str]) -> Result<(), String> {
    match parts.iter().find(|part| !text.contains(*part)) {
        Some(part) => Err(format!("{part:?} is not in {text:?}")),
        None if text.is_empty() => Err("nothing was said".to_owned()),
        None => Ok(()),
    }
}
