"""The services: changes of tests, and refusals."""

from __future__ import annotations

import json

import pytest

from proctor.editor.access.permissions import command
from proctor.editor.changes import services
from proctor.editor.errors import Conflict, Held, NotFound, Refused
from proctor.editor.models import Hold, Kind, Revision
from proctor.resolving.site_setup import current_setup
from tests.editor.samples import document, shares, text_of

ME = command("ada")
NAME = "buttontst"


def create(test=NAME, **changes):
    return services.edit(ME, test, text_of(**changes), base=None, message="new").revision


def released(**changes):
    """A test on trunk and production."""
    made = create(**changes)
    services.promote(ME, NAME, "trunk", "production", revision=made.id, base=None, message="go")
    return made


def head(branch, test=NAME):
    return Revision.objects.filter(branch__name=branch, test=test).order_by("-version")[0]


def served(test=NAME):
    return current_setup().source.current().proctor.definition(test)


def lengths(revision):
    found = json.loads(revision.definition)["allocations"][0]["ranges"]
    return {each["bucketValue"]: each["length"] for each in found}


def codes(error):
    return [each.code for each in error.value.problems]


def test_an_edit_that_is_promoted_is_served(editor):
    made = create()
    services.promote(ME, NAME, "trunk", "production", revision=made.id, base=None, message="go")
    first = served()
    assert first.version == head("production").id
    assert first.allocations[0].id == "#A1"
    changed = services.edit(
        ME, NAME, text_of(allocations=shares(inactive=0.2, blue=0.8)), base=made.id
    )
    services.promote(
        ME,
        NAME,
        "trunk",
        "production",
        revision=changed.revision.id,
        base=first.version,
        message="go",
    )
    assert [each.length for each in served().allocations[0].ranges] == [0.2, 0.8]
    kinds = Revision.objects.order_by("branch", "version").values_list("kind", flat=True)
    assert sorted(kinds) == sorted([Kind.CREATE, Kind.EDIT, Kind.PROMOTE, Kind.PROMOTE])


def test_the_version_of_a_test_is_the_id_of_its_revision_on_every_branch(editor):
    released()
    for branch in ("trunk", "production"):
        found = head(branch)
        assert json.loads(found.definition)["version"] == found.id
    assert head("production").promoted_from == head("trunk")


def test_the_text_is_ascii_in_the_layout_of_the_java(editor):
    made = create(description="Größe 😀")
    assert made.definition.isascii()
    assert made.definition.startswith('{\n  "version" : "')
    assert json.loads(made.definition)["description"] == "Größe 😀"


def test_a_stale_base_is_a_conflict_that_carries_all_three(editor):
    made = create()
    other = services.edit(ME, NAME, text_of(description="other"), base=made.id).revision
    with pytest.raises(Conflict) as error:
        services.edit(ME, NAME, text_of(description="mine"), base=made.id)
    assert (error.value.base, error.value.head) == (made.id, other.id)
    assert json.loads(error.value.yours)["description"] == "mine"
    with pytest.raises(Conflict):
        services.edit(ME, NAME, text_of(), base=None)
    with pytest.raises(Conflict):
        services.edit(ME, "newtst", text_of(), base=made.id)


def test_edits_enter_at_the_first_branch_only(editor):
    with pytest.raises(Refused) as error:
        services.edit(ME, NAME, text_of(), base=None, branch="production")
    assert codes(error) == ["first-branch"]
    with pytest.raises(NotFound, match="nowhere"):
        services.edit(ME, NAME, text_of(), base=None, branch="nowhere")


def test_a_promotion_leads_forwards(editor):
    released()
    with pytest.raises(Refused) as error:
        services.promote(
            ME, NAME, "production", "trunk", revision=head("production").id, base=head("trunk").id
        )
    assert codes(error) == ["promotion-direction"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"allocations": shares(control=0.5, blue=0.4)}, "range-sum"),
        ({"testType": "NOBODY"}, "unknown-test-type"),
        ({"salt": ""}, "salt-required"),
        ({"tpyo": 1}, "json-unknown-field"),
        ({"dependsOn": {"testName": "missingtst", "bucketValue": 1}}, "dependency"),
        ({"rule": "${nobody == 1}"}, "rule"),
    ],
)
def test_nonsense_is_refused_before_it_is_saved(editor, changes, code):
    with pytest.raises(Refused) as error:
        create(**changes)
    assert any(each.startswith(code) for each in codes(error)), codes(error)
    assert not Revision.objects.exists()


def test_a_name_is_checked_when_it_is_created(editor):
    with pytest.raises(Refused) as error:
        create("no blanks")
    assert "test-name" in codes(error)


def test_an_edit_that_changes_nothing_is_refused(editor):
    made = create()
    with pytest.raises(Refused) as error:
        services.edit(ME, NAME, made.definition, base=made.id)
    assert codes(error) == ["unchanged"]


def test_a_change_that_would_drop_a_dependent_is_refused(editor):
    made = create()
    parent = {"testName": NAME, "bucketValue": 1}
    create("childtst", salt="&childtst", dependsOn=parent)
    without_blue = [each for each in document()["buckets"] if each["value"] != 1]
    with pytest.raises(Refused) as error:
        services.edit(
            ME,
            NAME,
            text_of(buckets=without_blue, allocations=shares(control=1.0)),
            base=made.id,
        )
    assert "breaks-dependent" in codes(error)
    with pytest.raises(Refused) as error:
        services.delete(ME, NAME, "trunk", base=made.id)
    assert codes(error) == ["breaks-dependent"]


def test_a_promotion_of_a_child_without_its_parent_is_refused(editor):
    create()
    child = create("childtst", salt="&childtst", dependsOn={"testName": NAME, "bucketValue": 1})
    with pytest.raises(Refused) as error:
        services.promote(ME, "childtst", "trunk", "qa", revision=child.id, base=None)
    assert "depends on" in str(error.value)


def test_unknown_fields_of_the_stored_definition_survive_an_edit_that_omits_them(editor):
    from proctor.editor.publishing.publishing import Signature
    from proctor.editor.publishing.texts import imported_file
    from proctor.editor.transfer.importing import Source, import_source

    text = text_of(owner="ada")
    import_source(Source({NAME: imported_file(NAME, text.encode())}), "trunk", Signature("x"))
    base = head("trunk").id
    made = services.edit(ME, NAME, text_of(description="new"), base=base).revision
    assert json.loads(made.definition)["owner"] == "ada"
    sent = json.loads(made.definition) | {"description": "newer", "owner": "bob"}
    made = services.edit(ME, NAME, json.dumps(sent), base=made.id).revision
    assert json.loads(made.definition)["owner"] == "bob"


def test_a_deleted_test_is_gone_and_made_again_with_new_letters(editor):
    made = released()
    services.delete(ME, NAME, "production", base=head("production").id, message="over")
    assert NAME not in current_setup().source.current().proctor.loaded
    gone = services.delete(ME, NAME, "trunk", base=made.id).revision
    assert gone.is_deletion
    with pytest.raises(NotFound):
        services.delete(ME, NAME, "trunk", base=gone.id)
    with pytest.raises(Conflict):
        services.edit(ME, NAME, text_of(), base=gone.id)
    again = create()
    assert json.loads(again.definition)["allocations"][0]["id"] == "#B1"


def test_a_ramp_moves_nobody_who_need_not(editor):
    made = create(allocations=shares(inactive=0.9, control=0.05, blue=0.05))
    done = services.ramp(ME, NAME, "trunk", 0, {0: 0.125, 1: 0.125}, base=made.id)
    assert done.revision.kind == Kind.RAMP
    (pair,) = done.moves[NAME]
    assert pair.jump == 0
    assert float(pair.enter) == pytest.approx(0.15)
    with pytest.raises(Refused) as error:
        services.ramp(ME, NAME, "trunk", 0, {0: 0.9, 1: 0.9}, base=done.revision.id)
    assert codes(error) == ["change-refused"]


def test_a_stop_holds_the_test_until_it_is_released(editor):
    released()
    stopped = services.stop(ME, NAME, "production", reason="it hurts").revision
    assert lengths(stopped) == {-1: 1.0}
    assert [each.length for each in served().allocations[0].ranges] == [1.0]
    trunk = services.edit(ME, NAME, text_of(description="better"), base=head("trunk").id).revision
    for act in (
        lambda: services.promote(
            ME, NAME, "trunk", "production", revision=trunk.id, base=stopped.id
        ),
        lambda: services.ramp(ME, NAME, "production", 0, {1: 0.5}, base=stopped.id),
        lambda: services.roll_back(ME, NAME, "production", stopped.made_from_id, base=stopped.id),
        lambda: services.revert(ME, NAME, "production", stopped.id, base=stopped.id),
        lambda: services.finish(ME, NAME, "production", 1, base=stopped.id),
        lambda: services.delete(ME, NAME, "production", base=stopped.id),
    ):
        with pytest.raises(Held, match="ada: it hurts"):
            act()
    services.stop(ME, NAME, "production", value=0, reason="control is better")
    assert Hold.objects.filter(released=None).count() == 1
    hold = services.release(ME, NAME, "production", message="mended")
    assert (hold.released_by, hold.release_message) == ("ada", "mended")
    services.promote(ME, NAME, "trunk", "production", revision=trunk.id, base=head("production").id)
    with pytest.raises(NotFound, match="not held"):
        services.release(ME, NAME, "production")


def test_a_stop_needs_a_reason_and_leads_to_no_live_group(editor):
    create()
    with pytest.raises(Refused) as error:
        services.stop(ME, NAME, "trunk", reason=" ")
    assert codes(error) == ["reason-required"]
    with pytest.raises(Refused) as error:
        services.stop(ME, NAME, "trunk", value=1, reason="x")
    assert codes(error) == ["change-refused"]
    assert not Hold.objects.exists()


def test_a_finished_test_gives_every_visitor_the_winner(editor):
    made = create(
        rule="${country == 'US'}",
        specialConstants={"__COUNTRIES": ["US"]},
        allocations=[
            {"rule": "${country == 'US'}", "ranges": shares(control=1.0)[0]["ranges"]},
            *shares(blue=1.0),
        ],
    )
    done = services.finish(ME, NAME, "trunk", 1, base=made.id).revision
    found = json.loads(done.definition)
    assert found["rule"] is None
    assert found["specialConstants"] == {}
    assert [each["ranges"] for each in found["allocations"]] == [
        [{"bucketValue": 1, "length": 1.0}]
    ]
    assert found["allocations"][0]["id"] == "#C1"
    with pytest.raises(Refused):
        services.finish(ME, NAME, "trunk", 7, base=done.id)


def test_a_rollback_under_which_people_jump_moves_ids_on(editor):
    made = create(allocations=shares(control=0.5, blue=0.5))
    second = services.edit(
        ME, NAME, text_of(allocations=shares(control=0.3, blue=0.7)), base=made.id
    ).revision
    back = services.roll_back(ME, NAME, "trunk", made.id, base=second.id).revision
    assert lengths(back) == {0: 0.5, 1: 0.5}
    ids = [json.loads(each.definition)["allocations"][0]["id"] for each in (made, second, back)]
    # An allocation that is sent without an id counts as another one.
    assert ids == ["#A1", "#B1", "#A2"]


def test_a_rollback_that_moves_nobody_keeps_ids(editor):
    made = create()
    second = services.edit(ME, NAME, text_of(description="other"), base=made.id).revision
    back = services.roll_back(ME, NAME, "trunk", made.id, base=second.id).revision
    assert json.loads(back.definition)["allocations"][0]["id"] == "#A1"
    assert json.loads(back.definition)["version"] == back.id


def test_a_jump_that_comes_from_rounding_keeps_ids(editor):
    made = create(allocations=[{**shares(control=0.5, blue=0.5)[0], "id": "#A1"}])
    rounded = {**shares(control=0.5000000006, blue=0.4999999994)[0], "id": "#A1"}
    changed = services.edit(ME, NAME, text_of(allocations=[rounded]), base=made.id)
    assert 0 < changed.moves[NAME][0].jump < 1e-9
    assert json.loads(changed.revision.definition)["allocations"][0]["id"] == "#A1"


def test_a_revert_undoes_the_newest_revision(editor):
    made = create()
    second = services.edit(ME, NAME, text_of(description="other"), base=made.id).revision
    with pytest.raises(Refused) as error:
        services.revert(ME, NAME, "trunk", made.id, base=second.id)
    assert codes(error) == ["not-newest"]
    back = services.revert(ME, NAME, "trunk", second.id, base=second.id).revision
    assert json.loads(back.definition)["description"] == "The colour of the button"
    assert back.kind == Kind.REVERT


def test_a_revert_of_a_creation_deletes(editor):
    made = create()
    back = services.revert(ME, NAME, "trunk", made.id, base=made.id).revision
    assert back.is_deletion
    again = services.revert(ME, NAME, "trunk", back.id, base=None).revision
    assert json.loads(again.definition)["description"] == "The colour of the button"


def test_a_dry_run_writes_nothing(editor):
    made = create()
    found = services.check(ME, "trunk", NAME, text_of(allocations=shares(control=1.0)))
    assert not found.problems
    assert [float(pair.jump) for pair in found.moves[NAME]] == [pytest.approx(0.5)]
    assert Revision.objects.get().id == made.id


def test_a_revision_never_changes(editor):
    made = create()
    made.message = "forged"
    with pytest.raises(TypeError):
        made.save()
    for act in (
        made.delete,
        Revision.objects.all().delete,
        lambda: Revision.objects.update(message="forged"),
        lambda: Revision.objects.bulk_update([made], ["message"]),
    ):
        with pytest.raises(TypeError):
            act()
