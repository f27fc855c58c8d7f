"""Webhooks that were not taken, by the answers of the last hour. Whoever sent them may not send them again. Pure."""

from collections.abc import Sequence

from shared.format import count_of
from workers.operations.monitoring.problem import Grade, Trouble
from workers.operations.monitoring.sample import Sample

#: For so long (ms) strangers must have been all that came, and so many times, before the secret is thought to be wrong.
_LATELY, _OFTEN = 300_000, 3
_STRANGER = ("401", "403")


def refusals(samples: Sequence[Sample], now_ms: int) -> list[Trouble]:
    """What is wrong with the answers."""
    return [*_unable(samples), *_strangers([sample for sample in samples if now_ms - sample.at <= _LATELY])]


def _unable(samples: Sequence[Sample]) -> list[Trouble]:
    """Ours is the fault: nothing could keep them."""
    refused = [sample for sample in samples if _answered(sample, "5")]
    if not refused:
        return []
    many = count_of(sum(_answered(sample, "5") for sample in refused), "webhook")
    text = f"{many} could not be taken within the last hour (answered 5xx)."
    advice = "They are lost unless the provider sends them again. Look at the ingress's log, its disk, and Redis."
    return [Trouble("refused", Grade.LOSS, text, advice, since_ms=refused[0].at)]


def _strangers(samples: Sequence[Sample]) -> list[Trouble]:
    """Some strangers always come by. Where nobody else does, it is the provider that has the wrong secret."""
    turned_away = [sample for sample in samples if _answered(sample, *_STRANGER)]
    many = sum(_answered(sample, *_STRANGER) for sample in turned_away)
    if many < _OFTEN or any(_answered(sample, "2") for sample in samples):
        return []
    text = f"All webhooks of the last minutes were turned away: {many} answered 401 or 403, none taken."
    advice = "Compare the provider's address and secret with SLUICE_WEBHOOK_TOKEN, _HMAC_SECRET and _SENDER_NETWORKS."
    return [Trouble("turned-away", Grade.LOSS, text, advice, since_ms=turned_away[0].at)]


def _answered(sample: Sample, *beginnings: str) -> int:
    return sum(count for code, count in (sample.answers or {}).items() if code.startswith(beginnings))
