"""What a suite evaluates: its target, and a cell for every prompt with every model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from promptops import registry
from promptops.commands.project import Project
from promptops.commands.prompts import effective_prompt, renderer_for, require_prompt
from promptops.engine.plan import Cell, Retriever, SuitePlan
from promptops.errors import InvalidFilesError, Location, Problem
from promptops.files.config import FILE
from promptops.files.suite import LoadedSuite, target_parts
from promptops.model.prompt import Prompt
from promptops.model.record import JsonValue
from promptops.plugin import Target


def target_of(loaded: LoadedSuite) -> Target:
    """The suite's target, built; raises InvalidFilesError."""
    return _built(loaded, "target", loaded.suite.target)


def retriever_of(loaded: LoadedSuite) -> Target | None:
    """What finds the documents of each case, built; None where the suite names nothing.

    Raises:
        InvalidFilesError: it cannot be used.
    """
    if loaded.suite.retriever is None:
        return None
    retriever = _built(loaded, "retriever", loaded.suite.retriever)
    if retriever.needs_prompt:
        message = "a retriever finds documents, which a prompt does not"
        raise InvalidFilesError.single(loaded.where("retriever"), "invalid-value", message)
    return retriever


def _built(loaded: LoadedSuite, key: str, value: str | Mapping[str, JsonValue] | None) -> Target:
    type_, written = target_parts(value)
    target_class = registry.plugin("targets", type_, loaded.where(key))
    inner = isinstance(written, dict)
    keys = (key, type_) if isinstance(value, dict) else (key,)
    options = written if inner else {target_class.shorthand: written}
    target: Target = registry.build(target_class, options, loaded.document, keys)
    return target


def grid(
    project: Project, loaded: LoadedSuite, plan: SuitePlan, target: Target, prompts: Sequence[Prompt]
) -> Iterator[Cell]:
    """The cells of a suite, prompts first.

    Raises:
        InvalidFilesError: a prompt that cannot be used.
    """
    type_, _ = target_parts(loaded.suite.target)
    found = retriever_of(loaded)
    retriever = None if found is None else Retriever(target_parts(loaded.suite.retriever)[0], found)
    if not target.needs_prompt:
        yield Cell(plan=plan, target_type=type_, target=target, retriever=retriever)
        return
    for prompt in prompts:
        for model in loaded.suite.models or (None,):
            effective = effective_prompt(
                prompt, project.settings, model=model, parameters=loaded.suite.parameters
            )
            renderer = renderer_for(effective, project.tree, project.settings)
            sent_to = None if type_ == "render" else renderer.model
            _check_parameters(loaded, prompt, renderer.parameters)
            yield Cell(
                plan=plan,
                target_type=type_,
                target=target,
                prompt=prompt.name,
                model=sent_to,
                renderer=renderer,
                retriever=retriever,
            )


def _check_parameters(loaded: LoadedSuite, prompt: Prompt, parameters: Mapping[str, JsonValue]) -> None:
    """Raises InvalidFilesError for settings of the client among those of the model."""
    from promptops.models.chat import steers_client

    def place(name: str) -> Location:
        if name in loaded.suite.parameters:
            return loaded.where("parameters", name, at_key=True)
        return Location(prompt.path if name in prompt.parameters else FILE)

    hint = "the endpoint of a provider stands in `[providers.<name>]`, time and tries in `[run]`"
    problems = [
        Problem(place(name), "not-a-parameter", f"`{name}` is no parameter of a model", hint)
        for name in parameters
        if steers_client(name)
    ]
    if problems:
        raise InvalidFilesError(problems)


def prompts_of(project: Project, loaded: LoadedSuite) -> list[Prompt]:
    """The prompts of a suite; raises InvalidFilesError for one that is not there or wrong."""
    names = loaded.suite.prompt_names
    if not names:
        where = Location(str(loaded.path))
        raise InvalidFilesError.single(
            where, "missing-key", "the suite names no `prompt`", "name one, or a `target`"
        )
    problems: list[Problem] = []
    prompts: list[Prompt] = []
    for index, name in enumerate(names):
        where = loaded.where(*(("prompt",) if loaded.suite.prompt else ("prompts", index)))
        try:
            prompts.append(require_prompt(project.tree, project.config.project.prompts, name, where).prompt)
        except InvalidFilesError as error:
            problems += error.problems
    if problems:
        raise InvalidFilesError(problems)
    return prompts
