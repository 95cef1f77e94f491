//! Operating the program: settings, start and stop, health, logs, metrics, traces.

mod cli_settings;
mod config_settings;
mod control;
mod health;
mod logs;
mod metrics;
mod metrics_rows;
mod process;
mod reload;
mod traces;
