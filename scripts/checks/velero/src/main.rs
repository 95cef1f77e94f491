//! Usage: velero-check FILE…  Parses each document as its kind of `velero.io/v1`; names unknown and missing fields and
//! ends with 1 if there is one.

use std::process::ExitCode;

use kcr_velero_io::v1::backupstoragelocations::BackupStorageLocation;
use kcr_velero_io::v1::restores::Restore;
use kcr_velero_io::v1::schedules::Schedule;
use kcr_velero_io::v1::volumesnapshotlocations::VolumeSnapshotLocation;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Returns the violations of one document against the type `T`.
fn parse<T: DeserializeOwned>(document: serde_yaml::Value) -> Vec<String> {
    let mut unknown = Vec::new();
    let note = |path: serde_ignored::Path<'_>| {
        // the types leave version and kind to `violations`
        let path = path.to_string();
        if path != "apiVersion" && path != "kind" {
            unknown.push(format!("unknown field {path}"));
        }
    };
    match serde_ignored::deserialize::<_, _, T>(document, note) {
        Ok(_) => unknown,
        Err(error) => vec![error.to_string()],
    }
}

fn violations(document: serde_yaml::Value) -> Vec<String> {
    let text = |key: &str| document.get(key).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
    if text("apiVersion") != "velero.io/v1" {
        return vec![format!("apiVersion {} is not velero.io/v1", text("apiVersion"))];
    }
    match text("kind").as_str() {
        "Schedule" => parse::<Schedule>(document),
        "Restore" => parse::<Restore>(document),
        "BackupStorageLocation" => parse::<BackupStorageLocation>(document),
        "VolumeSnapshotLocation" => parse::<VolumeSnapshotLocation>(document),
        kind => vec![format!("kind {kind} is not known")],
    }
}

fn main() -> ExitCode {
    let mut found = 0;
    for path in std::env::args().skip(1) {
        let content = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        for document in serde_yaml::Deserializer::from_str(&content) {
            let document =
                serde_yaml::Value::deserialize(document).unwrap_or_else(|error| panic!("{path}: {error}"));
            for violation in violations(document) {
                println!("{path}: {violation}");
                found += 1;
            }
        }
    }
    ExitCode::from(u8::from(found > 0))
}
