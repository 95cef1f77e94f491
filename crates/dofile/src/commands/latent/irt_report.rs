//! Discriminations, difficulties and guessing probabilities of items: their values with the delta method, and
//! `estat report`. Formulas: [IRT] irt 1pl to irt nrm, Methods and formulas: a difficulty is minus a constant divided by
//! the slope.

use super::irt_items::Kind;
use super::irt_model::IrtState;
use super::irt_show::{self, Order};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::estat::Call;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use estimators::latent::item::Curve;
use estimators::matrix::Mat;
use std::sync::Arc;

/// What a reported parameter describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Discrim,
    Diff,
    Guess,
}

impl Part {
    /// Name in the table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Discrim => "Discrim",
            Self::Diff => "Diff",
            Self::Guess => "Guess",
        }
    }
}

/// A parameter of the report.
#[derive(Debug, Clone)]
pub(super) struct Reported {
    pub group: usize,
    /// Its item; nothing where the group has it in common.
    pub item: Option<usize>,
    pub part: Part,
    /// The categories that it separates, such as `>=2` and `2 vs 1`.
    pub category: String,
    pub value: f64,
    /// Derivatives in the free parameters.
    pub slope: Vec<f64>,
}

type Parts = Vec<(usize, f64)>;

fn sum(parts: &Parts, free: &[f64]) -> f64 {
    parts.iter().map(|(place, factor)| factor * free[*place]).sum()
}

struct Reader<'a> {
    state: &'a IrtState,
    out: Vec<Reported>,
}

impl Reader<'_> {
    fn push(
        &mut self,
        at: (usize, Option<usize>),
        part: Part,
        category: String,
        value: f64,
        parts: &[(usize, f64)],
    ) {
        let mut slope = vec![0.0; self.state.free.len()];
        parts.iter().for_each(|(place, d)| slope[*place] += d);
        self.out.push(Reported { group: at.0, item: at.1, part, category, value, slope });
    }

    fn discrimination(&mut self, at: (usize, Option<usize>), category: String, parts: &Parts) {
        let value = sum(parts, &self.state.free);
        self.push(at, Part::Discrim, category, value, parts);
    }

    /// `-constant / slope`.
    fn difficulty(&mut self, at: (usize, Option<usize>), category: String, constant: &Parts, slope: &Parts) {
        let (c, a) = (sum(constant, &self.state.free), sum(slope, &self.state.free));
        let mut parts: Parts = constant.iter().map(|(p, f)| (*p, -f / a)).collect();
        parts.extend(slope.iter().map(|(p, f)| (*p, f * c / (a * a))));
        self.push(at, Part::Diff, category, -c / a, &parts);
    }

    fn guess(&mut self, at: (usize, Option<usize>), place: usize) {
        let p = 1.0 / (1.0 + (-self.state.free[place]).exp());
        self.push(at, Part::Guess, String::new(), p, &[(place, p * (1.0 - p))]);
    }

    fn item(&mut self, item: usize) {
        let state = self.state;
        let (response, kernel) = (&state.responses[item], &state.items[item]);
        let kind = state.groups[response.group].kind;
        let at = (response.group, Some(item));
        let slope = vec![(kernel.places[0], 1.0)];
        let values: Vec<String> = response.values.iter().map(|v| format::bare("%9.0g", *v)).collect();
        if !kind.shares_slope() && kind != Kind::Nominal {
            self.discrimination(at, String::new(), &slope);
        }
        match kind {
            Kind::OnePl | Kind::TwoPl | Kind::ThreePl => {
                self.difficulty(at, String::new(), &vec![(kernel.places[1], 1.0)], &slope);
                if kind == Kind::ThreePl && state.groups[response.group].separate {
                    self.guess(at, kernel.places[2]);
                }
            }
            Kind::Graded => {
                for (k, value) in values.iter().enumerate().skip(1) {
                    self.difficulty(at, format!(">={value}"), &vec![(kernel.places[k], -1.0)], &slope);
                }
            }
            _ => self.odds(item, kind, at, &values),
        }
    }

    /// Items whose categories are compared by their log odds: neighbours, or each one with the first.
    fn odds(&mut self, item: usize, kind: Kind, at: (usize, Option<usize>), values: &[String]) {
        let kernel = &self.state.items[item];
        let Curve::Utility { slopes, constants } = &kernel.curve else { return };
        let parts = |of: &[Vec<f64>], k: usize, against: usize| -> Parts {
            let rows = kernel.places.iter().zip(of);
            rows.map(|(place, row)| (*place, row[k] - row[against])).filter(|p| p.1 != 0.0).collect()
        };
        let against = |k: usize| if kind == Kind::Nominal { 0 } else { k - 1 };
        let name = |k: usize| format!("{} vs {}", values[k], values[against(k)]);
        if kind == Kind::Nominal {
            for k in 1..values.len() {
                self.discrimination(at, name(k), &parts(slopes, k, 0));
            }
        }
        for k in 1..values.len() {
            let (c, a) = (parts(constants, k, against(k)), parts(slopes, k, against(k)));
            self.difficulty(at, name(k), &c, &a);
        }
    }
}

/// All parameters of the report, group by group and item by item.
pub(super) fn reported(state: &IrtState) -> Vec<Reported> {
    let mut reader = Reader { state, out: Vec::new() };
    for (at, group) in state.groups.iter().enumerate() {
        let items: Vec<usize> = (0..state.items.len()).filter(|i| state.responses[*i].group == at).collect();
        let Some(first) = items.first().map(|i| &state.items[*i]) else { continue };
        if group.kind.shares_slope() {
            let place = shared_slope(&first.curve, &first.places);
            reader.discrimination((at, None), String::new(), &vec![(place, 1.0)]);
        }
        items.iter().for_each(|i| reader.item(*i));
        if group.kind == Kind::ThreePl && !group.separate {
            reader.guess((at, None), first.places[2]);
        }
    }
    reader.out
}

/// Place of the discrimination of a group: the parameter that loads on the trait.
fn shared_slope(curve: &Curve, places: &[usize]) -> usize {
    match curve {
        Curve::Utility { slopes, .. } => {
            let at = slopes.iter().position(|row| row.iter().any(|v| *v != 0.0)).unwrap_or(0);
            places[at]
        }
        _ => places[0],
    }
}

/// Covariance of reported parameters.
pub(super) fn covariance(rows: &[Reported], v: &Mat) -> Mat {
    Mat::from_fn(rows.len(), v.rows(), |i, j| rows[i].slope[j]).sandwich(v)
}

/// State of the active results; r(301) when they are not those of `irt`.
pub(super) fn state(s: &Session) -> Result<Arc<IrtState>> {
    let held = s.e.extra.clone().and_then(|e| e.downcast::<IrtState>().ok());
    held.ok_or_else(|| {
        StataError::new(301, "last estimates not found: irt must be the last estimation command")
    })
}

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("sort"),
    OptSpec::flag("BYParm"),
    OptSpec::flag("post"),
    OptSpec::real("Level"),
    OptSpec::flag("noHEader"),
    OptSpec::flag("VERBose"),
];

/// `estat report [varlist] [, sort() byparm post level()]`.
pub(super) fn estat(s: &mut Session, call: &Call) -> Result<()> {
    let options =
        call.options_after_list(OPTIONS, &["ALABel", "BLABel", "CLABel", "SEQlabel", "COEFLegend"])?;
    let state = state(s)?;
    let only = if call.list.is_empty() { None } else { Some(s.varlist(&call.list)?) };
    let names: Option<Vec<String>> = only.map(|l| l.iter().map(|v| s.frame.var(*v).name.clone()).collect());
    if let Some(unknown) = names.iter().flatten().find(|n| !state.responses.iter().any(|r| r.name == **n)) {
        return Err(StataError::new(198, format!("{unknown} is not an item of the model")));
    }
    let level = options.real("level").unwrap_or(s.settings.level);
    if !(10.0..=99.99).contains(&level) {
        return Err(StataError::new(198, "level() must be between 10 and 99.99 inclusive"));
    }
    let order = Order { sort: sort(options.text("sort"))?, by_part: options.has("byparm") };
    let kept = |r: &Reported| {
        let of_item = |names: &Vec<String>| {
            r.item.is_none_or(|i| names.contains(&state.responses[i].name))
                && names.iter().any(|n| state.responses.iter().any(|x| x.name == *n && x.group == r.group))
        };
        names.as_ref().is_none_or(of_item)
    };
    let rows: Vec<Reported> = reported(&state).into_iter().filter(kept).collect();
    let rows = irt_show::ordered(&state, rows, &order);
    if !options.has("noheader") {
        irt_show::header(s);
    }
    irt_show::table(s, &state, &rows, &order, level);
    irt_show::store(s, &state, &rows, level);
    if options.has("post") {
        irt_show::post(s, &state, &rows);
    }
    Ok(())
}

/// `sort(a|b|c [, ascending descending])`.
fn sort(text: Option<&str>) -> Result<Option<(Part, bool)>> {
    let Some(text) = text else { return Ok(None) };
    let (by, how) = text.split_once(',').unwrap_or((text, ""));
    let how = how.trim();
    let descending = how.len() >= 4 && "descending".starts_with(how);
    let ascending = how.is_empty() || (how.len() >= 3 && "ascending".starts_with(how));
    let part = match by.trim() {
        "a" => Part::Discrim,
        "b" => Part::Diff,
        "c" => Part::Guess,
        other => return Err(StataError::new(198, format!("sort({other}): a, b or c expected"))),
    };
    if !descending && !ascending {
        return Err(StataError::invalid(format!("sort(): {how} not allowed")));
    }
    Ok(Some((part, descending)))
}
