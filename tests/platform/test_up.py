"""`complaints up`: one start, one owner of the data, children that come back, and an end without remains."""

from __future__ import annotations

import os
import signal
import smtplib
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from complaints_service.dev.mail_catcher import read_mails
from tests.platform.service_process import ServiceProcess, eventually

CHILDREN = {
    "web": "complaints web",
    "worker": "complaints worker",
    "mail catcher": "mail_catcher",
    "valkey": "valkey-server",
    "postgresql": "bin/postgres -D",
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    running = ServiceProcess(tmp_path_factory.mktemp("up") / "var", COMPLAINTS_PROBE_SECONDS="1")
    running.start()
    yield running
    running.stop()


def mail(to: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Kantor <pengaduan@example.go.id>"
    message["To"] = f"Budi <{to}>"
    message["Subject"] = "Pengaduan Anda – diterima"
    message.set_content("Teks biasa")
    message.add_alternative("<p>Teks kaya</p>", subtype="html")
    return message


def test_it_is_ready_when_it_says_so_and_names_the_demo_people(service: ServiceProcess) -> None:
    assert service.status("/health/ready") == 200
    told = service.output.read_text()
    assert told.count("ready http") == 1
    assert all(name in told for name in ("petugas", "petugas2", "atasan", "kepala", "kanwil", "admin"))


def test_every_child_stays_in_the_process_group(service: ServiceProcess) -> None:
    assert all(service.pid_of(line) is not None for line in CHILDREN.values())


def test_a_second_start_on_the_same_data_names_the_running_one(service: ServiceProcess) -> None:
    second = service.run("up")
    assert second.returncode == 1
    assert second.stderr == f"a service already runs on {service.data_dir}: {service.address}\n"
    assert service.status("/health/ready") == 200


def test_a_port_in_use_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        other = ServiceProcess(tmp_path / "var")
        other.environment["COMPLAINTS_LISTEN"] = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = other.run("up")
    assert ended.returncode == 1
    assert "cannot be used (Address already in use)" in ended.stderr
    assert not (tmp_path / "var" / "postgres").exists()


def test_commands_beside_it_find_its_servers(service: ServiceProcess) -> None:
    checked = service.run("db", "check")
    assert (checked.returncode, checked.stdout) == (0, "the database is up to date\n")


def test_settings_that_cannot_be_used_end_it_with_2_and_all_reasons(service: ServiceProcess) -> None:
    broken = ServiceProcess(service.data_dir, COMPLAINTS_POOL_SIZE="0", COMPLAINTS_SMTP_URL="mail")
    ended = broken.run("web")
    assert ended.returncode == 2
    assert {line.partition(":")[0] for line in ended.stderr.splitlines()} == {
        "COMPLAINTS_POOL_SIZE",
        "COMPLAINTS_SMTP_URL",
    }


@pytest.mark.parametrize("name", CHILDREN)
def test_a_crashed_child_is_started_again(service: ServiceProcess, name: str) -> None:
    before = service.pid_of(CHILDREN[name])
    assert before is not None
    os.kill(before, signal.SIGKILL)
    assert eventually(lambda: service.pid_of(CHILDREN[name]) not in (None, before))
    assert eventually(lambda: service.status("/health/ready") == 200)
    assert eventually(lambda: service.says(f"{name} ended (SIGKILL) and is started again"))


def test_a_web_process_that_stands_still_is_replaced(service: ServiceProcess) -> None:
    before = service.pid_of(CHILDREN["web"])
    assert before is not None
    os.kill(before, signal.SIGSTOP)
    assert eventually(lambda: service.pid_of(CHILDREN["web"]) not in (None, before))
    assert eventually(lambda: service.status("/health/ready") == 200)
    assert service.says("web has not answered 3 times")


def test_the_mail_catcher_keeps_every_mail_of_the_envelope(service: ServiceProcess) -> None:
    port = int((service.data_dir / "mail" / "port").read_text())
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        smtp.send_message(mail("budi@example.id"), to_addrs=["budi@example.id", "ani@example.id"])
        smtp.send_message(mail("later@example.id"))
    later, first = [caught for caught in read_mails(service.data_dir) if "diterima" in caught.subject][:2]
    assert first.to == ["budi@example.id", "ani@example.id"]
    assert later.to == ["later@example.id"]
    assert first.sender == "pengaduan@example.go.id"
    assert first.subject == "Pengaduan Anda – diterima"
    assert (first.text.strip(), first.html.strip()) == ("Teks biasa", "<p>Teks kaya</p>")
    assert first.headers["To"] == "Budi <budi@example.id>"


def test_after_a_kill_of_the_parent_its_children_end_and_the_next_start_works(service: ServiceProcess) -> None:
    logs = [*(service.data_dir / "log").glob("*.log")]
    service.signal_alone(signal.SIGKILL)
    assert eventually(lambda: not service.members())
    before = {log: len(log.read_bytes()) for log in logs}
    service.start()
    assert service.status("/health/ready") == 200
    ended = service.interrupt()
    assert ended == 0
    assert service.members() == {}
    assert not (service.data_dir / "servers.json").exists()
    assert "Traceback" not in service.output.read_text()
    since = [(log.name, log.read_bytes()[size:]) for log, size in before.items()]
    assert [(name, text) for name, text in since if b"Traceback" in text] == []
    assert any(text for _, text in since)
