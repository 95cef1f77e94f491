//! `audit/<yyyy-mm>.jsonl`: the readable copy of the audit chain, appended without gap or duplicate. The
//! files say themselves how far they are: the last complete line holds the last sequence.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::wal::free_name;
use crate::adapters::files::{create_dir_durably, sync_dir};

/// The fields of a line that its place depends on.
#[derive(Deserialize)]
struct Line {
    seq: u64,
    time: String,
}

/// Appends events in the order of their sequence.
pub(super) struct AuditLog {
    dir: PathBuf,
    last_seq: u64,
    /// Month of the newest file; later lines never go to an older one, even if the clock stepped back.
    month: String,
}

impl AuditLog {
    /// Finds the end of the log; a line that a crash cut off is removed. `stored` returns the store's own
    /// text of an event: a file that does not end with it is set aside and written again.
    ///
    /// # Errors
    /// Any I/O error.
    pub(super) fn open(dir: PathBuf, stored: impl Fn(u64) -> io::Result<Option<String>>) -> io::Result<Self> {
        create_dir_durably(&dir)?;
        let mut months: Vec<String> = fs::read_dir(&dir)?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter_map(|name| Some(name.strip_suffix(".jsonl")?.to_owned()))
            .filter(|month| is_month(month))
            .collect();
        months.sort();
        let mut log = Self { dir, last_seq: 0, month: String::new() };
        for month in months.iter().rev() {
            let path = log.path(month);
            let Some(line) = last_line(&path)? else { continue };
            if let Ok(seq) = parse(&line).map(|parsed| parsed.seq)
                && stored(seq)?.as_deref() == Some(line.as_str())
            {
                log.last_seq = seq;
                log.month.clone_from(month);
                break;
            }
            log.set_aside(&path)?;
        }
        Ok(log)
    }

    /// Renames a file that does not agree with the store; what it should hold is appended again.
    fn set_aside(&self, path: &Path) -> io::Result<()> {
        let name = free_name(path)?;
        fs::rename(path, &name)?;
        sync_dir(&self.dir)?;
        tracing::error!(
            event = "SS_AUDIT_FILE_DAMAGED",
            file = %name.file_name().unwrap_or_default().display(),
            "a file of the audit log does not match the store; it is set aside and rewritten"
        );
        Ok(())
    }

    /// Returns the sequence of the last event in the log.
    pub(super) fn last_seq(&self) -> u64 {
        self.last_seq
    }

    fn path(&self, month: &str) -> PathBuf {
        self.dir.join(format!("{month}.jsonl"))
    }

    /// Makes the newest file durable; those before it are, because a month that ends is synced.
    ///
    /// # Errors
    /// Any I/O error.
    pub(super) fn sync(&self) -> io::Result<()> {
        if self.month.is_empty() {
            return Ok(());
        }
        File::open(self.path(&self.month))?.sync_data()?;
        sync_dir(&self.dir)
    }

    /// Appends events that follow the last one. They are durable after [`sync`](Self::sync).
    ///
    /// # Errors
    /// Any I/O error; the log must then be opened again.
    pub(super) fn append(&mut self, events: &[(u64, String)]) -> io::Result<()> {
        let mut rest = events;
        while let Some((_, first)) = rest.first() {
            let month = self.month_of(first);
            let n = rest.iter().take_while(|(_, json)| self.month_of(json) == month).count();
            let (now, later) = rest.split_at(n);
            self.append_to(&month, now)?;
            rest = later;
        }
        Ok(())
    }

    fn month_of(&self, json: &str) -> String {
        let month = parse(json).ok().and_then(|line| line.time.get(..7).map(str::to_owned));
        match month {
            Some(month) if is_month(&month) && month > self.month => month,
            _ if self.month.is_empty() => "1970-01".to_owned(),
            _ => self.month.clone(),
        }
    }

    fn append_to(&mut self, month: &str, events: &[(u64, String)]) -> io::Result<()> {
        let mut text = String::new();
        for (seq, json) in events {
            if *seq != self.last_seq + 1 {
                return Err(io::Error::other(format!("event {} is missing in the store", self.last_seq + 1)));
            }
            self.last_seq = *seq;
            text.push_str(json);
            text.push('\n');
        }
        let path = self.path(month);
        if !path.exists() {
            self.sync()?;
        }
        File::options().create(true).append(true).open(&path)?.write_all(text.as_bytes())?;
        month.clone_into(&mut self.month);
        Ok(())
    }
}

fn is_month(text: &str) -> bool {
    text.len() == 7
        && text.bytes().enumerate().all(|(i, b)| if i == 4 { b == b'-' } else { b.is_ascii_digit() })
}

fn parse(line: &str) -> io::Result<Line> {
    serde_json::from_str(line)
        .map_err(|e| io::Error::other(format!("a line of the audit log is damaged: {e}")))
}

/// Returns the last complete line of a file, after cutting off what follows it.
///
/// # Errors
/// Any I/O error.
pub(super) fn last_line(path: &Path) -> io::Result<Option<String>> {
    let mut file = File::options().read(true).write(true).open(path)?;
    let len = file.metadata()?.len();
    let mut window = 64 * 1024;
    loop {
        let from = len.saturating_sub(window);
        file.seek(SeekFrom::Start(from))?;
        let mut tail = Vec::new();
        (&file).take(len - from).read_to_end(&mut tail)?;
        let end = tail.iter().rposition(|b| *b == b'\n');
        let start = end.and_then(|end| tail[..end].iter().rposition(|b| *b == b'\n'));
        if from > 0 && start.is_none() {
            window *= 2;
            continue;
        }
        let Some(end) = end else {
            file.set_len(0)?;
            return Ok(None);
        };
        file.set_len(from + end as u64 + 1)?;
        let start = start.map_or(0, |start| start + 1);
        return Ok(Some(String::from_utf8_lossy(&tail[start..end]).into_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(seq: u64, time: &str) -> (u64, String) {
        (seq, format!("{{\"seq\":{seq},\"time\":\"{time}\"}}"))
    }

    #[test]
    fn a_cut_line_is_written_again_and_months_never_go_back() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut log = open(dir.path());
        log.append(&EVENTS[..2].iter().map(|e| event(e.0, e.1)).collect::<Vec<_>>()).expect("appends");
        log.append(&[event(3, "2026-01-31T23:59:59Z")]).expect("appends");
        let february = dir.path().join("2026-02.jsonl");
        let text = fs::read_to_string(&february).expect("reads");
        fs::write(&february, &text[..text.len() - 5]).expect("cuts");
        let mut log = open(dir.path());
        assert_eq!(log.last_seq(), 2);
        log.append(&[event(3, "2026-01-31T23:59:59Z")]).expect("appends");
        assert_eq!(fs::read_to_string(&february).expect("reads"), text);
        assert!(log.append(&[event(5, "2026-03-01T00:00:00Z")]).is_err(), "a gap is refused");
    }

    const EVENTS: [(u64, &str); 3] =
        [(1, "2026-01-31T23:59:59Z"), (2, "2026-02-01T00:00:00Z"), (3, "2026-01-31T23:59:59Z")];

    fn open(dir: &Path) -> AuditLog {
        let stored = |seq| Ok(EVENTS.iter().find(|e| e.0 == seq).map(|e| event(e.0, e.1).1));
        AuditLog::open(dir.to_owned(), stored).expect("opens")
    }

    #[test]
    fn a_damaged_end_is_set_aside_and_written_anew() {
        let all: Vec<(u64, String)> = EVENTS.iter().map(|e| event(e.0, e.1)).collect();
        let dir = tempfile::tempdir().expect("a directory");
        open(dir.path()).append(&all).expect("appends");
        let february = dir.path().join("2026-02.jsonl");
        let whole = fs::read(&february).expect("reads");
        let last = whole.len() - event(3, EVENTS[2].1).1.len() - 1;
        for (n, byte) in (last..whole.len() - 1).enumerate() {
            let mut damaged = whole.clone();
            damaged[byte] ^= 1;
            fs::write(&february, &damaged).expect("damages");
            let mut log = open(dir.path());
            assert_eq!(log.last_seq(), 1, "byte {byte}");
            log.append(&all[1..]).expect("appends");
            assert_eq!(fs::read(&february).expect("reads"), whole, "written anew");
            let aside = dir.path().join(format!("2026-02.jsonl.damaged-{}", n + 1));
            assert_eq!(fs::read(aside).expect("kept"), damaged);
        }
    }

    #[test]
    fn long_lines_are_found_whole() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("2026-01.jsonl");
        let long = "x".repeat(200_000);
        fs::write(&path, format!("first\n{long}\npartial")).expect("writes");
        assert_eq!(last_line(&path).expect("reads").as_deref(), Some(long.as_str()));
        assert_eq!(fs::metadata(&path).expect("exists").len(), 6 + 200_001);
        fs::write(&path, "partial").expect("writes");
        assert_eq!(last_line(&path).expect("reads"), None);
    }
}
