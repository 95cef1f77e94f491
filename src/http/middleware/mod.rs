//! Processing of every request, outermost first: pages of other origins, compression, trace and metrics, the rest of
//! refused bodies, problem documents, the production gate, limits, idempotency keys, panics, encoded bodies. They are one
//! layer, because each additional layer costs every request a copy of everything inside it.

pub mod body_idle_timeout;
pub mod busy_callers;
pub mod drain_body;
pub mod edge;
pub mod encodings;
pub mod gate;
pub mod idempotency;
pub mod observe;
pub mod problem;
pub mod role;
pub mod streams;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use self::encodings::Route;
use super::state::App;

/// Passes a request through all of them.
pub async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = Route::new(next);
    // preflights carry no credential and are answered before anything else
    let answer = app.edge.cors.answer(request, |request| {
        encodings::compressed(request, |request| {
            observe::observe(&app, request, |request| {
                drain_body::take_in_unread(request, |request| {
                    problem::problem(&app, request, |request| {
                        role::role(app.role, request, |request| {
                            gate::gate(&app.gate, request, |request| {
                                edge::guard(&app, request, |request| {
                                    idempotency::idempotency(&app, request, route)
                                })
                            })
                        })
                    })
                })
            })
        })
    });
    answer.await
}

/// Passes a probe through: trace, problem documents and the bounds of a head. Probes are small, have no body and come
/// often: nothing that bodies, callers or the gate need is around them.
pub async fn around_probes(State(app): State<App>, request: Request, next: Next) -> Response {
    let answer = app.edge.cors.answer(request, |request| {
        observe::observe(&app, request, |request| {
            drain_body::take_in_unread(request, |request| {
                problem::problem(&app, request, |request| {
                    edge::bound_head(&app, request, |request| next.run(request))
                })
            })
        })
    });
    answer.await
}
