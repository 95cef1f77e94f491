//! Extractors that answer rejections as problem documents and state in a handler's signature who may call.

pub mod access;
pub mod body;
pub mod headers;
pub mod link;
pub mod roles;
pub mod webhooks;
