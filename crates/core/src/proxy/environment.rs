//! Which proxy the usual environment variables ask for.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use super::{Network, Proxy, ProxyUrlError};
use crate::http::{Endpoint, Host, WsUrl, parse_authority};

/// The proxies that environment variables ask for, and the servers that are reached without one.
///
/// | URL | the first of these that is set and not empty |
/// |---|---|
/// | `wss` | `wss_proxy`, `https_proxy`, `all_proxy` |
/// | `ws` | `ws_proxy`, `https_proxy`, `http_proxy`, `all_proxy` |
///
/// That `https_proxy` stands before `http_proxy` also for `ws` is the advice of RFC 6455 4.1: only a tunnel carries a
/// WebSocket. Names in lower case win over those in upper case; `HTTP_PROXY` is not looked at where `REQUEST_METHOD` is
/// set, because in a CGI program the request's `Proxy` header ends up in it.
///
/// `no_proxy` is a list of servers, separated by commas or spaces: a name with all names under it (with or without a
/// leading `.` or `*.`), an address, a range of addresses such as `10.0.0.0/8`, each but a range with an optional
/// `:port`; `*` is every server. `localhost`, loopback addresses and Unix sockets are always reached directly: to a
/// proxy they would be something else.
///
/// The variables are an argument, so an application decides whether and where to read them.
///
/// ```
/// use wirebahn_core::proxy::ProxyEnvironment;
///
/// let environment = ProxyEnvironment::new([("HTTPS_PROXY", "proxy:3128"), ("NO_PROXY", "example.org")]);
/// let proxy = environment.proxy_for(&"wss://example.com/".parse()?)?.expect("a proxy");
/// assert_eq!(proxy.to_string(), "http://proxy:3128");
/// assert!(environment.proxy_for(&"wss://www.example.org/".parse()?)?.is_none());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct ProxyEnvironment {
    /// By their names in lower case.
    proxies: BTreeMap<&'static str, (String, String)>,
    exceptions: Vec<Exception>,
}

/// A variable has something in it that is no proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyVariableError {
    /// The name of the variable, as it was spelt.
    pub variable: String,
    /// What is wrong.
    pub error: ProxyUrlError,
}

/// An entry of `no_proxy`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exception {
    Everything,
    Network(Network),
    Host(Host, Option<u16>),
}

const VARIABLES: [&str; 5] = ["ws_proxy", "wss_proxy", "http_proxy", "https_proxy", "all_proxy"];

impl ProxyEnvironment {
    /// Picks what concerns proxies out of variables and their values.
    pub fn new<N: AsRef<str>, V: AsRef<str>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        let (mut lower, mut upper) = (BTreeMap::new(), BTreeMap::new());
        let mut is_cgi = false;
        for (name, value) in variables {
            let (name, value) = (name.as_ref(), value.as_ref().trim());
            is_cgi |= name == "REQUEST_METHOD";
            let Some(known) = VARIABLES.iter().chain(&["no_proxy"]).find(|k| k.eq_ignore_ascii_case(name))
            else {
                continue;
            };
            if !value.is_empty() {
                let is_lower = name == *known;
                let target = if is_lower { &mut lower } else { &mut upper };
                target.insert(*known, (name.to_owned(), value.to_owned()));
            }
        }
        if is_cgi {
            upper.remove("http_proxy");
        }
        let mut proxies = upper;
        proxies.append(&mut lower);
        let exceptions = proxies.remove("no_proxy").map(|(_, list)| parse_exceptions(&list));
        Self { proxies, exceptions: exceptions.unwrap_or_default() }
    }

    /// The proxy to reach `url` through; `None` if it is to be reached directly.
    ///
    /// # Errors
    ///
    /// The variable that decides is no proxy. Going without one instead would be a surprise.
    pub fn proxy_for(&self, url: &WsUrl) -> Result<Option<Proxy>, ProxyVariableError> {
        let Endpoint::Tcp { host, port } = url.endpoint() else { return Ok(None) };
        if is_local(host) || self.exceptions.iter().any(|exception| exception.matches(host, *port)) {
            return Ok(None);
        }
        let names: &[&str] = if url.is_secure() {
            &["wss_proxy", "https_proxy", "all_proxy"]
        } else {
            &["ws_proxy", "https_proxy", "http_proxy", "all_proxy"]
        };
        let Some((name, value)) = names.iter().find_map(|name| self.proxies.get(name)) else {
            return Ok(None);
        };
        match value.parse() {
            Ok(proxy) => Ok(Some(proxy)),
            Err(error) => Err(ProxyVariableError { variable: name.clone(), error }),
        }
    }
}

fn is_local(host: &Host) -> bool {
    match host {
        // RFC 6761 6.3: everything under localhost is.
        Host::Name(name) => is_under(name, "localhost"),
        Host::V4(address) => address.is_loopback(),
        Host::V6(address) => IpAddr::from(*address).to_canonical().is_loopback(),
    }
}

/// Entries that mean nothing are left out, as everyone does: the list is shared by many programs.
fn parse_exceptions(list: &str) -> Vec<Exception> {
    list.split([',', ' ', '\t']).filter(|entry| !entry.is_empty()).filter_map(parse_exception).collect()
}

fn parse_exception(entry: &str) -> Option<Exception> {
    if entry == "*" {
        return Some(Exception::Everything);
    }
    // An address in brackets or without is the same here.
    if let Ok(network) = entry.parse() {
        return Some(Exception::Network(network));
    }
    let entry = entry.strip_prefix("*.").or_else(|| entry.strip_prefix('.')).unwrap_or(entry);
    let (host, port) = parse_authority(entry).ok()?;
    Some(Exception::Host(host, port))
}

impl Exception {
    fn matches(&self, host: &Host, port: u16) -> bool {
        match self {
            Self::Everything => true,
            Self::Network(network) => match host {
                Host::Name(_) => false,
                Host::V4(address) => network.contains((*address).into()),
                Host::V6(address) => network.contains((*address).into()),
            },
            Self::Host(other, other_port) => {
                let is_host = match (host, other) {
                    (Host::Name(name), Host::Name(parent)) => is_under(name, parent),
                    _ => host == other,
                };
                is_host && other_port.is_none_or(|other| other == port)
            }
        }
    }
}

/// Whether `name` is `parent` or a name under it; a dot at the end makes no difference.
fn is_under(name: &str, parent: &str) -> bool {
    let (name, parent) = (name.strip_suffix('.').unwrap_or(name), parent.strip_suffix('.').unwrap_or(parent));
    name.strip_suffix(parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

impl fmt::Debug for ProxyEnvironment {
    /// Without the values, which may have passwords in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyEnvironment")
            .field("variables", &self.proxies.keys())
            .field("exceptions", &self.exceptions)
            .finish()
    }
}

impl fmt::Display for ProxyVariableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment variable {} is no proxy: {}", self.variable, self.error)
    }
}

impl core::error::Error for ProxyVariableError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.error)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;

    fn proxy(variables: &[(&str, &str)], url: &str) -> Option<String> {
        let environment = ProxyEnvironment::new(variables.iter().copied());
        environment.proxy_for(&url.parse().unwrap()).unwrap().map(|proxy| proxy.to_string())
    }

    #[test]
    fn the_scheme_decides_which_variable_counts() {
        let all = [("https_proxy", "s"), ("http_proxy", "h"), ("all_proxy", "socks5h://a")];
        assert_eq!(proxy(&all, "wss://x").unwrap(), "http://s:80");
        assert_eq!(proxy(&all, "ws://x").unwrap(), "http://s:80");
        assert_eq!(proxy(&all[1..], "wss://x").unwrap(), "socks5h://a:1080");
        assert_eq!(proxy(&all[1..], "ws://x").unwrap(), "http://h:80");
        assert_eq!(proxy(&[all[0], ("WS_PROXY", "w")], "ws://x").unwrap(), "http://w:80");
        assert_eq!(proxy(&[all[0], ("WSS_PROXY", "w")], "wss://x").unwrap(), "http://w:80");
        assert_eq!(proxy(&[], "ws://x"), None);
        assert_eq!(proxy(&[("https_proxy", " "), ("HTTPS_PROXY", "")], "ws://x"), None);
    }

    #[test]
    fn lower_case_wins_in_any_order_and_mixed_case_is_upper_case() {
        for order in
            [[("https_proxy", "l"), ("HTTPS_PROXY", "u")], [("HTTPS_PROXY", "u"), ("https_proxy", "l")]]
        {
            assert_eq!(proxy(&order, "wss://x").unwrap(), "http://l:80");
        }
        assert_eq!(proxy(&[("https_proxy", ""), ("HTTPS_PROXY", "u")], "wss://x").unwrap(), "http://u:80");
    }

    #[test]
    fn a_request_header_cannot_name_a_proxy() {
        assert_eq!(proxy(&[("HTTP_PROXY", "evil"), ("REQUEST_METHOD", "GET")], "ws://x"), None);
        assert_eq!(
            proxy(&[("http_proxy", "h"), ("REQUEST_METHOD", "GET")], "ws://x").unwrap(),
            "http://h:80"
        );
    }

    #[test]
    fn exceptions_are_names_with_all_under_them_addresses_and_ranges() {
        let is_direct = |list: &str, url: &str| {
            let variables = [("all_proxy", "p"), ("NO_PROXY", list)];
            proxy(&variables, url).is_none()
        };
        for (list, url, expected) in [
            ("example.com", "ws://example.com", true),
            ("example.com", "ws://a.b.example.com", true),
            ("example.com", "ws://example.com.", true),
            ("example.com", "ws://notexample.com", false),
            ("example.com", "ws://example.com.evil", false),
            (".example.com", "ws://example.com", true),
            ("*.example.com", "ws://a.example.com", true),
            ("Example.COM", "ws://EXAMPLE.com", true),
            ("example.com:8080", "ws://example.com:8080", true),
            ("example.com:8080", "ws://example.com", false),
            ("a, b  c,,d", "ws://c", true),
            ("a, b", "ws://c", false),
            ("*", "wss://anything:1", true),
            ("10.0.0.0/8", "ws://10.9.8.7", true),
            ("10.0.0.0/8", "ws://11.9.8.7", false),
            ("10.0.0.0/8", "ws://ten.example", false),
            ("192.168.0.1", "ws://192.168.0.1:99", true),
            ("192.168.0.1:98", "ws://192.168.0.1:99", false),
            ("2001:db8::/32", "ws://[2001:db8::5]", true),
            ("[2001:db8::5]:80", "ws://[2001:db8::5]", true),
            ("2001:db8::6", "ws://[2001:db8::5]", false),
            ("!!,/8,:,a", "ws://a", true),
            ("", "ws://a", false),
        ] {
            assert_eq!(is_direct(list, url), expected, "{list} {url}");
        }
    }

    #[test]
    fn what_is_on_this_machine_needs_no_proxy() {
        for url in [
            "ws://localhost",
            "ws://a.localhost:80",
            "ws://127.9.9.9",
            "ws://[::1]",
            "ws://[::ffff:127.0.0.1]",
            "ws+unix:///run/a.sock",
        ] {
            assert_eq!(proxy(&[("all_proxy", "p")], url), None, "{url}");
        }
        assert!(proxy(&[("all_proxy", "p")], "ws://notlocalhost").is_some());
    }

    #[test]
    fn a_broken_variable_is_an_error_where_it_counts_and_its_value_is_not_logged() {
        let environment = ProxyEnvironment::new([("ALL_PROXY", "gopher://u:secret@x"), ("NO_PROXY", "y")]);
        let error = environment.proxy_for(&"ws://x".parse().unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment variable ALL_PROXY is no proxy: the scheme is gopher, not http, https, socks5 or socks5h"
        );
        assert_eq!(environment.proxy_for(&"ws://y".parse().unwrap()), Ok(None));
        assert!(!format!("{environment:?} {error:?}").contains("secret"));
    }
}
