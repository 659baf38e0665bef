//! `/register`: how an organization joins, and every branch of the questions about a number that is
//! taken (R18–R22, R35–R37, R43–R49; security 17.2, 20.6–20.8, 21).

use hilum_tests::{Browser, Fresh, Page, Shared, TestIdp, on_every_store};

on_every_store![
    an_organization_goes_from_nothing_to_the_desk_of_support,
    a_personal_number_is_stopped_and_never_shown,
    our_own_organization_leads_to_its_administrators,
    a_company_that_works_for_us_is_asked,
    an_unknown_owner_leads_to_another_number_or_to_a_dispute,
    nobody_asks_about_one_taken_number_after_another,
    questions_that_are_left_unanswered_are_a_test_that_was_failed,
    the_notary_is_there_beside_the_questions,
    a_registrant_says_what_they_do_there_and_can_change_it,
    nobody_signs_without_taking_the_duties_on,
    what_is_wrong_stands_at_its_field_and_nothing_is_lost,
    a_step_that_is_not_due_changes_nothing,
    a_link_without_the_code_opens_nothing,
    a_registration_can_be_taken_back,
    whoever_begins_on_a_spanish_page_is_written_to_in_spanish,
];

pub(super) const TRUST: &str = "# Trust agreement\n\nWe answer for <b>our</b> people.\n";
/// Lakeside's, in the demo community.
const TAKEN: &str = "82-7654321";
/// Nobody's.
const FREE: &str = "12-3499999";
/// Ada's own.
const NPI: &str = "1999999984";

pub(super) const ORGANIZATION: [(&str, &str); 4] = [
    ("name", "Birch Street Clinic"),
    ("address", "1 Birch Street, Olympia WA 98501"),
    ("phone", "(360) 555-0142"),
    ("npi", ""),
];

/// Somebody on the way, at the page on which they are.
pub(super) struct Registrant {
    pub(super) browser: Browser,
    pub(super) page: Page,
    pub(super) link: String,
    pub(super) code: String,
    pub(super) email: String,
}

/// Begins, and comes back by the link and the code.
pub(super) async fn begun(idp: &TestIdp, name: &str) -> Registrant {
    begun_in(idp, idp.browser(), name).await
}

/// Likewise, in a browser in which somebody may be signed in.
pub(super) async fn begun_in(idp: &TestIdp, mut browser: Browser, name: &str) -> Registrant {
    let email = format!("{name}@birch-street.example");
    let page = browser.visit("/register").await;
    let fields = [
        ("given_name", "Ada"),
        ("family_name", "Birch"),
        ("email", &*email),
        ("phone", "(360) 555-0111"),
    ];
    let begin = browser.submit(&page, "register-submit", &fields);
    let (page, mail) = idp.mail_after(&email, "Your registration has begun", begin).await;
    let code = page.text("register-code").unwrap_or_else(|| panic!("{}", page.body));
    let origin = idp.url("/").origin().ascii_serialization();
    let link = mail.link(&origin, "/register/").unwrap_or_else(|| panic!("{}", mail.text));
    assert!(!mail.text.contains(&code), "the code travels another way");
    let page = browser.visit(&link).await;
    let page = browser.submit(&page, "enter-submit", &[("code", &code)]).await;
    assert!(page.has("organization-submit"), "{}", page.body);
    Registrant { browser, page, link, code, email }
}

impl Registrant {
    pub(super) async fn send(&mut self, button: &str, fields: &[(&str, &str)]) -> &Page {
        self.page = self.browser.submit(&self.page, button, fields).await;
        &self.page
    }

    /// Tells about the organization with this number, and says that it is right.
    pub(super) async fn describe(&mut self, number: &str) -> &Page {
        let mut fields = ORGANIZATION.to_vec();
        fields.push(("number", number));
        self.send("organization-submit", &fields).await;
        assert!(self.page.has("check-submit"), "{}", self.page.body);
        self.page = self.browser.submit(&self.page, "check-submit", &[]).await;
        &self.page
    }

    async fn answer(&mut self, answer: &str) -> &Page {
        self.send("answer-submit", &[("answer", answer)]).await
    }

    /// Says what they do there.
    async fn work(&mut self) -> &Page {
        let fields = [
            ("role.licensed-practitioner", "yes"),
            ("detail.md", "yes"),
            ("npi", NPI),
            ("reason", ""),
        ];
        self.send("work-submit", &fields).await
    }

    /// From the number on, until the agreement is on the page.
    async fn reaches_agreement(&mut self) {
        self.work().await;
        let path = self.page.url.path().to_owned();
        for _ in 0..600 {
            if self.page.has("agreement-submit") {
                return;
            }
            self.page = self.browser.visit(&path).await;
        }
        panic!("the agreement is not asked for: {}", self.page.body)
    }

    /// From the number on to the desk of Support.
    pub(super) async fn reaches_review(&mut self, idp: &TestIdp) {
        self.reaches_agreement().await;
        self.prove(idp).await;
    }

    /// Signs, and answers the questions.
    async fn prove(&mut self, idp: &TestIdp) {
        self.sign().await;
        self.send("test-submit", &[("last_four", "1234")]).await;
        let right = [("answer1", "1"), ("answer2", "1"), ("answer3", "1")];
        self.send("questions-submit", &right).await;
        assert_eq!(self.stage(idp), "review", "{}", self.page.body);
    }

    pub(super) async fn sign(&mut self) -> &Page {
        let mut fields = vec![("name", "Ada Birch"), ("title", "Owner")];
        fields.extend(["authority", "accepts", "takes_duties"].map(|tick| (tick, "yes")));
        self.send("agreement-submit", &fields).await
    }

    pub(super) fn stage(&self, idp: &TestIdp) -> String {
        let email = &self.email;
        let query =
            format!("SELECT stage AS v FROM registration WHERE email_normalized = '{email}'");
        idp.database.column(&query).first().cloned().unwrap_or_default()
    }
}

/// Puts the organizations' agreement in force, and waits until it is on the page.
pub(super) async fn publish(idp: &TestIdp) {
    let file = idp.folder().write("trust.txt", TRUST);
    let version = ["--agreement", "organization", "--version", "1"];
    idp.must(&[&["agreement", "publish", file.to_str().unwrap()], &version[..]].concat());
}

/// To the agreement with a free number.
pub(super) async fn at_agreement(idp: &TestIdp, name: &str) -> Registrant {
    publish(idp).await;
    let mut ada = begun(idp, name).await;
    ada.describe(FREE).await;
    ada.reaches_agreement().await;
    ada
}

/// To the desk of Support, with a free number.
pub(super) async fn at_review(idp: &TestIdp, name: &str) -> Registrant {
    let mut ada = at_agreement(idp, name).await;
    ada.prove(idp).await;
    ada
}

/// Somebody asks for this number.
pub(super) async fn claimed(idp: &TestIdp, number: &str, answer: &str) {
    let mut ada = begun(idp, "ada").await;
    ada.describe(number).await;
    ada.answer(answer).await;
    if answer == "unknown" {
        ada.send("answer-submit", &[("number", number)]).await;
    }
    assert_eq!(ada.stage(idp), "waiting", "{}", ada.page.body);
}

/// Somebody takes the form to a notary; the number on it.
pub(super) async fn at_the_notary(idp: &TestIdp) -> String {
    let mut ada = at_agreement(idp, "ada").await;
    ada.sign().await;
    ada.send("notary-submit", &[]).await;
    ada.page.text("reference").unwrap_or_else(|| panic!("{}", ada.page.body))
}

fn audited(idp: &TestIdp, kind: &str) -> usize {
    let query = format!("SELECT id AS v FROM audit_event WHERE kind = '{kind}'");
    idp.database.column(&query).len()
}

async fn an_organization_goes_from_nothing_to_the_desk_of_support(idp: Fresh) {
    let mut ada = at_agreement(&idp, "ada").await;
    assert!(ada.page.body.contains("Birch Street Clinic"), "a look at what was typed");
    assert!(ada.page.body.contains("We answer for &#60;b&#62;our"), "{}", ada.page.body);
    ada.sign().await;
    assert!(ada.page.has("test-submit"), "{}", ada.page.body);
    // Once wrong, once right (R35).
    ada.send("test-submit", &[("last_four", "1234")]).await;
    let wrong = [("answer1", "0"), ("answer2", "1"), ("answer3", "1")];
    ada.send("questions-submit", &wrong).await;
    assert!(ada.page.status == 403 && ada.page.has("test-submit"), "{}", ada.page.body);
    ada.send("test-submit", &[("last_four", "1234")]).await;
    let right = [("answer1", "1"), ("answer2", "1"), ("answer3", "1")];
    let answered = ada.browser.submit(&ada.page, "questions-submit", &right);
    let (page, _) =
        idp.mail_after(&ada.email, "We are looking at your registration", answered).await;
    assert!(page.body.contains("Support looks at your registration"), "{}", page.body);
    assert_eq!(ada.stage(&idp), "review");
    // 24.1: neither code nor the digits nor the number of the link stand anywhere.
    let (log, key) = (idp.log(), ada.link.split_once('.').unwrap().1);
    for secret in [&*ada.code, &ada.code.replace(' ', ""), key] {
        assert!(!log.contains(secret), "the log has {secret}");
    }
    for kind in ["org.started", "org.contact-verified", "org.agreed", "org.proofed"] {
        assert_eq!(audited(&idp, kind), 1, "{kind}");
    }
    // Link and code lead back to it.
    let mut other = idp.browser();
    let page = other.visit(&ada.link).await;
    let page = other.submit(&page, "enter-submit", &[("code", &ada.code)]).await;
    assert!(page.body.contains("Support looks at your registration"), "{}", page.body);
}

/// R16, R22, security 20.6, 21
async fn a_personal_number_is_stopped_and_never_shown(idp: Fresh) {
    publish(&idp).await;
    let mut ada = begun(&idp, "ada").await;
    let with = |number: &'static str| [&ORGANIZATION[..], &[("number", number)]].concat();
    for ssn in ["078-05-1120", "078\u{2011}05\u{2011}1120", "\u{ff10}78-05-1120"] {
        ada.send("organization-submit", &with(ssn)).await;
        assert!(ada.page.has("insists"), "{ssn}: {}", ada.page.body);
        assert!(!ada.page.body.contains("1120"), "it is not written back");
        assert!(ada.page.body.contains("Birch Street Clinic"), "the rest is");
    }
    // Nine bare digits could be either.
    let start = ada.page.url.path().replace("/organization", "");
    ada.page = ada.browser.visit(&start).await;
    ada.send("organization-submit", &with("123456789")).await;
    assert!(ada.page.has("meaning-business"), "{}", ada.page.body);
    for impossible in ["666-12-3456", "900-12-3456", "078-00-1120", "00-1234567", "12345"] {
        ada.send("organization-submit", &with(impossible)).await;
        assert!(ada.page.status == 422 && ada.page.has("number-wrong"), "{impossible}");
    }
    ada.send("organization-submit", &with("078-05-1120")).await;
    let insisting = [with("078-05-1120"), vec![("insists", "yes")]].concat();
    ada.send("organization-submit", &insisting).await;
    ada.work().await;
    assert!(ada.page.body.contains("***-**-1120"), "{}", ada.page.body);
    assert!(!ada.page.body.contains("078-05"), "masked from here on");
}

/// Security 20.7, decision 2
async fn our_own_organization_leads_to_its_administrators(idp: Fresh) {
    let mut ada = begun(&idp, "ada").await;
    ada.describe(TAKEN).await;
    assert!(ada.page.has("our-own"), "{}", ada.page.body);
    assert!(!ada.page.body.contains("Lakeside"), "whose it is stays untold");
    // Without the challenge no contact is shown.
    let form = ada.page.form("answer-submit");
    let token = form.value("form_token").unwrap().to_owned();
    let url = idp.url(&format!("{}/answer", ada.page.url.path()));
    let request = ada
        .browser
        .request(reqwest::Method::POST, &url)
        .form(&[("form_token", &*token), ("answer", "our-own")]);
    let refused = ada.browser.send(&url, request).await;
    assert!(refused.status == 403 && !refused.has("contact"), "{}", refused.body);
    assert_eq!(audited(&idp, "taxid.contact-disclosed"), 0);
    ada.answer("our-own").await;
    assert!(ada.page.has("contact"), "{}", ada.page.body);
    assert_eq!(audited(&idp, "taxid.contact-disclosed"), 1);
    // Somebody else is the Administrator meanwhile: they are not shown in that one's place.
    let path = ada.page.url.path().to_owned();
    let contact = ada.page.text("contact");
    let first = "SELECT subscriber_id AS v FROM affiliation \
                 WHERE organization_id = 'org_lakeside' AND administrator";
    let first = idp.database.column(first).concat();
    let runs = |who: &str| {
        format!(
            "UPDATE affiliation SET subscriber_id = {who} \
             WHERE organization_id = 'org_lakeside' AND administrator"
        )
    };
    let other = "(SELECT id FROM subscriber WHERE user_id = 'unaffiliated')";
    assert_eq!(idp.database.execute(&runs(other)).unwrap(), 1);
    let page = ada.browser.visit(&path).await;
    assert!(page.has("answer-submit") && page.text("contact") != contact, "{}", page.body);
    assert!(!page.body.contains("priya.raman"), "20.7: {}", page.body);
    assert_eq!(idp.database.execute(&runs(&format!("'{first}'"))).unwrap(), 1);
    assert_eq!(audited(&idp, "taxid.contact-disclosed"), 1);
    ada.answer("still-there").await;
    assert!(ada.page.body.contains("Your organization takes part already"), "{}", ada.page.body);
    assert_eq!(ada.stage(&idp), "referred");
    // The only Administrator has left, and colleagues are there or not.
    let mut bea = begun(&idp, "bea").await;
    bea.describe(TAKEN).await;
    bea.answer("our-own").await;
    bea.answer("left").await;
    assert!(["referred", "waiting"].contains(&&*bea.stage(&idp)), "{}", bea.page.body);
}

async fn a_company_that_works_for_us_is_asked(idp: Fresh) {
    let mut ada = begun(&idp, "ada").await;
    ada.describe(TAKEN).await;
    ada.answer("works-for-us").await;
    assert!(ada.page.body.contains("We have asked the company"), "{}", ada.page.body);
    assert_eq!((ada.stage(&idp), audited(&idp, "taxid.release-requested")), ("waiting".into(), 1));
    // Whoever asks for the same number after that is led to the support desk.
    let mut bea = begun(&idp, "bea").await;
    bea.describe(TAKEN).await;
    bea.answer("works-for-us").await;
    assert!(bea.page.status == 409 && bea.page.has("problem"), "{}", bea.page.body);
    assert_eq!(bea.stage(&idp), "dialogue");
}

async fn an_unknown_owner_leads_to_another_number_or_to_a_dispute(idp: Fresh) {
    let mut ada = begun(&idp, "ada").await;
    ada.describe(TAKEN).await;
    ada.answer("unknown").await;
    ada.send("answer-submit", &[("number", "nonsense")]).await;
    assert!(ada.page.status == 422 && ada.page.has("number-wrong"), "{}", ada.page.body);
    ada.send("answer-submit", &[("number", "82-7654312")]).await;
    // R44: a slip is corrected, and nothing else is typed again.
    assert!(ada.page.has("check-submit"), "another number: {}", ada.page.body);
    for told in ["82-7654312", "Birch Street Clinic", "1 Birch Street", "(360) 555-0142"] {
        assert!(ada.page.body.contains(told), "{told}: {}", ada.page.body);
    }
    let at = ada.page.url.path().trim_end_matches("/answer").to_owned();
    ada.page = ada.browser.visit(&at).await;
    assert!(ada.page.has("organization-submit"), "{}", ada.page.body);
    assert!(ada.page.body.contains("Birch Street Clinic"), "also later: {}", ada.page.body);
    assert!(!ada.page.body.contains(TAKEN), "the number is another one: {}", ada.page.body);
    ada.describe(TAKEN).await;
    ada.answer("unknown").await;
    ada.send("answer-submit", &[("number", "827654321")]).await;
    assert!(ada.page.body.contains("Both of you are heard"), "{}", ada.page.body);
    assert_eq!((ada.stage(&idp), audited(&idp, "taxid.disputed")), ("waiting".into(), 1));
}

/// Security 20.7
async fn nobody_asks_about_one_taken_number_after_another(idp: Fresh) {
    let mut ada = begun(&idp, "ada").await;
    for _ in 0..5 {
        ada.describe(TAKEN).await;
        ada.answer("unknown").await;
        ada.send("answer-submit", &[("number", "82-7654312")]).await;
        let at = ada.page.url.path().trim_end_matches("/answer").to_owned();
        ada.page = ada.browser.visit(&at).await;
    }
    ada.describe(TAKEN).await;
    assert!(ada.page.status == 429 && ada.page.has("problem"), "{}", ada.page.body);
    assert!(ada.page.has("organization-submit"), "a number of one's own goes on");
    assert_eq!(
        (ada.stage(&idp), audited(&idp, "taxid.duplicate-found")),
        ("contact-verified".into(), 5)
    );
    ada.describe(FREE).await;
    assert_eq!(ada.stage(&idp), "agreement");
}

/// Questions about a person are not for anybody to leaf through (R35).
async fn questions_that_are_left_unanswered_are_a_test_that_was_failed(idp: Fresh) {
    let mut ada = at_agreement(&idp, "ada").await;
    ada.sign().await;
    let tests = ada.page.clone();
    ada.send("test-submit", &[("last_four", "1234")]).await;
    let first = ada.page.text("question1");
    assert!(ada.page.has("questions-submit"), "{}", ada.page.body);
    // Whoever goes back reads the same ones.
    ada.page = tests.clone();
    ada.send("test-submit", &[("last_four", "1234")]).await;
    assert!(ada.page.has("questions-submit"), "{}", ada.page.body);
    assert_eq!(ada.page.text("question1"), first);
    let late = ada.page.clone();
    idp.set_clock(16 * 60).await;
    // Too late: answered rightly, and failed all the same; what is begun then is the last one.
    ada.page = late;
    let right = [("answer1", "1"), ("answer2", "1"), ("answer3", "1")];
    ada.send("questions-submit", &right).await;
    assert!(ada.page.status == 403 && ada.page.has("test-submit"), "{}", ada.page.body);
    ada.send("test-submit", &[("last_four", "1234")]).await;
    assert!(ada.page.has("questions-submit"), "{}", ada.page.body);
    idp.set_clock(32 * 60).await;
    ada.page = tests;
    ada.send("test-submit", &[("last_four", "1234")]).await;
    assert!(ada.page.has("used-up") && !ada.page.has("test-submit"), "{}", ada.page.body);
}

/// R36
async fn the_notary_is_there_beside_the_questions(idp: Fresh) {
    let mut ada = at_agreement(&idp, "ada").await;
    ada.sign().await;
    // Nothing to ask about counts, a provider that is away does not.
    ada.send("test-submit", &[("last_four", "9998")]).await;
    assert!(ada.page.has("test-submit"), "{}", ada.page.body);
    for _ in 0..2 {
        assert!(ada.page.has("test-submit"), "{}", ada.page.body);
        ada.send("test-submit", &[("last_four", "9999")]).await;
    }
    assert!(ada.page.has("used-up") && !ada.page.has("test-submit"), "{}", ada.page.body);
    assert!(!ada.page.body.contains("try once more"), "there is no other try: {}", ada.page.body);
    ada.send("notary-submit", &[]).await;
    let reference = ada.page.text("reference").unwrap_or_else(|| panic!("{}", ada.page.body));
    let form = ada.browser.visit(&format!("{}/form", ada.page.url.path())).await;
    assert_eq!(form.text("reference"), Some(reference.clone()), "{}", form.body);
    assert!(form.body.contains("Ada Birch") && form.body.contains("Birch Street Clinic"));
    let to_read = ada.browser.visit("/notary").await;
    for page in [&form, &ada.page, &to_read] {
        assert!(page.body.contains("1 Harbor Street"), "where to send it: {}", page.body);
    }
    assert_eq!(ada.stage(&idp), "at-notary");
    let kept = idp.database.column("SELECT notary_reference AS v FROM registration");
    assert_eq!(kept, [reference.replace('-', "")]);
}

/// R38, R42, R78
async fn a_registrant_says_what_they_do_there_and_can_change_it(idp: Fresh) {
    let mut ada = begun(&idp, "ada").await;
    ada.describe(FREE).await;
    assert!(ada.page.has("work-submit"), "{}", ada.page.body);
    assert!(
        ada.page.body.contains("Works with claims"),
        "each role is described: {}",
        ada.page.body
    );
    for (fields, wrong) in [
        (vec![], "#roles"),
        (vec![("role.licensed-practitioner", "yes")], "#npi"),
        (vec![("role.licensed-practitioner", "yes"), ("npi", "1999999985")], "#npi"),
        (vec![("role.medical-director", "yes")], "#reason"),
        (vec![("role.administrator", "yes")], "#roles"),
        (vec![("role.support-lead", "yes")], "#roles"),
    ] {
        let form = ada.page.form("work-submit");
        let token = form.value("form_token").unwrap().to_owned();
        let url = idp.url(&form.action);
        let all = [vec![("form_token", &*token)], fields].concat();
        ada.page = ada.browser.post(&url, &all).await;
        let link = format!("href=\"{wrong}\"");
        assert_eq!(ada.page.status, 422, "{wrong}: {}", ada.page.body);
        assert!(ada.page.body.contains(&link), "{wrong}: {}", ada.page.body);
        assert_eq!(ada.stage(&idp), "agreement");
    }
    ada.work().await;
    assert!(ada.page.body.contains("Licensed practitioner (MD)"), "{}", ada.page.body);
    assert!(ada.page.body.contains(NPI), "{}", ada.page.body);
    ada.send("work-change", &[]).await;
    let form = ada.page.form("work-submit");
    assert_eq!(form.value("npi"), Some(NPI), "what was told stands there: {}", ada.page.body);
    assert_eq!(form.value("role.licensed-practitioner"), Some("yes"), "{}", ada.page.body);
}

/// R5
async fn nobody_signs_without_taking_the_duties_on(idp: Fresh) {
    let mut ada = at_agreement(&idp, "ada").await;
    assert!(ada.page.body.contains("What an Administrator takes on"), "{}", ada.page.body);
    let form = ada.page.form("agreement-submit");
    let value = |name: &str| form.value(name).unwrap_or_default().to_owned();
    let (token, agreement) = (value("form_token"), value("agreement"));
    let url = idp.url(&format!("{}/agreement", ada.page.url.path()));
    let fields = [
        ("form_token", &*token),
        ("agreement", &*agreement),
        ("name", "Ada Birch"),
        ("title", "Owner"),
        ("authority", "yes"),
        ("accepts", "yes"),
    ];
    let page = ada.browser.post(&url, &fields).await;
    assert!(page.status == 422 && page.has("takes_duties-wrong"), "{}", page.body);
    assert_eq!(ada.stage(&idp), "agreement");
    ada.sign().await;
    assert_eq!(ada.stage(&idp), "identity");
}

/// R64, security 21
async fn what_is_wrong_stands_at_its_field_and_nothing_is_lost(idp: Fresh) {
    let mut browser = idp.browser();
    let page = browser.visit("/register").await;
    let fields = [
        ("given_name", "Ada\u{202e}"),
        ("family_name", "<img src=x onerror=alert(1)>"),
        ("email", "ada at birch"),
        ("phone", "12"),
    ];
    let page = browser.submit(&page, "register-submit", &fields).await;
    assert_eq!(page.status, 422, "{}", page.body);
    for wrong in ["given_name-wrong", "email-wrong", "phone-wrong"] {
        assert!(page.has(wrong), "{wrong}: {}", page.body);
    }
    assert!(page.body.contains("&#60;img src=x") && !page.body.contains("<img src=x"));
    assert!(page.body.contains("ada at birch"), "what was typed is there");
    assert_eq!(idp.database.column("SELECT id AS v FROM registration").len(), 0);
    let mut ada = begun(&idp, "ada").await;
    let wrong = [("name", "Birch"), ("address", ""), ("phone", "x"), ("npi", "1"), ("number", "1")];
    ada.send("organization-submit", &wrong).await;
    assert_eq!(ada.page.status, 422, "{}", ada.page.body);
    for wrong in ["address-wrong", "phone-wrong", "npi-wrong", "number-wrong"] {
        assert!(ada.page.has(wrong), "{wrong}: {}", ada.page.body);
    }
}

/// Security 17.2
async fn a_step_that_is_not_due_changes_nothing(idp: Fresh) {
    let mut ada = begun(&idp, "ada").await;
    let token = ada.page.form("organization-submit").value("form_token").unwrap().to_owned();
    let path = ada.page.url.path().to_owned();
    for (step, fields) in [
        ("answer", vec![("answer", "works-for-us")]),
        (
            "agreement",
            vec![
                ("agreement", "agr_x"),
                ("name", "Ada"),
                ("title", "Owner"),
                ("authority", "yes"),
                ("accepts", "yes"),
                ("takes_duties", "yes"),
            ],
        ),
        ("work", vec![("role.office-manager", "yes")]),
        ("test", vec![("last_four", "1234")]),
        ("test-answers", vec![("answer1", "1")]),
        ("notary", vec![]),
    ] {
        let url = idp.url(&format!("{path}/{step}"));
        let fields = [vec![("form_token", &*token)], fields].concat();
        let request = ada.browser.request(reqwest::Method::POST, &url).form(&fields);
        let answer = ada.browser.send(&url, request).await;
        assert!(matches!(answer.status, 303 | 409), "{step}: {} {}", answer.status, answer.body);
        assert_eq!(ada.stage(&idp), "contact-verified", "{step}");
    }
    // Another browser has no part in it.
    let mut other = idp.browser();
    other.visit("/register").await;
    assert_eq!(other.visit(&path).await.status, 400);
}

/// Security 17.3, 17.4, 17.6
async fn a_link_without_the_code_opens_nothing(idp: Shared) {
    let email = "cora@birch-street.example";
    let mut browser = idp.browser();
    let page = browser.visit("/register").await;
    let fields = [
        ("given_name", "Cora"),
        ("family_name", "Birch"),
        ("email", email),
        ("phone", "(360) 555-0111"),
    ];
    let begin = browser.submit(&page, "register-submit", &fields);
    let (page, mail) = idp.mail_after(email, "Your registration has begun", begin).await;
    let code = page.text("register-code").expect("a code");
    let origin = idp.url("/").origin().ascii_serialization();
    let link = mail.link(&origin, "/register/").expect("a link");
    let stage = || {
        let query =
            format!("SELECT stage AS v FROM registration WHERE email_normalized = '{email}'");
        idp.database.column(&query)
    };
    let mut other = idp.browser();
    let page = other.visit(&link).await;
    assert_eq!((page.status, stage()), (200, vec!["draft".to_owned()]), "a look changes nothing");
    let again = other.submit(&page, "enter-submit", &[("code", "0000 0000 0000")]).await;
    assert_eq!((again.status, stage()), (403, vec!["draft".to_owned()]));
    // The code with another link: the same words.
    let (id, _) = link.split_once('.').unwrap();
    let page = other.visit(&format!("{id}.another")).await;
    let refused = other.submit(&page, "enter-submit", &[("code", &code)]).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.text("problem"), again.text("problem"));
    assert_eq!(other.visit("/register/reg_nobody.x").await.status, 200, "no news either");
}

async fn a_registration_can_be_taken_back(idp: Fresh) {
    let mut ada = begun(&idp, "ada").await;
    ada.describe(TAKEN).await;
    ada.answer("works-for-us").await;
    let count = || idp.database.column("SELECT tax_id_id AS v FROM tax_id_claim").len();
    assert_eq!(count(), 1);
    ada.send("withdraw-submit", &[]).await;
    assert!(ada.page.body.contains("You took your registration back"), "{}", ada.page.body);
    assert_eq!((count(), ada.stage(&idp)), (0, "withdrawn".to_owned()));
    assert_eq!(audited(&idp, "org.withdrawn"), 1);
}

async fn whoever_begins_on_a_spanish_page_is_written_to_in_spanish(idp: Shared) {
    let email = "lucia@clinica-abedul.example";
    let mut browser = idp.browser();
    browser.headers.push(("Accept-Language".to_owned(), "es-US,es;q=0.9".to_owned()));
    let page = browser.visit("/register").await;
    let fields = [
        ("given_name", "Lucía"),
        ("family_name", "Abedul"),
        ("email", email),
        ("phone", "(360) 555-0112"),
    ];
    let begin = browser.submit(&page, "register-submit", &fields);
    let (_, mail) = idp.mail_after(email, "Su registro ha empezado", begin).await;
    assert!(mail.text.contains("Hola, Lucía"), "{}", mail.text);
}
