//! The words of renderings in English and Chinese: headings of columns, names of tests and measures, remarks. The console
//! reads the same files (`assets/console/codes.js`). Labels of variables come from the data, not from here.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::Language;

/// The key of a language in the files of words.
pub(super) fn key_of(language: Language) -> &'static str {
    match language {
        Language::En => "en",
        Language::Zh => "zh",
    }
}

/// Returns the English or the Chinese form.
pub(super) fn pick(language: Language, en: &str, zh: &str) -> String {
    match language {
        Language::En => en.to_owned(),
        Language::Zh => zh.to_owned(),
    }
}

/// True for Chinese characters and their punctuation.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{303f}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff65}')
}

/// Returns a Chinese text without the blanks between two Chinese characters; others stay.
pub(super) fn closed_up(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let is_between = |at: usize| {
        letters[at] == ' '
            && at > 0
            && is_wide(letters[at - 1])
            && letters.get(at + 1).copied().is_some_and(is_wide)
    };
    (0..letters.len()).filter(|at| !is_between(*at)).map(|at| letters[at]).collect()
}

/// Language → key → text.
pub(super) type File = BTreeMap<String, BTreeMap<String, String>>;

/// Reads a file of words: JSON, or of the console, `export default {…};`.
pub(super) fn file(text: &str) -> File {
    let object = text.trim().trim_start_matches("export default").trim_end_matches(';');
    serde_json::from_str(object).expect("the words are read by the tests")
}

static NAMES: LazyLock<File> = LazyLock::new(|| {
    let mut names = file(include_str!("../../assets/console/i18n/names.js"));
    for (language, words) in file(include_str!("../../assets/console/i18n/names2.js")) {
        names.entry(language).or_default().extend(words);
    }
    names
});

/// Returns the words of a code, a column or a measure; a number at its end stands for itself (`mean_group2`).
pub(super) fn named(code: &str, language: Language) -> Option<String> {
    let words = &NAMES[key_of(language)];
    if let Some(text) = words.get(&format!("col.{code}")) {
        return Some(text.clone());
    }
    let stem = code.trim_end_matches(|c: char| c.is_ascii_digit());
    let text = words.get(&format!("col.{stem}#")).filter(|_| stem.len() < code.len())?;
    Some(text.replace("{n}", &code[stem.len()..]))
}

/// Returns the heading of a column or the name of a measure; unknown ones are the name with blanks.
pub(super) fn name(text: &str, language: Language) -> String {
    if let Some(words) = named(text, language) {
        return words;
    }
    let plain = text.replace('_', " ");
    let mut letters = plain.chars();
    match letters.next() {
        // Short names such as `ll` or `q` are symbols and stay as they are.
        Some(first) if plain.chars().count() > 3 => first.to_uppercase().chain(letters).collect(),
        _ => plain,
    }
}

/// A remark with blanks to fill in: the English text and its Chinese form.
pub(super) struct Remark {
    pattern: Regex,
    blanks: Vec<String>,
    zh: String,
    /// Letters outside of the blanks.
    size: usize,
}

/// The remarks of a file of words, those with more words first.
pub(super) fn patterns(text: &str) -> Vec<Remark> {
    let words = file(text);
    let blank = Regex::new(r"\{(\w)\}").expect("a pattern");
    let mut remarks: Vec<Remark> = words["en"]
        .iter()
        .map(|(key, en)| {
            let fixed: Vec<&str> = blank.split(en).collect();
            let pattern = fixed.iter().map(|text| regex::escape(text)).collect::<Vec<_>>().join("(.+?)");
            Remark {
                pattern: Regex::new(&format!("^{pattern}$")).expect("an escaped text"),
                blanks: blank.captures_iter(en).map(|found| found[1].to_owned()).collect(),
                zh: words["zh"][key].clone(),
                size: fixed.iter().map(|text| text.len()).sum(),
            }
        })
        .collect();
    remarks.sort_by_key(|remark| std::cmp::Reverse(remark.size));
    remarks
}

static REMARKS: LazyLock<Vec<Remark>> =
    LazyLock::new(|| patterns(include_str!("../../assets/console/i18n/notes.js")));

/// Returns the Chinese form of a text that is one of these; none for others.
pub(super) fn translated(remarks: &[Remark], text: &str) -> Option<String> {
    let (remark, values) =
        remarks.iter().find_map(|remark| Some((remark, remark.pattern.captures(text)?)))?;
    let fill = |zh: String, (i, blank): (usize, &String)| zh.replace(&format!("{{{blank}}}"), &values[i + 1]);
    Some(remark.blanks.iter().enumerate().fold(remark.zh.clone(), fill))
}

/// Returns a remark of a table's last column in a language; an unknown one as it is.
pub(super) fn remark(text: &str, language: Language) -> String {
    let found = match language {
        Language::En => None,
        Language::Zh => translated(&REMARKS, text),
    };
    found.unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_are_readable() {
        assert_eq!(name("std_error", Language::En), "Std. error");
        assert_eq!(name("std_error", Language::Zh), "标准误");
        assert_eq!(name("conflicting_keys", Language::En), "Conflicting keys");
        assert_eq!(name("w", Language::En), "w");
    }

    #[test]
    fn blanks_between_chinese_characters_are_taken_out() {
        assert_eq!(
            closed_up("研发强度 每高 1，资产收益率 平均高 0.5"),
            "研发强度每高 1，资产收益率平均高 0.5"
        );
        assert_eq!(closed_up("按 firm 聚类"), "按 firm 聚类");
    }

    #[test]
    fn a_number_at_the_end_stands_for_itself() {
        assert_eq!(name("mean_group2", Language::En), "Mean, group 2");
        assert_eq!(name("mean_group2", Language::Zh), "均值（组 2）");
        assert_eq!(named("q2", Language::En), None);
    }

    #[test]
    fn remarks_keep_what_they_name() {
        assert_eq!(remark("F test of equal means", Language::Zh), "均值相等的 F 检验");
        assert_eq!(remark("739 of 797 rows in memory", Language::Zh), "内存中 797 行，使用 739 行");
        assert_eq!(
            remark("F of the excluded instruments, clusters of town", Language::Zh),
            "排除的工具变量的 F，按 town 聚类"
        );
        assert_eq!(remark("739 of 797 rows in memory", Language::En), "739 of 797 rows in memory");
        assert_eq!(remark("no such remark", Language::Zh), "no such remark");
    }
}
