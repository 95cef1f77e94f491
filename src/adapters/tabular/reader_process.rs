//! Readers of foreign formats in their own process: a file that makes a reader abort, loop or fill the memory costs
//! that upload and nothing else. This file has both sides: the server's adapter and the process itself
//! (`stata-service read-table SOURCE DEST`, the request on standard input, the answer on standard output).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr,
};
use rustix::process::{Pid, PidfdFlags, Resource, Rlimit, Signal, pidfd_open, pidfd_send_signal, setrlimit};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{TabularFiles, advance, problems};
use crate::adapters::runner::{child_collected, spawn_child};
use crate::domain::data_step::DataStep;
use crate::domain::dataset::Category;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::expression::Condition;
use crate::domain::job::ingest::cancelled;
use crate::ports::stop::Stop;
use crate::ports::tabular::{
    Advance, IngestOptions, IngestedDataset, Preview, RowChecks, RowCounts, RowFindings, SteppedCounts,
    Tabular,
};

/// Address space of a reader for any file, for each byte of its file, and at most. A workbook keeps its shared texts in
/// memory, an XLS file itself; a small file that states large sizes must not get what a large one may need.
const MEMORY_BASE: u64 = 1 << 30;
const MEMORY_PER_BYTE: u64 = 256;
const MEMORY_MOST: u64 = 4 << 30;
/// Most processor time of a reader.
const CPU_SECONDS: u64 = 1_200;
/// Longest life of a reader.
const WALL_SECONDS: u32 = 1_800;
/// Time between two lines on how far a reader is.
const PERIOD: Duration = Duration::from_millis(500);
/// Most bytes of an answer: the facts of every column.
const MOST_ANSWER: u64 = 256 << 20;

/// Reads tables like [`TabularFiles`], uploads in their own process.
#[derive(Debug, Clone)]
pub struct IsolatedReaders {
    program: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Request {
    original_name: String,
    options: IngestOptions,
}

/// A line of a reader.
#[derive(Serialize, Deserialize)]
enum Answer {
    /// How far it is, in bytes; answers come after such lines.
    Advance {
        read: u64,
        of: u64,
    },
    Ingested(Box<IngestedDataset>),
    Refused {
        code: String,
        message: String,
        context: Map<String, Value>,
    },
}

impl IsolatedReaders {
    /// Uses the program that has the readers behind `read-table`; normally this one.
    pub fn new(program: Option<PathBuf>) -> Self {
        Self { program: program.unwrap_or_else(|| "/proc/self/exe".into()) }
    }

    fn start(&self, source: &Path, dest: &Path) -> io::Result<Child> {
        let mut command = Command::new(&self.program);
        command.arg("read-table").arg(source).arg(dest).env_clear().current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        spawn_child(&mut command)
    }

    fn answer(
        &self,
        source: &Path,
        dest: &Path,
        request: &Request,
        stop: &Stop,
        advance: &Advance,
    ) -> io::Result<(Vec<u8>, ExitStatus)> {
        let mut child = self.start(source, dest)?;
        stop.ends_by(killer(&child));
        // a reader that ends before it has read its request is told by its status
        let request = serde_json::to_vec(request).expect("requests serialise to JSON");
        let sent = child.stdin.take().map_or(Ok(()), |mut pipe| pipe.write_all(&request));
        let mut bytes = Vec::new();
        let received = child.stdout.take().map_or(Ok(()), |pipe| last_line(pipe, &mut bytes, advance));
        let status = child.wait();
        child_collected(&child);
        let status = status?;
        if status.success() {
            sent.and(received)?;
        }
        Ok((bytes, status))
    }
}

/// Reads the lines of a reader up to its answer; notes those on how far it is.
fn last_line(pipe: ChildStdout, line: &mut Vec<u8>, advance: &Advance) -> io::Result<()> {
    let mut lines = BufReader::new(pipe.take(MOST_ANSWER));
    loop {
        line.clear();
        lines.read_until(b'\n', line)?;
        if !line.starts_with(b"{\"Advance\"") {
            return Ok(());
        }
        if let Ok(Answer::Advance { read, of }) = serde_json::from_slice(line) {
            advance.set(read, of);
        }
    }
}

/// Returns the end of a reader. Its descriptor names no other process, however late the end comes.
fn killer(child: &Child) -> impl FnOnce() + Send + use<> {
    let descriptor = Pid::from_raw(child.id().cast_signed())
        .and_then(|reader| pidfd_open(reader, PidfdFlags::empty()).ok());
    move || {
        if let Some(descriptor) = descriptor {
            // it may have ended meanwhile
            let _ = pidfd_send_signal(descriptor, Signal::KILL);
        }
    }
}

impl Tabular for IsolatedReaders {
    fn ingest(
        &self,
        source: &Path,
        original_name: &str,
        options: &IngestOptions,
        dest: &Path,
    ) -> Result<IngestedDataset, Problem> {
        self.ingest_unless_stopped(
            source,
            original_name,
            options,
            dest,
            &Stop::default(),
            &Advance::default(),
        )
    }

    fn ingest_unless_stopped(
        &self,
        source: &Path,
        original_name: &str,
        options: &IngestOptions,
        dest: &Path,
        stop: &Stop,
        advance: &Advance,
    ) -> Result<IngestedDataset, Problem> {
        let request = Request { original_name: original_name.to_owned(), options: options.clone() };
        let read = || {
            self.answer(source, dest, &request, stop, advance)
                .map_err(|error| problems::io("start a reader", &error))
        };
        let (mut bytes, mut status) = read()?;
        if was_killed(status) && !stop.is_stopped() {
            // not by its own limits: a machine without memory kills processes that have done nothing wrong
            tracing::warn!(
                event = "SS_INGEST_KILLED",
                "a reader was killed from outside; another one starts"
            );
            let _ = std::fs::remove_file(dest);
            (bytes, status) = read()?;
        }
        let answer = status.success().then(|| serde_json::from_slice(&bytes).ok()).flatten();
        match answer {
            Some(Answer::Ingested(ingested)) => Ok(*ingested),
            Some(Answer::Refused { code, message, context }) => {
                let code = ErrorCode::parse(&code).unwrap_or(ErrorCode::InputParseFailed);
                Err(Problem { context, ..Problem::new(code, message) })
            }
            _ if stop.is_stopped() => {
                // as below
                let _ = std::fs::remove_file(dest);
                Err(cancelled())
            }
            Some(Answer::Advance { .. }) | None => {
                tracing::error!(
                    event = "SS_INGEST_PANICKED",
                    code = status.code(),
                    signal = status.signal(),
                    "a reader ended without a result for an upload"
                );
                // the port leaves nothing behind after an error; what cannot be removed, the sweep removes
                let _ = std::fs::remove_file(dest);
                Err(ended(status))
            }
        }
    }

    fn preview(&self, canonical: &Path, rows: usize, columns: usize) -> Result<Preview, Problem> {
        TabularFiles.preview(canonical, rows, columns)
    }

    fn texts(
        &self,
        canonical: &Path,
        rows: usize,
        skip: &[u64],
        most: usize,
    ) -> Result<BTreeMap<String, Vec<String>>, Problem> {
        TabularFiles.texts(canonical, rows, skip, most)
    }

    fn tallies(
        &self,
        canonical: &Path,
        columns: &[String],
        counted: bool,
    ) -> Result<BTreeMap<String, Vec<Category>>, Problem> {
        TabularFiles.tallies(canonical, columns, counted)
    }

    fn count_rows(
        &self,
        canonical: &Path,
        condition: Option<&Condition>,
        complete: &[String],
    ) -> Result<RowCounts, Problem> {
        TabularFiles.count_rows(canonical, condition, complete)
    }

    fn check_rows(
        &self,
        canonical: &Path,
        steps: &[(DataStep, PathBuf)],
        condition: Option<&Condition>,
        checks: &RowChecks,
    ) -> Result<RowFindings, Problem> {
        TabularFiles.check_rows(canonical, steps, condition, checks)
    }

    fn count_steps(
        &self,
        main: &Path,
        steps: &[(DataStep, PathBuf)],
        condition: Option<&Condition>,
        complete: &[String],
    ) -> Result<SteppedCounts, Problem> {
        TabularFiles.count_steps(main, steps, condition, complete)
    }
}

/// True for a reader that something outside of it has killed.
fn was_killed(status: ExitStatus) -> bool {
    status.signal() == Some(Signal::KILL.as_raw())
}

/// The refusal of a file whose reader did not answer.
fn ended(status: ExitStatus) -> Problem {
    let signal = status.signal();
    if was_killed(status) {
        return problems::parse(
            None,
            None,
            "the reader of the file was killed twice, as a machine does that has no memory left; upload the file again later, \
             or a smaller one, such as a CSV or .dta file with the columns that the analysis needs",
        );
    }
    if signal == Some(Signal::ALARM.as_raw()) || signal == Some(Signal::XCPU.as_raw()) {
        return problems::parse(
            None,
            None,
            "reading takes too long; save the table as CSV or .dta, or split it, and upload that",
        );
    }
    problems::parse(
        None,
        None,
        "the file needs more memory than a reader has: it is damaged, or states sizes that it does not have; open it in \
         the program that made it and save it again, or export it as CSV",
    )
}

/// The process of a reader: `SOURCE DEST` as arguments. Limits itself before it checks the file.
pub fn main(arguments: &[OsString]) -> ExitCode {
    let [source, dest] = arguments else { return ExitCode::from(2) };
    let (source, dest) = (Path::new(source), Path::new(dest));
    let mut request = Vec::new();
    if limit(source).is_err() || io::stdin().read_to_end(&mut request).is_err() {
        return ExitCode::from(70);
    }
    let Ok(request) = serde_json::from_slice::<Request>(&request) else { return ExitCode::from(2) };
    // without Landlock (before Linux 5.13) the limits hold alone
    let _ = confine(source, dest);
    let answer =
        match while_telling(|| TabularFiles.ingest(source, &request.original_name, &request.options, dest)) {
            Ok(ingested) => Answer::Ingested(Box::new(ingested)),
            Err(Problem { code, message, context, .. }) => {
                Answer::Refused { code: code.as_str().to_owned(), message, context }
            }
        };
    if write_line(&answer).is_ok() { ExitCode::SUCCESS } else { ExitCode::from(74) }
}

fn write_line(answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer).expect("answers serialise to JSON");
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}

/// Does the work, and meanwhile writes how far it is.
fn while_telling<T>(work: impl FnOnce() -> T) -> T {
    let (working, ended) = channel::<()>();
    std::thread::scope(|threads| {
        threads.spawn(move || {
            let mut told = (0, 0);
            while ended.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                let now = advance::so_far();
                if now != told {
                    told = now;
                    // without a listener the answer will fail, too
                    let _ = write_line(&Answer::Advance { read: now.0, of: now.1 });
                }
            }
        });
        let done = work();
        drop(working);
        done
    })
}

/// Returns the address space of a reader of a file of this size.
fn memory_bytes(file_bytes: u64) -> u64 {
    MEMORY_BASE.saturating_add(file_bytes.saturating_mul(MEMORY_PER_BYTE)).min(MEMORY_MOST)
}

/// Bounds memory, processor time and life; no core file; ends with the server.
fn limit(source: &Path) -> io::Result<()> {
    let most = |value| Rlimit { current: Some(value), maximum: Some(value) };
    setrlimit(Resource::As, most(memory_bytes(std::fs::metadata(source)?.len())))?;
    // at the hard limit the signal would be that of a kill
    let cpu = Rlimit { current: Some(CPU_SECONDS), maximum: Some(CPU_SECONDS + 5) };
    setrlimit(Resource::Cpu, cpu)?;
    setrlimit(Resource::Core, most(0))?;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // SAFETY: sets a timer of this process; its signal ends the process.
    unsafe { libc::alarm(WALL_SECONDS) };
    Ok(())
}

/// Leaves the process the file to read and the folder to write, and nothing else of the file system.
fn confine(source: &Path, dest: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let all = AccessFs::from_all(ABI::V5);
    let folder = dest.parent().ok_or("a file has a folder")?;
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)?
        .create()?
        .add_rule(PathBeneath::new(PathFd::new(source)?, AccessFs::ReadFile))?
        .add_rule(PathBeneath::new(PathFd::new(folder)?, all))?
        .restrict_self()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_gets_less_memory_than_a_large_one() {
        assert_eq!(memory_bytes(5 << 10), (1 << 30) + 256 * (5 << 10));
        assert_eq!(memory_bytes(12 << 20), MEMORY_MOST);
        assert_eq!(memory_bytes(u64::MAX), MEMORY_MOST);
    }
}
