"""Pictures of shares: every point is where it belongs."""

from __future__ import annotations

from xml.etree import ElementTree

from migpt_cli.unit_chart import UnitChart

CORNERS = UnitChart("角", "across", "up <&>", ((0.0, 0.0), (1.0, 1.0), (0.5, 0.5)))


def test_points_are_where_they_belong() -> None:
    lines = list(CORNERS.lines())
    drawn = [line[7:] for line in lines if line[6:7] in ("┤", "│")]
    assert drawn[0] == " " * 50 + "●"
    assert drawn[-1] == "●"
    assert drawn[len(drawn) // 2] == " " * 25 + "●"
    assert sum(line.count("●") for line in lines) == 3
    assert lines[1].startswith(" 1.00 ┤")


def test_the_upright_axis_may_begin_higher() -> None:
    lines = list(UnitChart("", "", "", ((0.0, 0.5), (1.0, 0.75), (0.5, 0.2)), lowest=0.5).lines())
    marked = [line for line in lines if line[6:7] == "┤"]
    assert [line.split()[0] for line in marked] == ["1.00", "0.88", "0.75", "0.62", "0.50"]
    assert marked[2].endswith("●")
    assert marked[4].count("●") == 2, "what is below the axis lies on it"


def test_the_diagonal_lies_behind_the_points() -> None:
    lines = list(UnitChart("", "", "", ((0.5, 0.5),), diagonal=True).lines())
    assert sum(line.count("·") for line in lines) == 50
    assert sum(line.count("●") for line in lines) == 1


def test_the_svg_is_well_formed_and_shows_every_point() -> None:
    root = ElementTree.fromstring(CORNERS.svg())  # noqa: S314 - our own
    space = "{http://www.w3.org/2000/svg}"
    places = [(float(one.get("cx", "")), float(one.get("cy", ""))) for one in root.iter(f"{space}circle")]
    assert places == [(48.0, 408.0), (408.0, 48.0), (228.0, 228.0)]
    assert "up <&>" in {text.text for text in root.iter(f"{space}text")}
