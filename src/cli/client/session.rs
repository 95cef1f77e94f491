//! Which service, which job and which credential a command uses: flags, then the environment, then what is saved.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::address::{base_url, is_readable_in_transit, segment};
use super::api::Api;
use super::failure::Failure;
use super::output::{Out, text};
use super::saved::{Saved, SavedFile, SavedJob};
use crate::config::ClientEnvironment;
use crate::service::runs::interpretation::Language;

/// Flags that every command of the client takes.
#[derive(Debug, clap::Args)]
pub(super) struct Connection {
    /// Address of the service; also `SS_SERVER`, else the service that was used last.
    #[arg(long, global = true, value_name = "URL")]
    server: Option<String>,
    /// Id of the job; also `SS_JOB`, else the job that was used last.
    #[arg(long, global = true, value_name = "JOB")]
    job: Option<String>,
    /// Tenant of the task code, or of an administrator's request; also `SS_TENANT`.
    #[arg(long, global = true, value_name = "TENANT")]
    tenant: Option<String>,
    /// Certificates (PEM) to trust instead of the system's; also `SS_CA_FILE`.
    #[arg(long, global = true, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Language of sentences, reports and comparisons, en or zh; that of the question without it.
    #[arg(long, global = true, value_name = "LANGUAGE", value_parser = ["en", "zh"])]
    language: Option<String>,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    /// Print no notes and no progress.
    #[arg(long, short, global = true)]
    quiet: bool,
}

impl Connection {
    pub(super) fn json(&self) -> bool {
        self.json
    }
}

/// What a command has at hand before it sends anything.
pub(super) struct Session {
    pub out: Out,
    server: Option<String>,
    job: Option<String>,
    pub tenant: Option<String>,
    ca_file: Option<PathBuf>,
    token: Option<SecretString>,
    pub task_code: Option<SecretString>,
    file: Option<SavedFile>,
    pub language: Option<String>,
}

/// A job that a command works on.
pub(super) struct Job {
    pub api: Api,
    pub id: String,
    pub out: Out,
    /// The language that the command line names.
    pub named_language: Option<String>,
}

impl Job {
    /// The path of the job with a rest, such as `/draft`.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("/v1/jobs/{}{rest}", segment(&self.id))
    }

    pub(super) async fn get(&self, rest: &str) -> Result<Value, Failure> {
        self.api.get(&self.path(rest)).await
    }

    /// The language of results: the one that the command line names, else that of the question.
    pub(super) async fn language(&self) -> String {
        if let Some(named) = &self.named_language {
            return named.clone();
        }
        let question = self.get("").await.map(|view| text(&view, "requirement")).unwrap_or_default();
        Language::of(&question).as_str().to_owned()
    }

    pub(super) async fn post(&self, rest: &str, body: &Value) -> Result<Value, Failure> {
        self.api.post(&self.path(rest), body).await
    }
}

impl Session {
    /// Puts flags and environment together.
    ///
    /// # Errors
    /// [`Failure::Usage`] for an address that is none.
    pub(super) fn new(flags: Connection, environment: ClientEnvironment) -> Result<Self, Failure> {
        let server = flags.server.or(environment.server).map(|text| base_url(&text)).transpose()?;
        Ok(Self {
            out: Out {
                json: flags.json,
                quiet: flags.quiet,
                chinese: flags.language.as_ref().map_or(environment.chinese, |named| named == "zh"),
            },
            language: flags.language,
            server,
            job: flags.job.or(environment.job),
            tenant: flags.tenant.or(environment.tenant),
            ca_file: flags.ca_file.or(environment.ca_file),
            token: environment.token,
            task_code: environment.task_code,
            file: environment.config_dir.map(SavedFile::in_folder),
        })
    }

    /// The file of saved credentials.
    ///
    /// # Errors
    /// [`Failure::Usage`] if neither `XDG_CONFIG_HOME` nor `HOME` is set.
    pub(super) fn file(&self) -> Result<&SavedFile, Failure> {
        self.file.as_ref().ok_or_else(|| {
            Failure::Usage("credentials cannot be saved: neither XDG_CONFIG_HOME nor HOME is set".to_owned())
        })
    }

    /// What is saved; nothing where there is no place to save.
    pub(super) fn saved(&self) -> Result<Saved, Failure> {
        self.file.as_ref().map_or_else(|| Ok(Saved::default()), SavedFile::load)
    }

    /// The address of the service.
    ///
    /// # Errors
    /// [`Failure::Unknown`] if none was given and none is saved.
    pub(super) fn server(&self) -> Result<String, Failure> {
        if let Some(server) = &self.server {
            return Ok(server.clone());
        }
        self.saved()?.server.ok_or_else(|| {
            let text = "there is no service to ask: set SS_SERVER to its address, or use --server";
            Failure::Unknown(text.to_owned(), "export SS_SERVER=http://127.0.0.1:8080")
        })
    }

    /// Replaces the service, as the argument of `login` does.
    pub(super) fn use_server(&mut self, server: &str) -> Result<(), Failure> {
        self.server = Some(base_url(server)?);
        Ok(())
    }

    /// The service without a credential.
    pub(super) fn open(&self) -> Result<Api, Failure> {
        let server = self.server()?;
        if is_readable_in_transit(&server) {
            self.out.note(&format!(
                "note: {server} is plain http: credentials and data can be read on their way"
            ));
        }
        Ok(Api::new(&server, self.ca_file.as_deref(), self.out)?.for_tenant(self.tenant.clone()))
    }

    /// The key of `SS_TOKEN`; a job's token is no key.
    pub(super) fn key_of_environment(&self) -> Option<SecretString> {
        self.token.clone().filter(|token| job_of(token.expose_secret()).is_none())
    }

    /// The key of `SS_TOKEN`, or the saved one; `None` if there is none.
    pub(super) fn key(&self) -> Result<Option<SecretString>, Failure> {
        if let Some(key) = self.key_of_environment() {
            return Ok(Some(key));
        }
        let server = self.server()?;
        let saved = self.saved()?;
        Ok(saved.servers.get(&server).and_then(|known| known.key.clone()).map(Into::into))
    }

    /// The service with the key.
    ///
    /// # Errors
    /// [`Failure::Unknown`] without a key.
    pub(super) fn with_key(&self) -> Result<Api, Failure> {
        let key = self.key()?.ok_or_else(|| {
            let text = "this needs an API key: set SS_TOKEN, or save one";
            Failure::Unknown(text.to_owned(), "stata-service client login")
        })?;
        Ok(self.open()?.with_credential(key))
    }

    /// The job that a command works on, with the credential that opens it.
    ///
    /// # Errors
    /// [`Failure::Unknown`] without a job or credential.
    pub(super) fn job(&self) -> Result<Job, Failure> {
        let (server, saved) = (self.server()?, self.saved()?);
        let of_token = || job_of(self.token.as_ref()?.expose_secret()).map(str::to_owned);
        let current = || saved.servers.get(&server)?.job.clone();
        let id = self.job.clone().or_else(of_token).or_else(current).ok_or_else(|| {
            let text = "there is no job: redeem a task code, or name one with --job";
            Failure::Unknown(text.to_owned(), "stata-service client redeem")
        })?;
        self.job_of(&id)
    }

    /// A job with the credential that opens it: its saved token, else `SS_TOKEN`, else the saved key. A token of
    /// `SS_TOKEN` for this very job comes first.
    ///
    /// # Errors
    /// [`Failure::Unknown`] without a credential.
    pub(super) fn job_of(&self, id: &str) -> Result<Job, Failure> {
        let (server, saved) = (self.server()?, self.saved()?);
        let known = saved.servers.get(&server);
        let mine = self.token.clone().filter(|token| job_of(token.expose_secret()) == Some(id));
        let of_saved = || known?.token(id).map(|token| SecretString::from(token.to_owned()));
        let credential = mine.or_else(of_saved).or_else(|| self.key_of_environment());
        let credential = credential.or_else(|| known?.key.clone().map(Into::into)).ok_or_else(|| {
            let text = format!("there is no credential for {id}: redeem its task code again");
            Failure::Unknown(text, "stata-service client redeem")
        })?;
        Ok(Job {
            api: self.open()?.with_credential(credential),
            id: id.to_owned(),
            out: self.out,
            named_language: self.language.clone(),
        })
    }

    /// Saves a job as the current one of the service.
    pub(super) fn keep(&self, job: SavedJob) -> Result<(), Failure> {
        let server = self.server()?;
        self.file()?.change(|saved| {
            saved.servers.entry(server.clone()).or_default().keep(job);
            saved.server = Some(server);
        })
    }
}

/// The job id of a job token (`ssv1.<job_id>.<secret>`).
fn job_of(token: &str) -> Option<&str> {
    token.strip_prefix("ssv1.")?.split_once('.').map(|(job, _)| job)
}
