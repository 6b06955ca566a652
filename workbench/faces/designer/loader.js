// The mapping designer in the browser, without its editor: that is asked for when it is shown, comes as bytes, and is in
// no synchronised state, so that a saved notebook does not carry it.

export default { render };

async function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "wb wb-design";
  root.setAttribute("role", "region");
  root.setAttribute("aria-label", model.get("label"));
  el.append(root);
  const { code, text } = await new Promise((resolve) => {
    const take = (message, buffers) => {
      if (!message.code) return;
      model.off("msg:custom", take);
      resolve({ code: buffers[0], text: message.text });
    };
    model.on("msg:custom", take);
    model.send({ code: true });
  });
  const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const editor = await import(/* webpackIgnore: true */ address);
  URL.revokeObjectURL(address);
  return editor.open({ model, root, text });
}
