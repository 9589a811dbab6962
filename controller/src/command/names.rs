//! The names of this machine, for the certificate of a controller that is given none.

use std::collections::BTreeSet;
use std::net::IpAddr;

use nix::ifaddrs::getifaddrs;
use nix::unistd::gethostname;

/// So many addresses at most: the host of many containers has one for each bridge.
const MOST: usize = 64;

/// `localhost`, the host name, and every address of an interface that does not hold for one link alone.
pub(super) fn own() -> Vec<String> {
    let host = gethostname().ok().and_then(|name| name.into_string().ok());
    let names = ["localhost".to_owned()].into_iter().chain(host);
    let names: BTreeSet<String> = names.filter(|name| !name.is_empty()).collect();
    let addresses = addresses().into_iter().take(MOST);
    let addresses = addresses.map(|address| address.to_string());
    names.into_iter().chain(addresses).collect()
}

fn addresses() -> BTreeSet<IpAddr> {
    let interfaces = getifaddrs().into_iter().flatten();
    let addresses = interfaces.filter_map(|interface| {
        let address = interface.address?;
        let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
        v4.or_else(|| Some(IpAddr::V6(address.as_sockaddr_in6()?.ip())))
    });
    addresses
        .filter(|address| !is_of_one_link(address))
        .collect()
}

/// Link-local: RFC 3927 and RFC 4291, 2.5.6.
fn is_of_one_link(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_reached_by_its_host_name_and_on_loopback() {
        let names = own();
        let host = gethostname().unwrap().into_string().unwrap();
        for name in ["localhost", "127.0.0.1", host.as_str()] {
            assert!(names.iter().any(|own| own == name), "{name}: {names:?}");
        }
        assert!(names.len() <= MOST + 2);
    }

    #[test]
    fn addresses_of_one_link_are_left_out() {
        for (address, is_left_out) in [
            ("169.254.3.4", true),
            ("fe80::1", true),
            ("192.0.2.1", false),
            ("fd00::1", false),
            ("::1", false),
        ] {
            assert_eq!(
                is_of_one_link(&address.parse().unwrap()),
                is_left_out,
                "{address}"
            );
        }
    }
}
