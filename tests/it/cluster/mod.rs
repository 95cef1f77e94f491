//! Several servers on one database and one object store: real processes, each with its own data directory.

mod away;
mod clocks;
mod failures;
mod gate;
mod keys;
mod kill_loop;
mod limits;
mod linearizable;
mod live_log;
mod lost;
mod metrics;
mod partition;
mod port;
mod progress;
mod rates;
mod removal;
mod requests;
mod roles;
mod seats;
mod support;
mod together;
mod uploads;
mod webhooks;
