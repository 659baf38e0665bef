//! Telling a SAML site that a session has ended: a signed `LogoutRequest` by SOAP (SAML Profiles
//! §4.4), made for each attempt.

use idp_core::{
    ids::{SessionId, SiteId},
    saml::{
        logout::{in_soap, is_confirmed, request},
        name_id::NameId,
        response::Envelope,
    },
};
use url::Url;

use super::Attempt;
use crate::{
    app::App,
    http::token_id,
    sites::ProviderEntry,
    store::{AnyConn, grant},
};

/// One attempt: a request for each name by which the site knows the person in the session.
pub(super) async fn tell(
    app: &App,
    site: &SiteId,
    entry: &ProviderEntry,
    session: &SessionId,
) -> Attempt {
    let Some(address) = entry.provider.soap_logout() else {
        return Attempt::Pointless("the site no longer wants to be told");
    };
    let (wanted, of_site) = (session.clone(), site.clone());
    let read = move |conn: &mut AnyConn| grant::names_in_session(conn, &wanted, &of_site);
    let names = match app.db.read(read).await {
        Ok(names) => names,
        Err(error) => return Attempt::Failed(error.to_string()),
    };
    if names.is_empty() {
        return Attempt::Pointless("the site knows nobody in this session any more");
    }
    for name in &names {
        if let Err(why) = send(app, entry, address, name, session).await {
            return Attempt::Failed(why);
        }
    }
    Attempt::Delivered("confirmed".to_owned())
}

async fn send(
    app: &App,
    entry: &ProviderEntry,
    address: &Url,
    name: &NameId,
    session: &SessionId,
) -> Result<(), String> {
    let provider = &entry.provider;
    let signer = app.saml.signer(provider.policy.signature_algorithm);
    let signer = signer.map_err(|error| error.to_string())?;
    let id = format!("_{}", token_id(&app.random));
    let envelope = Envelope {
        id: &id,
        issuer: &app.saml.addresses.entity_id,
        destination: address.as_str(),
        in_response_to: None,
        now: app.clock.now(),
    };
    let index = entry.naming.session(session);
    let message = request(envelope, provider, name, &index, Some(signer.as_ref()));
    let message = message.map_err(|error| error.to_string())?;
    let answer = app.outgoing.post_soap(address, in_soap(&message)).await;
    let answer = answer.map_err(|error| error.to_string())?;
    let confirmed = std::str::from_utf8(&answer.body).is_ok_and(|text| is_confirmed(text, &id));
    if answer.status == 200 && confirmed {
        Ok(())
    } else {
        Err(format!("status {}, not confirmed", answer.status))
    }
}
