"""Signing in through an OpenID Connect provider: authorization code with PKCE, state and nonce.

Authlib makes the request and fetches the token; joserfc, which comes with it, checks the signature.
What is kept between the two steps (:class:`Memory`) is sealed into a cookie of the browser that
began, so that an answer given to another browser, or to another provider, is worth nothing. No
token is stored or logged.

Checked, as OpenID Connect Core 3.1.3.7 asks: signature (RS256 or ES256 with a key of the issuer),
``iss``, ``aud`` and ``azp``, ``exp``, ``nbf`` and ``iat``, ``nonce``; ``iss`` of the answer
(RFC 9207) where the provider sends it; ``acr`` and tenant where the settings name them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from survey.access.identities import Vouched
from survey.access.oidc_settings import Provider, is_safe
from survey.access.sessions import same
from survey.core.errors import Message, SurveyError, say

ALGORITHMS = ("RS256", "ES256")
LEEWAY = 60
"""Seconds that the clocks of provider and service may differ."""

KEPT = 3600.0
"""Seconds that a provider's description and keys are used again."""

SELDOM = 30.0
"""Seconds between two looks for a key that is not known yet."""

TIMEOUT = (5, 10)
LONGEST_SUBJECT = 255


class Refused(SurveyError):
    """The provider, or what came from it, did not vouch for anybody.

    ``reason`` is a word for the log: ``denied``, ``unreachable``, ``state``, ``token``, ``claims``.
    It never holds anything of the token.
    """

    def __init__(self, reason: str, message: Message | str) -> None:
        self.reason = reason
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Memory:
    """What the browser that began keeps, sealed, until it comes back."""

    provider: str
    state: str
    nonce: str
    verifier: str

    def as_dict(self) -> dict[str, str]:
        """Plain JSON."""
        return asdict(self)


class Client:
    """This service at one provider. Safe for threads; asks nothing before it is used."""

    def __init__(self, provider: Provider, redirect_uri: str) -> None:
        self.provider = provider
        self._redirect_uri = redirect_uri
        self._lock = threading.Lock()
        self._metadata: Mapping[str, Any] = {}
        self._keys = KeySet([])
        self._described_at = self._keys_at = float("-inf")

    def begin(self) -> tuple[str, Memory]:
        """(the provider's address to send the browser to, what to keep for when it comes back)."""
        metadata = self.metadata()
        memory = Memory(
            self.provider.name, generate_token(43), generate_token(43), generate_token(64)
        )
        more = {"nonce": memory.nonce}
        if self.provider.acr_values:
            more["acr_values"] = " ".join(self.provider.acr_values)
        with self._session() as session:
            address, _ = session.create_authorization_url(
                metadata["authorization_endpoint"],
                state=memory.state,
                code_verifier=memory.verifier,
                **more,
            )
        return str(address), memory

    def finish(self, answer: Mapping[str, str], memory: Memory) -> Vouched:
        """Check what the browser brought back and fetch who it is. Raises Refused."""
        if memory.provider != self.provider.name or not same(answer.get("state", ""), memory.state):
            raise Refused("state", "answer_of_another_browser")
        metadata = self.metadata()
        issuer = answer.get("iss")
        if issuer is None and metadata.get("authorization_response_iss_parameter_supported"):
            raise Refused("state", "answer_does_not_name_its_issuer")
        if issuer is not None and issuer != self.provider.issuer:
            raise Refused("state", "answer_comes_from_another_issuer")
        if answer.get("error") or not answer.get("code"):
            raise Refused("denied", "provider_did_not_let_person_through")
        token = self._fetch(metadata, answer["code"], memory)
        claims = self._claims(str(token.get("id_token") or ""), memory.nonce)
        return self._vouched(self._with_userinfo(metadata, claims, token))

    @property
    def offers_sign_out(self) -> bool:
        """True when the provider is known to have a way out. Asks nobody."""
        return bool(self._metadata.get("end_session_endpoint"))

    def sign_out_address(self, back: str) -> str | None:
        """Where a browser signs out at the provider too, and comes ``back``; None if nowhere.

        No token was kept that could be sent along, so the provider may ask the person first.
        """
        try:
            end = self.metadata().get("end_session_endpoint")
        except Refused:
            return None
        if not isinstance(end, str) or not is_safe(end):
            return None
        wanted = {"client_id": self.provider.client_id, "post_logout_redirect_uri": back}
        return requests.Request("GET", end, params=wanted).prepare().url

    def metadata(self) -> Mapping[str, Any]:
        """How the provider describes itself. Raises Refused when it cannot be had or is not it."""
        with self._lock:
            if self._metadata and time.monotonic() - self._described_at < KEPT:
                return self._metadata
        description = self._get(self.provider.discovery)
        if description.get("issuer") != self.provider.issuer:
            raise Refused("unreachable", "provider_describes_itself_as_another_issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not is_safe(str(description.get(name, ""))):
                raise Refused("unreachable", say("provider_gives_no_safe", name=name))
        with self._lock:
            self._metadata, self._described_at = description, time.monotonic()
        return description

    def _session(self) -> OAuth2Session:
        return OAuth2Session(
            client_id=self.provider.client_id,
            client_secret=self.provider.client_secret,
            token_endpoint_auth_method=self.provider.client_auth,
            scope=" ".join(self.provider.scopes),
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
        )

    def _fetch(self, metadata: Mapping[str, Any], code: str, memory: Memory) -> Mapping[str, Any]:
        try:
            with self._session() as session:
                token = session.fetch_token(
                    metadata["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=memory.verifier,
                    timeout=TIMEOUT,
                    allow_redirects=False,
                )
        except (requests.RequestException, AuthlibBaseError, ValueError) as error:
            raise Refused("token", "provider_gave_no_token") from error
        if not isinstance(token, Mapping):
            raise Refused("token", "provider_gave_no_token")
        return token

    def _claims(self, id_token: str, nonce: str) -> Mapping[str, Any]:
        claims = self._decode(id_token)
        moment = time.time()
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        client_id = self.provider.client_id
        several = len(audiences) > 1
        right = (
            claims.get("iss") == self.provider.issuer
            and client_id in audiences
            and claims.get("azp", None if several else client_id) == client_id
            and _number(claims.get("exp")) > moment - LEEWAY
            and _number(claims.get("nbf", 0)) <= moment + LEEWAY
            and 0 < _number(claims.get("iat")) <= moment + LEEWAY
            and same(str(claims.get("nonce", "")), nonce)
            and isinstance(claims.get("sub"), str)
            and 0 < len(claims["sub"]) <= LONGEST_SUBJECT
        )
        if not right:
            raise Refused("claims", "token_is_not_for_this_sign_in")
        if self.provider.acr_values and claims.get("acr") not in self.provider.acr_values:
            raise Refused("claims", "sign_in_level_too_low")
        if self.provider.tenant and claims.get("tid") != self.provider.tenant:
            raise Refused("claims", "person_belongs_to_another_tenant")
        return claims

    def _decode(self, id_token: str) -> Mapping[str, Any]:
        for again in (False, True):
            keys = self._key_set(again=again)
            try:
                return jwt.decode(id_token, keys, algorithms=list(ALGORITHMS)).claims
            except (JoseError, ValueError, TypeError) as error:
                if again:
                    raise Refused("token", "tokens_signature_is_not_right") from error
        raise AssertionError("not reached")

    def _key_set(self, *, again: bool) -> KeySet:
        with self._lock:
            age = time.monotonic() - self._keys_at
            if age < (SELDOM if again else KEPT):
                return self._keys
        document = self._get(str(self.metadata()["jwks_uri"]))
        try:
            keys = KeySet.import_key_set({"keys": _usable(document)})
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise Refused("unreachable", "providers_keys_cannot_be_read") from error
        with self._lock:
            self._keys, self._keys_at = keys, time.monotonic()
        return keys

    def _with_userinfo(
        self, metadata: Mapping[str, Any], claims: Mapping[str, Any], token: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """The claims, with the e-mail of the user-info address where the token has none."""
        wanted, there = self.provider.email_claim, metadata.get("userinfo_endpoint")
        if self.provider.email_trust == "never" or wanted in claims or not isinstance(there, str):
            return claims
        if not is_safe(there):
            return claims
        userinfo = self._get(there, str(token.get("access_token") or ""))
        if userinfo.get("sub") != claims["sub"]:
            raise Refused("claims", "provider_told_of_somebody_else")
        return {**claims, **{n: userinfo[n] for n in (wanted, "email_verified") if n in userinfo}}

    def _vouched(self, claims: Mapping[str, Any]) -> Vouched:
        return Vouched(
            provider=self.provider.name,
            issuer=self.provider.issuer,
            subject=claims["sub"],
            email=_email(self.provider, claims),
            organisations=self.provider.organisations,
            strong=self.provider.second_factor,
        )

    def _get(self, address: str, bearer: str = "") -> dict[str, Any]:
        headers = {"Accept": "application/json"}
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        try:
            answer = requests.get(address, headers=headers, timeout=TIMEOUT, allow_redirects=False)
            content = answer.json() if answer.status_code == requests.codes.ok else None
        except (requests.RequestException, ValueError) as error:
            raise Refused("unreachable", "provider_cannot_be_reached") from error
        if not isinstance(content, dict):
            raise Refused("unreachable", "provider_cannot_be_reached")
        return content


def _email(provider: Provider, claims: Mapping[str, Any]) -> str | None:
    """The address, when the settings and the provider together make it count as verified."""
    claim = claims.get(provider.email_claim)
    if provider.email_trust == "never" or not isinstance(claim, str) or "@" not in claim:
        return None
    # Some providers send the truth value as a text.
    if provider.email_trust == "claim" and claims.get("email_verified") not in (True, "true"):
        return None
    email = claim.strip().lower()
    if provider.email_domains and email.rpartition("@")[2] not in provider.email_domains:
        return None
    return email


def _usable(document: Mapping[str, Any]) -> list[Any]:
    """The signing keys of the kinds that are accepted: others may be of kinds nobody here reads."""
    keys = document.get("keys")
    return [
        key
        for key in (keys if isinstance(keys, list) else [])
        if isinstance(key, dict) and key.get("kty") in ("RSA", "EC") and key.get("use") != "enc"
    ]


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return float("-inf")
    return float(value)
