//! Other people's proxies: tinyproxy, microsocks and dante on the way to a server, haproxy and nginx in front of one.
//!
//! They are started here on free loopback ports, with configurations of their own below a temporary folder. What is not
//! installed is SKIPPED, loudly; where `CI` is set it is a failure.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is a failed test")]

mod programs;

use rcgen::{CertificateParams, KeyPair};
use wirebahn_blocking::opening::{ForwardingHeader, ServerOptions};
use wirebahn_blocking::proxy::{ProxyHeaderMode, ProxyHeaderOptions, TunnelError};
use wirebahn_blocking::tls::{ClientTls, ClientTlsOptions, Identity, Roots, ServerTls, ServerTlsOptions};
use wirebahn_blocking::{
    Client, CloseCode, ConnectError, Messages, ProxyErrorKind, Server, ServerHandle, Stream, Upgrade,
};

use programs::{Program, free_port};

/// A server that tells its clients whom it takes them for, and then echoes.
struct Greeter {
    port: u16,
    handle: ServerHandle,
}

impl Greeter {
    fn start(change: impl FnOnce(Server) -> Server) -> Self {
        let server = change(Server::bind("127.0.0.1:0").unwrap());
        let (port, handle) = (server.local_addr().unwrap().port(), server.handle());
        std::thread::spawn(move || server.serve_upgrades(greet));
        Self { port, handle }
    }
}

impl Drop for Greeter {
    fn drop(&mut self) {
        self.handle.shut_down();
    }
}

fn greet(upgrade: Upgrade) {
    let client = upgrade.request().http.client().unwrap_or("nobody").to_owned();
    let Ok(mut socket) = upgrade.accept::<Messages>(Default::default()) else { return };
    let _ = socket.send(client);
    while let Some(message) = socket.recv() {
        if socket.send(message).is_err() {
            break;
        }
    }
}

/// Connects, exchanges a message, closes; whom the server took us for.
fn greeting(client: Client) -> String {
    let mut socket = client.connect().unwrap_or_else(|error| panic!("{error}")).connection;
    let greeting = socket.recv().unwrap().as_text().unwrap().to_owned();
    socket.send("hello").unwrap();
    assert_eq!(socket.recv().unwrap().as_text(), Some("hello"));
    assert!(socket.close(CloseCode::NORMAL, "").unwrap().clean);
    greeting
}

fn tls() -> (ServerTls, ClientTls) {
    let key = KeyPair::generate().unwrap();
    let pem = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap().pem();
    let identity = Identity::from_pem(pem.as_bytes(), key.serialize_pem().as_bytes()).unwrap();
    let mut options = ClientTlsOptions::default();
    options.roots = Roots::empty();
    options.roots.add_pem(pem.as_bytes()).unwrap();
    (ServerTls::new(ServerTlsOptions::new(identity)).unwrap(), ClientTls::new(options).unwrap())
}

/// Plain and secure servers through a proxy, and no server.
fn check_tunnels(proxy: &str) {
    let (server_tls, client_tls) = tls();
    let (plain, secure) = (Greeter::start(|server| server), Greeter::start(|server| server.tls(server_tls)));
    let through = |url: String| Client::new(&url).unwrap().proxy(proxy.parse().unwrap());
    assert!(greeting(through(format!("ws://127.0.0.1:{}/", plain.port))).starts_with("127.0.0.1:"));
    greeting(through(format!("ws://localhost:{}/", plain.port)));
    greeting(through(format!("wss://localhost:{}/", secure.port)).tls(client_tls));
    let error = failure(through(format!("ws://127.0.0.1:{}/", free_port())));
    assert!(matches!(error, ProxyErrorKind::Tunnel(TunnelError::Refused(_))), "{error:?}");
}

fn failure(client: Client) -> ProxyErrorKind {
    match client.connect().map(drop) {
        Err(ConnectError::Proxy(error)) => error.kind,
        other => panic!("{other:?}"),
    }
}

#[test]
fn tinyproxy_with_and_without_a_password() {
    for (login, credentials) in [("", ""), ("BasicAuth me secret\n", "me:secret@")] {
        let port = free_port();
        let config = format!("Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\n{login}");
        let Some(_tinyproxy) = Program::start("tinyproxy", &config, &["-d", "-c"], port) else { return };
        check_tunnels(&format!("http://{credentials}127.0.0.1:{port}"));
        if !login.is_empty() {
            let with = |credentials: &str| {
                let proxy = format!("http://{credentials}127.0.0.1:{port}").parse().unwrap();
                failure(Client::new("ws://127.0.0.1:1/").unwrap().proxy(proxy))
            };
            let error = with("");
            assert!(
                matches!(error, ProxyErrorKind::Tunnel(TunnelError::AuthenticationRequired)),
                "{error:?}"
            );
            let error = with("me:wrong@");
            assert!(
                matches!(
                    error,
                    ProxyErrorKind::Tunnel(TunnelError::AuthenticationFailed | TunnelError::Refused(_))
                ),
                "{error:?}"
            );
        }
    }
}

#[test]
fn microsocks_with_and_without_a_password() {
    for credentials in ["", "me:secret@"] {
        let port = free_port();
        let port_text = port.to_string();
        let mut arguments = vec!["-i", "127.0.0.1", "-p", &port_text];
        if !credentials.is_empty() {
            arguments.extend(["-u", "me", "-P", "secret"]);
        }
        let Some(_microsocks) = Program::start_plain("microsocks", &arguments, port) else { return };
        check_tunnels(&format!("socks5h://{credentials}127.0.0.1:{port}"));
        check_tunnels(&format!("socks5://{credentials}127.0.0.1:{port}"));
        if !credentials.is_empty() {
            let with = |credentials: &str| {
                let proxy = format!("socks5h://{credentials}127.0.0.1:{port}").parse().unwrap();
                failure(Client::new("ws://127.0.0.1:1/").unwrap().proxy(proxy))
            };
            let error = with("");
            assert!(
                matches!(error, ProxyErrorKind::Tunnel(TunnelError::AuthenticationRequired)),
                "{error:?}"
            );
            let error = with("me:wrong@");
            assert!(matches!(error, ProxyErrorKind::Tunnel(TunnelError::AuthenticationFailed)), "{error:?}");
        }
    }
}

#[test]
fn dante() {
    let port = free_port();
    let config = format!(
        "errorlog: /dev/null\ninternal: 127.0.0.1 port = {port}\nexternal: lo\nsocksmethod: none\n\
         clientmethod: none\nclient pass {{ from: 0/0 to: 0/0 }}\nsocks pass {{ from: 0/0 to: 0/0 }}\n"
    );
    let Some(_danted) = Program::start("danted", &config, &["-f"], port) else { return };
    check_tunnels(&format!("socks5h://127.0.0.1:{port}"));
}

#[test]
fn haproxy_says_who_the_client_is() {
    for version in ["send-proxy", "send-proxy-v2"] {
        let mut options = ProxyHeaderOptions::new(ProxyHeaderMode::Required);
        options.trusted.push("127.0.0.1".parse().unwrap());
        let greeter = Greeter::start(|server| server.proxy_header(options));
        let port = free_port();
        let config = format!(
            "defaults\n mode tcp\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n\
             frontend f\n bind 127.0.0.1:{port}\n default_backend b\n\
             backend b\n server s 127.0.0.1:{} {version}\n",
            greeter.port
        );
        let Some(_haproxy) = Program::start("haproxy", &config, &["-db", "-f"], port) else { return };
        let mut socket = wirebahn_blocking::connect(&format!("ws://127.0.0.1:{port}/")).unwrap();
        let Some(Stream::Tcp(stream)) = socket.stream() else { panic!("no stream") };
        // The address of our connection to haproxy, not of its one to the server.
        let here = stream.local_addr().unwrap().to_string();
        assert_eq!(socket.recv().unwrap().as_text(), Some(here.as_str()), "{version}");
        // Who comes without a header is not served.
        assert!(Client::new(&format!("ws://127.0.0.1:{}/", greeter.port)).unwrap().connect().is_err());
    }
}

#[test]
fn nginx_says_who_the_client_is() {
    for (header, value, kind) in [
        ("X-Forwarded-For", "$proxy_add_x_forwarded_for", ForwardingHeader::XForwardedFor),
        ("Forwarded", "\"$http_forwarded, for=$remote_addr;proto=http\"", ForwardingHeader::Forwarded),
    ] {
        let mut options = ServerOptions::default();
        options.trusted_proxies = 1;
        options.forwarding_header = kind;
        let greeter = Greeter::start(|server| server.options(options));
        let port = free_port();
        let config = format!(
            "daemon off; master_process off; pid /dev/null; error_log stderr;\n\
             events {{ worker_connections 64; }}\n\
             http {{ access_log off; server {{ listen 127.0.0.1:{port}; location / {{\n\
               proxy_pass http://127.0.0.1:{}; proxy_http_version 1.1;\n\
               proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\";\n\
               proxy_set_header {header} {value};\n\
             }} }} }}\n",
            greeter.port
        );
        let Some(_nginx) = Program::start("nginx", &config, &["-c"], port) else { return };
        // What a client claims itself is not believed.
        let client = Client::new(&format!("ws://127.0.0.1:{port}/")).unwrap();
        let client =
            client.header("X-Forwarded-For", "6.6.6.6").unwrap().header("Forwarded", "for=6.6.6.6").unwrap();
        assert_eq!(greeting(client), "127.0.0.1", "{header}");
    }
}
