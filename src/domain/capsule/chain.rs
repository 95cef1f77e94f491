//! The job's events of the audit chain as a capsule carries them: without the addresses of clients, which are
//! nobody's business, and with their hashes, which the service's own chain confirms.

use serde_json::Value;

use crate::domain::audit::ChainedEvent;

/// Marks an event in which a member was left out, so that its hash cannot be computed from what is here.
const WITHHELD: &str = "withheld";

/// Returns an event without the client's address.
pub fn shown(event: &ChainedEvent) -> Value {
    let mut value = serde_json::to_value(event).expect("audit events serialise to JSON");
    if let Value::Object(members) = &mut value
        && event.event.address.is_some()
    {
        members.remove("address");
        members.insert(WITHHELD.to_owned(), serde_json::json!(["address"]));
    }
    value
}

/// Properties of a piece of the chain that can be verified without the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Piece {
    /// Lines that were checked, including those that are no event.
    pub events: usize,
    /// Events whose hash was computed from their content.
    pub recomputed: usize,
    /// Neighbours in the chain of which the second names the hash of the first.
    pub linked: usize,
    /// Line (from 1) and what is wrong with it.
    pub problems: Vec<(usize, String)>,
}

/// Checks lines of events: their order, their hashes as far as nothing was left out, their links.
pub fn check(text: &str, resource: &str) -> Piece {
    let mut piece = Piece::default();
    let mut last: Option<(u32, u64, String)> = None;
    for (i, line) in text.lines().enumerate() {
        piece.events += 1;
        let Some((event, whole)) = read(line) else {
            piece.problems.push((i + 1, "is not an event of the audit chain".to_owned()));
            continue;
        };
        if event.event.resource != resource {
            piece.problems.push((i + 1, format!("is an event of {}", event.event.resource)));
        }
        if whole && event.expected_hash() != event.hash {
            piece.problems.push((i + 1, format!("event {} has another hash than its content", event.seq)));
        }
        piece.recomputed += usize::from(whole);
        if let Some((chain, seq, hash)) = &last
            && *chain == event.chain
        {
            if event.seq <= *seq {
                piece.problems.push((i + 1, format!("event {} stands after event {seq}", event.seq)));
            } else if event.seq == seq + 1 {
                piece.linked += 1;
                if event.prev_hash != *hash {
                    piece.problems.push((i + 1, format!("event {} does not follow event {seq}", event.seq)));
                }
            }
        }
        last = Some((event.chain, event.seq, event.hash));
    }
    piece
}

fn read(line: &str) -> Option<(ChainedEvent, bool)> {
    let mut value: Value = serde_json::from_str(line).ok()?;
    let withheld = value.as_object_mut()?.remove(WITHHELD).is_some();
    Some((serde_json::from_value(value).ok()?, !withheld))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::{Actor, AuditEvent, GENESIS_HASH};
    use crate::domain::ids::TenantId;

    fn chain() -> Vec<ChainedEvent> {
        let mut events: Vec<ChainedEvent> = Vec::new();
        for (seq, address) in [(1, Some("192.0.2.7")), (2, None), (3, None)] {
            let event = AuditEvent {
                time: chrono::DateTime::from_timestamp(1_800_000_000, 0).expect("a time"),
                tenant: TenantId::default_tenant(),
                actor: Actor::system("worker"),
                action: "run.started".to_owned(),
                resource: "job:j1".to_owned(),
                before: None,
                after: None,
                reason: None,
                trace_id: None,
                address: address.map(str::to_owned),
                detail: serde_json::json!({"attempt": seq}),
            };
            let prev = events.last().map_or(GENESIS_HASH, |e| e.hash.as_str()).to_owned();
            events.push(ChainedEvent::chain(0, seq, &prev, event));
        }
        events
    }

    fn lines(events: &[ChainedEvent]) -> String {
        events.iter().map(|e| format!("{}\n", shown(e))).collect()
    }

    #[test]
    fn a_piece_of_the_chain_shows_no_address_and_proves_what_it_can() {
        let text = lines(&chain());
        assert!(!text.contains("192.0.2.7"));
        let piece = check(&text, "job:j1");
        assert_eq!((piece.events, piece.recomputed, piece.linked, piece.problems.len()), (3, 2, 2, 0));
    }

    #[test]
    fn changed_moved_and_foreign_events_are_found() {
        let events = chain();
        let changed = lines(&events).replace("\"attempt\":3", "\"attempt\":1");
        assert_eq!(check(&changed, "job:j1").problems[0].0, 3);
        let mut moved = events.clone();
        moved.swap(1, 2);
        assert!(!check(&lines(&moved), "job:j1").problems.is_empty());
        let mut cut = events.clone();
        cut[1].prev_hash = GENESIS_HASH.to_owned();
        assert!(check(&lines(&cut), "job:j1").problems.iter().any(|(_, p)| p.contains("does not follow")));
        assert_eq!(check(&lines(&events), "job:j2").problems.len(), 3);
        assert_eq!(check("{}\n", "job:j1").problems.len(), 1);
    }
}
