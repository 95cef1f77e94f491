//! Do-file text to logical lines: comments removed, `///` continuations joined,
//! `#delimit ;` honoured, blocks matched by their braces.

use super::mata_block::ends_mata;
use super::text_block;
use crate::session::Line;

/// Splits a text into logical lines.
pub fn read_lines(text: &str) -> Vec<Line> {
    let mut r = Reader::default();
    // files of old Macintosh programs end their lines with a carriage return alone
    let text =
        if text.contains('\n') { std::borrow::Cow::from(text) } else { text.replace('\r', "\n").into() };
    for raw in text.lines() {
        r.physical(raw.strip_suffix('\r').unwrap_or(raw));
    }
    r.finish();
    match_blocks(&mut r.lines);
    r.lines
}

#[derive(Default)]
struct Reader {
    lines: Vec<Line>,
    current: Line,
    comment: usize,
    semicolon: bool,
    pending: bool,
    /// Inside of a block of Mata: its lines stay as they are, because Mata has other comments.
    mata: bool,
    /// Inside of a block of text of a document.
    in_text: bool,
    /// A text in quotes that goes on in the next line, which needs `#delimit ;`; `true` for compound quotes.
    quote: Option<bool>,
}

/// What the text of a line leaves behind.
struct Scanned {
    /// Where the part begins that was not added yet.
    segment: usize,
    /// A text in quotes that is open, as [`Reader::quote`].
    quote: Option<bool>,
    /// `///` ends the line.
    continued: bool,
}

impl Reader {
    fn physical(&mut self, raw: &str) {
        let raw = raw.strip_prefix('\u{feff}').unwrap_or(raw);
        self.current.source.push(raw.to_string());
        if (self.mata || self.in_text) && !self.semicolon && delimiter(raw).is_none() {
            self.current.text = raw.to_string();
            self.push();
            return;
        }
        if self.comment == 0
            && !self.pending
            && let Some(semicolon) = delimiter(raw)
        {
            self.semicolon = semicolon;
            self.current.text = String::new();
            self.push();
            return;
        }
        let Scanned { segment, quote, continued } = self.scan(raw);
        if self.comment == 0 {
            self.add(&raw[segment..]);
        }
        let waiting = self.semicolon && !self.current.text.trim().is_empty();
        if continued || self.comment > 0 {
            self.pending = true;
            return;
        }
        if waiting {
            self.quote = quote;
            self.current.text.push(' ');
            self.pending = true;
            return;
        }
        if !(self.semicolon && self.current.source.is_empty()) {
            self.push();
        }
    }

    /// Adds the text of a line, without its comments, up to the last part.
    fn scan(&mut self, raw: &str) -> Scanned {
        let mut continued = false;
        let mut quote = self.quote.take();
        let b = raw.as_bytes();
        let (mut i, mut segment) = (0, 0);
        while i < b.len() {
            if self.comment > 0 {
                i += self.within_comment(&b[i..]);
                segment = i;
                continue;
            }
            if let Some(compound) = quote {
                let end = if compound { "\"'" } else { "\"" };
                let ends = b[i..].starts_with(end.as_bytes());
                i += if ends { end.len() } else { 1 };
                quote = quote.filter(|_| !ends);
                continue;
            }
            // no other byte begins or ends anything, and none of these is within a longer character
            if !matches!(b[i], b'`' | b'"' | b'/' | b';') {
                i += 1;
                continue;
            }
            let star_comment = self.is_star_comment(&raw[segment..i]);
            let word_start = i == 0 || b[i - 1].is_ascii_whitespace();
            if !star_comment && b[i..].starts_with(b"`\"") {
                quote = Some(true);
                i += 2;
            } else if !star_comment && b[i] == b'"' {
                quote = Some(false);
                i += 1;
            } else if b[i..].starts_with(b"///") && word_start {
                self.add(&raw[segment..i]);
                self.current.text.push(' ');
                segment = b.len();
                continued = true;
                break;
            } else if b[i..].starts_with(b"//") && word_start && !star_comment {
                self.add(&raw[segment..i]);
                segment = b.len();
                break;
            } else if b[i..].starts_with(b"/*") {
                self.add(&raw[segment..i]);
                self.comment += 1;
                i += 2;
                segment = i;
            } else if self.semicolon && b[i] == b';' {
                self.add(&raw[segment..i]);
                self.push_text();
                i += 1;
                segment = i;
            } else {
                i += 1;
            }
        }
        Scanned { segment: segment.min(b.len()), quote, continued }
    }

    /// Takes the next sign inside of a comment; returns its length.
    fn within_comment(&mut self, rest: &[u8]) -> usize {
        if rest.starts_with(b"*/") {
            self.comment -= 1;
            2
        } else if rest.starts_with(b"/*") {
            self.comment += 1;
            2
        } else {
            1
        }
    }

    fn add(&mut self, s: &str) {
        self.current.text.push_str(s);
    }

    fn is_star_comment(&self, segment: &str) -> bool {
        let t = self.current.text.trim_start();
        t.starts_with('*') || (t.is_empty() && segment.trim_start().starts_with('*'))
    }

    /// Ends a command inside a physical line (`#delimit ;`).
    fn push_text(&mut self) {
        if self.mata && self.current.text.trim() != "end" {
            // Mata needs the semicolons in the header of a loop
            self.current.text.push(';');
        }
        self.push();
    }

    fn push(&mut self) {
        let mut line = std::mem::take(&mut self.current);
        self.pending = false;
        if self.in_text {
            self.in_text = !text_block::ends(&line.text);
        } else if self.mata {
            self.mata = !ends_mata(&line.text);
            if !self.mata {
                line.text = "end".into();
            }
        } else {
            strip_star(&mut line.text);
            self.mata = opens_mata(&line.text);
            self.in_text = text_block::opens(&line.text);
        }
        self.lines.push(line);
    }

    fn finish(&mut self) {
        if !self.current.source.is_empty() || !self.current.text.is_empty() {
            self.push();
        }
        if self.mata {
            // the end of the file ends the block
            self.lines.push(Line { text: "end".into(), ..Line::default() });
        }
    }
}

/// Whether a line sets the semicolon (`true`) or the end of the line (`false`) as the delimiter. Blanks may follow the `#`, the
/// word may be abbreviated to `d`, and a comment may end the line ([P] #delimit).
fn delimiter(raw: &str) -> Option<bool> {
    let rest = raw.trim_start().strip_prefix('#')?.trim_start();
    let word = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
    if word == 0 || !"delimit".starts_with(&rest[..word]) {
        return None;
    }
    let argument = rest[word..].trim();
    let ends = |text: &str| {
        let text = text.trim_start();
        text.is_empty() || text.starts_with("//") || (text.starts_with("/*") && text.ends_with("*/"))
    };
    if let Some(after) = argument.strip_prefix(';') {
        return ends(after).then_some(true);
    }
    let after = argument.strip_prefix("cr")?;
    ends(after.strip_prefix(';').unwrap_or(after)).then_some(false)
}

fn strip_star(text: &mut String) {
    let t = text.trim();
    *text = if t.starts_with('*') { String::new() } else { t.to_string() };
}

/// First word of a line, in which braces count as words.
pub(super) fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| c.is_whitespace() || c == '{' || c == ',' || c == ':' || c == '(');
    match end {
        Some(0) => &text[..1],
        Some(i) => &text[..i],
        None => text,
    }
}

/// True for a line that starts the definition of a program.
pub(super) fn opens_program(text: &str) -> bool {
    let mut words = without_prefixes(text);
    let first = words.next().unwrap_or("");
    if first.len() < 2 || !"program".starts_with(first) || first.len() < 4 && first != "pr" {
        return false;
    }
    let second = words.next().unwrap_or("");
    let other = ["drop", "dir", "list"].contains(&second.trim_end_matches(','));
    !second.is_empty() && !other
}

/// The words of a line behind `capture`, `quietly` and `noisily`.
pub(super) fn without_prefixes(text: &str) -> impl Iterator<Item = &str> {
    let prefixes = [
        "capture",
        "capt",
        "cap",
        "quietly",
        "qui",
        "noisily",
        "noi",
        "n",
        "nobreak",
        "break",
        "novarabbrev",
        "varabbrev",
    ];
    text.split_whitespace().skip_while(move |w| prefixes.contains(&w.trim_end_matches(':')))
}

/// True for the words that start a loop.
pub(super) fn is_loop(word: &str) -> bool {
    word == "foreach" || word == "while" || (word.len() >= 4 && "forvalues".starts_with(word))
}

/// The position of a loop behind `quietly`, `noisily` and `capture`; nothing without such a prefix or loop.
pub(super) fn loop_behind_prefixes(text: &str) -> Option<usize> {
    behind_prefixes(text, is_loop)
}

/// The position of an `if` behind the same prefixes.
pub(super) fn if_behind_prefixes(text: &str) -> Option<usize> {
    behind_prefixes(text, |word| word == "if")
}

fn behind_prefixes(text: &str, wanted: fn(&str) -> bool) -> Option<usize> {
    let word = without_prefixes(text).next()?;
    let at = text.len() - text.trim_start().len();
    let position = word.as_ptr() as usize - text.as_ptr() as usize;
    (position > at && wanted(first_word(word))).then_some(position)
}

/// True for a line that starts a block of Mata which ends with `end`.
pub(super) fn opens_mata(text: &str) -> bool {
    let mut words = without_prefixes(text);
    match (words.next(), words.next()) {
        (Some("mata"), None | Some(":")) | (Some("mata:"), None) => words.next().is_none(),
        _ => false,
    }
}

fn match_blocks(lines: &mut [Line]) {
    let mut stack: Vec<usize> = Vec::new();
    let mut i = 0;
    while i < lines.len() {
        let text = lines[i].text.clone();
        let t = text.trim();
        if opens_program(t) || opens_mata(t) || is_input(t) || text_block::opens(t) {
            // everything up to the line `end` belongs to the definition
            if let Some(k) = end_of(lines, i) {
                lines[i].end = Some(k);
                if !opens_program(t) {
                    i = k + 1;
                    continue;
                }
                let inner = &mut lines[i + 1..k];
                match_blocks(inner);
                for line in inner.iter_mut() {
                    line.end = line.end.map(|e| e + i + 1);
                }
                i = k + 1;
                continue;
            }
        }
        if t.starts_with('}')
            && let Some(open) = stack.pop()
        {
            lines[open].end = Some(i);
        }
        if opens_block(t) {
            stack.push(i);
        }
        i += 1;
    }
}

/// The line `end` of the block that a line opens; blocks of Mata inside of programs have their own.
fn end_of(lines: &[Line], start: usize) -> Option<usize> {
    if text_block::opens(&lines[start].text) {
        return (start + 1..lines.len()).find(|&k| text_block::ends(&lines[k].text));
    }
    let mut inner = false;
    let program = opens_program(&lines[start].text);
    for (k, line) in lines.iter().enumerate().skip(start + 1) {
        let text = line.text.trim();
        if text == "end" {
            if !inner {
                return Some(k);
            }
            inner = false;
        } else if program && !inner {
            inner = opens_mata(text);
        }
    }
    None
}

/// True for a line that starts rows of data which end with `end`.
pub(super) fn is_input(text: &str) -> bool {
    let word = without_prefixes(text).next().unwrap_or("");
    word.len() >= 3 && "input".starts_with(word) && !text.contains("using")
}

/// True when a line ends with an opening brace outside quotes.
pub(super) fn opens_block(t: &str) -> bool {
    t.ends_with('{') && !t.ends_with("${")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(s: &str) -> Vec<String> {
        read_lines(s).into_iter().map(|l| l.text).filter(|t| !t.is_empty()).collect()
    }

    #[test]
    fn comments_in_all_forms() {
        let s = "* star\ndisplay 1 // tail\ndisplay /* inner */ 2\n/* a\nb */ display 3\ndisplay \"// no /* comment\"\n";
        assert_eq!(texts(s), ["display 1", "display  2", "display 3", "display \"// no /* comment\""]);
    }

    #[test]
    fn continuation_and_delimit() {
        assert_eq!(texts("a b ///\n  c\nd"), ["a b    c", "d"]);
        assert_eq!(texts("#delimit ;\na\n b; c;\n#delimit cr\nd"), ["a  b", "c", "d"]);
        assert_eq!(texts("# delimit ;\na\n b; c;\n# delimit cr\nd"), ["a  b", "c", "d"]);
        assert_eq!(texts("#delim; // old style\na\n b;\n#d cr /* back */\nd"), ["a  b", "d"]);
        assert_eq!(texts("# delimiters"), ["# delimiters"]);
        assert_eq!(texts("use \"http://x/y\"\n"), ["use \"http://x/y\""]);
    }

    #[test]
    fn blocks_are_matched() {
        let lines = read_lines("foreach x in a {\n if 1 {\n  d\n }\n}\nz");
        assert_eq!((lines[0].end, lines[1].end), (Some(4), Some(3)));
    }
}
