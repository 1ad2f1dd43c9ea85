"""The engineer's commands on requests: what they show, hide, ask, do and record."""

import csv
import json
import stat
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from typer.testing import CliRunner, Result

from consultations.repository import ConsultationRepository
from functions.alert_staff import handler as alert_staff
from operations import logs as operations_logs
from operations.commands import app, reading
from operations.commands.terminal import err, out
from operations.export import COLUMNS
from operations.samconfig import SamconfigError, Target
from tests.builders import NOW, a_consultation, a_context, stream_event
from tests.in_process.deployed_account import (
    OPERATOR,
    STACK,
    Account,
    Answer,
    Refused,
    deployed_account,
    log_event,
    resources,
    run_the_retry,
)

TYPED = {
    "full_name": "Ana Ejemplo",
    "phone": "(480) 555-0123",
    "email": "ana@example.com",
    "message": "a message",
}


@pytest.fixture
def account(
    monkeypatch: pytest.MonkeyPatch, time_machine: time_machine.TimeMachineFixture
) -> Iterator[Account]:
    time_machine.move_to(NOW, tick=False)
    monkeypatch.setattr(out, "width", 80)
    with deployed_account(monkeypatch) as made:
        yield made


@pytest.fixture
def consultations(account: Account) -> ConsultationRepository:
    return ConsultationRepository(account.aws.dynamodb, "consultations")


def store(consultations: ConsultationRepository, **changes: object) -> str:
    consultation = a_consultation(**{**TYPED, **changes})
    consultations.add(consultation)
    return consultation.id


def command(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, [*arguments, "--stack", STACK], input=answer)


def audits(account: Account) -> list[dict[str, Any]]:
    return [item for item in account.aws.items() if item["id"] == "audit"]


def stored_ids(account: Account) -> set[str]:
    return {item["id"] for item in account.aws.items() if item["record"] == "consultation"}


def assert_nothing_of_a_person(text: str) -> None:
    for typed in (*TYPED.values(), "Ana", "555", "0123", "example.com"):
        assert typed not in text, typed


# ---- list --------------------------------------------------------------------------------------


def test_what_waits_is_listed_with_the_time_of_its_location_and_why(
    account: Account, consultations: ConsultationRepository
) -> None:
    account.aws.sesv2.delete_email_identity(EmailIdentity="alerts@example.com")
    failed = store(consultations, location="albuquerque")
    alert_staff.lambda_handler(stream_event(failed), a_context())
    fresh = store(consultations, message="another")

    result = command("list")

    lines = result.stdout.splitlines()
    assert f"{failed}  2026-01-31 09:30 MST  Albuquerque  accepted  pending:" in lines[1]
    assert "MessageRejected, 1 try" in " ".join(result.stdout.split())
    assert any(line.startswith(fresh) and line.split()[-1] == "pending" for line in lines)
    assert max(map(len, lines)) <= 80
    assert_nothing_of_a_person(result.output)


def test_what_was_held_back_is_listed_apart(consultations: ConsultationRepository) -> None:
    held = store(consultations, homepage="https://spam.test", location="san_diego")
    store(consultations)

    listed = json.loads(command("list", "held", "--json").stdout)

    assert listed == {
        "requests": [
            {
                "reference": held,
                "received_at": "2026-01-31T08:30:00-08:00",
                "location": "San Diego",
                "status": "quarantined",
                "alert": "none: held back",
            }
        ],
        "after": None,
    }


def test_what_waits_for_the_digest_is_listed_apart(
    account: Account, consultations: ConsultationRepository
) -> None:
    id_ = store(consultations)
    claim = consultations.claim_alert(id_, now=NOW, until=NOW + timedelta(minutes=2))
    assert claim
    consultations.fold_alert(claim, reason="budget")
    del account

    assert json.loads(command("list", "--json").stdout)["requests"] == []
    (folded,) = json.loads(command("list", "folded", "--json").stdout)["requests"]
    assert (folded["reference"], folded["alert"]) == (id_, "next digest (budget)")


@pytest.mark.parametrize("kind", ["pending", "all"])
def test_pages_together_are_the_whole_list_and_each_is_of_the_size_asked_for(
    consultations: ConsultationRepository, kind: str
) -> None:
    ids = {store(consultations, message=f"{number}") for number in range(7)}
    seen: list[str] = []
    sizes = []
    after: list[str] = []
    while True:
        listed = json.loads(command("list", kind, "--limit", "3", "--json", *after).stdout)
        seen += [each["reference"] for each in listed["requests"]]
        sizes.append(len(listed["requests"]))
        if listed["after"] is None:
            break
        after = ["--after", listed["after"]]

    assert sizes == [3, 3, 1]
    assert set(seen) == ids
    assert len(seen) == 7


def test_a_page_says_how_to_get_the_next_and_the_last_does_not(
    consultations: ConsultationRepository,
) -> None:
    for number in range(4):
        store(consultations, message=f"{number}")

    first = command("list", "all", "--limit", "2").stdout
    token = first.rpartition("--after ")[2].strip()
    second = command("list", "all", "--limit", "2", "--after", token).stdout

    assert "More: the same with --after" in first
    assert "More" not in second


def test_a_page_goes_on_where_a_request_was_erased_meanwhile(
    consultations: ConsultationRepository,
) -> None:
    ids = sorted(store(consultations, message=f"{number}") for number in range(4))
    first = json.loads(command("list", "pending", "--limit", "2", "--json").stdout)
    consultations.erase(first["requests"][1]["reference"])

    rest = json.loads(command("list", "--json", "--after", first["after"]).stdout)

    seen = [each["reference"] for each in first["requests"] + rest["requests"]]
    assert sorted(seen) == ids


def test_only_requests_since_a_time_are_listed(
    consultations: ConsultationRepository, time_machine: time_machine.TimeMachineFixture
) -> None:
    store(consultations)
    time_machine.shift(timedelta(days=2))

    # Half past nine at the clinic, where the request was received at half past nine.
    times = {"3d": 1, "36h": 0, "2026-01-31T09:30": 1, "2026-01-31T09:31": 0}
    for since, found in times.items():
        for kind in ("all", "pending"):
            listed = json.loads(command("list", kind, "--since", since, "--json").stdout)
            assert len(listed["requests"]) == found


@pytest.mark.parametrize(
    ("kind", "token"),
    [
        ("pending", "nonsense"),
        ("pending", "2026-01-31T16:30:00/AAAA-AAAA-AAAA"),
        ("pending", "AAAA-AAAA-AAAA"),
        ("all", "2026-01-31T16:30:00Z/AAAA-AAAA-AAAA"),
        ("all", "audit"),
    ],
)
@pytest.mark.usefixtures("account")
def test_a_token_that_no_page_ended_with_is_refused(kind: str, token: str) -> None:
    result = command("list", kind, "--after", token)

    assert result.exit_code == 2
    assert "is not what a list of" in result.stderr
    assert result.stdout == ""


@pytest.mark.usefixtures("account")
def test_a_time_that_is_none_is_refused() -> None:
    result = command("list", "--since", "yesterday")

    assert result.exit_code == 2
    assert "yesterday is not like 7d" in " ".join(result.stderr.split())


@pytest.mark.usefixtures("account")
def test_an_empty_list_says_so() -> None:
    assert command("list", "held").stdout == "No requests: held.\n"


# ---- show --------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_a_request_is_shown_without_the_person_unless_that_is_asked_for(
    account: Account, consultations: ConsultationRepository, answer: str
) -> None:
    id_ = store(consultations)

    result = command("show", id_, answer=answer)

    assert result.exit_code == 0
    assert "2026-01-31T09:30:00-07:00" in result.stdout
    assert "accepted" in result.stdout
    assert_nothing_of_a_person(result.output)
    assert audits(account) == []


@pytest.mark.parametrize(("options", "answer"), [(["--reveal"], ""), ([], "y\n")])
def test_a_request_is_shown_in_full_to_who_asks_and_that_is_recorded(
    account: Account, consultations: ConsultationRepository, options: list[str], answer: str
) -> None:
    id_ = store(consultations)

    result = command("show", id_, *options, answer=answer)

    for typed in TYPED.values():
        assert typed in result.stdout
    (audit,) = audits(account)
    assert (audit["action"], audit["found_by"], audit["by"]) == ("show", "id", OPERATOR)
    assert audit["consultations"] == [id_]


def test_what_became_of_its_mail_is_shown_too(
    account: Account, consultations: ConsultationRepository
) -> None:
    id_ = store(consultations)
    beside = {"id": id_, "record": "event#1", "kind": "Bounce", "mailboxes": "Mesa, mailbox 2"}
    account.aws.dynamodb.put_item(
        TableName="consultations", Item={name: {"S": value} for name, value in beside.items()}
    )

    result = command("show", id_, answer="n\n")

    assert "Bounce" in result.stdout
    assert "Mesa, mailbox 2" in result.stdout


def test_what_was_typed_cannot_steer_the_terminal(consultations: ConsultationRepository) -> None:
    typed = "\x1b[2J\x1b]0;owned\x07 [red]not markup[/red] \u202egnp.exe"
    id_ = store(consultations, message=typed)

    shown = command("show", id_, "--reveal").stdout

    for control in ("\x1b", "\x07", "\u202e"):
        assert control not in shown
    assert "[red]not markup[/red]" in shown


@pytest.mark.parametrize("typed", ["{}", " {} ", "lower", "plain", "misread"])
def test_a_reference_is_understood_however_it_is_typed(
    consultations: ConsultationRepository, typed: str
) -> None:
    id_ = store(consultations, message="with a one or a zero in its reference: 8")
    assert set(id_) & set("01"), "choose another message"
    written = {
        "lower": id_.lower(),
        "plain": id_.replace("-", ""),
        "misread": id_.replace("0", "O").replace("1", "l"),
    }.get(typed, typed.format(id_))

    assert command("show", written, answer="n\n").exit_code == 0


@pytest.mark.usefixtures("account")
def test_an_unknown_reference_is_said_and_one_that_is_none_refused() -> None:
    unknown = command("show", "AAAA-AAAA-AAAA")
    assert (unknown.exit_code, unknown.stderr) == (1, "There is no request AAAA-AAAA-AAAA.\n")
    for malformed in ("audit", "budget", "AAAA-AAAA", "AAAA-AAAA-AAAAA", "UUUU-UUUU-UUUU"):
        assert command("show", malformed).exit_code == 2


# ---- release -----------------------------------------------------------------------------------


def test_release_asks_with_the_count_and_records_who_did_it(
    account: Account, consultations: ConsultationRepository
) -> None:
    held = [store(consultations, homepage="x", message=f"{number}") for number in range(2)]

    account.answers["lambda.Invoke"] = run_the_retry
    declined = command("release", *held, answer="n\n")
    assert declined.exit_code == 1
    assert "Release 2 requests and alert staff?" in declined.stderr
    assert audits(account) == []

    accepted = command("release", *held, answer="y\n")
    assert accepted.exit_code == 0
    assert "2 alerts tried, none is pending any more." in accepted.stdout
    assert {mail["EmailTags"][0]["Value"] for mail in account.aws.mails} == set(held)
    assert [audit["action"] for audit in audits(account)] == ["release", "release"]


def test_a_dry_run_of_release_changes_nothing(
    account: Account, consultations: ConsultationRepository
) -> None:
    held = store(consultations, homepage="x")
    before = account.aws.items()

    result = command("release", held, "--dry-run")

    assert result.exit_code == 0
    assert f"{held}  would be released" in result.stdout
    assert account.aws.items() == before


def test_release_of_what_is_not_held_back_says_so(
    account: Account, consultations: ConsultationRepository
) -> None:
    accepted = store(consultations)
    held = store(consultations, homepage="x")

    nothing = command("release", accepted, "--yes")
    assert nothing.exit_code == 1
    assert f"{accepted}  is not held back, or not there" in nothing.stdout
    assert audits(account) == []
    account.answers["lambda.Invoke"] = run_the_retry
    some = command("release", accepted, held, "--yes")
    assert some.exit_code == 1
    assert f"{held}  released" in some.stdout


# ---- erase -------------------------------------------------------------------------------------


def test_erase_asks_whose_shows_which_and_asks_with_the_count(
    account: Account, consultations: ConsultationRepository
) -> None:
    mine = {store(consultations, message=f"{number}") for number in range(2)}
    other = store(consultations, email="other@example.com", phone="480-555-0199")

    result = command("erase", answer="ana@example.com\ny\n")

    assert result.exit_code == 0, result.output
    assert "Erase 2 requests for good?" in result.stderr
    assert "2 requests erased" in result.stdout
    assert stored_ids(account) == {other}
    assert_nothing_of_a_person(result.stdout)
    (audit,) = audits(account)
    assert (audit["action"], audit["found_by"]) == ("erase", "email")
    assert set(audit["consultations"]) == mine


@pytest.mark.parametrize("answer", ["ana@example.com\nn\n", "ana@example.com\n", ""])
def test_without_a_yes_nothing_is_erased(
    account: Account, consultations: ConsultationRepository, answer: str
) -> None:
    mine = store(consultations)

    result = command("erase", answer=answer)

    assert result.exit_code == 1
    assert "Nothing was changed." in result.stderr
    assert stored_ids(account) == {mine}
    assert audits(account) == []


def test_a_dry_run_of_erase_says_which_and_changes_nothing(
    account: Account, consultations: ConsultationRepository
) -> None:
    mine = store(consultations)
    before = account.aws.items()

    result = command("erase", "--dry-run", answer="480-555-0123\n")

    assert result.exit_code == 0
    assert f"{mine}  would be erased" in result.stdout
    assert account.aws.items() == before


def test_erase_by_reference_asks_for_nobody(
    account: Account, consultations: ConsultationRepository
) -> None:
    mine, other = store(consultations), store(consultations, message="another")

    result = command("erase", mine, "AAAA-AAAA-AAAA", "--yes")

    assert result.exit_code == 0
    assert "AAAA-AAAA-AAAA  is not there" in result.stderr
    assert stored_ids(account) == {other}


def test_what_is_left_of_an_expired_request_can_be_erased_too(account: Account) -> None:
    key = {"id": {"S": "AAAA-AAAA-AAAA"}, "record": {"S": "event#1"}}
    account.aws.dynamodb.put_item(TableName="consultations", Item=key)

    result = command("erase", "AAAA-AAAA-AAAA", "--yes")

    assert result.exit_code == 0
    assert "1 request erased" in result.stdout
    assert [item["id"] for item in account.aws.items()] == ["audit"]


@pytest.mark.parametrize(
    ("who", "status", "said"),
    [
        ("nobody@example.com", 1, "There is no such request."),
        ("nonsense", 2, "This is not a reference of a request"),
    ],
)
def test_who_is_not_found_is_said(
    consultations: ConsultationRepository, who: str, status: int, said: str
) -> None:
    store(consultations)

    result = command("erase", "--yes", answer=f"{who}\n")

    assert result.exit_code == status
    assert said in result.stderr


def test_no_command_takes_an_address_or_a_number_as_an_argument(account: Account) -> None:
    for name in ("erase", "export", "show", "release", "retry"):
        file = ["x.csv"] if name == "export" else []
        for who in ("ana@example.com", "480-555-0123", "+14805550123"):
            assert command(name, *file, who, "--yes").exit_code == 2
    assert "dynamodb.Query" not in account.asked


# ---- export ------------------------------------------------------------------------------------


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def test_a_csv_file_holds_every_request_in_the_time_of_its_location_for_its_owner_alone(
    account: Account, consultations: ConsultationRepository, tmp_path: Path
) -> None:
    store(consultations, location="mesa", message="=1+1\nsecond line, with a comma")
    store(consultations, location="san_diego", full_name="José Ñáñez")
    file = tmp_path / "requests.csv"

    result = command("export", str(file), "--yes")

    assert result.exit_code == 0, result.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")  # by which Excel knows UTF-8
    by_location = {row["location"]: row for row in rows(file)}
    assert by_location["mesa"]["received_at"] == "2026-01-31T09:30:00-07:00"
    assert by_location["san_diego"]["received_at"] == "2026-01-31T08:30:00-08:00"
    assert by_location["mesa"]["message"] == "'=1+1\nsecond line, with a comma"
    assert by_location["san_diego"]["full_name"] == "José Ñáñez"
    assert by_location["mesa"]["phone_e164"] == "'+14805550123"
    assert by_location["mesa"]["consent_to_contact"] == "yes"
    assert "2 records" in result.stdout
    assert_nothing_of_a_person(result.output.replace(str(file), ""))
    (audit,) = audits(account)
    assert (audit["action"], audit["found_by"]) == ("export", "all")
    assert set(audit["consultations"]) == stored_ids(account)


def test_json_lines_of_one_person_hold_all_that_is_stored_and_nothing_of_others(
    account: Account, consultations: ConsultationRepository, tmp_path: Path
) -> None:
    mine = store(consultations)
    store(consultations, email="other@example.com", phone="480-555-0199")
    account.aws.dynamodb.put_item(
        TableName="consultations", Item={"id": {"S": mine}, "record": {"S": "event#1"}}
    )
    file = tmp_path / "ana.jsonl"

    result = command("export", str(file), "--person", answer="ana@example.com\ny\n")

    assert "Export 1 request, with all that was written" in result.stderr.replace("\n", " ")
    records = [json.loads(line) for line in file.read_text().splitlines()]
    assert {record["record"] for record in records} == {"consultation", "event#1"}
    assert {record["id"] for record in records} == {mine}
    (consultation,) = (each for each in records if each["record"] == "consultation")
    assert consultation["message"] == "a message"
    assert consultation["keep_until"] == "2028-01-31T09:30:00-07:00"
    (audit,) = audits(account)
    assert (audit["found_by"], audit["consultations"]) == ("email", [mine])


def test_an_export_that_is_declined_leaves_no_file_and_no_record(
    account: Account, consultations: ConsultationRepository, tmp_path: Path
) -> None:
    store(consultations)
    file = tmp_path / "requests.csv"

    result = command("export", str(file), answer="n\n")

    assert result.exit_code == 1
    assert not file.exists()
    assert audits(account) == []


def test_an_interrupted_export_goes_on_behind_its_last_request(
    account: Account,
    consultations: ConsultationRepository,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids = {store(consultations, message=f"{number}") for number in range(7)}
    monkeypatch.setattr(reading, "AUDITED_TOGETHER", 2)
    file = tmp_path / "requests.csv"
    put, notes = account.aws.dynamodb.put_item, iter(range(2))

    def refused_at_the_third_note(params: Mapping[str, Any]) -> Answer:
        if next(notes, None) is None:
            return Refused("ThrottlingException")
        put(**params)
        return {}

    account.answers["dynamodb.PutItem"] = refused_at_the_third_note
    interrupted = command("export", str(file), "--yes")
    assert interrupted.exit_code == 2
    assert "AWS refused PutItem: ThrottlingException." in interrupted.stderr
    assert len(rows(file)) == 4
    after = interrupted.stderr.partition("--after ")[2].split()[0]
    del account.answers["dynamodb.PutItem"]

    continued = command("export", str(file), "--yes", "--after", after)

    assert continued.exit_code == 0, continued.output
    assert [len(set(row)) for row in rows(file)] == [len(COLUMNS)] * 7
    assert {row["id"] for row in rows(file)} == ids
    named = [id_ for audit in audits(account) for id_ in audit["consultations"]]
    assert sorted(named) == sorted(ids)  # nobody is exported unrecorded, nobody recorded twice


def test_an_export_never_overwrites_a_file_and_knows_two_formats(
    consultations: ConsultationRepository, tmp_path: Path
) -> None:
    id_ = store(consultations)
    there = tmp_path / "there.csv"
    there.write_text("mine", encoding="utf-8")

    assert command("export", str(there), "--yes").exit_code == 2
    assert there.read_text() == "mine"
    assert command("export", str(tmp_path / "x.xlsx"), "--yes").exit_code == 2
    missing = command("export", str(tmp_path / "gone.csv"), "--yes", "--after", id_)
    assert missing.exit_code == 2
    assert not (tmp_path / "gone.csv").exists()


def test_ways_to_choose_what_to_export_exclude_each_other(account: Account, tmp_path: Path) -> None:
    file = str(tmp_path / "x.csv")

    for both in (["AAAA-AAAA-AAAA", "--person"], ["--person", "--since", "7d"]):
        assert command("export", file, *both, "--yes").exit_code == 2
    assert "dynamodb.Scan" not in account.asked


def test_the_deployment_s_own_tests_are_not_exported(
    account: Account, consultations: ConsultationRepository, tmp_path: Path
) -> None:
    mine, test = store(consultations), store(consultations, message="test")
    account.aws.dynamodb.update_item(
        TableName="consultations",
        Key={"id": {"S": test}, "record": {"S": "consultation"}},
        AttributeUpdates={"heartbeat": {"Value": {"BOOL": True}, "Action": "PUT"}},
    )
    command("export", str(tmp_path / "x.csv"), "--yes")

    assert [row["id"] for row in rows(tmp_path / "x.csv")] == [mine]


# ---- tail --------------------------------------------------------------------------------------


def log(**said: object) -> str:
    return json.dumps({"level": "INFO", "service": "consultations", **said})


LINES = {
    "SubmitConsultationLogs": [
        log_event(NOW, log(message="stored", consultation_id="AAAA-AAAA-AAAA", frames=None)),
        log_event(NOW, "START RequestId: 1 Version: $LATEST\n"),
        log_event(NOW, '{"_aws": {}, "Received": [1.0]}'),
        log_event(NOW + timedelta(seconds=4), log(message="refused", level="ERROR")),
    ],
    "AlertStaffLogs": [
        log_event(NOW + timedelta(seconds=2), log(message="alert tried", outcome="alerted")),
        log_event(NOW + timedelta(seconds=5), "Task timed out after 180.00 seconds\n"),
    ],
}


def logged(params: Mapping[str, Any]) -> Answer:
    return {"events": LINES.get(params["logGroupName"], [])}


def test_the_logs_of_all_functions_are_one_stream_in_order(account: Account) -> None:
    account.answers["logs.FilterLogEvents"] = logged

    lines = command("tail", "--once").stdout.splitlines()

    assert lines == [
        "16:30:00 SubmitConsultationLogs  stored  consultation_id=AAAA-AAAA-AAAA",
        "16:30:02 AlertStaffLogs  alert tried  outcome=alerted",
        "16:30:04 SubmitConsultationLogs  refused  ",
        "16:30:05 AlertStaffLogs  Task timed out after 180.00 seconds  ",
    ]


def test_a_correlation_id_is_what_the_logs_are_asked_for(account: Account) -> None:
    patterns: list[object] = []

    def asked(params: Mapping[str, Any]) -> Answer:
        patterns.append((params.get("filterPattern"), params["startTime"]))
        return {"events": []}

    account.answers["logs.FilterLogEvents"] = asked
    command("tail", "9c2d8a10-0000-4000-8000-000000000000", "--once", "--since", "2h")

    start = int((NOW - timedelta(hours=2)).timestamp() * 1000)
    assert set(patterns) == {('"9c2d8a10-0000-4000-8000-000000000000"', start)}
    groups = [each for each in resources() if each["ResourceType"] == "AWS::Logs::LogGroup"]
    assert len(patterns) == len(groups)


@pytest.mark.parametrize("who", ["480-555-0123", "ana@example.com", "Ana"])
def test_no_log_is_searched_for_a_person(account: Account, who: str) -> None:
    assert command("tail", who, "--once").exit_code == 2
    assert "logs.FilterLogEvents" not in account.asked


def test_a_line_is_shown_once_however_often_it_is_told(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.answers["logs.FilterLogEvents"] = logged
    looks = iter(range(3))

    def until_ctrl_c(_: float) -> None:
        if next(looks, None) is None:
            raise KeyboardInterrupt

    monkeypatch.setattr("operations.commands.watching.time.sleep", until_ctrl_c)
    result = command("tail")

    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 4


def test_a_log_line_cannot_steer_the_terminal() -> None:
    line = operations_logs.log_line("/consultations/x/api", 0, "\x1b[2Jerror")

    assert line is not None
    assert line.level == "ERROR"


# ---- which stack -------------------------------------------------------------------------------


def samconfig(folder: Path, text: str) -> Path:
    file = folder / "samconfig.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_stack_is_that_of_samconfig_with_its_region_and_profile(tmp_path: Path) -> None:
    file = samconfig(
        tmp_path,
        '[default.global.parameters]\nstack_name = "one"\n'
        '[prod.deploy.parameters]\nstack_name = "two"\nregion = "eu-west-1"\nprofile = "clinic"\n',
    )

    assert Target.of("dev", samconfig=file) == Target(stack="one", region=None, profile=None)
    assert Target.of("prod", samconfig=file) == Target(
        stack="two", region="eu-west-1", profile="clinic"
    )
    assert Target.of("prod", stack="three", samconfig=file).stack == "three"
    with pytest.raises(SamconfigError, match="no stack_name for staging"):
        Target.of("staging", samconfig=file)


def test_each_environment_of_this_project_s_samconfig_has_a_stack() -> None:
    for env, name in (("dev", "dev"), ("staging", "staging"), ("prod", "prod")):
        assert Target.of(env).stack == f"consultations-{name}"  # type: ignore[arg-type] # one of three


@pytest.mark.parametrize("name", ["doctor", "list", "redrive", "retry", "tail"])
def test_a_stack_that_is_not_this_one_ends_a_command_with_a_sentence(
    account: Account, name: str
) -> None:
    account.answers["cloudformation.DescribeStacks"] = {
        "Stacks": [{"StackName": "x", "StackStatus": "ROLLBACK_COMPLETE", "CreationTime": NOW}]
    }

    result = command(name)

    assert result.exit_code == 2
    assert "has no output TableName" in result.stderr.replace("\n", " ")
    assert "Traceback" not in result.output


def test_what_aws_refuses_ends_a_command_with_a_sentence_and_without_what_was_sent(
    account: Account,
) -> None:
    account.answers["dynamodb.Query"] = Refused("AccessDeniedException")

    result = command("list")

    assert result.exit_code == 2
    assert result.stderr == "AWS refused Query: AccessDeniedException. Nothing more is done.\n"


# ---- help --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [command.name for command in app.registered_commands])
def test_each_command_explains_itself_with_an_example(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "80"})

    assert result.exit_code == 0
    assert f"Example: consultations {name}" in result.stdout


def test_what_changes_something_has_a_dry_run_and_asks() -> None:
    for name in ("release", "retry", "redrive", "erase"):
        shown = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "80"}).stdout
        assert "--dry-run" in shown
        assert "--yes" in shown
    assert not err.is_terminal
