//! Starts the export of traces as the settings say, and ends it.

use std::time::Duration;

use edge::otel::{BadSettings, Protocol, Settings, Telemetry};
use secrecy::ExposeSecret;

use crate::config;

/// The parts of the program whose spans are traced.
const TARGETS: &[&str] = &["stata_service"];
/// Longest wait of a span for others. Shorter than the usual 5 s: less is lost when the process is killed.
const INTERVAL: Duration = Duration::from_secs(1);
/// Longest time of the last exports.
const END: Duration = Duration::from_secs(3);

/// Starts the export on the current runtime; none without an endpoint.
///
/// # Errors
/// Settings that are not valid for an exporter.
pub(super) fn start(otel: &config::Otel) -> Result<Option<Telemetry>, BadSettings> {
    let Some(endpoint) = &otel.endpoint else { return Ok(None) };
    let exposed = |(name, value): &(String, _)| {
        let value: &secrecy::SecretString = value;
        (name.clone(), value.expose_secret().to_owned())
    };
    let settings = Settings {
        protocol: match otel.protocol {
            config::OtelProtocol::HttpProtobuf => Protocol::HttpProtobuf,
            config::OtelProtocol::Grpc => Protocol::Grpc,
        },
        service_version: env!("CARGO_PKG_VERSION").to_owned(),
        attributes: otel.resource_attributes.clone(),
        headers: otel.headers.iter().map(exposed).collect(),
        sample_ratio: otel.sample_ratio,
        interval: INTERVAL,
        ..Settings::new(endpoint, &otel.service_name, TARGETS)
    };
    Telemetry::start(&settings).map(Some)
}

/// Sends waiting spans, within a bound, and reports lost ones.
pub(super) async fn end(telemetry: Telemetry) {
    let counters = telemetry.counters();
    let in_time = telemetry.shutdown(END).await;
    let (dropped, failed) = (counters.dropped(), counters.failed());
    if !in_time || dropped > 0 || failed > 0 {
        tracing::warn!(
            event = "SS_TRACES_LOST",
            dropped,
            failed,
            in_time,
            "not every span reached the collector"
        );
    }
}
