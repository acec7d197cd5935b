"""`editor:BRANCH` as the matrix of a process: reads, and the effects of failures."""

from __future__ import annotations

import json
import logging
import threading
import urllib.request
from dataclasses import replace

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, connections, transaction
from django.test import TestCase, TransactionTestCase, override_settings

from proctor.checks.sources import check_source
from proctor.core.exceptions import ConfigurationError, SourceError
from proctor.core.sources.source import MatrixSource
from proctor.editor.access.permissions import command
from proctor.editor.changes import services
from proctor.editor.models import Branch, Head, Revision
from proctor.editor.serving import branch_matrix, machine_views
from proctor.editor.serving.branch_matrix import Lagging, read_matrix
from proctor.editor.serving.location import EditorLocation
from proctor.editor.signals import published
from proctor.resolving.site_setup import current_setup
from tests.editor.samples import text_of
from tests.editor.schedules import HOUR, move_clock, running_test, scheduled

ME = command("ada")
NAME = "buttontst"
SITE = {
    "PROCTOR_EDITOR_BRANCHES": ("production",),
    "PROCTOR_MATRIX": "editor:production",
    "PROCTOR_TESTS": (NAME,),
    "PROCTOR_IDENTIFIERS": {"acctid": "ACCOUNT"},
}


def create(test=NAME, **changes):
    return services.edit(ME, test, text_of(salt=f"&{test}", **changes), base=None).revision


def loaded():
    return current_setup().source.current().proctor.loaded


@pytest.fixture
def one_branch(editor):
    for name, value in SITE.items():
        setattr(editor, name, value)
    return editor


@pytest.fixture
def polling(monkeypatch):
    """Read as in production: in the loader's thread, by polling."""
    monkeypatch.setattr(EditorLocation, "inline", False)
    yield
    # A thread that is still reading would open a connection to the tables of the next test.
    for thread in threading.enumerate():
        if thread.name == "proctor-matrix":
            thread.join(30)


@pytest.mark.parametrize("number", [1, 2])
def test_each_test_begins_with_an_empty_matrix(one_branch, number):
    assert loaded() == ()
    create(f"only{'ab'[number - 1]}tst")
    assert loaded() == (f"only{'ab'[number - 1]}tst",)


def test_without_a_database_there_is_no_matrix_and_no_failure(settings):
    for name, value in SITE.items():
        setattr(settings, name, value)
    with pytest.raises(SourceError, match="Cannot read 'editor:production'"):
        current_setup().source.current()


@override_settings(**SITE)
class InTestCase(TestCase):
    """Django's TestCase, whose transaction other connections cannot see."""

    @classmethod
    def setUpTestData(cls):
        create("fixturetst")

    def test_data_of_the_class_is_served(self):
        assert loaded() == ("fixturetst",)

    def test_a_publication_is_served_at_once(self):
        assert loaded() == ("fixturetst",)
        create()
        assert loaded() == (NAME, "fixturetst")

    def test_nothing_polls(self):
        loaded()
        with self.assertNumQueries(0):
            loaded()


@override_settings(**SITE)
class InTransactionTestCase(TransactionTestCase):
    """Django's TransactionTestCase, which empties the database instead of using a transaction."""

    def test_first(self):
        create("firsttst")
        assert loaded() == ("firsttst",)

    def test_second(self):
        create("secondtst")
        assert loaded() == ("secondtst",)


@pytest.mark.django_db(transaction=True)
def test_a_live_server_serves_what_was_just_published(live_server, one_branch):
    one_branch.PROCTOR_EDITOR_PUBLIC_MATRIX = True
    for number in range(2):
        create("abcdefg"[number] + "tst")
        with urllib.request.urlopen(f"{live_server.url}/pipet/proctor/matrix") as response:
            shown = json.load(response)
        with urllib.request.urlopen(
            f"{live_server.url}/proctor/matrix/production/audit.json"
        ) as response:
            assert json.load(response)["version"] == shown["audit"]["version"]
        assert shown["audit"]["version"] == loaded_version()


def loaded_version():
    return current_setup().source.current().matrix_version


def test_an_unknown_branch_is_named(one_branch):
    with pytest.raises(ConfigurationError, match="no branch 'prod': known names: production"):
        EditorLocation("editor:prod")


def test_only_what_changed_is_read_again(one_branch, django_assert_num_queries):
    create("firsttst")
    create()
    before = read_matrix("production")
    with django_assert_num_queries(1):
        assert read_matrix("production", before) is None
    services.edit(
        ME, NAME, text_of(salt="&buttontst", description="new"), base=before.entries[NAME].revision
    )
    with django_assert_num_queries(3):
        after = read_matrix("production", before)
    assert after.matrix.tests["firsttst"] is before.matrix.tests["firsttst"]
    assert after.matrix.tests[NAME] is not before.matrix.tests[NAME]
    assert after == read_matrix("production")
    assert after.name != before.name


def test_the_version_is_the_content(one_branch):
    create()
    found = read_matrix("production")
    assert found.name.startswith("v-")
    assert len(found.name) == len("v-12345678")
    assert found.matrix.audit.updated_by == "ada"


def test_a_restored_backup_is_no_older_matrix(one_branch):
    """It has the same number of publications but different content."""
    create()
    before = read_matrix("production")
    other = create("othertst")
    # The backup has the first publication; then someone published a different one.
    Head.objects.filter(test="othertst").delete()
    Revision.objects.filter(id=other.id)._raw_delete("default")
    Branch.objects.update(version=1, latest=before.latest)
    assert read_matrix("production", before) is None
    lost = replace(before, version=2, latest=other.id)
    create("thirdtst")
    found = read_matrix("production", lost)
    assert sorted(found.matrix.tests) == [NAME, "thirdtst"]
    assert found.name not in (before.name, lost.name)


def test_a_replica_that_lags_is_asked_again_later(one_branch):
    create()
    before = read_matrix("production")
    Branch.objects.update(version=2, latest="zzzzz-zzzzz")
    for previous in (None, before):
        with pytest.raises(Lagging):
            read_matrix("production", previous)
    location = EditorLocation("editor:production")
    with pytest.raises(SourceError, match="does not have all rows yet"):
        location.read(None)
    Branch.objects.update(version=1, latest=before.latest)
    token = location.read(None).token
    Branch.objects.update(version=2, latest="zzzzz-zzzzz")
    assert location.read(token) is None


def test_a_test_that_cannot_be_converted_is_left_out(one_branch, caplog):
    from proctor.editor.publishing.publishing import Signature
    from proctor.editor.publishing.texts import imported_file
    from proctor.editor.transfer.importing import Source, import_source

    text = text_of(specialConstants={"__COUNTRIES": "US"})
    done = import_source(
        Source({"badtst": imported_file("badtst", text.encode())}), "production", Signature("x")
    )
    assert "badtst: specialConstants.__COUNTRIES" in done.warnings[0]
    create()
    assert loaded() == (NAME,)
    assert "The test badtst is left out" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_the_loaders_thread_reads_and_closes_its_connection(one_branch, polling, monkeypatch):
    threads = []
    inner = branch_matrix.read_matrix

    def reading(*args, **options):
        threads.append((threading.current_thread().name, connection.connection))
        return inner(*args, **options)

    monkeypatch.setattr("proctor.editor.serving.location.read_matrix", reading)
    create()
    closed = []
    close = type(connections["default"]).close

    def closing(self):
        closed.append(threading.current_thread().name)
        close(self)

    monkeypatch.setattr(type(connections["default"]), "close", closing)
    source = MatrixSource(
        "editor:production", locations={"editor": EditorLocation}, wait=30, reload_interval=1000
    )
    assert source.current().proctor.loaded == (NAME,)
    assert {name for name, _ in threads} == {"proctor-matrix"}
    assert {*closed} == {"proctor-matrix"}


@pytest.mark.django_db(transaction=True)
def test_the_loaders_thread_publishes_what_is_due_but_reads_first(one_branch, polling, monkeypatch):
    made = scheduled((0.5, 1), head=running_test(NAME))
    move_clock(monkeypatch, 2 * HOUR)
    threads = []

    def note(**_values):
        threads.append(threading.current_thread().name)

    published.connect(note)
    source = MatrixSource(
        "editor:production", locations={"editor": EditorLocation}, wait=30, reload_interval=1000
    )
    try:
        assert source.current().proctor.loaded == (NAME,)
        assert threads == []
        source.refresh(30)
    finally:
        published.disconnect(note)
    assert threads == ["proctor-matrix"]
    assert [each.state for each in made.steps.all()] == ["published"]


@pytest.mark.django_db(transaction=True)
def test_a_process_that_only_serves_the_matrix_publishes_in_a_thread_of_its_own(
    one_branch, client, monkeypatch
):
    one_branch.PROCTOR_EDITOR_PUBLIC_MATRIX = True
    made = scheduled((0.5, 1), head=running_test(NAME))
    move_clock(monkeypatch, 2 * HOUR)
    monkeypatch.setattr(machine_views, "is_test_run", lambda: False)
    assert client.get("/proctor/matrix/production/audit.json").status_code == 200
    for thread in threading.enumerate():
        if thread.name == "proctor-schedule":
            thread.join(30)
    assert [each.state for each in made.steps.all()] == ["published"]


@pytest.mark.django_db(transaction=True)
def test_a_process_that_cannot_publish_says_so_once_and_goes_on(
    one_branch, polling, monkeypatch, caplog
):
    scheduled((0.5, 1), head=running_test(NAME))
    move_clock(monkeypatch, 2 * HOUR)

    def refusing(**_options):
        raise OperationalError("attempt to write a readonly database")

    monkeypatch.setattr("proctor.editor.schedules.due.publish_due", refusing)
    monkeypatch.setattr("proctor.editor.schedules.due.PAUSE", 0.0)
    source = MatrixSource(
        "editor:production", locations={"editor": EditorLocation}, wait=30, reload_interval=1000
    )
    for _ in range(4):
        source.refresh(30)
    assert source.current().proctor.loaded == (NAME,)
    said = [each for each in caplog.messages if "cannot publish due steps" in each]
    assert len(said) == 1


@pytest.mark.django_db(transaction=True)
def test_the_publishing_process_refreshes_after_the_commit(one_branch, polling):
    one_branch.PROCTOR_TIMEOUT = 30
    assert loaded() == ()
    create()
    assert loaded() == (NAME,)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("words", ["database is locked", "server closed the connection"])
def test_when_the_database_is_down_the_matrix_stays(
    one_branch, polling, monkeypatch, caplog, words
):
    create()
    source = MatrixSource(
        "editor:production", locations={"editor": EditorLocation}, wait=30, reload_interval=1000
    )
    assert source.current().proctor.loaded == (NAME,)

    def down(*args, **options):
        raise OperationalError(f"{words}\nand more")

    monkeypatch.setattr("proctor.editor.serving.location.read_matrix", down)
    with caplog.at_level(logging.INFO, "proctor.matrix"):
        for _ in range(3):
            source.refresh(30)
    assert source.current().proctor.loaded == (NAME,)
    (record,) = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert f"Cannot read 'editor:production': {words}. In use: version v-" in record.getMessage()


@pytest.mark.django_db(transaction=True)
def test_a_database_without_tables_says_how_to_make_them(one_branch):
    call_command("migrate", "proctor_editor", "zero", verbosity=0, skip_checks=True)
    try:
        with pytest.raises(
            SourceError, match=r"the editor has no tables yet; run manage\.py migrate"
        ):
            current_setup().source.current()
        assert check_source() == []
    finally:
        call_command("migrate", "proctor_editor", verbosity=0, skip_checks=True)


def test_a_publication_inside_another_transaction_is_refused(one_branch, transactional_db):
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        create()
    assert not Revision.objects.exists()


def test_the_poll_asks_for_the_table_of_the_model():
    assert branch_matrix._NEWEST.endswith(f" FROM {Branch._meta.db_table}")
