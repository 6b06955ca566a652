// A card for each notebook of a project in JupyterLab's launcher, as a prebuilt extension without a build: this is by hand
// what webpack writes for module federation, a container with `init` and `get`. JupyterLab finds it in
// share/jupyter/labextensions/integration-workbench and shares its own packages with it.
//
// Source: JupyterLab's extension developer guide, "Prebuilt extensions".

(() => {
  const NAME = "integration-workbench";
  const CATEGORY = "Integration workbench";
  const FOLDER = "notebooks";
  const NOTEBOOK = /^(\d\d)_(\w+)\.ipynb$/;
  const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48" width="24"><g fill="none" stroke="#0b5cad"
    stroke-width="3.2" stroke-linecap="round" stroke-linejoin="round"><circle cx="9" cy="24" r="5"/><path d="M14 24h9"/>
    <rect x="23" y="9" width="19" height="30" rx="3"/><path d="M29 18h7M29 24h7M29 30h4"/></g></svg>`;
  let shared = {};

  const plugin = (ILauncher, LabIcon) => ({
    id: `${NAME}:launcher`,
    autoStart: true,
    optional: [ILauncher],
    activate: async (app, launcher) => {
      if (!launcher) return;
      const icon = new LabIcon({ name: `${NAME}:icon`, svgstr: ICON });
      const notebooks = await projectNotebooks(app);
      for (const [rank, notebook] of notebooks.entries()) {
        const command = `${NAME}:open-${notebook.number}`;
        app.commands.addCommand(command, {
          label: notebook.label,
          caption: `Open ${notebook.path}`,
          icon,
          execute: () => app.commands.execute("docmanager:open", { path: notebook.path }),
        });
        launcher.add({ command, category: CATEGORY, rank });
      }
    },
  });

  /** The numbered notebooks of the folder that the server shows; none where that is no project. */
  async function projectNotebooks(app) {
    const contents = app.serviceManager.contents;
    const root = await contents.get("", { content: true });
    const names = new Set(root.content.map((each) => each.name));
    if (!names.has(FOLDER) || !names.has("mappings")) return []; // asked for first: a request for what is not there is an error
    const folder = await contents.get(FOLDER, { content: true });
    return folder.content
      .map((each) => ({ path: each.path, found: NOTEBOOK.exec(each.name) }))
      .filter((each) => each.found)
      .map(({ path, found }) => ({ path, number: found[1], label: labelOf(found) }))
      .sort((one, other) => one.number.localeCompare(other.number));
  }

  /** `["…", "01", "explore_events"]` as "1 · Explore events". */
  function labelOf([, number, name]) {
    const words = name.replaceAll("_", " ");
    return `${Number(number)} · ${words[0].toUpperCase()}${words.slice(1)}`;
  }

  /** A package that JupyterLab shares, in the one version it runs. */
  async function ask(name) {
    const [version] = Object.values(shared[name] || {});
    if (!version) throw new Error(`${NAME}: JupyterLab shares no ${name}`);
    return (await version.get())();
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB[NAME] = {
    init: (scope) => {
      shared = scope;
    },
    get: async () => {
      // Voila has no launcher, and nothing that a card could be put on
      if (!shared["@jupyterlab/launcher"]) return () => ({ __esModule: true, default: [] });
      const [{ ILauncher }, { LabIcon }] = await Promise.all([ask("@jupyterlab/launcher"), ask("@jupyterlab/ui-components")]);
      return () => ({ __esModule: true, default: plugin(ILauncher, LabIcon) });
    },
  };
})();
