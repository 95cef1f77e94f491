//! States of a small cluster, up to a number of them or all: two nodes and one job, in steps of 10 s with the
//! default times. In each step every node meets one of the weathers, in either order, and every engine may come to its end or not.
//! Ages and watches are kept up to where the rules make no more difference, which bounds the number of states.
//!
//! Simplifications: messages take no time, or are held back until any later step; clocks agree; the database is never
//! away for one node and reachable for the other by more than that node's weather; both nodes always act as leader, which
//! is more than a leader may do.

mod database;
mod model;
mod state;

use std::collections::{HashMap, HashSet, VecDeque};

use crate::rules::Rules;
use model::Model;
use state::{Engine, Job, State, WEATHERS, Weather, normal};

/// What an exploration found.
#[derive(Debug, Clone, Default)]
pub struct Explored {
    /// Different states.
    pub states: usize,
    /// Steps between them.
    pub steps: u64,
    /// Steps from the first state to the farthest one.
    pub depth: u32,
    /// True if every reachable state was visited.
    pub complete: bool,
}

/// In which order states are visited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// The nearest ones first.
    Near,
    /// Far ones first: finds what takes many steps in fewer states.
    Far,
}

/// Visits every state that is reachable from a cluster of two nodes that start, up to a number of states, and checks
/// that each comes to its end in fair weather.
///
/// # Errors
/// What was violated, with the states on the way there.
pub fn explore(rules: &Rules, search: Search, most: usize) -> Result<Explored, String> {
    let model = Model::new(rules);
    let first = normal(Model::first());
    let mut depths: HashMap<State, u32> = HashMap::from([(first, 0)]);
    let mut open = VecDeque::from([first]);
    let mut found = Explored::default();
    let take =
        |open: &mut VecDeque<State>| if search == Search::Near { open.pop_front() } else { open.pop_back() };
    while let Some(state) = take(&mut open) {
        if depths.len() >= most {
            open.push_back(state);
            break;
        }
        let depth = depths[&state];
        found.depth = found.depth.max(depth);
        for a in WEATHERS {
            for b in WEATHERS {
                for (order, choices) in moves(&state, [a, b]) {
                    let next = model.step(&state, [a, b], order, choices);
                    let next = normal(
                        next.map_err(|violation| format!("{violation}: {a:?}, {b:?} after {state:?}"))?,
                    );
                    found.steps += 1;
                    if let std::collections::hash_map::Entry::Vacant(entry) = depths.entry(next) {
                        entry.insert(depth + 1);
                        open.push_back(next);
                    }
                }
            }
        }
    }
    found.complete = open.is_empty();
    found.states = depths.len();
    all_end(&model, depths.into_keys())?;
    Ok(found)
}

/// The orders of turns, with each choice of messages that arrive and engines that complete.
fn moves(state: &State, weathers: [Weather; 2]) -> Vec<([usize; 2], u8)> {
    let mut choices = vec![0];
    for (node, machine) in state.machines.iter().enumerate() {
        if machine.late.is_some() {
            choices.extend(choices.clone().into_iter().map(|choice| choice | 1 << node));
        }
        if matches!(machine.engine, Engine::Running(_) | Engine::Waiting(_)) {
            choices.extend(choices.clone().into_iter().map(|choice| choice | 4 << node));
        }
    }
    let speaks = |node: usize, choice: u8| {
        choice & (1 << node) != 0
            || matches!(weathers[node], Weather::Fair | Weather::Deaf | Weather::Restart)
    };
    let mut moves = Vec::new();
    for choice in choices {
        moves.push(([0, 1], choice));
        // the order matters where both reach the database
        if speaks(0, choice) && speaks(1, choice) {
            moves.push(([1, 0], choice));
        }
    }
    moves
}

/// Follows every state through fair weather until the job is done.
fn all_end(model: &Model<'_>, states: impl Iterator<Item = State>) -> Result<(), String> {
    let mut ends: HashSet<State> = HashSet::new();
    for start in states {
        let mut path = Vec::new();
        let mut state = start;
        let is_end = |state: &State| state.job == Job::Done;
        while !is_end(&state) && !ends.contains(&state) {
            path.push(state);
            // two amnesties, and the longest way of a run
            if path.len() > 40 {
                return Err(format!("no end in fair weather after {start:?}"));
            }
            state = normal(model.step(&state, [Weather::Fair; 2], [0, 1], 0b1111)?);
        }
        ends.extend(path);
    }
    Ok(())
}
