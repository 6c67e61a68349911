"""The Kubernetes manifests, as `kubectl` builds them from made-up secrets; no cluster is asked."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from migpt_cli.checkout import ROOT

#: What docker-compose.yml gives each service of secrets/.
SECRETS = {
    "poller": ["xiaomi"],
    "speaker": ["xiaomi"],
    "brain": ["llm"],
    "ha-bridge": ["home-assistant"],
    "console": ["xiaomi", "llm", "home-assistant", "console"],
}
FILES = ("xiaomi.toml", "llm.toml", "home_assistant.toml", "console.toml")


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    folder = tmp_path_factory.mktemp("kubernetes") / "kubernetes"
    shutil.copytree(ROOT / "deploy" / "kubernetes", folder, ignore=shutil.ignore_patterns("secrets"))
    (folder / "secrets").mkdir()
    for name in FILES:
        (folder / "secrets" / name).write_text("")
    for service in ("poller", "brain", "speaker", "ha_bridge", "console"):
        (folder / "secrets" / f"mqtt_url_{service}").write_text(f"mqtt://{service}:made-up@emqx:1883")
    built = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return list(yaml.safe_load_all(built.stdout))


def deployments(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in objects if one["kind"] == "Deployment"}


def test_every_object_fits_its_schema(objects: list[dict[str, Any]]) -> None:
    assert len(objects) > 15
    for one in objects:
        kubernetes_validate.validate(one, "1.31", strict=True)


def test_the_check_of_schemas_notices_a_slip(objects: list[dict[str, Any]]) -> None:
    wrong = {**deployments(objects)["brain"], "spec": {"replica": 2}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.31", strict=True)


def test_each_service_gets_its_own_secrets_only(objects: list[dict[str, Any]]) -> None:
    found = deployments(objects)
    assert set(found) == set(SECRETS)
    for name, deployment in found.items():
        pod = deployment["spec"]["template"]["spec"]
        sources = next(one["projected"]["sources"] for one in pod["volumes"] if one["name"] == "config")
        # kubectl has put a hash behind each name.
        named = [source["secret"]["name"].rpartition("-")[0] for source in sources if "secret" in source]
        assert sorted(named) == sorted([*SECRETS[name], f"{name}-broker"])
        assert not [one for one in pod["volumes"] if "secret" in one]


def test_pods_are_as_bounded_as_containers_elsewhere(objects: list[dict[str, Any]]) -> None:
    for deployment in deployments(objects).values():
        pod = deployment["spec"]["template"]["spec"]
        [container] = pod["containers"]
        assert pod["securityContext"]["runAsUser"] == 10001
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
        }  # fmt: skip
        assert container["resources"]["limits"]["memory"]
        mounts = {mount["name"] for mount in container["volumeMounts"]}
        assert mounts == {volume["name"] for volume in pod["volumes"]}


def test_people_reach_the_console_and_nothing_else(objects: list[dict[str, Any]]) -> None:
    [service] = [one for one in objects if one["kind"] == "Service"]
    labels = deployments(objects)["console"]["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    open_to = [
        one["spec"]["podSelector"] for one in objects if one["kind"] == "NetworkPolicy" and "ingress" in one["spec"]
    ]
    assert open_to == [{"matchLabels": {"app.kubernetes.io/name": "console"}}]
    [container] = deployments(objects)["console"]["spec"]["template"]["spec"]["containers"]
    assert [port["name"] for port in container["ports"]] == [service["spec"]["ports"][0]["targetPort"]]


def test_what_is_referred_to_is_there(objects: list[dict[str, Any]]) -> None:
    names = {(one["kind"], one["metadata"]["name"]) for one in objects}
    for deployment in deployments(objects).values():
        for volume in deployment["spec"]["template"]["spec"]["volumes"]:
            if "persistentVolumeClaim" in volume:
                assert ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) in names
            for source in volume.get("projected", {}).get("sources", []):
                [(kind, value)] = source.items()
                assert ({"configMap": "ConfigMap", "secret": "Secret"}[kind], value["name"]) in names
    for one in objects:
        if one["kind"] == "HorizontalPodAutoscaler":
            assert ("Deployment", one["spec"]["scaleTargetRef"]["name"]) in names


def test_secrets_are_ignored_by_git() -> None:
    done = subprocess.run(["git", "check-ignore", "-q", "deploy/kubernetes/secrets/xiaomi.toml"], cwd=ROOT, check=False)
    if done.returncode == 128:
        pytest.skip("not a git checkout")
    assert done.returncode == 0


def test_the_example_configuration_is_one(tmp_path: Path) -> None:
    from migpt_shared.settings import load_settings

    shutil.copy(ROOT / "deploy" / "kubernetes" / "config.toml", tmp_path)
    assert load_settings(tmp_path / "config.toml").log_format == "json"
