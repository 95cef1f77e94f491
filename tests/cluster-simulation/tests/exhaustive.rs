//! States of a small cluster, the nearest ones and the farthest ones first, keep the invariants.

use cluster_simulation::exhaustive::{Search, explore};
use cluster_simulation::{Mutant, Rules};

/// Different states that are visited: not all of them, which are far more.
const MOST: usize = 8_000;

#[test]
fn states_of_two_nodes_one_job_and_one_seat_are_safe_and_come_to_their_end() {
    for search in [Search::Near, Search::Far] {
        let explored = explore(&Rules::right(), search, MOST).expect("no violation");
        println!("{search:?}: {explored:?}");
        assert!(explored.states >= MOST, "{explored:?}");
    }
}

#[test]
fn a_seat_that_nobody_gives_back_is_found() {
    let found = explore(&Rules::wrong(Mutant::SeatsNotSwept), Search::Near, MOST);
    assert!(found.as_ref().is_err_and(|found| found.contains("no end in fair weather")), "{found:?}");
}
