//! `cairn settings`: the table of the README, from the list the program itself uses.

use std::process::ExitCode;

use kernel::config::SETTINGS;

pub(crate) fn print() -> Result<ExitCode, Box<dyn std::error::Error>> {
    print!("{}", table());
    Ok(ExitCode::SUCCESS)
}

fn table() -> String {
    let for_operators = SETTINGS.iter().filter(|setting| !setting.name.starts_with("CAIRN_TEST_"));
    let rows = for_operators.map(|setting| {
        let default = if setting.default.is_empty() { String::new() } else { format!("`{}`", setting.default) };
        format!("| `{}` | {default} | {} |\n", setting.name, setting.meaning)
    });
    std::iter::once("| setting | default | meaning |\n|---|---|---|\n".to_owned()).chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_this_table() {
        let readme = include_str!("../../../README.md");
        assert!(readme.contains(&table()), "put what `cairn settings` prints into the README");
    }
}
