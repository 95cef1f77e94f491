//! Meaning of the words around a number, in English and Chinese: direction, bounds, significance, names. Lists
//! of words, not grammar: an unknown wording has no meaning here.

/// Direction that a text expresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
    Both,
    None,
}

const UP: [&str; 16] = [
    "higher",
    "raise",
    "raises",
    "raised",
    "more",
    "increase",
    "increases",
    "increased",
    "rise",
    "rises",
    "grow",
    "grows",
    "larger",
    "positive",
    "positively",
    "gain",
];
const DOWN: [&str; 22] = [
    "lower",
    "lowers",
    "lowered",
    "less",
    "fewer",
    "decrease",
    "decreases",
    "decreased",
    "fall",
    "falls",
    "fell",
    "drop",
    "drops",
    "decline",
    "declines",
    "reduce",
    "reduces",
    "reduced",
    "smaller",
    "negative",
    "negatively",
    "loss",
];
const UP_ZH: [&str; 10] = ["提高", "增加", "上升", "升高", "更高", "较高", "更多", "增长", "正相关", "正向"];
const DOWN_ZH: [&str; 11] =
    ["降低", "减少", "下降", "更低", "较低", "更少", "减小", "负相关", "负向", "缩小", "下滑"];
const BELOW: [&str; 8] = ["<", "≤", "below", "less than", "under", "小于", "低于", "不到"];
const ABOVE: [&str; 9] = [">", "≥", "above", "more than", "greater than", "over", "大于", "高于", "超过"];

fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_ascii_alphabetic()).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

/// The text without what stands in backquotes.
fn outside(text: &str) -> String {
    text.split('`').step_by(2).collect::<Vec<_>>().join(" ")
}

/// Returns the direction that a text says. Words of a bound ("less than") say none.
pub(super) fn direction(text: &str) -> Direction {
    let mut plain = outside(text).to_lowercase();
    for bound in ["less than", "more than", "no more", "no less", "once more", "more likely than not"] {
        plain = plain.replace(bound, " ");
    }
    // "one more year goes with lower pay": the step of the regressor is no direction of the outcome
    for step in ["one more", "1 more", "an additional", "one additional", "每增加", "多一", "增加一", "增加1"]
    {
        plain = plain.replace(step, " ");
    }
    let list = words(&plain);
    let says = |english: &[&str], chinese: &[&str]| {
        list.iter().any(|word| english.contains(&word.as_str()))
            || chinese.iter().any(|word| plain.contains(word))
    };
    match (says(&UP, &UP_ZH), says(&DOWN, &DOWN_ZH)) {
        (true, true) => Direction::Both,
        (true, false) => Direction::Up,
        (false, true) => Direction::Down,
        (false, false) => Direction::None,
    }
}

/// The text before a place, as far as a bound may stand.
fn lead(text: &str, start: usize) -> String {
    let from = start.saturating_sub(14);
    text.chars().skip(from).take(start - from).collect::<String>().to_lowercase()
}

/// True if the text before a number says that something is below it.
pub(super) fn says_below(text: &str, start: usize) -> bool {
    let lead = lead(text, start);
    BELOW.iter().any(|word| lead.contains(word))
}

/// True if the text before a number says that something is above it.
pub(super) fn says_above(text: &str, start: usize) -> bool {
    let lead = lead(text, start);
    ABOVE.iter().any(|word| lead.contains(word))
}

/// Significance that the text expresses; `None` if it expresses none, or both.
pub(super) fn significance(text: &str) -> Option<bool> {
    let plain = outside(text).to_lowercase();
    if !plain.contains("significan") && !plain.contains("显著") {
        return None;
    }
    const DENIED: [&str; 10] = [
        "insignificant",
        "not significant",
        "not statistically significant",
        "no significant",
        "not statistically",
        "no statistically",
        "不显著",
        "没有显著",
        "并不显著",
        "未达到显著",
    ];
    let rest = DENIED.iter().fold(plain.clone(), |rest, word| rest.replace(word, " "));
    let denied = rest != plain;
    let affirmed = rest.contains("significan") || rest.contains("显著");
    // "not … significant" with words between
    let doubtful =
        rest.contains("not ") || rest.contains("n't") || rest.contains("level") || rest.contains("水平");
    match (denied, affirmed) {
        (true, false) => Some(false),
        (false, true) if !doubtful => Some(true),
        _ => None,
    }
}

/// Returns what stands in backquotes, in order.
pub(super) fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Returns the first name that a text speaks of, in backquotes or as a separate word.
pub(super) fn named(text: &str, is_name: impl Fn(&str) -> bool) -> Option<&str> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '#')));
    let plain = words.map(|word| word.trim_matches('.')).filter(|word| !word.is_empty());
    quoted(text).into_iter().chain(plain).find(|name| is_name(name))
}

/// True if the text speaks of the constant by a usual word.
pub(super) fn names_constant(text: &str) -> bool {
    let lower = text.to_lowercase();
    ["constant", "intercept", "常数", "截距"].iter().any(|word| lower.contains(word))
}
