//! `cairn settings`: the table of the README, from the list the program itself uses.

use std::process::ExitCode;

use kernel::config::SETTINGS;

pub(crate) fn print() -> Result<ExitCode, Box<dyn std::error::Error>> {
    println!("| setting | default | meaning |\n|---|---|---|");
    for setting in SETTINGS {
        let default = if setting.default.is_empty() { String::new() } else { format!("`{}`", setting.default) };
        println!("| `{}` | {default} | {} |", setting.name, setting.meaning);
    }
    Ok(ExitCode::SUCCESS)
}
