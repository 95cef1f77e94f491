//! Continues the readings of uploads whose server has ended: at the start, and again and again.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::http::state::App;
use crate::service::inputs::take_up::take_up_readings;

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(5);

/// Looks for readings until `stop` fires.
pub(super) async fn run(app: App, stop: CancellationToken) {
    loop {
        if let Err(error) = take_up_readings(&app.ctx).await {
            tracing::warn!(event = "SS_INGEST_LEFT", %error, "readings of uploads cannot be looked for now");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
