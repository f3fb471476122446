//! Every HTTP test of the platform, through the gateway, against real Postgres and RabbitMQ: one binary, one link step.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod adoption;
mod audit;
mod authenticator;
mod bookmarks;
mod catalog;
mod checked;
mod company;
mod cookies;
mod database;
mod demo;
mod departments;
mod doctor;
mod edit_locks;
mod escalation;
mod faults;
mod gateway;
mod grants;
mod identity;
mod jobs;
mod kill;
mod live;
mod mailbox;
mod observability;
mod partners;
mod passkeys;
mod people;
mod quotas;
mod second_factors;
mod signed_in;
mod story;
mod support;
mod telemetry;
mod tenants;
mod walls;
