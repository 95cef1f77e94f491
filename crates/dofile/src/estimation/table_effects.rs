//! Labels of free parameters, and the rows of the variances of random effects: a block for each group variable below
//! the other parameters ([ME] meglm).

use super::table::Table;
use crate::format;
use crate::matrix::Stripe;
use crate::session::Session;

/// Characters in front of the bar.
const WIDTH: usize = 13;

/// A variance or covariance of random effects, `var(x[g])` or `cov(x[g],_cons[g])`.
pub(super) struct RandomEffect<'a> {
    kind: &'a str,
    effects: Vec<&'a str>,
    group: &'a str,
}

/// The random effect of a parameter of `meglm` and its kin.
pub(super) fn random_effect<'a>(session: &Session, stripe: &'a Stripe) -> Option<RandomEffect<'a>> {
    if stripe.eq != "/" || session.e.results.get_text("predict") != Some("meglm_p") {
        return None;
    }
    let (kind, rest) = stripe.name.strip_suffix(')')?.split_once('(')?;
    let parts = rest.split(',').map(|part| part.strip_suffix(']')?.split_once('['));
    let parts: Vec<(&str, &str)> = parts.collect::<Option<_>>()?;
    let group = parts.first()?.1;
    let effects = parts.iter().map(|part| part.0).collect();
    matches!(kind, "var" | "cov").then_some(RandomEffect { kind, effects, group })
}

impl RandomEffect<'_> {
    /// Prints the row, below the name of the group variable where the block begins. A rule stands before it if other
    /// free parameters do.
    pub(super) fn print(&self, session: &mut Session, before: Option<&Stripe>, rule: &str, cells: &str) {
        let free = before.filter(|s| s.eq.starts_with('/'));
        let previous = free.and_then(|s| random_effect(session, s).map(|e| e.group == self.group));
        if free.is_some() && previous != Some(true) {
            session.print(rule);
        }
        if previous != Some(true) {
            session.print(format!("{:<WIDTH$}|", format::abbrev(self.group, 12)));
        }
        let mut lines = self.label();
        let last = lines.pop().unwrap_or_default();
        lines.iter().for_each(|line| session.print(format!("{line:>WIDTH$}|")));
        session.print(format!("{last:>WIDTH$}|{cells}"));
    }

    /// The label, in two lines where a covariance is long.
    fn label(&self) -> Vec<String> {
        let whole = format!("{}({})", self.kind, self.effects.join(","));
        let short = |name: &str, taken: usize| format::abbrev(name, WIDTH - taken);
        match self.effects.as_slice() {
            _ if whole.chars().count() <= WIDTH => vec![whole],
            [one, other] => {
                vec![format!("{}({},", self.kind, short(one, 5)), format!("{})", short(other, 1))]
            }
            [one, ..] => vec![format!("{}({})", self.kind, short(one, 5))],
            [] => vec![whole],
        }
    }
}

impl Table<'_> {
    /// Whether the equations of the parameters that are not exponentiated have names, which stand above them.
    pub(super) fn has_blocks(&self) -> bool {
        let named =
            |from: usize| self.stripe.get(from).is_some_and(|s| !s.eq.is_empty() && !s.eq.starts_with('/'));
        self.equations && self.ancillary_from.is_some_and(named)
    }

    /// The label of a parameter; free ones have a slash.
    pub(super) fn label(&self, i: usize, free: bool) -> String {
        let name = &self.stripe[i].name;
        if !free || self.is_correlation(i) || self.is_variance(i) && !self.deviations {
            name.clone()
        } else {
            format!("/{}", name.trim_start_matches('/'))
        }
    }
}
