//! The hosts of an address, which are asked one by one.

use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// Returns the settings of each host alone; the whole where hosts, addresses and ports do not go together, which the driver
/// then says.
pub(super) fn each_host(whole: &Config) -> Vec<Config> {
    let (names, addresses, ports) =
        (whole.get_hosts().len(), whole.get_hostaddrs().len(), whole.get_ports().len());
    let count = names.max(addresses);
    let fits = |length: usize| length == 0 || length == count;
    if count < 2 || !fits(names) || !fits(addresses) || !(fits(ports) || ports == 1) {
        return vec![whole.clone()];
    }
    (0..count).map(|n| one_host(whole, n)).collect()
}

fn one_host(whole: &Config, n: usize) -> Config {
    let mut one = without_host(whole);
    match whole.get_hosts().get(n) {
        Some(Host::Tcp(name)) => _ = one.host(name),
        Some(Host::Unix(path)) => _ = one.host_path(path),
        None => {}
    }
    if let Some(address) = whole.get_hostaddrs().get(n) {
        one.hostaddr(*address);
    }
    if let Some(port) = whole.get_ports().get(n).or_else(|| whole.get_ports().first()) {
        one.port(*port);
    }
    one
}

/// Returns everything but hosts and ports; the driver has no way to take them out.
fn without_host(whole: &Config) -> Config {
    let mut one = Config::new();
    one.ssl_mode(whole.get_ssl_mode())
        .ssl_negotiation(whole.get_ssl_negotiation())
        .keepalives(whole.get_keepalives())
        .keepalives_idle(whole.get_keepalives_idle())
        .target_session_attrs(whole.get_target_session_attrs())
        .channel_binding(whole.get_channel_binding())
        .load_balance_hosts(whole.get_load_balance_hosts());
    whole.get_user().map(|user| one.user(user));
    whole.get_password().map(|password| one.password(password));
    whole.get_dbname().map(|name| one.dbname(name));
    whole.get_options().map(|options| one.options(options));
    whole.get_application_name().map(|name| one.application_name(name));
    whole.get_connect_timeout().map(|most| one.connect_timeout(*most));
    whole.get_tcp_user_timeout().map(|most| one.tcp_user_timeout(*most));
    whole.get_keepalives_interval().map(|every| one.keepalives_interval(every));
    whole.get_keepalives_retries().map(|most| one.keepalives_retries(most));
    one
}

/// True for a host that is not this machine.
pub(super) fn is_elsewhere(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name != "localhost"
                && !name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Host::Unix(_) => false,
    }
}
