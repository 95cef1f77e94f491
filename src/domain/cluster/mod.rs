//! Rules by which several servers share one store: leases of nodes, the term of a leader, when a silent node counts as
//! lost, seats of a licence. Pure: every moment is an argument, and rows are values that the store reads and writes.
//!
//! Two clocks exist, and [`instant`] keeps them apart by type. Rows carry times of the database's clock only. A node
//! judges itself by its own clock since boot, counted from the *start* of the last renewal that succeeded, which is
//! never later than the moment from which the database counts.
//!
//! The lease only keeps two engines of one job apart. A result is accepted by the job's fence alone
//! (`Job::finish_run`), which holds whatever the clocks do.

pub mod instant;
pub mod leader;
pub mod lease;
pub mod node;
pub mod role;
pub mod seat;
pub mod settings;
pub mod times;
pub mod watch;

pub use instant::{BootTime, DatabaseTime};
pub use leader::{LeaderRow, Leadership};
pub use lease::{Deadlines, Lease, Order, Standing};
pub use node::{Join, NodeEpoch, NodeRow, NodeState, is_orphan};
pub use role::Role;
pub use seat::free_seats;
pub use settings::{CommonSettings, KeyPrints};
pub use times::{InvalidTimes, LeaseTimes};
pub use watch::{Contact, Watch};
