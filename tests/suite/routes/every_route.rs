//! A walk over all routes, signed out: each has its answer, and none says too much (15.2, 24.2).

use std::{fs, path::Path};

use hilum_tests::{Page, Shared, TestIdp, on_every_store};
use reqwest::Method;

on_every_store![
    every_route_has_its_answer_for_strangers,
    what_is_not_there_is_a_page_that_says_so,
    nothing_is_served_that_is_not_listed,
    pages_bring_their_own_style_and_nothing_from_elsewhere,
];

/// Every route, and what it answers to each method without cookies or credentials.
///
/// A route that is missing here is found by [`every_route_that_the_source_spells_out_is_listed`] or
/// by [`nothing_is_served_that_is_not_listed`].
pub(super) const ROUTES: &[(&str, u16, u16)] = &[
    // route, GET, POST
    ("/", 200, 405),
    ("/.well-known/hilum-roles", 200, 405),
    ("/.well-known/oauth-authorization-server", 200, 405),
    ("/.well-known/openid-configuration", 200, 405),
    ("/account", 303, 405),
    ("/account/activity", 303, 405),
    ("/account/agreements", 303, 405),
    ("/account/agreements/{id}", 303, 303),
    ("/account/delete", 303, 303),
    ("/account/leave/{affiliation}", 303, 303),
    ("/account/offers", 303, 405),
    ("/account/offers/{id}/accept", 405, 303),
    ("/account/offers/{id}/decline", 405, 303),
    ("/account/promotions/{id}", 303, 405),
    ("/account/promotions/{id}/form", 303, 405),
    ("/account/promotions/{id}/{step}", 405, 303),
    ("/account/password", 303, 303),
    ("/account/password/hints", 405, 403),
    ("/account/security", 303, 405),
    ("/account/security/app", 303, 303),
    ("/account/security/browsers/forget", 405, 303),
    ("/account/security/confirm", 303, 405),
    ("/account/security/factors/{id}/remove", 405, 303),
    ("/account/security/factors/{id}/rename", 405, 303),
    ("/account/security/passkey", 303, 303),
    ("/account/security/passkey/options", 405, 403),
    ("/account/security/recovery-codes", 405, 303),
    ("/account/email", 303, 303),
    ("/account/email/confirm", 405, 303),
    ("/account/email/give-up", 405, 303),
    ("/account/questions", 303, 303),
    ("/account/profile", 303, 303),
    ("/account/sessions", 303, 405),
    ("/account/sign-on-test", 303, 405),
    ("/account/shared", 303, 405),
    ("/account/sessions/end-others", 405, 303),
    ("/account/sessions/{id}/end", 405, 303),
    ("/activate/{link}", 404, 404),
    ("/api/v1/agreements", 401, 405),
    ("/api/v1/agreements/{agreement}", 401, 405),
    ("/api/v1/openapi.json", 200, 405),
    ("/api/v1/rights", 401, 405),
    ("/api/v1/roles", 401, 405),
    ("/api/v1/organizations", 401, 405),
    ("/api/v1/organizations/{organization}", 401, 405),
    ("/administrator-left", 200, 403),
    ("/agreements", 200, 405),
    ("/agreements/{id}", 404, 405),
    ("/api/v1/organizations/{organization}/nominations", 401, 401),
    ("/api/v1/organizations/{organization}/nominations/{nomination}", 405, 405),
    ("/api/v1/organizations/{organization}/nominations/{nomination}/resend", 405, 401),
    ("/api/v1/organizations/{organization}/people", 401, 405),
    ("/api/v1/organizations/{organization}/people/{person}", 401, 405),
    ("/api/v1/organizations/{organization}/people/{person}/rights", 405, 405),
    ("/api/v1/organizations/{organization}/people/{person}/standing", 405, 401),
    ("/api/v1/organizations/{organization}/tax-ids", 401, 401),
    ("/api/v1/organizations/{organization}/tax-ids/{tax_id}", 405, 405),
    ("/api/v1/organizations/{organization}/tax-ids/asked-for/{further}", 405, 405),
    ("/api/v1/organizations/{organization}/sub-organizations", 401, 401),
    ("/api/v1/organizations/{organization}/system-clients", 401, 401),
    ("/api/v1/organizations/{organization}/system-clients/{system}", 405, 405),
    ("/api/v1/organizations/{organization}/system-clients/{system}/code", 405, 401),
    ("/api/v1/organizations/{organization}/system-clients/{system}/renewal", 405, 401),
    ("/api/v1/organizations/{organization}/sites", 401, 405),
    ("/api/v1/organizations/{organization}/sites/{site}", 405, 405),
    ("/api/v1/organizations/{organization}/audit", 401, 405),
    ("/api/v1/organizations/{organization}/access-requests", 401, 405),
    ("/api/v1/organizations/{organization}/access-requests/{request}", 405, 405),
    ("/api/v1/organizations/{organization}/people/{person}/promotion", 405, 401),
    ("/api/v1/organizations/{organization}/offers", 401, 401),
    ("/api/v1/organizations/{organization}/offers/{affiliation}", 405, 405),
    ("/api/v1/me", 401, 405),
    ("/api/v1/me/sessions", 401, 405),
    ("/api/v1/me/sessions/{id}", 405, 405),
    ("/api/v1/support/audit", 401, 405),
    ("/api/v1/support/further-tax-ids", 401, 405),
    ("/api/v1/support/further-tax-ids/{tax_id}", 401, 405),
    ("/api/v1/support/further-tax-ids/{tax_id}/decision", 405, 401),
    ("/api/v1/support/notary-forms/{reference}", 401, 405),
    ("/api/v1/support/organizations/{organization}", 401, 405),
    ("/api/v1/support/organizations/{organization}/data", 405, 405),
    ("/api/v1/support/organizations/{organization}/first-administrator/code", 405, 401),
    ("/api/v1/support/organizations/{organization}/first-administrator/withdrawal", 405, 401),
    ("/api/v1/support/organizations/{organization}/standing", 405, 401),
    ("/api/v1/support/people/{person}", 401, 405),
    ("/api/v1/support/people/{person}/account", 405, 401),
    ("/api/v1/support/people/{person}/caller-checks", 405, 401),
    ("/api/v1/support/people/{person}/end-affiliation", 405, 401),
    ("/api/v1/support/people/{person}/help", 405, 401),
    ("/api/v1/support/promotions", 401, 405),
    ("/api/v1/support/promotions/{promotion}", 401, 405),
    ("/api/v1/support/promotions/{promotion}/decision", 405, 401),
    ("/api/v1/support/registrations", 401, 405),
    ("/api/v1/support/registrations/{registration}", 401, 405),
    ("/api/v1/support/registrations/{registration}/decision", 405, 401),
    ("/api/v1/support/search", 405, 401),
    ("/api/v1/support/tax-id-claims", 401, 405),
    ("/api/v1/support/tax-id-claims/{tax_id}", 401, 405),
    ("/api/v1/support/tax-id-claims/{tax_id}/decision", 405, 401),
    ("/api/v1/support/tickets", 401, 405),
    ("/api/v1/support/tickets/{ticket}", 401, 405),
    ("/api/v1/support/tickets/{ticket}/deeds", 405, 401),
    ("/api/v1/support/tickets/{ticket}/promotion", 405, 401),
    ("/assets/{name}", 404, 405),
    ("/authorize", 400, 400),
    ("/console", 303, 405),
    ("/console/kept/{handle}", 303, 405),
    ("/browser-test", 200, 405),
    ("/contact", 200, 403),
    ("/cookies", 200, 405),
    ("/demo/mailbox", 200, 405),
    ("/end-session", 303, 303),
    ("/existing-id", 200, 403),
    ("/forgot/done", 200, 405),
    ("/forgot/password", 200, 403),
    ("/forgot/password/{handle}", 400, 405),
    ("/forgot/password/{handle}/answers", 405, 400),
    ("/forgot/password/{handle}/code", 405, 400),
    ("/forgot/password/{handle}/handed-over", 405, 400),
    ("/forgot/password/{handle}/mail-again", 405, 400),
    ("/forgot/password/{handle}/new", 405, 400),
    ("/forgot/user-id", 200, 403),
    ("/guides/administrator", 200, 405),
    ("/notary", 200, 405),
    ("/help", 200, 405),
    ("/introspect", 405, 400),
    ("/jwks", 200, 405),
    ("/organization", 303, 405),
    ("/organization/{id}", 303, 405),
    ("/organization/{id}/affiliate", 303, 303),
    ("/organization/{id}/audit", 303, 405),
    ("/organization/{id}/audit/export", 303, 405),
    ("/organization/{id}/confirm", 405, 303),
    ("/organization/{id}/close", 405, 303),
    ("/organization/{id}/keep-open", 405, 303),
    ("/organization/{id}/data", 303, 303),
    ("/organization/{id}/endings/{ending}", 303, 405),
    ("/organization/{id}/nominate", 303, 303),
    ("/organization/{id}/nominations", 303, 405),
    ("/organization/{id}/nominations/{nomination}/resend", 405, 303),
    ("/organization/{id}/nominations/{nomination}/withdraw", 405, 303),
    ("/organization/{id}/offers/{affiliation}/take-back", 405, 303),
    ("/organization/{id}/parts", 303, 303),
    ("/organization/{id}/people", 303, 405),
    ("/organization/{id}/people/{person}", 303, 405),
    ("/organization/{id}/people/{person}/rights", 303, 303),
    ("/organization/{id}/people/{person}/{deed}", 303, 303),
    ("/organization/{id}/requests", 303, 405),
    ("/organization/{id}/requests/{request}/decline", 405, 303),
    ("/organization/{id}/review", 303, 303),
    ("/organization/{id}/review/finish", 405, 303),
    ("/organization/{id}/roster", 303, 303),
    ("/organization/{id}/roster/export", 303, 405),
    ("/organization/{id}/roster/{import}", 303, 405),
    ("/organization/{id}/roster/{import}/codes", 405, 303),
    ("/organization/{id}/roster/{import}/confirm", 405, 303),
    ("/organization/{id}/roster/{import}/undo", 405, 303),
    ("/organization/{id}/sites", 303, 405),
    ("/organization/{id}/sites/{site}", 405, 303),
    ("/organization/{id}/systems", 303, 303),
    ("/organization/{id}/systems/{system}", 405, 303),
    ("/organization/{id}/tax-ids", 303, 303),
    ("/organization/{id}/tax-ids/{tax_id}/answer", 405, 303),
    ("/organization/{id}/tax-ids/{tax_id}/appoint", 405, 303),
    ("/organization/{id}/tax-ids/{tax_id}/dismiss", 405, 303),
    ("/organization/{id}/tax-ids/{tax_id}/give-up", 405, 303),
    ("/organization/{id}/tax-ids/further/{further}/withdraw", 405, 303),
    ("/portal", 303, 405),
    ("/register", 200, 403),
    ("/register/{key}", 404, 403),
    ("/register/at/{handle}", 400, 405),
    ("/register/at/{handle}/form", 400, 405),
    ("/register/at/{handle}/{step}", 405, 400),
    ("/privacy", 200, 405),
    ("/request-access", 200, 403),
    ("/revoke", 405, 400),
    ("/saml/artifact", 405, 400),
    ("/saml/metadata", 200, 405),
    ("/saml/slo", 400, 400),
    ("/saml/sso", 400, 400),
    ("/saml/start/{site}", 404, 405),
    ("/sign-on/{handle}", 400, 405),
    ("/sign-on/{handle}/affiliation", 405, 400),
    ("/sign-on/{handle}/agreement", 405, 400),
    ("/sign-on/{handle}/cancel", 405, 400),
    ("/sign-on/{handle}/enrol/app", 405, 400),
    ("/sign-on/{handle}/enrol/passkey", 405, 400),
    ("/sign-on/{handle}/enrol/passkey/options", 405, 400),
    ("/sign-on/{handle}/factor/email", 405, 400),
    ("/sign-on/{handle}/factor/email/send", 405, 400),
    ("/sign-on/{handle}/factor/recovery", 405, 400),
    ("/sign-on/{handle}/factor/totp", 405, 400),
    ("/sign-on/{handle}/notice", 405, 400),
    ("/sign-on/{handle}/passkey", 405, 400),
    ("/sign-on/{handle}/passkey/options", 405, 400),
    ("/sign-on/{handle}/password", 405, 400),
    ("/sign-on/{handle}/switch", 405, 400),
    ("/sign-out", 303, 403),
    ("/signed-out", 200, 405),
    ("/signed-out/{handle}", 303, 303),
    ("/confirm/email/{id}", 404, 403),
    ("/stop/email/{id}", 404, 403),
    ("/stop/factor-reset/{id}", 404, 403),
    ("/stop/factor/{id}", 404, 403),
    ("/sites", 200, 405),
    ("/status", 200, 405),
    ("/support", 303, 405),
    ("/support/agreements", 303, 405),
    ("/support/audit", 303, 405),
    ("/support/closings", 303, 405),
    ("/support/organizations/{id}", 303, 303),
    ("/support/people/{id}", 303, 303),
    ("/support/promotions", 303, 405),
    ("/support/promotions/{id}", 303, 303),
    ("/support/tickets/{id}/promotion", 303, 303),
    ("/support/registrations", 303, 405),
    ("/support/registrations/{id}", 303, 303),
    ("/support/search", 303, 303),
    ("/support/tax-ids", 303, 405),
    ("/support/tax-ids/further/{id}", 303, 303),
    ("/support/tax-ids/{id}", 303, 303),
    ("/support/tickets", 303, 405),
    ("/support/tickets/{id}", 303, 303),
    ("/systems/{id}/set-up", 405, 400),
    ("/ticket/{link}", 404, 404),
    ("/token", 405, 400),
    ("/userinfo", 401, 401),
];

/// A route with its slots filled in their order; with `x` where there are no more values.
pub(super) fn filled(route: &str, values: &[&str]) -> String {
    let mut values = values.iter();
    let mut parts = route.split('/').map(|part| {
        if part.starts_with('{') { values.next().copied().unwrap_or("x") } else { part }
    });
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| format!("{path}/{part}"))
}

async fn call(idp: &TestIdp, method: Method, path: &str) -> Page {
    let mut browser = idp.browser();
    let url = idp.url(path);
    let request = browser.request(method, &url);
    browser.send(&url, request).await
}

/// What holds of every answer, whatever it is.
fn is_safe(page: &Page, what: &str) {
    assert!(page.status < 500, "{what}: {}", page.status);
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{what}: {policy}");
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    assert_eq!(page.header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(page.header("referrer-policy"), "no-referrer", "{what}");
    assert!(page.headers.get("server").is_none(), "{what}");
    assert!(
        !page
            .set_cookies()
            .iter()
            .any(|cookie| cookie.contains("hilum-session=") && !cookie.contains("session=;")),
        "{what}"
    );
    for leak in
        ["SELECT ", "diesel", "actix", "panicked", "/src/", ".rs:", "sqlite", "postgres", "redis"]
    {
        assert!(!page.body.contains(leak), "{what} says {leak}: {}", page.body);
    }
    if page.status >= 400 && page.header("content-type").starts_with("text/html") {
        assert!(page.body.contains("1-800-555-0100"), "{what} names the help desk");
        assert!(page.body.contains("<html lang="), "{what}");
    }
}

async fn every_route_has_its_answer_for_strangers(idp: Shared) {
    for (route, get, post) in ROUTES {
        let path = filled(route, &[]);
        for (method, expected) in [(Method::GET, *get), (Method::POST, *post)] {
            let page = call(idp, method.clone(), &path).await;
            let what = format!("{method} {path}");
            assert_eq!(page.status, expected, "{what}: {}", page.body);
            is_safe(&page, &what);
        }
        for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE] {
            let page = call(idp, method.clone(), &path).await;
            // The API takes DELETE, from whoever has a token.
            assert!(matches!(page.status, 401 | 404 | 405), "{method} {path}: {}", page.status);
            is_safe(&page, &format!("{method} {path}"));
        }
    }
}

async fn what_is_not_there_is_a_page_that_says_so(idp: Shared) {
    for path in [
        "/nothing",
        "/admin",
        "/metrics",
        "/healthz",
        "/readyz",
        "/.env",
        "/.git/config",
        "/assets/../../etc/passwd",
        "/assets/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/token/",
        "/Token",
        "/debug",
        "/sign-on",
        "/account/sessions/",
        "/account/nothing",
        "/%00",
        "/a%0d%0aX:%20y",
        "/\u{fc}",
        "/.well-known/x",
    ] {
        let page = call(idp, Method::GET, path).await;
        assert!(matches!(page.status, 400 | 404), "{path}: {}", page.status);
        is_safe(&page, path);
        assert!(page.headers.get("x").is_none());
    }
}

/// Fails for a route that the table above does not have, and so nobody tests signed out. Most routes
/// stand in the source as they are served; of those that are put together,
/// [`nothing_is_served_that_is_not_listed`] finds what any test asks for.
#[test]
fn every_route_that_the_source_spells_out_is_listed() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../idp-server/src/http");
    let mut found = 0;
    for text in files_below(&source) {
        for spelt in text.split("web::resource(\"").skip(1) {
            let route = spelt.split('"').next().unwrap();
            assert!(ROUTES.iter().any(|(own, ..)| *own == route), "{route} is not in the table");
            found += 1;
        }
    }
    assert!(found > 100, "{found} routes in {}", source.display());
}

fn files_below(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => files_below(&path),
            false => vec![fs::read_to_string(&path).unwrap()],
        })
        .collect()
}

/// The routes that were ever answered are counted by their pattern.
async fn nothing_is_served_that_is_not_listed(idp: Shared) {
    let counted = idp.private(0, "/metrics").await.1;
    let routes =
        counted.lines().filter_map(|line| line.split("route=\"").nth(1)?.split('"').next());
    for route in routes.filter(|route| !matches!(*route, "none" | "refused" | "unknown")) {
        assert!(ROUTES.iter().any(|(own, ..)| *own == route), "{route} is not in the table");
    }
}

async fn pages_bring_their_own_style_and_nothing_from_elsewhere(idp: Shared) {
    let page = call(idp, Method::GET, "/").await;
    let mut found = 0;
    for attribute in ["href=\"", "src=\""] {
        for link in page.body.split(attribute).skip(1) {
            let link = link.split('"').next().unwrap();
            if link.starts_with("/assets/") {
                found += 1;
                let asset = call(idp, Method::GET, link).await;
                assert_eq!(asset.status, 200, "{link}");
                assert!(asset.header("cache-control").contains("immutable"), "{link}");
            } else {
                let fine = link.starts_with('/')
                    || link.starts_with('#')
                    || link.starts_with("tel:")
                    || link.starts_with("mailto:");
                assert!(fine, "{link}");
            }
        }
    }
    assert!(found >= 2, "style sheet and mark: {}", page.body);
}
