//! One check: how often it is made, how long it may take, and what was found last.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::Check;
use crate::ports::clock::Clock;

/// Result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It works; the text says what was seen.
    Well(String),
    /// It works, with less than it should.
    Limited(String),
    /// It does not work; the text is the reason.
    Out(String),
}

/// Effect on the service if the checked part fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It cannot answer.
    ToAnswer,
    /// It cannot do its work; what is finished stays readable.
    ToWork,
    /// It does its work.
    Nothing,
}

/// A check.
pub struct Probe {
    /// Name in reports and metrics.
    pub name: &'static str,
    /// Effect on readiness if it fails.
    pub need: Need,
    /// Time from the beginning of one look to the next.
    pub every: Duration,
    /// Longest time of a look; one that takes longer counts as failed until it answers.
    pub limit: Duration,
    /// Result reported until the first check has finished; without it the check counts as failed.
    pub at_first: Option<String>,
    /// Looks. May block.
    pub look: Box<dyn Fn() -> Found + Send + Sync>,
}

/// A check with its last result.
pub(super) struct Slot {
    probe: Probe,
    state: Mutex<State>,
}

struct State {
    last: Check,
    /// When the look that is under way began.
    under_way: Option<(Instant, DateTime<Utc>)>,
    /// When the last look began.
    begun: Option<Instant>,
}

impl Slot {
    pub(super) fn new(probe: Probe, now: DateTime<Utc>) -> Self {
        let found = match &probe.at_first {
            Some(detail) => Found::Well(detail.clone()),
            None => Found::Out("not checked yet".to_owned()),
        };
        let last = check(&probe, found, now, Duration::ZERO);
        Self { state: Mutex::new(State { last, under_way: None, begun: None }), probe }
    }

    pub(super) fn name(&self) -> &'static str {
        self.probe.name
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // every value is replaced as a whole
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True while a start should wait for the first result.
    pub(super) fn is_awaited(&self) -> bool {
        self.probe.at_first.is_none() && self.state().under_way.is_some()
    }

    /// Starts a look on its own thread, unless one is under way or the last is young.
    pub(super) fn start_if_due(self: &Arc<Self>, clock: &Arc<dyn Clock>) {
        let mut state = self.state();
        let young = state.begun.is_some_and(|begun| begun.elapsed() < self.probe.every);
        if state.under_way.is_some() || young {
            return;
        }
        let (started, now) = (Instant::now(), clock.now());
        state.under_way = Some((started, now));
        state.begun = Some(started);
        drop(state);
        let (slot, clock) = (Arc::clone(self), Arc::clone(clock));
        let looking = move || {
            let ended = Ended(&slot);
            let found = (slot.probe.look)();
            let made = check(&slot.probe, found, clock.now(), started.elapsed());
            slot.state().last = made;
            drop(ended);
        };
        let thread = std::thread::Builder::new().name(format!("check-{}", self.probe.name));
        if let Err(error) = thread.spawn(looking) {
            let found = Found::Out(format!("no thread could be started: {error}"));
            let mut state = self.state();
            state.last = check(&self.probe, found, now, Duration::ZERO);
            state.under_way = None;
        }
    }

    /// Returns the last result; a look that is under way for too long counts as failed.
    pub(super) fn read(&self) -> Check {
        let state = self.state();
        match state.under_way {
            Some((started, at)) if started.elapsed() > self.probe.limit => {
                let taken = started.elapsed();
                let detail = format!("no answer within {:.0} s", self.probe.limit.as_secs_f64().max(1.0));
                check(&self.probe, Found::Out(detail), at, taken)
            }
            _ => state.last.clone(),
        }
    }
}

/// Ends a look, also one that panics.
struct Ended<'a>(&'a Slot);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.state().under_way = None;
    }
}

fn check(probe: &Probe, found: Found, checked_at: DateTime<Utc>, taken: Duration) -> Check {
    let (status, detail) = match found {
        Found::Well(detail) => ("ok", detail),
        Found::Limited(detail) => ("degraded", detail),
        Found::Out(detail) => ("failed", detail),
    };
    Check {
        ok: status != "failed",
        status: status.to_owned(),
        detail,
        checked_at,
        latency_ms: taken.as_secs_f64() * 1000.0,
        required: probe.need != Need::Nothing,
        traffic: probe.need == Need::ToAnswer,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Health;
    use super::*;
    use crate::service::operations::gate::Gate;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;

    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> DateTime<Utc> {
            DateTime::UNIX_EPOCH
        }
    }

    fn health() -> Health {
        Health::new(Arc::new(Gate::open()), Arc::new(Noon), "1")
    }

    fn probe(name: &'static str, need: Need, look: impl Fn() -> Found + Send + Sync + 'static) -> Probe {
        let (every, limit) = (Duration::ZERO, Duration::from_millis(50));
        Probe { name, need, every, limit, at_first: None, look: Box::new(look) }
    }

    fn well() -> Found {
        Found::Well("fine".to_owned())
    }

    fn out() -> Found {
        Found::Out("gone".to_owned())
    }

    #[test]
    fn each_part_has_its_effect_on_readiness() {
        for (need, ready, traffic) in [
            (Need::ToAnswer, "not_ready", "not_ready"),
            (Need::ToWork, "not_ready", "degraded"),
            (Need::Nothing, "degraded", "degraded"),
        ] {
            let health = health();
            assert_eq!(health.ready(false).status, "not_ready", "nothing was checked");
            health.add(vec![probe("a", Need::ToAnswer, well)]);
            assert_eq!(health.ready(false).status, "ok");
            health.add(vec![probe("b", need, out)]);
            let report = health.ready(false);
            assert_eq!((report.status.as_str(), report.reasons), (ready, vec!["b: gone".to_owned()]));
            assert_eq!(health.ready(true).status, traffic, "{need:?}");
            health.drain();
            assert_eq!(health.ready(true).status, "draining");
        }
        let health = health();
        health.add(vec![probe("a", Need::ToWork, || Found::Limited("slow".to_owned()))]);
        assert_eq!(health.ready(false).status, "degraded");
    }

    #[test]
    fn a_check_that_hangs_holds_nobody_and_heals_when_it_answers() {
        let health = health();
        let (release, released) = mpsc::channel::<()>();
        let (hangs, released) = (Arc::new(AtomicBool::new(false)), Mutex::new(released));
        let told = Arc::clone(&hangs);
        let hanging = probe("engine", Need::ToWork, move || {
            if told.load(Ordering::SeqCst) {
                let _ = released.lock().expect("not poisoned").recv();
            }
            well()
        });
        health.add(vec![hanging, probe("store", Need::ToAnswer, well)]);
        assert_eq!(health.ready(false).status, "ok");
        hangs.store(true, Ordering::SeqCst);
        let until = |status: &str| {
            let patience = Instant::now();
            while health.ready(false).status != status {
                assert!(patience.elapsed() < Duration::from_secs(30), "never {status}");
                health.refresh();
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        until("not_ready");
        let report = health.ready(false);
        assert_eq!(report.checks["engine"].detail, "no answer within 1 s");
        assert_eq!(report.checks["store"].status, "ok", "the others continue");
        hangs.store(false, Ordering::SeqCst);
        release.send(()).expect("the check waits");
        until("ok");
    }

    #[test]
    fn a_check_that_panics_keeps_its_last_result_and_is_made_again() {
        let health = health();
        let fails = Arc::new(AtomicBool::new(true));
        let told = Arc::clone(&fails);
        health.add(vec![probe("a", Need::ToWork, move || {
            assert!(!told.load(Ordering::SeqCst), "a defect of the check");
            well()
        })]);
        assert_eq!(health.ready(false).status, "not_ready", "never checked with success");
        fails.store(false, Ordering::SeqCst);
        let patience = Instant::now();
        while health.ready(false).status != "ok" {
            assert!(patience.elapsed() < Duration::from_secs(30));
            health.refresh();
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
