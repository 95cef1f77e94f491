//! Guesses the encoding of files that do not say it, from all their texts.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, GB18030, GBK};

use super::warnings::Warnings;

/// Texts that were seen so far.
pub(super) struct Guess {
    detector: EncodingDetector,
    not_utf8: bool,
}

impl Guess {
    pub(super) fn new() -> Self {
        Self { detector: EncodingDetector::new(Iso2022JpDetection::Deny), not_utf8: false }
    }

    /// Takes a text into account.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        if !bytes.is_ascii() {
            self.not_utf8 |= std::str::from_utf8(bytes).is_err();
            self.detector.feed(bytes, false);
            self.detector.feed(b"\n", false);
        }
    }

    /// The likely encoding; `None` if all texts are UTF-8 (or ASCII).
    pub(super) fn encoding(&self) -> Option<&'static Encoding> {
        if !self.not_utf8 {
            return None;
        }
        let encoding = self.detector.guess(None, Utf8Detection::Deny);
        Some(if encoding == GBK { GB18030 } else { encoding })
    }
}

/// Says that an encoding is a guess, and what helps if it is wrong.
pub(super) fn remark(encoding: &str, help: &str, warnings: &mut Warnings) {
    let message = format!("the text was read as {encoding}, which is a guess");
    warnings.warn(
        "encoding_guess",
        None,
        message,
        &format!("check the preview; {help} if letters are wrong"),
    );
}
