//! Capsules in tests: downloaded, unpacked, changed, and handed to the program in a folder elsewhere.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::app::{Job, TestApp};

/// A downloaded capsule.
pub(crate) struct Download {
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

/// Downloads a job's capsule.
pub(crate) async fn download(app: &TestApp, job: &Job, query: &str) -> Download {
    let path = format!("/v1/jobs/{}/capsule{query}", job.job_id);
    let response = app.request(Method::GET, &path, &job.token).send().await.expect("answers");
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.bytes().await.expect("a whole body").to_vec();
    assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&bytes));
    Download { headers, bytes }
}

/// Paths and contents of an archive's files.
pub(crate) fn files(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("an archive");
    let mut files = BTreeMap::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).expect("an entry");
        let name = entry.name().expect("text").into_owned();
        if !name.ends_with('/') {
            let mut content = Vec::new();
            entry.read_to_end(&mut content).expect("content");
            files.insert(name, content);
        }
    }
    files
}

/// Writes files as an archive.
pub(crate) fn archive(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).expect("an entry");
        zip.write_all(content).expect("content");
    }
    zip.finish().expect("an archive").into_inner()
}

/// A document of a capsule.
pub(crate) fn json(files: &BTreeMap<String, Vec<u8>>, path: &str) -> Value {
    let content = files.get(path).unwrap_or_else(|| panic!("{path} in {:?}", files.keys()));
    serde_json::from_slice(content).expect("JSON")
}

/// Writes the files into a folder.
pub(crate) fn unpack(files: &BTreeMap<String, Vec<u8>>, folder: &Path) {
    for (name, content) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("written");
    }
}

/// Writes a file of this name into a folder.
pub(crate) fn saved(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).expect("written");
    path
}

/// Runs a program in a folder with nothing but a search path.
pub(crate) fn bare(program: &str, folder: &Path, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .output()
        .expect("the program starts")
}

/// `stata-service capsule …` in a folder elsewhere, without a home; returns its code and its report.
pub(crate) fn capsule(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let words: Vec<&str> = ["capsule"].iter().chain(arguments).chain(&["--json"]).copied().collect();
    let output = bare(env!("CARGO_BIN_EXE_stata-service"), folder, &words);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let report = serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().expect("an exit code"), report)
}

/// Files that a report of `verify` names.
pub(crate) fn named(report: &Value) -> Vec<&str> {
    report["problems"].as_array().into_iter().flatten().filter_map(|p| p["file"].as_str()).collect()
}
