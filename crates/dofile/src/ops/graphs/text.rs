//! Reads the small languages inside graph options: quoted lines with suboptions, sizes, colours,
//! line patterns, axis label rules. What they are applied to is decided elsewhere.

use super::no_effect;
use crate::error::{Result, StataError};
use crate::syntax::numlist;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::{top_level_comma, unquote, words};
use figure::{self, Color};

/// One option as written.
pub(crate) type RawOption = (String, Option<String>);

/// `saving(filename [, asis replace])`.
pub(crate) fn graph_file(argument: &str) -> Result<(String, bool)> {
    let (name, options) = suboptions(argument)?;
    if options
        .iter()
        .any(|(option, value)| !["replace", "asis"].contains(&option.as_str()) || value.is_some())
    {
        return Err(StataError::invalid("option saving() incorrectly specified"));
    }
    Ok((unquote(name.trim()).to_owned(), options.iter().any(|(option, _)| option == "replace")))
}

/// `name(g1)`, `name(g1, replace)`.
pub(crate) fn graph_name(argument: &str) -> Result<(String, bool)> {
    let (name, options) = suboptions(argument)?;
    let name = unquote(name);
    let replace = match options[..] {
        [] => false,
        [(ref option, None)] if option == "replace" => true,
        _ => return Err(StataError::invalid("option name() incorrectly specified")),
    };
    if !crate::frame::is_valid_name(name) {
        return Err(StataError::invalid(format!("{name} invalid name")));
    }
    Ok((name.to_owned(), replace))
}

/// Splits an argument into its front and its suboptions.
pub(crate) fn suboptions(argument: &str) -> Result<(&str, Vec<RawOption>)> {
    Ok(match top_level_comma(argument) {
        Some(at) => (argument[..at].trim(), split_options(&argument[at + 1..])?),
        None => (argument.trim(), Vec::new()),
    })
}

/// The lines of a text argument: each quoted piece is a line, text without quotes is one line.
pub(crate) fn lines(front: &str) -> Vec<String> {
    let pieces = words(front);
    if pieces.first().is_some_and(|p| p.starts_with('"') || p.starts_with("`\"")) {
        pieces.into_iter().map(|p| unquote(p).to_owned()).collect()
    } else {
        vec![front.to_owned()]
    }
}

/// A text with its size and colour.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Words {
    pub(crate) text: String,
    pub(crate) size: Option<f64>,
}

/// Reads `title()`, `note()` … : lines and `size()`; suboptions that change the text are refused by name.
pub(crate) fn words_of(option: &str, argument: &str) -> Result<Words> {
    let (front, options) = suboptions(argument)?;
    let mut out = Words { text: lines(front).join("\n"), size: None };
    for (name, argument) in options {
        match (name.as_str(), argument) {
            (name, Some(size)) if abbreviates(name, "SIze") => out.size = Some(text_size(&size)?),
            (name, _) if no_effect::of_text(name) => {}
            (name, _) => return Err(suboption(option, name)),
        }
    }
    Ok(out)
}

/// The error for a suboption that this engine does not have.
pub(crate) fn suboption(option: &str, name: &str) -> StataError {
    StataError::new(199, format!("suboption {name} of {option}() is not supported by the open engine"))
}

/// The error for a word where a style is expected.
fn style(kind: &str, text: &str) -> StataError {
    StataError::invalid(format!("{text} is not a {kind}"))
}

/// A font size in pixels ([G-4] textsizestyle; 18 px is `large`, the usual size of titles).
pub(crate) fn text_size(text: &str) -> Result<f64> {
    let text = unquote(text);
    let named = match text {
        "tiny" => 5.2,
        "third_tiny" | "quarter_tiny" | "half_tiny" => 4.0,
        "vsmall" => 8.0,
        "small" => 10.5,
        "medsmall" => 13.0,
        "medium" => 14.0,
        "medlarge" => 15.5,
        "large" => 18.0,
        "vlarge" => 20.5,
        "huge" => 25.5,
        "vhuge" => 36.0,
        _ => 0.0,
    };
    if named > 0.0 {
        return Ok(named);
    }
    let number = |t: &str| t.parse::<f64>().ok().filter(|v| (0.1..=100.0).contains(v));
    if let Some(points) = text.strip_suffix("pt").and_then(number) {
        return Ok(points * 96.0 / 72.0);
    }
    // a plain number is a percentage of the height; 18 px is 4.8611 percent
    let size = number(text.trim_start_matches('*'))
        .map(|v| if text.starts_with('*') { v * 13.0 } else { v * 18.0 / 4.8611 });
    Ok(size.unwrap_or_else(|| {
        not_found("gsize", text);
        14.0
    }))
}

/// A marker radius in pixels ([G-4] markersizestyle).
pub(crate) fn marker_size(text: &str) -> Result<f64> {
    let text = unquote(text);
    Ok(match text {
        "vtiny" => 1.0,
        "tiny" => 1.4,
        "vsmall" => 2.2,
        "small" => 2.8,
        "medsmall" => 3.4,
        "medium" => 4.0,
        "medlarge" => 5.0,
        "large" => 6.5,
        "vlarge" => 9.0,
        "huge" => 13.5,
        "vhuge" => 18.0,
        "ehuge" => 26.0,
        _ => {
            let factor = text.strip_prefix('*').and_then(|t| t.parse::<f64>().ok()).map(|f| 3.4 * f);
            let percent = text.parse::<f64>().ok().map(|p| p * 2.4);
            factor.or(percent).filter(|r| (0.1..=100.0).contains(r)).unwrap_or_else(|| {
                not_found("markersize", text);
                3.4
            })
        }
    })
}

/// A line width in pixels ([G-4] linewidthstyle).
pub(crate) fn line_width(text: &str) -> Result<f64> {
    let text = unquote(text);
    Ok(match text {
        "none" => 0.0,
        "vvvthin" => 0.2,
        "vvthin" => 0.35,
        "vthin" => 0.6,
        "thin" => 0.9,
        "medthin" => 1.4,
        "medium" => 1.8,
        "medthick" => 2.4,
        "thick" => 3.4,
        "vthick" => 4.6,
        "vvthick" => 6.0,
        "vvvthick" => 9.0,
        _ => {
            let factor = text.strip_prefix('*').and_then(|t| t.parse::<f64>().ok()).map(|f| 1.8 * f);
            let percent = text.parse::<f64>().ok().map(|p| p * 4.8);
            factor.or(percent).filter(|w| (0.0..=60.0).contains(w)).unwrap_or_else(|| {
                not_found("linewidth", text);
                1.8
            })
        }
    })
}

/// A colour ([G-4] colorstyle); black with a note for a name that is not known.
pub(crate) fn color(text: &str) -> Result<Color> {
    Ok(known_color(text).unwrap_or_else(|| {
        not_found("color", unquote(text));
        Color::rgb(0, 0, 0)
    }))
}

/// A colour, `None` for a name that is not known.
pub(crate) fn known_color(text: &str) -> Option<Color> {
    Color::parse(unquote(text))
}

thread_local! {
    /// Notes on names of styles that the options of the present graph had and that are not known.
    static NOTES: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Takes a name of a style that is not known as Stata does: with a note, and the default is used.
pub(crate) fn not_found(class: &str, name: &str) {
    let note = format!("(note:  named style {name} not found in class {class}, default attributes used)");
    NOTES.with_borrow_mut(|notes| {
        if !notes.contains(&note) {
            notes.push(note);
        }
    });
}

/// The notes since the last call, which forgets them.
pub(crate) fn notes() -> Vec<String> {
    NOTES.take()
}

/// An opacity without a colour: `%40`.
pub(crate) fn opacity(text: &str) -> Option<f64> {
    let percent: f64 = unquote(text).trim().strip_prefix('%')?.parse().ok()?;
    (0.0..=100.0).contains(&percent).then_some(percent / 100.0)
}

/// The nearest dash array of a pattern formula such as `_-` or `-..`: `l` solid, `_` long, `-` and `.` short dashes,
/// `#` a gap.
fn formula(text: &str) -> Option<&'static str> {
    if text.is_empty() || !text.chars().all(|c| "l_-.#".contains(c)) {
        return None;
    }
    let has = |c: char| text.contains(c);
    figure::pattern(match (has('_') || has('l'), has('-'), has('.')) {
        (true, false, false) if has('_') => "longdash",
        (true, false, false) => "solid",
        (true, true, _) => "dash_dot",
        (true, false, true) => "longdash_dot",
        (false, true, true) => "shortdash_dot",
        (false, true, false) => "shortdash",
        (false, false, _) => "dot",
    })
}

/// A dash array ([G-4] linepatternstyle).
pub(crate) fn pattern(text: &str) -> Result<&'static str> {
    let text = unquote(text);
    Ok(figure::pattern(text).or_else(|| formula(text)).unwrap_or_else(|| {
        not_found("linepattern", text);
        ""
    }))
}

/// A clock position: 0 to 12, or a compass direction.
pub(crate) fn clock(text: &str) -> Result<u8> {
    let text = unquote(text);
    Ok(match text {
        "c" | "center" => 0,
        "n" | "north" => 12,
        "ne" => 1,
        "e" | "east" => 3,
        "se" => 4,
        "s" | "south" => 6,
        "sw" => 8,
        "w" | "west" => 9,
        "nw" => 11,
        _ => text.parse().ok().filter(|c| *c <= 12).ok_or_else(|| style("clock position", text))?,
    })
}

/// Positions of the labels of an axis, as written.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Rule {
    /// Chosen by the layout.
    #[default]
    Auto,
    /// About so many.
    About(usize),
    /// The smallest and the largest value.
    Ends,
    /// None.
    None,
    /// Values, some with texts.
    At(Vec<(f64, Option<String>)>),
}

/// Reads the front of `xlabel()`: `#5`, `none`, `minmax`, `0(10)50`, `1 "low" 2 "high"`.
pub(crate) fn rule(front: &str) -> Result<Rule> {
    match front {
        "" => return Ok(Rule::Auto),
        // an empty text in the place of the values is a habit of authors
        "none" | "\"\"" => return Ok(Rule::None),
        "minmax" => return Ok(Rule::Ends),
        _ => {}
    }
    if let Some(count) = front.strip_prefix('#') {
        let count = count.trim().parse().ok().filter(|n| (1..=50).contains(n));
        return count.map(Rule::About).ok_or_else(|| StataError::standard(121));
    }
    let mut at: Vec<(f64, Option<String>)> = Vec::new();
    for piece in crate::syntax::blanks::numbers_and_texts(front) {
        if piece.starts_with('"') || piece.starts_with("`\"") {
            match at.last_mut() {
                Some((_, text @ None)) => *text = Some(unquote(piece).to_owned()),
                _ => return Err(StataError::invalid(format!("{piece} found where a number was expected"))),
            }
        } else {
            at.extend(numlist::expand(piece)?.into_iter().map(|v| (v, None)));
        }
    }
    Ok(Rule::At(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_pieces_are_lines() {
        assert_eq!(lines(r#""a b" "c""#), ["a b", "c"]);
        assert_eq!(lines("plain text"), ["plain text"]);
        assert_eq!(lines(r#"`"say "hi""'"#), [r#"say "hi""#]);
        let words = words_of("title", r#""a, b", size(small)"#).unwrap();
        assert_eq!(words, Words { text: "a, b".into(), size: Some(10.5) });
        assert_eq!(words_of("title", r#""a", ring(0) color(red) span"#).unwrap().text, "a");
        assert_eq!(words_of("title", r#""a", prefix"#).unwrap_err().code, 199);
    }

    #[test]
    fn label_rules_mix_numbers_and_texts() {
        assert_eq!(rule("#5"), Ok(Rule::About(5)));
        let text = |s: &str| Some(s.to_owned());
        let expected = vec![(1.0, text("low")), (2.0, text("high")), (3.0, None), (4.0, None)];
        assert_eq!(rule(r#"1 "low" 2 `"high"' 3/4"#), Ok(Rule::At(expected)));
        assert!(rule(r#""low" 1"#).is_err());
        assert_eq!(
            rule("0(10)30"),
            Ok(Rule::At(vec![(0.0, None), (10.0, None), (20.0, None), (30.0, None)]))
        );
    }

    #[test]
    fn names_of_styles_that_are_not_known_are_noted() {
        assert_eq!(color("nvy"), Ok(Color::rgb(0, 0, 0)));
        assert_eq!(line_width("fat"), Ok(1.8));
        assert_eq!(pattern("wavy"), Ok(""));
        assert_eq!(text_size("x"), Ok(14.0));
        let noted = notes();
        assert_eq!(noted[0], "(note:  named style nvy not found in class color, default attributes used)");
        assert_eq!(noted[3], "(note:  named style x not found in class gsize, default attributes used)");
        assert_eq!(noted.len(), 4);
        assert!(notes().is_empty());
        assert!(clock("13").is_err());
        assert_eq!(pattern("_-"), pattern("dash_dot"));
        assert!(notes().is_empty());
    }
}
