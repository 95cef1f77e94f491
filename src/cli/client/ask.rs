//! `client ask`: from a question and files to a draft with reasons, in one command.

use std::path::PathBuf;

use secrecy::SecretString;
use serde_json::json;

use super::account::{create_codes, redeem_code};
use super::api::Api;
use super::failure::Failure;
use super::inputs::inputs_text;
use super::session::Session;
use super::suggestion::{Consent, suggest};
use super::terminal;
use super::upload::send_files;
use crate::cli::Exit;

/// Arguments of `ask`.
#[derive(Debug, clap::Args)]
pub(super) struct AskArgs {
    /// The question, in words: "effect of schooling on pay, controlling for experience".
    question: String,
    /// Files (csv, tsv, xlsx, xlsb, xls, ods, dta, sav, xpt, sas7bdat, rds, rdata, parquet); the first is the data set that is analysed.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Role of each file: primary_dataset, secondary_dataset, auxiliary_data.
    #[arg(long, value_delimiter = ',', value_name = "ROLES")]
    roles: Vec<String>,
    /// Accept the suggested draft without asking; open questions that block still end the command.
    #[arg(long, short)]
    yes: bool,
    /// The task code, as for `redeem`. With a saved key that may create codes none is needed.
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// A trial without a code, where the service offers them: bounded, and removed after hours.
    #[arg(long, conflicts_with = "code")]
    trial: bool,
}

/// Redeems a code for the question, uploads the files, and suggests a draft.
pub(super) async fn ask(args: AskArgs, session: &Session) -> Result<Exit, Failure> {
    // a file that is not there is noticed before a code is used up
    for path in &args.files {
        super::form::SentFile::new(path, "primary_dataset")?;
    }
    let (api, code) =
        if args.trial { trial(session).await? } else { (session.open()?, code(args.code, session).await?) };
    let (job_id, _) = redeem_code(session, api, &code, Some(&args.question), None).await?;
    session.out.line(&format!("job       {job_id}"));
    let job = session.job_of(&job_id)?;
    let seen = send_files(&job, &args.files, &args.roles, false).await?;
    session.out.line(inputs_text(&seen).trim_end());
    let consent = if args.yes { Consent::Given } else { Consent::Ask };
    let made = suggest(&job, consent).await?;
    let result =
        json!({"job_id": job_id, "inputs": seen, "suggestion": made["suggestion"], "draft": made["draft"]});
    session.out.result(&result, String::new);
    if made["draft"].is_object() {
        session.out.hint("client freeze");
    }
    Ok(Exit::Done)
}

/// The code of a trial, with the service asked for its tenant.
async fn trial(session: &Session) -> Result<(Api, SecretString), Failure> {
    let offer = session.open()?.post("/v1/trial", &json!({})).await?;
    let member = |name: &str| offer[name].as_str().unwrap_or_default().to_owned();
    let terms = &offer["trial"];
    let own = if terms["uploads"] == true { "" } else { ", sample data only" };
    session.out.note(&format!(
        "a trial: {} runs{own}; data and results are removed after {} h",
        terms["runs"], terms["keep_hours"]
    ));
    let api = session.open()?.for_tenant(Some(member("tenant_id")));
    Ok((api, member("task_code").into()))
}

/// The task code: given, of the environment, made with a key, or typed.
async fn code(given: Option<String>, session: &Session) -> Result<SecretString, Failure> {
    if let Some(code) = given.map(SecretString::from).or_else(|| session.task_code.clone()) {
        return Ok(code);
    }
    if session.key()?.is_some() {
        let made = create_codes(session, 1, None).await?;
        let code = made["task_codes"][0]["task_code"].as_str().unwrap_or_default();
        return Ok(code.to_owned().into());
    }
    terminal::secret("Task code")
}
