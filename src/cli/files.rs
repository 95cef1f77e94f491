//! The settings of the files of jobs as options.

use std::time::Duration;

use crate::adapters::objects;
use crate::app::options::FilesOptions;
use crate::config::{Files, S3Credentials};

/// Time after which an object store that asks to try again is an error of the call: below the time limit of requests.
const OBJECTS_PATIENCE: Duration = Duration::from_secs(15);

/// Converts the settings of the files of jobs.
pub(super) fn files(settings: &Files) -> FilesOptions {
    let objects = settings.s3.as_ref().map(|s3| objects::Options {
        endpoint: s3.endpoint.clone(),
        region: s3.region.clone(),
        bucket: s3.bucket.clone(),
        prefix: s3.prefix.clone(),
        path_style: s3.force_path_style,
        public_endpoint: s3.public_endpoint.clone(),
        credentials: credentials(&s3.credentials),
        patience: OBJECTS_PATIENCE,
    });
    FilesOptions {
        objects,
        copies_bytes: settings.copies_mb << 20,
        direct_uploads: settings.presigned,
        direct_downloads: settings.redirect,
    }
}

fn credentials(given: &S3Credentials) -> objects::Credentials {
    match given.clone() {
        S3Credentials::Key { access_key_id, secret_access_key } => {
            objects::Credentials::Key { access_key_id, secret_access_key }
        }
        S3Credentials::WebIdentity { token_file, role_arn, session_name, sts_endpoint } => {
            objects::Credentials::WebIdentity { token_file, role_arn, session_name, sts_endpoint }
        }
        S3Credentials::Task { relative_uri } => objects::Credentials::Task { relative_uri },
        S3Credentials::Pod { full_uri, token_file } => objects::Credentials::Pod { full_uri, token_file },
        S3Credentials::Instance { metadata_endpoint } => objects::Credentials::Instance { metadata_endpoint },
    }
}
