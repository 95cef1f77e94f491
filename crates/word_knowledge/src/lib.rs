//! Which words mean nearly the same: related words of WordNet, and word vectors. `scripts/suggest/word_knowledge.py` makes
//! the tables and says how they are laid out; `assets/suggest/README.md` has their sources and licences. Nothing is
//! read before a question needs it.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{LazyLock, Mutex, PoisonError};

/// Unit vectors times 127, by word.
struct Vectors {
    words: usize,
    dimensions: usize,
    ends: &'static [u8],
    texts: &'static [u8],
    values: &'static [u8],
}

static VECTORS: LazyLock<Vectors> = LazyLock::new(|| {
    let bytes: &'static [u8] = include_bytes!("../../../assets/suggest/vectors.bin");
    let (head, rest) = bytes.split_at(8);
    let (words, dimensions) = (whole(head, 0), whole(head, 1));
    let (ends, rest) = rest.split_at(4 * words);
    let (texts, values) = rest.split_at(whole(ends, words - 1));
    Vectors { words, dimensions, ends, texts, values }
});

/// The integer at a place of a table of 32-bit integers.
fn whole(bytes: &[u8], at: usize) -> usize {
    let four = bytes[4 * at..4 * at + 4].first_chunk::<4>().expect("four bytes");
    usize::try_from(u32::from_le_bytes(*four)).expect("32 bits fit")
}

impl Vectors {
    fn text(&self, at: usize) -> &'static [u8] {
        let start = if at == 0 { 0 } else { whole(self.ends, at - 1) };
        &self.texts[start..whole(self.ends, at)]
    }

    fn position(&self, word: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.words);
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.text(middle).cmp(word.as_bytes()) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    fn vector(&self, at: usize) -> &'static [u8] {
        &self.values[at * self.dimensions..(at + 1) * self.dimensions]
    }
}

/// The cosine of two vectors of unit length times 127.
fn product(a: &[u8], b: &[u8]) -> f64 {
    let pairs = a.iter().zip(b);
    let sum: i32 = pairs.map(|(x, y)| i32::from(x.cast_signed()) * i32::from(y.cast_signed())).sum();
    f64::from(sum) / (127.0 * 127.0)
}

/// Returns true for the usual words of English, in all their forms.
pub fn is_word(word: &str) -> bool {
    VECTORS.position(word).is_some()
}

/// How alike the uses of two words are: the cosine of their vectors, −1 to 1. None for rare words.
pub fn cosine(a: &str, b: &str) -> Option<f64> {
    let (a, b) = (VECTORS.position(a)?, VECTORS.position(b)?);
    Some(product(VECTORS.vector(a), VECTORS.vector(b)))
}

/// A word with the cosine of its vector and that of another.
type Near = (&'static str, f64);

/// The nearest words of those that were asked for, by position; at most as many as there are words.
static NEAREST: LazyLock<Mutex<BTreeMap<usize, Vec<Near>>>> = LazyLock::new(Mutex::default);
/// How many of the nearest words are known of each word.
pub const NEAR: usize = 30;
/// Least cosine of near words.
pub const NEAR_ENOUGH: f64 = 0.48;

/// The words whose uses are most like those of a word, at most [`NEAR`], with cosines from [`NEAR_ENOUGH`] on, the nearest first.
pub fn nearest(word: &str) -> Vec<Near> {
    let Some(at) = VECTORS.position(word) else { return Vec::new() };
    let known = NEAREST.lock().unwrap_or_else(PoisonError::into_inner).get(&at).cloned();
    known.unwrap_or_else(|| {
        let near = nearest_of(at);
        NEAREST.lock().unwrap_or_else(PoisonError::into_inner).insert(at, near.clone());
        near
    })
}

fn nearest_of(at: usize) -> Vec<Near> {
    let own = VECTORS.vector(at);
    let others = (0..VECTORS.words).filter(|other| *other != at);
    let all = others.map(|other| (other, product(own, VECTORS.vector(other))));
    let mut near: Vec<(usize, f64)> = all.filter(|(_, cosine)| *cosine >= NEAR_ENOUGH).collect();
    near.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    near.truncate(NEAR);
    let text = |at| std::str::from_utf8(VECTORS.text(at)).expect("the words are ASCII");
    near.into_iter().map(|(at, cosine)| (text(at), cosine)).collect()
}

/// The lines of the related words, by word.
static RELATED: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| {
    let packed: &[u8] = include_bytes!("../../../assets/suggest/wordnet.txt.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).expect("the table is read by the tests");
    let text: &'static str = Box::leak(text.into_boxed_str());
    text.lines().filter_map(|line| line.split_once(' ')).collect()
});

/// The words that WordNet relates to a word, with the strength of the relation: 0.9 for synonyms and derived words,
/// 0.6 for those of the concept above or below.
pub fn related(word: &str) -> impl Iterator<Item = (&'static str, f64)> {
    let line = RELATED.get(word).copied().unwrap_or_default();
    line.split(' ').filter_map(|entry| {
        let (weight, other) = entry.split_once(':')?;
        Some((other, if weight == "9" { 0.9 } else { 0.6 }))
    })
}

/// How strongly WordNet relates two words, if it does.
pub fn relation(word: &str, other: &str) -> Option<f64> {
    related(word).filter(|(found, _)| *found == other).map(|(_, strength)| strength).reduce(f64::max)
}

/// The forms under which a word is looked up: as it is, and without the endings of plural, tense and comparison.
pub fn forms(word: &str) -> Vec<String> {
    let mut out = vec![word.to_owned()];
    let endings = [
        ("ies", "y"),
        ("es", ""),
        ("s", ""),
        ("ied", "y"),
        ("ed", ""),
        ("ed", "e"),
        ("ing", ""),
        ("ing", "e"),
        ("ier", "y"),
        ("er", ""),
        ("er", "e"),
        ("iest", "y"),
        ("est", ""),
        ("est", "e"),
    ];
    for (ending, put) in endings {
        let Some(rest) = word.strip_suffix(ending).filter(|rest| rest.len() >= 3) else { continue };
        let mut bases = vec![format!("{rest}{put}")];
        // a doubled consonant before the ending
        let mut last = rest.chars().rev();
        if put.is_empty() && last.next().is_some_and(|c| last.next() == Some(c)) {
            bases.push(rest[..rest.len() - 1].to_owned());
        }
        out.extend(bases.into_iter().filter(|base| is_word(base)));
    }
    out.dedup();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_read() {
        assert!(is_word("aircraft") && is_word("planes") && !is_word("srvr"));
        assert!(cosine("planes", "aircraft").is_some_and(|c| c > 0.7));
        assert!(cosine("planes", "honey").is_some_and(|c| c < 0.3));
        assert!(nearest("aircraft").iter().any(|(word, _)| *word == "planes"));
        // WordNet 3.0: waiter, server
        assert!(related("waiter").any(|(word, weight)| word == "server" && weight > 0.8));
        assert!(relation("waiter", "server") > Some(0.8) && relation("waiter", "honey").is_none());
        assert!(forms("thinned").contains(&"thin".to_owned()), "{:?}", forms("thinned"));
    }
}
