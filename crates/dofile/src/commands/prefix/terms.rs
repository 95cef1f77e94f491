//! A model command with terms that can be left out, for the prefixes that search among models or nest them.

use crate::commands::Interpreter;
use crate::error::{Result, StataError};
use crate::estimation::linear::{Parameters, same_term};
use crate::frame::{Column, Variable};
use crate::session::Session;
use crate::syntax::split::{matching_paren, top_level_colon, top_level_comma};
use crate::syntax::{FvList, ParsedCommand};
use estimators::wald::{self, Wald};

/// The commands and the numbers of their outcomes ([R] stepwise, [R] nestreg).
const COMMANDS: &[(&str, usize)] = &[
    ("betareg", 1),
    ("clogit", 1),
    ("cloglog", 1),
    ("glm", 1),
    ("intreg", 2),
    ("logistic", 1),
    ("logit", 1),
    ("nbreg", 1),
    ("ologit", 1),
    ("oprobit", 1),
    ("poisson", 1),
    ("probit", 1),
    ("qreg", 1),
    ("regress", 1),
    ("stcox", 0),
    ("stcrreg", 0),
    ("streg", 0),
    ("tobit", 1),
];

/// The mark of the common sample; no user's variable begins like this.
const MARK: &str = "__stepwise";

/// Splits `[, options]: command` of a prefix without a list; `usage` is what belongs behind the colon.
///
/// # Errors
/// r(198) without a colon or with a list.
pub(super) fn options_and_command<'a>(
    name: &str,
    raw: &'a str,
    usage: &str,
) -> Result<(ParsedCommand, &'a str)> {
    let at = top_level_colon(raw)
        .ok_or_else(|| StataError::invalid(format!("{name} is a prefix: {name} [, options]: {usage}")))?;
    let (head, command) = (raw[..at].trim(), raw[at + 1..].trim());
    let options = match top_level_comma(head) {
        Some(0) => &head[1..],
        None if head.is_empty() => "",
        _ => return Err(StataError::syntax()),
    };
    let parsed = ParsedCommand { name: name.into(), option_text: options.into(), ..ParsedCommand::default() };
    Ok((parsed, command))
}

/// A command whose list is outcomes and terms, of which models take some.
pub(super) struct TermModel {
    pub(super) inner: ParsedCommand,
    pub(super) outcomes: Vec<String>,
    pub(super) terms: Vec<String>,
}

impl TermModel {
    pub(super) fn text(&self, chosen: &[usize]) -> String {
        let list: Vec<&str> = chosen.iter().map(|t| self.terms[*t].as_str()).collect();
        self.with_list(&list.join(" "))
    }

    /// The command with these regressors in the common sample.
    pub(super) fn with_list(&self, list: &str) -> String {
        let weight = self
            .inner
            .weight
            .as_ref()
            .map_or(String::new(), |w| format!("[{}={}]", w.kind.map_or("weight", |k| k.name()), w.exp));
        let options = self.inner.option_text.trim();
        // without it `stcox` shows the last model again
        let alone = if self.inner.name == "stcox" && list.trim().is_empty() { " estimate" } else { "" };
        let comma = if options.is_empty() && alone.is_empty() { "" } else { ", " };
        format!(
            "{} {} {} if {MARK} {weight}{comma}{options}{alone}",
            self.inner.name,
            self.outcomes.join(" "),
            list
        )
    }

    /// Reads the command behind a prefix; its list is an outcome and terms.
    pub(super) fn read(s: &Session, prefix: &str, command: &str) -> Result<Self> {
        let word = command.split(|c: char| !(c == '_' || c.is_alphanumeric())).next().unwrap_or("");
        let spec =
            s.command(word).ok_or_else(|| StataError::new(199, format!("command {word} is unrecognized")))?;
        let Some((_, outcomes)) = COMMANDS.iter().find(|(name, _)| *name == spec.name) else {
            return Err(StataError::unsupported_command(&format!("{prefix}: {}", spec.name)));
        };
        let inner = ParsedCommand::split(spec.name, &command[word.len()..], false)?;
        let (outcomes, terms) = read_terms(&inner.list, *outcomes)?;
        Ok(Self { inner, outcomes, terms })
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
    pub(super) fn p_value(&self, s: &Session, term: usize) -> Result<f64> {
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
}

/// Splits the list of a command into its outcomes and terms.
fn read_terms(list: &str, outcomes: usize) -> Result<(Vec<String>, Vec<String>)> {
    let mut rest = list.trim();
    let mut words = Vec::new();
    while !rest.is_empty() {
        if rest.starts_with('(') {
            let close = matching_paren(rest, 0).ok_or_else(StataError::unclosed)?;
            words.push(rest[1..close].trim().to_string());
            rest = rest[close + 1..].trim_start();
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(rest.len());
            words.push(rest[..end].to_string());
            rest = rest[end..].trim_start();
        }
    }
    if words.len() <= outcomes {
        return Err(StataError::standard(102));
    }
    let terms = words.split_off(outcomes);
    Ok((words, terms))
}
