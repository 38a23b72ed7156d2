"""What deploy/ promises, read from its files; scripts/check_deploy asks their own validators."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest
import yaml
from django.conf import settings as django_settings

from config import gunicorn
from config.env import SHORTEST_SECRET
from config.queues import QUEUES
from tests.config.test_env_example import named_in_example

ROOT = Path(__file__).parents[2]
BASE = ROOT / "deploy/kubernetes/base"
COMPOSE = yaml.safe_load((ROOT / "deploy/compose/compose.yaml").read_text())
OURS = {n: s for n, s in COMPOSE["services"].items() if "FAIRLINE_IMAGE" in s["image"]}
WEBS = [name for name in OURS if name.startswith("web")]
CADDYFILE = (ROOT / "deploy/compose/Caddyfile").read_text()
OBJECTS = [
    each for path in sorted(BASE.glob("*.yaml")) for each in yaml.safe_load_all(path.read_text())
]
PODS = {
    each["metadata"]["name"]: each["spec"]["template"]["spec"]
    for each in OBJECTS
    if each["kind"] in {"Deployment", "Job"}
}
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def of_kind(kind):
    return [each for each in OBJECTS if each["kind"] == kind]


@pytest.mark.parametrize("name", PODS)
def test_a_pod_is_nobody_can_write_nowhere_and_has_limits(name):
    pod = PODS[name]
    (container,) = pod["containers"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"].keys() == {"requests", "limits"}
    assert "env" not in container or not any("SECRET" in e["name"] for e in container["env"])
    assert {"secretRef": {"name": "fairline"}} in container["envFrom"]


def test_probes_ask_the_process_alone_whether_it_lives():
    (web,) = PODS["web"]["containers"]

    assert web["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert web["startupProbe"]["httpGet"]["path"] == "/health/start"
    assert web["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    for name in PODS.keys() - {"migrate"}:
        assert {"livenessProbe", "readinessProbe"} <= PODS[name]["containers"][0].keys(), name


def test_a_worker_that_hangs_is_killed_by_the_sign_it_does_not_give(tmp_path):
    """The probes' own words, on a file that is young and on one that is old."""
    for queue in QUEUES:
        (worker,) = PODS[f"worker-{queue}"]["containers"]
        said = {each["name"]: each["value"] for each in worker["env"]}
        _, _, probe = worker["livenessProbe"]["exec"]["command"]
        assert said["WORKER_SIGN_FILE"] in probe
        assert OURS[f"worker-{queue}"]["init"] is True
        check = OURS[f"worker-{queue}"]["healthcheck"]["test"][1]
        assert check.startswith(probe)
    sign = tmp_path / "worker-sign"
    here = probe.replace(said["WORKER_SIGN_FILE"], str(sign))
    results = []
    for age in (None, 80, 100):
        if age is not None:
            sign.write_text("1")
            os.utime(sign, (time.time() - age,) * 2)
        results.append(subprocess.run(["sh", "-c", here], capture_output=True).returncode)
    assert results == [1, 0, 1]


def test_whoever_is_told_to_stop_gets_the_time_it_takes():
    for name in (n for n in PODS if n.startswith("worker-")):
        assert PODS[name]["terminationGracePeriodSeconds"] > django_settings.WORKER_STOPS_WITHIN
    assert grace("worker-money") > django_settings.WORKER_STOPS_WITHIN
    for name in WEBS:
        serves_on = float(OURS[name]["environment"]["WEB_STOPS_AFTER"])
        assert grace(name) > serves_on + gunicorn.graceful_timeout


def grace(name):
    return int(OURS[name]["stop_grace_period"].removesuffix("s"))


def test_one_web_server_serves_while_the_other_is_replaced():
    """Two that are one, which the proxy and Prometheus know; it notices in time who stops."""
    (told,) = re.findall(r"reverse_proxy (.+) \{", CADDYFILE)
    every, wait = (
        int(re.search(rf"health_{name} (\d+)s", CADDYFILE)[1]) for name in ("interval", "timeout")
    )
    prometheus = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    targets = {
        each["job_name"]: each["static_configs"][0]["targets"]
        for each in prometheus["scrape_configs"]
    }

    assert len(WEBS) == 2
    assert OURS[WEBS[0]] == OURS[WEBS[1]]
    assert told.split() == targets["fairline-web"] == [f"{name}:8000" for name in WEBS]
    assert set(WEBS) <= set(OURS[WEBS[0]]["environment"]["ALLOWED_HOSTS"].split(","))
    assert COMPOSE["services"]["proxy"]["depends_on"].keys() == set(WEBS)
    assert every + wait <= float(OURS[WEBS[0]]["environment"]["WEB_STOPS_AFTER"])
    assert "health_uri /health/serving" in CADDYFILE
    assert "/health/ready" in OURS[WEBS[0]]["healthcheck"]["test"][-1]
    # Posted on a connection that its server closes, an order would be lost, and told 502.
    assert "keepalive off" in CADDYFILE
    # What a server may have received goes to no other.
    assert "lb_retry_match" not in CADDYFILE


def test_every_queue_has_workers_which_grow_by_how_long_it_waits():
    for queue in QUEUES:
        for command in (
            PODS[f"worker-{queue}"]["containers"][0]["command"],
            OURS[f"worker-{queue}"]["command"],
        ):
            assert command[command.index("--queues") + 1] == queue
        (scaler,) = (
            each
            for each in of_kind("HorizontalPodAutoscaler")
            if each["metadata"]["name"] == f"worker-{queue}"
        )
        (metric,) = scaler["spec"]["metrics"]
        assert metric["external"]["metric"] == {
            "name": "fairline_queue_oldest_seconds",
            "selector": {"matchLabels": {"queue": queue}},
        }


def test_nothing_comes_in_or_goes_out_unless_it_is_named():
    denied = of_kind("NetworkPolicy")[0]["spec"]

    assert denied == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_a_service_says_its_version_and_its_limits(name):
    service = COMPOSE["services"][name]

    assert "no-new-privileges:true" in service["security_opt"]
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    if name not in OURS:
        assert re.search(r":v?\d+\.\d+(\.\d+)?(-\w+)?$", service["image"]), service["image"]
    else:
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])


def test_compose_starts_only_where_every_secret_is_said():
    text = (ROOT / "deploy/compose/compose.yaml").read_text()
    required = set(re.findall(r"\$\{(\w+):\?", text))
    example = (ROOT / "deploy/compose/.env.example").read_text()

    assert required == set(re.findall(r"^(\w+)=", example, re.MULTILINE))
    assert set(re.findall(r"\$\{(\w+)\}", text)) <= required
    assert not re.search(r"\$\{\w+:-", text)
    # What the example says of a secret is nothing, which production refuses.
    assert not re.search(r"^(?:SECRET_KEY|FAIRLINE_SECRETS_KEYS|\w+PASSWORD|\w+TOKEN)=.", example,
                         re.MULTILINE)  # fmt: skip
    assert SHORTEST_SECRET > 0


def test_what_deployments_set_is_what_the_product_reads():
    known = {*named_in_example(), "PROMETHEUS_MULTIPROC_DIR"}
    said = set(OURS["web-a"]["environment"])
    for path in (ROOT / "deploy/kubernetes").rglob("kustomization.yaml"):
        for made in yaml.safe_load(path.read_text()).get("configMapGenerator", []):
            said |= {literal.partition("=")[0] for literal in made["literals"]}
    for pod in PODS.values():
        said |= {each["name"] for each in pod["containers"][0].get("env", [])}

    assert said <= known


def test_the_image_is_pinned_and_runs_as_nobody():
    assert re.search(r"^ARG PYTHON=python:3\.\d+\.\d+-slim-\w+$", DOCKERFILE, re.MULTILINE)
    assert DOCKERFILE.count("\nFROM ") == 2
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]
    assert "HEALTHCHECK" in DOCKERFILE
    assert "--require-hashes" in DOCKERFILE


def test_no_volume_hides_what_the_image_collected():
    """A volume keeps what the release before put there, and a cluster's has nothing in it."""
    (collected,) = re.findall(r"FAIRLINE_STATIC=(\S+)", DOCKERFILE)
    volumes = [each.split(":")[1] for name in OURS for each in OURS[name]["volumes"]]
    for pod in PODS.values():
        volumes += [each["mountPath"] for each in pod["containers"][0]["volumeMounts"]]

    assert "/var/lib/fairline" in volumes
    assert not [each for each in volumes if Path(collected).is_relative_to(each)]


def test_workflows_use_actions_by_their_content_and_may_do_little():
    for path in (ROOT / ".github/workflows").glob("*.yml"):
        workflow = yaml.safe_load(path.read_text())
        assert workflow["permissions"] == {}, path.name
        for job in workflow["jobs"].values():
            assert "timeout-minutes" in job
            for step in job["steps"]:
                assert re.search(r"@[0-9a-f]{40}$", step.get("uses", "@" + "0" * 40)), step
