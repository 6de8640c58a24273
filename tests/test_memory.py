"""Threads reserve memory before they take it."""

import sys
import threading
import time

import numpy as np
import pytest

from toolkit import memory
from toolkit.errors import UnreadablePhoto
from toolkit.memory import Budget


def wait_for(condition) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class TestBudget:
    def test_together_no_more_is_held_than_may_be(self) -> None:
        budget, most, lock, now = Budget(lambda: (100, 300)), [0], threading.Lock(), [0]

        def take(need: int) -> None:
            for _ in range(20):
                with budget.reserve(need):
                    with lock:
                        now[0] += need
                        most[0] = max(most[0], now[0])
                    time.sleep(0.0005)
                    with lock:
                        now[0] -= need

        threads = [threading.Thread(target=take, args=(need,)) for need in (40, 50, 30, 60, 10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert 50 < most[0] <= 100
        assert budget.reserved == 0

    def test_a_large_one_is_alone_and_is_not_put_off_by_small_ones(self) -> None:
        budget, order = Budget(lambda: (100, 300)), []
        small = budget.reserve(60)
        small.__enter__()

        def take(need: int) -> None:
            with budget.reserve(need):
                order.append(need)
                assert need < 100 or budget.reserved == need

        large = threading.Thread(target=take, args=(250,))
        large.start()
        wait_for(lambda: len(budget._line) == 1)
        later = threading.Thread(target=take, args=(10,))
        later.start()
        wait_for(lambda: len(budget._line) == 2)
        assert order == []
        small.__exit__(None, None, None)
        large.join(10)
        later.join(10)
        assert order == [250, 10]

    def test_what_never_fits_is_refused_with_the_figures(self) -> None:
        budget = Budget(lambda: (10**9, 2_100_000_000))
        with (
            pytest.raises(UnreadablePhoto, match=r"5\.3 GB of memory \(9 x 9 px\); 2\.1 GB can"),
            budget.reserve(5_300_000_000, "9 x 9 px"),
        ):
            pass
        assert budget.reserved == 0
        with budget.reserve(10) as held:
            assert held

    def test_what_can_be_had_is_asked_again_once_nothing_is_held(self) -> None:
        limits = [(10, 10)]
        budget = Budget(lambda: limits[0])
        with pytest.raises(UnreadablePhoto), budget.reserve(50):
            pass
        limits[0] = (100, 100)
        with budget.reserve(50) as held:
            assert held

    def test_waiting_ends_when_it_is_stopped(self) -> None:
        budget, stop, got = Budget(lambda: (10, 10)), threading.Event(), []

        def take() -> None:
            with budget.reserve(10, stop=stop.is_set) as held:
                got.append(held)

        with budget.reserve(10):
            thread = threading.Thread(target=take)
            thread.start()
            wait_for(lambda: budget._line)
            stop.set()
            thread.join(2)
            assert got == [False]
        assert budget.reserved == 0

    def test_within_a_reservation_another_one_of_the_thread_does_not_wait(self) -> None:
        budget = Budget(lambda: (10, 10))
        with budget.reserve(10), budget.reserve(10) as held:
            assert held
            assert budget.reserved == 10
        assert budget.reserved == 0


class TestAvailable:
    def test_a_control_group_lowers_what_can_be_had(self, tmp_path, monkeypatch) -> None:
        inner = tmp_path / "job" / "step"
        inner.mkdir(parents=True)
        for folder, most, used in ((inner, "max", 50), (tmp_path / "job", "5000", 1200)):
            (folder / "memory.max").write_text(f"{most}\n")
            (folder / "memory.current").write_text(f"{used}\n")
            (folder / "memory.stat").write_text("anon 5\ninactive_file 200\n")
        (tmp_path / "self").write_text("0::/job/step\n")
        monkeypatch.setattr(memory, "_CGROUPS", tmp_path)
        monkeypatch.setattr(memory, "_MEMBERSHIP", tmp_path / "self")
        assert memory.available() == 5000 - 1200 + 200

    def test_so_does_one_of_the_first_version_whose_path_is_the_hosts(
        self, tmp_path, monkeypatch
    ) -> None:
        (tmp_path / "memory").mkdir()
        (tmp_path / "memory" / "memory.limit_in_bytes").write_text("9000\n")
        (tmp_path / "memory" / "memory.usage_in_bytes").write_text("4000\n")
        (tmp_path / "memory" / "memory.stat").write_text("cache 1\ntotal_inactive_file 7\n")
        (tmp_path / "self").write_text("5:cpu:/\n4:memory:/docker/0123\n0::/\n")
        monkeypatch.setattr(memory, "_CGROUPS", tmp_path)
        monkeypatch.setattr(memory, "_MEMBERSHIP", tmp_path / "self")
        assert memory.available() == 5007

    def test_without_control_groups_the_machine_says(self, tmp_path, monkeypatch) -> None:
        monkeypatch.setattr(memory, "_MEMBERSHIP", tmp_path / "none")
        assert memory.available() > 10**7

    def test_the_limit_of_the_address_space_counts(self, monkeypatch) -> None:
        resource = pytest.importorskip("resource")
        monkeypatch.setattr(resource, "getrlimit", lambda _: (1, 1))
        assert memory.available() == 0

    def test_a_user_says_how_much(self, monkeypatch) -> None:
        monkeypatch.setattr(memory, "available", lambda: 9 * memory.GB)
        memory.use(0.5, threads=8)
        assert memory._limits() == (memory.GB // 2, memory.GB // 2)
        memory.use(threads=8)
        assert memory._limits() == (8 * memory.EACH, 6 * memory.GB)
        memory.use()
        assert memory._limits() == (memory.GB, 6 * memory.GB)
        assert memory.room() == 6 * memory.GB


def test_bytes_are_written_for_people() -> None:
    assert memory.in_gb(5_340_000_000) == "5.3 GB"
    assert memory.in_gb(40_000_000) == "40 MB"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it of one process")
def test_the_peak_begins_anew_and_is_no_less_than_what_is_there() -> None:
    taken = np.ones(40_000_000, dtype=np.uint8)
    assert memory.peak() >= memory.resident() > 40e6
    high = memory.peak()
    del taken
    memory.count_anew()
    assert memory.peak() <= high
    assert memory.peak() >= memory.resident() * 0.99


def test_a_system_that_does_not_tell_gives_nan(monkeypatch) -> None:
    monkeypatch.setattr(memory, "_status", lambda name: float("nan"))
    monkeypatch.setattr(memory.sys, "platform", "other")
    assert np.isnan(memory.resident())
    assert np.isnan(memory.peak())
