//! What can go wrong with the database, and what a caller may do about it.

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};

/// Why a store function has no answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something that must be unique exists already. The caller may tell the person.
    #[error("{0:?} is taken")]
    Conflict(Taken),
    /// A row breaks a rule: somebody changed it by hand, or a newer program wrote it.
    #[error("{table}.{column} of row {row} holds no valid value")]
    CorruptRow {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key. Never the value: it may be private.
        row: String,
    },
    /// The database refused, and trying again would not help.
    #[error("the database refused: {0}")]
    Database(#[source] Error),
    /// The database cannot be reached or is too busy. Trying again later helps: 503.
    #[error("the database cannot be reached or is too busy")]
    Unavailable,
}

/// What is unique and taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The person has an affiliation with the organization already.
    Affiliation,
    /// An authorization code was redeemed already (RFC 6749 §4.1.2).
    Code,
    /// The mail address belongs to another account (R24).
    EmailAddress,
    /// Somebody is nominated already.
    Nomination,
    /// The person's NPI belongs to another account.
    Npi,
    /// The passkey is somebody's already, perhaps this person's own.
    Passkey,
    /// Something whose name a person never sees: an identifier, a digest.
    Other,
    /// The number is registered (R43).
    TaxId,
    /// The User ID belongs to another account.
    UserId,
}

/// The constraint in PostgreSQL, the columns in SQLite's message, and what they keep unique.
const UNIQUE: [(&str, &str, Taken); 11] = [
    (
        "affiliation_not_ended_key",
        "affiliation.subscriber_id, affiliation.organization_id",
        Taken::Affiliation,
    ),
    ("factor_credential_id_key", "factor.credential_id", Taken::Passkey),
    ("nomination_email_normalized_key", "nomination.email_normalized", Taken::Nomination),
    ("nomination_npi_key", "nomination.npi", Taken::Nomination),
    ("nomination_subscriber_id_key", "nomination.subscriber_id", Taken::Nomination),
    ("nomination_user_id_key", "nomination.user_id", Taken::UserId),
    ("site_grant_code_digest_key", "site_grant.code_digest", Taken::Code),
    ("subscriber_email_normalized_key", "subscriber.email_normalized", Taken::EmailAddress),
    ("subscriber_npi_key", "subscriber.npi", Taken::Npi),
    ("subscriber_user_id_key", "subscriber.user_id", Taken::UserId),
    ("tax_id_fingerprint_key", "tax_id.fingerprint", Taken::TaxId),
];

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let Error::DatabaseError(kind, info) = &error else { return Self::Database(error) };
        if matches!(kind, DatabaseErrorKind::UniqueViolation) {
            Self::Conflict(taken(info.as_ref()))
        } else if info.message().starts_with("canceling statement due to") {
            Self::Unavailable // PostgreSQL's statement_timeout and lock_timeout
        } else {
            Self::Database(error)
        }
    }
}

fn taken(info: &(dyn DatabaseErrorInformation + Send + Sync)) -> Taken {
    let (name, message) = (info.constraint_name(), info.message());
    let violated = |(constraint, columns, _): &&(&str, &str, Taken)| match name {
        Some(name) => name == *constraint,
        None => message.ends_with(columns),
    };
    UNIQUE.iter().find(violated).map_or(Taken::Other, |(_, _, what)| *what)
}

// diesel knows no kind for some of what follows, so that only the text is left to go by. Servers
// that speak another language than English lose a retry by this, nothing more.
impl StoreError {
    /// Whether the same work may succeed when it is done anew at once: nothing was changed, and
    /// somebody else was in the way.
    pub(super) fn is_contention(&self) -> bool {
        self.kind() == Some(DatabaseErrorKind::SerializationFailure)
            || matches!(self.message(), Some("database is locked" | "deadlock detected"))
    }

    /// Whether it lies in what is kept, so that the same work fails again and other work may not.
    pub fn is_of_one_thing(&self) -> bool {
        match self {
            Self::Conflict(_) | Self::CorruptRow { .. } => true,
            Self::Database(_) | Self::Unavailable => false,
        }
    }

    /// Whether the connection may be what failed.
    pub(super) fn may_be_connection(&self) -> bool {
        matches!(self, Self::Database(Error::BrokenTransactionManager))
            || matches!(
                self.kind(),
                Some(
                    DatabaseErrorKind::ClosedConnection
                        | DatabaseErrorKind::UnableToSendCommand
                        | DatabaseErrorKind::Unknown
                )
            )
    }

    /// Whether the server has become one that only reads, after a failover.
    pub(super) fn is_standby(&self) -> bool {
        self.kind() == Some(DatabaseErrorKind::ReadOnlyTransaction)
    }

    const fn kind(&self) -> Option<DatabaseErrorKind> {
        match self {
            Self::Database(Error::DatabaseError(kind, _)) => Some(*kind),
            Self::Conflict(_) | Self::CorruptRow { .. } | Self::Database(_) | Self::Unavailable => {
                None
            }
        }
    }

    fn message(&self) -> Option<&str> {
        match self {
            Self::Database(Error::DatabaseError(_, info)) => Some(info.message()),
            Self::Conflict(_) | Self::CorruptRow { .. } | Self::Database(_) | Self::Unavailable => {
                None
            }
        }
    }
}
