//! A new configuration for a node that runs.

use crate::support::{address, config, get, start};

#[tokio::test]
async fn what_http_serves_changes_at_once() {
    let node = start("").await;
    let report = node.reload(config("[http]\nhealth = \"/well\""));
    assert_eq!(report.changed, ["http"]);
    assert!(report.needs_restart.is_empty());
    let (head, _) = get(&address(&node), "/health").await;
    assert!(head.starts_with("HTTP/1.1 404"), "{head}");
    let (head, _) = get(&address(&node), "/well").await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
}
