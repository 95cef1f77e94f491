//! The HTTP interface: conventions, the OpenAPI document, limits, the console's files.

mod answers;
pub(crate) mod console;
pub(crate) mod console_words;
mod conventions;
mod edge;
mod errors;
mod hostile_requests;
mod openapi;
mod openapi_examples;
mod versions;
