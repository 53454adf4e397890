//! The page, from the binary.

use std::fmt::Write as _;

use wirebahn_tokio::http::StatusCode;
use wirebahn_tokio::opening::HttpResponse;

use super::response;
use crate::config::{Config, ListenerConfig, Protocol};

const INDEX: &str = include_str!("../page/index.html");

/// What the page is told stands in here.
const SETTINGS: &str = r#"data-settings="{}""#;

const FILES: [(&str, &str, &str); 8] = [
    ("/page/app.js", SCRIPT, include_str!("../page/app.js")),
    ("/page/dom.js", SCRIPT, include_str!("../page/dom.js")),
    ("/page/lists.js", SCRIPT, include_str!("../page/lists.js")),
    ("/page/log.js", SCRIPT, include_str!("../page/log.js")),
    ("/page/rates.js", SCRIPT, include_str!("../page/rates.js")),
    ("/page/style.css", "text/css; charset=utf-8", include_str!("../page/style.css")),
    ("/page/wamp.js", SCRIPT, include_str!("../page/wamp.js")),
    ("/page/workbench.js", SCRIPT, include_str!("../page/workbench.js")),
];

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The page talks to its own server only, and runs nothing but its own scripts.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The part of the page at a path, if there is one.
pub(super) fn file(path: &str, config: &Config, listener: &ListenerConfig) -> Option<HttpResponse> {
    if path == "/" {
        return Some(index(config, listener));
    }
    let (_, kind, content) = FILES.iter().find(|(name, ..)| *name == path)?;
    Some(response(StatusCode::OK, *content, &[("Content-Type", kind)]))
}

fn index(config: &Config, listener: &ListenerConfig) -> HttpResponse {
    let page =
        INDEX.replacen(SETTINGS, &format!("data-settings=\"{}\"", attribute(&settings(config, listener))), 1);
    let headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", POLICY),
        ("Referrer-Policy", "no-referrer"),
    ];
    response(StatusCode::OK, page, &headers)
}

/// What the page has to know, in JSON.
fn settings(config: &Config, listener: &ListenerConfig) -> String {
    let websocket = listener.websocket_paths.first().filter(|_| listener.speaks(Protocol::WebSocket));
    let realms: Vec<String> = config.realms.iter().map(|realm| json(&realm.name)).collect();
    let text_or_null = |text: Option<&String>| text.map_or_else(|| "null".into(), |text| json(text));
    format!(
        r#"{{"websocket":{},"metrics":{},"realms":[{}]}}"#,
        text_or_null(websocket),
        text_or_null(config.http.metrics.as_ref()),
        realms.join(",")
    )
}

/// A string in JSON.
fn json(text: &str) -> String {
    let mut json = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c.is_control() => {
                write!(json, "\\u{:04x}", u32::from(c)).expect("writing to a string cannot fail");
            }
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

/// A text as the value of an attribute in double quotes.
fn attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_a_place_for_its_settings() {
        assert_eq!(INDEX.matches(SETTINGS).count(), 1);
    }

    #[test]
    fn everything_that_the_page_refers_to_is_there() {
        let all = FILES.iter().map(|(_, _, content)| *content).chain([INDEX]);
        for content in all {
            for quoted in content.split(['"', '\'']) {
                let path = quoted.strip_prefix("./").map(|name| format!("/page/{name}"));
                let path = path.unwrap_or_else(|| quoted.to_owned());
                if path.starts_with("/page/") {
                    assert!(FILES.iter().any(|(name, ..)| *name == path), "{path}");
                }
            }
        }
    }

    #[test]
    fn settings_are_escaped() {
        let mut config = Config::default();
        config.realms[0].name = "a\"<b>&\\\u{1}".into();
        let settings = settings(&config, &ListenerConfig::default());
        assert_eq!(settings, r#"{"websocket":"/ws","metrics":"/metrics","realms":["a\"<b>&\\\u0001"]}"#);
        assert_eq!(attribute(r#"{"a<&"}"#), "{&quot;a&lt;&amp;&quot;}");
    }
}
