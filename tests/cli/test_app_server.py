"""The server of the app: nobody gets in without the token, and no address says anything."""

import json
import re
from urllib.parse import urlsplit

import psutil
import pytest
from browser_seen import screenshot
from served_app import Served
from tiles import save_tiles

NOBODY = "00000000-0000-0000-0000-000000000000"


# Adds the patterns of all addresses that the server answers at to a file, as it starts.
RULES = """
import json, os, tornado.web
def add_handlers(self, host, rules, add=tornado.web.Application.add_handlers):
    with open(os.environ["TMPDIR"] + "/rules", "a") as written:
        for path, *_ in rules:
            print(json.dumps(path), file=written)
    add(self, host, rules)
tornado.web.Application.add_handlers = add_handlers
"""


@pytest.fixture(scope="module")
def lasting(tmp_path_factory):
    """An app for tests that leave it as it was: to start one takes seconds."""
    folder = tmp_path_factory.mktemp("lasting")
    save_tiles(folder / "photos" / "a1.png", "ann")
    started = Served(folder, folder / "photos", RULES)
    try:
        yield started
    finally:
        started.end()


def test_nobody_gets_in_without_the_token(lasting):
    served, before = lasting, lasting.kernels()
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "c2lnaHRpbmdzIHRlc3RzIQ==",
    }
    for path in ("/", "/?token=wrong", "/api/kernels", "/voila/render/Sightings.ipynb"):
        status, headers, body = served.ask(path)
        assert (status, body) == (302, ""), path
        assert headers["Location"].startswith("/login"), path
    assert served.ask(f"/api/kernels/{NOBODY}")[0] == 403
    assert served.ask(f"/api/kernels/{NOBODY}/channels", **upgrade)[0] == 403
    token = urlsplit(served.address).query
    assert served.ask(f"/voila/files/Sightings.ipynb?{token}")[0] == 403
    assert served.ask(f"/?{token}", Host=f"elsewhere.example:{served.port}")[0] == 403
    assert served.kernels() == before
    for headers in ({}, {"Origin": "http://elsewhere.example"}):
        status, _, _ = served.ask(f"/voila/api/shutdown/{NOBODY}?{token}", b"", **headers)
        assert status == 403
    own = {"Origin": f"http://127.0.0.1:{served.port}"}
    assert served.ask(f"/voila/api/shutdown/{NOBODY}", b"", **own)[0] == 403

    opened = served.wait_for((served.folder / "opened").read_text)
    assert token.removeprefix("token=") not in opened
    path = urlsplit(opened).path
    assert served.ask("/once/guess")[0] == 403
    status, headers, _ = served.ask(path)
    assert (status, headers["Location"]) == (302, f"/?{token}")
    assert served.ask(path)[0] == 403

    inside = [each for each in (served.folder / "tmp").iterdir() if each.is_dir()]
    assert [each.stat().st_mode & 0o777 for each in inside] == [0o700]
    listening = {
        each.laddr.ip
        for each in psutil.Process(served.process.pid).net_connections("inet")
        if each.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


# An address for each pattern, and what it answers to whoever brings the token.
ANSWERS = {
    f"/api/kernels/{NOBODY}": 404,
    f"/api/kernels/{NOBODY}/channels": 404,
    f"/voila/api/shutdown/{NOBODY}": 405,
    "/voila/templates/lab/static/voila.js": 200,
    "/voila/static/voila.js": 200,
    "/voila/api/themes/none.css": 404,
    "/voila/labextensions/@jupyter-widgets/jupyterlab-manager/package.json": 200,
    "/voila/files/Sightings.ipynb": 403,
    "/any": 302,
}


def test_no_address_says_anything_without_the_token(lasting):
    served, before = lasting, lasting.kernels()
    rules = [json.loads(line) for line in (served.folder / "tmp/rules").read_text().splitlines()]
    assert len(rules) > len(ANSWERS)
    token = urlsplit(served.address).query
    doors = {"/once/guess": 403, "/login": 200}
    for rule in rules:
        assert any(re.fullmatch(rule, path) for path in ANSWERS | doors), f"what of {rule}?"
    for path, status in ANSWERS.items():
        assert served.ask(f"{path}?{token}")[0] == status, path
        for method in ("GET", "HEAD", "OPTIONS", "POST", "DELETE"):
            status, headers, body = served.ask(path, method=method)
            led = status == 302 and headers["Location"].startswith("/login?") and not body
            assert led or status in (403, 405), (method, path, status)
    assert served.kernels() == before
    assert (served.folder / "err").read_text() == ""


@pytest.mark.browser
def test_the_way_in_by_hand_asks_for_the_token_alone(lasting, context):
    served = lasting
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{served.port}/voila/static/voila.js")
    assert page.title() == "Sightings"
    page.get_by_label("Token").fill("guess")
    page.get_by_role("button", name="Open").click()
    page.get_by_role("alert").get_by_text("That is not the token.").wait_for()
    screenshot(page, "app-login")
    page.get_by_label("Token").fill(urlsplit(served.address).query.removeprefix("token="))
    with page.expect_response("**/voila.js") as answer:
        page.get_by_role("button", name="Open").click()
    assert answer.value.status == 200


def test_no_cookie_goes_along_from_another_site(lasting):
    served = lasting
    token = urlsplit(served.address).query
    name = f"username-127-0-0-1-{served.port}"
    given = []
    for path in ("/login", f"/?{token}", f"/voila/static/none?{token}"):
        given += served.ask(path)[1].get_all("Set-Cookie")
    given += served.ask("/", Cookie=f"{name}=old")[1].get_all("Set-Cookie")
    assert {each.partition("=")[0] for each in given} >= {"_xsrf", name}
    for each in given:
        said = [word.strip().lower() for word in each.split(";")]
        assert "samesite=strict" in said, each
        # The page's scripts read this one.
        assert ("httponly" in said) == (not each.startswith("_xsrf=")), each
