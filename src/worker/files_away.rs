//! Files that cannot be reached for a while: an attempt that ended keeps its outcome and its run directory meanwhile.

use std::time::{Duration, Instant};

/// Detail of an attempt that could not begin because of it; it costs the job nothing.
pub(super) const FILES_UNAVAILABLE: &str = "files_unavailable";
/// First and longest pause between two tries.
const PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(20));
/// Time after which an attempt fails.
const LONGEST: Duration = Duration::from_secs(3600);

/// Does work again while it fails for files that cannot be reached, until `give_up` says otherwise. Blocks.
///
/// # Errors
/// The last error of the work.
pub(super) fn until_reached<T, E: std::fmt::Display>(
    give_up: impl Fn() -> bool,
    is_away: impl Fn(&E) -> bool,
    mut work: impl FnMut() -> Result<T, E>,
) -> Result<T, E> {
    let (start, mut pause) = (Instant::now(), PAUSE.0);
    loop {
        let error = match work() {
            Err(error) if is_away(&error) && start.elapsed() < LONGEST => error,
            outcome => return outcome,
        };
        tracing::error!(event = "SS_FILES_UNAVAILABLE", %error, "an attempt waits for files that cannot be reached");
        let next = Instant::now() + pause;
        while Instant::now() < next {
            if give_up() {
                return Err(error);
            }
            std::thread::sleep(Duration::from_millis(50).min(pause));
        }
        pause = (pause * 2).min(PAUSE.1);
    }
}
