//! The plans of all statements on a million users, with statistics and without: each uses an index or reads few rows. A
//! database has no statistics in the first minute, or after an import or an upgrade of the server.
//!
//! The callers of the kit ask for the plan of each statement the first times they see it, each time with its parameters, and
//! again if others are left out. PostgreSQL uses a plan that ignores the parameters only if it expects it to be cheaper.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use gatewright_postgres::Postgres;
use gatewright_storage_postgres::{Executor as _, Statement, Value};
use gatewright_tests::postgres::{Database, PostgresServer};

/// The tables that grow with the number of users.
const LARGE: [&str; 10] = [
    "users",
    "user_terms",
    "credentials",
    "identities",
    "user_roles",
    "one_time_secrets",
    "sessions",
    "refresh_tokens",
    "limits",
    "audit_events",
];

/// The cost up to which a plan is cheap, in PostgreSQL's unit: a page that is read. Reading a table of a million rows costs
/// more than 10000.
const CHEAP: f64 = 5000.0;

/// The cost for each row of the result up to which a page of a list is cheap.
const CHEAP_ROW: f64 = 500.0;

/// Ten thousand users and what belongs to them. All times are after those of the kit, so that nothing has expired for it.
const FILL: &[&str] = &[
    "INSERT INTO users (id, email, email_key, email_verified_at, username, username_key, display_name, profile, disabled_at,
        created_at, updated_at, last_login_at)
        SELECT 'u' || n, n || '@example.com', n || '@example.com', CASE WHEN n % 7 > 0 THEN t END, 'name' || n, 'name' || n, 'Name ' || n, '{}',
            CASE WHEN n % 1000 = 0 THEN t END, t, t, CASE WHEN n % 10 > 0 THEN t END
        FROM generate_series(1, 10000) AS n, LATERAL (SELECT 4733510400000 + n * 1000::bigint AS t) AS time",
    "INSERT INTO user_terms (term, user_id) SELECT 'name' || id, id FROM users UNION ALL SELECT 'n' || email, id FROM users",
    "INSERT INTO credentials (id, user_id, kind, secret, created_at, updated_at)
        SELECT 'p' || id, id, 'password', 'hash', created_at, created_at FROM users",
    "INSERT INTO credentials (id, user_id, kind, secret, created_at, updated_at)
        SELECT 't' || id, id, 'totp', 'sealed', created_at, created_at FROM users WHERE created_at % 10000 = 0",
    "INSERT INTO identities (issuer, subject, user_id, provider, created_at)
        SELECT 'https://provider' || created_at / 1000 % 3, id, id, 'provider' || created_at / 1000 % 3, created_at FROM users
        WHERE created_at % 2000 = 0",
    "INSERT INTO user_roles (user_id, role_id) SELECT users.id, roles.id FROM users JOIN roles ON roles.name = 'user'
        OR (roles.name IN ('verified', 'premium') AND users.created_at % 10000 = 0)
        OR (roles.name IN ('superadmin', 'admin', 'moderator') AND users.created_at % 5000000 = 0)",
    "INSERT INTO one_time_secrets (digest, purpose, user_id, payload, created_at, expires_at)
        SELECT 'd' || id, 'reset_password', id, '{}', created_at, created_at + 3600000 FROM users WHERE created_at % 5000 = 0",
    "INSERT INTO sessions (id, user_id, amr, authenticated_at, created_at, last_seen_at, expires_at, token)
        SELECT n || id, id, '{pwd}', created_at, created_at, created_at, created_at + 2592000000,
            CASE WHEN n = 1 THEN 't' || id END
        FROM users CROSS JOIN generate_series(1, 2) AS n",
    "UPDATE sessions SET actor_id = 'u5000', parent_id = '1u5000' WHERE created_at % 1000000 = 0",
    "UPDATE sessions SET revoked_at = created_at, revocation_reason = 'logout' WHERE created_at % 3000 = 0",
    "INSERT INTO refresh_tokens (digest, session_id, expires_at, names_session)
        SELECT n || id, id, expires_at, true FROM sessions CROSS JOIN generate_series(1, 2) AS n",
    "INSERT INTO limits (key, count, resets_at) SELECT 'login:' || id, 1, created_at FROM users",
    "INSERT INTO audit_events (id, at, kind, actor_id, target_type, target_id, details)
        SELECT n || id, created_at + n, 'kind.of' || (created_at / 1000 + n) % 20, id, 'user', id, '{}'
        FROM users CROSS JOIN generate_series(1, 5) AS n",
    "INSERT INTO event_counts (kind, reason, shard, count)
        SELECT 'kind.of' || n, '', shard, 1 FROM generate_series(0, 19) AS n, generate_series(0, 15) AS shard",
    "ANALYZE",
];

/// Returns the URL of a database that seems to have a million users, with statistics of their values or without.
pub(crate) fn database(with_statistics: bool) -> String {
    static DATABASES: [OnceLock<Database>; 2] = [OnceLock::new(), OnceLock::new()];
    let database = DATABASES[usize::from(with_statistics)].get_or_init(|| {
        let database = PostgresServer::shared().database();
        let connections = database.connect();
        connections.run(FILL).unwrap();
        // A hundred times as many rows on each page.
        let names = LARGE.map(|name| format!("'{name}'")).join(", ");
        let scale = format!(
            "UPDATE pg_class SET reltuples = reltuples * 100 WHERE relname IN ({names})
                OR oid IN (SELECT indexrelid FROM pg_index JOIN pg_class AS large ON large.oid = indrelid
                    WHERE large.relname IN ({names}))"
        );
        connections.run(&[&scale]).unwrap();
        if !with_statistics {
            connections.run(&["DELETE FROM pg_statistic"]).unwrap();
        }
        database
    });
    database.url()
}

/// How many times a process asks for the plan of a statement with the same parameters left out. The plan depends on the
/// parameters.
const TIMES: u32 = 2;

/// The databases that are asked for plans: one without statistics, and one with them.
pub(crate) type Planners = [Postgres; 2];

/// How often a statement was seen with these parameters left out.
type Seen = HashMap<(String, Vec<bool>), u32>;

/// Returns the costly plan of a statement that was seen less than [`TIMES`] times before with the same parameters left out,
/// if it has one.
pub(crate) async fn costly(planners: &Planners, statement: &Statement) -> Option<String> {
    static SEEN: Mutex<Option<Seen>> = Mutex::new(None);
    let left_out = |value: &Value| matches!(value, Value::Null);
    let shape = statement.parameters.iter().map(left_out).collect();
    let times = {
        let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.get_or_insert_default();
        let times = seen.entry((statement.sql.to_string(), shape)).or_default();
        *times += 1;
        *times
    };
    if times > TIMES {
        return None;
    }
    for (planner, with_statistics) in planners.iter().zip([false, true]) {
        let plan = costly_on(planner, with_statistics, statement).await;
        if plan.is_some() {
            return plan;
        }
    }
    None
}

async fn costly_on(
    planner: &Postgres,
    with_statistics: bool,
    statement: &Statement,
) -> Option<String> {
    let sql = &statement.sql;
    let explain = Statement {
        sql: format!("EXPLAIN {sql}").into(),
        parameters: statement.parameters.clone(),
    };
    let rows = planner.query(explain).await.unwrap();
    let lines: Vec<String> = rows
        .into_iter()
        .flat_map(|row| row.into_values())
        .map(|line| match line {
            Value::Text(line) => line,
            _ => panic!("a line of a plan"),
        })
        .collect();
    let (all, rows) = cost(&lines[0]);
    // Without statistics, the numbers of rows are no estimates.
    let is_long = all > CHEAP && all > CHEAP_ROW * rows && with_statistics;
    let reads_much = |line: &String| {
        let table = line.split_once(" on ").filter(|_| line.contains("Scan"));
        let name = table.and_then(|(_, name)| name.split(' ').next());
        let is_large = name.is_some_and(|name| LARGE.contains(&name));
        is_large && cost(line).0 > CHEAP && (line.contains("Seq Scan") || is_long)
    };
    let reads_much = lines.iter().any(reads_much);
    reads_much.then(|| format!("{sql}\nhas the plan\n{}", lines.join("\n")))
}

/// Reads the whole cost and the number of rows in a line of a plan.
fn cost(line: &str) -> (f64, f64) {
    let (_, numbers) = line.split_once("..").unwrap();
    let mut numbers = numbers.split([' ', '=']);
    let cost = numbers.next().unwrap().parse().unwrap();
    (cost, numbers.nth(1).unwrap().parse().unwrap())
}

/// Without an index, the plan of a statement is costly.
#[test]
fn a_table_that_is_read_as_a_whole_is_costly() {
    let urls = [false, true].map(database);
    // Reads few rows if the first ones are found soon, and otherwise all.
    let hopeful = "SELECT 1 FROM users WHERE display_name IS NOT NULL LIMIT 10";
    for (sql, is_costly) in [
        (hopeful, true),
        ("SELECT 1 FROM users WHERE display_name = 'Ada'", true),
        ("SELECT count(*) FROM users WHERE id > 'a'", true),
        ("SELECT 1 FROM users WHERE id = 'u1'", false),
        ("SELECT 1 FROM users ORDER BY created_at LIMIT 10", false),
    ] {
        let urls = urls.clone();
        let costly = gatewright_tests::postgres::wait_for(async move {
            let planners = urls.map(|url| {
                let address = gatewright_postgres::Address::parse(&url).unwrap();
                Postgres::new(&address, &Default::default()).unwrap()
            });
            costly(&planners, &Statement::new(sql, vec![])).await
        });
        assert_eq!(costly.is_some(), is_costly, "{sql}: {costly:?}");
    }
}
