"""Whether running work should step aside, at a step boundary, for work whose turn has come."""

from tools.compute.affinity import Device
from tools.compute.fairness import WARP, Flow, Lane, Top

QUANTUM = 10.0
"""Device-seconds by which bulk work must have had too much to step aside for other bulk work."""
SHARE = 3.0
"""Device-seconds of urgent work for each one of the bulk it passes."""


def repaid(device: Device) -> float:
    """Return what of the turns urgent work borrowed the running bulk work has given back."""
    return SHARE * sum(run.entry.lately for run in device.running.values() if not run.entry.urgent)


def overdue(top: Top, lane: Lane, device: Device) -> bool:
    """Say whether the next job's turn is over before that of all that runs.

    Only when its model is there, and it would be done altogether within what every running one
    has had; so two jobs never take turns in stepping aside for each other.
    """
    if top.entry.ticket.model not in device.models:
        return False
    warp = WARP if lane.borrowed - repaid(device) < WARP else 0.0
    done = top.tag + top.entry.left / lane.flows[top.entry.ticket.user].weight
    done += QUANTUM if not top.entry.urgent else -warp
    for run in device.running.values():
        flow = lane.flows.get(run.entry.ticket.user, Flow(0.0))
        had = run.entry.tag + run.entry.lately / flow.weight
        if done >= had - warp * run.entry.urgent:
            return False
    return True
