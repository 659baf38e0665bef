//! The second step of a sign-on (section 18, 19.5).

mod passkeys;
mod remembered;

use hilum_tests::{
    App, Backend, Browser, Fresh, Page, Person, SecurityKey, Settings, TestIdp, Tokens, claims_of,
    first_app, on_every_store, recovery_codes, run,
};
use reqwest::Method;
use serde_json::json;

on_every_store![
    whoever_has_no_factor_shows_their_mailbox_sets_one_up_and_goes_on,
    a_code_counts_once_and_only_near_its_step,
    wrong_codes_lock_like_wrong_passwords_and_a_password_forgives_them_nothing,
    the_second_step_cannot_be_left_out,
    a_step_up_asks_only_the_factor_and_prolongs_nothing,
    a_fresh_sign_in_asks_password_and_factor_anew,
    a_recovery_code_works_once_and_leads_to_a_new_factor,
    a_change_of_factors_needs_a_fresh_sign_in_with_the_factor,
    what_is_changed_is_written_down,
];

const ANA: (&str, &str) = ("practitioner", "ana.rivera@cedar-falls.example");
const BSF: &str = "urn:hilum:acr:browser-second-factor";
const STRONGEST: &str = "urn:hilum:acr:phishing-resistant";

async fn ana(idp: &TestIdp, browser: &mut Browser) -> (App, Vec<String>) {
    first_app(idp, browser, ANA.0, ANA.1).await
}

/// The page of the second step in a new browser.
async fn second_step(idp: &TestIdp) -> (Browser, Page) {
    let mut browser = idp.browser();
    let page = browser.open(&idp.site("strong").request().url()).await;
    let page = browser.sign_in(&page, &Person::new(ANA.0)).await;
    assert!(page.has("factor-submit"), "{} {}", page.status, page.body);
    (browser, page)
}

/// The page with another way to take the second step.
async fn another_way(browser: &mut Browser, page: &Page, way: &str) -> Page {
    let id = format!("way-{way}");
    if page.has(&id) { browser.follow_link(page, &id).await } else { page.clone() }
}

async fn type_code(browser: &mut Browser, page: &Page, code: &str) -> Page {
    browser.submit(page, "factor-submit", &[("code", code)]).await
}

/// The demo's `administrator` has a factor, too.
const FACTORS_OF_ANA: &str = "SELECT f.id AS v FROM factor f \
     JOIN subscriber p ON p.id = f.subscriber_id WHERE p.user_id = 'practitioner'";

fn factors_of_ana(idp: &TestIdp) -> usize {
    idp.database.column(FACTORS_OF_ANA).len()
}

fn failures(idp: &TestIdp) -> i64 {
    idp.database.number("SELECT COALESCE(SUM(failures), 0) AS v FROM lockout")
}

/// 18.4, 18.5, 24.3
async fn whoever_has_no_factor_shows_their_mailbox_sets_one_up_and_goes_on(idp: Fresh) {
    let site = idp.site("strong");
    let mut browser = idp.browser();
    let request = site.request();
    let page = browser.open(&request.url()).await;
    let page = browser.sign_in(&page, &Person::new(ANA.0)).await;
    // Nothing can be set up by somebody who only knows the password.
    assert!(page.has("factor-send") && !page.has("enrol-app"), "{}", page.body);
    assert!(!page.body.contains(ANA.1), "the address is shortened");
    let handle = page.url.path().to_owned();
    let early = browser.open(&idp.url(&format!("{handle}?way=app"))).await;
    assert!(early.has("factor-send") && !early.has("text-key"), "{}", early.body);
    let page = browser.submit(&page, "factor-send", &[]).await;
    let wrong = browser.submit(&page, "factor-submit", &[("code", "0000 0000")]).await;
    assert_eq!(wrong.status, 401, "{}", wrong.body);
    assert_eq!(failures(&idp), 1, "counted in the one counter");
    let code = idp.mailed_code(ANA.1).await;
    let page = type_code(&mut browser, &wrong, &code).await;
    let page = browser.follow_link(&page, "enrol-app").await;
    let (app, before) = (App::of(&page), browser.session().unwrap().to_owned());
    let refused = browser.submit(&page, "enrol-submit", &[("code", &app.wrong_code())]).await;
    assert_eq!(refused.status, 401, "{}", refused.body);
    assert_eq!(factors_of_ana(&idp), 0, "not before its proof");
    assert_eq!(App::of(&refused).code(0), app.code(0), "the same key is shown again");
    let done = browser.submit(&refused, "enrol-submit", &[("code", &app.code(0))]).await;
    let codes = recovery_codes(&done);
    assert_eq!(codes.len(), 10, "{} {}", done.status, done.body);
    assert_ne!(browser.session().unwrap(), before, "a new cookie");
    // The form counts once.
    let again = browser.submit(&refused, "enrol-submit", &[("code", &app.code(1))]).await;
    assert!(recovery_codes(&again).is_empty(), "{}", again.body);
    assert_eq!(factors_of_ana(&idp), 1);
    let page = browser.open(&idp.url(&handle)).await;
    let page =
        if page.is_notice() { browser.submit(&page, "consent-allow", &[]).await } else { page };
    let tokens = Tokens::of(&site.redeem(&request, &page.answer().code.unwrap()).await);
    let claims = claims_of(&tokens.id);
    assert_eq!(claims["acr"], BSF);
    assert_eq!(claims["amr"], json!(["pwd", "otp", "mfa"]));
    let everything = idp.database.everything();
    for code in &codes {
        let bare = code.replace('-', "");
        assert!(!everything.contains(code) && !everything.contains(&bare), "codes are hashed");
    }
    let notice = idp.mail(ANA.1, "A second factor was added", 0).await;
    assert!(notice.text.contains("Authenticator app"), "{}", notice.text);
    // Whoever reads the notice can remove it, and only with what stands in the mail.
    let mut owner = idp.browser();
    let page = owner.visit(&notice.link(&idp.origin, "/stop/factor/").unwrap()).await;
    let refused = owner.submit(&page, "stop-submit", &[("code", "0000 0000")]).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert_eq!(factors_of_ana(&idp), 1);
    let code = idp.mailed_code(ANA.1).await;
    let stopped = owner.submit(&refused, "stop-submit", &[("code", &code)]).await;
    assert_eq!(stopped.status, 200, "{}", stopped.body);
    assert_eq!(factors_of_ana(&idp), 0);
    assert!(browser.visit("/account").await.is_sign_in(), "everybody is signed out");
    assert_eq!(idp.must(&["audit", "verify"]).code, 0);
}

/// 18.1
async fn a_code_counts_once_and_only_near_its_step(idp: Fresh) {
    let mut browser = idp.browser();
    let (app, _) = ana(&idp, &mut browser).await;
    let (mut other, page) = second_step(&idp).await;
    // The step in which it was set up is used, and so is every step before it.
    for earlier in [0, 1] {
        let code = app.code_of(app.set_up_in - earlier);
        let refused = type_code(&mut other, &page, &code).await;
        assert_eq!(refused.status, 401, "{earlier}: {}", refused.body);
    }
    assert_eq!(failures(&idp), 2, "counted as failures");
    for away in [-2, 3] {
        let refused = type_code(&mut other, &page, &app.code(away)).await;
        assert_eq!(refused.status, 401, "{away}");
    }
    // The hour goes on; the same code in two browsers at once opens one of them.
    idp.set_clock(120).await;
    let app = app.when(120);
    let (mut third, third_page) = second_step(&idp).await;
    let code = app.code(0);
    let (one, two) = futures_util::future::join(
        other.press(&page, "factor-submit", &[("code", &code)]),
        third.press(&third_page, "factor-submit", &[("code", &code)]),
    )
    .await;
    let opened = [&one, &two].iter().filter(|page| page.status == 303).count();
    assert_eq!(opened, 1, "{} {}", one.status, two.status);
    assert_eq!(failures(&idp), 1, "whoever came second is counted: {} {}", one.status, two.status);
}

/// 18.2
async fn wrong_codes_lock_like_wrong_passwords_and_a_password_forgives_them_nothing(idp: Fresh) {
    let mut browser = idp.browser();
    let (app, codes) = ana(&idp, &mut browser).await;
    for number in 0..7 {
        let (mut browser, page) = second_step(&idp).await;
        let answer = if number % 2 == 0 {
            type_code(&mut browser, &page, &app.wrong_code()).await
        } else {
            let page = another_way(&mut browser, &page, "recovery").await;
            type_code(&mut browser, &page, "AAAAA-AAAAA").await
        };
        assert_eq!(answer.status, 401, "{number}: {}", answer.body);
    }
    // Locked: the right code and the right password are refused with the same words.
    let mut late = idp.browser();
    let page = late.open(&idp.site("strong").request().url()).await;
    let page = late.sign_in(&page, &Person::new(ANA.0)).await;
    assert_eq!(page.status, 401, "{}", page.body);
    let step_up = browser.open(&idp.site("strong").request().with("prompt", "login").url()).await;
    assert_eq!(browser.sign_in(&step_up, &Person::new(ANA.0)).await.status, 401);
    idp.set_clock(601).await;
    let app = app.when(601);
    let (mut browser, page) = second_step(&idp).await;
    let page = type_code(&mut browser, &page, &app.code(0)).await;
    assert!(page.answer().code.is_some(), "open by itself: {}", page.body);
    assert_eq!(failures(&idp), 0, "and the counter is clear");
    assert_eq!(codes.len(), 10);
}

/// 18.3
async fn the_second_step_cannot_be_left_out(idp: Fresh) {
    let mut browser = idp.browser();
    ana(&idp, &mut browser).await;
    let (mut browser, page) = second_step(&idp).await;
    let handle = page.url.path().to_owned();
    let token = page.form("factor-submit").value("form_token").unwrap().to_owned();
    for step in ["notice", "affiliation", "agreement", "enrol/app", "enrol/passkey", "password"] {
        let url = idp.url(&format!("{handle}/{step}"));
        let form = [("form_token", &*token), ("username", "x"), ("password", "x"), ("code", "1")];
        let request = browser.request(Method::POST, &url).form(&form);
        let answer = browser.send(&url, request).await;
        let to = answer.location().map(|url| url.to_string()).unwrap_or_default();
        assert!(!to.contains("code="), "{step}: {to}");
    }
    // Nor by beginning anew, without pages, in another tab, or at another site first.
    let strong = idp.site("strong");
    let silent = browser.get(&strong.request().with("prompt", "none").url()).await;
    assert_eq!(silent.error().0, "interaction_required");
    let alpha = idp.site("alpha");
    let page = browser.sign_on(&alpha.request().url(), &Person::new(ANA.0)).await;
    assert!(page.answer().code.is_some(), "a password opens what asks for no more");
    let page = browser.open(&strong.request().url()).await;
    assert!(page.has("factor-submit"), "{}", page.body);
    let back = browser.press(&page, "sign-on-cancel", &[]).await;
    assert_eq!(back.error().0, "access_denied");
}

/// 18.3, 19.2
async fn a_step_up_asks_only_the_factor_and_prolongs_nothing(idp: Fresh) {
    let mut browser = idp.browser();
    let (app, _) = ana(&idp, &mut browser).await;
    let mut browser = idp.browser();
    let alpha = idp.site("alpha");
    let low = claims_of(&alpha.sign_on(&mut browser, &Person::new(ANA.0)).await.id);
    assert_eq!(low["acr"], "urn:hilum:acr:password");
    idp.set_clock(3600).await;
    let app = app.when(3600);
    let (cookie, request) = (browser.session().unwrap().to_owned(), alpha.request());
    let asked = request.clone().with("acr_values", BSF);
    let page = browser.open(&asked.url()).await;
    assert!(
        page.has("factor-submit") && !page.is_sign_in(),
        "only the missing step: {}",
        page.body
    );
    let page = type_code(&mut browser, &page, &app.code(0)).await;
    let tokens = Tokens::of(&alpha.redeem(&asked, &page.answer().code.unwrap()).await);
    let high = claims_of(&tokens.id);
    assert_eq!(high["acr"], BSF);
    for same in ["sid", "auth_time", "session_expires_at"] {
        assert_eq!(high[same], low[same], "{same}");
    }
    assert_ne!(browser.session().unwrap(), cookie, "the cookie is a new one");
    let mut thief = idp.browser();
    thief.cookies.insert("__Host-hilum-session".into(), cookie);
    assert!(thief.visit("/account").await.is_sign_in(), "the old one is worth nothing");
    let essential = json!({ "id_token": { "acr": { "essential": true, "value": STRONGEST } } });
    let page = browser.open(&alpha.request().with("claims", &essential.to_string()).url()).await;
    // One hour after the sign-in nobody sets up anything without signing in again.
    assert!(page.is_sign_in(), "{}", page.body);
}

/// domain 3.2
async fn a_fresh_sign_in_asks_password_and_factor_anew(idp: Fresh) {
    let mut browser = idp.browser();
    let (app, _) = ana(&idp, &mut browser).await;
    idp.set_clock(600).await;
    let mut app = app.when(600);
    let site = idp.site("strong");
    for (number, (name, value)) in [("prompt", "login"), ("max_age", "300")].into_iter().enumerate()
    {
        let request = site.request().with(name, value);
        let page = browser.open(&request.url()).await;
        assert!(page.is_sign_in(), "{name}: {}", page.body);
        let page = browser.sign_in(&page, &Person::new(ANA.0)).await;
        assert!(page.has("factor-submit"), "{name}: {}", page.body);
        let page = type_code(&mut browser, &page, &app.code(0)).await;
        assert!(page.answer().code.is_some(), "{name}: {}", page.body);
        let later = 1_200 * (i64::try_from(number).unwrap() + 1);
        idp.set_clock(later).await;
        app.offset = later;
    }
}

/// 18.8
async fn a_recovery_code_works_once_and_leads_to_a_new_factor(idp: Fresh) {
    let mut browser = idp.browser();
    let (_, codes) = ana(&idp, &mut browser).await;
    let (mut browser, page) = second_step(&idp).await;
    let page = another_way(&mut browser, &page, "recovery").await;
    let typed = codes[0].to_lowercase().replace('-', " ");
    let page = type_code(&mut browser, &page, &typed).await;
    // Its level is lower than what was lost, so a new factor is set up.
    assert!(page.has("enrol-app"), "{} {}", page.status, page.body);
    let setting_up = browser.follow_link(&page, "enrol-app").await;
    let app = App::of(&setting_up);
    let page = browser.submit(&setting_up, "enrol-submit", &[("code", &app.code(0))]).await;
    assert!(page.answer().code.is_some(), "{} {}", page.status, page.body);
    let (mut other, page) = second_step(&idp).await;
    let page = another_way(&mut other, &page, "recovery").await;
    let refused = type_code(&mut other, &page, &codes[0]).await;
    assert_eq!(refused.status, 401, "used: {}", refused.body);
    // A new set kills the old one.
    let account = browser.visit("/account/security").await;
    let new = browser.submit(&account, "recovery-replace", &[]).await;
    let new = recovery_codes(&new);
    assert_eq!(new.len(), 10);
    let refused = type_code(&mut other, &refused, &codes[1]).await;
    assert_eq!(refused.status, 401, "of the old set");
    let page = type_code(&mut other, &refused, &new[0]).await;
    assert!(page.has("enrol-app"), "{} {}", page.status, page.body);
    assert_eq!(failures(&idp), 2, "a code in place of a factor forgives no wrong one");
    let notice = idp.mail(ANA.1, "A recovery code", 0).await;
    assert!(notice.text.to_lowercase().contains("recovery code"), "{}", notice.text);
}

/// 18.4, 19.5
async fn a_change_of_factors_needs_a_fresh_sign_in_with_the_factor(idp: Fresh) {
    let mut browser = idp.browser();
    let (app, _) = ana(&idp, &mut browser).await;
    let fresh = browser.visit("/account/security").await;
    let factor = idp.database.column(FACTORS_OF_ANA).pop().unwrap();
    let path = format!("/account/security/factors/{factor}/remove");
    let token = fresh.form("recovery-replace").value("form_token").unwrap().to_owned();
    let count = || factors_of_ana(&idp);
    // With the password alone.
    let mut weak = idp.browser();
    let page = weak.visit("/account/security").await;
    let page = weak.sign_in(&page, &Person::new(ANA.0)).await;
    assert!(page.has("security-confirm"), "{}", page.body);
    for path in [&*path, "/account/security/recovery-codes"] {
        let url = idp.url(path);
        let request = weak.request(Method::POST, &url).form(&[("form_token", &token)]);
        assert_eq!(weak.send(&url, request).await.status, 303, "{path}");
    }
    assert!(weak.visit("/account/security/app").await.has("factor-submit"), "the factor first");
    // Without the token of our own page.
    let url = idp.url(&path);
    let request = browser.request(Method::POST, &url).form(&[("form_token", "forged")]);
    assert_eq!(browser.send(&url, request).await.status, 403);
    // Somebody else's factor is not there.
    let mut stranger = idp.browser();
    let page = stranger.visit("/account/security").await;
    let page = stranger.sign_in(&page, &Person::new("biller")).await;
    let strange = hilum_tests::Form::all(&page.body)
        .into_iter()
        .find_map(|form| form.value("form_token").map(str::to_owned));
    if let Some(strange) = strange {
        let request = stranger.request(Method::POST, &url).form(&[("form_token", &strange)]);
        assert!(matches!(stranger.send(&url, request).await.status, 403 | 404));
    }
    assert_eq!(count(), 1);
    // Sixteen minutes later even the right person signs in again.
    idp.set_clock(16 * 60).await;
    let request = browser.request(Method::POST, &url).form(&[("form_token", &token)]);
    let page = browser.send(&url, request).await;
    let page = browser.follow(page).await;
    assert!(page.is_sign_in(), "{}", page.body);
    assert_eq!(count(), 1);
    let app = app.when(16 * 60);
    let page = browser.sign_in(&page, &Person::new(ANA.0)).await;
    let page = type_code(&mut browser, &page, &app.code(0)).await;
    assert_eq!(page.url.path(), "/account/security", "{}", page.body);
    let request = browser.request(Method::POST, &url).form(&[("form_token", &token)]);
    let page = browser.send(&url, request).await;
    let page = browser.follow(page).await;
    assert_eq!(count(), 0, "{}", page.body);
    assert_eq!(idp.database.number("SELECT COUNT(*) AS v FROM recovery_code r JOIN subscriber p ON p.id = r.subscriber_id WHERE p.user_id = 'practitioner'"), 0);
    idp.mail(ANA.1, "A second factor was removed", 0).await;
}

/// 24.4
async fn what_is_changed_is_written_down(idp: Fresh) {
    let mut browser = idp.browser();
    ana(&idp, &mut browser).await;
    let factor = idp.database.column(FACTORS_OF_ANA).pop().unwrap();
    let page = browser.visit("/account/security").await;
    let button = format!("rename-{factor}");
    let page = browser.submit(&page, &button, &[("name", "The other phone")]).await;
    assert_eq!(page.url.query(), Some("done=renamed"), "{}", page.body);
    let rows = idp.database.column(
        "SELECT after || ' ' || session_id AS v FROM audit_event WHERE kind = 'factor.renamed'",
    );
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!(rows[0].contains(&factor) && rows[0].contains(" ses_"), "{rows:?}");
    let shown = browser.visit("/account/activity").await;
    assert!(shown.body.contains("another name"), "{}", shown.body);
}

/// 18.1 on two nodes.
#[test]
fn a_code_used_on_one_node_is_refused_on_the_other() {
    if !Backend::PostgresRedis.is_available() {
        eprintln!("left out: PostgreSQL and Redis are not here (.ci/with-servers starts them)");
        return;
    }
    run(async {
        let mut idp = TestIdp::start_with(Backend::PostgresRedis, Settings::new()).await;
        idp.add_node().await;
        let second = idp.nodes()[1].public;
        let mut browser = idp.browser();
        let (app, codes) = ana(&idp, &mut browser).await;
        idp.set_clock(120).await;
        let app = app.when(120);
        for _ in 0..20 {
            let (mut here, page) = second_step(&idp).await;
            let (there, there_page) = second_step(&idp).await;
            let mut there = there.at(second);
            let code = app.code(0);
            let (one, two) = futures_util::future::join(
                here.press(&page, "factor-submit", &[("code", &code)]),
                there.press(&there_page, "factor-submit", &[("code", &code)]),
            )
            .await;
            let opened = [&one, &two].iter().filter(|page| page.status == 303).count();
            assert!(opened <= 1, "{} {}", one.status, two.status);
            if opened == 0 {
                break; // the step was used in an earlier round
            }
        }
        // A recovery code on both nodes at once.
        idp.set_clock(900).await;
        let (mut here, page) = second_step(&idp).await;
        let (there, there_page) = second_step(&idp).await;
        let page = another_way(&mut here, &page, "recovery").await;
        let mut there = there.at(second);
        let there_page = another_way(&mut there, &there_page, "recovery").await;
        let (one, two) = futures_util::future::join(
            here.press(&page, "factor-submit", &[("code", &codes[3])]),
            there.press(&there_page, "factor-submit", &[("code", &codes[3])]),
        )
        .await;
        let opened = [&one, &two].iter().filter(|page| page.status == 303).count();
        assert_eq!(opened, 1, "{} {}", one.status, two.status);
    });
}
