//! `hilum site rotate-secret`.

use idp_core::{
    audit::Kind, community::site::ClientAuthentication, ids::SiteId, secret::SecretDigest,
};
use serde_json::json;

use super::{Desk, show, unknown};
use crate::{
    cli::{Failure, database::failed},
    store::{AnyConn, audit, site},
};

/// How a secret gives way to the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The old one is worthless at once.
    AtOnce,
    /// No new one; the newest is the only one.
    Finish,
    /// Both are accepted.
    Overlap,
}

impl Turn {
    /// The secrets that are accepted from now on, the newest first.
    fn of(self, old: &[SecretDigest], new: SecretDigest) -> Vec<SecretDigest> {
        match self {
            Self::AtOnce => vec![new],
            Self::Finish => old.iter().take(1).copied().collect(),
            Self::Overlap => std::iter::once(new).chain(old.iter().take(1).copied()).collect(),
        }
    }
}

/// What became of a rotation.
enum Rotated {
    Done,
    NoSecret,
    Unknown,
}

/// Gives a site a new secret, or takes the old one away.
pub(super) async fn rotate(desk: Desk, id: SiteId, turn: Turn) -> Result<(), Failure> {
    let secret = desk.random.secret();
    let (digest, now) = (secret.digest(), desk.ending.now);
    let event = desk.event(Kind::SiteSecretRotated, &id);
    let wanted = id.clone();
    let write = move |conn: &mut AnyConn| {
        let Some(mut found) = site::load_for_update(conn, &wanted)? else {
            return Ok(Rotated::Unknown);
        };
        let Some(client) = found.client_mut() else { return Ok(Rotated::NoSecret) };
        let secrets = match &mut client.authentication {
            ClientAuthentication::ClientSecretBasic { secrets }
            | ClientAuthentication::ClientSecretPost { secrets } => secrets,
            ClientAuthentication::None | ClientAuthentication::PrivateKeyJwt { .. } => {
                return Ok(Rotated::NoSecret);
            }
        };
        *secrets = turn.of(secrets, digest);
        let accepted = secrets.len();
        site::update(conn, &found, now)?;
        audit::record(conn, &[event.clone().after(json!({ "accepted_secrets": accepted }))])?;
        Ok(Rotated::Done)
    };
    match desk.db.write(write).await.map_err(|error| failed(&error))? {
        Rotated::Done => {}
        Rotated::NoSecret => {
            return Err(Failure::new(
                format!("{id} has no secret: it is a public client or signs assertions"),
                "Nothing was changed.",
            ));
        }
        Rotated::Unknown => return Err(unknown(&id)),
    }
    show(&id, (turn != Turn::Finish).then_some(&secret));
    eprintln!(
        "{}",
        match turn {
            Turn::AtOnce => "The old secret is worthless within a second.",
            Turn::Finish => "Only the newest secret is accepted, within a second.",
            Turn::Overlap => {
                "The old secret is accepted as well. Run the command with --finish when the site \
                 has the new one."
            }
        }
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_secret_stays_only_if_that_was_asked() {
        let [a, b, c] = ["a", "b", "c"].map(SecretDigest::of);
        for (turn, old, expected) in [
            (Turn::AtOnce, vec![a], vec![c]),
            (Turn::AtOnce, vec![b, a], vec![c]),
            (Turn::Overlap, vec![a], vec![c, a]),
            (Turn::Overlap, vec![b, a], vec![c, b]),
            (Turn::Finish, vec![b, a], vec![b]),
            (Turn::Finish, vec![a], vec![a]),
        ] {
            assert_eq!(turn.of(&old, c), expected, "{turn:?} {}", old.len());
        }
    }
}
