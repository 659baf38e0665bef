//! One sign-on from discovery to logout, by the `openidconnect` crate: a library that nobody here
//! wrote, used as the example site uses it.

use hilum_tests::{Browser, Person, Shared, client, on_every_store};
use openidconnect::{
    AccessTokenHash, AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    HttpRequest, HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge,
    RedirectUrl, Scope, TokenResponse as _,
    core::{CoreClient, CoreProviderMetadata, CoreResponseType, CoreUserInfoClaims},
};

on_every_store![
    openidconnect_signs_a_person_on_at_every_kind_of_site,
    openidconnect_accepts_the_sites_of_the_demo,
];

/// What went wrong on the way, as the library wants to be told.
#[derive(Debug)]
struct Failed(String);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {}

async fn send(request: HttpRequest) -> Result<HttpResponse, Failed> {
    let failed = |error: &dyn std::error::Error| Failed(error.to_string());
    let request = request.try_into().map_err(|error: reqwest::Error| failed(&error))?;
    let answer = client().execute(request).await.map_err(|error| failed(&error))?;
    let mut response = openidconnect::http::Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        response = response.header(name, value);
    }
    let body = answer.bytes().await.map_err(|error| failed(&error))?;
    response.body(body.to_vec()).map_err(|error| failed(&error))
}

/// The library takes an async function for an HTTP client.
async fn http(request: HttpRequest) -> Result<HttpResponse, Failed> {
    send(request).await
}

async fn signs_on(idp: Shared, client_id: &str, browser: &mut Browser, user_id: &str) {
    let site = idp.site(client_id);
    let issuer = IssuerUrl::new(idp.origin.clone()).unwrap();
    let metadata = CoreProviderMetadata::discover_async(issuer, &http).await.expect("discovery");
    let secret = match &site.authentication {
        hilum_tests::Authentication::Basic(secret) => Some(ClientSecret::new(secret.clone())),
        hilum_tests::Authentication::Key
        | hilum_tests::Authentication::None
        | hilum_tests::Authentication::Post(_) => None,
    };
    let client =
        CoreClient::from_provider_metadata(metadata, ClientId::new(client_id.into()), secret)
            .set_redirect_uri(RedirectUrl::new(site.redirect_uri.clone()).unwrap());
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let mut request = client
        .authorize_url(
            AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .set_pkce_challenge(challenge);
    for scope in ["profile", "email", "offline_access"] {
        request = request.add_scope(Scope::new(scope.into()));
    }
    let (url, state, nonce) = request.url();
    let answer = browser.sign_on(&url, &Person::new(user_id)).await.answer();
    assert_eq!(answer.state.as_ref(), Some(state.secret()));
    assert_eq!(answer.iss.as_ref(), Some(&idp.origin));
    let code = AuthorizationCode::new(answer.code.expect("a code"));
    let tokens = client
        .exchange_code(code)
        .expect("a token endpoint")
        .set_pkce_verifier(verifier)
        .request_async(&http)
        .await
        .expect("tokens");
    let id_token = tokens.id_token().expect("an ID token");
    let verifier = client.id_token_verifier();
    let claims = id_token.claims(&verifier, &nonce).expect("a good ID token");
    if let Some(expected) = claims.access_token_hash() {
        let algorithm = id_token.signing_alg().unwrap();
        let key = id_token.signing_key(&verifier).unwrap();
        let hash = AccessTokenHash::from_token(tokens.access_token(), algorithm, key).unwrap();
        assert_eq!(&hash, expected);
    }
    let userinfo: CoreUserInfoClaims = client
        .user_info(tokens.access_token().clone(), Some(claims.subject().clone()))
        .expect("a userinfo endpoint")
        .request_async(&http)
        .await
        .expect("userinfo of this very person");
    assert!(userinfo.email().is_some() && userinfo.name().is_some());
    if let Some(refresh) = tokens.refresh_token() {
        let again = client.exchange_refresh_token(refresh).unwrap().request_async(&http).await;
        let again = again.expect("new tokens");
        assert_eq!(
            again
                .id_token()
                .unwrap()
                .claims(&verifier, |_: Option<&Nonce>| Ok(()))
                .unwrap()
                .subject(),
            claims.subject()
        );
    }
}

async fn openidconnect_signs_a_person_on_at_every_kind_of_site(idp: Shared) {
    let mut browser = idp.browser();
    for client_id in ["alpha", "beta", "playground"] {
        signs_on(idp, client_id, &mut browser, "profile").await;
    }
}

async fn openidconnect_accepts_the_sites_of_the_demo(idp: Shared) {
    let mut browser = idp.browser();
    for client_id in ["credentia", "payer"] {
        signs_on(idp, client_id, &mut browser, "practitioner").await;
    }
}
