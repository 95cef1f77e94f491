//! A language model provider on a free port, and a service that uses it.

use std::time::Duration;

use llm_simulator::{Settings, Simulator};
use stata_service::app::options::{LlmEndpoint, LlmOptions, LlmWire, Options};

/// The key that the service shows to the provider; searched for everywhere afterwards.
pub(crate) const PROVIDER_KEY: &str = "sk-provider-0123456789abcdefghijklmnop";

/// A running provider; ends with the test's runtime.
pub(crate) struct Provider {
    pub base: String,
}

impl Provider {
    /// Starts a provider with settings in TOML.
    pub(crate) async fn start(toml: &str) -> Self {
        let mut settings: Settings = toml::from_str(toml).expect("settings");
        settings.keys = vec![PROVIDER_KEY.to_owned()];
        settings.check().expect("sound settings");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("bound"));
        tokio::spawn(Simulator::new(settings).serve(listener, std::future::pending()));
        Self { base }
    }

    /// Calls that the provider answered, whatever the answer.
    pub(crate) async fn calls(&self) -> u64 {
        let text = super::app::http_client().get(format!("{}/metrics", self.base)).send().await;
        let text = text.expect("answers").text().await.expect("a body");
        let counts = text.lines().filter(|line| line.starts_with("llm_simulator_requests_total"));
        counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    /// The model of this provider in a wire format.
    pub(crate) fn endpoint(&self, wire: LlmWire) -> LlmEndpoint {
        let base_url = match wire {
            LlmWire::OpenAi => format!("{}/v1", self.base),
            LlmWire::Anthropic => self.base.clone(),
        };
        LlmEndpoint { wire, base_url, api_key: PROVIDER_KEY.to_owned().into(), model: "simulated".to_owned() }
    }
}

/// Options of a model behind these endpoints, with short times.
pub(crate) fn model(endpoints: Vec<LlmEndpoint>) -> LlmOptions {
    LlmOptions {
        endpoints,
        connect_timeout: Duration::from_millis(500),
        first_byte_timeout: Duration::from_millis(400),
        idle_timeout: Duration::from_millis(400),
        timeout: Duration::from_secs(3),
        max_attempts: 3,
        draft_budget: Duration::from_secs(20),
        preview_wait: Duration::from_secs(20),
        max_output_tokens: 4_000,
        temperature: Some(0.0),
        concurrency: 4,
        tokens_per_day: 0,
        addresses: None,
        // most tests count the provider's calls
        look_every: Duration::ZERO,
        ca_pem: None,
    }
}

/// Sets the model of a service.
pub(crate) fn with_model(endpoint: LlmEndpoint) -> impl FnOnce(&mut Options) {
    move |options| options.llm = Some(model(vec![endpoint]))
}

/// Settings of a provider that answers the two questions of a draft with these texts, in this order.
pub(crate) fn scripted(drafts: &[&str], selections: &[&str]) -> String {
    let list = |texts: &[&str]| {
        let quoted: Vec<String> = texts.iter().map(|text| format!("'''{text}'''")).collect();
        quoted.join(", ")
    };
    format!(
        "[[scripts]]\ncontains = 'You choose the analysis template'\nanswers = [{}]\n\
         [[scripts]]\ncontains = 'state an empirical analysis'\nanswers = [{}]\n",
        list(selections),
        list(drafts),
    )
}
