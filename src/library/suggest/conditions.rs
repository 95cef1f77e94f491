//! Conditions on rows that a question states: "Africa only", "in the placebo group", "older than 60", "drop RTs below 200 ms",
//! 第1学期, 剔除未婚. Each is a condition of the sample, and its column is no group and no cause.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::SuggestInput;
use super::rewritten::{is_plain_text, named_at, place_of};
use super::stated_numbers::numbers;
use crate::domain::profile::is_binary;
use crate::library::tokens::is_han;

/// A condition with the words for it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Clause {
    /// Where the question has it.
    pub(super) range: Range<usize>,
    pub(super) column: String,
    /// The words, as they were written.
    pub(super) words: String,
    /// In the grammar of `docs/expressions.md`.
    pub(super) condition: String,
}

/// Words for the people or things of the rows.
const NOUNS: &str = "groups?|arm|patients?|subjects?|participants?|people|persons?|countries|country|students?|pupils|schools?|roads?|firms?|companies|households?|workers?|employees?|women|men|girls|boys|children|adults|speakers?|users?|customers?|regions?|areas?|cases|rows|observations|trials|weeks?|days?|months?|shifts?|seasons?|classes|class|departments?|plots|trees|stores|states|cities|condition|sample|subsample";
const HAN_NOUNS: &str = "组|患者|病人|学生|地区|国家|居民|公司|企业|的?人群?|样本|群体|员工|家庭|者";

/// Patterns before and behind the name of a category.
struct Around {
    only: Regex,
    not: Regex,
    within: Regex,
    alone: Regex,
    end: Regex,
    han_end: Regex,
}

static AROUND: LazyLock<Around> = LazyLock::new(|| {
    let compiled = |pattern: String| Regex::new(&pattern).expect("a pattern");
    Around {
        only: compiled(r"(?:\b(?:only|just|solely|exclusively|restrict(?:ed|ing)? (?:it )?to|limit(?:ed|ing)? (?:it )?to|looking (?:only )?at)(?: the| all| our| for| in| to)* |(?:只看|仅看|只分析|仅分析|只用|只包括|只考虑|仅限于?|限于|针对))$".to_owned()),
        not: compiled(r"(?:\b(?:excluding|exclude|except(?: for)?|leaving out|leave out|drop(?:ping)?|omit(?:ting)?|remov(?:e|ing)|ignoring|other than)(?: the| all| any| our| for)* |(?:去掉|除去|剔除|排除|不含|不包括|除了))$".to_owned()),
        within: compiled(r"(?:(?:^|[\s,(])(?:in|within|for|at|inside|on|among|amongst)(?: the| all| our)* |(?:^|[，,。；;]|在|对于?))$".to_owned()),
        alone: compiled(format!(r"^(?: (?:{NOUNS}))?,? (?:only|alone|exclusively)\b")),
        end: compiled(format!(
            r"^(?:(?: (?:{NOUNS}))?\s*(?:$|[,.?!;)])|(?: (?:{NOUNS}))? (?:between|and control|controlling|adjust\w*|clustered|using|after|before|did|does|do|is|are|was|were|have|has|what|how|which|can)\b)"
        )),
        han_end: compiled(format!(r"^(?:(?:{HAN_NOUNS})(?:里|中|内)?(?:$|[，,。？?的前后])|(?:{HAN_NOUNS})?(?:里|中|内)(?:$|[，,。？?的]))")),
    }
});

/// Words of a comparison, in which one category stands for the contrast with the others.
static COMPARES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:more|less|fewer|higher|lower|better|worse|than|differ\w*|compar\w*|vs|versus|stronger|weaker|larger|smaller|greater|bigger|faster|slower|longer|shorter|older|younger|most|least|best|highest|lowest|likel\w*)\b|wors\w*|synthetic|合成|更|比|差异|差别|不同|较|最|吗.*还是")
        .expect("a pattern")
});

/// The conditions of a question in its order; none overlaps another.
pub(super) fn clauses(input: &SuggestInput<'_>, question: &str) -> Vec<Clause> {
    let text = question.to_ascii_lowercase();
    let mut found = categories(input, &text);
    found.extend(numbers(input, &text));
    found.sort_by_key(|clause| (clause.range.start, std::cmp::Reverse(clause.range.end)));
    let mut kept: Vec<Clause> = Vec::new();
    for mut clause in found {
        question[clause.range.clone()].trim().clone_into(&mut clause.words);
        if kept.last().is_none_or(|last| last.range.end <= clause.range.start) {
            kept.push(clause);
        }
    }
    kept
}

/// A category as a question has it.
struct Category {
    range: Range<usize>,
    column: String,
    is: String,
    is_not: String,
    /// A value of a column of text, not the plural of a yes or no.
    is_value: bool,
}

fn categories(input: &SuggestInput<'_>, text: &str) -> Vec<Clause> {
    let named = named(input, text);
    let mut found = Vec::new();
    for category in &named {
        // two categories of a column are compared
        let several = named.iter().any(|other| other.column == category.column && other.is != category.is);
        if several {
            continue;
        }
        found.extend(clause(text, category));
    }
    found
}

fn clause(text: &str, category: &Category) -> Option<Clause> {
    let around = &*AROUND;
    let (before, after) = (&text[..category.range.start], &text[category.range.end..]);
    let made = |start: usize, length: usize, is: bool| Clause {
        range: start..category.range.end + length,
        column: category.column.clone(),
        words: String::new(),
        condition: if is { category.is.clone() } else { category.is_not.clone() },
    };
    let noun = || {
        around
            .end
            .find(after)
            .map(|f| f.as_str().trim_end_matches([',', '.', '?', '!', ';', ')']))
            .map_or(0, |own| {
                own.split_whitespace().next().filter(|word| is_noun(word)).map_or(0, |word| word.len() + 1)
            })
    };
    if let Some(lead) = around.not.find(before) {
        return Some(made(lead.start(), noun(), false));
    }
    if let Some(lead) = around.only.find(before) {
        return Some(made(lead.start(), noun(), true));
    }
    if let Some(tail) = around.alone.find(after) {
        let lead = around.within.find(before).map_or(category.range.start, |lead| lead.start());
        return Some(made(lead, tail.end(), true));
    }
    let lead = around.within.find(before).filter(|_| category.is_value && !COMPARES.is_match(text))?;
    let own = &text[category.range.clone()];
    if own.chars().any(is_han) {
        // 干预组干预前后…: who is meant stands first
        if before.trim().is_empty() && own.ends_with(['组', '者', '生', '人']) {
            return Some(made(category.range.start, 0, true));
        }
        let tail = around.han_end.find(after)?;
        let length = tail.as_str().trim_end_matches(['，', ',', '。', '？', '?', '的', '前', '后']).len();
        return Some(made(lead.end(), length, true));
    }
    around.end.is_match(after).then(|| made(lead.start(), noun(), true))
}

fn is_noun(word: &str) -> bool {
    static NOUN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(&format!("^(?:{NOUNS})$")).expect("a pattern"));
    NOUN.is_match(word)
}

/// The categories that a text names: values of text columns, also in the plural, and yes or no columns by the plural of their name.
fn named(input: &SuggestInput<'_>, text: &str) -> Vec<Category> {
    let mut found: Vec<Category> = Vec::new();
    for column in &input.dataset.columns {
        let name = &column.name;
        // a label is as good as a value (`docs/expressions.md`)
        if (column.is_text() || column.value_labels) && column.distinct > 1 {
            for level in input.values.get(name).into_iter().flatten().filter(|level| is_plain_text(level)) {
                let Some(range) = named_at(text, level) else { continue };
                let (is, is_not) = (format!("{name} == \"{level}\""), format!("{name} != \"{level}\""));
                found.push(Category { range, column: name.clone(), is, is_not, is_value: true });
            }
        } else if is_binary(column) && name.len() > 3 && name.chars().all(|c| c.is_ascii_alphabetic()) {
            let plural = name.to_ascii_lowercase() + "s";
            let (one, zero) = (format!("{name} == 1"), format!("{name} == 0"));
            let without = [format!("non-{plural}"), format!("non{plural}")];
            if let Some((at, own)) = without.iter().find_map(|own| Some((place_of(text, own)?, own))) {
                found.push(Category {
                    range: at..at + own.len(),
                    column: name.clone(),
                    is: zero,
                    is_not: one,
                    is_value: false,
                });
            } else if let Some(at) = place_of(text, &plural) {
                found.push(Category {
                    range: at..at + plural.len(),
                    column: name.clone(),
                    is: one,
                    is_not: zero,
                    is_value: false,
                });
            }
        }
    }
    // "smokers" is a part of "non-smokers"
    let ranges: Vec<Range<usize>> = found.iter().map(|c| c.range.clone()).collect();
    let is_part = |own: &Range<usize>| {
        ranges.iter().any(|r| r.len() > own.len() && r.start <= own.start && own.end <= r.end)
    };
    found.retain(|category| !is_part(&category.range));
    found
}
