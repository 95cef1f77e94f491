//! Splits questions and descriptions into tokens: English words with plain plural and verb endings taken
//! off, Chinese as single characters and pairs, so that no dictionary is needed.

use std::collections::BTreeMap;

/// Words that say nothing about an analysis.
const STOP_WORDS: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did", "do", "does",
    "for", "from", "had", "has", "have", "how", "i", "if", "in", "into", "is", "it", "its", "may", "me",
    "my", "of", "on", "once", "or", "our", "please", "should", "so", "than", "that", "the", "their", "them",
    "then", "there", "these", "this", "those", "to", "use", "using", "want", "was", "we", "were", "what",
    "when", "which", "while", "who", "why", "will", "with", "would", "you", "your",
];

/// Chinese characters that say nothing about an analysis by themselves.
const STOP_HAN: &[char] = &[
    '的', '了', '和', '与', '及', '在', '是', '有', '对', '中', '为', '于', '以', '并', '或', '这', '那',
    '我', '请',
];

/// True for Chinese characters.
pub(super) fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c) || ('\u{3400}'..='\u{4dbf}').contains(&c)
}

/// Returns the tokens of a text in their order, repeated ones repeated.
pub(super) fn tokens(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    let mut han: Vec<char> = Vec::new();
    for c in text.chars().flat_map(char::to_lowercase).chain(std::iter::once(' ')) {
        if is_han(c) {
            flush_word(&mut word, &mut out);
            han.push(c);
            continue;
        }
        flush_han(&mut han, &mut out);
        if c.is_alphanumeric() {
            word.push(c);
        } else {
            flush_word(&mut word, &mut out);
        }
    }
    out
}

/// Returns for the tokens of a text the words as a person wrote them, for reasons that people read. Single Chinese
/// characters are left out: they are parts of words.
pub(super) fn written_words(text: &str) -> BTreeMap<String, String> {
    let mut written = BTreeMap::new();
    for word in text.split(|c: char| !c.is_alphanumeric() || is_han(c)).filter(|w| !w.is_empty()) {
        for token in tokens(word) {
            written.entry(token).or_insert_with(|| word.to_owned());
        }
    }
    for run in text.split(|c: char| !is_han(c)) {
        for token in tokens(run).into_iter().filter(|t| t.chars().count() > 1) {
            written.entry(token.clone()).or_insert(token);
        }
    }
    written
}

fn flush_word(word: &mut String, out: &mut Vec<String>) {
    if !word.is_empty() && !STOP_WORDS.contains(&word.as_str()) {
        out.push(stem(word));
    }
    word.clear();
}

/// Single characters carry little, pairs most of the meaning; both are tokens.
fn flush_han(han: &mut Vec<char>, out: &mut Vec<String>) {
    for c in han.iter().filter(|c| !STOP_HAN.contains(c)) {
        out.push(c.to_string());
    }
    for pair in han.windows(2) {
        out.push(pair.iter().collect());
    }
    han.clear();
}

/// Takes plain endings off, the same way for questions and descriptions; it need not give a word.
pub(super) fn stem(word: &str) -> String {
    let length = word.chars().count();
    for (ending, rest, put) in [
        ("ies", 3, "y"),
        ("sses", 2, "ss"),
        ("ations", 3, "at"),
        ("ation", 3, "at"),
        ("ings", 3, ""),
        ("ing", 3, ""),
        ("edly", 3, ""),
        ("ed", 3, ""),
        ("es", 3, ""),
        ("s", 3, ""),
        ("e", 3, ""),
    ] {
        if word.ends_with("ss") && ending == "s" {
            continue;
        }
        if let Some(base) = word.strip_suffix(ending)
            && length >= ending.len() + rest
        {
            return format!("{base}{put}");
        }
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_meet() {
        for (a, b) in [("regressions", "regression"), ("clustered", "clusters"), ("effects", "effect")] {
            assert_eq!(tokens(a), tokens(b), "{a} {b}");
        }
        assert_eq!(tokens("What is THE fixed-effect?"), ["fix", "effect"]);
    }

    #[test]
    fn tokens_lead_back_to_the_written_words() {
        let written = written_words("Controlling for experience, 固定效应");
        assert_eq!(written["controll"], "Controlling");
        assert_eq!(written["experienc"], "experience");
        assert_eq!(written["效应"], "效应");
        assert!(!written.contains_key("效"));
    }

    #[test]
    fn chinese_is_split_into_characters_and_pairs() {
        assert_eq!(tokens("固定效应"), ["固", "定", "效", "应", "固定", "定效", "效应"]);
        assert_eq!(tokens("用OLS回归"), ["用", "ols", "回", "归", "回归"]);
    }
}
