//! Gives back to the system what only the start of the program needed. What is needed again comes back by itself.

use std::ffi::{c_int, c_void};

/// Returns freed memory, and the pages of the program's file that the start read: code and data that are the same
/// in the file, so that a page that is used again is mapped again.
pub fn release_startup_memory() {
    // SAFETY: takes no pointer; the allocator gives back what nobody holds.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
    // SAFETY: the callback has the type that the loader calls, and needs no data.
    unsafe { libc::dl_iterate_phdr(Some(unmap_pages), std::ptr::null_mut()) };
}

/// Called with the loaded objects in turn; the first is the program, after which the walk ends.
unsafe extern "C" fn unmap_pages(object: *mut libc::dl_phdr_info, _: usize, _: *mut c_void) -> c_int {
    // SAFETY: asks for a constant of the system.
    let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(1 << 16);
    // SAFETY: the loader passes a valid object, whose headers last as long as it is loaded.
    let (base, headers) = unsafe {
        let object = &*object;
        (object.dlpi_addr as usize, std::slice::from_raw_parts(object.dlpi_phdr, object.dlpi_phnum.into()))
    };
    for header in headers {
        if header.p_type != libc::PT_LOAD || header.p_flags & libc::PF_W != 0 {
            continue;
        }
        let from = base + header.p_vaddr as usize;
        // pages that lie wholly within the segment
        let (first, end) = (from.next_multiple_of(page), (from + header.p_memsz as usize) / page * page);
        if first < end {
            // SAFETY: the segment is never written, so its pages equal the file's and are read from it again when
            // they are touched. Without effect where the kernel refuses.
            unsafe { libc::madvise(first as *mut c_void, end - first, libc::MADV_DONTNEED) };
        }
    }
    1
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_program_goes_on() {
        let kept: Vec<String> = (0..1000).map(|n| format!("text {n}")).collect();
        super::release_startup_memory();
        assert!(kept.iter().enumerate().all(|(n, text)| *text == format!("text {n}")));
    }
}
