//! Splits a text into units that can be compared: a concept of the lexicon, a word by its stem, or a Chinese word.

use std::collections::BTreeSet;
use std::ops::Range;

use super::super::tokens::{is_han, stem};
use super::chinese::{glosses, is_known};
use super::lexicon::{LEXICON, LONGEST, key};
use word_knowledge as knowledge;

/// One unit of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unit {
    /// What it may mean, with the strength of each.
    pub(super) options: Vec<(String, f64)>,
    /// Bytes of the text.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Says little: `year`, `level`, 程度.
    pub(super) generic: bool,
    /// Only joins others: `of`, `the`, 的.
    pub(super) connector: bool,
    /// Chinese.
    pub(super) han: bool,
    /// The word that was meant, where the text has it misspelt.
    pub(super) spelled: Option<String>,
}

/// Concepts of a first measurement, and of a later one.
pub(super) const EARLY: [&str; 3] = ["@before", "@baseline", "@midterm"];
const LATE: [&str; 2] = ["@after", "@final"];
/// Chinese words for what rows are about, which stand in the names of many columns: 企业规模, 家庭年收入.
const OF_UNITS: [&str; 8] = ["企业", "公司", "家庭", "个人", "学校", "医院", "学生", "患者"];

impl Unit {
    fn is_one_of(&self, concepts: &[&str]) -> bool {
        self.options.iter().any(|(option, strength)| *strength >= 1.0 && concepts.contains(&option.as_str()))
    }

    /// True for Chinese words for what rows are about.
    pub(super) fn is_of_units(&self) -> bool {
        self.han && self.options.iter().any(|(option, _)| OF_UNITS.contains(&option.as_str()))
    }

    /// True for words that say that something was measured first: `baseline`, 期中.
    pub(super) fn is_early(&self) -> bool {
        self.is_one_of(&EARLY)
    }

    /// True for words that say when something was measured, not what: `baseline`, `after`.
    pub(super) fn is_time_of_measurement(&self) -> bool {
        self.is_early() || self.is_one_of(&LATE)
    }
}

/// Leaves words only themselves, not what they may abbreviate: the value `HR` is a department, not an hour.
pub(super) fn as_written(units: &mut [Unit]) {
    units.iter_mut().for_each(|unit| unit.options.truncate(1));
}

/// Takes their meaning from the words in a part of a text: they name no column.
pub(super) fn forget(units: &mut [Unit], part: Range<usize>) {
    let within = |unit: &&mut Unit| part.start <= unit.start && unit.end <= part.end;
    units.iter_mut().filter(within).for_each(|unit| unit.options.clear());
}

/// Words that a text may use beyond the lexicon: those of the columns.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    pub(super) han: BTreeSet<String>,
    pub(super) words: Words,
    /// Words of the phrases; they are no misspelt columns.
    pub(super) cues: Words,
    /// True where no name is Chinese: a Chinese word of several known ones stays whole, because it is translated as a whole.
    pub(super) compounds: bool,
    /// The concepts of the columns, once they are known: a phrase that no column has is read by its words.
    pub(super) concepts: Option<BTreeSet<String>>,
}

impl Vocabulary {
    /// True for a phrase of a concept that a column has, or where the columns are not known.
    fn may_name(&self, phrase: &str) -> bool {
        let has = |concepts: &BTreeSet<String>| {
            let units = LEXICON.units(phrase).unwrap_or_default();
            units.iter().any(|(unit, _)| concepts.contains(unit))
        };
        self.concepts.as_ref().is_none_or(has)
    }
}

/// Words with their stems.
#[derive(Debug, Default, Clone)]
pub(super) struct Words {
    pub(super) words: BTreeSet<String>,
    stems: BTreeSet<String>,
}

impl Words {
    pub(super) fn insert(&mut self, word: String) {
        self.stems.insert(stem(&word));
        self.words.insert(word);
    }
}

impl FromIterator<String> for Words {
    fn from_iter<T: IntoIterator<Item = String>>(words: T) -> Self {
        let words: BTreeSet<String> = words.into_iter().collect();
        Self { stems: words.iter().map(|w| stem(w)).collect(), words }
    }
}

struct Token {
    text: String,
    start: usize,
    end: usize,
}

/// Returns the units of a text, in order.
pub(super) fn units(text: &str, vocabulary: &Vocabulary) -> Vec<Unit> {
    let lower = text.to_ascii_lowercase();
    let mut out = Vec::new();
    let mut run: Vec<Token> = Vec::new();
    let mut han: Vec<(usize, char)> = Vec::new();
    let mut word: Option<Token> = None;
    for (at, c) in lower.char_indices().chain(std::iter::once((lower.len(), '\n'))) {
        let is_word = (c.is_alphanumeric() || c == '_') && !is_han(c);
        if is_word {
            let token = word.get_or_insert_with(|| Token { text: String::new(), start: at, end: at });
            token.text.push(c);
            token.end = at + c.len_utf8();
        } else if let Some(token) = word.take() {
            run.push(token);
        }
        if is_han(c) {
            phrases(&mut run, vocabulary, &mut out);
            han.push((at, c));
        } else if !han.is_empty() {
            chinese(&han, vocabulary, &mut out);
            han.clear();
        }
        if matches!(
            c,
            '.' | ',' | ';' | ':' | '?' | '!' | '\n' | '，' | '。' | '？' | '、' | '：' | '；' | '(' | ')'
        ) {
            phrases(&mut run, vocabulary, &mut out);
        }
    }
    out
}

/// Splits words of other scripts: the longest phrases that the lexicon knows.
fn phrases(run: &mut Vec<Token>, vocabulary: &Vocabulary, out: &mut Vec<Unit>) {
    let stems: Vec<String> = run.iter().map(|t| stem(&t.text)).collect();
    // a misspelt word may be part of a phrase: "reaktion time"
    let meant = |t: &Token| spelling(&t.text, vocabulary).map_or_else(|| stem(&t.text), |word| stem(&word));
    let meant: Vec<String> = run.iter().map(meant).collect();
    let mut at = 0;
    while at < run.len() {
        let phrase = |words: &[String]| {
            (at + 1..=run.len().min(at + LONGEST)).rev().find_map(|end| {
                let key = words[at..end].join(" ");
                let known = LEXICON.is_idiom(&key)
                    || (end > at + 1
                        && LEXICON.units(&key).is_some()
                        && (!compares(&words[at]) || vocabulary.may_name(&key)));
                known.then_some((end, key))
            })
        };
        let found = phrase(&stems).or_else(|| phrase(&meant));
        let (end, key) = found.unwrap_or_else(|| (at + 1, stems[at].clone()));
        let (start, stop) = (run[at].start, run[end - 1].end);
        if LEXICON.is_idiom(&key) {
            out.push(Unit {
                options: Vec::new(),
                start,
                end: stop,
                generic: false,
                connector: false,
                han: false,
                spelled: None,
            });
        } else if end > at + 1 {
            let mut options = LEXICON.units(&key).unwrap_or_default().to_vec();
            options.extend(heads(&key));
            out.push(Unit {
                options,
                start,
                end: stop,
                generic: false,
                connector: false,
                han: false,
                spelled: None,
            });
        } else if !matches!(run[at].text.as_str(), "s" | "t") {
            out.push(single(&run[at], vocabulary));
        }
        at = end;
    }
    run.clear();
}

/// True for the stem of a word that says how much of something there is: "bigger families".
fn compares(stem: &str) -> bool {
    let sizes = "big bigger larg large larger small smaller rich richer poor poorer old older new newer";
    sizes.split(' ').any(|size| size == stem)
}

/// Words for anybody, which alone name no column.
pub(super) const ANYBODY: [&str; 4] = ["people", "person", "persons", "individuals"];

/// Strength of a word of a known phrase.
const PART: f64 = 0.6;

/// The words of a known phrase that may name the same thing: "size" of "household size", not "milk" of "price of milk".
fn heads(phrase: &str) -> impl Iterator<Item = (String, f64)> {
    let head = phrase.split(' ').take_while(|word| *word != "of");
    head.filter(|w| !LEXICON.is_generic(w) && !LEXICON.is_connector(w)).map(|w| (w.to_owned(), PART))
}

/// Strength of the present of an irregular past.
const PAST: f64 = 0.9;
/// Irregular verbs with their present, which names have in either form: `tix_sold`, "sell".
const IRREGULAR: [(&str, &str); 24] = [
    ("sold", "sell"),
    ("paid", "pay"),
    ("spent", "spend"),
    ("grew", "grow"),
    ("grown", "grow"),
    ("won", "win"),
    ("lost", "lose"),
    ("bought", "buy"),
    ("fell", "fall"),
    ("drove", "drive"),
    ("driven", "drive"),
    ("slept", "sleep"),
    ("caught", "catch"),
    ("broke", "break"),
    ("broken", "break"),
    ("ate", "eat"),
    ("eaten", "eat"),
    ("taught", "teach"),
    ("worn", "wear"),
    ("wore", "wear"),
    ("ran", "run"),
    ("sent", "send"),
    ("burnt", "burn"),
    ("fed", "feed"),
];

fn base_of(word: &str) -> Option<&'static str> {
    IRREGULAR.iter().find(|(past, _)| *past == word).map(|(_, base)| *base)
}

fn single(token: &Token, vocabulary: &Vocabulary) -> Unit {
    let spelled = spelling(&token.text, vocabulary);
    let word = spelled.as_deref().unwrap_or(&token.text);
    let root = stem(word);
    let strength = if spelled.is_some() { 0.85 } else { 1.0 };
    let mut options = vec![(root.clone(), strength)];
    let concepts = LEXICON.units(&root).unwrap_or_default();
    options.extend(concepts.iter().map(|(unit, s)| (unit.clone(), s * strength)));
    options.extend(base_of(word).map(|base| (base.to_owned(), PAST)));
    if let (Some(meaning), true) = (LEXICON.abbreviations.get(word), concepts.is_empty()) {
        let meant = LEXICON.units(&key(meaning)).unwrap_or_default();
        options.extend(meant.iter().map(|(unit, s)| (unit.clone(), s * strength)));
    }
    Unit {
        options,
        start: token.start,
        end: token.end,
        generic: LEXICON.is_generic(&root) && concepts.is_empty() || ANYBODY.contains(&word),
        connector: LEXICON.is_connector(word),
        han: false,
        spelled,
    }
}

/// Returns the known word that an unknown one most probably means: one or two letters apart, with the same first
/// letter.
fn spelling(word: &str, vocabulary: &Vocabulary) -> Option<String> {
    let length = word.chars().count();
    if length < 4 || word.chars().any(|c| c.is_ascii_digit() || c == '_') {
        return None;
    }
    let root = stem(word);
    let known = |set: &Words| set.words.contains(word) || set.stems.contains(&root);
    if LEXICON.units(&root).is_some()
        || LEXICON.is_generic(&root)
        || LEXICON.abbreviations.contains_key(word)
        || LEXICON.parts.contains(word)
        || LEXICON.ordinary.contains(word)
        || knowledge::is_word(word)
        || known(&vocabulary.words)
        || vocabulary.cues.words.contains(word)
        // a short word with the stem of another may still be misspelt: `maks`
        || (length >= 6 && known(&vocabulary.cues))
    {
        return None;
    }
    let most = if length >= 9 { 2 } else { 1 };
    let candidates = vocabulary.words.words.iter().chain(&vocabulary.cues.words).chain(&LEXICON.words);
    let candidates = candidates.chain(LEXICON.parts.iter().filter(|part| part.len() >= 6));
    candidates
        .filter(|c| c.len() >= 4 && c.chars().next() == word.chars().next())
        .map(|c| (strsim::osa_distance(word, c), c))
        .filter(|(distance, _)| *distance <= most)
        .min_by(|a, b| a.0.cmp(&b.0))
        .map(|(_, c)| c.clone())
}

/// Strength of the English words of a Chinese one.
const GLOSS: f64 = 0.9;

/// What an English word or phrase of a Chinese word may mean.
fn in_english(gloss: &str) -> Vec<(String, f64)> {
    let key = key(gloss);
    let concepts = LEXICON.units(&key).unwrap_or_default().iter();
    let mut options: Vec<(String, f64)> = concepts.map(|(unit, s)| (unit.clone(), s * GLOSS)).collect();
    if key.contains(' ') {
        options.extend(heads(&key));
    }
    options.push((key, GLOSS));
    options
}

/// The end of a Chinese word that is read by its parts where no column has what it means: 收入差距, a gap in incomes.
const GAP: &str = "差距";

/// Longest Chinese word, in characters.
const LONGEST_HAN: usize = 12;

/// Returns where the words of a Chinese text end: as few characters as possible belong to no word of the lexicon or of the
/// columns, then as few words as possible; between equal ways the one whose last words are longer, so that 工会成员工资 ends
/// with 工资 also where 成员 is unknown.
fn ends_of_words(run: &[(usize, char)], vocabulary: &Vocabulary) -> Vec<usize> {
    // for each end: unknown characters and words up to it, and where its last word begins
    let mut best = vec![(0_usize, 0_usize, 0_usize)];
    for end in 1..=run.len() {
        let way = |start: usize| {
            let word: String = run[start..end].iter().map(|(_, c)| *c).collect();
            let listed = || is_known(&word) && (vocabulary.compounds || !is_compound(&word, vocabulary));
            let listed_as = LEXICON.knows_han(&word)
                && (!word.ends_with(GAP) || LEXICON.is_idiom(&word) || vocabulary.may_name(&word));
            let knows = listed_as || vocabulary.han.contains(&word) || listed();
            let (unknown, words, _) = best[start];
            (knows || end - start == 1).then(|| (unknown + usize::from(!knows), words + 1, start))
        };
        let found = (end.saturating_sub(LONGEST_HAN)..end).filter_map(way).min();
        best.push(found.expect("a character is a word"));
    }
    let mut ends = Vec::new();
    let mut end = run.len();
    while end > 0 {
        ends.push(end);
        end = best[end].2;
    }
    ends.reverse();
    ends
}

/// True for a Chinese word that is made of two known ones, or has a piece of a name: 住院费用, 不良反应发生率 where a column is
/// 不良反应. Next to Chinese names its parts are compared.
fn is_compound(word: &str, vocabulary: &Vocabulary) -> bool {
    let known = |part: &str| LEXICON.knows_han(part) || is_known(part);
    let splits = |first: &str, second: &str| {
        let long = |part: &str| part.chars().count() >= 2;
        let named = |part: &str| long(part) && vocabulary.han.contains(part);
        named(first) || named(second) || long(first) && long(second) && known(first) && known(second)
    };
    word.char_indices().skip(1).any(|(at, _)| splits(&word[..at], &word[at..]))
}

/// Splits Chinese into words that the lexicon or the columns know, else single characters.
fn chinese(run: &[(usize, char)], vocabulary: &Vocabulary, out: &mut Vec<Unit>) {
    let mut at = 0;
    for end in ends_of_words(run, vocabulary) {
        let text: String = run[at..end].iter().map(|(_, c)| *c).collect();
        let (start, last) = (run[at].0, run[end - 1]);
        let idiom = LEXICON.is_idiom(&text);
        let concepts = LEXICON.units(&text).unwrap_or_default();
        let english = glosses(&text).flat_map(in_english);
        let all = concepts.iter().cloned().chain(english).chain([(text.clone(), 1.0)]);
        out.push(Unit {
            options: if idiom { Vec::new() } else { all.collect() },
            start,
            end: last.0 + last.1.len_utf8(),
            generic: (LEXICON.is_generic(&text) || text.chars().count() == 1) && concepts.is_empty(),
            connector: ["的", "时"].contains(&text.as_str()),
            han: true,
            spelled: None,
        });
        at = end;
    }
}
