//! An answer as a body: whole or in events, with the times of its tokens and the faults of its bytes.

use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;

use super::Inner;
use super::routes::Format;
use super::socket::Sockets;
use crate::answer::{Answer, Ask};
use crate::chaos::{Fate, Fault, Step, body, distort};
use crate::dice::Rng;
use crate::latency::draw;
use crate::wire::Wire;

/// Longest comment or run of spaces of the fault `huge`.
const HUGE: usize = 64 << 20;

/// Writes an answer; `bytes` are those of the request, which decide on times.
#[expect(clippy::too_many_arguments, reason = "what is known of one call at this place")]
pub(super) async fn written(
    inner: &Inner,
    ask: &Ask,
    answer: &Answer,
    fate: &Fate,
    format: &Format,
    is_array: bool,
    bytes: &[u8],
    socket: Option<(Sockets, SocketAddr)>,
) -> Response {
    let latency = inner.settings.latency;
    let mut dice = Rng::new(inner.settings.seed, "latency", bytes);
    let first = draw(latency.first_token, &mut dice);
    let mut waits = || draw(latency.between_tokens, &mut dice);
    let refuses = fate.has(&Fault::Refusal);
    if !ask.stream {
        let total = answer.pieces.iter().skip(1).fold(first, |total, _| total + waits());
        pause(total).await;
        let mut document = (format.whole)(ask, answer, refuses);
        if fate.has(&Fault::NoUsage)
            && let Some(fields) = document.as_object_mut()
        {
            fields.remove("usage");
            fields.remove("usageMetadata");
        }
        let steps = vec![Step::Send(Bytes::from(spoiled(document.to_string(), format.wire, fate)))];
        return response("application/json", steps, fate, socket);
    }
    pause(first).await;
    let (head, pieces, tail) = (format.events)(ask, answer, refuses);
    let mut steps: Vec<Step> = head.into_iter().map(|text| send(text, fate)).collect();
    for (i, piece) in pieces.into_iter().enumerate() {
        if i > 0 {
            steps.push(Step::Wait(waits()));
        }
        steps.push(send(piece, fate));
    }
    if fate.has(&Fault::ErrorInside) {
        steps.truncate(steps.len() / 2 + 1);
        steps.push(Step::Send(Bytes::from(error_event(format.wire))));
    } else if fate.has(&Fault::Malformed) {
        steps.push(Step::Send(Bytes::from_static(b"data: {\"choices\": [\n\n")));
    } else {
        steps.extend(tail.into_iter().map(|text| send(text, fate)));
    }
    if let Some(size) = huge(fate) {
        steps.insert(0, Step::Send(Bytes::from(format!(": {}\n\n", "x".repeat(size)))));
    }
    response(if is_array { "application/json" } else { "text/event-stream" }, steps, fate, socket)
}

async fn pause(time: std::time::Duration) {
    // even a sleep of nothing waits for the timer's next tick
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

fn huge(fate: &Fate) -> Option<usize> {
    fate.find(|fault| if let Fault::Huge { bytes } = fault { Some((*bytes).min(HUGE)) } else { None })
}

/// Faults of the text of a whole answer.
fn spoiled(mut text: String, wire: Wire, fate: &Fate) -> String {
    if fate.has(&Fault::ErrorInside) {
        return wire.error(&wire.refusal(500, "inside"), "").to_string();
    }
    if fate.has(&Fault::Malformed) {
        text.pop();
        return text;
    }
    match huge(fate) {
        Some(size) => format!("{text}{}", " ".repeat(size)),
        None => text,
    }
}

fn error_event(wire: Wire) -> String {
    let error = wire.error(&wire.refusal(529, "inside"), "");
    crate::wire::event((wire == Wire::Anthropic).then_some("error"), &error)
}

/// One event; with comments and carriage returns, which every reader must bear, where noise was asked for.
fn send(text: String, fate: &Fate) -> Step {
    let text =
        if fate.has(&Fault::Noise) { format!(": noise\r\n{}", text.replace('\n', "\r\n")) } else { text };
    Step::Send(Bytes::from(text))
}

fn response(
    media_type: &'static str,
    steps: Vec<Step>,
    fate: &Fate,
    socket: Option<(Sockets, SocketAddr)>,
) -> Response {
    let mut steps = distort(steps, fate);
    let body = match steps.as_mut_slice() {
        // at hand as a whole: the length is told, and no stream is needed
        [Step::Send(bytes)] => Body::from(std::mem::take(bytes)),
        _ => Body::from_stream(body(steps, move || {
            if let Some((sockets, peer)) = &socket {
                sockets.reset(*peer);
            }
        })),
    };
    let mut response = Response::new(body);
    let stated = fate.find(|fault| {
        if let Fault::ContentType { value } = fault { HeaderValue::from_str(value).ok() } else { None }
    });
    let media_type = stated.unwrap_or(HeaderValue::from_static(media_type));
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}
