use chrono::TimeDelta;

use super::*;
use crate::{
    saml::{
        metadata::refresh::Refresh,
        redirect::{self, Direction},
        service_provider::{AssertionConsumer, ProviderMetadata, ResponseBinding, SamlPolicy},
        signature::sign_enveloped,
        testing::{TestKey, now},
    },
    sign_on::AcrValue,
};

const HERE: &str = "https://id.example/saml/sso";
const ACS: &str = "https://sp.example/acs";

/// A site with one address and no keys.
pub(crate) fn provider() -> ServiceProvider {
    ServiceProvider {
        entity_id: "https://sp.example/sp".parse().unwrap(),
        metadata: ProviderMetadata {
            assertion_consumers: vec![AssertionConsumer {
                index: 1,
                is_default: true,
                binding: ResponseBinding::Post,
                location: ACS.parse().unwrap(),
            }],
            logout: Vec::new(),
            signing: Vec::new(),
            encryption: Vec::new(),
            name_id_formats: Vec::new(),
            authn_requests_signed: false,
            valid_until: None,
        },
        policy: SamlPolicy::default(),
        sector: "sp.example".into(),
        source: None,
        refresh: Refresh::default(),
    }
}

/// A request with this inside, and these attributes more.
fn request(attributes: &str, inside: &str) -> String {
    let issued_at = instant::written(now());
    let issued = if attributes.contains("IssueInstant") {
        String::new()
    } else {
        format!("IssueInstant=\"{issued_at}\"")
    };
    let version = if attributes.contains("Version") { "" } else { "Version=\"2.0\"" };
    format!(
        "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_r1\" {version} {issued} \
         {attributes}><saml:Issuer>https://sp.example/sp</saml:Issuer>{inside}</samlp:AuthnRequest>"
    )
}

fn judged_by(
    provider: &ServiceProvider,
    xml: &str,
    arrival: Arrival<'_>,
    relay_state: Option<&str>,
) -> Result<Judgement, Untrusted> {
    let keys = VerificationKeys::of(&provider.metadata.signing);
    let site = "site_a".parse().unwrap();
    let sender = Sender { site: &site, provider, keys: &keys };
    let here = Here { address: HERE, now: now() };
    judge(&Xml::parse(xml)?, arrival, relay_state.map(str::to_owned), sender, here)
}

fn judged(attributes: &str, inside: &str) -> Result<Judgement, Untrusted> {
    judged_by(&provider(), &request(attributes, inside), Arrival::Redirected(None), None)
}

fn status(attributes: &str, inside: &str) -> Status {
    judged(attributes, inside).unwrap().unwrap_err().status
}

#[test]
fn a_plain_request_is_answered_at_the_default_address() {
    let found = judged("", "").unwrap().unwrap();
    assert_eq!((found.id.as_deref(), found.acs.location().as_str()), (Some("_r1"), ACS));
    assert_eq!(found.name_id, NameIdKind::Persistent);
    assert!(!found.sign_on.passive && !found.sign_on.force);
    assert_eq!(found.sign_on.assurance, AssuranceDemand::default());
}

#[test]
fn what_cannot_be_trusted_is_answered_nowhere() {
    let at = |minutes, seconds| {
        let at = now() + TimeDelta::minutes(minutes) + TimeDelta::seconds(seconds);
        format!("IssueInstant=\"{}\"", instant::written(at))
    };
    for (attributes, inside, expected) in [
        ("AssertionConsumerServiceURL=\"https://evil.example/\"", "", Untrusted::Acs),
        ("AssertionConsumerServiceIndex=\"9\"", "", Untrusted::Acs),
        ("Destination=\"https://other.example/saml/sso\"", "", Untrusted::Destination),
        ("Destination=\"\"", "", Untrusted::Destination),
        (&at(-5, -1), "", Untrusted::Stale),
        (&at(5, 1), "", Untrusted::Stale),
        ("IssueInstant=\"now\"", "", Untrusted::Message(Unreadable::Field("IssueInstant"))),
        ("ForceAuthn=\"maybe\"", "", Untrusted::Message(Unreadable::Field("ForceAuthn"))),
        (
            "AssertionConsumerServiceIndex=\"-1\"",
            "",
            Untrusted::Message(Unreadable::Field("AssertionConsumerServiceIndex")),
        ),
        (
            "",
            "<saml:Issuer>https://other.example/</saml:Issuer>",
            Untrusted::Message(Unreadable::Field("Issuer")),
        ),
        (
            "",
            "<samlp:RequestedAuthnContext Comparison=\"best\"/>",
            Untrusted::Message(Unreadable::Field("RequestedAuthnContext")),
        ),
    ] {
        assert_eq!(judged(attributes, inside), Err(expected), "{attributes} {inside}");
    }
    for (attributes, inside) in [
        (at(-5, 0), ""),
        (at(5, 0), ""),
        (format!("Destination=\"{HERE}\""), ""),
        (
            String::new(),
            "<samlp:Scoping ProxyCount=\"0\"><samlp:RequesterID>x</samlp:RequesterID></samlp:Scoping>",
        ),
        (String::new(), "<samlp:Extensions><x xmlns=\"urn:x\"/></samlp:Extensions>"),
    ] {
        assert!(matches!(judged(&attributes, inside), Ok(Ok(_))), "{attributes} {inside}");
    }
    let another = request("", "").replace("https://sp.example/sp", "https://other.example/sp");
    let verdict = judged_by(&provider(), &another, Arrival::Redirected(None), None);
    assert_eq!(verdict, Err(Untrusted::Site));
    let mut expired = provider();
    expired.metadata.valid_until = Some(now());
    let verdict = judged_by(&expired, &request("", ""), Arrival::Redirected(None), None);
    assert_eq!(verdict, Err(Untrusted::MetadataExpired));
}

#[test]
fn what_cannot_be_granted_is_told_to_the_site() {
    let name = |format: &str, name: &str| {
        format!(
            "<saml:Subject><saml:NameID Format=\"{format}\">{name}</saml:NameID></saml:Subject>"
        )
    };
    let policy = |format: &str| format!("<samlp:NameIDPolicy Format=\"{format}\"/>");
    assert_eq!(status("Version=\"1.1\"", ""), Status::VERSION_MISMATCH);
    assert_eq!(
        status("", &policy(name_id_format::EMAIL)),
        Status::requester(Some(Second::InvalidNameIdPolicy))
    );
    assert_eq!(
        status("", &name(name_id_format::EMAIL, "a@b.example")),
        Status::requester(Some(Second::UnknownPrincipal))
    );
    let about = name(name_id_format::PERSISTENT, "p7Yc");
    let found = judged("", &about).unwrap().unwrap();
    assert_eq!(found.sign_on.subject.as_deref(), Some("p7Yc"));
    let found = judged("", &policy(name_id_format::TRANSIENT)).unwrap().unwrap();
    assert_eq!(found.name_id, NameIdKind::Transient);
}

#[test]
fn the_wishes_of_a_request_reach_the_engine() {
    let context = "<samlp:RequestedAuthnContext Comparison=\"minimum\">\
         <saml:AuthnContextClassRef>https://refeds.org/profile/mfa</saml:AuthnContextClassRef>\
         </samlp:RequestedAuthnContext>";
    let found = judged("ForceAuthn=\"1\" IsPassive=\"true\"", context).unwrap().unwrap();
    assert!(found.sign_on.force && found.sign_on.passive);
    let rung = crate::authentication::assurance::Assurance::BrowserSecondFactor;
    let spelling = "https://refeds.org/profile/mfa".to_owned();
    let values = vec![AcrValue { rung, spelling }];
    assert_eq!(found.sign_on.assurance, AssuranceDemand { values, essential: true });
    assert_eq!(found.sign_on.asked_at, now());
}

/// A request as a site with keys would send it by POST.
fn signed_post(key: &TestKey, attributes: &str) -> String {
    let xml = crate::saml::testing::canonical(&request(attributes, ""));
    let at = xml.find("</saml:Issuer>").unwrap() + "</saml:Issuer>".len();
    sign_enveloped(&xml, at, "_r1", key).unwrap()
}

#[test]
fn a_signature_is_demanded_where_the_metadata_or_the_operator_say_so() {
    let key = TestKey::rsa();
    let there = format!("Destination=\"{HERE}\"");
    for (in_metadata, by_operator, signed, expected) in [
        (false, false, false, Ok(())),
        (true, false, false, Err(Untrusted::Signature(SignatureError::Missing))),
        (false, true, false, Err(Untrusted::Signature(SignatureError::Missing))),
        (true, true, true, Ok(())),
        (false, false, true, Ok(())),
    ] {
        let mut provider = provider();
        provider.metadata.signing = vec![key.certificate()];
        provider.metadata.authn_requests_signed = in_metadata;
        provider.policy.require_signed_requests = by_operator;
        let posted = if signed { signed_post(&key, &there) } else { request(&there, "") };
        let found = judged_by(&provider, &posted, Arrival::Posted, None).map(|_| ());
        assert_eq!(found, expected, "POST {in_metadata} {by_operator} {signed}");

        let xml = request(&there, "");
        let query = redirect::write(&xml, Direction::Request, Some("r"), &key).unwrap();
        let detached = redirect::read(&query, Direction::Request).unwrap().signature;
        let detached = detached.as_ref().filter(|_| signed);
        let found = judged_by(&provider, &xml, Arrival::Redirected(detached), Some("r"));
        assert_eq!(found.map(|_| ()), expected, "Redirect {in_metadata} {by_operator} {signed}");
    }
}

#[test]
fn a_wrong_signature_is_refused_even_where_none_is_demanded() {
    let (key, other) = (TestKey::rsa(), TestKey::rsa());
    let mut provider = provider();
    let forged = signed_post(&other, &format!("Destination=\"{HERE}\""));
    // A site without any key cannot have signed; what claims so is not taken for unsigned.
    for keys in [vec![key.certificate()], Vec::new()] {
        provider.metadata.signing = keys;
        let found = judged_by(&provider, &forged, Arrival::Posted, None);
        assert_eq!(found, Err(Untrusted::Signature(SignatureError::Invalid)));
    }
}

#[test]
fn a_signed_message_says_for_whom_it_is() {
    let key = TestKey::ec();
    let mut provider = provider();
    provider.metadata.signing = vec![key.certificate()];
    let found = judged_by(&provider, &signed_post(&key, ""), Arrival::Posted, None);
    assert_eq!(found, Err(Untrusted::Destination));
    assert!(matches!(judged("", ""), Ok(Ok(_))), "unsigned it need not");
}

#[test]
fn a_sign_on_starts_here_only_where_the_record_allows_it() {
    use crate::saml::service_provider::IdpInitiated;

    let site: SiteId = "site_a".parse().unwrap();
    let mut provider = provider();
    assert_eq!(start(&site, &provider, now()), None);
    provider.policy.idp_initiated = Some(IdpInitiated { relay_state: Some("/home".into()) });
    let found = start(&site, &provider, now()).unwrap();
    assert_eq!((found.id, found.relay_state.as_deref()), (None, Some("/home")));
    assert_eq!(found.acs.location().as_str(), ACS);
    provider.metadata.valid_until = Some(now());
    assert_eq!(start(&site, &provider, now()), None);
}
