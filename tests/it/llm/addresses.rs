//! Names that resolve to addresses which no provider can have in production.

use std::net::IpAddr;

use stata_service::adapters::guard::judge as judge_address;
use stata_service::app::options::LlmWire;
use stata_service::domain::outgoing_address::AddressPolicy;
use stata_service::ports::llm::LlmCause;

use super::faults::ask;
use crate::support::provider::{Provider, model};

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_resolves_to_this_host_is_not_connected_to() {
    let provider = Provider::start("").await;
    for wire in [LlmWire::OpenAi, LlmWire::Anthropic] {
        let mut endpoint = provider.endpoint(wire);
        endpoint.base_url = endpoint.base_url.replace("127.0.0.1", "localhost");
        let mut options = model(vec![endpoint]);
        options.max_attempts = 1;
        let (reached, _) = ask(&options).await;
        assert!(reached.is_ok() || reached.is_err_and(|failure| failure.cause != LlmCause::Connect));
        let calls = provider.calls().await;
        assert!(calls > 0, "without the guard the name is connected to");
        options.addresses = Some(AddressPolicy::default());
        let (outcome, _) = ask(&options).await;
        let failure = outcome.expect_err("refused");
        assert_eq!(failure.cause, LlmCause::Connect, "{}", failure.detail);
        assert!(failure.detail.contains("loopback"), "{}", failure.detail);
        assert_eq!(provider.calls().await, calls, "somebody connected");
    }
}

#[test]
fn addresses_of_this_host_are_refused_whatever_they_are() {
    let everything = AddressPolicy::default();
    assert!(judge_address(&everything, IpAddr::from([127, 0, 0, 1])).is_err());
    assert!(judge_address(&everything, "::ffff:127.0.0.1".parse().expect("an address")).is_err());
    // the address from which this host would reach another; nothing is sent
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").expect("a socket");
    if socket.connect("1.1.1.1:53").is_ok() {
        let own = socket.local_addr().expect("bound").ip();
        assert!(judge_address(&everything, own).is_err(), "{own}");
    }
    assert_eq!(judge_address(&everything, IpAddr::from([1, 1, 1, 1])), Ok(()));
}
