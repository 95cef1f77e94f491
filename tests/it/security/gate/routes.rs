//! Routes in production mode: closed as long as the gate is, with health and metrics served. The gate's
//! result is given to the router; nothing of the runtime is replaced.

use std::net::SocketAddr;

use reqwest::Method;
use serde_json::{Value, json};
use stata_service::adapters::clock::SystemClock;
use stata_service::app::build::build;
use stata_service::domain::gate::{Finding, Rule};
use stata_service::http::router;
use stata_service::http::state::App;
use stata_service::ports::clock::Clock;

use crate::support::app::{ADMIN_KEY, Answer, http_client, options};

struct Served {
    app: App,
    base: String,
    http: reqwest::Client,
    _dir: tempfile::TempDir,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn production() -> Served {
    let dir = tempfile::tempdir().expect("a directory");
    let mut options = options(dir.path().join("data"));
    options.env = "production".to_owned();
    options.gate.required = true;
    let built = tokio::task::block_in_place(|| build(options)).unwrap_or_else(|e| panic!("{e}"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("bound"));
    let service = router::build(built.app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let task = tokio::spawn(async move { axum::serve(listener, service).await.expect("serves") });
    Served { app: built.app, base, http: http_client(), _dir: dir, task }
}

impl Served {
    fn publish(&self, violated: &[Rule]) {
        let finding = |rule: &Rule| {
            let found =
                if violated.contains(rule) { Err("it is not so".to_owned()) } else { Ok("fine".to_owned()) };
            Finding::of(*rule, found, SystemClock.now())
        };
        self.app.gate.publish(Rule::ALL.iter().map(finding).collect());
    }

    async fn ask(&self, method: Method, path: &str) -> Answer {
        let request = self.http.request(method, format!("{}{path}", self.base));
        Answer::of(request.bearer_auth(ADMIN_KEY)).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_gate_serves_health_and_metrics_only() {
    let served = production().await;
    let before = served.ask(Method::GET, "/health/ready").await;
    assert_eq!(
        (before.status.as_u16(), &before.body["checks"]["gate"]["detail"]),
        (503, &json!("not evaluated yet"))
    );
    served.publish(&[Rule::LlmProvider, Rule::StataAttested]);
    let ready = served.ask(Method::GET, "/health/ready").await;
    assert_eq!((ready.status.as_u16(), &ready.body["status"]), (503, &json!("not_ready")));
    let violations = ready.body["violations"].as_array().expect("a list");
    assert_eq!(violations.iter().map(|v| &v["id"]).collect::<Vec<_>>(), ["llm_provider", "stata_attested"]);
    for violation in violations {
        for key in ["detail", "remedy", "checked_at"] {
            assert!(violation[key].as_str().is_some_and(|text| !text.is_empty()), "{violation}");
        }
    }
    assert_eq!(served.ask(Method::GET, "/health/ready?scope=traffic").await.status, 503);
    assert_eq!(served.ask(Method::GET, "/health/live").await.status, 200);
    assert_eq!(served.ask(Method::GET, "/metrics").await.status, 200);
    for path in ["/", "/jobs", "/admin", "/docs", "/v2/jobs", "/v1x"] {
        assert_eq!(served.ask(Method::GET, path).await.status, 404, "{path}");
    }
    for (method, path) in business_routes().await {
        served.ask(method, &path).await.refused(503, "SERVICE_NOT_READY");
    }
}

/// Every route of the OpenAPI document, and some that are none, with their ids filled in.
async fn business_routes() -> Vec<(Method, String)> {
    let open = production().await;
    open.publish(&[]);
    let document: Value = open.ask(Method::GET, "/v1/openapi.json").await.ok();
    let mut routes = vec![
        (Method::GET, "/v1".to_owned()),
        (Method::GET, "/v1/no/such/route".to_owned()),
        (Method::GET, "/v1/openapi.json".to_owned()),
    ];
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("methods").keys() {
            let method = method.to_uppercase().parse().expect("a method");
            if path.starts_with("/v1") {
                routes.push((method, path.replace(['{', '}'], "")));
            }
        }
    }
    assert!(routes.len() > 30, "{}", routes.len());
    routes
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_gate_serves_and_a_lost_engine_closes_its_routes_only() {
    let served = production().await;
    served.publish(&[]);
    assert_eq!(served.ask(Method::GET, "/v1/openapi.json").await.status, 200);
    let ready = served.ask(Method::GET, "/health/ready").await;
    assert_eq!(
        (ready.status.as_u16(), &ready.body["checks"]["gate"]["ok"]),
        (200, &json!(true)),
        "{}",
        ready.body
    );
    assert!(ready.body.get("violations").is_none());
    served.publish(&[Rule::StataAttested]);
    assert_eq!(served.ask(Method::GET, "/health/ready").await.status, 503);
    assert_eq!(served.ask(Method::GET, "/health/ready?scope=traffic").await.status, 200);
    for path in ["/v1/jobs/job_x/run", "/v1/jobs/job_x/confirm"] {
        let refused = served.ask(Method::POST, path).await.refused(503, "DEPENDENCY_UNAVAILABLE");
        assert_eq!(refused["context"]["dependency"], "engine");
        assert!(refused["context"]["since"].as_str().is_some_and(|t| t.contains('T')), "{refused}");
    }
    assert_eq!(served.ask(Method::GET, "/v1/templates").await.status, 200, "what is there stays readable");
    served.publish(&[]);
    assert_ne!(served.ask(Method::POST, "/v1/jobs/job_x/run").await.status, 503);
}
