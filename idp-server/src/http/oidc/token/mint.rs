//! Making the tokens of an answer (RFC 6749 §5.1, RFC 9068 §2.2, OIDC Core §3.1.3.3).

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use idp_core::{
    community::{
        site::GrantType,
        system_client::{SystemClaims, claims},
    },
    ids::GrantId,
    oidc::{
        grant::Grant,
        jose::{SigningAlgorithm, TokenType},
        refresh_token,
        scope::{Scope, to_list},
    },
    release::{Asked, Facts, id_token_claims},
    sign_on::Released,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    app::App,
    keys::ring::SignError,
    random::Random,
    sites::ClientEntry,
    store::{person::LoadedPerson, system_client::LoadedSystem},
};

/// How long a person's access token lives at most. What it opens is judged anew at every use, so
/// this only bounds how long a resource server that never asks us goes on trusting it.
const ACCESS_TOKEN_LIFE: TimeDelta = TimeDelta::minutes(10);
/// How long the own access token of a site or a system lives (domain 3.5). A site's ends no earlier;
/// a system's does for whoever asks us, and this bounds it for whoever does not.
const CLIENT_TOKEN_LIFE: TimeDelta = TimeDelta::minutes(5);
/// How long an ID token may be presented. It is read once, at once.
const ID_TOKEN_LIFE: TimeDelta = TimeDelta::minutes(5);

/// What a site is given, with what the ID token needs.
pub struct Issued {
    /// The grant; its generation is that of the refresh token.
    pub grant: Grant,
    /// The person, as the community knows them now.
    pub person: LoadedPerson,
    /// The affiliations that the site may see now.
    pub released: Released,
    /// The scopes of this access token, which may be fewer than the grant's.
    pub scopes: BTreeSet<Scope>,
}

/// A successful answer (RFC 6749 §5.1).
#[derive(Serialize)]
pub struct TokenAnswer {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

/// The claims of an access token (RFC 9068 §2.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Us.
    pub iss: String,
    /// The resources.
    pub aud: Audience,
    /// The person by the name that the site knows; the site or system itself in a token of its own.
    pub sub: String,
    /// The site or system.
    pub client_id: String,
    /// When it was made.
    pub iat: i64,
    /// When it ends.
    pub exp: i64,
    /// Its name.
    pub jti: String,
    /// What it opens.
    pub scope: String,
    /// What it opens for a person; absent in a token that stands for none.
    #[serde(flatten)]
    pub person: Option<PersonClaims>,
    /// For whom a system acts; absent in a token of a site.
    #[serde(flatten)]
    pub system: Option<SystemClaims>,
}

/// `aud`: what a token is for (RFC 7519 §4.1.3). Ours under the name of the issuer, or a site's API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One resource, as a text.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Audience {
    /// Whether `resource` is meant.
    pub fn contains(&self, resource: &str) -> bool {
        match self {
            Self::One(one) => one == resource,
            Self::Several(all) => all.iter().any(|one| one == resource),
        }
    }
}

/// What an access token says about a sign-on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonClaims {
    /// The session, by the site's name for it.
    pub sid: String,
    /// How strongly the person signed in.
    pub acr: String,
    /// When.
    pub auth_time: i64,
    /// For which affiliation they act, by the site's name for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub selected_affiliation: Option<String>,
    /// The grant, so that we find it again. There is one per site and sign-on, so two sites that
    /// compare notes learn nothing from it.
    pub grant: GrantId,
}

/// The tokens for a sign-on.
///
/// # Errors
/// [`SignError`]: a fault of ours. What is stored stays as it is; the site tries again.
pub fn tokens(
    app: &App,
    entry: &ClientEntry,
    issued: &Issued,
    now: DateTime<Utc>,
) -> Result<TokenAnswer, SignError> {
    let claims = access_claims(&app.issuer, entry, issued, now, token_id(&app.random));
    let client = &entry.client;
    let algorithm = client.access_token_signed_response_alg;
    let access_token = app.ring.sign(algorithm, TokenType::AccessToken, &claims)?;
    let id_token = if issued.scopes.contains(&Scope::OpenId) {
        Some(id_token(app, entry, issued, &access_token, now)?)
    } else {
        None
    };
    let may_refresh = issued.grant.scopes.contains(&Scope::OfflineAccess)
        && client.grant_types.contains(&GrantType::RefreshToken);
    let refresh_token = may_refresh.then(|| {
        let key = app.sub_keys.refresh_token.expose();
        refresh_token::issue(key, &issued.grant.id, issued.grant.generation)
    });
    Ok(TokenAnswer {
        expires_in: claims.exp - claims.iat,
        scope: claims.scope,
        token_type: "Bearer",
        access_token,
        id_token,
        refresh_token,
    })
}

/// The token of a site for itself (RFC 6749 §4.4): no person, no ID token, nothing to refresh.
///
/// # Errors
/// [`SignError`].
pub fn client_token(
    app: &App,
    entry: &ClientEntry,
    scopes: &BTreeSet<Scope>,
    now: DateTime<Utc>,
) -> Result<TokenAnswer, SignError> {
    let (site, client) = (&entry.site, &entry.client);
    let aud = client.audience.clone().unwrap_or_else(|| app.issuer.clone());
    let claims = own_claims(app, site.id.as_str(), aud, scopes, now);
    own_token(app, client.access_token_signed_response_alg, claims)
}

/// The token of a system for the organization that it acts for (R83; domain 3.5).
///
/// # Errors
/// [`SignError`].
pub fn system_token(
    app: &App,
    loaded: &LoadedSystem,
    resource: &str,
    scopes: &BTreeSet<Scope>,
    now: DateTime<Utc>,
) -> Result<TokenAnswer, SignError> {
    let system = &loaded.system;
    let about = claims(&loaded.organization, &loaded.tax_ids, &system.purposes);
    let own = own_claims(app, system.id.as_str(), resource.to_owned(), scopes, now);
    // The algorithm that a site has unless it registers another.
    own_token(app, SigningAlgorithm::Es256, AccessClaims { system: Some(about), ..own })
}

/// The claims of a token that stands for nobody but its client.
fn own_claims(
    app: &App,
    client_id: &str,
    aud: String,
    scopes: &BTreeSet<Scope>,
    now: DateTime<Utc>,
) -> AccessClaims {
    AccessClaims {
        iss: app.issuer.clone(),
        aud: Audience::One(aud),
        sub: client_id.to_owned(),
        client_id: client_id.to_owned(),
        iat: now.timestamp(),
        exp: (now + CLIENT_TOKEN_LIFE).timestamp(),
        jti: token_id(&app.random),
        scope: to_list(scopes),
        person: None,
        system: None,
    }
}

fn own_token(
    app: &App,
    algorithm: SigningAlgorithm,
    claims: AccessClaims,
) -> Result<TokenAnswer, SignError> {
    Ok(TokenAnswer {
        access_token: app.ring.sign(algorithm, TokenType::AccessToken, &claims)?,
        token_type: "Bearer",
        expires_in: claims.exp - claims.iat,
        scope: claims.scope,
        id_token: None,
        refresh_token: None,
    })
}

fn access_claims(
    issuer: &str,
    entry: &ClientEntry,
    issued: &Issued,
    now: DateTime<Utc>,
    jti: String,
) -> AccessClaims {
    let (grant, naming) = (&issued.grant, &entry.naming);
    let selected = match &issued.released {
        Released::One(affiliation) if issued.scopes.contains(&Scope::Affiliations) => {
            Some(naming.affiliation(&affiliation.id))
        }
        Released::One(_) | Released::All(_) | Released::None => None,
    };
    // A site that has an API of its own calls it with the tokens of its own people: whoever receives
    // them there has them already. For another's API, each token would open ours as well.
    let aud = match &entry.client.resource_server {
        Some(own) => Audience::Several(vec![issuer.to_owned(), own.resource.clone()]),
        None => Audience::One(issuer.to_owned()),
    };
    AccessClaims {
        iss: issuer.to_owned(),
        aud,
        sub: naming.subject(&grant.subscriber),
        client_id: entry.site.id.to_string(),
        iat: now.timestamp(),
        exp: (now + ACCESS_TOKEN_LIFE).min(grant.expires_at).timestamp(),
        jti,
        scope: to_list(&issued.scopes),
        person: Some(PersonClaims {
            sid: naming.session(&grant.session),
            acr: grant.acr.clone(),
            auth_time: grant.auth_time.timestamp(),
            selected_affiliation: selected,
            grant: grant.id.clone(),
        }),
        system: None,
    }
}

fn id_token(
    app: &App,
    entry: &ClientEntry,
    issued: &Issued,
    access_token: &str,
    now: DateTime<Utc>,
) -> Result<String, SignError> {
    let grant = &issued.grant;
    let algorithm = entry.client.id_token_signed_response_alg;
    let facts = issued.facts(entry);
    let asked = Asked { scopes: &issued.scopes, names: &grant.claims.id_token };
    let mut claims = id_token_claims(facts, asked, &entry.site.release);
    let mut say = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    say("iss", app.issuer.as_str().into());
    say("aud", entry.site.id.as_str().into());
    say("iat", now.timestamp().into());
    say("exp", (now + ID_TOKEN_LIFE).timestamp().into());
    say("jti", token_id(&app.random).into());
    say("at_hash", algorithm.half_hash(access_token).into());
    // As it was given, however the session went on (OIDC Core §12.2).
    say("auth_time", grant.auth_time.timestamp().into());
    if let Some(nonce) = &grant.nonce {
        say("nonce", nonce.as_str().into());
    }
    app.ring.sign(algorithm, TokenType::IdToken, &claims)
}

impl Issued {
    /// The facts of which the site learns a part.
    pub fn facts<'a>(&'a self, entry: &'a ClientEntry) -> Facts<'a> {
        Facts {
            subscriber: &self.person.subscriber,
            session: &self.person.session,
            last_login: self.person.previous_sign_in_at,
            acr: &self.grant.acr,
            affiliations: &self.released,
            naming: &entry.naming,
        }
    }
}

/// A new name for a token: 128 random bits.
pub fn token_id(random: &Random) -> String {
    URL_SAFE_NO_PAD.encode(random.bytes::<16>())
}
