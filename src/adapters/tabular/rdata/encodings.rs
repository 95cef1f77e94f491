//! Encodings of texts of R: each text has a mark; those without one are in that of the session that wrote the file.

use std::borrow::Cow;

use encoding_rs::{BIG5, Encoding, GBK, SHIFT_JIS, UTF_8, WINDOWS_1252};
use rds::{Cell, Frame, Mark, Text, What};

use super::Input;
use crate::adapters::tabular::legacy_text::{self, Guess};
use crate::adapters::tabular::problems;
use crate::adapters::tabular::warnings::Warnings;
use crate::domain::error::Problem;

/// How texts are decoded.
pub(super) struct Encodings {
    /// The encoding of texts without a mark.
    pub native: &'static Encoding,
}

impl Encodings {
    /// The encoding that the file names, or a guess from all its texts without a mark.
    ///
    /// # Errors
    /// I/O.
    pub(super) fn of(reader: &Input, frame: &Frame, warnings: &mut Warnings) -> Result<Self, Problem> {
        if let Some(native) = reader.encoding().and_then(named) {
            return Ok(Self { native });
        }
        let mut guess = Guess::new();
        let mut add = |bytes: &[u8], mark| {
            if mark == Mark::Native {
                guess.add(bytes);
            }
        };
        for (at, column) in frame.columns.iter().enumerate() {
            add(&column.name.bytes, column.name.mark);
            match &column.what {
                What::Factor(levels) => levels.iter().for_each(|level| add(&level.bytes, level.mark)),
                What::Text => {
                    let rows = reader.column(frame, at).map_err(|e| problems::rds_read(&e))?;
                    let take = |cell: Cell<'_>| {
                        if let Cell::Text(bytes, mark) = cell {
                            add(bytes, mark);
                        }
                    };
                    rows.each(take).map_err(|e| problems::rds_read(&e))?;
                }
                _ => {}
            }
        }
        let Some(native) = guess.encoding() else { return Ok(Self { native: UTF_8 }) };
        legacy_text::remark(native.name(), "save the file with a current release of R", warnings);
        Ok(Self { native })
    }

    /// A text of the data.
    pub(super) fn decode<'a>(&self, bytes: &'a [u8], mark: Mark) -> Cow<'a, str> {
        let encoding = match mark {
            Mark::Utf8 => UTF_8,
            Mark::Latin1 => WINDOWS_1252,
            Mark::Native => self.native,
        };
        encoding.decode_without_bom_handling(bytes).0
    }

    /// A name or a label.
    pub(super) fn text(&self, text: &Text) -> String {
        self.decode(&text.bytes, text.mark).into_owned()
    }
}

/// An encoding under the name that R has for it.
fn named(name: &str) -> Option<&'static Encoding> {
    match name.to_ascii_uppercase().as_str() {
        "CP936" => Some(GBK),
        "CP950" => Some(BIG5),
        "CP932" => Some(SHIFT_JIS),
        upper => {
            let page = upper.strip_prefix("CP").map(|page| format!("windows-{page}"));
            Encoding::for_label(name.as_bytes()).or_else(|| Encoding::for_label(page?.as_bytes()))
        }
    }
}
