import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { DiagnosticSeverity, type Diagnostic } from 'vscode-languageserver/node';
import { TODAY } from '../support/check.js';
import { LanguageClient } from '../support/language-client.js';
import { exampleFiles } from '../support/texts.js';

// The command line and the editor tell the same: for every example one golden, compared with both.

interface Told {
  readonly rule: string;
  readonly severity: string;
  readonly message: string;
  readonly range: unknown;
  readonly related: readonly { readonly message: string; readonly range: unknown }[];
}

const GOLDEN = 'test/data/examples.json';

describe('the findings of each example', () => {
  const golden: Record<string, Told[]> = existsSync(GOLDEN) ? (JSON.parse(readFileSync(GOLDEN, 'utf8')) as Record<string, Told[]>) : {};
  const told: Record<string, Told[]> = {};

  for (const { name, text } of exampleFiles()) {
    it(`${name}: the command line`, () => {
      told[name] = fromCommandLine(name);
      if (process.env['UPDATE'] !== '1') assert.deepEqual(told[name], golden[name]);
    });

    it(`${name}: the editor`, async () => {
      const client = await LanguageClient.start();
      try {
        const diagnostics = await client.open(`file:///ws/${name}`, text);
        assert.deepEqual(diagnostics.map(fromEditor), fromCommandLine(name));
      } finally {
        await client.stop();
      }
    });
  }

  after(() => {
    if (process.env['UPDATE'] === '1') writeFileSync(GOLDEN, `${JSON.stringify(told, null, 2)}\n`);
  });
});

/** The packaged program, as it is installed. */
function fromCommandLine(name: string): Told[] {
  const args = ['dist/vmlayout.cjs', 'check', `examples/${name}`, '--format', 'json', '--today', TODAY];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(stderr, '');
  const { files } = JSON.parse(stdout) as { files: { diagnostics: Told[] }[] };
  return (files[0]?.diagnostics ?? []).map(({ rule, severity, message, range, related }) => ({
    rule,
    severity,
    message,
    range,
    related: related.map((place) => ({ message: place.message, range: place.range })),
  }));
}

const SEVERITIES: Readonly<Record<number, string>> = {
  [DiagnosticSeverity.Error]: 'error',
  [DiagnosticSeverity.Warning]: 'warning',
  [DiagnosticSeverity.Information]: 'note',
};

function fromEditor({ code, severity, message, range, relatedInformation }: Diagnostic): Told {
  return {
    rule: `${code}`,
    severity: SEVERITIES[severity ?? 0] ?? 'none',
    message: `${message as string}`,
    range,
    related: (relatedInformation ?? []).map((place) => ({ message: place.message, range: place.location.range })),
  };
}
