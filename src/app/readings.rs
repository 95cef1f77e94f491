//! Continues the readings of uploads whose server has ended: at the start, and again and again.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::http::state::App;
use crate::service::inputs::take_up::take_up_readings;
use crate::telemetry::sparse::Sparse;

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(5);

/// Looks for readings until `stop` fires.
pub(super) async fn run(app: App, stop: CancellationToken) {
    let lines = Sparse::new(Duration::from_secs(60));
    loop {
        if let Err(error) = take_up_readings(&app.ctx).await
            && lines.turn().is_some()
        {
            tracing::warn!(event = "SS_INGEST_LEFT", %error, "readings of uploads cannot be looked for now");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
