"""A small OpenID provider on a port of this machine, which can be told to misbehave."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey
from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

CLIENT_ID = "barometer"
CLIENT_SECRET = "only the two of us know"


class Quiet(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        """Say nothing."""


class Issuer:
    """``claims`` and ``header`` are laid over the next tokens; ``userinfo`` is what it tells of
    the user; ``asked`` keeps every request."""

    def __init__(self) -> None:
        self.key: Any = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.alg = "RS256"
        self.url = ""
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.answer: dict[str, str] = {}
        self.signing_key: Any = None
        self.broken = False
        self.asked: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}

    def reset(self) -> None:
        self.claims, self.metadata, self.answer = {}, {}, {}
        self.userinfo = {"sub": "subject-1"}
        self.signing_key, self.broken, self.alg, self.asked = None, False, "RS256", []

    def sign_in(self, address: str) -> dict[str, str]:
        """What a browser that was sent to ``address`` brings back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == CLIENT_ID
        code = f"code-{len(self._codes)}"
        self._codes[code] = asked
        return {"code": code, "state": asked["state"], **self.answer}

    def back(self, address: str) -> str:
        """The path that a browser comes back to."""
        asked = parse_qs(urlsplit(address).query)
        return f"{urlsplit(asked['redirect_uri'][0]).path}?{urlencode(self.sign_in(address))}"

    def __call__(self, environ: Any, start: Any) -> Any:
        request = Request(environ)
        self.asked.append(request.path)
        if self.broken:
            return Response("no", 500)(environ, start)
        found = {
            "/.well-known/openid-configuration": self._describe,
            "/keys": lambda _: KeySet([self.key, OctKey.generate_key(256)]).as_dict(),
            "/token": self._token,
            "/userinfo": lambda _: self.userinfo,
        }.get(request.path)
        if found is None:
            return Response("no", 404)(environ, start)
        body = found(request)
        response = Response(json.dumps(body), 400 if "error" in body else 200)
        response.mimetype = "application/json"
        return response(environ, start)

    def _describe(self, _: Request) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "end_session_endpoint": f"{self.url}/out",
            **self.metadata,
        }

    def _token(self, request: Request) -> dict[str, Any]:
        asked = self._codes.pop(request.form["code"], None)
        challenge = hashlib.sha256(request.form["code_verifier"].encode()).digest()
        auth = request.authorization
        good = (
            asked is not None
            and base64.urlsafe_b64encode(challenge).decode().rstrip("=") == asked["code_challenge"]
            and request.form["redirect_uri"] == asked["redirect_uri"]
            and auth is not None
            and (auth.username, auth.password) == (CLIENT_ID, CLIENT_SECRET)
        )
        if not good or asked is None:
            return {"error": "invalid_grant"}
        moment = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "sub": "subject-1",
            "iat": moment,
            "exp": moment + 60,
            "nonce": asked.get("nonce"),
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        key = self.signing_key or self.key
        header = {"alg": self.alg, "kid": key.kid}
        token = jwt.encode(header, claims, key, algorithms=[self.alg])
        return {"access_token": "opaque", "token_type": "Bearer", "id_token": token}


@contextmanager
def running() -> Iterator[Issuer]:
    """An issuer that answers on a port of its own."""
    issuer = Issuer()
    server = make_server("127.0.0.1", 0, issuer, threaded=True, request_handler=Quiet)
    issuer.url = f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ec_key() -> ECKey:
    """Another kind of key."""
    return ECKey.generate_key("P-256", {"kid": "two", "use": "sig"})
