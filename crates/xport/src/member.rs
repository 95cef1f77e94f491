//! A data set's headers: its variables with their labels and formats.

use std::io::{Read, Seek};
use std::ops::Range;

use crate::error::Error;
use crate::observations;
use crate::records::{Header, Records};
use crate::values::Format;

/// Length of the description of a variable; 136 on VAX/VMS, where the last bytes are left out.
const NAMESTR: usize = 140;
const NAMESTR_VMS: usize = 136;
/// Offset of the parts that version 8 added to it.
const LONG_NAME: Range<usize> = 88..120;

/// A data set of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The name.
    pub name: Vec<u8>,
    /// The variables in the order of the file.
    pub variables: Vec<Variable>,
    /// Number of observations.
    pub observations: u64,
    /// Offset of the first observation.
    pub(crate) start: u64,
    /// Length of an observation.
    pub(crate) width: usize,
}

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The name.
    pub name: Vec<u8>,
    /// The label, empty if there is none.
    pub label: Vec<u8>,
    /// Texts rather than numbers.
    pub is_text: bool,
    /// How values are printed.
    pub format: Format,
    /// Where its bytes are in an observation.
    pub(crate) place: Range<usize>,
}

impl Variable {
    /// Bytes of a value.
    pub fn width(&self) -> usize {
        self.place.len()
    }
}

/// A text without the blanks or zero bytes at its end.
pub(crate) fn trimmed(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| !matches!(byte, b' ' | 0)).map_or(0, |at| at + 1);
    &bytes[..end]
}

/// Reads a data set's headers and passes over its observations.
pub(crate) fn read<R: Read + Seek>(records: &mut Records<R>) -> Result<Member, Error> {
    let start = records.position();
    let member = expect(records, &["MEMBER", "MEMBV8"], "a data set")?;
    let is_long = member.kind == "MEMBV8";
    let size = member.number(26..30).unwrap_or(NAMESTR as u64) as usize;
    if !matches!(size, NAMESTR | NAMESTR_VMS) {
        return Err(Error::malformed(format!("descriptions of variables have {size} bytes"), start));
    }
    expect(records, &["DSCRPTR", "DSCPTV8"], "the description of a data set")?;
    let record = records.record("the name of a data set")?;
    let name = trimmed(&record[8..if is_long { 40 } else { 16 }]).to_vec();
    records.record("the description of a data set")?;
    let at = records.position();
    let header = expect(records, &["NAMESTR", "NAMSTV8"], "the variables")?;
    let count = header.number(0..10).filter(|count| *count > 0);
    let count = count.ok_or_else(|| Error::malformed("the data set has no variables", at))?;
    let at = records.position();
    let described = records.bytes(count.saturating_mul(size as u64), "the variables")?;
    records.align()?;
    let mut variables = Vec::new();
    for description in described.chunks_exact(size) {
        variables.push(variable(description, is_long).map_err(|what| Error::malformed(what, at))?);
    }
    let announced = long_texts(records, &mut variables)?;
    let width =
        width(&variables).ok_or_else(|| Error::malformed("the variables overlap or leave gaps", at))?;
    let start = records.position();
    let observations = observations::pass(records, width as u64, announced)?;
    Ok(Member { name, variables, observations, start, width })
}

fn expect<R: Read + Seek>(
    records: &mut Records<R>,
    kinds: &[&str],
    what: &'static str,
) -> Result<Header, Error> {
    let offset = records.position();
    let header = records.header(what)?;
    if kinds.contains(&header.kind.as_str()) {
        return Ok(header);
    }
    Err(Error::malformed(format!("the header of {what} is expected here, not {}", header.kind), offset))
}

fn variable(bytes: &[u8], is_long: bool) -> Result<Variable, String> {
    let i16 = |at: usize| i16::from_be_bytes([bytes[at], bytes[at + 1]]);
    let count = |at: usize| u16::try_from(i16(at)).unwrap_or(0);
    let position = i32::from_be_bytes([bytes[84], bytes[85], bytes[86], bytes[87]]);
    let short = trimmed(&bytes[8..16]);
    let long = if is_long { trimmed(&bytes[LONG_NAME]) } else { &[] };
    let name = if long.is_empty() { short } else { long }.to_vec();
    let is_text = match i16(0) {
        1 => false,
        2 => true,
        other => return Err(format!("a variable has the type {other}")),
    };
    let length = usize::from(count(4));
    let range = if is_text { 1..=32_767 } else { 2..=8 };
    let position = usize::try_from(position).ok().filter(|_| range.contains(&length));
    let position = position.ok_or_else(|| format!("a variable has the length {length}"))?;
    let format = Format::new(&String::from_utf8_lossy(trimmed(&bytes[56..64])), count(64), count(66));
    let label = trimmed(&bytes[16..56]).to_vec();
    Ok(Variable { name, label, is_text, format, place: position..position + length })
}

/// Reads the labels, names and formats that do not fit in a description, and the header of the observations. Returns their number,
/// where it is said.
fn long_texts<R: Read + Seek>(
    records: &mut Records<R>,
    variables: &mut [Variable],
) -> Result<Option<u64>, Error> {
    let header = expect(records, &["OBS", "OBSV8", "LABELV8", "LABELV9"], "the observations")?;
    let lengths = match header.kind.as_str() {
        "OBS" => return Ok(None),
        "OBSV8" => return Ok(observations_of(&header)),
        "LABELV8" => 3,
        _ => 5,
    };
    for _ in 0..header.number(0..10).unwrap_or(0) {
        let at = records.position();
        let fields = records.bytes(lengths * 2, "a label")?;
        let mut fields = fields.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        let number = usize::from(fields.next().unwrap_or(0));
        let texts: Vec<Vec<u8>> =
            fields.map(|length| records.bytes(length.into(), "a label")).collect::<Result<_, _>>()?;
        let variable = number.checked_sub(1).and_then(|at| variables.get_mut(at));
        let variable =
            variable.ok_or_else(|| Error::malformed(format!("there is no variable {number}"), at))?;
        variable.name = trimmed(&texts[0]).to_vec();
        variable.label = trimmed(&texts[1]).to_vec();
        if let Some(format) = texts.get(2).map(|text| trimmed(text)).filter(|text| !text.is_empty()) {
            let Format { width, decimals, .. } = variable.format;
            variable.format = Format::new(&String::from_utf8_lossy(format), width, decimals);
        }
    }
    records.align()?;
    Ok(observations_of(&expect(records, &["OBS", "OBSV8"], "the observations")?))
}

/// Length of an observation, if the variables stand one behind the other in some order.
fn width(variables: &[Variable]) -> Option<usize> {
    let mut places: Vec<&Range<usize>> = variables.iter().map(|variable| &variable.place).collect();
    places.sort_by_key(|place| place.start);
    let mut end = 0;
    for place in places {
        if place.start != end {
            return None;
        }
        end = place.end;
    }
    Some(end)
}

/// The number of observations; `None` where the header has zeros or blanks for it.
fn observations_of(header: &Header) -> Option<u64> {
    header.number(0..15).filter(|count| *count > 0)
}
