//! Starting the process that becomes the engine: in its control group from the beginning, and without a copy of the
//! launcher's memory where the processor is known.

use std::os::fd::RawFd;

/// What a child does with the value that it gets; the second argument is true if it is in its group.
type Run<C> = unsafe fn(&C, bool) -> !;

/// Flag of clone3(2) (linux/sched.h).
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// Starts a child that runs `run`; returns its process id, or -1 with the reason in `errno`. With the folder of a control
/// group it begins its life in it, where the kernel can: moving a process there afterwards waits until every processor has
/// passed a quiet point, 10 ms and more.
///
/// # Safety
/// As of vfork(2): only in a process with one thread, and `run` may make system calls only.
pub(super) unsafe fn start<C>(folder: Option<RawFd>, child: &C, run: Run<C>) -> libc::pid_t {
    // SAFETY: as the caller's.
    unsafe {
        if let Some(folder) = folder
            && let Some(pid) = start_in_group(folder, child, run)
        {
            return pid;
        }
        match libc::fork() {
            0 => run(child, false),
            pid => pid,
        }
    }
}

/// Starts the child in a control group; `None` where the kernel cannot. It shares the memory of this process, which sleeps
/// until the child's program starts (`CLONE_VM`, `CLONE_VFORK`): a copy takes longer than all that the child does, since
/// each page that it touches is then a fault.
///
/// # Safety
/// As [`start`].
#[cfg(target_arch = "x86_64")]
unsafe fn start_in_group<C>(folder: RawFd, child: &C, run: Run<C>) -> Option<libc::pid_t> {
    const STACK: usize = 128 * 1024;
    struct Entry<'a, C>(&'a C, Run<C>);
    extern "C" fn enter<C>(entry: *const Entry<'_, C>) -> ! {
        // SAFETY: the parent, on whose stack the entry is, sleeps until this process runs its program or ends.
        unsafe {
            let Entry(child, run) = &*entry;
            run(child, true)
        }
    }
    let entry = Entry(child, run);
    let mut stack: Vec<u8> = Vec::with_capacity(STACK);
    // `struct clone_args`: flags first, the signal of its end fifth, the stack sixth and seventh, the group's folder last
    let mut how = [0_u64; 11];
    how[0] = CLONE_INTO_CGROUP | u64::from((libc::CLONE_VM | libc::CLONE_VFORK).cast_unsigned());
    how[4] = u64::from(libc::SIGCHLD.cast_unsigned());
    how[5] = stack.as_mut_ptr() as u64;
    how[6] = STACK as u64;
    how[10] = u64::from(folder.cast_unsigned());
    let result: i64;
    // SAFETY: the arguments are a valid structure of the stated size. The child continues behind the call on its own stack,
    // which is empty, and only calls a function that never returns; the parent's registers are its own.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "and rsp, -16",
            "mov rdi, r12",
            "call r13",
            "ud2",
            "2:",
            inlateout("rax") libc::SYS_clone3 => result,
            in("rdi") how.as_ptr(),
            in("rsi") size_of_val(&how),
            in("r12") &raw const entry,
            in("r13") enter::<C> as extern "C" fn(*const Entry<'_, C>) -> !,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    libc::pid_t::try_from(result).ok().filter(|pid| *pid > 0)
}

/// Starts the child in a control group as a copy of this process; `None` where the kernel cannot.
///
/// # Safety
/// As [`start`].
#[cfg(not(target_arch = "x86_64"))]
unsafe fn start_in_group<C>(folder: RawFd, child: &C, run: Run<C>) -> Option<libc::pid_t> {
    let mut how = [0_u64; 11];
    how[0] = CLONE_INTO_CGROUP;
    how[4] = u64::from(libc::SIGCHLD.cast_unsigned());
    how[10] = u64::from(folder.cast_unsigned());
    // SAFETY: the arguments are a valid structure of the stated size; without its own stack the child continues from here
    // with a copy of everything, as after fork(2).
    unsafe {
        match libc::pid_t::try_from(libc::syscall(libc::SYS_clone3, how.as_ptr(), size_of_val(&how))) {
            Ok(0) => run(child, true),
            Ok(pid) if pid > 0 => Some(pid),
            _ => None,
        }
    }
}
