//! Reads the text of a PDF that has composite fonts with a `ToUnicode` map (ISO 32000-1, 9.10.3), as far as the
//! documents of this service go: streams are plain or deflated, text is shown glyph by glyph.

use std::collections::HashMap;
use std::io::Read;

use regex::Regex;

/// An object: its dictionary and the bytes of its stream.
struct Object {
    dictionary: String,
    stream: Vec<u8>,
}

/// Returns the text of all pages without blanks, in the order in which it was drawn.
pub(crate) fn text(pdf: &[u8]) -> String {
    let objects = objects(pdf);
    let font = Regex::new(r"/(fo\d+) (\d+) 0 R").expect("a pattern");
    let unicode = Regex::new(r"/ToUnicode (\d+) 0 R").expect("a pattern");
    let mut numbers: Vec<&u32> = objects.keys().collect();
    numbers.sort();
    let contents = Regex::new(r"/Contents (\d+) 0 R").expect("a pattern");
    let mut out = String::new();
    for object in numbers.into_iter().map(|n| &objects[n]) {
        // A page has its fonts in its own dictionary and its text in another object.
        let stream = match contents.captures(&object.dictionary) {
            Some(of) => &objects[&of[1].parse().expect("a number")].stream,
            None if object.dictionary.contains("/Form") => &object.stream,
            None => continue,
        };
        let mut fonts: HashMap<String, HashMap<u16, String>> = HashMap::new();
        for found in font.captures_iter(&object.dictionary) {
            let number: u32 = found[2].parse().expect("a number");
            let Some(of) = objects.get(&number).and_then(|o| unicode.captures(&o.dictionary)) else {
                continue;
            };
            let map: u32 = of[1].parse().expect("a number");
            fonts.insert(found[1].to_owned(), characters(&String::from_utf8_lossy(&objects[&map].stream)));
        }
        shown(stream, &fonts, &mut out);
    }
    out.split_whitespace().collect()
}

fn objects(pdf: &[u8]) -> HashMap<u32, Object> {
    let head = regex::bytes::Regex::new(r"(?-u)(\d+) 0 obj\n").expect("a pattern");
    let length = Regex::new(r"/Length (\d+)").expect("a pattern");
    let mut found = HashMap::new();
    let mut at = 0;
    while let Some(begin) = head.captures_at(pdf, at) {
        let from = begin.get(0).expect("the whole").end();
        let number = String::from_utf8_lossy(&begin[1]).parse().expect("a number");
        let end = position(pdf, b"endobj", from).expect("an end");
        let stream_at = position(pdf, b"stream\n", from).filter(|s| *s < end);
        let dictionary = String::from_utf8_lossy(&pdf[from..stream_at.unwrap_or(end)]).into_owned();
        let mut stream = Vec::new();
        at = end;
        if let (Some(start), Some(size)) = (stream_at, length.captures(&dictionary)) {
            let size: usize = size[1].parse().expect("a number");
            let raw = &pdf[start + 7..start + 7 + size];
            at = start + 7 + size;
            if dictionary.contains("/FlateDecode") {
                flate2::read::ZlibDecoder::new(raw).read_to_end(&mut stream).expect("deflated");
            } else {
                stream = raw.to_vec();
            }
        }
        found.insert(number, Object { dictionary, stream });
    }
    found
}

fn position(bytes: &[u8], what: &[u8], from: usize) -> Option<usize> {
    bytes[from..].windows(what.len()).position(|w| w == what).map(|p| p + from)
}

/// `<0001> <0041>` of a character map.
fn characters(map: &str) -> HashMap<u16, String> {
    let pair = Regex::new(r"<([0-9a-fA-F]{4})>\s*<([0-9a-fA-F]{4,})>").expect("a pattern");
    let begin = map.find("beginbfchar").unwrap_or(0);
    let unit = |text: &str| u16::from_str_radix(text, 16).expect("four digits");
    pair.captures_iter(&map[begin..])
        .map(|p| {
            let units: Vec<u16> = (0..p[2].len() / 4).map(|k| unit(&p[2][4 * k..4 * k + 4])).collect();
            (unit(&p[1]), String::from_utf16_lossy(&units))
        })
        .collect()
}

/// Follows the operators `Tf` and `Tj`.
fn shown(stream: &[u8], fonts: &HashMap<String, HashMap<u16, String>>, out: &mut String) {
    let mut current: Option<&HashMap<u16, String>> = None;
    for line in stream.split(|b| *b == b'\n') {
        let plain = String::from_utf8_lossy(line);
        if let Some(name) = plain.strip_suffix(" Tf").and_then(|l| l.split(' ').next()) {
            current = fonts.get(name.trim_start_matches('/'));
        } else if let Some(end) = line.strip_suffix(b" Tj") {
            let glyphs = string(end);
            for glyph in glyphs.chunks_exact(2).map(|g| u16::from_be_bytes([g[0], g[1]])) {
                out.push_str(current.and_then(|map| map.get(&glyph)).map_or("\u{fffd}", String::as_str));
            }
        }
    }
}

/// The bytes of a literal `(…)` or hexadecimal `<…>` string.
fn string(text: &[u8]) -> Vec<u8> {
    let inner = &text[1..text.len() - 1];
    if text[0] == b'<' {
        return hex::decode(inner).expect("hexadecimal");
    }
    let mut out = Vec::new();
    let mut bytes = inner.iter().copied().peekable();
    while let Some(b) = bytes.next() {
        if b != b'\\' {
            out.push(b);
            continue;
        }
        let mut digits = Vec::new();
        while digits.len() < 3 && bytes.peek().is_some_and(|b| (b'0'..=b'7').contains(b)) {
            digits.extend(bytes.next());
        }
        if digits.is_empty() {
            out.push(match bytes.next() {
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'b') => 8,
                Some(b'f') => 12,
                other => other.unwrap_or(b'\\'),
            });
        } else {
            let value = digits.iter().fold(0_u32, |v, d| v * 8 + u32::from(d - b'0'));
            out.push(u8::try_from(value).expect("a byte"));
        }
    }
    out
}
