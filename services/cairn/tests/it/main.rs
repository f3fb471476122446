//! Every HTTP test of the platform, through the gateway, against real Postgres and RabbitMQ: one binary, one link step.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod adoption;
mod catalog;
mod checked;
mod company;
mod cookies;
mod database;
mod demo;
mod doctor;
mod faults;
mod gateway;
mod identity;
mod jobs;
mod kill;
mod live;
mod observability;
mod signed_in;
mod story;
mod support;
mod telemetry;
mod walls;
