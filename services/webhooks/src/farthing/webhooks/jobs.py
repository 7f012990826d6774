"""Due work of webhooks."""

from __future__ import annotations

from farthing.kit.work import Job
from farthing.webhooks.operations.courier import Courier
from farthing.webhooks.operations.history import History


def jobs(courier: Courier, history: History) -> tuple[Job, ...]:
    """Deliveries that are due are begun; due work is not done while one of them has no outcome; old events are forgotten."""
    deliver = Job("webhooks.deliver", courier.due, courier.run)
    courier.wake = deliver.wake
    return (
        deliver,
        Job("webhooks.on_their_way", courier.unfinished, courier.wait),
        Job("webhooks.forget", history.next_to_forget, history.forget),
    )
