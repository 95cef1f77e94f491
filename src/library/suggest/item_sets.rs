//! Sets of columns that belong together: the questions of a test, the items of a scale, the habits by which kinds of people
//! are told apart.

use super::families::{ANSWERS, FEWEST};
use super::names::numbered_trunk;
use super::phrases::{distinct, method};
use super::roles::{Filled, Filler};

/// Fewest letters of the name of a scale.
const LEAST_LETTERS: usize = 3;

impl Filler<'_> {
    /// The items that an analysis is about: those that the question names, with the rest of their family; where it names none,
    /// those that the data have.
    pub(super) fn item_set(&self, frame: &str, named: Vec<usize>) -> Vec<usize> {
        if !["alpha", "factor", "pca", "cfa", "irt", "classes"].contains(&frame) {
            return named;
        }
        if let Some(family) = self.family_by_name().filter(|family| !named.iter().any(|c| family.contains(c)))
        {
            return family;
        }
        if !named.is_empty() {
            return if frame == "cfa" { self.with_families(named) } else { self.with_family(named) };
        }
        let families = self.families();
        match frame {
            "classes" => self.sorting(),
            "irt" => {
                let scored = families.iter().find(|family| self.columns[family[0]].column.distinct == 2);
                scored
                    .or_else(|| families.iter().max_by_key(|family| family.len()))
                    .cloned()
                    .unwrap_or_default()
            }
            "alpha" => match &families[..] {
                [only] => only.clone(),
                _ => Vec::new(),
            },
            _ => families.concat(),
        }
    }

    /// Items of scales that the question names and nothing else: they do not explain each other.
    pub(super) fn only_items(&self, out: &mut Filled) -> bool {
        let p = self.parsed;
        let named: Vec<usize> = distinct(p.outcome.iter().chain(&p.causes).chain(&p.rest).copied());
        let apart = [&p.controls, &p.groups, &p.moderators].iter().any(|columns| !columns.is_empty());
        if named.len() < FEWEST || apart {
            return false;
        }
        let families = self.families();
        let of_family = |c: &usize| families.iter().position(|family| family.contains(c));
        let mut named_families: Vec<Option<usize>> = named.iter().map(of_family).collect();
        if named_families.contains(&None) {
            return false;
        }
        named_families.dedup();
        let case = if named_families.len() == 1 { "items of a scale" } else { "items of several scales" };
        out.methods = method(case).into_iter().collect();
        out.roles.insert("item_vars", self.with_families(named));
        true
    }

    /// Yes and no, and categories, of which none tells the rows apart.
    fn sorting(&self) -> Vec<usize> {
        let sorts = |c: &usize| self.columns[*c].is_group() && !self.is_unit(*c);
        (0..self.columns.len()).filter(sorts).collect()
    }

    /// True where kinds of rows are told apart by yes and no, or by categories.
    pub(super) fn is_sorted_by_categories(&self) -> bool {
        // "people can be sorted into": their numbers sort nothing
        let named: Vec<usize> = self.named().into_iter().filter(|c| !self.numbers_rows(*c)).collect();
        if !named.is_empty() {
            return named.len() >= FEWEST && named.iter().all(|c| self.columns[*c].is_group());
        }
        let sorting = self.sorting().len();
        let measured = (0..self.columns.len()).filter(|c| self.columns[*c].is_measure() && !self.is_unit(*c));
        sorting >= FEWEST && measured.count() < sorting
    }

    /// The numbered families of columns with the same few answers, such as `q1` to `q6`.
    pub(super) fn families(&self) -> Vec<Vec<usize>> {
        let mut families: Vec<Vec<usize>> = Vec::new();
        for column in (0..self.columns.len()).filter(|c| self.columns[*c].column.distinct <= ANSWERS) {
            match families.iter_mut().find(|family| self.is_of_family(family[0], column)) {
                Some(family) => family.push(column),
                None if numbered_trunk(self.columns[column].name()).is_some() => families.push(vec![column]),
                None => {}
            }
        }
        families.retain(|family| family.len() >= FEWEST && self.is_counted_on(family));
        families
    }

    /// The family whose name is a word of the question: "stai" for `stai1` to `stai6`.
    fn family_by_name(&self) -> Option<Vec<usize>> {
        let words: Vec<&str> = self.parsed.text.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        let is_said = |family: &&Vec<usize>| {
            let name = numbered_trunk(self.columns[family[0]].name()).unwrap_or_default();
            let name = name.trim_matches('_').to_lowercase();
            name.len() >= LEAST_LETTERS && words.contains(&name.as_str())
        };
        self.families().into_iter().find(|family| is_said(&family))
    }

    /// True for names that count on: `week4`, `week8`, `week12` are occasions.
    fn is_counted_on(&self, family: &[usize]) -> bool {
        let number = |c: &usize| {
            let name = self.columns[*c].name();
            numbered_trunk(name).and_then(|trunk| name[trunk.len()..].trim_matches('_').parse::<u32>().ok())
        };
        let numbers: Option<Vec<u32>> = family.iter().map(number).collect();
        numbers.is_some_and(|numbers| numbers.windows(2).all(|pair| pair[1] == pair[0] + 1))
    }

    /// True for two columns of one numbered family with the same answers.
    fn is_of_family(&self, first: usize, column: usize) -> bool {
        let stem = |c: usize| numbered_trunk(self.columns[c].name());
        stem(column).is_some() && stem(column) == stem(first) && self.is_answered_like(first, column)
    }

    fn is_answered_like(&self, first: usize, column: usize) -> bool {
        let (own, column) = (self.columns[first].column, self.columns[column].column);
        let near = |a: Option<f64>, b: Option<f64>| a.zip(b).is_some_and(|(a, b)| (a - b).abs() <= 1.0);
        column.integer_valued && near(own.min, column.min) && near(own.max, column.max)
    }

    /// The items of the families that a question names by one or more of their columns each.
    fn with_families(&self, items: Vec<usize>) -> Vec<usize> {
        let families = self.families();
        let is_named = |family: &&Vec<usize>| items.iter().any(|item| family.contains(item));
        let whole: Vec<usize> = families.iter().filter(is_named).flatten().copied().collect();
        if items.iter().all(|item| whole.contains(item)) { whole } else { items }
    }

    /// The items of a scale: where the question names only one of a numbered family with the same answers, all of them.
    pub(super) fn with_family(&self, items: Vec<usize>) -> Vec<usize> {
        let family_of = |first: &usize| -> Vec<usize> {
            (0..self.columns.len()).filter(|c| self.is_of_family(*first, *c)).collect()
        };
        let family = items.iter().map(family_of).find(|family| family.len() >= FEWEST).unwrap_or_default();
        // "the items of the scale" names no other column: a total has other values
        let own = |c: &usize| family.contains(c) || !self.is_answered_like(family[0], *c);
        let whole = !family.is_empty() && items.len() <= 2 && items.iter().all(own);
        if whole { family } else { items }
    }
}
