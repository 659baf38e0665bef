//! A program that calls the Admin API with the token of somebody who signed on at it.

use hilum_tests::{Browser, Person, TestIdp, Tokens};
use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};

use super::{
    console::{ADMINISTRATOR, at_work},
    support::at_the_desk,
};

const STRONG: &str = "urn:hilum:acr:browser-second-factor";

pub(super) struct Program<'a> {
    pub(super) idp: &'a TestIdp,
    pub(super) token: String,
}

impl<'a> Program<'a> {
    /// A program that the demo's Administrator gave a token.
    pub(super) async fn of_administrator(idp: &'a TestIdp) -> Self {
        let (mut browser, page) = at_work(idp, "/organization").await;
        assert_eq!(page.status, 200, "{}", page.body);
        Self::of(idp, &mut browser, ADMINISTRATOR, ("hr", "openid hilum.admin")).await
    }

    /// The ticket system, with a token of somebody at the support desk.
    pub(super) async fn of_the_desk(idp: &'a TestIdp, user_id: &str) -> Self {
        let (mut browser, _) = at_the_desk(idp, user_id, "/support").await;
        let program = (&*format!("desk-of-{user_id}"), "openid hilum.support");
        Self::of(idp, &mut browser, user_id, program).await
    }

    /// A program of this identifier and with these scopes, at which somebody who is signed in with a
    /// second factor signs on.
    pub(super) async fn of(
        idp: &'a TestIdp,
        browser: &mut Browser,
        user_id: &str,
        (id, scope): (&str, &str),
    ) -> Self {
        let site = idp.add_site(id, &json!({ "scope": scope, "client_name": id })).await;
        let request = site.request().with("acr_values", STRONG);
        let code = site.code(browser, &Person::new(user_id), &request).await;
        Self { idp, token: Tokens::of(&site.redeem(&request, &code).await).access }
    }

    /// The whole answer.
    pub(super) async fn answer(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, HeaderMap, Value) {
        let mut request =
            self.idp.call(method, path).header("Authorization", &format!("Bearer {}", self.token));
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        let (status, headers, body) = request.send().await;
        (status.as_u16(), headers, serde_json::from_slice(&body).unwrap_or_default())
    }

    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let (status, _, body) = self.answer(method, path, body).await;
        (status, body)
    }

    pub(super) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.call(Method::POST, path, Some(body)).await
    }
}
