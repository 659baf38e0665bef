//! One audit event, and the bytes that stand for it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::kind::Kind;
use super::seal::Sha256;
use crate::ids::{EventId, OrganizationId, SessionId, SiteId, SubscriberId};

/// The first bytes of every event's canonical form. Another form gets another name, so that no two
/// forms can ever give the same bytes.
const FORM: &[u8] = b"hilum-audit-event-1";

/// Something that happened, told so that it can be understood years later.
///
/// It names, and never holds what opens a door: no password, code, token or cookie, nor what was
/// typed in place of a User ID, which is sometimes a password.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Which event.
    pub id: EventId,
    /// When it happened; whole milliseconds count.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: Kind,
    /// Who did it.
    pub actor: Actor,
    /// For which organization the actor acted.
    pub organization: Option<OrganizationId>,
    /// To whom it happened.
    pub subject: Option<SubscriberId>,
    /// In which session.
    pub session: Option<SessionId>,
    /// At, or to, which site.
    pub site: Option<SiteId>,
    /// From which address.
    pub address: Option<IpAddr>,
    /// How it was before, where something changed.
    pub before: Option<Value>,
    /// How it is now, or what else there is to tell.
    pub after: Option<Value>,
    /// Why.
    pub reason: Option<String>,
}

impl Event {
    /// An event that tells no more than that `actor` did `kind`.
    #[must_use]
    pub const fn new(id: EventId, at: DateTime<Utc>, kind: Kind, actor: Actor) -> Self {
        Self {
            id,
            at,
            kind,
            actor,
            organization: None,
            subject: None,
            session: None,
            site: None,
            address: None,
            before: None,
            after: None,
            reason: None,
        }
    }

    /// For which organization it was done.
    #[must_use]
    pub fn on_behalf_of(self, organization: OrganizationId) -> Self {
        Self { organization: Some(organization), ..self }
    }

    /// To whom it was done.
    #[must_use]
    pub fn to(self, subject: SubscriberId) -> Self {
        Self { subject: Some(subject), ..self }
    }

    /// In which session.
    #[must_use]
    pub fn in_session(self, session: SessionId) -> Self {
        Self { session: Some(session), ..self }
    }

    /// At, or to, which site.
    #[must_use]
    pub fn at_site(self, site: SiteId) -> Self {
        Self { site: Some(site), ..self }
    }

    /// From which address.
    #[must_use]
    pub fn from_address(self, address: IpAddr) -> Self {
        Self { address: Some(address), ..self }
    }

    /// How it was before.
    #[must_use]
    pub fn before(self, before: Value) -> Self {
        Self { before: Some(before), ..self }
    }

    /// How it is now, or what else there is to tell.
    #[must_use]
    pub fn after(self, after: Value) -> Self {
        Self { after: Some(after), ..self }
    }

    /// Why.
    #[must_use]
    pub fn because(self, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..self }
    }

    /// The bytes that stand for this event: two events have the same bytes only if they are equal.
    ///
    /// Every field is preceded by its length, an absent one is marked as absent, and the members of
    /// a JSON object are sorted, since no database promises to keep their order.
    #[must_use]
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512);
        field(&mut bytes, Some(FORM));
        field(&mut bytes, Some(self.id.as_str().as_bytes()));
        field(&mut bytes, Some(&self.at.timestamp_millis().to_be_bytes()));
        field(&mut bytes, Some(self.kind.as_str().as_bytes()));
        field(&mut bytes, Some(self.actor.to_string().as_bytes()));
        field(&mut bytes, self.organization.as_ref().map(|id| id.as_str().as_bytes()));
        field(&mut bytes, self.subject.as_ref().map(|id| id.as_str().as_bytes()));
        field(&mut bytes, self.session.as_ref().map(|id| id.as_str().as_bytes()));
        field(&mut bytes, self.site.as_ref().map(|id| id.as_str().as_bytes()));
        field(&mut bytes, self.address.map(|ip| ip.to_string()).as_deref().map(str::as_bytes));
        field(&mut bytes, self.before.as_ref().map(canonical_json).as_deref());
        field(&mut bytes, self.after.as_ref().map(canonical_json).as_deref());
        field(&mut bytes, self.reason.as_deref().map(str::as_bytes));
        bytes
    }

    /// SHA-256 of the canonical bytes.
    #[must_use]
    pub fn hash(&self) -> Sha256 {
        Sha256::of(&self.canonical_bytes())
    }
}

/// Appends a field so that where it ends cannot be mistaken.
fn field(bytes: &mut Vec<u8>, value: Option<&[u8]>) {
    match value {
        None => bytes.push(0),
        Some(value) => {
            bytes.push(1);
            bytes.extend_from_slice(&(value.len() as u64).to_be_bytes());
            bytes.extend_from_slice(value);
        }
    }
}

/// A JSON value as bytes, whatever the order of its members.
fn canonical_json(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    match value {
        Value::Null => bytes.push(b'n'),
        Value::Bool(false) => bytes.push(b'f'),
        Value::Bool(true) => bytes.push(b't'),
        Value::Number(number) => {
            bytes.push(b'#');
            field(&mut bytes, Some(number.to_string().as_bytes()));
        }
        Value::String(text) => {
            bytes.push(b'"');
            field(&mut bytes, Some(text.as_bytes()));
        }
        Value::Array(items) => {
            bytes.push(b'[');
            for item in items {
                field(&mut bytes, Some(&canonical_json(item)));
            }
        }
        Value::Object(members) => {
            bytes.push(b'{');
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            for (name, value) in members {
                field(&mut bytes, Some(name.as_bytes()));
                field(&mut bytes, Some(&canonical_json(value)));
            }
        }
    }
    bytes
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Hilum itself, in the job of this name.
    Job(String),
    /// Somebody who has not said, or not proven, who they are.
    Nobody,
    /// Whoever ran the command line, by the name that the machine knows them by.
    Operator(String),
    /// A participating site on its own behalf.
    Site(SiteId),
    /// A person.
    Subscriber(SubscriberId),
}

impl fmt::Display for Actor {
    /// As it is stored: what kind of actor, a colon, and which.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job(name) => write!(f, "job:{name}"),
            Self::Nobody => f.write_str("nobody"),
            Self::Operator(name) => write!(f, "operator:{name}"),
            Self::Site(id) => write!(f, "site:{id}"),
            Self::Subscriber(id) => write!(f, "subscriber:{id}"),
        }
    }
}

/// The text names no actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no actor of an audit event")]
pub struct InvalidActor;

impl FromStr for Actor {
    type Err = InvalidActor;

    /// Reads what [`Display`](fmt::Display) wrote.
    fn from_str(text: &str) -> Result<Self, InvalidActor> {
        if text == "nobody" {
            return Ok(Self::Nobody);
        }
        match text.split_once(':').ok_or(InvalidActor)? {
            ("job", name) => Ok(Self::Job(name.to_owned())),
            ("operator", name) => Ok(Self::Operator(name.to_owned())),
            ("site", id) => id.parse().map(Self::Site).map_err(|_| InvalidActor),
            ("subscriber", id) => id.parse().map(Self::Subscriber).map_err(|_| InvalidActor),
            _ => Err(InvalidActor),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::audit::UnknownKind;
    use crate::audit::tests::{event, id};

    /// Whoever changes the canonical form makes every record in the world look forged: this test is
    /// there to be noticed. The value was computed by another program from the description above.
    #[test]
    fn the_canonical_form_is_for_good() {
        let expected = "97e31674d048da876489e5e9b377c16d5139deca1fed16502cf7d92a2fcd37f6";
        assert_eq!(event(1).hash().to_string(), expected);
    }

    #[test]
    fn each_field_counts() {
        let changes: [fn(Event) -> Event; 17] = [
            |e| Event { id: id(3), ..e },
            |e| Event { at: e.at + TimeDelta::milliseconds(1), ..e },
            |e| Event { kind: Kind::LoginFailed, ..e },
            |e| Event { actor: Actor::Nobody, ..e },
            |e| Event { organization: None, ..e },
            |e| Event { subject: None, ..e },
            |e| Event { session: None, ..e },
            |e| Event { site: None, ..e },
            |e| Event { address: None, ..e },
            |e| e.from_address("192.0.2.2".parse().unwrap()),
            |e| Event { before: None, ..e },
            |e| Event { after: None, ..e },
            |e| Event { reason: None, ..e },
            |e| e.because(""),
            // The same texts in other fields.
            |e| Event { before: e.after, after: e.before, ..e },
            |e| Event { before: None, after: e.before, ..e },
            |e| e.before(json!("because")),
        ];
        for (n, change) in changes.into_iter().enumerate() {
            assert_ne!(change(event(2)).hash(), event(2).hash(), "change {n}");
        }
    }

    #[test]
    fn the_order_of_json_members_does_not_count_and_everything_else_does() {
        let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let hash = |text: &str| event(1).after(parse(text)).hash();
        assert_eq!(
            hash(r#"{"a": 1, "b": {"c": 2, "d": [3]}}"#),
            hash(r#"{"b": {"d": [3], "c": 2}, "a": 1}"#),
        );
        let different = [
            "null",
            "false",
            "true",
            "0",
            "1",
            "-1",
            "1.0",
            r#""""#,
            r#""1""#,
            r#""null""#,
            "[]",
            "{}",
            "[null]",
            "[[]]",
            "[[], []]",
            "[1, 2]",
            "[2, 1]",
            "[12]",
            r#"{"a": null}"#,
            r#"{"": "a"}"#,
            r#"{"a": ""}"#,
            r#"["a", ""]"#,
            r#"{"a": 1, "b": 2}"#,
            r#"{"a": 2, "b": 1}"#,
        ];
        for (i, one) in different.iter().enumerate() {
            for other in different.iter().skip(i + 1) {
                assert_ne!(hash(one), hash(other), "{one} and {other}");
            }
        }
    }

    #[test]
    fn kinds_and_actors_survive_being_stored() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
            assert!(
                kind.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'.' || b == b'-')
            );
        }
        assert_eq!("login.unknown".parse::<Kind>(), Err(UnknownKind));
        for actor in [
            Actor::Job("dormancy".to_owned()),
            Actor::Nobody,
            Actor::Operator("root:admin".to_owned()),
            Actor::Site("payer".parse().unwrap()),
            Actor::Subscriber("sub_1".parse().unwrap()),
        ] {
            assert_eq!(actor.to_string().parse(), Ok(actor));
        }
        for wrong in ["", "nobody:", "subscriber:", "subscriber:org_1", "site:a b", "root"] {
            assert_eq!(wrong.parse::<Actor>(), Err(InvalidActor), "{wrong:?}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(".{0,4}", inner, 0..4)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        /// Hashes collide for nobody, so equal bytes are what would have to be found.
        #[test]
        fn different_events_have_different_bytes(
            one in (any_json(), ".{0,8}"), other in (any_json(), ".{0,8}"),
        ) {
            let make = |(json, reason): &(Value, String)| event(1).after(json.clone()).because(reason);
            let same = make(&one).canonical_bytes() == make(&other).canonical_bytes();
            prop_assert_eq!(one == other, same);
        }
    }
}
