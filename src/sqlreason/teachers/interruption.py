"""Runs asynchronous work from synchronous code so that Ctrl-C and SIGTERM end it in order.

The work is cancelled and may finish its clean-up; then the interruption goes on its way.
"""

import asyncio
import signal
import threading
from collections.abc import Coroutine
from typing import Any


def run(work: Coroutine[Any, Any, None]) -> None:
    """Runs work to its end, in a thread of its own where an event loop is running already (a notebook).

    Raises:
        KeyboardInterrupt: On SIGINT, after the work was cancelled.
        SystemExit: On SIGTERM, likewise; with the status of a terminated process.
    """
    if _loop_is_running():
        _run_beside(work)
    elif asyncio.run(_until_sigterm(work)):
        raise SystemExit(128 + signal.SIGTERM)


def _loop_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _until_sigterm(work: Coroutine[Any, Any, None]) -> bool:
    """Whether SIGTERM ended the work; asyncio itself turns SIGINT into a cancellation."""
    if threading.current_thread() is not threading.main_thread():
        await work  # only the main thread may handle signals
        return False
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    terminated = asyncio.Event()

    def terminate() -> None:
        terminated.set()
        task.cancel()

    loop.add_signal_handler(signal.SIGTERM, terminate)
    try:
        await task
    except asyncio.CancelledError:
        if not terminated.is_set():
            raise
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
    return terminated.is_set()


def _run_beside(work: Coroutine[Any, Any, None]) -> None:
    """Runs work in a loop of another thread while this one waits."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="teacher")
    thread.start()
    future = asyncio.run_coroutine_threadsafe(work, loop)
    try:
        future.result()
    finally:
        future.cancel()
        asyncio.run_coroutine_threadsafe(_wait_for_others(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _wait_for_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)
