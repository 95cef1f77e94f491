//! Claims of work that one server does for all: rows that end with the lease of their server, or at a time of their own.

use std::time::Duration;

use super::members::Membership;
use super::reads::{Readers, unavailable};
use super::rows::Param;
use crate::ports::store::ReadError;

/// Claims `$1` for `$4` milliseconds as the start `$2`, `$3` of a server that has its lease. A claim is free once its time
/// is over or its server is. One of this server is free, too: the caller does not claim twice, so that it was left behind.
/// A server that joined after the statement began is not known to it, and is no server whose lease is over.
const CLAIM: &str = "\
WITH me AS (
  SELECT node_id, epoch FROM ss.nodes
  WHERE node_id = $2 AND epoch = $3 AND state IN ('live', 'draining') AND lease_until > clock_timestamp()
), claimed AS (
  INSERT INTO ss.claims_of_work AS c (key, node_id, epoch, until)
  SELECT $1, me.node_id, me.epoch, clock_timestamp() + $4 * interval '1 millisecond' FROM me
  ON CONFLICT (key) DO UPDATE SET node_id = EXCLUDED.node_id, epoch = EXCLUDED.epoch, until = EXCLUDED.until
  WHERE c.until <= clock_timestamp() OR c.node_id = EXCLUDED.node_id
     OR c.epoch <= (SELECT max(n.epoch) FROM ss.nodes n)
        AND NOT EXISTS (SELECT 1 FROM ss.nodes n WHERE (n.node_id, n.epoch) = (c.node_id, c.epoch)
                        AND n.state IN ('live', 'draining') AND n.lease_until > clock_timestamp())
  RETURNING 1
)
SELECT EXISTS (SELECT 1 FROM me), EXISTS (SELECT 1 FROM claimed)";

/// Removes claims whose time or server is over.
pub(super) const PRUNE: &str = "DELETE FROM ss.claims_of_work c WHERE c.until <= clock_timestamp() \
     OR c.epoch <= (SELECT max(n.epoch) FROM ss.nodes n) \
        AND NOT EXISTS (SELECT 1 FROM ss.nodes n WHERE (n.node_id, n.epoch) = (c.node_id, c.epoch) \
                        AND n.state IN ('live', 'draining') AND n.lease_until > clock_timestamp())";

/// Claims a piece of work; false while another server has it.
///
/// # Errors
/// `Unavailable` or `Stopped`; also where the lease of this server is over.
pub(super) async fn claim(
    readers: &Readers,
    member: &Membership,
    key: &str,
    at_most: Duration,
) -> Result<bool, ReadError> {
    let me = member.me();
    let params = vec![
        Param::text(key),
        Param::text(me.node_id.as_str()),
        Param::number(me.epoch.cast_signed()),
        Param::number(i64::try_from(at_most.as_millis()).unwrap_or(i64::MAX)),
    ];
    let rows = readers.rows(CLAIM, params).await?;
    let Some(row) = rows.first() else { return Err(unavailable("it returns no row")) };
    if !readers.cell::<bool>(row, 0)? {
        return Err(unavailable("the lease of this server is over"));
    }
    readers.cell(row, 1)
}

/// Gives a claim of this server back, of this or an earlier start.
///
/// # Errors
/// `Unavailable` or `Stopped`.
pub(super) async fn release(readers: &Readers, member: &Membership, key: &str) -> Result<(), ReadError> {
    let sql = "DELETE FROM ss.claims_of_work WHERE key = $1 AND node_id = $2";
    let params = vec![Param::text(key), Param::text(member.me().node_id.as_str())];
    readers.rows(sql, params).await.map(drop)
}
