"""Several stagings used at the same time, each by a thread of its own."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from icdbridge.corpora.staging import Staging

T = TypeVar("T")


def run_together(jobs: Mapping[Staging, Callable[..., T]]) -> list[T]:
    """What the jobs give, each run in a thread of its own with its ``staging``; a failure, or Ctrl-C, ends them all."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        running = [pool.submit(job, staging=staging) for staging, job in jobs.items()]
        try:
            for job in as_completed(running):
                job.result()
        except BaseException:
            for staging in jobs:
                staging.stop()
            raise
        return [job.result() for job in running]
