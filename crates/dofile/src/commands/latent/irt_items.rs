//! The items of `irt`: which model each group of items follows, and the responses of the sample.

use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::{front_and_options, matching_paren};
use crate::value::is_missing;

/// A model of a group of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    OnePl,
    TwoPl,
    ThreePl,
    Graded,
    PartialCredit,
    Generalized,
    RatingScale,
    Nominal,
}

/// Names of the models and titles of their output.
const KINDS: &[(&str, Kind, &str)] = &[
    ("1pl", Kind::OnePl, "One-parameter logistic model"),
    ("2pl", Kind::TwoPl, "Two-parameter logistic model"),
    ("3pl", Kind::ThreePl, "Three-parameter logistic model"),
    ("grm", Kind::Graded, "Graded response model"),
    ("pcm", Kind::PartialCredit, "Partial credit model"),
    ("gpcm", Kind::Generalized, "Generalized partial credit model"),
    ("rsm", Kind::RatingScale, "Rating scale model"),
    ("nrm", Kind::Nominal, "Nominal response model"),
];

impl Kind {
    fn parse(word: &str) -> Option<Self> {
        KINDS.iter().find(|k| k.0 == word).map(|k| k.1)
    }

    /// Name of the model in the command.
    pub(super) fn name(self) -> &'static str {
        KINDS.iter().find(|k| k.1 == self).map_or("", |k| k.0)
    }

    /// Title of the output.
    pub(super) fn title(self) -> &'static str {
        KINDS.iter().find(|k| k.1 == self).map_or("", |k| k.2)
    }

    /// Whether the items have the answers 0 and 1.
    pub(super) fn binary(self) -> bool {
        matches!(self, Self::OnePl | Self::TwoPl | Self::ThreePl)
    }

    /// Whether all items of the group have one discrimination.
    pub(super) fn shares_slope(self) -> bool {
        matches!(self, Self::OnePl | Self::PartialCredit | Self::RatingScale)
    }

    /// Whether categories are compared by their log odds.
    pub(super) fn by_odds(self) -> bool {
        !self.binary() && self != Self::Graded
    }
}

/// A group of items with one model.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// The model.
    pub kind: Kind,
    /// Number of items.
    pub items: usize,
    /// Whether each item has a guessing parameter.
    pub separate: bool,
}

/// An item: its variable, the group and the values of its categories in ascending order.
#[derive(Debug, Clone)]
pub(super) struct Response {
    pub name: String,
    pub group: usize,
    pub values: Vec<f64>,
}

/// The models that a command line names, and the rest of the line from `if` on.
pub(super) struct Line {
    /// Group and list of items.
    pub groups: Vec<(Group, String)>,
    /// What follows the items.
    pub rest: String,
}

/// Splits `2pl q1-q9 if ...` and `[hybrid] (1pl q1-q4) (3pl q5-q9, sepguessing) if ...`.
pub(super) fn parse(raw: &str) -> Result<Line> {
    let text = raw.trim();
    let (word, after) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let hybrid =
        if word == "hybrid" { Some(after.trim_start()) } else { text.starts_with('(').then_some(text) };
    let Some(mut text) = hybrid else {
        let word = word.trim_end_matches(',');
        let kind = Kind::parse(word).ok_or_else(|| {
            StataError::new(
                198,
                format!("{word} unknown subcommand: 1pl, 2pl, 3pl, grm, pcm, gpcm, rsm, nrm or hybrid"),
            )
        })?;
        let group = Group { kind, items: 0, separate: false };
        return Ok(Line { groups: vec![(group, String::new())], rest: after.to_string() });
    };
    let mut groups = Vec::new();
    while text.starts_with('(') {
        let close = matching_paren(text, 0).ok_or_else(StataError::unclosed)?;
        let inner = &text[1..close];
        let (list, options) = front_and_options(inner);
        let (word, list) = list.split_once(char::is_whitespace).unwrap_or((list, ""));
        let kind = Kind::parse(word).ok_or_else(|| {
            StataError::new(198, format!("{word} is not a model: 1pl, 2pl, 3pl, grm, pcm, gpcm, rsm or nrm"))
        })?;
        let allowed: &[OptSpec] = if kind == Kind::ThreePl { &[OptSpec::flag("SEPguessing")] } else { &[] };
        let options = Options::parse("irt", options.trim_start_matches(','), allowed, &["CNS"])?;
        groups.push((Group { kind, items: 0, separate: options.has("sepguessing") }, list.to_string()));
        text = text[close + 1..].trim_start();
    }
    if groups.is_empty() {
        return Err(StataError::new(198, "models in parentheses expected after hybrid"));
    }
    Ok(Line { groups, rest: text.to_string() })
}

/// Items of the groups, their variables, and their values in the rows of the sample.
pub(super) struct Items {
    pub responses: Vec<Response>,
    /// Categories of the answers of each row.
    pub answers: Vec<Vec<Option<usize>>>,
}

/// Variables of the lists; r(198) where one stands in two of them.
pub(super) fn variables(s: &Session, groups: &mut [(Group, String)]) -> Result<Vec<(usize, usize)>> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    for (at, (group, list)) in groups.iter_mut().enumerate() {
        let found = s.varlist(list)?;
        if found.is_empty() {
            return Err(StataError::standard(100));
        }
        group.items = found.len();
        for v in found {
            let variable = s.frame.var(v);
            if variable.is_string() {
                return Err(StataError::new(109, format!("{} is a string variable", variable.name)));
            }
            if out.iter().any(|(seen, _)| *seen == v) {
                return Err(StataError::new(
                    198,
                    format!("item {} is specified more than once", variable.name),
                ));
            }
            out.push((v, at));
        }
    }
    Ok(out)
}

/// Reads the answers in the rows of the sample.
pub(super) fn read(
    s: &Session,
    groups: &[(Group, String)],
    of: &[(usize, usize)],
    rows: &[usize],
) -> Result<Items> {
    let mut responses = Vec::new();
    for (v, group) in of {
        let mut values: Vec<f64> =
            rows.iter().map(|r| s.frame.num_at(*v, *r)).filter(|x| !is_missing(*x)).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let name = s.frame.var(*v).name.clone();
        check(&name, groups[*group].0.kind, &values)?;
        responses.push(Response { name, group: *group, values });
    }
    for (at, (group, _)) in groups.iter().enumerate().filter(|(_, (g, _))| g.kind == Kind::RatingScale) {
        let mut own = responses.iter().filter(|r| r.group == at).map(|r| &r.values);
        let first = own.next();
        if group.items > 0 && own.any(|v| Some(v) != first) {
            return Err(StataError::new(459, "items of a rating scale model must have the same categories"));
        }
    }
    let answer = |row: &usize| {
        let category = |(i, (v, _)): (usize, &(usize, usize))| {
            let x = s.frame.num_at(*v, *row);
            responses[i].values.iter().position(|value| *value == x)
        };
        of.iter().enumerate().map(category).collect()
    };
    let answers = rows.iter().map(answer).collect();
    Ok(Items { responses, answers })
}

fn check(name: &str, kind: Kind, values: &[f64]) -> Result<()> {
    if kind.binary() && values.iter().any(|v| *v != 0.0 && *v != 1.0) {
        return Err(StataError::new(459, format!("item {name} must be coded 0 and 1")));
    }
    match values.len() {
        0 => Err(StataError::new(2000, format!("no observations of item {name}"))),
        1 => Err(StataError::new(2000, format!("item {name} does not vary: all answers are equal"))),
        2..=50 if values.iter().all(|v| v.fract() == 0.0) => Ok(()),
        2..=50 => Err(StataError::new(459, format!("item {name} must have whole numbers"))),
        _ => Err(StataError::new(149, format!("too many categories of item {name}"))),
    }
}
