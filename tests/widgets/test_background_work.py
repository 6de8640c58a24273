"""Work beside the interface: one piece at a time, in order, or only the newest; what it says."""

import threading

import pytest
from work_seen import Gate, states_of

from toolkit.errors import BadFolder, BadSetting
from toolkit.records import Words
from toolkit.widgets.background_work import InOrder, Message, Newest, Work, in_html

EVIL = '<img src=x onerror="window.hacked=1">'
PART = "<img"
LONG = 20


def test_work_that_is_done_hands_over_its_value():
    work, got = Work(), []
    seen = states_of(work)
    assert work.run(lambda tell, stopped: 7, got.append)
    assert work.wait(LONG)
    assert (got, seen) == ([7], ["empty", "running", "done"])
    assert not work.busy
    assert work.running.layout.display == "none"
    assert work.run(lambda *_: 8)
    assert work.wait(LONG)
    assert got == [7]


def test_one_work_at_a_time():
    work, gate, got = Work(), Gate(), []
    assert work.run(gate, got.append)
    assert gate.begun.wait(LONG)
    assert work.busy
    assert work.running.layout.display is None
    assert not work.run(lambda *_: "other", got.append)
    assert not work.wait(0.01)
    gate.go.set()
    assert work.wait(LONG)
    assert got == ["value"]


def test_cancelled_work_keeps_what_it_has():
    work, begun, got = Work(), threading.Event(), []
    seen = states_of(work)
    work.cancel()
    assert work.state == "empty"

    def job(tell, stopped):
        begun.set()
        for _ in range(1000):
            if stopped():
                return "half"
            threading.Event().wait(0.02)
        return "whole"

    work.run(job, got.append)
    assert begun.wait(LONG)
    work.stop_button.click()
    assert work.stop_button.disabled
    assert work.text.value == "cancelling: what is done is kept"
    work.tell("scanning", 1, 9, "late.jpg")
    assert work.text.value == "cancelling: what is done is kept"
    work.cancel()
    assert work.wait(LONG)
    assert (got, seen) == (["half"], ["empty", "running", "cancelling", "cancelled"])


def test_what_the_user_can_mend_is_one_line():
    def job(*_):
        raise BadFolder(f"no folder {EVIL}")

    work = Work()
    seen = states_of(work)
    work.run(job)
    work.wait(LONG)
    assert seen == ["empty", "running", "failed"]
    assert "no folder &lt;img" in work.message.value
    assert "Traceback" not in work.message.value
    work.run(lambda *_: None)
    work.wait(LONG)
    assert work.message.value == ""


@pytest.mark.parametrize("where", ["job", "then"])
def test_a_bug_shows_its_traceback(where):
    def fail(*_):
        raise KeyError(EVIL + "\udcff\x07")

    work = Work()
    work.run(fail) if where == "job" else work.run(lambda *_: 1, fail)
    work.wait(LONG)
    assert work.state == "failed"
    assert "Traceback" in work.message.value
    assert "in fail" in work.message.value
    assert PART not in work.message.value
    work.message.value.encode("utf-8")


def test_a_bug_of_whoever_observes_is_shown_and_blocks_nothing():
    work = Work()

    def watch(change):
        if change["new"] == "done":
            raise RuntimeError("observer")

    work.observe(watch, names="state")
    work.run(lambda *_: 1)
    assert work.wait(LONG)
    assert "RuntimeError: observer" in work.message.value
    assert work.run(lambda *_: 1)
    assert work.wait(LONG)


def test_work_may_follow_from_the_end_of_other_work():
    work, got = Work(), []

    def follow(change):
        if change["new"] == "done" and not got:
            got.append("first")
            assert work.run(lambda *_: "second", got.append)

    work.observe(follow, names="state")
    work.run(lambda *_: None)
    assert work.wait(LONG)
    assert got == ["first", "second"]
    assert work.state == "done"


def test_progress_in_words():
    now = [100.0]
    work, gate = Work(clock=lambda: now[0]), Gate()
    work.tell("scanning", 1, 9, "x")
    assert work.text.value == ""
    work.run(gate, title=EVIL)
    assert gate.begun.wait(LONG)
    assert PART not in work.text.value
    # 10 photos in 4 s: 2.5 a second, and 90 more take 36.
    now[0] += 4
    work.tell("scanning", 10, 100, "C:\\photos\\a&b.jpg")
    assert work.text.value == ("scanning: 10 of 100 · 2.5 a second, about 40 s left · a&amp;b.jpg")
    assert (work.bar.value, work.bar.max) == (10, 100)
    # Too soon after: not shown; what is new, or the last one, is.
    now[0] += 0.1
    work.tell("scanning", 11, 100, "b.jpg")
    assert work.bar.value == 10
    work.tell("scanning", 100, 100, "c.jpg")
    assert work.bar.value == 100
    work.tell("grouping", 0, 3, f"dir/{EVIL}")
    assert work.text.value.startswith("grouping: 0 of 3 · &lt;img")
    now[0] += 8
    work.tell("grouping", 2, 3, "")
    assert work.text.value == "grouping: 2 of 3 · 4.0 s each, a few seconds left"
    gate.go.set()
    assert work.wait(LONG)


def test_messages_are_text():
    message = Message()
    for say in (message.remark, message.mend, message.failed):
        say(BadSetting(EVIL)) if say == message.failed else say(EVIL)
        assert "&lt;img" in message.value
        assert PART not in message.value
    message.clear()
    assert message.value == ""


def test_work_with_locks_waits_for_them_and_holds_them():
    locks = [threading.RLock(), threading.RLock()]
    work, seen = Work(locks=locks), []

    def job(*_):
        other = threading.Thread(
            target=lambda: seen.extend(lock.acquire(blocking=False) for lock in locks)
        )
        other.start()
        other.join(LONG)
        return "value"

    got = []
    with locks[1]:
        assert work.run(job, got.append)
        assert not work.wait(0.1)
        assert got == []
    assert work.wait(LONG)
    assert (got, seen) == (["value"], [False, False])
    # They are free again.
    assert all(lock.acquire(blocking=False) for lock in locks)


def test_what_is_said_while_work_is_cancelled_is_its_own():
    work, gate = Work(cancelling="one moment"), Gate()
    work.run(gate)
    assert gate.begun.wait(LONG)
    work.cancel()
    assert work.text.value == "one moment"
    gate.go.set()
    assert work.wait(LONG)


def test_in_order_all_is_done_and_nothing_after_the_end():
    steps, done = InOrder("steps"), []
    for number in range(20):
        steps.do(lambda number=number: done.append(number))
    steps.wait(LONG)
    assert done == list(range(20))
    steps.do(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        steps.wait(LONG)
    steps.do(lambda: done.append("after"))
    steps.wait(LONG)
    assert done[-1] == "after"
    steps.close()


def test_what_is_in_hand_is_told_that_it_was_overtaken():
    begun, told = threading.Event(), []

    def do(value, overtaken):
        begun.set()
        told.append((value, overtaken.wait(LONG if value == "first" else 0)))

    newest = Newest(do, failed=told.append)
    newest.ask("first")
    assert begun.wait(LONG)
    newest.ask("second")
    assert newest.wait(LONG)
    assert told == [("first", True), ("second", False)]


def test_abreast_what_hangs_holds_nothing_newer_up():
    go, hung, done, late = threading.Event(), threading.Event(), [], []

    def do(value, overtaken):
        if value == "hangs":
            late.append(threading.current_thread())
            hung.set()
            assert go.wait(LONG)
        done.append((value, overtaken.is_set()))

    newest = Newest(do, failed=done.append, abreast=True)
    newest.ask("hangs")
    assert hung.wait(LONG)
    newest.ask("newer")
    # It is not waited for what hangs.
    assert newest.wait(LONG)
    assert done == [("newer", False)]
    go.set()
    late[0].join(LONG)
    assert done == [("newer", False), ("hangs", True)]
    newest.ask("last")
    assert newest.wait(LONG)
    assert done[-1] == ("last", False)


def test_words_are_made_fit_for_html():
    shown = in_html(Words(EVIL, "tiles", "animal", "animals"))
    assert PART not in shown.singular
    assert shown.plural == "tiles"


def test_a_message_as_a_line_of_text() -> None:
    message = Message()
    message.remark("a <b> & “c”")
    assert message.plain == "a <b> & “c”"
    message.bug(ValueError("x < y"))
    assert message.plain == (
        "A bug: ValueError: x < y. Nothing of yours is lost; please report it with these lines:"
    )
