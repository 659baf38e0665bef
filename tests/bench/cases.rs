//! What is asked of Hilum, and of the floor where it can answer the same.

use crate::{
    Outcome,
    crowd::{self, Crowd},
    measure::{Prepare, Step},
    saml::{Kind, Providers},
    site::{Browser, Code, Site, form},
    wire::Wire,
};

/// How many codes one session is asked for: more than that are nobody's sign-ons.
pub const CODES_OF_A_SESSION: usize = 20;

/// One line of the table.
pub struct Case<'a> {
    /// What is asked.
    pub name: &'static str,
    /// What it should cost.
    pub aim: &'static str,
    /// How many requests a round may have.
    pub at_most: usize,
    /// How to ask Hilum.
    pub hilum: Box<Prepare<'a>>,
    /// How to ask the floor.
    pub floor: Option<Box<Prepare<'a>>>,
}

/// All of them.
pub fn all<'a>(site: &'a Site, crowd: &'a Crowd, providers: &'a Providers) -> Vec<Case<'a>> {
    let signed = "grant_type=client_credentials";
    vec![
        Case {
            name: "discovery",
            aim: "≤ 1.5 × floor",
            at_most: usize::MAX,
            hilum: get("/.well-known/openid-configuration"),
            floor: Some(get("/.well-known/openid-configuration")),
        },
        Case {
            name: "key set (JWKS)",
            aim: "≤ 1.5 × floor",
            at_most: usize::MAX,
            hilum: get("/jwks"),
            floor: Some(get("/jwks")),
        },
        Case {
            name: "client_credentials, ES256",
            aim: "≤ 1.75 × floor, no SQL",
            at_most: usize::MAX,
            hilum: post("/token", signed),
            floor: Some(post("/token", signed)),
        },
        Case {
            name: "code exchange",
            aim: "≤ 260 µs, 2–3 statements, 1 commit",
            at_most: usize::MAX,
            hilum: Box::new(|wire, count| exchange(site, wire, count)),
            floor: Some(post(
                "/token",
                "grant_type=authorization_code&code=0123456789012345678901234567890123456789012\
                 &redirect_uri=https%3A%2F%2Fbench.example%2Fcallback\
                 &code_verifier=0123456789012345678901234567890123456789012",
            )),
        },
        Case {
            name: "refresh",
            aim: "≤ 220 µs, 2–3 statements, 1 commit",
            at_most: usize::MAX,
            hilum: Box::new(|wire, _| refresh(site, wire)),
            floor: Some(post(
                "/token",
                "grant_type=refresh_token&refresh_token=01234567890123456789012345678901234567890",
            )),
        },
        Case {
            name: "userinfo",
            aim: "≤ 90 µs",
            at_most: usize::MAX,
            hilum: Box::new(|wire, _| userinfo(site, wire)),
            floor: Some(get("/userinfo")),
        },
        Case {
            name: "introspection",
            aim: "",
            at_most: usize::MAX,
            hilum: Box::new(|wire, _| introspect(site, wire)),
            floor: Some(post("/introspect", "token=0123456789012345678901234567890123456789012")),
        },
        Case {
            name: "next site: code and tokens",
            aim: "≤ 1.8 ms, ≤ 2 commits",
            at_most: usize::MAX,
            hilum: Box::new(|wire, count| next_site(site, wire, count)),
            floor: None,
        },
        Case {
            name: "whole sign-on, without Argon2",
            aim: "≤ 1.8 ms, ≤ 2 commits",
            at_most: usize::MAX,
            hilum: Box::new(|_, _| whole_sign_on(site)),
            floor: None,
        },
        Case {
            name: "second factor: a code of an app",
            aim: "≤ 150 µs, 1 commit",
            // Each takes somebody whose code nobody has used.
            at_most: crowd::OF_A_ROUND,
            hilum: Box::new(|wire, count| crowd.codes(site, wire, count)),
            floor: None,
        },
        Case {
            name: "passkey: the whole sign-in",
            aim: "≤ 400 µs",
            at_most: 400,
            hilum: Box::new(|wire, count| crowd.passkeys(site, wire, count)),
            floor: None,
        },
        saml("SAML response, RSA", "≤ 850 µs", providers, Kind::Rsa),
        saml("SAML response, ECDSA", "≤ 350 µs", providers, Kind::Ecdsa),
        saml("SAML response, ECDSA, encrypted", "ECDSA + ≤ 100 µs", providers, Kind::Encrypted),
        saml("SAML response, ECDSA, signed request", "ECDSA + ≤ 100 µs", providers, Kind::Signed),
    ]
}

fn saml<'a>(
    name: &'static str,
    aim: &'static str,
    providers: &'a Providers,
    kind: Kind,
) -> Case<'a> {
    let hilum: Box<Prepare<'a>> =
        Box::new(move |wire, count| providers.responses(wire, kind, count));
    Case { name, aim, at_most: usize::MAX, hilum, floor: None }
}

fn get<'a>(target: &'static str) -> Box<Prepare<'a>> {
    Box::new(move |_, _| {
        let headers = Site::credentials();
        Ok(Box::new(move |wire| wire.expect(200, ("GET", target, &headers, "")).map(drop)))
    })
}

fn post<'a>(target: &'static str, body: &'static str) -> Box<Prepare<'a>> {
    Box::new(move |_, _| {
        let headers = Site::credentials();
        Ok(Box::new(move |wire| wire.expect(200, ("POST", target, &headers, body)).map(drop)))
    })
}

fn exchange(site: &Site, wire: &mut Wire, count: usize) -> Outcome<Step> {
    let (mut codes, mut browser) = (Vec::<Code>::new(), Browser::default());
    for number in 0..count {
        if number % CODES_OF_A_SESSION == 0 {
            browser = Browser::default();
        }
        codes.push(site.sign_on(wire, &mut browser)?);
    }
    let site = site.clone();
    Ok(Box::new(move |wire| {
        let code = codes.pop().ok_or("no code is left")?;
        site.redeem(wire, &code).map(drop)
    }))
}

fn refresh(site: &Site, wire: &mut Wire) -> Outcome<Step> {
    let code = site.sign_on(wire, &mut Browser::default())?;
    let mut tokens = site.redeem(wire, &code)?;
    let site = site.clone();
    Ok(Box::new(move |wire| {
        tokens = site.refresh(wire, &tokens.refresh_token)?;
        Ok(())
    }))
}

fn userinfo(site: &Site, wire: &mut Wire) -> Outcome<Step> {
    let code = site.sign_on(wire, &mut Browser::default())?;
    let token = site.redeem(wire, &code)?.access_token;
    let header = format!("authorization: Bearer {token}\r\n");
    Ok(Box::new(move |wire| wire.expect(200, ("GET", "/userinfo", &header, "")).map(drop)))
}

fn introspect(site: &Site, wire: &mut Wire) -> Outcome<Step> {
    let code = site.sign_on(wire, &mut Browser::default())?;
    let body = form(&[("token", &site.redeem(wire, &code)?.access_token)]);
    let header = Site::credentials();
    Ok(Box::new(move |wire| {
        let answer = wire.expect(200, ("POST", "/introspect", &header, &body))?;
        let active = answer.body.windows(13).any(|part| part == b"\"active\":true");
        if active { Ok(()) } else { Err("the token is not active".into()) }
    }))
}

/// The browser is signed in: a redirect to the code, and the tokens for it.
fn next_site(site: &Site, wire: &mut Wire, count: usize) -> Outcome<Step> {
    let mut browsers = Vec::new();
    for _ in 0..count.div_ceil(CODES_OF_A_SESSION) {
        let mut browser = Browser::default();
        site.sign_on(wire, &mut browser)?;
        browsers.push(browser);
    }
    let (site, mut number) = (site.clone(), 0);
    Ok(Box::new(move |wire| {
        let browser = browsers.get_mut(number / CODES_OF_A_SESSION).ok_or("no session is left")?;
        number += 1;
        let code = site.sign_on(wire, browser)?;
        site.redeem(wire, &code).map(drop)
    }))
}

/// A fresh browser: redirect, page, password, code, tokens. The hashing is counted apart.
fn whole_sign_on(site: &Site) -> Outcome<Step> {
    let site = site.clone();
    Ok(Box::new(move |wire| {
        let code = site.sign_on(wire, &mut Browser::default())?;
        site.redeem(wire, &code).map(drop)
    }))
}
