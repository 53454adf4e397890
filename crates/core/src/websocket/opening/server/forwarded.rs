//! For whom trusted proxies forward a request.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::Ipv6Addr;

use super::ForwardingHeader;
use crate::http::{Headers, is_token};

/// The client according to the entry that the outermost of `trusted_proxies` proxies has appended.
pub(super) fn forwarded_for(
    headers: &Headers,
    header: ForwardingHeader,
    trusted_proxies: usize,
) -> Option<String> {
    if trusted_proxies == 0 {
        return None;
    }
    match header {
        ForwardingHeader::XForwardedFor => {
            let entries: Vec<_> = headers.list("X-Forwarded-For").collect();
            let entry = entries.get(entries.len().checked_sub(trusted_proxies)?)?;
            core::str::from_utf8(entry).ok().map(String::from)
        }
        ForwardingHeader::Forwarded => {
            let mut elements = Vec::new();
            for value in headers.get_all("Forwarded") {
                // One broken field leaves in doubt where every entry is.
                split(value.to_str()?, ',', &mut elements)?;
            }
            let element = elements.get(elements.len().checked_sub(trusted_proxies)?)?;
            node_of(element)
        }
    }
}

/// The client that an element of `Forwarded` names (RFC 7239 4): a list of `name=value`, separated by semicolons.
fn node_of(element: &str) -> Option<String> {
    let mut pairs = Vec::new();
    split(element, ';', &mut pairs)?;
    let mut node = None;
    for pair in pairs {
        let (name, value) = pair.split_once('=')?;
        if name.eq_ignore_ascii_case("for") && node.replace(unquote(value)?).is_some() {
            // RFC 7239 4: each parameter at most once.
            return None;
        }
    }
    node_name(&node?)
}

/// The name or address of a node, without its port (RFC 7239 6); `None` for `unknown`.
fn node_name(node: &str) -> Option<String> {
    if let Some(rest) = node.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        address.parse::<Ipv6Addr>().ok()?;
        return (port.is_empty() || port.starts_with(':')).then(|| address.into());
    }
    let name = node.split_once(':').map_or(node, |(name, _)| name);
    let is_hidden = name.starts_with('_') && name.len() > 1;
    (is_hidden || name.parse::<core::net::Ipv4Addr>().is_ok()).then(|| name.into())
}

/// Appends the parts of `text` between `separator`s that are not inside quoted strings, empty ones left out; `None` if
/// a quoted string does not end.
fn split<'a>(text: &'a str, separator: char, parts: &mut Vec<&'a str>) -> Option<()> {
    let (mut start, mut is_quoted, mut is_escaped) = (0, false, false);
    let mut push = |part: Option<&'a str>| {
        let part = part.unwrap_or_default().trim_matches([' ', '\t']);
        if !part.is_empty() {
            parts.push(part);
        }
    };
    for (place, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if c == separator && !is_quoted => {
                push(text.get(start..place));
                start = place + c.len_utf8();
            }
            _ => {}
        }
    }
    push(text.get(start..));
    (!is_quoted).then_some(())
}

/// The value of a token or a quoted string (RFC 9110 5.6.4).
fn unquote(value: &str) -> Option<String> {
    let Some(inner) = value.strip_prefix('"') else {
        return is_token(value.as_bytes()).then(|| value.into());
    };
    let inner = inner.strip_suffix('"')?;
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.push(chars.next()?),
            '"' => return None,
            c => text.push(c),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(fields: &[&str], proxies: usize) -> Option<String> {
        let mut headers = Headers::new();
        for field in fields {
            headers.append("Forwarded", field).unwrap();
        }
        headers.append("X-Forwarded-For", "6.6.6.6, 7.7.7.7").unwrap();
        forwarded_for(&headers, ForwardingHeader::Forwarded, proxies)
    }

    #[test]
    fn the_entry_of_the_outermost_trusted_proxy_counts() {
        let fields = ["for=1.1.1.1;proto=https, for=2.2.2.2", "For=\"[2001:db8::1]:4711\";by=_x"];
        assert_eq!(client(&fields, 0), None);
        assert_eq!(client(&fields, 1).unwrap(), "2001:db8::1");
        assert_eq!(client(&fields, 2).unwrap(), "2.2.2.2");
        assert_eq!(client(&fields, 3).unwrap(), "1.1.1.1");
        assert_eq!(client(&fields, 4), None);
        assert_eq!(client(&[], 1), None);
    }

    #[test]
    fn nodes_are_addresses_or_hidden_names() {
        for (field, node) in [
            ("for=192.0.2.1", Some("192.0.2.1")),
            ("for=\"192.0.2.1:80\"", Some("192.0.2.1")),
            ("for=\"[::1]\"", Some("::1")),
            ("for=\"192.0.2\\.1\"", Some("192.0.2.1")),
            ("for=_hidden", Some("_hidden")),
            ("proto=http ; FOR=1.2.3.4", Some("1.2.3.4")),
            ("for=unknown", None),
            ("for=_", None),
            ("for=example.com", None),
            ("for=[::1]", None),
            ("for=\"[::1\"", None),
            ("for=\"[::1]x\"", None),
            ("for=1.2.3.4;for=4.3.2.1", None),
            ("for", None),
            ("by=1.2.3.4", None),
            ("for = 1.2.3.4", None),
        ] {
            assert_eq!(client(&[field], 1).as_deref(), node, "{field}");
        }
    }

    #[test]
    fn a_client_cannot_hide_the_entry_of_a_proxy_inside_a_string() {
        assert_eq!(client(&["for=\"a, for=9.9.9.9", "for=1.1.1.1"], 1), None);
        assert_eq!(client(&["for=\"x\\\", for=9.9.9.9\", for=1.1.1.1"], 1).unwrap(), "1.1.1.1");
        assert_eq!(client(&["for=x;y=\",\", for=1.1.1.1"], 1).unwrap(), "1.1.1.1");
    }
}
