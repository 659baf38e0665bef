//! Telling a site that a session has ended (OIDC Back-Channel Logout 1.0 §2.5): a logout token that
//! lives two minutes is made for each attempt and posted.

use idp_core::{
    ids::{SessionId, SiteId, SubscriberId},
    oidc::{
        backchannel::{EndedSession, LogoutClaims},
        jose::TokenType,
    },
};

use super::{Attempt, saml_logout};
use crate::{app::App, http::token_id};

/// One attempt.
pub(super) async fn tell(
    app: &App,
    site: &SiteId,
    session: &SessionId,
    subscriber: &SubscriberId,
) -> Attempt {
    if let Some(provider) = app.sites.provider_by_id(site) {
        return saml_logout::tell(app, site, &provider, session).await;
    }
    let Some(entry) = app.sites.client(site) else { return Attempt::Pointless("the site is gone") };
    let client = &entry.client;
    let Some(address) = &client.backchannel_logout_uri else {
        return Attempt::Pointless("the site no longer wants to be told");
    };
    let claims = LogoutClaims::new(
        &app.issuer,
        EndedSession {
            client_id: site.as_str(),
            subject: &entry.naming.subject(subscriber),
            session: &entry.naming.session(session),
        },
        &token_id(&app.random),
        app.clock.now(),
    );
    // It is signed as the site's ID tokens are (§2.6).
    let algorithm = client.id_token_signed_response_alg;
    let token = match app.ring.sign(algorithm, TokenType::LogoutToken, &claims) {
        Ok(token) => token,
        Err(error) => return Attempt::Failed(error.to_string()),
    };
    match app.outgoing.post_form(address, &[("logout_token", &token)]).await {
        Ok(answer) if (200..300).contains(&answer.status) => {
            Attempt::Delivered(format!("status {}", answer.status))
        }
        Ok(answer) => Attempt::Failed(format!("status {}", answer.status)),
        Err(error) => Attempt::Failed(error.to_string()),
    }
}
