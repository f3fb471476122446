//! Making tenants: the first one of `cairn up`, and those an operator asks for.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cairn::operator::{NewTenant, create_tenant};
use kernel::config::Config;

const LOGIN: &str = "admin";

/// A tenant and its first owner.
#[derive(Debug, clap::Args)]
pub(crate) struct Wanted {
    /// What the organisation is called.
    #[arg(long)]
    name: String,
    /// The owner's e-mail address.
    #[arg(long, value_name = "ADDRESS")]
    owner_email: String,
    /// The owner's user name.
    #[arg(long, value_name = "NAME")]
    owner_username: String,
    /// What to call the owner; default: the user name.
    #[arg(long, value_name = "NAME")]
    owner_name: Option<String>,
    /// Read the owner's password from standard input. Without it one is made, printed once, and must be changed at the
    /// first sign-in.
    #[arg(long)]
    password_stdin: bool,
}

/// Makes a tenant on the running platform.
pub(crate) async fn create(config: &Config, wanted: &Wanted) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let given = if wanted.password_stdin { Some(std::io::read_to_string(std::io::stdin())?) } else { None };
    let password = match &given {
        Some(given) => given.trim_end_matches(['\r', '\n']).to_owned(),
        None => fresh_password()?,
    };
    let tenant = NewTenant {
        name: &wanted.name,
        owner_email: &wanted.owner_email,
        owner_username: &wanted.owner_username,
        owner_name: wanted.owner_name.as_deref().unwrap_or(&wanted.owner_username),
        owner_password: &password,
        must_change_password: given.is_none(),
    };
    let made = create_tenant(config, &tenant).await?;
    let made = made.ok_or("somebody has this e-mail address or user name already: choose others")?;
    println!("tenant={}\nlogin={}", made.tenant_id, wanted.owner_username);
    if given.is_none() {
        println!("password={password}");
    }
    Ok(ExitCode::SUCCESS)
}

/// How the first administrator signs in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FirstSignIn {
    /// With this password, made just now and kept in `<data>/admin`.
    New(String),
    /// With the password that `<data>/admin` has had before.
    Kept,
    /// With a password that is not here: the database has an administrator, this folder does not know of one.
    Elsewhere,
}

/// Makes the first tenant unless `<data>/admin` says that there is one.
pub(crate) async fn ensure_first(config: &Config, data: &Path) -> Result<FirstSignIn, Box<dyn std::error::Error>> {
    let file = data.join("admin");
    if file.exists() {
        return Ok(FirstSignIn::Kept);
    }
    // Written first, under another name: killed after the tenant was made, we find its password here and nowhere else.
    let draft = data.join("admin.new");
    let earlier = std::fs::read_to_string(&draft).ok().and_then(|text| password_in(&text));
    let begun = earlier.is_some();
    let password = match earlier {
        Some(password) => password,
        None => {
            let password = fresh_password()?;
            let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
            writeln!(out, "login={LOGIN}\npassword={password}")?;
            out.sync_all()?;
            password
        }
    };
    let tenant = NewTenant {
        name: "First tenant",
        owner_email: "admin@cairn.local",
        owner_username: LOGIN,
        owner_name: "Administrator",
        owner_password: &password,
        must_change_password: false,
    };
    if create_tenant(config, &tenant).await?.is_none() && !begun {
        std::fs::remove_file(&draft)?;
        return Ok(FirstSignIn::Elsewhere);
    }
    std::fs::rename(&draft, &file)?;
    Ok(FirstSignIn::New(password))
}

/// The password in a file of ours; `None` when the file was not written to its end.
fn password_in(text: &str) -> Option<String> {
    let line = text.strip_suffix('\n')?.lines().find_map(|line| line.strip_prefix("password="))?;
    Some(line.to_owned())
}

fn fresh_password() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 18];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_read_from_a_whole_file_only() {
        assert_eq!(password_in("login=admin\npassword=secret\n"), Some("secret".to_owned()));
        for cut in ["", "login=admin\n", "login=admin\npassword=sec"] {
            assert_eq!(password_in(cut), None, "{cut:?}");
        }
    }
}
