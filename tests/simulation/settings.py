"""How Hypothesis runs histories."""

from hypothesis import HealthCheck, Phase, settings

STEPS = 25


def history_settings(histories: int, *, shrink: bool = True) -> settings:
    """Settings for this many histories, without a database: a seed is what replays them."""
    return settings(
        max_examples=histories,
        stateful_step_count=STEPS,
        database=None,
        deadline=None,
        print_blob=True,
        phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),  # a history is slow, and that is fine
    )
