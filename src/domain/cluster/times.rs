//! The times of a lease and the order that they must have. Five are settings; the others follow from them, so that
//! tests can shorten all in the same ratio.

use std::time::Duration;

/// Times of a node's lease. The default is for production.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTimes {
    /// R: time from the start of one renewal to the start of the next.
    pub renew_every: Duration,
    /// L: how long a lease lasts, by the database's clock.
    pub lease: Duration,
    /// T1: age of the last renewal from which a node claims and starts nothing.
    pub no_starts_after: Duration,
    /// T2: age of the last renewal from which a node ends its engines.
    pub end_runs_after: Duration,
    /// G: time after the end of a lease before the node counts as lost.
    pub grace: Duration,
}

impl Default for LeaseTimes {
    fn default() -> Self {
        Self {
            renew_every: Duration::from_secs(10),
            lease: Duration::from_secs(60),
            no_starts_after: Duration::from_secs(30),
            end_runs_after: Duration::from_secs(45),
            grace: Duration::from_secs(15),
        }
    }
}

/// Why times do not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTimes {
    /// A renewal every moment would be all that a node does.
    #[error("the time between renewals is zero")]
    NoRenewal,
    /// One renewal that fails would stop claims.
    #[error("claims must continue for at least two times between renewals")]
    OneRenewalStopsClaims,
    /// Runs would be started that have to end at once.
    #[error("claims must stop before runs are ended")]
    StartsUntilTheEnd,
    /// Engines could run when the lease is over.
    #[error("runs, with a twelfth of the lease to end in, must be over before the lease is")]
    RunsOutliveTheLease,
    /// A node would count as lost before its engines have surely ended.
    #[error("a lost node needs at least a quarter of the lease as reserve after its runs have ended")]
    NoReserve,
    /// An outage that is too short to be noticed could end a lease.
    #[error("a lease must last longer than four times between renewals")]
    ShortLease,
}

impl LeaseTimes {
    /// Checks the order of the times.
    ///
    /// # Errors
    /// [`InvalidTimes`], the first rule that does not hold.
    pub fn check(&self) -> Result<(), InvalidTimes> {
        let rules = [
            (!self.renew_every.is_zero(), InvalidTimes::NoRenewal),
            (2 * self.renew_every <= self.no_starts_after, InvalidTimes::OneRenewalStopsClaims),
            (self.no_starts_after < self.end_runs_after, InvalidTimes::StartsUntilTheEnd),
            (
                self.end_runs_after + self.end_within() + self.watch_every() <= self.lease,
                InvalidTimes::RunsOutliveTheLease,
            ),
            (self.reserve() >= self.lease / 4, InvalidTimes::NoReserve),
            (self.lease > 4 * self.renew_every, InvalidTimes::ShortLease),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, broken)| Err(broken))
    }

    /// Returns how long an engine has between the request to end and the kill: L/12, 5 s by default.
    pub fn end_within(&self) -> Duration {
        self.lease / 12
    }

    /// Returns how often a launcher reads its deadline: R/10, at most 1 s.
    pub fn watch_every(&self) -> Duration {
        (self.renew_every / 10).min(Duration::from_secs(1))
    }

    /// Returns the time from a node's last renewal until it may count as lost: L + G.
    pub fn lost_after(&self) -> Duration {
        self.lease + self.grace
    }

    /// Returns the time between the last end of a silent node's engines and the first start of their successors, if all
    /// clocks agree: L + G − T2 − L/12, 25 s by default. Differing clocks, late threads and renewals that a failover
    /// lost use it up; within it two engines of one job never run at once.
    pub fn reserve(&self) -> Duration {
        self.lost_after().saturating_sub(self.end_runs_after + self.end_within())
    }

    /// Returns the longest time without an answer of the database after which a server still may judge others: 1.5 R.
    pub fn silence(&self) -> Duration {
        self.renew_every * 3 / 2
    }

    /// Returns the largest step of the database's clock between two answers that is not taken for another clock: L/12.
    pub fn clock_step(&self) -> Duration {
        self.lease / 12
    }

    /// Returns the longest time that an answer may take for its reading of the database's clock to be used: L/24.
    pub fn round_trip(&self) -> Duration {
        self.lease / 24
    }

    /// Returns how often the leader looks for lost nodes: L/12, 5 s by default.
    pub fn sweep_every(&self) -> Duration {
        self.lease / 12
    }

    /// Returns how long a leader's term lasts without a renewal, by the database's clock: L/4, 15 s by default.
    pub fn term(&self) -> Duration {
        self.lease / 4
    }

    /// Returns how often a leader renews its term, and others ask for it: L/12, 5 s by default.
    pub fn renew_term_every(&self) -> Duration {
        self.lease / 12
    }

    /// Returns how long a leader trusts its term, from the start of the last renewal: L/6, 10 s by default.
    pub fn trust_term_for(&self) -> Duration {
        self.lease / 6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_default_times_are_in_order_and_leave_25_seconds() {
        let times = LeaseTimes::default();
        assert_eq!(times.check(), Ok(()));
        assert_eq!((times.end_within(), times.watch_every(), times.lost_after()), (s(5), s(1), s(75)));
        assert_eq!((times.reserve(), times.silence(), times.clock_step()), (s(25), s(15), s(5)));
        assert_eq!((times.term(), times.renew_term_every(), times.trust_term_for()), (s(15), s(5), s(10)));
    }

    #[test]
    fn times_in_the_same_ratio_are_in_order() {
        for divisor in [2, 10, 20, 100] {
            let times = LeaseTimes::default();
            let short = LeaseTimes {
                renew_every: times.renew_every / divisor,
                lease: times.lease / divisor,
                no_starts_after: times.no_starts_after / divisor,
                end_runs_after: times.end_runs_after / divisor,
                grace: times.grace / divisor,
            };
            assert_eq!(short.check(), Ok(()), "1/{divisor}");
            assert_eq!(short.reserve(), times.reserve() / divisor);
        }
    }

    #[test]
    fn each_broken_order_is_named() {
        let times = LeaseTimes::default();
        let cases = [
            (LeaseTimes { renew_every: s(0), ..times }, InvalidTimes::NoRenewal),
            (LeaseTimes { renew_every: s(16), ..times }, InvalidTimes::OneRenewalStopsClaims),
            (LeaseTimes { no_starts_after: s(45), ..times }, InvalidTimes::StartsUntilTheEnd),
            (LeaseTimes { end_runs_after: s(61), ..times }, InvalidTimes::RunsOutliveTheLease),
            (LeaseTimes { end_runs_after: s(55), ..times }, InvalidTimes::RunsOutliveTheLease),
            (LeaseTimes { grace: s(0), ..times }, InvalidTimes::NoReserve),
            (LeaseTimes { renew_every: s(15), ..times }, InvalidTimes::ShortLease),
        ];
        for (times, broken) in cases {
            assert_eq!(times.check(), Err(broken), "{times:?}");
        }
    }
}
