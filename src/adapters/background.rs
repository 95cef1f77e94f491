//! Threads whose work nobody waits for.

/// Added to the nice value of the process. Under full load such a thread gets a third of the time of another one
/// (sched(7), weights of nice values), so that it still comes to its end.
const NICER: i32 = 5;

/// Lowers the priority of the calling thread for good; on Linux a nice value is one of a thread (sched(7)). Requests, commits
/// and runs then go before it.
pub fn give_way() {
    // lowering is always permitted; a thread that keeps its priority does the same work
    let _ = rustix::process::nice(NICER);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nice_value() -> i32 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        // behind the name, which may hold blanks: state is field 3, nice field 19 (proc_pid_stat(5))
        let fields = stat.rsplit(')').next().unwrap();
        fields.split_whitespace().nth(16).unwrap().parse().unwrap()
    }

    #[test]
    fn a_thread_gives_way_and_those_next_to_it_do_not() {
        let usual = nice_value();
        let lowered = std::thread::spawn(|| {
            give_way();
            nice_value()
        });
        assert_eq!(lowered.join().unwrap(), (usual + NICER).min(19));
        assert_eq!(nice_value(), usual);
    }
}
