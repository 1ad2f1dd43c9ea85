"""Random histories of one deployment, and the check of what is left when the faults have ended.

A history is a sequence of rules that Hypothesis chooses: people submit, retry, give up and come
back; the stream delivers late, twice and out of order; the schedule runs or does not; calls are
struck by faults; workers die between any two calls, and run into each other; hours and days pass.
`check` then stops the faults, lets the schedule run, and reads the table and the mailbox.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.builders import a_post, fields, stream_event
from tests.simulation.world import (
    FAULTS,
    OUTAGES,
    REJECTED_BY_SES,
    Crash,
    Interruption,
    Plan,
    StreamRecord,
    World,
    metrics,
)

SUBMIT_SECONDS = 15
ALERT_SECONDS = 180
RETRY_SECONDS = 240
INTERRUPTION_SECONDS = 85
"""An interrupting worker gets less time, so that its victim's claim is not over when it ends: the
two stand for workers that run side by side, and no single call hangs for longer than a claim."""

STREAM_TRIES = 5
STREAM_MAXIMUM_AGE = timedelta(hours=1)
LONGEST_HISTORY = timedelta(days=25)
"""Shorter than the retention, so that nothing may have expired when it is checked."""

LOCATIONS = {
    "mesa": ("mesa-front-desk@example.com", "mesa-manager@example.com"),
    "not_sure": ("front-desk@example.com", "practice-manager@example.com"),
}

NOTHING: Plan = {}
faults = st.dictionaries(st.integers(0, 8), st.sampled_from(FAULTS), max_size=3)
"""Faults by the number of the call that they strike."""

faults_of_one_call = st.dictionaries(st.integers(0, 2), st.sampled_from(FAULTS), max_size=3)
"""The same for a submission, whose one call is tried three times."""

typed = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)


@dataclass
class Person:
    """Somebody who submits a form, perhaps several times, and what they were told."""

    answers: dict[str, Any]
    key: str | None
    days: set[str] = field(default_factory=set)
    """The UTC days of the tries: without a key, the same form on another day is another one."""
    acknowledged: set[str] = field(default_factory=set)
    """The ids that this person was told."""


class Histories(RuleBasedStateMachine):
    """What can happen to a deployment."""

    checked: ClassVar[int] = 0
    """How many histories came to their end in this process and held."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.people: list[Person] = []
        self.delivered: list[StreamRecord] = []
        self.poison: set[str] = set()
        self.began = self.world.now

    # ---- people -----------------------------------------------------------------------------

    @rule(
        text=typed,
        has_key=st.booleans(),
        location=st.sampled_from(sorted(LOCATIONS)),
        kind=st.sampled_from(["person", "person", "person", "program", "rejected_by_ses"]),
        plan=faults_of_one_call,
        hears=st.booleans(),
    )
    def somebody_submits(
        self, *, text: str, has_key: bool, location: str, kind: str, plan: Plan, hears: bool
    ) -> None:
        number = len(self.people)
        answers = fields(
            full_name=f"Sentinel{number}-{kind} {text}",
            location=location,
            message=REJECTED_BY_SES if kind == "rejected_by_ses" else f"{text}.",
            **({"homepage": "https://example.com"} if kind == "program" else {}),
        )
        key = f"00000000-0000-4000-8000-{number:012}" if has_key else None
        self.people.append(Person(answers, key))
        self._submit(self.people[-1], plan, hears=hears)

    @rule(
        size=st.integers(2, 5),
        location=st.sampled_from(sorted(LOCATIONS)),
        delivered=st.sampled_from([True, True, False]),
    )
    def a_crowd_submits(self, *, size: int, location: str, delivered: bool) -> None:
        """More in an hour than are alerted one by one, and each from a number of their own."""
        waiting = len(self.world.stream)
        for _ in range(size):
            number = len(self.people)
            answers = fields(
                full_name=f"Sentinel{number}-crowd",
                location=location,
                phone=f"480-555-01{number % 100:02}",
                message="One of many.",
            )
            self.people.append(Person(answers, f"00000000-0000-4000-8000-{number:012}"))
            self._submit(self.people[-1], NOTHING, hears=True)
        batch = self.world.stream[waiting:]
        if delivered and batch:
            self._deliver(batch, NOTHING, seconds=ALERT_SECONDS)

    @precondition(lambda self: self.people)
    @rule(who=st.integers(min_value=0), plan=faults_of_one_call, hears=st.booleans())
    def somebody_tries_again(self, *, who: int, plan: Plan, hears: bool) -> None:
        self._submit(self._person(who), plan, hears=hears)

    @precondition(lambda self: self.people)
    @rule(who=st.integers(min_value=0), call=st.integers(0, 1))
    def somebody_clicks_twice(self, *, who: int, call: int) -> None:
        person = self._person(who)
        second = Interruption(lambda: self._submit(person, NOTHING, hears=False))
        self._submit(person, {call: second}, hears=True)

    @precondition(lambda self: any(person.key for person in self.people))
    @rule(who=st.integers(min_value=0), plan=faults_of_one_call)
    def somebody_uses_a_key_for_something_else(self, *, who: int, plan: Plan) -> None:
        keyed = [person for person in self.people if person.key]
        first = keyed[who % len(keyed)]
        other = Person(
            first.answers | {"full_name": f"Sentinel{len(self.people)}-other"}, first.key
        )
        self.people.append(other)
        self._submit(other, plan, hears=True)

    def _person(self, number: int) -> Person:
        return self.people[number % len(self.people)]

    def _submit(self, person: Person, plan: Plan, *, hears: bool) -> None:
        person.days.add(f"{self.world.now:%Y-%m-%d}")
        headers = {"Idempotency_Key": person.key} if person.key else {}
        event = a_post(person.answers, **headers)
        try:
            answer, _ = self.world.invoke(
                "submit_consultation", event, plan, seconds=SUBMIT_SECONDS
            )
        except Crash:
            return
        if answer["statusCode"] != 201:
            assert answer["statusCode"] in (422, 500, 503), answer
            return
        id_ = json.loads(answer["body"])["id"]
        assert self.world.item(id_) is not None, f"{id_}: acknowledged, but not stored"
        if hears:
            person.acknowledged.add(id_)

    # ---- the stream -------------------------------------------------------------------------

    @precondition(lambda self: self.world.stream)
    @rule(picks=st.lists(st.integers(min_value=0), min_size=1, max_size=4), plan=faults)
    def the_stream_delivers(self, *, picks: Sequence[int], plan: Plan) -> None:
        """A batch of what is outstanding, in any order: each id has a shard of its own."""
        waiting = self.world.stream
        batch = list({pick % len(waiting): waiting[pick % len(waiting)] for pick in picks}.values())
        self._deliver(batch, plan, seconds=ALERT_SECONDS)

    @precondition(lambda self: self.delivered)
    @rule(picks=st.lists(st.integers(min_value=0), min_size=1, max_size=3), plan=faults)
    def the_stream_delivers_again(self, *, picks: Sequence[int], plan: Plan) -> None:
        batch = [self.delivered[pick % len(self.delivered)] for pick in picks]
        self._deliver(batch, plan, seconds=ALERT_SECONDS)

    def _deliver(self, batch: Sequence[StreamRecord], plan: Plan, *, seconds: int) -> None:
        self.delivered += batch
        event = stream_event(*(record.consultation_id for record in batch))
        try:
            answer, _ = self.world.invoke("alert_staff", event, plan, seconds=seconds)
            failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        except Crash:
            failed = {"0"}
        done = 0
        while done < len(batch) and str(done) not in failed:
            done += 1
        for record in batch[:done]:
            self._forget(record)
        for record in batch[done:]:
            record.tries += 1
            too_old = self.world.now - record.at > STREAM_MAXIMUM_AGE
            if record.tries > STREAM_TRIES or too_old:
                self._forget(record)

    def _forget(self, record: StreamRecord) -> None:
        if record in self.world.stream:
            self.world.stream.remove(record)

    # ---- the schedule, and workers side by side ---------------------------------------------

    @rule(plan=faults)
    def the_schedule_runs(self, *, plan: Plan) -> None:
        self._sweep(plan, seconds=RETRY_SECONDS)

    @precondition(lambda self: self.world.stream)
    @rule(call=st.integers(0, 8), pick=st.integers(min_value=0), plan=faults)
    def the_schedule_runs_beside_the_stream(self, *, call: int, pick: int, plan: Plan) -> None:
        record = self.world.stream[pick % len(self.world.stream)]
        beside = Interruption(lambda: self._sweep(plan, seconds=INTERRUPTION_SECONDS))
        self._deliver([record], {call: beside}, seconds=ALERT_SECONDS)

    @precondition(lambda self: self.delivered or self.world.stream)
    @rule(call=st.integers(0, 8), pick=st.integers(min_value=0), plan=faults)
    def the_stream_delivers_beside_the_schedule(self, *, call: int, pick: int, plan: Plan) -> None:
        records = self.world.stream + self.delivered
        record = records[pick % len(records)]
        beside = Interruption(lambda: self._deliver([record], plan, seconds=INTERRUPTION_SECONDS))
        self._sweep({call: beside}, seconds=RETRY_SECONDS)

    @rule(call=st.integers(0, 8))
    def the_schedule_runs_twice_at_once(self, *, call: int) -> None:
        beside = Interruption(lambda: self._sweep(NOTHING, seconds=INTERRUPTION_SECONDS))
        self._sweep({call: beside}, seconds=RETRY_SECONDS)

    def _sweep(self, plan: Plan, *, seconds: int) -> None:
        age = self.world.oldest_pending_age()
        fair_weather = not plan and "dynamodb" not in self.world.outages
        try:
            _, printed = self.world.invoke(
                "retry_alerts", {"source": "aws.scheduler"}, plan, seconds=seconds
            )
        except Crash:
            return
        except (ClientError, BotoCoreError):  # no index to read: Lambda counts an error
            assert not fair_weather, "the schedule failed in fair weather"
            return
        if fair_weather:
            (reported,) = metrics(printed, "OldestPendingAlertAge")
            assert reported >= age, "the oldest pending alert is older than was reported"

    @precondition(lambda self: self.world.quarantined())
    @rule(pick=st.integers(min_value=0))
    def an_engineer_releases_what_was_held(self, *, pick: int) -> None:
        held = self.world.quarantined()
        self.world.release(held[pick % len(held)])

    # ---- surroundings -----------------------------------------------------------------------

    @rule(
        service=st.sampled_from(["sesv2", "sesv2", "dynamodb", "sqs"]),
        fault=st.sampled_from(OUTAGES),
    )
    def a_service_fails(self, *, service: str, fault: str) -> None:
        self.world.outages[service] = fault

    @precondition(lambda self: self.world.outages)
    @rule()
    def services_work_again(self) -> None:
        self.world.outages.clear()

    @rule(seconds=st.integers(min_value=1, max_value=400))
    def a_moment_passes(self, *, seconds: int) -> None:
        self._pass_time(timedelta(seconds=seconds))

    @rule(hours=st.sampled_from([1, 2, 12, 25, 72]))
    def hours_pass(self, *, hours: int) -> None:
        """25 hours are longer than the stream remembers."""
        self._pass_time(timedelta(hours=hours))

    @precondition(lambda self: not self.poison)
    @rule()
    def a_bad_record_turns_up(self) -> None:
        if "dynamodb" not in self.world.outages:
            self.poison.add(self.world.put_poison())

    def _pass_time(self, duration: timedelta) -> None:
        if self.world.now + duration - self.began < LONGEST_HISTORY:
            self.world.pass_time(duration)

    # ---- the check --------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            self._recover()
            self._check_submissions()
            self._check_alerts()
            self._check_output()
            Histories.checked += 1
        finally:
            self.world.close()

    def _recover(self) -> None:
        """Faults have ended. Nothing but time and the schedule is needed: no stream, no person."""
        self.world.outages.clear()
        self.world.stream.clear()
        for _ in range(5):
            self.world.pass_time(timedelta(minutes=31))
            self._sweep(NOTHING, seconds=RETRY_SECONDS)
            if self.world.pending() <= self.poison <= self.world.named_in_letters():
                break

    def _check_submissions(self) -> None:
        items = {
            item["id"]["S"]: item
            for item in self.world.items()
            if item["id"]["S"] not in self.poison
        }
        for person in self.people:
            mine = {
                id_
                for id_, item in items.items()
                if item["full_name"]["S"] == person.answers["full_name"]
            }
            most = 1 if person.key else len(person.days)
            assert len(mine) <= most, f"one submission, {len(mine)} records"
            assert person.acknowledged <= mine, "acknowledged, but not there"
            for id_ in mine:
                assert _stored(items.pop(id_)) == _as_typed(person.answers), "not as typed"
        assert not items, f"nobody submitted {sorted(items)}"

    def _check_alerts(self) -> None:
        assert self.poison <= self.world.named_in_letters(), "a bad record without a dead letter"
        alerts: dict[str, int] = {}
        for mail in self.world.mails:
            for id_ in mail.consultation_ids:
                alerts[id_] = alerts.get(id_, 0) + 1
        for item in self.world.items():
            id_ = item["id"]["S"]
            sent = alerts.pop(id_, 0)
            if id_ in self.poison:
                assert "pending" in item, "given up in silence"
                assert sent == 0
                continue
            assert "pending" not in item, f"{id_} is still pending: {item.get('alert_error')}"
            if item["status"]["S"] == "quarantined":
                assert sent == 0, "spam was alerted"
                continue
            assert sent >= 1, f"{id_} was never alerted"
            assert sent <= 1 + self.world.doubts[id_], f"{id_} was alerted {sent} times"
            self._check_mails(id_, item)
        assert not alerts, f"alerts of nothing: {sorted(alerts)}"

    def _check_mails(self, id_: str, item: Mapping[str, Any]) -> None:
        mails = [mail for mail in self.world.mails if id_ in mail.consultation_ids]
        assert item["alert_message_id"]["S"] in {mail.message_id for mail in mails}
        for mail in mails:
            assert mail.to == LOCATIONS[item["location"]["S"]], "alerted the wrong staff"

    def _check_output(self) -> None:
        assert "Sentinel" not in self.world.printed(), "a name was logged"


def _stored(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item[name]["S"] for name in ("full_name", "location", "phone", "message")}


def _as_typed(answers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: answers[name] for name in ("full_name", "location", "phone", "message")}
