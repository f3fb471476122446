//! What the gateway's workers share, and looking after it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use futures_util::future::join;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::interval;
use web::Context;

use crate::contract::Contract;
use crate::limits::Limits;
use crate::live::Hub;
use crate::table::Table;
use crate::tls::Certificate;
use crate::{ServeError, address, api_key, browser};

/// What nobody asks for any more is forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// What all workers share.
pub(crate) struct Gate {
    pub(crate) context: Context,
    pub(crate) contract: Contract,
    pub(crate) table: Table,
    pub(crate) certificate: Option<Arc<Certificate>>,
    pub(crate) limits: Limits,
    pub(crate) hub: Arc<Hub>,
    pub(crate) keys: api_key::Tokens,
}

impl Gate {
    /// Reads what the configuration names.
    pub(crate) fn new(mut context: Context, openapi: String) -> Result<Self, ServeError> {
        let table = Table::new(&context.config)?;
        context.config = Arc::new(table.configured());
        let config = &context.config.gateway;
        if let Some(origin) = config.cors_origins.iter().find(|origin| !browser::is_origin(origin)) {
            return Err(ServeError::Origin(origin.clone()));
        }
        Ok(Self {
            contract: Contract::read(openapi)?,
            table,
            certificate: config.tls.as_ref().map(Certificate::load).transpose()?.map(Arc::new),
            limits: Limits::new(config, context.clock.clone()),
            hub: Arc::new(Hub::new(config.event_streams)),
            keys: api_key::Tokens::new(),
            context,
        })
    }

    /// Whose request it is.
    pub(crate) fn client(&self, request: &HttpRequest) -> IpAddr {
        address::client(request, &self.context.config.gateway.trusted_proxies)
    }

    /// What has to be done now and then, until the gateway stops.
    pub(crate) async fn tend(&self) {
        let reload = async {
            if let Err(error) = self.reload_on_hangup().await {
                tracing::error!(service = "gateway", %error, "SIGHUP cannot be heard");
            }
        };
        let forget = async {
            let mut minutes = interval(FORGET_EVERY);
            loop {
                minutes.tick().await;
                self.limits.forget_the_idle();
                self.hub.forget_the_old();
            }
        };
        tokio::select! { () = self.context.stop.cancelled() => {}, ((), ()) = join(reload, forget) => {} }
    }

    /// Reads again what may change while the gateway runs, whenever the process gets SIGHUP. Where nothing may change, the
    /// signal keeps its usual meaning.
    async fn reload_on_hangup(&self) -> std::io::Result<()> {
        if self.context.config.gateway.routes_file.is_none() && self.certificate.is_none() {
            return Ok(());
        }
        let mut hangups = signal(SignalKind::hangup())?;
        while hangups.recv().await.is_some() {
            self.table.reload().await;
            if let Some(certificate) = &self.certificate {
                certificate.reload().await;
            }
        }
        Ok(())
    }
}
