//! `POST /introspect` (RFC 7662): what a token is worth at this moment.

use std::sync::Arc;

use actix_web::{HttpResponse, ResponseError, http::StatusCode, web};
use chrono::{DateTime, Utc};
use idp_core::{
    community::resource_server::for_system,
    oidc::{
        error::ErrorCode,
        scope::{parse_list, to_list},
    },
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    client_authentication::AuthenticatedSite,
    json::{self, NoStore},
    presented::{self, Presented},
    token::mint::{AccessClaims, Issued},
};
use crate::{
    app::App,
    sites::ClientEntry,
    store::{StoreError, system_client},
};

/// Why nothing is said about a token.
#[derive(Debug, thiserror::Error)]
pub enum IntrospectionError {
    /// The parameter is missing.
    #[error("token is missing")]
    Missing,
    /// A public client has proved nothing, so that anybody could ask in its name (RFC 7662 §2.1).
    #[error("a public client cannot introspect")]
    Public,
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is said about a token: everything, or that it is not active, without a reason
/// (RFC 7662 §2.2, security 9.3).
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Introspection(Map<String, Value>);

/// `POST /introspect`. A site learns of its own tokens, and of those made for it as a resource
/// server; any other token is not active in its eyes.
///
/// # Errors
/// [`IntrospectionError`].
pub async fn introspect(
    app: web::Data<App>,
    caller: AuthenticatedSite,
) -> Result<NoStore<Introspection>, IntrospectionError> {
    let app = app.into_inner();
    if !caller.entry.client.is_confidential() {
        return Err(IntrospectionError::Public);
    }
    let token = caller.form.find("token").ok_or(IntrospectionError::Missing)?;
    let now = app.clock.now();
    let found = match presented::read(&app, token, now) {
        None => None,
        Some(Presented::Access(claims)) => access_token(&app, &caller.entry, *claims, now).await?,
        Some(Presented::Refresh { grant, generation }) => {
            let given = presented::still_given(&app, &caller.entry, grant, None, now).await?;
            given
                .filter(|given| given.grant.generation == generation)
                .map(|given| refresh_token(&app, &caller.entry, &given))
        }
    };
    Ok(NoStore(found.unwrap_or_else(Introspection::inactive)))
}

async fn access_token(
    app: &Arc<App>,
    caller: &ClientEntry,
    mut claims: AccessClaims,
    now: DateTime<Utc>,
) -> Result<Option<Introspection>, StoreError> {
    let resource = caller.client.resource_server.as_ref();
    let is_for_caller = resource.is_some_and(|own| claims.aud.contains(&own.resource));
    if claims.client_id != caller.site.id.as_str() && !is_for_caller {
        return Ok(None);
    }
    if claims.system.is_some() {
        return system_token(app, claims, now).await;
    }
    let site = claims.client_id.parse().ok().and_then(|id| app.sites.client(&id));
    let Some(site) = site else { return Ok(None) };
    if let Some(about) = &claims.person {
        let (grant, scopes) = (about.grant.clone(), Some(claims.scope.as_str()));
        let given = presented::still_given(app, &site, grant, scopes, now).await?;
        let Some(given) = given else { return Ok(None) };
        claims.scope = to_list(&given.scopes);
    }
    Ok(Some(Introspection::of_access_token(&claims)))
}

/// A system's token is worth what the system is worth now: one that was revoked, or whose organization
/// takes no part any more, is not active, however long its token has still to live.
async fn system_token(
    app: &Arc<App>,
    mut claims: AccessClaims,
    now: DateTime<Utc>,
) -> Result<Option<Introspection>, StoreError> {
    let Ok(id) = claims.client_id.parse() else { return Ok(None) };
    let load = move |conn: &mut _| system_client::with_organization(conn, &id);
    let Some(loaded) = app.db.read(load).await? else { return Ok(None) };
    if !loaded.system.acts_for(&loaded.organization, now) {
        return Ok(None);
    }
    let named = parse_list(&claims.scope).unwrap_or_default();
    let servers = app.sites.resource_servers();
    let Ok((resource, scopes)) = for_system(&servers, &loaded.system.scopes, Some(&named)) else {
        return Ok(None);
    };
    if !claims.aud.contains(resource) {
        return Ok(None);
    }
    claims.scope = to_list(&scopes);
    Ok(Some(Introspection::of_access_token(&claims)))
}

fn refresh_token(app: &App, entry: &ClientEntry, given: &Issued) -> Introspection {
    let grant = &given.grant;
    Introspection::active(json!({
        "iss": app.issuer,
        "client_id": entry.site.id,
        "sub": entry.naming.subject(&grant.subscriber),
        "scope": to_list(&given.scopes),
        "iat": grant.issued_at.timestamp(),
        "exp": grant.expires_at.timestamp(),
    }))
}

impl Introspection {
    fn inactive() -> Self {
        Self(Map::from_iter([("active".to_owned(), false.into())]))
    }

    fn of_access_token(claims: &AccessClaims) -> Self {
        let mut said = Self::active(serde_json::to_value(claims).unwrap_or_default());
        // How we find the grant again is our own business.
        said.0.remove("grant");
        said.0.insert("token_type".to_owned(), "Bearer".into());
        said
    }

    fn active(members: Value) -> Self {
        let Value::Object(mut members) = members else { return Self::inactive() };
        members.insert("active".to_owned(), true.into());
        Self(members)
    }
}

impl IntrospectionError {
    /// RFC 7662 §2.3.
    const fn code(&self) -> ErrorCode {
        match self {
            Self::Missing => ErrorCode::InvalidRequest,
            Self::Public => ErrorCode::InvalidClient,
            Self::Store(StoreError::Unavailable) => ErrorCode::TemporarilyUnavailable,
            Self::Store(
                StoreError::Conflict(_) | StoreError::CorruptRow { .. } | StoreError::Database(_),
            ) => ErrorCode::ServerError,
        }
    }
}

impl ResponseError for IntrospectionError {
    fn status_code(&self) -> StatusCode {
        json::status(self.code())
    }

    fn error_response(&self) -> HttpResponse {
        json::error(self.code(), self, "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::oidc::token::mint::{Audience, PersonClaims};

    #[test]
    fn an_inactive_token_has_no_other_member() {
        let said = serde_json::to_string(&Introspection::inactive()).unwrap();
        assert_eq!(said, r#"{"active":false}"#);
    }

    #[test]
    fn an_access_token_is_told_without_its_grant() {
        let person = PersonClaims {
            sid: "s".into(),
            acr: "urn:hilum:acr:password".into(),
            auth_time: 5,
            selected_affiliation: None,
            grant: "grt_a".parse().unwrap(),
        };
        let mut claims = AccessClaims {
            iss: "https://id.example".into(),
            aud: Audience::One("https://id.example".into()),
            sub: "p".into(),
            client_id: "credentia".into(),
            iat: 10,
            exp: 20,
            jti: "j".into(),
            scope: "openid".into(),
            person: Some(person),
            system: None,
        };
        let said = serde_json::to_value(Introspection::of_access_token(&claims)).unwrap();
        let expected = json!({
            "active": true, "token_type": "Bearer", "iss": "https://id.example",
            "aud": "https://id.example", "sub": "p", "client_id": "credentia", "iat": 10,
            "exp": 20, "jti": "j", "scope": "openid", "sid": "s", "auth_time": 5,
            "acr": "urn:hilum:acr:password",
        });
        assert_eq!(said, expected);

        claims.person = None;
        let system = json!({ "organization": { "id": "org_a" }, "extensions": {} });
        for (system, aud) in [
            (
                None,
                Audience::Several(vec!["https://id.example".into(), "https://api.example".into()]),
            ),
            (
                Some(serde_json::from_value(system).unwrap()),
                Audience::One("https://a.example".into()),
            ),
        ] {
            let claims = AccessClaims { aud, system, ..claims.clone() };
            let text = serde_json::to_string(&claims).unwrap();
            assert_eq!(serde_json::from_str::<AccessClaims>(&text).unwrap(), claims);
        }
    }
}
