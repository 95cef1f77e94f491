//! Trials: task codes for anyone, within bounds for each address and for all together. The code is redeemed like any
//! other; its job carries the bounds.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};

use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::TenantId;
use crate::domain::job::record::DataSharing;
use crate::domain::tenant::{TenantLimits, TenantRecord, TenantRetention};
use crate::domain::trial::TrialTerms;
use crate::service::access::credentials::Ports;
use crate::service::access::failure_limiter::{FailureLimiter, Subject};
use crate::service::access::task_codes::CreateTaskCodes;
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::quotas::admit_job;

/// The tenant of trials.
pub const TRIAL_TENANT: &str = "trial";
/// Minutes in which the code of a trial must be redeemed.
const REDEEM_WITHIN: i64 = 60;
/// Seconds of an hour and of a day, the windows of the limits.
const HOUR: f64 = 3_600.0;
const DAY: f64 = 86_400.0;

/// Bounds of all trials together.
#[derive(Debug, Clone, Copy)]
pub struct TrialBounds {
    /// Trials that one address may begin in an hour.
    pub per_address_per_hour: u32,
    /// Trials of all addresses within 24 hours.
    pub jobs_per_day: u64,
    /// Runs of trials at once.
    pub running: u64,
}

/// What this service offers without a task code.
#[derive(Debug)]
pub struct Trials {
    terms: TrialTerms,
    tenant: TenantId,
    /// SHA-256 of each file of the sample data.
    samples: BTreeSet<String>,
    by_address: FailureLimiter,
    /// Codes that are not redeemed are no jobs yet: they are bounded here.
    of_all: FailureLimiter,
    /// Held while a trial is counted: trials that begin at once cannot pass a bound together.
    counting: Mutex<()>,
}

impl Trials {
    /// An offer with these bounds; `samples` are the hashes of the sample data.
    pub fn new(terms: TrialTerms, bounds: TrialBounds, samples: BTreeSet<String>) -> Self {
        let per_day = u32::try_from(bounds.jobs_per_day).unwrap_or(u32::MAX);
        Self {
            terms,
            tenant: trial_tenant(),
            samples,
            by_address: FailureLimiter::with_window(bounds.per_address_per_hour, HOUR, "trials_per_hour"),
            of_all: FailureLimiter::with_window(per_day, DAY, "trials_per_day"),
            counting: Mutex::default(),
        }
    }

    /// Bounds of each trial.
    pub fn terms(&self) -> &TrialTerms {
        &self.terms
    }

    /// The tenant of trials.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Counts a trial that an address begins, unless that would pass a bound, here or over all servers.
    async fn count(&self, ctx: &Context, network: &str) -> Result<(), Problem> {
        let (address, all) = ([Subject::address("trial", network)], [Subject::address("trials", "")]);
        self.count_here(ctx.clock.now(), &address, &all)?;
        self.by_address.take_among_servers(ctx, &address).await?;
        self.of_all.take_among_servers(ctx, &all).await
    }

    fn count_here(&self, now: DateTime<Utc>, address: &[Subject], all: &[Subject]) -> Result<(), Problem> {
        let _counting = self.counting.lock().unwrap_or_else(PoisonError::into_inner);
        self.by_address.check(now, address)?;
        self.of_all.check(now, all)?;
        self.by_address.failed(now, address, None);
        self.of_all.failed(now, all, None);
        Ok(())
    }

    /// True for the hash of a file of the sample data.
    pub fn is_sample(&self, sha256: &str) -> bool {
        self.samples.contains(sha256)
    }
}

fn trial_tenant() -> TenantId {
    TenantId::parse(TRIAL_TENANT).expect("a literal tenant is valid")
}

/// Returns the settings of the tenant of trials, which hold while an administrator has stored none.
pub fn tenant_record(bounds: TrialBounds) -> TenantRecord {
    TenantRecord {
        tenant_id: trial_tenant(),
        version: 0,
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
        limits: TenantLimits {
            jobs_per_day: Some(bounds.jobs_per_day),
            running: Some(bounds.running),
            ..TenantLimits::default()
        },
        retention: TenantRetention::default(),
        // nobody pays for the calls of people that nobody knows
        data_sharing_max: Some(DataSharing::None),
        hold: None,
    }
}

/// The code of a trial, shown once.
#[derive(Debug, Clone)]
pub struct OfferedTrial {
    /// The code in plain text.
    pub task_code: String,
    /// The tenant in which it is redeemed.
    pub tenant_id: TenantId,
    /// When an unredeemed code expires (UTC).
    pub expires_at: DateTime<Utc>,
    /// Bounds of the trial.
    pub terms: TrialTerms,
}

/// The use case.
pub struct OfferTrial<'a>(pub &'a Context);

impl OfferTrial<'_> {
    /// Makes the task code of a trial for an address.
    ///
    /// # Errors
    /// `TRIAL_NOT_OFFERED`, `RATE_LIMITED` (`limit`: `trials_per_hour` of the address, `trials_per_day` of all),
    /// `QUOTA_EXCEEDED`, `STORE_UNAVAILABLE`, `STORAGE_FULL`.
    pub async fn execute(&self, caller: &Caller, network: &str) -> Result<OfferedTrial, Problem> {
        let ctx = self.0;
        let trials = ctx.trials.as_ref().map(Arc::clone).ok_or_else(|| {
            Problem::new(ErrorCode::TrialNotOffered, "this service offers no trial; redeem a task code")
        })?;
        ctx.check_space().await?;
        drop(admit_job(ctx, &trials.tenant).await?);
        let now = ctx.clock.now();
        trials.count(ctx, network).await?;
        let expires_at = now + Duration::minutes(REDEEM_WITHIN);
        let codes = CreateTaskCodes(Ports::from(ctx));
        let issued = codes.trial(caller, &trials.tenant, expires_at, trials.terms.clone()).await?;
        Ok(OfferedTrial {
            task_code: issued.task_code,
            tenant_id: trials.tenant.clone(),
            expires_at,
            terms: trials.terms.clone(),
        })
    }
}
