//! What differs between the columns of a comparison so that their estimates may measure different things, and the choices that set
//! a column apart.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Column;
use super::rows::references;
use super::specification::{Choice, Fact, Said};

/// What differs between columns so that their estimates may measure different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// Other dependent variables, perhaps in other units.
    Outcome,
    /// Other templates: a coefficient of one is no coefficient of another.
    Template,
    /// Other models, links, families, metrics or scales of one template.
    Scale,
    /// Other options of one template.
    Options,
    /// Other confidence levels, so that intervals cannot be compared.
    Level,
    /// Other reference categories; such terms have their own rows.
    Reference,
    /// Other conditions on the rows.
    Sample,
    /// Other weights, or another kind of them.
    Weights,
    /// Other data steps, such as a merge.
    Steps,
    /// Other data.
    Data,
}

impl Difference {
    /// True where one number over all estimates mixes quantities.
    pub fn mixes(self) -> bool {
        matches!(self, Self::Outcome | Self::Template | Self::Scale)
    }
}

fn with_results(columns: &[Column]) -> Vec<&Column> {
    columns.iter().filter(|column| !column.results.is_empty()).collect()
}

/// Returns the choices that some, not all, of the columns with results have, each with the numbers of the columns. Of options only
/// those that columns of one template choose differently.
pub fn unshared<'a>(columns: &'a [Column], holds: &dyn Fn(&Choice) -> bool) -> Vec<(&'a Choice, Vec<u32>)> {
    let with = with_results(columns);
    let mut found: Vec<(&Choice, Vec<u32>)> = Vec::new();
    for column in &with {
        for choice in column.specification.iter().filter(|choice| holds(choice)) {
            match found.iter_mut().find(|(known, _)| known.fact == choice.fact && known.key == choice.key) {
                Some((_, of)) => of.push(column.index),
                None => found.push((choice, vec![column.index])),
            }
        }
    }
    found.retain(|(choice, of)| {
        // options of another template are no other choice, except for one that all of them have
        let has = |column: &Column| column.specification.iter().any(Choice::is_of_level);
        let shares = |column: &Column| {
            with.iter().any(|one| of.contains(&one.index) && one.template_id == column.template_id)
        };
        let is_peer = |column: &Column| {
            choice.fact != Fact::Options || shares(column) || (choice.is_of_level() && has(column))
        };
        with.iter().any(|column| is_peer(column) && !of.contains(&column.index))
    });
    found
}

/// Returns what differs between the columns with results.
pub fn differences(columns: &[Column]) -> Vec<Difference> {
    let with = with_results(columns);
    let differs = |same: &dyn Fn(&Column, &Column) -> bool| with.iter().any(|column| !same(column, with[0]));
    let chosen = |holds: &dyn Fn(&Choice) -> bool| !unshared(columns, holds).is_empty();
    let of = |fact: Fact| chosen(&|choice| choice.fact == fact);
    let found = [
        (Difference::Outcome, differs(&|a, b| a.outcome == b.outcome)),
        (Difference::Template, differs(&|a, b| a.template_id == b.template_id)),
        (Difference::Scale, chosen(&Choice::is_of_scale)),
        (Difference::Options, chosen(&Choice::is_of_options)),
        (Difference::Level, chosen(&Choice::is_of_level)),
        (Difference::Reference, !references(columns).is_empty()),
        (Difference::Sample, of(Fact::Sample)),
        (Difference::Weights, of(Fact::Weights)),
        (Difference::Steps, of(Fact::Steps)),
        (Difference::Data, differs(&|a, b| a.input_fingerprint == b.input_fingerprint)),
    ];
    found.into_iter().filter(|(_, is_so)| *is_so).map(|(difference, _)| difference).collect()
}

/// Writes into each column what of its plan the others do not share.
pub fn caption(columns: &mut [Column]) {
    let apart: BTreeSet<(Fact, String)> = unshared(columns, &|_| true)
        .into_iter()
        .map(|(choice, _)| (choice.fact, choice.key.clone()))
        .collect();
    for column in columns {
        let own = column.specification.iter().filter(|c| apart.contains(&(c.fact, c.key.clone())));
        let mut said: Vec<(Fact, Vec<String>)> = Vec::new();
        for choice in own {
            match said.last_mut().filter(|(fact, _)| *fact == choice.fact) {
                Some((_, texts)) => texts.push(choice.said.plain()),
                None => said.push((choice.fact, vec![choice.said.plain()])),
            }
        }
        let texts = said.into_iter().map(|(fact, texts)| format!("{}{}", before(fact), texts.join(", ")));
        column.caption = texts.collect::<Vec<_>>().join("; ");
    }
}

/// What a text of a kind of choice begins with, where the text alone does not say what it is of.
fn before(fact: Fact) -> &'static str {
    match fact {
        Fact::Fixed => "fixed effects ",
        Fact::Instruments => "instruments ",
        Fact::Weights => "weights ",
        Fact::Errors => "standard errors ",
        Fact::Data => "data ",
        _ => "",
    }
}

impl Said {
    /// Returns the choice in English, columns by their names.
    pub fn plain(&self) -> String {
        match self {
            Self::Text(text) | Self::Column(text) | Self::Errors(text) => text.clone(),
            Self::Words(words) => words.en.clone(),
            Self::Parameter(label, value) => format!("{}: {value}", label.en),
            Self::Base(column, base) => format!("{column} (base: {base})"),
            Self::AllRows => "all rows".to_owned(),
        }
    }
}
