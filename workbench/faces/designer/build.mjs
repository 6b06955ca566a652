// Bundles the designer's editor and CodeMirror into bundle/: what the wheel carries and the browser is sent.
//
//   editor.js     the editor
//   NOTICES.txt   licences of everything bundled
//
// Run with the pinned Node:  node workbench/faces/designer/build.mjs
import { build } from 'esbuild';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { notices, packagesOf } from '../../sandbox/server/notices.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, '..', '..', '..', 'node_modules');
const finished = join(here, 'bundle');
const bundle = `${finished}.${process.pid}`; // takes its place at once

mkdirSync(bundle, { recursive: true });
const result = await build({
  absWorkingDir: here,
  nodePaths: [modules],
  entryPoints: ['editor.js'],
  outdir: bundle,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
});
writeFileSync(join(bundle, 'NOTICES.txt'), notices(modules, packagesOf(result.metafile, modules, here)));
rmSync(finished, { recursive: true, force: true });
renameSync(bundle, finished);
