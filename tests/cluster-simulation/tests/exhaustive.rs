//! States of a small cluster, the nearest ones and the farthest ones first, keep the invariants.

use cluster_simulation::exhaustive::{Search, explore};
use cluster_simulation::{Mutant, Rules};

/// Different states that are visited: not all of them, which are far more.
const MOST: usize = 8_000;

#[test]
fn states_of_two_nodes_and_one_job_are_safe_and_come_to_their_end() {
    for search in [Search::Near, Search::Far] {
        let explored = explore(&Rules::right(), search, MOST).expect("no violation");
        println!("{search:?}: {explored:?}");
        assert!(explored.states >= MOST, "{explored:?}");
    }
}

#[test]
fn a_claim_that_nobody_knows_of_is_found() {
    let found = explore(&Rules::wrong(Mutant::LostClaimsStay), Search::Near, MOST);
    assert!(found.as_ref().is_err_and(|found| found.contains("no end in fair weather")), "{found:?}");
}
