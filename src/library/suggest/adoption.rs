//! Units that begin a treatment in different periods, where the data have the period in which each began and no column that says
//! which rows are treated: the question names the law, and the column of its year stands for it.

use super::effects::asks_effect;
use super::roles::Filler;
use crate::domain::profile::is_binary;

impl Filler<'_> {
    /// True where the period of the beginning is all that the data have of a treatment whose effect the question asks for.
    pub(super) fn asks_adoption(&self) -> bool {
        let (p, s) = (self.parsed, self.structure);
        let Some(start) = s.start.filter(|_| s.panel && !p.says_fixed_effects() && asks_effect(&p.text))
        else {
            return false;
        };
        // another measure would be a second cause, and a column of 0 and 1 says itself who is treated
        let other = |c: &usize| *c != start && p.outcome != [*c] && self.columns[*c].is_measure();
        let measures = self.named().into_iter().filter(other).count();
        let outcomes = usize::from(p.outcome.is_empty());
        let treated = self.named().into_iter().any(|c| is_binary(self.columns[c].column));
        measures <= outcomes && !treated && self.policy().is_none()
    }

    /// The outcome of a question about such a treatment: the named measure, never the period of its beginning.
    pub(super) fn outcome_of_adoption(&self) -> Option<usize> {
        let start = self.structure.start;
        let measured = |c: &usize| Some(*c) != start && self.columns[*c].is_measure() && !self.is_unit(*c);
        let stated = self.outcome().filter(measured);
        stated.or_else(|| self.named().into_iter().find(measured))
    }
}
