"""`sam sync` deploys what it is configured for, as while developing."""

from tests.e2e.installation import Cloud, Installation


def test_a_deployment_for_development_drives_a_stack(cloud: Cloud) -> None:
    cloud.sam.sync()
    installation = Installation(cloud, "cloudseam-dev", outputs=cloud.outputs("cloudseam-dev"))
    installation.put_machines()

    installation.send("s", "LAUNCH", machine="functions")

    assert installation.comes_to("s", "GREET")  # whose function it may not invoke
    cloud.sam.delete("cloudseam-dev")
