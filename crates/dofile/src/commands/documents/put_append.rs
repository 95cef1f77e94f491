//! `putdocx append` and `putdocx save, append`: documents behind each other ([RPT] putdocx begin). Styles and page
//! settings are those of the first file.

use super::put::{Format, refuse};
use crate::error::{Result, StataError};
use crate::ops::files::{check_replace, with_extension};
use crate::session::Session;
use crate::syntax::options::split_options;
use crate::syntax::split::{front_and_options, unquote, words};
use figure::docx::join;

/// Documented options of the appended content that are refused.
const REFUSED: &[&str] = &["headsrc", "pgnumrestart", "stylesrc"];

/// Whether the appended content begins on a new page, from the argument of `append()`.
pub(super) fn on_new_page(text: &str) -> Result<bool> {
    let options = split_options(text)?;
    let others: Vec<_> = options.iter().filter(|o| o.0 != "pagebreak").cloned().collect();
    refuse(Format::Docx, &others, REFUSED)?;
    Ok(!options.is_empty())
}

fn content(s: &Session, file: &str) -> Result<Vec<u8>> {
    std::fs::read(s.path(file)).map_err(|_| StataError::new(601, format!("file {file} not found")))
}

fn joined(file: &str, first: &[u8], second: &[u8], new_page: bool) -> Result<Vec<u8>> {
    join(first, second, new_page)
        .map_err(|e| StataError::new(610, format!("file {file} can not be appended: {e}")))
}

/// A document behind the one of a file.
pub(super) fn behind(s: &Session, file: &str, document: &[u8], new_page: bool) -> Result<Vec<u8>> {
    joined(file, &content(s, file)?, document, new_page)
}

/// `append file1 file2 ...`: the result replaces the first file, or is a file of its name in `saving()`.
pub(super) fn run(s: &mut Session, rest: &str, options: &str) -> Result<()> {
    let files: Vec<String> = words(rest).into_iter().map(|f| with_extension(unquote(f), "docx")).collect();
    let [first, others @ ..] = files.as_slice() else { return Err(StataError::standard(100)) };
    if others.is_empty() {
        return Err(StataError::standard(100));
    }
    let (mut new_page, mut target) = (false, first.clone());
    for (option, argument) in split_options(options)? {
        match (option.as_str(), argument) {
            ("pagebreak", None) => new_page = true,
            ("saving", Some(text)) => {
                let (name, own) = front_and_options(&text);
                let own = words(own);
                if let Some(bad) = own.iter().find(|o| **o != "replace") {
                    return Err(StataError::option_not_allowed(bad));
                }
                target = with_extension(unquote(name), "docx");
                check_replace(&s.path(&target), &target, !own.is_empty())?;
            }
            (o, a) => return refuse(Format::Docx, &[(o.to_string(), a)], REFUSED),
        }
    }
    let mut bytes = content(s, first)?;
    for file in others {
        bytes = joined(file, &bytes, &content(s, file)?, new_page)?;
    }
    std::fs::write(s.path(&target), bytes).map_err(|e| StataError::unwritten(&target, &e))?;
    let what = if target == *first { "appended to" } else { "created" };
    s.print(format!("successfully {what} {target}"));
    Ok(())
}
