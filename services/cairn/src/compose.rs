//! `docker-compose.yml` against the code: it cannot be run where there is no Docker, but it can be held to what it names.
//! That it is a compose file at all is checked by `docker-compose config` in `make check`.

use clap::Parser;
use kernel::config::{Config, SERVICES};
use kernel::keys::MasterKey;

use crate::{Cairn, Command};

const FILE: &str = include_str!("../../../docker-compose.yml");

/// The values of all entries of a name; every one of interest here stands on a line of its own.
fn entries(name: &str) -> impl Iterator<Item = &'static str> {
    FILE.lines().filter_map(move |line| line.trim_start().strip_prefix(name)?.strip_prefix(": "))
}

/// A list of words in brackets, without `skip` in front.
fn words(list: &str, skip: usize) -> Vec<String> {
    let words: Vec<String> = serde_json::from_str(list).unwrap();
    words.into_iter().skip(skip).collect()
}

/// The environment of the services: the first value of each setting. The second is that of `migrate`.
fn environment() -> Vec<(String, String)> {
    let key = MasterKey::random().unwrap().to_text();
    let settings = FILE.lines().filter_map(|line| line.trim_start().split_once(": "));
    let mut found: Vec<(String, String)> = Vec::new();
    for (name, value) in settings.filter(|(name, _)| name.starts_with("CAIRN_")) {
        if !found.iter().any(|(known, _)| known == name) {
            let value = if name == "CAIRN_MASTER_KEY" { &key } else { value };
            found.push((name.to_owned(), value.to_owned()));
        }
    }
    found
}

#[test]
fn every_service_is_there_with_its_command_and_its_health_check() {
    let commands: Vec<Command> = entries("command")
        .filter(|list| !list.contains("postgres"))
        .map(|list| Cairn::try_parse_from(["cairn".to_owned()].into_iter().chain(words(list, 0))).unwrap().command)
        .collect();
    assert!(matches!(commands.first(), Some(Command::Migrate)));
    let served: Vec<_> = commands
        .iter()
        .filter_map(|command| if let Command::Serve { service } = command { Some(service.as_str()) } else { None })
        .collect();
    assert_eq!(served, SERVICES);
    let checked: Vec<_> = entries("test")
        .filter(|list| !list.contains("pg_isready"))
        .map(|list| match Cairn::try_parse_from(words(list, 1)).unwrap().command {
            Command::Healthcheck { service } => service,
            other => panic!("{other:?} is no health check"),
        })
        .collect();
    assert_eq!(checked, SERVICES);
    for service in SERVICES {
        assert!(FILE.contains(&format!("\n  {service}:\n")), "{service}");
    }
}

#[test]
fn its_environment_is_a_configuration_in_which_services_find_each_other() {
    let config = Config::from_pairs(environment()).unwrap();
    assert_eq!(config.network.bind, "0.0.0.0");
    for service in SERVICES.into_iter().filter(|service| *service != "gateway") {
        assert_eq!(config.upstreams(service), [format!("http://{service}:{}", config.port(service))]);
    }
    let front = format!("[\"127.0.0.1:{0}:{0}\"]", config.port("gateway"));
    assert_eq!(entries("ports").collect::<Vec<_>>(), [front]);
}

#[test]
fn services_know_their_own_database_passwords_only() {
    let config = Config::from_pairs(environment()).unwrap();
    assert_eq!(config.database.admin_url.as_ref().unwrap().reveal(), "postgres://postgres:5432/cairn");
    let own = config.role_url("catalog_app").unwrap();
    assert!(own.reveal().starts_with("postgres://catalog_app:"), "{}", own.reveal());
    assert!(own.reveal().ends_with("@postgres:5432/cairn"), "{}", own.reveal());
}
