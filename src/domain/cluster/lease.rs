//! The lease as its holder sees it: what a node may do, and what a launcher does to an engine, by the time since the
//! last renewal that succeeded. The database is not asked, since the question is what holds while it is silent.

use std::time::Duration;

use super::instant::BootTime;
use super::times::LeaseTimes;

/// What a node may do. Ordered: each allows what the one before allows, and more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Nothing may run; every engine has to end.
    MustEnd,
    /// Runs may continue and be finished; none is claimed or started. Readiness fails.
    MayFinish,
    /// Everything.
    Full,
}

/// A node's own lease of the epoch that it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    renewed: BootTime,
}

impl Lease {
    /// Returns the lease after the node joined. `asked` is when that request was begun, not when it was answered.
    pub const fn new(asked: BootTime) -> Self {
        Self { renewed: asked }
    }

    /// Notes a renewal that succeeded and was begun at `asked`. An answer that is late changes nothing.
    pub fn renew(&mut self, asked: BootTime) {
        self.renewed = self.renewed.max(asked);
    }

    /// Returns the time since the start of the last renewal that succeeded.
    pub const fn age(&self, now: BootTime) -> Duration {
        now.since(self.renewed)
    }

    /// Returns what the node may do now. Asked immediately before each claim and each start.
    pub fn standing(&self, now: BootTime, times: &LeaseTimes) -> Standing {
        let age = self.age(now);
        if age >= times.end_runs_after {
            Standing::MustEnd
        } else if age >= times.no_starts_after {
            Standing::MayFinish
        } else {
            Standing::Full
        }
    }

    /// Returns when launchers end their engines unless a later renewal moves these moments.
    pub const fn deadlines(&self, times: &LeaseTimes) -> Deadlines {
        Deadlines { end_at: self.renewed.after(times.end_runs_after) }
    }
}

/// When a launcher ends its engine: the content of the file that a node writes after each renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// From here the engine is requested to end, and is killed L/12 later.
    pub end_at: BootTime,
}

/// What a launcher does to its engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Nothing: it may run, or be started.
    Run,
    /// Request its end (TERM).
    End,
    /// Kill it. Also the first order of a launcher that was stopped for long: its successor may be running.
    Kill,
}

impl Deadlines {
    /// Returns what to do now. Asked immediately before the engine starts and each [`LeaseTimes::watch_every`] after.
    pub fn order(&self, now: BootTime, times: &LeaseTimes) -> Order {
        if now < self.end_at {
            Order::Run
        } else if now.since(self.end_at) < times.end_within() {
            Order::End
        } else {
            Order::Kill
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> BootTime {
        BootTime::new(Duration::from_secs(seconds))
    }

    #[test]
    fn a_silent_node_stops_starting_and_then_ends_its_runs() {
        let times = LeaseTimes::default();
        let mut lease = Lease::new(at(90));
        lease.renew(at(100));
        let standing = |seconds| lease.standing(at(seconds), &times);
        assert_eq!(standing(129), Standing::Full);
        assert_eq!(standing(130), Standing::MayFinish);
        assert_eq!(standing(144), Standing::MayFinish);
        assert_eq!(standing(145), Standing::MustEnd);
        let order = |seconds| lease.deadlines(&times).order(at(seconds), &times);
        assert_eq!(
            (order(144), order(145), order(149), order(150)),
            (Order::Run, Order::End, Order::End, Order::Kill)
        );
        assert_eq!(order(1_000), Order::Kill);
    }

    #[test]
    fn a_late_answer_does_not_shorten_the_lease() {
        let mut lease = Lease::new(at(100));
        lease.renew(at(120));
        lease.renew(at(110));
        assert_eq!(lease, Lease::new(at(120)));
    }
}
