//! Sites that speak SAML, and what they ask.

use std::{fs, path::Path, process::Command, sync::Arc, time::Instant};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, SecondsFormat};
use flate2::{Compression, read::DeflateEncoder};
use serde_json::json;

use crate::{
    Outcome,
    cases::CODES_OF_A_SESSION,
    hilum::Hilum,
    measure::Step,
    site::{Browser, Site, form, random},
    wire::Wire,
};

/// How often `xmlsec1` signs to be measured.
const TIMES: u32 = 300;

/// What a site wants of its answers.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Signed by RSA.
    Rsa,
    /// Signed on P-256.
    Ecdsa,
    /// The same, and encrypted.
    Encrypted,
    /// The same as [`Self::Ecdsa`], for requests that are signed.
    Signed,
}

/// The sites, and the key with which one of them signs.
pub struct Providers {
    site: Site,
    key: Arc<RsaKeyPair>,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Rsa, Self::Ecdsa, Self::Encrypted, Self::Signed];

    const fn id(self) -> &'static str {
        match self {
            Self::Rsa => "saml-rsa",
            Self::Ecdsa => "saml-ecdsa",
            Self::Encrypted => "saml-encrypted",
            Self::Signed => "saml-signed",
        }
    }

    fn entity_id(self) -> String {
        format!("https://{}.example/sp", self.id())
    }

    fn metadata(self, certificate: &str) -> String {
        let key = |usage| {
            format!(
                "<KeyDescriptor use=\"{usage}\"><KeyInfo \
                 xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data><X509Certificate>\
                 {certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
            )
        };
        let (is_signed, keys) = match self {
            Self::Rsa | Self::Ecdsa => (false, String::new()),
            Self::Encrypted => (false, key("encryption")),
            Self::Signed => (true, key("signing")),
        };
        format!(
            "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{}\">\
             <SPSSODescriptor AuthnRequestsSigned=\"{is_signed}\" \
             protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{keys}\
             <AssertionConsumerService index=\"0\" Location=\"https://{}.example/acs\" \
             Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\"/></SPSSODescriptor>\
             </EntityDescriptor>",
            self.entity_id(),
            self.id(),
        )
    }

    fn decisions(self) -> String {
        let encryption = if matches!(self, Self::Encrypted) { "required" } else { "never" };
        let algorithm = if matches!(self, Self::Rsa) { "RS256" } else { "ES256" };
        json!({
            "client_id": self.id(), "client_name": self.id(),
            "scope": "profile email affiliations tax_ids",
            "release": { "affiliation_mode": "one", "tax_id_release": "all" },
            "saml": { "encryption": encryption, "signature_algorithm": algorithm },
        })
        .to_string()
    }
}

impl Providers {
    /// Makes a key, and registers the sites.
    pub fn register(hilum: &Hilum, folder: &Path) -> Outcome<Self> {
        let (key, certificate) = (folder.join("sp.key"), folder.join("sp.pem"));
        let made = Command::new("openssl")
            .args([
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=sp",
            ])
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .output()?;
        if !made.status.success() {
            return Err(String::from_utf8_lossy(&made.stderr).into_owned().into());
        }
        let certificate = body_of_pem(&fs::read_to_string(certificate)?);
        for kind in Kind::ALL {
            let metadata = folder.join(format!("{}.xml", kind.id()));
            let decisions = folder.join(format!("{}.json", kind.id()));
            fs::write(&metadata, kind.metadata(&certificate))?;
            fs::write(&decisions, kind.decisions())?;
            let path = |path: &Path| path.display().to_string();
            hilum.run(&["site", "add", &path(&metadata), "--decisions", &path(&decisions)])?;
        }
        let key = STANDARD.decode(body_of_pem(&fs::read_to_string(key)?))?;
        Ok(Self { site: hilum.site(), key: Arc::new(RsaKeyPair::from_pkcs8(&key)?) })
    }

    /// Requests in sessions that exist; each is answered by a page that carries the response.
    pub fn responses(&self, wire: &mut Wire, kind: Kind, count: usize) -> Outcome<Step> {
        let mut browsers = Vec::new();
        for _ in 0..count.div_ceil(CODES_OF_A_SESSION) {
            let mut browser = Browser::default();
            self.site.sign_on(wire, &mut browser)?;
            self.visit(wire, &mut browser, kind)?;
            browsers.push(browser.header());
        }
        let mut targets = Vec::new();
        for _ in 0..count {
            targets.push(self.request(kind)?);
        }
        Ok(Box::new(move |wire| {
            let target = targets.pop().ok_or("no request is left")?;
            let header = browsers.get(targets.len() / CODES_OF_A_SESSION).ok_or("no session")?;
            let page = wire.expect(200, ("GET", &target, header, ""))?;
            let is_response = page.body.windows(12).any(|part| part == b"SAMLResponse");
            if is_response { Ok(()) } else { Err("a page without a response".into()) }
        }))
    }

    /// The first visit shows what the site receives; no later one does.
    fn visit(&self, wire: &mut Wire, browser: &mut Browser, kind: Kind) -> Outcome<()> {
        let answer = wire.send("GET", &self.request(kind)?, &browser.header(), "")?;
        let Some(location) = answer.header("location") else { return Ok(()) };
        let page = browser.open(wire, self.site.path(location))?;
        browser.send_for_page(wire, &page.form("/notice")?, &[]).map(drop)
    }

    fn request(&self, kind: Kind) -> Outcome<String> {
        let destination = format!("{}/saml/sso", self.site.issuer());
        let now = DateTime::from_timestamp(hilum_tests::now(), 0).ok_or("no time")?;
        let request = format!(
            "<p:AuthnRequest xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_{}\" \
             Version=\"2.0\" IssueInstant=\"{}\" Destination=\"{destination}\"><Issuer \
             xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">{}</Issuer></p:AuthnRequest>",
            random()?,
            now.to_rfc3339_opts(SecondsFormat::Secs, true),
            kind.entity_id(),
        );
        let mut packed = Vec::new();
        std::io::copy(
            &mut DeflateEncoder::new(request.as_bytes(), Compression::fast()),
            &mut packed,
        )?;
        let packed = STANDARD.encode(packed);
        let mut fields = vec![("SAMLRequest", &*packed)];
        if matches!(kind, Kind::Signed) {
            fields.push(("SigAlg", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"));
        }
        let mut query = form(&fields);
        if matches!(kind, Kind::Signed) {
            let mut signature = vec![0; self.key.public_modulus_len()];
            let random = SystemRandom::new();
            self.key.sign(&RSA_PKCS1_SHA256, &random, query.as_bytes(), &mut signature)?;
            query.push('&');
            query.push_str(&form(&[("Signature", &STANDARD.encode(signature))]));
        }
        Ok(format!("/saml/sso?{query}"))
    }
}

/// Microseconds that `xmlsec1` takes for one RSA signature over an assertion of the usual length,
/// without its start.
pub fn xmlsec1(folder: &Path) -> Outcome<f64> {
    let template = folder.join("template.xml");
    fs::write(&template, TEMPLATE.replace("VALUE", &"x".repeat(2500)))?;
    let sign = |times: u32| -> Outcome<f64> {
        let began = Instant::now();
        let done = Command::new("xmlsec1")
            .args(["--sign", "--id-attr:ID", "Assertion", "--repeat", &times.to_string()])
            .arg("--output")
            .arg("/dev/null")
            .arg("--privkey-pem")
            .arg(folder.join("sp.key"))
            .arg(&template)
            .output()?;
        if done.status.success() {
            return Ok(began.elapsed().as_secs_f64() * 1e6);
        }
        Err(String::from_utf8_lossy(&done.stderr).into_owned().into())
    };
    let once = sign(1)?;
    Ok((sign(TIMES + 1)? - once) / f64::from(TIMES))
}

/// What `xmlsec1` fills in.
const TEMPLATE: &str = r##"<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a"><Issuer>https://id.example/saml</Issuer><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo><CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><Reference URI="#_a"><Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></Transforms><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue/></Reference></SignedInfo><SignatureValue/></Signature><AttributeStatement><Attribute Name="x"><AttributeValue>VALUE</AttributeValue></Attribute></AttributeStatement></Assertion>"##;

/// What stands between the lines of a PEM file.
fn body_of_pem(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}
