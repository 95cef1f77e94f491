//! Open files of `fopen()`: their handles, positions and states.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// An open file.
#[derive(Debug)]
pub struct Open {
    file: File,
    mode: Mode,
    /// What was read from the file and not yet given out.
    buffer: Vec<u8>,
    /// The last state: 0, or -1 at the end of the file.
    pub status: i32,
}

/// How a file was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `r`.
    Read,
    /// `w`.
    Write,
    /// `rw`.
    ReadWrite,
    /// `a`.
    Append,
}

/// Most files that are open at one time.
const MOST: usize = 50;

/// Most bytes of one line or of one `fread()`.
const MOST_BYTES: usize = 1 << 28;

/// Bytes that are read from a file at once.
const CHUNK: usize = 1 << 16;

/// Open files by handle.
#[derive(Debug, Default)]
pub struct Files {
    open: Vec<Option<Open>>,
}

impl Mode {
    /// The mode of a text; 3603 for another one.
    pub fn parse(text: &str) -> Result<Self, i32> {
        match text.trim() {
            "r" => Ok(Self::Read),
            "w" => Ok(Self::Write),
            "rw" => Ok(Self::ReadWrite),
            "a" => Ok(Self::Append),
            _ => Err(3603),
        }
    }
}

impl Files {
    /// Opens a file and gives its handle.
    ///
    /// # Errors
    /// 601 not found, 602 exists, 603 could not be opened, 3611 too many.
    pub fn open(&mut self, path: &Path, mode: Mode) -> Result<usize, i32> {
        let free = self.open.iter().position(Option::is_none).unwrap_or(self.open.len());
        if free >= MOST {
            return Err(3611);
        }
        let mut options = OpenOptions::new();
        match mode {
            Mode::Read => options.read(true),
            Mode::Write => options.read(true).write(true).create_new(true),
            Mode::ReadWrite => options.read(true).write(true).create(true),
            Mode::Append => options.append(true).create(true),
        };
        let refused = |e: std::io::Error| match e.kind() {
            std::io::ErrorKind::NotFound => 601,
            std::io::ErrorKind::AlreadyExists => 602,
            _ => 603,
        };
        let mut file = options.open(path).map_err(refused)?;
        if path.is_dir() {
            return Err(603);
        }
        if mode == Mode::ReadWrite {
            file.seek(SeekFrom::End(0)).map_err(|_| 691)?;
        }
        let open = Open { file, mode, buffer: Vec::new(), status: 0 };
        if free == self.open.len() {
            self.open.push(Some(open));
        } else {
            self.open[free] = Some(open);
        }
        Ok(free)
    }

    /// Closes a file; 3601 for a handle of no open file.
    pub fn close(&mut self, handle: usize) -> Result<(), i32> {
        self.open.get_mut(handle).and_then(Option::take).map(|_| ()).ok_or(3601)
    }

    /// The file of a handle; 3601 for a handle of no open file.
    pub fn get(&mut self, handle: usize) -> Result<&mut Open, i32> {
        self.open.get_mut(handle).and_then(Option::as_mut).ok_or(3601)
    }
}

impl Open {
    fn readable(&self) -> Result<(), i32> {
        if matches!(self.mode, Mode::Read | Mode::ReadWrite | Mode::Write) { Ok(()) } else { Err(3622) }
    }

    /// Reads more bytes into the buffer; false at the end of the file.
    fn fill(&mut self) -> Result<bool, i32> {
        let start = self.buffer.len();
        self.buffer.resize(start + CHUNK, 0);
        let read = self.file.read(&mut self.buffer[start..]);
        let count = read.as_ref().copied().unwrap_or(0);
        self.buffer.truncate(start + count);
        read.map(|n| n > 0).map_err(|_| 691)
    }

    /// The next line without its end; nothing at the end of the file.
    ///
    /// # Errors
    /// 3622 for a file that was opened for appending.
    pub fn line(&mut self, keep_end: bool) -> Result<Option<String>, i32> {
        self.readable()?;
        let mut searched = 0;
        let end = loop {
            if let Some(k) = self.buffer[searched..].iter().position(|b| *b == b'\n') {
                break Some(searched + k);
            }
            searched = self.buffer.len();
            if searched > MOST_BYTES || !self.fill()? {
                break None;
            }
        };
        let taken: Vec<u8> = self.buffer.drain(..end.map_or(self.buffer.len(), |k| k + 1)).collect();
        self.status = if taken.is_empty() { -1 } else { 0 };
        if taken.is_empty() {
            return Ok(None);
        }
        let mut text = String::from_utf8_lossy(&taken).into_owned();
        if !keep_end {
            text.truncate(text.trim_end_matches(['\r', '\n']).len());
        }
        Ok(Some(text))
    }

    /// The next bytes; nothing at the end of the file.
    ///
    /// # Errors
    /// 3622 for a file that was opened for appending.
    pub fn bytes(&mut self, count: usize) -> Result<Option<String>, i32> {
        self.readable()?;
        let count = count.min(MOST_BYTES);
        while self.buffer.len() < count && self.fill()? {}
        let taken: Vec<u8> = self.buffer.drain(..count.min(self.buffer.len())).collect();
        self.status = if taken.is_empty() { -1 } else { 0 };
        Ok((!taken.is_empty()).then(|| String::from_utf8_lossy(&taken).into_owned()))
    }

    /// Writes a text at the position.
    ///
    /// # Errors
    /// 3621 for a file that was opened for reading, 691 when the disk refuses.
    pub fn write(&mut self, text: &str) -> Result<(), i32> {
        if self.mode == Mode::Read {
            return Err(3621);
        }
        self.settle()?;
        self.file.write_all(text.as_bytes()).map_err(|_| 691)
    }

    /// Moves the file's own position to where reading stands.
    fn settle(&mut self) -> Result<(), i32> {
        let ahead = self.buffer.len() as i64;
        self.buffer.clear();
        if ahead > 0 {
            self.file.seek(SeekFrom::Current(-ahead)).map_err(|_| 691)?;
        }
        Ok(())
    }

    /// The position.
    pub fn tell(&mut self) -> Result<u64, i32> {
        let ahead = self.buffer.len() as u64;
        self.file.stream_position().map(|p| p.saturating_sub(ahead)).map_err(|_| 3698)
    }

    /// Moves the position from the start (-1), the present position (0) or the end (1).
    ///
    /// # Errors
    /// 3623 for a file that was opened for appending, 3698 before the start.
    pub fn seek(&mut self, offset: i64, from: f64) -> Result<(), i32> {
        if self.mode == Mode::Append {
            return Err(3623);
        }
        self.settle()?;
        let target = match from {
            -1.0 => SeekFrom::Start(u64::try_from(offset).map_err(|_| 3698)?),
            0.0 => SeekFrom::Current(offset),
            1.0 => SeekFrom::End(offset),
            _ => return Err(3300),
        };
        self.file.seek(target).map(|_| ()).map_err(|_| 3698)
    }

    /// Cuts the file at the position.
    pub fn truncate(&mut self) -> Result<(), i32> {
        let at = self.tell()?;
        self.settle()?;
        self.file.set_len(at).map_err(|_| 691)
    }
}
