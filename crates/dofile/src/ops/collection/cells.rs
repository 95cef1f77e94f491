//! The text of a cell: the number in its format, the text around it, stars behind it.

use super::items::{Collection, Content, Item, Tags};
use crate::format;
use crate::value::is_missing;

/// A text around another one: `%s` is that text, `%%` a percent sign.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(pub(crate) String);

impl Pattern {
    pub(crate) fn around(&self, text: &str) -> String {
        self.0.replace("%%", "\u{1}").replace("%s", text).replace('\u{1}', "%")
    }
}

/// What a cell of a table shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Shown {
    pub(crate) text: String,
    /// The number of a cell with one item.
    pub(crate) number: Option<f64>,
}

fn number(c: &Collection, tags: &Tags, x: f64) -> String {
    if is_missing(x) {
        return format::bare("%9.0g", x).trim().to_string();
    }
    let limit = |limit: f64, text: Option<String>, sign: char| {
        let nformat = c.styles.cell(tags, |r| r.nformat.clone()).unwrap_or_else(|| "%9.0g".into());
        text.unwrap_or_else(|| format!("{sign}{}", format::bare(&nformat, limit).trim()))
    };
    if let Some((least, text)) = c.styles.cell(tags, |r| r.minimum.clone()).filter(|m| x < m.0) {
        return limit(least, text, '<');
    }
    if let Some((most, text)) = c.styles.cell(tags, |r| r.maximum.clone()).filter(|m| x > m.0) {
        return limit(most, text, '>');
    }
    let nformat = c.styles.cell(tags, |r| r.nformat.clone());
    format::bare(nformat.as_deref().unwrap_or("%9.0g"), x).trim().to_string()
}

/// The text of an item.
fn item_text(c: &Collection, item: &Item) -> String {
    let text = match &item.content {
        Content::Text(text) => text.clone(),
        Content::Number(x) => number(c, &item.tags, *x),
        Content::Interval(low, high) => {
            let between = c.styles.cell(&item.tags, |r| r.cidelimiter.clone());
            let between = between.unwrap_or_else(|| " ".to_string());
            format!("{}{between}{}", number(c, &item.tags, *low), number(c, &item.tags, *high))
        }
    };
    match c.styles.cell(&item.tags, |r| r.sformat.clone()) {
        Some(pattern) if !matches!(item.content, Content::Text(_)) => Pattern(pattern).around(&text),
        _ => text,
    }
}

/// The text of a cell with the items of the places that it shows; `result` is the level that the layout names.
pub(crate) fn shown(c: &Collection, places: &[usize], result: Option<&str>) -> Shown {
    let one = |place: &usize| {
        let item = &c.items()[*place];
        let mut text = item_text(c, item);
        if let Some(stars) = c.stars.as_ref().and_then(|stars| stars.behind(c, item)) {
            text.push_str(&stars);
        }
        text
    };
    let composite = result.and_then(|r| c.elements(r));
    let delimiter = composite.as_ref().map_or(" ", |(_, delimiter)| delimiter);
    let texts: Vec<String> = places.iter().map(one).collect();
    let mut text = texts.join(delimiter);
    if let (Some(_), Some(result)) = (&composite, result) {
        let tags = Tags::from([("result".to_string(), result.to_string())]);
        if let Some(pattern) = c.styles.cell(&tags, |r| r.sformat.clone()) {
            text = Pattern(pattern).around(&text);
        }
    }
    let number = match places {
        [place] => match c.items()[*place].content {
            Content::Number(x) => Some(x),
            _ => None,
        },
        _ => None,
    };
    Shown { text, number }
}
