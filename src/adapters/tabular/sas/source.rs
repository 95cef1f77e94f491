//! A data set of SAS, in a transport file (.xpt) or in SAS's own format (.sas7bdat), as blocks of columns.

use std::path::Path;

use encoding_rs::{Encoding, UTF_8};
use xport::{Column, Library, Native, Variable};

use crate::adapters::tabular::advance::{self, Counted};
use crate::adapters::tabular::problems;
use crate::domain::error::{ErrorCode, Problem};

/// Bound on the metadata of an upload that is kept in memory.
const METADATA_LIMIT: u64 = 96 << 20;
/// Bytes of observations converted at once.
const BLOCK_BYTES: usize = 2 << 20;

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
    Native(Native),
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
        Ok(Self {
            variables: chosen.variables.clone(),
            observations: chosen.observations,
            encoding: None,
            encoding_of_names: None,
            step: step(chosen.variables.iter().map(Variable::width).sum()),
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
        let file = Native::open(path).map_err(|e| problems::xport_read(&e))?;
        Ok(Self {
            variables: file.variables.clone(),
            observations: file.observations,
            encoding: file.encoding.as_deref().and_then(|name| Encoding::for_label(name.as_bytes())),
            encoding_of_names: Some(UTF_8),
            members: Vec::new(),
            member: 0,
            step: step(file.width()),
            inner: Inner::Native(file),
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
            Inner::Native(file) => file
                .each_block(self.step, |block, bytes| {
                    advance::took(bytes);
                    take(block).map_err(Stop::Refused)
                })
                .map_err(|stop| match stop {
                    Stop::Refused(problem) => problem,
                    Stop::Unread(error) => problems::xport_read(&error),
                }),
        }
    }
}

/// Why reading ended before the last observation.
enum Stop {
    Unread(xport::Error),
    Refused(Problem),
}

impl From<xport::Error> for Stop {
    fn from(error: xport::Error) -> Self {
        Self::Unread(error)
    }
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
