//! The texts that name a column: its name in words, with abbreviations and joined words resolved, its label without
//! units, its values.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::super::tokens::{is_han, stem};
use super::columns::Place;
use super::foreign::plain;
use super::lexicon::{LEXICON, key};
use super::questionnaire::items;
use super::rewritten::spellings;
use crate::domain::dataset::{Column, Dataset};
use crate::domain::profile::is_binary;
use word_knowledge::is_word;

/// Returns the ways to name a column: its name in words, its label, its values. `first` is the number of the first
/// measurement of what it has.
pub(super) fn texts_of(
    column: &Column,
    values: &BTreeMap<String, Vec<String>>,
    first: u32,
) -> Vec<(Place, String)> {
    let mut out = vec![(Place::Name, spelled_out(&column.name, first))];
    if ["group", "grp", "cond", "condition"].contains(&column.name.to_ascii_lowercase().as_str()) {
        out.push((Place::Name, "treatment group".to_owned()));
    }
    let raw = column.name.to_lowercase().replace(['_', '.', '-'], " ");
    if out.iter().all(|(_, text)| *text != raw) {
        out.push((Place::Name, raw));
    }
    // `size_hh` is a household size
    if let [first, second] = out[0].1.split(' ').collect::<Vec<_>>()[..] {
        let turned = format!("{second} {first}");
        if LEXICON.units(&key(&turned)).is_some() {
            out.push((Place::Name, turned));
        }
    }
    // `âge` is `age` for whoever types without accents
    let unmarked = plain(&out[0].1);
    if unmarked != out[0].1 {
        out.push((Place::Name, unmarked));
    }
    out.extend(at_time(&column.name).map(|text| (Place::Name, text)));
    out.extend(without_unit(&column.name).map(|text| (Place::Name, text)));
    out.extend(acronym(&column.original_name).map(|text| (Place::Name, text)));
    out.extend(without_state(&column.name).map(|text| (Place::Name, text)));
    // `target` of 0 and 1 is whether somebody has what the data are about
    if result(&column.name).is_some() && is_binary(column) {
        out.push((Place::Name, "disease".to_owned()));
    }
    if is_pair_of_currencies(&column.name) {
        out.push((Place::Name, "exchange rate".to_owned()));
        out.push((Place::Name, "汇率".to_owned()));
    }
    out.extend(nutrient(&column.name).into_iter().flatten().map(|name| (Place::Name, name.to_owned())));
    if column.original_name != column.name {
        out.push((Place::Name, spelled_out(&column.original_name, first)));
    }
    out.extend(items(&column.original_name).into_iter().map(|text| (Place::Name, text)));
    let years = ["年份", "年度", "会计年度"];
    if years.contains(&column.name.as_str()) {
        out.extend(years.iter().map(|year| (Place::Name, (*year).to_owned())));
    }
    for prefix in ["是否", "有无", "每周", "参加"] {
        if let Some(rest) = column.name.strip_prefix(prefix) {
            out.push((Place::Name, rest.to_owned()));
        }
    }
    if let Some(label) = column.label.as_deref() {
        let plain = without_brackets(label);
        let head = head(&plain);
        if head != plain {
            out.push((Place::Label, head));
        }
        for prefix in ["是否", "每周", "参加"] {
            if let Some(rest) = plain.strip_prefix(prefix) {
                out.push((Place::Label, rest.to_owned()));
            }
        }
        out.push((Place::Label, plain));
    }
    let own = values.get(&column.name).map(Vec::as_slice).unwrap_or_default();
    let own = own.iter().take(50).filter(|v| !is_plain(v)).flat_map(|v| spellings(v));
    out.extend(own.map(|v| (Place::Value, v)));
    out
}

/// True for `usd_eur`: the price of one currency in another (codes of ISO 4217).
fn is_pair_of_currencies(name: &str) -> bool {
    const CODES: [&str; 20] = [
        "usd", "eur", "gbp", "jpy", "cny", "rmb", "chf", "cad", "aud", "nzd", "inr", "krw", "brl", "mxn",
        "zar", "rub", "try", "sek", "nok", "hkd",
    ];
    let parts = raw_parts(name);
    let [first, second] = &parts[..] else { return false };
    first != second && [first, second].iter().all(|part| CODES.contains(&part.as_str()))
}

/// What was given to a field, `n_kg_ha`: the symbols of the nutrients before an amount per area.
fn nutrient(name: &str) -> Option<[&'static str; 2]> {
    let parts = raw_parts(name);
    let (symbol, rest) = parts.split_first()?;
    let amounts = ["ha", "kgha", "acre", "ac", "fert", "dose", "applied"];
    if !rest.iter().any(|part| amounts.contains(&part.as_str())) {
        return None;
    }
    match symbol.as_str() {
        "n" => Some(["nitrogen", "施氮量"]),
        "p" => Some(["phosphorus", "施磷量"]),
        "k" => Some(["potassium", "施钾量"]),
        _ => None,
    }
}

/// Values that are words of every question: `yes`, `none`, numbers.
fn is_plain(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    value.chars().count() < 2 && !value.chars().any(is_han)
        || matches!(
            value.as_str(),
            "yes" | "no" | "none" | "other" | "average" | "good" | "fair" | "poor" | "是" | "否"
        )
        || value.parse::<f64>().is_ok()
}

/// Cuts units and remarks in brackets off a label.
fn without_brackets(label: &str) -> String {
    let mut depth = 0;
    let mut out = String::new();
    for c in label.chars() {
        match c {
            '(' | '（' | '[' => depth += 1,
            ')' | '）' | ']' => depth -= 1,
            _ if depth <= 0 => out.push(c),
            _ => {}
        }
    }
    out.trim().to_owned()
}

/// Returns the part of a label before a preposition: `Systolic blood pressure` of `… at 12 weeks`.
fn head(label: &str) -> String {
    // "Do you work from home?" is not about work
    static ASKS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\?\s*$|^(?:how|what|which|when|where|why|who|whether|do|does|did|is|are|was|were|have|has|had|would|will|can|could|should)\b")
            .expect("a pattern")
    });
    if ASKS.is_match(label) {
        return label.to_owned();
    }
    let cut =
        [" at ", " in ", " per ", " with ", " during ", " before ", " after ", " within ", " from ", " to "]
            .iter()
            .filter_map(|word| label.find(word))
            .min();
    cut.map_or_else(|| label.to_owned(), |at| label[..at].to_owned())
}

/// Units that stand last in a name and are no part of what people call it: `F1_Hz`.
const UNITS: [&str; 24] = [
    "hz", "khz", "cm", "mm", "km", "kg", "mg", "ml", "ms", "sec", "secs", "min", "mins", "hrs", "hr", "db",
    "eur", "usd", "gbp", "musd", "kwh", "m2", "ha", "deg",
];

/// A name without the unit behind it.
fn without_unit(name: &str) -> Option<String> {
    let (what, unit) = name.rsplit_once('_')?;
    UNITS.contains(&unit.to_ascii_lowercase().as_str()).then(|| spelled_out(what, 0))
}

/// The first word of a header in words, where it is one of capitals: `FDI net inflows (% of GDP)`.
fn acronym(header: &str) -> Option<String> {
    let (first, rest) = header.split_once(' ')?;
    let capitals = (3..=6).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_uppercase());
    let words = rest.chars().any(|c| c.is_ascii_lowercase());
    (capitals && words).then(|| first.to_ascii_lowercase())
}

/// A name without a last part that only says that something was there: `Checklist_used`, `vaccine_given`.
fn without_state(name: &str) -> Option<String> {
    const STATES: [&str; 7] = ["used", "given", "received", "yn", "flag", "indicator", "present"];
    let (what, state) = name.rsplit_once('_')?;
    let says = STATES.contains(&state.to_ascii_lowercase().as_str()) && what.chars().count() >= 3;
    says.then(|| spelled_out(what, 0))
}

/// `pain_w8` as people say it: pain at week 8; and `thi_12w`.
fn at_time(name: &str) -> Option<String> {
    let (what, time) = name.rsplit_once('_')?;
    let is_digit = |c: char| c.is_ascii_digit();
    let letters = time.trim_matches(is_digit);
    let unit = match letters.to_ascii_lowercase().as_str() {
        "w" | "wk" | "week" | "weeks" => "week",
        "d" | "day" | "days" => "day",
        "m" | "mo" | "month" | "months" => "month",
        "v" | "visit" => "visit",
        _ => return None,
    };
    let number = match (time.strip_prefix(letters), time.strip_suffix(letters)) {
        (Some(number), _) | (None, Some(number)) => number,
        _ => return None,
    };
    (!number.is_empty()).then(|| format!("{} {unit} {number}", spelled_out(what, 0)))
}

/// The numbers at the ends of names, by what is before them.
pub(super) type Numbered = BTreeMap<String, Vec<u32>>;

/// Returns the numbers at the ends of the names of a data set.
pub(super) fn numbered(dataset: &Dataset) -> Numbered {
    let mut numbers = Numbered::new();
    for (trunk, number) in dataset.columns.iter().filter_map(|c| number_of(&c.name)) {
        numbers.entry(trunk).or_default().push(number);
    }
    numbers
}

fn number_of(name: &str) -> Option<(String, u32)> {
    let trunk = name.trim_end_matches(|c: char| c.is_ascii_digit());
    Some((trunk.to_ascii_lowercase(), name[trunk.len()..].parse().ok()?))
}

/// The number of the first measurement of what a column has: 0 for `bmi_t1` beside `bmi_t0`. One measurement alone has
/// no time unless it is the zeroth.
pub(super) fn first_of(column: &Column, numbered: &Numbered) -> u32 {
    let numbers = number_of(&column.name).and_then(|(trunk, _)| numbered.get(&trunk));
    numbers.filter(|all| all.len() > 1).and_then(|all| all.iter().min()).copied().unwrap_or(0)
}

/// The zeroth of several measurements: `sbp0` next to `sbp12` was measured at baseline.
pub(super) fn zeroth(column: &Column, numbered: &Numbered) -> Option<String> {
    let (trunk, number) = number_of(&column.name)?;
    let others = numbered.get(&trunk).is_some_and(|all| all.len() > 1);
    (number == 0 && others).then(|| format!("baseline {}", spelled_out(trunk.trim_end_matches('_'), 0)))
}

/// Writes a column name in words: parts split, abbreviations and joined words resolved. `first` is the number of the
/// first measurement.
fn spelled_out(name: &str, first: u32) -> String {
    if let Some(words) = LEXICON.abbreviations.get(&name.to_ascii_lowercase()) {
        return words.clone();
    }
    let mut parts = raw_parts(name);
    // `bmi_t0`, `bmi_t1`: the time of a measurement
    if let [.., t, number] = &mut parts[..]
        && ["t", "w", "d", "wave", "time", "v", "visit"].contains(&t.as_str())
        && let Ok(at) = number.parse::<u32>()
    {
        let word = if at <= first { "baseline" } else { "after" };
        (*t, *number) = (word.to_owned(), String::new());
    }
    parts.iter().filter(|p| !p.is_empty()).map(|p| resolved(p)).collect::<Vec<_>>().join(" ")
}

/// The parts of a name in lower case: at signs, capitals and digits.
pub(super) fn raw_parts(name: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut last = ' ';
    for c in name.chars() {
        let breaks = matches!(c, '_' | '.' | '-' | ' ')
            || (c.is_uppercase() && last.is_lowercase())
            || (c.is_ascii_digit() != last.is_ascii_digit());
        if breaks || parts.is_empty() {
            parts.push(String::new());
        }
        if c.is_alphanumeric() {
            parts.last_mut().expect("one was pushed").extend(c.to_lowercase());
        }
        last = c;
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// How likely a column is studied as an outcome whose name only says that it is the result: `target`, `y`.
pub(super) fn result(name: &str) -> Option<f64> {
    let results = ["y", "dv", "outcome", "target", "response", "result", "label", "depvar", "dep_var"];
    let han = ["结局", "结果", "因变量", "被解释变量", "结果变量"];
    let lower = name.to_ascii_lowercase();
    (results.contains(&lower.as_str()) || han.contains(&name) || super::settings::is_case(name))
        .then_some(1.0)
}

/// The name without the number at its end.
pub(super) fn trunk(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// The same for names with a number; none for others.
pub(super) fn numbered_trunk(name: &str) -> Option<&str> {
    let trunk = trunk(name);
    (trunk.len() < name.len()).then_some(trunk)
}

/// True for words that an English name may have, and for short forms of the lexicon of at most so many letters.
pub(super) fn is_english(word: &str, longest: usize) -> bool {
    let short = || word.len() <= longest && LEXICON.abbreviations.contains_key(word);
    is_word(word) || LEXICON.words.contains(word) || short()
}

/// The change of what a column has between two of its measurements: `wt82_71` beside `wt71` and `wt82`.
pub(super) fn changes(column: &Column, numbered: &Numbered) -> Vec<String> {
    let of = || {
        let (rest, second) = column.name.rsplit_once('_')?;
        let second: u32 = second.parse().ok()?;
        let (trunk, first) = number_of(rest)?;
        let known = numbered.get(&trunk)?;
        (known.contains(&first) && known.contains(&second))
            .then(|| spelled_out(trunk.trim_end_matches('_'), 0))
    };
    let words = ["change", "gain", "loss", "increase", "decrease"];
    of().map(|what| words.iter().map(|word| format!("{what} {word}")).collect()).unwrap_or_default()
}

/// Joined words that no list has: the fewest pieces of at least three letters that are words.
fn split_words(part: &str) -> Option<String> {
    if part.len() < 7 || !part.is_ascii() || is_word(part) {
        return None;
    }
    let pieces = |text: &str| is_word(text) && text.len() >= 3;
    let cuts = || (3..part.len() - 2).filter(|at| pieces(&part[..*at]));
    // the longest first word
    let two = cuts().rfind(|at| pieces(&part[*at..]));
    if let Some(at) = two {
        return Some(format!("{} {}", &part[..at], &part[at..]));
    }
    cuts().collect::<Vec<_>>().into_iter().rev().find_map(|first| {
        let rest = &part[first..];
        let inner = (3..rest.len().saturating_sub(2))
            .rev()
            .find(|at| pieces(&rest[..*at]) && pieces(&rest[*at..]))?;
        Some(format!("{} {} {}", &part[..first], &rest[..inner], &rest[inner..]))
    })
}

/// True for names that say that their values are logarithms: `lwage`, `ln_sales`.
pub(super) fn is_logarithm(name: &str) -> bool {
    spelled_out(name, 0).split(' ').any(|word| word == "log")
}

fn resolved(part: &str) -> String {
    let known = |piece: &str| -> Option<String> {
        if let Some(word) = LEXICON.abbreviations.get(piece) {
            return Some(word.clone());
        }
        let is_word =
            LEXICON.words.contains(piece) || (piece.len() >= 4 && LEXICON.units(&stem(piece)).is_some());
        is_word.then(|| piece.to_owned())
    };
    if let Some(word) = known(part) {
        return word;
    }
    // the number of a thing: `firmid`
    if let Some(thing) = part.strip_suffix("id").and_then(known) {
        return thing;
    }
    // a transformed or counted variable: `lwage`, `lnearn`, `nchild`
    for (prefix, word) in [("log", "log"), ("ln", "log"), ("l", "log"), ("num", "number"), ("n", "number")] {
        // `lnhr`: two letters are a known abbreviation after the whole prefix of a logarithm
        let least = if prefix.len() >= 2 && word == "log" { 2 } else { 3 };
        if let Some(rest) = part.strip_prefix(prefix).filter(|rest| rest.len() >= least).and_then(known) {
            return format!("{word} {rest}");
        }
    }
    // a word is not two joined ones: `bycatch`
    if part.len() >= 5 && is_word(part) {
        return part.to_owned();
    }
    // a short form with the letter of a unit: `eduy`
    if let Some(short) = part.strip_suffix('y').filter(|rest| rest.len() >= 3)
        && let Some(word) = LEXICON.abbreviations.get(short)
    {
        return format!("{word} years");
    }
    // two joined words or abbreviations: `fatheduc`, `hhinc`
    for (at, _) in part.char_indices().filter(|(at, _)| *at >= 2 && part.len() - at >= 3) {
        if let (Some(first), Some(second)) = (known(&part[..at]), known(&part[at..])) {
            return format!("{first} {second}");
        }
    }
    // a known word after or before a few letters: `tvhours`, `rincome`
    for (at, _) in part.char_indices().filter(|(at, _)| (1..=3).contains(at) && part.len() - at >= 4) {
        if let Some(word) = known(&part[at..]) {
            return format!("{} {word}", &part[..at]);
        }
    }
    let short = |piece: &str| known(piece).or_else(|| LEXICON.abbreviated(piece).map(str::to_owned));
    if let Some(word) = LEXICON.abbreviated(part) {
        return word.to_owned();
    }
    for (at, _) in part.char_indices().filter(|(at, _)| *at >= 3 && part.len() - at >= 2) {
        if let (Some(first), Some(second)) = (short(&part[..at]), short(&part[at..])) {
            return format!("{first} {second}");
        }
    }
    split_words(part).unwrap_or_else(|| part.to_owned())
}
