//! How far runs under way are, for people who watch them at other servers. The table is not logged: a crash of the database
//! forgets it, and the next look fills it again.

use super::members::Membership;
use super::reads::Readers;
use super::rows::Param;
use crate::domain::ids::RunId;
use crate::ports::store::ReadError;

/// Notes the runs `$1` as they are (`$2`).
const NOTE: &str = "INSERT INTO ss.progress (run_id, json) SELECT * FROM unnest($1, $2) \
     ON CONFLICT (run_id) DO UPDATE SET json = EXCLUDED.json";

/// What is noted of runs that other servers than `$1` have under way.
const OTHERS: &str = "SELECT p.run_id, p.json FROM ss.active_runs a JOIN ss.progress p ON p.run_id = a.run_id \
     WHERE a.node_id <> $1";

/// Removes what was noted of runs that are over.
pub(super) const PRUNE: &str = "DELETE FROM ss.progress p \
     WHERE NOT EXISTS (SELECT 1 FROM ss.active_runs a WHERE a.run_id = p.run_id)";

/// Notes how far runs of this server are, and returns what others noted.
///
/// # Errors
/// `Unavailable` or `Stopped`.
pub(super) async fn share(
    readers: &Readers,
    member: &Membership,
    own: Vec<(RunId, String)>,
) -> Result<Vec<(RunId, String)>, ReadError> {
    if !own.is_empty() {
        let (runs, texts): (Vec<_>, Vec<_>) =
            own.into_iter().map(|(run_id, text)| (run_id.to_string(), text)).unzip();
        readers.rows(NOTE, vec![Param::texts(runs), Param::texts(texts)]).await?;
    }
    let rows = readers.rows(OTHERS, vec![Param::text(member.me().node_id.as_str())]).await?;
    let mut others = Vec::new();
    for row in &rows {
        if let Ok(run_id) = RunId::parse(readers.cell::<String>(row, 0)?) {
            others.push((run_id, readers.cell::<String>(row, 1)?));
        }
    }
    Ok(others)
}
