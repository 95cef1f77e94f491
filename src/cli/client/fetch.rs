//! `client fetch` and `client capsule`: files of a run in a folder, each compared with its recorded hash.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::address::segment;
use super::api::Body;
use super::failure::Failure;
use super::meter::{Meter, Unit, size};
use super::output::text;
use super::results::attempt;
use super::session::Job;
use crate::cli::Exit;
use crate::cli::plain::plain;

/// Attempts of a download that breaks off.
const ATTEMPTS: u32 = 5;
/// Longest wait for renderings.
const RENDER_WAITS: u32 = 150;
/// Largest capsule that is written: what the service can make, with room.
const MOST_CAPSULE: u64 = 1 << 40;

/// Arguments of `fetch`.
#[derive(Debug, clap::Args)]
pub(super) struct FetchArgs {
    /// Folder of the files; it is made if it does not exist.
    #[arg(default_value = "results")]
    folder: PathBuf,
    /// Further formats to make and fetch: xlsx, docx, tex, pdf, png, dta.
    #[arg(long, value_delimiter = ',', value_name = "FORMATS")]
    formats: Vec<String>,
    /// Stars, intervals, decimals … of the further formats, as JSON: {"stars":true}.
    #[arg(long, value_name = "JSON")]
    options: Option<String>,
    /// Fetch every file of the job, each below its path, not only the files of one run.
    #[arg(long)]
    all: bool,
    /// Run whose files are fetched; the last one without it.
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
}

/// Arguments of `capsule`.
#[derive(Debug, clap::Args)]
pub(super) struct CapsuleArgs {
    /// File to write.
    #[arg(default_value = "capsule.zip")]
    file: PathBuf,
    /// Hashes instead of the data.
    #[arg(long)]
    without_data: bool,
    /// Leave out prompts and responses of a language model.
    #[arg(long)]
    without_llm: bool,
    /// Run of the capsule; the last succeeded one without it.
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
}

/// A file to fetch.
struct Wanted {
    rel_path: String,
    name: PathBuf,
    size_bytes: u64,
    sha256: String,
}

/// Fetches files.
pub(super) async fn fetch(args: FetchArgs, job: &Job) -> Result<Exit, Failure> {
    let mut rendered = BTreeSet::new();
    let run_id = match (&args.run, args.all) {
        (None, true) => String::new(),
        (run, _) => text(&attempt(job, run.as_deref()).await?, "run_id"),
    };
    if !args.formats.is_empty() {
        for artifact in render(job, &run_id, &args).await? {
            rendered.insert(artifact);
        }
    }
    let list = job.get("/artifacts").await?;
    let prefix = format!("artifacts/runs/{run_id}/");
    let entries = list["artifacts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut wanted = Vec::new();
    for entry in entries {
        let rel_path = entry["rel_path"].as_str().unwrap_or_default();
        let below = if args.all { Some(rel_path) } else { rel_path.strip_prefix(&prefix) };
        let Some(below) = below else { continue };
        // renderings of earlier requests are not what was asked for now
        let derived = entry["meta"]["derived_from"].is_array();
        if derived && !args.all && !args.formats.is_empty() && !rendered.contains(rel_path) {
            continue;
        }
        wanted.push(wanted_file(entry, rel_path, below)?);
    }
    if wanted.is_empty() {
        let message = "there are no files yet".to_owned();
        return Err(Failure::Open { message, next: vec!["stata-service client status".to_owned()] });
    }
    let total: u64 = wanted.iter().map(|file| file.size_bytes).sum();
    let mut meter = Meter::new(job.out, "fetch", Unit::Bytes, Some(total));
    let mut files = Vec::new();
    for file in &wanted {
        let target = args.folder.join(&file.name);
        one_file(job, file, &target, &mut meter).await?;
        files.push(json!({"rel_path": file.rel_path, "path": target, "size_bytes": file.size_bytes, "sha256": file.sha256}));
    }
    meter.clear();
    let result = json!({"folder": args.folder, "files": files});
    job.out.result(&result, || {
        let lines = wanted.iter().map(|file| args.folder.join(&file.name).display().to_string());
        lines.map(|line| plain(&line) + "\n").collect()
    });
    job.out.note(&format!("{} files, {}, every hash as recorded", wanted.len(), size(total)));
    Ok(Exit::Done)
}

/// Has the service make the formats; returns the paths of their files.
async fn render(job: &Job, run_id: &str, args: &FetchArgs) -> Result<Vec<String>, Failure> {
    let mut body = match &args.options {
        None => json!({}),
        Some(text) => serde_json::from_str(text)
            .map_err(|error| Failure::Usage(format!("--options is no JSON object: {error}")))?,
    };
    if !body.is_object() {
        return Err(Failure::Usage("--options is no JSON object".to_owned()));
    }
    body["formats"] = json!(args.formats);
    if body["language"].is_null() {
        body["language"] = json!(job.language().await);
    }
    let path = job.path(&format!("/runs/{}/render", segment(run_id)));
    for _ in 0..RENDER_WAITS {
        let (status, made) = job.api.exchange(reqwest::Method::POST, &path, Body::Json(&body)).await?;
        if status == StatusCode::ACCEPTED {
            let wait = made["retry_after_seconds"].as_u64().unwrap_or(2).clamp(1, 30);
            tokio::time::sleep(Duration::from_secs(wait)).await;
            continue;
        }
        for skipped in made["skipped"].as_array().into_iter().flatten() {
            job.out.note(&format!("no {}: {}", text(skipped, "format"), text(skipped, "reason")));
        }
        let files = made["artifacts"].as_array().map(Vec::as_slice).unwrap_or_default();
        return Ok(files.iter().filter_map(|f| f["rel_path"].as_str()).map(str::to_owned).collect());
    }
    let message = "the service still makes the files; ask again later".to_owned();
    Err(Failure::StillWorking(message, "stata-service client fetch"))
}

/// Reads an entry of the list. A path that leaves the folder is refused: the service lies, or is none.
fn wanted_file(entry: &Value, rel_path: &str, below: &str) -> Result<Wanted, Failure> {
    let name = PathBuf::from(below);
    let inside = name.components().all(|part| matches!(part, Component::Normal(_)));
    if !inside || below.is_empty() || below.contains('\\') {
        return Err(Failure::Unexpected(format!(
            "the service lists a file outside of the folder: {rel_path:?}"
        )));
    }
    let (Some(size_bytes), Some(sha256)) = (entry["size_bytes"].as_u64(), entry["sha256"].as_str()) else {
        return Err(Failure::Unexpected(format!("the service lists {rel_path:?} without size and hash")));
    };
    Ok(Wanted { rel_path: rel_path.to_owned(), name, size_bytes, sha256: sha256.to_owned() })
}

/// Fetches one file, unless it is there already. What breaks off leaves nothing under the file's name.
async fn one_file(job: &Job, file: &Wanted, target: &Path, meter: &mut Meter) -> Result<(), Failure> {
    let name = plain(&file.name.display().to_string());
    let (before, total) = (meter.done(), meter.total());
    if hash_of(target).is_ok_and(|hash| hash == file.sha256) {
        meter.set(before + file.size_bytes, total, &name);
        return Ok(());
    }
    let path = job.path(&format!("/artifacts/{}", escaped(&file.rel_path)));
    let mut progress = |done: u64| meter.set(before + done, total, &name);
    let hash = save(job, &path, (file.size_bytes, true), target, &mut progress).await?;
    if hash != file.sha256 {
        // a file under this name would be taken for the result
        let _ = fs::remove_file(target);
        return Err(Failure::Unexpected(format!("{} is not what the service recorded", file.rel_path)));
    }
    Ok(())
}

/// Writes a download under its name once it is complete; returns its hash. `most` is as for [`super::api::Api::download`].
async fn save(
    job: &Job,
    path: &str,
    most: (u64, bool),
    target: &Path,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<String, Failure> {
    let wrote = |error: std::io::Error| Failure::write(target, error);
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder).map_err(wrote)?;
    }
    let mut part = target.as_os_str().to_owned();
    part.push(".part");
    let part = Removed(PathBuf::from(part));
    for attempt in 1.. {
        let mut out = BufWriter::new(File::create(&part.0).map_err(wrote)?);
        let mut digest = Sha256::new();
        let mut done = 0;
        let take = |piece: &[u8]| {
            digest.update(piece);
            out.write_all(piece).map_err(wrote)?;
            done += piece.len() as u64;
            progress(done);
            Ok(())
        };
        match job.api.download(path, most, take).await {
            Err(Failure::Unreachable { .. }) if attempt < ATTEMPTS => {
                tokio::time::sleep(super::api::backoff(attempt)).await;
            }
            Err(failure) => return Err(failure),
            Ok(_) => {
                out.into_inner().map_err(|error| wrote(error.into_error()))?.sync_all().map_err(wrote)?;
                fs::rename(&part.0, target).map_err(wrote)?;
                return Ok(hex::encode(digest.finalize()));
            }
        }
    }
    unreachable!("the last attempt returns")
}

/// A file that is removed at the end, if it is still there.
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn hash_of(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut piece = vec![0; 1 << 18];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hex::encode(digest.finalize())),
            n => digest.update(&piece[..n]),
        }
    }
}

/// A path for a URL: each part escaped, the slashes kept.
pub(super) fn escaped(rel_path: &str) -> String {
    rel_path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// Writes a capsule.
pub(super) async fn capsule(args: CapsuleArgs, job: &Job) -> Result<Exit, Failure> {
    let mut query = Vec::new();
    if args.without_data {
        query.push("data=hash".to_owned());
    }
    if args.without_llm {
        query.push("llm=exclude".to_owned());
    }
    query.extend(args.run.as_deref().map(|run| format!("run_id={}", segment(run))));
    let mark = if query.is_empty() { "" } else { "?" };
    let path = job.path(&format!("/capsule{mark}{}", query.join("&")));
    let mut meter = Meter::new(job.out, "capsule", Unit::Bytes, None);
    let mut done = 0;
    let mut progress = |bytes: u64| {
        done = bytes;
        meter.set(bytes, None, "");
    };
    let sha256 = save(job, &path, (MOST_CAPSULE, false), &args.file, &mut progress).await?;
    meter.clear();
    let result = json!({"path": args.file, "size_bytes": done, "sha256": sha256});
    job.out.result(&result, || args.file.display().to_string());
    job.out.hint(&format!("capsule verify {}", args.file.display()));
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leaves_the_folder_is_refused() {
        let entry = json!({"size_bytes": 1, "sha256": "00"});
        assert!(wanted_file(&entry, "a/b.csv", "b.csv").is_ok());
        for lie in ["../b.csv", "/etc/passwd", "a/../../b", "", "a\\..\\b", "./x"] {
            assert!(wanted_file(&entry, lie, lie).is_err(), "{lie}");
        }
        assert!(wanted_file(&json!({}), "a/b.csv", "b.csv").is_err());
        assert_eq!(escaped("artifacts/runs/r 1/ä.csv"), "artifacts/runs/r%201/%C3%A4.csv");
    }
}
