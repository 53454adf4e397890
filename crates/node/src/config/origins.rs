use wirebahn_tokio::opening::{HttpRequest, NullOrigin, OriginPattern, Origins};

/// Which web pages may connect.
///
/// Browsers let any page that somebody looks at connect to any host that the browser can reach, so that a router on a
/// machine of one's own is open to the world unless this says otherwise. Clients other than browsers name no origin and
/// are always admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AllowedOrigins {
    /// Whether the pages may connect that were served under the host and port that they connect to: the page of the
    /// node itself is one. Default: they may.
    pub same: bool,
    /// The other ones. Default: pages from this machine, on any port.
    pub others: Origins,
}

/// One item of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AllowedOrigin {
    Any,
    Same,
    Null,
    Pattern(OriginPattern),
}

impl Default for AllowedOrigins {
    fn default() -> Self {
        Self::from_items(Self::default_items())
    }
}

impl AllowedOrigins {
    /// Whether a request may lead to a connection.
    #[must_use]
    pub fn admit(&self, origin: Option<&str>, request: &HttpRequest) -> bool {
        let Some(origin) = origin else { return true };
        self.others.admits(origin) || (self.same && is_same(origin, request))
    }

    pub(super) fn default_items() -> Vec<AllowedOrigin> {
        ["same", "http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"]
            .iter()
            .map(|item| item_of(item).expect("these are correct, as a test shows"))
            .collect()
    }

    pub(super) fn from_items(items: Vec<AllowedOrigin>) -> Self {
        let mut allowed = wirebahn_tokio::opening::AllowedOrigins::default();
        let (mut same, mut any) = (false, false);
        for item in items {
            match item {
                AllowedOrigin::Any => any = true,
                AllowedOrigin::Same => same = true,
                AllowedOrigin::Null => allowed.null = NullOrigin::Admit,
                AllowedOrigin::Pattern(pattern) => allowed.patterns.push(pattern),
            }
        }
        Self { same, others: if any { Origins::Any } else { Origins::Only(allowed) } }
    }
}

pub(super) fn item_of(text: &str) -> Result<AllowedOrigin, String> {
    Ok(match text {
        "*" => AllowedOrigin::Any,
        "same" => AllowedOrigin::Same,
        "null" => AllowedOrigin::Null,
        pattern => AllowedOrigin::Pattern(pattern.parse().map_err(|error| {
            format!("{pattern:?} is no origin: {error}; write \"https://example.com\", \"same\", \"null\" or \"*\"")
        })?),
    })
}

/// RFC 6454 5, as far as a server can tell: it does not know the scheme if a proxy stands before it.
fn is_same(origin: &str, request: &HttpRequest) -> bool {
    let Some((_, authority)) = origin.split_once("://") else { return false };
    let host = request.headers.get("Host").and_then(|host| host.to_str());
    host.is_some_and(|host| host.eq_ignore_ascii_case(authority))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_this_machine_and_no_others_are_admitted_by_default() {
        let origins = AllowedOrigins::default();
        assert!(origins.same);
        for own in ["http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:5173", "http://localhost"]
        {
            assert!(origins.others.admits(own), "{own}");
        }
        for foreign in ["https://example.com", "http://localhost.evil.example", "null"] {
            assert!(!origins.others.admits(foreign), "{foreign}");
        }
    }
}
