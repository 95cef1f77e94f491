//! The leader: one node that does what needs to be done once (sweeps, retention, deliveries). It is an economy, not a
//! guarantee: every statement of its work is conditional, so that one that was replaced does no harm.

use super::instant::{BootTime, DatabaseTime};
use super::node::NodeEpoch;
use super::times::LeaseTimes;

/// The row of the leader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaderRow {
    /// Who leads.
    pub node: NodeEpoch,
    /// Number of the term; rises with each change of the leader.
    pub term: u64,
    /// End of the term, unless it is renewed.
    pub until: DatabaseTime,
}

impl LeaderRow {
    /// Returns the row that a node writes when it stands for leader: its own term prolonged, or the next term if the last
    /// one is over. `None` while another node leads. Written on the condition that `row` is still the one that was read.
    pub fn stand(row: Option<&Self>, me: &NodeEpoch, now: DatabaseTime, times: &LeaseTimes) -> Option<Self> {
        let term = match row {
            None => 1,
            Some(row) if row.node == *me => row.term,
            Some(row) if row.until <= now => row.term + 1,
            Some(_) => return None,
        };
        Some(Self { node: me.clone(), term, until: now.after(times.term()) })
    }

    /// Returns the row after a leader resigns, so that others need not wait; `None` if it leads no more.
    #[must_use]
    pub fn resigned(&self, me: &NodeEpoch, term: u64, now: DatabaseTime) -> Option<Self> {
        (self.node == *me && self.term == term).then(|| Self { until: now, ..self.clone() })
    }
}

/// A node's own view of its term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leadership {
    /// Number of the term.
    pub term: u64,
    /// When the last renewal that succeeded was begun.
    pub asked: BootTime,
}

impl Leadership {
    /// True while the node may act as the leader. Asked before each piece of work.
    pub fn is_trusted(&self, now: BootTime, times: &LeaseTimes) -> bool {
        now.since(self.asked) < times.trust_term_for()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::ids::NodeId;

    const fn at(seconds: i64) -> DatabaseTime {
        DatabaseTime::from_micros(seconds * 1_000_000)
    }

    fn node(name: &str, epoch: u64) -> NodeEpoch {
        NodeEpoch { node_id: NodeId::parse(name).expect("a node id"), epoch }
    }

    #[test]
    fn a_term_passes_on_only_when_it_is_over() {
        let times = LeaseTimes::default();
        let (a, b) = (node("a", 1), node("b", 1));
        let first = LeaderRow::stand(None, &a, at(0), &times).expect("nobody leads");
        assert_eq!((first.term, first.until), (1, at(15)));
        assert_eq!(LeaderRow::stand(Some(&first), &b, at(14), &times), None);
        let renewed = LeaderRow::stand(Some(&first), &a, at(5), &times).expect("its own term");
        assert_eq!((renewed.term, renewed.until), (1, at(20)));
        let second = LeaderRow::stand(Some(&renewed), &b, at(20), &times).expect("the term is over");
        assert_eq!((second.term, second.node.clone()), (2, b));
        // a later start of the same node is another one
        assert_eq!(LeaderRow::stand(Some(&second), &node("b", 2), at(21), &times), None);
    }

    #[test]
    fn a_leader_resigns_only_its_own_term() {
        let times = LeaseTimes::default();
        let (a, b) = (node("a", 1), node("b", 1));
        let row = LeaderRow::stand(None, &a, at(0), &times).expect("nobody leads");
        assert_eq!(row.resigned(&b, 1, at(3)), None);
        assert_eq!(row.resigned(&a, 2, at(3)), None);
        let ended = row.resigned(&a, 1, at(3)).expect("its own term");
        assert_eq!(LeaderRow::stand(Some(&ended), &b, at(3), &times).map(|r| r.term), Some(2));
    }

    #[test]
    fn trust_ends_before_the_term() {
        let times = LeaseTimes::default();
        let boot = |seconds| BootTime::new(Duration::from_secs(seconds));
        let own = Leadership { term: 1, asked: boot(100) };
        assert!(own.is_trusted(boot(109), &times));
        assert!(!own.is_trusted(boot(110), &times));
        assert!(times.trust_term_for() < times.term());
    }
}
