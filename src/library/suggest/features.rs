//! What speaks for and against a reading: how its words match its columns, whether the columns fit their roles, and what the
//! reading leaves unused. The weights of these features are learned (`assets/suggest/weights.json`).

use std::collections::{BTreeMap, BTreeSet};

use super::assigned::{Framing, Sides};
use super::columns::{Named, Place};
use super::links::{Links, overlap};
use super::mentions::Mention;
use super::phrases::frame;
use super::reading::Reading;
use super::surroundings::Surroundings;
use crate::domain::profile::is_binary;

/// Features of a reading by name; those that are 0 are left out.
pub(super) type Features = BTreeMap<String, f64>;

/// What the features of all readings of one question are computed from.
pub(super) struct Evidence<'a> {
    pub(super) question: &'a str,
    pub(super) named: &'a [Named<'a>],
    pub(super) links: &'a Links,
    pub(super) rows: u64,
    pub(super) around: &'a Surroundings,
    /// The outcome, the causes and what is held constant in the reading of the rules, and whether that reading is clear.
    pub(super) rules: Option<&'a (Sides, bool)>,
}

/// The part of a statement that a role belongs to.
pub(super) fn side_of(role: &str) -> &'static str {
    match role {
        "outcome_var" | "item_vars" | "duration_var" => "outcome",
        "controls" | "covariates" | "fixed_effects" | "cluster_var" | "weight_var" | "strata_var" => "held",
        "entity_var" | "time_var" | "failure_var" | "adopt_time_var" | "post_var" => "structure",
        _ => "cause",
    }
}

pub(super) fn add(out: &mut Features, name: String, value: f64) {
    if value != 0.0 {
        *out.entry(name).or_default() += value;
    }
}

pub(super) fn flag(out: &mut Features, side: &str, name: &str, holds: bool) {
    add(out, format!("{side}.{name}"), f64::from(u8::from(holds)));
}

impl Evidence<'_> {
    /// The features of a reading; `edits` are the matches in which it differs from the one of the rules.
    pub(super) fn features(&self, reading: &Reading, edits: u8) -> Features {
        let mut out = Features::new();
        add(&mut out, "reading.edits".to_owned(), f64::from(edits));
        flag(&mut out, "reading", "rules", edits == 0);
        let mut used: BTreeSet<usize> = BTreeSet::new();
        let mut sides: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (role, columns) in &reading.filled.roles {
            let side = sides.entry(side_of(role)).or_default();
            side.extend(columns.iter().filter(|c| used.insert(**c)));
        }
        for (side, columns) in &sides {
            for column in columns {
                self.column(&mut out, side, *column, reading);
            }
        }
        self.matches(&mut out, &sides, reading);
        self.unused(&mut out, &used, reading);
        self.order(&mut out, &sides, reading);
        self.agreement(&mut out, reading);
        self.around.designs(&mut out, reading);
        statement(&mut out, &sides, reading);
        out
    }

    /// How each match of the words fits the side that its column stands on.
    fn matches(&self, out: &mut Features, sides: &BTreeMap<&str, Vec<usize>>, reading: &Reading) {
        for (side, columns) in sides {
            for mention in &reading.mentions {
                let Some(column) = mention.columns.iter().find(|c| columns.contains(c)) else { continue };
                self.matched(out, side, *column, mention);
            }
        }
    }

    fn matched(&self, out: &mut Features, side: &str, column: usize, mention: &Mention) {
        let span = (mention.start, mention.end);
        let strength = self.links.strength(mention.start, mention.end, column).max(mention.certainty * 0.7);
        let kind = match mention.place {
            _ if mention.exact => "exact",
            Place::Name | Place::Label => "name",
            Place::Value => "value",
            Place::Meaning => "meaning",
        };
        flag(out, side, kind, true);
        add(out, format!("{side}.{kind}.strength"), strength.min(1.0));
        let rival = self.links.strongest(span, &|c| c != column);
        add(out, format!("{side}.behind"), (rival - strength).clamp(0.0, 1.0));
        add(out, format!("{side}.ahead"), (strength - rival).clamp(0.0, 1.0));
        let elsewhere = self.links.elsewhere(span, column);
        add(out, format!("{side}.better_elsewhere"), (elsewhere - strength).clamp(0.0, 1.0));
        let near = self.links.all.iter().filter(|l| overlap((l.start, l.end), span));
        let rivals: BTreeSet<usize> =
            near.filter(|l| l.strength >= 0.8 * strength && l.column != column).map(|l| l.column).collect();
        add(out, format!("{side}.rivals"), (1.0 + rivals.len() as f64).ln());
        let words = self.links.words.iter().filter(|w| overlap(**w, span)).count();
        add(out, format!("{side}.words"), words as f64);
        let link = self.links.of_match(mention.start, mention.end, column);
        flag(out, side, "cue", link.is_some_and(|l| l.cue));
        let measure = self.named[column].is_measure();
        flag(out, side, "quality_of_measure", measure && link.is_some_and(|l| l.quality));
        flag(out, side, "quality_of_other", !measure && link.is_some_and(|l| l.quality));
        flag(out, side, "spelled", mention.spelled.is_some());
        self.around.of_match(out, side, mention, self.named[column].is_group());
    }

    /// Whether a column can be what its side takes.
    fn column(&self, out: &mut Features, side: &str, at: usize, reading: &Reading) {
        let column = &self.named[at];
        let binary = is_binary(column.column);
        let many = column.column.is_text() && column.column.distinct > 2;
        flag(out, side, "binary", binary);
        flag(out, side, "text", many);
        flag(out, side, "measure", column.is_measure());
        flag(out, side, "unit", column.is_unit(self.rows));
        flag(out, side, "time", column.is_time());
        let said = reading.mentions.iter().any(|m| m.columns.contains(&at));
        flag(out, side, "unsaid", !said);
        let linked = self.links.elsewhere((0, 0), at);
        add(out, format!("{side}.linked"), linked.min(1.0));
        flag(out, side, "without_link", linked < 0.2);
        if !said {
            add(out, format!("{side}.unsaid.prior"), column.outcome());
            add(out, format!("{side}.unsaid.linked"), linked.min(1.0));
        }
        let alike = |c: &Named<'_>| {
            c.is_measure() == column.is_measure()
                && is_binary(c.column) == binary
                && c.is_group() == column.is_group()
        };
        let free = |c: &&Named<'_>| !c.is_time() && !c.is_unit(self.rows) && alike(c);
        let kin = self.named.iter().filter(free).count();
        flag(out, side, "only_of_kind", kin == 1);
        add(out, format!("{side}.prior"), column.outcome());
        let usual = |c: &Named<'_>| !c.is_time() && !c.is_unit(self.rows) && c.outcome() > column.outcome();
        let others = self.named.iter().filter(|c| usual(c)).count();
        add(out, format!("{side}.less_usual"), (1.0 + others as f64).ln());
        if side != "outcome" {
            flag(out, side, "early", column.is_early());
            return;
        }
        let chance = self.around.chance;
        flag(out, side, "likely_binary", chance && binary);
        flag(out, side, "likely_other", chance && !binary);
        flag(out, side, "early", column.is_early());
        let later = (0..self.named.len()).any(|c| {
            c != at && column.is_early() && self.links.all.iter().any(|l| l.column == c && l.strength >= 0.5)
        });
        flag(out, side, "early_beside_later", later);
    }

    /// What the reading leaves unused: words that name columns, and matches without a role.
    fn unused(&self, out: &mut Features, used: &BTreeSet<usize>, reading: &Reading) {
        let aside = |c: &usize| {
            let column = &self.named[*c];
            column.is_unit(self.rows) || column.is_time() || reading.parsed.excluded.contains(c)
        };
        for mention in &reading.mentions {
            if mention.columns.iter().any(|c| used.contains(c)) {
                continue;
            }
            let side = if mention.columns.iter().any(aside) { "aside" } else { "idle" };
            flag(out, side, "matches", true);
            add(out, format!("{side}.certainty"), mention.certainty);
        }
        let mut left = 0.0;
        for column in (0..self.named.len()).filter(|c| !used.contains(c) && !aside(c)) {
            let best = self.links.elsewhere((0, 0), column);
            left += if best >= 0.6 { best.min(1.0) } else { 0.0 };
        }
        add(out, "unused.linked".to_owned(), left);
        for word in &self.links.words {
            let covered = reading.mentions.iter().any(|m| overlap(*word, (m.start, m.end)));
            if covered {
                continue;
            }
            flag(out, "words", "unlinked", true);
            let free = |c: usize| !used.contains(&c) && !aside(&c);
            add(out, "words.free_column".to_owned(), self.links.strongest(*word, &free));
            let subject = self.around.is_subject(*word);
            flag(out, "words", "unlinked_subject", subject);
        }
    }

    /// How far the reading agrees with that of the rules.
    fn agreement(&self, out: &mut Features, reading: &Reading) {
        flag(out, "reading", "unframed", reading.parsed.framing == Framing::Statement);
        flag(out, "reading", "forced", matches!(reading.parsed.framing, Framing::Forced(_)));
        let Some((rules, clear)) = self.rules else { return };
        let own = Sides::of(reading);
        let how = if *clear { "clear" } else { "doubtful" };
        flag(out, "same", &format!("outcome.{how}"), own.outcome == rules.outcome);
        let same = |a: &[usize], b: &[usize]| a.len() == b.len() && a.iter().all(|c| b.contains(c));
        flag(out, "same", &format!("causes.{how}"), same(&own.causes, &rules.causes));
        flag(out, "same", &format!("held.{how}"), same(&own.held, &rules.held));
        let lost = rules.causes.iter().filter(|c| !own.has(**c)).count();
        add(out, format!("same.lost.{how}"), lost as f64);
        let gained = own.causes.iter().filter(|c| !rules.has(**c)).count();
        add(out, format!("same.gained.{how}"), gained as f64);
        let opened = own.outcome.is_some_and(|c| Some(c) != rules.outcome && rules.outcome.is_some());
        flag(out, "same", &format!("other_outcome.{how}"), opened);
        flag(out, "same", "outcome_was_open", rules.outcome.is_none() && own.outcome.is_some());
    }

    /// The order of the sides.
    fn order(&self, out: &mut Features, sides: &BTreeMap<&str, Vec<usize>>, reading: &Reading) {
        let first = |side: &str| {
            let columns = sides.get(side)?;
            let own = |m: &&Mention| m.columns.iter().any(|c| columns.contains(c));
            reading.mentions.iter().find(own).map(|m| m.start)
        };
        let begin = self.question.trim_start().to_lowercase();
        let starts = |words: &[&str]| words.iter().any(|w| begin.starts_with(w));
        let form = if starts(&["do ", "does ", "did ", "can ", "will ", "has ", "have "]) {
            "verb"
        } else if starts(&["is ", "are ", "was ", "were "]) {
            "is"
        } else if starts(&["which ", "who ", "what ", "how ", "why "]) {
            "asks"
        } else if self.question.chars().any(super::is_han) {
            "han"
        } else {
            "other"
        };
        self.around.order(out, sides, reading, form);
        let (Some(outcome), Some(cause)) = (first("outcome"), first("cause")) else { return };
        flag(out, "order", &format!("{form}.outcome_first"), outcome < cause);
    }
}

/// The statement as a whole.
fn statement(out: &mut Features, sides: &BTreeMap<&str, Vec<usize>>, reading: &Reading) {
    let filled = &reading.filled;
    let empty = |side: &str| sides.get(side).is_none_or(Vec::is_empty);
    flag(out, "outcome", "none", empty("outcome"));
    flag(out, "cause", "none", empty("cause"));
    let causes = sides.get("cause").map_or(0, Vec::len);
    add(out, "cause.more".to_owned(), causes.saturating_sub(1) as f64);
    let outcomes = sides.get("outcome").map_or(0, Vec::len);
    add(out, "outcome.more".to_owned(), outcomes.saturating_sub(1) as f64);
    add(out, "open.roles".to_owned(), filled.open.len() as f64);
    flag(out, "open", "outcome", filled.open.contains(&"outcome_var"));
    flag(out, "reading", "assumed", filled.assumed);
    let kind = match reading.parsed.kind.as_str() {
        _ if filled.named => "named",
        "" => "none",
        other => other,
    };
    flag(out, "kind", kind, true);
    let method = filled.methods.first().map_or("none", String::as_str);
    let family = method.split('.').next().unwrap_or_default();
    flag(out, "method", family, true);
    let of_categories = frame("mlogit").is_some_and(|f| f.methods.iter().any(|own| own == method));
    flag(out, "method", "mlogit", of_categories);
    let turned = reading.parsed.turned;
    flag(out, "turned", kind, turned);
    flag(out, "reading", "duration", filled.roles.contains_key("duration_var"));
}
