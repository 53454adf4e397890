//! Where a `Location` header leads (RFC 9110 10.2.2, RFC 3986 5).

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::syntax::is_visible;
use super::{UrlError, WsUrl};

impl WsUrl {
    /// The URL that `reference` means, seen from this one, as the `Location` header of a redirect has it: absolute, with
    /// `ws` and `wss` or `http` and `https`, or relative. A fragment is left out.
    ///
    /// ```
    /// use wirebahn_core::http::WsUrl;
    ///
    /// let url: WsUrl = "ws://example.com/a/b?c".parse()?;
    /// assert_eq!(url.join("../d")?.to_string(), "ws://example.com/d");
    /// assert_eq!(url.join("https://example.org/e#f")?.to_string(), "wss://example.org/e");
    /// # Ok::<_, wirebahn_core::http::UrlError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// It is no URL that a WebSocket may have.
    pub fn join(&self, reference: &str) -> Result<Self, UrlError> {
        if let Some(bad) = reference.chars().find(|&c| !u8::try_from(c).is_ok_and(is_visible)) {
            return Err(UrlError::CharacterInvalid(bad));
        }
        let reference = reference.split('#').next().unwrap_or_default();
        if let Some((scheme, rest)) = reference.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) {
            let scheme = match scheme.to_ascii_lowercase().as_str() {
                "http" => Cow::Borrowed("ws"),
                "https" => Cow::Borrowed("wss"),
                other => Cow::Owned(other.into()),
            };
            return format!("{scheme}:{rest}").parse();
        }
        if let Some(rest) = reference.strip_prefix("//") {
            return format!("{}://{rest}", self.scheme()).parse();
        }
        let (base_path, base_query) = split_query(self.resource());
        let (path, query) = split_query(reference);
        let (path, query) = if path.is_empty() {
            (base_path.into(), query.or(base_query))
        } else if path.starts_with('/') {
            (without_dots(path), query)
        } else {
            let folder = base_path.rsplit_once('/').map_or("", |(folder, _)| folder);
            (without_dots(&format!("{folder}/{path}")), query)
        };
        Ok(self.with_resource(query.map_or_else(|| path.clone(), |query| format!("{path}?{query}"))))
    }
}

/// RFC 3986 3.1. A `:` in a path has something else before it.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

fn split_query(resource: &str) -> (&str, Option<&str>) {
    resource.split_once('?').map_or((resource, None), |(path, query)| (path, Some(query)))
}

/// RFC 3986 5.2.4, for a path that begins with `/`.
fn without_dots(path: &str) -> String {
    let mut kept = Vec::new();
    let mut parts = path.split('/').skip(1).peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        match part {
            "." => {}
            ".." => {
                kept.pop();
            }
            part => {
                kept.push(part);
                continue;
            }
        }
        if is_last {
            kept.push("");
        }
    }
    let mut out = String::with_capacity(path.len());
    for part in kept {
        out.push('/');
        out.push_str(part);
    }
    if out.is_empty() { "/".into() } else { out }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn references_are_resolved_as_rfc_3986_5_4_says() {
        let base: WsUrl = "ws://a:81/b/c/d;p?q".parse().unwrap();
        for (reference, expected) in [
            ("wss://h/x", "wss://h/x"),
            ("HTTP://h/x", "ws://h/x"),
            ("https://h:444/x?y#z", "wss://h:444/x?y"),
            ("//g", "ws://g/"),
            ("/g", "ws://a:81/g"),
            ("g", "ws://a:81/b/c/g"),
            ("./g", "ws://a:81/b/c/g"),
            ("g/", "ws://a:81/b/c/g/"),
            ("?y", "ws://a:81/b/c/d;p?y"),
            ("g?y", "ws://a:81/b/c/g?y"),
            ("#s", "ws://a:81/b/c/d;p?q"),
            ("", "ws://a:81/b/c/d;p?q"),
            (".", "ws://a:81/b/c/"),
            ("..", "ws://a:81/b/"),
            ("../g", "ws://a:81/b/g"),
            ("../../g", "ws://a:81/g"),
            ("../../../../g", "ws://a:81/g"),
            ("/./g/../h", "ws://a:81/h"),
            ("g;x=1/../y", "ws://a:81/b/c/y"),
            ("g..", "ws://a:81/b/c/g.."),
            ("1:2", "ws://a:81/b/c/1:2"),
        ] {
            assert_eq!(base.join(reference).unwrap().to_string(), expected, "{reference}");
        }
    }

    #[test]
    fn what_no_websocket_may_have_is_refused() {
        let base: WsUrl = "wss://a/".parse().unwrap();
        assert_eq!(base.join("ftp://a/"), Err(UrlError::SchemeUnknown("ftp".into())));
        assert!(base.join("https:///x").is_err());
        assert_eq!(base.join("/a b"), Err(UrlError::CharacterInvalid(' ')));
        assert_eq!(base.join("/\r\nX: y"), Err(UrlError::CharacterInvalid('\r')));
    }

    #[test]
    fn a_relative_reference_stays_on_a_unix_socket() {
        let base: WsUrl = "ws+unix:///run/a.sock:/x".parse().unwrap();
        assert_eq!(base.join("/y").unwrap().to_string(), "ws+unix:///run/a.sock:/y");
    }
}
