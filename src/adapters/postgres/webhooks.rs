//! Lists of webhooks and their deliveries.

use super::lists::{Conditions, MAX_LIMIT};
use super::reads::{Readers, whole};
use super::rows::Param;
use crate::domain::ids::{TenantId, WebhookId};
use crate::domain::webhook::{DeliveryRecord, WebhookRecord};
use crate::ports::store::{Page, Query, ReadError, Row, WebhookScope};

impl Readers {
    /// Answers a query for endpoints or deliveries.
    ///
    /// # Errors
    /// [`ReadError::InvalidCursor`], or `Unavailable`; `Stopped` for a query of another kind.
    pub(super) async fn answer_webhooks(&self, query: Query) -> Result<Page<Row>, ReadError> {
        Ok(match query {
            Query::Webhooks { tenant, scope, limit } => {
                whole(self.webhooks(tenant.as_ref(), &scope, limit).await?)
            }
            Query::PendingWebhooks => whole(self.pending_webhooks().await?),
            Query::Deliveries { webhook_id, cursor, limit } => {
                let id = Some(Param::text(webhook_id.as_str()));
                let conditions = Conditions::default().with("webhook_id = ?", id);
                self.page::<DeliveryRecord>(conditions, cursor.as_deref(), limit).await?.map(Row::from)
            }
            Query::PendingDeliveries { webhook_id, limit } => whole(self.pending(&webhook_id, limit).await?),
            Query::OldDeliveries { before, limit } => {
                whole(self.old(before.timestamp_millis(), limit).await?)
            }
            other => {
                let reason = format!("the query {} has no answer", other.name());
                return Err(ReadError::Stopped { reason });
            }
        })
    }

    /// Reads the endpoints of a tenant, or of all, oldest first.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn webhooks(
        &self,
        tenant: Option<&TenantId>,
        scope: &WebhookScope,
        limit: usize,
    ) -> Result<Vec<WebhookRecord>, ReadError> {
        let job = match scope {
            WebhookScope::All => None,
            WebhookScope::Tenant => Some(""),
            WebhookScope::Job(job_id) => Some(job_id.as_str()),
        };
        let conditions = Conditions::default()
            .with("tenant = ?", tenant.map(|tenant| Param::text(tenant.as_str())))
            .with("job_id = ?", job.map(Param::text));
        let rest = format!("{} ORDER BY created_at, nr LIMIT {}", conditions.filter(), limit.min(MAX_LIMIT));
        self.all(&rest, conditions.into_params()).await
    }

    /// Reads the endpoints with pending deliveries, oldest first.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn pending_webhooks(&self) -> Result<Vec<WebhookRecord>, ReadError> {
        let rest = "WHERE EXISTS (SELECT 1 FROM ss.deliveries d WHERE d.webhook_id = webhooks.webhook_id \
                    AND d.due_at IS NOT NULL) ORDER BY created_at, nr";
        self.all(rest, Vec::new()).await
    }

    /// Reads the pending deliveries to an endpoint, by the time of their next attempt.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn pending(&self, webhook_id: &WebhookId, limit: usize) -> Result<Vec<DeliveryRecord>, ReadError> {
        let limit = limit.min(MAX_LIMIT);
        let rest = format!("WHERE webhook_id = $1 AND due_at IS NOT NULL ORDER BY due_at, nr LIMIT {limit}");
        self.all(&rest, vec![Param::text(webhook_id.as_str())]).await
    }

    /// Reads deliveries that were made before a time and have no later attempt, oldest first.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn old(&self, before_ms: i64, limit: usize) -> Result<Vec<DeliveryRecord>, ReadError> {
        let limit = limit.min(MAX_LIMIT);
        let rest = format!(
            "WHERE created_at < $1 AND (due_at IS NULL OR due_at < $1) ORDER BY created_at, nr LIMIT {limit}"
        );
        self.all(&rest, vec![Param::number(before_ms)]).await
    }
}
