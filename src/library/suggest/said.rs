//! The text of a question with what its patterns find. Readings differ in the columns of its words, and none of them in the text:
//! each pattern is looked for once.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::ops::Deref;

use regex::Regex;

use super::super::tokens::is_han;
use super::columns::Named;
use super::phrases::{Frame, frames};

/// The question in lower case with corrected words.
#[derive(Debug, Default)]
pub(super) struct Said {
    text: String,
    frames: OnceCell<Vec<&'static Frame>>,
    /// Whether a pattern fits, by its address: patterns are made once.
    fitting: RefCell<HashMap<*const Regex, bool>>,
}

impl Said {
    pub(super) fn of(text: String) -> Self {
        Self { text, ..Self::default() }
    }

    /// True where a pattern fits.
    pub(super) fn fits(&self, pattern: &'static Regex) -> bool {
        let fits = || pattern.is_match(&self.text);
        *self.fitting.borrow_mut().entry(std::ptr::from_ref(pattern)).or_insert_with(fits)
    }

    /// The frames that the question asks for, the strongest first.
    pub(super) fn frames(&self) -> &[&'static Frame] {
        self.frames.get_or_init(|| frames(&self.text))
    }
}

impl Deref for Said {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

/// Words for a number that describes rows.
const STATISTICS: [&str; 9] =
    ["median", "mean", "average", "percentile", "quantile", "variance", "中位数", "平均", "均值"];

/// The text without such words where they are part of the name of a column: "median income" of `median_income` asks for no
/// median. A column that is named after the rest may be what is described.
pub(super) fn without_statistics_of_names(mut text: String, columns: &[Named<'_>]) -> String {
    for column in columns {
        let parts = column.parts();
        let joined = if parts.iter().any(|part| part.chars().any(is_han)) { "" } else { " " };
        let name = parts.join(joined);
        // "median income" of `median_inc_k`
        for pair in
            parts.windows(2).filter(|pair| STATISTICS.contains(&pair[0].as_str()) && pair[1].len() > 2)
        {
            text = text.replace(&format!("{} {}", pair[0], pair[1]), &pair[1]);
        }
        for word in STATISTICS.iter().filter(|word| name.contains(**word)) {
            let rest = name.replace(*word, "").trim().to_owned();
            let is_described = columns.iter().any(|other| other.parts().join(joined) == rest);
            if !rest.is_empty() && !is_described {
                text = text.replace(&name, &rest).replace(&column.name().to_lowercase(), &rest);
            }
        }
    }
    text
}

/// The text without the word of a control in "synthetic control", which holds nothing constant.
pub(super) fn without_names_of_methods(text: &str) -> String {
    text.replace("synthetic control", "synthetic").replace("合成控制", "合成")
}

/// True where a text in lower case has a value as words of their own.
pub(super) fn names_value(text: &str, value: &str) -> bool {
    let value = value.to_lowercase();
    // a Chinese word ends before a digit too: 上海2014年
    let apart = |own: Option<char>, c: Option<char>| {
        own.is_some_and(is_han) || c.is_none_or(|c| !c.is_alphanumeric() || is_han(c))
    };
    value.chars().count() > 1
        && text.match_indices(&value).any(|(at, found)| {
            apart(value.chars().next(), text[..at].chars().next_back())
                && apart(value.chars().next_back(), text[at + found.len()..].chars().next())
        })
}
