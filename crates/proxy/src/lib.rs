//! The wire: CONNECT, the TLS authority, HTTP/1.1, HTTP/2, upgrades, upstream connections, tunnels.
