//! Mail through a real server, with TLS: what arrives, and what is left behind.

use std::{fs, os::unix::fs::PermissionsExt as _};

use hilum_tests::{Backend, Folder, MailServer, MailTls, TestIdp, eventually, on_every_store};

on_every_store![
    a_mail_arrives_once_over_tls_in_text_and_html_and_leaves_no_secret_behind,
    starttls_carries_mail_as_well,
    a_server_that_cannot_be_trusted_gets_no_mail,
    a_mail_is_tried_again_and_a_mailbox_that_is_none_is_given_up,
    mail_waits_while_the_server_is_away_and_two_nodes_send_it_once,
];

fn server() -> Option<MailServer> {
    let server = MailServer::here();
    if server.is_none() {
        eprintln!("left out: there is no mail server (.ci/with-servers starts it)");
    }
    server
}

async fn ask_for_user_id(idp: &TestIdp, address: &str) {
    let mut browser = idp.browser();
    let page = browser.visit("/forgot/user-id").await;
    let page = browser.submit(&page, "forgot-submit", &[("email", address)]).await;
    assert_eq!(page.status, 200, "{}", page.body);
}

/// An address of this test's own, so that tests may share the server.
fn mailbox(name: &str, backend: Backend) -> String {
    format!("{name}-{backend:?}@mail.example").to_lowercase()
}

fn states(idp: &TestIdp) -> Vec<String> {
    let query = "SELECT state || ' ' || COALESCE(last_status, '') || ' ' || payload AS v \
                 FROM outbox WHERE kind = 'mail' ORDER BY created_at";
    idp.database.column(query)
}

async fn settled(idp: &TestIdp) -> Vec<String> {
    eventually("the mail is settled", || async {
        let states = states(idp);
        (!states.is_empty() && states.iter().all(|state| !state.starts_with("pending")))
            .then_some(states)
    })
    .await
}

async fn a_mail_arrives_once_over_tls_in_text_and_html_and_leaves_no_secret_behind(
    backend: Backend,
) {
    let Some(server) = server() else { return };
    let settings = server.settings(MailTls::Required).with("password.policy", "nist-63b-4");
    let idp = TestIdp::start_with(backend, settings).await;
    // A mailbox of this test's own, and a name that tries to be more than a name.
    let to = mailbox("ana", backend);
    idp.database
        .execute(&format!(
            "UPDATE subscriber SET email = '{to}', email_normalized = '{to}', \
             given_name = '<b>Ana</b>' WHERE user_id = 'practitioner'"
        ))
        .unwrap();
    let mut browser = idp.browser();
    let page = browser.visit("/forgot/password").await;
    let page = browser.submit(&page, "forgot-submit", &[("username", "practitioner")]).await;
    assert!(page.has("code-submit") && !page.has("mailbox"), "{}", page.body);
    assert_eq!(browser.visit("/demo/mailbox").await.status, 404, "nothing is shown elsewhere");
    let mails = server.wait_for(&to, 1).await;
    let mail = &mails[0];
    assert_eq!(mail["to"].as_array().unwrap().len(), 1, "one recipient: {mail}");
    assert_eq!(mail["tls"], true);
    assert_eq!(mail["from"], "no-reply@hilum.example");
    let message = mail["message"].as_str().unwrap();
    for header in [
        "Subject: Your code for a new password",
        &format!("To: {to}"),
        "Auto-Submitted: auto-generated",
        "Content-Type: multipart/alternative",
        "Content-Type: text/plain",
        "Content-Type: text/html",
    ] {
        assert!(message.contains(header), "{header}: {message}");
    }
    assert!(!message.split("text/html").nth(1).unwrap().contains("<b>Ana"), "{message}");
    let settled = settled(&idp).await;
    assert!(settled[0].starts_with("delivered status 250"), "{settled:?}");
    let code: String = message
        .lines()
        .map(str::trim)
        .find(|line| line.len() == 9 && line.as_bytes()[4] == b' ')
        .expect("a code")
        .to_owned();
    let page = browser.submit(&page, "code-submit", &[("code", &code)]).await;
    assert!(page.has("password-submit"), "{}", page.body);
    // 24.1: what is left of the mail names neither the mailbox nor the code.
    assert!(settled[0].contains("\"sealed\":null") && !settled[0].contains(&to), "{settled:?}");
    let log = idp.log();
    assert!(!log.contains(&code) && !log.contains(&code.replace(' ', "")) && !log.contains(&to));
    assert_eq!(server.received(&to).len(), 1, "once");
    idp.must(&["check"]);
}

async fn starttls_carries_mail_as_well(backend: Backend) {
    let Some(server) = server() else { return };
    let idp = TestIdp::start_with(backend, server.settings(MailTls::StartTls)).await;
    let to = mailbox("starttls", backend);
    ask_for_user_id(&idp, &to).await;
    assert_eq!(server.wait_for(&to, 1).await[0]["tls"], true);
}

async fn a_server_that_cannot_be_trusted_gets_no_mail(backend: Backend) {
    let Some(server) = server() else { return };
    let to = mailbox("untrusted", backend);
    // Its certificate is from nobody that we know; it is not for this name; the password is wrong.
    let folder = Folder::new();
    let file = folder.write("password", "wrong");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    for change in [
        server.settings(MailTls::Required).with("mail.extra_ca_file", &server.path("server.pem")),
        server.settings(MailTls::Required).with("mail.host", "127.0.0.1"),
        server.settings(MailTls::StartTls).with("mail.password_file", file.to_str().unwrap()),
    ] {
        let idp = TestIdp::start_with(backend, change).await;
        ask_for_user_id(&idp, &to).await;
        eventually("it was tried", || async {
            let states = states(&idp);
            states.iter().any(|state| !state.starts_with("pending  ")).then_some(())
        })
        .await;
        assert!(states(&idp).iter().all(|state| state.starts_with("pending")), "tried again later");
        assert_ne!(idp.cli(&["check"]).code, 0, "the check says so");
    }
    assert!(server.received(&to).is_empty());
}

async fn a_mail_is_tried_again_and_a_mailbox_that_is_none_is_given_up(backend: Backend) {
    let Some(server) = server() else { return };
    let idp = TestIdp::start_with(backend, server.settings(MailTls::Required)).await;
    let (later, refused) = (mailbox("later", backend), mailbox("refused", backend));
    ask_for_user_id(&idp, &later).await;
    ask_for_user_id(&idp, &refused).await;
    server.wait_for(&later, 1).await;
    let mut states = settled(&idp).await;
    states.sort();
    assert!(states[0].starts_with("delivered status 250"), "{states:?}");
    assert!(states[1].starts_with("failed status 550"), "{states:?}");
    assert!(states.iter().all(|state| state.contains("\"sealed\":null")), "{states:?}");
    let told = "SELECT kind AS v FROM audit_event WHERE kind LIKE 'mail.%' ORDER BY kind";
    assert_eq!(idp.database.column(told), ["mail.delivered", "mail.failed"]);
}

async fn mail_waits_while_the_server_is_away_and_two_nodes_send_it_once(backend: Backend) {
    let Some(server) = server() else { return };
    let to = mailbox("waiting", backend);
    let away = server.settings(MailTls::Required).with("mail.port", "9");
    let mut idp = TestIdp::start_with(backend, away).await;
    ask_for_user_id(&idp, &to).await;
    eventually("it was tried", || async {
        states(&idp).iter().any(|state| state.contains("cannot be reached")).then_some(())
    })
    .await;
    idp.node(0).kill();
    idp.change(server.settings(MailTls::Required));
    idp.restart(0).await;
    if backend == Backend::PostgresRedis {
        idp.add_node().await;
    }
    server.wait_for(&to, 1).await;
    assert!(settled(&idp).await[0].starts_with("delivered"));
    assert_eq!(server.received(&to).len(), 1);
}
