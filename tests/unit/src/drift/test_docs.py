"""What docs/drift.md has people copy works."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from src.drift.judging import psi

DOCS = (Path(__file__).parents[4] / "docs" / "drift.md").read_text(encoding="utf-8")
TRAINING = {"(-inf, 1.0]": 0.1, "(1.0, 2.0]": 0.5, "(2.0, 3.0]": 0.3, "(3.0, +inf)": 0.1}


def block(language: str) -> str:
    """The documentation's only block of a language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", DOCS, flags=re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.mark.parametrize(("exit_code", "trained"), [(0, []), (1, []), (5, ["-m src.train diamonds"])])
def test_the_crontabs_line_trains_only_after_drift(tmp_path: Path, exit_code: int, trained: list[str]) -> None:
    """Not where nothing has drifted, and not where it could not be looked."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$*" >>calls\n[ "$2" = src.drift ] && exit {exit_code}\nexit 0\n', "utf-8")
    python.chmod(0o755)
    minute, hour, *_, line = block("crontab").strip().split(" ", 5)
    assert (minute, hour) == ("0", "6")
    assert "%" not in line, "cron ends a line there"
    subprocess.run(["/bin/sh", "-c", line.replace("/srv/diamonds", str(tmp_path))], check=True, timeout=30)
    first, *others = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    assert first.startswith("-m src.drift http")
    assert others == trained


def series(name: str, labels: dict[str, str], values: str) -> dict[str, str]:
    """A series as promtool reads it."""
    return {"series": name + "{" + ",".join(f'{k}="{v}"' for k, v in labels.items()) + "}", "values": values}


def of_feature(name: str, counts: dict[str, int], *, instances: int = 2) -> list[dict[str, str]]:
    """Two gateways that each count so many values every five minutes, for two days; one starts anew after one of them.

    A bucket into which nothing falls is not told by any.
    """
    found = []
    for instance in range(instances):
        labels = {"model": "m", "version": "3", "kind": "feature", "name": name, "instance": str(instance)}
        for bucket, share in TRAINING.items():
            found.append(series("gateway_training_share", {**labels, "bucket": bucket}, f"{share}x576"))
            if count := counts.get(bucket):
                values = f"0+{count}x576" if instance else f"0+{count}x288 0+{count}x288"
                found.append(series("gateway_values_total", {**labels, "bucket": bucket}, values))
        found.append(series("gateway_out_of_range_total", labels, "0+1x576"))
    return found


SEEN = {  # a hundred values every five minutes
    "same": {"(-inf, 1.0]": 10, "(1.0, 2.0]": 50, "(2.0, 3.0]": 30, "(3.0, +inf)": 10},
    "little": {"(-inf, 1.0]": 20, "(1.0, 2.0]": 50, "(2.0, 3.0]": 20, "(3.0, +inf)": 10},
    "moved": {"(-inf, 1.0]": 30, "(1.0, 2.0]": 40, "(2.0, 3.0]": 20, "(3.0, +inf)": 10},
    "gone": {"(-inf, 1.0]": 10, "(2.0, 3.0]": 50, "(3.0, +inf)": 40},
}


def alert(name: str, value: float) -> dict[str, object]:
    """What an alarm says."""
    return {
        "exp_labels": {"model": "m", "version": "3", "kind": "feature", "name": name},
        "exp_annotations": {
            "summary": f"m version 3: {name} has drifted",
            "description": f"PSI {value:.3f} over the last day.",
        },
    }


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool, which comes with Prometheus, is not installed")
def test_prometheus_judges_as_the_command_does(tmp_path: Path) -> None:
    """The same index, whatever restarts; an alarm for what has drifted, if there are values enough."""
    expected = {
        name: psi(list(TRAINING.values()), [counts.get(bucket, 0) / 100 for bucket in TRAINING])
        for name, counts in SEEN.items()
    }
    few = [{**each, "values": each["values"].replace("0+", "0+0.00")} for each in of_feature("few", SEEN["gone"])]
    samples = [
        {"labels": f'{{kind="feature", model="m", name="{name}", version="3"}}', "value": round(value, 4)}
        for name, value in expected.items()
    ]
    drifted = [name for name, value in expected.items() if value > 0.2]
    assert drifted == ["moved", "gone"]
    asked = {
        "interval": "5m",
        "input_series": [*few, *(each for name, counts in SEEN.items() for each in of_feature(name, counts))],
        "promql_expr_test": [
            {"expr": 'round(gateway:psi{name!="few"}, 0.0001)', "eval_time": "47h", "exp_samples": samples}
        ],
        "alert_rule_test": [
            {
                "alertname": "Drift",
                "eval_time": "47h",
                "exp_alerts": [alert(name, expected[name]) for name in drifted],
            },
            {"alertname": "OutOfRange", "eval_time": "47h", "exp_alerts": []},
        ],
    }
    tests = {"rule_files": ["rules.yml"], "evaluation_interval": "5m", "tests": [asked]}
    (tmp_path / "rules.yml").write_text(block("yaml"), encoding="utf-8")
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(tests), encoding="utf-8")
    words = ["promtool", "test", "rules", "tests.yml"]
    ended = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
