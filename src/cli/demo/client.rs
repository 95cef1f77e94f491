//! The HTTP calls of the demo, as any client would make them.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::DemoError;

/// A client that holds one job's token.
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    job_id: String,
    token: String,
}

impl Client {
    /// Talks to a service at an address.
    pub(super) fn new(address: &str) -> Self {
        Self {
            http: {
                crate::adapters::llm::install_tls();
                reqwest::Client::new()
            },
            base: format!("http://{address}"),
            job_id: String::new(),
            token: String::new(),
        }
    }

    /// Talks to the service at its new address from now on.
    pub(super) fn moved_to(&mut self, address: &str) {
        self.base = format!("http://{address}");
    }

    /// Makes one task code as the administrator.
    pub(super) async fn make_task_code(&self, admin_key: &str) -> Result<String, DemoError> {
        let request = self.http.post(format!("{}/v1/admin/task-codes", self.base)).bearer_auth(admin_key);
        let made = answer(request.json(&json!({"count": 1}))).await?;
        Ok(made["task_codes"][0]["task_code"].as_str().unwrap_or_default().to_owned())
    }

    /// Redeems a task code and keeps the job's token.
    pub(super) async fn redeem(&mut self, code: &str, requirement: &str) -> Result<Value, DemoError> {
        let request = self.http.post(format!("{}/v1/task-codes/redeem", self.base));
        let body = json!({"task_code": code, "requirement": requirement});
        let redeemed = answer(request.json(&body)).await?;
        self.job_id = redeemed["job_id"].as_str().unwrap_or_default().to_owned();
        self.token = redeemed["token"].as_str().unwrap_or_default().to_owned();
        Ok(redeemed)
    }

    /// Uploads the primary data set.
    pub(super) async fn upload(&self, name: &str, bytes: &'static [u8]) -> Result<Value, DemoError> {
        let part = Part::bytes(bytes).file_name(name.to_owned());
        let form = Form::new().part("file", part).text("role", "primary_dataset");
        answer(self.post("/inputs/upload").multipart(form)).await
    }

    /// Submits the draft.
    pub(super) async fn put_draft(&self, draft: &Value) -> Result<Value, DemoError> {
        answer(self.http.put(self.url("/draft")).bearer_auth(&self.token).json(draft)).await
    }

    /// Freezes the plan.
    pub(super) async fn freeze(&self) -> Result<Value, DemoError> {
        answer(self.post("/plan/freeze").json(&json!({}))).await
    }

    /// Requests a run.
    pub(super) async fn run(&self) -> Result<Value, DemoError> {
        answer(self.post("/run")).await
    }

    /// Reads the job.
    pub(super) async fn job(&self) -> Result<Value, DemoError> {
        answer(self.get("")).await
    }

    /// Reads one attempt.
    pub(super) async fn latest_run_detail(&self, run_id: &str) -> Result<Value, DemoError> {
        answer(self.get(&format!("/runs/{run_id}"))).await
    }

    /// Lists the artifacts.
    pub(super) async fn artifacts(&self) -> Result<Value, DemoError> {
        answer(self.get("/artifacts")).await
    }

    /// Downloads one artifact.
    pub(super) async fn artifact(&self, rel_path: &str) -> Result<Vec<u8>, DemoError> {
        let response = self.get(&format!("/artifacts/{rel_path}")).send().await?.error_for_status()?;
        Ok(response.bytes().await?.to_vec())
    }

    fn url(&self, path: &str) -> String {
        format!("{}/v1/jobs/{}{path}", self.base, self.job_id)
    }

    fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.get(self.url(path)).bearer_auth(&self.token)
    }

    fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.post(self.url(path)).bearer_auth(&self.token)
    }
}

/// Sends a request and reads its JSON; a refusal becomes an error with the problem's message.
async fn answer(request: reqwest::RequestBuilder) -> Result<Value, DemoError> {
    let response = request.send().await?;
    let (status, url) = (response.status(), response.url().path().to_owned());
    let body: Value = response.json().await?;
    if status.is_success() {
        return Ok(body);
    }
    Err(DemoError::Failed(format!("{url} answered {status}: {} {}", body["error_code"], body["detail"])))
}
