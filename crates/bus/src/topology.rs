//! Exchange, queues and bindings: the one static list, declared by every process before it publishes, so that it does
//! not matter who starts first.

/// A durable queue of one service for one purpose.
#[derive(Debug, PartialEq, Eq)]
pub struct Queue {
    /// `<service>.<purpose>`; also the consumer's name in the inbox.
    pub name: &'static str,
    /// The routing keys it takes.
    pub bindings: &'static [&'static str],
}

impl Queue {
    /// The service that consumes it.
    #[must_use]
    pub fn service(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(service, _)| service)
    }

    /// Whether an event with this routing key reaches this queue.
    #[must_use]
    pub fn takes(&self, key: &str) -> bool {
        self.bindings.iter().any(|binding| matches(binding, key))
    }
}

/// Every event goes to this topic exchange.
pub const EXCHANGE: &str = "cairn.events";

const FORGOTTEN: &[&str] = &["identity.tenant.deleted"];

/// Every durable queue there is.
pub static QUEUES: &[Queue] = &[
    // The audit trail hears everything: this is also what makes `mandatory` publishing safe for events nobody else wants.
    Queue { name: "identity.audit", bindings: &["#"] },
    // What a tenant leaves behind when its days of grace are over.
    Queue { name: "catalog.tenants", bindings: FORGOTTEN },
    Queue { name: "adoption.tenants", bindings: FORGOTTEN },
    Queue { name: "telemetry.tenants", bindings: FORGOTTEN },
    Queue { name: "workflow.tenants", bindings: FORGOTTEN },
    Queue { name: "helpdesk.tenants", bindings: FORGOTTEN },
    Queue { name: "gateway.tenants", bindings: FORGOTTEN },
    // Whoever owns what people lock to edit it learns of the locks; a lock ends with its session.
    Queue { name: "identity.edit-locks", bindings: &["identity.session.revoked"] },
    Queue { name: "catalog.edit-locks", bindings: &["identity.edit-lock.*"] },
    Queue { name: "adoption.edit-locks", bindings: &["identity.edit-lock.*"] },
    // Likewise of what is granted to whom.
    Queue { name: "catalog.grants", bindings: &["identity.grant.*"] },
    Queue { name: "adoption.grants", bindings: &["identity.grant.*"] },
    Queue { name: "telemetry.grants", bindings: &["identity.grant.*"] },
    // Telemetry learns whose an assignment is, and which attributes its plan has.
    Queue { name: "telemetry.plans", bindings: &["adoption.assignment.*", "adoption.customer-task.*"] },
    // Adoption learns how far each product has come.
    Queue { name: "adoption.catalog", bindings: &["catalog.#"] },
    // Adoption learns what the values say about a customer task.
    Queue { name: "adoption.facts", bindings: &["telemetry.task-facts.*"] },
];

/// The queue of a name.
#[must_use]
pub fn queue(name: &str) -> Option<&'static Queue> {
    QUEUES.iter().find(|queue| queue.name == name)
}

/// The queues of one service that an event with this routing key reaches.
pub fn consumers_of<'a>(service: &'a str, key: &'a str) -> impl Iterator<Item = &'static Queue> + 'a {
    QUEUES.iter().filter(move |queue| queue.service() == service && queue.takes(key))
}

/// AMQP's topic matching: `*` is one word, `#` any number of them.
fn matches(binding: &str, key: &str) -> bool {
    fn words(binding: &[&str], key: &[&str]) -> bool {
        match (binding.split_first(), key.split_first()) {
            (None, None) => true,
            (Some((&"#", rest)), _) => {
                words(rest, key) || key.split_first().is_some_and(|(_, tail)| words(binding, tail))
            }
            (Some((word, rest)), Some((first, tail))) => (*word == "*" || word == first) && words(rest, tail),
            _ => false,
        }
    }
    words(&binding.split('.').collect::<Vec<_>>(), &key.split('.').collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bindings_match_as_the_broker_does() {
        assert!(matches("#", "catalog.product.created"));
        assert!(matches("adoption.customer-task.*", "adoption.customer-task.changed"));
        assert!(!matches("adoption.customer-task.*", "adoption.customer-task"));
        assert!(!matches("adoption.*", "adoption.customer-task.changed"));
    }

    #[test]
    fn every_event_has_a_consumer_and_every_binding_an_event() {
        let events = contracts::events();
        assert!(events.iter().all(|event| QUEUES.iter().any(|queue| queue.takes(event.key))));
        for queue in QUEUES {
            for binding in queue.bindings {
                assert!(events.iter().any(|event| matches(binding, event.key)), "{binding} matches no event type");
            }
        }
    }
}
