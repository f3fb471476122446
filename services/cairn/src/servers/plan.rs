//! What to start, and where it listens.

use super::{Error, Result, ports};

/// Where the private servers listen, all on 127.0.0.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ServerPorts {
    /// Postgres.
    pub(crate) postgres: u16,
    /// RabbitMQ for its clients (AMQP).
    pub(crate) rabbitmq: u16,
    /// RabbitMQ for its own tools.
    pub(crate) erlang: u16,
    /// The port mapper of Erlang, by which those tools find the node.
    pub(crate) epmd: u16,
}

impl ServerPorts {
    /// The places in the block of a hundred ports that begins with the gateway's.
    pub(crate) fn in_block(base: u16) -> Self {
        let at = |offset| base.saturating_add(offset);
        Self { postgres: at(32), rabbitmq: at(72), erlang: at(73), epmd: at(74) }
    }
}

/// How long the data is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// It survives everything: Ctrl-C, a crash, power loss.
    Kept,
    /// Empty at the start, gone at the end: for tests.
    Throwaway,
}

/// What the environment says about servers. `cairn up` needs it before the whole configuration can be read, because
/// the private servers supply the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The gateway's port, where the block of ports begins.
    pub(crate) port_base: u16,
    /// A Postgres that exists already.
    pub(crate) database_url: Option<String>,
    /// A RabbitMQ that exists already.
    pub(crate) amqp_url: Option<String>,
}

impl Settings {
    /// Reads `CAIRN_PORT_BASE`, `CAIRN_DATABASE_URL` and `CAIRN_AMQP_URL`.
    pub(crate) fn from_environment() -> Result<Self> {
        Self::from_pairs(std::env::vars())
    }

    fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self> {
        let mut settings = Self { port_base: 7400, database_url: None, amqp_url: None };
        // Empty means not set, as in a compose file.
        for (name, value) in pairs.into_iter().filter(|(_, value)| !value.trim().is_empty()) {
            match name.as_str() {
                "CAIRN_PORT_BASE" => settings.port_base = port_base(&value)?,
                "CAIRN_DATABASE_URL" => settings.database_url = Some(value),
                "CAIRN_AMQP_URL" => settings.amqp_url = Some(value),
                _ => {}
            }
        }
        Ok(settings)
    }
}

/// Which servers to start and how.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Where they listen.
    pub(crate) ports: ServerPorts,
    /// How long the data is wanted.
    pub(crate) lifetime: Lifetime,
    /// A Postgres that exists already, so none is started.
    pub(crate) database_url: Option<String>,
    /// A RabbitMQ that exists already, so none is started.
    pub(crate) amqp_url: Option<String>,
}

impl Plan {
    /// The servers of `cairn up`: ports that one can remember, data that is kept.
    pub(crate) fn up(settings: Settings) -> Self {
        let Settings { port_base, database_url, amqp_url } = settings;
        Self { ports: ServerPorts::in_block(port_base), lifetime: Lifetime::Kept, database_url, amqp_url }
    }

    /// Servers beside any others: on free ports chosen now, with data that need not survive power loss.
    pub(crate) fn beside(settings: Settings, throwaway: bool) -> Result<Self> {
        let Settings { port_base: _, database_url, amqp_url } = settings;
        let lifetime = if throwaway { Lifetime::Throwaway } else { Lifetime::Kept };
        Ok(Self { ports: ports::free()?, lifetime, database_url, amqp_url })
    }
}

/// A block must fit below the highest port, and a normal user may not listen below 1024.
fn port_base(text: &str) -> Result<u16> {
    match text.trim().parse() {
        Ok(base @ 1024..=65400) => Ok(base),
        _ => Err(Error::PortBase(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings> {
        Settings::from_pairs(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn without_settings_both_servers_are_private_and_on_the_documented_ports() {
        let Plan { ports, lifetime, database_url, amqp_url } = Plan::up(read(&[]).unwrap());
        assert_eq!(ports, ServerPorts { postgres: 7432, rabbitmq: 7472, erlang: 7473, epmd: 7474 });
        assert_eq!((lifetime, database_url, amqp_url), (Lifetime::Kept, None, None));
    }

    #[test]
    fn an_empty_setting_is_no_setting() {
        let settings =
            read(&[("CAIRN_DATABASE_URL", ""), ("CAIRN_AMQP_URL", "amqp://there"), ("PATH", "/bin")]).unwrap();
        assert_eq!((settings.database_url, settings.amqp_url.as_deref()), (None, Some("amqp://there")));
    }

    #[test]
    fn a_base_that_leaves_the_port_range_is_refused() {
        for wrong in ["80", "65500", "70000", "-1", "http"] {
            assert!(read(&[("CAIRN_PORT_BASE", wrong)]).is_err(), "{wrong}");
        }
        assert_eq!(read(&[("CAIRN_PORT_BASE", " 8400 ")]).unwrap().port_base, 8400);
    }
}
