// The licences of the packages whose code is in the bundles: each asks that its text goes with every copy.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Writes the notices of all packages that the inputs of bundles come from, sorted by name. Throws where one has no licence text. */
export async function writeNotices(root, inputs, to) {
  const folders = new Set(inputs.flatMap((input) => /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0] ?? []));
  const notices = await Promise.all(Array.from(folders, (folder) => noticeOf(path.join(root, folder))));
  await writeFile(to, [INTRODUCTION, ...new Set(notices.sort())].join(`\n${'-'.repeat(80)}\n\n`));
}

const INTRODUCTION = 'vmlayout contains code of these packages, under the licences below.\n';

async function noticeOf(folder) {
  const { name, version, license } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e(?:\.\w+)?$/i.test(entry));
  if (file === undefined) throw new Error(`${name} is bundled and has no licence text`);
  return `${name} ${version} (${license})\n\n${(await readFile(path.join(folder, file), 'utf8')).replace(/\r\n?/g, '\n').trim()}\n`;
}
