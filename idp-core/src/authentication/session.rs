//! A session: a signed-in browser. Four hours, absolute (R30).

use chrono::{DateTime, Duration, Utc};

use super::assurance::{Assurance, Method, Proof, amr_of, assurance_of};
use crate::ids::{SessionId, SubscriberId};

/// A signed-in browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its public name; the cookie holds a secret, not this.
    pub id: SessionId,
    /// The person.
    pub subscriber: SubscriberId,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// The first moment at which it no longer counts. Nothing moves it.
    pub expires_at: DateTime<Utc>,
    /// When it was ended before that.
    pub ended_at: Option<DateTime<Utc>>,
    /// What the person proved in it.
    pub proofs: Vec<Proof>,
}

/// How long sessions last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRules {
    /// From sign-in to end: 4 hours, whatever happens in between.
    pub lasts: Duration,
    /// How long a console may lie idle before it asks again: 30 minutes.
    pub console_idle: Duration,
}

impl Default for SessionRules {
    fn default() -> Self {
        Self { lasts: Duration::hours(4), console_idle: Duration::minutes(30) }
    }
}

impl Session {
    /// A session that begins with `proof`.
    #[must_use]
    pub fn begin(
        id: SessionId,
        subscriber: SubscriberId,
        proof: Proof,
        rules: &SessionRules,
    ) -> Self {
        Self {
            id,
            subscriber,
            started_at: proof.at,
            expires_at: proof.at + rules.lasts,
            ended_at: None,
            proofs: vec![proof],
        }
    }

    /// Whether it counts at `now`; at `expires_at` it does not. One that began at another node, whose
    /// clock is a little ahead, counts at once.
    #[must_use]
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }

    /// Whether a console left alone since `last_seen_at` must ask again at `now`.
    #[must_use]
    pub fn console_is_idle(
        last_seen_at: DateTime<Utc>,
        rules: &SessionRules,
        now: DateTime<Utc>,
    ) -> bool {
        now - last_seen_at >= rules.console_idle
    }

    /// Takes down another proof. A new sign-in forgets the older proofs: password and factor are
    /// asked anew, and `auth_time` moves. The end of the session never does. Whoever has proved
    /// the factor itself no longer needs the browser that stood in for it.
    pub fn add_proof(&mut self, proof: Proof) {
        if proof.method.is_sign_in() {
            self.proofs.clear();
        } else {
            self.proofs.retain(|earlier| earlier.method != proof.method);
        }
        if proof.method.is_own_factor() {
            self.proofs.retain(|earlier| earlier.method != Method::RememberedBrowser);
        }
        self.proofs.push(proof);
    }

    /// Whether `method` was proved in it.
    #[must_use]
    pub fn has_proved(&self, method: Method) -> bool {
        self.proofs.iter().any(|proof| proof.method == method)
    }

    /// Whether the person proved a factor of their own in it, or used a recovery code in place of
    /// a lost one.
    #[must_use]
    pub fn has_proved_own_factor(&self) -> bool {
        let counts = |method: Method| method.is_own_factor() || method == Method::RecoveryCode;
        self.proofs.iter().any(|proof| counts(proof.method))
    }

    /// `auth_time`: when the person last signed in. A second factor added later does not move it.
    #[must_use]
    pub fn auth_time(&self) -> DateTime<Utc> {
        let sign_in = self
            .proofs
            .iter()
            .filter(|proof| proof.method.is_sign_in())
            .map(|proof| proof.at)
            .max();
        sign_in.unwrap_or(self.started_at)
    }

    /// How strongly the person signed in.
    #[must_use]
    pub fn assurance(&self, accept_remembered_browser: bool) -> Assurance {
        assurance_of(&self.proofs, accept_remembered_browser).unwrap_or(Assurance::Password)
    }

    /// `amr` for what was proved.
    #[must_use]
    pub fn amr(&self) -> Vec<&'static str> {
        amr_of(&self.proofs)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::minutes(minute)
    }

    fn session() -> Session {
        let proof = Proof { method: Method::Password, at: at(0) };
        Session::begin(
            "ses_a".parse().unwrap(),
            "sub_a".parse().unwrap(),
            proof,
            &SessionRules::default(),
        )
    }

    #[test]
    fn a_session_counts_until_its_end_and_not_at_it() {
        for (minute, ended, expected) in [
            (0, None, true),
            (239, None, true),
            (240, None, false),
            (10, Some(9), false),
            (-1, None, true),
        ] {
            let session = Session { ended_at: ended.map(at), ..session() };
            assert_eq!(session.is_live(at(minute)), expected, "{minute} {ended:?}");
        }
    }

    #[test]
    fn a_new_sign_in_moves_auth_time_and_asks_the_factor_anew() {
        let mut session = session();
        session.add_proof(Proof { method: Method::Totp, at: at(5) });
        assert_eq!(
            (session.auth_time(), session.assurance(false)),
            (at(0), Assurance::BrowserSecondFactor)
        );
        session.add_proof(Proof { method: Method::Password, at: at(60) });
        assert_eq!((session.auth_time(), session.assurance(false)), (at(60), Assurance::Password));
    }

    #[test]
    fn a_remembered_browser_is_forgotten_where_the_factor_itself_was_proved() {
        for (method, remains) in [
            (Method::EmailCode, true),
            (Method::Passkey, false),
            (Method::RecoveryCode, true),
            (Method::Totp, false),
        ] {
            let mut session = session();
            session.add_proof(Proof { method: Method::RememberedBrowser, at: at(0) });
            session.add_proof(Proof { method, at: at(1) });
            assert_eq!(session.has_proved(Method::RememberedBrowser), remains, "{method:?}");
            assert_eq!(session.has_proved_own_factor(), method != Method::EmailCode, "{method:?}");
        }
    }

    proptest! {
        #[test]
        fn no_proof_prolongs_a_session(minutes in prop::collection::vec(0..500_i64, 0..20)) {
            let mut session = session();
            for (i, minute) in minutes.into_iter().enumerate() {
                let method = if i % 2 == 0 { Method::Totp } else { Method::Password };
                session.add_proof(Proof { method, at: at(minute) });
            }
            prop_assert!(!session.is_live(at(240)));
        }
    }
}
