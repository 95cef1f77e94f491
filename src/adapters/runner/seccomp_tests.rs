//! The filter, run by a small interpreter of classic BPF.

use super::*;

/// Runs a program as the kernel does (classic BPF, the codes that are used here).
fn run(program: &[sock_filter], arch: u32, call: libc::c_long, args: [u64; 6]) -> u32 {
    let mut data = Vec::new();
    data.extend(number(call).to_le_bytes());
    data.extend(arch.to_le_bytes());
    data.extend(0_u64.to_le_bytes());
    args.iter().for_each(|arg| data.extend(arg.to_le_bytes()));
    let (mut at, mut accumulator) = (0_usize, 0_u32);
    loop {
        let step = &program[at];
        let jump = |yes: bool| usize::from(if yes { step.jt } else { step.jf });
        at += 1;
        match u32::from(step.code) & 0xf7 {
            0x54 => accumulator &= step.k,
            0x20 => {
                let k = step.k as usize;
                accumulator = u32::from_le_bytes(data[k..k + 4].try_into().expect("four bytes"));
            }
            0x06 => return step.k,
            0x15 => at += jump(accumulator == step.k),
            0x35 => at += jump(accumulator >= step.k),
            0x45 => at += jump(accumulator & step.k != 0),
            other => panic!("code {other:#x}"),
        }
    }
}

fn answer(call: libc::c_long, args: [u64; 6]) -> u32 {
    run(&program(false), ARCHITECTURE, call, args)
}

#[test]
fn dangerous_calls_are_answered_and_ordinary_ones_pass() {
    let none = [0; 6];
    assert_eq!(answer(libc::SYS_socket, none), Answer::Refused.code());
    assert_eq!(answer(libc::SYS_clone3, none), Answer::Absent.code());
    assert_eq!(answer(libc::SYS_fchmod, none), Answer::Pretended.code());
    for call in [libc::SYS_read, libc::SYS_openat, libc::SYS_execve, libc::SYS_mmap, libc::SYS_pipe2] {
        assert_eq!(answer(call, none), ALLOW, "{call}");
    }
}

#[test]
fn arguments_decide_where_a_call_is_needed() {
    assert_eq!(answer(libc::SYS_clone, [0x0100_0011, 0, 0, 0, 0, 0]), ALLOW, "a thread");
    assert_eq!(answer(libc::SYS_clone, [0x1000_0011, 0, 0, 0, 0, 0]), Answer::Refused.code());
    assert_eq!(answer(libc::SYS_prlimit64, [0; 6]), ALLOW);
    assert_eq!(answer(libc::SYS_prlimit64, [1, 0, 0, 0, 0, 0]), Answer::Refused.code());
    assert_eq!(answer(libc::SYS_utimensat, [3, 0, 0, 0, 0, 0]), Answer::Pretended.code());
    for (call, process) in [(libc::SYS_setpriority, 0), (libc::SYS_ioprio_set, 1)] {
        assert_eq!(answer(call, [process, 0, 5, 0, 0, 0]), ALLOW);
        assert_eq!(answer(call, [process, 7, 5, 0, 0, 0]), Answer::Refused.code(), "another process");
        for which in (0..4).filter(|which| *which != process) {
            assert_eq!(answer(call, [which, 0, 5, 0, 0, 0]), Answer::Refused.code(), "{which}");
        }
    }
    assert_eq!(answer(libc::SYS_fcntl, [3, 3, 0, 0, 0, 0]), ALLOW);
    for command in [1024, 1026] {
        assert_eq!(answer(libc::SYS_fcntl, [3, command, 0, 0, 0, 0]), Answer::Refused.code());
    }
    for request in [0x4004_9409, 0x4020_940D, 0x8008_6601] {
        assert_eq!(answer(libc::SYS_ioctl, [3, request, 0, 0, 0, 0]), ALLOW, "{request:#x}");
    }
    for request in [0x4008_6602, 0x4008_7602, 0x4004_7602, 0x401C_5820, 0x4080_6685, 0x5000_940E, 0x4004_F50D]
    {
        assert_eq!(answer(libc::SYS_ioctl, [3, request, 0, 0, 0, 0]), Answer::Refused.code());
    }
    assert_eq!(answer(libc::SYS_utimensat, [3, 1 << 40, 0, 0, 0, 0]), Answer::Refused.code());
    assert_eq!(answer(libc::SYS_ioctl, [0, 0x5401, 0, 0, 0, 0]), ALLOW);
    assert_eq!(answer(libc::SYS_ioctl, [0, 0x5412, 0, 0, 0, 0]), Answer::Refused.code());
    assert_eq!(answer(libc::SYS_fallocate, [3, 0, 0, 4096, 0, 0]), ALLOW);
    for mode in [1, 2, 3, 8, 0x10, 0x20, 0x40] {
        assert_eq!(
            answer(libc::SYS_fallocate, [3, mode, 0, 4096, 0, 0]),
            Answer::Unsupported.code(),
            "{mode}"
        );
    }
    assert_eq!(answer(libc::SYS_prctl, [4, 0, 0, 0, 0, 0]), Answer::Pretended.code());
    assert_eq!(answer(libc::SYS_prctl, [15, 0, 0, 0, 0, 0]), ALLOW, "the name of a thread");
}

#[test]
fn a_foreign_architecture_and_x32_end_the_process() {
    assert_eq!(run(&program(false), 0x4000_0003, libc::SYS_read, [0; 6]), KILL_PROCESS);
    assert_eq!(run(&program(false), ARCHITECTURE, 0x4000_0000, [0; 6]), KILL_PROCESS);
}

#[test]
fn leaving_the_session_is_refused_where_it_holds_the_run() {
    assert_eq!(answer(libc::SYS_setsid, [0; 6]), ALLOW);
    assert_eq!(run(&program(true), ARCHITECTURE, libc::SYS_setsid, [0; 6]), Answer::Refused.code());
}

#[test]
fn the_program_fits_the_kernels_bound() {
    // BPF_MAXINSNS of linux/bpf_common.h
    assert!(program(true).len() < 4096);
}
