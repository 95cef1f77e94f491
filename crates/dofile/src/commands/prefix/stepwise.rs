//! `stepwise`: adds and removes terms of a model by the p-values of their Wald tests.

use super::parts;
use crate::commands::{ByRule, CommandSpec, Example, Form, Interpreter};
use crate::error::{Result, StataError};
use crate::estimation::linear::{Parameters, same_term};
use crate::format;
use crate::frame::{Column, Variable};
use crate::session::Session;
use crate::syntax::split::matching_paren;
use crate::syntax::{FvList, OptSpec, ParsedCommand};
use estimators::wald::{self, Wald};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "stepwise",
    min: 8,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "stepwise, {pr(#) | pe(#) | pr(#) pe(#)} [forward lockterm1] : command depvar term [term ...] [if] [in] [weight] [, options]; a term is a variable or (varlist)",
    notes: "Wald tests; all models use the rows of the full one; stores what the command stores, e(stepwise); hierarchical and lr are not supported; [R] stepwise",
    examples: &[Example {
        run: "set obs 30\ngenerate x = _n\ngenerate z = mod(_n*7, 5)\ngenerate y = 3*x + mod(_n*11, 4)\nstepwise, pr(.05): regress y x z",
        expect: &[("e(df_m)", 1.0), ("_b[x] > 2.9", 1.0)],
    }],
};

const OPTIONS: &[OptSpec] =
    &[OptSpec::real("pr"), OptSpec::real("pe"), OptSpec::flag("FORWard"), OptSpec::flag("LOCKterm1")];

/// The mark of the common sample; no user's variable begins like this.
const MARK: &str = "__stepwise";

/// The command and its terms.
pub(super) struct Search {
    pub(super) inner: ParsedCommand,
    depvar: String,
    pub(super) terms: Vec<String>,
    locked: usize,
}

impl Search {
    pub(super) fn text(&self, chosen: &[usize]) -> String {
        let list: Vec<&str> = chosen.iter().map(|t| self.terms[*t].as_str()).collect();
        let weight = self
            .inner
            .weight
            .as_ref()
            .map_or(String::new(), |w| format!("[{}={}]", w.kind.map_or("weight", |k| k.name()), w.exp));
        let options = self.inner.option_text.trim();
        let comma = if options.is_empty() { "" } else { ", " };
        format!("{} {} {} if {MARK} {weight}{comma}{options}", self.inner.name, self.depvar, list.join(" "))
    }

    /// Reads the command behind a prefix; its list is an outcome and terms.
    pub(super) fn read(s: &Session, prefix: &str, command: &str) -> Result<Self> {
        let word = command.split(|c: char| !(c == '_' || c.is_alphanumeric())).next().unwrap_or("");
        let spec =
            s.command(word).ok_or_else(|| StataError::new(199, format!("command {word} is unrecognized")))?;
        let supported = [
            "regress", "logit", "logistic", "probit", "cloglog", "poisson", "nbreg", "glm", "ologit",
            "oprobit", "qreg", "tobit",
        ];
        if !supported.contains(&spec.name) {
            return Err(StataError::unsupported_command(&format!("{prefix}: {}", spec.name)));
        }
        let inner = ParsedCommand::split(spec.name, &command[word.len()..], false)?;
        let (depvar, terms) = read_terms(&inner.list)?;
        Ok(Self { inner, depvar, terms, locked: 0 })
    }

    /// Runs `work` with the mark of the rows of the full model, which are those of every model.
    pub(super) fn in_common_sample(
        &self,
        s: &mut Session,
        work: impl FnOnce(&mut Session) -> Result<()>,
    ) -> Result<()> {
        let mark = s.rows(&self.inner)?.iter().map(|t| f64::from(u8::from(*t))).collect();
        s.frame.add(Variable::new(MARK, Column::Double(mark)))?;
        let all: Vec<usize> = (0..self.terms.len()).collect();
        let result = crate::ops::run::quietly(s, &self.text(&all)).and_then(|()| {
            let sample = s.estimation_sample().map(|m| m.as_ref().clone()).unwrap_or_default();
            if let Some(place) = s.frame.find(MARK) {
                let mark: Vec<f64> = sample.iter().map(|t| f64::from(u8::from(*t))).collect();
                s.frame.var_mut(place).data = Column::Double(mark).into();
            }
            work(s)
        });
        let place: Vec<usize> = s.frame.find(MARK).into_iter().collect();
        s.frame.drop_vars(&place);
        result
    }

    /// p-value of a term in the active estimates; one when nothing of it is estimated.
    fn p_value(&self, s: &Session, term: usize) -> Result<f64> {
        let test = self.test(s, term)?;
        Ok(if test.df == 0 { 1.0 } else { test.p(s.e.results.get_scalar("df_r")) })
    }

    /// Wald test of a term in the active estimates.
    pub(super) fn test(&self, s: &Session, term: usize) -> Result<Wald> {
        let parameters = Parameters::of(&s.e)?;
        let list = FvList::parse(&s.frame, &self.terms[term], s.settings.varabbrev)?;
        let wanted = list.expand(&s.frame, &vec![true; s.frame.n_rows()])?;
        let positions: Vec<usize> = (0..parameters.b.len())
            .filter(|p| parameters.v[(*p, *p)] > 0.0)
            .filter(|p| parameters.terms[*p].as_ref().is_some_and(|t| wanted.iter().any(|w| same_term(w, t))))
            .collect();
        Ok(wald::test_zero(&parameters.b, &parameters.v, &positions))
    }

    /// The included term with the largest p-value.
    fn weakest(&self, s: &mut Session, chosen: &[usize]) -> Result<Option<(usize, f64)>> {
        crate::ops::run::quietly(s, &self.text(chosen))?;
        let mut found: Option<(usize, f64)> = None;
        for term in chosen.iter().filter(|t| **t >= self.locked) {
            let p = self.p_value(s, *term)?;
            if found.is_none_or(|(_, worst)| p > worst) {
                found = Some((*term, p));
            }
        }
        Ok(found)
    }

    /// The excluded term with the smallest p-value when it is added.
    fn strongest(&self, s: &mut Session, chosen: &[usize]) -> Result<Option<(usize, f64)>> {
        let mut found: Option<(usize, f64)> = None;
        for term in (0..self.terms.len()).filter(|t| !chosen.contains(t)) {
            let mut with = chosen.to_vec();
            with.push(term);
            crate::ops::run::quietly(s, &self.text(&with))?;
            let p = self.p_value(s, term)?;
            if found.is_none_or(|(_, best)| p < best) {
                found = Some((term, p));
            }
        }
        Ok(found)
    }
}

/// Splits the list of a command into its outcome and terms.
fn read_terms(list: &str) -> Result<(String, Vec<String>)> {
    let mut rest = list.trim();
    let mut words = Vec::new();
    while !rest.is_empty() {
        if rest.starts_with('(') {
            let close = matching_paren(rest, 0).ok_or_else(|| StataError::new(132, "too few )"))?;
            words.push(rest[1..close].trim().to_string());
            rest = rest[close + 1..].trim_start();
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(rest.len());
            words.push(rest[..end].to_string());
            rest = rest[end..].trim_start();
        }
    }
    if words.len() < 2 {
        return Err(StataError::new(102, "too few variables specified"));
    }
    Ok((words.remove(0), words))
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let (mut head, command) = parts("stepwise", raw)?;
    head.check_options(OPTIONS, &["HIERarchical", "LR"])?;
    let (pr, pe) = (head.options.real("pr"), head.options.real("pe"));
    if pr.is_none() && pe.is_none() {
        return Err(StataError::invalid("pr(), pe(), or both must be specified"));
    }
    for p in pr.into_iter().chain(pe) {
        if !(0.0..=1.0).contains(&p) {
            return Err(StataError::invalid("pr() and pe() must be between 0 and 1"));
        }
    }
    if let (Some(pr), Some(pe)) = (pr, pe)
        && pr <= pe
    {
        return Err(StataError::invalid("pr() must be greater than pe()"));
    }
    let search =
        Search { locked: usize::from(head.has("lockterm1")), ..Search::read(s, "stepwise", &command)? };
    search.in_common_sample(s, |s| {
        let chosen = choose(s, &search, pr, pe, head.has("forward") || pr.is_none())?;
        s.run_expanded(&search.text(&chosen)).map(|_| ())
    })?;
    s.e.results.text("stepwise", "stepwise").text("cmdline", format!("stepwise {raw}"));
    Ok(())
}

/// The search; gives the chosen terms.
fn choose(
    s: &mut Session,
    search: &Search,
    pr: Option<f64>,
    pe: Option<f64>,
    forward: bool,
) -> Result<Vec<usize>> {
    let all: Vec<usize> = (0..search.terms.len()).collect();
    let mut chosen: Vec<usize> = if forward { (0..search.locked).collect() } else { all };
    s.print(format!("Wald test, begin with {} model:", if forward { "empty" } else { "full" }));
    let number = |p: f64| format::bare("%6.4f", p);
    for _ in 0..10 * (search.terms.len() + 1) {
        let removed = match pr {
            Some(limit) if !chosen.is_empty() => search.weakest(s, &chosen)?.filter(|(_, p)| *p >= limit),
            _ => None,
        };
        let added = match pe {
            Some(limit) if chosen.len() < search.terms.len() => {
                search.strongest(s, &chosen)?.filter(|(_, p)| *p < limit)
            }
            _ => None,
        };
        // A forward search adds first, a backward search removes first.
        let (add, remove) = if forward {
            (added, removed.filter(|_| added.is_none()))
        } else {
            (added.filter(|_| removed.is_none()), removed)
        };
        let (sign, limit, verb, (term, p)) = match (add, remove) {
            (Some(found), _) => ("< ", pe, "adding", found),
            (None, Some(found)) => (">=", pr, "removing", found),
            (None, None) => break,
        };
        s.print(format!(
            "p = {} {sign} {}, {verb} {}",
            number(p),
            number(limit.unwrap_or(0.0)),
            search.terms[term]
        ));
        if verb == "adding" {
            chosen.push(term);
        } else {
            chosen.retain(|t| *t != term);
        }
    }
    Ok(chosen)
}
