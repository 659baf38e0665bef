//! A second library that nobody here wrote, in another language: Python's Authlib.

use std::{env, path::Path, process::Command};

use hilum_tests::{Backend, Output, Person, Settings, TestIdp, on_every_store};
use serde_json::Value;

on_every_store![authlib_signs_a_person_on_and_refreshes_and_revokes,];

/// Runs one step of the script.
fn authlib(arguments: &[&str]) -> Value {
    let python = env::var("HILUM_TEST_PYTHON").unwrap_or_else(|_| "/usr/bin/python3".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/authlib_client.py");
    let output = Output::of(Command::new(python).arg(script).args(arguments));
    assert_eq!(output.code, 0, "{arguments:?}: {output:?}");
    serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

async fn authlib_signs_a_person_on_and_refreshes_and_revokes(backend: Backend) {
    if !Path::new("/usr/lib/python3/dist-packages/authlib").exists() {
        eprintln!("left out: python3-authlib is not here (make setup-test installs it)");
        return;
    }
    let idp = TestIdp::start_with(backend, Settings::new()).await;
    for client_id in ["alpha", "poster"] {
        let site = idp.site(client_id);
        let (method, secret) = match &site.authentication {
            hilum_tests::Authentication::Post(secret) => ("client_secret_post", secret.clone()),
            hilum_tests::Authentication::Basic(secret) => ("client_secret_basic", secret.clone()),
            hilum_tests::Authentication::Key | hilum_tests::Authentication::None => {
                panic!("a site with a secret")
            }
        };
        let facts = [idp.origin.as_str(), client_id, &secret, method, &site.redirect_uri];
        let begun = authlib(&[&["begin"], &facts[..]].concat());
        let url = begun["url"].as_str().unwrap().parse().unwrap();
        let page = idp.browser().sign_on(&url, &Person::new("profile")).await;
        let answer = page.location().unwrap().to_string();
        let (verifier, nonce) =
            (begun["verifier"].as_str().unwrap(), begun["nonce"].as_str().unwrap());
        let state = begun["state"].as_str().unwrap();
        let done = authlib(&[&["finish"], &facts[..], &[&answer, verifier, nonce, state]].concat());
        assert_eq!(done["id_token"]["aud"], client_id, "{done}");
        assert_eq!(done["id_token"]["sub"], done["userinfo"]["sub"], "{done}");
        assert!(done["userinfo"]["email"].is_string(), "{done}");
        assert_eq!(done["refreshed"], true, "{done}");
        assert_eq!(done["introspected"], true, "{done}");
        assert_eq!(done["after_revocation"], "invalid_grant", "{done}");
    }
    let machine = authlib(&["machine", &idp.origin, "machine", "machine-demo-secret"]);
    assert_eq!(machine["claims"]["client_id"], "machine", "{machine}");
}
