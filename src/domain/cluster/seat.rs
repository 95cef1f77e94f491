//! Seats of a licence: how many runs may be under way on all servers. A seat is the row of its run, which the claim writes and
//! the commit that ends the run takes away, never a number of its own: a node that returns late has nothing to give back.

/// Returns how many runs a claim may begin, where so many are under way on all servers.
pub const fn free_seats(seats: u64, under_way: u64) -> u64 {
    seats.saturating_sub(under_way)
}
