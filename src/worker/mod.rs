//! Claims queued jobs, runs, adopts and recovers them.
