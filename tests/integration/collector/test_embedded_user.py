import os
import subprocess
import sys

import pytest

STARTS = 6
"""As many programs start at once; two were enough to end up with two numbers."""

# In a namespace of mounts of its own, with a copy of /etc in the place of /etc.
ALONE = """
set -e
cp -a /etc "$1"
mount --bind "$1" /etc
userdel pgserver 2>/dev/null || true
shift
for _ in $(seq "$1"); do "$2" -c "$3" & done
wait
"""
START = r"""
import os, pwd
from collector.database.embedded_user import server_user
os.write(1, b"%d\n" % pwd.getpwnam(server_user()).pw_uid)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user for the server")
def test_programs_that_start_at_once_on_a_new_machine_agree_who_the_servers_user_is(tmp_path):
    started = subprocess.run(
        ["unshare", "--mount", "sh", "-c", ALONE, "sh", tmp_path / "etc", str(STARTS),
         sys.executable, START],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    numbers = started.stdout.split()
    assert len(numbers) == STARTS, started.stderr
    assert len(set(numbers)) == 1
