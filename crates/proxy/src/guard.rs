//! The destination guard: through a proxy nobody reaches what only this machine should.
//!
//! An address that is loopback, link-local (where clouds keep credentials), unspecified, multicast or broadcast is
//! refused, unless the host stands in `resolve`, or the system's hosts file gives it that address. A host of an app
//! may be on loopback; no further, since its operator could point it at the credentials of this machine's cloud.
//! `localhost` and the machine's own name stand in every hosts file and so count for nothing. This process's own
//! listeners are refused always.
//! The address that is judged is the one that is connected to, so a name cannot change its mind in between.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Why a destination is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarded {
    /// One of this process's own listeners.
    Own,
    /// An address of this machine or of its link.
    Local,
}

impl std::fmt::Display for Guarded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Own => "this gateway itself",
            Self::Local => "an address of this machine or of its link",
        })
    }
}

/// Why a local address may be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excuse {
    /// It may not.
    None,
    /// The host is an app's: somebody else's resolver said where it is.
    App,
    /// The address was named here: in `resolve`, in the hosts file, or in a policy.
    Named,
}

/// Judges an address.
pub fn judge(address: SocketAddr, excuse: Excuse, own: &[SocketAddr]) -> Result<(), Guarded> {
    if own.iter().any(|listener| is_own(address, *listener)) {
        return Err(Guarded::Own);
    }
    let excused = match excuse {
        Excuse::None => false,
        Excuse::App => address.ip().to_canonical().is_loopback(),
        Excuse::Named => true,
    };
    if !excused && is_local(address.ip()) {
        return Err(Guarded::Local);
    }
    Ok(())
}

fn is_own(address: SocketAddr, listener: SocketAddr) -> bool {
    if address.port() != listener.port() {
        return false;
    }
    let (address, listener) = (address.ip().to_canonical(), listener.ip().to_canonical());
    address == listener
        || (listener.is_unspecified() && (address.is_unspecified() || is_this_machine(address)))
}

/// Only an address of this machine can be bound to.
fn is_this_machine(address: IpAddr) -> bool {
    address.is_loopback() || UdpSocket::bind(SocketAddr::new(address, 0)).is_ok()
}

fn is_local(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            address.is_loopback()
                || address.is_link_local()
                || address.is_multicast()
                || address.is_broadcast()
                // 0.0.0.0/8, "this network" (RFC 1122 §3.2.1.3), reaches this machine on Linux.
                || address.octets()[0] == 0
        }
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unicast_link_local()
                || address.is_multicast()
                || embedded(address).is_some_and(|inner| is_local(IpAddr::V4(inner)))
        }
    }
}

/// The IPv4 address inside a translated one: 64:ff9b::/96 (RFC 6052) and the deprecated ::/96 (RFC 4291 §2.5.5.1).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, rest @ .., high, low] = address.segments();
    let translated = matches!((a, b), (0x64, 0xff9b) | (0, 0)) && rest == [0; 4];
    let [one, two] = high.to_be_bytes();
    let [three, four] = low.to_be_bytes();
    translated.then(|| Ipv4Addr::new(one, two, three, four))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn what_only_this_machine_should_reach_is_refused() {
        for local in [
            "127.0.0.1:80",
            "127.9.9.9:80",
            "169.254.169.254:80",
            "0.0.0.0:80",
            "0.1.2.3:80",
            "255.255.255.255:80",
            "224.0.0.1:80",
            "[::1]:80",
            "[::]:80",
            "[fe80::1]:80",
            "[::ffff:127.0.0.1]:80",
            "[64:ff9b::127.0.0.1]:80",
            "[::127.0.0.1]:80",
        ] {
            assert_eq!(
                judge(address(local), Excuse::None, &[]),
                Err(Guarded::Local),
                "{local}"
            );
            assert_eq!(judge(address(local), Excuse::Named, &[]), Ok(()), "{local}");
        }
        for other in ["192.0.2.1:443", "10.0.0.1:443", "[2001:db8::1]:443"] {
            assert_eq!(judge(address(other), Excuse::None, &[]), Ok(()), "{other}");
        }
    }

    #[test]
    fn an_app_cannot_be_pointed_at_the_credentials_of_a_cloud() {
        for loopback in ["127.0.0.1:443", "[::1]:443", "[::ffff:127.0.0.1]:443"] {
            assert_eq!(
                judge(address(loopback), Excuse::App, &[]),
                Ok(()),
                "{loopback}"
            );
        }
        for local in [
            "169.254.169.254:80",
            "[fe80::1]:80",
            "[::ffff:169.254.169.254]:80",
            "0.0.0.0:80",
        ] {
            assert_eq!(
                judge(address(local), Excuse::App, &[]),
                Err(Guarded::Local),
                "{local}"
            );
        }
    }

    #[test]
    fn own_listeners_are_never_a_destination() {
        let own = [address("127.0.0.1:7480"), address("0.0.0.0:7481")];
        for listener in [
            "127.0.0.1:7480",
            "[::ffff:127.0.0.1]:7480",
            "127.0.0.1:7481",
            "127.0.0.2:7481",
            "0.0.0.0:7481",
        ] {
            assert_eq!(
                judge(address(listener), Excuse::Named, &own),
                Err(Guarded::Own),
                "{listener}"
            );
        }
        assert_eq!(
            judge(address("127.0.0.1:7482"), Excuse::Named, &own),
            Ok(())
        );
        assert_eq!(judge(address("192.0.2.1:7481"), Excuse::None, &own), Ok(()));
    }
}
