//! Reads the construction of a question: "effect of X on Y", "controlling for", "by G". The patterns are in
//! `assets/suggest/phrases.json`; columns stand in them as marks.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde::Deserialize;

use super::assigned::Framing;
use super::comparisons::quality;
use super::formulas::{with_arrows, worded};
use super::lexicon::key;
use super::lists::{JOINED, JOINED_WITHOUT_COMMA, ends, enumerated, headed, merged};
use super::mentions::Mention;
use super::natures::Natures;
use super::said::{Said, without_names_of_methods};
use super::sides::sorted;
use super::statements::{asked_first, statement};
use super::words::{Unit, Words};

#[derive(Debug, Deserialize)]
struct File {
    adjuncts: Vec<Adjunct>,
    main: Vec<Main>,
    frames: Vec<FrameText>,
    methods: Vec<Method>,
    /// Lists of words that several patterns share: verbs of influence.
    classes: BTreeMap<String, String>,
    /// Keywords of templates that everyday questions have too.
    ordinary: Vec<String>,
}

/// The template for a case that no word names.
#[derive(Debug, Deserialize)]
struct Method {
    case: String,
    method: String,
}

#[derive(Debug, Deserialize)]
struct Adjunct {
    role: String,
    pattern: String,
}

#[derive(Debug, Deserialize)]
struct Main {
    id: String,
    kind: String,
    pattern: String,
}

#[derive(Debug, Deserialize)]
struct FrameText {
    id: String,
    slots: String,
    pattern: String,
    methods: Vec<String>,
    #[serde(default)]
    needs: String,
}

/// A kind of analysis that words of the question ask for.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) id: String,
    /// Which roles it fills; see `roles`.
    pub(super) slots: String,
    pattern: Regex,
    pub(super) methods: Vec<String>,
    /// What the data must have.
    pub(super) needs: String,
}

struct Patterns {
    adjuncts: Vec<(String, Regex)>,
    main: Vec<(String, String, Regex)>,
    frames: Vec<Frame>,
    methods: BTreeMap<String, String>,
    words: Words,
    ordinary: BTreeSet<String>,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let text = include_str!("../../../assets/suggest/phrases.json");
    let file: File = serde_json::from_str(text).expect("the phrases are read by the tests");
    let classes = &file.classes;
    let regex = |p: &str| Regex::new(&expanded(p, classes)).expect("the patterns are compiled by the tests");
    let every = file.adjuncts.iter().map(|a| &a.pattern).chain(file.main.iter().map(|m| &m.pattern));
    let every = every.chain(file.frames.iter().map(|f| &f.pattern)).chain(classes.values());
    let words: BTreeSet<&str> =
        every.flat_map(|p| p.split(|c: char| !c.is_ascii_alphabetic())).filter(|w| w.len() >= 4).collect();
    let singular = words.iter().filter_map(|w| w.strip_suffix('s'));
    let words = words.iter().copied().chain(singular).map(str::to_owned).collect();
    Patterns {
        words,
        ordinary: file.ordinary.iter().map(|text| key(text)).collect(),
        methods: file.methods.into_iter().map(|m| (m.case, m.method)).collect(),
        adjuncts: file.adjuncts.iter().map(|a| (a.role.clone(), regex(&a.pattern))).collect(),
        main: file
            .main
            .iter()
            .map(|m| (m.id.clone(), m.kind.clone(), regex(&of_sentence(&m.pattern))))
            .collect(),
        frames: file
            .frames
            .iter()
            .map(|f| Frame {
                id: f.id.clone(),
                slots: f.slots.clone(),
                pattern: regex(&f.pattern),
                methods: f.methods.clone(),
                needs: f.needs.clone(),
            })
            .collect(),
    }
});

/// A pattern of the beginning of a question fits the beginning of each of its sentences.
fn of_sentence(pattern: &str) -> String {
    match pattern.strip_prefix('^') {
        Some(rest) if !rest.starts_with('[') => format!("(?:^|[.?!;:] ){rest}"),
        _ => pattern.to_owned(),
    }
}

/// `{x}` is a mark captured as `x`, `{n}` words without a mark, `{s}` the same without a comma; other names in braces are
/// lists of words.
fn expanded(pattern: &str, classes: &BTreeMap<String, String>) -> String {
    // a word ends before a Chinese one too: "ROC曲线"
    let mut out = pattern.replace(r"\b", r"(?-u:\b)");
    for (name, words) in classes {
        out = out.replace(&format!("{{{name}}}"), words);
    }
    for name in ["x", "y", "g", "c", "p", "e", "m", "r"] {
        out = out.replace(&format!("{{{name}}}"), &format!("(?P<{name}><[0-9,]+>)"));
    }
    out.replace("{n}", "[^<>.?!;:。？！；：]*?").replace("{s}", "[^<>.?!;:,，。？！；：]*?")
}

/// Returns the template for a case that no word names, such as a binary outcome.
pub(super) fn method(case: &str) -> Option<String> {
    PATTERNS.methods.get(case).cloned()
}

/// True for words, by their stems, that everyday questions have although they are keywords of a template.
pub(super) fn is_ordinary(words: &str) -> bool {
    PATTERNS.ordinary.contains(words)
}

/// Words of the patterns, which are never misspelt columns.
pub(super) fn words() -> &'static Words {
    &PATTERNS.words
}

/// The construction of a question; columns by position.
#[derive(Debug, Clone, Default)]
pub(super) struct Parsed {
    /// Pattern of the main statement, and its kind: `model`, `group`, `either`, `pair`; empty without one.
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) outcome: Vec<usize>,
    pub(super) causes: Vec<usize>,
    pub(super) groups: Vec<usize>,
    pub(super) moderators: Vec<usize>,
    pub(super) controls: Vec<usize>,
    pub(super) fixed_effects: Vec<usize>,
    pub(super) clusters: Vec<usize>,
    pub(super) instruments: Vec<usize>,
    pub(super) endogenous: Vec<usize>,
    pub(super) weights: Vec<usize>,
    pub(super) strata: Vec<usize>,
    /// What counts are relative to: "with population as the exposure".
    pub(super) exposure: Vec<usize>,
    pub(super) nested: Vec<usize>,
    pub(super) running: Vec<usize>,
    pub(super) matched: Vec<usize>,
    pub(super) excluded: Vec<usize>,
    /// Binary columns that end a time: "until a flat is let".
    pub(super) events: Vec<usize>,
    /// Columns named outside of the additions, in order, without units and periods.
    pub(super) rest: Vec<usize>,
    /// Units and periods named anywhere.
    pub(super) units: Vec<usize>,
    /// The text of the question, the same for all its readings.
    pub(super) text: Rc<Said>,
    /// True if its sides are not those of the pattern.
    pub(super) turned: bool,
    pub(super) framing: Framing,
}

/// Reads a question with its mentions. A comma between two columns joins a list, unless only its parts make a
/// statement: "each child more, how much does work change".
pub(super) fn parse(
    question: &str,
    said: &Rc<Said>,
    mentions: &[Mention],
    units: &[Unit],
    natures: &Natures<'_>,
) -> Parsed {
    let read = |joined: &Regex| parsed(question, said, mentions, units, natures, joined);
    let listed = read(&JOINED);
    if !listed.kind.is_empty() {
        return listed;
    }
    let parted = read(&JOINED_WITHOUT_COMMA);
    if parted.kind.is_empty() { listed } else { parted }
}

fn parsed(
    question: &str,
    said: &Rc<Said>,
    mentions: &[Mention],
    units: &[Unit],
    natures: &Natures<'_>,
    joined: &Regex,
) -> Parsed {
    let mut parsed = Parsed { text: Rc::clone(said), ..Parsed::default() };
    let marked = without_names_of_methods(&marked(question, mentions, units));
    let mut text = merged(&enumerated(&headed(&worded(&marked), natures)), joined);
    parsed.events = ends(&text, natures);
    for (role, pattern) in &PATTERNS.adjuncts {
        // to ask whether a pattern fits is quicker than to look for its parts
        while pattern.is_match(&text)
            && let Some(found) = pattern.captures(&text)
        {
            let (whole, kept) = addition(&mut parsed, role, &found, natures);
            text.replace_range(whole, &kept);
        }
    }
    text = without_units(&text, natures, &mut parsed);
    parsed.rest = distinct(MARK.find_iter(&text).flat_map(|m| columns_of(m.as_str())));
    // what follows a question says more about it: "Does x lower y? Older people have more of it."
    let main =
        asked_first(&text, &MARK).and_then(|asked| Some((statement(&PATTERNS.main, asked)?, asked.len())));
    let main = main.or_else(|| Some((statement(&PATTERNS.main, &text)?, text.len())));
    if let Some((found, length)) = main {
        found.id.clone_into(&mut parsed.id);
        found.kind.clone_into(&mut parsed.kind);
        parsed.causes = found.causes.into_iter().filter(|c| !found.outcome.contains(c)).collect();
        parsed.outcome = found.outcome;
        sorted(&text[..length], &mut parsed);
        parsed.groups = found.groups;
        parsed.moderators.extend(found.moderators);
        if !found.pool.is_empty() {
            parsed.rest = found.pool;
        }
        if let Some((first, others)) = found.in_order.split_first() {
            parsed.outcome = vec![*first];
            parsed.causes = others.to_vec();
        }
    }
    parsed
}

/// Returns the frames that the text of a question asks for, the strongest first.
pub(super) fn frames(text: &str) -> Vec<&'static Frame> {
    PATTERNS.frames.iter().filter(|f| f.pattern.is_match(text)).collect()
}

/// Returns a frame by its id.
pub(super) fn frame(id: &str) -> Option<&'static Frame> {
    PATTERNS.frames.iter().find(|f| f.id == id)
}

static MARK: LazyLock<Regex> = LazyLock::new(|| Regex::new("<[0-9,]+>").expect("a pattern"));

pub(super) fn columns_of(mark: &str) -> Vec<usize> {
    mark.trim_matches(['<', '>']).split(',').filter_map(|n| n.parse().ok()).collect()
}

pub(super) fn mark(columns: &[usize]) -> String {
    let list: Vec<String> = columns.iter().map(ToString::to_string).collect();
    format!("<{}>", list.join(","))
}

pub(super) fn distinct(columns: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut out = Vec::new();
    for column in columns {
        if !out.contains(&column) {
            out.push(column);
        }
    }
    out
}

/// The question in lower case with the words that were meant.
pub(super) fn corrected(question: &str, units: &[Unit]) -> String {
    let mut text = question.to_ascii_lowercase();
    for unit in units.iter().rev() {
        if let Some(word) = &unit.spelled {
            text.replace_range(unit.start..unit.end, word);
        }
    }
    text
}

/// The question with marks instead of the words that name columns.
fn marked(question: &str, mentions: &[Mention], units: &[Unit]) -> String {
    let mut text = with_arrows(question).replace(['<', '>'], " ").to_ascii_lowercase();
    let spelled = units.iter().filter_map(|u| Some((u.start, u.end, u.spelled.clone()?)));
    let mut changes: Vec<(usize, usize, String)> = spelled
        .filter(|(start, end, _)| mentions.iter().all(|m| *end <= m.start || m.end <= *start))
        .collect();
    changes.extend(mentions.iter().map(|m| (m.start, m.end, quality(question, m) + &mark(&m.columns))));
    changes.sort_by_key(|(start, _, _)| std::cmp::Reverse(*start));
    for (start, end, by) in changes {
        text.replace_range(start..end, &by);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Takes one addition out of the text; returns its range and what stays in its place.
fn addition(
    parsed: &mut Parsed,
    role: &str,
    found: &Captures<'_>,
    natures: &Natures<'_>,
) -> (std::ops::Range<usize>, String) {
    let whole = found.get(0).expect("the match").range();
    let mut columns = columns_of(&found["c"]);
    let mut kept = String::from(" ");
    // "fixed effects for profit on debt": profit is none; nor does a yes or no decide by a threshold
    let ends = found[0].ends_with(&found["c"]);
    let none = match role {
        "fixed_effects" => ends && columns.iter().all(|c| !natures.absorbs(*c)),
        // "instrumental variables: fdi for trade": what is instrumented is no instrument
        "instruments" => columns.iter().all(|c| parsed.endogenous.contains(c)),
        // "caffeine effects" are none of units
        "unit_effects" => !columns.iter().any(|c| natures.has_effects(*c)),
        "running" => columns.iter().all(|c| {
            let column = &natures.columns[*c];
            !column.is_measure() || column.is_row_number(natures.rows) || column.is_named_for_units()
        }),
        _ => false,
    };
    if none {
        return (whole, format!(" {} ", mark(&columns)));
    }
    if matches!(role, "fixed_effects" | "unit_effects" | "cluster" | "nested" | "strata") {
        // "age, firm and year fixed effects": age stays
        let absorbs =
            |c: &usize| if role == "unit_effects" { natures.has_effects(*c) } else { natures.absorbs(*c) };
        let split = columns.iter().rposition(|c| !absorbs(c)).map_or(0, |at| at + 1);
        let effects = columns.split_off(split.min(columns.len().saturating_sub(1)));
        if !columns.is_empty() {
            let before = &found[0][..found.name("c").expect("it matched").start() - whole.start];
            kept = format!("{before}{} ", mark(&columns));
        }
        columns = effects;
    }
    let endogenous = found.name("e").map(|m| columns_of(m.as_str())).unwrap_or_default();
    let list = match role {
        "exclude" => &mut parsed.excluded,
        "fixed_effects" | "unit_effects" => &mut parsed.fixed_effects,
        "cluster" => &mut parsed.clusters,
        "instruments" => &mut parsed.instruments,
        "weight" => &mut parsed.weights,
        "strata" => &mut parsed.strata,
        "exposure" => &mut parsed.exposure,
        "nested" => &mut parsed.nested,
        "running" => &mut parsed.running,
        "match" => &mut parsed.matched,
        _ => &mut parsed.controls,
    };
    for column in columns {
        if !list.contains(&column) {
            list.push(column);
        }
    }
    if !endogenous.is_empty() {
        // the instrumented column is still a cause of the main statement
        kept = format!(" {} ", mark(&endogenous));
        parsed.endogenous = endogenous;
    }
    (whole, kept)
}

/// Takes units and periods out of the marks.
fn without_units(text: &str, natures: &Natures<'_>, parsed: &mut Parsed) -> String {
    let mut out = String::new();
    let mut last = 0;
    for found in MARK.find_iter(text) {
        out.push_str(&text[last..found.start()]);
        let (units, columns): (Vec<_>, Vec<_>) =
            columns_of(found.as_str()).into_iter().partition(|c| natures.is_unit(*c));
        parsed.units.extend(units);
        if columns.is_empty() {
            out.push_str("[]");
        } else {
            out.push_str(&mark(&columns));
        }
        last = found.end();
    }
    out.push_str(&text[last..]);
    out
}
