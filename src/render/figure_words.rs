//! The words of a figure in the language of a report: titles, axes, legends and notes of a drawing, which the run writes in
//! English. Ticks, and texts of the data, stay as they are.

use std::sync::LazyLock;

use quick_xml::escape::{escape, unescape};
use regex::{Captures, Regex};

use super::Language;
use super::words::{Remark, patterns, translated};

static WORDS: LazyLock<Vec<Remark>> =
    LazyLock::new(|| patterns(include_str!("../../assets/report/figures.json")));

/// Texts of a drawing that have a class of words.
static TEXTS: LazyLock<Regex> = LazyLock::new(|| {
    let classes = "title|subtitle|panel-title|axis-title|legend|legend-title|note|footer";
    Regex::new(&format!(r#"(<text [^>]*class="(?:{classes})"[^>]*>)([^<]*)(</text>)"#)).expect("a pattern")
});

/// Returns a drawing with its words in a language; `is_data` says which texts are those of the data.
pub(super) fn in_language(svg: String, language: Language, is_data: impl Fn(&str) -> bool) -> String {
    if language == Language::En {
        return svg;
    }
    let said = |found: &Captures<'_>| {
        let text = unescape(&found[2]).unwrap_or_default();
        let words = if is_data(&text) { None } else { in_chinese(&text) };
        words.map_or_else(
            || found[0].to_owned(),
            |words| format!("{}{}{}", &found[1], escape(words), &found[3]),
        )
    };
    TEXTS.replace_all(&svg, said).into_owned()
}

/// A text in Chinese; of a note with several parts those that are known.
fn in_chinese(text: &str) -> Option<String> {
    if let Some(whole) = translated(&WORDS, text) {
        return Some(whole);
    }
    let parts: Vec<&str> = text.split("; ").collect();
    let known = |part: &&str| translated(&WORDS, part);
    (parts.len() > 1 && parts.iter().any(|part| known(part).is_some())).then(|| {
        parts
            .iter()
            .map(|part| known(part).unwrap_or_else(|| (*part).to_owned()))
            .collect::<Vec<_>>()
            .join("；")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_axes_and_notes_are_said_in_chinese() {
        let svg = |title: &str, legend: &str, note: &str| {
            format!(
                "<svg><text x=\"1\" class=\"title\">{title}</text><text class=\"tick\">mean</text><text class=\"legend\">{legend}</text>\
                 <text class=\"note\">{note}</text></svg>"
            )
        };
        let english = svg(
            "Linear regression: a &lt; b",
            "control",
            "N = 482; standard errors: robust; open engine, language version 18",
        );
        let of = |language| in_language(english.clone(), language, |text| text == "control");
        assert_eq!(of(Language::En), english);
        let note = "N = 482；标准误：稳健；开源引擎，语言版本 18";
        assert_eq!(of(Language::Zh), svg("线性回归：a &lt; b", "control", note));
        assert!(in_language(english.clone(), Language::Zh, |_| false).contains(">对照组</text>"));
    }
}
