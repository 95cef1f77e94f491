//! The production gate, programs that try to leave the sandbox, and attacks on single parts of the service.

mod connections;
mod disk_limits;
mod forged_files;
mod gate;
mod hung_launcher;
mod output_names;
mod private_files;
mod readable;
mod sandbox_escape;
