import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

// What package.json brings into VS Code is in the docs, by the name that a user sees.

interface Manifest {
  readonly contributes: {
    readonly commands: readonly { readonly title: string }[];
    readonly configuration: { readonly properties: Readonly<Record<string, { readonly default: unknown }>> };
  };
}

describe('docs/editor.md', () => {
  const { contributes } = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
  const titles = JSON.parse(readFileSync('package.nls.json', 'utf8')) as Readonly<Record<string, string>>;
  const page = readFileSync('docs/editor.md', 'utf8');

  it('has every command', () => {
    const named = contributes.commands.map(({ title }) => titles[title.replaceAll('%', '')] ?? title);
    assert.ok(named.length > 5);
    assert.deepEqual(named.filter((title) => !page.includes(`*${title}*`)), []);
  });

  it('has every setting, with its default', () => {
    const rows = Object.entries(contributes.configuration.properties)
      .map(([name, setting]) => `| \`${name.replace(/^vmlayout\./, '')}\` | \`${JSON.stringify(setting.default).replaceAll('"', '')}\` |`);
    assert.ok(rows.length > 5);
    assert.deepEqual(rows.filter((row) => !page.includes(`\n${row}`)), []);
  });
});
