//! How much of the thread's stack is left: functions that call themselves without end must stop with an error.

use std::cell::Cell;

/// Bytes that must be left for a further call.
const RESERVE: usize = 512 * 1024;

/// Bytes that are assumed to be used at most where the bounds of the stack are not known.
const ASSUMED: usize = 768 * 1024;

thread_local! {
    /// The lowest address that the thread may use.
    static LIMIT: Cell<Option<usize>> = const { Cell::new(None) };
}

/// True when little of the thread's stack is left.
pub(super) fn is_low() -> bool {
    let marker = 0u8;
    let here = std::ptr::from_ref(&marker) as usize;
    let limit = LIMIT.with(|limit| {
        limit.get().unwrap_or_else(|| {
            let found = lowest().unwrap_or_else(|| here.saturating_sub(ASSUMED)) + RESERVE;
            limit.set(Some(found));
            found
        })
    });
    here < limit
}

/// The lowest address of the thread's stack.
#[cfg(target_os = "linux")]
fn lowest() -> Option<usize> {
    // SAFETY: the attributes are initialised by the first call, read by the second and freed by the third.
    unsafe {
        let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
        if libc::pthread_getattr_np(libc::pthread_self(), &raw mut attributes) != 0 {
            return None;
        }
        let (mut address, mut size) = (std::ptr::null_mut(), 0);
        let known = libc::pthread_attr_getstack(&raw const attributes, &raw mut address, &raw mut size) == 0;
        libc::pthread_attr_destroy(&raw mut attributes);
        known.then_some(address as usize)
    }
}

/// The lowest address of the thread's stack.
#[cfg(not(target_os = "linux"))]
fn lowest() -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(n: usize) -> usize {
        let held = [n; 64];
        if is_low() { std::hint::black_box(held)[0] } else { depth(n + 1).max(held[0]) }
    }

    #[test]
    fn recursion_ends_before_the_stack_does() {
        let run = |size| {
            let thread = std::thread::Builder::new().stack_size(size).spawn(|| depth(0)).expect("a thread");
            thread.join().expect("it ends")
        };
        let (small, large) = (run(1 << 21), run(1 << 23));
        assert!(small > 100 && large > 2 * small, "{small} {large}");
    }
}
