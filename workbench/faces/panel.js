// A panel of the workbench in the browser. It draws the parts that Python gives, tells Python what was pressed, and keeps
// what a person would miss: where the focus is, what is unfolded, how far a list is scrolled. It knows nothing else, and
// holds nothing that is not in the files or on the server: a secret that is shown or copied comes as a message of its
// own, is in no synchronised state, and so in no saved notebook.
//
//   <button data-action="prove" data-value="…">   → {action: "prove", values: {value: "…"}}
//   <form data-action="apply"> … <button>         → {action: "apply", values: its fields by name}
//   {show: text, into: name}  {copy: text}        ← into the element with data-slot="name"; onto the clipboard

const KEPT = "details[data-key]";
const GONE = "Python is not there any more: nothing was done. Run this cell again.";

export default { render, send };

/** Tell Python; where its kernel was shut down or restarted, say so, since a press that does nothing looks done. */
function send(model, message) {
  try {
    model.send(message);
  } catch {
    model.set("failed", true);
    model.set("said", GONE);
  }
}

function render({ model, el }) {
  const root = element("div", { className: "wb wb-panel", role: "region", ariaLabel: model.get("label") });
  const parts = element("div", { className: "wb-parts" });
  const said = element("div", { className: "wb-said", role: "status" });
  root.append(parts, said);
  el.append(root);

  const drawParts = () => draw(parts, model.get("parts"));
  const drawState = () => {
    said.textContent = model.get("said");
    said.classList.toggle("wb-failed-text", model.get("failed"));
    root.classList.toggle("wb-busy", model.get("busy"));
    root.setAttribute("aria-busy", String(model.get("busy")));
    for (const button of root.querySelectorAll("button")) button.setAttribute("aria-disabled", String(model.get("busy")));
  };
  const press = (source, values) => {
    if (model.get("busy")) return; // a second press while Python works would be done after it, unseen
    send(model, { action: source.dataset.action, values });
  };

  root.addEventListener("click", (event) => {
    const pressed = event.target.closest("button[data-action]");
    if (pressed) press(pressed, { value: pressed.dataset.value || "" });
  });
  root.addEventListener("submit", (event) => {
    event.preventDefault();
    press(event.target, Object.fromEntries(new FormData(event.target)));
  });
  root.addEventListener("change", (event) => {
    const chosen = event.target.closest("select[data-action]");
    if (chosen) press(chosen, { value: chosen.value });
  });
  // Lab's shortcuts are for its cells: what is typed or pressed in here must not run, cut or move one
  root.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey)) event.stopPropagation();
  });

  model.on("change:parts", () => (drawParts(), drawState()));
  model.on("change:said change:busy change:failed", drawState);
  model.on("msg:custom", (message) => answer(root, model, message));
  drawParts();
  drawState();
  return () => root.remove();
}

/** Put HTML into one element for each part, in their order; a part that did not change is not touched. */
function draw(parent, wanted) {
  const had = new Map([...parent.children].map((child) => [child.dataset.part, child]));
  for (const [name, child] of had) if (!(name in wanted)) child.remove();
  let before = null;
  for (const [name, html] of Object.entries(wanted)) {
    const child = had.get(name) || element("div", { className: "wb-part-of-panel" });
    child.dataset.part = name;
    if (child.drawn !== html) replace(child, html);
    if (child.previousElementSibling !== before || child.parentElement !== parent) {
      before ? before.after(child) : parent.prepend(child);
    }
    before = child;
  }
}

/** Replace what an element holds; details that have a key stay as a person left them, and the focus where it was. */
function replace(child, html) {
  const unfolded = new Map([...child.querySelectorAll(KEPT)].map((each) => [each.dataset.key, each.open]));
  const focused = child.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
  child.innerHTML = html;
  child.drawn = html;
  for (const each of child.querySelectorAll(KEPT)) {
    if (unfolded.has(each.dataset.key)) each.open = unfolded.get(each.dataset.key) || each.hasAttribute("data-chosen");
  }
  const next = focused && child.querySelector(`[data-focus="${CSS.escape(focused)}"]`);
  (next || child.querySelector("[data-takes-focus]"))?.focus({ preventScroll: true });
}

/** Do what a message asks: show a text that is in no state, or put it on the clipboard. */
async function answer(root, model, message) {
  if (message.into) {
    const slot = root.querySelector(`[data-slot="${CSS.escape(message.into)}"]`);
    if (slot) slot.textContent = message.show;
  }
  if (message.copy === undefined) return;
  const copied = await navigator.clipboard.writeText(message.copy).then(
    () => true,
    () => false,
  );
  // said in the state, since whatever changes next (the end of being busy) draws what the state says
  model.set("failed", !copied);
  model.set("said", copied ? "Copied." : "The browser allows no copying here; reveal the text and select it.");
  model.save_changes();
}

function element(name, properties) {
  return Object.assign(document.createElement(name), properties);
}
