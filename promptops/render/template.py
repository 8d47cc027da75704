"""Templates of a prompt: compiled once, their variables known, their partials confined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from jinja2 import BaseLoader, TemplateNotFound, TemplateSyntaxError, meta, nodes

from promptops.errors import InvalidFilesError, Location, Problem, did_you_mean
from promptops.model.prompt import Template
from promptops.model.record import JsonValue
from promptops.render.sandbox import FAILURES, BoundedEnvironment, told

INCLUDING = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


class Partials(Protocol):
    """Where included templates come from."""

    def read(self, name: str) -> Template:
        """A partial; raises LookupError where there is none inside the prompts folder."""
        ...

    def names(self) -> Iterable[str]:
        """Every name that could be read."""
        ...


class NoPartials:
    """A place without partials."""

    def read(self, name: str) -> Template:
        """Raises LookupError."""
        raise LookupError(name)

    def names(self) -> Iterable[str]:
        """Nothing."""
        return ()


@dataclass(frozen=True, slots=True)
class Variable:
    """A name that a template takes, where it first stands, and whether it must be given."""

    name: str
    where: Location
    required: bool


class TemplateSet:
    """Compiles and checks templates that share partials. Not for use by several threads at once."""

    def __init__(self, partials: Partials) -> None:
        self._partials = partials
        self._read: dict[str, Template] = {}
        self._trees: dict[str, nodes.Template | Problem] = {}
        self._taken: dict[str, dict[str, bool]] = {}
        self._environment = BoundedEnvironment(loader=_Loader(self.partial))

    def partial(self, name: str) -> Template:
        """A partial, read once; raises LookupError."""
        if name not in self._read:
            self._read[name] = self._partials.read(name)
        return self._read[name]

    def compile(self, template: Template) -> Callable[[Mapping[str, JsonValue]], str]:
        """A function from values to text, which raises InvalidFilesError.

        Raises:
            InvalidFilesError: the template is wrong.
        """
        problems = list(self.problems(template))
        if problems:
            raise InvalidFilesError(problems)
        compiled = self._environment.from_string(template.text)

        def render(values: Mapping[str, JsonValue]) -> str:
            self._environment.start()
            try:
                return compiled.render(values)
            except FAILURES as error:
                raise _failed(template, error) from None

        return render

    def problems(self, template: Template) -> Iterator[Problem]:
        """All that is wrong with a template and the partials it reaches."""
        for each in self.reached(template, lenient=True):
            tree = self._tree(each)
            if isinstance(tree, Problem):
                yield tree
                continue
            yield from self._unsafe(each, tree)
            yield from self._bad_includes(each, tree)

    def variables(self, template: Template) -> list[Variable]:
        """The names that a template and its partials take, each once, where it stands first."""
        found: dict[str, Variable] = {}
        for each in self.reached(template, lenient=True):
            tree = self._tree(each)
            if isinstance(tree, Problem):
                continue
            for name, required in self._names(each, tree).items():
                if name not in found:
                    found[name] = Variable(name, self._place(each, name), required)
        return list(found.values())

    def reached(self, template: Template, *, lenient: bool = False) -> list[Template]:
        """The template and every partial it includes, directly or not."""
        reached = [template]
        seen: set[str] = set()
        for each in reached:
            tree = self._tree(each)
            names = (
                () if isinstance(tree, Problem) else (name for name in _included(tree) if name is not None)
            )
            for name in names:
                if name not in seen:
                    seen.add(name)
                    try:
                        reached.append(self.partial(name))
                    except LookupError:
                        if not lenient:
                            raise
        return reached

    def _tree(self, template: Template) -> nodes.Template | Problem:
        if template.text not in self._trees:
            self._trees[template.text] = self._parsed(template)
        tree = self._trees[template.text]
        return self._parsed(template) if isinstance(tree, Problem) else tree

    def _names(self, template: Template, tree: nodes.Template) -> dict[str, bool]:
        """The names that one template takes by itself, and whether each must be given."""
        if template.text not in self._taken:
            copes = {name for node in tree.find_all((nodes.Test, nodes.Filter)) if (name := _optional(node))}
            names = sorted(meta.find_undeclared_variables(tree) - set(self._environment.globals))
            self._taken[template.text] = {name: name not in copes for name in names}
        return self._taken[template.text]

    def _parsed(self, template: Template) -> nodes.Template | Problem:
        try:
            tree = self._environment.parse(template.text)
            # Unknown filters and tests show only when code is generated.
            self._environment.compile(tree, raw=True)
        except TemplateSyntaxError as error:
            where = _line(template, error.lineno)
            return Problem(where, "template-syntax", f"template: {told(error)}")
        except (RecursionError, MemoryError, OverflowError, ValueError, SyntaxError) as error:
            return Problem(
                template.origin.start,
                "template-syntax",
                f"template cannot be compiled: {type(error).__name__}",
            )
        return tree

    def _unsafe(self, template: Template, tree: nodes.Template) -> Iterator[Problem]:
        for node in tree.find_all((nodes.Getattr, nodes.Getitem, nodes.Filter)):
            name = _attribute(node)
            if name is not None and name.startswith("_"):
                where = template.origin.locate(template.text, max(0, template.text.find(name)), len(name))
                yield Problem(
                    where, "unsafe-template", f"`{name}` is internal to Python and out of reach for templates"
                )

    def _bad_includes(self, template: Template, tree: nodes.Template) -> Iterator[Problem]:
        for name in _included(tree):
            text = name if name is not None else "include"
            where = template.origin.locate(template.text, max(0, template.text.find(text)), len(text))
            if name is None:
                yield Problem(where, "dynamic-include", "the name of an include must be a plain text")
            elif name.startswith("/") or ".." in name.replace("\\", "/").split("/"):
                yield Problem(where, "outside-prompts", f"`{name}` lies outside the prompts folder")
            else:
                try:
                    self.partial(name)
                except LookupError:
                    yield self._no_partial(name, where)

    def _no_partial(self, name: str, where: Location) -> Problem:
        known = list(self._partials.names())
        if name in known:
            message = f"`{name}` is a link that leads out of the prompts folder"
            return Problem(where, "outside-prompts", message)
        return Problem(where, "unknown-partial", f"there is no partial `{name}`", did_you_mean(name, known))

    def _place(self, template: Template, name: str) -> Location:
        offset = 0
        for _, kind, value in self._environment.lex(template.text):
            found = template.text.find(value, offset)
            offset = offset if found < 0 else found
            if kind == "name" and value == name:
                return template.origin.locate(template.text, offset, len(name))
            offset += len(value) if found >= 0 else 0
        return template.origin.start


class _Loader(BaseLoader):
    def __init__(self, read: Callable[[str], Template]) -> None:
        self._read = read

    def get_source(
        self, environment: Any, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        try:
            return self._read(template).text, template, lambda: True
        except LookupError:
            raise TemplateNotFound(template) from None


def _included(tree: nodes.Template) -> Iterator[str | None]:
    for node in tree.find_all(INCLUDING):
        name = getattr(node, "template", None)
        yield name.value if isinstance(name, nodes.Const) and isinstance(name.value, str) else None


def _attribute(node: nodes.Node) -> str | None:
    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return node.arg.value if isinstance(node.arg.value, str) else None
    if (
        isinstance(node, nodes.Filter)
        and node.name == "attr"
        and node.args
        and isinstance(node.args[0], nodes.Const)
    ):
        return str(node.args[0].value)
    return None


def _optional(node: nodes.Expr) -> str | None:
    if not isinstance(node, (nodes.Test, nodes.Filter)):
        return None
    copes = ("defined", "undefined") if isinstance(node, nodes.Test) else ("default", "d")
    return node.node.name if node.name in copes and isinstance(node.node, nodes.Name) else None


def _line(template: Template, number: int) -> Location:
    lines = template.text.splitlines() or [""]
    index = min(max(number, 1), len(lines)) - 1
    line = lines[index]
    offset = sum(len(each) + 1 for each in lines[:index]) + len(line) - len(line.lstrip())
    return template.origin.locate(template.text, offset, len(line.strip()) or 1)


def _failed(template: Template, error: Exception) -> InvalidFilesError:
    message = {
        RecursionError: "the template includes or calls itself",
        MemoryError: "the template needs too much memory",
    }.get(type(error), told(error))
    return InvalidFilesError.single(template.origin.start, "render-failed", f"cannot render: {message}")
