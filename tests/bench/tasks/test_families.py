"""Files of families: what is read of them, and one clear line for whatever is wrong in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.tasks.entries import BadFamily
from bench.tasks.families import Domain, Family, Unit, module_file, read_families

PONDS = """
[family]
name = "ponds"
label = "Ponds"
category = "Fishing"
environment = "bench.environments.ponds"
generator = "bench.behaviours.anglers"
simulators = ["gymnasium", "water"]
source = "lake_records"
unpublished = ["deep"]
default = true
unit = {name = "Fish", data = "the paper's fish", source = "lake_records"}

[kinds]
calm = {label = "Calm", meaning = "fish of calm water", steps = 500}
wild = {label = "Wild", meaning = "fish of wild water", parts = 2}

[domains.shallow]
label = "Shallow"
environment = "test/Shallow-v0"
horizon = 20
target_return = 9
return_scale = 1.0
reference_min = -5.0
reference_max = 15.0

[domains.deep]
label = "Deep"
environment = "test/Deep-v0"
horizon = 30
target_return = 9.5
return_scale = 10.0
reference_min = 0.0
reference_max = 2.0
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one family and the modules that it names."""
    for module in ("bench/environments/ponds.py", "bench/behaviours/anglers.py"):
        (tmp_path / module).parent.mkdir(parents=True)
        (tmp_path / module).touch()
    (tmp_path / "families").mkdir()
    write(tmp_path, PONDS)
    return tmp_path


def write(root: Path, text: str, name: str = "ponds") -> None:
    (root / "families" / f"{name}.toml").write_text(text)


def read(root: Path) -> dict[str, Family]:
    return read_families(root / "families", root)


def other(**changes: str) -> str:
    """Return the text of a second family, in which these words are replaced by others."""
    text = PONDS.replace("default = true\n", "")
    for old, new in {
        "ponds": "seas",
        "shallow": "coast",
        "deep": "ocean",
        "Shallow-v0": "Coast-v0",
        "Deep-v0": "Ocean-v0",
        "bench.environments.seas": "bench.environments.ponds",
        **changes,
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def refused(root: Path) -> str:
    """Return the one line with which the files are refused."""
    with pytest.raises(BadFamily) as error:
        read(root)
    assert "\n" not in str(error.value)
    return str(error.value)


# --- what is read ---------------------------------------------------------------------------------


def test_a_family_by_hand(root: Path) -> None:
    (family,) = read(root).values()
    assert (family.name, family.label, family.category) == ("ponds", "Ponds", "Fishing")
    assert family.simulators == ("gymnasium", "water")
    assert family.unit == Unit("Fish", "the paper's fish", "lake_records")
    assert [(kind.label, kind.steps, kind.parts) for kind in family.kinds.values()] == [
        ("Calm", 500, 1),
        ("Wild", None, 2),
    ]
    assert list(family.domains) == ["shallow", "deep"]
    assert family.domains["deep"] == Domain("deep", "Deep", "test/Deep-v0", 30, 9.5, 10.0, 0.0, 2.0)
    assert (family.trainer, family.video, family.clipped_rewards) == ("", "", False)
    assert (family.position, family.default, family.overview) == (100, True, "table2")


def test_a_source_publishes_the_domains_that_it_does_not_lack(root: Path) -> None:
    assert read(root)["ponds"].published == ("shallow",)
    write(root, PONDS.replace('source = "lake_records"\nunpublished = ["deep"]\n', ""))
    assert read(root)["ponds"].published == ()


def test_families_are_in_the_order_of_their_positions_then_of_their_names(root: Path) -> None:
    for name, position in (("brooks", ""), ("seas", "\nposition = 7")):
        text = other(seas=name, coast=f"{name}1", ocean=f"{name}2", Coast=name, Ocean=f"X{name}")
        write(root, text.replace("[family]", f"[family]{position}"), name)
    assert list(read(root)) == ["seas", "brooks", "ponds"]


def test_an_evaluation_depends_on_the_file_of_the_environment(root: Path) -> None:
    assert module_file("bench.environments.ponds") == Path("bench/environments/ponds.py")
    assert read(root)["ponds"].files == (Path("bench/environments/ponds.py"),)


# --- scores ---------------------------------------------------------------------------------------


def test_a_score_by_hand(root: Path) -> None:
    """From -5 to 15: 5 is half of the way; 2 more are a tenth."""
    shallow = read(root)["ponds"].domains["shallow"]
    assert [shallow.normalised(value) for value in (-5, 5, 15, 25)] == [0, 50, 100, 150]
    assert [shallow.normalised_spread(value) for value in (0, 2, 20)] == [0, 10, 100]


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["environment", "generator", "trainer"])
def test_a_family_without_one_of_its_files(root: Path, key: str) -> None:
    lines = [line for line in PONDS.splitlines() if not line.startswith(f"{key} = ")]
    if key == "environment":  # those of the domains stay
        lines = PONDS.replace('"bench.environments.ponds"', '"bench.nothing.here"').splitlines()
    else:
        lines.insert(2, f'{key} = "bench.nothing.here"')
    write(root, "\n".join(lines))
    assert refused(root) == (
        f"{root}/families/ponds.toml: family.{key} names the module bench.nothing.here, "
        "but there is no bench/nothing/here.py"
    )


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({'name = "seas"': 'name = "ponds"'}, "the name 'ponds' is defined in ponds.toml as well"),
        ({"[domains.coast]": "[domains.deep]"}, "the domain 'deep' is defined in ponds.toml as"),
        ({"Ocean-v0": "Deep-v0"}, "the environment 'test/Deep-v0' is defined in ponds.toml as"),
        ({"Ocean-v0": "Coast-v0"}, "the environment 'test/Coast-v0' is defined twice in this file"),
    ],
    ids=["family", "domain", "environment", "environment-in-one-file"],
)
def test_what_is_defined_twice(root: Path, changes: dict[str, str], what: str) -> None:
    write(root, other(**changes), "seas")
    assert refused(root).startswith(f"{root}/families/seas.toml: {what}")
    assert "rename one of them" in refused(root)


def test_a_domain_twice_in_one_file(root: Path) -> None:
    write(root, PONDS.replace("[domains.deep]", "[domains.shallow]"))
    assert refused(root).startswith(f"{root}/families/ponds.toml: not a TOML file: ")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('label = "Ponds"', 'lable = "Ponds"', "family: unknown entry 'lable'; known: .*label"),
        (
            '{name = "Fish"',
            '{names = "Fish"',
            "family.unit: unknown entry 'names'; known: bounded, data,",
        ),
        ("steps = 500", "step = 500", "kinds.calm: unknown entry 'step'; known: label, meaning,"),
        ("horizon = 20", "horison = 20", "domains.shallow: unknown entry 'horison'; known: env"),
        ("horizon = 20", 'horizon = 20\nname = "x"', "domains.shallow: unknown entry 'name'; kn"),
        ("[kinds]", "[kind]", "top level: unknown entry 'kind'; known: domains, family, kinds"),
        ("[family]", "[family]\na = 1\nb = 2", "family: unknown entry 'a', 'b'; known: "),
    ],
)
def test_an_unknown_entry(root: Path, old: str, new: str, message: str) -> None:
    assert old in PONDS
    write(root, PONDS.replace(old, new))
    with pytest.raises(BadFamily, match=f"^{root}/families/ponds.toml: {message}"):
        read(root)


@pytest.mark.parametrize(
    ("old", "message"),
    [
        ('label = "Ponds"\n', "family: 'label' is missing"),
        ('environment = "bench.environments.ponds"\n', "family: 'environment' is missing"),
        ('simulators = ["gymnasium", "water"]\n', "family: 'simulators' is missing"),
        (
            'unit = {name = "Fish", data = "the paper\'s fish", source = "lake_records"}\n',
            "family.u",
        ),
        (', data = "the paper\'s fish"', "family.unit: 'data' is missing"),
        ('label = "Wild", ', "kinds.wild: 'label' is missing"),
        ('environment = "test/Deep-v0"\n', "domains.deep: 'environment' is missing"),
        ("reference_max = 2.0\n", "domains.deep: 'reference_max' is missing"),
        ("return_scale = 10.0\nreference_min = 0.0\n", "domains.deep: 'reference_min', 'return_sc"),
    ],
)
def test_a_missing_entry(root: Path, old: str, message: str) -> None:
    assert old in PONDS
    write(root, PONDS.replace(old, ""))
    assert refused(root).startswith(f"{root}/families/ponds.toml: {message}")
    assert "is missing" in refused(root)


@pytest.mark.parametrize("table", ["family", "kinds", "domains"])
def test_a_missing_table(root: Path, table: str) -> None:
    parts = [part for part in PONDS.split("\n[") if not part.lstrip("[\n").startswith(table)]
    write(root, "\n[".join(["", *parts[parts[0] == "" :]]))
    assert refused(root) == f"{root}/families/ponds.toml: top level: {table!r} is missing"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('label = "Ponds"', "label = 3", "family.label is 3, expected str"),
        ("default = true", 'default = "yes"', "family.default is 'yes', expected bool"),
        ("default = true", "default = 1", "family.default is 1, expected bool"),
        ("[family]", "[family]\nposition = 1.5", "family.position is 1.5, expected int"),
        ('["gymnasium", "water"]', '"water"', "family.simulators is 'water', expected tuple[str"),
        ('["gymnasium", "water"]', "[1]", "family.simulators is [1], expected tuple[str"),
        ('unpublished = ["deep"]', 'unpublished = "deep"', "family.unpublished is 'deep', expe"),
        ('"Fish"', "1", "family.unit.name is 1, expected str"),
        ("steps = 500", 'steps = "500"', "kinds.calm.steps is '500', expected int | None"),
        ("steps = 500", "steps = 500.0", "kinds.calm.steps is 500.0, expected int | None"),
        ("parts = 2", "parts = true", "kinds.wild.parts is True, expected int"),
        ("horizon = 20", "horizon = 20.0", "domains.shallow.horizon is 20.0, expected int"),
        ("= 9.5", '= "9.5"', "domains.deep.target_return is '9.5', expected float"),
        ("= 9.5", "= true", "domains.deep.target_return is True, expected float"),
        ("= 9.5", "= [9.5]", "domains.deep.target_return is [9.5], expected float"),
        (
            '{label = "Calm", meaning = "fish of calm water", steps = 500}',
            "500",
            "kinds.calm is 50",
        ),
    ],
)
def test_an_entry_of_the_wrong_type(root: Path, old: str, new: str, message: str) -> None:
    assert old in PONDS
    write(root, PONDS.replace(old, new))
    assert refused(root).startswith(f"{root}/families/ponds.toml: {message}")


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("family", "family = 1\n[kinds]\na = 1\n[domains]\na = 1"),
        ("kinds", PONDS.partition("[kinds]")[0].replace("[family]", "kinds = []\n[family]")),
        ("domains", PONDS.partition("[domains.")[0] + "[domains]\n"),
    ],
)
def test_a_table_that_is_none_or_empty(root: Path, table: str, text: str) -> None:
    write(root, text if "domains" in text else text + "[domains]\na = 1")
    message = f"{root}/families/ponds.toml: {table} must be a table with entries, not "
    assert refused(root).startswith(message)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '"ponds"',
            '"my ponds"',
            "family.name: the name 'my ponds' may only hold letters a to z, ",
        ),
        ("domains.deep", "domains.shallow-wild", "domains.shallow-wild: the name 'shallow-wild' "),
        (
            "domains.deep",
            'domains."a/b"',
            "domains.a/b: the name 'a/b' may only hold letters a to z",
        ),
        ("calm =", '"calm water" =', "kinds.calm water: the name 'calm water' may only hold"),
        ('["gymnasium", "water"]', "[]", "family.simulators is empty; name at least one package"),
        ("steps = 500", "steps = 0", "kinds.calm.steps is 0, expected at least 1"),
        ("parts = 2", "parts = -1", "kinds.wild.parts is -1, expected at least 1"),
        ("= 9.5", "= nan", "domains.deep.target_return is nan, expected a finite number"),
        ("= 15.0", "= inf", "domains.shallow.reference_max is inf, expected a finite number"),
        (
            "horizon = 20",
            "horizon = 0",
            "domains.shallow: horizon and return_scale must be above 0",
        ),
        ("= 10.0", "= 0.0", "domains.deep: horizon and return_scale must be above 0"),
        ("= 15.0", "= -5.0", "domains.shallow: reference_min and reference_max are both -5.0"),
        ("[family]", "[family]\nkinds = {}", "family: unknown entry 'kinds'; known: average_with"),
    ],
)
def test_a_name_or_a_number_that_cannot_be_used(
    root: Path, old: str, new: str, message: str
) -> None:
    """A domain with a hyphen would make a task of the same name as another domain's."""
    assert old in PONDS
    text = PONDS.replace('unpublished = ["deep"]\n', "")
    write(root, text.replace(old, new, 1))
    assert refused(root).startswith(f"{root}/families/ponds.toml: {message}")


@pytest.mark.parametrize("content", [b"[family", b"name = ponds", b"\xff\xfe", b"a = 1\na = 2"])
def test_a_broken_file(root: Path, content: bytes) -> None:
    (root / "families" / "ponds.toml").write_bytes(content)
    assert refused(root).startswith(f"{root}/families/ponds.toml: not a TOML file: ")


@pytest.mark.parametrize("key", ["unpublished", "average_without"])
def test_a_domain_that_the_family_lacks(root: Path, key: str) -> None:
    text = PONDS.replace('unpublished = ["deep"]\n', "")
    value = '["river"]' if key == "unpublished" else '"river"'
    write(root, text.replace("[family]", f"[family]\n{key} = {value}"))
    assert refused(root) == (
        f"{root}/families/ponds.toml: family.{key} names 'river', which is not one of its domains: "
        "shallow, deep"
    )


def test_one_family_is_the_default(root: Path) -> None:
    write(root, PONDS.replace("default = true", ""))
    message = (
        f"{root}/families: exactly one family must be the default, by the entry family.default"
    )
    assert refused(root) == f"{message} = true, not none"
    write(root, PONDS)
    write(root, other().replace("[family]", "[family]\ndefault = true"), "seas")
    assert refused(root) == f"{message} = true, not ponds and seas"
