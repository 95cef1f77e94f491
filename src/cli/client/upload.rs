//! `client upload`: files become the inputs of the job, small ones in one request, large ones in parts that another
//! process can continue.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::address::segment;
use super::api::Body;
use super::failure::Failure;
use super::form::{Counted, Form, SentFile, counted, locked};
use super::inputs::inputs_text;
use super::meter::{Meter, Unit, size};
use super::output::text;
use super::session::Job;
use crate::adapters::ids::SystemIds;
use crate::cli::Exit;
use crate::domain::bundle::MULTIPART_THRESHOLD;
use crate::ports::ids::IdSource;

/// Arguments of `upload`.
#[derive(Debug, clap::Args)]
pub(super) struct UploadArgs {
    /// Files (csv, tsv, xlsx, xlsb, xls, ods, dta, sav, xpt, sas7bdat, rds, rdata, parquet); the first is the data set that is analysed.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Role of each file: primary_dataset, secondary_dataset, auxiliary_data.
    #[arg(long, value_delimiter = ',', value_name = "ROLES")]
    roles: Vec<String>,
    /// Send the files in parts, also small ones.
    #[arg(long)]
    parts: bool,
}

/// Uploads files and shows what the service read.
pub(super) async fn upload(args: UploadArgs, job: &Job) -> Result<Exit, Failure> {
    let seen = send_files(job, &args.files, &args.roles, args.parts).await?;
    job.out.result(&seen, || inputs_text(&seen));
    job.out.hint("client draft suggest");
    Ok(Exit::Done)
}

/// Replaces all inputs of a job, or none; returns the preview of the primary data set once it was read.
pub(super) async fn send_files(
    job: &Job,
    paths: &[PathBuf],
    roles: &[String],
    parts: bool,
) -> Result<Value, Failure> {
    if !roles.is_empty() && roles.len() != paths.len() {
        let text = format!("{} files have {} roles: give one for each file", paths.len(), roles.len());
        return Err(Failure::Usage(text));
    }
    let usual = |n: usize| if n == 0 { "primary_dataset" } else { "auxiliary_data" };
    let files: Vec<SentFile> = paths
        .iter()
        .enumerate()
        .map(|(n, path)| SentFile::new(path, roles.get(n).map_or(usual(n), String::as_str)))
        .collect::<Result<_, _>>()?;
    let total = files.iter().map(|file| file.size).sum();
    let meter = Arc::new(Mutex::new(Meter::new(job.out, "upload", Unit::Bytes, Some(total))));
    if parts || total >= MULTIPART_THRESHOLD {
        in_parts(job, &files, &meter).await?;
    } else {
        in_one_form(job, &files, &meter).await?;
    }
    let before = locked(&meter).before();
    let there = if before > 0 { format!(", {} were there already", size(before)) } else { String::new() };
    locked(&meter).end(&format!("{}{there}", size(total)));
    read(job, &files).await
}

/// All files in one request; a broken connection sends them again.
async fn in_one_form(job: &Job, files: &[SentFile], meter: &Counted) -> Result<(), Failure> {
    let form = Form::new(files, hex::encode(SystemIds.secret(16)));
    let words = if files.len() == 1 { files[0].name.clone() } else { format!("{} files", files.len()) };
    let bytes = || {
        let mut shown = locked(meter);
        let total = shown.total();
        shown.set(0, total, &words);
        drop(shown);
        counted(form.pieces(), meter, &words)
    };
    let media_type = form.media_type();
    let body = Body::Stream(&media_type, form.size(), &bytes);
    job.api.send(Method::POST, &job.path("/inputs/upload"), body).await.map(drop)
}

/// Each file in parts. Parts that arrived before, also from another process, are not sent again.
async fn in_parts(job: &Job, files: &[SentFile], meter: &Counted) -> Result<(), Failure> {
    let announced: Vec<Value> = files
        .iter()
        .map(|file| json!({"filename": file.name, "size_bytes": file.size, "role": file.role}))
        .collect();
    let bundle = job.post("/inputs/bundle", &json!({"files": announced})).await?;
    let entries = bundle["files"].as_array().map(Vec::as_slice).unwrap_or_default();
    if entries.len() != files.len() {
        return Err(Failure::Unexpected("the service returned another list of files".to_owned()));
    }
    for (file, entry) in files.iter().zip(entries) {
        let body = json!({"bundle_id": bundle["bundle_id"], "file_id": entry["file_id"]});
        let session = job.post("/inputs/upload-sessions", &body).await?;
        let received = entry["status"] == "received";
        if received && entry["sha256"].as_str() != Some(&file.sha256(0, file.size)?) {
            let text =
                format!("an unfinished upload has another file {} of this size; rename one", file.name);
            return Err(Failure::Usage(text));
        }
        one_file(job, file, &session, received, meter).await?;
    }
    Ok(())
}

async fn one_file(
    job: &Job,
    file: &SentFile,
    session: &Value,
    received: bool,
    meter: &Counted,
) -> Result<(), Failure> {
    let session_id = session["upload_session_id"].as_str().unwrap_or_default();
    let path = format!("/v1/upload-sessions/{}", segment(session_id));
    let part_size = session["part_size"].as_u64().filter(|size| *size > 0).unwrap_or(file.size);
    for last in [false, true] {
        let parts = if received {
            locked(meter).done_before(file.size);
            Vec::new()
        } else {
            send_parts(job, file, &path, part_size, meter).await?
        };
        let done = job.api.post(&format!("{path}/finalize"), &json!({"parts": parts})).await?;
        if done["success"] == true {
            return Ok(());
        }
        if last || done["retryable"] != true {
            let (code, message) = (text(&done, "error_code"), text(&done, "message"));
            return Err(Failure::Unexpected(format!(
                "{} does not fit together: {code}: {message}",
                file.name
            )));
        }
        // the service has lost parts, or other ones: what it has not is sent again
        locked(meter).take_back(file.size);
    }
    Ok(())
}

async fn send_parts(
    job: &Job,
    file: &SentFile,
    path: &str,
    part_size: u64,
    meter: &Counted,
) -> Result<Vec<Value>, Failure> {
    let there = parts_of(job, path).await?;
    let mut parts = Vec::new();
    let (mut start, mut number) = (0, 1_u64);
    while start < file.size {
        let length = part_size.min(file.size - start);
        let sha256 = file.sha256(start, length)?;
        if there.get(&number) == Some(&sha256) {
            locked(meter).done_before(length);
        } else {
            let begun = locked(meter).done();
            let bytes = || {
                let mut shown = locked(meter);
                let total = shown.total();
                shown.set(begun, total, &file.name);
                drop(shown);
                counted(file.pieces(start, length), meter, &file.name)
            };
            let body = Body::Stream("application/octet-stream", length, &bytes);
            job.api.send(Method::PUT, &format!("{path}/parts/{number}"), body).await?;
        }
        parts.push(json!({"part_number": number, "sha256": sha256}));
        start += length;
        number += 1;
    }
    Ok(parts)
}

/// The parts that the service has, by number, with their hashes; none if it does not list them.
async fn parts_of(job: &Job, path: &str) -> Result<BTreeMap<u64, String>, Failure> {
    let listed = match job.api.get(path).await {
        Ok(listed) => listed,
        // a service of an earlier release: everything is sent
        Err(failure) if matches!(failure.code(), "ROUTE_NOT_FOUND" | "METHOD_NOT_ALLOWED") => Value::Null,
        Err(failure) => return Err(failure),
    };
    let parts = listed["parts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let known = |part: &Value| Some((part["part_number"].as_u64()?, part["sha256"].as_str()?.to_owned()));
    Ok(parts.iter().filter_map(known).collect())
}

/// Waits until the service has read the files.
async fn read(job: &Job, files: &[SentFile]) -> Result<Value, Failure> {
    let mut meter = Meter::new(job.out, "read", Unit::Bytes, None);
    loop {
        let seen = match job.get("/inputs/preview?rows=5&columns=200").await {
            Err(Failure::Refused(refusal)) if refusal.context["reason"] == "ingesting" => {
                let progress = &refusal.context["progress"];
                let total = progress["total_bytes"].as_u64();
                let read = progress["read_bytes"].as_u64().unwrap_or_default();
                meter.set(read, total, "the service reads the data");
                tokio::time::sleep(Duration::from_secs(refusal.retry_after.unwrap_or(1).clamp(1, 10))).await;
                continue;
            }
            seen => seen?,
        };
        meter.clear();
        // after an upload that could not be read the earlier inputs are still there
        for (file, dataset) in files.iter().zip(seen["datasets"].as_array().into_iter().flatten()) {
            if dataset["sha256"].as_str() != Some(&file.sha256(0, file.size)?) {
                let text =
                    format!("the service could not read {}; its inputs are the earlier ones", file.name);
                return Err(Failure::Unexpected(text));
            }
        }
        return Ok(seen);
    }
}
