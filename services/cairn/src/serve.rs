//! `cairn serve`: one service in this process, or all of them.

use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;

use cairn::Platform;
use kernel::Clock;
use kernel::config::Config;
use tokio::signal::unix::{SignalKind, signal};
use web::{Context, ServeError};

type Outcome = Result<ExitCode, Box<dyn std::error::Error>>;

/// Runs a service, or `all`, until it is told to stop. Every service is a set of single-threaded runtimes: one per
/// HTTP worker, and this one for relay, consumers and background work.
pub(crate) fn serve(name: &str) -> Outcome {
    let config = Config::from_environment()?;
    observe::start(&config.observe, name);
    actix_web::rt::System::new().block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let running = start(name, config)?;
        tokio::select! { _ = terminate.recv() => {}, _ = tokio::signal::ctrl_c() => {} }
        match running {
            Started::One(service) => service.stop().await,
            Started::All(platform) => platform.stop().await,
        }
        observe::stop();
        Ok(ExitCode::SUCCESS)
    })
}

enum Started {
    One(web::Running),
    All(Platform),
}

fn start(name: &str, config: Config) -> Result<Started, Box<dyn std::error::Error>> {
    let clock = Clock::system();
    if name == "all" {
        return Platform::start(config, &clock).map(Started::All);
    }
    let service = cairn::services().into_iter().find(|service| service.name == name);
    let own_name = if name == "gateway" {
        "gateway"
    } else {
        service.as_ref().map(|service| service.name).ok_or_else(|| format!("there is no service {name}"))?
    };
    let address = format!("{}:{}", config.network.bind, config.port(own_name));
    let listener =
        TcpListener::bind(&address).map_err(|source| ServeError::Listen { service: own_name, address, source })?;
    let context = Context::new(own_name, Arc::new(config), clock)?;
    let running = match service {
        Some(service) => web::serve(service, context, listener)?,
        None => gateway::serve(context, listener, cairn::openapi().to_json()?)?,
    };
    Ok(Started::One(running))
}
