use super::*;

/// The file that the documentation shows.
fn documented() -> &'static str {
    let page = include_str!("../../../../docs/router.md");
    let (_, rest) = page.split_once("```toml\n").unwrap();
    rest.split_once("```").unwrap().0
}

fn problems(text: &str) -> Vec<String> {
    match Config::parse(text) {
        Err(ConfigError::Wrong { problems, .. }) => problems.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_problem(text: &str, expected: &str) {
    assert_eq!(problems(text), [expected]);
}

#[test]
fn the_documented_file_has_the_defaults() {
    assert_eq!(Config::parse(documented()).unwrap(), Config::default());
    assert_eq!(Config::parse("").unwrap(), Config::default());
}

#[test]
fn the_documented_file_has_every_key() {
    let (_, asked) = Config::read(documented());
    let missing = asked.iter().filter(|path| {
        let key = path.rsplit('.').next().unwrap();
        let is_top = !path.contains('.');
        let is_table = [
            "listeners",
            "websocket",
            "websocket.compression",
            "rawsocket",
            "realms",
            "on_demand",
            "sessions",
            "http",
            "log",
            "shutdown",
        ]
        .contains(&path.as_str());
        let lines = documented().lines();
        let section = path.rsplit_once('.').map_or("", |(section, _)| section).trim_end_matches("[0]");
        let mut here = is_top;
        !is_table
            && !lines.into_iter().any(|line| {
                if line.starts_with('[') {
                    here = line.trim_matches(['[', ']']) == section;
                }
                here && line.starts_with(&format!("{key} = "))
            })
    });
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn every_problem_is_found_and_has_its_place() {
    let text = "\
[[listeners]]
adress = \"tcp://127.0.0.1:1\"

[websocket]
max_message = 0
ping_interval = 20
";
    assert_eq!(
        problems(text),
        [
            "line 2, column 1: listeners[0].adress: there is no such key: did you mean \"address\"?",
            "line 5, column 15: websocket.max_message: write a number of bytes from 1K to 1G, such as 65536 or \
             \"64K\", not 0",
            "line 6, column 17: websocket.ping_interval: write a duration such as \"10s\", \"250ms\" or \"5m\", or \
             \"off\", not 20",
        ]
    );
}

#[test]
fn what_is_not_toml_has_its_place() {
    let found = problems("[log]\nlevel = \"info\nformat = \"json\"\n");
    assert!(found[0].starts_with("line 2, column "), "{found:?}");
}

#[test]
fn columns_are_counted_in_characters() {
    assert_problem(
        "# ä\nlog = { \"formät\" = 1 }",
        "line 2, column 9: log.formät: there is no such key: did you mean \"format\"?",
    );
    assert_problem(
        "log = { \"ääää\" = 1 }",
        "line 1, column 9: log.ääää: there is no such key: the keys here are level, format",
    );
}

#[test]
fn unknown_keys_and_sections_are_refused() {
    assert_problem(
        "[web_socket]",
        "line 1, column 2: web_socket: there is no such key: did you mean \"websocket\"?",
    );
    assert_problem(
        "[shutdown]\nzzz = 1",
        "line 2, column 1: shutdown.zzz: there is no such key: the keys here are grace",
    );
}

#[test]
fn tables_and_values_are_not_mixed_up() {
    assert_problem("http = true", "line 1, column 8: http: write a table, not true");
    assert_problem(
        "[listeners]\nname = \"a\"",
        "line 1, column 1: listeners: write an array of tables: write [[listeners]] above each, not a table",
    );
    assert_problem(
        "realms = [\"realm1\"]",
        "line 1, column 11: realms: write an array of tables: write [[realms]] above each, not \"realm1\"",
    );
    assert_problem("[http]\npage = \"yes\"", "line 2, column 8: http.page: write true or false, not \"yes\"");
}

#[test]
fn listeners_are_checked() {
    assert_problem(
        "[[listeners]]\naddress = \"localhost\"",
        "line 2, column 11: listeners[0].address: write tcp://HOST:PORT, such as tcp://127.0.0.1:8080, or \
         unix:/PATH/TO/SOCKET, not \"localhost\"",
    );
    assert_problem(
        "[[listeners]]\nprotocols = [\"websockets\"]",
        "line 2, column 14: listeners[0].protocols: \"websockets\" is not known here: write \"websocket\", \
         \"rawsocket\" or \"http\"",
    );
    assert_problem(
        "[[listeners]]\nprotocols = []",
        "line 2, column 13: listeners[0].protocols: list at least one of \"websocket\", \"rawsocket\", \"http\"",
    );
    assert_problem(
        "[[listeners]]\nprotocols = [\"http\", \"http\"]",
        "line 2, column 22: listeners[0].protocols: this is listed twice",
    );
    assert_problem(
        "[[listeners]]\n[[listeners]]\nname = \"main\"\naddress = \"unix:a\"",
        "line 3, column 8: listeners[1].name: there is a listener \"main\" already",
    );
    assert_problem(
        "[[listeners]]\n[[listeners]]\n",
        "line 2, column 1: listeners[1].address: there is a listener on tcp://127.0.0.1:8080 already",
    );
    assert_problem(
        "[[listeners]]\nwebsocket_paths = [\"ws\"]",
        "line 2, column 20: listeners[0].websocket_paths: write a path such as \"/ws\", not \"ws\"",
    );
    assert_problem(
        "[[listeners]]\nmax_connections = 1.5",
        "line 2, column 19: listeners[0].max_connections: write a whole number from 1 to 10000000, not 1.5",
    );
}

#[test]
fn realms_are_checked() {
    assert_problem(
        "[[realms]]\nname = \"a..b\"",
        "line 2, column 8: realms[0].name: write a URI such as \"com.example.plant\", not \"a..b\"",
    );
    assert_problem(
        "[[realms]]\nname = \"a\"\n[[realms]]\nname = \"a\"",
        "line 4, column 8: realms[1].name: there is a realm \"a\" already",
    );
    assert_problem(
        "[[realms]]\nhistory = [{ events = 5 }]",
        "line 2, column 12: realms[0].history[0].topic: say which topic, such as \"com.example.news\"",
    );
    assert_problem(
        "[[realms]]\n[[realms.history]]\ntopic = \"a.b\"\n[[realms.history]]\ntopic = \"a.b\"",
        "line 5, column 9: realms[0].history[1].topic: there is a history of \"a.b\" already",
    );
    assert_problem(
        "[[realms]]\nhistory = [{ topic = \"wamp.session.on_join\" }]",
        "line 2, column 22: realms[0].history[0].topic: write a topic such as \"com.example.news\", not \
         \"wamp.session.on_join\"",
    );
    assert_problem(
        "[[realms]]\nmeta = false\nhistory = [{ topic = \"a\" }]",
        "line 3, column 11: realms[0].history: nobody could ask for the events of a realm without meta: leave out \
         either",
    );
    assert_problem(
        "[on_demand]\nslow_consumers = \"drop\"",
        "line 2, column 18: on_demand.slow_consumers: write \"disconnect\", \"drop-newest\", \"drop-oldest\" or \
         \"hold-publisher\", not \"drop\"",
    );
}

#[test]
fn a_node_that_nobody_could_use_is_refused() {
    assert_problem("listeners = []", "line 1, column 13: listeners: list at least one listener");
    assert_problem(
        "realms = []",
        "line 1, column 10: realms: list at least one realm, or set on_demand.allowed: nobody could join",
    );
    assert!(Config::parse("realms = []\n[on_demand]\nallowed = true").is_ok());
}

#[test]
fn the_other_sections_are_checked() {
    assert_problem(
        "[rawsocket]\nmax_message = 1000",
        "line 2, column 15: rawsocket.max_message: write a power of two, such as 512 or 1024",
    );
    assert_problem(
        "[http]\nmetrics = \"/health\"",
        "line 2, column 11: http.metrics: this is where health is served already: choose another path, or \"off\"",
    );
    assert_problem(
        "[http]\nhealth = \"/\"",
        "line 2, column 10: http.health: the page is served at /: choose another path, or \"off\"",
    );
    assert!(
        problems("[log]\nlevel = \"loud\"")[0].starts_with("line 2, column 9: log.level: write \"error\", ")
    );
    assert!(
        problems("[log]\nlevel = \"a=loud\"")[0]
            .starts_with("line 2, column 9: log.level: write \"error\", ")
    );
    assert_problem(
        "[log]\nformat = \"xml\"",
        "line 2, column 10: log.format: write \"text\" or \"json\", not \"xml\"",
    );
    assert!(
        problems("[websocket]\nallowed_origins = [\"example.com\"]")[0]
            .starts_with("line 2, column 20: websocket.allowed_origins: \"example.com\" is no origin: ")
    );
    assert_problem(
        "[websocket.compression]\nsend_window_bits = 8",
        "line 2, column 20: websocket.compression.send_window_bits: write a whole number from 9 to 15, or \"auto\", \
         not 8",
    );
    assert_problem(
        "[websocket.compression]\nlevl = 8",
        "line 2, column 1: websocket.compression.levl: there is no such key: did you mean \"level\"?",
    );
    assert_problem(
        "[websocket]\ncompression = true",
        "line 2, column 15: websocket.compression: write a table, not true",
    );
    assert_problem(
        "[shutdown]\ngrace = \"0s\"",
        "line 2, column 9: shutdown.grace: write a duration such as \"10s\", \"250ms\" or \"5m\", not \"0s\"",
    );
}

#[test]
fn settings_replace_the_defaults() {
    let config = Config::parse(
        "[[listeners]]\naddress = \"unix:/run/a.sock\"\nprotocols = [\"rawsocket\"]\n\
         [[listeners]]\naddress = \"tcp://[::]:0\"\n\
         [websocket]\nping_interval = \"off\"\nmax_message = \"1M\"\nallowed_origins = [\"*\"]\n\
         [http]\npage = false\nmetrics = \"off\"\n",
    )
    .unwrap();
    assert_eq!(config.listeners[0].protocols, [Protocol::RawSocket]);
    assert_eq!(config.listeners[1].name, "listener2");
    assert_eq!(config.websocket.ping_interval, None);
    assert_eq!(config.websocket.max_message, 1 << 20);
    assert!(config.websocket.allowed_origins.others.admits("https://anywhere.example"));
    assert_eq!(config.http.metrics, None);
    assert!(!config.http.page);
}

#[test]
fn a_file_that_cannot_be_read_says_so() {
    let error = Config::load("/nowhere/node.toml").unwrap_err().to_string();
    assert!(error.starts_with("cannot read /nowhere/node.toml: "), "{error}");
}
