//! What is forgotten about people a year after it is over.

use diesel::{RunQueryDsl as _, connection::SimpleConnection as _, sql_query, sql_types::BigInt};

use super::{TestDatabase, samples::*};
use crate::store::{AnyConn, StoreError, retention};

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn left(conn: &mut AnyConn, table: &str) -> Result<i64, StoreError> {
    Ok(sql_query(format!("SELECT count(*) AS count FROM {table}")).get_result::<Count>(conn)?.count)
}

/// Of each kind what was over on day 1, what was on day 3, and what is not over.
fn community_with_a_past(conn: &mut AnyConn) -> Result<(), StoreError> {
    community(conn)?;
    let (first, third) = (at(1).timestamp_millis(), at(3).timestamp_millis());
    let nominated = |id: &str, state: &str, settled_at: i64| {
        format!(
            "INSERT INTO nomination (id, organization_id, affiliation_id, subscriber_id, user_id, email,
                email_normalized, nominated_at, state, settled_at, failures, codes, details)
            VALUES ('nom_{id}', 'org_clinic', 'aff_{id}', 'sub_{id}', '{id}', '{id}@a.example',
                '{id}@a.example', 0, '{state}', {settled_at}, 0, 0, '{{}}');"
        )
    };
    let ticket = |id: &str, state: &str, settled_at: &str, by: &str| {
        format!(
            "INSERT INTO ticket (id, kind, state, assignee_id, details, opened_at, settled_at)
            VALUES ('tkt_{id}', 'contact', '{state}', {by}, '{{}}', 0, {settled_at});
            INSERT INTO ticket_message (ticket_id, number, said_at, text)
            VALUES ('tkt_{id}', 1, 0, 'Please call me.');"
        )
    };
    let call = |id: &str, checked_at: i64| {
        format!(
            "INSERT INTO caller_check (id, subscriber_id, purpose, checked_by, checked_at, answers)
            VALUES ('chk_{id}', 'sub_ann', 'code', 'sub_ben', {checked_at}, '{{}}');"
        )
    };
    conn.batch_execute(
        &[
            nominated("a", "expired", first),
            nominated("b", "withdrawn", first),
            nominated("c", "withdrawn", third),
            nominated("d", "activated", first),
            ticket("a", "closed", &first.to_string(), "NULL"),
            ticket("b", "closed", &third.to_string(), "NULL"),
            ticket("c", "resolved", &first.to_string(), "'sub_ben'"),
            ticket("d", "new", "NULL", "NULL"),
            call("a", first),
            call("b", third),
        ]
        .concat(),
    )?;
    Ok(())
}

#[tokio::test]
async fn whoever_never_came_or_only_asked_is_forgotten_in_time_and_nobody_else() {
    for database in TestDatabase::each() {
        database.write(community_with_a_past).await;
        let swept = database.write(|conn| retention::sweep(conn, at(2))).await;
        assert_eq!(swept, 4);
        let tables = ["nomination", "ticket", "ticket_message", "caller_check"];
        let left = database
            .write(move |conn| tables.iter().map(|table| left(conn, table)).collect())
            .await;
        let left: Vec<i64> = left;
        assert_eq!(left, [2, 3, 3, 1]);
    }
}
