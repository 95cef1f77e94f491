//! Several statements as one. A message to the server and its answer cost about as much as a small statement itself, on
//! both sides: a system call each, and a process that wakes the other one.

use super::rows::{Param, Statement};

/// Returns selects with the same columns as one. Their rows come in any order (PostgreSQL, "Combining Queries").
pub(super) fn union(selects: Vec<Statement>) -> Statement {
    let (texts, params) = numbered(selects);
    (format!("({})", texts.join(") UNION ALL (")).into(), params)
}

/// Returns statements that write, each other rows, as one. All see the tables as they were before it (PostgreSQL, "Data-Modifying
/// Statements in WITH"): none may need what another one of them writes.
pub(super) fn together(writes: Vec<Statement>) -> Option<Statement> {
    let (mut texts, params) = numbered(writes);
    let last = texts.pop()?;
    if texts.is_empty() {
        return Some((last.into(), params));
    }
    let parts: Vec<String> = texts.iter().enumerate().map(|(n, text)| format!("w{n} AS ({text})")).collect();
    Some((format!("WITH {} {last}", parts.join(", ")).into(), params))
}

/// Returns the texts with parameters that are counted through, and these parameters.
fn numbered(statements: Vec<Statement>) -> (Vec<String>, Vec<Param>) {
    let mut all = Vec::new();
    let texts = statements.into_iter().map(|(sql, params)| {
        let text = shifted(&sql, all.len());
        all.extend(params);
        text
    });
    (texts.collect(), all)
}

/// Returns a text whose `$n` is `$(n + by)`. None of our texts has a `$` for anything else.
fn shifted(sql: &str, by: usize) -> String {
    let mut parts = sql.split('$');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        let number: usize = number.parse().expect("a parameter has a number");
        text.push_str(&format!("${}{rest}", number + by));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(sql: &'static str, params: usize) -> Statement {
        (sql.into(), (0..params).map(|_| Param::number(1)).collect())
    }

    #[test]
    fn parameters_are_counted_through() {
        let (sql, params) =
            union(vec![select("SELECT $1, $2", 2), select("SELECT 1", 0), select("SELECT $1", 1)]);
        assert_eq!(sql, "(SELECT $1, $2) UNION ALL (SELECT 1) UNION ALL (SELECT $3)");
        assert_eq!(params.len(), 3);
        let ten = "UPDATE t SET a = $1, b = $10 WHERE c = $2";
        let (sql, params) =
            together(vec![select("DELETE FROM u WHERE d = $1", 1), select(ten, 10)]).expect("one");
        assert_eq!(sql, "WITH w0 AS (DELETE FROM u WHERE d = $1) UPDATE t SET a = $2, b = $11 WHERE c = $3");
        assert_eq!(params.len(), 11);
        assert_eq!(together(vec![select("SELECT $1", 1)]).expect("one").0, "SELECT $1");
        assert!(together(Vec::new()).is_none());
    }
}
