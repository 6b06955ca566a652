"""Contract §0.1-0.10 and §0.16-0.18: authentication, administration, access policies."""

import base64
import hashlib
import secrets

import httpx
from parity_points import FHIR, JSON_PATCH, Ground, point, text

VERIFIER = "a-verifier-that-is-long-enough-for-anybody-to-accept"


def sign_in(ground: Ground, **fields: object) -> dict[str, str]:
    """The answer to the owner's password login."""
    body = {"email": ground.sandbox.owner_email, "password": ground.sandbox.owner_password, "scope": "openid", **fields}
    answer = ground.anonymous().post("auth/login", json=body)
    assert answer.status_code == httpx.codes.OK, answer.text
    found: dict[str, str] = answer.json()
    return found


def challenge() -> dict[str, str]:
    """The S256 challenge of VERIFIER."""
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    return {"codeChallenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), "codeChallengeMethod": "S256"}


def token(ground: Ground, **form: str) -> httpx.Response:
    """The answer of the token endpoint to a form."""
    return ground.anonymous().post("oauth2/token", data=form)


def credentials_token(ground: Ground, member: dict[str, str], secret: str | None = None) -> httpx.Response:
    """The answer to a member asking for a token with its secret."""
    asked = {"client_id": member["id"], "client_secret": secret or member["secret"]}
    return token(ground, grant_type="client_credentials", **asked)


def change(ground: Ground, reference: str, **fields: object) -> None:
    """Puts fields of a resource."""
    held = ground.admin.get(FHIR + reference).json()
    ground.admin.put(FHIR + reference, json={**held, **fields}).raise_for_status()


@point("0.1")
def code_needs_pkce(ground: Ground) -> None:
    """A login without a challenge succeeds, and its code then fails with `Missing verification context`."""
    code = sign_in(ground)["code"]

    answer = token(ground, grant_type="authorization_code", code=code, code_verifier=VERIFIER)

    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_request", "error_description": "Missing verification context"}


@point("0.1")
def code_with_pkce_gives_a_token(ground: Ground) -> None:
    """A code with its S256 verifier gives a token that works."""
    code = sign_in(ground, **challenge())["code"]

    answer = token(ground, grant_type="authorization_code", code=code, code_verifier=VERIFIER)

    assert ground.bearer(answer.json()["access_token"]).get("auth/me").status_code == 200


@point("0.1")
def token_takes_forms_only(ground: Ground) -> None:
    """JSON at the token endpoint is a 400 of type text/html."""
    answer = ground.anonymous().post("oauth2/token", json={"grant_type": "client_credentials"})

    assert (
        answer.status_code,
        answer.headers["content-type"],
        answer.text,
    ) == (400, "text/html; charset=utf-8", "Unsupported content type")


@point("0.1")
def oauth_errors_are_400(ground: Ground) -> None:
    """A wrong secret is 400 invalid_request `Invalid secret`, an unknown client `Invalid client`; no 401."""
    wrong = credentials_token(ground, ground.member(), "wrong")
    unknown = token(ground, grant_type="client_credentials", client_id="x", client_secret="x")

    assert [(answer.status_code, answer.json()["error_description"]) for answer in (wrong, unknown)] == [
        (400, "Invalid secret"),
        (400, "Invalid client"),
    ]


@point("0.2")
def replayed_code_revokes(ground: Ground) -> None:
    """Using a code twice is `Token already granted` and ends the token it gave."""
    code = sign_in(ground, **challenge())["code"]
    first = token(ground, grant_type="authorization_code", code=code, code_verifier=VERIFIER).json()["access_token"]

    second = token(ground, grant_type="authorization_code", code=code, code_verifier=VERIFIER)

    assert second.json() == {"error": "invalid_grant", "error_description": "Token already granted"}
    assert ground.bearer(first).get("auth/me").status_code == 401


@point("0.3")
def refresh_tokens_come_on_request_and_rotate(ground: Ground) -> None:
    """Only `offline`, `offline_access` or remember give a refresh token, and each is good once."""
    asked: list[dict[str, object]] = [{}, {"remember": True}, {"scope": "openid offline"}, {"scope": "offline_access"}]
    tokens = []
    for fields in asked:
        code = sign_in(ground, **challenge(), **fields)["code"]
        tokens.append(token(ground, grant_type="authorization_code", code=code, code_verifier=VERIFIER).json())
    refresh = tokens[1]["refresh_token"]
    again = [token(ground, grant_type="refresh_token", refresh_token=refresh) for _ in range(2)]

    assert ["refresh_token" in found for found in tokens] == [False, True, True, True]
    assert [answer.status_code for answer in again] == [200, 400]
    assert again[1].json()["error_description"] == "Invalid token"


@point("0.3")
def client_credentials_never_refresh(ground: Ground) -> None:
    """A client's token lives 3600 s or its accessTokenLifetime, without a refresh token."""
    member = ground.member()
    usual = credentials_token(ground, member).json()
    change(ground, f"ClientApplication/{member['id']}", accessTokenLifetime="2s")
    short = credentials_token(ground, member).json()

    assert (usual["expires_in"], short["expires_in"], "refresh_token" in usual) == (3600, 2, False)


@point("0.4")
def basic_ignores_status_and_ip_rules(ground: Ground) -> None:
    """Basic ignores status=off and ipAccessRule; the token endpoint honours both."""
    rule = {"name": "block all", "value": "*", "action": "block"}
    blocked = ground.member(ground.policy({"resourceType": "Invoice"}, ipAccessRule=[rule]))
    off = ground.member()
    change(ground, f"ClientApplication/{off['id']}", status="off")

    basic = [ground.connect(m["id"], m["secret"]).get(f"{FHIR}Invoice?_count=1").status_code for m in (blocked, off)]
    asked = [credentials_token(ground, member).json()["error_description"] for member in (blocked, off)]

    assert basic == [200, 200]
    assert asked == ["IP address not allowed", "Invalid client"]


@point("0.4")
def basic_has_no_grace_for_a_rotated_secret(ground: Ground) -> None:
    """After $rotate-secret the old secret is 401 by Basic at once, and still good at the token endpoint."""
    member = ground.member()
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "secret", "valueString": member["secret"]}]}
    rotated = ground.admin.post(f"{FHIR}ClientApplication/{member['id']}/$rotate-secret", json=parameters).json()

    old, new = (ground.connect(member["id"], secret) for secret in (member["secret"], rotated["secret"]))

    assert rotated["retiringSecret"] == member["secret"]
    assert [client.get(f"{FHIR}Bot?_count=1").status_code for client in (old, new)] == [401, 200]
    assert credentials_token(ground, member).status_code == 200


@point("0.4")
def basic_cuts_a_secret_at_a_colon(ground: Ground) -> None:
    """A secret with a colon in it never matches by Basic."""
    member = ground.member()
    change(ground, f"ClientApplication/{member['id']}", secret="with:colon")

    assert ground.connect(member["id"], "with:colon").get(f"{FHIR}Bot?_count=1").status_code == 401


@point("0.5")
def tokens_outlive_secrets_and_clients(ground: Ground) -> None:
    """active=false stops nobody; a live token survives a new secret and the client's deletion."""
    member = ground.member()
    live = ground.bearer(credentials_token(ground, member).json()["access_token"])
    membership = ground.membership(f"ClientApplication/{member['id']}")
    change(ground, f"ProjectMembership/{membership['id']}", active=False)
    inactive = live.get(f"{FHIR}Bot?_count=1").status_code
    change(ground, f"ClientApplication/{member['id']}", secret=secrets.token_hex(8))
    changed = live.get(f"{FHIR}Bot?_count=1").status_code
    ground.admin.delete(f"{FHIR}ClientApplication/{member['id']}").raise_for_status()

    assert (inactive, changed, live.get(f"{FHIR}Bot?_count=1").status_code) == (200, 200, 200)


@point("0.5")
def deleted_membership_is_gone(ground: Ground) -> None:
    """Deleting the membership makes a live token answer 410 Gone, and Basic 401."""
    member = ground.member()
    live = ground.bearer(credentials_token(ground, member).json()["access_token"])
    membership = ground.membership(f"ClientApplication/{member['id']}")
    ground.admin.delete(f"{FHIR}ProjectMembership/{membership['id']}").raise_for_status()

    by_token = live.get(f"{FHIR}Bot?_count=1")
    by_basic = ground.connect(member["id"], member["secret"]).get(f"{FHIR}Bot?_count=1")

    assert (by_token.status_code, text(by_token), by_basic.status_code) == (410, "Gone", 401)


@point("0.5")
def changed_policy_binds_at_once(ground: Ground) -> None:
    """A membership's new policy binds tokens that live already."""
    member = ground.member()
    live = ground.bearer(credentials_token(ground, member).json()["access_token"])
    before = live.get(f"{FHIR}Invoice?_count=1").status_code
    membership = ground.membership(f"ClientApplication/{member['id']}")
    change(ground, f"ProjectMembership/{membership['id']}", accessPolicy=ground.policy({"resourceType": "Basic"}))

    assert (before, live.get(f"{FHIR}Invoice?_count=1").status_code) == (200, 403)


@point("0.6")
def missing_policy_is_404_or_410(ground: Ground) -> None:
    """A dangling accessPolicy answers 404 to every call, a deleted one 410."""
    dangling = ground.member({"reference": "AccessPolicy/00000000-0000-4000-8000-000000000000"})
    policy = ground.policy({"resourceType": "Invoice"})
    deleted = ground.member(policy)
    ground.admin.delete(FHIR + policy["reference"]).raise_for_status()

    found = [ground.connect(m["id"], m["secret"]).get(f"{FHIR}Invoice").status_code for m in (dangling, deleted)]

    assert found == [404, 410]


@point("0.6")
def no_policy_reads_every_secret(ground: Ground) -> None:
    """Without a policy a client reads and writes everything, other clients' secrets included, but not memberships."""
    other = ground.member()
    member = ground.member()
    client = ground.connect(member["id"], member["secret"])

    secret = client.get(f"{FHIR}ClientApplication?_id={other['id']}&_fields=secret").json()["entry"][0]["resource"][
        "secret"
    ]
    forbidden = [client.get(f"{FHIR}{kind}").status_code for kind in ("ProjectMembership", "Project")]

    assert (secret, forbidden) == (other["secret"], [403, 403])


@point("0.7")
def no_challenge_unless_asked(ground: Ground) -> None:
    """401 carries WWW-Authenticate only with ?_medplum-prompt-basic-auth=1."""
    plain = ground.anonymous().get(f"{FHIR}Patient")
    prompted = ground.anonymous().get(f"{FHIR}Patient?_medplum-prompt-basic-auth=1")

    assert (plain.status_code, plain.headers.get("www-authenticate")) == (401, None)
    assert prompted.headers["www-authenticate"] == f'Basic realm="{ground.sandbox.base_url}"'


@point("0.8")
def project_of_the_path_is_not_read(ground: Ground) -> None:
    """A project admin's calls go to the own project whatever project id the path names."""
    path = "admin/projects/00000000-0000-4000-8000-000000000000/client"
    created = ground.admin.post(path, json={"name": "x"})

    assert (created.status_code, created.json()["meta"]["project"]) == (201, ground.project)


@point("0.8")
def super_admin_makes_clients_there_and_bots_here(ground: Ground) -> None:
    """A super admin's path id counts for /client; a bot is made in the Super Admin project."""
    boss = ground.super_admin()
    client = boss.post(f"admin/projects/{ground.project}/client", json={"name": "c"}).json()
    bot = boss.post(
        f"admin/projects/{ground.project}/bot", json={"name": "b"}, headers={"x-medplum": "extended"}
    ).json()

    assert (client["meta"]["project"] == ground.project, bot["meta"]["project"] == ground.project) == (True, False)


@point("0.9")
def secrets_are_replaced_whole(ground: Ground) -> None:
    """POST secrets replaces the list, checks its shape, and GET shows it in clear."""
    with ground.another() as own:
        path = f"admin/projects/{own.project}"
        own.admin.post(f"{path}/secrets", json=[{"name": "A", "valueString": "1"}]).raise_for_status()
        own.admin.post(f"{path}/secrets", json=[{"name": "B", "valueString": "2"}]).raise_for_status()
        nameless = own.admin.post(f"{path}/secrets", json=[{"valueString": "2"}])
        single = own.admin.post(f"{path}/secrets", json={"name": "A", "valueString": "b"})

        assert own.admin.get(path).json()["project"]["secret"] == [{"name": "B", "valueString": "2"}]
        assert [text(nameless), text(single)] == ["Missing required property", "Expected array of values for property"]


@point("0.9")
def members_ignore_if_match(ground: Ground) -> None:
    """POST members ignores If-Match; PUT ProjectMembership honours it and restores `user` silently."""
    membership = ground.membership(f"ClientApplication/{ground.member()['id']}")
    stale = {"if-match": 'W/"00000000-0000-4000-8000-000000000000"'}
    by_admin = ground.admin.post(
        f"admin/projects/{ground.project}/members/{membership['id']}", json=membership, headers=stale
    )
    path = f"{FHIR}ProjectMembership/{membership['id']}"
    by_fhir = ground.admin.put(path, json=membership, headers=stale)
    other = {"reference": "User/00000000-0000-4000-8000-000000000000"}
    restored = ground.admin.put(path, json={**membership, "user": other}).json()["user"]

    assert (by_admin.status_code, by_fhir.status_code, restored) == (200, 412, membership["user"])


@point("0.9")
def membership_makes_an_admin(ground: Ground) -> None:
    """membership.admin=true makes a client a project admin."""
    member = ground.member()
    client = ground.connect(member["id"], member["secret"])
    before = client.get(f"admin/projects/{ground.project}").status_code
    change(ground, f"ProjectMembership/{ground.membership('ClientApplication/' + member['id'])['id']}", admin=True)

    assert (before, client.get(f"admin/projects/{ground.project}").status_code) == (403, 200)


@point("0.10")
def fhir_made_bot_runs_as_its_caller(ground: Ground) -> None:
    """A Bot made by plain POST has no membership and acts with its caller's rights."""
    bot = ground.create({"resourceType": "Bot", "name": "plain", "runtimeVersion": "vmcontext"})
    code = "exports.handler = async (medplum) => (await medplum.searchResources('Patient')).length;"
    ground.admin.post(f"{FHIR}Bot/{bot['id']}/$deploy", json={"code": code}).raise_for_status()
    caller = ground.limited({"resourceType": "Bot", "readonly": True})

    assert ground.admin.get(f"{FHIR}ProjectMembership?profile=Bot/{bot['id']}").json().get("entry") is None
    assert ground.execute(bot["id"]).status_code == 200
    assert ground.execute(bot["id"], client=caller).json()["id"] == "forbidden"


@point("0.10")
def deleted_client_leaves_its_membership(ground: Ground) -> None:
    """Deleting a ClientApplication leaves its membership behind."""
    member = ground.member()
    ground.admin.delete(f"{FHIR}ClientApplication/{member['id']}").raise_for_status()

    assert ground.membership(f"ClientApplication/{member['id']}")["resourceType"] == "ProjectMembership"


@point("0.10")
def features_are_the_super_admins(ground: Ground) -> None:
    """A project admin's PUT of features answers 200 and changes nothing; a super admin's does."""
    with ground.another(features=()) as own:
        path = f"{FHIR}Project/{own.project}"
        held = own.admin.get(path).json()
        answer = own.admin.put(path, json={**held, "features": ["bots"]})
        unchanged = own.admin.get(path).json().get("features")
        boss = own.super_admin()
        boss.put(path, json={**boss.get(path).json(), "features": ["bots"]}).raise_for_status()

        assert (answer.status_code, unchanged) == (200, None)
        assert own.admin.get(path).json()["features"] == ["bots"]


@point("0.16")
def execute_needs_read_of_the_bot(ground: Ground) -> None:
    """$execute needs read on the Bot only; criteria `_id=a,b` choose, others are 404."""
    one, two = (ground.handler("return 1;") for _ in range(2))
    rules = {"readonly": {"readonly": True}, "read": {"interaction": ["read"]}, "search": {"interaction": ["search"]}}
    found = {
        name: [ground.execute(bot, client=client).status_code for bot in (one, two)]
        for name, rule in rules.items()
        for client in [ground.limited({"resourceType": "Bot", "criteria": f"Bot?_id={one}", **rule})]
    }
    both = ground.limited({"resourceType": "Bot", "readonly": True, "criteria": f"Bot?_id={one},{two}"})

    assert found == {"readonly": [200, 404], "read": [200, 404], "search": [403, 403]}
    assert [ground.execute(bot, client=both).status_code for bot in (one, two)] == [200, 200]


@point("0.16")
def me_shows_the_own_secret(ground: Ground) -> None:
    """/auth/me always works, with the client's own secret and its policy written out."""
    policy = ground.policy({"resourceType": "Bot", "readonly": True})
    member = ground.member(policy)

    me = ground.connect(member["id"], member["secret"]).get("auth/me").json()

    assert me["profile"]["secret"] == member["secret"]
    assert me["accessPolicy"] == {
        "resourceType": "AccessPolicy",
        "basedOn": [policy],
        "resource": [
            {"resourceType": "Bot", "readonly": True, "interaction": ["search", "read", "history", "vread"]},
            {"resourceType": "SearchParameter", "readonly": True},
            {"resourceType": "StructureDefinition", "readonly": True},
        ],
    }


@point("0.16")
def definitions_may_be_asked_for(ground: Ground) -> None:
    """SearchParameter and StructureDefinition may be searched under any policy."""
    client = ground.limited({"resourceType": "Basic", "readonly": True})

    found = [client.get(f"{FHIR}{kind}?_count=1").status_code for kind in ("SearchParameter", "StructureDefinition")]

    assert found == [200, 200]


@point("0.16", differs="the definitions serve validation and search, they are not stored as resources")
def definitions_are_found(ground: Ground) -> None:
    """A search of StructureDefinition finds the server's definitions."""
    assert ground.admin.get(f"{FHIR}StructureDefinition?_count=1").json().get("entry")


@point("0.17")
def conditional_reference_needs_search(ground: Ground) -> None:
    """A conditional reference needs `search` on its target and nothing else; without it 403."""
    patient = ground.create({"resourceType": "Patient", "identifier": [{"system": "urn:p", "value": ground.name()}]})
    reference = {"reference": f"Patient?identifier=urn:p|{patient['identifier'][0]['value']}"}
    with_search = ground.limited({"resourceType": "Invoice"}, {"resourceType": "Patient", "interaction": ["search"]})
    with_read = ground.limited({"resourceType": "Invoice"}, {"resourceType": "Patient", "interaction": ["read"]})

    good = with_search.post(f"{FHIR}Invoice", json=ground.invoice(subject=reference))
    bad = with_read.post(f"{FHIR}Invoice", json=ground.invoice(subject=reference))

    assert (good.status_code, good.json()["subject"]) == (201, {"reference": f"Patient/{patient['id']}"})
    assert (bad.status_code, bad.json()["id"]) == (403, "forbidden")


@point("0.18")
def policies_are_hardly_checked(ground: Ground) -> None:
    """A nonsense type and interaction are stored; only criteria of another type are refused (axp-3)."""
    path = f"{FHIR}AccessPolicy"
    nonsense = [{"resourceType": "Nonsense", "interaction": ["fly"]}]
    stored = ground.admin.post(path, json={"resourceType": "AccessPolicy", "resource": nonsense})
    mixed = [{"resourceType": "Bot", "criteria": "Patient?_id=1"}]
    refused = ground.admin.post(path, json={"resourceType": "AccessPolicy", "resource": mixed})

    assert (stored.status_code, refused.status_code) == (201, 400)
    assert text(refused).startswith("Constraint axp-3 not met")


@point("2")
def admin_bodies_are_checked(ground: Ground) -> None:
    """A client or bot without a name is refused, the field named in `expression`."""
    found = [ground.admin.post(f"admin/projects/{ground.project}/{kind}", json={}) for kind in ("client", "bot")]

    assert [(a.status_code, text(a), a.json()["issue"][0]["expression"]) for a in found] == [
        (400, "Client name is required", ["name"]),
        (400, "Bot name is required", ["name"]),
    ]


@point("2")
def members_are_patched(ground: Ground) -> None:
    """A project admin patches a membership by JSON Patch."""
    membership = ground.membership(f"ClientApplication/{ground.member()['id']}")
    policy = ground.policy({"resourceType": "Basic"})
    patch = [{"op": "add", "path": "/accessPolicy", "value": policy}]

    answer = ground.admin.request(
        "PATCH", f"{FHIR}ProjectMembership/{membership['id']}", json=patch, headers=JSON_PATCH
    )

    assert answer.json()["accessPolicy"] == policy
