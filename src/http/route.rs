//! The facts of a route that neither its path nor its types show, as a constant next to each handler, and the
//! collection of all routes with their facts. The OpenAPI document is completed from them.

use std::collections::BTreeMap;

use utoipa::openapi::path::PathItem;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::state::App;
use crate::domain::error::ErrorCode;

/// Whether a route changes stored state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// GET reads; every other method writes.
    ByMethod,
    /// Changes nothing, although its method is not GET.
    Reads,
    /// Writes, although its method is GET.
    Writes,
}

/// Inputs, outputs and error codes of a route, beyond those that all routes of its kind (credential, body, job) share.
#[derive(Debug, Clone, Copy)]
pub struct RouteFacts {
    /// Error codes of the route, beyond those of its kind.
    pub refusals: &'static [&'static [ErrorCode]],
    /// Whether the route changes stored state.
    pub effect: Effect,
    /// The response shows a secret once.
    pub secret: bool,
    /// The route still works after the content of the job was removed.
    pub without_content: bool,
    /// The route needs no credential and reads the tenant header nevertheless.
    pub tenant_header: bool,
    /// The route reads `If-Match`.
    pub if_match: bool,
    /// The route reads `If-None-Match`.
    pub if_none_match: bool,
    /// The route serves a range of a file.
    pub ranges: bool,
    /// A success carries an entity tag.
    pub tagged: bool,
    /// The response is a file to be kept.
    pub download: bool,
    /// A response with status 202, or the refusal `INPUTS_MISSING` while an upload is being read, carries `Retry-After`.
    pub retry_after: bool,
}

impl RouteFacts {
    /// The facts of a route that has none beyond those of its kind.
    pub const NONE: Self = Self {
        refusals: &[],
        effect: Effect::ByMethod,
        secret: false,
        without_content: false,
        tenant_header: false,
        if_match: false,
        if_none_match: false,
        ranges: false,
        tagged: false,
        download: false,
        retry_after: false,
    };

    /// Returns whether a route with this method changes stored state.
    pub fn writes(&self, method: &str) -> bool {
        match self.effect {
            Effect::ByMethod => method != "get",
            Effect::Reads => false,
            Effect::Writes => true,
        }
    }
}

/// Facts by operation id.
pub type FactsByOperation = BTreeMap<String, RouteFacts>;

/// Routes with their descriptions and facts.
pub struct Routes {
    router: OpenApiRouter<App>,
    facts: FactsByOperation,
}

impl Routes {
    /// Starts a collection from a router.
    pub fn new(router: OpenApiRouter<App>) -> Self {
        Self { router, facts: FactsByOperation::new() }
    }

    /// Adds the route of one handler with its facts.
    ///
    /// # Panics
    /// The router does not hold exactly one operation with an id, or the id is taken.
    #[must_use]
    pub fn add(mut self, route: UtoipaMethodRouter<App>, facts: RouteFacts) -> Self {
        let ids: Vec<String> = route.1.paths.values().flat_map(operation_ids).collect();
        let [id] = ids.as_slice() else { panic!("one handler is added at a time: {ids:?}") };
        let taken = self.facts.insert(id.clone(), facts);
        assert!(taken.is_none(), "two routes have the operation id {id}");
        self.router = self.router.routes(route);
        self
    }

    /// Adds a route that the document does not show.
    #[must_use]
    pub fn add_undocumented(mut self, path: &str, route: axum::routing::MethodRouter<App>) -> Self {
        self.router = self.router.route(path, route);
        self
    }

    /// Adds the routes of another collection.
    ///
    /// # Panics
    /// Both collections have a route with the same operation id.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        for (id, facts) in other.facts {
            let taken = self.facts.insert(id.clone(), facts);
            assert!(taken.is_none(), "two routes have the operation id {id}");
        }
        self.router = self.router.merge(other.router);
        self
    }

    /// Returns the paths of the documented routes.
    pub fn paths(&self) -> Vec<String> {
        self.router.get_openapi().paths.paths.keys().cloned().collect()
    }

    /// Returns the router of axum, without the descriptions.
    pub fn into_router(self) -> axum::Router<App> {
        self.router.split_for_parts().0
    }

    /// Returns the OpenAPI document as the handlers give it, and the facts.
    pub fn into_description(self) -> (utoipa::openapi::OpenApi, FactsByOperation) {
        (self.router.split_for_parts().1, self.facts)
    }
}

fn operation_ids(item: &PathItem) -> Vec<String> {
    let all = [&item.get, &item.put, &item.post, &item.delete, &item.patch, &item.head, &item.options];
    all.into_iter().flatten().filter_map(|operation| operation.operation_id.clone()).collect()
}
