//! The warnings of a run as sentences, in the words of the console: what a check found, what that means for the results
//! and what to do.

use std::sync::LazyLock;

use super::Language;
use super::number::whole_or_fixed;
use super::words::{File, file, key_of, name, pick};
use crate::domain::run::RunCheck;

static FOUND: LazyLock<File> = LazyLock::new(|| file(include_str!("../../assets/console/i18n/checks.js")));
static OF_PLANS: LazyLock<File> =
    LazyLock::new(|| file(include_str!("../../assets/report/plan_remarks.json")));
static MEANING: LazyLock<File> = LazyLock::new(|| file(include_str!("../../assets/console/i18n/lights.js")));

fn words(from: &File, key: &str, language: Language) -> Option<String> {
    from.get(key_of(language)).and_then(|words| words.get(key)).cloned()
}

/// What a check found, as a sentence.
pub(super) fn found(id: &str, language: Language) -> String {
    let sentence =
        words(&FOUND, &format!("found.{id}.not"), language).or_else(|| words(&OF_PLANS, id, language));
    sentence.unwrap_or_else(|| format!("{}{}", name(id, language), pick(language, ".", "。")))
}

/// What a check that warns found, and what that means for the results.
pub fn warning_words(id: &str, language: Language) -> String {
    let meaning = words(&MEANING, &format!("light.{id}"), language);
    let found = found(id, language);
    let stem = found.trim_end_matches(['.', '。']);
    // where the meaning begins with what was found it is said once
    let alone = Some(found.clone()).filter(|_| !meaning.as_ref().is_some_and(|text| text.starts_with(stem)));
    let sentences: Vec<String> = alone.into_iter().chain(meaning).collect();
    sentences.join(&pick(language, " ", ""))
}

/// Checks whose value has one meaning in all analyses, with the words around it. A number of any other check means something else
/// in each analysis, and a reader who does not know which learns nothing from it.
const VALUES: [(&str, &str, &str); 10] = [
    ("few_clusters", "{n} clusters", "{n} 个聚类"),
    ("missing_loss", "{share} lost", "损失 {share}"),
    ("singleton_groups", "{n} rows", "{n} 行"),
    ("too_few_studies", "{n} studies", "{n} 项研究"),
    ("weak_iv", "F = {n}", "F = {n}"),
    ("ar2", "p = {n}", "p = {n}"),
    ("density_jump", "p = {n}", "p = {n}"),
    ("overid_reject", "p = {n}", "p = {n}"),
    ("ph_violation", "p = {n}", "p = {n}"),
    ("serial_correlation", "p = {n}", "p = {n}"),
];

/// The value of a check with its meaning; none where it has no one meaning.
fn value_words(check: &RunCheck, language: Language) -> Option<String> {
    let (_, en, zh) = VALUES.into_iter().find(|(id, ..)| *id == check.id)?;
    let value = check.value.as_deref()?.trim().parse::<f64>().ok().filter(|x| x.is_finite())?;
    let words = pick(language, en, zh).replace("{share}", &format!("{}%", whole_or_fixed(value * 100.0, 1)));
    Some(words.replace("{n}", &whole_or_fixed(value, 4)))
}

/// A warning with its meaning, the message of the run and what the check counted or computed.
pub(super) fn warning(check: &RunCheck, language: Language) -> String {
    let details: Vec<String> =
        check.message.clone().into_iter().chain(value_words(check, language)).collect();
    let details = match details.as_slice() {
        [] => String::new(),
        all => {
            let all = all.join(&pick(language, ", ", "，"));
            pick(language, &format!(" ({all})"), &format!("（{all}）"))
        }
    };
    let text = warning_words(&check.id, language);
    pick(language, &format!("Warning: {text}{details}"), &format!("警告：{text}{details}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: &str, value: &str) -> RunCheck {
        RunCheck {
            id: id.to_owned(),
            status: "warn".to_owned(),
            value: Some(value.to_owned()),
            message: None,
            acknowledged: false,
        }
    }

    #[test]
    fn a_warning_is_a_sentence_and_no_code_and_its_number_has_a_meaning() {
        let text = warning(&check("unequal_var", "3.2722847034238227e-07"), Language::En);
        assert_eq!(
            text,
            "Warning: The variances differ between groups. The groups do not spread equally. Read the version that \
             allows unequal variances."
        );
        let ends = |id: &str, value: &str, language: Language, end: &str| {
            let text = warning(&check(id, value), language);
            assert!(text.ends_with(end) && !text.contains(id), "{text}");
        };
        ends("missing_loss", "2.4285714285714285e-01", Language::En, " (24.3% lost)");
        ends("missing_loss", "2.4285714285714285e-01", Language::Zh, "（损失 24.3%）");
        ends("few_clusters", "4", Language::En, " (4 clusters)");
        ends("overid_reject", "0.0123", Language::En, " (p = 0.0123)");
        ends("weak_iv", "", Language::En, ".");
    }

    #[test]
    fn what_a_plan_remarks_has_words_in_both_languages() {
        let keys = |language| OF_PLANS[key_of(language)].keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(Language::En), keys(Language::Zh));
        assert_eq!(
            found("swapped_panel", Language::En),
            "The unit of the panel holds years, and its time holds none."
        );
    }

    /// Every check that a body can raise as a warning.
    #[test]
    fn every_warning_of_the_library_has_its_sentence_and_its_meaning_in_both_languages() {
        let library = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/stata_do_library");
        let raised = regex::Regex::new(r"(?m)^\s*ss_check (\w+),[^\n]*\bwarn\(").expect("a pattern");
        let mut ids = std::collections::BTreeSet::new();
        for folder in ["do", "ado"] {
            for file in std::fs::read_dir(library.join(folder)).expect("a folder") {
                let text = std::fs::read_to_string(file.expect("a file").path()).unwrap_or_default();
                ids.extend(raised.captures_iter(&text).map(|found| found[1].to_owned()));
            }
        }
        assert!(ids.len() >= 50, "{}", ids.len());
        let has = |from: &File, key: String| {
            [Language::En, Language::Zh].iter().all(|l| words(from, &key, *l).is_some())
        };
        let without: Vec<&String> = ids
            .iter()
            .filter(|id| !has(&FOUND, format!("found.{id}.not")) || !has(&MEANING, format!("light.{id}")))
            .collect();
        assert!(without.is_empty(), "{without:?}");
    }
}
