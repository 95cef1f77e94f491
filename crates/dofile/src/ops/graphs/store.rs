//! Keeps the graphs of a session and writes them to files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::figure_options::FigureOptions;
use crate::error::{Result, StataError};
use crate::ops::files::{check_replace, with_extension};
use crate::session::{Extension, Session};
use figure::{self, Figure};

/// Name of a graph that was not given one, as in Stata.
pub(crate) const UNNAMED: &str = "Graph";

/// The graphs in memory.
#[derive(Debug, Default)]
pub(crate) struct Graphs {
    current: Option<String>,
    figures: BTreeMap<String, Figure>,
    /// Figures of the files that this run wrote.
    files: BTreeMap<PathBuf, Figure>,
}

impl Extension for Graphs {}

/// The graphs of a session.
pub(crate) fn graphs(session: &mut Session) -> &mut Graphs {
    session.extensions.state()
}

impl Graphs {
    /// The figure of a name, or the current one; r(198) without one, as `graph export` says.
    pub(crate) fn get(&self, name: Option<&str>) -> Result<&Figure> {
        match name {
            Some(name) => {
                self.figures.get(name).ok_or_else(|| StataError::new(111, format!("graph {name} not found")))
            }
            None => self
                .current
                .as_ref()
                .and_then(|name| self.figures.get(name))
                .ok_or_else(|| StataError::new(601, "no graph in memory")),
        }
    }

    /// True when a graph of this name exists.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.figures.contains_key(name)
    }

    /// Name of the current graph.
    pub(crate) fn current(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// Makes a graph current.
    pub(crate) fn select(&mut self, name: &str) -> Result<()> {
        self.get(Some(name))?;
        self.current = Some(name.to_owned());
        Ok(())
    }

    /// Stores a graph and makes it current.
    pub(crate) fn put(&mut self, name: &str, figure: Figure) {
        self.figures.insert(name.to_owned(), figure);
        self.current = Some(name.to_owned());
    }

    /// Forgets a graph.
    pub(crate) fn drop(&mut self, name: &str) -> Result<()> {
        self.figures.remove(name).ok_or_else(|| StataError::new(111, format!("graph {name} not found")))?;
        if self.current.as_deref() == Some(name) {
            self.current = None;
        }
        Ok(())
    }

    /// Forgets all graphs, but not those in files.
    pub(crate) fn clear(&mut self) {
        (self.current, self.figures) = (None, BTreeMap::new());
    }

    /// Names in alphabetic order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.figures.keys().cloned().collect()
    }
}

/// Stores a new figure under the name of the options, and in the file of `saving()`; r(110) and r(602) when name or file
/// are taken and `replace` was not given.
pub(crate) fn show(session: &mut Session, mut figure: Figure, options: &FigureOptions) -> Result<()> {
    figure.change_texts(&super::markup::plain);
    let (name, replace) = options.name.clone().unwrap_or((UNNAMED.to_owned(), true));
    if !replace && graphs(session).has(&name) {
        return Err(StataError::new(110, format!("graph {name} already exists")));
    }
    for note in super::text::notes() {
        session.print(note);
    }
    if let Some((file, replace)) = &options.saving {
        save(session, figure.clone(), file, *replace)?;
    }
    graphs(session).put(&name, figure);
    Ok(())
}

/// Writes a figure to a `.gph` file, whose content is the picture, and remembers it for this run.
pub(crate) fn save(session: &mut Session, figure: Figure, file: &str, replace: bool) -> Result<()> {
    let file = with_extension(file, "gph");
    let path = session.path(&file);
    check_replace(&path, &file, replace)?;
    std::fs::write(&path, figure::render(&figure)).map_err(|e| StataError::unwritten(&file, &e))?;
    graphs(session).files.insert(path, figure);
    session.print(format!("file {file} saved"));
    Ok(())
}

/// The figure of a file that this run wrote.
///
/// # Errors
/// r(601) without the file; r(199) for a file of another run or program.
pub(crate) fn saved(session: &mut Session, file: &str) -> Result<Figure> {
    let file = with_extension(file, "gph");
    let path = session.path(&file);
    if !path.exists() {
        return Err(StataError::new(601, format!("file {file} not found")));
    }
    let refused =
        || StataError::unsupported_command(&format!("graph use of {file}, which another run wrote,"));
    graphs(session).files.get(&path).cloned().ok_or_else(refused)
}

/// The figure of a name in memory or of a file.
pub(crate) fn find(session: &mut Session, name: &str) -> Result<Figure> {
    if let Ok(figure) = graphs(session).get(Some(name)) {
        return Ok(figure.clone());
    }
    let file = name.contains(['.', '/']) || session.path(&with_extension(name, "gph")).exists();
    if file { saved(session, name) } else { graphs(session).get(Some(name)).cloned() }
}

/// The line under a figure that says engine and sample; what the author's own note says already is
/// left out.
pub(crate) fn footer(own_note: &str, used: Option<usize>) -> String {
    let mut parts = Vec::new();
    if !own_note.contains("engine") {
        parts.push(format!("open do-file engine {}", env!("CARGO_PKG_VERSION")));
    }
    if let Some(used) = used
        && !own_note.contains("N = ")
    {
        parts.push(format!("N = {used}"));
    }
    parts.join(" · ")
}

/// Kinds of files that figures are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Svg,
    Png {
        width: Option<u32>,
        height: Option<u32>,
    },
    Tiff {
        width: Option<u32>,
        height: Option<u32>,
    },
    Pdf,
    Eps,
    Ps,
    /// What the figure shows, as a table.
    Csv,
}

/// Writes a figure; r(602) when the file exists and `replace` was not given.
pub(crate) fn export(
    session: &mut Session,
    name: Option<&str>,
    file: &str,
    replace: bool,
    kind: Kind,
) -> Result<()> {
    let shown = graphs(session).get(name)?;
    let (svg, data) = match kind {
        Kind::Csv => (String::new(), figure::data::to_csv(shown)),
        _ => (figure::render(shown), String::new()),
    };
    let path = session.path(file);
    if path.exists() && !replace {
        return Err(StataError::new(602, format!("file {file} already exists")));
    }
    let refused = |e: figure::raster::RasterError| StataError::new(198, e.to_string());
    let (bytes, shown) = match kind {
        Kind::Svg => (svg.into_bytes(), "SVG"),
        Kind::Png { width, height } => (figure::to_png(&svg, width, height).map_err(refused)?, "PNG"),
        Kind::Tiff { width, height } => (figure::to_tiff(&svg, width, height).map_err(refused)?, "TIFF"),
        Kind::Pdf => (figure::to_pdf(&svg).map_err(refused)?, "PDF"),
        Kind::Eps => (figure::to_eps(&svg).map_err(refused)?, "EPS"),
        Kind::Ps => (figure::to_eps(&svg).map_err(refused)?, "PostScript"),
        Kind::Csv => (data.into_bytes(), "CSV"),
    };
    std::fs::write(&path, bytes).map_err(|e| StataError::unwritten(file, &e))?;
    session.print(format!("file {file} saved as {shown} format"));
    Ok(())
}
