//! What an interface is, by the several words that the kernel has for it.

use muster_model::network::InterfaceKind;

/// By `IFLA_INFO_KIND`: the `kind` of each `rtnl_link_ops`. Only interfaces made through netlink
/// have one; none of these has a device but IP over InfiniBand.
pub(super) fn by_link_info(kind: &str) -> InterfaceKind {
    match kind {
        "bond" => InterfaceKind::Bond,
        "team" => InterfaceKind::Team,
        "bridge" => InterfaceKind::Bridge,
        "vlan" => InterfaceKind::Vlan,
        "veth" | "vxcan" | "netkit" => InterfaceKind::Veth,
        "tun" => InterfaceKind::Tun,
        "macvlan" | "macvtap" | "ipvlan" | "ipvtap" => InterfaceKind::Macvlan,
        "dummy" => InterfaceKind::Dummy,
        "vrf" => InterfaceKind::Vrf,
        "ipoib" => InterfaceKind::Infiniband,
        "wwan" | "rmnet" => InterfaceKind::Wwan,
        "dsa" | "can" => InterfaceKind::Physical,
        "vxlan" | "geneve" | "gre" | "gretap" | "erspan" | "ip6gre" | "ip6gretap" | "ip6erspan"
        | "ipip" | "ip6tnl" | "sit" | "vti" | "vti6" | "xfrm" | "wireguard" | "gtp" | "bareudp"
        | "amt" | "ppp" | "ovpn" | "pfcp" => InterfaceKind::Tunnel,
        _ => InterfaceKind::Virtual,
    }
}

/// By `ARPHRD_*` of `linux/if_arp.h`, where it alone decides.
pub(super) fn by_hardware_type(hardware_type: u16) -> Option<InterfaceKind> {
    Some(match hardware_type {
        32 => InterfaceKind::Infiniband,
        772 => InterfaceKind::Loopback,
        801..=803 => InterfaceKind::Wireless,
        // PPP; IP in IP; IPv6 tunnel; SIT; GRE; GRE over IPv6.
        512 | 768 | 769 | 776 | 778 | 823 => InterfaceKind::Tunnel,
        _ => return None,
    })
}

/// By `DEVTYPE=` in the interface's uevent: the name of its `device_type`.
pub(super) fn by_device_type(device_type: &str) -> Option<InterfaceKind> {
    Some(match device_type {
        "wlan" => InterfaceKind::Wireless,
        "wwan" => InterfaceKind::Wwan,
        "bond" | "team" | "bridge" | "vlan" | "vxlan" | "geneve" | "macvlan" | "macvtap"
        | "ipvlan" | "gre" | "ip6gre" | "wireguard" | "ppp" | "vrf" | "dsa" => {
            by_link_info(device_type)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_kernel() {
        assert_eq!(by_link_info("ifb"), InterfaceKind::Virtual);
        assert_eq!(by_link_info("ip6gretap"), InterfaceKind::Tunnel);
        assert_eq!(by_hardware_type(1), None);
        assert_eq!(by_hardware_type(32), Some(InterfaceKind::Infiniband));
        assert_eq!(by_device_type("wlan"), Some(InterfaceKind::Wireless));
        assert_eq!(by_device_type("bond"), Some(InterfaceKind::Bond));
        assert_eq!(by_device_type(""), None);
    }
}
