//! Finds the columns that a question names, and the words that name them.

use std::sync::LazyLock;

use regex::Regex;

use super::super::tokens::{is_han, stem};
use super::articles::name_columns;
use super::columns::{Alias, Named, Place};
use super::compounds::{forget_terms, joined};
use super::expand::expand;
use super::families::{counted, how_many, lettered, numbered, shared_heads};
use super::index::Index;
use super::links::Link;
use super::literal::{prefer_events, prefer_literal, prefer_ratings, prefer_scores, prefer_totals, spread};
use super::shared::weight;
use super::times::{asked_number, forget_times_of_treatment};
use super::words::{ANYBODY, Unit, Vocabulary, units};

/// Most units of one mention.
const WIDEST: usize = 7;
/// Match of several words that a label has as they are.
const LITERAL: f64 = 0.96;
/// Least match of a unit that counts.
pub(super) const LEAST: f64 = 0.5;

/// A column named by words of the question.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mention {
    /// Positions of the columns; several where the words name a numbered group (`trust1` to `trust4`).
    pub(super) columns: Vec<usize>,
    /// Other columns that the words could mean, the likeliest first.
    pub(super) others: Vec<usize>,
    /// Bytes of the question.
    pub(super) start: usize,
    pub(super) end: usize,
    /// 0 to 1.
    pub(super) certainty: f64,
    pub(super) place: Place,
    /// True if the words are the name itself.
    pub(super) exact: bool,
    /// The word that was meant, where it is misspelt.
    pub(super) spelled: Option<String>,
}

pub(super) struct Hit {
    pub(super) column: usize,
    pub(super) score: f64,
    place: Place,
    pub(super) exact: bool,
    /// The name or label does not only contain the words but is made of them.
    whole: bool,
    /// The question has the number at the end of the name: `sbp12` for "at 12 weeks".
    asked: bool,
}

/// Returns the mentions in a question, in order, without overlaps, and its units.
pub(super) fn mentions(
    question: &str,
    columns: &[Named<'_>],
    vocabulary: &Vocabulary,
) -> (Vec<Mention>, Vec<Unit>, Vec<Link>) {
    let mut units = units(question, vocabulary);
    forget_times_of_treatment(question, &mut units, columns);
    forget_terms(question, &mut units, columns);
    name_columns(question, &mut units, columns);
    expand(question, &mut units, columns, &vocabulary.cues.words);
    let index = Index::of(columns);
    let mut found: Vec<(f64, Mention)> = Vec::new();
    let mut links: Vec<Link> = Vec::new();
    for start in 0..units.len() {
        for end in start + 1..=units.len().min(start + WIDEST) {
            let window = &units[start..end];
            let edge = |u: &Unit| u.connector || u.options.is_empty();
            if edge(&window[0]) || edge(&window[window.len() - 1]) || crosses(question, window) {
                continue;
            }
            let hits = hits(question, window, columns, &index);
            links.extend(hits.iter().map(|hit| link(window, hit)));
            found.extend(best(question, window, columns, &hits));
        }
    }
    // the widest match first, then the surest
    found.sort_by(|(a, x), (b, y)| {
        b.total_cmp(a).then(y.certainty.total_cmp(&x.certainty)).then(x.start.cmp(&y.start))
    });
    let mut kept: Vec<Mention> = Vec::new();
    for (_, mention) in found {
        if kept.iter().all(|k| mention.end <= k.start || k.end <= mention.start) {
            kept.push(mention);
        }
    }
    kept.sort_by_key(|m| m.start);
    forget_ends_of_words(question, &mut kept);
    shared_heads(question, columns, &mut kept);
    joined(question, columns, &mut kept);
    ranges(question, columns, &mut kept);
    (kept, units, links)
}

/// True if a window passes a comma or the end of a sentence.
pub(super) fn crosses(question: &str, window: &[Unit]) -> bool {
    static DECIMAL: LazyLock<Regex> = LazyLock::new(|| Regex::new("([0-9])[.]([0-9])").expect("a pattern"));
    // "60 or more on the test" names a limit, not a column
    static LIMIT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)[0-9] (?:points? |marks? )?(?:or|and) (?:more|above|higher|over|better|below|less|lower)",
        )
        .expect("a pattern")
    });
    let text = &question[window[0].start..window[window.len() - 1].end];
    // "instrument education with father's education": two columns
    let before = question[..window[0].start].to_ascii_lowercase();
    if text.contains(" with ") && before.contains("instrument") {
        return true;
    }
    // PM2.5 is one word
    let text = DECIMAL.replace_all(text, "$1$2");
    text.contains([',', '.', ';', ':', '?', '，', '。', '；', '：', '？', '、']) || LIMIT.is_match(&text)
}

/// A candidate for the joint choice.
fn link(window: &[Unit], hit: &Hit) -> Link {
    Link {
        column: hit.column,
        start: window[0].start,
        end: window[window.len() - 1].end,
        strength: hit.score,
        place: hit.place,
        exact: hit.exact,
        quality: false,
        cue: false,
        spelled: window.iter().find_map(|u| u.spelled.clone()),
    }
}

/// The columns that a window may name, the likeliest first.
fn hits(question: &str, window: &[Unit], columns: &[Named<'_>], index: &Index) -> Vec<Hit> {
    let slice = question[window[0].start..window[window.len() - 1].end].to_ascii_lowercase();
    let mut hits: Vec<Hit> = Vec::new();
    for at in index.candidates(&slice, window) {
        let column = &columns[at];
        let name = column.name().to_ascii_lowercase();
        if slice == name || slice.contains('.') && slice.replace('.', "_") == name {
            hits.push(Hit {
                column: at,
                score: 1.2,
                place: Place::Name,
                exact: true,
                whole: true,
                asked: false,
            });
            continue;
        }
        let aliases = column.aliases.iter().filter_map(|a| {
            let (score, whole) = score(&slice, window, a)?;
            Some(Hit { column: at, score, place: a.place, exact: false, whole, asked: false })
        });
        hits.extend(aliases.max_by(|a, b| a.score.total_cmp(&b.score)));
    }
    if window.len() >= 2 && window.iter().all(|u| !u.han) {
        for at in 0..columns.len() {
            let score =
                index.together(at, &slice).filter(|s| hits.iter().all(|h| h.column != at || h.score < *s));
            if let Some(score) = score {
                hits.retain(|h| h.column != at);
                hits.push(Hit {
                    column: at,
                    score,
                    place: Place::Name,
                    exact: false,
                    whole: true,
                    asked: false,
                });
            }
        }
    }
    if let Some(id) = rows_of(window, columns) {
        hits.retain(|hit| hit.column == id || hit.whole);
    }
    contained(&slice, window, columns, &mut hits);
    prefer_scores(&slice, columns, &mut hits);
    prefer_totals(question, columns, &mut hits);
    prefer_events(question, columns, &mut hits);
    prefer_ratings(&question[..window[0].start], columns, &mut hits);
    // a column with one value explains nothing and is not explained
    hits.retain(|hit| hit.exact || columns[hit.column].column.distinct > 1);
    prefer_literal(&slice, window, columns, &mut hits);
    for hit in &mut hits {
        hit.asked = asked_number(question, columns[hit.column].name());
    }
    hits.sort_by(|a, b| {
        // "the law" is whether it is in force, not the year since when
        let early = |h: &Hit| columns[h.column].is_early() || columns[h.column].is_start();
        let later = b.asked.cmp(&a.asked).then(early(a).cmp(&early(b)));
        b.score.total_cmp(&a.score).then(b.place.cmp(&a.place)).then(later).then(a.column.cmp(&b.column))
    });
    hits
}

/// One character after the name of another column is part of a longer word: 课外辅导班 is no 班级.
fn forget_ends_of_words(question: &str, mentions: &mut Vec<Mention>) {
    let text = |m: &Mention| question.get(m.start..m.end).unwrap_or_default().to_owned();
    let ends = |m: &Mention| text(m).chars().count() == 1 && text(m).chars().all(is_han);
    let follows = |at: usize, all: &[Mention]| {
        let (Some(before), own) = (at.checked_sub(1).map(|b| &all[b]), &all[at]) else { return false };
        before.end == own.start
            && text(before).chars().all(is_han)
            && before.columns != own.columns
            && ends(own)
    };
    let kept: Vec<bool> = (0..mentions.len()).map(|at| !follows(at, mentions)).collect();
    let mut kept = kept.into_iter();
    mentions.retain(|_| kept.next().unwrap_or(true));
}

/// The column that numbers what a word calls the rows: `member_id` for "members", which name no other column in part.
fn rows_of(window: &[Unit], columns: &[Named<'_>]) -> Option<usize> {
    let [only] = window else { return None };
    let numbers = |column: &Named<'_>| {
        let [thing, id] = column.parts() else { return false };
        let is_id = ["id", "no", "nr", "number"].contains(&id.as_str());
        is_id && only.options.iter().any(|(option, _)| *option == stem(thing))
    };
    columns.iter().position(numbers)
}

/// The best columns for a window, with the weight of its words.
fn best(question: &str, window: &[Unit], columns: &[Named<'_>], hits: &[Hit]) -> Option<(f64, Mention)> {
    let first = hits.first()?;
    let alone = hits.len() == 1 || hits[1].score < first.score * 0.8;
    // the same thing at two times: the later is meant where no word says which
    let twice = hits.iter().any(|h| columns[h.column].is_early()) && !columns[first.column].is_early();
    if first.score < 0.3 || (first.score < 0.5 && !alone && !twice) {
        return None;
    }
    let tied: Vec<usize> =
        hits.iter().take_while(|h| h.score >= first.score - 0.001).map(|h| h.column).collect();
    // the items of a scale, not two measurements of one thing
    let family = || counted(&tied, columns) || how_many(question, window) == Some(tied.len());
    let items = tied.len() > 1 && family() && !tied.iter().any(|c| columns[*c].is_early());
    let chosen = match of_letters(first.column, window, hits, columns) {
        Some(family) => family,
        None if items && !first.asked => tied,
        None => vec![first.column],
    };
    let size: f64 = window.iter().map(weight).sum();
    let doubt = if alone { 1.0 } else { 0.8 };
    let mention = Mention {
        others: hits.iter().map(|h| h.column).filter(|c| !chosen.contains(c)).take(4).collect(),
        columns: chosen,
        start: window[0].start,
        end: window[window.len() - 1].end,
        certainty: (first.score.min(1.0) * doubt).clamp(0.2, 1.0),
        place: first.place,
        exact: first.exact,
        spelled: window.iter().find_map(|u| u.spelled.clone()),
    };
    Some((size + if first.whole { 0.1 } else { 0.0 }, mention))
}

/// The columns that differ from the first one in the letter at their end, `rater_A`, `rater_B`, `rater_C`, where one word without a
/// letter stands for them.
fn of_letters(first: usize, window: &[Unit], hits: &[Hit], columns: &[Named<'_>]) -> Option<Vec<usize>> {
    let stem = |c: usize| lettered(columns[c].name()).filter(|stem| stem.ends_with('_'));
    let own = (window.len() == 1).then(|| stem(first)).flatten()?;
    let mut family: Vec<usize> = hits
        .iter()
        .map(|hit| hit.column)
        .filter(|c| stem(*c).is_some_and(|stem| stem.eq_ignore_ascii_case(own)))
        .collect();
    family.sort_unstable();
    (family.len() > 2).then_some(family)
}

/// Least match of Chinese words that a name has as they are, and what their share of the name adds.
const HELD: f64 = 0.45;
const HELD_SHARE: f64 = 0.5;

/// Adds the measures whose name or label has Chinese words of the question as they are: 氨基酸 of 氨基酸含量.
fn contained(slice: &str, window: &[Unit], columns: &[Named<'_>], hits: &mut Vec<Hit>) {
    // 入学时的成绩 is 入学成绩
    let slice = slice.replace("时的", "").replace('的', "");
    let long = slice.chars().count();
    let plain = window.iter().all(|u| u.generic || u.connector || u.is_of_units());
    if long < 2 || !slice.chars().all(is_han) || plain {
        return;
    }
    for (at, column) in columns.iter().enumerate().filter(|(_, c)| c.is_measure()) {
        let named = column.aliases.iter().filter(|a| matches!(a.place, Place::Name | Place::Label));
        let held = named.filter(|a| a.text.contains(&slice)).map(|a| {
            let all = a.text.chars().filter(|c| is_han(*c)).count();
            (HELD + HELD_SHARE * long as f64 / all as f64, a.place)
        });
        let Some((score, place)) = held.max_by(|a, b| a.0.total_cmp(&b.0)) else { continue };
        if hits.iter().all(|h| h.column != at || h.score < score) {
            hits.retain(|h| h.column != at);
            hits.push(Hit { column: at, score, place, exact: false, whole: false, asked: false });
        }
    }
}

/// How well the words of a window match a name: the share of the name, 0 to 1; none unless every word is in it.
fn score(slice: &str, window: &[Unit], alias: &Alias) -> Option<(f64, bool)> {
    let factor = match alias.place {
        Place::Name => 1.0,
        Place::Label => 0.97,
        Place::Value => 0.75,
        Place::Meaning => 0.5,
    };
    let anybody = window.iter().all(|unit| unit.generic) && ANYBODY.contains(&slice);
    if slice == alias.text.to_lowercase() && !anybody {
        return Some((factor, true));
    }
    // several words of a name as they stand in it: "screen time" in "hours of screen time"
    let literal = window.len() >= 2
        && slice.contains(' ')
        && format!(" {} ", alias.text.to_lowercase()).contains(&format!(" {slice} "));
    if literal && alias.place == Place::Label && !window.iter().all(|unit| unit.generic) {
        return Some((LITERAL, false));
    }
    // "at follow-up" names no column that has more than a time in its name
    let only_times = alias.units.iter().all(Unit::is_time_of_measurement);
    let mut used = vec![false; alias.units.len()];
    let mut matched = 0.0;
    let mut telling = false;
    for (place, unit) in window.iter().enumerate().filter(|(_, u)| !u.connector) {
        let strongest = alias
            .units
            .iter()
            .enumerate()
            .filter(|(at, _)| !used[*at])
            .map(|(at, own)| (at, strength(unit, own)))
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        if let Some(parts) = spread(unit, alias, &used, strongest.map_or(0.0, |(_, strength)| strength)) {
            for (at, strength) in parts {
                used[at] = true;
                matched += weight(&alias.units[at]) * strength;
            }
            telling = true;
            continue;
        }
        match strongest {
            Some((at, strength)) if strength >= LEAST => {
                used[at] = true;
                matched += weight(&alias.units[at]) * strength;
                telling |= !unit.generic && (!unit.is_time_of_measurement() || only_times);
            }
            // words such as `average` may stand among those of a name
            _ if unit.generic && !unit.han && place > 0 && place + 1 < window.len() => {}
            _ => return None,
        }
    }
    let total: f64 = alias.units.iter().map(weight).sum();
    // an earlier measurement is meant only where a word says so
    let early = alias.units.iter().zip(&used).any(|(unit, used)| !used && unit.is_early());
    let factor = if early { factor / 2.0 } else { factor };
    (telling && total > 0.0).then(|| (factor * matched / total, matched >= total - 0.001))
}

fn strength(a: &Unit, b: &Unit) -> f64 {
    let mut most: f64 = 0.0;
    for (option, x) in &a.options {
        for (other, y) in &b.options {
            if option == other {
                most = most.max(x * y);
            }
        }
    }
    most
}

/// Takes all columns between the ends of a range: `trust1 to trust4`.
fn ranges(question: &str, columns: &[Named<'_>], mentions: &mut Vec<Mention>) {
    let mut at = 0;
    while at + 1 < mentions.len() {
        let (a, b) = (&mentions[at], &mentions[at + 1]);
        let between = question.get(a.end..b.start).unwrap_or_default().trim().to_ascii_lowercase();
        let joins = matches!(between.as_str(), "to" | "-" | "–" | "through" | "到" | "至");
        let (first, last) = (a.columns[0], b.columns[0]);
        let family = lettered(columns[first].name()).filter(|of| Some(*of) == lettered(columns[last].name()));
        if joins && a.exact && b.exact && (family.is_some() || numbered(&[first, last], columns)) {
            let own = |c: &usize| family.is_none() || lettered(columns[*c].name()) == family;
            let next = mentions.remove(at + 1);
            mentions[at].columns = (first.min(last)..=first.max(last)).filter(own).collect();
            mentions[at].end = next.end;
        }
        at += 1;
    }
}
