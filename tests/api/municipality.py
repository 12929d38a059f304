"""A municipality with a study, spoken to over the API only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient

from survey.access import api_keys
from survey.access.principal import SCOPES
from survey.core.services import Services
from survey.organisation.units import create_organisation

TREE = """kode;navn;overordnet;type;ansatte
K;Kommunen;;;0
A;Oppvekst;K;etat;6
A1;Bjørka;A;barnehage;12
A2;Åsly;A;barnehage;3
B;Helse;K;etat;20
"""


@dataclass
class Municipality:
    """``call`` sends with a key of all scopes, unless other ``scopes`` are named."""

    parts: Services
    client: FlaskClient
    organisation_id: int
    code: str
    key: str

    def call(self, method: str, path: str, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {options.pop('key', self.key)}"}
        headers |= options.pop("headers", {})
        path = f"/api/v1/organisations/{self.code}{path}"
        return self.client.open(path, method=method, headers=headers, **options)

    def key_of(self, *scopes: str) -> str:
        with self.parts.db.transaction() as session:
            made = api_keys.create(session, self.parts.secret, self.organisation_id, "T", scopes)
        return made[1]

    def bring(self, text: str = TREE) -> Any:
        options = {"data": text.encode(), "content_type": "text/csv"}
        return self.call("POST", "/imports?apply=true", **options)

    def study(self, **changes: Any) -> Any:
        body = {"code": "S", "name": "Studien", "instrument": "baerum-barometer", **changes}
        return self.call("POST", "/studies", json=body)

    def wave(self, **changes: Any) -> Any:
        body = {"phase": "before", "label": "Før", **changes}
        return self.call("POST", "/studies/S/waves", json=body)


def municipality(parts: Services, client: FlaskClient, code: str = "3024") -> Municipality:
    with parts.db.transaction() as session:
        organisation_id = create_organisation(session, code, "Kommune " + code).id
        made, key = api_keys.create(session, parts.secret, organisation_id, "Alt", ["people:read"])
        made.scopes = list(SCOPES)  # as keys could be before some scopes were kept apart
    return Municipality(parts, client, organisation_id, code, key)
