//! What is served over plain HTTP.

mod page;

use wirebahn_tokio::http::{Headers, StatusCode};
use wirebahn_tokio::opening::{HttpRequest, HttpResponse};

use crate::config::{Config, ListenerConfig, Protocol};
use crate::metrics::Metrics;

/// The format of metrics for those who ask for it, and for those who do not, which browsers show instead of saving it.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// What a response depends on.
pub(crate) struct Site<'a> {
    pub(crate) config: &'a Config,
    pub(crate) listener: &'a ListenerConfig,
    pub(crate) metrics: &'a Metrics,
    pub(crate) is_draining: bool,
}

impl Site<'_> {
    pub(crate) fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let http = &self.config.http;
        let path = request.path();
        if http.health.as_deref() == Some(path) {
            return self.health();
        }
        if http.metrics.as_deref() == Some(path) {
            return self.metrics(request);
        }
        if let Some(file) = page::file(path, self.config, self.listener).filter(|_| http.page) {
            return file;
        }
        let is_websocket = self.listener.speaks(Protocol::WebSocket)
            && self.listener.websocket_paths.iter().any(|known| known == path);
        if is_websocket {
            return text(StatusCode::BAD_REQUEST, "Connect to this with a WebSocket client.\n");
        }
        text(StatusCode::NOT_FOUND, "There is nothing here.\n")
    }

    fn health(&self) -> HttpResponse {
        if self.is_draining {
            text(StatusCode::SERVICE_UNAVAILABLE, "shutting down\n")
        } else {
            text(StatusCode::OK, "ok\n")
        }
    }

    fn metrics(&self, request: &HttpRequest) -> HttpResponse {
        let accept = request.headers.get("Accept").and_then(|accept| accept.to_str()).unwrap_or_default();
        let kind = if accept.contains("application/openmetrics-text") { OPEN_METRICS } else { TEXT };
        response(StatusCode::OK, self.metrics.encode(), &[("Content-Type", kind)])
    }
}

fn text(status: StatusCode, body: &'static str) -> HttpResponse {
    response(status, body, &[("Content-Type", TEXT)])
}

fn response(status: StatusCode, body: impl Into<bytes::Bytes>, headers: &[(&str, &str)]) -> HttpResponse {
    let mut response = HttpResponse::new(status);
    response.body = body.into();
    let mut all = Headers::new();
    for (name, value) in
        headers.iter().chain(&[("Cache-Control", "no-cache"), ("X-Content-Type-Options", "nosniff")])
    {
        all.append(name, value).expect("names and values are constants of visible ASCII");
    }
    response.headers = all;
    response
}
