"""Jinja2 with bounds: templates of a pull request are not trusted.

The sandbox keeps a template away from Python; it does not bound time or memory. Here every loop,
call and include costs a step, every text that is put together counts its characters, and what can
make a large text at once is taken away.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.compiler import CodeGenerator
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from promptops.errors import did_you_mean

MOST_STEPS = 100_000
MOST_CHARACTERS = 1_000_000
MOST_POWER = 1_000
COUNT_FILTER = "_counted"
UNSAFE_METHODS = frozenset(
    {"format", "format_map", "center", "ljust", "rjust", "zfill", "expandtabs", "replace", "join"}
)
UNSAFE_FILTERS = (
    "random",
    "center",
    "format",
    "pprint",
    "urlize",
    "xmlattr",
    "indent",
    "wordwrap",
    "filesizeformat",
)


FAILURES = (
    TemplateError,
    RecursionError,
    MemoryError,
    ArithmeticError,
    NameError,
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
)
"""What a template can raise while it is filled. Jinja2 writes an infinite constant as the name `inf`."""


class Missing(StrictUndefined):
    """A value that is not there; any use of it says which field of what."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint or not isinstance(self._undefined_obj, Mapping):
            return super()._undefined_message
        hint = did_you_mean(str(self._undefined_name), map(str, self._undefined_obj))
        return f"there is no field `{self._undefined_name}`{f' ({hint})' if hint else ''}"


class LimitError(SecurityError):
    """A template that does too much."""


class _Generator(CodeGenerator):
    """Joins texts through the environment, which bounds them."""

    def visit_Concat(self, node: nodes.Concat, frame: Any) -> None:  # noqa: N802 - the name that Jinja2 calls
        self.write("environment.join_texts((")
        for each in node.nodes:
            self.visit(each, frame)
            self.write(", ")
        self.write("))")


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """One environment renders one template at a time; `start` begins a new budget."""

    code_generator_class = _Generator
    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self, **options: Any) -> None:
        super().__init__(undefined=Missing, keep_trailing_newline=True, cache_size=1000, **options)
        self._steps = 0
        self.concat = self.join_texts  # type: ignore[method-assign]
        self.globals.pop("lipsum", None)
        for name in UNSAFE_FILTERS:
            self.filters.pop(name, None)
        self.filters["replace"] = _replace
        self.filters["tojson"] = _to_json
        self.filters[COUNT_FILTER] = self._counted

    def start(self) -> None:
        """A fresh budget, for one rendering."""
        self._steps = 0

    def join_texts(self, parts: Iterable[Any]) -> str:
        """Joins what a template puts out; raises LimitError beyond the bound."""
        texts = []
        length = 0
        for part in parts:
            text = str(part)
            length += len(text)
            if length > MOST_CHARACTERS:
                raise LimitError(f"the text grows beyond {MOST_CHARACTERS:,} characters")
            texts.append(text)
        return "".join(texts)

    def call(self, *arguments: Any, **keywords: Any) -> Any:
        """Calls, for a step."""
        self._step()
        return super().call(*arguments, **keywords)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on numbers; of texts only a bounded sum."""
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return self.join_texts((left, right))
        numbers = all(isinstance(each, (int, float)) for each in (left, right))
        if operator != "+" and not numbers:
            raise LimitError(f"`{operator}` works on numbers only")
        if operator == "**" and (abs(left) > MOST_POWER or abs(right) > MOST_POWER):
            raise LimitError("the power is too large")
        return super().call_binop(context, operator, left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Refuses what can make a large text at once."""
        return attr not in UNSAFE_METHODS and super().is_safe_attribute(obj, attr, value)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A field of data comes before a method of the same name, such as `items`."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def get_template(self, *arguments: Any, **keywords: Any) -> Template:
        """Includes, for a step."""
        self._step()
        return super().get_template(*arguments, **keywords)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for loop in tree.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, COUNT_FILTER, [], [], None, None)
        return tree

    def _counted(self, values: Any) -> Any:
        return _Counted(list(values), self._step)

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise LimitError(f"the template takes more than {MOST_STEPS:,} steps")


class _Counted:
    """A sequence whose elements cost a step each."""

    def __init__(self, values: list[Any], step: Callable[[], None]) -> None:
        self._values = values
        self._step = step

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Any]:
        for value in self._values:
            self._step()
            yield value


def told(error: Exception) -> str:
    """What Jinja2 has to say, as it fits into a message."""
    if isinstance(error, NameError):
        return "a number is too large"
    lines = str(error).strip().splitlines()
    return lines[0].removesuffix(".") if lines else type(error).__name__


def _replace(text: str, old: str, new: str) -> str:
    found = text.count(old)
    if len(text) + found * max(0, len(new) - len(old)) > MOST_CHARACTERS:
        raise LimitError(f"the text grows beyond {MOST_CHARACTERS:,} characters")
    return str(text).replace(str(old), str(new))


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
