//! Setting up a second factor: what waits for its proof, and the one transaction that takes it in.
//!
//! A factor counts from the moment it has been proved, and not before. Whoever comes here has passed
//! the gate: they proved the factor that they have, or that the mailbox is theirs (security 18.4,
//! 18.5).

use std::time::Duration;

use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};
use idp_core::{
    audit::{Actor, Event, Kind},
    authentication::{
        assurance::Proof,
        factor::{Factor, FactorKind, FactorName},
        mailed_code::Which,
        recovery_code::{RecoveryCode, SET_SIZE},
        totp::Seed,
    },
    ids::{EventId, FactorId, SubscriberId},
    mail::{self, Mail, StopFactor},
    secret::{Secret, SecretDigest},
};
use serde_json::json;

use super::{
    client_address::ClientAddress, error::PageError, second_factor::seed_place, visit::Visit,
};
use crate::{
    app::App,
    ephemeral::Key,
    keys::sealing::Place,
    mail::Post,
    passkeys::NewPasskey,
    store::{
        AnyConn, StoreError, Taken, audit,
        factor::{self, Material},
        mailed_code,
        person::LoadedPerson,
        recovery_code, remembered_browser, session,
    },
};

/// How long a seed that is shown waits for its first code.
const SEED_WAITS: Duration = Duration::from_secs(15 * 60);

/// A factor that was set up.
pub struct Enrolled {
    /// The session's new cookie.
    pub session: Secret,
    /// The recovery codes, if these are the person's first.
    pub recovery_codes: Option<Vec<RecoveryCode>>,
}

/// Why there is no new factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotEnrolled {
    /// The passkey is registered already.
    Known,
    /// There are as many of the kind as there may be.
    Full,
    /// What was asked for is no longer open, or the session is over.
    Interrupted,
    /// The proof is wrong.
    Wrong,
}

/// The seed that the person is being shown: the same one when the page is opened again.
///
/// # Errors
/// [`PageError`] if short-lived state is out of reach.
pub async fn seed(visit: &Visit, context: &str, person: &SubscriberId) -> Result<Seed, PageError> {
    if let Some(seed) = shown_seed(visit, context, person).await? {
        return Ok(seed);
    }
    let seed = Seed::from_random(visit.random.bytes());
    let sealed = visit.sealer.seal(waiting_place(person), seed.expose());
    let sealed = sealed.map_err(|error| PageError::unexpected(&error))?;
    visit.ephemeral.put(&Key::new_seed(context, person), &sealed, SEED_WAITS).await?;
    Ok(seed)
}

async fn shown_seed(
    app: &App,
    context: &str,
    person: &SubscriberId,
) -> Result<Option<Seed>, PageError> {
    let Some(sealed) = app.ephemeral.get(&Key::new_seed(context, person)).await? else {
        return Ok(None);
    };
    let opened = app.sealer.open(waiting_place(person), &sealed).ok();
    Ok(opened.and_then(|octets| Seed::from_bytes(&octets)))
}

/// A seed that waits is sealed for its person, like one that counts.
fn waiting_place(person: &SubscriberId) -> Place<'_> {
    Place { table: "ephemeral", column: "seed", row: person.as_str() }
}

/// Takes in the authenticator app that shows this code.
///
/// # Errors
/// [`PageError`] if something that we need is out of reach.
pub async fn enrol_app(
    visit: &Visit,
    person: &LoadedPerson,
    context: &str,
    code: &str,
    name: FactorName,
) -> Result<Result<Enrolled, NotEnrolled>, PageError> {
    let id = &person.subscriber.id;
    let Some(seed) = shown_seed(visit, context, id).await? else {
        return Ok(Err(NotEnrolled::Interrupted));
    };
    let Ok(step) = seed.judge(code, None, visit.clock.now()) else {
        return Ok(Err(NotEnrolled::Wrong));
    };
    // A form that is sent twice finds nothing the second time.
    if visit.ephemeral.take(&Key::new_seed(context, id)).await?.is_none() {
        return Ok(Err(NotEnrolled::Interrupted));
    }
    let factor = FactorId::from_random(visit.random.bytes());
    let sealed_seed = visit.sealer.seal(seed_place(factor.as_str()), seed.expose());
    let sealed_seed = sealed_seed.map_err(|error| PageError::unexpected(&error))?;
    let material = Material::Totp { sealed_seed, last_step: step };
    enrol(visit, person, (factor, FactorKind::Totp, name), material).await
}

/// Takes in a passkey that was checked.
///
/// # Errors
/// As [`enrol_app`].
pub async fn enrol_passkey(
    visit: &Visit,
    person: &LoadedPerson,
    new: NewPasskey,
    name: FactorName,
) -> Result<Result<Enrolled, NotEnrolled>, PageError> {
    let factor = FactorId::from_random(visit.random.bytes());
    let kind = FactorKind::Passkey { verifies_person: new.verifies_person };
    let material = Material::Passkey {
        credential_id: new.credential_id,
        credential: new.credential,
        sign_count: new.sign_count,
        verifies_person: new.verifies_person,
    };
    enrol(visit, person, (factor, kind, name), material).await
}

async fn enrol(
    visit: &Visit,
    person: &LoadedPerson,
    (id, kind, name): (FactorId, FactorKind, FactorName),
    material: Material,
) -> Result<Result<Enrolled, NotEnrolled>, PageError> {
    let Some(old_cookie) = visit.session() else { return Ok(Err(NotEnrolled::Interrupted)) };
    let (now, cookie) = (visit.clock.now(), visit.random.secret());
    let codes = RecoveryCodes::draw(visit, &person.subscriber.id);
    let facts = Facts {
        now,
        subscriber: person.subscriber.id.clone(),
        old_cookie,
        new_cookie: cookie.digest(),
        new: Factor { id, kind, name, added_at: now, last_used_at: Some(now) },
        material,
        codes: codes.digests.clone(),
        post: visit.post.clone(),
        address: ClientAddress::of(&visit.request).0,
        events: [(); 2].map(|()| EventId::from_random(visit.random.bytes())),
    };
    let written = visit.db.write(move |conn| facts.write(conn)).await;
    visit.outbox.wake();
    match written {
        Ok(Ok(first)) => {
            let recovery_codes = first.then_some(codes.codes);
            Ok(Ok(Enrolled { session: cookie, recovery_codes }))
        }
        Ok(Err(why)) => Ok(Err(why)),
        Err(StoreError::Conflict(Taken::Passkey)) => Ok(Err(NotEnrolled::Known)),
        Err(error) => Err(error.into()),
    }
}

/// A new set of recovery codes: what is shown, and what is stored of it.
pub struct RecoveryCodes {
    /// Shown once.
    pub codes: Vec<RecoveryCode>,
    /// Stored.
    pub digests: Vec<SecretDigest>,
}

impl RecoveryCodes {
    /// Draws a set for a person.
    pub fn draw(app: &App, person: &SubscriberId) -> Self {
        let codes: Vec<RecoveryCode> =
            (0..SET_SIZE).map(|_| RecoveryCode::from_random(app.random.bytes())).collect();
        let digests = codes.iter().map(|code| recovery_digest(app, person, code)).collect();
        Self { codes, digests }
    }
}

/// What is stored and compared of a recovery code. The key keeps a stolen table from being tried
/// through; the person keeps a code from counting for anybody else.
pub fn recovery_digest(app: &App, person: &SubscriberId, code: &RecoveryCode) -> SecretDigest {
    let key = hmac::Key::new(hmac::HMAC_SHA256, app.sub_keys.recovery_code.expose());
    // An identifier holds no zero octet.
    let message = [person.as_str(), code.expose()].join("\0");
    let tag = hmac::sign(&key, message.as_bytes());
    SecretDigest::from_bytes(tag.as_ref()).unwrap_or_else(|| SecretDigest::of(&message))
}

/// What a retried transaction must not draw anew.
struct Facts {
    now: DateTime<Utc>,
    subscriber: SubscriberId,
    old_cookie: SecretDigest,
    new_cookie: SecretDigest,
    new: Factor,
    material: Material,
    codes: Vec<SecretDigest>,
    post: Post,
    address: std::net::IpAddr,
    events: [EventId; 2],
}

impl Facts {
    /// Says whether the recovery codes were taken in as well.
    fn write(&self, conn: &mut AnyConn) -> Result<Result<bool, NotEnrolled>, StoreError> {
        let live = session::by_cookie(conn, &self.old_cookie)?
            .filter(|own| own.is_live(self.now) && own.subscriber == self.subscriber);
        let Some(mut session) = live else { return Ok(Err(NotEnrolled::Interrupted)) };
        let before = factor::holdings(conn, &self.subscriber, false)?;
        if !before.has_room_for(self.new.kind) {
            return Ok(Err(NotEnrolled::Full));
        }
        session.add_proof(Proof { method: self.new.kind.proved_when_set_up(), at: self.now });
        if !session::renew(conn, &session, &self.old_cookie, &self.new_cookie, self.now)? {
            return Ok(Err(NotEnrolled::Interrupted));
        }
        factor::insert(conn, &self.subscriber, &self.new, &self.material)?;
        remembered_browser::forget_all(conn, &self.subscriber)?;
        let kind = self.new.kind.code();
        let added = self.event(0, Kind::FactorAdded).in_session(session.id.clone());
        let mut events = vec![added.after(json!({ "factor": self.new.id, "kind": kind }))];
        let first = before.recovery_codes == 0;
        if first {
            recovery_code::replace(conn, &self.subscriber, &self.codes, self.now)?;
            events.push(self.event(1, Kind::RecoveryCodesMade).in_session(session.id));
        }
        audit::record(conn, &events)?;
        let stop = if before.has_own_factor() { None } else { self.stop(conn)? };
        let (kind, name) = (mailed(self.new.kind), self.new.name.to_string());
        let mail = Mail::FactorAdded { kind, name, stop };
        self.post.notify(conn, &self.subscriber, mail, self.now)?;
        Ok(Ok(first))
    }

    /// What removes a first factor again, if somebody else has set it up (security 18.5).
    fn stop(&self, conn: &mut AnyConn) -> Result<Option<StopFactor>, StoreError> {
        let (key, code) = (self.post.draw_link_key(), self.post.draw_code());
        let subscriber = self.subscriber.clone();
        let which = Which::stop_of_factor(&subscriber, &key);
        let digest = self.post.digest(&code, which.purpose, &subscriber);
        let issued = mailed_code::issue(conn, &subscriber, which, digest, self.now)?;
        Ok(issued.is_ok().then_some(StopFactor { subscriber, key, code }))
    }

    fn event(&self, number: usize, kind: Kind) -> Event {
        let [first, second] = &self.events;
        let id = if number == 0 { first } else { second };
        let actor = Actor::Subscriber(self.subscriber.clone());
        let event = Event::new(id.clone(), self.now, kind, actor).to(self.subscriber.clone());
        Event { address: Some(self.address), ..event }
    }
}

/// A kind as mails name it.
pub const fn mailed(kind: FactorKind) -> mail::FactorKind {
    match kind {
        FactorKind::Passkey { .. } => mail::FactorKind::Passkey,
        FactorKind::Totp => mail::FactorKind::AuthenticatorApp,
    }
}
