//! Each line of security.md 3.3, 3.4, 8.1 and 8.2 that an assertion can break.

use proptest::prelude::*;
use serde_json::json;

use super::{super::testing::*, *};

const ISSUER: &str = "https://id.hilum.example";
const NOW: i64 = 1_790_000_000;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 500_000_000).unwrap()
}

fn keys() -> KeySet {
    KeySet::parse(jwks().to_string().as_bytes()).unwrap()
}

/// Good claims, with one of them set to something else; `null` takes it away.
fn claims(member: &str, value: Value) -> Value {
    let mut claims = json!({
        "iss": "hie", "sub": "hie", "aud": ISSUER, "jti": "t_1", "iat": NOW, "exp": NOW + 60,
    });
    claims[member] = value;
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

fn verify_claims(claims: &str) -> Result<VerifiedAssertion, AssertionError> {
    verify_token(&sign(SigningAlgorithm::Es256, &json!({ "alg": "ES256", "kid": "ec" }), claims))
}

fn verify_token(token: &str) -> Result<VerifiedAssertion, AssertionError> {
    let algorithms = &SigningAlgorithm::ALL;
    verify(token, &keys(), Expected { issuer: ISSUER, client_id: "hie", algorithms }, now())
}

#[test]
fn each_claim_is_judged() {
    use AssertionError::{Audience, Expired, Issuer, Jti, Lifetime, NotYet};
    for (member, value, expected) in [
        ("aud", json!(ISSUER), Ok(())),
        ("more", json!({ "is": "fine" }), Ok(())),
        ("iat", json!(null), Ok(())),
        // 3.3: iss = sub = the site.
        ("iss", json!("other"), Err(Issuer)),
        ("iss", json!(null), Err(Issuer)),
        ("sub", json!("other"), Err(Issuer)),
        ("sub", json!(null), Err(Issuer)),
        ("sub", json!("HIE"), Err(Issuer)),
        // 3.4: the issuer identifier alone, as one string.
        ("aud", json!([ISSUER]), Err(Audience)),
        ("aud", json!([ISSUER, "https://evil.example"]), Err(Audience)),
        ("aud", json!(format!("{ISSUER}/")), Err(Audience)),
        ("aud", json!(format!("{ISSUER}/token")), Err(Audience)),
        ("aud", json!(ISSUER.to_uppercase()), Err(Audience)),
        ("aud", json!(null), Err(Audience)),
        // 3.3: exp there, in the future, and at most five minutes ahead.
        ("exp", json!(null), Err(Lifetime)),
        ("exp", json!(NOW + 300), Ok(())),
        ("exp", json!(NOW + 301), Err(Lifetime)),
        ("exp", json!(NOW + 1), Ok(())),
        ("exp", json!(NOW), Err(Expired)),
        ("exp", json!(NOW - 3600), Err(Expired)),
        ("exp", json!(NOW as f64 + 60.5), Ok(())),
        ("exp", json!(-1), Err(Lifetime)),
        ("exp", json!(u64::MAX), Err(Lifetime)),
        ("exp", json!(1e300), Err(Lifetime)),
        // FAPI 2.0: 8 seconds ahead are fine, 60 are not.
        ("iat", json!(NOW + 8), Ok(())),
        ("nbf", json!(NOW + 8), Ok(())),
        ("iat", json!(NOW + 60), Err(NotYet)),
        ("nbf", json!(NOW + 60), Err(NotYet)),
        ("nbf", json!(-1), Err(NotYet)),
        ("jti", json!(null), Err(Jti)),
        ("jti", json!(""), Err(Jti)),
        ("jti", json!("x".repeat(256)), Ok(())),
        ("jti", json!("x".repeat(257)), Err(Jti)),
    ] {
        let claims = claims(member, value).to_string();
        assert_eq!(verify_claims(&claims).map(|_| ()), expected, "{claims}");
    }
}

#[test]
fn claims_of_the_wrong_shape_are_malformed() {
    for claims in [
        claims("exp", json!("1790000060")).to_string(),
        claims("jti", json!(7)).to_string(),
        claims("sub", json!(["hie"])).to_string(),
        r#"{"iss":"hie","iss":"other"}"#.to_owned(),
        "[]".to_owned(),
        "{".to_owned(),
    ] {
        let expected = Err(AssertionError::Jose(JoseError::Malformed));
        assert_eq!(verify_claims(&claims), expected, "{claims}");
    }
}

#[test]
fn a_good_assertion_gives_its_name_and_its_end() {
    let good = claims("jti", json!("t_1")).to_string();
    let verified = verify_claims(&good).unwrap();
    assert_eq!(verified.jti, "t_1");
    assert_eq!(verified.expires_at.timestamp(), NOW + 60);
    for algorithm in SigningAlgorithm::ALL {
        assert_eq!(verify_token(&sign(algorithm, &json!({ "alg": algorithm }), &good)).err(), None);
    }
}

#[test]
fn each_header_is_judged() {
    use AssertionError::{Jose, Type, UnknownKey};
    let good = claims("jti", json!("t_1")).to_string();
    for (header, expected) in [
        (json!({ "alg": "ES256", "typ": "JWT" }), None),
        (json!({ "alg": "ES256", "typ": "jwt" }), None),
        (json!({ "alg": "ES256", "typ": "client-authentication+jwt" }), None),
        (json!({ "alg": "ES256", "typ": "application/client-authentication+jwt" }), None),
        (json!({ "alg": "ES256", "typ": "at+jwt" }), Some(Type)),
        (json!({ "alg": "ES256", "typ": "logout+jwt" }), Some(Type)),
        (json!({ "alg": "ES256", "typ": "dpop+jwt" }), Some(Type)),
        (json!({ "alg": "ES256", "kid": "strange" }), Some(UnknownKey)),
        (json!({ "alg": "ES256", "kid": "' OR 1=1 --" }), Some(UnknownKey)),
        (json!({ "alg": "ES256", "kid": "rsa" }), Some(UnknownKey)),
        (json!({ "alg": "none" }), Some(Jose(JoseError::Algorithm))),
        (json!({ "alg": "HS256", "kid": "ec" }), Some(Jose(JoseError::Algorithm))),
        (
            json!({ "alg": "ES256", "jwk": ec_jwk(&KEYS.stranger, "ec") }),
            Some(Jose(JoseError::BringsKey)),
        ),
    ] {
        let token = sign(SigningAlgorithm::Es256, &header, &good);
        assert_eq!(verify_token(&token).err(), expected, "{header}");
    }
}

#[test]
fn an_algorithm_that_the_site_has_not_registered_is_refused() {
    let good = claims("jti", json!("t_1")).to_string();
    let token = sign(SigningAlgorithm::Rs256, &json!({ "alg": "RS256", "kid": "rsa" }), &good);
    let algorithms = &[SigningAlgorithm::Ps256, SigningAlgorithm::Es256];
    let expected = Expected { issuer: ISSUER, client_id: "hie", algorithms };
    let refused = Err(AssertionError::Algorithm(SigningAlgorithm::Rs256));
    assert_eq!(verify(&token, &keys(), expected, now()), refused);
}

#[test]
fn a_signature_by_nobodys_key_is_refused() {
    let good = claims("jti", json!("t_1")).to_string();
    let set = json!({ "keys": [ec_jwk(&KEYS.stranger, "ec")] });
    let set = KeySet::parse(set.to_string().as_bytes()).unwrap();
    let token = sign(SigningAlgorithm::Es256, &json!({ "alg": "ES256", "kid": "ec" }), &good);
    let expected =
        Expected { issuer: ISSUER, client_id: "hie", algorithms: &SigningAlgorithm::ALL };
    assert_eq!(verify(&token, &set, expected, now()), Err(AssertionError::Signature));
}

#[test]
fn an_unsigned_assertion_names_its_site_but_proves_nothing() {
    let header = encode(json!({ "alg": "ES256", "kid": "ec" }).to_string());
    let token = format!("{header}.{}.", encode(claims("jti", json!("t_1")).to_string()));
    assert_eq!(claimed_client_id(&token), Ok("hie".to_owned()));
    assert_eq!(verify_token(&token), Err(AssertionError::Signature));
}

#[test]
fn an_overlong_assertion_is_not_read() {
    let claims = claims("padding", json!("x".repeat(LONGEST_ASSERTION))).to_string();
    assert_eq!(verify_claims(&claims), Err(AssertionError::Jose(JoseError::Malformed)));
}

proptest! {
    #[test]
    fn a_changed_assertion_is_never_accepted(position: prop::sample::Index, other in "[A-Za-z0-9_.-]") {
        let good = claims("jti", json!("t_1")).to_string();
        let token = sign(SigningAlgorithm::EdDsa, &json!({ "alg": "EdDSA", "kid": "ed" }), &good);
        let at = position.index(token.len());
        let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
        prop_assert_eq!(verify_token(&changed).is_ok(), changed == token);
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}", header in ".{0,60}", claims in ".{0,60}") {
        prop_assert!(verify_token(&text).is_err());
        let built = format!("{}.{}.{}", encode(header), encode(claims), encode(text));
        prop_assert!(verify_token(&built).is_err());
    }

    #[test]
    fn an_accepted_assertion_ends_within_five_minutes(exp in -400..400_i64, iat in -400..400_i64) {
        let mut claims = claims("exp", json!(NOW + exp));
        claims["iat"] = json!(NOW + iat);
        if let Ok(verified) = verify_claims(&claims.to_string()) {
            prop_assert!(verified.expires_at > now());
            prop_assert!(verified.expires_at <= now() + LONGEST_LIFE);
            prop_assert!(iat <= 10);
        }
    }
}
