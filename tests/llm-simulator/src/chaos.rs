//! Faults: what a provider, a gateway or the network does wrong. Which request meets one depends on the
//! seed, the request and how often it came before, so that a run can be repeated.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::HeaderValue;
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};

use crate::dice::Rng;
use crate::settings::Settings;

/// One fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// A refusal with a status and, as asked, a `Retry-After` in one of its forms.
    Status {
        /// Status of the answer.
        status: u16,
        /// `Retry-After`, written as it is sent.
        #[serde(default)]
        retry_after: Option<String>,
        /// `Retry-After` as an HTTP date, so many seconds from now.
        #[serde(default)]
        retry_after_date: Option<u64>,
        /// The header `retry-after-ms`.
        #[serde(default)]
        retry_after_ms: Option<u64>,
        /// The header `x-should-retry`.
        #[serde(default)]
        should_retry: Option<bool>,
        /// `error.type` (Anthropic) or `error.code` (OpenAI) in place of the usual one.
        #[serde(default)]
        code: Option<String>,
    },
    /// No answer at all for so long, then the connection is closed.
    Hang {
        /// Milliseconds of silence.
        ms: u64,
    },
    /// The connection is reset (RST) after so many bytes of the body.
    Reset {
        /// Bytes that are sent before.
        after_bytes: usize,
    },
    /// The body ends after so many bytes as if it were whole.
    Truncate {
        /// Bytes that are sent.
        after_bytes: usize,
    },
    /// The body ends in the middle of this event, counted from 1, as if it were whole.
    TruncateEvent {
        /// Number of the event, from 1.
        event: usize,
    },
    /// Silence for so long after so many bytes.
    Stall {
        /// Bytes that are sent before.
        after_bytes: usize,
        /// Milliseconds of silence.
        ms: u64,
    },
    /// The body comes in small pieces with a wait between them; characters and lines are split.
    Slow {
        /// Bytes of one piece.
        bytes: usize,
        /// Milliseconds between two pieces.
        ms: u64,
    },
    /// Every character of several bytes comes in two pieces.
    SplitUtf8,
    /// The body is not JSON.
    Malformed,
    /// Another content type than the body has.
    ContentType {
        /// The header `content-type`.
        value: String,
    },
    /// A page of HTML with status 200.
    Html,
    /// An error inside an answer with status 200.
    ErrorInside,
    /// The answer is so long.
    Huge {
        /// Length of the body.
        bytes: usize,
    },
    /// The model refuses.
    Refusal,
    /// The answer is cut after so many tokens, and says so.
    Cut {
        /// Tokens that are sent.
        tokens: usize,
    },
    /// Valid JSON that breaks the asked schema: a field too many, and names that do not exist.
    OffSchema,
    /// No usage, where the format can be without.
    NoUsage,
    /// Carriage returns, comments and pings in a stream.
    Noise,
}

/// What happens to a request.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    pub faults: Vec<Fault>,
}

impl Fault {
    /// The name in settings, headers and metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Hang { .. } => "hang",
            Self::Reset { .. } => "reset",
            Self::Truncate { .. } => "truncate",
            Self::TruncateEvent { .. } => "truncate_event",
            Self::Stall { .. } => "stall",
            Self::Slow { .. } => "slow",
            Self::SplitUtf8 => "split_utf8",
            Self::Malformed => "malformed",
            Self::ContentType { .. } => "content_type",
            Self::Html => "html",
            Self::ErrorInside => "error_inside",
            Self::Huge { .. } => "huge",
            Self::Refusal => "refusal",
            Self::Cut { .. } => "cut",
            Self::OffSchema => "off_schema",
            Self::NoUsage => "no_usage",
            Self::Noise => "noise",
        }
    }

    /// Checks what no provider can do.
    ///
    /// # Errors
    /// The problem in words.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Status { status, .. } if !(400..600).contains(status) => {
                Err(format!("status {status} is no refusal: give one from 400 to 599"))
            }
            Self::ContentType { value } if HeaderValue::from_str(value).is_err() => {
                Err(format!("{value:?} is no content type"))
            }
            _ => Ok(()),
        }
    }
}

impl Fate {
    /// The first fault of a kind.
    pub(crate) fn find<T>(&self, pick: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        self.faults.iter().find_map(pick)
    }

    /// True if this fault happens.
    pub(crate) fn has(&self, fault: &Fault) -> bool {
        self.faults.contains(fault)
    }
}

/// Counts equal requests by their digest.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<HashMap<u64, u32>>);

/// Most different requests that are remembered.
const MOST_SEEN: usize = 100_000;

impl Seen {
    /// How often these bytes came before.
    pub(crate) fn count(&self, bytes: &[u8]) -> u32 {
        let key = Rng::new(0, "seen", bytes).bits();
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= MOST_SEEN {
            map.clear();
        }
        let n = map.entry(key).or_default();
        *n += 1;
        *n - 1
    }
}

/// Decides what happens to a request; `asked` are faults that the request itself asks for.
pub(crate) fn fate(settings: &Settings, asked: Vec<Fault>, prompt: &str, body: &[u8], before: u32) -> Fate {
    let mut faults = asked;
    for (i, chaos) in settings.chaos.iter().enumerate() {
        let is_meant = chaos.contains.as_deref().is_none_or(|text| prompt.contains(text))
            && (chaos.first == 0 || before < chaos.first);
        let mut key = body.to_vec();
        key.extend_from_slice(&before.to_le_bytes());
        let is_drawn = Rng::new(settings.seed, &format!("chaos {i}"), &key).unit() < chaos.probability;
        if is_meant && is_drawn {
            faults.push(chaos.fault.clone());
        }
    }
    Fate { faults }
}

/// One step of a body.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Send(Bytes),
    Wait(Duration),
    /// The connection breaks.
    Break,
}

/// Applies the faults of the body to its pieces.
pub(crate) fn distort(steps: Vec<Step>, fate: &Fate) -> Vec<Step> {
    let mut steps = steps;
    for fault in &fate.faults {
        steps = match *fault {
            Fault::Reset { after_bytes } => cut(steps, after_bytes, vec![Step::Break]),
            Fault::Truncate { after_bytes } => cut(steps, after_bytes, Vec::new()),
            Fault::TruncateEvent { event } => {
                let at = middle_of(&steps, event);
                cut(steps, at, Vec::new())
            }
            Fault::SplitUtf8 => split_characters(steps),
            Fault::Stall { after_bytes, ms } => stall(steps, after_bytes, Duration::from_millis(ms)),
            Fault::Slow { bytes, ms } => slow(steps, bytes.max(1), Duration::from_millis(ms)),
            _ => steps,
        };
    }
    steps
}

/// Splits the steps at a number of bytes.
fn split(steps: Vec<Step>, at: usize) -> (Vec<Step>, Vec<Step>) {
    let (mut head, mut tail, mut sent) = (Vec::new(), Vec::new(), 0);
    for step in steps {
        match step {
            Step::Send(bytes) if sent + bytes.len() > at && sent <= at => {
                let part = at - sent;
                if part > 0 {
                    head.push(Step::Send(bytes.slice(..part)));
                }
                tail.push(Step::Send(bytes.slice(part..)));
                // everything later is behind the cut
                sent = usize::MAX / 2;
            }
            Step::Send(bytes) if sent <= at => {
                sent += bytes.len();
                head.push(Step::Send(bytes));
            }
            other if sent <= at => head.push(other),
            other => tail.push(other),
        }
    }
    (head, tail)
}

fn cut(steps: Vec<Step>, at: usize, end: Vec<Step>) -> Vec<Step> {
    let (mut head, _) = split(steps, at);
    head.extend(end);
    head
}

/// Bytes before the middle of an event; before the middle of the last one where there are fewer.
fn middle_of(steps: &[Step], event: usize) -> usize {
    let sizes = steps.iter().filter_map(|s| if let Step::Send(bytes) = s { Some(bytes.len()) } else { None });
    let sizes: Vec<usize> = sizes.take(event.max(1)).collect();
    let Some((last, before)) = sizes.split_last() else { return 0 };
    before.iter().sum::<usize>() + last / 2
}

/// Sends the first byte of each character of several bytes apart from the others.
fn split_characters(steps: Vec<Step>) -> Vec<Step> {
    let mut parted = Vec::new();
    for step in steps {
        let Step::Send(mut bytes) = step else {
            parted.push(step);
            continue;
        };
        // the first byte of such a character is 0b11xxxxxx (RFC 3629, section 3)
        while let Some(lead) = bytes.iter().position(|byte| *byte >= 0xc0) {
            parted.push(Step::Send(bytes.split_to(lead + 1)));
            // a pause makes two writes of it
            parted.push(Step::Wait(Duration::from_millis(1)));
        }
        parted.push(Step::Send(bytes));
    }
    parted
}

fn stall(steps: Vec<Step>, at: usize, wait: Duration) -> Vec<Step> {
    let (mut head, tail) = split(steps, at);
    head.push(Step::Wait(wait));
    head.extend(tail);
    head
}

fn slow(steps: Vec<Step>, size: usize, wait: Duration) -> Vec<Step> {
    let mut slowed = Vec::new();
    for step in steps {
        let Step::Send(mut bytes) = step else {
            slowed.push(step);
            continue;
        };
        while !bytes.is_empty() {
            let piece = bytes.split_to(size.min(bytes.len()));
            slowed.push(Step::Send(piece));
            slowed.push(Step::Wait(wait));
        }
    }
    slowed
}

/// The steps as a body. A break is an error of the stream, which ends the connection; `on_break` is called
/// before it.
pub(crate) fn body(
    steps: Vec<Step>,
    on_break: impl Fn() + Send + Sync + 'static,
) -> impl Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static {
    stream::unfold((steps.into_iter(), on_break, false), |(mut steps, on_break, is_begun)| async move {
        loop {
            match steps.next()? {
                Step::Send(bytes) => return Some((Ok(bytes), (steps, on_break, true))),
                Step::Wait(time) if time.is_zero() => {}
                Step::Wait(time) => tokio::time::sleep(time).await,
                Step::Break => {
                    // what was sent before is to reach the client first; where nothing was, not even the head is
                    // to leave
                    if is_begun {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    on_break();
                    let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
                    return Some((Err(broken), (Vec::new().into_iter(), on_break, true)));
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sent(steps: &[Step]) -> Vec<u8> {
        steps
            .iter()
            .filter_map(|s| if let Step::Send(b) = s { Some(b.to_vec()) } else { None })
            .flatten()
            .collect()
    }

    proptest! {
        #[test]
        fn a_cut_keeps_the_first_bytes_and_slowness_all(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..9), at in 0usize..60, size in 1usize..5,
        ) {
            let steps: Vec<Step> = pieces.iter().map(|p| Step::Send(Bytes::from(p.clone()))).collect();
            let all = pieces.concat();
            prop_assert_eq!(sent(&cut(steps.clone(), at, Vec::new())), &all[..at.min(all.len())]);
            prop_assert_eq!(&sent(&stall(steps.clone(), at, Duration::ZERO)), &all);
            prop_assert_eq!(sent(&slow(steps, size, Duration::ZERO)), all);
        }

        #[test]
        fn split_characters_are_whole_again_when_joined(pieces in prop::collection::vec(".{0,6}", 0..6)) {
            let steps: Vec<Step> = pieces.iter().map(|p| Step::Send(Bytes::from(p.clone()))).collect();
            let parted = split_characters(steps);
            prop_assert_eq!(sent(&parted), pieces.concat().into_bytes());
            let several = pieces.concat().chars().filter(|c| c.len_utf8() > 1).count();
            prop_assert_eq!(parted.iter().filter(|s| matches!(s, Step::Wait(_))).count(), several);
        }

        #[test]
        fn a_cut_event_is_begun_and_not_ended(sizes in prop::collection::vec(2usize..40, 1..9), event in 1usize..12) {
            let steps: Vec<Step> = sizes.iter().map(|n| Step::Send(Bytes::from(vec![b'x'; *n]))).collect();
            let kept = sent(&cut(steps.clone(), middle_of(&steps, event), Vec::new())).len();
            let whole: usize = sizes[..event.min(sizes.len()) - 1].iter().sum();
            prop_assert!(whole < kept && kept < whole + sizes[event.min(sizes.len()) - 1]);
        }
    }
}
