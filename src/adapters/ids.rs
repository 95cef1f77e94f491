//! Identifiers and secrets from the operating system's generator.

use std::cell::RefCell;

use crate::ports::ids::IdSource;

/// Bytes that are drawn at once: each request needs a few, and a system call for each would cost it more than they
/// do.
const DRAWN: usize = 512;

thread_local! {
    /// Bytes drawn and not used yet; each is used once and then overwritten.
    static STOCK: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Draws identifiers (UUID version 7, so that they sort by time) and secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl IdSource for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "the one place that draws identifiers")]
    fn id(&self, prefix: &str) -> String {
        format!("{prefix}_{}", uuid::Uuid::now_v7().simple())
    }

    fn secret(&self, bytes: usize) -> Vec<u8> {
        if bytes > DRAWN / 4 {
            return draw(bytes);
        }
        STOCK.with_borrow_mut(|stock| {
            if stock.len() < bytes {
                *stock = draw(DRAWN);
            }
            let rest = stock.len() - bytes;
            let out = stock[rest..].to_vec();
            stock[rest..].fill(0);
            stock.truncate(rest);
            out
        })
    }
}

fn draw(bytes: usize) -> Vec<u8> {
    let mut out = vec![0; bytes];
    let mut rest = out.as_mut_slice();
    while !rest.is_empty() {
        let n = rustix::rand::getrandom(&mut *rest, rustix::rand::GetRandomFlags::empty())
            .expect("the kernel's random source answers once it is initialised");
        rest = &mut rest[n..];
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn secrets_have_their_length_and_are_never_handed_out_twice() {
        let mut seen = HashSet::new();
        for n in 0..1000 {
            let bytes = 16 + n % 150;
            let secret = SystemIds.secret(bytes);
            assert_eq!(secret.len(), bytes);
            assert!(seen.insert(secret[..16].to_vec()), "{n}");
        }
    }
}
