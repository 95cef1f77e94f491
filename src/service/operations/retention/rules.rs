//! Policies and holds during one pass.

use std::collections::HashMap;

use super::Deps;
use crate::domain::ids::TenantId;
use crate::domain::tenant::{RetentionPolicy, TenantRecord};
use crate::ports::store::{ReadError, StoreExt};

/// Policies and holds as they are during one pass.
pub(super) struct Rules {
    service: RetentionPolicy,
    tenants: HashMap<TenantId, TenantRecord>,
}

impl Rules {
    pub(super) async fn load(deps: &Deps) -> Result<Self, ReadError> {
        let all = deps.store.list_tenants().await?;
        let tenants = all.into_iter().map(|record| (record.tenant_id.clone(), record)).collect();
        Ok(Self { service: deps.policy, tenants })
    }

    pub(super) fn of(&self, tenant: &TenantId) -> RetentionPolicy {
        self.tenants.get(tenant).map_or(self.service, |own| self.service.with(&own.retention))
    }

    /// True while nothing of the tenant may be removed. A pass may take minutes: a hold that was set since it began counts, and where that
    /// cannot be read nothing is removed.
    pub(super) async fn holds(&self, deps: &Deps, tenant: &TenantId) -> bool {
        let is_free = |record: Option<&TenantRecord>| record.is_none_or(|record| record.hold.is_none());
        let now = match is_free(self.tenants.get(tenant)) {
            true => deps.store.tenant(tenant).await,
            false => return true,
        };
        !now.is_ok_and(|record| is_free(record.as_ref()))
    }

    /// The shortest time that anybody keeps something, in days; `None` where everybody keeps it.
    pub(super) fn shortest(&self, days: impl Fn(&RetentionPolicy) -> u32) -> Option<u32> {
        let own = self.tenants.keys().map(|tenant| days(&self.of(tenant)));
        own.chain([days(&self.service)]).filter(|days| *days > 0).min()
    }
}
