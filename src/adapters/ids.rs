//! Identifiers and secrets from the operating system's generator.

use crate::ports::ids::IdSource;

/// Draws identifiers (UUID version 7, so that they sort by time) and secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl IdSource for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "the one place that draws identifiers")]
    fn id(&self, prefix: &str) -> String {
        format!("{prefix}_{}", uuid::Uuid::now_v7().simple())
    }

    fn secret(&self, bytes: usize) -> Vec<u8> {
        let mut out = vec![0; bytes];
        let mut rest = out.as_mut_slice();
        while !rest.is_empty() {
            let n = rustix::rand::getrandom(&mut *rest, rustix::rand::GetRandomFlags::empty())
                .expect("the kernel's random source answers once it is initialised");
            rest = &mut rest[n..];
        }
        out
    }
}
