//! The walk over all old places, in the order of their paths. It can stop anywhere and continues there.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Failed, Migration, Outcome, Report};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::TenantId;
use crate::ports::legacy::Place;

/// Places after which the progress is kept.
const KEEP_EVERY: usize = 100;
/// Pause after a failure of the store or the disk.
const RETRY: Duration = Duration::from_secs(5);

impl Migration {
    /// Walks in the background until everything was checked or `stop` fires; continues where an earlier
    /// walk stopped, and repeats itself after a failure of the store.
    pub async fn walk_in_background(self: Arc<Self>, stop: CancellationToken) {
        if self.is_settled() {
            return;
        }
        tracing::info!(event = "SS_MIGRATION_BEGIN", "records of older releases are migrated");
        loop {
            match self.walk(true, &stop).await {
                Ok(report) if stop.is_cancelled() => {
                    tracing::info!(
                        event = "SS_MIGRATION_PAUSED",
                        migrated = report.migrated,
                        "migration pauses"
                    );
                    return;
                }
                Ok(report) => {
                    tracing::info!(
                        event = "SS_MIGRATION_DONE",
                        found = report.found,
                        migrated = report.migrated,
                        failed = report.failed.len(),
                        "all records of older releases were checked"
                    );
                    return;
                }
                Err(error) => {
                    tracing::error!(event = "SS_MIGRATION_FAILED", %error, "migration is interrupted and will continue");
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(RETRY) => {}
            }
        }
    }

    /// Checks every place now and migrates what is not in the store yet.
    ///
    /// # Errors
    /// Of the store or the disk, as a problem; what was done stays done.
    pub async fn migrate_all(self: &Arc<Self>, dry_run: bool) -> Result<Report, Problem> {
        if dry_run { self.rehearse().await } else { self.walk(false, &CancellationToken::new()).await }
    }

    async fn places(self: &Arc<Self>) -> Result<Vec<Place>, Problem> {
        let legacy = Arc::clone(&self.legacy);
        self.pool.run(move || legacy.places()).await?.map_err(|error| disk(&error))
    }

    async fn keep(self: &Arc<Self>) -> Result<(), Problem> {
        let (legacy, progress) = (Arc::clone(&self.legacy), self.progress());
        self.pool.run(move || legacy.keep(&progress)).await?.map_err(|error| disk(&error))
    }

    async fn rehearse(self: &Arc<Self>) -> Result<Report, Problem> {
        let mut report = self.new_report();
        report.dry_run = true;
        for place in self.places().await? {
            report.found += 1;
            match self.visit(&place, true).await? {
                Outcome::Migrated => report.migrated += 1,
                Outcome::Present | Outcome::Absent => report.present += 1,
                Outcome::Failed { place, reason, .. } => report.failed.push(Failed { place, reason }),
            }
        }
        Ok(report)
    }

    /// With `resume`, begins after the place that an earlier walk reached.
    async fn walk(self: &Arc<Self>, resume: bool, stop: &CancellationToken) -> Result<Report, Problem> {
        let _one = self.walking.lock().await;
        let mut report = self.new_report();
        let after = self.progress().walked_to.filter(|_| resume);
        if !resume {
            // what failed may have been repaired
            self.change_progress(|progress| progress.failed.clear());
        }
        let places = self.places().await?;
        report.found = places.len() as u64;
        let rest = places.iter().filter(|place| after.as_ref().is_none_or(|after| place.dir > *after));
        for (n, place) in rest.enumerate() {
            if stop.is_cancelled() {
                self.keep().await?;
                return Ok(report);
            }
            match self.visit(place, false).await? {
                Outcome::Migrated => report.migrated += 1,
                Outcome::Present | Outcome::Absent => report.present += 1,
                Outcome::Failed { place: dir, reason, .. } => {
                    let tenant = place.owner.as_ref().map(|(tenant, _)| tenant.clone());
                    self.note_failure(&tenant.unwrap_or_else(TenantId::default_tenant), &dir, &reason).await;
                    report.failed.push(Failed { place: dir, reason });
                }
            }
            self.change_progress(|progress| progress.walked_to = Some(place.dir.clone()));
            if n % KEEP_EVERY == KEEP_EVERY - 1 {
                self.keep().await?;
            }
        }
        self.change_progress(|progress| progress.complete = true);
        self.keep().await?;
        self.settled.store(true, Ordering::Release);
        if resume {
            let failed = self.progress().failed;
            report.failed = failed.into_iter().map(|(place, reason)| Failed { place, reason }).collect();
        }
        Ok(report)
    }

    async fn visit(self: &Arc<Self>, place: &Place, dry_run: bool) -> Result<Outcome, Problem> {
        match &place.owner {
            Some((tenant, job_id)) => self.one(tenant, job_id, Some(&place.dir), dry_run).await,
            None => Ok(Outcome::Failed {
                place: place.dir.clone(),
                reason: "its name is not the id of a job or a tenant".to_owned(),
                newer: false,
            }),
        }
    }

    pub(super) fn new_report(&self) -> Report {
        Report { schema_version: self.migrator.writes(None), ..Report::default() }
    }
}

pub(super) fn disk(error: &std::io::Error) -> Problem {
    tracing::error!(event = "SS_MIGRATION_FAILED", %error, "old places cannot be read or written");
    Problem::new(ErrorCode::InternalError, "the old places of the data directory cannot be read or written")
}
