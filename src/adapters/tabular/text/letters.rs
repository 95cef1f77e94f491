//! Corrects the statistical guess of an encoding where a file has few letters: whether its words outside ASCII can be
//! words of the guessed encoding, of GB 2312 or of windows-1251.

use std::collections::BTreeSet;

use encoding_rs::{
    Encoding, GB18030, GBK, IBM866, ISO_8859_7, ISO_8859_8, ISO_8859_8_I, KOI8_R, KOI8_U, WINDOWS_1251,
    WINDOWS_1253, WINDOWS_1255,
};

/// More different words than this are enough for statistics.
const FEW_WORDS: usize = 64;
/// Longer words are none; they are kept up to here.
const LONGEST: usize = 128;
/// The longest Cyrillic or Greek word has to have so many letters to stand against Chinese: `Да` alone is as well `泥`.
const LONG_WORD: usize = 4;

/// The different words with bytes outside ASCII: runs of such bytes with the ASCII letters beside them.
#[derive(Debug, Default)]
pub(super) struct Words {
    different: BTreeSet<Vec<u8>>,
    /// A word that the last piece may have cut.
    open: Vec<u8>,
}

impl Words {
    /// Takes in the next piece of the file.
    pub(super) fn add(&mut self, piece: &[u8]) {
        for &byte in piece {
            if self.different.len() > FEW_WORDS {
                return;
            }
            if !byte.is_ascii() || byte.is_ascii_alphabetic() {
                if self.open.len() < LONGEST {
                    self.open.push(byte);
                }
            } else if !self.open.is_empty() {
                self.close();
            }
        }
    }

    fn close(&mut self) {
        if !self.open.is_ascii() {
            self.different.insert(self.open.clone());
        }
        self.open.clear();
    }

    /// The encoding of the words, `guess` where they do not contradict it. GB 18030 takes the place of GBK.
    pub(super) fn corrected(mut self, guess: &'static Encoding) -> &'static Encoding {
        self.close();
        if guess == GBK {
            return GB18030;
        }
        let words = &self.different;
        if words.is_empty() || words.len() > FEW_WORDS || !guess.is_single_byte() {
            return guess;
        }
        if are_chinese(words) && !are_of(words, guess) {
            return GB18030;
        }
        let hebrew = [WINDOWS_1255, ISO_8859_8, ISO_8859_8_I].contains(&guess);
        let unlikely = match hebrew {
            true => !are_hebrew(words, guess),
            false => words.iter().all(|word| is_latin(word, guess)) && !are_latin(words, guess),
        };
        if unlikely && are_russian(words) { WINDOWS_1251 } else { guess }
    }
}

/// True where every run of bytes outside ASCII is pairs of GB 2312, full-width marks or characters, and nearly all
/// characters are common ones (level 1: 0xB0 to 0xD7).
fn are_chinese(words: &BTreeSet<Vec<u8>>) -> bool {
    let (mut common, mut rare) = (0_usize, 0_usize);
    for run in words.iter().flat_map(|word| word.split(u8::is_ascii)).filter(|run| !run.is_empty()) {
        if !run.len().is_multiple_of(2) {
            return false;
        }
        for pair in run.chunks_exact(2) {
            match pair {
                [0xa1..=0xa3, 0xa1..=0xfe] => {}
                [0xb0..=0xd7, 0xa1..=0xfe] => common += 1,
                [0xd8..=0xf7, 0xa1..=0xfe] => rare += 1,
                _ => return false,
            }
        }
    }
    common > 0 && common >= 3 * rare
}

/// True where all words can be words of the guessed encoding.
fn are_of(words: &BTreeSet<Vec<u8>>, guess: &'static Encoding) -> bool {
    let other = [WINDOWS_1251, KOI8_U, KOI8_R, IBM866, WINDOWS_1253, ISO_8859_7].contains(&guess);
    let long = words.iter().any(|word| word.len() >= LONG_WORD);
    are_latin(words, guess) || other && long && words.iter().all(|word| is_cased(word, guess))
}

/// True for words of Latin letters. Letters with accents stand among others, so that half of a word is ASCII.
fn are_latin(words: &BTreeSet<Vec<u8>>, guess: &'static Encoding) -> bool {
    words.iter().all(|word| {
        let ascii = word.iter().filter(|byte| byte.is_ascii()).count();
        is_latin(word, guess) && (ascii * 2 >= word.len() && is_cased(word, guess) || word.len() == 1)
    })
}

fn is_latin(word: &[u8], guess: &'static Encoding) -> bool {
    decoded(word, guess).chars().all(|c| c < '\u{250}')
}

/// True for words of the 33 letters of Russian in windows-1251, and for no word of one letter alone.
fn are_russian(words: &BTreeSet<Vec<u8>>) -> bool {
    let letter = |byte: &u8| matches!(byte, 0xc0..=0xff | 0xa8 | 0xb8);
    words.iter().all(|word| word.iter().all(letter) && is_cased(word, WINDOWS_1251))
        && words.iter().any(|word| word.len() > 1)
}

/// True for words of Hebrew letters whose final forms stand at the end.
fn are_hebrew(words: &BTreeSet<Vec<u8>>, guess: &'static Encoding) -> bool {
    let last_only = |c: char| matches!(c, 'ך' | 'ם' | 'ן' | 'ף' | 'ץ');
    let is_word = |word: &Vec<u8>| {
        let text = decoded(word, guess);
        let mut before_last: Vec<char> = text.chars().collect();
        before_last.pop();
        text.chars().all(|c| ('א'..='ת').contains(&c)) && !before_last.into_iter().any(last_only)
    };
    words.iter().all(is_word)
}

/// True for letters all small, all capital, or the first alone capital.
fn is_cased(word: &[u8], encoding: &'static Encoding) -> bool {
    let text = decoded(word, encoding);
    let small_after_first = text.chars().skip(1).all(char::is_lowercase);
    text.chars().all(char::is_alphabetic) && (small_after_first || text.chars().all(char::is_uppercase))
}

fn decoded(word: &[u8], encoding: &'static Encoding) -> String {
    encoding.decode_without_bom_handling(word).0.into_owned()
}
