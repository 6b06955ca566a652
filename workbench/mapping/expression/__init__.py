"""The portable JSONata profile: text → one intermediate form → Python and JavaScript of the same meaning."""

from workbench.mapping.expression import call_writer, choice_writer, node_writer, operator_writer, path_writer  # noqa: F401 - each says how it writes its nodes
from workbench.mapping.expression.compile import Expression, compile_expression, parse
from workbench.mapping.expression.functions.values import MISSING
from workbench.mapping.expression.ir import Node

__all__ = ["MISSING", "Expression", "Node", "compile_expression", "parse"]
