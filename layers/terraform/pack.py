"""What `sam build` makes of a folder `arm64/` or `x86_64/`: the layer of that architecture.

Of no folder it makes an empty layer, since `sam build` builds a layer whether or not it will be
deployed.
"""

import shutil
import sys
from pathlib import Path

from program import GO, NAMES, LayerError, check

# Where Lambda has a layer.
OPT = Path("/opt")
MIRROR = "terraform-mirror"
MEBIBYTE = 1024 * 1024
# Lambda: a function and its layers, unzipped (developer guide, "Lambda quotas").
MAX_UNZIPPED = 250 * MEBIBYTE
# The layer cloudseam and the function; tests/artifacts sees to it that they stay below.
OTHERS = 62 * MEBIBYTE


def pack(source: Path, layer: Path, architecture: str, opt: Path = OPT) -> str:
    """Makes the layer, and says what is in it.

    Raises:
        LayerError: what there is cannot be deployed.
    """
    program = next((path for name in NAMES if (path := source / "bin" / name).is_file()), None)
    if program is None:
        (layer / "README").write_text("`make terraform-layer` puts Terraform here.\n")
        return f"No Terraform for {architecture}, so its layer is empty: see `make terraform-layer`"
    version = check(program, architecture)
    (layer / "bin").mkdir(parents=True)
    shutil.copy(program, layer / "bin")
    providers = _copy_mirror(source / "mirror", layer / MIRROR, architecture)
    (layer / "terraform.rc").write_text(_configuration(providers, opt / MIRROR))
    size = sum(path.stat().st_size for path in layer.rglob("*") if path.is_file())
    if size > MAX_UNZIPPED - OTHERS:
        raise LayerError(
            f"The layer of {architecture} has {size / MEBIBYTE:.1f} MiB unpacked, but Lambda "
            f"allows {MAX_UNZIPPED // MEBIBYTE} MiB for a function with all its layers, of which "
            f"{OTHERS // MEBIBYTE} are CloudSeam's. Take providers out of {source / 'mirror'}, or "
            "run such tasks in a container (docs/executors.md)."
        )
    told = version or f"{program.name}, not run here"
    return f"{told} for {architecture}, {len(providers)} providers, {size / MEBIBYTE:.1f} MiB"


def _copy_mirror(mirror: Path, copy: Path, architecture: str) -> list[str]:
    """Copies what `terraform providers mirror` made; the providers, as HOST/NAMESPACE/TYPE."""
    platform = f"linux_{GO[architecture]}"
    providers = []
    for provider in sorted(path for path in mirror.glob("*/*/*") if path.is_dir()):
        name = provider.relative_to(mirror)
        packages = [*provider.glob(f"*_{platform}.zip"), *provider.glob(f"*/{platform}")]
        if not packages:
            raise LayerError(
                f"{provider} has no package for {platform}. Make it with "
                f"`terraform providers mirror -platform={platform} {mirror}`."
            )
        for package in packages:
            target = copy / name / package.relative_to(provider)
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if package.is_dir() else shutil.copy)(package, target)
        providers.append(name.as_posix())
    return providers


def _configuration(providers: list[str], mirror: Path) -> str:
    """Has Terraform take these providers from the mirror, and all others from where they are."""
    if not providers:
        return ""
    listed = ", ".join(f'"{provider}"' for provider in providers)
    return (
        "provider_installation {\n"
        f'  filesystem_mirror {{\n    path    = "{mirror}"\n    include = [{listed}]\n  }}\n'
        f"  direct {{\n    exclude = [{listed}]\n  }}\n"
        "}\n"
    )


def main() -> int:
    """Exits with 1 where the layer cannot be deployed."""
    if len(sys.argv) < 3 or not sys.argv[2]:
        print("`sam build` runs this, with ARTIFACTS_DIR.", file=sys.stderr)
        return 1
    architecture, layer, *opt = sys.argv[1:]
    Path(layer).mkdir(parents=True, exist_ok=True)
    try:
        print(pack(Path(architecture), Path(layer), architecture, Path(*opt) if opt else OPT))
    except (LayerError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
