//! What is served over plain HTTP.

use crate::support::{address, get, request, start, upgrade};

#[tokio::test]
async fn the_page_and_its_parts_are_served() {
    let node = start("").await;
    let (head, page) = get(&address(&node), "/").await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("Content-Type: text/html; charset=utf-8"), "{head}");
    assert!(head.contains("Content-Security-Policy: default-src 'none'; script-src 'self'"), "{head}");
    assert!(head.contains("X-Content-Type-Options: nosniff"), "{head}");
    assert!(page.contains("&quot;websocket&quot;:&quot;/ws&quot;"), "{page}");
    assert!(page.contains("&quot;realms&quot;:[&quot;realm1&quot;]"), "{page}");
    let parts = page.split(['"', '\'']).filter(|part| part.starts_with("/page/"));
    for part in parts {
        let (head, _) = get(&address(&node), part).await;
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{part}: {head}");
    }
    let (head, _) = get(&address(&node), "/page/app.js").await;
    assert!(head.contains("Content-Type: text/javascript; charset=utf-8"), "{head}");
}

#[tokio::test]
async fn the_page_allows_nothing_that_the_policy_would_block() {
    let node = start("").await;
    let (_, page) = get(&address(&node), "/").await;
    for inline in ["<style", "style=\"", "onclick", "javascript:", "<script>"] {
        assert!(!page.contains(inline), "{inline}");
    }
}

#[tokio::test]
async fn head_gets_what_get_gets_but_the_body() {
    let node = start("").await;
    let (get, page) = get(&address(&node), "/").await;
    let (head, body) = request(&address(&node), "HEAD / HTTP/1.1\nHost: a\n\n").await;
    assert_eq!((head.as_str(), body.as_str()), (get.as_str(), ""));
    assert!(head.contains(&format!("Content-Length: {}", page.len())), "{head}");
}

#[tokio::test]
async fn health_is_well() {
    let node = start("").await;
    let (head, body) = get(&address(&node), "/health").await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert_eq!(body, "ok\n");
}

#[tokio::test]
async fn metrics_come_as_text_or_as_openmetrics() {
    let node = start("").await;
    let (head, body) = get(&address(&node), "/metrics").await;
    assert!(head.contains("Content-Type: text/plain; charset=utf-8"), "{head}");
    assert!(body.contains("wirebahn_connections{listener=\"main\",protocol=\"http\"} 1\n"), "{body}");
    assert!(body.contains("wirebahn_transferred_bytes_total{listener=\"main\",direction=\"in\"} "), "{body}");
    assert!(body.ends_with("# EOF\n"), "{body}");
    let accept =
        "GET /metrics HTTP/1.1\nHost: a\nAccept: application/openmetrics-text;version=1.0.0,*/*;q=0.1\n\n";
    let (head, _) = request(&address(&node), accept).await;
    assert!(
        head.contains("Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8"),
        "{head}"
    );
}

#[tokio::test]
async fn anything_else_is_not_found() {
    let node = start("").await;
    for path in ["/favicon.ico", "/page/", "/page/../Cargo.toml", "/healthy", "/%2e"] {
        let (head, _) = get(&address(&node), path).await;
        assert!(head.starts_with("HTTP/1.1 404 Not Found\r\n"), "{path}: {head}");
    }
}

#[tokio::test]
async fn what_is_switched_off_is_not_found() {
    let node = start("[http]\npage = false\nhealth = \"off\"\nmetrics = \"/internal/metrics\"").await;
    for path in ["/page/app.js", "/health", "/metrics"] {
        let (head, _) = get(&address(&node), path).await;
        assert!(head.starts_with("HTTP/1.1 404 Not Found\r\n"), "{path}: {head}");
    }
    let (head, body) = get(&address(&node), "/").await;
    assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}");
    assert_eq!(body, "Connect to this with a WebSocket client.\n");
    let (head, _) = get(&address(&node), "/internal/metrics").await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
}

#[tokio::test]
async fn a_listener_without_http_answers_none() {
    let node = start("[[listeners]]\nprotocols = [\"websocket\"]").await;
    let (head, _) = get(&address(&node), "/health").await;
    assert!(head.starts_with("HTTP/1.1 404 Not Found\r\n"), "{head}");
}

#[tokio::test]
async fn a_websocket_elsewhere_is_not_found() {
    let node = start("").await;
    let address = address(&node);
    let (head, body) = request(&address, &upgrade(&address, "/elsewhere", "")).await;
    assert!(head.starts_with("HTTP/1.1 404 Not Found\r\n"), "{head}");
    assert_eq!(body, "There is no WebSocket at /elsewhere: take /ws or /.\n");
}

#[tokio::test]
async fn a_websocket_without_a_known_subprotocol_is_refused() {
    let node = start("").await;
    let address = address(&node);
    for headers in ["", "Sec-WebSocket-Protocol: wamp.2.unheard-of\n"] {
        let (head, body) = request(&address, &upgrade(&address, "/ws", headers)).await;
        assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}");
        assert!(body.starts_with("Offer one of the subprotocols "), "{body}");
        assert!(body.contains("wamp.2.json"), "{body}");
    }
}

#[tokio::test]
async fn pages_from_elsewhere_may_not_connect() {
    let node = start("").await;
    let address = address(&node);
    for origin in ["https://example.com", "null", "http://127.0.0.1.example.com"] {
        let headers = format!("Origin: {origin}\nSec-WebSocket-Protocol: wamp.2.json\n");
        let (head, body) = request(&address, &upgrade(&address, "/ws", &headers)).await;
        assert!(head.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{head}");
        assert_eq!(body, format!("Pages from {origin} may not connect: see websocket.allowed_origins.\n"));
    }
    let (_, metrics) = get(&address, "/metrics").await;
    assert!(
        metrics.contains("wirebahn_connections_refused_total{listener=\"main\",reason=\"origin\"} 3\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn beyond_the_maximum_websockets_are_refused_and_http_is_answered() {
    let node = start("[[listeners]]\nmax_connections = 1").await;
    let address = address(&node);
    let _first = tokio::net::TcpStream::connect(&address).await.unwrap();
    let offer = "Sec-WebSocket-Protocol: wamp.2.json\n";
    let (head, _) = request(&address, &upgrade(&address, "/ws", offer)).await;
    assert!(head.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{head}");
    let (head, _) = get(&address, "/health").await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let (_, metrics) = get(&address, "/metrics").await;
    assert!(metrics.contains("refused_total{listener=\"main\",reason=\"capacity\"} 1\n"), "{metrics}");
}
