//! What to do about a refusal: the sentence of `docs/errors.md`, and the commands to type next.

use serde_json::Value;

use super::failure::Refusal;

/// The page of error codes, which is part of the program.
const PAGE: &str = include_str!("../../../docs/errors.md");
/// How a command begins.
const CLIENT: &str = "stata-service client";

/// What to do in words of commands, for codes of which the page of error codes speaks in those of requests.
const IN_COMMANDS: [(&str, &str); 14] = [
    ("INPUT_VALIDATION_FAILED", "Correct what is listed, or take one of the repairs."),
    ("STORE_UNAVAILABLE", "Try again in a few seconds; `status` shows whether the command has worked."),
    ("SERVICE_NOT_READY", "Try again in a minute; operators find the reasons with `stata-service health`."),
    ("RATE_LIMITED", "Try again in a minute."),
    ("JOB_ILLEGAL_TRANSITION", "`status` shows what the job can do next."),
    ("IDEMPOTENCY_IN_PROGRESS", "Try again in a few seconds: the same request is being answered."),
    (
        "INPUTS_MISSING",
        "Upload the data; where they are being read, wait. If the reading was interrupted or cancelled, upload them again.",
    ),
    ("DRAFT_NOT_FOUND", "Let the rules make one from the question, or state it with `draft set`."),
    ("DRAFT_CONFIRM_BLOCKED", "Answer the open questions with `draft set`."),
    (
        "EXPRESSION_INVALID",
        "Correct the expression; its grammar is in `docs/expressions.md`. Or take one of the repairs.",
    ),
    ("PLAN_FREEZE_MISSING_REQUIRED", "Give them with `draft set`."),
    (
        "LLM_NOT_CONFIGURED",
        "The rules make a draft from the question without a language model, or state it with `draft set`.",
    ),
    (
        "LLM_DATA_SHARING_NONE",
        "The rules make a draft from the question without a language model, or state it with `draft set`.",
    ),
    ("LLM_CALL_FAILED", "Try again later, let the rules make a draft, or state it with `draft set`."),
];

/// Returns what to do about a code: in words of commands, else as the page of error codes says it.
pub(super) fn advice(code: &str) -> Option<&'static str> {
    if let Some((_, words)) = IN_COMMANDS.iter().find(|(own, _)| *own == code) {
        return Some(words);
    }
    let section = PAGE.split("\n## ").find(|section| section.lines().next() == Some(code))?;
    let (_, rest) = section.split_once("What to do: ")?;
    Some(rest.split("\n\n").next().unwrap_or(rest).trim())
}

/// Returns the commands that help after a refusal, the most useful first.
pub(super) fn next_commands(refusal: &Refusal) -> Vec<String> {
    let context = &refusal.context;
    let words: Vec<String> = match refusal.code.as_str() {
        "AUTH_BEARER_TOKEN_MISSING"
        | "AUTH_BEARER_TOKEN_INVALID"
        | "AUTH_TOKEN_INVALID"
        | "AUTH_TOKEN_FORBIDDEN" => vec!["redeem".into(), "login".into()],
        "TASK_CODE_NOT_FOUND" | "TASK_CODE_INVALID" | "TASK_CODE_EXPIRED" | "TASK_CODE_REVOKED" => {
            vec!["code create".into()]
        }
        "TASK_CODE_REDEEM_CONFLICT" | "JOB_NOT_FOUND" | "QUOTA_EXCEEDED" | "JOB_GONE" => vec!["jobs".into()],
        "INPUTS_MISSING" if context["reason"] == "ingesting" => vec!["status".into()],
        "INPUTS_MISSING"
        | "INPUT_FORMAT_UNSUPPORTED"
        | "INPUT_FILE_NAME_FORBIDDEN"
        | "INPUT_PARSE_FAILED"
        | "INPUT_EMPTY"
        | "INPUT_TOO_LARGE"
        | "INPUT_ENCODING_INVALID"
        | "INPUT_ROLE_INVALID"
        | "UPLOAD_SESSION_EXPIRED" => vec!["upload FILE".into()],
        "DRAFT_NOT_FOUND"
        | "LLM_NOT_CONFIGURED"
        | "LLM_DATA_SHARING_NONE"
        | "LLM_CALL_FAILED"
        | "LLM_RESPONSE_INVALID" => vec!["draft suggest".into()],
        "PLAN_FREEZE_NOT_ALLOWED" => vec!["draft suggest".into(), "status".into()],
        "PLAN_MISSING" => vec!["freeze".into()],
        "PLAN_OUTDATED" => vec!["revise".into(), "freeze".into()],
        "JOB_LOCKED" | "PLAN_ALREADY_FROZEN_CONFLICT" => vec!["revise".into()],
        "JOB_ILLEGAL_TRANSITION" | "JOB_VERSION_CONFLICT" => vec!["status".into()],
        "RUN_NOT_SUCCEEDED" => vec!["watch".into(), "run".into()],
        "PLAN_FREEZE_MISSING_REQUIRED" | "DRAFT_CONFIRM_BLOCKED" => missing(context),
        _ => Vec::new(),
    };
    words.into_iter().chain(repairs(context)).map(|words| format!("{CLIENT} {words}")).collect()
}

/// `draft set` for each field without a value, with its likeliest candidate.
fn missing(context: &Value) -> Vec<String> {
    let entries = |list: &str| context[list].as_array().map(Vec::as_slice).unwrap_or_default();
    let fields = entries("missing_fields_detail");
    let mut commands: Vec<String> = Vec::new();
    let mut used: Vec<String> = Vec::new();
    for entry in fields {
        // of many analyses none is likelier than the question says
        if entry["field"] == "template_id" {
            commands.extend(["draft suggest".to_owned(), "draft set template_id=TEMPLATE".to_owned()]);
            continue;
        }
        // one column in two roles is hardly meant
        let value = free_candidate(&entry["candidates"], &used);
        commands.push(format!("draft set {}={value}", entry["field"].as_str().unwrap_or_default()));
        used.push(value);
    }
    // the parameter of a role has the role's own words
    let is_role = |param: &Value| {
        fields.iter().any(|f| f["field"] == param["param"] || f["description"] == param["description"])
    };
    for entry in entries("missing_params_detail").iter().filter(|param| !is_role(param)) {
        let (name, value) =
            (entry["param"].as_str().unwrap_or_default(), first_candidate(&entry["candidates"]));
        commands.push(format!("draft set parameters.{name}={value}"));
    }
    if commands.is_empty() {
        commands.push("draft show".into());
    }
    commands
}

/// The likeliest candidate that no other field has.
fn free_candidate(candidates: &Value, used: &[String]) -> String {
    let names = candidates.as_array().into_iter().flatten();
    let free = names.filter_map(|c| c.as_str().or_else(|| c["name"].as_str()));
    let free = free.map(str::to_owned).find(|name| !used.contains(name));
    free.unwrap_or_else(|| first_candidate(candidates))
}

/// The likeliest of some candidates, or a word that stands for one.
pub(super) fn first_candidate(candidates: &Value) -> String {
    let first = &candidates[0];
    first.as_str().or_else(|| first["name"].as_str()).unwrap_or("VALUE").to_owned()
}

/// `draft set` for the data steps that the refusal offers.
fn repairs(context: &Value) -> Option<String> {
    let steps = context["repairs"].as_array().filter(|steps| !steps.is_empty())?;
    // where several steps convert one column, a person has to choose
    let step = steps.first()?;
    Some(format!("draft set 'data_steps+:={}'", Value::Array(vec![step.clone()])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::error::ErrorCode;

    #[test]
    fn every_code_has_advice() {
        for code in ErrorCode::ALL {
            let found = advice(code.as_str()).unwrap_or_default();
            assert!(found.len() > 5 && !found.contains("##"), "{}: {found:?}", code.as_str());
        }
        assert_eq!(advice("NO_SUCH_CODE"), None);
        for (code, _) in IN_COMMANDS {
            assert!(ErrorCode::ALL.iter().any(|known| known.as_str() == code), "{code} is no code");
        }
    }

    /// Some codes answer programs alone.
    #[test]
    fn advice_speaks_of_commands() {
        let of_programs = ["ROUTE_NOT_FOUND", "UPLOAD_SESSION_NOT_FOUND", "BATCH_NOT_FOUND"];
        for code in ErrorCode::ALL.iter().map(|code| code.as_str()).filter(|code| !of_programs.contains(code))
        {
            let found = advice(code).unwrap_or_default();
            let request = ["`PUT ", "`POST ", "`GET ", "`PATCH ", "Retry-After", "next_actions"];
            assert!(!request.iter().any(|word| found.contains(word)), "{code}: {found}");
        }
    }

    #[test]
    fn no_analysis_is_proposed_where_the_method_is_open() {
        let context = json!({
            "missing_fields_detail": [{"field": "template_id", "description": "open", "candidates": ["a.b", "c.d"]}],
        });
        let refusal = Refusal { code: "PLAN_FREEZE_MISSING_REQUIRED".into(), context, ..Refusal::default() };
        let commands =
            ["stata-service client draft suggest", "stata-service client draft set template_id=TEMPLATE"];
        assert_eq!(next_commands(&refusal), commands);
    }

    #[test]
    fn missing_values_become_commands_with_their_candidates() {
        let context = json!({
            "missing_fields_detail": [
                {"field": "outcome_var", "description": "a number", "candidates": ["pay", "age"]},
                {"field": "weight_var", "description": "weights", "candidates": ["pay", "age"]},
            ],
            "missing_params_detail": [
                {"param": "outcome", "description": "a number", "candidates": ["pay"]},
                {"param": "level", "description": "in percent", "candidates": []},
            ],
        });
        let refusal = Refusal { code: "PLAN_FREEZE_MISSING_REQUIRED".into(), context, ..Refusal::default() };
        let commands = [
            "stata-service client draft set outcome_var=pay",
            "stata-service client draft set weight_var=age",
            "stata-service client draft set parameters.level=VALUE",
        ];
        assert_eq!(next_commands(&refusal), commands);
    }
}
