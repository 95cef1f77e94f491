//! Readings of a question: which words name which columns, and what follows for the roles. Words that no name has are matched
//! by their meaning where a role would stay open, and of several readings the one that uses most of the question is taken.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::{LazyLock, OnceLock};

use regex::Regex;

use super::super::tokens::stem;
use super::columns::Named;
use super::comparisons::{is_subject, qualified};
use super::decisions::{RELATION, asks};
use super::links::{Link, Links};
use super::meaning::{Known, Need, asks_which};
use super::mentions::Mention;
use super::natures::Natures;
use super::phrases::{Parsed, parse};
use super::ranking::{Candidate, ranked};
use super::roles::{Filled, HALF, fill};
use super::said::Said;
use super::structure::{Structure, structure};
use super::words::Unit;

/// A question with the columns that its words name.
pub(super) struct Reading {
    pub(super) mentions: Vec<Mention>,
    pub(super) parsed: Parsed,
    pub(super) structure: Structure,
    pub(super) filled: Filled,
}

/// Reads one question.
pub(super) struct Reader<'a> {
    pub(super) question: &'a str,
    pub(super) named: &'a [Named<'a>],
    pub(super) units: &'a [Unit],
    /// Words of the construction.
    pub(super) cues: &'a BTreeSet<String>,
    pub(super) rows: u64,
    /// The structure of the data where the question calls no column the end of a time.
    pub(super) usual: OnceLock<Structure>,
    /// The text of the question.
    pub(super) said: Rc<Said>,
}

/// A match below this certainty may be left out of a reading.
const DISPUTABLE: f64 = 0.6;
/// Most matches that are tried without.
const TRIED: usize = 6;
/// A match of a part of a name only, and the certainty from which a measure may stand after "which".
const PART: f64 = 0.6;
const WHICH: f64 = 0.75;
/// The certainty from which a measure may be the subject of a question.
const SUBJECT: f64 = 0.6;
/// How often a measure is studied as an outcome that may always be one: wages.
const STUDIED: f64 = 0.3;
/// By how much another reading must be better.
const BETTER: f64 = 0.2;
/// What an open role takes off a reading, and a statement that has no pattern.
const OPEN_ROLE: f64 = 0.8;
const NO_PATTERN: f64 = 0.3;
/// Share of the certainty of a match that a reading without it loses.
const DROPPED: f64 = 0.6;

impl Reading {
    /// True if a role stays open, or if only one side of a relation is named.
    fn leaves_open(&self) -> bool {
        let (parsed, filled) = (&self.parsed, &self.filled);
        let directed = asks(RELATION, &parsed.text);
        let unnamed = parsed.kind.is_empty() && !filled.named && (parsed.rest.len() < 2 || directed);
        // a method that words name needs no more than its outcome
        let open = |role: &str| !filled.named || matches!(role, "outcome_var" | "item_vars");
        static INSTRUMENT: LazyLock<Regex> =
            LazyLock::new(|| Regex::new("\\bas (?:an |the )?instrument|工具变量").expect("a pattern"));
        let instrument = parsed.instruments.is_empty() && parsed.text.fits(&INSTRUMENT);
        instrument
            || self.misses_moderator()
            || filled.open.iter().any(|role| open(role))
            || filled.assumed
            || filled.frame == HALF
            || unnamed
    }

    /// True where a question asks for whom an effect is larger, and no column was found for that.
    fn misses_moderator(&self) -> bool {
        static DEPENDS: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"\b(?:effects?|impacts?|influence|returns?|relation\w*|association|link)\b[^.?]*\b(?:stronger|weaker|larger|smaller|bigger|greater|differs?|different|depends?|var(?:y|ies)|the same) (?:for|in|among|with|between|across|on|by)\b")
                .expect("a pattern")
        });
        let parsed = &self.parsed;
        let model = matches!(parsed.kind.as_str(), "model" | "either");
        model && parsed.moderators.is_empty() && !self.filled.named && parsed.text.fits(&DEPENDS)
    }

    fn is_outcome(&self, column: usize) -> bool {
        ["outcome_var", "item_vars", "duration_var"]
            .iter()
            .filter_map(|role| self.filled.roles.get(role))
            .any(|columns| columns.first() == Some(&column))
    }

    /// How much of the question a reading uses: the certainty of the matches that a role takes, less that of the others.
    fn worth(&self, named: &[Named<'_>], rows: u64) -> f64 {
        let used: BTreeSet<usize> = self.filled.roles.values().flatten().copied().collect();
        let aside = |c: &usize| {
            let column = &named[*c];
            column.is_unit(rows) || column.is_time() || self.parsed.excluded.contains(c)
        };
        let mut sum = 0.0;
        for mention in &self.mentions {
            if mention.columns.iter().any(|c| used.contains(c)) {
                sum += mention.certainty;
            } else if !mention.columns.iter().any(aside) {
                sum -= mention.certainty;
            }
        }
        sum -= OPEN_ROLE * self.filled.open.len() as f64;
        if self.parsed.kind.is_empty() && !self.filled.named { sum - NO_PATTERN } else { sum }
    }
}

impl Reader<'_> {
    /// The readings of a question, the best first.
    pub(super) fn ranked(&self, mentions: Vec<Mention>, by_name: Vec<Link>) -> Vec<Candidate> {
        let known = Known {
            question: self.question,
            units: self.units,
            mentions: &[],
            columns: self.named,
            rows: self.rows,
            cues: self.cues,
            outcome_is_open: false,
            every_word: true,
        };
        let mut links = Links::of(by_name, &known);
        let kept = self.without_rows(mentions.clone());
        // the rows of a panel explain nothing: "do larger firms have more debt"
        let lost = |c: usize| {
            let names = |m: &Mention| m.columns == [c];
            mentions.iter().any(&names) && !kept.iter().any(names)
        };
        links.all.retain(|link| !lost(link.column));
        ranked(self, &links, vec![self.by_rules(mentions.clone()), self.read(kept)])
    }

    /// The reading by rules alone.
    fn by_rules(&self, mentions: Vec<Mention>) -> Reading {
        let first = self.read(self.without_parts(self.without_rows(mentions)));
        let need = if first.leaves_open() { Need::Role } else { Need::Nothing };
        let reading = self.chosen(self.further(first, need));
        if !reading.leaves_open() {
            return reading;
        }
        let doubtful = self.further(self.read(reading.mentions.clone()), Need::Anything);
        let doubtful = self.chosen(doubtful);
        if doubtful.leaves_open() { reading } else { doubtful }
    }

    /// The matches without the word for the rows of a panel: "in regions with more buses" compares no regions.
    fn without_rows(&self, mut mentions: Vec<Mention>) -> Vec<Mention> {
        static SORTS: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new("(?:\\b(?:by|each|every|per|across|between|which|what|among|within|cluster\\w*|differ\\w*|for|of|and|compare|same) (?:the |all )?|各个?|不同|每个?|哪些?个?|按|分|同|同一[个位家所名块只座]?|在|到|固定|和|与|、|，|,)$")
                .expect("a pattern")
        });
        static EFFECTS: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new("^[^.?!。？]{0,20}(?:effect|效应|个体|聚类|之间|间|with itself|with themselves)")
                .expect("a pattern")
        });
        let structure = structure(self.named, self.rows, &[], self.asks_causes());
        let Some(entity) = structure.entity.filter(|_| structure.panel) else { return mentions };
        mentions.retain(|m| {
            let before = self.question[..m.start].to_lowercase();
            let sorts =
                before.is_empty() || SORTS.is_match(&before) || EFFECTS.is_match(&self.question[m.end..]);
            m.columns != [entity] || m.exact || sorts
        });
        mentions
    }

    /// The matches without a measure after "which", and with words such as "price" of a column that has another price joined to
    /// the thing itself: "price of eggs", "egg prices".
    fn without_parts(&self, mentions: Vec<Mention>) -> Vec<Mention> {
        let mut kept: Vec<Mention> = Vec::new();
        for mention in mentions {
            let measures = mention.columns.iter().all(|c| self.named[*c].is_measure());
            let sorts = asks_which(&self.question[..mention.start]);
            if sorts && measures && !mention.exact && mention.certainty < WHICH {
                continue;
            }
            if qualified(self.question, mention.start) && !self.is_literal(&mention) {
                continue;
            }
            // a part of the name of a measure: the rows are meant
            let studied = mention.columns.iter().any(|c| self.named[*c].outcome() > STUDIED);
            let part = !mention.exact && mention.certainty < SUBJECT && measures && !studied;
            if part && is_subject(self.question, mention.start, mention.end) {
                continue;
            }
            let Some(last) = kept.last_mut() else {
                kept.push(mention);
                continue;
            };
            let between = self.question.get(last.end..mention.start).unwrap_or_default().trim();
            let part = between.is_empty() && self.is_part_of(&mention, last);
            // "sales at six months" is one column
            let same =
                last.columns == mention.columns && matches!(between, "" | "at" | "after" | "in" | "at the");
            if matches!(between, "of" | "of the") && self.is_part_of(last, &mention) {
                *last = Mention { start: last.start, ..mention };
            } else if part || same || !mention.exact && self.is_place_of(last, between) {
                last.end = mention.end;
            } else {
                kept.push(mention);
            }
        }
        kept
    }

    /// True if the name or label of the column has a word of the match.
    fn is_literal(&self, mention: &Mention) -> bool {
        let text = self.question[mention.start..mention.end].to_lowercase();
        let asked: Vec<String> = text.split_whitespace().map(stem).collect();
        mention.columns.iter().any(|c| {
            let column = self.named[*c].column;
            let texts = format!("{} {}", column.name, column.label.as_deref().unwrap_or_default());
            let texts = texts.to_lowercase();
            let mut words = texts.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
            words.any(|word| asked.contains(&stem(word)))
        })
    }

    /// True for the place that a distance is measured to: "distance to college".
    fn is_place_of(&self, distance: &Mention, between: &str) -> bool {
        let text = self.question[distance.start..distance.end].to_ascii_lowercase();
        let leads = ["to", "to the", "to a", "from", "from the", "from a"].contains(&between);
        leads && ["distance", "distances"].iter().any(|word| text.ends_with(word))
    }

    /// True for a word of measure that fits its column in part only, next to a match that is as sure.
    fn is_part_of(&self, part: &Mention, thing: &Mention) -> bool {
        let text = self.question[part.start..part.end].to_ascii_lowercase();
        let says_little = [
            "price", "prices", "cost", "costs", "rate", "rates", "level", "levels", "amount", "size",
            "score", "scores",
        ];
        let measures = |m: &Mention| m.columns.iter().all(|c| self.named[*c].is_measure());
        // "churn rate": the share of those who left
        let is_share = ["rate", "rates", "share"].contains(&text.as_str())
            && thing.columns.iter().all(|c| self.named[*c].column.distinct == 2);
        // "light treatment" beside a column of another treatment
        let is_kind = ["treatment", "treatments", "group", "groups"].contains(&text.as_str())
            && thing.columns.iter().all(|c| self.named[*c].is_group());
        let partly = !part.exact && part.columns != thing.columns && (measures(thing) || is_share || is_kind);
        if partly && is_kind && thing.certainty >= part.certainty {
            return true;
        }
        // "maths scores" are no `grades` of words
        if partly && !measures(part) && ["score", "scores", "marks"].contains(&text.as_str()) {
            return true;
        }
        partly
            && part.certainty <= PART
            && thing.certainty >= part.certainty
            && says_little.contains(&text.as_str())
    }

    /// The structure of the data as a statement sees it.
    pub(super) fn structure(&self, parsed: &Parsed) -> Structure {
        match parsed.events[..] {
            [] => {
                self.usual.get_or_init(|| structure(self.named, self.rows, &[], self.asks_causes())).clone()
            }
            _ => structure(self.named, self.rows, &parsed.events, self.asks_causes()),
        }
    }

    /// True where a question speaks of several causes that compete.
    fn asks_causes(&self) -> bool {
        static CAUSES: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(
                r"\bcompet(?:e|es|ing)\b|\bother causes?\b|\bcause[- ]specific\b|竞争|其他(?:死因|原因)|死因",
            )
            .expect("a pattern")
        });
        self.said.fits(&CAUSES)
    }

    pub(super) fn read(&self, mentions: Vec<Mention>) -> Reading {
        let natures = Natures { columns: self.named, rows: self.rows };
        let parsed = parse(self.question, &self.said, &mentions, self.units, &natures);
        let structure = self.structure(&parsed);
        let filled = fill(&parsed, self.named, &structure);
        Reading { mentions, parsed, structure, filled }
    }

    /// The reading with words matched by their meaning.
    fn further(&self, reading: Reading, need: Need) -> Reading {
        let known = Known {
            question: self.question,
            units: self.units,
            mentions: &reading.mentions,
            columns: self.named,
            rows: self.rows,
            cues: self.cues,
            outcome_is_open: reading.filled.open == ["outcome_var"],
            every_word: false,
        };
        let further = known.by_meaning(need);
        if further.is_empty() {
            return reading;
        }
        let mut all = reading.mentions;
        all.retain(|m| further.iter().all(|f| m.end <= f.start || f.end <= m.start));
        all.extend(further);
        all.sort_by_key(|m| m.start);
        self.read(all)
    }

    /// The reading without those uncertain matches that keep surer ones out of the roles.
    fn chosen(&self, reading: Reading) -> Reading {
        if reading.filled.named {
            return reading;
        }
        let mut best = None;
        let mut most = reading.worth(self.named, self.rows) + BETTER;
        let outcome = |m: &Mention| m.columns.iter().any(|c| reading.is_outcome(*c));
        let disputable: Vec<(usize, f64)> = reading
            .mentions
            .iter()
            .filter(|m| !m.exact && m.certainty < DISPUTABLE && !outcome(m))
            .map(|m| (m.start, m.certainty))
            .take(TRIED)
            .collect();
        for (start, certainty) in disputable {
            let without: Vec<Mention> =
                reading.mentions.iter().filter(|m| m.start != start).cloned().collect();
            let other = self.read(without);
            let value = other.worth(self.named, self.rows) - DROPPED * certainty;
            if value > most {
                (best, most) = (Some(other), value);
            }
        }
        best.unwrap_or(reading)
    }
}
