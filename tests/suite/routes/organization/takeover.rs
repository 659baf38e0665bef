//! Help that leads into somebody's account, and what keeps it from being a way to take one over
//! (security 17.7, 17.9, 18.4, 19.5, 20.2, 20.3).

use hilum_tests::{App, Browser, Fresh, Page, Person, TestIdp, on_every_store};

use super::{OWN, SEED, at_work};

on_every_store![
    a_lock_is_taken_off_of_the_own_people_and_of_nobody_who_works_for_others,
    whoever_works_for_others_is_not_in_the_hands_of_one_administrator,
    an_address_settles_before_anything_leans_on_it,
    a_way_into_an_account_takes_a_fresh_sign_in_and_the_form_waits,
    a_kept_form_lies_sealed,
    nobody_gives_themselves_a_number_with_an_offer,
];

const ANA: &str = "ana.rivera@cedar-falls.example";

async fn deed(browser: &mut Browser, idp: &TestIdp, user_id: &str, deed: &str) -> Page {
    let query = format!("SELECT id AS v FROM subscriber WHERE user_id = '{user_id}'");
    let id = idp.database.column(&query).remove(0);
    browser.visit(&format!("{OWN}/people/{id}/{deed}")).await
}

const SEEN: (&str, &str) = ("reason", "she stood before me");

/// The biller works for the hospital too.
async fn whoever_works_for_others_is_not_in_the_hands_of_one_administrator(idp: Fresh) {
    let mut joan = at_work(&idp).await;
    let page = deed(&mut joan, &idp, "biller", "email").await;
    let fields = [("email", "mine@evil.example"), SEEN];
    let refused = joan.submit(&page, "deed-submit", &fields).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(!refused.body.contains("North Sound"), "why is not told: {}", refused.body);
    assert_eq!(idp.database.number("SELECT COUNT(*) AS v FROM email_change"), 0);
    // A code is worth nothing without the mailbox and the factor, so that is given.
    let page = deed(&mut joan, &idp, "biller", "code").await;
    let made = joan.submit(&page, "deed-submit", &[SEEN]).await;
    assert!(made.status == 200 && made.has("reset-code"), "{}", made.body);
}

/// Locked for ten minutes after seven wrong passwords (R29), and let in at once by her Administrator.
async fn a_lock_is_taken_off_of_the_own_people_and_of_nobody_who_works_for_others(idp: Fresh) {
    let mut joan = at_work(&idp).await;
    let wrong = Person { password: "Wrong-password-1".into(), ..Person::new("practitioner") };
    let locks = "SELECT COUNT(*) AS v FROM lockout WHERE locked_until IS NOT NULL";
    let mut ana = idp.browser();
    for _ in 0..7 {
        let page = ana.visit("/account").await;
        ana.sign_in(&page, &wrong).await;
    }
    assert_eq!(idp.database.number(locks), 1);
    let page = deed(&mut joan, &idp, "practitioner", "unlock").await;
    let asked = joan.submit(&page, "deed-submit", &[]).await;
    assert_eq!(asked.status, 422, "how she made sure who asks: {}", asked.body);
    let page = joan.submit(&page, "deed-submit", &[SEEN]).await;
    assert!(page.status == 200 && page.has("done"), "{}", page.body);
    assert_eq!(idp.database.number(locks), 0);
    let audited = "SELECT reason AS v FROM audit_event WHERE kind = 'account.unlocked'";
    assert_eq!(idp.database.column(audited), [SEEN.1]);
    // The biller works for the hospital too: more tries there are not hers to give.
    let page = deed(&mut joan, &idp, "biller", "unlock").await;
    let refused = joan.submit(&page, "deed-submit", &[SEEN]).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(!refused.body.contains("North Sound"), "why is not told: {}", refused.body);
    assert_eq!(idp.database.column(audited).len(), 1);
}

async fn an_address_settles_before_anything_leans_on_it(idp: Fresh) {
    let mut joan = at_work(&idp).await;
    let page = deed(&mut joan, &idp, "practitioner", "email").await;
    let fields = [("email", "ana@new-place.example"), SEEN];
    let asked = joan.submit(&page, "deed-submit", &fields).await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    let mail = idp.mail("ana@new-place.example", "Confirm this address", 0).await;
    let mut new = idp.browser();
    let page = new.visit(&mail.link(&idp.origin, "/confirm/email/").unwrap()).await;
    let code = mail.code().unwrap();
    let fields = [("code", &*code)];
    let confirm = new.submit(&page, "stop-submit", &fields);
    let (_, told) = idp.mail_after(ANA, "Your e-mail address was changed", confirm).await;
    for way_in in ["code", "lost-factor"] {
        let page = deed(&mut joan, &idp, "practitioner", way_in).await;
        let refused = joan.submit(&page, "deed-submit", &[SEEN]).await;
        assert_eq!(refused.status, 409, "{way_in}: {}", refused.body);
    }
    // What the new mailbox sets up goes with it, a password too.
    let hash = "SELECT COUNT(*) AS v FROM subscriber WHERE user_id = 'practitioner' AND \
                password_hash IS NOT NULL";
    idp.database
        .execute(
            "UPDATE subscriber SET password_changed_at = updated_at + 60000 \
         WHERE user_id = 'practitioner'",
        )
        .unwrap();
    assert_eq!(idp.database.number(hash), 1);
    let page = new.visit(&told.link(&idp.origin, "/stop/email/").unwrap()).await;
    let page = new.submit(&page, "stop-submit", &[("code", &told.code().unwrap())]).await;
    assert!(page.has("outcome"), "{}", page.body);
    assert_eq!(idp.database.number(hash), 0, "the way in leads through the old mailbox");
}

async fn a_way_into_an_account_takes_a_fresh_sign_in_and_the_form_waits(idp: Fresh) {
    let mut joan = at_work(&idp).await;
    let page = deed(&mut joan, &idp, "practitioner", "code").await;
    idp.set_clock(16 * 60).await;
    let codes = "SELECT COUNT(*) AS v FROM mailed_code WHERE purpose = 'reset-handed-over'";
    let again = joan.submit(&page, "deed-submit", &[SEEN]).await;
    assert!(again.is_sign_in() || again.has("factor-submit"), "{}", again.body);
    assert_eq!(idp.database.number(codes), 0);
    let page = sign_in_again(&mut joan, &again, 16 * 60).await;
    assert!(page.body.contains("she stood before me"), "the form waits: {}", page.body);
    let made = joan.submit(&page, "send", &[]).await;
    assert!(made.has("reset-code"), "{}", made.body);
    assert_eq!(idp.database.number(codes), 1);
}

async fn sign_in_again(browser: &mut Browser, page: &Page, offset: i64) -> Page {
    let page = if page.is_sign_in() {
        &browser.sign_in(page, &Person::new("administrator")).await
    } else {
        page
    };
    let code = App::told(SEED).when(offset).code(0);
    browser.submit(page, "factor-submit", &[("code", &code)]).await
}

/// 20.10
async fn a_kept_form_lies_sealed(idp: Fresh) {
    let mut joan = at_work(&idp).await;
    let page = joan.visit(&format!("{OWN}/tax-ids")).await;
    idp.set_clock(31 * 60).await;
    let fields = [("number", "078-05-1120")];
    let again = joan.submit(&page, "add-submit", &fields).await;
    assert!(again.is_sign_in(), "{}", again.body);
    if let Some(kept) = idp.short_lived().await {
        assert!(kept.len() > 100 && !kept.contains("078-05"), "it lies sealed: {kept}");
    }
}

/// 20.3: an office worker needs no NPI, and none is written down for them.
async fn nobody_gives_themselves_a_number_with_an_offer(idp: Fresh) {
    let mut joan = at_work(&idp).await;
    let fields = [
        ("given_name", "Priya"),
        ("family_name", "Raman"),
        ("email", "priya.raman@mail.example"),
        ("verified_by", "photo-id"),
    ];
    let page = joan.visit(&format!("{OWN}/nominate")).await;
    let page = joan.submit(&page, "nominate-submit", &fields).await;
    let page = joan.submit(&page, "confirm", &[]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let mut priya = idp.browser();
    let page = priya.visit("/account/offers").await;
    let page = priya.sign_in(&page, &Person::new("unaffiliated")).await;
    let offer = "SELECT id AS v FROM affiliation WHERE status = 'proposed'";
    let button = format!("accept-{}", idp.database.column(offer)[0]);
    let numbers = "SELECT COUNT(*) AS v FROM subscriber WHERE npi = '1992999825'";
    let mut form = page.form(&button);
    form.fields.push(("npi".to_owned(), "1992999825".to_owned()));
    let accept = page.url.join(&form.action).unwrap();
    priya.post(&accept, &form.fields).await;
    assert_eq!(idp.database.number(numbers), 0);
}
