//! Seats of a licence: how many engines of a pool may run at once in the whole cluster. A seat is a row with the run that
//! has it, never a counter: a node that returns late cannot give back what it has no more.

use super::node::NodeEpoch;
use crate::domain::ids::RunId;

/// The run that has a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatHolder {
    /// The attempt.
    pub run_id: RunId,
    /// The fence of its claim.
    pub fence: u64,
    /// The node that runs it.
    pub node: NodeEpoch,
}

/// The row of a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatRow {
    /// Name of the pool.
    pub pool: String,
    /// Number in the pool, from 0.
    pub seat: u32,
    /// The run that has it, if any.
    pub holder: Option<SeatHolder>,
}

impl SeatRow {
    /// True if a claim may take the seat, in a pool of `size` seats.
    pub const fn is_free(&self, size: u32) -> bool {
        self.holder.is_none() && self.seat < size
    }

    /// Returns the row after a run took it, in the transaction of its claim; `None` if it is not free.
    #[must_use]
    pub fn taken(&self, holder: SeatHolder, size: u32) -> Option<Self> {
        self.is_free(size).then(|| Self { holder: Some(holder), ..self.clone() })
    }

    /// Returns the row after the engine of this run and fence has ended, or its node was declared lost. `None` if
    /// another run has the seat: nothing is written then.
    #[must_use]
    pub fn freed(&self, run_id: &RunId, fence: u64) -> Option<Self> {
        let holder = self.holder.as_ref()?;
        (holder.run_id == *run_id && holder.fence == fence).then(|| Self { holder: None, ..self.clone() })
    }

    /// True for a seat that nobody will give back: its run is not under way. Asked in each sweep; a seat and its run are
    /// written in one transaction, so that a run that has just begun is never mistaken for one that is over.
    pub fn is_leaked(&self, is_under_way: impl FnOnce(&RunId, u64) -> bool) -> bool {
        self.holder.as_ref().is_some_and(|holder| !is_under_way(&holder.run_id, holder.fence))
    }

    /// True for a row that a pool of `size` seats does not need: it is beyond the size, and free.
    pub const fn is_surplus(&self, size: u32) -> bool {
        self.holder.is_none() && self.seat >= size
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::NodeId;

    fn run(name: &str) -> RunId {
        RunId::parse(name).expect("a run id")
    }

    fn holder(name: &str, fence: u64) -> SeatHolder {
        let node = NodeEpoch { node_id: NodeId::parse("a").expect("a node id"), epoch: 1 };
        SeatHolder { run_id: run(name), fence, node }
    }

    fn seat(seat: u32) -> SeatRow {
        SeatRow { pool: "stata".to_owned(), seat, holder: None }
    }

    #[test]
    fn only_the_run_that_has_a_seat_gives_it_back() {
        let taken = seat(0).taken(holder("r1", 1), 1).expect("it is free");
        assert_eq!(taken.taken(holder("r2", 1), 1), None);
        assert_eq!(taken.freed(&run("r2"), 1), None);
        assert_eq!(taken.freed(&run("r1"), 2), None);
        let freed = taken.freed(&run("r1"), 1).expect("its own");
        assert_eq!(freed, seat(0));
        // a second time, and after somebody else took it
        assert_eq!(freed.freed(&run("r1"), 1), None);
        assert_eq!(freed.taken(holder("r2", 1), 1).and_then(|s| s.freed(&run("r1"), 1)), None);
    }

    #[test]
    fn a_smaller_pool_gives_out_no_seat_beyond_its_size() {
        let taken = seat(2).taken(holder("r1", 1), 3).expect("it is free");
        assert!(!taken.is_surplus(2));
        let freed = taken.freed(&run("r1"), 1).expect("its own");
        assert!(freed.is_surplus(2) && !freed.is_free(2));
        assert_eq!(freed.taken(holder("r2", 1), 2), None);
    }

    #[test]
    fn a_seat_without_a_run_under_way_is_leaked() {
        let taken = seat(0).taken(holder("r1", 7), 1).expect("it is free");
        assert!(!taken.is_leaked(|run_id, fence| *run_id == run("r1") && fence == 7));
        assert!(taken.is_leaked(|_, _| false));
        assert!(!seat(0).is_leaked(|_, _| false));
    }
}
