//! The SQL that a service runs, as its server's log tells it, and the same SQL as a script of `pgbench`.
//!
//! Nothing here is written by hand, so the comparison stays the same comparison when a service learns a better statement.

use std::fmt::Write;

/// A prepared statement that was run, with the values it was run with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    sql: String,
    parameters: Vec<String>,
}

/// The prepared statements of a role in a piece of log. BEGIN, SET and COMMIT are not among them: those belong to the wall.
pub(super) fn read(log: &str, role: &str) -> Vec<Statement> {
    let mut found: Vec<Statement> = Vec::new();
    for line in log.lines() {
        let Some((_, said)) = line.split_once(&format!("] {role} ")) else { continue };
        if let Some((_, sql)) = said.strip_prefix("LOG:  execute ").and_then(|said| said.split_once(": ")) {
            found.push(Statement { sql: sql.to_owned(), parameters: Vec::new() });
        } else if let (Some(list), Some(last)) = (said.strip_prefix("DETAIL:  parameters: "), found.last_mut()) {
            last.parameters = values(list);
        }
    }
    found
}

/// The values in a list such as `$1 = 'a', $2 = 'it''s'`.
fn values(mut list: &str) -> Vec<String> {
    let mut values = Vec::new();
    while let Some((_, rest)) = list.split_once(" = '") {
        let mut value = String::new();
        let mut letters = rest.char_indices().peekable();
        let mut end = rest.len();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\'' if letters.next_if(|(_, next)| *next == '\'').is_none() => {
                    end = at;
                    break;
                }
                letter => value.push(letter),
            }
        }
        values.push(value);
        list = rest.get(end..).unwrap_or_default();
    }
    values
}

/// One round of these statements, their parameters as variables.
pub(super) fn script(statements: &[Statement]) -> String {
    let mut script = String::new();
    for (which, Statement { sql, parameters }) in statements.iter().enumerate() {
        // From the last to the first: $1 is also the beginning of $10.
        let numbers = (1..=parameters.len()).rev();
        let sql = numbers
            .fold(sql.clone(), |sql, number| sql.replace(&format!("${number}"), &format!(":{}", name(which, number))));
        let _ = writeln!(script, "{sql};");
    }
    script
}

/// The variables of that script, as `name=value`.
pub(super) fn variables(statements: &[Statement]) -> Vec<String> {
    let all = statements.iter().enumerate();
    all.flat_map(|(which, statement)| {
        let numbered = statement.parameters.iter().zip(1..);
        numbered.map(move |(value, number)| format!("{}={value}", name(which, number)))
    })
    .collect()
}

fn name(statement: usize, parameter: usize) -> String {
    format!("s{statement}p{parameter}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
2026-11-21 12:00:00.000 UTC [7] catalog_app LOG:  statement: BEGIN; SET LOCAL app.tenant = 'x'\n\
2026-11-21 12:00:00.000 UTC [7] catalog_app LOG:  execute s1: SELECT a FROM t WHERE b = $1 AND c = $10 LIMIT $2\n\
2026-11-21 12:00:00.000 UTC [7] catalog_app DETAIL:  parameters: $1 = 'it''s', $2 = '51'\n\
2026-11-21 12:00:00.000 UTC [8] identity_app LOG:  execute s1: SELECT 1\n\
2026-11-21 12:00:00.000 UTC [7] catalog_app LOG:  statement: COMMIT\n";

    #[test]
    fn a_log_gives_the_prepared_statements_of_one_role_with_their_values() {
        let found = read(LOG, "catalog_app");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].parameters, ["it's", "51"]);
        assert_eq!(variables(&found), ["s0p1=it's", "s0p2=51"]);
    }

    #[test]
    fn a_script_names_the_values_it_was_run_with() {
        let one = |sql: &str| script(&[Statement { sql: sql.to_owned(), parameters: vec!["v".to_owned(); 10] }]);
        assert_eq!(one("SELECT $1, $10, $2"), "SELECT :s0p1, :s0p10, :s0p2;\n");
    }
}
