"""What a statement does with which column of which table; no database is asked."""

import pytest

from falconbus.performance.advisor import candidates, writing
from falconbus.performance.advisor.analysis import Analysis, Candidate, ExistingIndex, Key, Table, TrialRefused, Use
from falconbus.performance.advisor.parsing import Named, parse
from falconbus.performance.advisor.resolving import analyse


def table(name: str, *columns: str, indexes: tuple[ExistingIndex, ...] = (), rows: int = 50_000) -> Table:
    return Table(
        oid=sum(map(ord, name)),
        schema="public",
        name=name,
        kind="r",
        visible=True,
        rows=rows,
        columns=dict.fromkeys(columns, "integer"),
        stored=columns,
        distinct={},
        indexes=indexes,
    )


TABLES = {
    Named(None, each.name): each
    for each in (
        table("visits", "id", "patient_id", "doctor_id", "day", "state"),
        table("patients", "id", "name", "email"),
        table("doctors", "id", "name"),
    )
}


def read(statement: str) -> Analysis:
    return analyse(parse(statement), TABLES)


def keys(statement: str, name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"equal": [], "joined": [], "ranges": [], "order": []}
    for reference in read(statement).references:
        if reference.table.name == name:
            for kind, wanted in found.items():
                wanted += [str(key) for key in getattr(reference, kind)]
    return found


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT 1 FROM visits v WHERE v.state = $1 AND day > $2", {"equal": ["state"], "ranges": ["day"]}),
        ("SELECT 1 FROM visits WHERE $1 = state AND $2 <= day", {"equal": ["state"], "ranges": ["day"]}),
        ("SELECT 1 FROM visits WHERE state IN ($1, $2) OR day = $3", {}),
        ("SELECT FROM visits WHERE (state = ANY($1)) AND day BETWEEN 2 AND 3", {"equal": ["state"], "ranges": ["day"]}),
        ("SELECT 1 FROM visits WHERE state IS NULL AND NOT doctor_id = 3", {"equal": ["state"]}),
        ("SELECT 1 FROM visits v JOIN patients p ON p.id = v.patient_id", {"joined": ["patient_id"]}),
        ("SELECT 1 FROM visits v LEFT JOIN doctors USING (id)", {"joined": ["id"]}),
        ("SELECT 1 FROM visits v, patients p WHERE p.id = v.patient_id AND p.name = $1", {"joined": ["patient_id"]}),
        ("SELECT 1 FROM patients p WHERE EXISTS (SELECT FROM visits WHERE day = p.id)", {"joined": ["day"]}),
        ("SELECT 1 FROM patients WHERE id IN (SELECT patient_id FROM visits WHERE state = $1)", {"equal": ["state"]}),
        ("SELECT * FROM (SELECT patient_id AS who FROM visits) x WHERE x.who = $1", {"equal": ["patient_id"]}),
        ("WITH x AS (SELECT * FROM visits) SELECT 1 FROM x WHERE x.state = $1", {"equal": ["state"]}),
        ("WITH x (a, b) AS (SELECT id, state FROM visits) SELECT 1 FROM x WHERE b = $1", {"equal": ["state"]}),
        ("SELECT 1 FROM visits WHERE state = 1 UNION SELECT 1 FROM visits WHERE day = 2", {"equal": ["state", "day"]}),
        ("SELECT 1 FROM doctors d, LATERAL (SELECT 1 FROM visits WHERE doctor_id = d.id) x", {"joined": ["doctor_id"]}),
        ("SELECT day AS d FROM visits ORDER BY d DESC, id DESC LIMIT 9", {"order": ["day DESC", "id DESC"]}),
        ("SELECT 1 FROM visits v, doctors d ORDER BY v.day, d.name", {"order": ["day"]}),
        ("SELECT 1 FROM visits WHERE (day, id) < ($1, $2)", {"ranges": ["day", "id"]}),
        ("SELECT 1 FROM visits WHERE state[2] = $1", {"equal": ["(state[2])"]}),
        ("SELECT 1 FROM visits WHERE day % 7 = $1", {"equal": ["(day % 7)"]}),
        ("DELETE FROM visits v USING doctors d WHERE d.id = v.doctor_id AND d.name = $1", {"joined": ["doctor_id"]}),
        ("UPDATE visits SET state = $1 FROM doctors d WHERE d.id = visits.doctor_id", {"joined": ["doctor_id"]}),
    ],
)  # fmt: skip
def test_each_way_to_read_a_table(statement: str, expected: dict[str, list[str]]) -> None:
    assert {kind: found for kind, found in keys(statement, "visits").items() if found} == expected


def test_what_each_parameter_is_compared_with() -> None:
    analysis = read("""
        SELECT 1 FROM visits v JOIN patients p ON p.id = v.patient_id
        WHERE lower(p.email) = lower($1) AND v.day >= CAST($2 AS date) AND v.day < $3
            AND v.state = ANY(CAST($4 AS int[])) AND ($5::text IS NULL OR p.name LIKE $5) LIMIT $6 OFFSET $7
    """)
    found = {
        number: (each.reference.table.name, each.key, each.use, each.array)
        for number, [each, *_] in analysis.comparisons.items()
    }
    assert found == {
        1: ("patients", "lower(email)", Use.EQUAL, False),
        2: ("visits", "day", Use.LOWER, False),
        3: ("visits", "day", Use.UPPER, False),
        4: ("visits", "state", Use.EQUAL, True),
        5: ("patients", "name", Use.LIKE, False),
    }
    assert analysis.fixed == {6: "20", 7: "0"}


def test_a_parameter_is_followed_through_what_a_subquery_computes() -> None:
    analysis = read("""
        SELECT 1 FROM (SELECT id, CAST($1 AS timestamp) + interval '1 day' AS ends FROM doctors) d
        JOIN visits v ON v.doctor_id = d.id AND v.day < d.ends - make_interval(mins => $2)
    """)
    for number in (1, 2):
        [comparison] = analysis.comparisons[number]
        assert (comparison.key, comparison.use, comparison.direct) == ("day", Use.UPPER, False)


def test_values_and_schemas_are_written_where_they_stand_and_nowhere_else() -> None:
    parsed = parse("""SELECT '$1', "v$2" /* $1 */ FROM public.visits "v$2" WHERE public.visits.id = $1 AND x = $11; """)
    text = parsed.written(lambda number: f"<{number}>")
    assert text == """SELECT '$1', "v$2" /* $1 */ FROM visits "v$2" WHERE visits.id = <1> AND x = <11>"""
    assert parsed.parameters == {1, 11}


def derived(statement: str, *indexes: ExistingIndex, rows: int = 50_000) -> list[str]:
    known = table("visits", "id", "patient_id", "doctor_id", "day", "state", indexes=indexes, rows=rows)
    analysis = analyse(parse(statement), {Named(None, "visits"): known})
    return [", ".join(map(str, each.keys)) for each in candidates.derive(analysis.references)]


def index(*columns: str, unique: bool = False, partial: bool = False, valid: bool = True) -> ExistingIndex:
    return ExistingIndex("there", columns, unique, partial, "btree", valid)


STATEMENT = "SELECT 1 FROM visits WHERE state = $1 AND doctor_id = $2 AND day > $3"


def test_equality_comes_before_a_range_and_no_index_is_wider_than_three() -> None:
    found = derived(STATEMENT)
    assert found[:2] == ["state, doctor_id, day", "state, doctor_id"]
    assert set(found) >= {"state, day", "doctor_id, day", "state", "doctor_id", "day"}
    assert len(found) == len(set(found)) <= 8


def test_what_an_index_serves_already_is_not_tried() -> None:
    found = derived(STATEMENT, index("doctor_id", "state", "day", "id"))
    # In any order of those that are compared for equality, and any beginning.
    assert not {"state, doctor_id, day", "state, doctor_id", "doctor_id"} & set(found)
    assert "state, day" in found
    assert derived(STATEMENT, index("state", "doctor_id", "day", partial=True)) == derived(STATEMENT)
    assert derived(STATEMENT, index("state", "doctor_id", "day", valid=False)) == derived(STATEMENT)


def test_one_row_that_a_unique_key_finds_and_small_tables_need_nothing() -> None:
    assert derived("SELECT 1 FROM visits WHERE id = $1 AND state = $2", index("id", unique=True)) == []
    assert derived(STATEMENT, rows=900) == []


def test_an_order_that_is_all_descending_is_the_same_index_read_backwards() -> None:
    ordered = "SELECT 1 FROM visits WHERE state = $1 ORDER BY day DESC, id DESC LIMIT 5"
    assert "state, day, id" in derived(ordered)
    assert derived(ordered, index("state", "day", "id")) == ["day, id"]
    assert "state, day DESC, id" in derived("SELECT 1 FROM visits WHERE state = $1 ORDER BY day DESC, id LIMIT 5")


def test_names_are_free_and_short_enough() -> None:
    long = table("a" * 60, "b", indexes=(ExistingIndex("ix_t_b", ("x",), False, False, "btree", True),))
    assert len(candidates.name_of(long, (Key("b", ("b",)),))) <= 63
    taken = table("t", "b", indexes=(ExistingIndex("ix_t_b", ("b",), False, True, "btree", True),))
    assert candidates.name_of(taken, (Key("b", ("b",)),)).startswith("ix_t_b_")


def test_the_migration_is_a_whole_file() -> None:
    candidate = Candidate(table("visits", "a", "b"), (Key("lower(a)", ("a",)), Key("b", ("b",), "DESC")), 1, "ix_v")
    definition = writing.definition(candidate)
    assert definition == "CREATE INDEX CONCURRENTLY ix_v ON visits (lower(a), b DESC)"
    made = writing.migration(frozenset({"0041"}), "visits", ["lower(a)", "b DESC"], "ix_v", definition)
    compile(made, "0042_index.py", "exec")
    assert 'revision = "0042"\ndown_revision = "0041"' in made
    assert 'op.execute("CREATE INDEX CONCURRENTLY ix_v ON visits (lower(a), b DESC)")' in made
    assert 'Index("ix_v", text("lower(a)"), text("b DESC"))' in made


def test_a_statement_that_is_too_long_is_refused() -> None:
    with pytest.raises(TrialRefused, match="longer than"):
        parse("SELECT " + "1," * 50_000 + "1")
