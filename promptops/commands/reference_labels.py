"""What people said of a suite's references, and what follows for the metrics that rest on them."""

from __future__ import annotations

from dataclasses import replace

from promptops.commands.label_place import labels_in
from promptops.commands.project import Project
from promptops.engine.plan import SuitePlan
from promptops.engine.reference_preference import REFERENCES, current, preference_of, rests_on_references
from promptops.engine.scorer_plan import ScorerPlan
from promptops.files.labels import folder_of
from promptops.model.audit import ReferencePreference


def reference_preference(project: Project, plan: SuitePlan) -> ReferencePreference | None:
    """What people prefer, by the labels of the project's tree; None where there are none.

    Raises:
        InvalidFilesError: a file of labels is wrong.
    """
    labels = labels_in(project, folder_of(project.config.project.labels, plan.name, REFERENCES))
    if not labels:
        return None
    counted = current(plan, labels)
    return preference_of(counted, stale=len(labels) - len(counted))


def with_advisory_metrics(project: Project, plan: SuitePlan) -> SuitePlan:
    """The plan, of whose metrics those decide nothing that rest on references which are worse than the outputs.

    The labels are those of the tree that the plan is of: a branch cannot take its own ruler out of force.
    """
    preference = reference_preference(project, plan)
    if preference is None or not preference.references_are_worse:
        return plan
    told = f"people prefer the output in {preference.output_better} of {preference.decided} decided pairs"
    why = f"the references are worse than the outputs ({told})"
    scorers = (_advisory(each, why) if rests_on_references(each) else each for each in plan.scorers)
    return replace(plan, scorers=tuple(scorers))


def _advisory(plan: ScorerPlan, why: str) -> ScorerPlan:
    return replace(plan, trust=replace(plan.trust, why_advisory=(*plan.trust.why_advisory, why)))
