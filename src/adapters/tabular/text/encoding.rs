//! Which encoding a text file has, and its bytes as UTF-8. Nothing here knows about tables.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::letters::Words;

/// The encoding of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextEncoding {
    pub encoding: &'static Encoding,
    /// Bytes of the byte order mark.
    pub bom: usize,
    /// True if it was guessed from the frequencies of byte pairs.
    pub guessed: bool,
}

/// Why a file has no encoding that it can be read in.
#[derive(Debug)]
pub(super) enum EncodingError {
    Io(io::Error),
    /// A NUL byte in what is not UTF-16, at this offset.
    Binary(u64),
    /// UTF-8 but for a few bytes, the first of them at this offset.
    BrokenUtf8(u64),
}

impl From<io::Error> for EncodingError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Takes a file for UTF-8 where its beginning allows it, without reading on: `None` where only [`detect`] can tell.
/// The text has to be checked while it is read; where it fails, [`detect`] decides.
///
/// # Errors
/// I/O.
pub(super) fn assume_utf8(file: &mut File) -> io::Result<Option<TextEncoding>> {
    let head = head(file)?;
    let bom = match Encoding::for_bom(&head) {
        Some((encoding, bom)) if encoding == UTF_8 => bom,
        Some(_) => return Ok(None),
        None if utf16_without_mark(&head).is_some() || head.contains(&0) => return Ok(None),
        None => 0,
    };
    let cut = |error: std::str::Utf8Error| error.error_len().is_none();
    let valid = std::str::from_utf8(&head).map_or_else(cut, |_| true);
    Ok(valid.then_some(TextEncoding { encoding: UTF_8, bom, guessed: false }))
}

fn head(file: &mut File) -> io::Result<Vec<u8>> {
    let mut head = vec![0; 64 * 1024];
    file.seek(SeekFrom::Start(0))?;
    let length = read_full(file, &mut head)?;
    head.truncate(length);
    Ok(head)
}

/// Finds the encoding: by byte order mark, by the NUL bytes of UTF-16, as valid UTF-8 over the whole
/// file, else by a statistical guess.
///
/// # Errors
/// Binary content, UTF-8 with a few invalid bytes, or an I/O error.
pub(super) fn detect(file: &mut File) -> Result<TextEncoding, EncodingError> {
    let head = head(file)?;
    if let Some((encoding, bom)) = Encoding::for_bom(&head) {
        if encoding == UTF_8 {
            check_utf8(file, bom as u64)?;
        }
        return Ok(TextEncoding { encoding, bom, guessed: false });
    }
    if let Some(encoding) = utf16_without_mark(&head) {
        return Ok(TextEncoding { encoding, bom: 0, guessed: true });
    }
    if let Some(at) = memchr::memchr(0, &head) {
        return Err(EncodingError::Binary(at as u64));
    }
    let utf8 = match scan_utf8(file, 0)? {
        None => return Ok(TextEncoding { encoding: UTF_8, bom: 0, guessed: false }),
        Some(facts) => facts,
    };
    if utf8.valid >= 20 && utf8.invalid * 50 <= utf8.valid {
        return Err(EncodingError::BrokenUtf8(utf8.first_invalid));
    }
    let encoding = guess(file, utf8.first_invalid)?;
    Ok(TextEncoding { encoding, bom: 0, guessed: true })
}

fn utf16_without_mark(head: &[u8]) -> Option<&'static Encoding> {
    let pairs = head.len() / 2;
    if pairs < 4 {
        return None;
    }
    let even = head.iter().step_by(2).take(pairs).filter(|&&b| b == 0).count();
    let odd = head.iter().skip(1).step_by(2).take(pairs).filter(|&&b| b == 0).count();
    // text in any language has ASCII delimiters and digits, whose high byte is zero
    if odd * 5 > pairs && even * 50 < pairs {
        Some(UTF_16LE)
    } else if even * 5 > pairs && odd * 50 < pairs {
        Some(UTF_16BE)
    } else {
        None
    }
}

fn check_utf8(file: &mut File, from: u64) -> Result<(), EncodingError> {
    match scan_utf8(file, from)? {
        None => Ok(()),
        Some(facts) => Err(EncodingError::BrokenUtf8(facts.first_invalid)),
    }
}

/// Facts on a file that is not valid UTF-8.
struct Utf8Facts {
    first_invalid: u64,
    invalid: u64,
    /// Characters of more than one byte that are valid.
    valid: u64,
}

/// Returns `None` for valid UTF-8; after the first invalid byte checks 4 MiB more.
fn scan_utf8(file: &mut File, from: u64) -> io::Result<Option<Utf8Facts>> {
    file.seek(SeekFrom::Start(from))?;
    let mut facts: Option<Utf8Facts> = None;
    let mut buffer = vec![0; 1 << 20];
    let mut kept = 0;
    let mut offset = from;
    loop {
        let length = kept + read_full(file, &mut buffer[kept..])?;
        let ended = length < buffer.len();
        let mut at = 0;
        loop {
            match std::str::from_utf8(&buffer[at..length]) {
                Ok(text) => {
                    if let Some(f) = &mut facts {
                        f.valid += text.chars().filter(|c| !c.is_ascii()).count() as u64;
                    }
                    at = length;
                    break;
                }
                Err(error) => {
                    let good = &buffer[at..at + error.valid_up_to()];
                    let valid = good.iter().filter(|&&b| b >= 0xc0).count() as u64;
                    at += error.valid_up_to();
                    if error.error_len().is_none() && !ended {
                        break; // a character is cut by the end of the buffer
                    }
                    let f = facts.get_or_insert(Utf8Facts {
                        first_invalid: offset + at as u64,
                        invalid: 0,
                        valid: 0,
                    });
                    f.invalid += 1;
                    f.valid += valid;
                    at += error.error_len().unwrap_or(length - at);
                }
            }
        }
        let done = facts.as_ref().is_some_and(|f| offset + at as u64 > f.first_invalid + (4 << 20));
        if ended || done {
            return Ok(facts);
        }
        offset += at as u64;
        buffer.copy_within(at..length, 0);
        kept = length - at;
    }
}

/// Guesses from up to 4 MiB around the first byte that is not UTF-8.
fn guess(file: &mut File, around: u64) -> io::Result<&'static Encoding> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    file.seek(SeekFrom::Start(around.saturating_sub(1 << 16)))?;
    let mut buffer = vec![0; 1 << 16];
    let mut words = Words::default();
    for _ in 0..64 {
        let length = read_full(file, &mut buffer)?;
        detector.feed(&buffer[..length], length < buffer.len());
        words.add(&buffer[..length]);
        if length < buffer.len() {
            break;
        }
    }
    Ok(words.corrected(detector.guess(None, Utf8Detection::Deny)))
}

/// Fills the buffer unless the file ends before.
pub(crate) fn read_full(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(n) => length += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use encoding_rs::{
        GB18030, KOI8_R, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1255,
    };

    use super::*;

    fn detect_bytes(bytes: &[u8]) -> Result<TextEncoding, EncodingError> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        detect(&mut file)
    }

    #[test]
    fn encodings_are_recognised() {
        let table = "城市,收入\n北京,12\n上海,15\n广州,9\n深圳,14\n";
        let name = |bytes: &[u8]| detect_bytes(bytes).unwrap().encoding.name();
        assert_eq!(name(table.as_bytes()), "UTF-8");
        assert_eq!(name(&GB18030.encode(table).0), "gb18030");
        assert_eq!(name(b"name,caf\xe9 cr\xe8me\nJos\xe9,M\xfcnchen\n"), "windows-1252");
        assert_eq!(name(&GB18030.encode("id,x\n1,2\n2,甲\n").0), "gb18030");
        assert_eq!(name(b"a,b\nS\xe3o Paulo,1\n"), "windows-1252");
        assert_eq!(name(b"Gr\xf6\xdfe\n1\n"), "windows-1252");
        let utf16: Vec<u8> = table.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(name(&utf16), "UTF-16LE");
        let big: Vec<u8> = table.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(name(&big), "UTF-16BE");
        assert_eq!(detect_bytes(b"\xef\xbb\xbfa,b\n").unwrap().bom, 3);
    }

    #[test]
    fn few_letters_are_read_in_the_encoding_of_their_words() {
        let short: [(&'static Encoding, &[&str]); 8] = [
            (
                GB18030,
                &[
                    "工资,工龄,组\n10.5,5.2,男\n11,3,女\n",
                    "income,age,sex\n1,2,男\n3,4,女\n",
                    "x,y,组\n1,2,3\n",
                    "组,x\nA组,1\nB组,2\n",
                    "x,g\n1,A国\n2,B国\n",
                    "x,是否\n1,是\n2,否\n",
                    "年,省\n1,2\n",
                    "y,x,市\n1,2,A市\n2,3,B市\n",
                    "工资（元）,工龄\n1,2\n",
                    "x,y\n1,好\n2,差\n",
                ],
            ),
            (
                WINDOWS_1251,
                &[
                    "доход,пол\n1,муж\n2,жен\n",
                    "x,y\n1,да\n2,нет\n",
                    "x,y\n1,муж\n2,жен\n",
                    "РОСТ,ДОХОД\n1,2\n",
                ],
            ),
            (
                WINDOWS_1252,
                &["x,é\n1,2\n", "POPULAÇÃO\n1\n", "x,y\n1,Größe\n", "x\nCRÉÉE\n", "année,sexe °C\n1,2\n"],
            ),
            (WINDOWS_1250, &["płeć,x\nmężczyzna,1\nkobieta,2\n", "główny\n1\n", "GŁÓWNY\n1\n"]),
            (WINDOWS_1253, &["φύλο\nάνδρας\n"]),
            (WINDOWS_1255, &["מין\nזכר\nנקבה\n"]),
            (encoding_rs::EUC_KR, &["남자,여자\n1,2\n"]),
            (KOI8_R, &["возраст,зарплата\n1,2\n"]),
        ];
        for (encoding, table) in short.iter().flat_map(|(e, tables)| tables.iter().map(move |t| (e, t))) {
            let (bytes, _, _) = encoding.encode(table);
            let found = detect_bytes(&bytes).expect("an encoding").encoding;
            let (read, _) = found.decode_without_bom_handling(&bytes);
            assert_eq!(read, *table, "{} as {}", encoding.name(), found.name());
        }
    }

    #[test]
    fn broken_and_binary_files_are_named() {
        assert!(matches!(detect_bytes(b"a,b\n1,\0\n2,3\n4,5\n"), Err(EncodingError::Binary(6))));
        let mut text = "工".repeat(100).into_bytes();
        text.push(0xff);
        assert!(matches!(detect_bytes(&text), Err(EncodingError::BrokenUtf8(300))));
        assert!(matches!(detect_bytes(b"\xef\xbb\xbfa\xff"), Err(EncodingError::BrokenUtf8(4))));
    }
}
