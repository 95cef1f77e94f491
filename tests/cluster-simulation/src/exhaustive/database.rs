//! The transactions of the small cluster.

use stata_service::domain::cluster::Join;

use super::model::Model;
use super::state::{Job, Row, Run, State, contact, database};
use crate::rules::Mutant;

impl Model<'_> {
    pub(super) fn join(&self, state: &mut State, node: usize) {
        let newest = state.rows[node].map(|row| self.row(node, row));
        let take_over =
            matches!(self.rules.join(newest.as_ref(), &node.to_string(), 2), Join::TakeOver { .. });
        if let Job::Running(run, owner, true) = state.job
            && usize::from(owner) == node
        {
            state.job = Job::Running(run, owner, take_over);
        }
        state.rows[node] = Some(Row { held: true, lost: false, age: 0 });
    }

    pub(super) fn renew(&self, state: &mut State, node: usize) -> bool {
        let Some(row) = state.rows[node] else { return false };
        let renewed = self.rules.renewed(&self.row(node, row), database(0), database(0));
        if renewed.is_some() {
            state.rows[node] = Some(Row { held: true, lost: false, age: 0 });
        }
        renewed.is_some()
    }

    pub(super) fn give_back(&self, state: &mut State, run: Run) {
        if matches!(state.job, Job::Running(running, ..) if running == run) {
            state.job = Job::Queued;
        }
    }

    pub(super) fn sweep(&self, state: &mut State, by: usize) {
        let watch = self.watch(&state.machines[by]);
        if self.rules.may_declare_lost(&watch, &contact(0)) {
            for node in 0..2 {
                let Some(row) = state.rows[node] else { continue };
                if self.row(node, row).lost(database(0), &self.rules.times).is_some() {
                    state.rows[node] = Some(Row { held: false, lost: true, age: row.age });
                }
            }
        }
        if let Job::Running(run, owner, newest) = state.job {
            let row = state.rows[usize::from(owner)].filter(|_| newest);
            let owned_by = row.map(|row| self.row(usize::from(owner), row).state);
            if self.rules.is_orphan(owned_by) {
                self.give_back(state, run);
            }
        }
    }

    /// # Errors
    /// A result that is not that of the last claim.
    pub(super) fn end(&self, state: &mut State, run: Run, completed: bool) -> Result<(), String> {
        let has = matches!(state.job, Job::Running(running, ..) if running == run);
        let any = self.rules.is(Mutant::FinishWithoutFence) && matches!(state.job, Job::Running(..));
        if completed && (has || any) {
            if run != state.last {
                return Err(format!("the result of run {run} is accepted after claim {}", state.last));
            }
            state.job = Job::Done;
        } else if !completed {
            self.give_back(state, run);
        }
        Ok(())
    }

    pub(super) fn claim(&self, state: &mut State, node: usize) -> Option<Run> {
        let row = state.rows[node]?;
        if state.job != Job::Queued || !self.rules.may_claim(&self.row(node, row), database(0)) {
            return None;
        }
        state.last += 1;
        state.job = Job::Running(state.last, u8::try_from(node).expect("a small number"), true);
        Some(state.last)
    }
}
