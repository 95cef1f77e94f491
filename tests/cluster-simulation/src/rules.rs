//! The service's rules as the model calls them, and wrong ones in their place. A wrong rule that no invariant notices
//! would mean that the simulation proves nothing about the right one.

use std::time::Duration;

use stata_service::domain::cluster::{
    BootTime, Contact, DatabaseTime, Join, LeaderRow, Leadership, Lease, LeaseTimes, NodeEpoch, NodeRow,
    NodeState, Watch, free_seats, is_orphan,
};

/// A rule that is wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// G = 0: a node is lost as soon as its lease is over.
    NoGrace,
    /// T2 > L: engines run on when the lease is over.
    RunsOutliveTheLease,
    /// Nodes are declared lost straight after an outage.
    NoAmnesty,
    /// Amnesty does not notice another database server.
    FailoverUnnoticed,
    /// Amnesty does not notice a step of the database's clock.
    ClockStepUnnoticed,
    /// Seats are a number that goes down with a claim and up with each end that is reported.
    SeatsAsCounter,
    /// Each node counts its own runs.
    SeatsOfEachNode,
    /// The end of an attempt takes the row of the job's run away, whichever run has it.
    ReleaseWithoutFence,
    /// Any end of a running job is accepted.
    FinishWithoutFence,
    /// A lease is counted from the answer instead of the request.
    LeaseFromAnswer,
    /// A lease ends by the node's clock instead of the database's.
    LeaseByOwnClock,
    /// A node that was declared lost can renew.
    LostNodeRenews,
    /// Launchers leave it to their server to end engines.
    LauncherDoesNotWatch,
    /// The launcher is right, but starts without asking its deadline, and first reads it when half of the grace is over.
    LateFirstWatch,
    /// A start takes over the runs of any earlier start of its node, whatever the host.
    TakeOverFromAnyHost,
    /// A start keeps the epoch of the one before.
    EpochNotRaised,
    /// An epoch is one more than that of the newest row.
    EpochFromRow,
    /// Runs of a lost node are ended when it is declared lost and never looked for again.
    SweepOnce,
    /// Rows of nodes are removed as soon as they are over, and runs without a row are not orphans.
    ForgottenNodes,
    /// A draining node claims.
    DrainingClaims,
    /// A leader trusts its term longer than the term lasts.
    TrustBeyondTerm,
    /// Two nodes may have the same term.
    TermsNotExclusive,
    /// A node does not look for attempts that it claimed without learning of them.
    LostClaimsStay,
    /// A job that is queued again keeps its fence.
    FenceNotRaised,
}

impl Mutant {
    /// All wrong rules.
    pub const ALL: [Self; 24] = [
        Self::NoGrace,
        Self::RunsOutliveTheLease,
        Self::NoAmnesty,
        Self::FailoverUnnoticed,
        Self::ClockStepUnnoticed,
        Self::SeatsAsCounter,
        Self::SeatsOfEachNode,
        Self::ReleaseWithoutFence,
        Self::FinishWithoutFence,
        Self::LeaseFromAnswer,
        Self::LeaseByOwnClock,
        Self::LostNodeRenews,
        Self::LauncherDoesNotWatch,
        Self::LateFirstWatch,
        Self::TakeOverFromAnyHost,
        Self::EpochNotRaised,
        Self::EpochFromRow,
        Self::SweepOnce,
        Self::ForgottenNodes,
        Self::DrainingClaims,
        Self::TrustBeyondTerm,
        Self::TermsNotExclusive,
        Self::LostClaimsStay,
        Self::FenceNotRaised,
    ];
}

/// The rules of one simulation.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Times of leases.
    pub times: LeaseTimes,
    /// The rule that is wrong, if any.
    pub mutant: Option<Mutant>,
}

impl Rules {
    /// The service's rules with its default times.
    pub fn right() -> Self {
        Self { times: LeaseTimes::default(), mutant: None }
    }

    /// The same with one wrong rule.
    pub fn wrong(mutant: Mutant) -> Self {
        let right = LeaseTimes::default();
        let times = match mutant {
            Mutant::NoGrace => LeaseTimes { grace: Duration::ZERO, ..right },
            Mutant::RunsOutliveTheLease => LeaseTimes { end_runs_after: right.lost_after(), ..right },
            _ => right,
        };
        Self { times, mutant: Some(mutant) }
    }

    /// True if this rule is wrong.
    pub fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    /// `next` is the number that the store's counter gives out.
    pub(crate) fn join(&self, newest: Option<&NodeRow>, host: &str, next: u64) -> Join {
        match (self.mutant, newest) {
            (Some(Mutant::TakeOverFromAnyHost), Some(row)) => Join::decide(newest, &row.host, next),
            (Some(Mutant::EpochNotRaised), Some(row)) => Join::Fresh { epoch: row.node.epoch },
            (Some(Mutant::EpochFromRow), _) => {
                Join::decide(newest, host, newest.map_or(1, |row| row.node.epoch + 1))
            }
            _ => Join::decide(newest, host, next),
        }
    }

    /// `own` is the node's clock of the day, which only a wrong rule asks.
    pub(crate) fn renewed(&self, row: &NodeRow, now: DatabaseTime, own: DatabaseTime) -> Option<NodeRow> {
        match self.mutant {
            Some(Mutant::LeaseByOwnClock) => row.renewed(own, &self.times),
            Some(Mutant::LostNodeRenews) if row.state == NodeState::Lost => {
                let live = NodeRow { state: NodeState::Live, ..row.clone() };
                live.renewed(now, &self.times)
            }
            _ => row.renewed(now, &self.times),
        }
    }

    pub(crate) fn renew(&self, lease: &mut Lease, asked: BootTime, answered: BootTime) {
        lease.renew(if self.is(Mutant::LeaseFromAnswer) { answered } else { asked });
    }

    pub(crate) fn may_claim(&self, row: &NodeRow, now: DatabaseTime) -> bool {
        let draining = self.is(Mutant::DrainingClaims) && row.state == NodeState::Draining;
        row.may_claim(now) || draining
    }

    /// Returns the contact as the watch is shown it.
    pub(crate) fn shown(&self, mut contact: Contact) -> Contact {
        if self.is(Mutant::FailoverUnnoticed) {
            contact.server_started = DatabaseTime::from_micros(0);
        }
        if self.is(Mutant::ClockStepUnnoticed) {
            // a clock that agrees with the node's own
            let micros = contact.asked.since_boot().as_micros();
            contact.database = DatabaseTime::from_micros(i64::try_from(micros).unwrap_or(i64::MAX));
        }
        contact
    }

    pub(crate) fn may_declare_lost(&self, watch: &Watch, by: &Contact) -> bool {
        self.is(Mutant::NoAmnesty) || watch.may_declare_lost(by, &self.times)
    }

    pub(crate) fn is_orphan(&self, state: Option<NodeState>) -> bool {
        is_orphan(state) && !(self.is(Mutant::ForgottenNodes) && state.is_none())
    }

    pub(crate) fn may_be_forgotten(&self, row: &NodeRow, is_named: bool) -> bool {
        row.may_be_forgotten(is_named && !self.is(Mutant::ForgottenNodes))
    }

    pub(crate) fn stand(
        &self,
        row: Option<&LeaderRow>,
        me: &NodeEpoch,
        now: DatabaseTime,
    ) -> Option<LeaderRow> {
        let row = row.filter(|_| !self.is(Mutant::TermsNotExclusive));
        LeaderRow::stand(row, me, now, &self.times)
    }

    pub(crate) fn is_trusted(&self, leadership: &Leadership, now: BootTime) -> bool {
        if self.is(Mutant::TrustBeyondTerm) {
            return now.since(leadership.asked) < self.times.lease;
        }
        leadership.is_trusted(now, &self.times)
    }

    /// How many runs a claim may begin, with those under way of all nodes and of the one that claims. `counter` is for a
    /// wrong rule.
    pub(crate) fn free_seats(&self, seats: u64, (all, own): (usize, usize), counter: u64) -> u64 {
        match self.mutant {
            Some(Mutant::SeatsAsCounter) => counter,
            Some(Mutant::SeatsOfEachNode) => free_seats(seats, own as u64),
            _ => free_seats(seats, all as u64),
        }
    }
}
