use chrono::Duration;
use proptest::prelude::*;

use super::*;
use crate::{authentication::assurance::Assurance, community::site::tests::site};

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn query(more: &str) -> Params {
    let base = format!(
        "client_id=credentia&redirect_uri=https%3A%2F%2Fcredentia.example%2Fcb&response_type=code&scope=openid%20email%20phone\
         &state=s&nonce=n&code_challenge={CHALLENGE}&code_challenge_method=S256"
    );
    // A later value stands in for an earlier one, so that a case can change one parameter.
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, value) in
        url::form_urlencoded::parse(format!("{base}&{more}").as_bytes()).into_owned()
    {
        pairs.retain(|(earlier, _)| *earlier != name);
        pairs.push((name, value));
    }
    Params::parse(
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish()
            .as_bytes(),
    )
}

fn judged(more: &str, site: &Site) -> Result<AuthorizationRequest, ErrorCode> {
    let params = query(more);
    let destination = destination(&params, Some(site)).expect("answerable");
    let now = DateTime::UNIX_EPOCH + Duration::days(1);
    judge(&params, site, site.client().unwrap(), destination, Ok(None), now)
        .map_err(|error| error.code)
}

#[test]
fn without_a_known_site_and_a_registered_address_nothing_is_answered() {
    let site = site("credentia");
    for (query, site, expected) in [
        (
            "client_id=credentia&redirect_uri=https%3A%2F%2Fcredentia.example%2Fcb",
            Some(&site),
            Ok(()),
        ),
        ("redirect_uri=https%3A%2F%2Fcredentia.example%2Fcb", None, Err(Unanswerable::Site)),
        (
            "client_id=a&client_id=b&redirect_uri=https%3A%2F%2Fcredentia.example%2Fcb",
            Some(&site),
            Err(Unanswerable::Site),
        ),
        ("client_id=credentia", Some(&site), Err(Unanswerable::RedirectUri)),
        (
            "client_id=credentia&redirect_uri=https%3A%2F%2Fcredentia.example%2Fcb%2F",
            Some(&site),
            Err(Unanswerable::RedirectUri),
        ),
        (
            "client_id=credentia&redirect_uri=https%3A%2F%2Fcredentia.example%2Fcb&redirect_uri=x",
            Some(&site),
            Err(Unanswerable::RedirectUri),
        ),
        (
            "a=1&a=2&client_id=credentia&redirect_uri=x&redirect_uri=https%3A%2F%2Fcredentia.example%2Fcb",
            Some(&site),
            Err(Unanswerable::RedirectUri),
        ),
    ] {
        assert_eq!(
            destination(&Params::parse(query.as_bytes()), site).map(|_| ()),
            expected,
            "{query}"
        );
    }
}

#[test]
fn each_flaw_has_its_error_code() {
    use ErrorCode as E;
    let site = site("credentia");
    for (more, expected) in [
        ("", Ok(())),
        ("response_type=token", Err(E::UnsupportedResponseType)),
        ("response_type=code+id_token", Err(E::UnsupportedResponseType)),
        ("response_type=", Err(E::InvalidRequest)),
        ("response_mode=fragment", Err(E::InvalidRequest)),
        ("response_mode=form_post", Ok(())),
        ("nonce=%00", Err(E::InvalidRequest)),
        ("scope=email", Err(E::InvalidScope)),
        ("scope=openid%20%22", Err(E::InvalidScope)),
        ("code_challenge=", Err(E::InvalidRequest)),
        ("code_challenge=short", Err(E::InvalidRequest)),
        ("code_challenge_method=plain", Err(E::InvalidRequest)),
        ("code_challenge_method=", Err(E::InvalidRequest)),
        ("prompt=none+login", Err(E::InvalidRequest)),
        ("prompt=create", Err(E::InvalidRequest)),
        ("max_age=-1", Err(E::InvalidRequest)),
        ("max_age=99999999999", Err(E::InvalidRequest)),
        ("max_age=0", Ok(())),
        ("claims=%5B%5D", Err(E::InvalidRequest)),
        ("request=eyJ", Err(E::RequestNotSupported)),
        ("request_uri=https%3A%2F%2Fx", Err(E::RequestUriNotSupported)),
        ("registration=%7B%7D", Err(E::RegistrationNotSupported)),
    ] {
        assert_eq!(judged(more, &site).map(|_| ()), expected, "{more}");
    }
    let long = format!("nonce={}", "n".repeat(MAX_OPAQUE + 1));
    assert_eq!(judged(&long, &site).map(|_| ()), Err(E::InvalidRequest));
}

#[test]
fn an_answer_travels_only_by_a_way_that_the_site_registered() {
    let mut site = site("credentia");
    site.client_mut().unwrap().response_modes = [ResponseMode::FormPost].into();
    let mode = |more| judged(more, &site).map(|request| request.destination.mode);
    assert_eq!(mode("response_mode=form_post"), Ok(ResponseMode::FormPost));
    assert_eq!(mode("response_mode=query"), Err(ErrorCode::InvalidRequest));
    // That of the code flow, where none is named (OAuth 2.0 Multiple Response Types §2.1).
    assert_eq!(mode(""), Err(ErrorCode::InvalidRequest));
}

#[test]
fn a_parameter_sent_twice_is_refused() {
    let site = site("credentia");
    let params = Params::parse(format!("{}&nonce=other", query("").encode()).as_bytes());
    let destination = destination(&params, Some(&site)).unwrap();
    let client = site.client().unwrap();
    let judged = judge(&params, &site, client, destination, Ok(None), DateTime::UNIX_EPOCH);
    let error = judged.unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidRequest);
}

#[test]
fn pkce_may_be_left_out_only_by_a_client_that_the_operator_let_off() {
    let mut site = site("credentia");
    let without = "code_challenge=&code_challenge_method=";
    assert_eq!(judged(without, &site).map(|_| ()), Err(ErrorCode::InvalidRequest));
    site.client_mut().unwrap().pkce = Pkce::Optional;
    assert_eq!(judged(without, &site).map(|request| request.challenge), Ok(None));
    assert!(judged("", &site).unwrap().challenge.is_some());
    site.client_mut().unwrap().authentication = crate::community::site::ClientAuthentication::None;
    assert_eq!(judged(without, &site).map(|_| ()), Err(ErrorCode::InvalidRequest));
}

#[test]
fn what_is_not_allowed_is_dropped_from_the_scope() {
    let request = judged("", &site("credentia")).unwrap();
    assert_eq!(crate::oidc::scope::to_list(&request.scopes), "email openid");
}

#[test]
fn acr_is_a_wish_unless_claims_makes_it_essential() {
    let site = site("credentia");
    let essential = "claims=%7B%22id_token%22%3A%7B%22acr%22%3A%7B%22essential%22%3Atrue%2C%22value%22%3A%22https%3A%2F%2Frefeds.org%2Fprofile%2Fmfa%22%7D%7D%7D";
    let wished =
        judged("acr_values=x+urn%3Ahilum%3Aacr%3Apassword", &site).unwrap().sign_on.assurance;
    assert_eq!((wished.values[0].rung, wished.essential), (Assurance::Password, false));
    let demanded = judged(essential, &site).unwrap().sign_on.assurance;
    assert_eq!(
        (demanded.values[0].rung, demanded.essential),
        (Assurance::BrowserSecondFactor, true)
    );
}

#[test]
fn every_answer_carries_iss_and_the_whole_state() {
    let site = site("credentia");
    let state = "x".repeat(128);
    let params = query(&format!("state={state}"));
    let destination = destination(&params, Some(&site)).unwrap();
    let outcome = Outcome::Error(Refusal::RoleRequired.into());
    let fields = answer(&destination, "https://id.example", &outcome);
    assert_eq!(
        fields,
        [
            ("error", "access_denied"),
            ("error_description", "role_required"),
            ("state", state.as_str()),
            ("iss", "https://id.example")
        ]
    );
}

#[test]
fn descriptions_are_plain_ascii() {
    let refusals = [
        Refusal::AffiliationRequired,
        Refusal::AgreementRequired,
        Refusal::AssuranceUnmet,
        Refusal::ChoiceDue,
        Refusal::InteractionDue,
        Refusal::RoleRequired,
        Refusal::SignInDue,
        Refusal::SiteNotEnabled,
    ];
    for error in refusals.map(AuthorizationError::from) {
        let plain = |b: u8| matches!(b, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(error.description.bytes().all(plain), "{error}");
    }
}

proptest! {
    #[test]
    fn no_request_panics_and_none_gets_a_foreign_destination(text in "[ -~]{0,200}") {
        let site = site("credentia");
        let params = Params::parse(text.as_bytes());
        if let Ok(destination) = destination(&params, Some(&site)) {
            prop_assert_eq!(destination.redirect_uri.as_str(), "https://credentia.example/cb");
            let client = site.client().unwrap();
            let _ = judge(&params, &site, client, destination, Ok(None), DateTime::UNIX_EPOCH);
        }
    }
}
