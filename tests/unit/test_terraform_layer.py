"""The layer of Terraform: what is put into it, and what `sam build` makes of that."""

import hashlib
import os
import platform
import struct
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "layers" / "terraform"
GO = {"x86_64": "amd64", "arm64": "arm64"}
HERE = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
ELSEWHERE = "arm64" if HERE == "x86_64" else "x86_64"
MEBIBYTE = 1024 * 1024

on_linux = pytest.mark.skipif(
    sys.platform != "linux" or HERE not in GO, reason="its programs are not those of a layer"
)


def a_program(architecture: str) -> bytes:
    """The head of a program, which is all that is looked at on another computer."""
    machine = {"x86_64": 0x3E, "arm64": 0xB7}[architecture]
    return b"\x7fELF\x02\x01" + bytes(12) + struct.pack("<H", machine) + bytes(44)


@dataclass
class Layer:
    """A folder in the place of layers/terraform, and its scripts as people run them."""

    folder: Path

    def release(self, architecture: str, program: bytes, name: str = "terraform") -> Path:
        """A release in a folder of its own, as releases are packed."""
        release = self.folder / f"{name}_1.2.3_linux_{GO[architecture]}.zip"
        with zipfile.ZipFile(release, "w") as archive:
            archive.writestr("LICENSE.txt", "…")
            archive.writestr(name, program)
        return release

    def know(self, *releases: Path, digest: str = "") -> None:
        """Has the list of checksums name the releases."""
        lines = [
            f"{digest or hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
            for path in releases
        ]
        (self.folder / "releases.sha256").write_text("".join(lines))

    def get(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """`make terraform-layer`."""
        return self._run(SCRIPTS / "get.py", "--layer", self.folder, *arguments)

    def pack(self, architecture: str) -> subprocess.CompletedProcess[str]:
        """What `sam build` runs for one architecture."""
        return self._run(SCRIPTS / "pack.py", architecture, self.folder / "built")

    def _run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def put(self, path: str, content: bytes = b"") -> Path:
        """A file below the folder."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file


@pytest.fixture
def layer(tmp_path: Path) -> Layer:
    return Layer(tmp_path)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A place on this computer that releases are downloaded from, and its folder."""
    folder = tmp_path / "site"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()


def test_a_release_whose_checksum_is_known_is_taken_and_nothing_else_of_it(layer: Layer) -> None:
    release = layer.release(ELSEWHERE, a_program(ELSEWHERE))
    layer.know(release)

    ended = layer.get("--architecture", ELSEWHERE, release)

    assert ended.returncode == 0, ended.stderr
    [program] = (layer.folder / ELSEWHERE / "bin").iterdir()
    assert program.name == "terraform"
    assert program.read_bytes() == a_program(ELSEWHERE)
    assert program.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("name", ["terraform", "tofu"])
def test_a_release_with_another_checksum_is_refused_and_what_was_there_stays(
    layer: Layer, name: str
) -> None:
    kept = layer.put(f"{ELSEWHERE}/bin/terraform", b"kept")
    release = layer.release(ELSEWHERE, a_program(ELSEWHERE), name)
    layer.know(release, digest="0" * 64)

    ended = layer.get("--architecture", ELSEWHERE, release)

    assert ended.returncode == 1
    assert f"releases.sha256 says {'0' * 64}" in ended.stderr
    assert kept.read_bytes() == b"kept"


def test_a_release_that_is_not_in_the_list_is_refused_with_what_to_do(layer: Layer) -> None:
    layer.know()

    ended = layer.get("--architecture", ELSEWHERE, layer.release(ELSEWHERE, b""))

    assert ended.returncode == 1
    assert "Add its line, from the release's SHA256SUMS" in ended.stderr


def test_without_a_file_the_last_release_of_the_list_is_downloaded(
    layer: Layer, site: tuple[str, Path]
) -> None:
    url, folder = site
    release = layer.release(ELSEWHERE, a_program(ELSEWHERE))
    layer.know(layer.put(f"terraform_1.0.0_linux_{GO[ELSEWHERE]}.zip"), release)
    (folder / "1.2.3").mkdir()
    release.rename(folder / "1.2.3" / release.name)

    ended = layer.get("--architecture", ELSEWHERE, "--url", url)

    assert ended.returncode == 0, ended.stderr
    assert (layer.folder / ELSEWHERE / "bin" / "terraform").exists()


def test_a_download_that_fails_is_told_with_what_to_do(
    layer: Layer, site: tuple[str, Path]
) -> None:
    layer.know(layer.release(ELSEWHERE, b""))

    ended = layer.get("--architecture", ELSEWHERE, "--url", site[0])

    assert ended.returncode == 1
    assert "404" in ended.stderr
    assert "FROM=" in ended.stderr


def test_nothing_is_read_but_by_http(layer: Layer) -> None:
    release = layer.release(ELSEWHERE, a_program(ELSEWHERE))
    layer.know(release)
    (layer.folder / "1.2.3").mkdir()
    release.rename(layer.folder / "1.2.3" / release.name)

    ended = layer.get("--architecture", ELSEWHERE, "--url", layer.folder.as_uri())

    assert ended.returncode == 1
    assert "unknown url type: file" in ended.stderr


def test_a_program_for_another_architecture_is_refused(layer: Layer) -> None:
    program = layer.put("terraform", a_program(HERE))

    ended = layer.get("--architecture", ELSEWHERE, program)

    assert ended.returncode == 1
    assert f"a program for {HERE}, but the layer is for {ELSEWHERE}" in ended.stderr


@on_linux
def test_a_program_that_does_not_run_is_refused(layer: Layer) -> None:
    ended = layer.get("--architecture", HERE, layer.put("terraform", a_program(HERE)))

    assert ended.returncode == 1
    assert "terraform cannot be run: OSError" in ended.stderr


def test_the_releases_that_are_pinned_are_one_version_for_both_architectures() -> None:
    lines = (SCRIPTS / "releases.sha256").read_text().splitlines()
    digests, names = zip(*(line.split("  ") for line in lines), strict=True)

    assert {len(bytes.fromhex(digest)) for digest in digests} == {32}
    [version] = {name.split("_")[1] for name in names}
    assert set(names) == {f"terraform_{version}_linux_{go}.zip" for go in GO.values()}


def test_with_nothing_to_pack_the_layer_is_empty_and_the_build_goes_on(layer: Layer) -> None:
    ended = layer.pack(HERE)

    assert ended.returncode == 0, ended.stderr
    assert "make terraform-layer" in ended.stdout
    assert [path.name for path in (layer.folder / "built").iterdir()] == ["README"]


def test_a_layer_has_the_program_and_the_providers_of_its_platform(layer: Layer) -> None:
    layer.put(f"{ELSEWHERE}/bin/tofu", a_program(ELSEWHERE)).chmod(0o755)
    packed = "terraform-provider-a_1.0.0_linux_{}.zip"
    for go in GO.values():
        layer.put(f"{ELSEWHERE}/mirror/example.com/acme/a/{packed.format(go)}")
    layer.put(f"{ELSEWHERE}/mirror/example.com/acme/b/2.0.0/linux_{GO[ELSEWHERE]}/program")
    layer.put(f"{ELSEWHERE}/mirror/example.com/acme/a/index.json")

    ended = layer.pack(ELSEWHERE)

    assert ended.returncode == 0, ended.stderr
    built = layer.folder / "built"
    files = {path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()}
    assert files == {
        "bin/tofu",
        "terraform.rc",
        f"terraform-mirror/example.com/acme/a/{packed.format(GO[ELSEWHERE])}",
        f"terraform-mirror/example.com/acme/b/2.0.0/linux_{GO[ELSEWHERE]}/program",
    }
    assert os.access(built / "bin" / "tofu", os.X_OK)
    assert '"/opt/terraform-mirror"' in (built / "terraform.rc").read_text()


def test_a_provider_without_a_package_for_the_platform_is_refused(layer: Layer) -> None:
    layer.put(f"{ELSEWHERE}/bin/terraform", a_program(ELSEWHERE))
    layer.put(f"{ELSEWHERE}/mirror/example.com/acme/a/a_1.0.0_linux_{GO[HERE]}.zip")

    ended = layer.pack(ELSEWHERE)

    assert ended.returncode == 1
    assert f"no package for linux_{GO[ELSEWHERE]}" in ended.stderr
    assert "terraform providers mirror -platform=" in ended.stderr


@pytest.mark.parametrize(("size", "code"), [(187, 0), (188, 1)])
def test_a_layer_that_leaves_no_room_for_the_others_is_refused(
    layer: Layer, size: int, code: int
) -> None:
    program = layer.put(f"{ELSEWHERE}/bin/terraform", a_program(ELSEWHERE))
    os.truncate(program, size * MEBIBYTE + 1)

    ended = layer.pack(ELSEWHERE)

    assert ended.returncode == code
    assert ("Lambda allows 250 MiB" in ended.stderr) == bool(code)
    (layer.folder / "built" / "bin" / "terraform").unlink()
