//! Words that say that a question was not answered.

/// Labels of a code without an answer, in small letters and without signs; the whole label, or its beginning where a sign
/// or an explanation follows.
const NO_ANSWER: [&str; 37] = [
    "dont know",
    "do not know",
    "doesnt know",
    "didnt know",
    "dk",
    "dkna",
    "dknr",
    "refused",
    "refusal",
    "refuse",
    "refused to answer",
    "declined to answer",
    "no answer",
    "not answered",
    "no response",
    "nonresponse",
    "non response",
    "not applicable",
    "na",
    "n a",
    "nap",
    "inapplicable",
    "not asked",
    "not ascertained",
    "not available",
    "not stated",
    "missing",
    "missing value",
    "prefer not to say",
    "prefer not to answer",
    "cant say",
    "不知道",
    "拒绝回答",
    "拒答",
    "不适用",
    "缺失",
    "未回答",
];

/// True if a label says that there is no answer.
pub fn is_no_answer(label: &str) -> bool {
    let mut plain = String::with_capacity(label.len());
    for c in label.trim().chars() {
        match c {
            '\'' | '’' | '.' | '`' => {}
            c if c.is_alphanumeric() => plain.extend(c.to_lowercase()),
            // an alternative or an explanation ends the label: "Refused (spontaneous)", "Don't know/refused"
            '/' | '(' | ',' | ';' | ':' if plain.trim().len() > 1 => break,
            _ if plain.ends_with(' ') => {}
            _ => plain.push(' '),
        }
    }
    // a label may repeat its code: "-9 Refused"
    let words = plain.trim().trim_start_matches(|c: char| c.is_ascii_digit()).trim();
    NO_ANSWER.contains(&words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_without_an_answer_are_known_by_the_whole_label() {
        for label in [
            "Don't know",
            "DON’T KNOW",
            "-9 Refused",
            "98. DK",
            "Refused (spontaneous)",
            "N/A",
            "No answer",
            "拒绝回答",
        ] {
            assert!(is_no_answer(label), "{label}");
        }
        for label in [
            "Knows nothing",
            "Refused the offer",
            "None",
            "No",
            "Never",
            "Not at all",
            "Missing teeth",
            "Other",
        ] {
            assert!(!is_no_answer(label), "{label}");
        }
    }
}
