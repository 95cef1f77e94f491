//! Amnesty: who may declare other nodes lost. A server that did not see the database for a while cannot know whether
//! the others were able to renew. After an outage, a failover or a step of the database's clock, leases in the database
//! say nothing about their holders until each of them had the time to renew or to end its engines.
//!
//! Every server watches for itself, from each answer that it gets anyway. Nothing about it is stored: a change of the
//! leader needs no amnesty, and a row that a failover lost cannot end one early.

use super::instant::{BootTime, DatabaseTime};
use super::times::LeaseTimes;

/// An answer of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contact {
    /// When the request was begun.
    pub asked: BootTime,
    /// When the answer arrived.
    pub answered: BootTime,
    /// The database's clock in between (`clock_timestamp()`).
    pub database: DatabaseTime,
    /// When this database server was started (`pg_postmaster_start_time()`). Another one after a failover or a restart.
    pub server_started: DatabaseTime,
}

/// How long a server has seen the same database, without a pause and with a steady clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Watch {
    /// The first and the last answer of the unbroken stretch.
    seen: Option<(Contact, Contact)>,
}

impl Watch {
    /// Takes an answer into account. Called for each renewal, each request of the term, and at the start of each sweep.
    /// An answer that took longer than [`LeaseTimes::round_trip`] says too little about the database's clock: it is
    /// left out.
    pub fn see(&mut self, contact: Contact, times: &LeaseTimes) {
        if contact.answered.since(contact.asked) > times.round_trip() {
            return;
        }
        self.seen = match self.seen {
            Some((first, last)) if continues(&last, &contact, times) => Some((first, contact)),
            Some((_, last)) if contact.answered < last.asked => return, // an answer that was overtaken
            _ => Some((contact, contact)),
        };
    }

    /// True if this server may declare nodes lost whose leases it read `by` this answer: it has watched for L + G, up to
    /// this very answer, whose reading of the database's clock is therefore that of a steady clock.
    ///
    /// The rows may be written later, on the condition that they are still the ones that were read.
    pub fn may_declare_lost(&self, by: &Contact, times: &LeaseTimes) -> bool {
        self.seen.is_some_and(|(first, last)| {
            last == *by && by.answered.since(first.answered) >= times.lost_after()
        })
    }
}

/// True if nothing happened between two answers that would make leases meaningless.
fn continues(last: &Contact, next: &Contact, times: &LeaseTimes) -> bool {
    let micros = |time: std::time::Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    let step = micros(times.clock_step());
    // both readings were taken between request and answer, so this is how far apart they can be by the own clock
    let least = micros(next.asked.since(last.answered));
    let most = micros(next.answered.since(last.asked));
    let passed = next.database.micros_since(last.database);
    next.server_started == last.server_started
        && next.answered >= last.asked
        && next.asked.since(last.asked) <= times.silence()
        && passed >= least.saturating_sub(step)
        && passed <= most.saturating_add(step)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SERVER: DatabaseTime = DatabaseTime::from_micros(77);

    const fn boot(seconds: u64) -> BootTime {
        BootTime::new(Duration::from_secs(seconds))
    }

    const fn contact(at: u64, database: i64) -> Contact {
        Contact {
            asked: boot(at),
            answered: boot(at),
            database: DatabaseTime::from_micros(database * 1_000_000),
            server_started: SERVER,
        }
    }

    /// Watches from 0 each 5 s, with a database clock that is 1,000 s ahead.
    fn watched(until: u64) -> Watch {
        let mut watch = Watch::default();
        for at in (0..=until).step_by(5) {
            watch
                .see(contact(at, 1_000 + i64::try_from(at).expect("a small number")), &LeaseTimes::default());
        }
        watch
    }

    #[test]
    fn a_server_judges_others_only_after_it_watched_for_75_seconds() {
        let times = LeaseTimes::default();
        assert!(!Watch::default().may_declare_lost(&contact(500, 1_500), &times));
        assert!(!watched(70).may_declare_lost(&contact(70, 1_070), &times));
        assert!(watched(75).may_declare_lost(&contact(75, 1_075), &times));
        // leases that were read by another answer
        assert!(!watched(75).may_declare_lost(&contact(76, 1_076), &times));
    }

    #[test]
    fn an_outage_a_failover_and_a_step_of_the_clock_begin_the_watch_again() {
        let times = LeaseTimes::default();
        let next = contact(105, 1_105);
        let breaks = [
            ("outage", contact(116, 1_116)),
            ("failover", Contact { server_started: DatabaseTime::from_micros(78), ..next }),
            ("step ahead", contact(105, 1_111)),
            ("step back", contact(105, 1_099)),
        ];
        for (name, contact) in breaks {
            let mut watch = watched(100);
            watch.see(contact, &times);
            assert!(!watch.may_declare_lost(&contact, &times), "{name}");
        }
        let mut watch = watched(100);
        watch.see(next, &times);
        assert!(watch.may_declare_lost(&next, &times));
    }

    #[test]
    fn a_slow_answer_is_left_out() {
        let times = LeaseTimes::default();
        let mut watch = watched(100);
        // the clock stepped by 20 s, and the answer was 20 s on its way: the one would hide the other
        let slow = Contact { answered: boot(125), ..contact(105, 1_125) };
        watch.see(slow, &times);
        assert_eq!(watch, watched(100));
        assert!(!watch.may_declare_lost(&slow, &times));
        let quick = Contact { answered: boot(107), ..contact(105, 1_106) };
        watch.see(quick, &times);
        assert!(watch.may_declare_lost(&quick, &times));
    }

    #[test]
    fn an_answer_that_was_overtaken_changes_nothing() {
        let times = LeaseTimes::default();
        let mut watch = watched(100);
        watch.see(contact(60, 1_060), &times);
        assert_eq!(watch, watched(100));
    }
}
