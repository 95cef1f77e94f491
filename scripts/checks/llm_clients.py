#!/usr/bin/env python3
"""Runs the official Python clients of OpenAI, Anthropic and Google against the simulator.

Usage: llm_clients.py PATH_OF_THE_PROGRAM

Plain answers, streams, structured answers and errors of each; the clients, not we, judge the wire formats.
"""

import json
import subprocess
import sys
import tempfile

import anthropic
import openai
import pydantic
from google import genai
from google.genai import errors as gemini_errors
from google.genai import types

KEY = "sk-clients-0123456789"
SETTINGS = """
keys = ["%s"]
models = ["small"]

[[chaos]]
contains = "LIMITED"
fault = { kind = "status", status = 429, retry_after = "0.01" }
[[chaos]]
contains = "BROKEN"
fault = { kind = "status", status = 503 }
[[chaos]]
contains = "ONCE"
first = 1
fault = { kind = "status", status = 500, retry_after_ms = 1 }
[[chaos]]
contains = "INSIDE"
fault = { kind = "error_inside" }
[[chaos]]
contains = "NOISY"
fault = { kind = "noise" }
[[chaos]]
contains = "SLOW"
fault = { kind = "slow", bytes = 3, ms = 0 }
[[chaos]]
contains = "SPLIT"
fault = { kind = "split_utf8" }
[[chaos]]
contains = "OVERLOADED"
fault = { kind = "status", status = 529 }
""" % KEY

QUESTION = "What is the effect of schooling on wages? 工资与教育"


class Finding(pydantic.BaseModel):
    """A structured answer."""

    outcome: str
    share: float
    controls: list[str]


class Checks:
    """Counts what was seen, and stops at the first thing that is not as it must be."""

    def __init__(self):
        self.passed = 0

    def that(self, holds, what):
        if not holds:
            raise AssertionError(what)
        self.passed += 1

    def raises(self, kind, call, **expected):
        try:
            call()
        except kind as error:
            for name, value in expected.items():
                self.that(getattr(error, name) == value, f"{kind.__name__}.{name}: {getattr(error, name)!r}")
            self.passed += 1
            return error
        raise AssertionError(f"no {kind.__name__}")


def check_openai(base, checks):
    client = openai.OpenAI(base_url=f"{base}/v1", api_key=KEY, max_retries=0)
    said = [{"role": "user", "content": QUESTION}]
    whole = client.chat.completions.create(model="small", messages=said)
    text = whole.choices[0].message.content
    checks.that(whole.choices[0].finish_reason == "stop" and text, "chat")
    checks.that(whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens, "usage")
    for mark in ["", " NOISY", " SLOW", " SPLIT"]:
        said_so = [{"role": "user", "content": QUESTION + mark}]
        whole = client.chat.completions.create(model="small", messages=said_so)
        chunks = list(
            client.chat.completions.create(
                model="small", messages=said_so, stream=True, stream_options={"include_usage": True}
            )
        )
        joined = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        checks.that(joined == whole.choices[0].message.content, f"streamed chat{mark}")
        checks.that(chunks[-1].usage == whole.usage, "usage of a stream")
    parsed = client.chat.completions.parse(model="small", messages=said, response_format=Finding)
    checks.that(isinstance(parsed.choices[0].message.parsed, Finding), "structured chat")
    function = {"name": "give", "parameters": Finding.model_json_schema()}
    called = client.chat.completions.create(
        model="small", messages=said, tools=[{"type": "function", "function": function}], tool_choice="required"
    )
    arguments = called.choices[0].message.tool_calls[0].function.arguments
    checks.that(Finding.model_validate_json(arguments), "function call")
    cut = client.chat.completions.create(model="small", messages=said, max_completion_tokens=2)
    checks.that(cut.choices[0].finish_reason == "length", "cut chat")

    response = client.responses.create(model="small", input=QUESTION)
    checks.that(response.status == "completed" and response.output_text, "response")
    with client.responses.stream(model="small", input=QUESTION) as stream:
        joined = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        final = stream.get_final_response()
    checks.that(joined == response.output_text == final.output_text, "streamed response")
    shaped = client.responses.parse(model="small", input=QUESTION, text_format=Finding)
    checks.that(isinstance(shaped.output_parsed, Finding), "structured response")

    vectors = client.embeddings.create(model="small", input=["wage", "age"], dimensions=16).data
    checks.that(len(vectors) == 2 and abs(sum(x * x for x in vectors[0].embedding) - 1) < 1e-5, "embeddings")
    checks.that([m.id for m in client.models.list()] == ["small"], "models")
    checks.that(client.models.retrieve("small").id == "small", "model")

    def ask(prompt, using=client, model="small", **more):
        return using.chat.completions.create(model=model, messages=[{"role": "user", "content": prompt}], **more)

    stranger = client.with_options(api_key="sk-wrong")
    checks.raises(openai.AuthenticationError, lambda: ask("x", stranger), status_code=401, code="invalid_api_key")
    limited = checks.raises(openai.RateLimitError, lambda: ask("LIMITED"), status_code=429)
    checks.that(limited.response.headers["retry-after"] == "0.01", "retry-after")
    checks.raises(openai.NotFoundError, lambda: ask("x", model="absent"), code="model_not_found")
    checks.raises(openai.InternalServerError, lambda: ask("BROKEN"), status_code=503)
    checks.raises(openai.BadRequestError, lambda: client.chat.completions.create(model="small", messages=[]))
    checks.raises(openai.APIError, lambda: list(ask("INSIDE of a stream", stream=True)))
    checks.that(ask("ONCE", client.with_options(max_retries=2)).choices, "a retry heals")


def check_anthropic(base, checks):
    client = anthropic.Anthropic(base_url=base, api_key=KEY, max_retries=0)

    def ask(prompt, using=client, model="small", **more):
        said = [{"role": "user", "content": prompt}]
        return using.messages.create(model=model, max_tokens=more.pop("max_tokens", 500), messages=said, **more)

    for mark in ["", " NOISY", " SLOW", " SPLIT"]:
        whole = ask(QUESTION + mark)
        checks.that(whole.stop_reason == "end_turn" and whole.content[0].text, "message")
        said = [{"role": "user", "content": QUESTION + mark}]
        with client.messages.stream(model="small", max_tokens=500, messages=said) as stream:
            joined = "".join(stream.text_stream)
            final = stream.get_final_message()
        checks.that(joined == whole.content[0].text == final.content[0].text, f"streamed message{mark}")
        checks.that(final.stop_reason == "end_turn", "the stream ends properly")
        checks.that(final.usage.output_tokens == whole.usage.output_tokens, "usage of a stream")
    tool = {"name": "give", "input_schema": Finding.model_json_schema()}
    called = ask(QUESTION, tools=[tool], tool_choice={"type": "tool", "name": "give"})
    checks.that(called.stop_reason == "tool_use", "tool call")
    checks.that(Finding.model_validate(called.content[0].input), "tool input")
    checks.that(ask(QUESTION, max_tokens=2).stop_reason == "max_tokens", "cut message")
    counted = client.messages.count_tokens(model="small", messages=[{"role": "user", "content": QUESTION}])
    checks.that(counted.input_tokens == ask(QUESTION).usage.input_tokens, "counted tokens")
    checks.that([m.id for m in client.models.list()] == ["small"], "models")

    stranger = client.with_options(api_key="sk-wrong")
    refused = checks.raises(anthropic.AuthenticationError, lambda: ask("x", stranger), status_code=401)
    checks.that(refused.request_id.startswith("req_"), "request id")
    checks.raises(anthropic.RateLimitError, lambda: ask("LIMITED"), status_code=429)
    checks.raises(anthropic.InternalServerError, lambda: ask("OVERLOADED"), status_code=529)
    checks.raises(anthropic.NotFoundError, lambda: ask("x", model="absent"))
    checks.raises(anthropic.BadRequestError, lambda: client.messages.create(model="small", max_tokens=9, messages=[]))
    checks.raises(anthropic.APIStatusError, lambda: list(ask("INSIDE of a stream", stream=True)))
    checks.that(ask("ONCE", client.with_options(max_retries=2)).content, "a retry heals")


def check_gemini(base, checks):
    def client(key):
        return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=base))

    # a client that nobody holds closes its connections
    known, stranger = client(KEY), client("wrong")
    models = known.models
    whole = models.generate_content(model="small", contents=QUESTION)
    checks.that(whole.candidates[0].finish_reason == types.FinishReason.STOP and whole.text, "content")
    # this client takes comments in a stream for answers: no noise for it
    for mark in ["", " SLOW", " SPLIT"]:
        whole = models.generate_content(model="small", contents=QUESTION + mark)
        parts = list(models.generate_content_stream(model="small", contents=QUESTION + mark))
        checks.that("".join(part.text or "" for part in parts) == whole.text, f"streamed content{mark}")
        checks.that(parts[-1].candidates[0].finish_reason == types.FinishReason.STOP, "the stream ends")
    shape = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Finding)
    shaped = models.generate_content(model="small", contents=QUESTION, config=shape)
    checks.that(isinstance(shaped.parsed, Finding), "structured content")
    short = types.GenerateContentConfig(max_output_tokens=2)
    cut = models.generate_content(model="small", contents=QUESTION, config=short)
    checks.that(cut.candidates[0].finish_reason == types.FinishReason.MAX_TOKENS, "cut content")
    counted = models.count_tokens(model="small", contents=QUESTION).total_tokens
    checks.that(counted == models.generate_content(model="small", contents=QUESTION).usage_metadata.prompt_token_count, "count")
    checks.that([m.name for m in models.list()] == ["models/small"], "models")

    def ask(prompt, using=models, model="small"):
        return using.generate_content(model=model, contents=prompt)

    refused = checks.raises(gemini_errors.ClientError, lambda: ask("x", stranger.models), code=400)
    checks.that("API_KEY_INVALID" in json.dumps(refused.details), "reason of a bad key")
    limited = checks.raises(gemini_errors.ClientError, lambda: ask("LIMITED"), code=429, status="RESOURCE_EXHAUSTED")
    checks.that("retryDelay" in json.dumps(limited.details), "retry delay")
    checks.raises(gemini_errors.ClientError, lambda: ask("x", model="absent"), code=404)
    checks.raises(gemini_errors.ServerError, lambda: ask("BROKEN"), code=503, status="UNAVAILABLE")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as settings:
        settings.write(SETTINGS)
        settings.flush()
        program = subprocess.Popen([sys.argv[1], "--config", settings.name], stdout=subprocess.PIPE, text=True)
        try:
            base = "http://" + json.loads(program.stdout.readline())["address"]
            for name, check in [("openai", check_openai), ("anthropic", check_anthropic), ("google-genai", check_gemini)]:
                checks = Checks()
                check(base, checks)
                print(f"{name}: {checks.passed} checks passed")
        finally:
            program.terminate()
            if program.wait(timeout=20) != 0:
                sys.exit("the simulator did not end properly")


if __name__ == "__main__":
    main()
