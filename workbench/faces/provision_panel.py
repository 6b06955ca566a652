"""The provision panel: the plan as a diff, apply once it is confirmed, the proof, and where the provider has to post.

The server and the files are the truth; the panel asks them. Everything that it does, its methods do without a browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.access.plan import Plan
from workbench.errors import PlanError
from workbench.faces.markup import Html, render
from workbench.faces.panel import Panel
from workbench.faces.plan_lines import change_lines
from workbench.faces.server_views import probe_view
from workbench.flows import verbs
from workbench.flows.integrations import LoadedIntegration
from workbench.flows.proving import Probe
from workbench.flows.provision import Provisioned, find_provisioned
from workbench.flows.secrets import is_local
from workbench.servers.client import Server

__all__ = ["ProvisionPanel", "provision"]

_TYPED = 6  # characters of the checksum that a person types before a server elsewhere is changed


def provision(integration: LoadedIntegration, server: Server) -> ProvisionPanel:
    """A panel that shows what has to change on a server, applies it when it is confirmed, and proves it; nothing yet.

    Raises:
        PlanError: something on the server stands in the way.
        ServerError: the client may not read what it must.
    """
    return ProvisionPanel(integration, server)


class ProvisionPanel(Panel):
    """One integration on one server: `plan`, what is there (`made`), and what was tried (`probes`)."""

    plan: Plan
    made: Provisioned | None = None
    probes: tuple[Probe, ...] = ()

    def __init__(self, integration: LoadedIntegration, server: Server) -> None:
        actions = {
            "plan": lambda _: self.look(),
            "ask": lambda _: self._ask(True),
            "cancel": lambda _: self._ask(False),
            "apply": self._confirmed,
            "prove": lambda _: self.prove(),
            "reveal": lambda _: self._reveal(True),
            "hide": lambda _: self._reveal(False),
            "copy": lambda _: self.send({"copy": self._made().webhook_url(reveal=True)}),
        }
        super().__init__(f"Provision {integration.name}", actions)
        self.integration = integration
        self.server = server
        self._asking = False
        self._progress: list[str] = []
        self.look()

    def look(self) -> Plan:
        """Plan again: what has to change by now."""
        self.plan = verbs.plan(self.integration, self.server)
        self.made = find_provisioned(self.server, self.integration) if self.plan.is_empty else None
        self._progress, self._asking = [], False
        if not self.plan.is_empty:
            self.probes = ()  # they told of another state
        self.say("The server is as it should be." if self.plan.is_empty else "Nothing is changed yet.")
        self._draw()
        return self.plan

    def apply(self, confirm: str | None = None, *, allow_delete: bool = False) -> Provisioned:
        """Make the changes of the plan that is shown, then prove them.

        Args:
            confirm: the checksum of the plan that was read; an embedded Medplum needs none.
            allow_delete: let the plan take something away.

        Raises:
            PlanError: the server is elsewhere and no checksum is given.
            StalePlanError: the server or the integration changed since.
            UnsafePlanError: the plan deletes something, and that was not allowed.
        """
        if not self.plan.is_empty and not confirm and not is_local(self.server):
            message = (
                f"apply {self.integration.name}: {len(self.plan.changes)} change(s) on {self.server.base_url} are not "
                f"confirmed; read them, then press Apply or give the plan's checksum {self.plan.checksum}"
            )
            raise PlanError(message)
        self._asking, self._progress = False, []
        self._draw()
        checked = confirm or self.plan.checksum
        self.made = verbs.apply(
            self.plan, self.integration, self.server, confirm=checked, allow_delete=allow_delete, progress=self._done
        )
        self.plan = verbs.plan(self.integration, self.server)
        self.prove()
        return self.made

    def prove(self) -> tuple[Probe, ...]:
        """Try on the live server what must be refused and what must work."""
        tried: list[str] = []

        def count(line: str) -> None:
            tried.append(line)
            self.say(f"Trying what must be refused: {len(tried)} doors so far.")

        self.probes = verbs.prove(self.integration, self.server, progress=count)
        open_doors = sum(not probe.ok for probe in self.probes)
        found = f"{open_doors} of {len(self.probes)} doors are open" if open_doors else "every door is as it must be"
        self.say(f"Tried on the live server: {found}.", failed=bool(open_doors))
        self._draw()
        return self.probes

    def picture(self) -> Html:
        """The plan, what was tried and the masked address, without buttons."""
        many = f"{len(self.plan.changes)} change(s), checksum {self.plan.checksum}"
        said = "the server is as desired; nothing to do" if self.plan.is_empty else many
        return Html(text=f"Plan {self.integration.name}: {said}", html=self._render("all", live=False))

    def _draw(self) -> None:
        names = ("head", "plan", "ask", "progress", "address", "proof")
        self.parts = {name: self._render(name, live=True) for name in names}

    def _render(self, part: str, *, live: bool, revealed: bool = False) -> str:
        return render(
            "provision",
            part=part,
            live=live,
            revealed=revealed,
            asking=self._asking,
            local=is_local(self.server),
            typed=_TYPED,
            integration=self.integration,
            address=self.server.base_url,
            plan=self.plan,
            changes=[(change, list(change_lines(change))) for change in self.plan.changes],
            progress=self._progress,
            made=self.made,
            proof=probe_view(self.probes).html() if self.probes else "",
        )

    def _done(self, line: str) -> None:
        self._progress.append(line)
        self.say(f"{len(self._progress)} of {len(self.plan.changes)}: {line}")
        self.parts = {**self.parts, "progress": self._render("progress", live=True)}

    def _ask(self, asking: bool) -> None:
        self._asking = asking
        self.say("Nothing is changed until you confirm." if asking else "Nothing was changed.")
        self._draw()

    def _confirmed(self, values: Mapping[str, Any]) -> None:
        """The form was sent: on a server elsewhere with the first characters of the checksum."""
        begun = self.plan.checksum[:_TYPED]
        if not is_local(self.server) and values.get("typed", "").strip() != begun:
            self.say(f"Not applied: type {begun} to confirm.", failed=True)
            return
        self.apply(self.plan.checksum, allow_delete="allow_delete" in values)

    def _reveal(self, reveal: bool) -> None:
        """Show the address with its secret, or masked again: by a message, so that no saved notebook has it."""
        self.parts = {**self.parts, "address": self._render("address", live=True, revealed=reveal)}
        self.send({"into": "address", "show": self._made().webhook_url(reveal=reveal)})
        said = "Whoever has this address may post to the bot. It is not saved with the notebook."
        self.say(said if reveal else "Hidden again.")

    def _made(self) -> Provisioned:
        return self.made or find_provisioned(self.server, self.integration)
