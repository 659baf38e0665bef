"""Hilum as Authlib sees it: discovery, code flow with PKCE, refresh, introspection, revocation.

    authlib_client.py begin   ISSUER CLIENT_ID SECRET METHOD REDIRECT_URI
    authlib_client.py finish  ISSUER CLIENT_ID SECRET METHOD REDIRECT_URI ANSWER VERIFIER NONCE STATE
    authlib_client.py machine ISSUER CLIENT_ID SECRET

Each step prints one JSON object. The browser in between is the test's own.
"""

import json
import os
import sys

# Plain http on localhost, as in the demo.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey, JsonWebToken
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url

SCOPE = "openid profile email offline_access"


def discover(issuer):
    answer = requests.get(get_well_known_url(issuer, external=True), timeout=30)
    answer.raise_for_status()
    metadata = OpenIDProviderMetadata(answer.json())
    assert metadata["issuer"] == issuer, metadata["issuer"]
    return metadata


def keys(metadata):
    return JsonWebKey.import_key_set(requests.get(metadata["jwks_uri"], timeout=30).json())


def session(client_id, secret, method, redirect_uri, **more):
    return OAuth2Session(
        client_id,
        secret,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        redirect_uri=redirect_uri,
        scope=SCOPE,
        code_challenge_method="S256",
        **more,
    )


def begin(issuer, client_id, secret, method, redirect_uri):
    metadata = discover(issuer)
    verifier, nonce = generate_token(48), generate_token(20)
    url, state = session(client_id, secret, method, redirect_uri).create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )
    return {"url": url, "state": state, "verifier": verifier, "nonce": nonce}


def finish(issuer, client_id, secret, method, redirect_uri, answer, verifier, nonce, state):
    metadata = discover(issuer)
    site = session(client_id, secret, method, redirect_uri, state=state)
    token = site.fetch_token(
        metadata["token_endpoint"], authorization_response=answer, code_verifier=verifier
    )
    jwt = JsonWebToken(["RS256", "PS256", "ES256", "EdDSA"])
    claims = jwt.decode(
        token["id_token"],
        keys(metadata),
        claims_cls=CodeIDToken,
        claims_options={"iss": {"value": issuer}, "aud": {"value": client_id}},
        claims_params={"nonce": nonce, "client_id": client_id, "access_token": token["access_token"]},
    )
    claims.validate(leeway=10)
    userinfo = site.get(metadata["userinfo_endpoint"])
    userinfo.raise_for_status()
    introspected = site.introspect_token(
        metadata["introspection_endpoint"], token=token["access_token"]
    ).json()
    old = token["refresh_token"]
    new = site.refresh_token(metadata["token_endpoint"], refresh_token=old)
    site.revoke_token(metadata["revocation_endpoint"], token=new["refresh_token"]).raise_for_status()
    try:
        site.refresh_token(metadata["token_endpoint"], refresh_token=new["refresh_token"])
        after_revocation = "tokens"
    except OAuthError as error:
        after_revocation = error.error
    return {
        "id_token": dict(claims),
        "userinfo": userinfo.json(),
        "introspected": introspected["active"],
        "refreshed": new["refresh_token"] != old,
        "after_revocation": after_revocation,
    }


def machine(issuer, client_id, secret):
    metadata = discover(issuer)
    site = OAuth2Session(client_id, secret)
    token = site.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    claims = JsonWebToken(["ES256"]).decode(token["access_token"], keys(metadata))
    claims.validate()
    return {"claims": dict(claims)}


STEPS = {"begin": begin, "finish": finish, "machine": machine}
print(json.dumps(STEPS[sys.argv[1]](*sys.argv[2:])))
