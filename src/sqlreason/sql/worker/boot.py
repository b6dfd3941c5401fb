"""Where a worker process begins: `python -I -S boot.py engine limits parent heartbeat site`.

It loads its own folder as a package, so that nothing of the project outside the folder is ever imported.
"""

import importlib.util
import json
import sys
from pathlib import Path


def main() -> None:
    """Serves the parent that started this process."""
    engine, limits, parent, heartbeat, site = sys.argv[1:]
    folder, name = Path(__file__).parent, "sqlreason_worker"
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None and spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    spec.loader.exec_module(package)
    sys.path += [site] if site else []
    serving = importlib.import_module(f"{name}.serving")
    serving.serve(json.loads(limits), engine, int(parent), int(heartbeat))


if __name__ == "__main__":
    main()
