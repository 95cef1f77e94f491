//! Stars of significance ([TABLES] collect stars).

use super::items::{Collection, Content, Item, Tags};
use crate::format;
use crate::value::is_missing;

/// Which result decides, the limits with their texts, and what the stars are attached to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stars {
    pub(crate) result: String,
    pub(crate) limits: Vec<(f64, String)>,
    pub(crate) attach: Vec<String>,
    /// The stars are the level `stars` of the results.
    pub(crate) as_result: bool,
    pub(crate) note: bool,
}

/// What a text means, with its limit as Stata prints numbers.
fn star_text(text: &str, limit: f64) -> String {
    format!("{} p<{}", text.trim(), format::bare("%9.0g", limit).trim())
}

impl Stars {
    /// The text of the smallest limit above a number.
    fn text(&self, x: f64) -> Option<&str> {
        let fits = self.limits.iter().filter(|(limit, _)| !is_missing(x) && x < *limit);
        fits.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, text)| text.as_str())
    }

    /// The stars behind an item.
    pub(super) fn behind(&self, c: &Collection, item: &Item) -> Option<String> {
        item.tags.get("result").filter(|r| self.attach.contains(r))?;
        let mut tags = item.tags.clone();
        tags.insert("result".into(), self.result.clone());
        match c.at(&tags)?.content {
            Content::Number(p) => self.text(p).map(str::to_string),
            _ => None,
        }
    }

    /// Items with the stars as their value.
    pub(super) fn items(&self, c: &Collection) -> Vec<(Tags, Content)> {
        if !self.as_result {
            return Vec::new();
        }
        let of = |item: &Item| -> Option<(Tags, Content)> {
            let Content::Number(p) = item.content else { return None };
            let mut tags = item.tags.clone();
            tags.get("result").filter(|r| **r == self.result)?;
            tags.insert("result".into(), "stars".into());
            Some((tags, Content::Text(self.text(p)?.to_string())))
        };
        c.items().iter().filter_map(of).collect()
    }

    /// The note under the table: the strongest mark first.
    pub(super) fn note_text(&self) -> Option<String> {
        let mut limits: Vec<&(f64, String)> = self.limits.iter().filter(|l| !l.1.trim().is_empty()).collect();
        limits.sort_by(|a, b| a.0.total_cmp(&b.0));
        let texts: Vec<String> = limits.iter().map(|(limit, text)| star_text(text, *limit)).collect();
        (self.note && !texts.is_empty()).then(|| texts.join(", "))
    }
}
