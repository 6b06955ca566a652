"""Tokens → syntax tree, by operator precedence as JSONata's own parser has it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Final

from workbench.mapping.expression.faults import Fault, FaultError, Span, refused
from workbench.mapping.expression.functions.signatures import LAMBDA_SIGNS, Signature, SignatureTextError
from workbench.mapping.expression.lexer import OPERATORS, Lexer, Token
from workbench.mapping.expression.syntax_tree import Syntax

__all__ = ["parse_syntax"]

_INFIX: Final = frozenset([".", "+", "-", "*", "/", "%", "=", "<", ">", "!=", "<=", ">=", "&", "and", "or", "in", "~>"])
_GOING_ON: Final = _INFIX | {"(", "[", "{", "^", "?", "?:", "??", ":=", "@", "#"}
_DEEPEST: Final = 150  # nested expressions; each takes a few frames of our own stack


def parse_syntax(text: str) -> Syntax:
    """The syntax tree of a whole expression.

    Raises:
        FaultError: the text is no JSONata, or is nested too deep.
    """
    parser = _Parser(text)
    tree = parser.expression(0)
    if parser.token.kind != "end":
        raise _fault(
            parser.token,
            "S0201",
            f"the text is not understood from {_shown(parser.token)} on",
            "remove it, or join it by an operator",
        )
    return tree


class _Parser:
    def __init__(self, text: str) -> None:
        self._lexer = Lexer(text)
        self._depth = 0
        self.token = self._next(after_value=False)

    # -- moving on ----------------------------------------------------------------------------------------------

    def _advance(self, *, after_value: bool = False) -> Token:
        passed, self.token = self.token, self._next(after_value=after_value)
        return passed

    def _next(self, *, after_value: bool) -> Token:
        token = self._lexer.next(after_value=after_value)
        if token.kind == "operator" and token.value in ("!", "~"):
            raise _fault(token, "S0204", f"{token.value} is no operator", "not is written $not(…), apply is ~>")
        return token

    def _expect(self, sign: str, *, after_value: bool = False) -> Token:
        if not self._at(sign):
            code = "S0203" if self.token.kind == "end" else "S0202"
            raise _fault(self.token, code, f"{sign} is expected before {_shown(self.token)}", f"add {sign}")
        return self._advance(after_value=after_value)

    def _at(self, sign: str) -> bool:
        return self.token.kind == "operator" and self.token.value == sign

    def expression(self, power: int) -> Syntax:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise refused(
                self.token.span,
                "nesting",
                f"the expression is nested more than {_DEEPEST} deep",
                "bind its parts to variables",
            )
        token = self._advance(after_value=True)
        left = self._prefix(token)
        while power < self._power():
            token = self._advance()
            left = self._infix(token, left)
        self._depth -= 1
        return left

    def _power(self) -> int:
        return OPERATORS[self.token.value] if self.token.kind == "operator" and self.token.value in _GOING_ON else 0

    # -- what begins an expression ------------------------------------------------------------------------------

    def _prefix(self, token: Token) -> Syntax:
        if token.kind != "operator":
            return Syntax(token.kind, token.value, token.span)
        sign = token.value
        if sign in ("and", "or", "in"):
            return Syntax("name", sign, token.span)
        if sign == "-":
            return self._ended(Syntax("unary", "-", token.span, left=self.expression(70)))
        if sign in ("*", "**", "%"):
            return Syntax({"*": "wildcard", "**": "descendant", "%": "parent"}[sign], sign, token.span)
        reader = {"(": self._block, "[": self._array, "{": self._object, "|": self._transform}.get(sign)
        if reader:
            return self._ended(reader(token))
        raise _fault(token, "S0211", f"{sign} cannot begin an expression", "write what it applies to before it")

    def _ended(self, made: Syntax) -> Syntax:
        """The node with its span drawn out to what was read last."""
        end = self.token.span.start
        made.span = Span(made.span.start, max(made.span.end, end))
        return made

    def _block(self, token: Token) -> Syntax:
        block = Syntax("block", "(", token.span)
        while not self._at(")"):
            block.items.append(self.expression(0))
            if not self._at(";"):
                break
            self._advance()
        self._expect(")", after_value=True)
        return block

    def _array(self, token: Token) -> Syntax:
        array = Syntax("unary", "[", token.span)
        if not self._at("]"):
            self._listed(lambda: array.items.append(self._range_or_item()))
        self._expect("]", after_value=True)
        return array

    def _range_or_item(self) -> Syntax:
        item = self.expression(0)
        if not self._at(".."):
            return item
        sign = self._advance()
        return Syntax("binary", "..", sign.span, left=item, right=self.expression(0))

    def _object(self, token: Token) -> Syntax:
        return Syntax("unary", "{", token.span, left=self._pairs())

    def _pairs(self) -> list[tuple[Syntax, Syntax]]:
        pairs: list[tuple[Syntax, Syntax]] = []
        if not self._at("}"):
            self._listed(lambda: pairs.append(self._pair()))
        self._expect("}", after_value=True)
        return pairs

    def _pair(self) -> tuple[Syntax, Syntax]:
        key = self.expression(0)
        self._expect(":")
        return key, self.expression(0)

    def _listed(self, read: Callable[[], None]) -> None:
        read()
        while self._at(","):
            self._advance()
            read()

    def _transform(self, token: Token) -> Syntax:
        self.expression(0)
        self._expect("|")
        self.expression(0)
        if self._at(","):
            self._advance()
            self.expression(0)
        self._expect("|")
        return Syntax("transform", "|", token.span)

    # -- what goes on from a left side --------------------------------------------------------------------------

    def _infix(self, token: Token, left: Syntax) -> Syntax:
        sign = token.value
        if sign in _INFIX:
            return Syntax("binary", sign, token.span, left=left, right=self.expression(OPERATORS[sign]))
        readers = {
            "(": self._call, "[": self._predicate, "{": self._group, "^": self._sort, "?": self._condition,
            "?:": self._elvis, "??": self._coalesce, ":=": self._bind, "@": self._focus, "#": self._focus,
        }  # fmt: skip
        if sign in readers:
            return readers[sign](token, left)
        raise _fault(token, "S0201", f"{sign} is not understood here", "remove it")

    def _call(self, token: Token, left: Syntax) -> Syntax:
        call = Syntax("function", "(", Span(left.span.start, token.span.end), left=left)
        if not self._at(")"):
            self._listed(lambda: call.items.append(self._argument(call)))
        self._expect(")", after_value=True)
        self._ended(call)
        return self._lambda(call) if left.kind == "name" and left.value in ("function", "λ") else call

    def _argument(self, call: Syntax) -> Syntax:
        if self._at("?"):
            call.kind = "partial"
            return Syntax("operator", "?", self._advance().span)
        return self.expression(0)

    def _lambda(self, made: Syntax) -> Syntax:
        for item in made.items:
            if item.kind != "variable":
                raise FaultError(
                    Fault(span=item.span, code="S0208", message="a parameter is a variable", remedy="write it as $name")
                )
        made.kind = "lambda"
        if self._at("<"):
            made.value = self._signature()
        self._expect("{")
        made.right = self.expression(0)
        self._expect("}")
        return made

    def _signature(self) -> str:
        start, depth, parts = self.token, 1, ["<"]
        while depth and not self._at("{") and self.token.kind != "end":
            self._advance()
            sign = str(self.token.value)
            depth += (sign == "<") - (sign == ">")
            parts.append(sign)
        self._expect(">")
        signature = "".join(parts)
        if set(signature) - LAMBDA_SIGNS:
            raise refused(
                start.span,
                "signature",
                "this function signature is not portable",
                "use the types n s b o a f j x, ? and +",
            )
        try:
            Signature(signature)
        except SignatureTextError as error:
            raise _fault(
                start, error.code, "a function signature is wrong", "only a and f take a type in < >"
            ) from None
        return signature

    def _predicate(self, token: Token, left: Syntax) -> Syntax:
        if not self._at("]"):
            made = Syntax("binary", "[", token.span, left=left, right=self.expression(0))
            self._expect("]", after_value=True)
            return made
        step = left
        while step.kind == "binary" and step.value == "[":
            step = step.left
        step.keep_array = True
        self._advance()
        return left

    def _group(self, token: Token, left: Syntax) -> Syntax:
        return Syntax("binary", "{", token.span, left=left, right=self._pairs())

    def _sort(self, token: Token, left: Syntax) -> Syntax:
        self._expect("(")
        terms: list[tuple[bool, Syntax]] = []
        self._listed(lambda: terms.append(self._term()))
        self._expect(")")
        return Syntax("binary", "^", token.span, left=left, right=terms)

    def _term(self) -> tuple[bool, Syntax]:
        down = self._at(">")
        if down or self._at("<"):
            self._advance()
        return down, self.expression(0)

    def _condition(self, token: Token, left: Syntax) -> Syntax:
        made = Syntax("condition", "?", token.span, condition=left, then=self.expression(0))
        if self._at(":"):
            self._advance()
            made.otherwise = self.expression(0)
        return made

    def _elvis(self, token: Token, left: Syntax) -> Syntax:
        # JSONata reads the left side twice, once as condition and once as value
        return Syntax(
            "condition", "?:", token.span, condition=copy.deepcopy(left), then=left, otherwise=self.expression(0)
        )

    def _coalesce(self, token: Token, left: Syntax) -> Syntax:
        exists = Syntax(
            "function", "(", left.span, left=Syntax("variable", "exists", left.span), items=[copy.deepcopy(left)]
        )
        return Syntax("condition", "??", token.span, condition=exists, then=left, otherwise=self.expression(0))

    def _bind(self, token: Token, left: Syntax) -> Syntax:
        if left.kind != "variable":
            raise FaultError(
                Fault(span=left.span, code="S0212", message="only a variable can be bound", remedy="write $name := …")
            )
        return Syntax("binary", ":=", token.span, left=left, right=self.expression(OPERATORS[":="] - 1))

    def _focus(self, token: Token, left: Syntax) -> Syntax:
        right = self.expression(80)
        if right.kind != "variable":
            message = f"the right side of {token.value} is a variable"
            raise FaultError(Fault(span=right.span, code="S0214", message=message, remedy="write it as $name"))
        return Syntax("binary", token.value, token.span, left=left, right=right)


def _shown(token: Token) -> str:
    if token.kind == "end":
        return "the end"
    return str(token.value) if token.kind in ("operator", "name") else f"this {token.kind}"


def _fault(token: Token, code: str, message: str, remedy: str) -> FaultError:
    return FaultError(Fault(span=token.span, code=code, message=message, remedy=remedy))
