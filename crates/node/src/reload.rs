//! A new configuration for a node that runs.

use crate::{Config, ListenerConfig};

/// What became of a new configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reloaded {
    /// What has changed, by the names of the keys.
    pub changed: Vec<String>,
    /// What is different in the new configuration and takes a restart.
    pub needs_restart: Vec<String>,
}

/// What of `new` can be had by a node that runs with `old`.
pub(crate) fn merge(old: &Config, new: Config) -> (Config, Reloaded) {
    let mut report = Reloaded::default();
    let mut merged = old.clone();
    merge_listeners(&mut merged.listeners, new.listeners, &mut report);
    take(&mut merged.websocket, new.websocket, "websocket", &mut report);
    take(&mut merged.rawsocket, new.rawsocket, "rawsocket", &mut report);
    take(&mut merged.http, new.http, "http", &mut report);
    take(&mut merged.log.level, new.log.level, "log.level", &mut report);
    take(&mut merged.shutdown_grace, new.shutdown_grace, "shutdown.grace", &mut report);
    if merged.threads != new.threads {
        report.needs_restart.push("threads".into());
    }
    if merged.log.format != new.log.format {
        report.needs_restart.push("log.format".into());
    }
    if (merged.join_timeout, merged.goodbye_timeout) != (new.join_timeout, new.goodbye_timeout) {
        report.needs_restart.push("sessions".into());
    }
    if merged.on_demand != new.on_demand {
        report.needs_restart.push("on_demand".into());
    }
    for realm in &mut merged.realms {
        match new.realms.iter().find(|other| other.name == realm.name) {
            Some(same) if same == realm => {}
            Some(other) => {
                realm.options.clone_from(&other.options);
                report.changed.push(format!("realms: the options of {}", realm.name));
            }
            None => report.needs_restart.push(format!("realms: without {}", realm.name)),
        }
    }
    for realm in new.realms {
        if !old.realms.iter().any(|other| other.name == realm.name) {
            report.changed.push(format!("realms: with {}", realm.name));
            merged.realms.push(realm);
        }
    }
    (merged, report)
}

fn merge_listeners(listeners: &mut [ListenerConfig], new: Vec<ListenerConfig>, report: &mut Reloaded) {
    for listener in listeners.iter() {
        if !new.iter().any(|other| other.name == listener.name) {
            report.needs_restart.push(format!("listeners: without {}", listener.name));
        }
    }
    for mut other in new {
        let Some(listener) = listeners.iter_mut().find(|listener| listener.name == other.name) else {
            report.needs_restart.push(format!("listeners: with {}", other.name));
            continue;
        };
        if listener.endpoint != other.endpoint {
            report.needs_restart.push(format!("listeners: the address of {}", listener.name));
            other.endpoint = listener.endpoint.clone();
        }
        take(listener, other, "listeners", report);
    }
}

fn take<T: PartialEq>(setting: &mut T, new: T, name: &str, report: &mut Reloaded) {
    if *setting != new {
        *setting = new;
        if !report.changed.iter().any(|changed| changed == name) {
            report.changed.push(name.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reload(text: &str) -> (Config, Reloaded) {
        merge(&Config::default(), Config::parse(text).unwrap())
    }

    #[test]
    fn the_same_configuration_changes_nothing() {
        assert_eq!(reload(""), (Config::default(), Reloaded::default()));
    }

    #[test]
    fn limits_levels_and_new_realms_are_taken() {
        let (config, report) = reload(
            "[[listeners]]\nmax_connections = 5\n[[realms]]\nuris = \"strict\"\n[[realms]]\nname = \"new\"\n\
             [websocket]\nmax_message = \"1M\"\n[log]\nlevel = \"debug\"\n",
        );
        assert_eq!(
            report.changed,
            ["listeners", "websocket", "log.level", "realms: the options of realm1", "realms: with new"]
        );
        assert_eq!(report.needs_restart, Vec::<String>::new());
        assert_eq!(config.listeners[0].max_connections, 5);
        assert_eq!(config.realms[1].name, "new");
        assert_eq!(config.log.level, "debug");
    }

    #[test]
    fn what_takes_a_restart_stays_as_it_is_and_is_named() {
        let (config, report) = reload(
            "[[listeners]]\naddress = \"unix:/a\"\n[[listeners]]\nname = \"b\"\n[[realms]]\nname = \"new\"\n\
             [log]\nformat = \"json\"\n[on_demand]\nallowed = true\n",
        );
        assert_eq!(report.changed, ["realms: with new"]);
        assert_eq!(
            report.needs_restart,
            [
                "listeners: the address of main",
                "listeners: with b",
                "log.format",
                "on_demand",
                "realms: without realm1"
            ]
        );
        assert_eq!(config.listeners, Config::default().listeners);
        assert_eq!(config.realms.len(), 2);
    }
}
