#!/usr/bin/env python3
"""KubePlus's program under its old name: hands over to `tenantry provider-kubeconfig`. Needs nothing but Python and Node."""
import os
import shutil
import sys


def program():
    """The command to run: what stands beside this file, else what is on PATH."""
    here = os.path.dirname(os.path.realpath(__file__))
    bundle = os.path.join(here, "dist", "tenantry.mjs")
    node = shutil.which("node")
    if node and os.path.exists(bundle):
        return [node, bundle]
    installed = shutil.which("tenantry")
    if installed:
        return [installed]
    sys.exit("error: tenantry is not installed\n  Install it (`npm install -g tenantry`), or put its dist/ beside this file.")


if __name__ == "__main__":
    command = program() + ["provider-kubeconfig"] + sys.argv[1:]
    os.execv(command[0], command)
