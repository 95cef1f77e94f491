//! The row of a node: how a start joins the cluster, renews, drains and leaves, when others may declare it lost, and
//! whose runs are without an owner. The store reads a row, asks here, and writes the result on the condition that the
//! row is still the one that was read.

use serde::{Deserialize, Serialize};

use super::instant::DatabaseTime;
use super::times::LeaseTimes;
use crate::domain::ids::NodeId;

/// One start of a node: what owns runs and seats. Another start of the same node has a higher epoch, and no two starts in
/// the life of a store have the same one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeEpoch {
    /// Name of the node.
    pub node_id: NodeId,
    /// From a counter of the whole store that never gives a number twice.
    pub epoch: u64,
}

impl NodeEpoch {
    /// Returns the name of the start in records: `<node>/<epoch>`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.node_id, self.epoch)
    }

    /// Returns the epoch in a name.
    pub fn epoch_of(name: &str) -> Option<u64> {
        name.rsplit_once('/')?.1.parse().ok()
    }
}

/// State of a start of a node. `Gone` and `Lost` are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// It renews its lease and claims.
    Live,
    /// It renews its lease and finishes what it has.
    Draining,
    /// It ended in order, or a later start took its runs over.
    Gone,
    /// It was silent for too long; others have its runs.
    Lost,
}

impl NodeState {
    /// Returns the text in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Draining => "draining",
            Self::Gone => "gone",
            Self::Lost => "lost",
        }
    }

    /// Reads the text in the database.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Live, Self::Draining, Self::Gone, Self::Lost].into_iter().find(|state| state.as_str() == text)
    }

    /// True for a start that owns its runs and may renew its lease.
    pub const fn holds(self) -> bool {
        matches!(self, Self::Live | Self::Draining)
    }
}

/// What the rules need of a node's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRow {
    /// The node and its start.
    pub node: NodeEpoch,
    /// Names the boot of the machine together with the work volume. Two starts with the same text see each other's
    /// locks, and exclude each other by the lock of the volume.
    pub host: String,
    /// State of the start.
    pub state: NodeState,
    /// End of the lease.
    pub lease_until: DatabaseTime,
}

/// How a start enters the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// As a new epoch that owns nothing. Runs of an earlier one stay its own until it is lost or gone.
    Fresh {
        /// The epoch to insert.
        epoch: u64,
    },
    /// As a new epoch that takes over all runs and seats of an earlier one, which becomes `gone`; all in one
    /// transaction. Engines that still run are then found by their locks.
    TakeOver {
        /// The epoch that ends.
        from: u64,
        /// The epoch to insert.
        epoch: u64,
    },
}

impl Join {
    /// Decides how a start joins. `newest` is the row with the node's highest epoch, `host` the caller's own. The caller
    /// holds the lock of its work volume, so that no other process of this host is at work there.
    ///
    /// `epoch` is the next number of the store's counter (a sequence). One more than the newest row's would not do: rows
    /// are forgotten, and a request of the forgotten start that was long on its way would be taken for this one's.
    pub fn decide(newest: Option<&NodeRow>, host: &str, epoch: u64) -> Self {
        // on another host or after a reboot nothing shows whether the earlier start still runs: its lease decides
        match newest.filter(|row| row.state.holds() && row.host == host) {
            Some(row) => Self::TakeOver { from: row.node.epoch, epoch },
            None => Self::Fresh { epoch },
        }
    }
}

impl NodeRow {
    /// Returns the row of a start that joins.
    pub fn joined(node: NodeEpoch, host: String, now: DatabaseTime, times: &LeaseTimes) -> Self {
        Self { node, host, state: NodeState::Live, lease_until: now.after(times.lease) }
    }

    /// Returns the row after a renewal; `None` if this epoch is over. A lease that ended is renewed as long as nobody
    /// declared the node lost.
    #[must_use]
    pub fn renewed(&self, now: DatabaseTime, times: &LeaseTimes) -> Option<Self> {
        self.state.holds().then(|| Self { lease_until: now.after(times.lease), ..self.clone() })
    }

    /// True if the node may claim. Checked in the transaction of each claim.
    pub fn may_claim(&self, now: DatabaseTime) -> bool {
        self.state == NodeState::Live && now < self.lease_until
    }

    /// Returns the row of a node that claims no more; `None` if this epoch is over.
    #[must_use]
    pub fn drained(&self) -> Option<Self> {
        self.state.holds().then(|| Self { state: NodeState::Draining, ..self.clone() })
    }

    /// Returns the row of a node that ended in order: none of its engines runs. `None` if this epoch is over.
    #[must_use]
    pub fn left(&self) -> Option<Self> {
        self.state.holds().then(|| Self { state: NodeState::Gone, ..self.clone() })
    }

    /// Returns the row of a node that has been silent for so long that its engines have ended; `None` if it has not.
    /// Only a caller whose [`super::Watch`] allows it may write the row, and only over the one that it read.
    #[must_use]
    pub fn lost(&self, now: DatabaseTime, times: &LeaseTimes) -> Option<Self> {
        let silent = self.state.holds() && self.lease_until.after(times.grace) <= now;
        silent.then(|| Self { state: NodeState::Lost, ..self.clone() })
    }

    /// True if the row may be deleted: it is over and nothing names it. Otherwise the runs that name it would be lost.
    pub const fn may_be_forgotten(&self, is_named: bool) -> bool {
        !self.state.holds() && !is_named
    }
}

/// True for a run or a seat whose node has no row or is over: the leader ends the run as lost. `state` is that of the
/// row with the run's own epoch. Asked in each sweep, since a claim can be committed after the node's end was.
pub fn is_orphan(state: Option<NodeState>) -> bool {
    !state.is_some_and(NodeState::holds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: i64) -> DatabaseTime {
        DatabaseTime::from_micros(seconds * 1_000_000)
    }

    fn row(state: NodeState) -> NodeRow {
        let node_id = NodeId::parse("worker-1.example").expect("a node id");
        let node = NodeEpoch { node_id, epoch: 3 };
        NodeRow { state, ..NodeRow::joined(node, "boot-a".to_owned(), at(100), &LeaseTimes::default()) }
    }

    #[test]
    fn a_start_takes_over_only_what_it_can_see() {
        assert_eq!(Join::decide(None, "boot-a", 9), Join::Fresh { epoch: 9 });
        for state in [NodeState::Live, NodeState::Draining] {
            assert_eq!(Join::decide(Some(&row(state)), "boot-a", 9), Join::TakeOver { from: 3, epoch: 9 });
            assert_eq!(Join::decide(Some(&row(state)), "boot-b", 9), Join::Fresh { epoch: 9 });
        }
        for state in [NodeState::Gone, NodeState::Lost] {
            assert_eq!(Join::decide(Some(&row(state)), "boot-a", 9), Join::Fresh { epoch: 9 });
        }
    }

    #[test]
    fn a_lease_is_renewed_until_the_node_is_lost_or_gone() {
        let times = LeaseTimes::default();
        let live = row(NodeState::Live);
        assert_eq!(live.lease_until, at(160));
        // its lease was over at 160, and nobody noticed until 170
        let renewed = live.renewed(at(170), &times).expect("it holds");
        assert_eq!((renewed.lease_until, renewed.state), (at(230), NodeState::Live));
        assert_eq!(
            row(NodeState::Draining).renewed(at(170), &times).map(|r| r.state),
            Some(NodeState::Draining)
        );
        for over in [NodeState::Gone, NodeState::Lost] {
            let row = row(over);
            assert_eq!((row.renewed(at(101), &times), row.drained(), row.left()), (None, None, None));
        }
    }

    #[test]
    fn claims_need_a_live_lease() {
        assert!(row(NodeState::Live).may_claim(at(159)));
        assert!(!row(NodeState::Live).may_claim(at(160)));
        for state in [NodeState::Draining, NodeState::Gone, NodeState::Lost] {
            assert!(!row(state).may_claim(at(101)));
        }
    }

    #[test]
    fn a_node_is_lost_75_seconds_after_its_last_renewal_and_not_before() {
        let times = LeaseTimes::default();
        assert_eq!(row(NodeState::Live).lost(at(174), &times), None);
        assert_eq!(row(NodeState::Live).lost(at(175), &times).map(|r| r.state), Some(NodeState::Lost));
        assert_eq!(row(NodeState::Draining).lost(at(175), &times).map(|r| r.state), Some(NodeState::Lost));
        assert_eq!(row(NodeState::Gone).lost(at(999), &times), None);
    }

    #[test]
    fn runs_of_nodes_that_are_over_or_unknown_have_no_owner() {
        assert!(is_orphan(None) && is_orphan(Some(NodeState::Lost)) && is_orphan(Some(NodeState::Gone)));
        assert!(!is_orphan(Some(NodeState::Live)) && !is_orphan(Some(NodeState::Draining)));
        assert!(row(NodeState::Lost).may_be_forgotten(false));
        assert!(!row(NodeState::Lost).may_be_forgotten(true));
        assert!(!row(NodeState::Live).may_be_forgotten(false));
    }

    #[test]
    fn states_keep_their_text() {
        for state in [NodeState::Live, NodeState::Draining, NodeState::Gone, NodeState::Lost] {
            assert_eq!(NodeState::parse(state.as_str()), Some(state));
        }
        assert_eq!(NodeState::parse("dead"), None);
    }
}
