//! The system-call filter of a run: a classic BPF program that refuses what Landlock cannot see, prepared in
//! the launcher and installed by its child. It is a list of refusals, since the engine is a closed program
//! whose calls nobody can list.

use libc::sock_filter;

/// Effect of a refused call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// "Operation not permitted".
    Refused,
    /// "Function not implemented": programs take another way.
    Absent,
    /// "Operation not supported", as on file systems without the feature.
    Unsupported,
    /// Success without effect.
    Pretended,
}

impl Answer {
    const fn code(self) -> u32 {
        const RET_ERRNO: u32 = 0x0005_0000;
        let errno = match self {
            Self::Refused => libc::EPERM,
            Self::Absent => libc::ENOSYS,
            Self::Unsupported => libc::EOPNOTSUPP,
            Self::Pretended => 0,
        };
        RET_ERRNO | errno.cast_unsigned()
    }
}

const ALLOW: u32 = 0x7fff_0000;
const KILL_PROCESS: u32 = 0x8000_0000;

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xC000_00B7;

/// Calls that newer kernels have and the C library's table has not yet; the numbers are the same on every
/// architecture.
mod newer {
    pub(super) const FCHMODAT2: libc::c_long = 452;
    pub(super) const QUOTACTL_FD: libc::c_long = 443;
    pub(super) const PROCESS_MRELEASE: libc::c_long = 448;
    pub(super) const MEMFD_SECRET: libc::c_long = 447;
    pub(super) const STATMOUNT: libc::c_long = 457;
    pub(super) const LISTMOUNT: libc::c_long = 458;
    pub(super) const SETXATTRAT: libc::c_long = 463;
    pub(super) const GETXATTRAT: libc::c_long = 464;
    pub(super) const LISTXATTRAT: libc::c_long = 465;
    pub(super) const REMOVEXATTRAT: libc::c_long = 466;
    pub(super) const OPEN_TREE_ATTR: libc::c_long = 467;
    pub(super) const FILE_SETATTR: libc::c_long = 469;
}

/// Refused whatever the arguments are, with the reason of each group.
const REFUSED: &[libc::c_long] = &[
    // talking to anything outside: Landlock knows neither UDP nor UNIX sockets
    libc::SYS_socket,
    // descriptors under way between sockets, which nobody can count
    libc::SYS_socketpair,
    // a second way to every other call
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // other processes
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_migrate_pages,
    libc::SYS_move_pages,
    newer::PROCESS_MRELEASE,
    // the kernel itself
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_syslog,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    newer::QUOTACTL_FD,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    // another view of the file system, and files without a path
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    newer::OPEN_TREE_ATTR,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    newer::STATMOUNT,
    newer::LISTMOUNT,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    // watching folders that cannot be read
    libc::SYS_inotify_init1,
    libc::SYS_fanotify_init,
    // queues that outlive the run
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
    // owners and attributes: Landlock does not keep a program from those of files outside
    libc::SYS_fchown,
    libc::SYS_fchownat,
    newer::FILE_SETATTR,
];

#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: &[libc::c_long] = &[
    libc::SYS_kexec_file_load,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
    libc::SYS_inotify_init,
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_modify_ldt,
    libc::SYS_uselib,
    libc::SYS__sysctl,
];
#[cfg(target_arch = "aarch64")]
const REFUSED_HERE: &[libc::c_long] = &[libc::SYS_kexec_file_load];

/// Memory and objects that no limit of a run counts, and a clone whose arguments a filter cannot read.
const ABSENT: &[libc::c_long] = &[
    libc::SYS_clone3,
    libc::SYS_memfd_create,
    newer::MEMFD_SECRET,
    libc::SYS_shmget,
    libc::SYS_semget,
    libc::SYS_msgget,
];

/// Attributes, also those of files that Landlock does not let a run open.
const UNSUPPORTED: &[libc::c_long] = &[
    libc::SYS_getxattr,
    libc::SYS_lgetxattr,
    libc::SYS_listxattr,
    libc::SYS_llistxattr,
    newer::GETXATTRAT,
    newer::LISTXATTRAT,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    newer::SETXATTRAT,
    newer::REMOVEXATTRAT,
];

/// Modes: copying programs set them on what they wrote and fail without; nobody reads them in a run. Syncs of whole
/// file systems: every other run waits for them, and nothing of a run is durable before it is published.
const PRETENDED: &[libc::c_long] =
    &[libc::SYS_fchmod, libc::SYS_fchmodat, newer::FCHMODAT2, libc::SYS_sync, libc::SYS_syncfs];
#[cfg(target_arch = "x86_64")]
const PRETENDED_HERE: &[libc::c_long] = &[libc::SYS_chmod];
#[cfg(target_arch = "aarch64")]
const PRETENDED_HERE: &[libc::c_long] = &[];

/// Calls that would leave the session; refused where it is all that holds a run together.
const LEAVING: &[libc::c_long] = &[libc::SYS_setsid, libc::SYS_setpgid];

/// Flags of clone(2) that make a namespace.
const NEW_NAMESPACES: u32 = 0x7E02_0000;
/// Requests of ioctl(2): type into a terminal, terminal helpers, file attributes (`FS_IOC_SETFLAGS`, `FSSETXATTR`),
/// generation numbers (`FS_IOC_SETVERSION`), those of 32-bit callers included, verity and encryption, which a file or
/// folder keeps for good. They need a file that is open for reading only.
const REFUSED_IOCTLS: &[u32] = &[
    0x5412,
    0x541C,
    0x4008_6602,
    0x4004_6602,
    0x401C_5820,
    0x4008_7602,
    0x4004_7602,
    0x4080_6685,
    0x800C_6613,
];
/// Types of requests (bits 8 to 15) of btrfs, such as snapshots, and of f2fs.
const REFUSED_IOCTL_TYPES: &[u32] = &[0x94, 0xF5];
/// `FICLONE` and `FICLONERANGE`, by which programs copy; they need a file that is open for writing.
const CLONING_IOCTLS: &[u32] = &[0x4004_9409, 0x4020_940D];
/// Commands of fcntl(2): leases and directory notifications, which other processes that open the file must wait for,
/// and hints on a file's blocks.
const REFUSED_FCNTLS: &[u32] = &[1024, 1026, 1036, 1038];

/// Makes the program. `session` is true where nothing but the session holds the run's processes together.
pub(super) fn program(session: bool) -> Vec<sock_filter> {
    let mut p = Program::default();
    p.load(Program::ARCH);
    p.unless_equal(ARCHITECTURE, KILL_PROCESS);
    p.load(Program::NUMBER);
    // the x32 calls of x86-64 have their own numbers
    p.if_at_least(0x4000_0000, KILL_PROCESS);
    let lists: [(&[libc::c_long], Answer); 7] = [
        (REFUSED, Answer::Refused),
        (REFUSED_HERE, Answer::Refused),
        (ABSENT, Answer::Absent),
        (UNSUPPORTED, Answer::Unsupported),
        (PRETENDED, Answer::Pretended),
        (PRETENDED_HERE, Answer::Pretended),
        (if session { LEAVING } else { &[] }, Answer::Refused),
    ];
    for (calls, answer) in lists {
        for call in calls {
            p.if_equal(number(*call), answer.code());
        }
    }
    p.when(libc::SYS_clone, |p| {
        p.load(Program::low(0));
        p.if_any_bit(NEW_NAMESPACES, Answer::Refused.code());
    });
    // limits and priorities of other processes of the same user
    for call in [
        libc::SYS_prlimit64,
        libc::SYS_sched_setaffinity,
        libc::SYS_sched_setscheduler,
        libc::SYS_sched_setparam,
        libc::SYS_sched_setattr,
    ] {
        p.when(call, |p| {
            p.load(Program::low(0));
            p.unless_equal(0, Answer::Refused.code());
        });
    }
    // the first argument says whether the second names a process (PRIO_PROCESS, IOPRIO_WHO_PROCESS), a group or a user;
    // 0 is the caller's own, and the caller's own user is that of the server and of every other run
    for (call, process) in [(libc::SYS_setpriority, 0), (libc::SYS_ioprio_set, 1)] {
        p.when(call, |p| {
            p.load(Program::low(0));
            p.unless_equal(process, Answer::Refused.code());
            p.load(Program::low(1));
            p.unless_equal(0, Answer::Refused.code());
        });
    }
    p.when(libc::SYS_utimensat, |p| {
        p.load(Program::low(1));
        p.unless_equal(0, Answer::Refused.code());
        p.load(Program::high(1));
        p.unless_equal(0, Answer::Refused.code());
        // without a path: times of an open file, which may lie outside the work folder. Nothing depends on them.
        p.answer(Answer::Pretended.code());
    });
    p.when(libc::SYS_fcntl, |p| {
        p.load(Program::low(1));
        for command in REFUSED_FCNTLS {
            p.if_equal(*command, Answer::Refused.code());
        }
    });
    p.when(libc::SYS_ioctl, |p| {
        p.load(Program::low(1));
        for request in REFUSED_IOCTLS {
            p.if_equal(*request, Answer::Refused.code());
        }
        for request in CLONING_IOCTLS {
            p.if_equal(*request, ALLOW);
        }
        p.and(0xFF00);
        for kind in REFUSED_IOCTL_TYPES {
            p.if_equal(*kind << 8, Answer::Refused.code());
        }
    });
    refuse_hiding(&mut p);
    p.answer(ALLOW);
    p.0
}

/// Refuses what would hide space of the disk from the launcher, which counts it.
fn refuse_hiding(p: &mut Program) {
    // space without a size, which limits and archives would not count
    p.when(libc::SYS_fallocate, |p| {
        p.load(Program::low(1));
        p.unless_equal(0, Answer::Unsupported.code());
    });
    // the open files of a process that is not dumpable cannot be read
    p.when(libc::SYS_prctl, |p| {
        p.load(Program::low(0));
        p.if_equal(libc::PR_SET_DUMPABLE.cast_unsigned(), Answer::Pretended.code());
    });
}

fn number(call: libc::c_long) -> u32 {
    u32::try_from(call).expect("numbers of system calls are small")
}

/// A program under construction. Offsets are those of `struct seccomp_data`.
#[derive(Default)]
struct Program(Vec<sock_filter>);

impl Program {
    const NUMBER: u32 = 0;
    const ARCH: u32 = 4;

    /// Offset of the low half of an argument (little endian).
    const fn low(argument: u32) -> u32 {
        16 + 8 * argument
    }

    const fn high(argument: u32) -> u32 {
        20 + 8 * argument
    }

    fn push(&mut self, code: u32, jt: u8, jf: u8, k: u32) {
        let code = u16::try_from(code).expect("codes have 16 bits");
        self.0.push(sock_filter { code, jt, jf, k });
    }

    fn load(&mut self, offset: u32) {
        self.push(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, offset);
    }

    /// Keeps these bits of what was loaded.
    fn and(&mut self, bits: u32) {
        self.push(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, 0, 0, bits);
    }

    fn answer(&mut self, code: u32) {
        self.push(libc::BPF_RET | libc::BPF_K, 0, 0, code);
    }

    fn if_equal(&mut self, value: u32, code: u32) {
        self.push(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, value);
        self.answer(code);
    }

    fn unless_equal(&mut self, value: u32, code: u32) {
        self.push(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 1, 0, value);
        self.answer(code);
    }

    fn if_at_least(&mut self, value: u32, code: u32) {
        self.push(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, 0, 1, value);
        self.answer(code);
    }

    fn if_any_bit(&mut self, bits: u32, code: u32) {
        self.push(libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K, 0, 1, bits);
        self.answer(code);
    }

    /// Checks the arguments of one call; what the block does not refuse is allowed.
    fn when(&mut self, call: libc::c_long, block: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        block(&mut inner);
        inner.answer(ALLOW);
        let skip = u8::try_from(inner.0.len()).expect("blocks are short");
        self.push(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, skip, number(call));
        self.0.append(&mut inner.0);
    }
}

/// Returns whether this kernel supports filters.
pub(super) fn is_available() -> bool {
    const GET_ACTION_AVAIL: libc::c_ulong = 2;
    let action = KILL_PROCESS;
    // SAFETY: asks about an action; the pointer is to a local number.
    unsafe { libc::syscall(libc::SYS_seccomp, GET_ACTION_AVAIL, 0, &raw const action) == 0 }
}

#[cfg(test)]
#[path = "seccomp_tests.rs"]
mod tests;
