"""The jobs that `promptops init --ci` writes, checked by the linters that their users have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from promptops import __version__
from tests.support.cli import Cli
from tests.support.project import REPOSITORY, ProjectFolder

WORKFLOWS = ("promptops.yml", "promptops-base.yml", "promptops-fork.yml")
ACTION = ".github/actions/promptops/action.yml"


def check(*command: str) -> str:
    """Runs a linter of this environment; what it says, which is nothing to complain about."""
    tool = Path(sys.executable).parent / command[0]
    result = subprocess.run([tool, *command[1:]], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture
def github(folder: ProjectFolder, cli: Cli) -> ProjectFolder:
    folder.write({"promptops.toml": '[project]\nbase = "trunk"\n'})
    assert cli("init", "--ci", "github", at=folder.root).code == 0
    return folder


def test_github_gets_an_action_and_three_workflows(github: ProjectFolder) -> None:
    assert f"promptops-toolchain=={__version__}" in (github.root / ACTION).read_text()
    base = yaml.safe_load((github.root / ".github/workflows/promptops-base.yml").read_text())
    assert base[True]["push"]["branches"] == ["trunk"]
    left = [path for path in (github.root / ".github").rglob("*.*") if "@BASE@" in path.read_text()]
    assert not left


def test_they_are_valid(github: ProjectFolder) -> None:
    workflows = [str(github.root / ".github/workflows" / name) for name in WORKFLOWS]
    check("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    check("check-jsonschema", "--builtin-schema", "vendor.github-actions", str(github.root / ACTION))


def test_they_are_safe(github: ProjectFolder) -> None:
    check("zizmor", "--offline", "--no-progress", "--min-severity", "medium", str(github.root / ".github"))


def test_those_of_this_repository_are_safe_too() -> None:
    check("zizmor", "--offline", "--no-progress", str(REPOSITORY / ".github"))
    own = [str(path) for path in sorted((REPOSITORY / ".github/workflows").glob("*.yml"))]
    check("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *own)


def test_every_foreign_action_is_pinned_to_a_commit(github: ProjectFolder) -> None:
    for name in WORKFLOWS:
        jobs = yaml.safe_load((github.root / ".github/workflows" / name).read_text())["jobs"]
        used = [step["uses"] for job in jobs.values() for step in job["steps"] if "uses" in step]
        foreign = [each for each in used if not each.startswith("./")]
        assert foreign
        assert all(len(each.partition("@")[2]) == 40 for each in foreign)


def test_no_job_has_more_rights_than_it_needs(github: ProjectFolder) -> None:
    wanted = {
        "promptops.yml": {"contents": "read", "pull-requests": "write"},
        "promptops-base.yml": {"contents": "write"},
        "promptops-fork.yml": {"actions": "read", "contents": "read", "pull-requests": "write"},
    }
    for name, rights in wanted.items():
        workflow = yaml.safe_load((github.root / ".github/workflows" / name).read_text())
        assert workflow["permissions"] == {}
        (job,) = workflow["jobs"].values()
        assert job["permissions"] == rights


def test_the_job_that_comments_for_forks_checks_out_the_default_branch_and_gets_no_key(
    github: ProjectFolder,
) -> None:
    workflow = yaml.safe_load((github.root / ".github/workflows/promptops-fork.yml").read_text())
    steps = workflow["jobs"]["comment"]["steps"]
    (checkout,) = (step for step in steps if step.get("uses", "").startswith("actions/checkout@"))
    assert checkout["with"]["ref"] == "${{ github.event.repository.default_branch }}"
    secrets = [value for step in steps for value in step.get("env", {}).values()]
    assert secrets == ["${{ secrets.GITHUB_TOKEN }}"]


def test_gitlab_gets_jobs_to_include(folder: ProjectFolder, cli: Cli) -> None:
    assert cli("init", "--ci", "gitlab", at=folder.root).code == 0
    path = folder.root / ".gitlab/promptops.yml"
    check("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", str(path))
    assert "promptops-toolchain==" in path.read_text()


def test_files_that_exist_are_kept(github: ProjectFolder, cli: Cli) -> None:
    github.write({ACTION: "mine"})
    result = cli("init", "--ci", "github", at=github.root)
    assert f"kept  {ACTION}" in result.out
    assert (github.root / ACTION).read_text() == "mine"


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_jobs_that_would_never_run_are_not_written(folder: ProjectFolder, cli: Cli, host: str) -> None:
    inner = ProjectFolder(folder.root / "app")
    inner.write({"promptops.toml": ""})
    folder.git("init", "--quiet")
    result = cli("init", "--ci", host, at=inner.root)
    assert result.code == 3
    assert "`app` is not it" in result.err
    assert 'prompts = "app/prompts"' in result.err
    assert [path.name for path in inner.root.iterdir()] == ["promptops.toml"]
    assert cli("init", "--ci", host, at=folder.root).code == 0


def test_an_unknown_host_is_refused(folder: ProjectFolder, cli: Cli) -> None:
    result = cli("init", "--ci", "jenkins", at=folder.root)
    assert result.code == 2
    assert "`jenkins` is neither github nor gitlab" in result.err
    assert not list(folder.root.iterdir())
