//! `eform` and `transform()` of `esttab` and `estout`: coefficients and limits on another scale, standard errors by the delta
//! method (Jann 2007, Stata Journal 7; help file of estout).

use super::esttab_rows::matches;
use crate::error::{Result, StataError};
use crate::matrix::Stripe;
use crate::session::Session;
use crate::syntax::options::split_options;
use crate::syntax::split::{front_and_options, unquote, words};

/// A function of coefficients and its derivative, with `@` for the coefficient.
#[derive(Debug, Clone)]
pub(super) struct Transform {
    /// Patterns of names; empty for all coefficients.
    names: String,
    value: String,
    slope: String,
}

/// The functions, and the models in which they hold; empty for all.
#[derive(Debug, Clone, Default)]
pub(super) struct Transforms {
    list: Vec<Transform>,
    pattern: Vec<bool>,
}

/// The scale of a coefficient.
#[derive(Clone, Copy)]
pub(super) enum Scale<'a> {
    /// As it is.
    Plain,
    /// Exponentials.
    Exponential,
    /// A function.
    Own(&'a Transform, &'a Session),
}

impl Transforms {
    /// Reads `transform(f df | names f df [names f df ...] [, pattern(0 1 ...)])`.
    ///
    /// # Errors
    /// r(198) for lists of other lengths and functions that have no value.
    pub(super) fn parse(s: &Session, text: &str) -> Result<Self> {
        let (front, options) = front_and_options(text);
        let mut out = Self::default();
        for (name, argument) in split_options(options)? {
            match argument {
                Some(list) if name == "pattern" => {
                    out.pattern = list.split_whitespace().map(|word| word == "1").collect();
                }
                _ => return Err(StataError::option_not_allowed(&name)),
            }
        }
        let words: Vec<&str> = words(front).into_iter().map(unquote).collect();
        let made = |names: &str, value: &str, slope: &str| Transform {
            names: names.trim_end_matches(':').to_string(),
            value: value.to_string(),
            slope: slope.to_string(),
        };
        match &words[..] {
            [] => {}
            [value, slope] => out.list.push(made("", value, slope)),
            _ if words.len().is_multiple_of(3) => {
                out.list.extend(words.chunks(3).map(|part| made(part[0], part[1], part[2])));
            }
            _ => return Err(StataError::invalid("transform() takes functions and their derivatives")),
        }
        for transform in &out.list {
            for text in [&transform.value, &transform.slope] {
                s.eval_num(&text.replace('@', "(1)"))?;
            }
        }
        Ok(out)
    }

    /// The scale of a coefficient in a model; `exponential` is `eform`.
    pub(super) fn scale<'a>(
        &'a self,
        s: &'a Session,
        model: usize,
        stripe: &Stripe,
        exponential: bool,
    ) -> Scale<'a> {
        let holds = self.pattern.is_empty() || self.pattern.get(model).copied().unwrap_or(false);
        let named = |t: &&Transform| t.names.is_empty() || matches(&t.names, stripe);
        match self.list.iter().find(named).filter(|_| holds) {
            Some(transform) => Scale::Own(transform, s),
            None if exponential => Scale::Exponential,
            None => Scale::Plain,
        }
    }
}

impl Scale<'_> {
    /// A coefficient or a limit on the scale.
    pub(super) fn value(self, x: f64) -> f64 {
        match self {
            Self::Plain => x,
            Self::Exponential => x.exp(),
            Self::Own(transform, s) => at(s, &transform.value, x),
        }
    }

    /// The derivative at a coefficient.
    pub(super) fn slope(self, b: f64) -> f64 {
        match self {
            Self::Plain => 1.0,
            Self::Exponential => b.exp(),
            Self::Own(transform, s) => at(s, &transform.slope, b).abs(),
        }
    }
}

fn at(s: &Session, text: &str, x: f64) -> f64 {
    match x.is_finite() {
        true => s.eval_num(&text.replace('@', &format!("({x:?})"))).unwrap_or(f64::NAN),
        false => f64::NAN,
    }
}
