//! Passkeys and security keys as a second step and as a whole sign-in (18.2, 18.6).

use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::*;

on_every_store![
    a_security_key_answers_its_own_question_once,
    a_passkey_signs_in_by_itself_and_is_held_to_the_lock,
    an_answer_from_elsewhere_raises_nothing,
    an_answer_counts_for_the_person_and_the_step_that_it_was_asked_for,
    what_registers_for_somebody_else_or_unlike_the_offer_is_no_passkey,
    an_answer_without_the_verification_that_was_asked_for_is_no_sign_in,
    what_is_signed_for_another_site_raises_nothing,
    wrong_codes_by_mail_count_in_the_one_counter,
];

/// Adds a security key to the account of a person who has just signed in with a factor.
pub(super) async fn add_key(browser: &mut Browser, key: &mut SecurityKey) -> Page {
    let page = browser.visit("/account/security/passkey").await;
    let (question, options) = browser.question(&page, "enrol-submit").await;
    let credential = key.register(&options);
    let fields = [("question", &*question), ("credential", &*credential)];
    browser.submit(&page, "enrol-submit", &fields).await
}

/// 18.6
async fn a_security_key_answers_its_own_question_once(idp: Fresh) {
    let mut browser = idp.browser();
    ana(&idp, &mut browser).await;
    let mut key = SecurityKey::new(&idp, false);
    let page = add_key(&mut browser, &mut key).await;
    assert_eq!((page.status, page.url.path()), (200, "/account/security"), "{}", page.body);
    assert_eq!(idp.database.number("SELECT COUNT(*) AS v FROM factor WHERE kind = 'passkey'"), 1);
    let (mut browser, page) = second_step(&idp).await;
    let page = another_way(&mut browser, &page, "passkey").await;
    let (question, options) = browser.question(&page, "factor-submit").await;
    let answer = key.answer(&options);
    // An answer to another question.
    let (other, _) = browser.question(&page, "factor-submit").await;
    let fields = [("question", &*other), ("credential", &*answer)];
    let refused = browser.submit(&page, "factor-submit", &fields).await;
    assert_eq!(refused.status, 401, "{}", refused.body);
    let fields = [("question", &*question), ("credential", &*answer)];
    let page = browser.submit(&refused, "factor-submit", &fields).await;
    assert!(page.answer().code.is_some(), "{} {}", page.status, page.body);
    // The same answer a second time, in a sign-on of its own.
    let (mut thief, page) = second_step(&idp).await;
    let page = another_way(&mut thief, &page, "passkey").await;
    let refused = thief.submit(&page, "factor-submit", &fields).await;
    assert_eq!(refused.status, 401, "{}", refused.body);
    // A key that checks nobody does not reach the highest rung.
    let claims = json!({ "id_token": { "acr": { "essential": true, "value": STRONGEST } } });
    let request = idp.site("alpha").request().with("claims", &claims.to_string());
    let page = browser.open(&request.url()).await;
    assert!(page.has("enrol-passkey"), "{}", page.body);
}

/// 18.6, 15.4, 15.5
async fn a_passkey_signs_in_by_itself_and_is_held_to_the_lock(idp: Fresh) {
    let mut browser = idp.browser();
    ana(&idp, &mut browser).await;
    let mut key = SecurityKey::new(&idp, true);
    let page = browser.visit("/account/security/passkey").await;
    let (question, options) = browser.question(&page, "enrol-submit").await;
    let handle = options["user"]["id"].as_str().unwrap().to_owned();
    assert_eq!(options["authenticatorSelection"]["residentKey"], "preferred");
    let credential = key.register(&options);
    let fields = [("question", &*question), ("credential", &*credential)];
    browser.submit(&page, "enrol-submit", &fields).await;

    let site = idp.site("strong");
    let mut browser = idp.browser();
    let request = site.request();
    let page = browser.open(&request.url()).await;
    let (question, options) = browser.question(&page, "passkey-submit").await;
    assert_eq!(options["userVerification"], "required");
    let answer = key.answer_for(&options, Some(&handle));
    let fields = [("question", &*question), ("credential", &*answer)];
    let page = browser.submit(&page, "passkey-submit", &fields).await;
    let tokens = Tokens::of(&site.redeem(&request, &page.answer().code.unwrap()).await);
    let claims = claims_of(&tokens.id);
    assert_eq!(
        (&claims["acr"], &claims["amr"]),
        (&json!(STRONGEST), &json!(["hwk", "user", "mfa"]))
    );

    // Another person's handle beside the right answer; an answer without one; garbage.
    let strange = "AAAAAAAAAAAAAAAAAAAAAA";
    for handle in [Some(strange), None] {
        let mut browser = idp.browser();
        let page = browser.open(&site.request().url()).await;
        let (question, options) = browser.question(&page, "passkey-submit").await;
        let answer = key.answer_for(&options, handle);
        let fields = [("question", &*question), ("credential", &*answer)];
        let refused = browser.submit(&page, "passkey-submit", &fields).await;
        assert_eq!(refused.status, 401, "{handle:?} {}", refused.body);
        assert_eq!(browser.session(), None);
    }
    assert_eq!(failures(&idp), 2, "counted for the person");
    for _ in 0..5 {
        let mut browser = idp.browser();
        let page = browser.open(&site.request().url()).await;
        browser.sign_in(&page, &Person::new(ANA.0).with_password("wrong")).await;
    }
    let mut browser = idp.browser();
    let page = browser.open(&site.request().url()).await;
    let (question, options) = browser.question(&page, "passkey-submit").await;
    let answer = key.answer_for(&options, Some(&handle));
    let fields = [("question", &*question), ("credential", &*answer)];
    let refused = browser.submit(&page, "passkey-submit", &fields).await;
    assert_eq!(refused.status, 401, "locked: {}", refused.body);
    assert_eq!(browser.session(), None);
}

/// 18.6
async fn an_answer_from_elsewhere_raises_nothing(idp: Fresh) {
    let mut browser = idp.browser();
    ana(&idp, &mut browser).await;
    let mut key = SecurityKey::new(&idp, true);
    add_key(&mut browser, &mut key).await;
    // A page of a look-alike.
    let (mut browser, page) = second_step(&idp).await;
    let page = another_way(&mut browser, &page, "passkey").await;
    let (question, options) = browser.question(&page, "factor-submit").await;
    let own = std::mem::replace(&mut key.origin, "http://localhost:1".into());
    let answer = key.answer(&options);
    let fields = [("question", &*question), ("credential", &*answer)];
    assert_eq!(browser.submit(&page, "factor-submit", &fields).await.status, 401);
    key.origin = own;
    // The question that was asked of another person's sign-on.
    let mut stranger = idp.browser();
    first_app(&idp, &mut stranger, "biller", "marcus@lindqvist-billing.example").await;
    let mut strange_key = SecurityKey::new(&idp, true);
    add_key(&mut stranger, &mut strange_key).await;
    let mut stranger = idp.browser();
    let strange_page = stranger.open(&idp.site("strong").request().url()).await;
    let strange_page = stranger.sign_in(&strange_page, &Person::new("biller")).await;
    let strange_page = another_way(&mut stranger, &strange_page, "passkey").await;
    let (question, options) = stranger.question(&strange_page, "factor-submit").await;
    let answer = strange_key.answer(&options);
    let fields = [("question", &*question), ("credential", &*answer)];
    assert_eq!(browser.submit(&page, "factor-submit", &fields).await.status, 401);
    // Without a form token nothing is asked.
    let url = idp.url(&format!("{}/passkey/options", page.url.path().trim_end_matches("/passkey")));
    let request = browser.request(Method::POST, &url).form(&[("form_token", "forged")]);
    assert_eq!(browser.send(&url, request).await.status, 403);
    let live = idp.site("strong").request().with("prompt", "none");
    assert_eq!(browser.get(&live.url()).await.error().0, "interaction_required");
}

/// 18.6: a sign-on goes back and forth between its steps, an answer does not.
async fn an_answer_counts_for_the_person_and_the_step_that_it_was_asked_for(idp: Fresh) {
    let mut browser = idp.browser();
    ana(&idp, &mut browser).await;
    add_key(&mut browser, &mut SecurityKey::new(&idp, true)).await;
    // Mallory has a passkey that checks its person, and Ana's password.
    let mut mallory = idp.browser();
    first_app(&idp, &mut mallory, "biller", "marcus@lindqvist-billing.example").await;
    let mut key = SecurityKey::new(&idp, true);
    let page = mallory.visit("/account/security/passkey").await;
    let (question, options) = mallory.question(&page, "enrol-submit").await;
    let handle = options["user"]["id"].as_str().unwrap().to_owned();
    let credential = key.register(&options);
    let fields = [("question", &*question), ("credential", &*credential)];
    mallory.submit(&page, "enrol-submit", &fields).await;
    // The sign-in page asks anybody; the answer is kept back until Ana's second step is due.
    let mut browser = idp.browser();
    let page = browser.open(&idp.site("strong").request().url()).await;
    let (question, options) = browser.question(&page, "passkey-submit").await;
    let answer = key.answer_for(&options, Some(&handle));
    let page = browser.sign_in(&page, &Person::new(ANA.0)).await;
    let page = another_way(&mut browser, &page, "passkey").await;
    let fields = [("question", &*question), ("credential", &*answer)];
    let refused = browser.submit(&page, "factor-submit", &fields).await;
    assert_eq!(refused.status, 401, "{}", refused.body);
    let silent = idp.site("strong").request().with("prompt", "none");
    assert_eq!(browser.get(&silent.url()).await.error().0, "interaction_required");

    // A question of Mallory's own second step is no sign-in, nor Ana's second step.
    let mut browser = idp.browser();
    let page = browser.open(&idp.site("strong").request().url()).await;
    let sign_in = page.clone();
    let page = browser.sign_in(&page, &Person::new("biller")).await;
    let page = another_way(&mut browser, &page, "passkey").await;
    let (question, options) = browser.question(&page, "factor-submit").await;
    let answer = key.answer_for(&options, Some(&handle));
    let fields = [("question", &*question), ("credential", &*answer)];
    let page = browser.submit(&page, "switch-person", &[]).await;
    assert!(page.has("login-submit"), "{}", page.body);
    let refused = browser.submit(&sign_in, "passkey-submit", &fields).await;
    assert_eq!(refused.status, 401, "{}", refused.body);
    assert_eq!(browser.session(), None);
}

/// A registration that says something else. It attests nothing, as browsers have it for sites that
/// do not ask for more (`WebAuthn` L3 §8.7), so that nothing in it is signed.
fn tampered(credential: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
    let mut credential: Value = serde_json::from_str(credential).expect("JSON");
    let object = credential["response"]["attestationObject"].as_str().expect("octets");
    let object = URL_SAFE_NO_PAD.decode(object).expect("base64url");
    // In CBOR (RFC 8949 §3): the text `authData`, and octets of a length in one octet.
    let (name, begins) = (b"\x68authData", |at: usize| at + b"\x68authData".len());
    let at = begins(object.windows(name.len()).position(|part| part == name).expect("its name"));
    assert_eq!(object[at], 0x58);
    let data = change(object[at + 2..at + 2 + usize::from(object[at + 1])].to_vec());
    let length = u8::try_from(data.len()).expect("as long as it was");
    let none = b"\xa3\x63fmt\x64none\x67attStmt\xa0";
    let object = [&none[..], name, &[0x58, length], &data].concat();
    credential["response"]["attestationObject"] = URL_SAFE_NO_PAD.encode(object).into();
    credential.to_string()
}

/// Puts `new` into the place of `old`, which is there once.
fn replaced(octets: Vec<u8>, old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let mut places = octets.windows(old.len()).enumerate().filter(|(_, part)| *part == old);
    let at = places.next().expect("it is there").0;
    assert!(places.next().is_none(), "once");
    let mut octets = octets;
    octets[at..at + new.len()].copy_from_slice(new);
    octets
}

/// A passkey whose private key this test holds, so that it can sign whatever it likes.
struct OwnKey {
    pair: EcdsaKeyPair,
    id: String,
}

impl OwnKey {
    /// Takes the place of the key that somebody's device has just made.
    fn in_place_of(credential: &str) -> (Self, String) {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        let point = pair.public_key().as_ref()[1..].to_vec();
        let credential = tampered(credential, |mut octets| {
            // In a COSE key (RFC 9053 §7.1.1): `-2` and `-3`, each 32 octets.
            for (label, half) in [0x21, 0x22].into_iter().zip(point.chunks(32)) {
                let before = [label, 0x58, 0x20];
                let at = octets.windows(3).position(|part| part == before).expect("a coordinate");
                octets[at + 3..at + 35].copy_from_slice(half);
            }
            octets
        });
        let made: Value = serde_json::from_str(&credential).expect("JSON");
        (Self { pair, id: made["id"].as_str().expect("a name").to_owned() }, credential)
    }

    /// Answers a question of our page, touched, with this signed for `party`.
    fn answer(&self, idp: &TestIdp, options: &Value, party: &str, counter: u32) -> String {
        let client_data = json!({
            "type": "webauthn.get", "challenge": options["challenge"], "origin": idp.origin,
        });
        let client_data = client_data.to_string();
        let mut data = hash(party);
        data.push(1); // a person was there
        data.extend(counter.to_be_bytes());
        let signed = [data.clone(), hash(&client_data)].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &signed).expect("a signature");
        json!({
            "id": self.id,
            "rawId": self.id,
            "type": "public-key",
            "extensions": {},
            "response": {
                "authenticatorData": URL_SAFE_NO_PAD.encode(data),
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
                "signature": URL_SAFE_NO_PAD.encode(signature),
                "userHandle": null,
            },
        })
        .to_string()
    }
}

fn hash(text: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, text.as_bytes()).as_ref().to_vec()
}

/// 18.6 (`WebAuthn` L3 §7.1): for another relying party, by an algorithm that was not offered.
async fn what_registers_for_somebody_else_or_unlike_the_offer_is_no_passkey(idp: Fresh) {
    let mut browser = idp.browser();
    ana(&idp, &mut browser).await;
    // In a COSE key (RFC 9052 §7): `3` (alg) is `-7` (ES256), and becomes `-8` (EdDSA).
    let (es256, eddsa) = ([0x01, 0x02, 0x03, 0x26], [0x01, 0x02, 0x03, 0x27]);
    for foreign in [true, false] {
        let mut key = SecurityKey::new(&idp, true);
        let page = browser.visit("/account/security/passkey").await;
        let (question, options) = browser.question(&page, "enrol-submit").await;
        let offered = options["pubKeyCredParams"].as_array().unwrap();
        assert!(offered.iter().all(|kind| kind["alg"] != -8), "{offered:?}");
        let credential = tampered(&key.register(&options), |octets| {
            if foreign {
                replaced(octets, &hash("localhost"), &hash("evil.example"))
            } else {
                replaced(octets, &es256, &eddsa)
            }
        });
        let fields = [("question", &*question), ("credential", &*credential)];
        let refused = browser.submit(&page, "enrol-submit", &fields).await;
        assert_eq!(refused.status, 401, "foreign: {foreign} {}", refused.body);
    }
    assert_eq!(idp.database.number("SELECT COUNT(*) AS v FROM factor WHERE kind = 'passkey'"), 0);
}

/// 18.6 (`WebAuthn` L3 §7.2)
async fn an_answer_without_the_verification_that_was_asked_for_is_no_sign_in(idp: Fresh) {
    let mut browser = idp.browser();
    ana(&idp, &mut browser).await;
    let mut key = SecurityKey::new(&idp, false);
    let page = browser.visit("/account/security/passkey").await;
    let (question, options) = browser.question(&page, "enrol-submit").await;
    let handle = options["user"]["id"].as_str().unwrap().to_owned();
    let credential = key.register(&options);
    let fields = [("question", &*question), ("credential", &*credential)];
    browser.submit(&page, "enrol-submit", &fields).await;
    // A whole sign-in asks for verification; the key is only touched.
    let mut browser = idp.browser();
    let page = browser.open(&idp.site("strong").request().url()).await;
    let (question, mut options) = browser.question(&page, "passkey-submit").await;
    assert_eq!(options["userVerification"], "required");
    options["userVerification"] = "discouraged".into();
    let answer = key.answer_for(&options, Some(&handle));
    let fields = [("question", &*question), ("credential", &*answer)];
    let refused = browser.submit(&page, "passkey-submit", &fields).await;
    assert_eq!((refused.status, browser.session()), (401, None), "{}", refused.body);
    assert_eq!(failures(&idp), 1);
}

/// 18.6 (`WebAuthn` L3 §7.2), 18.2: a key that signs whatever it is asked to sign.
async fn what_is_signed_for_another_site_raises_nothing(idp: Fresh) {
    let mut browser = idp.browser();
    ana(&idp, &mut browser).await;
    let page = browser.visit("/account/security/passkey").await;
    let (question, options) = browser.question(&page, "enrol-submit").await;
    let made = SecurityKey::new(&idp, false).register(&options);
    let (key, credential) = OwnKey::in_place_of(&made);
    let fields = [("question", &*question), ("credential", &*credential)];
    let page = browser.submit(&page, "enrol-submit", &fields).await;
    assert_eq!(page.url.path(), "/account/security", "{}", page.body);
    let (mut browser, page) = second_step(&idp).await;
    let page = another_way(&mut browser, &page, "passkey").await;
    let (question, options) = browser.question(&page, "factor-submit").await;
    let answer = key.answer(&idp, &options, "evil.example", 1);
    let fields = [("question", &*question), ("credential", &*answer)];
    let refused = browser.submit(&page, "factor-submit", &fields).await;
    assert_eq!(refused.status, 401, "{}", refused.body);
    assert_eq!(failures(&idp), 1, "counted");
    let silent = idp.site("strong").request().with("prompt", "none");
    assert_eq!(browser.get(&silent.url()).await.error().0, "interaction_required");
    // The same key for us: that was the only thing wrong.
    let (question, options) = browser.question(&refused, "factor-submit").await;
    let answer = key.answer(&idp, &options, "localhost", 2);
    let fields = [("question", &*question), ("credential", &*answer)];
    let page = browser.submit(&refused, "factor-submit", &fields).await;
    assert!(page.answer().code.is_some(), "{} {}", page.status, page.body);
}

/// 18.2
async fn wrong_codes_by_mail_count_in_the_one_counter(idp: Fresh) {
    let mut browser = idp.browser();
    ana(&idp, &mut browser).await;
    let request = idp.site("alpha").request().with("acr_values", "urn:hilum:acr:email-code");
    for round in 1..=7 {
        let mut browser = idp.browser();
        let page = browser.open(&request.url()).await;
        let page = browser.sign_in(&page, &Person::new(ANA.0)).await;
        let page = another_way(&mut browser, &page, "email").await;
        // Five mails an hour; the form is the same without another one.
        let page = browser.submit(&page, "factor-send", &[]).await;
        let page = type_code(&mut browser, &page, "0000 0000").await;
        assert_eq!(page.status, 401, "{round}: {}", page.body);
    }
    let mut browser = idp.browser();
    let page = browser.open(&request.url()).await;
    let locked = browser.sign_in(&page, &Person::new(ANA.0)).await;
    assert_eq!((locked.status, browser.session()), (401, None), "{}", locked.body);
    let kinds = "SELECT COUNT(*) AS v FROM audit_event                  WHERE kind IN ('factor.refused', 'account.locked') AND reason = 'wrong-mailed-code'";
    assert_eq!(idp.database.number(kinds), 7);
}
