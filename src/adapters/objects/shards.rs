//! Lists jobs that have objects, or files in the workspace: a job whose upload broke off has no object yet.

use std::collections::BTreeSet;

use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{ObjectStore, Result};

use crate::domain::ids::{JobId, TenantId};
use crate::ports::blob_store::Shard;

/// Returns the shard after `after` in the order of tenant and shard.
///
/// # Errors
/// Any error of the store.
pub(super) async fn next_shard(client: &AmazonS3, root: &Path, after: Option<&str>) -> Result<Option<Shard>> {
    let from = after.and_then(|place| place.split_once('/'));
    for tenant in folders(client, root).await? {
        if from.is_some_and(|(last, _)| tenant.as_str() < last) {
            continue;
        }
        let Ok(id) = TenantId::parse(tenant.as_str()) else { continue };
        let of_tenant = root.clone().join(tenant.as_str());
        for shard in folders(client, &of_tenant).await? {
            if from.is_some_and(|(last, done)| tenant == last && shard.as_str() <= done) {
                continue;
            }
            let jobs = folders(client, &of_tenant.clone().join(shard.as_str())).await?.into_iter();
            let jobs = jobs.filter_map(|job| Some((id.clone(), JobId::parse(job).ok()?))).collect();
            return Ok(Some(Shard { name: format!("{tenant}/{shard}"), jobs }));
        }
    }
    Ok(None)
}

/// The names of the common prefixes below a name, in order.
async fn folders(client: &AmazonS3, below: &Path) -> Result<BTreeSet<String>> {
    let listed = client.list_with_delimiter(Some(below)).await?;
    Ok(listed.common_prefixes.iter().filter_map(|path| Some(path.filename()?.to_owned())).collect())
}

/// Joins the next shards of two places that list in the same order.
pub(super) fn first_of(one: Option<Shard>, other: Option<Shard>) -> Option<Shard> {
    let (Some(one), Some(other)) = (&one, &other) else { return one.or(other) };
    let place = |shard: &Shard| {
        let (tenant, name) = shard.name.split_once('/').unwrap_or((&shard.name, ""));
        (tenant.to_owned(), name.to_owned())
    };
    match place(one).cmp(&place(other)) {
        std::cmp::Ordering::Less => Some(one.clone()),
        std::cmp::Ordering::Greater => Some(other.clone()),
        std::cmp::Ordering::Equal => {
            let jobs: BTreeSet<_> = one.jobs.iter().chain(&other.jobs).cloned().collect();
            Some(Shard { name: one.name.clone(), jobs: jobs.into_iter().collect() })
        }
    }
}
