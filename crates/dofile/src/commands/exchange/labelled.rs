//! What the readers of data sets of SPSS and SAS have in common: the file's name, names of variables, the choice of variables and rows.

use encoding_rs::Encoding;

use super::names::Case;
use crate::error::{Result, StataError};
use crate::frame::Frame;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::split::{unquote, words};

/// Bound on the bytes of a file's headers or dictionary.
pub(super) const METADATA_LIMIT: u64 = 96 << 20;
/// Rows read at once.
pub(super) const BLOCK: usize = 16_384;

/// The file and the words before it; without `using`, the last word is the file.
pub(super) fn file_and_words(cmd: &ParsedCommand) -> Result<(String, Vec<String>)> {
    let mut list: Vec<String> = words(&cmd.list).into_iter().map(str::to_string).collect();
    let file = match &cmd.using {
        Some(file) => file.clone(),
        None => {
            let file = list.pop().ok_or_else(|| StataError::invalid("invalid file specification"))?;
            unquote(&file).to_owned()
        }
    };
    Ok((file, list))
}

/// The option `case()`.
pub(super) fn case(cmd: &ParsedCommand, default: Case) -> Result<Case> {
    cmd.options.text("case").map_or(Ok(default), |text| {
        Case::parse(text).ok_or_else(|| StataError::invalid("option case() incorrectly specified"))
    })
}

/// The encoding of this name.
pub(super) fn named_encoding(name: &str) -> Result<&'static Encoding> {
    Encoding::for_label(unquote(name.trim()).as_bytes())
        .ok_or_else(|| StataError::invalid(format!("encoding {name} not found")))
}

/// A text in an encoding; what is no text in it becomes a replacement character.
pub(super) fn decode(encoding: &'static Encoding, bytes: &[u8]) -> String {
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

/// Makes a data set the one in memory, with the variables and rows that were asked for; gives the positions of the variables in the
/// file. After an error the data in memory are those of before.
pub(super) fn take(
    session: &mut Session,
    frame: Frame,
    cmd: &ParsedCommand,
    list: &[String],
    originals: &[String],
) -> Result<Vec<usize>> {
    let before = std::mem::replace(&mut session.frame, frame);
    let chosen = choose(session, cmd, list, originals);
    if chosen.is_err() {
        session.frame = before;
    }
    chosen
}

/// Leaves the variables and rows that were asked for; gives the positions of the variables in the file.
fn choose(
    session: &mut Session,
    cmd: &ParsedCommand,
    list: &[String],
    originals: &[String],
) -> Result<Vec<usize>> {
    let rows = session.rows(cmd)?;
    let mut chosen = Vec::new();
    for word in list {
        match originals.iter().position(|o| o.eq_ignore_ascii_case(word)) {
            Some(at) => chosen.push(at),
            None => chosen.extend(session.varlist(word)?),
        }
    }
    if list.is_empty() {
        chosen = (0..originals.len()).collect();
    }
    if rows.contains(&false) {
        session.frame.keep_rows(&rows);
    }
    let others: Vec<usize> = (0..originals.len()).filter(|at| !chosen.contains(at)).collect();
    session.frame.drop_vars(&others);
    let used: Vec<String> = session.frame.vars().iter().map(|v| v.value_label.clone()).collect();
    session.frame.value_labels.retain(|name, _| used.contains(name));
    Ok(chosen)
}
