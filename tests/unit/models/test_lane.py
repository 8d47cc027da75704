from __future__ import annotations

import pytest

from promptops.models.lane import (
    LONGEST_MESSAGE,
    AttemptFailed,
    error_message,
    failure_of_refusal,
    kind_of_status,
    without_secrets,
)

WORDS = (
    "Incorrect API key provided",
    "key provided, key-value-store, sk-learn is a library, Bearer authentication is missing",
    "You can find your API key at https://example.org/account/api-keys.",
    "the monkey-wrench and the turnkey_solution",
    "request id req_8f3a1b2c4d5e",
)
KEYS = (
    "sk-abcdef0123456789",
    "sk-proj-A1b2C3d4-E5f6_G7h8",
    "sk-ant-api03-AbCdEf123456",
    "sk-or-v1-0123456789abcdef",
    "sk-tes***********cdef",
    "gsk_AbCdEf0123456789",
    "xai-AbCdEf0123456789",
    "pk-live-12345678",
    "AIzaSyA-abcdefghijklmnop_123",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
)


@pytest.mark.parametrize("text", WORDS)
def test_words_are_left_alone(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("around", ["{}", "key: {}.", '{{"key": "{}"}}', "Bearer {}", "({})", "provided={}"])
def test_keys_are_not(key: str, around: str) -> None:
    told = without_secrets(around.format(key))
    assert key not in told
    assert key[4:10] not in told
    assert "[key]" in told


def test_a_bearer_token_of_any_form() -> None:
    assert without_secrets("Authorization: Bearer 0a1b2c3d/+x==") == "Authorization: [key]"


@pytest.mark.parametrize(
    "variable", ["ACME_API_KEY", "ACME_TOKEN", "DATABASE_PASSWORD", "CLIENT_SECRET", "AWS_SECRET_ACCESS_KEY"]
)
def test_secrets_of_the_environment_never_appear(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "plainwords")
    assert without_secrets("the plainwords are wrong") == "the [key] are wrong"


def test_other_variables_are_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_HOME", "plainwords")
    monkeypatch.setenv("SHORT_KEY", "plain")
    assert without_secrets("the plainwords") == "the plainwords"


def test_a_message_is_one_line_of_bounded_length() -> None:
    assert without_secrets(" a\n\tb\r\n c ") == "a b c"
    assert len(without_secrets("word " * 1000)) == LONGEST_MESSAGE


def test_a_key_across_the_bound_is_gone_as_a_whole() -> None:
    key = "sk-abcdef0123456789"
    assert "sk-" not in without_secrets("x" * (LONGEST_MESSAGE - 8) + " " + key)


def test_an_attempt_tells_no_secrets() -> None:
    failed = AttemptFailed("network", f"cannot send {KEYS[0]}")
    assert str(failed) == failed.message == "cannot send [key]"


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ('{"error": {"message": "No.", "code": "odd"}}', None, "odd: No."),
        ('{"error": {"message": "No.", "code": null}}', None, "No."),
        ('{"error": {"message": "No."}}', "odd", "odd: No."),
        ('{"error": {"message": "It is odd.", "code": "odd"}}', None, "It is odd."),
        ('{"error": {"message": "No.", "code": 502}}', None, "502: No."),
        ('{"error": "No."}', None, '{"error": "No."}'),
        ('{"message": "No."}', None, '{"message": "No."}'),
        ("[]", None, "[]"),
        ("<html>", None, "<html>"),
        ("", None, ""),
    ],
)
def test_what_an_error_says_of_itself(text: str, code: str | None, message: str) -> None:
    assert error_message(text, code) == message


@pytest.mark.parametrize(
    "text",
    [
        "max_tokens is too large: 100000. This model supports at most 16384 completion tokens",
        "Unsupported parameter: 'stop' is not supported with this model.",
        "Incorrect API key provided",
        "The model `small` does not exist",
        "",
    ],
)
def test_what_is_the_requests_own_fault(text: str) -> None:
    assert failure_of_refusal(400, text) is None


@pytest.mark.parametrize("status", [401, 429, 500, 503, None])
def test_only_a_refusal_can_be_the_models_failure(status: int | None) -> None:
    words = "maximum context length, content_filter"
    assert failure_of_refusal(status, words) is None
    assert failure_of_refusal(400, words) == "context_overflow"


@pytest.mark.parametrize(
    ("statuses", "kind"),
    [
        ((401, 402, 403), "wrong_key"),
        ((300, 301, 307, 399, 400, 404, 405, 413, 422), "refused_request"),
        ((408,), "timeout"),
        ((429,), "rate_limited"),
        ((409, 418, 425, 500, 502, 503, 504, 529, 599), "provider_error"),
    ],
)
def test_the_kind_of_a_status(statuses: tuple[int, ...], kind: str) -> None:
    assert {kind_of_status(status) for status in statuses} == {kind}
