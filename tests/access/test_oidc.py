"""OpenID Connect: what is asked for, and every token that must not let anybody in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OctKey, RSAKey

from survey.access import oidc, oidc_settings
from survey.access.identities import Vouched
from survey.access.oidc import Client, Refused
from survey.access.oidc_settings import Provider
from survey.core.errors import ConfigurationError
from tests.access import issuer as issuers
from tests.access.issuer import CLIENT_ID, CLIENT_SECRET, Issuer

BACK = "http://127.0.0.1:8000/logg-inn/entra/svar"


@pytest.fixture(scope="module")
def server() -> Iterator[Issuer]:
    with issuers.running() as made:
        yield made


@pytest.fixture
def issuer(server: Issuer) -> Issuer:
    server.reset()
    return server


def provider(issuer: Issuer, **changes: Any) -> Provider:
    made = Provider("entra", {"nb": "Entra"}, issuer.url, CLIENT_ID, CLIENT_SECRET)
    return replace(made, **changes)


def through(issuer: Issuer, **changes: Any) -> Vouched:
    """A whole sign-in."""
    client = Client(provider(issuer, **changes), BACK)
    address, memory = client.begin()
    return client.finish(issuer.sign_in(address), memory)


def refused(run: Callable[[], object]) -> str:
    with pytest.raises(Refused) as told:
        run()
    return told.value.reason


def test_a_sign_in_tells_who_it_is_and_no_more(issuer: Issuer) -> None:
    issuer.claims = {"email": "Anna@Kommune.example", "email_verified": True}
    found = through(issuer)
    assert (found.issuer, found.subject) == (issuer.url, "subject-1")
    assert found.email == "anna@kommune.example"
    assert not found.strong


def test_a_code_is_of_use_once(issuer: Issuer) -> None:
    client = Client(provider(issuer), BACK)
    address, memory = client.begin()
    answer = issuer.sign_in(address)
    client.finish(answer, memory)
    assert refused(lambda: client.finish(answer, memory)) == "token"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://another.example"},
        {"iss": None},
        {"aud": "another client"},
        {"aud": [CLIENT_ID, "another"]},
        {"aud": [CLIENT_ID, "another"], "azp": "another"},
        {"azp": "another"},
        {"aud": None},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": None},
        {"iat": int(time.time()) + 3600},
        {"nbf": int(time.time()) + 3600},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": 7},
    ],
)
def test_a_token_for_somebody_or_something_else_is_refused(
    issuer: Issuer, claims: dict[str, Any]
) -> None:
    issuer.claims = claims
    assert refused(lambda: through(issuer)) == "claims"


def test_a_token_for_several_is_taken_when_it_names_us(issuer: Issuer) -> None:
    issuer.claims = {"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID}
    assert through(issuer).subject == "subject-1"


def test_only_a_key_of_the_issuer_counts(issuer: Issuer) -> None:
    issuer.signing_key = RSAKey.generate_key(2048, {"kid": "one"})
    assert refused(lambda: through(issuer)) == "token"
    issuer.signing_key = RSAKey.generate_key(2048, {"kid": "unknown"})
    assert refused(lambda: through(issuer)) == "token"


def test_a_token_that_is_not_signed_by_a_key_pair_is_refused(issuer: Issuer) -> None:
    issuer.signing_key = OctKey.generate_key(256, {"kid": "one"})
    issuer.alg = "HS256"
    assert refused(lambda: through(issuer)) == "token"


def test_a_new_key_of_the_issuer_is_fetched_once_it_is_seen(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(provider(issuer), BACK)
    address, memory = client.begin()
    client.finish(issuer.sign_in(address), memory)
    before, issuer.key, issuer.alg = issuer.key, issuers.ec_key(), "ES256"
    address, memory = client.begin()
    assert refused(lambda: client.finish(issuer.sign_in(address), memory)) == "token"
    monkeypatch.setattr(oidc, "SELDOM", 0.0)
    address, memory = client.begin()
    assert client.finish(issuer.sign_in(address), memory).subject == "subject-1"
    issuer.key = before
    assert issuer.asked.count("/.well-known/openid-configuration") == 1


def test_an_answer_to_another_browser_or_from_another_issuer_is_refused(issuer: Issuer) -> None:
    client = Client(provider(issuer), BACK)
    address, memory = client.begin()
    _, other = client.begin()
    assert refused(lambda: client.finish(issuer.sign_in(address), other)) == "state"
    elsewhere = Client(provider(issuer, name="feide"), BACK)
    assert refused(lambda: elsewhere.finish(issuer.sign_in(address), memory)) == "state"
    issuer.answer = {"iss": "https://another.example"}
    assert refused(lambda: client.finish(issuer.sign_in(address), memory)) == "state"


def test_an_issuer_that_promises_its_name_in_answers_must_give_it(issuer: Issuer) -> None:
    issuer.metadata = {"authorization_response_iss_parameter_supported": True}
    assert refused(lambda: through(issuer)) == "state"
    issuer.answer = {"iss": issuer.url}
    assert through(issuer).subject == "subject-1"


def test_the_verifier_of_another_sign_in_gets_no_token(issuer: Issuer) -> None:
    client = Client(provider(issuer), BACK)
    address, memory = client.begin()
    _, other = client.begin()
    mixed = replace(memory, verifier=other.verifier)
    assert refused(lambda: client.finish(issuer.sign_in(address), mixed)) == "token"


def test_who_gave_up_at_the_provider_is_not_let_in(issuer: Issuer) -> None:
    client = Client(provider(issuer), BACK)
    _, memory = client.begin()
    answer = {"error": "access_denied", "state": memory.state}
    assert refused(lambda: client.finish(answer, memory)) == "denied"


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://another.example"},
        {"token_endpoint": "http://another.example/token"},
        {"jwks_uri": None},
    ],
)
def test_a_provider_that_describes_itself_strangely_is_not_used(
    issuer: Issuer, metadata: dict[str, Any]
) -> None:
    issuer.metadata = metadata
    assert refused(lambda: through(issuer)) == "unreachable"


def test_a_provider_that_is_away_is_said_to_be(issuer: Issuer) -> None:
    issuer.broken = True
    assert refused(lambda: through(issuer)) == "unreachable"
    gone = Client(replace(provider(issuer), issuer="http://127.0.0.1:1"), BACK)
    assert refused(gone.begin) == "unreachable"
    assert gone.sign_out_address("http://x") is None


@pytest.mark.parametrize(
    ("claims", "changes", "expected"),
    [
        ({"email": "a@k.no", "email_verified": True}, {}, "a@k.no"),
        ({"email": "a@k.no", "email_verified": "true"}, {}, "a@k.no"),
        ({"email": "a@k.no", "email_verified": False}, {}, None),
        ({"email": "a@k.no"}, {}, None),
        ({"email": "a@k.no"}, {"email_trust": "provider"}, "a@k.no"),
        ({"email": "a@k.no", "email_verified": True}, {"email_trust": "never"}, None),
        ({"upn": "A@k.no"}, {"email_trust": "provider", "email_claim": "upn"}, "a@k.no"),
        ({"email": "no address", "email_verified": True}, {}, None),
        ({"email": "a@k.no", "email_verified": True}, {"email_domains": ("k.no",)}, "a@k.no"),
        ({"email": "a@x.no", "email_verified": True}, {"email_domains": ("k.no",)}, None),
    ],
)
def test_an_address_counts_only_where_it_is_vouched_for(
    issuer: Issuer, claims: dict[str, Any], changes: dict[str, Any], expected: str | None
) -> None:
    issuer.claims = claims
    assert through(issuer, **changes).email == expected


def test_the_address_may_come_from_the_user_info(issuer: Issuer) -> None:
    issuer.userinfo = {"sub": "subject-1", "email": "a@k.no", "email_verified": True}
    assert through(issuer).email == "a@k.no"
    issuer.userinfo = {"sub": "subject-2", "email": "a@k.no", "email_verified": True}
    assert refused(lambda: through(issuer)) == "claims"


def test_a_lower_level_or_another_tenant_is_refused(issuer: Issuer) -> None:
    issuer.claims = {"acr": "idporten-loa-substantial", "tid": "ours"}
    assert refused(lambda: through(issuer, acr_values=("idporten-loa-high",))) == "claims"
    assert refused(lambda: through(issuer, tenant="theirs")) == "claims"
    high = through(
        issuer, acr_values=("idporten-loa-substantial",), tenant="ours", second_factor=True
    )
    assert high.strong


def test_the_way_out_at_the_provider_brings_back_here(issuer: Issuer) -> None:
    address = Client(provider(issuer), BACK).sign_out_address("http://here/logg-inn")
    assert address is not None
    assert address.startswith(f"{issuer.url}/out?client_id={CLIENT_ID}&post_logout_redirect_uri=")


GOOD = """
[entra]
label = {nb = "Kommunekonto", en = "Work account"}
issuer = "https://login.microsoftonline.com/1111/v2.0"
tenant = "1111"
client_id = "abc"
client_secret_file = "secret"
email_claim = "preferred_username"
email_trust = "provider"

[feide]
issuer = "https://auth.dataporten.no"
client_id = "def"
client_secret_file = "secret"
scopes = ["email"]
"""


def write(folder: Path, text: str) -> Path:
    (folder / "secret").write_text(f"{CLIENT_SECRET}\n")
    path = folder / "oidc.toml"
    path.write_text(text)
    return path


def test_the_file_of_providers_is_read(tmp_path: Path) -> None:
    found = oidc_settings.load(write(tmp_path, GOOD))
    assert list(found) == ["entra", "feide"]
    assert found["entra"].label("en") == "Work account"
    assert found["entra"].label("nn") == "Kommunekonto"
    assert found["feide"].scopes == ("openid", "email")
    assert found["feide"].client_secret == CLIENT_SECRET
    assert CLIENT_SECRET not in repr(found)
    assert oidc_settings.load(None) == {}


def test_every_fault_of_the_file_is_told_at_once(tmp_path: Path) -> None:
    text = """
[entra]
issuer = "https://login.microsoftonline.com/common/v2.0"
client_id = ""
client_secret_file = "nowhere"
scopes = "openid"
second_factor = "yes"
colour = "blue"
email_trust = "always"

[other]
issuer = "http://example.no"
client_id = "x"
client_secret_file = "secret"
label = {xx = "?"}

[again]
issuer = "https://login.microsoftonline.com/2222/v2.0"
client_id = "x"
client_secret_file = "secret"

[kode]
"""
    with pytest.raises(ConfigurationError) as told:
        oidc_settings.load(write(tmp_path, text))
    assert {str(fault.where).removeprefix("oidc.toml: ") for fault in told.value.faults} == {
        "entra.issuer",
        "entra.client_id",
        "entra.client_secret_file",
        "entra.scopes",
        "entra.second_factor",
        "entra.colour",
        "entra.email_trust",
        "other.issuer",
        "other.label",
        "again.tenant",
        "kode",
    }


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="SURVEY_OIDC_FILE"):
        oidc_settings.load(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match=r"oidc\.toml"):
        oidc_settings.load(write(tmp_path, "[entra"))
