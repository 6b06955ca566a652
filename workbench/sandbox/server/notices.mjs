// The licences of what is bundled: which packages esbuild took in, and what each says of its use.
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The names of the packages in a bundle, by esbuild's metafile; `more` are carried within others. */
export function packagesOf(metafile, modules, here, more = []) {
  const names = new Set(more);
  for (const input of Object.keys(metafile.inputs)) {
    const path = relative(modules, join(here, input)).split('\\').join('/');
    const match = /^(@[^/]+\/[^/]+|[^./][^/]*)\//.exec(path);
    if (match) {
      names.add(match[1]);
    }
  }
  return [...names].sort();
}

/** Each package's name, version and licence text; one without a text must not be bundled. */
export function notices(modules, packages) {
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
