//! The joint choice of columns and roles: readings that link the words of a question to columns in different ways are compared
//! by one score, the sum of learned weights of their features (`assets/suggest/weights.json`). The readings grow out of the one
//! by rules: a match is left out, a phrase is linked to another column, the sides are exchanged, and any column is given
//! any role.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::assigned::{Assigner, Sides};
use super::coded::is_named_as_event;
use super::columns::Named;
use super::features::{Evidence, Features};
use super::links::{Link, Links, overlap};
use super::literal::{asks_time, waits};
use super::mentions::Mention;
use super::phrases::Parsed;
use super::reading::{Reader, Reading};
use super::roles::{Filled, fill};
use super::surroundings::Surroundings;

/// Most candidates of links that are tried on one reading.
const TRIED: usize = 30;
/// How many readings are varied once more, and with how many links.
const VARIED: usize = 3;
const TRIED_AGAIN: usize = 14;
/// How often, and how many readings each time, are varied by giving single columns other roles.
const ROUNDS: usize = 2;
const WIDTH: usize = 4;
/// The certainty from which a match needs no comparison, and what is as good as nothing.
const CLEAR: f64 = 0.8;
const NOTHING: f64 = 0.35;
/// Most columns that become the outcome of a statement without a pattern.
const MOST_NAMED: usize = 5;

static WEIGHTS: LazyLock<BTreeMap<String, f64>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../assets/suggest/weights.json"))
        .expect("the weights are read by the tests")
});

/// A reading with what speaks for it.
pub(super) struct Candidate {
    pub(super) reading: Reading,
    pub(super) features: Features,
    /// Log-odds up to a constant.
    pub(super) score: f64,
    edits: u8,
}

/// A reading's score: the sum of its features times their weights.
fn scored(features: &Features) -> f64 {
    features.iter().filter_map(|(name, value)| Some(WEIGHTS.get(name)? * value)).sum()
}

/// True for a reading in which every word that may name a column does so by name, and every role has its column.
fn is_clear(reading: &Reading, features: &Features) -> bool {
    let sure = reading.mentions.iter().all(|m| m.exact || m.certainty >= CLEAR);
    let none = |name: &str| features.get(name).is_none_or(|value| *value < NOTHING);
    let whole = reading.filled.open.is_empty() && !reading.parsed.kind.is_empty() && !reading.filled.assumed;
    sure && whole && none("words.free_column") && none("idle.matches") && none("outcome.text")
}

/// Varies the reading of the rules and scores the variants.
pub(super) struct Ranking<'a> {
    pub(super) reader: &'a Reader<'a>,
    pub(super) links: &'a Links,
    around: Surroundings,
    /// The roles by rules, and whether that reading is clear.
    rules: Option<(Sides, bool)>,
    seen: BTreeSet<String>,
    found: Vec<Candidate>,
}

/// The readings of a question, the best first; of equal ones the one closest to the rules.
pub(super) fn ranked(reader: &Reader<'_>, links: &Links, starts: Vec<Reading>) -> Vec<Candidate> {
    let around = Surroundings::of(reader.question);
    let mut ranking =
        Ranking { reader, links, around, rules: None, seen: BTreeSet::new(), found: Vec::new() };
    for (edits, reading) in starts.into_iter().enumerate() {
        if ranking.rules.is_none() {
            let features = ranking.evidence().features(&reading, 0);
            ranking.rules = Some((Sides::of(&reading), is_clear(&reading, &features)));
        }
        ranking.add(reading, u8::from(edits > 0));
    }
    let clear = ranking.rules.as_ref().is_some_and(|(_, clear)| *clear);
    if clear || ranking.found.first().is_some_and(|c| c.reading.filled.settled) {
        ranking.found.truncate(1);
        return ranking.found;
    }
    // words that name the method need no other links
    let named = |c: &Candidate| c.reading.filled.named && c.reading.filled.open.is_empty();
    if !ranking.found.first().is_some_and(named) {
        for at in 0..ranking.found.len() {
            ranking.vary(at, TRIED);
        }
        for at in ranking.best(VARIED, &BTreeSet::from([0, 1])) {
            ranking.vary(at, TRIED_AGAIN);
        }
    }
    ranking.assign();
    let mut found = ranking.found;
    found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.edits.cmp(&b.edits)));
    found
}

/// The columns that the readings have as the outcome, with the share of the odds of these readings, the likeliest first.
pub(super) fn outcomes(candidates: &[Candidate]) -> Vec<(usize, f64)> {
    let most = candidates.iter().map(|c| c.score).fold(f64::NEG_INFINITY, f64::max);
    let odds: Vec<f64> = candidates.iter().map(|c| (c.score - most).exp()).collect();
    let all: f64 = odds.iter().sum();
    let mut shares: BTreeMap<usize, f64> = BTreeMap::new();
    for (candidate, odds) in candidates.iter().zip(odds) {
        let roles = &candidate.reading.filled.roles;
        let outcome = ["outcome_var", "item_vars", "duration_var"].iter().find_map(|role| roles.get(role));
        if let Some(column) = outcome.and_then(|columns| columns.first()) {
            *shares.entry(*column).or_default() += odds / all;
        }
    }
    let mut shares: Vec<(usize, f64)> = shares.into_iter().collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    shares
}

impl Ranking<'_> {
    fn evidence(&self) -> Evidence<'_> {
        let Reader { question, named, rows, .. } = *self.reader;
        Evidence {
            question,
            named,
            links: self.links,
            rows,
            around: &self.around,
            rules: self.rules.as_ref(),
        }
    }

    fn add(&mut self, reading: Reading, edits: u8) {
        let links = reading.mentions.iter().map(|m| (m.start, m.end, &m.columns));
        let links: Vec<(usize, usize, &Vec<usize>)> = links.collect();
        let Parsed { outcome, turned, .. } = &reading.parsed;
        let Filled { roles, methods, .. } = &reading.filled;
        // the units of a panel are not explained
        let unit = reading.structure.entity.filter(|_| reading.structure.panel);
        let explained = roles.get("outcome_var").and_then(|outcome| outcome.first());
        if !self.found.is_empty() && unit.is_some() && explained.copied() == unit {
            return;
        }
        // nor are the periods and occasions in which they were measured
        let repeated = reading.structure.panel || reading.structure.series;
        let start = reading.structure.start.filter(|_| repeated);
        let times = [reading.structure.time.filter(|_| repeated), reading.structure.occasion, start];
        if !self.found.is_empty() && explained.is_some() && times.contains(&explained.copied()) {
            return;
        }
        if !self.found.is_empty() && explained.is_some_and(|c| self.only_waits(*c)) {
            return;
        }
        // a decomposition keeps the groups whose gap the question names
        let groups = |filled: &Filled| filled.frame == "oaxaca" && filled.roles.contains_key("group_var");
        if self.found.first().is_some_and(|first| groups(&first.reading.filled)) && !groups(&reading.filled) {
            return;
        }
        let key = format!("{links:?}{outcome:?}{turned}{roles:?}{:?}", methods.first());
        if !self.seen.insert(key) {
            return;
        }
        let features = self.evidence().features(&reading, edits);
        let score = scored(&features);
        self.found.push(Candidate { reading, features, score, edits });
    }

    /// True for a time until an event that has a column of two values, where the question does not speak of time.
    fn only_waits(&self, column: usize) -> bool {
        let named = self.reader.named;
        let ends = |c: &Named<'_>| c.column.distinct == 2 && is_named_as_event(c.column);
        waits(&named[column]) && named.iter().any(ends) && !asks_time(self.reader.question)
    }

    /// The best readings but these.
    fn best(&self, most: usize, but: &BTreeSet<usize>) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.found.len()).filter(|at| !but.contains(at)).collect();
        order.sort_by(|a, b| self.found[*b].score.total_cmp(&self.found[*a].score).then(a.cmp(b)));
        order.truncate(most);
        order
    }

    /// Adds readings in which single columns have other roles, several times those of the best readings.
    fn assign(&mut self) {
        let assigner = Assigner { reader: self.reader, links: self.links };
        let mut done = BTreeSet::new();
        for round in 0..ROUNDS {
            let mut bases = self.best(WIDTH, &done);
            if round == 0 && !bases.contains(&0) {
                bases.push(0);
            }
            for at in bases {
                done.insert(at);
                let (base, edits) = (&self.found[at].reading, self.found[at].edits.saturating_add(1));
                let mut readings = assigner.moved(base);
                if round == 0 {
                    readings.extend(assigner.followed(base));
                    readings.extend(assigner.treated(base));
                }
                for reading in readings {
                    self.add(reading, edits);
                }
            }
        }
    }

    /// Adds the variants of a reading.
    fn vary(&mut self, at: usize, tried: usize) {
        let base = &self.found[at].reading;
        let edits = self.found[at].edits.saturating_add(1);
        let mentions = base.mentions.clone();
        for turned in sides(&base.parsed, base.filled.named) {
            let reading = self.filled(turned, &mentions);
            self.add(reading, edits);
        }
        for (at, _) in mentions.iter().enumerate().filter(|(_, m)| !m.exact) {
            let mut without = mentions.clone();
            without.remove(at);
            self.add_read(without, edits);
        }
        let mut links: Vec<&Link> = self.links.all.iter().collect();
        links.sort_by(|a, b| b.strength.total_cmp(&a.strength).then(a.start.cmp(&b.start)));
        let links: Vec<Vec<Mention>> =
            links.into_iter().filter_map(|link| with(&mentions, link)).take(tried).collect();
        for linked in links {
            self.add_read(linked, edits);
        }
    }

    fn add_read(&mut self, mentions: Vec<Mention>, edits: u8) {
        let reading = self.reader.read(mentions);
        for turned in sides(&reading.parsed, reading.filled.named) {
            let turned = self.filled(turned, &reading.mentions);
            self.add(turned, edits);
        }
        self.add(reading, edits);
    }

    fn filled(&self, parsed: Parsed, mentions: &[Mention]) -> Reading {
        let structure = self.reader.structure(&parsed);
        let filled = fill(&parsed, self.reader.named, &structure);
        Reading { mentions: mentions.to_vec(), parsed, structure, filled }
    }
}

/// The matches with one more, without those that it replaces; none if it is among them.
fn with(mentions: &[Mention], link: &Link) -> Option<Vec<Mention>> {
    let span = (link.start, link.end);
    let near = |m: &Mention| overlap((m.start, m.end), span);
    if mentions.iter().any(|m| near(m) && (m.exact || m.columns.contains(&link.column))) {
        return None;
    }
    let kept = |m: &&Mention| !near(m) && (m.exact || m.columns != [link.column]);
    let mut out: Vec<Mention> = mentions.iter().filter(kept).cloned().collect();
    out.push(link.mention());
    out.sort_by_key(|m| m.start);
    Some(out)
}

/// The statement with its sides exchanged; one without a pattern with each column as the outcome.
fn sides(parsed: &Parsed, named: bool) -> Vec<Parsed> {
    if parsed.turned || named {
        return Vec::new();
    }
    let explained = |outcome: Vec<usize>, causes: Vec<usize>| Parsed {
        kind: "either".to_owned(),
        groups: Vec::new(),
        outcome,
        causes,
        turned: true,
        ..parsed.clone()
    };
    if parsed.kind.is_empty() || parsed.kind == "pair" {
        let free = || parsed.rest.iter().copied().filter(|c| !parsed.excluded.contains(c));
        let others = |y: usize| free().filter(|c| *c != y).collect::<Vec<_>>();
        return match free().count() {
            2..=MOST_NAMED => free().map(|y| explained(vec![y], others(y))).collect(),
            _ => Vec::new(),
        };
    }
    match (&parsed.outcome[..], &parsed.causes[..], &parsed.groups[..]) {
        ([y], [x], []) => vec![explained(vec![*x], vec![*y])],
        ([y], [], [g]) => {
            vec![Parsed { outcome: vec![*g], groups: vec![*y], turned: true, ..parsed.clone() }]
        }
        _ => Vec::new(),
    }
}
