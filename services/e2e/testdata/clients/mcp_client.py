"""The official Python client of the Model Context Protocol lists and calls every tool of carapi.

Usage: mcp_client.py URL KEY COMMAND [ARGUMENT...]
URL and KEY are those of a server over HTTP; COMMAND starts a server on standard input and output.
"""

import asyncio
import importlib.metadata
import json
import sys

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client


def fitted(arguments, tool):
    """Return arguments as the tool takes them: as text if it takes text, otherwise in a list if it takes lists."""
    fitting = {}
    for name, value in arguments.items():
        schema = tool.input_schema["properties"][name]
        types = set()
        for branch in schema.get("anyOf", [schema]):
            types.update([branch["type"]] if isinstance(branch["type"], str) else branch["type"])
        if "string" in types:
            value = str(value)
        elif "array" in types:
            value = [value]
        fitting[name] = value
    return fitting


async def check_tools(client):
    """List and call all tools, and raise an error if an answer is not what it should be."""
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert sorted(tools) == ["describe_inventory", "get_car", "market_report", "search_cars"], sorted(tools)
    for tool in tools.values():
        assert tool.description and tool.output_schema, tool

    async def call(name, **arguments):
        result = await client.call_tool(name, fitted(arguments, tools[name]))
        assert not result.is_error, (name, arguments, result)
        assert result.structured_content == json.loads(result.content[0].text), (name, arguments, result)
        return result.structured_content

    found = (await call("search_cars", make="Toyota", model="Camry", limit=3, sort="price"))["cars"]
    assert [(car["make"], car["model"]) for car in found] == [("Toyota", "Camry")] * 3, found
    prices = [car["price"] for car in found]
    assert prices == sorted(prices), prices

    for car in found:
        by_id = await call("get_car", id=car["id"])
        assert {name: by_id[name] for name in ("id", "make", "model", "price")} == {
            name: car[name] for name in ("id", "make", "model", "price")
        }, (car, by_id)
        by_vin = await call("get_car", vin=by_id["vin"])
        assert by_vin["id"] == car["id"] and by_vin["vin"] == by_id["vin"], (car, by_vin)

    compared = await call("get_car", id=found[0]["id"], comparables=True)
    assert compared["id"] == found[0]["id"] and compared["comparables"]["count"] > 0, compared
    groups = (await call("market_report", by="model", make="Toyota"))["groups"]
    assert groups and all(group["model"] and group["fields"]["price"] for group in groups), groups

    fields = {field["name"] for field in (await call("describe_inventory"))["fields"]}
    assert {"make", "model", "price"} <= fields, fields

    for name, arguments, named in [
        ("search_cars", {"colr": "red"}, "colr"),
        ("search_cars", {"limit": 0}, "limit"),
        ("get_car", {"id": "no-such-car"}, "no-such-car"),
        ("describe_inventory", {"colr": "red"}, "describe_inventory"),
    ]:
        refused = await client.call_tool(name, arguments)
        assert refused.is_error and named in refused.content[0].text, (name, arguments, refused)


async def main(url, key, command, *arguments):
    def over_http(sent_key):
        http = httpx2.AsyncClient(headers={"X-API-Key": sent_key}, timeout=30)
        return streamable_http_client(url + "/mcp", http_client=http)

    versions = []
    for mode in "legacy", "auto":  # the handshake of 2025, and the newest protocol that both sides know
        for server in over_http(key), StdioServerParameters(command=command, args=list(arguments)):
            async with Client(server, mode=mode, read_timeout_seconds=30) as client:
                await check_tools(client)
                versions.append(client.protocol_version)

    try:
        async with Client(over_http("wrong")) as client:
            await client.list_tools()
    except Exception:  # of which type depends on the protocol's version
        pass
    else:
        raise AssertionError("a wrong key was accepted")

    print(f"mcp {importlib.metadata.version('mcp')}, protocols {', '.join(sorted(set(versions)))}, HTTP and stdio")


asyncio.run(main(*sys.argv[1:]))
