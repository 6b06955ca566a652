// The editor of the mapping designer: CodeMirror on the left, the panel's parts on the right, and the links between a
// line and what it makes. It sends the text after a pause in typing, numbered; an answer to an older text is passed over.
import { autocompletion, completionKeymap, startCompletion } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import panel from "../panel.js";
import { colours, expressions, linkedLine, showLinked } from "./look.js";

const PAUSE = 120; // milliseconds without a key before the text is sent
const POLL = 2000;
const NARROW = 860; // pixels

export function open({ model, root, text }) {
  const place = Object.assign(document.createElement("div"), { className: "wb-editor" });
  place.dataset.lmSuppressShortcuts = "true"; // Lab's shortcuts are for its cells: Ctrl+F, Ctrl+Z and Ctrl+S are the editor's
  const side = Object.assign(document.createElement("div"), { className: "wb-side" });
  root.append(place, side);
  const closePanel = panel.render({ model, el: side });

  let version = 0;
  let timer = 0;
  let asked = 0;
  const waiting = new Map();
  const tell = () => {
    clearTimeout(timer);
    timer = 0;
    panel.send(model, { version: ++version, text: view.state.doc.toString() });
  };
  const save = () => {
    clearTimeout(timer);
    panel.send(model, { action: "save", values: {}, text: view.state.doc.toString() });
    return true;
  };
  const complete = (context) => {
    const line = context.state.doc.lineAt(context.pos);
    const before = line.text.slice(0, context.pos - line.from);
    if (!context.explicit && !/[\w$.]$/.test(before)) return null;
    const ask = ++asked;
    panel.send(model, { ask, line: line.number, column: context.pos - line.from, text: context.state.doc.toString() });
    return new Promise((resolve) => {
      waiting.set(ask, ({ start, options }) =>
        resolve(options.length ? { from: line.from + start, options, validFor: /^[\w$.]*$/ } : null),
      );
      context.addEventListener("abort", () => (waiting.delete(ask), resolve(null)));
    });
  };

  const view = new EditorView({
    parent: place,
    state: EditorState.create({
      doc: text,
      extensions: [
        [lineNumbers(), highlightActiveLineGutter(), lintGutter(), history(), drawSelection(), highlightActiveLine()],
        [indentOnInput(), indentUnit.of("  "), bracketMatching(), yaml(), expressions, colours, linkedLine],
        autocompletion({ override: [complete], icons: false }),
        keymap.of([{ key: "Mod-s", run: save, preventDefault: true }, { key: "Ctrl-Space", run: startCompletion }]),
        keymap.of([...completionKeymap, ...searchKeymap, ...historyKeymap, ...lintKeymap, ...defaultKeymap, indentWithTab]),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": `${model.get("label")}, text`, tabindex: "0" }),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          clearTimeout(timer);
          timer = setTimeout(tell, PAUSE);
        }),
        EditorView.domEventHandlers({ mousemove: (event, shown) => lineUnder(event, shown, side) }),
      ],
    }),
  });
  place.addEventListener("keydown", (event) => event.stopPropagation());

  const hear = (message) => {
    if (message.marks && message.version === version) view.dispatch(setDiagnostics(view.state, diagnostics(view, message.marks)));
    if (message.answer) waiting.get(message.answer)?.(message), waiting.delete(message.answer);
    if (typeof message.text === "string" && !message.code && message.text !== view.state.doc.toString()) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: message.text } });
    }
  };
  model.on("msg:custom", hear);
  side.addEventListener("click", (event) => goTo(event, view));
  for (const name of ["mouseover", "focusin"]) side.addEventListener(name, (event) => leafUnder(event, view, side));
  const narrow = new ResizeObserver(() => root.classList.toggle("wb-narrow", root.clientWidth < NARROW));
  narrow.observe(root);
  const poll = setInterval(() => document.visibilityState === "visible" && !model.get("busy") && panel.send(model, { poll: true }), POLL);
  tell();
  return () => (clearInterval(poll), clearTimeout(timer), narrow.disconnect(), model.off("msg:custom", hear), closePanel(), view.destroy());
}

/** The markers of problems; a place outside the text, from a shorter one, is moved to its end. */
function diagnostics(view, marks) {
  return marks.map(({ line, column, length, severity, message }) => {
    const at = view.state.doc.line(Math.min(line, view.state.doc.lines));
    const from = Math.min(at.from + column - 1, at.to);
    return { from, to: Math.min(from + length, at.to), severity, message };
  });
}

/** A press on "line 12" puts the cursor there. */
function goTo(event, view) {
  const pressed = event.target.closest("[data-line]");
  if (!pressed || (pressed.tagName !== "BUTTON" && pressed.tagName !== "TR")) return;
  const line = view.state.doc.line(Math.min(Number(pressed.dataset.line), view.state.doc.lines));
  view.dispatch({ selection: { anchor: line.from }, effects: EditorView.scrollIntoView(line.from, { y: "center" }) });
  view.focus();
}

/** From a line to the leaves that it makes. */
function lineUnder(event, view, side) {
  const position = view.posAtCoords({ x: event.clientX, y: event.clientY });
  const number = position === null ? 0 : view.state.doc.lineAt(position).number;
  for (const row of side.querySelectorAll("tr[data-line]")) row.classList.toggle("wb-linked", Number(row.dataset.line) === number);
}

/** From a leaf to the line that makes it. */
function leafUnder(event, view, side) {
  const row = event.target.closest("tr[data-line]");
  for (const each of side.querySelectorAll("tr.wb-linked")) if (each !== row) each.classList.remove("wb-linked");
  showLinked(view, row ? Number(row.dataset.line) : 0);
}
