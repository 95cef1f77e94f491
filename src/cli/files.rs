//! The settings of the files of jobs as options.

use std::time::Duration;

use crate::adapters::objects;
use crate::app::options::FilesOptions;
use crate::config::Files;

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
        access_key_id: s3.access_key_id.clone(),
        secret_access_key: s3.secret_access_key.clone(),
        patience: OBJECTS_PATIENCE,
    });
    FilesOptions { objects, copies_bytes: settings.copies_mb << 20 }
}
