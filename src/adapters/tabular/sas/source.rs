//! A data set of SAS, in a transport file (.xpt) or in SAS's own format (.sas7bdat), as blocks of columns.

use std::ops::{ControlFlow, Range};
use std::path::Path;

use encoding_rs::{Encoding, UTF_8};
use sas7bdat::{Dataset, IoBackendPreference, OpenOptions};
use xport::{Column, Format, Library, Number};

use crate::adapters::tabular::advance::{self, Counted};
use crate::adapters::tabular::problems;
use crate::domain::error::{ErrorCode, Problem};

/// Bound on the metadata of an upload that is kept in memory.
const METADATA_LIMIT: u64 = 96 << 20;
/// Bytes of observations converted at once.
const BLOCK_BYTES: usize = 2 << 20;

/// A variable, its texts as they are in the file.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    pub name: Vec<u8>,
    pub label: Vec<u8>,
    pub is_text: bool,
    pub format: Format,
}

/// An open data set.
pub(super) struct Source {
    pub variables: Vec<Variable>,
    pub observations: u64,
    /// The encoding that the file names, of its texts and of names and labels.
    pub encoding: Option<&'static Encoding>,
    pub encoding_of_names: Option<&'static Encoding>,
    /// The data sets of the file where it has several, and which of them this is.
    pub members: Vec<String>,
    pub member: usize,
    step: usize,
    inner: Inner,
}

enum Inner {
    Transport(Library<Counted>),
    Native { file: Dataset, places: Vec<Range<usize>>, is_big_endian: bool },
}

impl Source {
    /// Opens a transport file at the data set of this name, the first one without a name. The file is read `passes` times.
    ///
    /// # Errors
    /// `INPUT_*`.
    pub(super) fn transport(path: &Path, wanted: Option<&str>, passes: u64) -> Result<Self, Problem> {
        let file = Counted::open(path, passes).map_err(|e| problems::io("read the upload", &e))?;
        let library = Library::open(file, METADATA_LIMIT).map_err(|e| problems::xport_read(&e))?;
        let members: Vec<String> =
            library.members().iter().map(|m| String::from_utf8_lossy(&m.name).into_owned()).collect();
        let member = choose(&members, wanted)?;
        let chosen = &library.members()[member];
        let variable = |v: &xport::Variable| Variable {
            name: v.name.clone(),
            label: v.label.clone(),
            is_text: v.is_text,
            format: v.format.clone(),
        };
        Ok(Self {
            variables: chosen.variables.iter().map(variable).collect(),
            observations: chosen.observations,
            encoding: None,
            encoding_of_names: None,
            step: step(chosen.variables.iter().map(xport::Variable::width).sum()),
            members,
            member,
            inner: Inner::Transport(library),
        })
    }

    /// Opens a file in SAS's own format.
    ///
    /// # Errors
    /// `INPUT_*`.
    pub(super) fn native(path: &Path, passes: u64) -> Result<Self, Problem> {
        advance::expect_of(path, passes);
        let options = OpenOptions::builder().io_backend(IoBackendPreference::Mmap).build();
        let file = Dataset::open_with(path, options).map_err(|e| native_problem(&e))?;
        let about = file.metadata();
        let width = about.row_len as usize;
        let mut places = Vec::new();
        let mut variables = Vec::new();
        for column in file.columns() {
            let (start, length) = (column.offset as usize, column.physical_width as usize);
            let is_text = !column.logical_type.is_numeric();
            let end = start
                .checked_add(length)
                .filter(|end| *end <= width && (is_text || (2..=8).contains(&length)));
            let end = end.ok_or_else(|| {
                problems::parse(
                    None,
                    Some(&column.name),
                    "the place of its values is impossible; the file is damaged",
                )
            })?;
            places.push(start..end);
            variables.push(Variable {
                name: column.name.clone().into_bytes(),
                label: column.label.clone().unwrap_or_default().into_bytes(),
                is_text,
                format: Format::new(
                    column.format.as_deref().unwrap_or_default(),
                    column.format_width,
                    column.format_digits,
                ),
            });
        }
        Ok(Self {
            variables,
            observations: about.row_count.saturating_sub(about.deleted_row_count),
            encoding: about.encoding.as_deref().and_then(|name| Encoding::for_label(name.as_bytes())),
            encoding_of_names: Some(UTF_8),
            members: Vec::new(),
            member: 0,
            step: step(width),
            inner: Inner::Native {
                is_big_endian: about.endianness == sas7bdat::Endianness::Big,
                places,
                file,
            },
        })
    }

    /// Calls `take` with every block of columns.
    ///
    /// # Errors
    /// Damage, another number of observations than announced, what `take` answers.
    pub(super) fn each_block(
        &mut self,
        mut take: impl FnMut(&[Column]) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        match &mut self.inner {
            Inner::Transport(library) => {
                let mut first = 0;
                while let Some(block) =
                    library.read_block(self.member, first, self.step).map_err(|e| problems::xport_read(&e))?
                {
                    take(&block)?;
                    first += self.step as u64;
                }
                Ok(())
            }
            Inner::Native { file, places, is_big_endian } => {
                let mut block = Block::new(&self.variables, places, *is_big_endian);
                let mut seen = 0;
                let mut refused = None;
                let scanned = file.scan().visit_raw_rows(|row| {
                    block.push(row.bytes);
                    seen += 1;
                    if block.rows == self.step {
                        advance::took(block.bytes);
                        if let Err(problem) = take(&block.take()) {
                            refused = Some(problem);
                            return Ok(ControlFlow::Break(()));
                        }
                    }
                    Ok(ControlFlow::Continue(()))
                });
                if let Some(problem) = refused {
                    return Err(problem);
                }
                scanned.map_err(|e| native_problem(&e))?;
                if seen != self.observations {
                    let reason = format!(
                        "the file announces {} observations and has {seen}; it is incomplete or damaged",
                        self.observations
                    );
                    return Err(problems::parse(None, None, &reason));
                }
                if block.rows > 0 { take(&block.take()) } else { Ok(()) }
            }
        }
    }
}

/// Observations in SAS's own format that are gathered into columns.
struct Block<'a> {
    variables: &'a [Variable],
    places: &'a [Range<usize>],
    is_big_endian: bool,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
}

impl<'a> Block<'a> {
    fn new(variables: &'a [Variable], places: &'a [Range<usize>], is_big_endian: bool) -> Self {
        Self { variables, places, is_big_endian, columns: empty(variables), rows: 0, bytes: 0 }
    }

    fn push(&mut self, row: &[u8]) {
        for (column, place) in self.columns.iter_mut().zip(self.places) {
            let cell = row.get(place.clone()).unwrap_or_default();
            match column {
                Column::Numbers(numbers) => numbers.push(number(cell, self.is_big_endian)),
                Column::Texts { bytes, ends } => {
                    let end = cell.iter().rposition(|byte| !matches!(byte, b' ' | 0)).map_or(0, |at| at + 1);
                    bytes.extend_from_slice(&cell[..end]);
                    ends.push(bytes.len());
                }
            }
        }
        self.rows += 1;
        self.bytes += row.len();
    }

    fn take(&mut self) -> Vec<Column> {
        (self.rows, self.bytes) = (0, 0);
        std::mem::replace(&mut self.columns, empty(self.variables))
    }
}

fn empty(variables: &[Variable]) -> Vec<Column> {
    let of = |variable: &Variable| {
        if variable.is_text {
            Column::Texts { bytes: Vec::new(), ends: Vec::new() }
        } else {
            Column::Numbers(Vec::new())
        }
    };
    variables.iter().map(of).collect()
}

/// A number of 2 to 8 bytes: the first bytes of a double, the last ones were zero. A missing value is no number (NaN), and the
/// complement of its third byte says which: 0 is `._`, 1 is `.`, 2 to 27 are `.A` to `.Z`, or it is the letter itself.
fn number(cell: &[u8], is_big_endian: bool) -> Number {
    let mut word = [0; 8];
    if is_big_endian {
        word[..cell.len()].copy_from_slice(cell);
    } else {
        word.iter_mut().zip(cell.iter().rev()).for_each(|(to, from)| *to = *from);
    }
    let x = f64::from_be_bytes(word);
    if !x.is_nan() {
        return Number::Value(x);
    }
    Number::Missing(match !word[2] {
        0 | b'_' => '_',
        rank @ 2..=27 => char::from(b'A' + rank - 2),
        letter if letter.is_ascii_uppercase() => char::from(letter),
        _ => '.',
    })
}

fn step(width: usize) -> usize {
    (BLOCK_BYTES / width.max(1)).clamp(1, 65_536)
}

fn choose(members: &[String], wanted: Option<&str>) -> Result<usize, Problem> {
    let found = match wanted {
        Some(name) => members.iter().position(|member| member.eq_ignore_ascii_case(name)),
        None if members.is_empty() => return Err(problems::empty("the transport file has no data set")),
        None => Some(0),
    };
    found.ok_or_else(|| {
        let name = problems::shown(wanted.unwrap_or_default());
        let message = format!("the transport file has no data set named {name}");
        Problem::new(ErrorCode::InputSheetNotFound, message).with("sheets", members.to_vec())
    })
}

/// A failure of the reader of SAS's own format.
fn native_problem(error: &sas7bdat::Error) -> Problem {
    tracing::debug!(error = %error, "a data set of SAS could not be read");
    match error {
        sas7bdat::Error::Unsupported(_) => problems::unsupported(
            "the data set of SAS has a form that is not read; write it to a transport file (.xpt) with the LIBNAME engine xport",
        ),
        _ => problems::parse(None, None, "the data set of SAS is incomplete or damaged and cannot be read"),
    }
}
