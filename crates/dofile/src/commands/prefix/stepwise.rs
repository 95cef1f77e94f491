//! `stepwise`: adds and removes terms of a model by the p-values of their Wald tests.

use super::parts;
use super::terms::TermModel;
use crate::commands::{ByRule, CommandSpec, Example, Form, Interpreter};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use estimators::distributions::chi2_tail;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "stepwise",
    min: 8,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "stepwise, {pr(#) | pe(#) | pr(#) pe(#)} [forward hierarchical lockterm1 lr] : command depvar term [term ...] [if] [in] [weight] [, options]; a term is a variable or (varlist)",
    notes: "Wald tests, with lr likelihood-ratio tests; all models use the rows of the full one; stores what the command stores, e(stepwise); [R] stepwise",
    examples: &[Example {
        run: "set obs 30\ngenerate x = _n\ngenerate z = mod(_n*7, 5)\ngenerate y = 3*x + mod(_n*11, 4)\nstepwise, pr(.05): regress y x z",
        expect: &[("e(df_m)", 1.0), ("_b[x] > 2.9", 1.0)],
    }],
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::real("pr"),
    OptSpec::real("pe"),
    OptSpec::flag("FORWard"),
    OptSpec::flag("HIERarchical"),
    OptSpec::flag("LOCKterm1"),
    OptSpec::flag("LR"),
];

/// How terms are chosen.
struct Search {
    model: TermModel,
    /// p-value from which on a term is removed.
    pr: Option<f64>,
    /// p-value below which a term is added.
    pe: Option<f64>,
    forward: bool,
    /// Terms are removed from the end of the list, or added in its order, until one stays or is not added.
    hierarchical: bool,
    /// Likelihood-ratio tests in place of Wald tests.
    lr: bool,
    /// Number of first terms that every model has.
    locked: usize,
}

impl Search {
    fn read(s: &Session, raw: &str) -> Result<Self> {
        let (mut head, command) = parts("stepwise", raw)?;
        if !head.list.is_empty() {
            return Err(StataError::syntax());
        }
        head.check_options(OPTIONS, &[])?;
        let (pr, pe) = (head.options.real("pr"), head.options.real("pe"));
        if pr.is_none() && pe.is_none() {
            return Err(StataError::invalid("pr(), pe(), or both must be specified"));
        }
        for p in pr.into_iter().chain(pe) {
            if !(0.0..=1.0).contains(&p) {
                return Err(StataError::invalid("pr() and pe() must be between 0 and 1"));
            }
        }
        if let (Some(pr), Some(pe)) = (pr, pe) {
            if pr <= pe {
                return Err(StataError::invalid("pr() must be greater than pe()"));
            }
            if head.has("hierarchical") {
                return Err(StataError::invalid("hierarchical may not be combined with both pr() and pe()"));
            }
        }
        Ok(Self {
            model: TermModel::read(s, "stepwise", &command)?,
            pr,
            pe,
            forward: head.has("forward") || pr.is_none(),
            hierarchical: head.has("hierarchical"),
            lr: head.has("lr"),
            locked: usize::from(head.has("lockterm1")),
        })
    }

    fn fit(&self, s: &mut Session, chosen: &[usize]) -> Result<()> {
        quietly(s, &self.model.text(chosen))
    }

    /// Log likelihood and number of estimated parameters of a model.
    fn likelihood(&self, s: &mut Session, chosen: &[usize]) -> Result<(f64, f64)> {
        self.fit(s, chosen)?;
        let results = &s.e.results;
        results
            .get_scalar("ll")
            .zip(results.get_scalar("rank"))
            .ok_or_else(|| StataError::invalid("lr: the command has no log likelihood"))
    }

    /// p-values of terms of a model; a term of which nothing is estimated has one.
    fn p_values(&self, s: &mut Session, chosen: &[usize], terms: &[usize]) -> Result<Vec<f64>> {
        if !self.lr {
            self.fit(s, chosen)?;
            return terms.iter().map(|term| self.model.p_value(s, *term)).collect();
        }
        let (ll, rank) = self.likelihood(s, chosen)?;
        let without = |s: &mut Session, term: &usize| {
            let rest: Vec<usize> = chosen.iter().copied().filter(|t| t != term).collect();
            let (smaller, smaller_rank) = self.likelihood(s, &rest)?;
            let df = rank - smaller_rank;
            Ok(if df > 0.0 { chi2_tail(df, (2.0 * (ll - smaller)).max(0.0)) } else { 1.0 })
        };
        terms.iter().map(|term| without(s, term)).collect()
    }

    /// The included term to remove next, with its p-value: the last one of a hierarchy, else that with the largest.
    fn weakest(&self, s: &mut Session, chosen: &[usize]) -> Result<Option<(usize, f64)>> {
        let mut terms: Vec<usize> = chosen.iter().copied().filter(|t| *t >= self.locked).collect();
        if self.hierarchical {
            terms = terms.last().copied().into_iter().collect();
        }
        let p = self.p_values(s, chosen, &terms)?;
        // of equal ones the first
        Ok(terms.into_iter().zip(p).rev().max_by(|a, b| a.1.total_cmp(&b.1)))
    }

    /// The excluded term to add next, with its p-value: the first one of a hierarchy, else that with the smallest.
    fn strongest(&self, s: &mut Session, chosen: &[usize]) -> Result<Option<(usize, f64)>> {
        let mut found: Option<(usize, f64)> = None;
        let excluded = (0..self.model.terms.len()).filter(|t| !chosen.contains(t));
        for term in excluded.take(if self.hierarchical { 1 } else { usize::MAX }) {
            let with: Vec<usize> = chosen.iter().copied().chain([term]).collect();
            let p = self.p_values(s, &with, &[term])?[0];
            if found.is_none_or(|(_, best)| p < best) {
                found = Some((term, p));
            }
        }
        Ok(found)
    }

    /// The search; gives the chosen terms.
    fn choose(&self, s: &mut Session) -> Result<Vec<usize>> {
        let all = self.model.terms.len();
        let mut chosen: Vec<usize> = (0..if self.forward { self.locked } else { all }).collect();
        let (test, first) =
            (if self.lr { "LR" } else { "Wald" }, if self.forward { "empty" } else { "full" });
        s.print(format!("{test} test, begin with {first} model:"));
        let number = |p: f64| format::bare("%6.4f", p);
        for _ in 0..10 * (all + 1) {
            let removed = match self.pr {
                Some(limit) if !chosen.is_empty() => self.weakest(s, &chosen)?.filter(|(_, p)| *p >= limit),
                _ => None,
            };
            let added = match self.pe {
                Some(limit) if chosen.len() < all => self.strongest(s, &chosen)?.filter(|(_, p)| *p < limit),
                _ => None,
            };
            // A forward search adds first, a backward search removes first.
            let (add, remove) = if self.forward {
                (added, removed.filter(|_| added.is_none()))
            } else {
                (added.filter(|_| removed.is_none()), removed)
            };
            let (sign, limit, verb, (term, p)) = match (add, remove) {
                (Some(found), _) => ("< ", self.pe, "adding", found),
                (None, Some(found)) => (">=", self.pr, "removing", found),
                (None, None) => break,
            };
            s.print(format!(
                "p = {} {sign} {}, {verb} {}",
                number(p),
                number(limit.unwrap_or(0.0)),
                self.model.terms[term]
            ));
            if verb == "adding" {
                chosen.push(term);
            } else {
                // Stata puts the last term into the place of the removed one.
                let place = chosen.iter().position(|t| *t == term).unwrap_or(0);
                if self.hierarchical {
                    chosen.remove(place);
                } else {
                    chosen.swap_remove(place);
                }
            }
        }
        if let Some(limit) = self.pr.filter(|_| !self.forward && chosen.len() == all) {
            s.print(format!("p < {} for all terms in model", number(limit)));
        }
        Ok(chosen)
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let search = Search::read(s, raw)?;
    search.model.in_common_sample(s, |s| {
        let chosen = search.choose(s)?;
        s.run_expanded(&search.model.text(&chosen)).map(|_| ())
    })?;
    s.e.results.text("stepwise", "stepwise").text("cmdline", format!("stepwise {raw}"));
    Ok(())
}
