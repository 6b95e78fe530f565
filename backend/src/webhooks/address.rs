//! Where webhooks may go. An address that a merchant typed must not lead into our own network: what it resolves to is judged at the
//! moment of connecting ([`super::call`]), and the connection goes to that very number.
//!
//! The ranges are those of the IANA special-purpose registries (RFC 6890 and its updates, read November 2026) that are not globally
//! reachable, multicast, what embeds another address, and the places where clouds keep metadata.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// Longest address that is taken.
pub const LONGEST: usize = 2_000;

/// A checked address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    url: Url,
    local: bool,
}

/// Why nothing is sent to an address: a sentence for whoever typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No URL.
    #[error("a full address such as https://example.com/hooks")]
    Form,
    /// Too long.
    #[error("at most 2000 characters")]
    Long,
    /// Without TLS anybody on the way reads and forges.
    #[error("https, since what is told is nobody else's business")]
    Scheme,
    /// It would be shown to everybody who sees the address.
    #[error("no user name and no password in the address; every call is signed, which proves who calls")]
    User,
    /// It never reaches a server.
    #[error("nothing behind a #: it never reaches a server")]
    Fragment,
    /// A port of some other service.
    #[error("port 443, or one from 1024 on")]
    Port,
    /// A name that is known in our own network alone.
    #[error("a name that the whole internet knows")]
    Name,
    /// An address in our own network, or in nobody's.
    #[error("an address on the public internet; this one is private or reserved")]
    Address,
}

impl Target {
    /// Reads an address. `local` lets http and this very machine be named too: for development and tests.
    ///
    /// # Errors
    /// [`Refused`]. What a name resolves to is not asked here: it may be another tomorrow.
    pub fn parse(text: &str, local: bool) -> Result<Self, Refused> {
        if text.len() > LONGEST {
            return Err(Refused::Long);
        }
        // The standard takes spaces and line ends away, and turns backslashes; nobody means any of them.
        if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
            return Err(Refused::Form);
        }
        let url = Url::parse(text).map_err(|_| Refused::Form)?;
        let host = url.host().ok_or(Refused::Form)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::User);
        }
        if url.fragment().is_some() {
            return Err(Refused::Fragment);
        }
        let here = match &host {
            Host::Ipv4(ip) => ip.is_loopback(),
            Host::Ipv6(ip) => ip.is_loopback(),
            Host::Domain(name) => *name == "localhost",
        };
        let here = local && here;
        match url.scheme() {
            "https" => {}
            "http" if here => {}
            _ => return Err(Refused::Scheme),
        }
        match url.port_or_known_default() {
            Some(443 | 1024..) => {}
            _ => return Err(Refused::Port),
        }
        if !here {
            match &host {
                Host::Ipv4(ip) => judge(IpAddr::V4(*ip))?,
                Host::Ipv6(ip) => judge(IpAddr::V6(*ip))?,
                Host::Domain(name) => known(name)?,
            }
        }
        Ok(Self { url, local: here })
    }

    /// The address as it is written down: names in their ASCII form, numbers as numbers.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// The host to look up, without the brackets of a number.
    pub fn host(&self) -> String {
        match self.url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(ip)) => ip.to_string(),
            Some(Host::Ipv6(ip)) => ip.to_string(),
            None => String::new(),
        }
    }

    /// The host and, where it is not the usual one, the port: for the header.
    pub fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// Port.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(443)
    }

    /// Path and query.
    pub fn path(&self) -> String {
        match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        }
    }

    /// Whether TLS is spoken.
    pub fn tls(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether a number may be connected to for this address.
    ///
    /// # Errors
    /// [`Refused::Address`].
    pub fn admits(&self, ip: IpAddr) -> Result<(), Refused> {
        if self.local && ip.is_loopback() { Ok(()) } else { judge(ip) }
    }
}

/// A name that could be known to everybody.
///
/// # Errors
/// [`Refused::Name`].
pub fn known(name: &str) -> Result<(), Refused> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let last = name.rsplit_once('.').map(|(_, last)| last);
    let ours = ["localhost", "local", "internal", "localdomain", "lan", "home", "corp", "intranet", "onion"];
    match last {
        Some(last) if !ours.contains(&last) && !name.ends_with("home.arpa") => Ok(()),
        _ => Err(Refused::Name),
    }
}

/// Whether a number is one of the public internet.
///
/// # Errors
/// [`Refused::Address`].
pub fn judge(ip: IpAddr) -> Result<(), Refused> {
    let public = match ip {
        IpAddr::V4(ip) => public_v4(ip),
        IpAddr::V6(ip) => public_v6(ip),
    };
    if public { Ok(()) } else { Err(Refused::Address) }
}

/// Network, length.
const V4: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8),        // this network
    ([10, 0, 0, 0], 8),       // private
    ([100, 64, 0, 0], 10),    // shared by a provider's customers (CGNAT); Alibaba's metadata
    ([127, 0, 0, 0], 8),      // this machine
    ([168, 63, 129, 16], 32), // Azure's host
    ([169, 254, 0, 0], 16),   // link-local; metadata of most clouds
    ([172, 16, 0, 0], 12),    // private
    ([192, 0, 0, 0], 24),     // protocol assignments; Oracle's metadata
    ([192, 0, 2, 0], 24),     // documentation
    ([192, 31, 196, 0], 24),  // AS112
    ([192, 52, 193, 0], 24),  // AMT
    ([192, 88, 99, 0], 24),   // 6to4 relays
    ([192, 168, 0, 0], 16),   // private
    ([192, 175, 48, 0], 24),  // AS112
    ([198, 18, 0, 0], 15),    // benchmarks
    ([198, 51, 100, 0], 24),  // documentation
    ([203, 0, 113, 0], 24),   // documentation
    ([224, 0, 0, 0], 4),      // multicast
    ([240, 0, 0, 0], 4),      // reserved, broadcast
];

fn public_v4(ip: Ipv4Addr) -> bool {
    let n = u32::from(ip);
    !V4.iter().any(|(net, length)| (n ^ u32::from(Ipv4Addr::from(*net))) >> (32 - length) == 0)
}

/// Parts of the global unicast space (2000::/3) that are none, or that embed another address.
const V6: &[([u16; 8], u32)] = &[
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), // protocol assignments: Teredo, ORCHID, benchmarks
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), // documentation
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), // 6to4
    ([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48), // AS112
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), // documentation
];

fn public_v6(ip: Ipv6Addr) -> bool {
    let n = u128::from(ip);
    let inside =
        |(net, length): &([u16; 8], u32)| (n ^ u128::from(Ipv6Addr::from(*net))) >> (128 - length) == 0;
    let embedded = |n: u128| Ipv4Addr::from(u32::try_from(n & 0xffff_ffff).unwrap_or(0));
    if let Some(v4) = ip.to_ipv4_mapped() {
        return public_v4(v4);
    }
    // NAT64 (RFC 6052): whoever is behind it reaches the address inside.
    if inside(&([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96)) {
        return public_v4(embedded(n));
    }
    inside(&([0x2000, 0, 0, 0, 0, 0, 0, 0], 3)) && !V6.iter().any(inside)
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
