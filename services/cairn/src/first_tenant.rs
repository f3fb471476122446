//! The first tenant of a new platform, and its administrator's password.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cairn::operator::{NewTenant, create_tenant};
use kernel::config::Config;

const LOGIN: &str = "admin";

/// Makes the first tenant unless `.cairn/admin` says that there is one. Returns the password when it is new.
pub(crate) async fn ensure(config: &Config, data: &Path) -> Result<Option<String>, Box<dyn std::error::Error>> {
    let file = data.join("admin");
    if file.exists() {
        return Ok(None);
    }
    let mut bytes = [0; 18];
    getrandom::fill(&mut bytes)?;
    let password = URL_SAFE_NO_PAD.encode(bytes);
    // Written first, under another name: killed between the two steps, we would have a tenant nobody can enter.
    let draft = data.join("admin.new");
    let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    writeln!(out, "login={LOGIN}\npassword={password}")?;
    out.sync_all()?;
    let tenant = NewTenant {
        name: "First tenant",
        owner_email: "admin@cairn.local",
        owner_username: LOGIN,
        owner_name: "Administrator",
        owner_password: &password,
        must_change_password: false,
    };
    create_tenant(config, &tenant).await?;
    std::fs::rename(&draft, &file)?;
    Ok(Some(password))
}
