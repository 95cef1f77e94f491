//! `client login`, `logout`, `redeem`, `code` and `jobs`: credentials and the jobs that they open.

use clap::Subcommand;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::api::Api;
use super::failure::Failure;
use super::output::{columns, text};
use super::saved::SavedJob;
use super::session::{Job, Session};
use super::terminal;
use crate::cli::Exit;
use crate::cli::plain::plain;

/// Most characters of a question in a list.
const QUESTION: usize = 60;

/// Arguments of `login`.
#[derive(Debug, clap::Args)]
pub(super) struct LoginArgs {
    /// Address of the service.
    server: Option<String>,
}

/// Arguments of `redeem`.
#[derive(Debug, clap::Args)]
pub(super) struct RedeemArgs {
    /// The question; required when the code is redeemed for the first time.
    question: Option<String>,
    /// The task code. Other users of this machine can see it while the command runs; without it the code is read from
    /// `SS_TASK_CODE`, a prompt, or standard input.
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// Your own reference, such as the number of a request.
    #[arg(long, value_name = "TEXT")]
    client_ref: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum CodeCommand {
    /// Create task codes; each is shown once.
    Create {
        /// Number of codes, 1 to 500.
        #[arg(long, default_value_t = 1)]
        count: usize,
        /// Days until unused codes expire.
        #[arg(long)]
        expires_in_days: Option<u32>,
    },
}

/// Arguments of `jobs`.
#[derive(Debug, clap::Args)]
pub(super) struct JobsArgs {
    /// Only jobs in this state: created, draft_ready, confirmed, queued, running, succeeded, failed, cancelled.
    #[arg(long)]
    status: Option<String>,
    /// Most jobs of the list, 1 to 200.
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// Use this saved job from now on.
    #[arg(long = "use", value_name = "JOB")]
    select: Option<String>,
}

/// Saves the key of a service after the service accepted it.
pub(super) async fn login(args: LoginArgs, session: &mut Session) -> Result<Exit, Failure> {
    if let Some(server) = &args.server {
        session.use_server(server)?;
    }
    let server = session.server()?;
    let key = match session.key_of_environment() {
        Some(key) => key,
        None => terminal::secret("API key")?,
    };
    if key.expose_secret().starts_with("ssv1.") {
        let text = "this is the token of a job; `redeem` saves those".to_owned();
        return Err(Failure::Unknown(text, "stata-service client redeem"));
    }
    let api = session.open()?.with_credential(key.clone());
    // any role may do this; a wrong key is refused before it is saved
    let seen = api.get("/v1/jobs?limit=1").await?;
    session.file()?.change(|saved| {
        saved.servers.entry(server.clone()).or_default().key = Some(key.expose_secret().to_owned());
        saved.server = Some(server.clone());
    })?;
    let result = json!({"server": server, "saved": session.file()?.path()});
    session.out.result(&result, || {
        let _ = &seen;
        format!("{server} accepts the key; it is saved for you alone")
    });
    Ok(Exit::Done)
}

/// Removes everything that is saved of a service.
pub(super) fn logout(session: &Session) -> Result<Exit, Failure> {
    let server = session.server()?;
    let mut jobs = 0;
    session.file()?.change(|saved| {
        jobs = saved.servers.remove(&server).map_or(0, |known| known.jobs.len());
        if saved.server.as_ref() == Some(&server) {
            saved.server = None;
        }
    })?;
    let result = json!({"server": server, "removed_jobs": jobs});
    session.out.result(&result, || format!("nothing of {server} is saved any more ({jobs} tokens of jobs)"));
    Ok(Exit::Done)
}

/// Redeems a task code and saves the job.
pub(super) async fn redeem(args: RedeemArgs, session: &Session) -> Result<Exit, Failure> {
    // a code in the place of the question would be stored as one
    if args.question.as_deref().is_some_and(|question| question.starts_with("ssc_")) {
        let words = "this is a task code, not a question: pipe it into standard input, set SS_TASK_CODE, or use --code";
        return Err(Failure::Usage(words.to_owned()));
    }
    let code = match args.code.map(SecretString::from).or_else(|| session.task_code.clone()) {
        Some(code) => code,
        None => terminal::secret("Task code")?,
    };
    let api = session.open()?;
    let (job, redeemed) = redeem_code(session, api, &code, args.question.as_deref(), args.client_ref).await?;
    let again = redeemed["is_idempotent"] == true;
    let result = json!({"job_id": job, "expires_at": redeemed["expires_at"], "is_idempotent": again});
    session.out.result(&result, || {
        let words = if again { "opened again" } else { "new" };
        format!("job       {job} ({words}; its token is saved for you alone)")
    });
    let next = if again { "status" } else { "upload FILE" };
    session.out.hint(&format!("client {next}"));
    Ok(Exit::Done)
}

/// Redeems a code, saves the job, and returns its id with the response.
pub(super) async fn redeem_code(
    session: &Session,
    api: Api,
    code: &SecretString,
    question: Option<&str>,
    client_ref: Option<String>,
) -> Result<(String, Value), Failure> {
    let mut body = json!({"task_code": code.expose_secret()});
    if let Some(question) = question {
        body["requirement"] = json!(question);
    }
    if let Some(client_ref) = client_ref {
        body["client_ref"] = json!(client_ref);
    }
    let redeemed = api.post("/v1/task-codes/redeem", &body).await?;
    let member = |name: &str| redeemed[name].as_str().unwrap_or_default().to_owned();
    let (job_id, token) = (member("job_id"), member("token"));
    if job_id.is_empty() || !token.starts_with("ssv1.") {
        return Err(Failure::Unexpected("the service returned no job for the code".to_owned()));
    }
    let question = match question {
        Some(question) => question.to_owned(),
        None => {
            let opened = session.open()?.with_credential(token.clone().into());
            let job = Job {
                api: opened,
                id: job_id.clone(),
                out: session.out,
                named_language: session.language.clone(),
            };
            job.get("").await?["requirement"].as_str().unwrap_or_default().to_owned()
        }
    };
    session.keep(SavedJob { job_id: job_id.clone(), token, expires_at: member("expires_at"), question })?;
    Ok((job_id, redeemed))
}

/// Creates task codes with a key.
pub(super) async fn code(command: CodeCommand, session: &Session) -> Result<Exit, Failure> {
    let CodeCommand::Create { count, expires_in_days } = command;
    let made = create_codes(session, count, expires_in_days).await?;
    session.out.result(&made, || {
        let codes = made["task_codes"].as_array().into_iter().flatten();
        codes.map(|code| text(code, "task_code") + "\n").collect()
    });
    Ok(Exit::Done)
}

/// Creates task codes; returns the response of the service.
pub(super) async fn create_codes(
    session: &Session,
    count: usize,
    days: Option<u32>,
) -> Result<Value, Failure> {
    let mut body = json!({"count": count});
    if let Some(days) = days {
        body["expires_in_days"] = json!(days);
    }
    if let Some(tenant) = &session.tenant {
        body["tenant_id"] = json!(tenant);
    }
    session.with_key()?.post("/v1/admin/task-codes", &body).await
}

/// Lists the jobs of the key's tenant, or without a key those that are saved.
pub(super) async fn jobs(args: JobsArgs, session: &Session) -> Result<Exit, Failure> {
    let server = session.server()?;
    if let Some(job_id) = args.select {
        let saved = session.saved()?;
        if saved.servers.get(&server).and_then(|known| known.token(&job_id)).is_none() {
            let text = format!("no token of {job_id} is saved");
            return Err(Failure::Unknown(text, "stata-service client redeem"));
        }
        session.file()?.change(|saved| {
            saved.servers.entry(server.clone()).or_default().job = Some(job_id.clone());
            saved.server = Some(server.clone());
        })?;
        session.out.result(&json!({"job_id": job_id}), || format!("commands use {job_id} now"));
        return Ok(Exit::Done);
    }
    if session.key()?.is_some() {
        let status = args.status.map(|status| format!("&status={}", super::address::segment(&status)));
        let path = format!("/v1/jobs?limit={}{}", args.limit, status.unwrap_or_default());
        let list = session.with_key()?.get(&path).await?;
        session.out.result(&list, || {
            let rows = list["jobs"].as_array().into_iter().flatten().map(|job| {
                let created = text(&job["timestamps"], "created_at");
                vec![text(job, "job_id"), text(job, "status"), created, short(&text(job, "requirement"))]
            });
            table(["job", "status", "created", "question"], rows.collect())
        });
        return Ok(Exit::Done);
    }
    let saved = session.saved()?;
    let known = saved.servers.get(&server);
    let current = known.and_then(|known| known.job.clone()).unwrap_or_default();
    let mine: Vec<&SavedJob> = known.map(|known| known.jobs.iter().rev().collect()).unwrap_or_default();
    let listed: Vec<Value> = mine
        .iter()
        .take(args.limit as usize)
        .map(|job| {
            json!({"job_id": job.job_id, "question": job.question, "token_expires_at": job.expires_at,
                   "current": job.job_id == current})
        })
        .collect();
    let result = json!({"server": server, "jobs": listed});
    session.out.result(&result, || {
        let rows = listed.iter().map(|job| {
            let mark = if job["current"] == true { "*" } else { "" };
            vec![
                mark.to_owned(),
                text(job, "job_id"),
                text(job, "token_expires_at"),
                short(&text(job, "question")),
            ]
        });
        table(["", "job", "token until", "question"], rows.collect())
    });
    Ok(Exit::Done)
}

fn table(head: [&str; 4], rows: Vec<Vec<String>>) -> String {
    let mut all = vec![head.map(str::to_owned).to_vec()];
    all.extend(rows);
    columns(&all, &[false; 4])
}

fn short(text: &str) -> String {
    match text.char_indices().nth(QUESTION) {
        Some((end, _)) => format!("{}…", plain(&text[..end])),
        None => text.to_owned(),
    }
}
