"""A mapping document → the source of one function, rule by rule, in whichever language the dialect writes."""

from __future__ import annotations

from workbench.mapping.block_writer import BlockWriter, locals_of, with_variables
from workbench.mapping.blocks import Leaf, Rule
from workbench.mapping.completion import complete_resource
from workbench.mapping.dialects import Value
from workbench.mapping.expression.writer import Scope
from workbench.mapping.walking import leaves_in

__all__ = ["MappingWriter"]


class MappingWriter(BlockWriter):
    """Writes the body of one mapping function."""

    def write(self) -> None:
        """Write the statements that fill `rows`."""
        scope = Scope(context="event", this="event", whole="event", raw=True)
        for name, value in self.document.variables:
            local = self.dialect.variable(name, locals_of(scope))
            self.dialect.let(local, self.given(value, scope))
            scope = with_variables(scope, {name: local})
        for rule in self.document.rules:
            self.rule = rule.name
            self._write_rule(rule, scope)

    def _write_rule(self, rule: Rule, scope: Scope) -> None:
        dialect, identity = self.dialect, f"id_{rule.name.replace('-', '_')}"
        dialect.comment(f"{rule.name} → {rule.resource_type}")
        self.identities[rule.name] = identity
        dialect.declare(identity)
        inner, opened = scope, 0
        if rule.each is not None:
            inner = self.open_loop(rule.each, rule.element, None, inner, _leaves_of_rule(rule))
            opened += 1
        if rule.when is not None:
            inner = self.open_condition(rule.when, inner)
            opened += 1
        self._write_resource(rule, identity, inner)
        for _ in range(opened):
            dialect.close()

    def _write_resource(self, rule: Rule, identity: str, scope: Scope) -> None:
        dialect = self.dialect
        value = self.given(rule.identity.value, scope)
        dialect.assign(identity, dialect.call("identity_value", value))
        order = dialect.missing
        if rule.order is not None:
            found = self.read(rule.order, scope)
            order = self.new(dialect.call("event_time", found))
        self.slots = {"identity": identity, "order": order}
        resource = self.fields(complete_resource(rule), scope)
        row = [
            ("rule", dialect.literal(rule.name)),
            ("write", dialect.literal(rule.write)),
            ("parameter", dialect.literal(rule.identity.parameter)),
            ("system", dialect.literal(rule.identity.system)),
            ("value", identity),
            ("order", order if rule.order is not None else dialect.literal(None)),
            ("resource", resource.text),
        ]
        dialect.append("rows", Value(dialect.object_of(row), "always"))


def _leaves_of_rule(rule: Rule) -> list[Leaf]:
    given = [leaf for leaf in (rule.when, rule.identity.value, rule.order) if isinstance(leaf, Leaf)]
    return [*given, *leaves_in(rule.resource)]
