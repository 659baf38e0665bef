//! Statements that a connection keeps prepared although diesel would not.

use diesel::{
    QueryResult, RunQueryDsl,
    backend::Backend,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
};

/// A statement whose text never varies, whatever its values are.
///
/// diesel prepares every `UPDATE` and every `DO UPDATE` anew, since the text of some depends on
/// which values are there; on PostgreSQL that is one more round trip each time. The text is the key
/// under which this one is kept, so a text that did vary would cost memory and never be wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prepared<Q>(pub(super) Q);

impl<Q> QueryId for Prepared<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Prepared<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, Conn> RunQueryDsl<Conn> for Prepared<Q> {}

impl<DB: Backend, Q: QueryFragment<DB>> QueryFragment<DB> for Prepared<Q> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}
