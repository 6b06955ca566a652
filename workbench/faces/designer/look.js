// How a mapping looks in the editor: JupyterLab's own colours, the JSONata of leaves that begin with `=`, the linked line.
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, MatchDecorator, ViewPlugin } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const EXPRESSION = /(?:^\s*-\s+|[:,[{]\s+)["']?=.*$/gm;
const TOKENS = /("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(\$\w*)(?=\s*\()|(\$\w*)|(\b\d+(?:\.\d+)?\b)|(\?\?|:=|!=|<=|>=|[=?:&+*/<>~^|%-])|(\b(?:and|or|in|true|false|null|function)\b)/g;
const NAMES = ["string", "call", "variable", "number", "operator", "word"];

const matcher = new MatchDecorator({
  regexp: EXPRESSION,
  decorate: (add, from, _to, match) => {
    const begin = match[0].indexOf("=");
    add(from + begin, from + begin + 1, Decoration.mark({ class: "wb-x wb-x-begin" }));
    for (const token of match[0].slice(begin + 1).matchAll(TOKENS)) {
      const start = from + begin + 1 + token.index;
      const kind = NAMES[token.slice(1).findIndex((part) => part !== undefined)];
      add(start, start + token[0].length, Decoration.mark({ class: `wb-x wb-x-${kind}` }));
    }
  },
});

export const expressions = ViewPlugin.define(
  (view) => ({
    decorations: matcher.createDeco(view),
    update(update) {
      this.decorations = matcher.updateDeco(update, this.decorations);
    },
  }),
  { decorations: (plugin) => plugin.decorations },
);

const link = StateEffect.define();
export const linkedLine = StateField.define({
  create: () => Decoration.none,
  update(shown, change) {
    for (const effect of change.effects) {
      if (effect.is(link)) {
        const known = effect.value >= 1 && effect.value <= change.state.doc.lines;
        const at = known ? change.state.doc.line(effect.value).from : 0;
        return known ? Decoration.set([Decoration.line({ class: "wb-linked-line" }).range(at)]) : Decoration.none;
      }
    }
    return shown.map(change.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** Mark a line as the one that makes what is pointed at; 0 marks none. */
export function showLinked(view, line) {
  view.dispatch({ effects: link.of(line) });
}

const style = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--wb-key)" },
  { tag: [tags.string, tags.content], color: "inherit" },
  { tag: tags.comment, color: "var(--wb-remark)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: "var(--wb-remark)" },
]);

export const colours = [
  syntaxHighlighting(style),
  EditorView.theme({
    "&": { fontSize: "13px", color: "var(--jp-content-font-color1, #1c2430)", backgroundColor: "var(--jp-layout-color1, #fff)",
      "--wb-key": "#0b5cad", "--wb-remark": "#5a6672", "--wb-text": "#0b6b3a", "--wb-call": "#7a3ea8", "--wb-name": "#8a4b00" },
    "body[data-jp-theme-light=false] &": { "--wb-key": "#7cc0ff", "--wb-remark": "#a3adb8", "--wb-text": "#7fd6a4", "--wb-call": "#d3a6ff", "--wb-name": "#ffc078" },
    ".cm-scroller": { fontFamily: 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace', lineHeight: "1.55", overflow: "auto" },
    "&.cm-focused": { outline: "2px solid #2a8fdd", outlineOffset: "-2px" },
    ".cm-gutters": { backgroundColor: "var(--jp-layout-color2, #f5f7f9)", color: "var(--jp-content-font-color2, #55606e)", border: "0" },
    ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "rgba(42, 143, 221, .09)" },
    ".cm-cursor": { borderLeftColor: "var(--jp-content-font-color1, #1c2430)" },
    "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "rgba(42, 143, 221, .28) !important" },
    ".wb-linked-line": { backgroundColor: "rgba(42, 143, 221, .2)" },
    ".wb-x": { color: "inherit" }, ".wb-x-begin": { color: "var(--wb-call)", fontWeight: "700" },
    ".wb-x-string": { color: "var(--wb-text)" }, ".wb-x-call": { color: "var(--wb-call)" }, ".wb-x-variable": { color: "var(--wb-name)" },
    ".wb-x-number": { color: "var(--wb-text)" }, ".wb-x-operator, .wb-x-word": { color: "var(--wb-call)" },
    ".cm-tooltip": { backgroundColor: "var(--jp-layout-color1, #fff)", color: "var(--jp-content-font-color1, #1c2430)", border: "1px solid var(--jp-border-color1, #b8c0ca)" },
    ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "#0b5cad", color: "#fff" },
    ".cm-completionDetail": { opacity: ".8", fontStyle: "normal" },
  }),
];
