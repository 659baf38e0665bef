//! Who is signed in at this site.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::CoreIdToken;
use relying_party_example::{
    claims::{Affiliation, IdClaims, UserClaims},
    oidc::SignedIn,
    shelf::{Shelf, random},
};
use serde_json::Value;

use crate::attest::Receipt;
use crate::config::AffiliationMode;

/// No session outlives this, whatever else is said: Hilum's sessions end after four hours (R30 of its rules).
const LONGEST_SESSION: TimeDelta = TimeDelta::hours(4);

/// One person signed in at this site in one browser.
#[derive(Debug)]
pub(crate) struct Session {
    /// The ID token, which signing out hands back to Hilum as a hint.
    pub id_token: CoreIdToken,
    /// What the ID token says.
    pub id_claims: IdClaims,
    /// What userinfo says.
    pub user_claims: UserClaims,
    /// The affiliations that the person acts for here.
    pub affiliations: Vec<Affiliation>,
    /// What was attested in it.
    pub receipt: Option<Receipt>,
    /// When this session ends.
    pub ends_at: DateTime<Utc>,
    /// Stands in every form of the session, so that no other site can post one.
    pub form_token: String,
    /// The ID token's claims as they came, to be shown.
    pub id_claims_raw: Value,
    /// The answer of userinfo as it came, to be shown.
    pub user_claims_raw: Value,
}

impl Session {
    /// A session for somebody who has just signed in.
    pub(crate) fn new(signed_in: SignedIn, mode: AffiliationMode, now: DateTime<Utc>) -> Self {
        let SignedIn { id_token, id_claims, user_claims, id_claims_raw, user_claims_raw, .. } =
            signed_in;
        let affiliations = match (mode, &id_claims.selected_affiliation) {
            (AffiliationMode::All, _) => user_claims.affiliations.clone(),
            // The ID token is signed, so the affiliation that access rests on is read from there.
            (AffiliationMode::One, Some(selected)) => {
                id_claims.affiliations.iter().filter(|a| a.id == *selected).cloned().collect()
            }
            (AffiliationMode::One, None) => Vec::new(),
        };
        let latest = now + LONGEST_SESSION;
        let ends_at = id_claims.session_expires_at.map_or(latest, |at| at.min(latest));
        let form_token = random();
        Self {
            id_token,
            id_claims,
            user_claims,
            affiliations,
            receipt: None,
            ends_at,
            form_token,
            id_claims_raw,
            user_claims_raw,
        }
    }

    /// Whether one of the affiliations that count here carries a role that opens this site.
    ///
    /// Hilum has refused everybody else already; a site checks for itself all the same.
    pub(crate) fn may_enter(&self, required_roles: &[String]) -> bool {
        self.affiliations.iter().any(|affiliation| affiliation.has_any_role(required_roles))
    }
}

/// The sessions of a site.
pub(crate) type Sessions = Shelf<Arc<Session>>;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::signing;
    use openidconnect::AccessToken;
    use serde_json::json;

    /// The session of somebody about whom Hilum said this at [`at`]`(0)`.
    pub(crate) fn session(
        mode: AffiliationMode,
        id_claims: &Value,
        user_claims: &Value,
    ) -> Session {
        let whole = json!({"iss": "https://id.example", "aud": "credentia", "exp": 0, "iat": 0, "sub": "s"});
        let token = signing::sign(&json!({"alg": "EdDSA"}), &whole);
        let signed_in = SignedIn {
            id_token: token.parse().unwrap(),
            id_claims: serde_json::from_value(id_claims.clone()).unwrap(),
            user_claims: serde_json::from_value(user_claims.clone()).unwrap(),
            id_claims_raw: id_claims.clone(),
            user_claims_raw: user_claims.clone(),
            access_token: AccessToken::new("at".to_owned()),
            refresh_token: None,
        };
        Session::new(signed_in, mode, at(0))
    }

    fn affiliation(id: &str, role: &str) -> Value {
        json!({"id": id, "organization": {"id": id, "name": id}, "roles": [role]})
    }

    #[test]
    fn only_the_affiliation_that_was_chosen_opens_a_site_of_mode_one() {
        let practitioner = affiliation("a1", "licensed-practitioner");
        let biller = affiliation("a2", "billing-specialist");
        let required = ["licensed-practitioner".to_owned()];
        for (selected, expected) in [(Some("a1"), true), (Some("a2"), false), (None, false)] {
            let both = json!({
                "sub": "s", "selected_affiliation": selected, "affiliations": [practitioner, biller]
            });
            let session = session(AffiliationMode::One, &both, &both);
            assert_eq!(session.may_enter(&required), expected, "{selected:?}");
        }
    }

    #[test]
    fn a_site_of_mode_all_reads_its_affiliations_from_userinfo() {
        let both =
            json!({"sub": "s", "affiliations": [affiliation("a1", "x"), affiliation("a2", "y")]});
        let session = session(AffiliationMode::All, &json!({"sub": "s"}), &both);
        assert_eq!(session.affiliations.len(), 2);
        assert!(session.may_enter(&["y".to_owned()]) && session.may_enter(&[]));
        assert!(!session.may_enter(&["z".to_owned()]));
    }

    #[test]
    fn a_session_ends_when_hilum_says_and_after_four_hours_at_the_latest() {
        for (said, expected) in [(Some(60), 60), (Some(240), 240), (Some(241), 240), (None, 240)] {
            let claims = json!({"sub": "s", "session_expires_at": said.map(|minute| minute * 60)});
            let session = session(AffiliationMode::One, &claims, &json!({"sub": "s"}));
            assert_eq!(session.ends_at, at(expected), "{said:?}");
        }
    }

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }
}
