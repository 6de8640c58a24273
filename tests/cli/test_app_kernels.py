"""The kernels of the app: one a page, kept while it reloads, ended when it is left."""

import asyncio
import json
import re
import socket
import time
from urllib.parse import urlsplit

import pytest
from browser_lab import ended, free_port
from browser_seen import becomes
from served_app import BARE, LEFT_AT_ONCE, NEVER_LEFT, SECONDS, Served

from toolkit.cli import app_kernels

# On a busy machine a page that is reloaded says late that it was left.
PATIENT = "from toolkit.cli import app_kernels as k; k.MOMENT_SECONDS, k.RETURN_SECONDS = 60, 600"


def shown(context, address: str):
    """Open a page and wait for its panel."""
    page = context.new_page()
    page.goto(address)
    page.locator(".sightings-page").wait_for()
    return page


def reloaded(page) -> None:
    page.reload()
    page.locator(".sightings-page").wait_for()


def connected(served: Served) -> list[int]:
    """Return how many pages each kernel has, as the server says."""
    token = urlsplit(served.address).query
    numbers = []
    for kernel in served.kernels():
        (word,) = re.findall(r"kernel-([\w-]+)\.json", " ".join(kernel.cmdline()))
        numbers.append(json.loads(served.ask(f"/api/kernels/{word}?{token}")[2])["connections"])
    return numbers


def kernel_of(page: str) -> str:
    (found,) = re.findall(r'"kernelId": "([\w-]+)"', page)
    return found


def test_a_client_has_no_heartbeat():
    """Its thread might begin when the client is gone, and write its error where the user looks."""
    ports = ("shell_port", "iopub_port", "stdin_port", "hb_port", "control_port")
    client = app_kernels.Client(**{name: free_port() for name in ports})
    client.start_channels()
    try:
        assert client.shell_channel.is_alive()
        assert not client.hb_channel.is_alive()
    finally:
        client.stop_channels()


def test_who_asks_while_the_server_is_busy_gets_the_kernel_of_the_page_just_left(monkeypatch):
    """What is said meanwhile is heard after: the moment that is waited for it is not over."""
    monkeypatch.setattr(app_kernels, "MOMENT_SECONDS", 0.2)

    async def answers(kernel: str) -> bool:
        return True

    async def asked() -> str:
        kernels = app_kernels.Kernels()
        kernels._uses["first"] = app_kernels.Use("word", rendering=False, expected=float("inf"))
        monkeypatch.setattr(kernels, "_answers", answers)
        monkeypatch.setattr(type(kernels), "__contains__", lambda self, kernel: True)
        loop = asyncio.get_running_loop()

        def busy() -> None:
            time.sleep(0.5)
            loop.call_later(0.02, kernels.wait_for_return, "first")

        loop.call_soon(busy)
        return await kernels._taken_over("word")

    assert asyncio.run(asked()) == "first"


@pytest.mark.browser
def test_a_page_that_is_reloaded_is_as_it_was_with_the_same_kernel(serve, context, watch):
    served = serve(PATIENT)
    opened = served.wait_for((served.folder / "opened").read_text)
    page = shown(context, opened)
    watch.follow(page)
    (kernel,) = served.kernels()
    page.get_by_role("tab", name="People I know").click()
    field = page.locator(".sightings-page input[type=text]:visible").first
    field.fill("somewhere else")
    field.press("Enter")
    # A page that is left at once may leave before it has told its kernel.
    page.locator("[role=status]:visible").filter(has_text="somewhere else").first.wait_for()
    for _ in range(3):
        reloaded(page)
        tab = page.get_by_role("tab", name="People I know")
        becomes(page, lambda: tab.get_attribute("aria-selected"), "true")  # noqa: B023 - now
        becomes(page, field.input_value, "somewhere else")
        assert served.kernels() == [kernel]
    for cookie in context.cookies():
        assert cookie["sameSite"] == "Strict", cookie
        assert cookie["httpOnly"] == (cookie["name"] != "_xsrf"), cookie
    assert (served.folder / "err").read_text() == ""


@pytest.mark.browser
def test_each_tab_and_each_browser_has_a_kernel_of_its_own(serve, browser, context):
    served = serve(NEVER_LEFT)
    first, second = shown(context, served.address), shown(context, served.address)
    assert len(served.kernels()) == 2
    second.close()
    served.wait_for(lambda: sorted(connected(served)) == [0, 1])
    with browser.new_context() as other:
        shown(other, served.address)
        assert len(served.kernels()) == 3
    # The tab that was closed by mistake.
    shown(context, served.address)
    assert len(served.kernels()) == 3
    first.close()


@pytest.mark.browser
def test_the_kernel_of_a_page_that_is_left_ends_when_the_page_does_not_return(serve, context):
    served = serve(LEFT_AT_ONCE)
    page, other = shown(context, served.address), shown(context, served.address)
    assert len(served.kernels()) == 2
    page.goto("about:blank")
    served.wait_for(lambda: connected(served) == [1])
    other.close(run_before_unload=True)
    served.wait_for(lambda: not served.kernels())


@pytest.mark.browser
def test_there_are_only_so_many_kernels(serve, context):
    served = serve(NEVER_LEFT + "; app_kernels.MOST_KERNELS = 2")
    first, second = shown(context, served.address), shown(context, served.address)
    third = context.new_page()
    assert third.goto(served.address).status == 503
    said = third.locator("body").inner_text()
    assert said == "2 pages are open already; close one, then reload."
    before = served.kernels()
    # As if another browser had had it: nothing of this one is taken over.
    context.clear_cookies()
    second.goto("about:blank")
    third.goto(served.address)
    third.locator(".sightings-page").wait_for()
    after = served.kernels()
    assert len(after) == 2
    assert len(set(after) & set(before)) == 1
    served.wait_for(lambda: connected(served) == [1, 1])
    first.close()


@pytest.mark.browser
def test_a_kernel_without_a_page_is_forgotten_one_with_a_page_is_not(serve, context):
    served = serve(
        BARE + "from toolkit.cli import app_server as s; s.FORGOTTEN_SECONDS, s.LOOK_SECONDS = 8, 1"
    )
    page = shown(context, served.address)
    (kept,) = served.kernels()
    status, _, body = served.ask(f"/?{urlsplit(served.address).query}")
    assert status == 200
    assert kernel_of(body) not in " ".join(kept.cmdline())
    served.wait_for(lambda: served.kernels() == [kept])
    page.locator(".sightings-page").wait_for()


@pytest.mark.browser
def test_a_kernel_that_hangs_is_not_taken_over(serve, context):
    served = serve(NEVER_LEFT + "; app_kernels.ANSWER_SECONDS = 1")
    page = shown(context, served.address)
    (hung,) = served.kernels()
    hung.suspend()
    reloaded(page)
    served.wait_for(lambda: ended(hung))
    served.wait_for(lambda: connected(served) == [1])


# A page that changes all the time, as one does while it searches.
RESTLESS = """
from toolkit.cli import app
def page_notebook(*given, made=app.page_notebook):
    notebook = json.loads(made(*given))
    notebook["cells"][0]["source"] = '''
import threading, time, ipywidgets
def count():
    while True:
        number.value += 1
        time.sleep(0.02)
if "number" not in globals():
    number = ipywidgets.IntText()
    number.add_class("sightings-page")
    threading.Thread(target=count, daemon=True).start()
number
'''
    return json.dumps(notebook)
import json
app.page_notebook = page_notebook
"""


@pytest.mark.browser
def test_a_page_can_be_reloaded_while_its_kernel_is_at_work(serve, context):
    served = serve(f"{PATIENT}\n{RESTLESS}")
    page = shown(context, served.address)
    (kernel,) = served.kernels()
    number = page.locator(".sightings-page input")
    before = int(number.input_value())
    reloaded(page)
    assert int(number.input_value()) >= before
    assert served.kernels() == [kernel]


def test_a_page_takes_over_the_kernel_of_one_that_was_left(serve):
    served = serve(NEVER_LEFT)
    token = urlsplit(served.address).query
    status, headers, body = served.ask(f"/?{token}")
    assert status == 200
    (word,) = (each for each in headers.get_all("Set-Cookie") if each.startswith("sightings-"))
    first, cookie = kernel_of(body), {"Cookie": word.partition(";")[0]}
    # It is being opened: its scripts connect soon.
    second = kernel_of(served.ask(f"/?{token}", **cookie)[2])
    assert second != first
    own = {"Origin": f"http://127.0.0.1:{served.port}"}
    assert served.ask(f"/voila/api/shutdown/{first}?{token}", b"", **own)[0] == 204
    assert kernel_of(served.ask(f"/?{token}")[2]) not in (first, second)
    assert kernel_of(served.ask(f"/?{token}", **cookie)[2]) == first
    assert kernel_of(served.ask(f"/?{token}", **cookie)[2]) != first
    # Those that still wait for a page to return end with the app.
    assert served.ask(f"/voila/api/shutdown/{second}?{token}", b"", **own)[0] == 204
    kernels = served.kernels()
    served.process.terminate()
    assert served.process.wait(SECONDS) == 0
    assert all(ended(kernel) for kernel in kernels)
    assert (served.folder / "err").read_text() == ""


def test_who_does_not_wait_for_a_page_gets_its_kernel_the_next_time(serve):
    served = serve(NEVER_LEFT)
    token = urlsplit(served.address).query
    asked = (
        f"GET /?{token} HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nCookie: {{}}=word\r\n\r\n"
    ).format(cookie := f"sightings-127-0-0-1-{served.port}")
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", served.port)) as browser:
            browser.sendall(asked.encode())
            # The page's head comes as its kernel is started.
            assert browser.recv(1000).startswith(b"HTTP/1.1 200 ")
        # What is answered after the browser went was asked after the app saw it go.
        assert served.ask(f"/no/such/page?{token}")[0] == 302
    assert served.ask(f"/?{token}", Cookie=f"{cookie}=word")[0] == 200
    assert len(served.kernels()) == 1
