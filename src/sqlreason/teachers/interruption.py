"""Runs asynchronous work from synchronous code so that Ctrl-C and SIGTERM end it in order.

The first signal asks the work to stop by itself within a time; a second one, or the end of that time, cancels it.
Either way it may finish its clean-up, and then the interruption goes on its way.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run(work: Coroutine[Any, Any, None], stop: Callable[[], None], seconds: float = 30.0) -> None:
    """Run work to its end, in a thread of its own where an event loop is running already (a notebook).

    Args:
        work: What to run.
        stop: Asks it to stop; called in its event loop.
        seconds: After this time it is cancelled.

    Raises:
        KeyboardInterrupt: On SIGINT, after the work has ended.
        SystemExit: On SIGTERM, likewise; with the status of a terminated process.
    """
    if _loop_is_running():
        _run_beside(work, stop, seconds)
        return
    received = asyncio.run(_until_signal(work, stop, seconds))
    if received is signal.SIGINT:
        raise KeyboardInterrupt
    if received is not None:
        raise SystemExit(128 + received)


def _loop_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _until_signal(
    work: Coroutine[Any, Any, None], stop: Callable[[], None], seconds: float
) -> signal.Signals | None:
    """Run work to its end; the first signal that arrived meanwhile, if one did."""
    if threading.current_thread() is not threading.main_thread():
        await work  # only the main thread may handle signals
        return None
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    received: list[signal.Signals] = []

    def interrupt(number: signal.Signals) -> None:
        received.append(number)
        if len(received) == 1:
            stop()
            loop.call_later(seconds, task.cancel)
        else:
            task.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, interrupt, number)
    try:
        await task
    except asyncio.CancelledError:
        if not received:
            raise
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
    return received[0] if received else None


def _run_beside(work: Coroutine[Any, Any, None], stop: Callable[[], None], seconds: float) -> None:
    """Run work in a loop of another thread while this one waits."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="teacher")
    thread.start()
    future = asyncio.run_coroutine_threadsafe(work, loop)
    try:
        future.result()
    except KeyboardInterrupt:
        loop.call_soon_threadsafe(stop)
        try:
            future.result(seconds)
        except TimeoutError:
            future.cancel()
        raise
    finally:
        future.cancel()
        asyncio.run_coroutine_threadsafe(_wait_for_others(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _wait_for_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)
