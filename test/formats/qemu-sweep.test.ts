import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { requestsOf, type MappingHabits } from '../../server/core/dma/requests.js';
import { habitsOf } from '../../server/core/dma/vmm-habits.js';
import { importFormat } from '../../server/core/formats/index.js';
import type { Vm } from '../../server/core/layout/model.js';
import { check } from '../support/check.js';
import { filesIn } from './imported.js';

// Some hundred command lines around every border that QEMU has, and what QEMU made of them.

const FOLDER = 'test/data/qemu-sweep';

interface Answer {
  readonly command: string;
  readonly starts: boolean;
  /** What is mapped for DMA, `0-9ffff@0 ram`, and what is a window or a configuration space; or why it was refused. */
  readonly said: string;
}

const answersIn = (file: string): Answer[] =>
  readFileSync(join(FOLDER, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t'))
    .map(([command = '', verdict = '', said = '']) => ({ command, starts: verdict === 'starts', said }));

/** Refusals that are about the options themselves, and nothing that a layout has. */
const NO_LAYOUT = /no slots where allocated|memory slots were specified but maximum memory size/;

function guestOf({ command }: Answer): { readonly vm: Vm | undefined; readonly errors: readonly string[] } {
  const imported = importFormat('qemu-args', [{ path: 'guest.cmd', text: command }]);
  assert.ok('text' in imported, command);
  const version = command.includes('loongarch64') ? '  const QEMU = 7.2\n' : '';
  const { result } = check(imported.text.replace(/\}\n$/, `${version}}\n`));
  return { vm: result.vms[0]?.vm, errors: result.findings.filter(({ level }) => level === 'error').map(({ rule, message }) => `${rule}: ${message}`) };
}

/** Old machine types let reads of unclaimed addresses through, and their windows aren’t shown. PCs show none at all. */
const HIDES_WINDOWS = /-machine virt-[2-5]\.\d/;

const HABITS: MappingHabits = { vmm: habitsOf('qemu'), contract: 'type1', page: 4096n, alignment: 4096n, carve: [] };

const hex = (base: bigint, end: bigint): string => `${base.toString(16)}-${(end - 1n).toString(16)}`;

const mappedBy = (vm: Vm): string[] =>
  requestsOf(vm, HABITS).requests.map(({ range, offset, access }) => `${hex(range.base, range.end)}@${(offset ?? 0n).toString(16)} ${access === 'r' ? 'rom' : 'ram'}`);

/** Of QEMU's answer what is mapped, without the names of blocks; virtio-mem shows its region whole, though nothing is plugged. */
function mappedIn({ command, said }: Answer): string[] {
  const virtioMem = [...command.matchAll(/virtio-mem-pci,[^ ]*memdev=(\w+)/g)].map((match) => match[1]);
  return said.split(', ').flatMap((section) => {
    const match = /^(\S+@\S+) (?:nv-)?(ram|rom) (\S+)$/.exec(section);
    return match && !virtioMem.includes(match[3]) ? [`${match[1]} ${match[2]}`] : [];
  });
}

const spacesIn = ({ said }: Answer): string[] => said.split(', ').flatMap((section) => /^(\S+) (?:window|ecam)$/.exec(section)?.[1] ?? []);

const spacesOf = (vm: Vm): string[] =>
  vm.regions.flatMap(({ name, range }) => (range && /^(pci|pci64|ecam|ecam-high)$/.test(name) ? [hex(range.base, range.end)] : []));

describe('QEMU’s answers to command lines around its borders', () => {
  let count = 0;
  for (const file of filesIn(FOLDER, '.tsv')) {
    const answers = answersIn(file);
    count += answers.length;

    it(`${file}: what starts is laid out like this, to the byte`, () => {
      for (const answer of answers.filter(({ starts }) => starts)) {
        const { vm, errors } = guestOf(answer);
        assert.deepEqual(errors, [], answer.command);
        assert.ok(vm);
        assert.deepEqual(mappedBy(vm).sort(), mappedIn(answer).sort(), answer.command);
        const shown = spacesIn(answer);
        if (shown.length > 0 && !HIDES_WINDOWS.test(answer.command)) assert.deepEqual(spacesOf(vm).sort(), shown.sort(), answer.command);
      }
    }).timeout(60_000);

    it(`${file}: what QEMU refuses is an error`, () => {
      for (const answer of answers.filter(({ starts, said }) => !starts && !NO_LAYOUT.test(said))) {
        assert.notDeepEqual(guestOf(answer).errors, [], `${answer.command}: ${answer.said}`);
      }
    }).timeout(60_000);
  }

  it('are so many', () => assert.equal(count, 414));
});
