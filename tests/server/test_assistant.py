"""The tools for assistants, asked by the MCP SDK's own client."""

import asyncio
import os
import sys

import pytest
from mcp import Client, StdioServerParameters

from icdbridge.coding import Coder
from icdbridge.server.assistant import make_assistant_server

NOTE = "Community acquired pneumonia. Type 2 diabetes. Denies chest pain."


@pytest.fixture(scope="module")
def server():
    return make_assistant_server(Coder.load())


def call(server, name, **arguments):
    async def ask():
        async with Client(server) as client:
            return await client.call_tool(name, arguments)

    answer = asyncio.run(ask())
    return answer if answer.is_error else answer.structured_content["result"]


def test_tools_say_what_they_are_for(server):
    async def listed():
        async with Client(server) as client:
            return client.instructions, (await client.list_tools()).tools

    instructions, tools = asyncio.run(listed())
    assert {tool.name for tool in tools} == {"search_codes", "describe_code", "check_codes", "suggest_codes"}
    assert all(tool.description for tool in tools)
    assert "Never state a code" in instructions


def test_codes_are_found_and_described(server):
    assert call(server, "search_codes", query="htn")[0]["code"] == "I10"
    assert {one["system"] for one in call(server, "search_codes", query="lap chole", system="icd10pcs")} == {
        "icd10pcs"
    }
    (found,) = call(server, "describe_code", code="E119")
    assert (found["code"], found["title"]) == ("E11.9", "Type 2 diabetes mellitus without complications")
    assert call(server, "describe_code", code="I1O") == []
    assert {one["system"] for one in call(server, "describe_code", code="E812.0")} == {"icd9cm"}


def test_a_set_of_codes_is_checked(server):
    found = call(server, "check_codes", codes=["E11.9", "E10.9", "I1O"], date="2026-01-31")
    assert [one["rule"] for one in found if one["severity"] == "error"] == ["Excludes1", "unknown code"]
    alone = call(server, "check_codes", codes=["I10"], date="2026-01-31", sex="male", age=60)
    assert not [one for one in alone if one["severity"] == "error"]


def test_codes_are_suggested_with_their_words(server):
    found = {one["code"]: one for one in call(server, "suggest_codes", note=NOTE)}
    assert found["J18.9"]["band"] == "likely"
    assert "pneumonia" in " ".join(found["J18.9"]["evidence"])
    assert found["R07.9"]["context"] == "negated"


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("search_codes", {"query": "htn", "system": "icd12"}, "icd12"),
        ("search_codes", {"query": "htn", "limit": 5_000}, "less than or equal to 50"),
        ("check_codes", {"codes": ["I10"], "date": "soon"}, "date"),
        ("suggest_codes", {"note": "   "}, "the note is empty or has no words"),
    ],
)
def test_what_cannot_be_done_is_said(server, name, arguments, said):
    answer = call(server, name, **arguments)
    assert answer.is_error
    assert said in answer.content[0].text


def test_the_command_speaks_over_standard_input_and_output():
    command = StdioServerParameters(
        command=sys.executable,
        args=["-c", "from icdbridge.cli import main; main()", "mcp"],
        env=dict(os.environ),
    )
    assert call(command, "search_codes", query="htn")[0]["code"] == "I10"
