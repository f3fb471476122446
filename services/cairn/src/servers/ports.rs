//! Free ports, and who holds one that is not free.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use super::{Error, Result, ServerPorts};

/// Below the range from which Linux takes the near end of outgoing connections: a port that is free here cannot be
/// lost to a client between now and the moment the server listens.
const FREE: std::ops::Range<u16> = 20_000..32_000;

/// Fails with the holder's name if somebody listens on `port`.
pub(crate) fn ensure_free(port: u16, purpose: &str, setting: &'static str) -> Result<()> {
    if is_free(port) {
        return Ok(());
    }
    let holder = holder(port).unwrap_or_else(|| "another program".to_owned());
    Err(Error::PortTaken { port, purpose: purpose.to_owned(), holder, setting })
}

/// Four free ports in a row, at a random place so that two test runs rarely look at the same ones.
pub(super) fn free() -> Result<ServerPorts> {
    let mut random = [0_u8; 2];
    getrandom::fill(&mut random).map_err(Error::Random)?;
    let width = FREE.end - FREE.start;
    let offset = u16::from_le_bytes(random) % width;
    (0..width)
        .step_by(4)
        .map(|step| FREE.start + (offset + step) % width)
        .filter(|first| first + 4 <= FREE.end)
        .find(|first| (*first..first + 4).all(is_free))
        .map(|first| ServerPorts { postgres: first, rabbitmq: first + 1, erlang: first + 2, epmd: first + 3 })
        .ok_or(Error::NoFreePorts { from: FREE.start, to: FREE.end })
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// The program that listens on `port`, if this user may see it.
fn holder(port: u16) -> Option<String> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .find_map(|table| listening_socket(&table, port))?;
    let socket = format!("socket:[{inode}]");
    fs::read_dir("/proc").ok()?.flatten().map(|entry| entry.path()).find_map(|process| {
        let open = fs::read_dir(process.join("fd")).ok()?;
        let found = open.flatten().any(|fd| fs::read_link(fd.path()).is_ok_and(|link| link == Path::new(&socket)));
        let name = fs::read_to_string(process.join("comm")).ok()?;
        // Not `self`, which is a second name for one of them.
        let pid: u32 = process.file_name()?.to_str()?.parse().ok()?;
        found.then(|| format!("{} (process {pid})", name.trim()))
    })
}

/// The socket that listens on `port`, from a table in the form of `/proc/net/tcp`: column 2 is the local address with
/// the port in hexadecimal, column 4 the state (0A is listening), column 10 the socket's number.
fn listening_socket(table: &str, port: u16) -> Option<u64> {
    let suffix = format!(":{port:04X}");
    table.lines().find_map(|line| {
        let mut columns = line.split_whitespace();
        let ours = columns.nth(1)?.ends_with(&suffix) && columns.nth(1)? == "0A";
        ours.then(|| columns.nth(5)?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_reported_with_its_holder_and_the_setting() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let message = ensure_free(port, "Postgres", "CAIRN_PORT_BASE").unwrap_err().to_string();
        assert!(message.contains(&port.to_string()), "{message}");
        assert!(message.contains(&format!("(process {})", std::process::id())), "{message}");
        assert!(message.contains("CAIRN_PORT_BASE"), "{message}");
    }

    #[test]
    fn free_ports_are_four_different_ones_below_the_ephemeral_range() {
        let ServerPorts { postgres, rabbitmq, erlang, epmd } = free().unwrap();
        assert_eq!([rabbitmq, erlang, epmd], [postgres + 1, postgres + 2, postgres + 3]);
        assert!(FREE.contains(&postgres) && epmd < FREE.end);
    }

    #[test]
    fn only_the_listening_socket_of_that_very_port_counts() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:1D08 0100007F:D3A2 01 00000000:00000000 00:00000000 00000000     0        0 11 1 0 100\n\
            1: 0100007F:1D08 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 22 1 0 100\n\
            2: 0100007F:1D30 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 33 1 0 100\n";
        assert_eq!(listening_socket(table, 7432), Some(22));
        assert_eq!(listening_socket(table, 7472), Some(33));
        assert_eq!(listening_socket(table, 7473), None);
    }
}
