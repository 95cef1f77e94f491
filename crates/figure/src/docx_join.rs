//! Puts the content of a Word document behind that of another one (ECMA-376, part 1), with the pictures that it shows.

use std::fmt::Write as _;
use std::io::{Cursor, Read as _, Write as _};

const TEXT: &str = "word/document.xml";
const RELATIONS: &str = "word/_rels/document.xml.rels";
const TYPES: &str = "[Content_Types].xml";
const PAGE_BREAK: &str = "<w:p><w:r><w:br w:type=\"page\"/></w:r></w:p>";

fn wrong(text: &str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, text.to_string())
}

/// The parts of a package, in its order.
struct Parts(Vec<(String, Vec<u8>)>);

impl Parts {
    fn read(bytes: &[u8]) -> std::io::Result<Self> {
        let mut archive =
            zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| wrong("not a Word document"))?;
        let mut parts = Vec::with_capacity(archive.len());
        for k in 0..archive.len() {
            let mut part = archive.by_index(k).map_err(|_| wrong("not a Word document"))?;
            let name = part.name().map_err(|_| wrong("not a Word document"))?.to_string();
            let mut content = Vec::new();
            part.read_to_end(&mut content)?;
            parts.push((name, content));
        }
        Ok(Self(parts))
    }

    fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, content)| content.as_slice())
    }

    fn text(&self, name: &str) -> std::io::Result<&str> {
        let bytes = self.bytes(name).ok_or_else(|| wrong("not a Word document"))?;
        std::str::from_utf8(bytes).map_err(|_| wrong("not a Word document"))
    }

    fn set(&mut self, name: &str, content: String) {
        match self.0.iter_mut().find(|(n, _)| n == name) {
            Some(part) => part.1 = content.into_bytes(),
            None => self.0.push((name.to_string(), content.into_bytes())),
        }
    }

    fn write(&self) -> std::io::Result<Vec<u8>> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated)
            .last_modified_time(zip::DateTime::default());
        for (name, content) in &self.0 {
            zip.start_file(name, options)?;
            zip.write_all(content)?;
        }
        Ok(zip.finish()?.into_inner())
    }
}

/// The value of an attribute in the text of a tag.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let key = format!("{name}=\"");
    let from = tag.find(&key)? + key.len();
    tag[from..].find('"').map(|to| &tag[from..from + to])
}

/// Puts the content of a second document behind that of a first one, on a new page if `new_page`. Styles and page
/// settings are those of the first document.
///
/// # Errors
/// When one of them is no Word document, or the second one refers to parts other than pictures (links, notes, headers).
pub fn join(first: &[u8], second: &[u8], new_page: bool) -> std::io::Result<Vec<u8>> {
    let (mut into, from) = (Parts::read(first)?, Parts::read(second)?);
    let more = from.text(TEXT)?;
    let start = more.find("<w:body>").map(|i| i + "<w:body>".len()).ok_or_else(|| wrong("no body"))?;
    let end = more.rfind("<w:sectPr").or_else(|| more.rfind("</w:body>")).ok_or_else(|| wrong("no body"))?;
    let before = into.text(TEXT)?.to_string();
    let mut added = renumbered(&more[start..end], before.matches("<wp:docPr ").count());
    take_pictures(&mut into, &from, &mut added)?;
    if new_page {
        added.insert_str(0, PAGE_BREAK);
    }
    let end = before.rfind("</w:body>").ok_or_else(|| wrong("no body"))?;
    // the properties of the last section stand in front of the end, unless a paragraph holds them
    let at = before[..end].rfind("<w:sectPr").filter(|i| !before[*i..end].contains("</w:p>")).unwrap_or(end);
    let joined = format!("{}{added}{}", &before[..at], &before[at..]);
    into.set(TEXT, with_prefixes(&joined, more)?);
    into.write()
}

/// The first tag `<w:document …>` of a text.
fn root(text: &str) -> std::io::Result<&str> {
    let start = text.find("<w:document").ok_or_else(|| wrong("not a Word document"))?;
    let end = text[start..].find('>').ok_or_else(|| wrong("not a Word document"))?;
    Ok(&text[start..start + end])
}

/// The text with the prefixes of names that `other` declares and it does not, and those that readers may ignore.
fn with_prefixes(text: &str, other: &str) -> std::io::Result<String> {
    const IGNORED: &str = "mc:Ignorable";
    let (own, theirs) = (root(text)?, root(other)?);
    let mut new = own.to_string();
    for part in theirs.split_whitespace().filter(|p| p.starts_with("xmlns:")) {
        let name = part.split('=').next().unwrap_or(part);
        if !own.contains(&format!(" {name}=")) {
            let _ = write!(new, " {part}");
        }
    }
    match (attribute(own, IGNORED), attribute(theirs, IGNORED)) {
        (None, Some(list)) => {
            let _ = write!(new, " {IGNORED}=\"{list}\"");
        }
        (Some(old), Some(list)) => {
            let known: Vec<&str> = old.split_whitespace().collect();
            let more: Vec<&str> = list.split_whitespace().filter(|p| !known.contains(p)).collect();
            let all = [known.as_slice(), more.as_slice()].concat().join(" ");
            new = new.replace(&format!("{IGNORED}=\"{old}\""), &format!("{IGNORED}=\"{all}\""));
        }
        (_, None) => {}
    }
    Ok(text.replacen(own, &new, 1))
}

/// The text with the numbers of its drawings behind the first `used`; they must differ in a document.
fn renumbered(text: &str, used: usize) -> String {
    const TAG: &str = "<wp:docPr id=\"";
    let mut out = String::with_capacity(text.len());
    for (k, piece) in text.split(TAG).enumerate() {
        if k == 0 {
            out.push_str(piece);
        } else {
            let rest = piece.find('"').map_or("", |i| &piece[i..]);
            let _ = write!(out, "{TAG}{}{rest}", used + k);
        }
    }
    out
}

/// Copies the pictures that `text` names from one package into another one and renames them in the text.
fn take_pictures(into: &mut Parts, from: &Parts, text: &mut String) -> std::io::Result<()> {
    let unknown = || wrong("parts other than pictures can not be appended");
    let mut relations = into.text(RELATIONS)?.to_string();
    let mut types = into.text(TYPES)?.to_string();
    let others = from.text(RELATIONS)?;
    let mut left: usize =
        [" r:embed=\"", " r:id=\"", " r:link=\""].iter().map(|a| text.matches(a).count()).sum();
    for tag in others.split("<Relationship ").skip(1) {
        let (Some(id), Some(kind), Some(target)) =
            (attribute(tag, "Id"), attribute(tag, "Type"), attribute(tag, "Target"))
        else {
            continue;
        };
        let named = format!(" r:embed=\"{id}\"");
        let uses = text.matches(&named).count();
        if uses == 0 {
            continue;
        }
        left -= uses;
        let path = target.strip_prefix('/').map_or_else(|| format!("word/{target}"), str::to_string);
        let content = from.bytes(&path).filter(|_| kind.ends_with("/image")).ok_or_else(unknown)?.to_vec();
        let ending = path.rsplit('.').next().unwrap_or("png").to_string();
        let number = (1..).find(|n| !relations.contains(&format!("\"rIdJoined{n}\""))).unwrap_or(1);
        let file = format!("media/joined{number}.{ending}");
        *text = text.replace(&named, &format!(" r:embed=\"rIdJoined{number}\""));
        let entry = format!("<Relationship Id=\"rIdJoined{number}\" Type=\"{kind}\" Target=\"{file}\"/>");
        let close = relations.rfind("</Relationships>").ok_or_else(|| wrong("not a Word document"))?;
        relations.insert_str(close, &entry);
        let default = format!("Extension=\"{ending}\"");
        if !types.contains(&default) {
            let other = from.text(TYPES)?;
            let tag = other.split("<Default ").find(|t| t.contains(&default)).ok_or_else(unknown)?;
            let tag = format!("<Default {}>", &tag[..tag.find('>').ok_or_else(unknown)?]);
            let at = types.find("<Default ").or_else(|| types.find("<Override ")).ok_or_else(unknown)?;
            types.insert_str(at, &tag);
        }
        into.0.push((format!("word/{file}"), content));
    }
    if left > 0 {
        return Err(unknown());
    }
    into.set(RELATIONS, relations);
    into.set(TYPES, types);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docx::package;

    fn body(text: &str, picture: bool) -> String {
        let drawing = if picture {
            "<w:drawing><wp:docPr id=\"1\"/><a:blip r:embed=\"rIdImage1\"/></w:drawing>"
        } else {
            ""
        };
        format!("<w:p><w:r><w:t>{text}</w:t>{drawing}</w:r></w:p><w:sectPr/>")
    }

    fn document(text: &str, picture: Option<&[u8]>) -> Vec<u8> {
        let pictures: Vec<&[u8]> = picture.into_iter().collect();
        package(&body(text, picture.is_some()), "<w:styles/>", &pictures).expect("a document")
    }

    #[test]
    fn a_joined_document_has_both_texts_and_both_pictures() {
        let both = join(&document("one", Some(b"first")), &document("two", Some(b"second")), true);
        let parts = Parts::read(&both.expect("a document")).expect("a package");
        let text = parts.text(TEXT).expect("a text");
        let at = |what: &str| text.find(what).expect(what);
        assert!(at("one") < at("w:type=\"page\"") && at("w:type=\"page\"") < at("two"), "{text}");
        assert!(at("two") < at("<w:sectPr/>") && text.matches("<w:sectPr/>").count() == 1, "{text}");
        assert!(text.contains("docPr id=\"2\"") && text.contains("r:embed=\"rIdJoined1\""), "{text}");
        let relations = parts.text(RELATIONS).expect("relations");
        assert!(
            relations.contains("Id=\"rIdJoined1\"") && relations.contains("media/joined1.png"),
            "{relations}"
        );
        assert_eq!(parts.bytes("word/media/image1.png"), Some(b"first".as_slice()));
        assert_eq!(parts.bytes("word/media/joined1.png"), Some(b"second".as_slice()));
    }

    #[test]
    fn names_of_other_parts_and_prefixes() {
        let plain = document("one", None);
        let linked =
            package("<w:p><w:hyperlink r:id=\"rId7\"/></w:p>", "<w:styles/>", &[]).expect("a document");
        assert!(join(&plain, &linked, false).is_err());
        assert!(join(&plain, b"no package", false).is_err());
        let text = "<w:document xmlns:w=\"a\"><w:body/>";
        let other = "<w:document xmlns:w=\"a\" xmlns:w14=\"b\" mc:Ignorable=\"w14\"><w:body/>";
        let found = with_prefixes(text, other).expect("a text");
        assert_eq!(found, "<w:document xmlns:w=\"a\" xmlns:w14=\"b\" mc:Ignorable=\"w14\"><w:body/>");
    }
}
