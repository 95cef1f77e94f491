//! The formats that were requested with the plan or the run, made after a successful verdict. A rendering that
//! fails is a warning of the run and never changes the verdict.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use super::WorkerDeps;
use crate::domain::artifact::Artifact;
use crate::domain::job::JobRecord;
use crate::domain::run::{Run, RunCheck};
use crate::render::{Format, Options};
use crate::service::runs::renderings::{Derived, RENDER_SECONDS, Subject};

/// Time beyond the renderings' own bound after which they are not waited for any more.
const GRACE: Duration = Duration::from_secs(10);

/// Id of the warning.
const CHECK: &str = "rendering";

/// Makes the formats that the job asks for; `published` are the run's files, which the record does not list yet.
pub(super) fn renderings(
    deps: &WorkerDeps,
    job: &JobRecord,
    run: &Run,
    published: &[Artifact],
) -> (Vec<Artifact>, Vec<RunCheck>) {
    let formats: Vec<Format> = job.asked_formats().iter().filter_map(|f| Format::parse(f)).collect();
    let has_data = published.iter().any(|a| a.rel_path.ends_with(".dta"));
    let formats: Vec<Format> = formats.into_iter().filter(|f| *f != Format::Dta || !has_data).collect();
    if formats.is_empty() {
        return (Vec::new(), Vec::new());
    }
    match derived(deps, job, run, published, formats.clone()) {
        Ok(derived) => {
            let failed = derived.failed.iter().map(|f| f.as_str().to_owned());
            let warnings = failed
                .map(|format| {
                    let reason =
                        derived.skipped.iter().find(|(f, _)| *f == format).map(|(_, why)| why.as_str());
                    warning(run, &format, reason.unwrap_or_default())
                })
                .collect();
            (derived.artifacts, warnings)
        }
        Err(reason) => {
            let warnings = formats.iter().map(|format| warning(run, format.as_str(), reason)).collect();
            (Vec::new(), warnings)
        }
    }
}

/// Runs on its own thread, so that neither a defect nor a very slow drawing costs the result.
fn derived(
    deps: &WorkerDeps,
    job: &JobRecord,
    run: &Run,
    published: &[Artifact],
    formats: Vec<Format>,
) -> Result<Derived, &'static str> {
    let (send, receive) = channel();
    let (blobs, workspace) = (Arc::clone(&deps.blobs), Arc::clone(&deps.workspace));
    let (ids, now) = (Arc::clone(&deps.ids), deps.clock.now());
    let (job, run, published) = (job.clone(), run.clone(), published.to_vec());
    let work = move || {
        let Some(plan) = job.plan_of(&run) else { return };
        let subject = Subject {
            blobs: blobs.as_ref(),
            workspace: workspace.as_ref(),
            ids: ids.as_ref(),
            job: &job,
            run: &run,
            plan,
            published: &published,
        };
        // Nobody waits any more where the receiver is gone.
        let _ = send.send(subject.derive(&formats, &Options::default(), now));
    };
    let thread = std::thread::Builder::new().name("render".to_owned()).spawn(work);
    thread.map_err(|_| "no thread could be started")?;
    receive.recv_timeout(Duration::from_secs(RENDER_SECONDS) + GRACE).map_err(|error| match error {
        RecvTimeoutError::Timeout => "it takes too long",
        RecvTimeoutError::Disconnected => "it ended by a defect",
    })
}

fn warning(run: &Run, format: &str, reason: &str) -> RunCheck {
    tracing::warn!(event = "SS_RENDERING_FAILED", run_id = %run.run_id, format, reason, "a rendering could not be made");
    RunCheck {
        id: CHECK.to_owned(),
        status: "warn".to_owned(),
        value: Some(format.to_owned()),
        message: Some(format!(
            "the {format} file could not be rendered: {reason}; the results are complete, and it can be requested again"
        )),
        acknowledged: false,
    }
}
