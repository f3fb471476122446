//! A platform of one's own, with a tenant and its administrator.

use std::future::Future;
use std::rc::Rc;

use cairn::Platform;
use cairn::operator::{NewTenant, create_tenant};
use kernel::Clock;
use kernel::config::Config;
use serde_json::json;
use testkit::{Client, Response, TestWorld};

/// The password of every test's administrator.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A running platform with everything a test may want.
pub(crate) struct Stage {
    /// The platform.
    pub(crate) platform: Platform,
    /// Its database and broker.
    pub(crate) world: TestWorld,
    /// Its clock.
    pub(crate) clock: Clock,
    /// Somebody who is not signed in.
    pub(crate) anonymous: Client,
    /// The owner of the first tenant.
    pub(crate) admin: Client,
    login: String,
}

impl Stage {
    /// Another tenant, by its owner.
    pub(crate) async fn another_tenant(&self) -> Client {
        owner(&self.platform.config, &self.anonymous).await
    }

    /// The answer to the owner of the first tenant, who signs in again.
    pub(crate) async fn sign_in_again(&self) -> Response {
        let command = json!({ "login": self.login, "password": PASSWORD });
        self.anonymous.post("/identity/v1/sessions", &command).await
    }

    /// The owner of the first tenant, signed in again: a token does not survive a leap of the clock.
    pub(crate) async fn another_session(&self) -> Client {
        self.anonymous.sign_in(&self.login, PASSWORD).await
    }
}

/// Runs a test on a platform of its own, and takes the platform down again when it has passed.
pub(crate) fn on_stage<F: Future<Output = ()>>(test: impl FnOnce(Rc<Stage>) -> F) {
    on_prepared_stage(|_| (), |stage, ()| test(stage));
}

/// As [`on_stage`], for one who asks for more at once without a token than an address may.
pub(crate) fn on_patient_stage<F: Future<Output = ()>>(test: impl FnOnce(Rc<Stage>) -> F) {
    on_prepared_stage(|world| world.set("CAIRN_RATE_ADDRESS", "1000"), |stage, ()| test(stage));
}

/// As [`on_stage`], with something done to the world before the platform starts: a proxy, other limits.
pub(crate) fn on_prepared_stage<T, F: Future<Output = ()>>(
    prepare: impl FnOnce(&mut TestWorld) -> T,
    test: impl FnOnce(Rc<Stage>, T) -> F,
) {
    actix_web::rt::System::new().block_on(async {
        let mut world = testkit::world(&cairn::migrations());
        let prepared = prepare(&mut world);
        observe::start(&world.config.observe, "test");
        let clock = Clock::adjustable();
        let platform = Platform::start(world.config.clone(), &clock).expect("a platform");
        let anonymous = Client::anonymous(&platform.gateway);
        anonymous.get_until("/readyz", |answer| answer.status == 200).await.expect(200);
        let login = new_tenant(&platform.config).await;
        let admin = anonymous.sign_in(&login, PASSWORD).await;
        let stage = Rc::new(Stage { platform, world, clock, anonymous, admin, login });
        test(Rc::clone(&stage), prepared).await;
        let Ok(stage) = Rc::try_unwrap(stage).map_err(|_| ()) else { panic!("the test kept the stage") };
        stage.platform.stop().await;
        stage.world.end().await;
    });
}

/// Makes a tenant and signs its owner in.
pub(crate) async fn owner(config: &Config, anonymous: &Client) -> Client {
    anonymous.sign_in(&new_tenant(config).await, PASSWORD).await
}

/// Makes a tenant; returns its owner's user name.
async fn new_tenant(config: &Config) -> String {
    let name = format!("owner-{}", kernel::UserId::fresh().0.simple());
    let tenant = NewTenant {
        name: "Northwind",
        owner_email: &format!("{name}@example.com"),
        owner_username: &name,
        owner_name: "Olivia Owner",
        owner_password: PASSWORD,
        must_change_password: false,
    };
    create_tenant(config, &tenant).await.expect("an answer").expect("a tenant");
    name
}
